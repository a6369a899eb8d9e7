//! Actions on a recorded message or a conversation other than sending: editing,
//! deletion for everyone, reactions, read receipts and the typing indicator; also
//! the WhatsApp profile of a number.
//!
//! Under `DRY_RUN` nothing is sent to WhatsApp. A change of a message is
//! recorded when session-manager publishes it, whoever made the change.

use api_docs::{ClienteHeader, Failures, IdempotencyHeader};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ErrorReply};
use session_api::{ContactBody, EditRequest, ErrorCode, ReactionRequest, Recipient, TypingRequest};
use session_client::SessionClient;
use utoipa::ToSchema;

use super::sender::ready_to_simulate;
use super::upstream::{Key, Upstream};
use super::{contacts, numbers};
use crate::auth::Caller;
use crate::error::HubError;
use crate::outbox::dry_run_id;
use crate::state::AppState;
use crate::store::Message;

/// The response to a change of a message.
#[derive(Serialize, ToSchema)]
#[schema(as = message_actions::Changed)]
pub(crate) struct Changed {
    ok: bool,
    id: i64,
    message_id: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = message_actions::Edit)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// The new text or, for a picture, video or document, the new caption.
    mensaje: String,
}

/// Edits a message that this account sent, within WhatsApp's limit of 15
/// minutes. Under `DRY_RUN` nothing is changed.
#[utoipa::path(
    put, path = "/listener/messages/{id}", tag = "messages", operation_id = "message_actions_edit",
    params(("id" = i64, Path, description = "The message's number", example = 1), ClienteHeader, IdempotencyHeader),
    request_body(content = Edit, example = json!({"mensaje": "Hola, a las 18"})),
    responses((status = 200, description = "Edited, or simulated", body = Changed), Failures)
)]
pub(crate) async fn edit(
    State(state): State<AppState>,
    caller: Caller,
    Upstream(client): Upstream,
    Key(key): Key,
    ApiPath(id): ApiPath<i64>,
    ApiJson(body): ApiJson<Edit>,
) -> Result<Json<Changed>, HubError> {
    let request = EditRequest {
        message: body.mensaje,
    };
    request.validate()?;
    let message = own_message(&state, &caller, id).await?;
    if message.is_deleted() {
        return Err(HubError::of_contract(
            ErrorCode::MessageNotChangeable,
            "the message is deleted: nothing was changed",
        ));
    }
    // An edit sends a text to the recipient. A deletion only takes back a
    // message, so it needs neither of these.
    refuse_if_opted_out(&state, &message).await?;
    refuse_while_stopped(&state).await?;
    if state.config.dry_run {
        ready_to_simulate(&state, &client).await?;
        return Ok(Json(simulated_change(&message)));
    }
    let wa_id = wa_id(&message)?;
    let client = with_own_key(client, &caller, key);
    let changed = client.edit_message(wa_id, &request).await?;
    Ok(Json(Changed {
        ok: true,
        id: message.id,
        message_id: changed.message_id,
        dry_run: false,
    }))
}

/// Deletes a message that this account sent for everyone, within WhatsApp's
/// limit of two and a half days. Under `DRY_RUN` nothing is deleted.
#[utoipa::path(
    delete, path = "/listener/messages/{id}", tag = "messages", operation_id = "message_actions_delete",
    params(("id" = i64, Path, description = "The message's number", example = 1), ClienteHeader, IdempotencyHeader),
    responses((status = 200, description = "Deleted, or simulated", body = Changed), Failures)
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Upstream(client): Upstream,
    Key(key): Key,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<Changed>, HubError> {
    let message = own_message(&state, &caller, id).await?;
    if state.config.dry_run {
        ready_to_simulate(&state, &client).await?;
        return Ok(Json(simulated_change(&message)));
    }
    let wa_id = wa_id(&message)?;
    if !message.is_deleted() {
        let client = with_own_key(client, &caller, key);
        client.delete_message(wa_id).await?;
    }
    Ok(Json(Changed {
        ok: true,
        id: message.id,
        message_id: wa_id.to_owned(),
        dry_run: false,
    }))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = message_actions::React)]
#[serde(deny_unknown_fields)]
pub(crate) struct React {
    /// One emoji; an empty text takes the reaction away.
    emoji: String,
}

