//! `GET /health` and `GET /status`: never wait for anything.

use axum::Json;
use axum::extract::State;
use session_api::{HealthBody, SERVICE_NAME, StatusBody, Timestamp};

use crate::router::AppState;

/// Liveness: says that this process answers, whatever the browser does.
pub async fn health() -> Json<HealthBody> {
    Json(HealthBody {
        status: "ok".to_owned(),
        service: SERVICE_NAME.to_owned(),
        timestamp: Timestamp::now(),
    })
}

/// The state.
pub async fn status(State(state): State<AppState>) -> Json<StatusBody> {
    Json(StatusBody {
        status: state.session.snapshot().session.state,
    })
}
