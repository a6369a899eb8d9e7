//! `POST /send`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use service_runtime::http::{ApiJson, ErrorReply};
use session_api::{SendBody, SendRequest};
use session_client::Endpoint;

use crate::error::HubError;
use crate::router::AppState;
use crate::upstream::{Upstream, Verbatim};

/// Passes the message on, once; under `DRY_RUN` nothing leaves.
pub(crate) async fn send(
    State(state): State<AppState>,
    Upstream(client): Upstream,
    ApiJson(request): ApiJson<SendRequest>,
) -> Result<Response, HubError> {
    let recipient = request.validate(false)?.to;
    if state.config.dry_run {
        tracing::info!(to = ?recipient, cliente_id = request.cliente_id, "dry run: nothing was sent");
        let body = SendBody {
            ok: true,
            message_id: format!("dry-run-{:016x}", rand::random::<u64>()),
            dry_run: true,
        };
        return Ok(Json(body).into_response());
    }
    let json = serde_json::to_vec(&request).unwrap_or_default().into();
    // In a task of its own: a caller that hangs up must not break off what
    // may be half sent.
    let sending = tokio::spawn(async move {
        Verbatim::ask::<SendBody>(&client, Endpoint::Send, Some(json)).await
    });
    match sending.await {
        Ok(answer) => answer.map(IntoResponse::into_response),
        Err(_) => Err(ErrorReply::internal().into()),
    }
}
