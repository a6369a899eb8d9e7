//! Reads the hub's history, and says what it must be by what session-manager published.

use std::collections::BTreeMap;

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
