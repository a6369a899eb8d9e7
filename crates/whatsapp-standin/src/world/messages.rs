//! Handles outbound messages, acks and inbound messages.

use std::time::Duration;

use super::{
    ConnectedPage, Device, PageId, Received, RefusedMessage, Role, Rule, SendBehavior, World,
    lid_of, now_text, random_id,
};
use crate::page_protocol::{Change, ChangeKind, Incoming, Outgoing, ToPage};
use crate::phone_api_types::LeadMessage;

/// Number of messages that a newly linked device receives.
const HISTORY: usize = 500;

/// The result of handling a message from a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) id: String,
    /// The reply, sent after the server's delay.
    pub(crate) answer: SendReply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendReply {
    /// Ack 1, followed by the later ones if `delivers`.
    Ack {
        delivers: bool,
    },
    Refuse {
        result: &'static str,
        error_code: Option<u16>,
    },
    Nothing,
}

impl SendBehavior {
    /// Returns the reply to the page.
    pub(super) fn reply(self, delivers: bool) -> SendReply {
        let refused = |result, error_code| SendReply::Refuse { result, error_code };
        match self {
            Self::Ok | Self::UploadFailed => SendReply::Ack { delivers },
            Self::Silent | Self::Lost => SendReply::Nothing,
            Self::Refuse => refused("ERROR_UNKNOWN", Some(479)),
            Self::ReachOut463 => refused("ERROR_UNKNOWN", Some(463)),
            Self::NewChats475 => refused("ERROR_UNKNOWN", Some(475)),
            Self::Unknown | Self::UnknownTaken => refused("ERROR_UNKNOWN", None),
            Self::NetworkError => refused("ERROR_NETWORK", None),
            Self::Expired => refused("ERROR_EXPIRED", None),
        }
    }

    /// Returns whether the server has the message.
    pub(super) fn is_taken(self) -> bool {
        matches!(self, Self::Ok | Self::Silent | Self::UnknownTaken)
    }
}

/// An unreadable message that is revealed after a delay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Later {
    pub(crate) after: Duration,
    pub(crate) key: String,
    pub(crate) body: String,
    /// The page's type of the message, if it is not text.
    pub(crate) kind: Option<String>,
    /// Whether the message changes another one instead of being a message.
    pub(crate) is_change: bool,
}

impl World {
    /// Handles a message from a page. Returns `None` if the page is not a device.
    pub(crate) fn take(&mut self, page: PageId, mut message: Outgoing) -> Option<Taken> {
        let Some(ConnectedPage {
            role: Role::Linked { .. },
            ..
        }) = self.pages.get(&page)
        else {
            return None;
        };
        if message.details.edits.is_some() || message.details.revokes.is_some() {
            return Some(self.take_change(message));
        }
        let id = message.id.clone();
        if let Some(known) = self
            .by_id
            .get(&id)
            .and_then(|at| self.received.get_mut(*at))
        {
            // The id is known, so the message is dropped but acknowledged.
            known.times_received += 1;
            self.duplicates += 1;
            self.revision += 1;
            return Some(Taken {
                id,
                answer: SendReply::Ack { delivers: false },
            });
        }
        let to = self.account_of(&self.phone_of(&message.to));
        let outcome = if self.fill_in(&mut message.details) {
            self.apply_rule(&to, |outcome| outcome != SendBehavior::UploadFailed)
                .unwrap_or_default()
        } else {
            // The message refers to a file that was not uploaded.
            SendBehavior::Refuse
        };
        let answer = outcome.reply(self.on_whatsapp(&to));
        if outcome.is_taken() {
            self.by_id.insert(id.clone(), self.received.len());
            self.received.push(Received {
                id: id.clone(),
                key: message.key,
                to,
                chat: message.to,
                body: message.body,
                kind: message.kind,
                at: now_text(),
                times_received: 1,
                acks: Vec::new(),
                outcome,
                details: message.details,
                earlier: Vec::new(),
                deleted: false,
            });
        } else {
            self.refusals.push(RefusedMessage {
                id: id.clone(),
                to,
                outcome,
                at: now_text(),
            });
        }
        self.revision += 1;
        Some(Taken { id, answer })
    }

