//! The rules of a schedule: weekdays, hours, dates, daily quota and pause.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, Weekday};
use rand::Rng;

/// Default value of `cupo_diario`, in messages per day.
pub const DEFAULT_QUOTA: u32 = 50;
/// The longest pause, in seconds.
pub const MAX_PAUSE_SECONDS: u32 = 24 * 3600;
/// Minutes in a day.
pub(super) const DAY: u16 = 24 * 60;

/// A set of weekdays, named `mon…sun`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Weekdays(u8);

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Weekdays {
    /// All seven days.
    pub const ALL: Self = Self(0b111_1111);

    /// Parses weekday names, `mon…sun`; there must be at least one.
    ///
    /// # Errors
    /// [`BadRules::Weekday`].
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, BadRules> {
        let mut days = 0;
        for name in names {
            let name = name.trim();
            let day = NAMES.iter().position(|it| name.eq_ignore_ascii_case(it));
            days |= 1 << day.ok_or(BadRules::Weekday)?;
        }
        if days == 0 {
            return Err(BadRules::Weekday);
        }
        Ok(Self(days))
    }

    /// Returns the names, Monday first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let has = move |(day, _): &(usize, &&str)| self.0 & (1 << day) != 0;
        NAMES.iter().enumerate().filter(has).map(|(_, name)| *name)
    }

    /// Returns whether the set has `day`.
    #[must_use]
    pub fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }
}

// The stored form: `mon,tue`.
impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Weekdays {
    type Err = BadRules;

    fn from_str(text: &str) -> Result<Self, BadRules> {
        Self::from_names(text.split(','))
    }
}

/// A random pause (jitter) between two messages, within two limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    least: u32,
    most: u32,
}

impl Default for Pause {
    fn default() -> Self {
        Self {
            least: 30,
            most: 90,
        }
    }
}

impl Pause {
    /// Creates a pause from its limits in seconds; if both are 0, there is no
    /// pause.
    ///
    /// # Errors
    /// [`BadRules::Pause`].
    pub const fn new(least: u32, most: u32) -> Result<Self, BadRules> {
        if least > most || most > MAX_PAUSE_SECONDS {
            return Err(BadRules::Pause);
        }
        Ok(Self { least, most })
    }

    /// Returns the shortest pause, in seconds.
    #[must_use]
    pub const fn min_seconds(self) -> u32 {
        self.least
    }

    /// Returns the longest pause, in seconds.
    #[must_use]
    pub const fn max_seconds(self) -> u32 {
        self.most
    }

    /// Returns whether the pause is always zero.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.most == 0
    }

    /// Draws a random pause with a resolution of a millisecond.
    pub fn draw(self, rng: &mut impl Rng) -> Duration {
        let millis = |seconds: u32| u64::from(seconds) * 1000;
        Duration::from_millis(rng.random_range(millis(self.least)..=millis(self.most)))
    }
}

/// The rules of one schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The schedule's number; 0 for a campaign that has none.
    pub id: i64,
    /// The days on which a window begins.
    pub days: Weekdays,
    /// The start of the window, in minutes since midnight.
    pub from: u16,
    /// The end of the window, in minutes since midnight. If it is at or before
    /// `from`, it is on the next day. 1440 is midnight at the end of the day.
    pub until: u16,
    /// The first day on which a window may begin; `None` if there is no limit.
    pub first: Option<Date>,
    /// The last day on which a window may begin; `None` if there is no limit.
    pub last: Option<Date>,
    /// Maximum number of messages per day; `None` if there is no limit.
    pub quota: Option<u32>,
    /// The pause between two messages.
    pub pause: Pause,
}

/// Why a schedule is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRules {
    /// An unknown weekday, or no weekday.
    #[error("dias_semana must name days: mon, tue, wed, thu, fri, sat, sun")]
    Weekday,
    /// An invalid time of day.
    #[error("hora_inicio and hora_fin must be times such as 09:00 (the end up to 24:00)")]
    Time,
    /// The window is empty.
    #[error("hora_inicio and hora_fin are the same; for the whole day use 00:00 and 24:00")]
    EmptyWindow,
    /// An invalid date.
    #[error("fecha_inicio and fecha_fin must be dates such as 2026-03-31")]
    Date,
    /// The last day is before the first.
    #[error("fecha_fin is before fecha_inicio")]
    DatesReversed,
    /// The quota is out of range.
    #[error("cupo_diario must be an integer from 1 to 100000")]
    Quota,
    /// The pause is out of range.
    #[error(
        "pausa_min_s and pausa_max_s must be seconds from 0 to {MAX_PAUSE_SECONDS}, and pausa_min_s at most pausa_max_s"
    )]
    Pause,
}

