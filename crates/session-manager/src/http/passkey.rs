//! Handles `/passkey`: the passkey (WebAuthn) that WhatsApp requires of some accounts before it
//! links a device.

use api_docs::{ClienteHeader, Failures};
use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use metrics::counter;
use serde::Deserialize;
use service_runtime::http::ApiJson;
use session_api::{
    ErrorCode, Invalid, PasskeyBody, PasskeyCredential, PasskeyRequest, SESSION_NAME,
    TransitionBody, paths,
};
use sha2::{Digest as _, Sha256};

use crate::browser::{CdpError, PageError, WhatsAppPage};
use crate::error::ApiError;
use crate::session::Passkey;
use crate::state::AppState;

/// The site on which an answer has to be made; its subdomains count as well.
const SITE: &str = "whatsapp.com";
/// Authenticator flags: user present and user verified.
const PRESENT_AND_VERIFIED: u8 = 0x05;

/// Returns the passkey that WhatsApp requests.
#[utoipa::path(get, path = paths::PASSKEY, tag = "code", params(ClienteHeader),
    responses((status = 200, description = "What is asked for now", body = PasskeyBody), Failures))]
pub async fn passkey(State(state): State<AppState>) -> Json<PasskeyBody> {
    let snapshot = state.session.snapshot();
    let passkey = snapshot.passkey.as_ref();
    Json(passkey.map_or(PasskeyBody::NoPasskey, Passkey::body))
}

/// Submits a passkey answer, which a browser made on `https://web.whatsapp.com`.
///
/// The body is the output of `PublicKeyCredential.toJSON()`. WhatsApp verifies
/// it next: `PASSKEY_REQUIRED` with another challenge means that it was
/// refused.
#[utoipa::path(post, path = paths::PASSKEY, tag = "code", params(ClienteHeader),
    request_body(content = PasskeyCredential, example = json!({
        "id": "AQIDBA", "rawId": "AQIDBA", "type": "public-key",
        "response": {
            "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFBQSIsIm9yaWdpbiI6Imh0dHBzOi8vd2ViLndoYXRzYXBwLmNvbSJ9",
            "authenticatorData": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFAAAAAA",
            "signature": "MAYCAQECAQE"
        }
    })),
    responses((status = 200, description = "Given to WhatsApp", body = TransitionBody), Failures))]
pub async fn answer(
    State(state): State<AppState>,
    ApiJson(credential): ApiJson<PasskeyCredential>,
) -> Result<Json<TransitionBody>, ApiError> {
    credential.check()?;
    let snapshot = state.session.snapshot();
    let pending = snapshot.passkey.as_ref();
    let (Some(PasskeyBody::Required { public_key, .. }), Some(request)) = (
        pending.map(Passkey::body),
        pending.map(|passkey| passkey.request),
    ) else {
        return Err(not_pending("WhatsApp is not waiting for a passkey answer"));
    };
    check_credential(&credential, &public_key)?;
    let page = page(&state)?;
    page.answer_passkey(request, &credential)
        .await
        .map_err(|error| failure(&error))?;
    success(
        &state,
        "The answer was given to WhatsApp; the phone goes on",
    )
}

/// Confirms that the phone displays the same verification code.
#[utoipa::path(post, path = paths::PASSKEY_CONFIRM, tag = "code", params(ClienteHeader),
    responses((status = 200, description = "Told to WhatsApp", body = TransitionBody), Failures))]
pub async fn confirm(State(state): State<AppState>) -> Result<Json<TransitionBody>, ApiError> {
    let snapshot = state.session.snapshot();
    if !snapshot
        .passkey
        .as_ref()
        .is_some_and(Passkey::needs_confirmation)
    {
        return Err(not_pending(
            "no verification code is waiting for confirmation",
        ));
    }
    page(&state)?
        .confirm_passkey()
        .await
        .map_err(|error| failure(&error))?;
    success(&state, "The code is confirmed; the device is being linked")
}

/// Cancels the passkey: the page returns to a code to scan.
#[utoipa::path(post, path = paths::PASSKEY_CANCEL, tag = "code", params(ClienteHeader),
    responses((status = 200, description = "Given up", body = TransitionBody), Failures))]
