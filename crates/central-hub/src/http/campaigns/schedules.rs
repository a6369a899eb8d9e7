//! Serves `/api/sender/programaciones`: the schedules, which say when campaigns send.

use api_docs::{ClienteHeader, Failures};
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery, ClienteId};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::edit::pause_of;
use super::{Optional, ReasonBody, find, invalid, not_found, page_size, paginate, parse_state};
use crate::auth::Caller;
use crate::error::HubError;
use crate::http::node::{self, Success, lenient, paging};
use crate::sending_windows::{BadRules, DEFAULT_QUOTA, Pause, Rules, Weekdays};
use crate::state::AppState;
use crate::store::campaigns::{
    CampaignState, NewSchedule, Schedule, ScheduleFilter, ScheduleState,
};

const MAX_COMMENT_LENGTH: usize = 1000;

/// A schedule, as the API returns it.
#[derive(Serialize, ToSchema)]
#[schema(as = schedules::ScheduleBody)]
pub(crate) struct ScheduleBody {
    id: i64,
    campania_id: i64,
    /// The campaign's name and state.
    campania_nombre: Option<String>,
    campania_estado: Option<&'static str>,
    cliente_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required)]
    dias_semana: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required)]
    hora_inicio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required)]
    hora_fin: Option<String>,
    cupo_diario: Option<u32>,
    fecha_inicio: Option<String>,
    fecha_fin: Option<String>,
    pausa_min_s: u32,
    pausa_max_s: u32,
    comentario: Option<String>,
    estado: &'static str,
    motivo: Option<String>,
    fecha: Timestamp,
    actualizado: Timestamp,
    #[serde(flatten)]
    node: node::schedules::Fields,
}

impl ScheduleBody {
    /// Takes the days and hours out of the body; a row of the bare array formats them differently.
    pub(crate) fn take_days_and_hours(&mut self) -> (Vec<&'static str>, String, String) {
        let days = self.dias_semana.take().unwrap_or_default();
        let hours = (self.hora_inicio.take(), self.hora_fin.take());
        (
            days,
            hours.0.unwrap_or_default(),
            hours.1.unwrap_or_default(),
        )
    }

    fn new(schedule: Schedule, campaign: Option<&(String, CampaignState)>) -> Self {
        let node = node::schedules::Fields::from_schedule(&schedule);
        let rules = schedule.rules;
        Self {
            node,
            id: schedule.id,
            campania_id: schedule.campaign_id,
            campania_nombre: campaign.map(|(name, _)| name.clone()),
            campania_estado: campaign.map(|(_, state)| state.estado()),
            cliente_id: schedule.cliente_id,
            dias_semana: Some(rules.days.names().collect()),
            hora_inicio: Some(Rules::time(rules.from)),
            hora_fin: Some(Rules::time(rules.until)),
            cupo_diario: rules.quota,
            fecha_inicio: rules.first.map(|day| day.to_string()),
            fecha_fin: rules.last.map(|day| day.to_string()),
            pausa_min_s: rules.pause.min_seconds(),
            pausa_max_s: rules.pause.max_seconds(),
            comentario: schedule.comment,
            estado: schedule.state.estado(),
            motivo: schedule.reason,
            fecha: schedule.created_at,
            actualizado: schedule.updated_at,
        }
    }
}

