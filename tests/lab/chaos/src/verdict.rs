//! Checks a record against the guarantees. It is pure, and uses only the record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::plan::{Arrival, Change};
use super::record::{AtPhone, Message, Outcome, ReceivedEvents, Record, WrittenChange};
use super::{change_verdict, hub_history};

/// A violated guarantee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The kind of violation.
    pub kind: ViolationKind,
    /// Describes the message, by its text or id, and what is wrong with it.
    pub description: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.description)
    }
}

/// The kinds of violations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// Accepted, but not at the phone.
    Lost,
    /// At the phone more than once.
    Duplicated,
    /// At the phone before a message that was accepted earlier.
    OutOfOrder,
    /// At the phone, although the client got the answer that it was not sent.
    SentAnyway,
    /// At the phone, although nobody requested it.
    NeverRequested,
    /// The client received two ids, or one that the phone does not have.
    WrongId,
    /// Requested repeatedly, and never accepted.
    NeverAccepted,
    /// Accepted, but the ledger's status is missing, or behind the phone's.
    Unsettled,
    /// A sent message was not edited and deleted exactly as was accepted.
    WronglyChanged,
    /// Acks that go down instead of up.
    AckBackwards,
    /// Written to the account or changed, but never published.
    NotPublished,
    /// Written to the account or changed, and published more than once.
    PublishedTwice,
    /// Published with other content than was written, or although nobody wrote it.
    PublishedWrongly,
    /// The hub's history has a message not, twice, or not as it became.
    History,
    /// A received file is served incompletely, with wrong content, or not at all; or although its
    /// message was deleted.
    File,
    /// An event id is not above the previous one.
    EventIds,
    /// Something was left behind.
    LeftBehind,
    /// Memory grew.
    Memory,
    /// Another unexpected observation.
    Unexpected,
}

/// Returns the ack that the ledger must have for a message. For a message whose receipts were lost
/// with its device, the ledger needs to know only that it was accepted, and for one that was deleted
/// as well: the page no longer has it.
pub(super) fn required_ack(message: Option<&AtPhone>, lost_receipts: &BTreeSet<String>) -> i8 {
    match message {
        Some(message) if message.deletions == 0 && !lost_receipts.contains(&message.id) => {
            message.ack.max(1)
        }
        _ => 1,
    }
}

/// Returns whether everything that was written and changed was published.
pub(super) fn is_published(record: &Record, received: &ReceivedEvents) -> bool {
    let mut judge = Judge::default();
    judge.check_inbound(record, "", received);
    judge.check_changes(record, "", received);
    let mut kinds = judge.violations.iter().map(|violation| violation.kind);
    kinds.all(|kind| kind != ViolationKind::NotPublished)
}

/// Returns all violations.
#[must_use]
pub fn judge(record: &Record) -> Vec<Violation> {
    let mut judge = Judge::default();
    judge.check_messages(record);
    judge.check_order(record);
    judge.check_ledger(record);
    for (from, received) in &record.events_by_service {
        judge.check_inbound(record, from, received);
        judge.check_changes(record, from, received);
        judge.check_events(from, received);
    }
    judge.check_own_changes(record);
    judge.check_history(record);
    judge.check_files(record);
    judge.check_the_rest(record);
    judge.violations
}

#[derive(Default)]
struct Judge {
    violations: Vec<Violation>,
}

impl Judge {
    fn report(&mut self, kind: ViolationKind, description: impl Into<String>) {
        let description = description.into();
        self.violations.push(Violation { kind, description });
    }

    fn check_messages(&mut self, record: &Record) {
        let mut at_phone: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for message in &record.phone {
            at_phone.entry(&message.text).or_default().push(&message.id);
            if !ids.insert(&message.id) {
                self.report(ViolationKind::Duplicated, format!("the id {}", message.id));
            }
        }
        for message in &record.messages {
            let phone_ids = at_phone.remove(&*message.text).unwrap_or_default();
            self.check_message(message, &phone_ids);
        }
        for (text, ids) in at_phone {
            self.report(ViolationKind::NeverRequested, format!("{text:?} {ids:?}"));
        }
    }

