//! Serves `/api/sender/campaigns/{id}/check`: which numbers of a list have WhatsApp.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use service_runtime::http::ApiPath;
use utoipa::ToSchema;

use super::find;
use crate::auth::Caller;
use crate::error::HubError;
use crate::state::AppState;
use crate::store::campaigns::CheckProgress;
use crate::store::phone_of;

/// The progress of a check.
#[derive(Serialize, ToSchema)]
#[schema(as = checks::Progress)]
pub(crate) struct ProgressBody {
    /// Number of phone numbers to look up; 0 if no check was requested.
    total: i64,
    con_whatsapp: i64,
    sin_whatsapp: i64,
    /// Number of phone numbers that were not looked up yet.
    pendientes: i64,
    terminado: bool,
    /// Some of the pending recipients without WhatsApp.
    ejemplos: Vec<ExampleBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = checks::Example)]
pub(crate) struct ExampleBody {
    linea: i64,
    telefono: String,
}

impl From<CheckProgress> for ProgressBody {
    fn from(progress: CheckProgress) -> Self {
        let open = progress.total - progress.found - progress.missing;
        Self {
            total: progress.total,
            con_whatsapp: progress.found,
            sin_whatsapp: progress.missing,
            pendientes: open,
            terminado: open == 0 && progress.total > 0,
            ejemplos: progress
                .examples
                .into_iter()
                .map(|(linea, address)| ExampleBody {
                    linea,
                    telefono: phone_of(&address).unwrap_or(&address).to_owned(),
                })
                .collect(),
        }
    }
}

/// Looks up the number of each pending recipient, one per second; recent results
/// are reused.
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/check", tag = "campaigns", operation_id = "campaigns_check",
    params(("id" = i64, Path)),
    responses((status = 202, description = "Its progress", body = ProgressBody), Failures)
)]
pub(crate) async fn begin(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<(StatusCode, Json<ProgressBody>), HubError> {
    find(&state, &caller, id).await?;
    let progress = state.store.begin_check(id).await?;
    state.lookups_wanted.notify_one();
    Ok((StatusCode::ACCEPTED, Json(progress.into())))
}

/// Returns the progress of the check of a list.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}/check", tag = "campaigns", operation_id = "campaigns_check_progress",
    params(("id" = i64, Path)),
    responses((status = 200, description = "Its progress", body = ProgressBody), Failures)
)]
pub(crate) async fn progress(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<ProgressBody>, HubError> {
    find(&state, &caller, id).await?;
    Ok(Json(state.store.check_progress(id).await?.into()))
}

#[derive(Serialize, ToSchema)]
#[schema(as = checks::Skipped)]
pub(crate) struct SkippedBody {
    omitidos: u64,
}

/// Skips the recipients whose number has no WhatsApp.
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/check/skip", tag = "campaigns", operation_id = "campaigns_check_skip",
    params(("id" = i64, Path)),
    responses((status = 200, description = "How many", body = SkippedBody), Failures)
)]
pub(crate) async fn skip(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<SkippedBody>, HubError> {
    find(&state, &caller, id).await?;
    let omitidos = state.store.skip_missing(id).await?;
    Ok(Json(SkippedBody { omitidos }))
}
