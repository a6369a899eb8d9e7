//! `GET /health` and `GET /status`: answer at once, whatever the browser does.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use session_api::{HealthBody, SERVICE_NAME, StatusBody, Timestamp, paths};

use crate::state::AppState;

/// Liveness: says that this process answers, whatever the browser does.
#[utoipa::path(get, path = paths::HEALTH, tag = "service", security(()),
    responses((status = 200, description = "It answers", body = HealthBody), Failures))]
pub async fn health() -> Json<HealthBody> {
    Json(HealthBody {
        status: "ok".to_owned(),
        service: SERVICE_NAME.to_owned(),
        timestamp: Timestamp::now(),
    })
}

/// The state.
#[utoipa::path(get, path = paths::STATUS, tag = "session",
    responses((status = 200, description = "The state", body = StatusBody), Failures))]
pub async fn status(State(state): State<AppState>) -> Json<StatusBody> {
    Json(StatusBody {
        status: state.session.snapshot().session.state,
    })
}
