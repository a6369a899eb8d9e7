//! Serves `GET /health`, `GET /health/deep` and `GET /status`. None of them waits for the browser.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use session_api::{
    DeepHealthBody, HealthBody, SERVICE_NAME, SessionState, StatusBody, Timestamp, paths,
};

use crate::state::AppState;

/// Liveness: reports that this process responds, independently of the browser.
#[utoipa::path(get, path = paths::HEALTH, tag = "service", security(()),
    responses((status = 200, description = "It answers", body = HealthBody), Failures))]
pub async fn health() -> Json<HealthBody> {
    Json(HealthBody {
        status: "ok".to_owned(),
        service: SERVICE_NAME.to_owned(),
        timestamp: Timestamp::now(),
    })
}

/// Returns whether the workers respond, and whether messages can be sent now.
#[utoipa::path(get, path = paths::HEALTH_DEEP, tag = "service", security(()),
    responses(
        (status = 200, description = "It works", body = DeepHealthBody),
        (status = 503, description = "It hangs", body = DeepHealthBody),
        Failures))]
pub async fn deep(State(state): State<AppState>) -> (StatusCode, Json<DeepHealthBody>) {
    let hung = state.liveness.hung();
    let alive = hung.is_none();
    let session = state.session.snapshot().session.state;
    let ready = alive && session == SessionState::Ready;
    let missing = (!ready).then(|| format!("the session is {session}"));
    let body = DeepHealthBody {
        service: SERVICE_NAME.to_owned(),
        alive,
        ready,
        cause: hung.or(missing),
        timestamp: Timestamp::now(),
    };
    let status = if alive {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(body))
}

/// Returns the state.
#[utoipa::path(get, path = paths::STATUS, tag = "session",
    responses((status = 200, description = "The state", body = StatusBody), Failures))]
pub async fn status(State(state): State<AppState>) -> Json<StatusBody> {
    Json(StatusBody {
        status: state.session.snapshot().session.state,
    })
}
