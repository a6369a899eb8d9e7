//! Serves `GET /{id}/stats`: the figures of a campaign.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use service_runtime::http::ApiPath;
use session_api::Timestamp;
use utoipa::ToSchema;

use super::countries::{self, Country};
use super::{context, find};
use crate::auth::Caller;
use crate::error::HubError;
use crate::scheduler::CampaignBody;
use crate::sending_windows::{Rules, forecast};
use crate::state::AppState;
use crate::store::MessageState;
use crate::store::campaigns::{
    Campaign, CampaignState, RecipientState, ScheduleFilter, ScheduleState,
};

/// Maximum number of schedules that are read for one campaign.
const MAX_SCHEDULES: u32 = 50;

#[derive(Serialize, ToSchema)]
#[schema(as = stats::Stats)]
pub(crate) struct Stats {
    #[serde(flatten)]
    campaign: CampaignBody,
    /// Number of sent messages that were delivered, and that were read.
    entregados: i64,
    leidos: i64,
    /// Time of the first and of the last message sent or, in a dry run, simulated.
    previsto_inicio: Option<Timestamp>,
    previsto_fin: Option<Timestamp>,
    /// Estimated time of the last message while the campaign sends; `null`
    /// while sending is held up, or if the schedules end before that time.
    termina: Option<Timestamp>,
    por_dia: Vec<Day>,
    fallas: Vec<Failure>,
    /// For a draft: the effect of approving it; for a finished rehearsal: of
    /// approving its copy.
    revision: Option<Review>,
}

/// The effect of approving a campaign and its pending schedules.
#[derive(Serialize, ToSchema)]
#[schema(as = stats::Review)]
struct Review {
    /// Number of recipients who opted out and are therefore skipped.
    pidieron_baja: i64,
    /// The countries of the numbers on the campaign's lists, the most frequent first.
    paises: Vec<Country>,
    /// Number of recipients outside the most frequent country.
    de_otro_pais: u64,
    /// Whether the campaign has no schedule and would send around the clock.
    sin_horario: bool,
    /// Time of the last message; `null` if the schedules' dates end before it.
    termina: Option<Timestamp>,
}

async fn review(state: &AppState, campaign: &Campaign) -> Result<Review, HubError> {
    let store = &state.store;
    let filter = ScheduleFilter {
        campaign_id: Some(campaign.id),
        ..ScheduleFilter::default()
    };
    let (pidieron_baja, schedules, others, countries) = tokio::try_join!(
        store.opted_out_among(campaign.id),
        store.schedules(&filter, MAX_SCHEDULES),
        store.sharing_campaigns(),
        store.campaign_countries(campaign.id),
    )?;
    let sin_horario = schedules.is_empty() && !campaign.scheduled;
    let mut rules: Vec<_> = schedules
        .into_iter()
        .filter(|it| matches!(it.state, ScheduleState::Pending | ScheduleState::Approved))
        .map(|it| it.rules)
        .collect();
    if sin_horario {
        rules.push(Rules::always(campaign.pause));
    }
    let people = campaign.total() - pidieron_baja;
    let remaining = u64::try_from(people).unwrap_or(0);
    let now = jiff::Timestamp::now();
    let sharing = others.saturating_add(1);
    let termina = forecast(
        now,
        &state.config.zone,
        &rules,
        &|_, _| 0,
        remaining,
        sharing,
    );
    Ok(Review {
        pidieron_baja,
        paises: countries::by_count(&countries),
        de_otro_pais: countries.others(),
        sin_horario,
        termina: termina.map(Timestamp::from),
    })
}

/// Returns the estimated end of a campaign that is sending.
async fn end(state: &AppState, campaign: &Campaign) -> Result<Option<Timestamp>, HubError> {
    let sends = campaign.state == CampaignState::Running && !campaign.is_dry_run();
    if !sends || context(state).obstacle(campaign).is_some() {
        return Ok(None);
    }
    let store = &state.store;
    let filter = ScheduleFilter {
        campaign_id: Some(campaign.id),
        state: Some(ScheduleState::Approved),
        ..ScheduleFilter::default()
    };
    let now = jiff::Timestamp::now();
    let zone = &state.config.zone;
    let today = zone.to_datetime(now).date();
    // A window that began yesterday may still be open.
    let since = today.yesterday().unwrap_or(today);
    let (schedules, days, sharing) = tokio::try_join!(
        store.schedules(&filter, MAX_SCHEDULES),
        store.running_days(since),
        store.sharing_campaigns(),
    )?;
    let mut rules: Vec<_> = schedules.into_iter().map(|it| it.rules).collect();
    if !campaign.scheduled {
        rules.push(Rules::always(campaign.pause));
    }
    let days = days.get(&campaign.id);
    let used = |schedule, day| days.map_or(0, |days| days.used(schedule, day));
    let remaining = u64::try_from(campaign.count(RecipientState::Pending)).unwrap_or(0);
    Ok(forecast(now, zone, &rules, &used, remaining, sharing).map(Timestamp::from))
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

/// Returns the figures of a campaign.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}/stats", tag = "campaigns", operation_id = "stats_stats",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The figures", body = Stats), Failures)
)]
pub(crate) async fn stats(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<Stats>, HubError> {
    let campaign = find(&state, &caller, id).await?;
    let numbers = state.store.campaign_numbers(id).await?;
    let can_be_approved = match campaign.state {
        CampaignState::Draft => true,
        CampaignState::Finished => campaign.is_dry_run(),
        _ => false,
    };
    let revision = match can_be_approved {
        true => Some(review(&state, &campaign).await?),
        false => None,
    };
    let termina = end(&state, &campaign).await?;
    let reached = |least: MessageState| {
        let counts = numbers.messages.iter();
        let counts = counts.filter(|(state, _)| state.is_accepted() && *state >= least);
        counts.map(|(_, count)| count).sum()
    };
    Ok(Json(Stats {
        campaign: CampaignBody::new(&campaign, context(&state), caller.sees(None)),
        entregados: reached(MessageState::Delivered),
        leidos: reached(MessageState::Read),
        previsto_inicio: numbers.first,
        previsto_fin: numbers.last,
        termina,
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
        revision,
    }))
}
