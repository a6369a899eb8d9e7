//! Handles `POST /chats/{to}/read`, `POST /chats/{to}/typing`, `DELETE /chats/{to}/messages` and
//! `GET /contacts/{to}`.

use api_docs::{ClienteHeader, Failures};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use service_runtime::http::{ApiJson, ApiPath, ApiQuery};
use session_api::{
    ChatForgottenBody, ContactBody, ReadBody, Recipient, TypingBody, TypingRequest, paths,
};
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::state::AppState;

/// Marks the chat with a number as read, which the other side sees. Read
/// receipts are sent for nothing else but this and a send.
#[utoipa::path(post, path = paths::CHAT_READ, tag = "chats",
    params(("to" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), ClienteHeader),
    responses((status = 200, description = "It is read", body = ReadBody), Failures))]
pub async fn read(
    State(state): State<AppState>,
    ApiPath(to): ApiPath<String>,
) -> Result<Json<ReadBody>, ApiError> {
    let to = Recipient::parse(&to)?;
    Ok(Json(state.outbox.mark_read(&to).await?))
}

/// Shows the account as typing in the chat with a number, for some seconds.
#[utoipa::path(post, path = paths::CHAT_TYPING, tag = "chats",
    params(("to" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), ClienteHeader),
    request_body(content = TypingRequest, example = json!({"seconds": 5})),
    responses((status = 200, description = "It is shown", body = TypingBody), Failures))]
pub async fn typing(
    State(state): State<AppState>,
    ApiPath(to): ApiPath<String>,
    ApiJson(request): ApiJson<TypingRequest>,
) -> Result<Json<TypingBody>, ApiError> {
    let to = Recipient::parse(&to)?;
    let seconds = request.validate()?;
    Ok(Json(state.outbox.typing(&to, seconds).await?))
}

/// How far the caller has read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ForgetQuery {
    /// The id of the last event that the caller has read: what came after it
    /// stays. Without it everything goes.
    #[param(format = "uint64")]
    until: Option<u64>,
}

/// Deletes what the service keeps of a chat: texts, names, numbers and files. What
/// the phone and WhatsApp have stays. A hash of each message stays, so that none is
/// told or sent twice; a message whose outcome is unknown stays until it is settled.
#[utoipa::path(delete, path = paths::CHAT_MESSAGES, tag = "chats",
    params(("to" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), ForgetQuery, ClienteHeader),
    responses((status = 200, description = "What was deleted", body = ChatForgottenBody), Failures))]
pub async fn forget(
    State(state): State<AppState>,
    ApiPath(to): ApiPath<String>,
    ApiQuery(ForgetQuery { until }): ApiQuery<ForgetQuery>,
) -> Result<Json<ChatForgottenBody>, ApiError> {
    let to = Recipient::parse(&to)?;
    let forgotten = state.media.forget_chat(&to, until).await?;
    tracing::info!(
        rows = forgotten.rows,
        unsettled = forgotten.unsettled,
        "a chat was forgotten"
    );
    Ok(Json(ChatForgottenBody {
        deleted: forgotten.rows,
        unsettled: forgotten.unsettled,
    }))
}

/// Returns what WhatsApp tells of a number. There is half a second between two
/// queries.
#[utoipa::path(get, path = paths::CONTACT, tag = "chats",
    params(("to" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), ClienteHeader),
    responses((status = 200, description = "What is known of it", body = ContactBody), Failures))]
pub async fn contact(
    State(state): State<AppState>,
    ApiPath(to): ApiPath<String>,
) -> Result<Json<ContactBody>, ApiError> {
    let to = Recipient::parse(&to)?;
    Ok(Json(state.outbox.contact(&to).await?))
}
