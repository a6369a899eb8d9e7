//! What stops a campaign regardless of its schedules: settings of the operator,
//! the session's state, or a limit of WhatsApp's such as the reach-out lock.

use session_api::{Limits, LimitsEvent, NewChatStatus, Timestamp};

use super::SchedulerContext;
use crate::store::campaigns::Campaign;

/// Why WhatsApp accepts no messages to people who never wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WhatsappLimit {
    /// `REACH_OUT_LOCKED`, `NEW_CHATS_CAPPED` or `FIRST_SYNC`.
    pub code: &'static str,
    /// Until when, if WhatsApp reports it.
    pub until: Option<Timestamp>,
}

impl WhatsappLimit {
    /// Returns the limit of WhatsApp's that stops campaigns, if any.
    #[must_use]
    pub fn of(known: &LimitsEvent) -> Option<Self> {
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

impl SchedulerContext {
    /// Returns the obstacle that stops a campaign, whatever its schedules.
    #[must_use]
    pub fn obstacle(&self, campaign: &Campaign) -> Option<&'static str> {
        if !self.auto {
            return Some("AUTO_CAMPAIGNS_DISABLED");
        }
        // A campaign approved for real must not be used up by a dry run.
        if self.dry_run && !campaign.is_rehearsal() {
            return Some("DRY_RUN");
        }
        // A dry run sends nothing, and needs no phone.
        if campaign.is_rehearsal() {
            return None;
        }
        if self.stopped {
            return Some("SENDING_STOPPED");
        }
        if !self.ready {
            return Some("SESSION_NOT_READY");
        }
        self.whatsapp_limit.map(|limit| limit.code)
    }

    /// Returns until when an obstacle lasts, if known.
    #[must_use]
    pub fn obstacle_until(&self, obstacle: &str) -> Option<Timestamp> {
        self.whatsapp_limit
            .filter(|limit| limit.code == obstacle)?
            .until
    }
}
