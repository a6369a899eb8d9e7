//! Serves `/api/sender/messages/…`: the message API for the businesses' programs.

use std::collections::HashMap;

use api_docs::{ClienteHeader, Failures, IdempotencyHeader};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ClienteId, ErrorReply, RequestId};
use session_api::{ErrorCode, Invalid, SendRequest, SessionState, Timestamp};
use session_client::SessionClient;
use utoipa::ToSchema;

use super::campaigns::find as find_campaign;
use super::node::{self, Success, lenient};
use super::numbers;
use crate::auth::Caller;
use crate::error::HubError;
use crate::http::upstream::{Key, Upstream};
use crate::outbox::{SendNowRequest, dry_run_id, new_key};
use crate::relay::Link;
use crate::state::AppState;
use crate::store::{Change, Composed, Decision, Message, MessageState, Origin, Transition};

/// Maximum size of a `bulk` request, in bytes: 5,000 messages of 1,600 characters.
pub(crate) const MAX_BULK_BYTES: usize = 8 * 1024 * 1024;
/// Maximum number of messages in one `bulk` request.
const MAX_BULK_MESSAGES: usize = 5_000;
/// Maximum length of a `bulk` key; it leaves room for the `:{n}` suffix of each message.
const MAX_BULK_KEY_LENGTH: usize = 240;
const MAX_REASON_LENGTH: usize = 500;

/// A message, in the format of these routes.
#[derive(Serialize, ToSchema)]
#[schema(as = sender::MessageAnswer)]
pub(crate) struct MessageAnswer {
    id: i64,
    destinatario: String,
    /// The contact's name; only in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    nombre: Option<String>,
    mensaje: String,
    estado: &'static str,
    fecha: Timestamp,
    actualizado: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    cliente_id: Option<u64>,
    #[serde(rename = "campañaId", skip_serializing_if = "Option::is_none")]
    campaign_id: Option<i64>,
    tipo: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    /// The `x-request-id` of the request that created the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    intentos: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    motivo: Option<String>,
    /// Since when a `sin_confirmar` message has been waiting for a user's decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    sin_decidir_desde: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

impl MessageAnswer {
    /// Adds the contact's name to the message, if there is one.
    pub(super) fn named(message: Message, names: &HashMap<String, String>) -> Self {
        let nombre = names.get(&message.chat).cloned();
        Self {
            nombre,
            ..message.into()
        }
    }
}

impl From<Message> for MessageAnswer {
    fn from(message: Message) -> Self {
        let number = message.chat.strip_suffix("@c.us").map(str::to_owned);
        let is_simulated = message.state == MessageState::Simulated;
        let simulated = is_simulated.then(|| dry_run_id(&message));
        Self {
            id: message.id,
            estado: message.state.estado(),
            fecha: message.at(),
            actualizado: message.updated_at,
            cliente_id: message.cliente_id,
            campaign_id: message.campaign_id,
            tipo: message.kind,
            message_id: message.wa_id.or(simulated),
            request_id: message.request_id,
            intentos: message.attempts,
            error: message.error_code,
            motivo: message.error_message,
            sin_decidir_desde: message.undecided_at,
            dry_run: message.dry_run || is_simulated,
            destinatario: number.unwrap_or(message.chat),
            nombre: None,
            mensaje: message.body,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = sender::SendOne)]
pub(crate) struct SendOne {
    #[serde(
        alias = "to",
        alias = "telefono",
        alias = "phoneNumber",
        deserialize_with = "lenient::text"
    )]
    destinatario: String,
    #[serde(alias = "message", alias = "texto")]
    mensaje: String,
    #[serde(default, deserialize_with = "lenient::integer")]
    cliente_id: Option<u64>,
    /// Number of the message that this one answers; it must be in the same conversation.
    #[serde(default)]
    responde_a: Option<i64>,
}

