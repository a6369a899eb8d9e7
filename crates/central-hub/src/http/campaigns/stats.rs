//! `GET /{id}/stats`.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use service_runtime::http::ApiPath;
use session_api::Timestamp;
use utoipa::ToSchema;

use super::{context, find};
use crate::auth::Caller;
use crate::error::HubError;
use crate::scheduler::CampaignBody;
use crate::state::AppState;
use crate::store::State as MessageState;

#[derive(Serialize, ToSchema)]
#[schema(as = stats::Stats)]
pub(crate) struct Stats {
    #[serde(flatten)]
    campaign: CampaignBody,
    /// Of those that were sent: how many reached the phone, and were read.
    entregados: i64,
    leidos: i64,
    /// The first and the last that went, or in a rehearsal would have gone.
    previsto_inicio: Option<Timestamp>,
    previsto_fin: Option<Timestamp>,
    por_dia: Vec<Day>,
    fallas: Vec<Failure>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = stats::Day)]
struct Day {
    dia: String,
    cantidad: i64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = stats::Failure)]
struct Failure {
    codigo: String,
    cantidad: i64,
}

/// How it goes, in figures.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}/stats", tag = "campaigns", operation_id = "stats_stats",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The figures", body = Stats), Failures)
)]
pub(super) async fn stats(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<Stats>, HubError> {
    let campaign = find(&state, &caller, id).await?;
    let numbers = state.store.campaign_numbers(id).await?;
    let reached = |least: MessageState| {
        let counts = numbers.messages.iter();
        let counts = counts.filter(|(state, _)| state.is_taken() && *state >= least);
        counts.map(|(_, count)| count).sum()
    };
    Ok(Json(Stats {
        campaign: CampaignBody::of(&campaign, context(&state)),
        entregados: reached(MessageState::Delivered),
        leidos: reached(MessageState::Read),
        previsto_inicio: numbers.first,
        previsto_fin: numbers.last,
        por_dia: numbers
            .days
            .into_iter()
            .map(|(dia, cantidad)| Day { dia, cantidad })
            .collect(),
        fallas: numbers
            .failures
            .into_iter()
            .map(|(codigo, cantidad)| Failure { codigo, cantidad })
            .collect(),
    }))
}
