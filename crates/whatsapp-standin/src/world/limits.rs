//! Simulated account limits.

use serde::{Deserialize, Serialize};

use super::{PageId, Role, World};
use crate::wire::ToPage;

/// What WhatsApp lets the account do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The lock on writing to people who never wrote, while there is one.
    pub reach_out: Option<ReachOutLock>,
    /// The monthly limit on new chats, for an account that has one.
    pub new_chats: Option<NewChats>,
}

/// The lock on writing to people who never wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReachOutLock {
    /// When it ends, in milliseconds since 1970.
    pub until_ms: i64,
    /// WhatsApp's word for its kind.
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
    /// How near it is.
    pub status: CappingStatus,
    /// Chats begun in this cycle.
    pub used: i64,
    /// How many there may be; -1 is without an end.
    pub total: i64,
    /// When the cycle ends, in seconds since 1970.
    pub cycle_end_s: i64,
}

/// How near the limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CappingStatus {
    /// Far.
    None,
    /// Near.
    FirstWarning,
    /// Very near.
    SecondWarning,
    /// Reached.
    Capped,
}

impl World {
    /// Changes what the account may do, and tells its pages.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.revision += 1;
        let linked = self.pages.iter();
        let linked = linked.filter(|(_, page)| matches!(page.role, Role::Linked { .. }));
        for (id, _) in linked {
            self.tell_limits(*id);
        }
    }

    /// Tells a page what the account may do.
    pub(crate) fn tell_limits(&self, page: PageId) {
        let limits = self.limits.clone();
        self.tell(page, ToPage::Limits { limits });
    }

    /// A page asks what the account may do.
    pub(crate) fn answer_limits(&self, page: PageId, tag: u64) {
        let limits = self.limits.clone();
        self.tell(page, ToPage::LimitsNow { tag, limits });
    }

    /// Whether the device on this page never got the history.
    pub(crate) fn is_new_to(&self, page: PageId) -> bool {
        self.device_on(page)
            .and_then(|device| self.devices.get(&device))
            .is_some_and(|device| !device.has_history)
    }

    /// The device on this page has the history.
    pub(crate) fn has_history(&mut self, page: PageId) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
        {
            device.has_history = true;
            self.revision += 1;
        }
    }

    /// How far the history is.
    pub(crate) fn tell_history(&self, page: PageId, percent: u8) {
        self.tell(page, ToPage::History { percent });
    }
}
