//! Decides whether a message may be sent now and, if not, when to check again.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::rules::{Pause, Rules};
use super::window::{next_midnight, window};

/// Number of days to look ahead. A window opens at least once in this many days
/// or never: it may be on only one weekday, and a clock change may skip it
/// there.
const HORIZON: i64 = 15;

/// Why no message may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// No schedule is open at this day and time.
    OutsideHours,
    /// The daily quota is used up.
    QuotaReached,
    /// The pause after the last message is not over.
    Pause,
}

impl Waiting {
    /// Returns the machine-readable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OutsideHours => "OUTSIDE_HOURS",
            Self::QuotaReached => "DAILY_QUOTA_REACHED",
            Self::Pause => "PAUSE",
        }
    }
}

/// The decision to send, wait or finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A message may be sent.
    Send {
        /// The schedule that allows it; 0 for a campaign that has none.
        schedule: i64,
        /// The local day for which the message counts.
        day: Date,
        /// How many more messages the schedule allows today; `None` if the number is unlimited.
        room: Option<u32>,
        /// The pause after the message.
        pause: Pause,
        /// When the window closes.
        closes: Timestamp,
    },
    /// No message may be sent before `until`.
    Wait {
        /// When to check again.
        until: Timestamp,
        /// Why the message has to wait.
        why: Waiting,
    },
    /// No window will ever open again.
    Over,
}

/// Decides whether a message may be sent now. `used` returns the number of
/// messages sent on a local day under a schedule; `not_before` is the end of
/// the pause after the last message.
pub fn next_opening(
    now: Timestamp,
    zone: &TimeZone,
    schedules: &[Rules],
    used: &impl Fn(i64, Date) -> u32,
    not_before: Option<Timestamp>,
) -> Decision {
    let at = not_before.map_or(now, |end| end.max(now));
    let openings = schedules
        .iter()
        .filter_map(|rules| Some((opening_of(rules, at, zone, used)?, rules)));
    // If several schedules are open, the first in the list takes precedence.
    let Some((next, rules)) = openings.min_by_key(|(next, _)| next.at) else {
        return Decision::Over;
    };
    if next.at > at {
        let why = if next.after_quota {
            Waiting::QuotaReached
        } else {
            Waiting::OutsideHours
        };
        return Decision::Wait {
            until: next.at,
            why,
        };
    }
    if at > now {
        return Decision::Wait {
            until: at,
            why: Waiting::Pause,
        };
    }
    let day = zone.to_datetime(now).date();
    Decision::Send {
        schedule: rules.id,
        day,
        room: rules
            .quota
            .map(|quota| quota.saturating_sub(used(rules.id, day))),
        pause: rules.pause,
        closes: next.closes,
    }
}

/// The next opening of one schedule.
struct Opening {
    at: Timestamp,
    closes: Timestamp,
    /// Whether the daily quota delays the opening.
    after_quota: bool,
}

fn opening_of(
    rules: &Rules,
    at: Timestamp,
    zone: &TimeZone,
    used: &impl Fn(i64, Date) -> u32,
) -> Option<Opening> {
    let today = zone.to_datetime(at).date();
    // Yesterday's window may extend past midnight.
    let yesterday = today.yesterday().unwrap_or(today);
    let first = rules.first.map_or(yesterday, |first| first.max(yesterday));
    let mut after_quota = false;
    for days in 0..HORIZON {
        let day = first.checked_add(Span::new().days(days)).ok()?;
        let Some(window) = window(rules, day, zone) else {
            continue;
        };
        let mut candidate = window.begin.max(at);
        while candidate < window.end {
            let local = zone.to_datetime(candidate).date();
            if rules
                .quota
                .is_none_or(|quota| used(rules.id, local) < quota)
            {
                return Some(Opening {
                    at: candidate,
                    closes: window.end,
                    after_quota,
                });
            }
            after_quota = true;
            candidate = next_midnight(candidate, zone)?;
        }
    }
    None
}

#[cfg(test)]
mod tests;
