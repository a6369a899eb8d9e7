//! Serves `/api/whatsapp-v2/…`, whose clients expect states in lower case and always status 200.

use api_docs::Failures;
use axum::Json;
use serde::Serialize;
use session_api::QrBody;
use session_client::ClientError;
use utoipa::ToSchema;

use super::node::connect::{ByPage, lower_state};
use crate::http::upstream::Upstream;

/// `{"status":"…"}`, with the linking code if there is one.
#[derive(Serialize, ToSchema)]
#[schema(as = v2::Answer)]
pub(crate) struct V2StatusBody {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<String>,
}

impl V2StatusBody {
    fn from_result(result: Result<&'static str, ClientError>) -> Json<Self> {
        Json(Self {
            status: result.unwrap_or("error"),
            qr: None,
        })
    }
}

/// Returns the session's state in lower case; `error` if session-manager does
/// not respond. A page of the hub's own origin also gets `qr_required` if the
/// phone is not linked and no session was requested.
#[utoipa::path(
    get, path = "/whatsapp-v2/status", tag = "session", operation_id = "v2_status",
    responses((status = 200, description = "The state, or whether there is a code", body = V2StatusBody), Failures)
)]
pub(crate) async fn status(
    ByPage(by_page): ByPage,
    Upstream(client): Upstream,
) -> Json<V2StatusBody> {
    if by_page {
        let session = client.session().await;
        return V2StatusBody::from_result(session.map(|session| lower_state(&session)));
    }
    V2StatusBody::from_result(client.status().await.map(|body| body.status.as_lower_str()))
}

/// Returns the linking code, or `qr_not_available`.
#[utoipa::path(
    get, path = "/whatsapp-v2/qr", tag = "session", operation_id = "v2_qr",
    responses((status = 200, description = "The state, or whether there is a code", body = V2StatusBody), Failures)
)]
pub(crate) async fn qr(Upstream(client): Upstream) -> Json<V2StatusBody> {
    match client.qr().await {
        Ok(QrBody::Available { qr }) => Json(V2StatusBody {
            status: "qr_available",
            qr: Some(qr),
        }),
        Ok(QrBody::NoQr) => V2StatusBody::from_result(Ok("qr_not_available")),
        Err(error) => V2StatusBody::from_result(Err(error)),
    }
}

/// Requests the session.
#[utoipa::path(
    post, path = "/whatsapp-v2/connect", tag = "session", operation_id = "v2_connect",
    responses((status = 200, description = "The state, or whether there is a code", body = V2StatusBody), Failures)
)]
pub(crate) async fn connect(Upstream(client): Upstream) -> Json<V2StatusBody> {
    V2StatusBody::from_result(client.connect().await.map(|body| body.state.as_lower_str()))
}