pub async fn cancel(State(state): State<AppState>) -> Result<Json<TransitionBody>, ApiError> {
    if state.session.snapshot().passkey.is_none() {
        return Err(not_pending("WhatsApp is not requesting a passkey"));
    }
    let page = page(&state)?;
    let cancelled = page.cancel_passkey().await;
    if !cancelled.map_err(|error| failure(&error))? {
        let reloaded = page.reload().await;
        reloaded.map_err(|error| failure(&error.into()))?;
    }
    counter!("leadmaster_passkeys_total", "step" => "cancelled").increment(1);
    tracing::info!("the passkey was cancelled on request");
    success(&state, "Given up: a code to scan comes next")
}

fn success(state: &AppState, message: &str) -> Result<Json<TransitionBody>, ApiError> {
    Ok(Json(TransitionBody {
        success: true,
        message: message.to_owned(),
        session: SESSION_NAME.to_owned(),
        state: state.session.snapshot().session.state,
    }))
}

fn not_pending(message: &str) -> ApiError {
    ApiError::new(ErrorCode::PasskeyNotPending, message)
}

fn page(state: &AppState) -> Result<WhatsAppPage, ApiError> {
    state
        .session
        .page()
        .ok_or_else(|| not_pending("no browser is running that could request a passkey"))
}

fn failure(error: &PageError) -> ApiError {
    let code = match error {
        PageError::Browser(CdpError::Timeout(_)) => ErrorCode::BrowserTimeout,
        PageError::NotReady(_) => ErrorCode::PasskeyNotPending,
        _ => ErrorCode::BrowserFailed,
    };
    ApiError::new(code, error.to_string())
}

/// The client data of a WebAuthn response.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
}

/// Checks whether the credential can answer this request. WhatsApp verifies it, but an answer that
/// WhatsApp would certainly reject costs the person the request.
fn check_credential(
    credential: &PasskeyCredential,
    request: &PasskeyRequest,
) -> Result<(), Invalid> {
    const CLIENT_DATA: &str = "response.clientDataJSON";
    const AUTHENTICATOR_DATA: &str = "response.authenticatorData";
    let invalid = |field: &'static str, wants: &'static str| Invalid {
        field: field.into(),
        wants: wants.into(),
    };
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
    let client: ClientData = decode(&credential.response.client_data)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| invalid(CLIENT_DATA, "must be the client data of a browser"))?;
    if client.kind != "webauthn.get" {
        return Err(invalid(
            CLIENT_DATA,
            "must come from navigator.credentials.get",
        ));
    }
    if client.challenge.trim_end_matches('=') != request.challenge.trim_end_matches('=') {
        return Err(invalid(
            CLIENT_DATA,
            "is the answer to another request: answer the current one of GET /passkey",
        ));
    }
    if !is_whatsapp_origin(&client.origin) {
        return Err(invalid(
            CLIENT_DATA,
            "must be created on https://web.whatsapp.com",
        ));
    }
    let data = decode(&credential.response.authenticator_data).unwrap_or_default();
    let (Some(rp_id_hash), Some(flags)) = (data.get(..32), data.get(32)) else {
        return Err(invalid(AUTHENTICATOR_DATA, "is too short"));
    };
    let rp_id = request.rp_id.as_deref().unwrap_or(SITE);
    if rp_id_hash != Sha256::digest(rp_id).as_slice() {
        return Err(invalid(
            AUTHENTICATOR_DATA,
            "must belong to WhatsApp's passkey",
        ));
    }
    if flags & PRESENT_AND_VERIFIED != PRESENT_AND_VERIFIED {
        return Err(invalid(
            AUTHENTICATOR_DATA,
            "must state that its owner was verified",
        ));
    }
    Ok(())
}

/// Returns whether the origin is `https` on WhatsApp's domain or on a subdomain.
fn is_whatsapp_origin(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("https://") else {
        return false;
    };
    host == SITE
        || host
            .strip_suffix(SITE)
            .is_some_and(|prefix| prefix.ends_with('.') && !prefix.contains(['/', ':', '@']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whatsapps_own_pages_answer_for_its_passkeys() {
        for origin in ["https://web.whatsapp.com", "https://whatsapp.com"] {
            assert!(is_whatsapp_origin(origin), "{origin}");
        }
        for invalid in [
            "http://web.whatsapp.com",
            "https://notwhatsapp.com",
            "https://web.whatsapp.com.evil.example",
            "https://evil.example/.whatsapp.com",
            "https://a@b.whatsapp.com",
            "",
        ] {
            assert!(!is_whatsapp_origin(invalid), "{invalid}");
        }
    }
}
