//! Messages out, acks, messages in, and which numbers have WhatsApp.

use std::time::Duration;

use super::{
    Device, Outcome, Page, PageId, Received, Refusal, Role, Rule, World, lid_of, now_text,
    random_id,
};
use crate::view::LeadMessage;
use crate::wire::{Blocked, Change, ChangeKind, Incoming, Outgoing, Saved, ToPage};

/// So many messages a newly linked device gets to see.
const HISTORY: usize = 500;

/// What became of a message that came from a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) id: String,
    /// Answer this after the server's time, if at all.
    pub(crate) answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Ack 1, and the later ones if `delivers`.
    Ack {
        delivers: bool,
    },
    Refuse {
        result: &'static str,
        error_code: Option<u16>,
    },
    Nothing,
}

/// Something that is due after a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Later {
    pub(crate) after: Duration,
    pub(crate) key: String,
    pub(crate) body: String,
}

impl World {
    /// A message comes from a page. None from a page that is no device.
    pub(crate) fn take(&mut self, page: PageId, mut message: Outgoing) -> Option<Taken> {
        let Some(Page {
            role: Role::Linked { .. },
            ..
        }) = self.pages.get(&page)
        else {
            return None;
        };
        let id = message.id.clone();
        if let Some(known) = self
            .by_id
            .get(&id)
            .and_then(|at| self.received.get_mut(*at))
        {
            // The server has seen this id: dropped, yet acknowledged.
            known.times_received += 1;
            self.duplicates += 1;
            self.revision += 1;
            return Some(Taken {
                id,
                answer: Answer::Ack { delivers: false },
            });
        }
        let to = self.phone_of(&message.to);
        let outcome = if self.fill_in(&mut message.details) {
            self.apply_rule(&to, |outcome| outcome != Outcome::UploadFailed)
                .unwrap_or_default()
        } else {
            // It speaks of a file that is not here.
            Outcome::Refuse
        };
        let refused = |result, error_code| Answer::Refuse { result, error_code };
        let answer = match outcome {
            Outcome::Ok | Outcome::UploadFailed => Answer::Ack {
                delivers: self.on_whatsapp(&to),
            },
            Outcome::Silent | Outcome::Lost => Answer::Nothing,
            Outcome::Refuse => refused("ERROR_UNKNOWN", Some(479)),
            Outcome::ReachOut463 => refused("ERROR_UNKNOWN", Some(463)),
            Outcome::NewChats475 => refused("ERROR_UNKNOWN", Some(475)),
            Outcome::Unknown | Outcome::UnknownTaken => refused("ERROR_UNKNOWN", None),
            Outcome::NetworkError => refused("ERROR_NETWORK", None),
            Outcome::Expired => refused("ERROR_EXPIRED", None),
        };
        if matches!(
            outcome,
            Outcome::Ok | Outcome::Silent | Outcome::UnknownTaken
        ) {
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
            });
        } else {
            self.refusals.push(Refusal {
                id: id.clone(),
                to,
                outcome,
                at: now_text(),
            });
        }
        self.revision += 1;
        Some(Taken { id, answer })
    }

    /// The rule for this number among those that are `meant`.
    pub(super) fn apply_rule(
        &mut self,
        to: &str,
        meant: impl Fn(Outcome) -> bool,
    ) -> Option<Outcome> {
        // A rule for a number goes before one for all; the newest first.
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

    /// Lay down a rule. A plain `ok` for everything takes rules away.
    pub(crate) fn set_rule(&mut self, rule: Rule) {
        self.rules.retain(|old| old.to != rule.to);
        if rule.outcome == Outcome::Ok && rule.count.is_none() {
            if rule.to.is_none() {
                self.rules.clear();
            }
        } else if rule.count != Some(0) {
            self.rules.push(rule);
        }
    }

    /// Give an ack for a message, by its id or its full key.
    pub(crate) fn ack(&mut self, id: &str, ack: i8) -> bool {
        let id = id.rsplit('_').next().unwrap_or(id);
        let Some(message) = self.by_id.get(id).and_then(|at| self.received.get_mut(*at)) else {
            return false;
        };
        if message.acks.last() != Some(&ack) {
            message.acks.push(ack);
        }
        let key = message.key.clone();
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

    /// The server's no to a message, told to the page it came from.
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

    /// A lead writes. The second is when the text of a ciphertext is due.
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
        let (kind, mut fields) = lead.content.fields(&lead.body, &me, &chat);
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
        });
        (message, later)
    }

    /// The account's owner writes on the phone itself.
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

    /// The other side of a message's chat edits it, takes it back or reacts to
    /// it; gives the change's own key. `None`: that is no message's key.
    pub(crate) fn lead_changes(
        &mut self,
        target: &str,
        kind: ChangeKind,
        text: &str,
    ) -> Option<String> {
        let mut parts = target.splitn(3, '_');
        let (own, chat) = (parts.next()?, parts.next()?.to_owned());
        parts.next()?;
        // What somebody else wrote can only be reacted to.
        if kind != ChangeKind::Reaction && own != "false" {
            return None;
        }
        let phone = self.phone_of(&chat);
        let id = random_id("3A");
        let message = Incoming {
            key: format!("false_{chat}_{id}"),
            id,
            chat,
            from_me: false,
            body: String::new(),
            ciphertext: false,
            kind: Some("protocol".to_owned()),
            subtype: None,
            fields: serde_json::Map::new(),
            change: Some(Change {
                kind,
                target: target.to_owned(),
                text: text.to_owned(),
            }),
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
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        // A later device gets what became of a message with the message.
        if message.change.is_none() {
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

    /// A ciphertext can be read now.
    pub(crate) fn reveal(&mut self, later: &Later) {
        self.ciphertexts = self.ciphertexts.saturating_sub(1);
        for device in self.devices.values_mut() {
            for waiting in device.inbox.iter_mut().filter(|m| m.key == later.key) {
                waiting.ciphertext = false;
            }
        }
        let line = ToPage::Reveal {
            key: later.key.clone(),
            body: later.body.clone(),
        };
        for page in self.pages.values() {
            if matches!(page.role, Role::Linked { live: true, .. }) {
                let _ = page.tx.send(line.clone());
            }
        }
    }

    /// The page stored these; they need not come again.
    pub(crate) fn got(&mut self, page: PageId, keys: &[String]) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
        {
            device.inbox.retain(|message| !keys.contains(&message.key));
            self.revision += 1;
        }
    }

    /// The page stored this ack; what is below it need not come again either.
    pub(crate) fn got_ack(&mut self, page: PageId, key: &str, ack: i8) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
            && device.receipts.get(key).is_some_and(|known| *known <= ack)
        {
            device.receipts.remove(key);
            self.revision += 1;
        }
    }

    /// What waits for the device on this page.
    pub(crate) fn waiting(&self, page: PageId) -> Vec<Incoming> {
        self.device_on(page)
            .and_then(|device| self.devices.get(&device))
            .map(|Device { inbox, .. }| inbox.iter().map(unread).collect())
            .unwrap_or_default()
    }

    /// One step of a sync.
    pub(crate) fn sync_step(&self, page: PageId, percent: u8, messages: Vec<Incoming>) {
        self.tell(page, ToPage::Sync { percent, messages });
    }

    /// The page is connected: from now on messages come as they are written, and
    /// what arrived while away is still to come.
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

    /// What arrived while away, or while the sync ran, but for what is `known`.
    pub(crate) fn offline(&mut self, page: PageId, known: &[Incoming]) {
        // What could not be read when it was sent may be readable by now, and
        // nobody has told the page so.
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

    /// The page has all of it.
    pub(crate) fn offline_end(&self, page: PageId) {
        self.tell(page, ToPage::OfflineEnd);
    }

    /// The page shows the account as online, or not.
    pub(crate) fn set_available(&mut self, page: PageId, available: bool) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
        {
            device.available = available;
        }
    }

    /// The page acknowledged the "What's new" dialog.
    pub(crate) fn whats_new_seen(&mut self, page: PageId) {
        if let Some(device) = self.device_on(page)
            && let Some(device) = self.devices.get_mut(&device)
        {
            device.whats_new_seen = true;
            self.revision += 1;
        }
    }

    /// What the phone has saved and whom it has blocked, for one page or all.
    pub(crate) fn tell_contacts(&self, only: Option<PageId>) {
        let people = || self.people.iter();
        let line = ToPage::Contacts {
            saved: people()
                .filter_map(|(user, person)| {
                    let (user, name) = (user.clone(), person.saved.clone()?);
                    Some(Saved { user, name })
                })
                .collect(),
            blocked: people()
                .filter(|(_, person)| person.blocked)
                .map(|(user, _)| Blocked {
                    user: user.clone(),
                    lid: lid_of(user),
                })
                .collect(),
        };
        for (id, page) in &self.pages {
            let meant = only.is_none_or(|only| only == *id);
            if meant && matches!(page.role, Role::Linked { .. }) {
                let _ = page.tx.send(line.clone());
            }
        }
    }

    /// Does a number, or the one behind a LID, have WhatsApp?
    pub(crate) fn answer_exists(&mut self, page: PageId, tag: u64, user: &str, server: &str) {
        if self.settings.query_fails {
            let code = "query_failed";
            return self.tell(page, ToPage::Failed { tag, code });
        }
        let phone = self.phone_of(&format!("{user}@{server}"));
        let on_whatsapp = self.on_whatsapp(&phone);
        if on_whatsapp {
            // So that the LID can be traced back to the number.
            self.people.entry(phone.clone()).or_default();
        }
        let lid = lid_of(&phone);
        self.tell(
            page,
            ToPage::Exists {
                tag,
                on_whatsapp,
                user: phone,
                lid,
            },
        );
    }
}

/// A message as the page gets it: a ciphertext comes without its text.
fn unread(message: &Incoming) -> Incoming {
    let mut message = message.clone();
    if message.ciphertext {
        message.body.clear();
        message.fields.clear();
    }
    message
}