/// Converts schedules to API form, with their campaigns' names.
async fn bodies(state: &AppState, all: Vec<Schedule>) -> Result<Vec<ScheduleBody>, HubError> {
    let mut ids: Vec<_> = all.iter().map(|it| it.campaign_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let names = state.store.campaign_names(&ids).await?;
    let tell = |it: Schedule| {
        let campaign = names.get(&it.campaign_id);
        ScheduleBody::new(it, campaign)
    };
    Ok(all.into_iter().map(tell).collect())
}

async fn respond(state: &AppState, schedule: Schedule) -> Result<Json<ScheduleBody>, HubError> {
    let mut bodies = bodies(state, vec![schedule]).await?;
    bodies.pop().map(Json).ok_or_else(schedule_not_found)
}

/// Days as a list or as comma-separated text.
#[derive(Deserialize, ToSchema)]
#[schema(as = schedules::Days)]
#[serde(untagged, expecting = "a list of days such as [\"mon\",\"tue\"]")]
enum Days {
    List(Vec<String>),
    Text(String),
}

/// The fields of a new or edited schedule; an edit keeps omitted fields.
#[derive(Deserialize, ToSchema)]
#[schema(as = schedules::ScheduleRequest)]
pub(crate) struct ScheduleRequest {
    #[serde(
        default,
        alias = "campaign_id",
        alias = "campañaId",
        deserialize_with = "lenient::integer"
    )]
    campania_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    cliente_id: Option<u64>,
    dias_semana: Option<Days>,
    hora_inicio: Option<String>,
    hora_fin: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    cupo_diario: Option<u32>,
    fecha_inicio: Option<String>,
    fecha_fin: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    pausa_min_s: Option<u32>,
    #[serde(default, deserialize_with = "lenient::integer")]
    pausa_max_s: Option<u32>,
    comentario: Option<String>,
}

fn invalid_rules(error: BadRules) -> HubError {
    invalid(error.to_string())
}

impl ScheduleRequest {
    /// Merges the request's fields into the known rules.
    fn rules(&self, known: Option<&Rules>) -> Result<Rules, HubError> {
        let named = |names: &mut dyn Iterator<Item = &str>| {
            let names: Vec<_> = names.map(lenient::day).collect();
            Weekdays::from_names(names.iter().map(String::as_str))
        };
        let days = match &self.dias_semana {
            Some(Days::List(names)) => named(&mut names.iter().map(String::as_str)),
            Some(Days::Text(text)) => named(&mut text.split(',')),
            None => known.map(|known| known.days).ok_or(BadRules::Weekday),
        };
        let time = |given: &Option<String>, known: Option<u16>| match given {
            Some(text) => Rules::minutes(lenient::hour(text)),
            None => known.ok_or(BadRules::Time),
        };
        // An empty date removes the bound.
        let date = |given: &Option<String>, known: Option<Date>| match given.as_deref() {
            None => Ok(known),
            Some("") => Ok(None),
            Some(text) => lenient::date(text)
                .parse()
                .map(Some)
                .map_err(|_| BadRules::Date),
        };
        let known_pause = known.map_or_else(Pause::default, |known| known.pause);
        let known_quota = known.and_then(|known| known.quota);
        let rules = Rules {
            id: known.map_or(0, |known| known.id),
            days: days.map_err(invalid_rules)?,
            from: time(&self.hora_inicio, known.map(|it| it.from)).map_err(invalid_rules)?,
            until: time(&self.hora_fin, known.map(|it| it.until)).map_err(invalid_rules)?,
            first: date(&self.fecha_inicio, known.and_then(|it| it.first))
                .map_err(invalid_rules)?,
            last: date(&self.fecha_fin, known.and_then(|it| it.last)).map_err(invalid_rules)?,
            quota: self.cupo_diario.or(known_quota).or(Some(DEFAULT_QUOTA)),
            pause: pause_of(self.pausa_min_s, self.pausa_max_s, known_pause)?,
        };
        rules.check().map_err(invalid_rules)?;
        Ok(rules)
    }

    fn comment(&self) -> Result<Option<String>, HubError> {
        let comment = self.comentario.as_deref().map(str::trim);
        let comment = comment.filter(|comment| !comment.is_empty());
        if comment.is_some_and(|it| it.chars().count() > MAX_COMMENT_LENGTH || it.contains('\0')) {
            let what = format!("comentario must have at most {MAX_COMMENT_LENGTH} characters");
            return Err(invalid(what));
        }
        Ok(comment.map(str::to_owned))
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    #[serde(alias = "campañaId")]
    campania_id: Option<i64>,
    cliente_id: Option<u64>,
    estado: Option<String>,
    /// Start of the date range that the schedule's dates must overlap.
    desde: Option<String>,
    /// End of that range.
    hasta: Option<String>,
    antes: Option<i64>,
    limite: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = schedules::SchedulePage)]
