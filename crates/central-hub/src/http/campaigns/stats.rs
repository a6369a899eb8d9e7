//! `GET /{id}/stats`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use service_runtime::http::ApiPath;
use session_api::Timestamp;

use super::{CampaignBody, find, situation};
use crate::auth::Caller;
use crate::error::HubError;
use crate::router::AppState;
use crate::store::State as MessageState;

#[derive(Serialize)]
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

#[derive(Serialize)]
struct Day {
    dia: String,
    cantidad: i64,
}

#[derive(Serialize)]
struct Failure {
    codigo: String,
    cantidad: i64,
}

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
        campaign: CampaignBody::of(&campaign, situation(&state)),
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
