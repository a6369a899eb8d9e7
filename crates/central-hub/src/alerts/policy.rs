//! When an alert is reported: at first, repeatedly, and not at night.

use std::time::Duration;

use session_api::Timestamp;

use super::condition::Severity;
use crate::store::StoredAlert;

/// Minimum interval between notifications of an alert whose reason changes.
const CHANGES: Duration = Duration::from_secs(15 * 60);

/// The kind of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoticeKind {
    /// The first one.
    Raised,
    /// The condition is still met, or is met for another reason.
    Repeated,
}

/// The rules of when to notify.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    pub(super) repeat: Option<Duration>,
    /// Whether it is within the quiet hours.
    pub(super) is_quiet: bool,
}

impl Policy {
    /// Decides whether an alert is reported now.
    pub(super) fn decide(
        &self,
        alert: &StoredAlert,
        severity: Severity,
        patience: Duration,
        now: Timestamp,
    ) -> Option<NoticeKind> {
        let Some(told) = alert.told_at else {
            let waits = self.is_quiet && severity != Severity::Critical;
            let is_due = age(alert.since, now) >= patience;
            return (is_due && !waits).then_some(NoticeKind::Raised);
        };
        if self.is_quiet {
            return None;
        }
        let since = age(told, now);
        let changed = alert.told_reason.as_ref() != Some(&alert.reason);
        let again = self.repeat.is_some_and(|repeat| since >= repeat);
        (again || changed && since >= CHANGES).then_some(NoticeKind::Repeated)
    }
}

/// Returns how long ago that was; zero for a time in the future.
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

    #[test]
    fn alert_is_reported_after_its_delay_and_then_repeated() {
        let day = Policy {
            repeat: Some(60 * MINUTE),
            is_quiet: false,
        };
        let begin = Timestamp::from_millis(1_800_000_000_000).unwrap();
        let at = |minutes: u32| begin.after(minutes * MINUTE);
        let decide = |alert: &StoredAlert, minutes| {
            day.decide(alert, Severity::Warning, 10 * MINUTE, at(minutes))
        };
        let new = alert(None, begin);
        assert_eq!(decide(&new, 9), None);
        assert_eq!(decide(&new, 10), Some(NoticeKind::Raised));
        let told = alert(Some((at(10), "UNLINKED")), begin);
        assert_eq!(decide(&told, 69), None);
        assert_eq!(decide(&told, 70), Some(NoticeKind::Repeated));
        let other = alert(Some((at(10), "CODE_SHOWN")), begin);
        assert_eq!(decide(&other, 24), None);
        assert_eq!(decide(&other, 25), Some(NoticeKind::Repeated));
        let never = Policy {
            repeat: None,
            ..day
        };
        let later = never.decide(&told, Severity::Warning, 10 * MINUTE, at(9_999));
        assert_eq!(later, None);
        // A clock that was set back makes nothing due.
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
        let decide = |alert: &StoredAlert, severity| night.decide(alert, severity, MINUTE, later);
        assert_eq!(decide(&new, Severity::Warning), None);
        assert_eq!(decide(&new, Severity::Critical), Some(NoticeKind::Raised));
        let told = alert(Some((begin, "UNLINKED")), begin);
        assert_eq!(decide(&told, Severity::Critical), None);
    }
}