/// Gives this account's reaction to a message, received or sent, in place of an
/// earlier one; an empty emoji takes it away. Under `DRY_RUN` nothing is changed.
#[utoipa::path(
    put, path = "/listener/messages/{id}/reaction", tag = "messages", operation_id = "message_actions_react",
    params(("id" = i64, Path, description = "The message's number", example = 1), ClienteHeader, IdempotencyHeader),
    request_body(content = React, example = json!({"emoji": "👍"})),
    responses((status = 200, description = "It has this reaction, or simulated", body = Changed), Failures)
)]
pub(crate) async fn react(
    State(state): State<AppState>,
    caller: Caller,
    Upstream(client): Upstream,
    Key(key): Key,
    ApiPath(id): ApiPath<i64>,
    ApiJson(body): ApiJson<React>,
) -> Result<Json<Changed>, HubError> {
    let request = ReactionRequest { emoji: body.emoji };
    request.validate()?;
    let message = visible_message(&state, &caller, id).await?;
    if !request.emoji.is_empty() {
        if message.is_deleted() {
            return Err(HubError::of_contract(
                ErrorCode::MessageNotChangeable,
                "the message is deleted: no reaction was given",
            ));
        }
        refuse_if_opted_out(&state, &message).await?;
        refuse_while_stopped(&state).await?;
    }
    set_reaction(&state, &caller, client, key, &message, &request).await
}

/// Takes this account's reaction to a message away. Under `DRY_RUN` nothing is
/// changed.
#[utoipa::path(
    delete, path = "/listener/messages/{id}/reaction", tag = "messages", operation_id = "message_actions_remove_reaction",
    params(("id" = i64, Path, description = "The message's number", example = 1), ClienteHeader, IdempotencyHeader),
    responses((status = 200, description = "It has none, or simulated", body = Changed), Failures)
)]
pub(crate) async fn remove_reaction(
    State(state): State<AppState>,
    caller: Caller,
    Upstream(client): Upstream,
    Key(key): Key,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<Changed>, HubError> {
    let message = visible_message(&state, &caller, id).await?;
    let request = ReactionRequest {
        emoji: String::new(),
    };
    set_reaction(&state, &caller, client, key, &message, &request).await
}

async fn set_reaction(
    state: &AppState,
    caller: &Caller,
    client: SessionClient,
    key: Option<String>,
    message: &Message,
    request: &ReactionRequest,
) -> Result<Json<Changed>, HubError> {
    if state.config.dry_run {
        ready_to_simulate(state, &client).await?;
        return Ok(Json(simulated_change(message)));
    }
    let wa_id = wa_id(message)?;
    let client = with_own_key(client, caller, key);
    let changed = if request.emoji.is_empty() {
        client.remove_reaction(wa_id).await?
    } else {
        client.react(wa_id, request).await?
    };
    Ok(Json(Changed {
        ok: true,
        id: message.id,
        message_id: changed.message_id,
        dry_run: false,
    }))
}

/// The response to a read receipt.
#[derive(Serialize, ToSchema)]
#[schema(as = message_actions::Seen)]
pub(crate) struct Seen {
    ok: bool,
    /// Number of messages that were unread on the phone before.
    sin_leer: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// Marks a conversation as read on WhatsApp, which the contact can see. The
/// hub's own marks do not change. Under `DRY_RUN` nothing is marked.
#[utoipa::path(
    post, path = "/listener/conversations/{number}/seen", tag = "inbound", operation_id = "message_actions_seen",
    params(("number" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), ClienteHeader),
    responses((status = 200, description = "Marked as read, or simulated", body = Seen), Failures)
)]
pub(crate) async fn seen(
    State(state): State<AppState>,
    caller: Caller,
    Upstream(client): Upstream,
    ApiPath(number): ApiPath<String>,
) -> Result<Json<Seen>, HubError> {
    let to = own_chat(&state, &caller, &number).await?;
    if state.config.dry_run {
        ready_to_simulate(&state, &client).await?;
        return Ok(Json(Seen {
            ok: true,
            sin_leer: 0,
            dry_run: true,
        }));
    }
    let read = client.mark_read(to.as_str()).await?;
    Ok(Json(Seen {
        ok: true,
        sin_leer: read.unread,
        dry_run: false,
    }))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = message_actions::Typing)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typing {
    /// Duration in seconds, by default 10; 0 ends the indicator.
    #[schema(maximum = 60)]
    segundos: Option<u32>,
}

