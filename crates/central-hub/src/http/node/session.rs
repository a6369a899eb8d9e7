//! Describes the session in the terms of the Node screens, and serves
//! `/session-manager`.
//!
//! | `SessionState` | `state` |
//! | --- | --- |
//! | `READY` | `CONNECTED` |
//! | `QR_REQUIRED` | `QR_REQUIRED` |
//! | `INIT` with a browser starting or running, `AUTHENTICATED` | `CONNECTING` |
//! | `INIT` without one, `DISCONNECTED` | `DISCONNECTED` |
//! | `ERROR` | `ERROR` |

use api_docs::{ClienteHeader, Failures};
use axum::Json;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ClienteId};
use session_api::{ConnectBody, QrBody, SessionBody, SessionState, StatusBody, TransitionBody};
use session_client::{Endpoint, SessionClient};
use utoipa::ToSchema;

use super::auth::HOME;
use super::lenient;
use crate::error::HubError;
use crate::http::upstream::{Upstream, Verbatim};

/// The session's state in the Node screens' terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = node::SessionWord)]
pub(crate) enum Word {
    Connected,
    QrRequired,
    Connecting,
    Disconnected,
    Error,
}

impl Word {
    pub(crate) fn for_session(session: &SessionBody) -> Self {
        Self::of_state(session.state, is_under_way(session))
    }

    const fn of_state(state: SessionState, is_under_way: bool) -> Self {
        match state {
            SessionState::Ready => Self::Connected,
            SessionState::QrRequired => Self::QrRequired,
            SessionState::Authenticated => Self::Connecting,
            SessionState::Init if is_under_way => Self::Connecting,
            SessionState::Init | SessionState::Disconnected => Self::Disconnected,
            SessionState::Error => Self::Error,
        }
    }

    /// Returns what the user has to do.
    const fn action(self) -> &'static str {
        match self {
            Self::Connected => "none: messages can be sent",
            Self::QrRequired => "scan the code with the phone",
            Self::Connecting => "wait",
            Self::Disconnected => "connect",
            Self::Error => "see GET /api/admin/whatsapp/session for the problem",
        }
    }
}

/// Returns whether a browser is running or starting. The browser starts a
/// moment after the request, and there is none between two attempts.
fn is_under_way(session: &SessionBody) -> bool {
    session.browser.running
        || session.restarts.recent > 0
        || matches!(
            session.cause.as_str(),
            "CONNECT_REQUESTED" | "LINKED_PROFILE_FOUND" | "BACKING_UP"
        )
}

/// The fields that the Node screens read from `/whatsapp/{cliente_id}/status`.
#[derive(Serialize, ToSchema)]
#[schema(as = node::SessionFields)]
pub(crate) struct Fields {
    state: Word,
    connecting: bool,
    recommended_action: &'static str,
    /// The linking code, while there is one to scan.
    qr_code_base64: Option<String>,
    phone_number: Option<String>,
}

impl Fields {
    pub(crate) async fn fetch(client: &SessionClient, session: &SessionBody) -> Self {
        let state = Word::for_session(session);
        let code = match state {
            // The state is returned even if the linking code is unavailable.
            Word::QrRequired => client.qr().await.unwrap_or(QrBody::NoQr),
            _ => QrBody::NoQr,
        };
        Self {
            state,
            connecting: state == Word::Connecting,
            recommended_action: state.action(),
            qr_code_base64: match code {
                QrBody::Available { qr } => Some(qr),
                QrBody::NoQr => None,
            },
            phone_number: session
                .account
                .as_ref()
                .map(|account| account.phone.clone()),
        }
    }
}

/// The fields that the Node screens read from the error response once a phone is linked.
#[derive(Serialize, ToSchema)]
#[schema(as = node::LinkedFields)]
pub(crate) struct Linked {
    state: Word,
    can_send_messages: bool,
}

impl Linked {
    pub(crate) const fn from_state(state: SessionState) -> Self {
        Self {
            state: Word::of_state(state, true),
            can_send_messages: matches!(state, SessionState::Ready),
        }
    }
}

/// The session's state in the exact words of the Node sessions screen.
#[derive(Serialize, ToSchema)]
#[schema(as = node::SessionRowState)]
struct RowState {
    state: &'static str,
    #[serde(rename = "hasQR")]
    has_qr: bool,
    ready: bool,
    connecting: bool,
}

impl RowState {
    fn from_word(word: Word) -> Self {
        Self {
            state: match word {
                Word::Connected => "conectado",
                Word::QrRequired => "qr",
                Word::Connecting => "conectando",
                Word::Disconnected => "desconectado",
                Word::Error => "error",
            },
            has_qr: word == Word::QrRequired,
            ready: word == Word::Connected,
            connecting: word == Word::Connecting,
        }
    }
}

/// The session as a row of the Node sessions screen.
#[derive(Serialize, ToSchema)]
#[schema(as = node::SessionRow)]
pub(crate) struct Row {
    #[serde(rename = "clienteId")]
    cliente_id: u64,
    state: RowState,
}

