//! Serves `/api/listener/inbox` and the conversation marks: unanswered
//! conversations, and the caller's read position.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath};
use session_api::Timestamp;
use utoipa::ToSchema;

use super::done::Done;
use super::numbers;
use crate::auth::Caller;
use crate::error::HubError;
use crate::state::AppState;
use crate::store::{MAX_COUNTED, NOBODY};

#[derive(Serialize, ToSchema)]
#[schema(as = inbox::Counts)]
pub(crate) struct Counts {
    /// Number of conversations in which a contact waits for a reply.
    sin_responder: i64,
    /// When the longest wait began; `null` if no contact waits.
    desde: Option<Timestamp>,
    /// Number of conversations with messages that the user has not read.
    sin_leer: i64,
    /// Whether one of the counts reached its maximum.
    hay_mas: bool,
}

/// Returns the user whose read position applies; [`NOBODY`] for callers that are not users.
pub(super) fn reader(caller: &Caller) -> i64 {
    caller.user_id().unwrap_or(NOBODY)
}

/// Returns the number of unanswered conversations and the number of
/// conversations that the caller has not read.
#[utoipa::path(
    get, path = "/listener/inbox", tag = "inbound", operation_id = "inbox_counts",
    responses((status = 200, description = "How many", body = Counts), Failures)
)]
pub(crate) async fn counts(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Counts>, HubError> {
    let counts = state
        .store
        .inbox_counts(caller.cliente_id, reader(&caller))
        .await?;
    Ok(Json(Counts {
        sin_responder: counts.waiting,
        desde: counts.oldest,
        sin_leer: counts.unread,
        hay_mas: counts.waiting.max(counts.unread) >= MAX_COUNTED,
    }))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = inbox::Read)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    /// Number of the last message that was seen; later messages stay unread. If
    /// omitted, all messages are marked as read.
    hasta: Option<i64>,
}

/// Marks a conversation as read by the caller.
#[utoipa::path(
    post, path = "/listener/conversations/{number}/read", tag = "inbound", operation_id = "inbox_read",
    params(("number" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201")),
    request_body(content = Read, example = json!({"hasta": 812})),
    responses((status = 200, description = "Marked as read", body = Done), Failures)
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(number): ApiPath<String>,
    ApiJson(body): ApiJson<Read>,
) -> Result<Response, HubError> {
    let chat = chat_of(&state, &number).await?;
    state
        .store
        .mark_read(reader(&caller), &chat, body.hasta)
        .await?;
    Ok(Done::json().into_response())
}

/// Marks the messages that a contact sent so far as needing no reply.
#[utoipa::path(
    post, path = "/listener/conversations/{number}/attended", tag = "inbound", operation_id = "inbox_attended",
    params(("number" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201")),
    responses((status = 200, description = "Marked as needing no reply", body = Done), Failures)
)]
pub(crate) async fn attended(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(number): ApiPath<String>,
) -> Result<Response, HubError> {
    let chat = chat_of(&state, &number).await?;
    state.store.settle(&chat, caller.cliente_id).await?;
    Ok(Done::json().into_response())
}

async fn chat_of(state: &AppState, number: &str) -> Result<String, HubError> {
    let person = numbers::recipient("telefono", number, &state.config.home)?;
    Ok(state.store.chat_of(&person).await?)
}
