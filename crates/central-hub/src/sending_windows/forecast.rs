//! Forecasts when a campaign will end.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::next_opening::{Decision, next_opening};
use super::rules::{Pause, Rules};

/// Maximum number of windows to examine, which covers a few years.
const MAX_WINDOWS: usize = 2000;

/// Returns when the last of `left` messages will be sent, at the average pause,
/// while `sharing` campaigns take turns on the one phone. Returns `None` if the
/// schedules end before that, or if no recipient is left.
pub fn forecast(
    now: Timestamp,
    zone: &TimeZone,
    schedules: &[Rules],
    used: &impl Fn(i64, Date) -> u32,
    left: u64,
    sharing: u32,
) -> Option<Timestamp> {
    let mut remaining = left;
    let mut clock = now;
    // Number of messages assigned to each schedule and day so far.
    let mut planned: Vec<((i64, Date), u32)> = Vec::new();
    if remaining == 0 {
        return None;
    }
    for _ in 0..MAX_WINDOWS {
        let counted = |schedule, day| {
            let mine = planned.iter().filter(|(key, _)| *key == (schedule, day));
            used(schedule, day).saturating_add(mine.map(|(_, count)| count).sum())
        };
        match next_opening(clock, zone, schedules, &counted, None) {
            Decision::Over => return None,
            Decision::Wait { until, .. } => clock = until,
            Decision::Send {
                schedule,
                day,
                room,
                pause,
                closes,
            } => {
                // The window is cut at midnight, because the quota is per day
                // and a window may extend past midnight.
                let closes = super::window::next_midnight(clock, zone)
                    .map_or(closes, |midnight| midnight.min(closes));
                let step = average(pause).saturating_mul(i64::from(sharing.max(1)));
                let fits = if step == 0 {
                    u64::MAX
                } else {
                    let open = closes.as_millisecond() - clock.as_millisecond();
                    // The first message is sent at once.
                    u64::try_from((open - 1) / step + 1).unwrap_or(1)
                };
                let goes = fits
                    .min(remaining)
                    .min(room.map_or(u64::MAX, u64::from))
                    .max(1);
                remaining -= goes;
                let steps = if remaining == 0 { goes - 1 } else { goes };
                let spent = i64::try_from(steps)
                    .ok()
                    .and_then(|steps| steps.checked_mul(step))?;
                clock = clock.checked_add(SignedDuration::from_millis(spent)).ok()?;
                if remaining == 0 {
                    return Some(clock);
                }
                let count = u32::try_from(goes).unwrap_or(u32::MAX);
                // Only the newest days are looked up again, so older ones can be dropped.
                if planned.len() > 64 {
                    planned.drain(..32);
                }
                planned.push(((schedule, day), count));
            }
        }
    }
    None
}

/// Returns the average pause, in milliseconds.
fn average(pause: Pause) -> i64 {
    (i64::from(pause.min_seconds()) + i64::from(pause.max_seconds())) * 500
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sending_windows::Weekdays;

    const ZONE: &str = "America/Argentina/Buenos_Aires";

    fn rules(from: &str, until: &str, quota: Option<u32>, seconds: u32) -> Rules {
        Rules {
            id: 1,
            from: Rules::minutes(from).unwrap(),
            until: Rules::minutes(until).unwrap(),
            quota,
            ..Rules::always(Pause::new(seconds, seconds).unwrap())
        }
    }

    fn of(rules: &[Rules], now: &str, left: u64, sharing: u32) -> Option<String> {
        let zone = TimeZone::get(ZONE).unwrap();
        let none = |_, _| 0;
        forecast(now.parse().unwrap(), &zone, rules, &none, left, sharing).map(|at| at.to_string())
    }

    fn at(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn around_the_clock() {
        let always = [Rules::always(Pause::new(30, 90).unwrap())];
        let noon = "2026-03-10T15:00:00Z";
        assert_eq!(of(&always, noon, 0, 1), None);
        assert_eq!(of(&always, noon, 1, 1), at(noon));
        assert_eq!(of(&always, noon, 61, 1), at("2026-03-10T16:00:00Z"));
        assert_eq!(of(&always, noon, 61, 2), at("2026-03-10T17:00:00Z"));
        // At midnight, only the pause is lost.
        assert_eq!(of(&always, noon, 2881, 1), at("2026-03-12T15:00:00Z"));
        let none = [Rules::always(Pause::new(0, 0).unwrap())];
        assert_eq!(of(&none, noon, 100_000, 3), at(noon));
    }

    #[test]
    fn hours_and_quotas() {
        let hours = [rules("09:00", "18:00", Some(50), 60)];
        // At 06:00 local time: 50 messages from 09:00 on, and 50 the next day.
        let early = "2026-03-10T09:00:00Z";
        assert_eq!(of(&hours, early, 50, 1), at("2026-03-10T12:49:00Z"));
        assert_eq!(of(&hours, early, 51, 1), at("2026-03-11T12:00:00Z"));
        // An hour is too short for the quota.
        let short = [rules("09:00", "10:00", Some(500), 60)];
        assert_eq!(of(&short, early, 60, 1), at("2026-03-10T12:59:00Z"));
        assert_eq!(of(&short, early, 61, 1), at("2026-03-11T12:00:00Z"));
        // A window past midnight: the quota is per day.
        let night = [rules("23:00", "01:00", Some(10), 60)];
        assert_eq!(
            of(&night, "2026-03-11T02:00:00Z", 20, 1),
            at("2026-03-11T03:09:00Z")
        );
    }

    #[test]
    fn forecast_counts_todays_messages_and_end_dates() {
        let zone = TimeZone::get(ZONE).unwrap();
        let day = jiff::civil::date(2026, 3, 10);
        let mut one = rules("09:00", "18:00", Some(50), 60);
        one.days = Weekdays::from_names(["tue"]).unwrap();
        let used = |schedule, on| if (schedule, on) == (1, day) { 45 } else { 0 };
        let now: Timestamp = "2026-03-10T13:00:00Z".parse().unwrap();
        let all = |rules: &Rules, left| {
            forecast(now, &zone, std::slice::from_ref(rules), &used, left, 1)
                .map(|at| at.to_string())
        };
        assert_eq!(all(&one, 5), at("2026-03-10T13:04:00Z"));
        assert_eq!(all(&one, 6), at("2026-03-17T12:00:00Z"));
        one.last = Some(day);
        assert_eq!(all(&one, 5), at("2026-03-10T13:04:00Z"));
        assert_eq!(all(&one, 6), None);
        assert_eq!(forecast(now, &zone, &[], &used, 6, 1), None);
    }
}
