//! `POST /send` and `GET /messages/{id}`.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use service_runtime::http::{ApiJson, ApiPath};
use session_api::{ErrorCode, MessageBody, SendBody, SendRequest};

use crate::error::ApiError;
use crate::router::AppState;

/// Sends a message; answers once WhatsApp's server took it.
pub async fn send(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiJson(request): ApiJson<SendRequest>,
) -> Result<Json<SendBody>, ApiError> {
    let outgoing = request.validate(false)?;
    if outgoing.content.media().is_some() {
        let why = "type: this version sends no files";
        return Err(ApiError::new(ErrorCode::InvalidRequest, why));
    }
    let key = idempotency_key(&headers)?;
    let sent = state.outbox.send(key, request.cliente_id, outgoing).await?;
    Ok(Json(sent))
}

/// What is known of a sent message.
pub async fn message(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<MessageBody>, ApiError> {
    Ok(Json(state.outbox.message(&id).await?.body()))
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
                "Idempotency-Key has to be one value of 1 to 255 visible ASCII characters",
            )
        })
}
