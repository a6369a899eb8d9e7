//! Records a run as clients, phone and listeners saw it. All times are in milliseconds since the
//! start.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::plan::{Action, Arrival, Change, ClientBehavior, Target};

/// All data that the verdict needs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Record {
    /// The requested messages, with all responses.
    pub messages: Vec<Message>,
    /// The messages that WhatsApp's server accepted, in the server's order.
    pub phone: Vec<AtPhone>,
    /// The final status of each message from `GET /messages/{id}`, by id.
    pub ledger_statuses: BTreeMap<String, String>,
    /// The messages that were written to the account.
    pub written: Vec<Written>,
    /// What contacts did to messages, in order.
    pub contact_changes: Vec<WrittenChange>,
    /// The edits and deletions of sent messages that were requested, in order.
    pub own_changes: Vec<OwnChange>,
    /// What `GET /messages/{id}` says of the messages with these changes, by id.
    pub changed_messages: BTreeMap<String, ChangedMessage>,
    /// The ids of messages that the page's database lost.
    pub forgotten: BTreeSet<String>,
    /// The messages in the hub's history.
    pub hub_history: Vec<HubMessage>,
    /// The files that were written to the account, as they were served.
    pub files: Vec<Served>,
    /// The published events, by service.
    pub events_by_service: BTreeMap<String, ReceivedEvents>,
    /// The faults.
    pub injected: Vec<InjectedFault>,
    /// The states of the session, each with the time when it was first seen.
    pub states: Vec<(u64, String)>,
    /// The ids of messages whose acks WhatsApp had not all sent, or not to a page, when the device
    /// was unlinked. A device that is linked later gets none of these acks.
    pub lost_receipts: BTreeSet<String>,
    /// Number of ids that the server received again and dropped.
    pub dropped_by_server: u64,
    /// Number of starts of each service.
    pub starts: BTreeMap<String, u32>,
    /// Memory without faults, by process.
    pub memory: Vec<Memory>,
    /// Unexpected observations during the run.
    pub unexpected: Vec<(u64, String)>,
    /// The processes, locks and files that are left after the end.
    pub leftovers: Vec<String>,
}

/// A requested message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The recipient.
    pub to: String,
    /// The text of the message.
    pub text: String,
    /// The `Idempotency-Key`.
    pub key: String,
    /// The client's behavior.
    pub behavior: ClientBehavior,
    /// When the message was first requested.
    pub requested_ms: u64,
    /// The responses, request by request.
    pub responses: Vec<RecordedResponse>,
    /// The result of the message for the client.
    pub outcome: Outcome,
}

impl Message {
    /// Returns the ids in all 200 responses.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let responses = self.responses.iter();
        responses.filter_map(|answer| answer.message_id.as_deref())
    }
}

/// The result of a message for its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not finished.
    Open,
    /// A 200 response.
    Accepted {
        /// When the response arrived.
        at_ms: u64,
    },
    /// The message was certainly not sent, and not requested again.
    GivenUp,
    /// A 404 `NOT_ON_WHATSAPP`.
    NotOnWhatsapp,
}

/// The response to a request, or its absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedResponse {
    /// When the response arrived.
    pub at_ms: u64,
    /// How long the response took.
    pub took_ms: u64,
    /// The service that responded.
    pub target: Target,
    /// The status; `None` if the connection was lost or the client hung up.
    pub status: Option<u16>,
    /// The error code, or the state of the connection.
    pub code: String,
    /// The id in a 200 response.
    pub message_id: Option<String>,
}

/// A message at WhatsApp's server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AtPhone {
    /// The id by which the server identifies the message.
    pub id: String,
    /// The recipient.
    pub to: String,
    /// The text of the message.
    pub text: String,
    /// How often the server received the message. All arrivals but the first were dropped.
    pub times_received: u32,
    /// The highest ack that the server sent.
    pub ack: i8,
    /// The texts of its edits, in order.
    pub edits: Vec<String>,
    /// How often it was deleted for everyone.
    pub deletions: usize,
}