/// Sends one message now. A message that cannot be sent yet waits in the
/// outbox; a rejected message is an error.
#[utoipa::path(
    post, path = "/sender/messages/send", tag = "messages", operation_id = "sender_send",
    params(ClienteHeader, IdempotencyHeader),
    request_body(content = SendOne, example = json!({"destinatario": "5491158254201", "mensaje": "Hola", "cliente_id": 51})),
    responses((status = 201, description = "Sent, simulated, or pending", body = Success<MessageAnswer>), Failures)
)]
pub(crate) async fn send(
    State(state): State<AppState>,
    caller: Caller,
    id: RequestId,
    cliente: Option<ClienteId>,
    Upstream(client): Upstream,
    Key(key): Key,
    ApiJson(request): ApiJson<SendOne>,
) -> Result<(StatusCode, Json<Success<MessageAnswer>>), HubError> {
    let cliente_id = caller.cliente_for(request.cliente_id)?;
    let to = numbers::in_full("destinatario", &request.destinatario, &state.config.home)?;
    let mut composed = SendRequest::text(cliente_id, &to, &request.mensaje);
    if let Some(answered) = request.responde_a {
        composed.reply_to = Some(answered_id(&state, &caller, &to, answered).await?);
    }
    let message = Composed::from_request(&composed)
        .map_err(|invalid| in_spanish(&invalid, ""))?
        .with_default_cliente(cliente.map(|id| id.0))
        .with_request_id(&id);
    ready_to_simulate(&state, &client).await?;
    let send = SendNowRequest {
        origin: Origin::Single,
        key: key.map(|key| caller.scoped_key(key)),
        message,
    };
    let answer = state.outbox.send(client, send).await?;
    if answer.message.state == MessageState::Failed {
        return Err(answer.into_failure());
    }
    let body = Success::new(answer.message.into());
    Ok((StatusCode::CREATED, Json(body)))
}

/// Returns WhatsApp's id of the message that is answered. It must be in the
/// same conversation, which session-manager checks as well.
async fn answered_id(
    state: &AppState,
    caller: &Caller,
    to: &str,
    id: i64,
) -> Result<String, HubError> {
    let unknown = || {
        HubError::of_contract(
            ErrorCode::MessageNotFound,
            "the conversation has no message with this number: nothing was sent",
        )
    };
    let to = numbers::recipient("destinatario", to, &state.config.home)?;
    let chat = state.store.chat_of(&to).await?;
    let message = state.store.message(id).await?;
    message
        .filter(|message| caller.sees(message.cliente_id) && message.chat == chat)
        .and_then(|message| message.wa_id)
        .ok_or_else(unknown)
}

/// Rejects a simulated send where a real one would fail, which is while the session is not `READY`.
pub(super) async fn ready_to_simulate(
    state: &AppState,
    client: &SessionClient,
) -> Result<(), HubError> {
    if !state.config.dry_run {
        return Ok(());
    }
    // The relayed state may be out of date, so session-manager is asked before refusing.
    let (link, heard, _) = state.relay.health();
    if link == Link::Up && heard == Some(SessionState::Ready) {
        return Ok(());
    }
    match client.status().await?.status {
        SessionState::Ready => Ok(()),
        other => Err(HubError::of_contract(
            ErrorCode::SessionNotReady,
            format!("the session is {other}, and messages are sent while it is READY"),
        )),
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = sender::SendMany)]
pub(crate) struct SendMany {
    #[serde(
        default,
        rename = "campañaId",
        alias = "campaniaId",
        alias = "campania_id",
        deserialize_with = "lenient::integer"
    )]
    campaign_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    cliente_id: Option<u64>,
    #[serde(alias = "destinatarios", alias = "messages")]
    mensajes: Vec<node::messages::Recipient>,
    /// Default text for messages that have none.
    #[serde(alias = "message", alias = "texto")]
    mensaje: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = sender::Queued)]
pub(crate) struct Queued {
    success: bool,
    #[serde(rename = "campañaId", skip_serializing_if = "Option::is_none")]
    campaign_id: Option<i64>,
    total: usize,
    mensajes: Vec<MessageAnswer>,
}

