//! Serves `GET /api/config`: the settings that the web page needs.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use service_runtime::env::mask_userinfo;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::state::AppState;

#[derive(Serialize, ToSchema)]
#[schema(as = config::ConfigAnswer)]
pub(crate) struct ConfigAnswer {
    version: &'static str,
    dry_run: bool,
    environment: &'static str,
    auto_campaigns_enabled: bool,
    auth_required: bool,
    /// Time zone of the schedules.
    zone: String,
    /// Server settings; only for callers with access to all businesses.
    #[serde(flatten)]
    machine: Option<Machine>,
}

/// Server settings. For a secret, only whether it is set.
#[derive(Serialize, ToSchema)]
#[schema(as = config::Machine)]
struct Machine {
    session_manager_base_url: String,
    session_manager_token_set: bool,
    internal_token_set: bool,
    database_engine: &'static str,
    /// The database URL without user name and password.
    database_url: String,
    webhook_allowed_hosts: String,
}

/// Returns the settings that the caller may see, without secrets.
#[utoipa::path(
    get, path = "/config", tag = "service", operation_id = "config_config",
    responses((status = 200, description = "What is configured", body = ConfigAnswer), Failures)
)]
pub(crate) async fn config(State(state): State<AppState>, caller: Caller) -> Json<ConfigAnswer> {
    let config = &state.config;
    let machine = caller.manages_all().then(|| Machine {
        session_manager_base_url: mask_userinfo(config.session_manager.as_str()),
        session_manager_token_set: config.session_manager_token.is_some(),
        internal_token_set: config.internal_token.is_some(),
        database_engine: state.store.engine().pick("sqlite", "postgres"),
        database_url: config.database.to_string(),
        webhook_allowed_hosts: config.webhook_hosts.to_string(),
    });
    Json(ConfigAnswer {
        version: env!("CARGO_PKG_VERSION"),
        dry_run: config.dry_run,
        environment: config.environment.as_str(),
        auto_campaigns_enabled: config.auto_campaigns,
        auth_required: config.admin_password.is_some(),
        zone: config.zone_name().to_owned(),
        machine,
    })
}
