//! `GET /events`: Server-Sent Events. Each has an increasing `id`, one of the
//! names of [`EventKind`] as its `event`, and a JSON object as its `data`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::message_content::MessageContent;
use crate::{FirstSync, Limits, SessionState, Timestamp};

/// The `event:` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The session changed its state ([`StateEvent`]).
    State,
    /// The code changed ([`QrEvent`]).
    Qr,
    /// A message came in, or was sent from the phone ([`MessageEvent`]).
    Message,
    /// A sent message moved on ([`AckEvent`]).
    Ack,
    /// A message was edited ([`MessageEditedEvent`]).
    MessageEdited,
    /// A message was deleted for everyone ([`MessageDeletedEvent`]).
    MessageDeleted,
    /// Somebody reacted to a message, or took that back ([`ReactionEvent`]).
    Reaction,
    /// A call came in that nobody answered ([`CallEvent`]).
    Call,
    /// What WhatsApp lets the account do changed ([`LimitsEvent`]).
    Limits,
    /// Not all that came after the id a listener named can be told
    /// ([`GapEvent`]).
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

    /// Whether its events are on the disk before they are told, each once, so that
    /// a listener can come back to them.
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
    /// The event's name.
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

/// The session changed its state. The first event of a new listener is one of
/// these with what holds now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateEvent {
    /// The state now.
    pub status: SessionState,
    /// See `GET /session`.
    pub generation: u64,
    /// Since when.
    pub since: Timestamp,
    /// Why, as a code.
    pub cause: String,
    /// Why, for a person.
    pub message: String,
}

/// The code changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QrEvent {
    /// `QR_AVAILABLE` or `NO_QR`, as in `GET /qr`.
    pub status: String,
    /// `data:image/png;base64,…`, with `QR_AVAILABLE` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
    /// When the page will replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Milliseconds until then at the moment of the event, for clients whose clock
    /// is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_ms: Option<u64>,
}

/// What WhatsApp lets the account do changed. A new listener gets one of these
/// with what holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitsEvent {
    /// As in `GET /session`.
    #[serde(flatten)]
    pub limits: Limits,
    /// As in `GET /session`.
    pub first_sync: FirstSync,
}

/// A message came in, or was sent from the phone.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessageEvent {
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// Who wrote it, as WhatsApp's id (`…@c.us` or `…@lid`).
    pub from: String,
    /// To whom.
    pub to: String,
    /// The sender's number, where the page knows it: digits.
    #[serde(default)]
    pub phone: Option<String>,
    /// The sender's `…@lid`, where the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// The sender's own name.
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
    /// When WhatsApp says that it was sent.
    pub at: Timestamp,
    /// What it holds beside that.
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
    /// WhatsApp's id of the message, as it was told.
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
    /// WhatsApp's id of the message, as it was told.
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

/// A call came in that nobody answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallEvent {
    /// WhatsApp's id of it.
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
    /// WhatsApp's number: -1 failed, 0 clock, 1 server, 2 delivered, 3 read,
    /// 4 played.
    pub ack: i8,
    /// `failed, accepted, sent, delivered, read, played`.
    pub status: String,
    /// When it was noticed.
    pub at: Timestamp,
}

/// Some of what came after the id that a listener named is not kept any more,
/// or the id is none of this service's. What follows is all there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GapEvent {
    /// The id that the listener named.
    pub after: u64,
    /// What follows is what came after this id.
    pub told_after: u64,
    /// What to make of it, for a person.
    pub message: String,
}