    /// Applies the rule for this number, considering only rules that `meant` accepts.
    pub(super) fn apply_rule(
        &mut self,
        to: &str,
        meant: impl Fn(SendBehavior) -> bool,
    ) -> Option<SendBehavior> {
        // A rule for one number takes precedence over a rule for all. The newest applies first.
        let find = |whom: Option<&str>| {
            let fits = |rule: &Rule| rule.to.as_deref() == whom && meant(rule.outcome);
            self.rules.iter().rposition(fits)
        };
        let at = find(Some(to)).or_else(|| find(None))?;
        let rule = &mut self.rules[at];
        let outcome = rule.outcome;
        if let Some(count) = &mut rule.count {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.rules.remove(at);
            }
        }
        Some(outcome)
    }

    /// Sets a rule. A plain `ok` for everything removes all rules.
    pub(crate) fn set_rule(&mut self, rule: Rule) {
        self.rules.retain(|old| old.to != rule.to);
        if rule.outcome == SendBehavior::Ok && rule.count.is_none() {
            if rule.to.is_none() {
                self.rules.clear();
            }
        } else if rule.count != Some(0) {
            self.rules.push(rule);
        }
    }

    /// Sends an ack for a message, which is given by its id or its full key.
    pub(crate) fn ack(&mut self, id: &str, ack: i8) -> bool {
        let id = id.rsplit('_').next().unwrap_or(id);
        let message = self.by_id.get(id).and_then(|at| self.received.get_mut(*at));
        let key = match message {
            Some(message) => {
                if message.acks.last() != Some(&ack) {
                    message.acks.push(ack);
                }
                message.key.clone()
            }
            None => match self.own_changes.iter().find(|change| change.id == id) {
                Some(change) => change.key.clone(),
                None => return false,
            },
        };
        self.revision += 1;
        for device in self.devices.values_mut() {
            let known = device.receipts.entry(key.clone()).or_insert(ack);
            *known = ack.max(*known);
            let page = self.pages.values().find(|page| {
                matches!(&page.role, Role::Linked { device: on, live: true } if *on == device.id)
            });
            if let Some(page) = page {
                let key = key.clone();
                let _ = page.tx.send(ToPage::Ack { key, ack });
            }
        }
        true
    }

    /// Sends the server's rejection of a message to its page.
    pub(crate) fn refuse(
        &self,
        page: PageId,
        key: String,
        result: &'static str,
        error_code: Option<u16>,
    ) {
        self.tell(
            page,
            ToPage::Refused {
                key,
                result,
                error_code,
            },
        );
    }

    /// Sends a message from a lead. The second value reveals the message if it is a ciphertext.
    pub(crate) fn lead_writes(&mut self, lead: &LeadMessage) -> (Incoming, Option<Later>) {
        let person = self.people.entry(lead.from.clone()).or_default();
        person.on_whatsapp = Some(true);
        if let Some(name) = &lead.name {
            person.name = Some(name.clone());
        }
        let name = person.name.clone().unwrap_or_default();
        let lid = lid_of(&lead.from);
        let chat = if lead.lid || self.settings.lid_migrated {
            format!("{lid}@lid")
        } else {
            format!("{}@c.us", lead.from)
        };
        let id = random_id("3A");
        let me = format!("{}@c.us", self.settings.me);
        let quoted = lead.content.quoted.as_deref();
        let quoted = quoted.and_then(|key| self.quoted_content(key));
        let (kind, mut fields) = lead.content.fields(&lead.body, &me, &chat, quoted.as_ref());
        if let Some(media) = &lead.content.media
            && let Some(upload) = self.media.get(&media.path)
        {
            fields.entry("size").or_insert(upload.size.into());
        }
        let kind = lead.kind.clone().or(kind);
        if kind.as_deref() == Some("call_log") {
            fields.insert("callOutcome".to_owned(), "Missed".into());
        }
        let message = Incoming {
            key: format!("false_{chat}_{id}"),
            id,
            chat,
            from_me: false,
            body: lead.body.clone(),
            ciphertext: lead.ciphertext_ms > 0 || lead.view_once,
            kind,
            fields,
            change: None,
            subtype: lead
                .view_once
                .then(|| "view_once_unavailable_fanout".to_owned()),
            name,
            phone: (lead.phone_known || !lead.lid).then(|| lead.from.clone()),
            lid: lead.phone_known.then_some(lid),
            at: jiff::Timestamp::now().as_second() - i64::from(lead.age_s),
            history: false,
        };
        self.inbound += 1;
        self.deliver(&message);
        let opens = message.ciphertext && !lead.view_once;
        self.ciphertexts += usize::from(opens);
        let later = opens.then(|| Later {
            after: Duration::from_millis(lead.ciphertext_ms),
            key: message.key.clone(),
            body: lead.body.clone(),
            kind: lead.opens_as.clone(),
            is_change: lead.opens_as_change,
        });
        (message, later)
    }

    /// Sends a message as the owner, from the phone itself.
    pub(crate) fn owner_writes(&mut self, to: &str, body: &str) -> Incoming {
        self.people.entry(to.to_owned()).or_default();
        let lid = lid_of(to);
        let chat = if self.settings.lid_migrated {
            format!("{lid}@lid")
        } else {
            format!("{to}@c.us")
        };
        let id = random_id("3A");
        let message = Incoming {
            key: format!("true_{chat}_{id}"),
            id,
            chat,
            from_me: true,
            body: body.to_owned(),
            ciphertext: false,
            kind: None,
            subtype: None,
            fields: serde_json::Map::new(),
            change: None,
            name: String::new(),
            phone: Some(to.to_owned()),
            lid: Some(lid),
            at: jiff::Timestamp::now().as_second(),
            history: false,
        };
        self.deliver(&message);
        message
    }

    /// Edits, deletes or reacts to a message as the contact of its chat. Returns the change's own
    /// key; `None` if the target is not a valid message key.
    pub(crate) fn lead_changes(
        &mut self,
        target: &str,
        kind: ChangeKind,
        text: &str,
    ) -> Option<String> {
        // A contact can edit or delete only their own messages.
        if kind != ChangeKind::Reaction && !target.starts_with("false_") {
            return None;
        }
        let change = Change {
            kind,
            target: target.to_owned(),
            text: text.to_owned(),
            account_at: None,
        };
        self.deliver_change(change)
    }

    /// Reacts to a message as the account's owner, from the phone. Returns the reaction's own key;
    /// `None` if the target is not a valid message key.
    pub(crate) fn owner_reacts(&mut self, target: &str, emoji: &str) -> Option<String> {
        self.deliver_change(Change {
            kind: ChangeKind::Reaction,
            target: target.to_owned(),
            text: emoji.to_owned(),
            account_at: Some(jiff::Timestamp::now().as_millisecond()),
        })
    }

    fn deliver_change(&mut self, change: Change) -> Option<String> {
        let mut parts = change.target.splitn(3, '_');
        let (_, chat) = (parts.next()?, parts.next()?.to_owned());
        parts.next()?;
        let from_me = change.account_at.is_some();
        let phone = self.phone_of(&chat);
        let id = random_id("3A");
        let message = Incoming {
            key: format!("{from_me}_{chat}_{id}"),
            id,
            chat,
            from_me,
            body: String::new(),
            ciphertext: false,
            kind: Some("protocol".to_owned()),
            subtype: None,
            fields: serde_json::Map::new(),
            change: Some(Box::new(change)),
            name: String::new(),
            lid: Some(lid_of(&phone)),
            phone: Some(phone),
            at: jiff::Timestamp::now().as_second(),
            history: false,
        };
        self.deliver(&message);
        Some(message.key)
    }

    fn deliver(&mut self, message: &Incoming) {
        self.revision += 1;
        // A device that is linked later receives messages without their changes.
        if let Some(change) = &message.change {
            self.lead_changes.push((**change).clone());
        } else {
            if self.history.len() == HISTORY {
                self.history.pop_front();
            }
            self.history.push_back(Incoming {
                ciphertext: message.subtype.is_some(),
                history: true,
                ..message.clone()
            });
        }
        for device in self.devices.values_mut() {
            device.inbox.push_back(message.clone());
        }
        for page in self.pages.values() {
            let live = matches!(page.role, Role::Linked { live: true, .. });
            if live && page.caught_up {
                let _ = page.tx.send(ToPage::Message {
                    message: unread(message),
                });
            }
        }
    }

    /// Makes a ciphertext readable.
    pub(crate) fn reveal(&mut self, later: &Later) {
        self.ciphertexts = self.ciphertexts.saturating_sub(1);
        for device in self.devices.values_mut() {
            for waiting in device.inbox.iter_mut().filter(|m| m.key == later.key) {
                waiting.ciphertext = false;
                waiting.kind.clone_from(&later.kind);
            }
            if later.is_change {
                device.inbox.retain(|waiting| waiting.key != later.key);
            }
        }
        let line = ToPage::Reveal {
            key: later.key.clone(),
            body: later.body.clone(),
            kind: later.kind.clone(),
            is_change: later.is_change,
        };
        for page in self.pages.values() {
            if matches!(page.role, Role::Linked { live: true, .. }) {
                let _ = page.tx.send(line.clone());
            }
        }
    }

    /// Removes from the queue the messages that the page has stored.
    pub(crate) fn got(&mut self, page: PageId, keys: &[String]) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
        {
            device.inbox.retain(|message| !keys.contains(&message.key));
            self.revision += 1;
        }
    }

    /// Removes from the queue an ack that the page has stored, and all lower acks.
    pub(crate) fn got_ack(&mut self, page: PageId, key: &str, ack: i8) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
            && device.receipts.get(key).is_some_and(|known| *known <= ack)
        {
            device.receipts.remove(key);
            self.revision += 1;
        }
    }

    /// Returns the messages that the device on this page has not confirmed.
    pub(crate) fn waiting(&self, page: PageId) -> Vec<Incoming> {
        self.device_on(page)
            .and_then(|device| self.devices.get(&device))
            .map(|Device { inbox, .. }| inbox.iter().map(unread).collect())
            .unwrap_or_default()
    }

    /// Sends one step of a sync.
    pub(crate) fn sync_step(&self, page: PageId, percent: u8, messages: Vec<Incoming>) {
        self.tell(page, ToPage::Sync { percent, messages });
    }

    /// Marks the page as connected: new messages are sent live, and those that were received while
    /// offline are still to come.
    pub(crate) fn sync_done(&mut self, id: PageId) {
        let Some(page) = self.pages.get_mut(&id) else {
            return;
        };
        let Role::Linked { device, live } = &mut page.role else {
            return;
        };
        *live = true;
        let receipts = self
            .devices
            .get(device)
            .map(|device| device.receipts.clone())
            .unwrap_or_default();
        for (key, ack) in receipts {
            let _ = page.tx.send(ToPage::Ack { key, ack });
        }
        let _ = page.tx.send(ToPage::SyncDone);
    }

    /// Sends the messages that were received while offline or during the sync, except `known`.
    pub(crate) fn offline(&mut self, page: PageId, known: &[Incoming]) {
        // A message that was sent as unreadable may have become readable without an event to the
        // page.
        let has = |m: &Incoming| known.iter().any(|s| s.key == m.key && !s.ciphertext);
        let mut messages = self.waiting(page);
        messages.retain(|m| !has(m));
        if let Some(page) = self.pages.get_mut(&page) {
            page.caught_up = true;
        }
        if !messages.is_empty() {
            self.tell(page, ToPage::Offline { messages });
        }
    }

    /// Ends the offline delivery.
    pub(crate) fn offline_end(&self, page: PageId) {
        self.tell(page, ToPage::OfflineEnd);
    }

    /// Sets whether the page shows the account as online.
    pub(crate) fn set_available(&mut self, page: PageId, available: bool) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
        {
            device.available = available;
        }
    }

    /// Records that the page acknowledged the "What's new" dialog.
    pub(crate) fn whats_new_seen(&mut self, page: PageId) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
        {
            device.whats_new_seen = true;
            self.revision += 1;
        }
    }
}

/// Converts a message for the page: a ciphertext is sent without its text.
fn unread(message: &Incoming) -> Incoming {
    let mut message = message.clone();
    if message.ciphertext {
        message.body.clear();
        message.fields.clear();
    }
    message
}
