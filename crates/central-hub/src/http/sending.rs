//! Serves `/api/sending`: the switch that stops all sending at once.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use service_runtime::http::ApiJson;
use session_api::Timestamp;
use utoipa::ToSchema;

use super::users::actor;
use crate::auth::Caller;
use crate::error::HubError;
use crate::relay::HubEvent;
use crate::state::AppState;
use crate::store::SendingSwitch;

/// Name of the event about the switch.
pub(super) const SENDING: &str = "sending";

#[derive(Serialize, ToSchema)]
#[schema(as = sending::Switch)]
pub(crate) struct Switch {
    /// Whether all sending is stopped.
    detenido: bool,
    /// Who last changed the switch, and when; `null` if it was never changed.
    por: Option<String>,
    desde: Option<Timestamp>,
}

impl Switch {
    /// Builds the body. The name is included only for callers with access to all businesses.
    fn for_caller(switch: Option<SendingSwitch>, caller: &Caller) -> Self {
        Self {
            detenido: switch.as_ref().is_some_and(|it| it.is_stopped),
            desde: switch.as_ref().map(|it| it.at),
            por: switch.map(|it| it.by).filter(|_| caller.sees(None)),
        }
    }
}

/// Returns whether all sending is stopped, and by whom and since when.
#[utoipa::path(
    get, path = "/sending", tag = "service", operation_id = "sending_show",
    responses((status = 200, description = "The current state", body = Switch), Failures)
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Switch>, HubError> {
    let switch = state.store.sending_switch().await?;
    Ok(Json(Switch::for_caller(switch, &caller)))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = sending::Turn)]
#[serde(deny_unknown_fields)]
pub(crate) struct Turn {
    detenido: bool,
}

/// The data of a `sending` event. It omits the name; callers that may see it request it.
#[derive(Serialize, ToSchema)]
#[schema(as = events::Sending)]
pub(super) struct SendingEvent {
    /// Whether all sending is stopped.
    detenido: bool,
}

/// Stops or resumes all sending.
#[utoipa::path(
    put, path = "/sending", tag = "service", operation_id = "sending_turn",
    request_body(content = Turn, example = json!({"detenido": true})),
    responses((status = 200, description = "The current state", body = Switch), Failures)
)]
pub(crate) async fn switch(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(body): ApiJson<Turn>,
) -> Result<Json<Switch>, HubError> {
    let who = actor(&caller);
    let switch = state.store.switch_sending(body.detenido, &who).await?;
    if switch.is_stopped {
        tracing::warn!(by = who, "all sending is stopped");
    } else {
        tracing::info!(by = who, "sending goes on");
    }
    state.outbox.wake();
    state.waker.wake();
    let event = SendingEvent {
        detenido: switch.is_stopped,
    };
    if let Ok(data) = serde_json::to_string(&event) {
        state.relay.publish(HubEvent {
            name: SENDING,
            cliente_id: None,
            data: data.into(),
        });
    }
    Ok(Json(Switch::for_caller(Some(switch), &caller)))
}
