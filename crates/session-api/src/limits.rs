//! The account's limits as WhatsApp reports them: the reach-out lock and the quota of new chats.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// WhatsApp's limits for the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// The lock on writing to people who never wrote first.
    pub reach_out: ReachOutLock,
    /// The monthly limit on new chats.
    pub new_chats: NewChats,
}

/// The lock on writing to people who never wrote first (WhatsApp's error 463).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReachOutLock {
    /// Whether the lock is active.
    pub locked: bool,
    /// When the lock ends, if WhatsApp reports it.
    pub until: Option<Timestamp>,
    /// WhatsApp's name for the kind of lock, such as `WEB_COMPANION_ONLY`.
    pub kind: Option<String>,
}

/// The monthly limit on new chats (WhatsApp's error 475).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewChats {
    /// How close the account is to the limit.
    pub status: NewChatStatus,
    /// Number of new chats in this cycle.
    pub used: u64,
    /// Maximum number of new chats; `null` if there is no limit or it is unknown.
    pub total: Option<u64>,
    /// When the cycle ends.
    pub cycle_end: Option<Timestamp>,
}

/// How close the account is to the monthly limit.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NewChatStatus {
    /// Far from the limit, or there is no limit.
    #[default]
    None,
    /// WhatsApp's first warning.
    FirstWarning,
    /// WhatsApp's second warning.
    SecondWarning,
    /// The limit is reached: the account cannot write to users with whom it has no chat.
    Capped,
}

impl NewChatStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [
        Self::None,
        Self::FirstWarning,
        Self::SecondWarning,
        Self::Capped,
    ];

    /// Returns the status's name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::FirstWarning => "FIRST_WARNING",
            Self::SecondWarning => "SECOND_WARNING",
            Self::Capped => "CAPPED",
        }
    }
}

/// The history sync after a device was linked. It includes data without which
/// WhatsApp does not accept messages to people who never wrote first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FirstSync {
    /// Whether the sync is complete.
    pub complete: bool,
    /// Progress in percent, if the page reports it.
    pub progress: Option<u8>,
}
