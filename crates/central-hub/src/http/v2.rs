//! `/api/whatsapp-v2/…`: lower case, and always 200, as its clients expect.

use api_docs::Failures;
use axum::Json;
use serde::Serialize;
use session_api::QrBody;
use session_client::ClientError;
use utoipa::ToSchema;

use super::node::connect::{ByPage, lower_state};
use crate::http::upstream::Upstream;

/// `{"status":"…"}`, with the code where there is one.
#[derive(Serialize, ToSchema)]
#[schema(as = v2::Answer)]
pub(crate) struct Answer {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<String>,
}

impl Answer {
    fn of(result: Result<&'static str, ClientError>) -> Json<Self> {
        Json(Self {
            status: result.unwrap_or("error"),
            qr: None,
        })
    }
}

/// The session's state in lower case; `error` where session-manager cannot be
/// asked. A page of the hub's own address gets `qr_required` as well where a phone
/// has to be linked and nobody has begun.
#[utoipa::path(
    get, path = "/whatsapp-v2/status", tag = "session", operation_id = "v2_status",
    responses((status = 200, description = "The state, or whether there is a code", body = Answer), Failures)
)]
pub(crate) async fn status(ByPage(by_page): ByPage, Upstream(client): Upstream) -> Json<Answer> {
    if by_page {
        let session = client.session().await;
        return Answer::of(session.map(|session| lower_state(&session)));
    }
    Answer::of(client.status().await.map(|body| body.status.as_lower_str()))
}

/// The code, or that there is none.
#[utoipa::path(
    get, path = "/whatsapp-v2/qr", tag = "session", operation_id = "v2_qr",
    responses((status = 200, description = "The state, or whether there is a code", body = Answer), Failures)
)]
pub(crate) async fn qr(Upstream(client): Upstream) -> Json<Answer> {
    match client.qr().await {
        Ok(QrBody::Available { qr }) => Json(Answer {
            status: "qr_available",
            qr: Some(qr),
        }),
        Ok(QrBody::NoQr) => Answer::of(Ok("qr_not_available")),
        Err(error) => Answer::of(Err(error)),
    }
}

/// Asks for the session.
#[utoipa::path(
    post, path = "/whatsapp-v2/connect", tag = "session", operation_id = "v2_connect",
    responses((status = 200, description = "The state, or whether there is a code", body = Answer), Failures)
)]
pub(crate) async fn connect(Upstream(client): Upstream) -> Json<Answer> {
    Answer::of(client.connect().await.map(|body| body.state.as_lower_str()))
}
