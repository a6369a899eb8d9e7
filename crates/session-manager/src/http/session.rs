//! Handles the requests about the session: connect, disconnect, logout, pairing code, backup,
//! details, screenshot.

use api_docs::{ClienteHeader, Failures};
use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use service_runtime::http::ApiJson;
use session_api::{
    BackupBody, ConnectBody, ErrorCode, PairingCodeBody, PairingCodeRequest, SESSION_NAME,
    SessionBody, SessionState, Timestamp, TransitionBody, paths,
};

use crate::backup::{BackupError, Taken};
use crate::browser::{CdpError, PageError, PairingCode};
use crate::error::ApiError;
use crate::session::LogoutOutcome;
use crate::state::AppState;

/// Requests the session; responds immediately.
#[utoipa::path(post, path = paths::CONNECT, tag = "session", params(ClienteHeader),
    responses((status = 200, description = "The intent was taken", body = ConnectBody), Failures))]
pub async fn connect(State(state): State<AppState>) -> Result<Json<ConnectBody>, ApiError> {
    let state_now = state.session.connect().await?;
    let message = match state_now {
        SessionState::Init => "Connecting: the browser is being started",
        SessionState::QrRequired => "A code is on show: scan it with the phone",
        SessionState::Authenticated => "Linked: waiting for WhatsApp",
        SessionState::Ready => "Already connected",
        SessionState::Disconnected | SessionState::Error => "Not connected: see GET /session",
    };
    Ok(Json(ConnectBody {
        success: true,
        message: message.to_owned(),
        session: SESSION_NAME.to_owned(),
        state: state_now,
        already_connected: state_now.is_linked(),
    }))
}

fn transition(state: SessionState, message: &str) -> Json<TransitionBody> {
    Json(TransitionBody {
        success: true,
        message: message.to_owned(),
        session: SESSION_NAME.to_owned(),
        state,
    })
}

/// Closes the browser; the device stays linked.
#[utoipa::path(post, path = paths::DISCONNECT, tag = "session", params(ClienteHeader),
    responses((status = 200, description = "The state now", body = TransitionBody), Failures))]
pub async fn disconnect(State(state): State<AppState>) -> Result<Json<TransitionBody>, ApiError> {
    let state_now = state.session.disconnect().await?;
    Ok(transition(
        state_now,
        "The browser is closed; the device stays linked",
    ))
}

/// Unlinks the device and deletes its stored data.
#[utoipa::path(post, path = paths::LOGOUT, tag = "session", params(ClienteHeader),
    responses((status = 200, description = "The state now", body = TransitionBody), Failures))]
pub async fn logout(State(state): State<AppState>) -> Result<Json<TransitionBody>, ApiError> {
    let outcome = state.session.logout().await?;
    let message = match outcome {
        LogoutOutcome::Unlinked => "The device is unlinked and its stored session deleted",
        LogoutOutcome::OnlyHere => {
            "The stored session is deleted, but WhatsApp could not be told: remove the device on the phone, under Linked devices"
        }
        LogoutOutcome::WasNotLinked => "No device was linked; what was stored is deleted",
    };
    Ok(transition(state.session.snapshot().session.state, message))
}

/// Returns a code to type into the phone instead of scanning.
///
/// A repeated request for the same number before it expires returns the same
/// code, which is renewed when it expires.
#[utoipa::path(post, path = paths::PAIRING_CODE, tag = "code", params(ClienteHeader),
    request_body(content = PairingCodeRequest, example = json!({"phone": "5491158254201"})),
    responses((status = 200, description = "The code", body = PairingCodeBody), Failures))]
pub async fn pairing_code(
    State(state): State<AppState>,
    ApiJson(request): ApiJson<PairingCodeRequest>,
) -> Result<Json<PairingCodeBody>, ApiError> {
    let phone: String = request
        .phone
        .chars()
        .filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')' | '.'))
        .collect();
    if !(8..=15).contains(&phone.len()) || !phone.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::new(
            ErrorCode::InvalidRequest,
            "phone must be a number in international form: 8 to 15 digits, for example 5491158254201",
        ));
    }
    let snapshot = state.session.snapshot();
    if snapshot.session.state.is_linked() {
        return Err(ApiError::new(
            ErrorCode::AlreadyLinked,
            "a phone is already linked: POST /logout first",
        ));
    }
    let page = state
        .session
        .page()
        .filter(|_| snapshot.session.state == SessionState::QrRequired)
        .ok_or_else(|| {
            let state_now = snapshot.session.state;
            ApiError::new(
                ErrorCode::QrNotAvailable,
                format!("the page does not ask for a phone now (state {state_now}): POST /connect and wait for QR_REQUIRED"),
            )
        })?;
    match page.pairing_code(&phone).await {
        Ok(PairingCode { code, expires_at }) => Ok(Json(PairingCodeBody {
            code,
            expires_at: Timestamp::from_millis(expires_at),
        })),
        Err(error) => Err(ApiError::new(pairing_failure(&error), error.to_string())),
    }
}

fn pairing_failure(error: &PageError) -> ErrorCode {
    match error {
        PageError::Browser(CdpError::Timeout(_)) => ErrorCode::BrowserTimeout,
        PageError::Browser(_) => ErrorCode::BrowserFailed,
        PageError::NotReady(_) => ErrorCode::QrNotAvailable,
        _ => ErrorCode::PairingFailed,
    }
}

/// Temporarily closes the browser and takes a backup of the linked session.
#[utoipa::path(post, path = paths::BACKUP, tag = "service",
    responses((status = 200, description = "Where it is", body = BackupBody), Failures))]
pub async fn backup(State(state): State<AppState>) -> Result<Json<BackupBody>, ApiError> {
    let taken = state.backups.take_running(&state.session).await?;
    let Taken { file, bytes } = taken.map_err(|error| {
        let code = match error {
            BackupError::NoKey | BackupError::NotLinked | BackupError::InProgress => {
                ErrorCode::BackupUnavailable
            }
            _ => ErrorCode::BackupFailed,
        };
        ApiError::new(code, error.to_string())
    })?;
    Ok(Json(BackupBody {
        success: true,
        file: file.display().to_string(),
        bytes,
    }))
}

/// Returns the session's details for an operator.
#[utoipa::path(get, path = paths::SESSION, tag = "session",
    responses((status = 200, description = "All of it", body = SessionBody), Failures))]
pub async fn session(State(state): State<AppState>) -> Json<SessionBody> {
    let mut body = state.session.snapshot().session.clone();
    let current = state.limits.borrow().clone();
    body.limits = current.limits.clone();
    body.first_sync = current.first_sync;
    Json(body)
}

/// Returns a screenshot of the browser.
///
/// It contains the operator's chats: it always requires the token.
#[utoipa::path(get, path = paths::SCREENSHOT, tag = "service",
    responses((status = 200, description = "The picture", body = Vec<u8>, content_type = "image/png"), Failures))]
pub async fn screenshot(State(state): State<AppState>) -> Result<Response, ApiError> {
    if state.token.is_none() {
        return Err(ApiError::new(
            ErrorCode::Unauthorized,
            "a screenshot shows the account's chats: set SESSION_MANAGER_TOKEN and present it",
        ));
    }
    let png = state.session.screenshot().await?;
    let headers = [(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "no-store")];
    Ok((headers, png).into_response())
}