/// The response to a typing indicator.
#[derive(Serialize, ToSchema)]
#[schema(as = message_actions::Shown)]
pub(crate) struct Shown {
    ok: bool,
    segundos: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// Shows the account as typing in a conversation. Under `DRY_RUN` nothing is shown.
#[utoipa::path(
    post, path = "/listener/conversations/{number}/typing", tag = "inbound", operation_id = "message_actions_typing",
    params(("number" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), ClienteHeader),
    request_body(content = Typing, example = json!({"segundos": 5})),
    responses((status = 200, description = "Shown, or simulated", body = Shown), Failures)
)]
pub(crate) async fn typing(
    State(state): State<AppState>,
    caller: Caller,
    Upstream(client): Upstream,
    ApiPath(number): ApiPath<String>,
    ApiJson(body): ApiJson<Typing>,
) -> Result<Json<Shown>, HubError> {
    let to = own_chat(&state, &caller, &number).await?;
    let request = TypingRequest {
        seconds: body.segundos,
    };
    let segundos = request.validate()?;
    if state.config.dry_run {
        ready_to_simulate(&state, &client).await?;
    } else {
        client.typing(to.as_str(), &request).await?;
    }
    Ok(Json(Shown {
        ok: true,
        segundos,
        dry_run: state.config.dry_run,
    }))
}

/// Returns the WhatsApp profile of a number: its names, its about text and the
/// link to its picture. The owner of the number is not notified.
#[utoipa::path(
    get, path = "/contacts/{telefono}/whatsapp", tag = "contacts", operation_id = "message_actions_profile",
    params(("telefono" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), ClienteHeader),
    responses((status = 200, description = "The stored data", body = ContactBody), Failures)
)]
pub(crate) async fn profile(
    State(state): State<AppState>,
    Upstream(client): Upstream,
    ApiPath(telefono): ApiPath<String>,
) -> Result<Json<ContactBody>, HubError> {
    let to = numbers::recipient("telefono", &telefono, &state.config.home)?;
    Ok(Json(client.contact(to.as_str()).await?))
}

/// Returns a message that the caller may see.
async fn visible_message(state: &AppState, caller: &Caller, id: i64) -> Result<Message, HubError> {
    let message = state.store.message(id).await?;
    let message = message.filter(|message| caller.sees(message.cliente_id));
    message.ok_or_else(|| {
        HubError::of_contract(
            ErrorCode::MessageNotFound,
            "there is no message with this id",
        )
    })
}

async fn refuse_if_opted_out(state: &AppState, message: &Message) -> Result<(), HubError> {
    if state.store.is_opted_out(&message.chat).await? {
        return Err(ErrorReply::new(
            StatusCode::FORBIDDEN,
            "OPTED_OUT",
            "this contact has opted out: nothing was changed",
        )
        .into());
    }
    Ok(())
}

/// Returns the recipient that a path names, if the caller may see the conversation.
async fn own_chat(state: &AppState, caller: &Caller, number: &str) -> Result<Recipient, HubError> {
    let to = numbers::recipient("telefono", number, &state.config.home)?;
    if let Some(own) = caller.cliente_id {
        let chat = state.store.chat_of(&to).await?;
        if !state.store.is_person_of(own, &chat).await? {
            return Err(contacts::not_found());
        }
    }
    Ok(to)
}

async fn refuse_while_stopped(state: &AppState) -> Result<(), HubError> {
    if state.store.is_sending_stopped().await? {
        return Err(ErrorReply::new(
            StatusCode::CONFLICT,
            "SENDING_STOPPED",
            "all sending is stopped: nothing was changed",
        )
        .into());
    }
    Ok(())
}

/// Returns a message that this account sent and that the caller may see.
async fn own_message(state: &AppState, caller: &Caller, id: i64) -> Result<Message, HubError> {
    let message = visible_message(state, caller, id).await?;
    if message.is_inbound {
        return Err(HubError::of_contract(
            ErrorCode::MessageNotOwn,
            "only your own messages can be changed",
        ));
    }
    Ok(message)
}

/// Returns WhatsApp's id of the message, which exists once the message is sent.
fn wa_id(message: &Message) -> Result<&str, HubError> {
    message.wa_id.as_deref().ok_or_else(|| {
        HubError::of_contract(
            ErrorCode::MessageNotChangeable,
            "WhatsApp does not have this message: nothing was changed",
        )
    })
}

fn simulated_change(message: &Message) -> Changed {
    let id = message.wa_id.clone();
    Changed {
        ok: true,
        id: message.id,
        message_id: id.unwrap_or_else(|| dry_run_id(message)),
        dry_run: true,
    }
}

/// Replaces the caller's idempotency key with one that no other business can use.
fn with_own_key(client: SessionClient, caller: &Caller, key: Option<String>) -> SessionClient {
    let scoped_key = key.and_then(|key| HeaderValue::from_str(&caller.scoped_key(key)).ok());
    match scoped_key {
        Some(scoped_key) => client.with_idempotency_key(scoped_key),
        None => client,
    }
}
