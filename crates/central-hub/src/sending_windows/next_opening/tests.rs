use std::cell::RefCell;
use std::collections::HashMap;

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::sending_windows::Weekdays;

const BUENOS_AIRES: &str = "America/Argentina/Buenos_Aires";

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn rules(days: &str, from: &str, until: &str) -> Rules {
    Rules {
        id: 1,
        days: days.parse().unwrap(),
        from: Rules::minutes(from).unwrap(),
        until: Rules::minutes(until).unwrap(),
        quota: Some(50),
        ..Rules::always(Pause::default())
    }
}

fn at(text: &str, zone: &TimeZone) -> Timestamp {
    let wall: DateTime = text.parse().unwrap();
    zone.to_timestamp(wall).unwrap()
}

fn none(_: i64, _: Date) -> u32 {
    0
}

fn wait(decision: Decision, zone: &TimeZone) -> (Waiting, String) {
    match decision {
        Decision::Wait { until, why } => (why, zone.to_datetime(until).to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_working_week() {
    let zone = zone(BUENOS_AIRES);
    let all = [rules("mon,tue,wed,thu,fri", "09:00", "18:00")];
    // A Friday.
    let open = next_opening(at("2026-03-13T17:59", &zone), &zone, &all, &none, None);
    assert_eq!(
        open,
        Decision::Send {
            schedule: 1,
            day: date(2026, 3, 13),
            room: Some(50),
            pause: Pause::default(),
            closes: at("2026-03-13T18:00", &zone),
        }
    );
    for (now, next) in [
        ("2026-03-13T18:00", "2026-03-16T09:00:00"),
        ("2026-03-15T12:00", "2026-03-16T09:00:00"),
        ("2026-03-16T08:59", "2026-03-16T09:00:00"),
    ] {
        let decision = next_opening(at(now, &zone), &zone, &all, &none, None);
        let expected = (Waiting::OutsideHours, next.to_owned());
        assert_eq!(wait(decision, &zone), expected, "{now}");
    }
}

#[test]
fn the_quota_is_of_the_local_day() {
    let zone = zone(BUENOS_AIRES);
    let all = [rules("mon,tue,wed,thu,fri,sat,sun", "22:00", "02:00")];
    let used = |_, day: Date| if day == date(2026, 3, 13) { 50 } else { 49 };
    let decision = next_opening(at("2026-03-13T23:00", &zone), &zone, &all, &used, None);
    let midnight = (Waiting::QuotaReached, "2026-03-14T00:00:00".to_owned());
    assert_eq!(wait(decision, &zone), midnight);
    let decision = next_opening(at("2026-03-14T00:00", &zone), &zone, &all, &used, None);
    assert!(matches!(decision, Decision::Send { room: Some(1), .. }));
    let used = |_, _: Date| 50;
    let decision = next_opening(at("2026-03-14T01:00", &zone), &zone, &all, &used, None);
    assert_eq!(
        decision,
        Decision::Over,
        "every day is used up as far as is known"
    );
}

#[test]
fn dates_are_of_the_day_on_which_a_window_begins() {
    let zone = zone(BUENOS_AIRES);
    let nights = Rules {
        first: Some(date(2026, 3, 10)),
        last: Some(date(2026, 3, 11)),
        ..rules("mon,tue,wed,thu,fri,sat,sun", "22:00", "02:00")
    };
    let all = [nights];
    let decision = next_opening(at("2026-01-01T00:00", &zone), &zone, &all, &none, None);
    let first = (Waiting::OutsideHours, "2026-03-10T22:00:00".to_owned());
    assert_eq!(wait(decision, &zone), first);
    for (now, is_open) in [
        ("2026-03-10T01:00", false),
        ("2026-03-11T01:00", true),
        ("2026-03-12T01:59", true),
    ] {
        let decision = next_opening(at(now, &zone), &zone, &all, &none, None);
        assert_eq!(matches!(decision, Decision::Send { .. }), is_open, "{now}");
    }
    let after = next_opening(at("2026-03-12T02:00", &zone), &zone, &all, &none, None);
    assert_eq!(after, Decision::Over);
}

#[test]
fn a_pause_that_outlasts_the_window_waits_for_the_next() {
    let zone = zone(BUENOS_AIRES);
    let all = [rules("mon,tue,wed,thu,fri", "09:00", "18:00")];
    let now = at("2026-03-13T17:59:30", &zone);
    let soon = now + SignedDuration::from_secs(20);
    let decision = next_opening(now, &zone, &all, &none, Some(soon));
    assert_eq!(wait(decision, &zone).0, Waiting::Pause);
    let late = now + SignedDuration::from_secs(40);
    let decision = next_opening(now, &zone, &all, &none, Some(late));
    let monday = (Waiting::OutsideHours, "2026-03-16T09:00:00".to_owned());
    assert_eq!(wait(decision, &zone), monday);
    let past = now - SignedDuration::from_secs(1);
    let decision = next_opening(now, &zone, &all, &none, Some(past));
    assert!(matches!(decision, Decision::Send { .. }));
}

#[test]
fn several_schedules_add_up() {
    let zone = zone(BUENOS_AIRES);
    let morning = rules("mon", "09:00", "12:00");
    let evening = Rules {
        id: 2,
        ..rules("mon", "11:00", "20:00")
    };
    let all = [morning, evening];
    let used = |id, _: Date| if id == 1 { 50 } else { 0 };
    let by = |now: &str, used: &dyn Fn(i64, Date) -> u32| match next_opening(
        at(now, &zone),
        &zone,
        &all,
        &|id, day| used(id, day),
        None,
    ) {
        Decision::Send { schedule, .. } => schedule,
        other => panic!("{other:?}"),
    };
    assert_eq!(by("2026-03-16T11:30", &none), 1);
    assert_eq!(by("2026-03-16T11:30", &used), 2);
    assert_eq!(by("2026-03-16T12:00", &none), 2);
    let decision = next_opening(at("2026-03-16T10:00", &zone), &zone, &all, &used, None);
    assert_eq!(wait(decision, &zone).1, "2026-03-16T11:00:00");
    assert_eq!(
        next_opening(at("2026-03-16T10:00", &zone), &zone, &[], &none, None),
        Decision::Over
    );
}

/// Returns whether sending is expected to be open by the wall clock, computed
/// independently of the tested code: the minute of the day is in the window on
/// a day that has one, or in the part past midnight of the previous day's
/// window.
fn by_the_wall_clock(rules: &Rules, wall: DateTime) -> bool {
    let minute = u16::try_from(i32::from(wall.hour()) * 60 + i32::from(wall.minute())).unwrap();
    let begins = |day: Date| {
        rules.days.has(day.weekday())
            && rules.first.is_none_or(|first| first <= day)
            && rules.last.is_none_or(|last| day <= last)
    };
    let today = wall.date();
    if rules.from < rules.until {
        return begins(today) && (rules.from..rules.until).contains(&minute);
    }
    (begins(today) && minute >= rules.from)
        || (begins(today.yesterday().unwrap()) && minute < rules.until)
}

/// Checks every minute of a year: sending is open exactly when the wall clock
/// is in a window, and `until` is neither too late nor too early. The hours
/// around a clock change are left to separate tests.
fn a_year_of_minutes(name: &str, all: &[Rules]) {
    let zone = zone(name);
    let begin = at("2026-01-01T00:00", &zone);
    let changes: Vec<Timestamp> = zone
        .following(begin)
        .take(4)
        .map(|change| change.timestamp())
        .collect();
    let mut looked: Option<Timestamp> = None;
    let mut opened = 0_u32;
    for minute in 0..365 * 24 * 60_i64 {
        let now = begin + SignedDuration::from_mins(minute);
        // No window opens before the `until` that was returned.
        let is_told_shut = looked.is_some_and(|until| now < until);
        let decision = next_opening(now, &zone, all, &none, None);
        let is_open = matches!(decision, Decision::Send { .. });
        if let Some(until) = looked {
            assert!(!(is_told_shut && is_open), "{now} is open before {until}");
            assert!(is_told_shut || is_open, "{now} is shut, told was {until}");
        }
        looked = match decision {
            Decision::Wait { until, .. } => Some(until),
            _ => None,
        };
        opened += u32::from(is_open);
        let near =
            |change: &Timestamp| now.duration_since(*change).abs() <= SignedDuration::from_hours(3);
        if !changes.iter().any(near) {
            let wall = zone.to_datetime(now);
            let expected = all.iter().any(|rules| by_the_wall_clock(rules, wall));
            assert_eq!(is_open, expected, "{wall} in {name}");
        }
    }
    assert!(opened > 0);
}

#[test]
fn a_year_in_buenos_aires() {
    let week = rules("mon,tue,wed,thu,fri", "09:00", "18:00");
    let saturdays = Rules {
        first: Some(date(2026, 2, 1)),
        last: Some(date(2026, 11, 30)),
        ..rules("sat", "10:00", "13:30")
    };
    a_year_of_minutes(BUENOS_AIRES, &[week, saturdays]);
}

#[test]
fn a_year_in_santiago() {
    a_year_of_minutes(
        "America/Santiago",
        &[rules("thu,fri,sat", "22:00", "02:30")],
    );
}

#[test]
fn a_year_in_madrid() {
    let nights = rules("sat,sun", "01:30", "03:10");
    a_year_of_minutes("Europe/Madrid", &[nights, rules("wed", "00:00", "24:00")]);
}

/// Sends as the scheduler would, with a clock that jumps from one check to the next.
fn simulate(
    all: &[Rules],
    zone: &TimeZone,
    begin: Timestamp,
    count: usize,
    seed: u64,
) -> Vec<(i64, Timestamp)> {
    let mut chance = StdRng::seed_from_u64(seed);
    let used: RefCell<HashMap<(i64, Date), u32>> = RefCell::default();
    let mut sent = Vec::new();
    let (mut now, mut not_before) = (begin, None);
    while sent.len() < count {
        let count = |id, day| used.borrow().get(&(id, day)).copied().unwrap_or(0);
        match next_opening(now, zone, all, &count, not_before) {
            Decision::Send {
                schedule,
                day,
                room,
                pause,
                ..
            } => {
                assert_ne!(room, Some(0));
                *used.borrow_mut().entry((schedule, day)).or_default() += 1;
                sent.push((schedule, now));
                let pause = pause.draw(&mut chance);
                not_before = Some(now + SignedDuration::try_from(pause).unwrap());
            }
            Decision::Wait { until, .. } => {
                assert!(until > now, "time has to pass");
                now = until;
            }
            Decision::Over => break,
        }
    }
    sent
}

#[test]
fn a_campaign_of_a_thousand_takes_its_twenty_days() {
    let zone = zone(BUENOS_AIRES);
    let all = [rules("mon,tue,wed,thu,fri", "09:00", "18:00")];
    let begin = at("2026-03-13T17:30", &zone);
    let sent = simulate(&all, &zone, begin, 1000, 1);
    assert_eq!(sent.len(), 1000);
    let mut days: HashMap<Date, u32> = HashMap::new();
    for pair in sent.windows(2) {
        let apart = pair[1].1.duration_since(pair[0].1);
        assert!(apart >= SignedDuration::from_secs(30), "{apart}");
    }
    for (_, moment) in &sent {
        let wall = zone.to_datetime(*moment);
        assert!(by_the_wall_clock(&all[0], wall), "{wall}");
        *days.entry(wall.date()).or_default() += 1;
    }
    assert!(days.values().all(|count| *count <= 50));
    assert_eq!(days.values().filter(|count| **count == 50).count(), 19);
}

prop_compose! {
    fn any_rules(id: i64)(
        days in 1..128_u8,
        from in 0..1440_u16,
        length in 1..1440_u16,
        quota in proptest::option::of(1..5_u32),
        offset in 0..40_i64,
        span in proptest::option::of(0..60_i64),
        least in 0..600_u32,
        more in 0..600_u32,
    ) -> Rules {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let named = names.iter().enumerate().filter(|(day, _)| days & (1 << day) != 0);
        let first = date(2026, 2, 20) + offset.days();
        Rules {
            id,
            days: Weekdays::from_names(named.map(|(_, name)| *name)).unwrap(),
            from,
            until: (from + length) % 1440,
            first: Some(first),
            last: span.map(|span| first + span.days()),
            quota,
            pause: Pause::new(least, least + more).unwrap(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// For any schedules, messages are sent in order, never outside the
    /// windows, never above the quota, never closer together than the pause,
    /// and sending comes to an end.
    #[test]
    fn simulated_sends_respect_the_schedules(
        one in any_rules(1),
        two in any_rules(2),
        name in prop_oneof![Just(BUENOS_AIRES), Just("America/Santiago"), Just("Europe/Madrid")],
        seed in any::<u64>(),
    ) {
        let zone = zone(name);
        let all = [one, two];
        for rules in &all {
            prop_assume!(rules.check().is_ok());
        }
        let sent = simulate(&all, &zone, at("2026-03-01T12:00", &zone), 60, seed);
        let mut counts: HashMap<(i64, Date), u32> = HashMap::new();
        for (schedule, moment) in &sent {
            let rules = all.iter().find(|rules| rules.id == *schedule).unwrap();
            let day = zone.to_datetime(*moment).date();
            let is_open = [day, day.yesterday().unwrap()]
                .into_iter()
                .filter_map(|day| window(rules, day, &zone))
                .any(|it| (it.begin..it.end).contains(moment));
            prop_assert!(is_open);
            let count = counts.entry((*schedule, day)).or_default();
            *count += 1;
            prop_assert!(rules.quota.is_none_or(|quota| *count <= quota));
        }
        for pair in sent.windows(2) {
            let rules = all.iter().find(|rules| rules.id == pair[0].0).unwrap();
            let apart = pair[1].1.duration_since(pair[0].1);
            prop_assert!(apart >= SignedDuration::from_secs(i64::from(rules.pause.min_seconds())));
        }
    }
}
