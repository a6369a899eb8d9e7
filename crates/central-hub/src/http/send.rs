//! `POST /send`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use service_runtime::http::{ApiJson, ClienteId};
use session_api::SendRequest;

use crate::auth::Caller;
use crate::error::HubError;
use crate::outbox::Ask;
use crate::router::AppState;
use crate::store::{Composed, Origin};
use crate::upstream::{Key, Upstream, Verbatim};

/// Passes the message on, once, and answers what became of it; under `DRY_RUN`
/// nothing leaves.
pub(crate) async fn send(
    State(state): State<AppState>,
    caller: Caller,
    cliente: Option<ClienteId>,
    Upstream(client): Upstream,
    Key(key): Key,
    ApiJson(mut request): ApiJson<SendRequest>,
) -> Result<Response, HubError> {
    request.cliente_id = caller.cliente_for(request.cliente_id)?;
    let message = Composed::of(&request)?.or_for(cliente.map(|id| id.0));
    let ask = Ask {
        origin: Origin::Send,
        key: key.map(|key| caller.own_key(key)),
        message,
    };
    let answer = state.outbox.send(client, ask).await?;
    answer.reply.map(Verbatim).map(IntoResponse::into_response)
}