    fn check_message(&mut self, message: &Message, phone_ids: &[&str]) {
        let text = &message.text;
        if phone_ids.len() > 1 {
            self.report(
                ViolationKind::Duplicated,
                format!("{text:?} as {phone_ids:?}"),
            );
        }
        let returned_ids: BTreeSet<_> = message.ids().collect();
        if returned_ids.len() > 1 {
            self.report(
                ViolationKind::WrongId,
                format!("{text:?} was answered with {returned_ids:?}"),
            );
        }
        match message.outcome {
            Outcome::Accepted { .. } => {
                if phone_ids.is_empty() {
                    self.report(
                        ViolationKind::Lost,
                        format!("{text:?}, answered with {returned_ids:?}"),
                    );
                }
                for id in &returned_ids {
                    if !phone_ids.is_empty() && !phone_ids.contains(&short(id)) {
                        let description =
                            format!("{text:?} was answered with {id}, the phone has {phone_ids:?}");
                        self.report(ViolationKind::WrongId, description);
                    }
                }
            }
            Outcome::GivenUp | Outcome::NotOnWhatsapp => {
                if !phone_ids.is_empty() {
                    let last_response = message.responses.last().map(|answer| &answer.code);
                    self.report(
                        ViolationKind::SentAnyway,
                        format!("{text:?}, answered with {last_response:?}"),
                    );
                }
            }
            Outcome::Open => {
                let last_response = message.responses.last();
                self.report(
                    ViolationKind::NeverAccepted,
                    format!("{text:?}, last {last_response:?}"),
                );
            }
        }
    }

    /// Checks that the server's order is the order of a careful client's requests.
    fn check_order(&mut self, record: &Record) {
        let request_order: BTreeMap<&str, usize> = record
            .messages
            .iter()
            .enumerate()
            .map(|(position, message)| (&*message.text, position))
            .collect();
        let mut last_seen: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for message in &record.phone {
            let Some(position) = request_order.get(&*message.text) else {
                continue;
            };
            if let Some((last_position, text)) = last_seen.get(&*message.to)
                && last_position > position
            {
                let description = format!("{:?} came after {text:?}", message.text);
                self.report(ViolationKind::OutOfOrder, description);
            }
            last_seen.insert(&message.to, (*position, &message.text));
        }
    }

    fn check_ledger(&mut self, record: &Record) {
        let at_phone: BTreeMap<&str, _> = record.phone.iter().map(|m| (&*m.id, m)).collect();
        for message in &record.messages {
            if !matches!(message.outcome, Outcome::Accepted { .. }) {
                continue;
            }
            let Some(id) = message.ids().next() else {
                continue;
            };
            let status = record
                .ledger_statuses
                .get(id)
                .map_or("nothing", String::as_str);
            let message_at_phone = at_phone.get(short(id)).copied();
            let required = required_ack(message_at_phone, &record.lost_receipts);
            if ack_of(status) < required {
                let text = &message.text;
                let description =
                    format!("{text:?} ({id}): {status}, but WhatsApp gave ack {required}");
                self.report(ViolationKind::Unsettled, description);
            }
        }
    }

    fn check_inbound(&mut self, record: &Record, service: &str, received: &ReceivedEvents) {
        let mut messages: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for event in &received.messages {
            messages.entry(&event.message_id).or_default().push(event);
        }
        let mut calls: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for event in &received.calls {
            calls.entry(&event.message_id).or_default().push(event);
        }
        let mut changes: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for change in &record.contact_changes {
            changes.entry(&change.message_id).or_default().push(change);
        }
        for written in &record.written {
            let id = &written.message_id;
            let label = || {
                format!(
                    "{service}: {:?} ({id}, {:?})",
                    written.text, written.arrival
                )
            };
            let unmatched = match written.arrival {
                Arrival::Call => &mut calls,
                _ => &mut messages,
            };
            let changes = changes.remove(&**id).unwrap_or_default();
            // A message that stays unreadable for long is published as unreadable once, and later
            // with its content.
            let events = unmatched.remove(&**id).unwrap_or_default();
            let (unreadable, events): (Vec<_>, Vec<_>) =
                events.into_iter().partition(|event| event.unreadable);
            let max_unreadable = usize::from(matches!(written.arrival, Arrival::Ciphertext(_)));
            if unreadable.len() > max_unreadable {
                self.report(
                    ViolationKind::PublishedTwice,
                    format!("{} as unreadable", label()),
                );
            }
            if events.is_empty() && !is_deleted_unpublished(&changes) {
                self.report(ViolationKind::NotPublished, label());
            }
            if events.len() > 1 {
                let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
                self.report(
                    ViolationKind::PublishedTwice,
                    format!("{} as {ids:?}", label()),
                );
            }
            for event in events {
                let is_own = written.arrival == Arrival::Own;
                // The account is the sender of its own messages.
                let is_sender_right = is_own || event.phone.as_ref() == Some(&written.number);
                let is_text_right =
                    event.text == written.text || is_unpublished_edit(&changes, &event.text);
                if !is_text_right || event.from_me != is_own || !is_sender_right {
                    self.report(
                        ViolationKind::PublishedWrongly,
                        format!("{}: {event:?}", label()),
                    );
                }
            }
        }
        for (id, events) in messages.into_iter().chain(calls) {
            let text = &events[0].text;
            let description = format!("{service}: {id} {text:?}: nobody wrote it");
            self.report(ViolationKind::PublishedWrongly, description);
        }
    }

