//! The texts of alerts in the operator's language: a one-line title, an
//! explanation, and what to do.

mod english;
mod spanish;

use jiff::tz::TimeZone;
use session_api::Timestamp;

use super::condition::{Condition, Severity};
use crate::config::alerts::Language;

/// The text of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlertText {
    /// The title, one line.
    pub(crate) title: String,
    /// The full text.
    pub(crate) text: String,
}

/// The contents of the daily digest.
#[derive(Clone, Debug, Default)]
pub(super) struct Digest {
    /// The day on which it is sent, in the business's time zone.
    pub(super) day: String,
    pub(super) sent: i64,
    pub(super) failed: i64,
    pub(super) received: i64,
    pub(super) waiting: i64,
    /// Alerts raised within the last 24 hours.
    pub(super) raised: i64,
    /// The titles of the active alerts.
    pub(super) active: Vec<String>,
    pub(super) ready: Option<bool>,
    pub(super) dry_run: bool,
}

/// The texts in one language, for one hub.
#[derive(Clone, Debug)]
pub(super) struct Words {
    language: Language,
    zone: TimeZone,
    /// The name of the hub that sends the notice.
    hub: String,
}

impl Words {
    pub(super) const fn new(language: Language, zone: TimeZone, hub: String) -> Self {
        Self {
            language,
            zone,
            hub,
        }
    }

    /// Returns the title of a condition.
    pub(super) fn title(&self, condition: &Condition) -> String {
        match self.language {
            Language::Spanish => spanish::title(condition),
            Language::English => english::title(condition),
        }
    }

    /// Returns the explanation of a condition and what to do about it.
    pub(super) fn body(&self, condition: &Condition) -> String {
        match self.language {
            Language::Spanish => spanish::body(condition, &self.time_of(condition)),
            Language::English => english::body(condition, &self.time_of(condition)),
        }
    }

    fn time_of(&self, condition: &Condition) -> String {
        match condition {
            Condition::WhatsappLimit {
                until: Some(until), ..
            } => self.local_time(*until),
            Condition::SessionNotReady {
                passkey: Some(wait),
                ..
            } => self.local_time(wait.until),
            _ => String::new(),
        }
    }

    /// Returns the text of a condition that is met.
    pub(super) fn raised(&self, condition: &Condition, since: Timestamp, again: bool) -> AlertText {
        let mark = condition.severity() == Severity::Critical;
        let (mark, again, since_when) = match self.language {
            Language::Spanish => (
                if mark { "Urgente: " } else { "" },
                if again { "Sigue: " } else { "" },
                format!("Desde {}.", self.local_time(since)),
            ),
            Language::English => (
                if mark { "Urgent: " } else { "" },
                if again { "Still: " } else { "" },
                format!("Since {}.", self.local_time(since)),
            ),
        };
        let title = self.title(condition);
        self.alert_text(
            &format!("{mark}{again}{title}"),
            &format!("{}\n\n{since_when}", self.body(condition)),
        )
    }

    /// Returns the text of a condition that is over.
    pub(super) fn cleared(
        &self,
        condition: &Condition,
        since: Timestamp,
        until: Timestamp,
    ) -> AlertText {
        let title = self.title(condition);
        let (since, until) = (self.local_time(since), self.local_time(until));
        let (head, text) = match self.language {
            Language::Spanish => (
                format!("Resuelto: {title}"),
                format!("Ya está todo bien con esto.\n\nDesde {since} hasta {until}."),
            ),
            Language::English => (
                format!("Resolved: {title}"),
                format!("This alert is resolved.\n\nFrom {since} until {until}."),
            ),
        };
        self.alert_text(&head, &text)
    }

    /// Returns the text of a test.
    pub(super) fn test(&self) -> AlertText {
        match self.language {
            Language::Spanish => self.alert_text(
                "Prueba de avisos",
                "Si estás leyendo esto, los avisos de LeadMaster llegan por este medio. No hay que hacer nada.",
            ),
            Language::English => self.alert_text(
                "Test of the alerts",
                "If you can read this, LeadMaster's alerts arrive through this channel. There is nothing to do.",
            ),
        }
    }

    /// Returns the text of the daily digest.
    pub(super) fn digest(&self, digest: &Digest) -> AlertText {
        let (title, text) = match self.language {
            Language::Spanish => spanish::digest(digest),
            Language::English => english::digest(digest),
        };
        self.alert_text(&title, &text)
    }

    fn alert_text(&self, title: &str, text: &str) -> AlertText {
        AlertText {
            title: format!("LeadMaster: {title}"),
            text: format!("{text}\n\n— central-hub, {}", self.hub),
        }
    }

