//! Determines what stops a campaign regardless of its schedules: the operator's
//! settings, the session's state, or a limit of WhatsApp such as the reach-out
//! lock.

use session_api::Timestamp;

use super::SchedulerContext;
use crate::store::campaigns::Campaign;

impl SchedulerContext {
    /// Returns the obstacle that stops a campaign regardless of its schedules.
    #[must_use]
    pub fn obstacle(&self, campaign: &Campaign) -> Option<&'static str> {
        if !self.auto {
            return Some("AUTO_CAMPAIGNS_DISABLED");
        }
        // A dry run must not use up a campaign that was approved for real.
        if self.dry_run && !campaign.is_dry_run() {
            return Some("DRY_RUN");
        }
        // A dry run sends nothing, so it needs no phone.
        if campaign.is_dry_run() {
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

    /// Returns until when an obstacle lasts; `None` if that is unknown.
    #[must_use]
    pub fn obstacle_until(&self, obstacle: &str) -> Option<Timestamp> {
        self.whatsapp_limit
            .filter(|limit| limit.code == obstacle)?
            .until
    }
}
