//! Converts a local sending window on one day to instants, across clock changes.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::rules::{DAY, Rules};

/// A half-open interval of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment of the window.
    pub begin: Timestamp,
    /// The first moment after the window.
    pub end: Timestamp,
}

/// Returns the window of `rules` that begins on `day`, if one does.
#[must_use]
pub fn window(rules: &Rules, day: Date, zone: &TimeZone) -> Option<Window> {
    let is_in = rules.first.is_none_or(|first| first <= day)
        && rules.last.is_none_or(|last| day <= last)
        && rules.days.has(day.weekday());
    if !is_in {
        return None;
    }
    let ends_tomorrow = rules.until <= rules.from;
    let last_day = if ends_tomorrow {
        day.tomorrow().ok()?
    } else {
        day
    };
    let begin = wall_clock_instant(day, rules.from, zone)?;
    let end = wall_clock_instant(last_day, rules.until, zone)?;
    // The window is empty if a clock change skips all of it.
    (begin < end).then_some(Window { begin, end })
}

/// Returns the first moment of a local day.
#[must_use]
pub fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    wall_clock_instant(day, 0, zone)
}

/// Returns the first moment of the local day after the one that contains `at`.
pub(super) fn next_midnight(at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = zone.to_datetime(at).date();
    wall_clock_instant(today.tomorrow().ok()?, 0, zone)
}

/// Returns the first moment at which the wall clock shows this time. If a clock
/// change skips the time, returns the moment of the change.
fn wall_clock_instant(day: Date, minutes: u16, zone: &TimeZone) -> Option<Timestamp> {
    let (day, minutes) = match minutes {
        DAY.. => (day.tomorrow().ok()?, 0),
        _ => (day, minutes),
    };
    let hour = i8::try_from(minutes / 60).ok()?;
    let minute = i8::try_from(minutes % 60).ok()?;
    let wall: DateTime = day.at(hour, minute, 0, 0);
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
        AmbiguousOffset::Gap { before, .. } => {
            // With the offset from before the change, the time would lie after the change.
            let after = before.to_timestamp(wall).ok()?;
            let just_after = after.checked_add(jiff::SignedDuration::from_secs(1)).ok()?;
            let jump = zone.preceding(just_after).next()?;
            Some(jump.timestamp())
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::sending_windows::{Pause, Weekdays};

    fn of(from: &str, until: &str, day: Date, zone: &str) -> Option<(String, String)> {
        let rules = Rules {
            days: Weekdays::ALL,
            from: Rules::minutes(from).unwrap(),
            until: Rules::minutes(until).unwrap(),
            ..Rules::always(Pause::default())
        };
        let zone = TimeZone::get(zone).unwrap();
        window(&rules, day, &zone).map(|it| (it.begin.to_string(), it.end.to_string()))
    }

    fn times(begin: &str, end: &str) -> Option<(String, String)> {
        Some((begin.to_owned(), end.to_owned()))
    }

    #[test]
    fn plain_days() {
        let day = date(2026, 3, 10);
        let zone = "America/Argentina/Buenos_Aires";
        assert_eq!(
            of("09:00", "18:00", day, zone),
            times("2026-03-10T12:00:00Z", "2026-03-10T21:00:00Z")
        );
        assert_eq!(
            of("00:00", "24:00", day, zone),
            times("2026-03-10T03:00:00Z", "2026-03-11T03:00:00Z")
        );
        assert_eq!(
            of("22:00", "02:00", day, zone),
            times("2026-03-11T01:00:00Z", "2026-03-11T05:00:00Z")
        );
    }

    /// In Madrid, the clock jumps from 02:00 to 03:00 on 2026-03-29.
    #[test]
    fn windows_skip_times_removed_by_clock_changes() {
        let (day, zone) = (date(2026, 3, 29), "Europe/Madrid");
        assert_eq!(of("02:15", "02:45", day, zone), None);
        assert_eq!(
            of("02:30", "06:00", day, zone),
            times("2026-03-29T01:00:00Z", "2026-03-29T04:00:00Z")
        );
        assert_eq!(
            of("01:00", "02:30", day, zone),
            times("2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z")
        );
        assert_eq!(of("02:00", "03:00", day, zone), None);
    }

    /// In Madrid, the clock goes back from 03:00 to 02:00 on 2026-10-25.
    #[test]
    fn an_hour_that_comes_twice() {
        let (day, zone) = (date(2026, 10, 25), "Europe/Madrid");
        assert_eq!(
            of("02:15", "02:45", day, zone),
            times("2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z")
        );
        assert_eq!(
            of("01:00", "04:00", day, zone),
            times("2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z")
        );
    }

    /// In Santiago, 2026-09-06 begins at 01:00, because the clock skips midnight.
    #[test]
    fn a_day_without_a_midnight() {
        let zone = "America/Santiago";
        assert_eq!(
            of("00:00", "09:00", date(2026, 9, 6), zone),
            times("2026-09-06T04:00:00Z", "2026-09-06T12:00:00Z")
        );
        assert_eq!(
            of("22:00", "00:30", date(2026, 9, 5), zone),
            times("2026-09-06T02:00:00Z", "2026-09-06T04:00:00Z")
        );
        let tz = TimeZone::get(zone).unwrap();
        let evening: Timestamp = "2026-09-06T03:59:00Z".parse().unwrap();
        assert_eq!(
            next_midnight(evening, &tz).unwrap().to_string(),
            "2026-09-06T04:00:00Z"
        );
    }
}
