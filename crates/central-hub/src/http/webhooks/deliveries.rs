//! Serves `/api/webhooks/{id}/deliveries`: list, details and replay of deliveries.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service_runtime::http::{ApiPath, ApiQuery, ErrorReply};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::{find, invalid, not_found};
use crate::error::HubError;
use crate::state::AppState;
use crate::store::{Delivery, DeliveryState, PastAttempt};

/// Default page size of a list.
const PAGE: u32 = 50;
const MAX_PAGE_SIZE: u32 = 200;

#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::DeliveryAnswer)]
pub(crate) struct DeliveryAnswer {
    id: i64,
    clave: String,
    evento: String,
    estado: &'static str,
    intentos: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    proximo_intento: Option<Timestamp>,
    estado_http: Option<u16>,
    error: Option<String>,
    creada: Timestamp,
    actualizada: Timestamp,
}

const fn estado(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "pendiente",
        DeliveryState::Delivered => "entregada",
        DeliveryState::Dead => "descartada",
    }
}

impl From<Delivery> for DeliveryAnswer {
    fn from(delivery: Delivery) -> Self {
        let is_pending = delivery.state == DeliveryState::Pending;
        Self {
            id: delivery.id,
            clave: delivery.event_id,
            evento: delivery.topic,
            estado: estado(delivery.state),
            intentos: delivery.attempts,
            proximo_intento: is_pending.then_some(delivery.due_at),
            estado_http: delivery.last_status,
            error: delivery.last_error,
            creada: delivery.created_at,
            actualizada: delivery.updated_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    estado: Option<String>,
    antes: Option<i64>,
    limite: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::Page)]
pub(crate) struct DeliveriesBody {
    entregas: Vec<DeliveryAnswer>,
    /// Cursor of the next page, to pass as `antes`.
    siguiente: Option<i64>,
}

/// Lists deliveries, including pending ones, in pages, newest first.
#[utoipa::path(
    get, path = "/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "webhooks_deliveries",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1), ListQuery),
    responses((status = 200, description = "One page", body = DeliveriesBody), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<i64>,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<DeliveriesBody>, HubError> {
    let state_filter = match query.estado.as_deref() {
        None | Some("") => None,
        Some("pendiente") => Some(DeliveryState::Pending),
        Some("entregada") => Some(DeliveryState::Delivered),
        Some("descartada") => Some(DeliveryState::Dead),
        Some(_) => {
            return Err(invalid("estado must be pendiente, entregada or descartada"));
        }
    };
    let limit = query.limite.unwrap_or(PAGE);
    if !(1..=MAX_PAGE_SIZE).contains(&limit) {
        return Err(invalid(format!("limite must be from 1 to {MAX_PAGE_SIZE}")));
    }
    find(&state, id).await?;
    // One extra row shows whether there is a next page.
    let mut found = state
        .store
        .deliveries(id, state_filter, query.antes, limit + 1)
        .await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let siguiente = found.last().map(|it| it.id).filter(|_| has_more);
    Ok(Json(DeliveriesBody {
        entregas: found.into_iter().map(DeliveryAnswer::from).collect(),
        siguiente,
    }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::Detail)]
pub(crate) struct Detail {
    #[serde(flatten)]
    delivery: DeliveryAnswer,
    cuerpo: Value,
    historial: Vec<Step>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::Step)]
struct Step {
    fecha: Timestamp,
    duracion_ms: i64,
    estado_http: Option<i64>,
    error: Option<String>,
}

impl From<PastAttempt> for Step {
    fn from(attempt: PastAttempt) -> Self {
        Self {
            fecha: attempt.at,
            duracion_ms: attempt.duration_ms,
            estado_http: attempt.status,
            error: attempt.error,
        }
    }
}

/// Returns a delivery with its body and all attempts.
#[utoipa::path(
    get, path = "/webhooks/{id}/deliveries/{number}", tag = "webhooks", operation_id = "webhooks_delivery",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1), ("number" = i64, Path, description = "The delivery", minimum = 1, example = 1)),
    responses((status = 200, description = "The delivery", body = Detail), Failures)
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    ApiPath((id, number)): ApiPath<(i64, i64)>,
) -> Result<Json<Detail>, HubError> {
    let found = state.store.delivery(id, number).await?;
    let (delivery, attempts) = found.ok_or_else(no_delivery)?;
    Ok(Json(Detail {
        cuerpo: serde_json::from_str(&delivery.payload).unwrap_or_default(),
        delivery: delivery.into(),
        historial: attempts.into_iter().map(Step::from).collect(),
    }))
}

fn no_delivery() -> HubError {
    not_found("WEBHOOK_DELIVERY_NOT_FOUND", "delivery of this webhook")
}

#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::Replayed)]
pub(crate) struct Replayed {
    reenviadas: u64,
}

/// Sends a delivery again, unless it is still pending.
#[utoipa::path(
    post, path = "/webhooks/{id}/deliveries/{number}/replay", tag = "webhooks", operation_id = "webhooks_replay",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1), ("number" = i64, Path, description = "The delivery", minimum = 1, example = 1)),
    responses((status = 202, description = "Queued again", body = Replayed), Failures)
)]
pub(crate) async fn replay(
    State(state): State<AppState>,
    ApiPath((id, number)): ApiPath<(i64, i64)>,
) -> Result<(StatusCode, Json<Replayed>), HubError> {
    let reenviadas = state.store.replay(id, Some(number)).await?;
    if reenviadas == 0 {
        state
            .store
            .delivery(id, number)
            .await?
            .ok_or_else(no_delivery)?;
        return Err(ErrorReply::new(
            StatusCode::CONFLICT,
            "WEBHOOK_DELIVERY_PENDING",
            "this delivery is already pending: proximo_intento says when it is attempted",
        )
        .into());
    }
    Ok((StatusCode::ACCEPTED, Json(Replayed { reenviadas })))
}

/// Sends all dead deliveries again.
#[utoipa::path(
    post, path = "/webhooks/{id}/deliveries/replay", tag = "webhooks", operation_id = "webhooks_replay_all",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 202, description = "Queued again", body = Replayed), Failures)
)]
pub(crate) async fn replay_all(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<i64>,
) -> Result<(StatusCode, Json<Replayed>), HubError> {
    find(&state, id).await?;
    let reenviadas = state.store.replay(id, None).await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { reenviadas })))
}
