//! Session routes that pass session-manager's responses on unchanged:
//! `/status`, `/qr`, … and `/api/admin/whatsapp/…`.

use api_docs::{ClienteHeader, Failures};
use axum::extract::State;
use service_runtime::http::ApiJson;
use session_api::{
    ConnectBody, PairingCodeBody, PairingCodeRequest, QrBody, SessionBody, StatusBody,
    TransitionBody,
};
use session_client::Endpoint;

use crate::error::HubError;
use crate::http::numbers::settle_pairing;
use crate::http::upstream::{Upstream, Verbatim};
use crate::state::AppState;

type Answer = Result<Verbatim, HubError>;

/// Returns the session's state.
#[utoipa::path(
    get, path = "/admin/whatsapp/status", tag = "session", operation_id = "admin_status",
    params(ClienteHeader),
    responses((status = 200, description = "session-manager's answer", body = StatusBody), Failures)
)]
pub(crate) async fn status(Upstream(client): Upstream) -> Answer {
    Verbatim::request::<StatusBody>(&client, Endpoint::Status, None).await
}

/// Returns the linking code as a data URL, or `NO_QR`.
#[utoipa::path(
    get, path = "/admin/whatsapp/qr", tag = "session", operation_id = "admin_qr",
    params(ClienteHeader),
    responses((status = 200, description = "session-manager's answer", body = QrBody), Failures)
)]
pub(crate) async fn qr(Upstream(client): Upstream) -> Answer {
    Verbatim::request::<QrBody>(&client, Endpoint::Qr, None).await
}

/// Returns the session's full status for an operator.
#[utoipa::path(
    get, path = "/admin/whatsapp/session", tag = "session", operation_id = "admin_session",
    params(ClienteHeader),
    responses((status = 200, description = "session-manager's answer", body = SessionBody), Failures)
)]
pub(crate) async fn session(Upstream(client): Upstream) -> Answer {
    Verbatim::request::<SessionBody>(&client, Endpoint::Session, None).await
}

/// Requests the session and responds at once.
#[utoipa::path(
    post, path = "/admin/whatsapp/connect", tag = "session", operation_id = "admin_connect",
    params(ClienteHeader),
    responses((status = 200, description = "session-manager's answer", body = ConnectBody), Failures)
)]
pub(crate) async fn connect(Upstream(client): Upstream) -> Answer {
    Verbatim::request::<ConnectBody>(&client, Endpoint::Connect, None).await
}

/// Closes the browser; the device stays linked.
#[utoipa::path(
    post, path = "/admin/whatsapp/disconnect", tag = "session", operation_id = "admin_disconnect",
    params(ClienteHeader),
    responses((status = 200, description = "session-manager's answer", body = TransitionBody), Failures)
)]
pub(crate) async fn disconnect(Upstream(client): Upstream) -> Answer {
    Verbatim::request::<TransitionBody>(&client, Endpoint::Disconnect, None).await
}

/// Unlinks the device and deletes the stored session.
#[utoipa::path(
    post, path = "/admin/whatsapp/logout", tag = "session", operation_id = "admin_logout",
    params(ClienteHeader),
    responses((status = 200, description = "session-manager's answer", body = TransitionBody), Failures)
)]
pub(crate) async fn logout(Upstream(client): Upstream) -> Answer {
    Verbatim::request::<TransitionBody>(&client, Endpoint::Logout, None).await
}

/// Returns a code to type into the phone instead of scanning the QR code.
#[utoipa::path(
    post, path = "/admin/whatsapp/pairing-code", tag = "session", operation_id = "admin_pairing_code",
    params(ClienteHeader),
    request_body(content = PairingCodeRequest, example = json!({"phone": "5491158254201"})),
    responses((status = 200, description = "The code", body = PairingCodeBody), Failures)
)]
pub(crate) async fn pairing_code(
    Upstream(client): Upstream,
    State(state): State<AppState>,
    ApiJson(mut request): ApiJson<PairingCodeRequest>,
) -> Answer {
    settle_pairing(&mut request, &state.config.home)?;
    let json = serde_json::to_vec(&request).unwrap_or_default().into();
    Verbatim::request::<PairingCodeBody>(&client, Endpoint::PairingCode, Some(json)).await
}
