//! `POST /send`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use rand::Rng;
use service_runtime::http::ApiJson;
use session_api::{ErrorCode, Recipient, SendBody, SendRequest, SessionState};

use crate::browser::{BidiError, PageError};
use crate::error::ApiError;
use crate::router::AppState;
use crate::session::SessionHandle;

/// Less than the hub waits (60 s), so that the hub hears what became of it.
const DEADLINE: Duration = Duration::from_secs(50);

/// Sends a text; answers once WhatsApp's server took it.
pub async fn send(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiJson(request): ApiJson<SendRequest>,
) -> Result<Json<SendBody>, ApiError> {
    let recipient = request
        .validate()
        .map_err(|invalid| ApiError::new(ErrorCode::InvalidRequest, invalid.to_string()))?;
    let key = idempotency_key(&headers)?;
    let attempt = attempt(state.session, recipient, request.clone());
    match key {
        Some(key) => state.sent.once(key, &request, attempt).await,
        None => attempt.await,
    }
    .map(Json)
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

async fn attempt(
    session: SessionHandle,
    recipient: Recipient,
    request: SendRequest,
) -> Result<SendBody, ApiError> {
    let now = session.snapshot().session.state;
    let page = session
        .page()
        .filter(|_| now == SessionState::Ready)
        .ok_or_else(|| {
            ApiError::new(
                ErrorCode::SessionNotReady,
                format!("the session is {now}, not READY: nothing was sent"),
            )
        })?;
    let cliente_id = request.cliente_id;
    let sent = page
        .send_text(
            recipient.as_str(),
            &request.message,
            &message_key(),
            DEADLINE,
        )
        .await;
    match sent {
        Ok(message_id) => {
            tracing::info!(to = ?recipient, cliente_id, "sent");
            Ok(SendBody {
                ok: true,
                message_id,
                dry_run: false,
            })
        }
        Err(error) => {
            let code = failure(&error);
            tracing::warn!(to = ?recipient, cliente_id, code = code.as_str(), "not sent");
            Err(ApiError::new(code, error.to_string()))
        }
    }
}

/// WhatsApp Web's own form of a key: `3EB0` and 18 hexadecimal digits.
fn message_key() -> String {
    let random: [u8; 9] = rand::rng().random();
    let hex = random.map(|byte| format!("{byte:02X}")).concat();
    format!("3EB0{hex}")
}

fn failure(error: &PageError) -> ErrorCode {
    match error {
        PageError::NotReady(_) => ErrorCode::SessionNotReady,
        PageError::NotOnWhatsapp(_) => ErrorCode::NotOnWhatsapp,
        PageError::Refused(_) | PageError::Failed(_) => ErrorCode::SendFailed,
        // The call was on its way: whether WhatsApp took it nobody can say.
        PageError::Unconfirmed(_)
        | PageError::Malformed(_)
        | PageError::Browser(
            BidiError::Closed
            | BidiError::Timeout(_)
            | BidiError::Remote { .. }
            | BidiError::Connect(_),
        ) => ErrorCode::SendUnconfirmed,
    }
}