/// A message that was written to the account, or on its phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// When it was written.
    pub at_ms: u64,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The contact's number.
    pub number: String,
    /// The text of the message as it was written.
    pub text: String,
    /// How the message arrives.
    pub arrival: Arrival,
}

/// What a contact did to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenChange {
    /// When.
    pub at_ms: u64,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The contact's number.
    pub number: String,
    /// The change.
    pub change: Change,
    /// Whether session-manager had published the message before.
    pub was_published: bool,
}

/// A requested edit or deletion of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnChange {
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The text of the message as it was sent.
    pub original: String,
    /// The recipient.
    pub to: String,
    /// The change.
    pub change: Change,
    /// The service that was asked.
    pub target: Target,
    /// The responses, request by request.
    pub responses: Vec<RecordedResponse>,
    /// Whether it was accepted.
    pub accepted: bool,
}

/// What `GET /messages/{id}` says of the changes of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChangedMessage {
    /// Whether it was edited.
    pub edited: bool,
    /// Whether it was deleted for everyone.
    pub deleted: bool,
    /// The change whose outcome is unknown.
    pub unsettled: Option<String>,
}

/// A message in the hub's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HubMessage {
    /// The hub's number of the message.
    pub id: i64,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The page's type of the message.
    pub kind: String,
    /// The text now.
    pub text: String,
    /// Whether it was deleted for everyone.
    pub deleted: bool,
    /// The emojis of its reactions.
    pub reactions: Vec<String>,
}

/// A received file, as it was requested at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Served {
    /// The service that was asked.
    pub service: String,
    /// WhatsApp's id of the file's message.
    pub message_id: String,
    /// Whether the message was deleted for everyone, so that nobody may get the file.
    pub is_deleted: bool,
    /// The status of the last response.
    pub status: u16,
    /// Whether the bytes are those that were sent.
    pub is_whole: bool,
    /// Whether the file's message was written before a device was unlinked, so that the page of the
    /// next device does not have it.
    pub may_be_gone: bool,
}

/// The events that a listener received.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReceivedEvents {
    /// The `message` events, in order of arrival.
    pub messages: Vec<MessageEvent>,
    /// The `ack` events, in order of arrival.
    pub acks: Vec<AckEvent>,
    /// The `call` events, in order of arrival. They have no text.
    pub calls: Vec<MessageEvent>,
    /// The `message_edited`, `message_deleted` and `reaction` events, in order of arrival.
    pub changes: Vec<ChangeEvent>,
    /// Number of reconnects.
    pub reconnects: u32,
}

/// A `message` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageEvent {
    /// When it arrived.
    pub at_ms: u64,
    /// The event's id.
    pub event_id: u64,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The text of the message.
    pub text: String,
    /// Whether the message was published as unreadable. Its text is then a separate event.
    pub unreadable: bool,
    /// The sender's number.
    pub phone: Option<String>,
    /// Whether the account itself wrote it.
    pub from_me: bool,
}

/// A `message_edited`, `message_deleted` or `reaction` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeEvent {
    /// When it arrived.
    pub at_ms: u64,
    /// The event's id.
    pub event_id: u64,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The contact's number.
    pub phone: Option<String>,
    /// Whether the account itself made the change.
    pub from_me: bool,
    /// The change.
    pub change: Change,
}

/// An `ack` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AckEvent {
    /// The event's id.
    pub event_id: u64,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The ack.
    pub ack: i64,
}

/// A fault that was injected, or for which there was no target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InjectedFault {
    /// When it was injected.
    pub at_ms: u64,
    /// When the fault was over. For a kill this is the time of the kill.
    pub end_ms: u64,
    /// The fault.
    pub action: Action,
    /// Whether the fault had a target.
    pub hit: bool,
}

/// The memory of a process before and after the load without faults, in KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// The process.
    pub process: String,
    /// Memory before the load.
    pub before_kib: u64,
    /// Memory after the load.
    pub after_kib: u64,
    /// Maximum growth that counts as flat.
    pub max_growth_kib: u64,
    /// The minimum and maximum over the whole run.
    pub range_kib: (u64, u64),
}
