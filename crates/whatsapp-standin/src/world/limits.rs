//! Simulates the account's limits.

use serde::{Deserialize, Serialize};

use super::{PageId, Role, World};
use crate::page_protocol::ToPage;

/// The account's WhatsApp limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The lock on messages to people who never wrote, if active.
    pub reach_out: Option<ReachOutLock>,
    /// The monthly limit on new chats, if the account has one.
    pub new_chats: Option<NewChats>,
}

/// The lock on messages to people who never wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReachOutLock {
    /// End of the lock, in milliseconds since 1970.
    pub until_ms: i64,
    /// WhatsApp's name of the lock's kind.
    #[serde(default = "default_kind")]
    pub kind: String,
}

fn default_kind() -> String {
    "WEB_COMPANION_ONLY".to_owned()
}

/// The monthly limit on new chats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewChats {
    /// How close the account is to the limit.
    pub status: CappingStatus,
    /// Number of chats started in this cycle.
    pub used: i64,
    /// Maximum number of chats in a cycle; -1 means unlimited.
    pub total: i64,
    /// End of the cycle, in seconds since 1970.
    pub cycle_end_s: i64,
}

/// How close the account is to the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CappingStatus {
    /// Far from the limit.
    None,
    /// Near the limit.
    FirstWarning,
    /// Very near the limit.
    SecondWarning,
    /// Limit reached.
    Capped,
}

impl World {
    /// Sets the account's limits and sends them to its pages.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.revision += 1;
        let linked = self.pages.iter();
        let linked = linked.filter(|(_, page)| matches!(page.role, Role::Linked { .. }));
        for (id, _) in linked {
            self.tell_limits(*id);
        }
    }

    /// Sends the account's limits to a page.
    pub(crate) fn tell_limits(&self, page: PageId) {
        let limits = self.limits.clone();
        self.tell(page, ToPage::Limits { limits });
    }

    /// Responds to a page's request for the account's limits.
    pub(crate) fn answer_limits(&self, page: PageId, tag: u64) {
        let limits = self.limits.clone();
        self.tell(page, ToPage::LimitsNow { tag, limits });
    }

    /// Returns whether the device on this page has yet to receive the history.
    pub(crate) fn is_new_to(&self, page: PageId) -> bool {
        self.device_on(page)
            .and_then(|device| self.devices.get(&device))
            .is_some_and(|device| !device.has_history)
    }

    /// Marks the history as received by the device on this page.
    pub(crate) fn has_history(&mut self, page: PageId) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
        {
            device.has_history = true;
            self.revision += 1;
        }
    }

    /// Sends the progress of the history.
    pub(crate) fn tell_history(&self, page: PageId, percent: u8) {
        self.tell(page, ToPage::History { percent });
    }
}
