//! Serves `/api/whatsapp/{clienteId}/…`: the one session, as a business
//! requests it.
//!
//! The id is metadata: it is passed on to session-manager as `X-Cliente-Id`,
//! but does not select a session.

use api_docs::Failures;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_runtime::http::{ApiJson, ApiPath, ClienteId, ErrorReply};
use session_api::{
    Account, ConnectBody, PairingCodeBody, PairingCodeRequest, SessionBody, SessionState,
    TransitionBody,
};
use session_client::{Endpoint, SessionClient};
use utoipa::ToSchema;

use super::linking_code::{self, Code};
use super::node;
use super::numbers::settle_pairing;
use crate::error::HubError;
use crate::http::upstream::{Upstream, Verbatim, WithOk};
use crate::state::AppState;

/// The business in the path, and the client for its requests.
pub(crate) struct Cliente {
    id: u64,
    client: SessionClient,
}

impl FromRequestParts<AppState> for Cliente {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ErrorReply> {
        let ApiPath(text) = ApiPath::<String>::from_request_parts(parts, state).await?;
        let ClienteId(id) = ClienteId::parse(&text).ok_or_else(|| {
            ErrorReply::invalid_request("cliente_id in the path must be a positive integer")
        })?;
        let Upstream(client) = Upstream::from_request_parts(parts, state).await?;
        Ok(Self {
            id,
            client: client.for_cliente(Some(id)),
        })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = cliente::StatusAnswer)]
pub(crate) struct StatusAnswer {
    ok: bool,
    cliente_id: u64,
    status: SessionState,
    connected: bool,
    needs_qr: bool,
    can_send_messages: bool,
    account: Option<Account>,
    #[serde(flatten)]
    node: node::session::Fields,
}

/// Returns the session's state for a business.
#[utoipa::path(
    get, path = "/whatsapp/{cliente_id}/status", tag = "session", operation_id = "cliente_status",
    params(("cliente_id" = i64, Path, description = "The business", minimum = 1, example = 51)),
    responses((status = 200, description = "The state", body = StatusAnswer), Failures)
)]
pub(crate) async fn status(cliente: Cliente) -> Result<Json<StatusAnswer>, HubError> {
    let session = cliente.client.session().await?;
    let node = node::session::Fields::fetch(&cliente.client, &session).await;
    Ok(Json(StatusAnswer {
        node,
        ok: true,
        cliente_id: cliente.id,
        status: session.state,
        connected: session.state == SessionState::Ready,
        needs_qr: session.state == SessionState::QrRequired,
        can_send_messages: session.state == SessionState::Ready,
        account: session.account,
    }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = cliente::QrAnswer)]
struct QrAnswer {
    ok: bool,
    qr_code_base64: String,
    /// Alias of `qr_code_base64`.
    qr: String,
}

/// The error body of this route, in the Node service's format.
#[derive(Serialize, ToSchema)]
#[schema(as = cliente::QrRefusal)]
struct QrRefusal {
    ok: bool,
    error: &'static str,
    message: &'static str,
    #[serde(flatten)]
    node: Option<node::session::Linked>,
}

/// Returns the linking code, or the reason why there is none.
#[utoipa::path(
    get, path = "/whatsapp/{cliente_id}/qr", tag = "session", operation_id = "cliente_qr",
    params(("cliente_id" = i64, Path, description = "The business", minimum = 1, example = 51)),
    responses((status = 200, description = "The code", body = QrAnswer),
        (status = 404, description = "There is no code to scan", body = QrRefusal),
        (status = 409, description = "No code is needed: a phone is linked", body = QrRefusal), Failures)
)]
pub(crate) async fn qr(cliente: Cliente) -> Result<Response, HubError> {
    let refuse = |status, error, message, node| {
        let body = QrRefusal {
            ok: false,
            error,
            message,
            node,
        };
        (status, Json(body)).into_response()
    };
    Ok(match linking_code::fetch_code(&cliente.client).await? {
        Code::Shown(qr_code_base64) => Json(QrAnswer {
            ok: true,
            qr: qr_code_base64.clone(),
            qr_code_base64,
        })
        .into_response(),
        Code::NotAvailable(_) => refuse(
            StatusCode::NOT_FOUND,
            "QR_NOT_AVAILABLE",
            linking_code::NOT_AVAILABLE,
            None,
        ),
        Code::NotRequired(state) => refuse(
            StatusCode::CONFLICT,
            "QR_NOT_REQUIRED",
            linking_code::NOT_REQUIRED,
            Some(node::session::Linked::from_state(state)),
        ),
    })
}

