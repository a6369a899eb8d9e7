//! Builds the payloads of webhooks: `{"type", "version", "timestamp", "data"}`.
//!
//! The current version is 1. Fields and types may be added within a version; if
//! one changes its meaning or is removed, the version increases.

use serde::Serialize;
use serde_json::{Value, json};
use session_api::{StateEvent, Timestamp};

use super::{Change, Engine, Message, MessageState};
use crate::media_links::Link;
use crate::message_content::ShownContent;

const VERSION: u32 = 1;

/// A topic of webhook events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A message was received, or sent from the phone.
    Message,
    /// The state of an outgoing message changed.
    Ack,
    /// The state of the session changed.
    State,
    /// The state of a campaign changed.
    Campaign,
    /// The text of a message was edited.
    MessageEdited,
    /// A message was deleted for everyone.
    MessageDeleted,
    /// A contact or this account reacted to a message, or removed the reaction.
    Reaction,
    /// A contact called, and nobody answered.
    Call,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 8] = [
        Self::Message,
        Self::Ack,
        Self::State,
        Self::Campaign,
        Self::MessageEdited,
        Self::MessageDeleted,
        Self::Reaction,
        Self::Call,
    ];

    /// Returns the name as it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Ack => "ack",
            Self::State => "state",
            Self::Campaign => "campaign",
            Self::MessageEdited => "message_edited",
            Self::MessageDeleted => "message_deleted",
            Self::Reaction => "reaction",
            Self::Call => "call",
        }
    }

    /// Returns the topic with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }
}

/// Returns a new `webhook-id`.
pub(crate) fn new_event_id() -> String {
    format!("msg_{:032x}", rand::random::<u128>())
}

/// Returns the request body.
pub(crate) fn envelope(kind: &str, at: Timestamp, data: &Value) -> String {
    json!({"type": kind, "version": VERSION, "timestamp": at, "data": data}).to_string()
}

#[derive(Serialize)]
struct MessageData<'a> {
    #[serde(flatten)]
    of: OfMessage<'a>,
    tipo: &'a str,
    mensaje: &'a str,
    estado: &'static str,
    fecha: Timestamp,
    #[serde(flatten)]
    content: Option<ShownContent>,
    /// A link to the message's file: a path on the hub's host that needs no other credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_link: Option<MediaLink>,
}

#[derive(Serialize)]
struct MediaLink {
    path: String,
    expires_at: Timestamp,
}

/// The message to which an event refers.
#[derive(Serialize)]
struct OfMessage<'a> {
    id: i64,
    message_id: Option<&'a str>,
    direccion: &'static str,
    chat: &'a str,
    telefono: Option<&'a str>,
    cliente_id: Option<u64>,
    #[serde(rename = "campañaId")]
    campaign_id: Option<i64>,
}

impl<'a> From<&'a Message> for OfMessage<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: message.id,
            message_id: message.wa_id.as_deref(),
            direccion: direction(message.is_inbound),
            chat: &message.chat,
            telefono: phone_of(&message.chat),
            cliente_id: message.cliente_id,
            campaign_id: message.campaign_id,
        }
    }
}

/// Returns the data of a `message` event; `link` signs the link to its file.
pub(crate) fn message(message: &Message, link: impl FnOnce() -> Option<Link>) -> Value {
    let contents = message.contents.as_deref().cloned();
    let content = contents.map(|it| ShownContent::new(message.id, &message.chat, it));
    let is_served = content.as_ref().is_some_and(ShownContent::is_served);
    let data = MessageData {
        of: message.into(),
        tipo: &message.kind,
        mensaje: &message.body,
        estado: message.state.estado(),
        fecha: message.at(),
        media_link: is_served.then(link).flatten().map(|link| MediaLink {
            path: link.path,
            expires_at: link.expires_at,
        }),
        content,
    };
    serde_json::to_value(data).unwrap_or_default()
}

/// Returns the data of a `call` event.
pub(crate) fn call(call: &Message) -> Value {
    message(call, || None)
}

#[derive(Serialize)]
struct ChangeData<'a, T> {
    #[serde(flatten)]
    of: OfMessage<'a>,
    fecha: Option<Timestamp>,
    #[serde(flatten)]
    what: T,
}

fn change(message: &Message, at: i64, what: impl Serialize) -> Value {
    let data = ChangeData {
        of: message.into(),
        fecha: Timestamp::from_millis(at),
        what,
    };
    serde_json::to_value(data).unwrap_or_default()
}

/// Returns the data of a `message_edited` event.
pub(crate) fn edited(message: &Message, at: i64) -> Value {
    change(
        message,
        at,
        json!({"tipo": message.kind, "mensaje": message.body}),
    )
}

/// Returns the data of a `message_deleted` event.
pub(crate) fn deleted(message: &Message, at: i64) -> Value {
    change(message, at, json!({"tipo": message.kind}))
}

/// Returns the data of a `reaction` event. A removed reaction has `null` as its emoji.
pub(crate) fn reaction(message: &Message, emoji: Option<&str>, propia: bool, at: i64) -> Value {
    change(message, at, json!({"emoji": emoji, "propia": propia}))
}

#[derive(Serialize)]
struct AckData<'a> {
    id: i64,
    message_id: Option<&'a str>,
    chat: &'a str,
    telefono: Option<&'a str>,
    estado: &'static str,
    anterior: &'static str,
    causa: &'a str,
    detalle: Option<&'a str>,
    cliente_id: Option<u64>,
    #[serde(rename = "campañaId")]
    campaign_id: Option<i64>,
    fecha: Timestamp,
}

/// Returns the data of an `ack` event. Returns `None` unless WhatsApp accepted
/// the message or reported progress, or the message failed.
pub(crate) fn ack(message: &Message, from: MessageState, change: &Change<'_>) -> Option<Value> {
    if !message.state.is_accepted() && message.state != MessageState::Failed {
        return None;
    }
    let data = AckData {
        id: message.id,
        message_id: message.wa_id.as_deref(),
        chat: &message.chat,
        telefono: phone_of(&message.chat),
        estado: message.state.estado(),
        anterior: from.estado(),
        causa: change.cause,
        detalle: change.detail,
        cliente_id: message.cliente_id,
        campaign_id: message.campaign_id,
        fecha: message.updated_at,
    };
    serde_json::to_value(data).ok()
}

/// Returns the data of a `state` event.
pub(crate) fn state(event: &StateEvent) -> Value {
    serde_json::to_value(event).unwrap_or_default()
}

/// Returns the SQL expression for a field of a stored delivery's data.
pub(super) fn delivered_field(engine: Engine, field: &str) -> String {
    match engine {
        Engine::Sqlite => format!("payload ->> '$.data.{field}'"),
        // PostgreSQL cannot extract a text that contains NUL.
        Engine::Postgres => {
            format!("CAST(REPLACE(payload, '\\u0000', '\\ufffd') AS JSON) #>> '{{data,{field}}}'")
        }
    }
}

/// Returns `entrante` or `saliente`.
pub(crate) const fn direction(is_inbound: bool) -> &'static str {
    if is_inbound { "entrante" } else { "saliente" }
}

/// Returns the phone number of a chat; `None` if the chat has none.
pub(crate) fn phone_of(chat: &str) -> Option<&str> {
    chat.strip_suffix("@c.us")
}