impl Rules {
    /// Returns rules that are open at every hour of every day, without a quota.
    #[must_use]
    pub const fn always(pause: Pause) -> Self {
        Self {
            id: 0,
            days: Weekdays::ALL,
            from: 0,
            until: DAY,
            first: None,
            last: None,
            quota: None,
            pause,
        }
    }

    /// Checks that the rules are valid and that the schedule can be open at
    /// some time.
    ///
    /// # Errors
    /// The first invalid field.
    pub fn check(&self) -> Result<(), BadRules> {
        if self.from >= DAY || self.until > DAY {
            return Err(BadRules::Time);
        }
        if self.from == self.until {
            return Err(BadRules::EmptyWindow);
        }
        if self
            .first
            .zip(self.last)
            .is_some_and(|(first, last)| last < first)
        {
            return Err(BadRules::DatesReversed);
        }
        if self
            .quota
            .is_some_and(|quota| !(1..=100_000).contains(&quota))
        {
            return Err(BadRules::Quota);
        }
        Ok(())
    }

    /// Parses `09:00` or `09:00:00` into minutes since midnight; `24:00` is
    /// midnight at the end of the day.
    ///
    /// # Errors
    /// [`BadRules::Time`].
    pub fn minutes(text: &str) -> Result<u16, BadRules> {
        let mut parts = text.split(':');
        let mut number = |most: u16| {
            let part = parts.next().filter(|part| part.len() == 2)?;
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|it| digits && *it <= most)
        };
        let (Some(hour), Some(minute)) = (number(24), number(59)) else {
            return Err(BadRules::Time);
        };
        // A database's `TIME` has seconds, but only whole minutes are accepted.
        let is_whole = matches!(parts.next(), None | Some("00")) && parts.next().is_none();
        let minutes = hour * 60 + minute;
        if !is_whole || minutes > DAY {
            return Err(BadRules::Time);
        }
        Ok(minutes)
    }

    /// Formats minutes since midnight as [`Rules::minutes`] parses them.
    #[must_use]
    pub fn time(minutes: u16) -> String {
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn weekdays() {
        let days = Weekdays::from_names(["sun", "MON", " fri "]).unwrap();
        assert_eq!(days.to_string(), "mon,fri,sun");
        assert_eq!("mon,fri,sun".parse(), Ok(days));
        assert!(days.has(Weekday::Sunday) && !days.has(Weekday::Tuesday));
        for bad in [&["lunes"][..], &[], &["mon", ""]] {
            assert_eq!(
                Weekdays::from_names(bad.iter().copied()),
                Err(BadRules::Weekday)
            );
        }
    }

    #[test]
    fn times() {
        for (text, minutes) in [
            ("00:00", 0),
            ("09:30", 570),
            ("09:30:00", 570),
            ("24:00", 1440),
        ] {
            assert_eq!(Rules::minutes(text), Ok(minutes), "{text}");
        }
        for text in [
            "",
            "9:30",
            "09:60",
            "25:00",
            "24:01",
            "09:30:15",
            "09:30:00:00",
            "0930",
            "+9:30",
            "09:3a",
        ] {
            assert_eq!(Rules::minutes(text), Err(BadRules::Time), "{text}");
        }
        assert_eq!(Rules::time(570), "09:30");
    }

    #[test]
    fn invalid_rules_are_reported() {
        let good = Rules::always(Pause::default());
        assert_eq!(good.check(), Ok(()));
        let day = |day| Some(jiff::civil::date(2026, 3, day));
        for (rules, error) in [
            (
                Rules {
                    until: 0,
                    ..good.clone()
                },
                BadRules::EmptyWindow,
            ),
            (
                Rules {
                    from: 1440,
                    ..good.clone()
                },
                BadRules::Time,
            ),
            (
                Rules {
                    first: day(2),
                    last: day(1),
                    ..good.clone()
                },
                BadRules::DatesReversed,
            ),
            (
                Rules {
                    quota: Some(0),
                    ..good
                },
                BadRules::Quota,
            ),
        ] {
            assert_eq!(rules.check(), Err(error));
        }
        assert_eq!(Pause::new(2, 1), Err(BadRules::Pause));
        assert_eq!(Pause::new(0, MAX_PAUSE_SECONDS + 1), Err(BadRules::Pause));
    }

    #[test]
    fn pauses_are_spread_over_their_range() {
        let mut chance = StdRng::seed_from_u64(7);
        let drawn: Vec<_> = (0..2000)
            .map(|_| Pause::default().draw(&mut chance).as_secs_f64())
            .collect();
        assert!(drawn.iter().all(|it| (30.0..=90.0).contains(it)));
        assert!(drawn.iter().any(|it| *it < 35.0) && drawn.iter().any(|it| *it > 85.0));
        let none = Pause::new(0, 0).unwrap();
        assert!(none.is_none());
        assert_eq!(none.draw(&mut chance), Duration::ZERO);
    }
}
