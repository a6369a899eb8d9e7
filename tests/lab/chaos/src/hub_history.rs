//! Reads the hub's history, and says what it must be by what session-manager published, and by what
//! the phone shows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::plan::{Arrival, Change, Target};
use super::record::{HubMessage, ReceivedEvents, Record};
use super::verdict::short;

/// The largest page of the hub's list.
const PAGE: usize = 200;

/// Returns all messages of the hub's history; `None` if the hub does not answer.
pub async fn read(client: &reqwest::Client, hub: &str) -> Option<Vec<HubMessage>> {
    let mut history = Vec::new();
    let mut before = String::new();
    loop {
        let url = format!("{hub}/listener/messages?direccion=todas&limite={PAGE}{before}");
        let response = client.get(url).send().await.ok()?;
        let page: Value = response.error_for_status().ok()?.json().await.ok()?;
        history.extend(page["mensajes"].as_array()?.iter().map(message));
        match &page["siguiente"] {
            Value::Null => return Some(history),
            next => before = format!("&antes={next}"),
        }
    }
}

/// Returns the hub's number of a message to this recipient, by WhatsApp's id; `None` if the hub does
/// not know the id yet, or does not answer.
pub async fn id_of(client: &reqwest::Client, hub: &str, to: &str, message_id: &str) -> Option<i64> {
    let url = format!("{hub}/api/listener/history/{to}?limite={PAGE}");
    let response = client.get(url).send().await.ok()?;
    let page: Value = response.error_for_status().ok()?.json().await.ok()?;
    let mut messages = page["mensajes"].as_array()?.iter().map(message);
    let found = messages.find(|it| short(&it.message_id) == short(message_id))?;
    Some(found.id)
}

fn message(row: &Value) -> HubMessage {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let reactions = row["reactions"].as_array().into_iter().flatten();
    HubMessage {
        id: row["id"].as_i64().unwrap_or_default(),
        message_id: text("message_id"),
        kind: text("tipo"),
        text: text("mensaje"),
        deleted: !row["deleted_at"].is_null(),
        reactions: reactions
            .map(|reaction| reaction["emoji"].as_str().unwrap_or_default().to_owned())
            .collect(),
    }
}

/// A message as the hub's history must have it.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    kind: Option<&'static str>,
    /// The text; `None` if it is not known here.
    text: Option<String>,
    deleted: bool,
    reactions: Vec<String>,
}

/// Returns how the hub's history differs from what session-manager published, and from what was
/// sent through the hub.
pub(super) fn differences(record: &Record, published: &ReceivedEvents) -> Vec<String> {
    let mut expected = published_messages(record, published);
    for message in &record.messages {
        let by_hub = message.responses.iter();
        let mut by_hub = by_hub.filter(|it| it.target == Target::Hub && it.status == Some(200));
        let id = by_hub.find_map(|response| response.message_id.as_deref());
        if let Some(id) = id {
            expected.insert(short(id), Expected::new(None, None));
        }
    }
    let changed = record.own_changes.iter();
    for change in changed.filter(|change| change.accepted && change.target == Target::Hub) {
        let id = short(&change.message_id);
        expected.entry(id).or_insert(Expected::new(None, None));
    }
    for event in &published.changes {
        // A message that was sent by session-manager alone is not in the hub's history.
        if let Some(expected) = expected.get_mut(short(&event.message_id)) {
            expected.apply(&event.change);
        }
    }
    let mut history: BTreeMap<&str, Vec<&HubMessage>> = BTreeMap::new();
    for message in &record.hub_history {
        let of_message = history.entry(short(&message.message_id)).or_default();
        of_message.push(message);
    }
    let mut differences = Vec::new();
    for (id, expected) in expected {
        match history.get(id).map(Vec::as_slice) {
            Some([message]) if expected.is(message) => {}
            found => differences.push(format!("{id} must be {expected:?}, but is {found:?}")),
        }
    }
    differences
}

/// Returns how the hub's history differs from what the phone shows of the messages that were changed
/// through the hub.
pub(super) fn differences_from_phone(record: &Record) -> Vec<String> {
    let mut changed = BTreeSet::new();
    // Nothing is known of a message with a change that was not accepted, which is reported as such.
    let mut open = BTreeSet::new();
    for change in &record.own_changes {
        let id = short(&change.message_id);
        if !change.accepted {
            open.insert(id);
        } else if change.target == Target::Hub {
            changed.insert(id);
        }
    }
    changed.retain(|id| !open.contains(id));
    let mut differences = Vec::new();
    for message in record.phone.iter().filter(|it| changed.contains(&*it.id)) {
        let history = record.hub_history.iter();
        let at_hub: Vec<_> = history
            .filter(|it| short(&it.message_id) == message.id)
            .collect();
        let is_deleted = message.deletions > 0;
        let text = match message.edits.last() {
            _ if is_deleted => "",
            Some(edit) => edit,
            None => &message.text,
        };
        let is_same = |it: &HubMessage| it.text == text && it.deleted == is_deleted;
        if !matches!(at_hub[..], [one] if is_same(one)) {
            differences.push(format!("the phone shows {message:?}, the hub {at_hub:?}"));
        }
    }
    differences
}

/// Returns the messages and calls that session-manager published, by the last part of their id.
fn published_messages<'a>(
    record: &Record,
    published: &'a ReceivedEvents,
) -> BTreeMap<&'a str, Expected> {
    let calls = record.written.iter();
    let calls = calls.filter(|written| written.arrival == Arrival::Call);
    let calls: Vec<_> = calls.map(|written| &written.message_id).collect();
    let mut expected = BTreeMap::new();
    for event in published.messages.iter().chain(&published.calls) {
        let kind = calls.contains(&&event.message_id).then_some("call");
        let message = Expected::new(kind, Some(event.text.clone()));
        // The text of a message that was unreadable is published later.
        expected.insert(short(&event.message_id), message);
    }
    expected
}

impl Expected {
    fn new(kind: Option<&'static str>, text: Option<String>) -> Self {
        Self {
            kind,
            text,
            deleted: false,
            reactions: Vec::new(),
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            _ if self.deleted => {}
            Change::Edit(text) => self.text = Some(text.clone()),
            Change::Delete => {
                self.text = Some(String::new());
                self.deleted = true;
                self.reactions.clear();
            }
            Change::React(emoji) => self.reactions = vec![emoji.clone()],
            Change::TakeReactionAway => self.reactions.clear(),
        }
    }

    fn is(&self, message: &HubMessage) -> bool {
        self.kind.is_none_or(|kind| kind == message.kind)
            && self.text.as_ref().is_none_or(|text| *text == message.text)
            && self.deleted == message.deleted
            && self.reactions == message.reactions
    }
}
