//! `GET /events`: Server-Sent Events. Each has an increasing `id`, one of the
//! names of [`EventKind`] as its `event`, and a JSON object as its `data`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::message_content::MessageContent;
use crate::{FirstSync, Limits, SessionState, Timestamp};

/// The name of an event, in its `event:` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The session state changed ([`StateEvent`]).
    State,
    /// The QR code changed ([`QrEvent`]).
    Qr,
    /// A message was received, or sent from the phone ([`MessageEvent`]).
    Message,
    /// The delivery status of a sent message changed ([`AckEvent`]).
    Ack,
    /// A message was edited ([`MessageEditedEvent`]).
    MessageEdited,
    /// A message was deleted for everyone ([`MessageDeletedEvent`]).
    MessageDeleted,
    /// Somebody reacted to a message, or took that back ([`ReactionEvent`]).
    Reaction,
    /// A call was not answered ([`CallEvent`]).
    Call,
    /// The account's limits changed ([`LimitsEvent`]).
    Limits,
    /// Some events after the client's last id are not available ([`GapEvent`]).
    Gap,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::State,
        Self::Qr,
        Self::Message,
        Self::Ack,
        Self::MessageEdited,
        Self::MessageDeleted,
        Self::Reaction,
        Self::Call,
        Self::Limits,
        Self::Gap,
    ];

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether its events are stored on disk, once each, before they are published,
    /// so that a listener can resume.
    #[must_use]
    pub const fn is_durable(self) -> bool {
        match self {
            Self::Message
            | Self::Ack
            | Self::MessageEdited
            | Self::MessageDeleted
            | Self::Reaction
            | Self::Call => true,
            Self::State | Self::Qr | Self::Limits | Self::Gap => false,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Qr => "qr",
            Self::Message => "message",
            Self::Ack => "ack",
            Self::MessageEdited => "message_edited",
            Self::MessageDeleted => "message_deleted",
            Self::Reaction => "reaction",
            Self::Call => "call",
            Self::Limits => "limits",
            Self::Gap => "gap",
        }
    }
}

/// The data of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Event {
    /// See [`EventKind::Message`].
    Message(MessageEvent),
    /// See [`EventKind::Ack`].
    Ack(AckEvent),
    /// See [`EventKind::MessageEdited`].
    MessageEdited(MessageEditedEvent),
    /// See [`EventKind::Reaction`].
    Reaction(ReactionEvent),
    /// See [`EventKind::Call`].
    Call(CallEvent),
    /// See [`EventKind::MessageDeleted`].
    MessageDeleted(MessageDeletedEvent),
    /// See [`EventKind::State`].
    State(StateEvent),
    /// See [`EventKind::Qr`].
    Qr(QrEvent),
    /// See [`EventKind::Limits`].
    Limits(LimitsEvent),
    /// See [`EventKind::Gap`].
    Gap(GapEvent),
}

impl Event {
    /// Returns the name of the event.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::State(_) => EventKind::State,
            Self::Qr(_) => EventKind::Qr,
            Self::Limits(_) => EventKind::Limits,
            Self::Gap(_) => EventKind::Gap,
            Self::Message(_) => EventKind::Message,
            Self::Ack(_) => EventKind::Ack,
            Self::MessageEdited(_) => EventKind::MessageEdited,
            Self::MessageDeleted(_) => EventKind::MessageDeleted,
            Self::Reaction(_) => EventKind::Reaction,
            Self::Call(_) => EventKind::Call,
        }
    }
}

/// The session state changed. The first event of a new client is one of these
/// with the current state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateEvent {
    /// The new state.
    pub status: SessionState,
    /// The generation, as in `GET /session`.
    pub generation: u64,
    /// When the session entered the state.
    pub since: Timestamp,
    /// The cause, as a code.
    pub cause: String,
    /// The cause, human-readable.
    pub message: String,
}

/// The QR code changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QrEvent {
    /// `QR_AVAILABLE` or `NO_QR`, as in `GET /qr`.
    pub status: String,
    /// `data:image/png;base64,…`, with `QR_AVAILABLE` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
    /// When the page will replace the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Milliseconds until then at the time of the event, for clients whose
    /// clock is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_ms: Option<u64>,
}

