//! Handles `POST /send`, `POST /send/check`, `GET`, `PUT` and `DELETE /messages/{id}`, and `PUT` and
//! `DELETE /messages/{id}/reaction`.
//!
//! ```text
//!  JSON, or multipart ─> valid? ─> its file: uploaded, attached, fetched
//!                           │                         │
//!  /send/check ends here <──┴── kind allowed? <───────┴──> Outbox
//! ```

use api_docs::{ClienteHeader, Failures, IdempotencyHeader};
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::HeaderMap;
use service_runtime::http::{ApiJson, ApiPath, is_multipart};
use session_api::{
    ChangedBody, CheckBody, EditRequest, ErrorCode, LookupBody, LookupRequest, MessageBody,
    Outgoing, ReactionRequest, Recipient, SendBody, SendParts, SendRequest, paths,
};

use super::multipart::{self, FilePart};
use crate::error::ApiError;
use crate::files::{FileMeta, Files};
use crate::ledger::FileRow;
use crate::outbox::{Payload, WantedChange, body_hash};
use crate::state::AppState;

/// Sends a message; responds once WhatsApp's server accepted it.
#[utoipa::path(post, path = paths::SEND, tag = "messages", params(ClienteHeader, IdempotencyHeader),
    request_body(content((SendRequest, examples(
        ("text" = (value = json!({"cliente_id": 51, "to": "5491158254201", "message": "Hola, ¿cómo va?"}))),
        ("image" = (value = json!({"to": "5491158254201", "type": "image", "file_id": "0123456789abcdef0123456789abcdef", "caption": "El menú"}))),
        ("location" = (value = json!({"to": "5491158254201", "type": "location", "latitude": -34.6, "longitude": -58.4}))),
    )), (SendParts = "multipart/form-data"))),
    responses((status = 200, description = "WhatsApp's server has it", body = SendBody), Failures))]
pub async fn send(
    State(state): State<AppState>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<SendBody>, ApiError> {
    let key = idempotency_key(&headers)?;
    let (request, attached) = read_request(&state.files, request, true).await?;
    let attached = match attached {
        Some(FilePart::Stored(file)) => Some(file),
        _ => None,
    };
    let sent = prepare_and_send(&state, key, &request, attached.as_ref()).await;
    if let Some(file) = &attached {
        state.files.release_ephemeral(file).await;
    }
    Ok(Json(sent?))
}

async fn prepare_and_send(
    state: &AppState,
    key: Option<&str>,
    request: &SendRequest,
    attached: Option<&FileRow>,
) -> Result<SendBody, ApiError> {
    let Outgoing { to, mut content } = request.validate(attached.is_some())?;
    let Some((_, media)) = content.media() else {
        let payload = Payload {
            hash: body_hash(&to, &content, None),
            to,
            content,
            size: 0,
            gate: None,
        };
        return state.outbox.send(key, request.cliente_id, payload).await;
    };
    // The files that were created for this message alone.
    let mut created = Vec::new();
    let (file, hash) = if let Some(url) = &media.url {
        state.files.check_url(url)?;
        // The file is identified by its URL: if it was sent before, it is not fetched again.
        let hash = body_hash(&to, &content, None);
        if let Some(sent) = state.outbox.repeated(key, &hash).await? {
            return Ok(sent);
        }
        let file = state
            .files
            .fetch(url, media.filename.clone(), request.cliente_id)
            .await?;
        created.push(file.clone());
        (file, hash)
    } else {
        let file = match (attached, &media.file_id) {
            (Some(file), _) => file.clone(),
            (None, id) => {
                state
                    .files
                    .find_row(id.as_deref().unwrap_or_default())
                    .await?
            }
        };
        if let Some(media) = content.media_mut() {
            media.filename = media.filename.take().or_else(|| file.filename.clone());
        }
        let hash = body_hash(&to, &content, Some(&meta(&file)));
        (file, hash)
    };
    let sending = async {
        if file.deleted
            && let Some(sent) = state.outbox.repeated(key, &hash).await?
        {
            return Ok(sent);
        }
        let mut file = state.files.find(&file.id).await?;
        // Also of a send that is rejected: it was to be sent, and may be requested again.
        state.files.record_use(&file, &to).await?;
        if let Some(as_media) = content.media()
            && let Some(conversion) = state.files.check_kind(as_media, &file.mime)?
        {
            // If the message was sent before, its file is not converted again.
            if let Some(sent) = state.outbox.repeated(key, &hash).await? {
                return Ok(sent);
            }
            (file, content) = state.files.convert(&file, conversion, content).await?;
            created.push(file.clone());
            state.files.record_use(&file, &to).await?;
        }
        let gate = state.files.gate().await;
        // The file may have been deleted since the lookup.
        let file = state.files.find(&file.id).await?;
        if let Some(media) = content.media_mut() {
            media.url = None;
            media.file_id = Some(file.id.clone());
        }
        let payload = Payload {
            to,
            content,
            hash,
            size: file.size,
            gate: Some(gate),
        };
        state.outbox.send(key, request.cliente_id, payload).await
    };
    let sent = sending.await;
    for file in &created {
        state.files.release_ephemeral(file).await;
    }
    sent
}

/// Asks WhatsApp whether a number has an account, and how WhatsApp spells it.
/// There is half a second between two queries.
#[utoipa::path(post, path = paths::LOOKUP, tag = "messages", params(ClienteHeader),
    request_body(content = LookupRequest, example = json!({"to": "5491158254201"})),
    responses((status = 200, description = "What WhatsApp says", body = LookupBody), Failures))]
