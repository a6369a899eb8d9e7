//! Builds the payloads of webhooks: `{"type", "version", "timestamp", "data"}`.
//!
//! The current version is 1. Fields and types may be added within a version; if
//! one changes its meaning or is removed, the version increases.

use serde::Serialize;
use serde_json::Value;
use session_api::{StateEvent, Timestamp};
use utoipa::ToSchema;

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

/// A request body.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::Envelope)]
pub(crate) struct Envelope<'a> {
    /// The kind of event.
    #[serde(rename = "type")]
    kind: &'a str,
    /// Rises when a field is removed or changes its meaning; fields may be added without.
    version: u32,
    /// When the event was written down.
    timestamp: Timestamp,
    data: &'a Value,
}

/// Returns the request body.
pub(crate) fn envelope(kind: &str, at: Timestamp, data: &Value) -> String {
    let envelope = Envelope {
        kind,
        version: VERSION,
        timestamp: at,
        data,
    };
    // As a `Value`, so that the order of the fields stays that of earlier versions.
    let body = serde_json::to_value(envelope).unwrap_or_default();
    body.to_string()
}

/// The data of a `message` or a `call`.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::MessageData)]
pub(crate) struct MessageData<'a> {
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

/// A signed link to a file, and until when it is valid.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::MediaLink)]
struct MediaLink {
    path: String,
    expires_at: Timestamp,
}

/// The message to which an event refers.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::OfMessage)]
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

/// The data of a `message_edited`.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::EditedData)]
pub(crate) struct EditedData<'a> {
    #[serde(flatten)]
    of: OfMessage<'a>,
    tipo: &'a str,
    /// The new text.
    mensaje: &'a str,
    fecha: Option<Timestamp>,
}

/// Returns the data of a `message_edited` event.
pub(crate) fn edited(message: &Message, at: i64) -> Value {
    let data = EditedData {
        of: message.into(),
        tipo: &message.kind,
        mensaje: &message.body,
        fecha: Timestamp::from_millis(at),
    };
    serde_json::to_value(data).unwrap_or_default()
}

/// The data of a `message_deleted`.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::DeletedData)]
pub(crate) struct DeletedData<'a> {
    #[serde(flatten)]
    of: OfMessage<'a>,
    tipo: &'a str,
    fecha: Option<Timestamp>,
}

/// Returns the data of a `message_deleted` event.
pub(crate) fn deleted(message: &Message, at: i64) -> Value {
    let data = DeletedData {
        of: message.into(),
        tipo: &message.kind,
        fecha: Timestamp::from_millis(at),
    };
    serde_json::to_value(data).unwrap_or_default()
}

/// The data of a `reaction`.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::ReactionData)]
pub(crate) struct ReactionData<'a> {
    /// The message with the reaction.
    #[serde(flatten)]
    of: OfMessage<'a>,
    /// `null` if the reaction was removed.
    emoji: Option<&'a str>,
    /// Whether the reaction is this account's own, given here or on the phone.
    propia: bool,
    fecha: Option<Timestamp>,
}

/// Returns the data of a `reaction` event. A removed reaction has `null` as its emoji.
pub(crate) fn reaction(message: &Message, emoji: Option<&str>, propia: bool, at: i64) -> Value {
    let data = ReactionData {
        of: message.into(),
        emoji,
        propia,
        fecha: Timestamp::from_millis(at),
    };
    serde_json::to_value(data).unwrap_or_default()
}

/// The data of an `ack`.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::AckData)]
pub(crate) struct AckData<'a> {
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

/// The data of a `campaign`.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::CampaignData)]
pub(crate) struct CampaignData {
    pub(super) id: i64,
    pub(super) nombre: String,
    pub(super) cliente_id: Option<u64>,
    pub(super) estado: &'static str,
    /// Why it is paused, as a code.
    pub(super) motivo: Option<String>,
    pub(super) detalle: Option<String>,
    /// Whether it is only rehearsed; `null` before it is approved.
    pub(super) dry_run: Option<bool>,
    pub(super) fecha: Timestamp,
}

/// Returns the data of a `campaign` event.
pub(super) fn campaign(data: CampaignData) -> Value {
    serde_json::to_value(data).unwrap_or_default()
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