/// Queues either all messages in the outbox or none of them.
#[utoipa::path(
    post, path = "/sender/messages/bulk", tag = "messages", operation_id = "sender_bulk",
    params(ClienteHeader, IdempotencyHeader),
    request_body(content = SendMany, example = json!({"mensajes": [{"destinatario": "5491158254201", "mensaje": "Hola"}]})),
    responses((status = 202, description = "Accepted and stored", body = Queued), Failures)
)]
pub(crate) async fn bulk(
    State(state): State<AppState>,
    caller: Caller,
    id: RequestId,
    cliente: Option<ClienteId>,
    Key(key): Key,
    ApiJson(request): ApiJson<SendMany>,
) -> Result<(StatusCode, Json<Queued>), HubError> {
    let count = request.mensajes.len();
    if count == 0 || count > MAX_BULK_MESSAGES {
        let what = format!("mensajes must contain 1 to {MAX_BULK_MESSAGES} messages");
        return Err(ErrorReply::invalid_request(what).into());
    }
    if key
        .as_ref()
        .is_some_and(|key| key.len() > MAX_BULK_KEY_LENGTH)
    {
        let what =
            format!("Idempotency-Key must have at most {MAX_BULK_KEY_LENGTH} characters here");
        return Err(ErrorReply::invalid_header(what).into());
    }
    let campaign = match request.campaign_id {
        Some(id) => Some(find_campaign(&state, &caller, id).await?),
        None => None,
    };
    let requested_cliente = request.cliente_id.or(cliente.map(|id| id.0));
    // A campaign's messages belong to its business.
    let of_campaign = campaign.as_ref().and_then(|campaign| campaign.cliente_id);
    let cliente_id = caller.cliente_for(requested_cliente.or(of_campaign))?;
    let key = key.map_or_else(new_key, |key| caller.scoped_key(key));
    let mut messages = Vec::with_capacity(count);
    let common = request.mensaje.as_deref();
    for (n, one) in request.mensajes.into_iter().enumerate() {
        let one = node::messages::Whole::from(one);
        let for_whom = caller.cliente_for(one.cliente_id.or(cliente_id))?;
        let Some(text) = one.mensaje.as_deref().or(common) else {
            let what = format!("mensajes[{n}]: missing field `mensaje`");
            return Err(ErrorReply::invalid_request(what).into());
        };
        if of_campaign.is_some() && of_campaign != for_whom {
            let what = format!("mensajes[{n}].cliente_id must be that of the campaign");
            return Err(ErrorReply::invalid_request(what).into());
        }
        let field = format!("mensajes[{n}].destinatario");
        let to = numbers::in_full(&field, &one.destinatario, &state.config.home)?;
        let message = Composed::text(for_whom, &to, text)
            .map_err(|invalid| in_spanish(&invalid, &format!("mensajes[{n}].")))?;
        messages.push((format!("{key}:{n}"), message.with_request_id(&id)));
    }
    let queued = state.outbox.queue(request.campaign_id, &messages).await?;
    let queued = Queued {
        success: true,
        campaign_id: request.campaign_id,
        total: count,
        mensajes: queued.into_iter().map(MessageAnswer::from).collect(),
    };
    Ok((StatusCode::ACCEPTED, Json(queued)))
}

#[derive(Serialize, ToSchema)]
#[schema(as = sender::Status)]
pub(crate) struct Status {
    success: bool,
    #[serde(flatten)]
    message: MessageAnswer,
    historial: Vec<Step>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = sender::Step)]
struct Step {
    #[serde(skip_serializing_if = "Option::is_none")]
    de: Option<&'static str>,
    a: &'static str,
    causa: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detalle: Option<String>,
    fecha: Timestamp,
}

impl From<Transition> for Step {
    fn from(transition: Transition) -> Self {
        Self {
            de: transition.from.map(MessageState::estado),
            a: transition.to.estado(),
            causa: transition.cause,
            detalle: transition.detail,
            fecha: transition.at,
        }
    }
}

