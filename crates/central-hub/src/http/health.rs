//! Serves `GET /health`, which depends on nothing, and `GET /health/deep` and
//! `GET /api/health`, which query only the database, with a short timeout.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use session_api::{DeepHealthBody, HealthBody, SessionState, Timestamp};
use utoipa::ToSchema;

use crate::relay::Link;
use crate::state::AppState;

fn alive() -> HealthBody {
    HealthBody {
        status: "healthy".to_owned(),
        service: "central-hub".to_owned(),
        timestamp: Timestamp::now(),
    }
}

/// Reports that the process is alive, without checking any dependency.
#[utoipa::path(
    get, path = "/health", tag = "service", operation_id = "health_health",
    security(()),
    responses((status = 200, description = "It answers", body = HealthBody), Failures)
)]
pub(crate) async fn health() -> Json<HealthBody> {
    Json(alive())
}

/// Reports whether the worker tasks respond and can work, that is, whether the
/// database and session-manager are reachable.
#[utoipa::path(
    get, path = "/health/deep", tag = "service", operation_id = "health_deep",
    security(()),
    responses(
        (status = 200, description = "It works", body = DeepHealthBody),
        (status = 503, description = "It hangs", body = DeepHealthBody),
        Failures)
)]
pub(crate) async fn deep(State(state): State<AppState>) -> (StatusCode, Json<DeepHealthBody>) {
    let hung = state.liveness.hung();
    let alive = hung.is_none();
    let cause = match hung {
        Some(why) => Some(why),
        None if !state.store.is_up().await => Some("the database does not answer".to_owned()),
        None if state.relay.health().0 != Link::Up => {
            Some("session-manager does not answer".to_owned())
        }
        None => None,
    };
    let body = DeepHealthBody {
        service: "central-hub".to_owned(),
        alive,
        ready: cause.is_none(),
        cause,
        timestamp: Timestamp::now(),
    };
    let status = if alive {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(body))
}

#[derive(Serialize, ToSchema)]
#[schema(as = health::Details)]
pub(crate) struct Details {
    #[serde(flatten)]
    alive: HealthBody,
    uptime: u64,
    environment: &'static str,
    dry_run: bool,
    dependencies: Dependencies,
}

#[derive(Serialize, ToSchema)]
#[schema(as = health::Dependencies)]
struct Dependencies {
    session_manager: SessionManager,
    database: Database,
}

/// The state of session-manager, without the last error's message, because this
/// route needs no password.
#[derive(Serialize, ToSchema)]
#[schema(as = health::SessionManager)]
struct SessionManager {
    status: Link,
    state: Option<SessionState>,
    code: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = health::Database)]
struct Database {
    status: Link,
    engine: &'static str,
}

/// Reports that the process is alive, and the status of the database and session-manager.
#[utoipa::path(
    get, path = "/api/health", tag = "service", operation_id = "health_details",
    security(()),
    responses((status = 200, description = "The state of its dependencies", body = Details), Failures)
)]
pub(crate) async fn details(State(state): State<AppState>) -> Json<Details> {
    let (link, session, code) = state.relay.health();
    let database = if state.store.is_up().await {
        Link::Up
    } else {
        Link::Down
    };
    Json(Details {
        alive: alive(),
        uptime: state.started.elapsed().as_secs(),
        environment: state.config.environment.as_str(),
        dry_run: state.config.dry_run,
        dependencies: Dependencies {
            session_manager: SessionManager {
                status: link,
                state: session,
                code,
            },
            database: Database {
                status: database,
                engine: state.store.engine().pick("sqlite", "postgres"),
            },
        },
    })
}
