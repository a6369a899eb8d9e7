//! Serves `POST /send`: sends one message and waits for the result.

use api_docs::{ClienteHeader, Failures, IdempotencyHeader};
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use service_runtime::http::{ApiJson, ClienteId, RequestId, is_multipart};
use session_api::{CheckBody, SendBody, SendParts, SendRequest};
use session_client::Endpoint;

use crate::auth::Caller;
use crate::error::HubError;
use crate::http::files;
use crate::http::numbers;
use crate::http::sender::ready_to_simulate;
use crate::http::upstream::{Key, Upstream, Verbatim};
use crate::outbox::SendNowRequest;
use crate::state::AppState;
use crate::store::{Composed, Origin};

/// Sends the message once and returns the result. Under `DRY_RUN` nothing is sent.
#[utoipa::path(
    post, path = "/send", tag = "messages", operation_id = "send_send",
    params(ClienteHeader, IdempotencyHeader),
    request_body(content(
        (SendRequest, example = json!({"cliente_id": 51, "to": "5491158254201", "message": "Hola, ¿cómo va?"})),
        (SendParts = "multipart/form-data")
    )),
    responses((status = 200, description = "WhatsApp's server has it, or it was simulated", body = SendBody), Failures)
)]
pub(crate) async fn send(
    State(state): State<AppState>,
    caller: Caller,
    id: RequestId,
    cliente: Option<ClienteId>,
    Upstream(client): Upstream,
    Key(key): Key,
    request: Request,
) -> Result<Response, HubError> {
    let (mut request, file) = if is_multipart(request.headers()) {
        let _held = state.limits.file(&caller)?;
        let (request, file) = files::with_file(&client, request).await?;
        (request, Some(file))
    } else {
        let ApiJson(request) = ApiJson::<SendRequest>::from_request(request, &()).await?;
        (request, None)
    };
    request.cliente_id = match caller.cliente_for(request.cliente_id) {
        Ok(cliente_id) => cliente_id,
        Err(refusal) => {
            if let Some(file) = &file {
                // Delete the file, because no caller will ever learn its id.
                let _ = client.delete_file(&file.file_id).await;
            }
            return Err(refusal.into());
        }
    };
    if let Err(refusal) = numbers::settle(&mut request, &state.config.home) {
        if let Some(file) = &file {
            // Delete the file, because no caller will ever learn its id.
            let _ = client.delete_file(&file.file_id).await;
        }
        return Err(refusal);
    }
    let message = match &file {
        Some(file) => Composed::with_file(&request, file)?,
        None => Composed::from_request(&request)?,
    };
    ready_to_simulate(&state, &client).await?;
    // Only session-manager can validate a referenced file. With this check, a
    // dry run fails wherever a real send would.
    if state.config.dry_run && message.has_file() {
        let json = serde_json::to_vec(&request).unwrap_or_default().into();
        let checked =
            Verbatim::request::<CheckBody>(&client, Endpoint::SendCheck, Some(json)).await?;
        if !checked.is_success() {
            return Ok(checked.into_response());
        }
    }
    let send = SendNowRequest {
        origin: Origin::Send,
        key: key.map(|key| caller.scoped_key(key)),
        message: message
            .with_default_cliente(cliente.map(|id| id.0))
            .with_request_id(&id),
    };
    let answer = state.outbox.send(client, send).await?;
    answer.reply.map(Verbatim).map(IntoResponse::into_response)
}
