//! Accepts send requests with the Node programs' field names, and serves `/sender/send`.

use api_docs::{ClienteHeader, Failures, IdempotencyHeader};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use service_runtime::http::{ClienteId, ErrorReply, RequestId};
use session_api::{SendBody, SendRequest};
use utoipa::ToSchema;

use super::{Data, lenient};
use crate::auth::Caller;
use crate::error::HubError;
use crate::http::send;
use crate::http::upstream::{Key, Upstream};
use crate::state::AppState;

/// Maximum size of a send response, in bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Sends like `POST /send`, with the response below `data`.
#[utoipa::path(
    post, path = "/sender/send", tag = "node", operation_id = "node_send",
    params(ClienteHeader, IdempotencyHeader),
    request_body(content = SendRequest, example = json!({"to": "5491158254201", "message": "Hola, ¿cómo va?"})),
    responses((status = 200, description = "WhatsApp's server has it, or it was simulated", body = Data<SendBody>), Failures)
)]
pub(crate) async fn send(
    state: State<AppState>,
    caller: Caller,
    id: RequestId,
    cliente: Option<ClienteId>,
    upstream: Upstream,
    key: Key,
    request: Request,
) -> Result<Response, HubError> {
    let sent = send::send(state, caller, id, cliente, upstream, key, request).await?;
    let (parts, body) = sent.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_RESPONSE_BYTES).await else {
        return Ok(ErrorReply::internal().into_response());
    };
    let sent = serde_json::from_slice::<SendBody>(&bytes).ok();
    Ok(match sent.filter(|_| parts.status.is_success()) {
        Some(sent) => Json(Data::new(sent)).into_response(),
        None => Response::from_parts(parts, Body::from(bytes)),
    })
}

/// A recipient of `bulk`: an object with its own text, or only a number.
#[derive(Deserialize, ToSchema)]
#[schema(as = node::BulkRecipient)]
#[serde(
    untagged,
    expecting = "a number, or an object with destinatario and mensaje"
)]
pub(crate) enum Recipient {
    /// An object with its own fields.
    Whole(Whole),
    /// A number; the text comes from the request.
    Number(u64),
    /// A number as text; the text comes from the request.
    Text(String),
}

/// A recipient with all aliases of its fields.
#[derive(Deserialize, ToSchema)]
#[schema(as = node::BulkMessage)]
pub(crate) struct Whole {
    #[serde(
        alias = "to",
        alias = "telefono",
        alias = "phoneNumber",
        deserialize_with = "lenient::text"
    )]
    pub(crate) destinatario: String,
    #[serde(alias = "message", alias = "texto")]
    pub(crate) mensaje: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    pub(crate) cliente_id: Option<u64>,
}

impl From<Recipient> for Whole {
    fn from(recipient: Recipient) -> Self {
        let new = |destinatario| Self {
            destinatario,
            mensaje: None,
            cliente_id: None,
        };
        match recipient {
            Recipient::Whole(whole) => whole,
            Recipient::Number(number) => new(number.to_string()),
            Recipient::Text(text) => new(text),
        }
    }
}
