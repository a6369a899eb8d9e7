//! The account's limits as WhatsApp states them: reach-out lock, new-chat quota.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// What WhatsApp lets the account do.
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
    /// Whether it is on.
    pub locked: bool,
    /// When it ends, as far as WhatsApp says.
    pub until: Option<Timestamp>,
    /// WhatsApp's word for its kind, such as `WEB_COMPANION_ONLY`.
    pub kind: Option<String>,
}

/// The monthly limit on new chats (WhatsApp's error 475).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewChats {
    /// How near it is.
    pub status: NewChatStatus,
    /// New chats in this cycle.
    pub used: u64,
    /// How many there may be; `null` where there is no such limit, or none
    /// known.
    pub total: Option<u64>,
    /// When the cycle ends.
    pub cycle_end: Option<Timestamp>,
}

/// How near the monthly limit is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NewChatStatus {
    /// Far, or there is none.
    #[default]
    None,
    /// WhatsApp warns.
    FirstWarning,
    /// WhatsApp warns once more.
    SecondWarning,
    /// Reached: who has no chat with this account cannot be written to.
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

    /// The word on the wire.
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

/// The sync of the history that follows a fresh link. With it comes what lets
/// WhatsApp take messages to people who never wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FirstSync {
    /// Whether it is through.
    pub complete: bool,
    /// How far it is, in percent, where the page says so.
    pub progress: Option<u8>,
}
