//! What a person has to know of: the conditions, how grave each is, and how long
//! it may last before it is told.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use session_api::{SessionState, Timestamp};
use strum::{EnumDiscriminants, IntoStaticStr};

/// A condition that holds. As JSON it is stored with its alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
#[strum_discriminants(name(Code))]
#[strum_discriminants(derive(IntoStaticStr))]
#[strum_discriminants(strum(serialize_all = "SCREAMING_SNAKE_CASE"))]
#[strum_discriminants(doc = "Which condition it is.")]
pub(crate) enum Condition {
    /// Nothing leaves.
    SessionNotReady {
        state: SessionState,
        cause: String,
        message: String,
    },
    /// session-manager is not heard, or refuses the hub's token.
    SessionManagerDown { reason: String },
    /// A service was restarted more often within an hour than the limit.
    ManyRestarts { service: String, number: i64 },
    /// A service came up twice within an hour.
    ShortUptime { service: String },
    /// The browser was restarted by itself for more than half of its budget.
    BrowserRestarts {
        number: u32,
        budget: u32,
        window_minutes: u64,
    },
    /// A service holds more memory than its limit.
    HighMemory {
        service: String,
        mib: u64,
        limit_mib: u64,
    },
    /// A campaign was paused by the hub itself.
    CampaignStopped {
        id: i64,
        name: String,
        reason: String,
    },
    /// WhatsApp lets the account write to nobody new.
    WhatsappLimit {
        kind: LimitKind,
        until: Option<Timestamp>,
    },
    /// A webhook did not hear all it should.
    WebhookDeadLetters {
        webhook: i64,
        name: String,
        number: i64,
        is_off: bool,
    },
    /// The last try at a backup failed.
    BackupFailed { what: Backup },
    /// The newest backup is old.
    BackupOld { what: Backup, hours: u64 },
    /// There is little room.
    LowDisk { what: String, free_mib: u64 },
    /// The browser's profile grew beyond what is usual.
    LargeProfile { mib: u64 },
    /// The page's certificate is over, or will be soon.
    Certificate { host: String, is_over: bool },
    /// The clock of session-manager's machine is off.
    ClockOff { seconds: u64 },
}

/// Which of WhatsApp's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LimitKind {
    /// Writing to people who never wrote first.
    ReachOut,
    /// New chats of this month are used up.
    NewChats,
    /// Or nearly.
    NewChatsNear,
}

/// A backup of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Backup {
    /// The linked session.
    Session,
    /// The hub's database.
    Hub,
}

/// How grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Severity {
    /// Told at night, too.
    Critical,
    /// Waits for the end of the quiet hours.
    Warning,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// session-manager restarts within seconds under PM2 and systemd: a link that
/// is down for less is nobody's sleep.
const LINK: Duration = Duration::from_secs(120);
/// A large list passes.
const MEMORY: Duration = Duration::from_secs(300);

impl Condition {
    /// As it is stored and told.
    pub(crate) fn code(&self) -> &'static str {
        Code::from(self).as_str()
    }

    /// The code, and of what where there may be several.
    pub(crate) fn key(&self) -> String {
        let code = Code::from(self);
        match self {
            Self::ManyRestarts { service, .. }
            | Self::ShortUptime { service }
            | Self::HighMemory { service, .. } => code.of(service),
            Self::CampaignStopped { id, .. } => code.of(&id.to_string()),
            Self::WebhookDeadLetters { webhook, .. } => code.of(&webhook.to_string()),
            Self::BackupFailed { what } | Self::BackupOld { what, .. } => code.of(what.as_str()),
            Self::LowDisk { what, .. } => code.of(what),
            Self::SessionNotReady { .. }
            | Self::SessionManagerDown { .. }
            | Self::BrowserRestarts { .. }
            | Self::WhatsappLimit { .. }
            | Self::LargeProfile { .. }
            | Self::Certificate { .. }
            | Self::ClockOff { .. } => code.as_str().to_owned(),
        }
    }

    /// What makes it worth telling anew when it changes; figures that move by
    /// themselves are not among it.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::SessionNotReady { cause, .. } => cause.clone(),
            Self::SessionManagerDown { reason } | Self::CampaignStopped { reason, .. } => {
                reason.clone()
            }
            Self::WhatsappLimit { kind, .. } => format!("{kind:?}"),
            Self::WebhookDeadLetters { is_off, .. } => is_off.to_string(),
            Self::Certificate { is_over, .. } => is_over.to_string(),
            _ => String::new(),
        }
    }

    /// How grave it is.
    pub(crate) const fn severity(&self) -> Severity {
        match self {
            Self::SessionNotReady { .. }
            | Self::SessionManagerDown { .. }
            | Self::ManyRestarts { .. }
            | Self::LowDisk { .. }
            | Self::WhatsappLimit {
                kind: LimitKind::ReachOut | LimitKind::NewChats,
                ..
            }
            | Self::Certificate { is_over: true, .. } => Severity::Critical,
            _ => Severity::Warning,
        }
    }

    /// How long it may last before it is told; `session` is what the operator
    /// allows the session.
    pub(crate) fn patience(&self, session: Duration) -> Duration {
        match self {
            Self::SessionNotReady { .. } => session,
            Self::SessionManagerDown { .. } => session.min(LINK),
            Self::HighMemory { .. } => session.min(MEMORY),
            _ => Duration::ZERO,
        }
    }
}

impl Code {
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// The key of the alert about one of several.
    pub(crate) fn of(self, what: &str) -> String {
        format!("{}/{what}", self.as_str())
    }
}

impl Backup {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Hub => "hub",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_stored_under_their_codes() {
        let condition = Condition::WebhookDeadLetters {
            webhook: 3,
            name: "crm".to_owned(),
            number: 2,
            is_off: false,
        };
        assert_eq!(condition.key(), "WEBHOOK_DEAD_LETTERS/3");
        let text = serde_json::to_string(&condition).unwrap();
        assert!(text.contains(r#""code":"WEBHOOK_DEAD_LETTERS""#), "{text}");
        assert_eq!(serde_json::from_str::<Condition>(&text).unwrap(), condition);
        // One more letter is no news; that it was switched off is.
        let more = Condition::WebhookDeadLetters {
            webhook: 3,
            name: "crm".to_owned(),
            number: 9,
            is_off: false,
        };
        assert_eq!(more.reason(), condition.reason());
    }
}
