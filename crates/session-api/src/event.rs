//! `GET /events`: Server-Sent Events. Each event has an increasing `id`, one of
//! the names of [`EventKind`] as its `event`, and a JSON object as its `data`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::message_content::{InboundMedia, MessageContent};
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
    /// Somebody reacted to a message, or removed a reaction ([`ReactionEvent`]).
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

    /// Returns the kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Returns whether events of this kind are stored on disk, each once,
    /// before they are published, so that a listener can resume.
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

    /// Returns the name of the kind in the API.
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
    /// Returns the kind of the event.
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

/// The session state changed. The first event that a new client receives is of
/// this kind, with the current state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateEvent {
    /// The new state.
    pub status: SessionState,
    /// The generation, as in `GET /session`.
    pub generation: u64,
    /// When the session entered the state.
    pub since: Timestamp,
    /// The cause of the change, as a code.
    pub cause: String,
    /// The cause of the change, as a human-readable text.
    pub message: String,
}

/// The QR code changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QrEvent {
    /// `QR_AVAILABLE` or `NO_QR`, as in `GET /qr`.
    pub status: String,
    /// The code as `data:image/png;base64,…`; only with `QR_AVAILABLE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
    /// When the page will replace the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Milliseconds until `expires_at` at the time of the event, for clients whose clock is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_ms: Option<u64>,
}

/// WhatsApp's limits for the account changed. A new client receives such an
/// event with the current limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitsEvent {
    /// The limits, as in `GET /session`.
    #[serde(flatten)]
    pub limits: Limits,
    /// The first sync, as in `GET /session`.
    pub first_sync: FirstSync,
}

/// A message was received, or sent from the phone.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessageEvent {
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The sender, as a WhatsApp id (`…@c.us` or `…@lid`).
    pub from: String,
    /// The recipient, as a WhatsApp id.
    pub to: String,
    /// The digits of the sender's number, if the page knows them.
    #[serde(default)]
    pub phone: Option<String>,
    /// The sender's LID (`…@lid`), if the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// The name that the sender chose.
    #[serde(default)]
    pub pushname: Option<String>,
    /// Whether this account sent the message, from the phone.
    pub from_me: bool,
    /// The message's type, as WhatsApp names it: `chat`, `image`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The text or the caption. For a location, contact cards, a poll or an
    /// order, the content as text.
    pub body: String,
    /// When the message was sent, according to WhatsApp.
    pub at: Timestamp,
    /// The parts other than the text.
    #[serde(flatten)]
    pub content: Box<MessageContent>,
}

// Texts and numbers stay out of logs.
impl std::fmt::Debug for MessageEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageEvent")
            .field("kind", &self.kind)
            .field("from_me", &self.from_me)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// An earlier message was edited, so that it has a new text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageEditedEvent {
    /// WhatsApp's id of the message, as published with the message.
    pub message_id: String,
    /// The chat of the message (`…@c.us`, `…@lid`, `…@g.us`).
    pub chat: String,
    /// The digits of the contact's number, if the page knows them.
    #[serde(default)]
    pub phone: Option<String>,
    /// The contact's LID (`…@lid`), if the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// Whether this account edited the message, from another device.
    pub from_me: bool,
    /// The new text or caption.
    pub body: String,
    /// When the message was edited.
    pub at: Timestamp,
}

/// An earlier message was deleted for everyone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageDeletedEvent {
    /// WhatsApp's id of the message, as published with the message.
    pub message_id: String,
    /// The chat of the message.
    pub chat: String,
    /// The digits of the contact's number, as in [`MessageEditedEvent`].
    #[serde(default)]
    pub phone: Option<String>,
    /// The contact's LID, as in [`MessageEditedEvent`].
    #[serde(default)]
    pub lid: Option<String>,
    /// Whether this account sent the message.
    pub from_me: bool,
    /// When the message was deleted, as far as the page knows.
    pub at: Timestamp,
}

/// A person or this account reacted to a message of either, or removed a reaction.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReactionEvent {
    /// WhatsApp's id of the message with the reaction.
    pub message_id: String,
    /// The chat of the message.
    pub chat: String,
    /// The digits of the reacting person's number, if the page knows them. Of a reaction of this
    /// account, those of the contact's.
    #[serde(default)]
    pub phone: Option<String>,
    /// The LID (`…@lid`) of the same person, if the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// Whether the reaction is this account's own, given here or on the phone.
    #[serde(default)]
    pub from_me: bool,
    /// The current reaction of that side to the message; `null` if it was removed.
    pub emoji: Option<String>,
    /// When it was given or removed.
    pub at: Timestamp,
}

/// An inbound call that was not answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallEvent {
    /// WhatsApp's id of the call.
    pub call_id: String,
    /// The WhatsApp id of the caller.
    pub from: String,
    /// The digits of the caller's number, if the page knows them.
    #[serde(default)]
    pub phone: Option<String>,
    /// The caller's LID (`…@lid`), if the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// The name that the caller chose.
    #[serde(default)]
    pub pushname: Option<String>,
    /// Whether the call was a video call.
    pub video: bool,
    /// Always `missed`.
    pub outcome: String,
    /// When the call came in.
    pub at: Timestamp,
}

/// Implements `Debug` without texts and numbers, so that they stay out of logs.
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

/// The delivery status of a sent message changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AckEvent {
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// WhatsApp's ack: -1 failed, 0 clock, 1 server, 2 delivered, 3 read, 4 played.
    pub ack: i8,
    /// The status: `failed, accepted, sent, delivered, read, played`.
    pub status: String,
    /// The file of a message that was sent through `POST /send`, with the first ack of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Box<InboundMedia>>,
    /// When the change was detected.
    pub at: Timestamp,
}

/// Some events after the client's last id are no longer stored, or the id is
/// not from this service. All available events follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GapEvent {
    /// The client's last id.
    pub after: u64,
    /// The id after which the following events begin.
    pub told_after: u64,
    /// A human-readable explanation.
    pub message: String,
}
