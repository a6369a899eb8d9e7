//! `/api/whatsapp-v2/…`: lower case, and always 200, as its clients expect.

use axum::Json;
use serde::Serialize;
use session_api::QrBody;
use session_client::ClientError;

use crate::upstream::Upstream;

/// `{"status":"…"}`, with the code where there is one.
#[derive(Serialize)]
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

pub(crate) async fn status(Upstream(client): Upstream) -> Json<Answer> {
    Answer::of(client.status().await.map(|body| body.status.as_lower_str()))
}

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

pub(crate) async fn connect(Upstream(client): Upstream) -> Json<Answer> {
    Answer::of(client.connect().await.map(|body| body.state.as_lower_str()))
}