/// WhatsApp's limits for the account changed. A new client gets one of these
/// with the current limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitsEvent {
    /// The limits, as in `GET /session`.
    #[serde(flatten)]
    pub limits: Limits,
    /// The first sync, as in `GET /session`.
    pub first_sync: FirstSync,
}

/// A message came in, or was sent from the phone.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessageEvent {
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The sender, as a WhatsApp id (`…@c.us` or `…@lid`).
    pub from: String,
    /// The recipient, as a WhatsApp id.
    pub to: String,
    /// The sender's number in digits, if the page knows it.
    #[serde(default)]
    pub phone: Option<String>,
    /// The sender's `…@lid`, if the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// The name that the sender chose.
    #[serde(default)]
    pub pushname: Option<String>,
    /// Whether the account itself sent it, from the phone.
    pub from_me: bool,
    /// WhatsApp's type: `chat`, `image`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The text, or the caption; of a place, cards, a poll, an order, their content
    /// as text.
    pub body: String,
    /// When it was sent, according to WhatsApp.
    pub at: Timestamp,
    /// The parts besides the text.
    #[serde(flatten)]
    pub content: Box<MessageContent>,
}

// Bodies and numbers stay out of logs.
impl std::fmt::Debug for MessageEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageEvent")
            .field("kind", &self.kind)
            .field("from_me", &self.from_me)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// A message of before was edited; its text is another one now.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageEditedEvent {
    /// WhatsApp's id of the message, as it was published.
    pub message_id: String,
    /// The chat that it is in (`…@c.us`, `…@lid`, `…@g.us`).
    pub chat: String,
    /// The other side's number, where the page knows it: digits.
    #[serde(default)]
    pub phone: Option<String>,
    /// The other side's `…@lid`, where the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// Whether the account itself edited it, from elsewhere.
    pub from_me: bool,
    /// The text, or the caption, now.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

/// A message of before was deleted for everyone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageDeletedEvent {
    /// WhatsApp's id of the message, as it was published.
    pub message_id: String,
    /// The chat that it was in.
    pub chat: String,
    /// As in [`MessageEditedEvent`].
    #[serde(default)]
    pub phone: Option<String>,
    /// As in [`MessageEditedEvent`].
    #[serde(default)]
    pub lid: Option<String>,
    /// Whether it was the account's own.
    pub from_me: bool,
    /// When, as far as the page knows.
    pub at: Timestamp,
}

/// Somebody reacted to a message, of theirs or of ours, or took that back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReactionEvent {
    /// WhatsApp's id of the message that it is on.
    pub message_id: String,
    /// The chat that it is in.
    pub chat: String,
    /// Whose it is: the number, where the page knows it.
    #[serde(default)]
    pub phone: Option<String>,
    /// Whose it is: the `…@lid`, where the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// The one reaction that this person has on it now; `null`: none any more.
    pub emoji: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// An inbound call that was not answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallEvent {
    /// WhatsApp's id of the call.
    pub call_id: String,
    /// Who called, as WhatsApp's id.
    pub from: String,
    /// The caller's number, where the page knows it.
    #[serde(default)]
    pub phone: Option<String>,
    /// The caller's `…@lid`, where the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// The caller's own name.
    #[serde(default)]
    pub pushname: Option<String>,
    /// Whether it was a video call.
    pub video: bool,
    /// `missed`.
    pub outcome: String,
    /// When it came.
    pub at: Timestamp,
}

/// Leaves texts and numbers out of logs.
macro_rules! private_debug {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).field("at", &self.at).finish_non_exhaustive()
            }
        }
    )*};
}

private_debug!(
    MessageEditedEvent,
    MessageDeletedEvent,
    ReactionEvent,
    CallEvent
);

/// A sent message moved on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AckEvent {
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// WhatsApp's number: -1 failed, 0 clock, 1 server, 2 delivered, 3 read, 4
    /// played.
    pub ack: i8,
    /// The status: `failed, accepted, sent, delivered, read, played`.
    pub status: String,
    /// When the change was detected.
    pub at: Timestamp,
}

/// Some events after the client's last id are no longer stored, or the id is
/// not from this service. All available events follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GapEvent {
    /// The client's last id.
    pub after: u64,
    /// The events that follow are those after this id.
    pub told_after: u64,
    /// An explanation, human-readable.
    pub message: String,
}
