//! The conditions that a person has to know about, the severity of each, and
//! how long a condition may last before it is reported.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use session_api::{SessionState, Timestamp};
use strum::{EnumDiscriminants, IntoStaticStr};

use crate::config::AlertConfig;

/// A condition that is met. The store keeps it with its alert as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
#[strum_discriminants(name(Code))]
#[strum_discriminants(derive(IntoStaticStr))]
#[strum_discriminants(strum(serialize_all = "SCREAMING_SNAKE_CASE"))]
#[strum_discriminants(doc = "Which condition it is.")]
pub(crate) enum Condition {
    /// The session is not ready, so nothing can be sent.
    SessionNotReady {
        state: SessionState,
        cause: String,
        message: String,
        /// A passkey request that waits for a person's answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passkey: Option<PasskeyWait>,
    },
    /// session-manager does not answer, or refuses the hub's token.
    SessionManagerDown { reason: String },
    /// A service restarted more often within an hour than the limit allows.
    ManyRestarts { service: String, number: i64 },
    /// A service started twice within an hour.
    ShortUptime { service: String },
    /// Automatic restarts of the browser have used over half of their budget.
    BrowserRestarts {
        number: u32,
        budget: u32,
        window_minutes: u64,
    },
    /// A service uses more memory than its limit.
    HighMemory {
        service: String,
        mib: u64,
        limit_mib: u64,
    },
    /// The hub itself paused a campaign.
    CampaignStopped {
        id: i64,
        name: String,
        reason: String,
    },
    /// WhatsApp does not let the account write to new contacts, or soon will not.
    WhatsappLimit {
        kind: LimitKind,
        until: Option<Timestamp>,
    },
    /// A webhook has failed deliveries.
    WebhookDeadLetters {
        webhook: i64,
        name: String,
        number: i64,
        is_off: bool,
    },
    /// The last attempt at a backup failed.
    BackupFailed { what: Backup },
    /// The newest backup is old.
    BackupOld { what: Backup, hours: u64 },
    /// Backups are configured, but none exists.
    NoBackup { what: Backup },
    /// Disk space is low.
    LowDisk { what: String, free_mib: u64 },
    /// The browser's profile is larger than usual.
    LargeProfile { mib: u64 },
    /// The page's certificate has expired or is about to.
    Certificate { host: String, is_over: bool },
    /// The clock of session-manager's machine is wrong.
    ClockOff { seconds: u64 },
}

/// A passkey request that nobody has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasskeyWait {
    /// When WhatsApp asked, which distinguishes one request from the next.
    pub(crate) since: Timestamp,
    /// When the request lapses.
    pub(crate) until: Timestamp,
}

/// A limit that WhatsApp applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LimitKind {
    /// Starting a chat with people who never wrote first is blocked.
    ReachOut,
    /// The month's allowance of new chats is used up.
    NewChats,
    /// The month's allowance of new chats is nearly used up.
    NewChatsNear,
}

/// What a backup contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Backup {
    /// The linked session.
    Session,
    /// The hub's database.
    Hub,
}

/// The severity of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Severity {
    /// Reported immediately, at night as well.
    Critical,
    /// Reported after the quiet hours.
    Warning,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Under PM2 and systemd, session-manager restarts within seconds, so a shorter
/// outage wakes no one.
const LINK_PATIENCE: Duration = Duration::from_secs(120);
/// Long enough for the import of a large list, which needs memory for a while.
const MEMORY_PATIENCE: Duration = Duration::from_secs(300);
/// A passkey request lapses after ten minutes; whoever just scanned the code
/// answers it within one.
const PASSKEY_PATIENCE: Duration = Duration::from_secs(60);

impl Condition {
    /// Returns the code under which the condition is stored and reported.
    pub(crate) fn code(&self) -> &'static str {
        Code::from(self).as_str()
    }

    /// Returns the code, followed by the affected object where there may be several.
    pub(crate) fn key(&self) -> String {
        let code = Code::from(self);
        match self {
            Self::ManyRestarts { service, .. }
            | Self::ShortUptime { service }
            | Self::HighMemory { service, .. } => code.key(service),
            Self::CampaignStopped { id, .. } => code.key(&id.to_string()),
            Self::WebhookDeadLetters { webhook, .. } => code.key(&webhook.to_string()),
            Self::BackupFailed { what }
            | Self::BackupOld { what, .. }
            | Self::NoBackup { what } => code.key(what.as_str()),
            Self::LowDisk { what, .. } => code.key(what),
            Self::SessionNotReady { .. }
            | Self::SessionManagerDown { .. }
            | Self::BrowserRestarts { .. }
            | Self::WhatsappLimit { .. }
            | Self::LargeProfile { .. }
            | Self::Certificate { .. }
            | Self::ClockOff { .. } => code.as_str().to_owned(),
        }
    }

    /// Returns the part whose change is worth a new notification. Figures that
    /// vary continuously are excluded.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::SessionNotReady { cause, passkey, .. } => match passkey {
                Some(wait) => format!("{cause} {}", wait.since),
                None => cause.clone(),
            },
            Self::SessionManagerDown { reason } | Self::CampaignStopped { reason, .. } => {
                reason.clone()
            }
            Self::WhatsappLimit { kind, .. } => format!("{kind:?}"),
            Self::WebhookDeadLetters { is_off, .. } => is_off.to_string(),
            Self::Certificate { is_over, .. } => is_over.to_string(),
            _ => String::new(),
        }
    }

    /// Returns how severe the condition is.
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

    /// Returns how long the condition may last before it is reported.
    pub(crate) fn patience(&self, config: &AlertConfig) -> Duration {
        match self {
            Self::SessionNotReady {
                passkey: Some(_), ..
            } => config.after.min(PASSKEY_PATIENCE),
            Self::SessionNotReady { .. } => config.after,
            Self::SessionManagerDown { .. } => config.after.min(LINK_PATIENCE),
            Self::HighMemory { .. } => config.after.min(MEMORY_PATIENCE),
            Self::NoBackup { .. } => config.backup_after,
            _ => Duration::ZERO,
        }
    }

    /// Returns since when WhatsApp has waited for a person, if the request
    /// lapses. Such a condition cannot wait for the end of the quiet hours or
    /// for the minimum interval since the previous notification.
    pub(crate) fn lapses_since(&self) -> Option<Timestamp> {
        match self {
            Self::SessionNotReady { passkey, .. } => passkey.map(|wait| wait.since),
            _ => None,
        }
    }
}

impl Code {
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the key of an alert about `what`, where there may be several such objects.
    pub(crate) fn key(self, what: &str) -> String {
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
        // One more dead letter is not a new reason to notify; a disabled webhook is.
        let more = Condition::WebhookDeadLetters {
            webhook: 3,
            name: "crm".to_owned(),
            number: 9,
            is_off: false,
        };
        assert_eq!(more.reason(), condition.reason());
    }
}