pub(crate) struct SchedulePage {
    programaciones: Vec<ScheduleBody>,
    siguiente: Option<i64>,
    /// Time zone of the hours.
    zona: String,
}

/// A page if the request names one, otherwise a bare array.
#[derive(Serialize, ToSchema)]
#[schema(as = schedules::ScheduleList)]
#[serde(untagged)]
pub(crate) enum ScheduleList {
    Rows(Vec<node::schedules::Row>),
    Page(SchedulePage),
}

/// Lists schedules, newest first, in pages; without `limite` and `antes`, as an array.
#[utoipa::path(
    get, path = "/sender/programaciones", tag = "schedules", operation_id = "schedules_list",
    params(Query),
    responses((status = 200, description = "One page, or the newest 500 with a `Link` to more", body = ScheduleList), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    OriginalUri(uri): OriginalUri,
    ApiQuery(query): ApiQuery<Query>,
) -> Result<(HeaderMap, Json<ScheduleList>), HubError> {
    let is_paged = paging::is_paged(&uri);
    let limit = match is_paged {
        true => page_size(query.limite)?,
        false => paging::MAX_ROWS,
    };
    let day = |name: &str, text: &Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => text
            .parse::<Date>()
            .map(Some)
            .map_err(|_| invalid(format!("{name} must be a date such as 2026-03-31"))),
    };
    let filter = ScheduleFilter {
        campaign_id: query.campania_id,
        cliente_id: caller.cliente_for(query.cliente_id)?,
        state: parse_state(
            query.estado.as_deref(),
            ScheduleState::ALL,
            ScheduleState::from_estado,
            ScheduleState::estado,
        )?,
        from: day("desde", &query.desde)?,
        until: day("hasta", &query.hasta)?,
        before: query.antes,
    };
    let mut found = state.store.schedules(&filter, limit + 1).await?;
    let siguiente = paginate(&mut found, limit, |it| it.id);
    let programaciones = bodies(&state, found).await?;
    if !is_paged {
        let rows = programaciones
            .into_iter()
            .map(node::schedules::Row::from_body);
        let link = paging::link(&uri, "antes", siguiente);
        return Ok((link, Json(ScheduleList::Rows(rows.collect()))));
    }
    let page = SchedulePage {
        programaciones,
        siguiente,
        zona: state.config.zone_name().to_owned(),
    };
    Ok((HeaderMap::new(), Json(ScheduleList::Page(page))))
}

/// Creates a schedule, which takes effect once it is approved.
#[utoipa::path(
    post, path = "/sender/programaciones", tag = "schedules", operation_id = "schedules_create",
    params(ClienteHeader),
    request_body(content = ScheduleRequest, example = json!({"campania_id": 1, "dias_semana": ["mon", "tue"], "hora_inicio": "09:00", "hora_fin": "18:00", "cupo_diario": 50})),
    responses((status = 201, description = "Created", body = Success<ScheduleBody>), Failures)
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    cliente: Option<ClienteId>,
    ApiJson(request): ApiJson<ScheduleRequest>,
) -> Result<(StatusCode, Json<Success<ScheduleBody>>), HubError> {
    let Some(campaign) = request.campania_id else {
        return Err(invalid("field \"campania_id\": missing"));
    };
    let rules = request.rules(None)?;
    let campaign = find(&state, &caller, campaign).await?;
    let requested_cliente = request.cliente_id.or(cliente.map(|id| id.0));
    let requested_cliente = caller.cliente_for(requested_cliente)?;
    let new = NewSchedule {
        campaign_id: campaign.id,
        cliente_id: requested_cliente.or(campaign.cliente_id),
        rules,
        comment: request.comment()?,
    };
    let schedule = state.store.create_schedule(&new).await?;
    state.waker.wake();
    let Json(body) = respond(&state, schedule).await?;
    Ok((StatusCode::CREATED, Json(Success::new(body))))
}

/// Returns a schedule that the caller may access.
async fn schedule(state: &AppState, caller: &Caller, id: i64) -> Result<Schedule, HubError> {
    let found = state.store.schedule(id).await?;
    let visible = found.filter(|schedule| caller.sees(schedule.cliente_id));
    visible.ok_or_else(schedule_not_found)
}