/// Returns a message with its history, by its number or by the id that `POST /send` returned.
#[utoipa::path(
    get, path = "/sender/messages/status/{id}", tag = "messages", operation_id = "sender_status",
    params(("id" = String, Path, description = "The message's number, or its `message_id`", example = "1")),
    responses((status = 200, description = "The message with its outcome", body = Status), Failures)
)]
pub(crate) async fn status(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Status>, HubError> {
    let message = find(&state, &caller, &id).await?;
    with_history(&state, message).await
}

async fn with_history(state: &AppState, message: Message) -> Result<Json<Status>, HubError> {
    let steps = state.store.transitions(message.id).await?;
    Ok(Json(Status {
        success: true,
        message: message.into(),
        historial: steps.into_iter().map(Step::from).collect(),
    }))
}

async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Message, HubError> {
    let number = id.strip_prefix("dry-run-").unwrap_or(id).parse();
    let found = match number {
        Ok(number) => state.store.message(number).await?,
        Err(_) => state.store.message_by_wa_id(id).await?,
    };
    let visible = found.filter(|message| caller.sees(message.cliente_id));
    visible.ok_or_else(|| {
        HubError::of_contract(
            ErrorCode::MessageNotFound,
            "there is no message with this id",
        )
    })
}

#[derive(Deserialize, ToSchema)]
#[schema(as = sender::Retry)]
pub(crate) struct Retry {
    motivo: String,
}

/// Requeues a failed message on a user's request; the reason is stored.
#[utoipa::path(
    post, path = "/sender/messages/{id}/retry", tag = "messages", operation_id = "sender_retry",
    params(("id" = String, Path, description = "The message's number, or its `message_id`", example = "1")),
    request_body(content = Retry, example = json!({"motivo": "el número ya anda"})),
    responses((status = 200, description = "Queued again", body = Status), Failures)
)]
pub(crate) async fn retry(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<Retry>,
) -> Result<Json<Status>, HubError> {
    let reason = reason(&request.motivo)?;
    let message = find(&state, &caller, &id).await?;
    if message.origin == Origin::Campaign {
        return Err(ErrorReply::new(
            StatusCode::CONFLICT,
            "MESSAGE_OF_CAMPAIGN",
            "the message belongs to a campaign, which has its own pace: retry its recipient there",
        )
        .into());
    }
    let change = Change::to(MessageState::Queued, "RETRY_ASKED").with_detail(reason);
    let retried = match message.state {
        MessageState::Failed => state.store.change(message.id, change).await?,
        _ => None,
    };
    let Some(retried) = retried else {
        return Err(ErrorReply::new(
            StatusCode::CONFLICT,
            "MESSAGE_NOT_FAILED",
            format!(
                "the message is {}: only a failed one can be sent again",
                message.state.estado()
            ),
        )
        .into());
    };
    state.outbox.wake();
    with_history(&state, retried).await
}

#[derive(Deserialize, ToSchema)]
#[schema(as = sender::Decide)]
pub(crate) struct Decide {
    resultado: Outcome,
    motivo: String,
}

/// What a user found when checking the chat.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = sender::Outcome)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// The message is in the chat.
    Llego,
    /// The message is missing: retry once, with the same id.
    Reintentar,
    /// The message is missing; do not retry.
    Abandonar,
}

/// Resolves a message whose outcome is unknown, after a user checked the chat.
/// The reason is stored.
#[utoipa::path(
    post, path = "/sender/messages/{id}/decide", tag = "messages", operation_id = "sender_decide",
    params(("id" = String, Path, description = "The message's number, or its `message_id`", example = "1")),
    request_body(content = Decide, example = json!({"resultado": "llego", "motivo": "está en el chat"})),
    responses((status = 200, description = "The current state", body = Status), Failures)
)]
pub(crate) async fn decide(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<Decide>,
) -> Result<Json<Status>, HubError> {
    let reason = reason(&request.motivo)?;
    let message = find(&state, &caller, &id).await?;
    let decision = match request.resultado {
        Outcome::Llego => Decision::Arrived,
        Outcome::Reintentar => Decision::TryAgain,
        Outcome::Abandonar => Decision::GivenUp,
    };
    let Some(moved) = state.store.decide(message.id, decision, reason).await? else {
        return Err(ErrorReply::new(
            StatusCode::CONFLICT,
            "MESSAGE_NOT_UNDECIDED",
            format!(
                "the message is {}, and the services determine its outcome themselves: there is nothing to decide",
                message.state.estado()
            ),
        )
        .into());
    };
    state.outbox.wake();
    with_history(&state, moved).await
}

fn reason(text: &str) -> Result<&str, HubError> {
    let reason = text.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON_LENGTH {
        let what = format!("motivo must have 1 to {MAX_REASON_LENGTH} characters");
        return Err(ErrorReply::invalid_request(what).into());
    }
    Ok(reason)
}

/// Converts an error in a `SendRequest` field to the field names of these routes.
pub(super) fn in_spanish(invalid: &Invalid, place: &str) -> HubError {
    let field = match &*invalid.field {
        "to" => "destinatario",
        "message" => "mensaje",
        other => other,
    };
    ErrorReply::invalid_request(format!("{place}{field} {}", invalid.wants)).into()
}
