//! Serves `GET /metrics`: sets the gauges that are read on request, and renders all metrics.

use std::time::Instant;

use api_docs::Failures;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use metrics::{gauge, histogram};
use service_runtime::metrics::{self as prometheus, as_f64};
use session_api::{SessionState, Timestamp};

use crate::relay::Link;
use crate::state::AppState;
use crate::store::StoreError;

/// Names and help texts of all metrics, wherever they are recorded.
pub(crate) const HELP: &[(&str, &str)] = &[
    (
        "leadmaster_session_manager_up",
        "1 while session-manager is reachable",
    ),
    (
        "leadmaster_session_state",
        "1 for the session's state as last reported to the hub",
    ),
    (
        "leadmaster_dry_run",
        "1 while sends are simulated (DRY_RUN)",
    ),
    (
        "leadmaster_outbox_messages",
        "Unsettled messages of the outbox, by state",
    ),
    (
        "leadmaster_outbox_oldest_age_seconds",
        "Age of the oldest of these messages",
    ),
    (
        "leadmaster_outbox_outcomes_total",
        "Outcomes of attempts, by state and code",
    ),
    (
        "leadmaster_outbox_attempt_duration_seconds",
        "Time that session-manager took per attempt",
    ),
    (
        "leadmaster_event_lag_seconds",
        "Delay from session-manager's event to the hub",
    ),
    (
        "leadmaster_webhook_attempts_total",
        "Webhook calls by outcome: OK or an error code",
    ),
    (
        "leadmaster_webhook_attempt_duration_seconds",
        "Duration of webhook calls",
    ),
    ("leadmaster_webhook_pending", "Pending webhook deliveries"),
    (
        "leadmaster_webhook_oldest_age_seconds",
        "Age of the oldest pending delivery",
    ),
    (
        "leadmaster_webhook_dead_letters",
        "Deliveries that were given up, at most 1000 per webhook",
    ),
    ("leadmaster_store_up", "1 while the database answers"),
    (
        "leadmaster_store_query_duration_seconds",
        "Duration of the queries for these metrics",
    ),
];

/// Returns the metrics in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics", tag = "service", operation_id = "metrics_metrics",
    responses((status = 200, description = "Text", body = String, content_type = "text/plain"), Failures)
)]
pub(crate) async fn metrics(State(state): State<AppState>) -> Response {
    session(&state);
    let began = Instant::now();
    let result = queues(&state).await;
    if let Err(error) = &result {
        tracing::warn!("/metrics lacks the queues: {error}");
    }
    gauge!("leadmaster_store_up").set(f64::from(result.is_ok()));
    histogram!("leadmaster_store_query_duration_seconds").record(began.elapsed().as_secs_f64());
    gauge!("leadmaster_dry_run").set(f64::from(state.config.dry_run));
    let text = state.metrics.render();
    ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], text).into_response()
}

fn session(state: &AppState) {
    let (link, session, _) = state.relay.health();
    gauge!("leadmaster_session_manager_up").set(f64::from(link == Link::Up));
    for one in SessionState::ALL {
        let holds = f64::from(session == Some(one));
        gauge!("leadmaster_session_state", "state" => one.as_str()).set(holds);
    }
}

/// Sets the gauges of the queues: length and oldest age.
async fn queues(state: &AppState) -> Result<(), StoreError> {
    for waiting in state.store.outbox_queue().await? {
        let word = waiting.what;
        gauge!("leadmaster_outbox_messages", "state" => word).set(count(waiting.number));
        gauge!("leadmaster_outbox_oldest_age_seconds", "state" => word).set(age(waiting.oldest));
    }
    let webhooks = state.store.webhook_queue().await?;
    gauge!("leadmaster_webhook_pending").set(count(webhooks.number));
    gauge!("leadmaster_webhook_oldest_age_seconds").set(age(webhooks.oldest));
    let dead = state.store.dead_letters().await?;
    let dead = dead.iter().map(|webhook| webhook.dead).sum();
    gauge!("leadmaster_webhook_dead_letters").set(count(dead));
    Ok(())
}

fn count(number: i64) -> f64 {
    as_f64(u64::try_from(number).unwrap_or(0))
}

/// Returns the age in seconds of a timestamp in milliseconds since 1970.
fn age(since: Option<i64>) -> f64 {
    let millis = since.map_or(0, |since| Timestamp::now().as_millis() - since);
    count(millis) / 1e3
}
