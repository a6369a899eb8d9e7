//! `GET /api/config`: what the page has to know.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::router::AppState;

#[derive(Serialize)]
pub(crate) struct ConfigAnswer {
    version: &'static str,
    dry_run: bool,
    environment: &'static str,
    auto_campaigns_enabled: bool,
    auth_required: bool,
}

pub(crate) async fn config(State(state): State<AppState>) -> Json<ConfigAnswer> {
    let config = &state.config;
    Json(ConfigAnswer {
        version: env!("CARGO_PKG_VERSION"),
        dry_run: config.dry_run,
        environment: config.environment.as_str(),
        auto_campaigns_enabled: config.auto_campaigns,
        auth_required: config.admin_password.is_some(),
    })
}
