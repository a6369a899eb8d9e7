//! Tracks what leads see of the account besides its messages (read receipts, typing), and what the
//! account sees of them (about texts, pictures).

use serde::Serialize;

use super::{PageId, World, now_text};
use crate::page_protocol::{ChatActivity, ToPage};

/// Maximum number of entries that each list keeps.
const KEPT: usize = 1_000;

/// The receipt that the account read a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadReceipt {
    /// The lead's phone number.
    pub to: String,
    /// The key of the last message that was read.
    pub key: String,
    /// Number of messages that were unread.
    pub count: u32,
    /// When the chat was read, as RFC 3339.
    pub at: String,
}

/// An activity of the account that a chat showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownActivity {
    /// The lead's phone number.
    pub to: String,
    /// The activity.
    pub state: ChatActivity,
    /// Since when it was shown, as RFC 3339.
    pub at: String,
}

impl World {
    /// Records that a page read a chat.
    pub(crate) fn seen(&mut self, page: PageId, chat: &str, key: String, count: u32) {
        if self.device_on(page).is_none() {
            return;
        }
        self.reads.push(ReadReceipt {
            to: self.account_of(&self.phone_of(chat)),
            key,
            count,
            at: now_text(),
        });
        let surplus = self.reads.len().saturating_sub(KEPT);
        self.reads.drain(..surplus);
    }

    /// Records the activity of the account that a chat shows.
    pub(crate) fn chat_state(&mut self, page: PageId, chat: &str, state: ChatActivity) {
        if self.device_on(page).is_none() {
            return;
        }
        self.activity.push(ShownActivity {
            to: self.account_of(&self.phone_of(chat)),
            state,
            at: now_text(),
        });
        let surplus = self.activity.len().saturating_sub(KEPT);
        self.activity.drain(..surplus);
    }

    /// Returns the numbers whose chats show the account as active now.
    pub(crate) fn active_chats(&self) -> Vec<String> {
        let mut active: Vec<String> = Vec::new();
        for shown in &self.activity {
            active.retain(|to| *to != shown.to);
            if shown.state != ChatActivity::Paused {
                active.push(shown.to.clone());
            }
        }
        active
    }

    /// Responds with a contact's about text and picture.
    pub(crate) fn answer_profile(&self, page: PageId, tag: u64, user: &str, server: &str) {
        let phone = self.account_of(&self.phone_of(&format!("{user}@{server}")));
        let person = self.people.get(&phone);
        let line = ToPage::Profile {
            tag,
            about: person.and_then(|person| person.about.clone()),
            picture: person.and_then(|person| person.picture.clone()),
        };
        self.tell(page, line);
    }
}