pub async fn look_up(
    State(state): State<AppState>,
    ApiJson(request): ApiJson<LookupRequest>,
) -> Result<Json<LookupBody>, ApiError> {
    let to = Recipient::parse(&request.to)
        .map_err(|invalid| ApiError::new(ErrorCode::InvalidRequest, invalid.to_string()))?;
    Ok(Json(state.outbox.look_up(&to).await?))
}

/// Checks whether a message could be sent: does all that [`send`] does except
/// sending and fetching. Stores nothing.
#[utoipa::path(post, path = paths::SEND_CHECK, tag = "messages", params(ClienteHeader, IdempotencyHeader),
    request_body(content(
        (SendRequest, example = json!({"to": "5491158254201", "message": "Hola"})),
        (SendParts = "multipart/form-data")
    )),
    responses((status = 200, description = "It could be sent", body = CheckBody), Failures))]
pub async fn check(
    State(state): State<AppState>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<CheckBody>, ApiError> {
    idempotency_key(&headers)?;
    let (request, attached) = read_request(&state.files, request, false).await?;
    let outgoing = request.validate(attached.is_some())?;
    if let Some((kind, media)) = outgoing.content.media() {
        match (attached, &media.url, &media.file_id) {
            (Some(FilePart::Inspected(meta)), ..) => {
                state.files.check_kind((kind, media), &meta.mime)?;
            }
            (_, Some(url), _) => state.files.check_url(url)?,
            (_, _, id) => {
                let file = state.files.find(id.as_deref().unwrap_or_default()).await?;
                state.files.check_kind((kind, media), &file.mime)?;
            }
        }
    }
    Ok(Json(CheckBody { ok: true }))
}

async fn read_request(
    files: &Files,
    request: Request,
    keep: bool,
) -> Result<(SendRequest, Option<FilePart>), ApiError> {
    if is_multipart(request.headers()) {
        return multipart::read_send_with_file(files, request, keep).await;
    }
    let ApiJson(request) = ApiJson::<SendRequest>::from_request(request, &()).await?;
    Ok((request, None))
}

fn meta(file: &FileRow) -> FileMeta {
    FileMeta {
        sha256: file.sha256.clone(),
        size: file.size,
        mime: file.mime.clone(),
    }
}

/// Returns the state of a sent message.
#[utoipa::path(get, path = paths::MESSAGE, tag = "messages",
    params(("id" = String, Path, description = "`message_id` or `ledger_id`")),
    responses((status = 200, description = "What is known of it", body = MessageBody), Failures))]
pub async fn message(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<MessageBody>, ApiError> {
    Ok(Json(state.outbox.message_body(&id).await?))
}

/// Edits a sent message; responds once WhatsApp's server accepted the edit.
/// WhatsApp allows it for 15 minutes.
#[utoipa::path(put, path = paths::MESSAGE, tag = "messages",
    params(("id" = String, Path, description = "`message_id` or `ledger_id`"), ClienteHeader, IdempotencyHeader),
    request_body(content = EditRequest, example = json!({"message": "Hola, a las 18"})),
    responses((status = 200, description = "It has this text", body = ChangedBody), Failures))]
pub async fn edit(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<EditRequest>,
) -> Result<Json<ChangedBody>, ApiError> {
    let key = idempotency_key(&headers)?;
    let change = WantedChange::Edit(request.validate()?.to_owned());
    Ok(Json(state.outbox.change(key, &id, change).await?))
}

/// Deletes a sent message for everyone; responds once WhatsApp's server accepted
/// it. WhatsApp allows it for two days and a half.
#[utoipa::path(delete, path = paths::MESSAGE, tag = "messages",
    params(("id" = String, Path, description = "`message_id` or `ledger_id`"), ClienteHeader, IdempotencyHeader),
    responses((status = 200, description = "It is deleted", body = ChangedBody), Failures))]
pub async fn delete(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<ChangedBody>, ApiError> {
    let key = idempotency_key(&headers)?;
    let change = WantedChange::Delete;
    Ok(Json(state.outbox.change(key, &id, change).await?))
}

/// Gives this account's reaction to a message, sent or received, in place of
/// an earlier one; an empty emoji takes it away. Responds once WhatsApp's server
/// accepted it.
#[utoipa::path(put, path = paths::MESSAGE_REACTION, tag = "messages",
    params(("id" = String, Path, description = "`message_id`, or the `ledger_id` of a sent message"), ClienteHeader, IdempotencyHeader),
    request_body(content = ReactionRequest, example = json!({"emoji": "👍"})),
    responses((status = 200, description = "It has this reaction, or none", body = ChangedBody), Failures))]
pub async fn react(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<ReactionRequest>,
) -> Result<Json<ChangedBody>, ApiError> {
    let key = idempotency_key(&headers)?;
    let change = WantedChange::React(request.validate()?.to_owned());
    Ok(Json(state.outbox.change(key, &id, change).await?))
}

/// Takes this account's reaction to a message away; responds once WhatsApp's
/// server accepted it.
#[utoipa::path(delete, path = paths::MESSAGE_REACTION, tag = "messages",
    params(("id" = String, Path, description = "`message_id`, or the `ledger_id` of a sent message"), ClienteHeader, IdempotencyHeader),
    responses((status = 200, description = "It has none", body = ChangedBody), Failures))]
pub async fn remove_reaction(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<ChangedBody>, ApiError> {
    let key = idempotency_key(&headers)?;
    let change = WantedChange::React(String::new());
    Ok(Json(state.outbox.change(key, &id, change).await?))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    key.to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()) && keys.next().is_none())
        .map(Some)
        .ok_or_else(|| {
            ApiError::new(
                ErrorCode::InvalidHeader,
                "Idempotency-Key must be one value of 1 to 255 visible ASCII characters",
            )
        })
}