/// Lists the sessions; there is always exactly one.
#[utoipa::path(
    get, path = "/session-manager/sessions", tag = "node", operation_id = "node_sessions",
    params(ClienteHeader),
    responses((status = 200, description = "One row", body = Vec<Row>), Failures)
)]
pub(crate) async fn sessions(
    cliente: Option<ClienteId>,
    Upstream(client): Upstream,
) -> Result<Json<[Row; 1]>, HubError> {
    let session = client.session().await?;
    Ok(Json([Row {
        cliente_id: cliente.map_or(HOME, |id| id.0),
        state: RowState::from_word(Word::for_session(&session)),
    }]))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = node::SessionOf)]
pub(crate) struct Of {
    #[serde(default, deserialize_with = "lenient::integer")]
    cliente_id: Option<u64>,
}

type Answer = Result<Verbatim, HubError>;

async fn request<T: serde::de::DeserializeOwned>(
    client: &SessionClient,
    of: &Of,
    endpoint: Endpoint,
) -> Answer {
    // The id is metadata here as on every route, since all businesses share the session.
    let client = match of.cliente_id {
        Some(id) => client.for_cliente(Some(id)),
        None => client.clone(),
    };
    let answer = Verbatim::request::<T>(&client, endpoint, None).await?;
    Ok(answer.with_ok())
}

/// Requests the session.
#[utoipa::path(
    post, path = "/session-manager/admin/login", tag = "node", operation_id = "node_session_login",
    params(ClienteHeader),
    request_body(content = Of, example = json!({"cliente_id": 51})),
    responses((status = 200, description = "`ok` and session-manager's answer", body = ConnectBody), Failures)
)]
pub(crate) async fn login(Upstream(client): Upstream, ApiJson(of): ApiJson<Of>) -> Answer {
    request::<ConnectBody>(&client, &of, Endpoint::Connect).await
}

/// Closes the browser; the phone stays linked.
#[utoipa::path(
    post, path = "/session-manager/admin/logout", tag = "node", operation_id = "node_session_logout",
    params(ClienteHeader),
    request_body(content = Of, example = json!({"cliente_id": 51})),
    responses((status = 200, description = "`ok` and session-manager's answer", body = TransitionBody), Failures)
)]
pub(crate) async fn logout(Upstream(client): Upstream, ApiJson(of): ApiJson<Of>) -> Answer {
    request::<TransitionBody>(&client, &of, Endpoint::Disconnect).await
}

/// session-manager's state, with its Node name.
#[derive(Serialize, ToSchema)]
#[schema(as = node::StatusAnswer)]
pub(crate) struct Status {
    #[serde(flatten)]
    body: StatusBody,
    state: Word,
}

async fn status_of(client: &SessionClient) -> Result<Json<Status>, HubError> {
    let session = client.session().await?;
    Ok(Json(Status {
        body: StatusBody {
            status: session.state,
        },
        state: Word::for_session(&session),
    }))
}

/// Returns the session's state.
#[utoipa::path(
    get, path = "/session-manager/status", tag = "node", operation_id = "node_session_status",
    params(ClienteHeader),
    responses((status = 200, description = "The state", body = Status), Failures)
)]
pub(crate) async fn status(Upstream(client): Upstream) -> Result<Json<Status>, HubError> {
    status_of(&client).await
}

/// Returns the session's state; alias of `/session-manager/status`.
#[utoipa::path(
    get, path = "/session-manager/state", tag = "node", operation_id = "node_session_state",
    params(ClienteHeader),
    responses((status = 200, description = "The state", body = Status), Failures)
)]
pub(crate) async fn state(Upstream(client): Upstream) -> Result<Json<Status>, HubError> {
    status_of(&client).await
}

/// session-manager's linking code, with the Node name of the state.
#[derive(Serialize, ToSchema)]
#[schema(as = node::QrAnswer)]
pub(crate) struct Qr {
    #[serde(flatten)]
    body: QrBody,
    state: Word,
}

/// Returns the linking code as a data URL, or `NO_QR`.
#[utoipa::path(
    get, path = "/session-manager/qr", tag = "node", operation_id = "node_session_qr",
    params(ClienteHeader),
    responses((status = 200, description = "The code", body = Qr), Failures)
)]
pub(crate) async fn qr(Upstream(client): Upstream) -> Result<Json<Qr>, HubError> {
    let session = client.session().await?;
    Ok(Json(Qr {
        body: client.qr().await?,
        state: Word::for_session(&session),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text that January's `/whatsapp` screen shows; that screen
    /// reads `state` in any case.
    fn january_shows(state: Word) -> &'static str {
        match serde_json::to_value(state).unwrap().as_str().unwrap() {
            "CONNECTED" => "WhatsApp conectado",
            "QR_REQUIRED" => "Escaneá el QR",
            "CONNECTING" | "INIT" => "Conectando…",
            "DISCONNECTED" => "Conectar WhatsApp",
            _ => "Error en la sesión",
        }
    }

    #[test]
    fn error_is_shown_for_an_error_alone() {
        for (state, is_under_way, shown) in [
            (SessionState::Init, false, "Conectar WhatsApp"),
            (SessionState::Init, true, "Conectando…"),
            (SessionState::QrRequired, true, "Escaneá el QR"),
            (SessionState::Authenticated, true, "Conectando…"),
            (SessionState::Ready, true, "WhatsApp conectado"),
            (SessionState::Disconnected, false, "Conectar WhatsApp"),
            (SessionState::Error, false, "Error en la sesión"),
        ] {
            let word = Word::of_state(state, is_under_way);
            assert_eq!(january_shows(word), shown, "{state:?}");
        }
    }
}