    fn check_changes(&mut self, record: &Record, service: &str, received: &ReceivedEvents) {
        for (kind, description) in change_verdict::check(record, received) {
            self.report(kind, format!("{service}: {description}"));
        }
    }

    fn check_own_changes(&mut self, record: &Record) {
        for (kind, description) in change_verdict::check_own(record) {
            self.report(kind, description);
        }
    }

    fn check_history(&mut self, record: &Record) {
        let Some(published) = record.events_by_service.get("session-manager") else {
            return;
        };
        let differences = hub_history::differences(record, published).into_iter();
        for description in differences.chain(hub_history::differences_from_phone(record)) {
            self.report(ViolationKind::History, description);
        }
    }

    fn check_files(&mut self, record: &Record) {
        for file in &record.files {
            let is_absent = file.status != 0 && file.status != 200;
            let is_right = if file.is_deleted {
                is_absent
            } else {
                file.is_whole || file.may_be_gone && is_absent
            };
            if !is_right {
                self.report(ViolationKind::File, format!("{file:?}"));
            }
        }
    }

    fn check_events(&mut self, service: &str, received: &ReceivedEvents) {
        for (name, ids) in [
            (
                "message",
                collect_ids(received.messages.iter().map(|e| e.event_id)),
            ),
            ("ack", collect_ids(received.acks.iter().map(|e| e.event_id))),
            (
                "call",
                collect_ids(received.calls.iter().map(|e| e.event_id)),
            ),
            (
                "change",
                collect_ids(received.changes.iter().map(|e| e.event_id)),
            ),
        ] {
            for pair in ids.windows(2).filter(|pair| pair[0] >= pair[1]) {
                let description = format!("{service}: {name} event {} after {}", pair[1], pair[0]);
                self.report(ViolationKind::EventIds, description);
            }
        }
        let mut highest: BTreeMap<&str, i64> = BTreeMap::new();
        for event in &received.acks {
            let highest = highest.entry(short(&event.message_id)).or_insert(event.ack);
            // A failure is not a step back, since a failed message may be sent again.
            if event.ack >= 0 && event.ack < *highest {
                let (id, ack) = (&event.message_id, event.ack);
                let event_id = event.event_id;
                let description =
                    format!("{service}: {id}: {ack} after {highest} (event {event_id})");
                self.report(ViolationKind::AckBackwards, description);
            }
            *highest = event.ack.max(*highest);
        }
    }

    fn check_the_rest(&mut self, record: &Record) {
        for leftover in &record.leftovers {
            self.report(ViolationKind::LeftBehind, leftover);
        }
        for memory in &record.memory {
            if memory.after_kib > memory.before_kib + memory.max_growth_kib {
                let (process, before, after) =
                    (&memory.process, memory.before_kib, memory.after_kib);
                let limit = memory.max_growth_kib;
                let description = format!(
                    "{process}: {before} KiB, then {after} KiB; {limit} KiB more are allowed"
                );
                self.report(ViolationKind::Memory, description);
            }
        }
        for (at_ms, description) in &record.unexpected {
            self.report(
                ViolationKind::Unexpected,
                format!("at {at_ms} ms: {description}"),
            );
        }
    }
}

/// Returns whether the message was deleted before it was published. Nothing needs to be published
/// of it then.
fn is_deleted_unpublished(changes: &[&WrittenChange]) -> bool {
    let mut changes = changes.iter();
    changes.any(|made| made.change == Change::Delete && !made.was_published)
}

/// Returns whether the message got this text before it was published, so that it may be published
/// with it.
fn is_unpublished_edit(changes: &[&WrittenChange], text: &str) -> bool {
    let mut changes = changes.iter().filter(|made| !made.was_published);
    changes.any(|made| matches!(&made.change, Change::Edit(edited) if edited == text))
}

fn collect_ids(ids: impl Iterator<Item = u64>) -> Vec<u64> {
    ids.collect()
}

/// Returns the part of WhatsApp's id by which the server identifies messages.
pub(super) fn short(id: &str) -> &str {
    id.rsplit('_').next().unwrap_or(id)
}

/// Returns the ack that corresponds to a status.
pub(super) fn ack_of(status: &str) -> i8 {
    match status {
        "sent" => 1,
        "delivered" => 2,
        "read" => 3,
        "played" => 4,
        _ => 0,
    }
}