    /// Formats a time in the business's time zone.
    fn local_time(&self, at: Timestamp) -> String {
        let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        let at = self.zone.to_datetime(at);
        match self.language {
            Language::Spanish => at.strftime("%d/%m/%Y %H:%M").to_string(),
            Language::English => at.strftime("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use session_api::SessionState;

    use super::super::condition::{Backup, LimitKind};
    use super::*;

    fn words(language: Language) -> Words {
        let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        Words::new(language, zone, "server1".to_owned())
    }

    fn not_ready(cause: &str) -> Condition {
        Condition::SessionNotReady {
            state: SessionState::Error,
            cause: cause.to_owned(),
            message: "the service's own sentence".to_owned(),
            passkey: None,
        }
    }

    /// Returns all of session-manager's causes, read from its source.
    fn causes() -> Vec<String> {
        let sources = [
            include_str!("../../../session-manager/src/session/cause.rs"),
            include_str!("../../../session-manager/src/failure.rs"),
        ];
        let lines = sources.iter().flat_map(|source| source.lines());
        let codes = lines.filter_map(|line| {
            let (_, code) = line.split_once("=> \"")?;
            let (code, _) = code.split_once('"')?;
            let is_code = code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
            is_code.then(|| code.to_owned())
        });
        codes.collect()
    }

    #[test]
    fn every_cause_has_its_own_text_in_both_languages() {
        let causes = causes();
        assert!(causes.len() > 30, "{causes:?}");
        for language in [Language::Spanish, Language::English] {
            let words = words(language);
            let unknown = words.body(&not_ready("NEVER_HEARD_OF"));
            assert!(unknown.contains("the service's own sentence"), "{unknown}");
            for cause in causes.iter().filter(|cause| *cause != "SYNCED") {
                let body = words.body(&not_ready(cause));
                assert_ne!(body, unknown, "{cause}");
                assert!(body.len() > 30, "{cause}: {body}");
            }
        }
    }

    #[test]
    fn texts_name_the_start_in_the_business_time_zone() {
        let since: jiff::Timestamp = "2026-11-29T03:30:00Z".parse().unwrap();
        let since = Timestamp::from(since);
        let spanish = words(Language::Spanish).raised(&not_ready("UNLINKED"), since, false);
        assert!(
            spanish.title.starts_with("LeadMaster: Urgente: "),
            "{spanish:?}"
        );
        assert!(
            spanish.text.contains("Desde 29/11/2026 00:30."),
            "{spanish:?}"
        );
        let again = words(Language::English).raised(&not_ready("UNLINKED"), since, true);
        assert!(again.title.contains("Still: "), "{again:?}");
        let over = words(Language::English).cleared(&not_ready("UNLINKED"), since, since);
        assert!(over.title.starts_with("LeadMaster: Resolved: "));
        assert!(over.text.contains("2026-11-29 00:30"));
    }

    #[test]
    fn every_condition_has_a_title_of_one_line() {
        let name = || "Mayo".to_owned();
        let all = [
            not_ready("UNLINKED"),
            Condition::SessionManagerDown { reason: name() },
            Condition::ManyRestarts {
                service: name(),
                number: 4,
            },
            Condition::ShortUptime { service: name() },
            Condition::BrowserRestarts {
                number: 3,
                budget: 5,
                window_minutes: 10,
            },
            Condition::HighMemory {
                service: name(),
                mib: 600,
                limit_mib: 512,
            },
            Condition::CampaignStopped {
                id: 1,
                name: name(),
                reason: "MANY_FAILURES".to_owned(),
            },
            Condition::WhatsappLimit {
                kind: LimitKind::NewChats,
                until: None,
            },
            Condition::WhatsappLimit {
                kind: LimitKind::ReachOut,
                until: Some(Timestamp::now()),
            },
            Condition::WebhookDeadLetters {
                webhook: 1,
                name: name(),
                number: 3,
                is_off: true,
            },
            Condition::BackupFailed { what: Backup::Hub },
            Condition::BackupOld {
                what: Backup::Session,
                hours: 80,
            },
            Condition::NoBackup { what: Backup::Hub },
            Condition::LowDisk {
                what: name(),
                free_mib: 3,
            },
            Condition::LargeProfile { mib: 3000 },
            Condition::Certificate {
                host: name(),
                is_over: true,
            },
            Condition::ClockOff { seconds: 90 },
        ];
        for language in [Language::Spanish, Language::English] {
            let words = words(language);
            for condition in &all {
                let (title, body) = (words.title(condition), words.body(condition));
                assert!(!title.contains('\n') && title.len() < 120, "{title}");
                assert!(title.len() > 10 && body.len() > title.len(), "{body}");
            }
        }
    }
}
