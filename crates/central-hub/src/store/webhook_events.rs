//! Webhook payloads: `{"type", "version", "timestamp", "data"}`.
//!
//! Version 1. Fields may be added; if one changes its meaning or is removed,
//! the version increases.

use serde::Serialize;
use serde_json::{Value, json};
use session_api::{StateEvent, Timestamp};

use super::{Change, Message, MessageState};

const VERSION: u32 = 1;

/// A topic of webhook events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A message was received, or sent from the phone.
    Message,
    /// An outgoing message changed its state.
    Ack,
    /// The session changed its state.
    State,
    /// A campaign changed its state.
    Campaign,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 4] = [Self::Message, Self::Ack, Self::State, Self::Campaign];

    /// Returns the name as it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Ack => "ack",
            Self::State => "state",
            Self::Campaign => "campaign",
        }
    }

    /// Returns the topic with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
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
    id: i64,
    message_id: Option<&'a str>,
    direccion: &'static str,
    chat: &'a str,
    telefono: Option<&'a str>,
    tipo: &'a str,
    mensaje: &'a str,
    estado: &'static str,
    cliente_id: Option<u64>,
    #[serde(rename = "campañaId")]
    campaign_id: Option<i64>,
    fecha: Timestamp,
}

/// Returns the data of a `message` event.
pub(crate) fn message(message: &Message) -> Value {
    let data = MessageData {
        id: message.id,
        message_id: message.wa_id.as_deref(),
        direccion: direction(message.is_inbound),
        chat: &message.chat,
        telefono: phone_of(&message.chat),
        tipo: &message.kind,
        mensaje: &message.body,
        estado: message.state.estado(),
        cliente_id: message.cliente_id,
        campaign_id: message.campaign_id,
        fecha: message.at(),
    };
    serde_json::to_value(data).unwrap_or_default()
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

/// Returns the data of an `ack` event, if this change is one: WhatsApp accepted
/// the message or reported progress, or it failed.
pub(crate) fn ack(message: &Message, from: MessageState, change: &Change<'_>) -> Option<Value> {
    if !message.state.is_taken() && message.state != MessageState::Failed {
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

/// Returns `entrante` or `saliente`.
pub(crate) const fn direction(is_inbound: bool) -> &'static str {
    if is_inbound { "entrante" } else { "saliente" }
}

/// Returns the number of a chat that has one.
pub(crate) fn phone_of(chat: &str) -> Option<&str> {
    chat.strip_suffix("@c.us")
}