fn schedule_not_found() -> HubError {
    not_found("there is no schedule with this number")
}

/// Returns a schedule.
#[utoipa::path(
    get, path = "/sender/programaciones/{id}", tag = "schedules", operation_id = "schedules_one",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The schedule", body = ScheduleBody), Failures)
)]
pub(crate) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<ScheduleBody>, HubError> {
    let schedule = schedule(&state, &caller, id).await?;
    respond(&state, schedule).await
}

/// Changes a schedule, which then requires approval again.
#[utoipa::path(
    put, path = "/sender/programaciones/{id}", tag = "schedules", operation_id = "schedules_edit",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = ScheduleRequest, example = json!({"hora_fin": "17:00"})),
    responses((status = 200, description = "The current state", body = ScheduleBody), Failures)
)]
pub(crate) async fn edit(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiJson(request): ApiJson<ScheduleRequest>,
) -> Result<Json<ScheduleBody>, HubError> {
    let current = schedule(&state, &caller, id).await?;
    if request
        .campania_id
        .is_some_and(|it| it != current.campaign_id)
    {
        return Err(invalid(
            "campania_id cannot change: create another schedule",
        ));
    }
    let comment = match request.comentario {
        Some(_) => request.comment()?,
        None => current.comment.clone(),
    };
    let edited = NewSchedule {
        campaign_id: current.campaign_id,
        cliente_id: caller
            .cliente_for(request.cliente_id)?
            .or(current.cliente_id),
        rules: request.rules(Some(&current.rules))?,
        comment,
    };
    let changed = state.store.edit_schedule(id, &edited).await?;
    state.waker.wake();
    respond(&state, changed.ok_or_else(schedule_not_found)?).await
}

/// Deletes a schedule.
#[utoipa::path(
    delete, path = "/sender/programaciones/{id}", tag = "schedules", operation_id = "schedules_delete",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 204, description = "Deleted"), Failures)
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<StatusCode, HubError> {
    schedule(&state, &caller, id).await?;
    if !state.store.delete_schedule(id).await? {
        return Err(schedule_not_found());
    }
    state.waker.wake();
    Ok(StatusCode::NO_CONTENT)
}

async fn set(
    state: &AppState,
    caller: &Caller,
    id: i64,
    to: ScheduleState,
    reason: Option<&str>,
) -> Result<Json<ScheduleBody>, HubError> {
    schedule(state, caller, id).await?;
    let changed = state.store.set_schedule_state(id, to, reason).await?;
    state.waker.wake();
    respond(state, changed.ok_or_else(schedule_not_found)?).await
}

/// Approves a schedule, which thereby takes effect.
#[utoipa::path(
    post, path = "/sender/programaciones/{id}/approve", tag = "schedules", operation_id = "schedules_approve",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The current state", body = ScheduleBody), Failures)
)]
pub(crate) async fn approve(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<ScheduleBody>, HubError> {
    set(&state, &caller, id, ScheduleState::Approved, None).await
}

/// Rejects a schedule.
#[utoipa::path(
    post, path = "/sender/programaciones/{id}/reject", tag = "schedules", operation_id = "schedules_reject",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = Option<ReasonBody>, example = json!({"motivo": "feriado"})),
    responses((status = 200, description = "The current state", body = ScheduleBody), Failures)
)]
pub(crate) async fn reject(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    Optional(why): Optional<ReasonBody>,
) -> Result<Json<ScheduleBody>, HubError> {
    set(&state, &caller, id, ScheduleState::Rejected, why.text()?).await
}

/// Suspends sending by a schedule until it is approved again.
#[utoipa::path(
    post, path = "/sender/programaciones/{id}/pause", tag = "schedules", operation_id = "schedules_pause",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = Option<ReasonBody>, example = json!({"motivo": "feriado"})),
    responses((status = 200, description = "The current state", body = ScheduleBody), Failures)
)]
pub(crate) async fn pause(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    Optional(why): Optional<ReasonBody>,
) -> Result<Json<ScheduleBody>, HubError> {
    set(&state, &caller, id, ScheduleState::Paused, why.text()?).await
}
