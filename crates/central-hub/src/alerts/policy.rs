//! Decides when an alert is reported: first, repeatedly, and not at night.

use std::time::Duration;

use session_api::Timestamp;

use super::condition::{Condition, Severity};
use crate::config::AlertConfig;
use crate::store::StoredAlert;

/// Minimum interval between two notifications of an alert whose reason changes.
const MIN_CHANGE_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// The kind of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoticeKind {
    /// The first notification of an alert.
    Raised,
    /// The condition is still met, or now for another reason.
    Repeated,
}

/// The rules of when to notify.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    pub(super) repeat: Option<Duration>,
    /// Whether the current time is within the quiet hours.
    pub(super) is_quiet: bool,
}

impl Policy {
    /// Decides whether an alert is reported now; `None` means not yet.
    pub(super) fn decide(
        &self,
        alert: &StoredAlert,
        urgency: Urgency,
        now: Timestamp,
    ) -> Option<NoticeKind> {
        let begin = urgency.lapses_since.unwrap_or(alert.since);
        let is_due = age(begin, now) >= urgency.patience;
        let Some(told) = alert.told_at else {
            let waits = self.is_quiet && urgency.severity != Severity::Critical;
            return (is_due && !waits).then_some(NoticeKind::Raised);
        };
        let changed = alert.told_reason.as_ref() != Some(&alert.reason);
        if changed && urgency.lapses_since.is_some() {
            return is_due.then_some(NoticeKind::Repeated);
        }
        if self.is_quiet {
            return None;
        }
        let since = age(told, now);
        let again = self.repeat.is_some_and(|repeat| since >= repeat);
        (again || changed && since >= MIN_CHANGE_INTERVAL).then_some(NoticeKind::Repeated)
    }
}

/// How soon a condition has to be reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Urgency {
    pub(super) severity: Severity,
    pub(super) patience: Duration,
    /// Since when WhatsApp has waited for a person, if its request expires; otherwise `None`.
    pub(super) lapses_since: Option<Timestamp>,
}

impl Urgency {
    pub(super) fn for_condition(condition: &Condition, config: &AlertConfig) -> Self {
        Self {
            severity: condition.severity(),
            patience: condition.patience(config),
            lapses_since: condition.lapses_since(),
        }
    }
}

/// Returns the time from `since` to `now`; zero if `since` is in the future.
pub(super) fn age(since: Timestamp, now: Timestamp) -> Duration {
    let millis = now.as_millis() - since.as_millis();
    Duration::from_millis(millis.try_into().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn alert(told: Option<(Timestamp, &str)>, since: Timestamp) -> StoredAlert {
        StoredAlert {
            key: "X".to_owned(),
            code: "X".to_owned(),
            detail: String::new(),
            reason: "UNLINKED".to_owned(),
            since,
            seen_at: since,
            told_at: told.map(|(at, _)| at),
            told_reason: told.map(|(_, reason)| reason.to_owned()),
        }
    }

    fn urgency(severity: Severity, patience: Duration) -> Urgency {
        Urgency {
            severity,
            patience,
            lapses_since: None,
        }
    }

    #[test]
    fn what_lapses_is_reported_at_night_and_soon_after_another_reason() {
        let night = Policy {
            repeat: None,
            is_quiet: true,
        };
        let begin = Timestamp::from_millis(1_800_000_000_000).unwrap();
        let at = |minutes: u32| begin.after(minutes * MINUTE);
        let lapsing = Urgency {
            lapses_since: Some(at(20)),
            ..urgency(Severity::Critical, MINUTE)
        };
        let new = alert(None, begin);
        assert_eq!(night.decide(&new, lapsing, at(20)), None);
        let decided = night.decide(&new, lapsing, at(21));
        assert_eq!(decided, Some(NoticeKind::Raised));
        let other = alert(Some((at(19), "CODE_SHOWN")), begin);
        assert_eq!(night.decide(&other, lapsing, at(20)), None);
        let decided = night.decide(&other, lapsing, at(21));
        assert_eq!(decided, Some(NoticeKind::Repeated));
        let reported = alert(Some((at(21), "UNLINKED")), begin);
        assert_eq!(night.decide(&reported, lapsing, at(29)), None);
    }

    #[test]
    fn alert_is_reported_after_its_delay_and_then_repeated() {
        let day = Policy {
            repeat: Some(60 * MINUTE),
            is_quiet: false,
        };
        let begin = Timestamp::from_millis(1_800_000_000_000).unwrap();
        let at = |minutes: u32| begin.after(minutes * MINUTE);
        let decide = |alert: &StoredAlert, minutes| {
            day.decide(alert, urgency(Severity::Warning, 10 * MINUTE), at(minutes))
        };
        let new = alert(None, begin);
        assert_eq!(decide(&new, 9), None);
        assert_eq!(decide(&new, 10), Some(NoticeKind::Raised));
        let reported = alert(Some((at(10), "UNLINKED")), begin);
        assert_eq!(decide(&reported, 69), None);
        assert_eq!(decide(&reported, 70), Some(NoticeKind::Repeated));
        let other = alert(Some((at(10), "CODE_SHOWN")), begin);
        assert_eq!(decide(&other, 24), None);
        assert_eq!(decide(&other, 25), Some(NoticeKind::Repeated));
        let never = Policy {
            repeat: None,
            ..day
        };
        let later = never.decide(
            &reported,
            urgency(Severity::Warning, 10 * MINUTE),
            at(9_999),
        );
        assert_eq!(later, None);
        // Setting the clock back makes nothing due.
        assert_eq!(decide(&alert(None, at(100)), 50), None);
    }

    #[test]
    fn only_critical_alerts_are_reported_at_night_and_once() {
        let night = Policy {
            repeat: Some(MINUTE),
            is_quiet: true,
        };
        let begin = Timestamp::from_millis(1_800_000_000_000).unwrap();
        let later = begin.after(600 * MINUTE);
        let new = alert(None, begin);
        let decide =
            |alert: &StoredAlert, severity| night.decide(alert, urgency(severity, MINUTE), later);
        assert_eq!(decide(&new, Severity::Warning), None);
        assert_eq!(decide(&new, Severity::Critical), Some(NoticeKind::Raised));
        let reported = alert(Some((begin, "UNLINKED")), begin);
        assert_eq!(decide(&reported, Severity::Critical), None);
    }
}