type Answer = Result<Verbatim, HubError>;

/// Requests the session and responds at once.
#[utoipa::path(
    post, path = "/whatsapp/{cliente_id}/connect", tag = "session", operation_id = "cliente_connect",
    params(("cliente_id" = i64, Path, description = "The business", minimum = 1, example = 51)),
    responses((status = 200, description = "`ok` and session-manager's answer", body = WithOk<ConnectBody>), Failures)
)]
pub(crate) async fn connect(cliente: Cliente) -> Answer {
    let answer = Verbatim::request::<ConnectBody>(&cliente.client, Endpoint::Connect, None).await?;
    Ok(answer.with_ok())
}

/// Closes the browser; the device stays linked.
#[utoipa::path(
    post, path = "/whatsapp/{cliente_id}/disconnect", tag = "session", operation_id = "cliente_disconnect",
    params(("cliente_id" = i64, Path, description = "The business", minimum = 1, example = 51)),
    responses((status = 200, description = "`ok` and session-manager's answer", body = WithOk<TransitionBody>), Failures)
)]
pub(crate) async fn disconnect(cliente: Cliente) -> Answer {
    let answer =
        Verbatim::request::<TransitionBody>(&cliente.client, Endpoint::Disconnect, None).await?;
    Ok(answer.with_ok())
}

/// Unlinks the device and deletes the stored session.
#[utoipa::path(
    post, path = "/whatsapp/{cliente_id}/logout", tag = "session", operation_id = "cliente_logout",
    params(("cliente_id" = i64, Path, description = "The business", minimum = 1, example = 51)),
    responses((status = 200, description = "`ok` and session-manager's answer", body = WithOk<TransitionBody>), Failures)
)]
pub(crate) async fn logout(cliente: Cliente) -> Answer {
    let answer =
        Verbatim::request::<TransitionBody>(&cliente.client, Endpoint::Logout, None).await?;
    Ok(answer.with_ok())
}

/// Returns the session's full status for an operator.
#[utoipa::path(
    get, path = "/whatsapp/{cliente_id}/session", tag = "session", operation_id = "cliente_session",
    params(("cliente_id" = i64, Path, description = "The business", minimum = 1, example = 51)),
    responses((status = 200, description = "`ok` and session-manager's answer", body = WithOk<SessionBody>), Failures)
)]
pub(crate) async fn session(cliente: Cliente) -> Answer {
    let answer = Verbatim::request::<SessionBody>(&cliente.client, Endpoint::Session, None).await?;
    Ok(answer.with_ok())
}

/// Returns a code to type into the phone instead of scanning the QR code.
#[utoipa::path(
    post, path = "/whatsapp/{cliente_id}/pairing-code", tag = "session", operation_id = "cliente_pairing_code",
    params(("cliente_id" = i64, Path, description = "The business", minimum = 1, example = 51)),
    request_body(content = PairingCodeRequest, example = json!({"phone": "5491158254201"})),
    responses((status = 200, description = "The code", body = WithOk<PairingCodeBody>), Failures)
)]
pub(crate) async fn pairing_code(
    cliente: Cliente,
    State(state): State<AppState>,
    ApiJson(mut request): ApiJson<PairingCodeRequest>,
) -> Answer {
    settle_pairing(&mut request, &state.config.home)?;
    let json = serde_json::to_vec(&request).unwrap_or_default().into();
    let endpoint = Endpoint::PairingCode;
    let answer =
        Verbatim::request::<PairingCodeBody>(&cliente.client, endpoint, Some(json)).await?;
    Ok(answer.with_ok())
}
