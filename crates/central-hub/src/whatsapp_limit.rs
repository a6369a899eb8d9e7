//! `WhatsappLimit`: why WhatsApp currently lets the account write to no new
//! contacts. Campaigns, and bulk messages to people who never wrote, wait until
//! the limit ends; replies do not.

use session_api::{Limits, LimitsEvent, NewChatStatus, Timestamp};

/// Why WhatsApp accepts no messages to people who never wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WhatsappLimit {
    /// The limit as a code: `REACH_OUT_LOCKED`, `NEW_CHATS_CAPPED` or `FIRST_SYNC`.
    pub code: &'static str,
    /// Until when the limit lasts, if WhatsApp reports it.
    pub until: Option<Timestamp>,
}

impl WhatsappLimit {
    /// Returns the WhatsApp limit that stops campaigns, if there is one.
    #[must_use]
    pub fn from_limits(known: &LimitsEvent) -> Option<Self> {
        let Limits {
            reach_out,
            new_chats,
        } = &known.limits;
        if reach_out.locked {
            let (code, until) = ("REACH_OUT_LOCKED", reach_out.until);
            return Some(Self { code, until });
        }
        if new_chats.status == NewChatStatus::Capped {
            let (code, until) = ("NEW_CHATS_CAPPED", new_chats.cycle_end);
            return Some(Self { code, until });
        }
        let (code, until) = ("FIRST_SYNC", None);
        (!known.first_sync.complete).then_some(Self { code, until })
    }
}
