//! Serves `/api/alerts`: active alerts, sent notifications and the channels.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use service_runtime::http::ErrorReply;
use utoipa::ToSchema;

use crate::alerts::{AlertsBody, ChannelTest, TestRefused};
use crate::error::HubError;
use crate::state::AppState;

/// Returns the status of alerts: channels, active alerts, latest notifications.
#[utoipa::path(
    get, path = "/alerts", tag = "alerts", operation_id = "alerts_show",
    responses((status = 200, description = "The current alerts", body = AlertsBody), Failures)
)]
pub(crate) async fn show(State(state): State<AppState>) -> Result<Json<AlertsBody>, HubError> {
    Ok(Json(state.alerts.status().await?))
}

#[derive(Serialize, ToSchema)]
#[schema(as = alerts::Tested)]
pub(crate) struct Tested {
    /// Whether every channel accepted the test.
    ok: bool,
    #[serde(rename = "ways")]
    channels: Vec<ChannelTest>,
}

/// Sends a test through all channels at once and returns the results; nothing is stored.
#[utoipa::path(
    post, path = "/alerts/test", tag = "alerts", operation_id = "alerts_test",
    responses((status = 200, description = "The outcome", body = Tested), Failures)
)]
pub(crate) async fn test(State(state): State<AppState>) -> Result<Json<Tested>, HubError> {
    let channels = state.alerts.test().await.map_err(refusal)?;
    Ok(Json(Tested {
        ok: channels.iter().all(|channel| channel.ok),
        channels,
    }))
}

fn refusal(refused: TestRefused) -> HubError {
    let reply = match refused {
        TestRefused::NoChannel => ErrorReply::new(
            StatusCode::CONFLICT,
            "ALERTS_NOT_CONFIGURED",
            "no alert channel is configured: set SMTP_URL, ALERT_EMAIL_FROM and ALERT_EMAIL_TO, or ALERT_WEBHOOK_URL",
        ),
        TestRefused::UnderWay => ErrorReply::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_AT_ONCE",
            "a test is in progress: wait for its outcome",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("5")),
    };
    reply.into()
}
