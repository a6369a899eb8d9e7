//! Handles edits and deletions of messages that linked devices sent.

use serde::{Deserialize, Serialize};

use super::{SendBehavior, SendReply, Taken, World, now_text};
use crate::page_protocol::Outgoing;

/// An edit or a deletion that the server received from a linked device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnChange {
    /// The id of the change, used for dedup on the server.
    pub id: String,
    /// The page's full key.
    pub key: String,
    /// The id of the message that it changes.
    pub target: String,
    /// The kind of the change: `message_edit` or `sender_revoke`.
    pub kind: String,
    /// The new text.
    pub body: String,
    /// When the change first arrived, as RFC 3339.
    pub at: String,
    /// How often the change arrived. All arrivals but the first were dropped.
    pub times_received: u32,
    /// The outcome according to the rules.
    pub outcome: SendBehavior,
}

impl World {
    /// Handles an edit or a deletion from a page.
    pub(super) fn take_change(&mut self, message: Outgoing) -> Taken {
        let id = message.id.clone();
        self.revision += 1;
        if let Some(known) = self.own_changes.iter_mut().find(|known| known.id == id) {
            known.times_received += 1;
            self.duplicates += 1;
            let answer = SendReply::Ack { delivers: false };
            return Taken { id, answer };
        }
        let to = self.account_of(&self.phone_of(&message.to));
        let outcome = self
            .apply_rule(&to, |outcome| outcome != SendBehavior::UploadFailed)
            .unwrap_or_default();
        let answer = outcome.reply(false);
        if !outcome.is_taken() {
            return Taken { id, answer };
        }
        let deletes = message.details.revokes.is_some();
        let target = message.details.edits.or(message.details.revokes);
        let target = target.unwrap_or_default();
        let at = self.by_id.get(&target).copied();
        if let Some(changed) = at.and_then(|at| self.received.get_mut(at)) {
            let text = match &mut changed.details.caption {
                Some(caption) => caption,
                None => &mut changed.body,
            };
            if deletes {
                changed.deleted = true;
                text.clear();
            } else {
                let before = std::mem::replace(text, message.body.clone());
                changed.earlier.push(before);
            }
        }
        self.own_changes.push(OwnChange {
            id: id.clone(),
            key: message.key,
            target,
            kind: message.kind,
            body: message.body,
            at: now_text(),
            times_received: 1,
            outcome,
        });
        Taken { id, answer }
    }
}
