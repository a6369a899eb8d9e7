//! Serves `/api/sender/campaigns`, `/programaciones` and `/bajas`.

pub(crate) mod checks;
mod countries;
pub(crate) mod edit;
pub(crate) mod imports;
mod list_preview;
pub(crate) mod opt_outs;
pub(crate) mod possible_opt_outs;
pub(crate) mod recipients;
pub(crate) mod replies;
pub(crate) mod schedules;
pub(crate) mod stats;
pub(crate) mod upload;

use api_docs::Failures;
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery, ErrorReply};
use utoipa::{IntoParams, ToSchema};

use super::users::actor;
use crate::auth::Caller;
use crate::error::HubError;
use crate::http::node::campaigns::Changed;
use crate::http::node::paging;
use crate::scheduler::{CampaignBody, SchedulerContext};
use crate::state::AppState;
use crate::store::campaigns::{Campaign, CampaignFilter, CampaignState, Refused};

pub(super) use edit::template;
pub(crate) use schedules::ScheduleBody;
pub(super) use upload::import_list;

/// Default page size of a list.
const PAGE: u32 = 50;
const MAX_PAGE_SIZE: u32 = 500;
/// Maximum length of the reason that a user gives, in characters.
const MAX_REASON_LENGTH: usize = 500;
const MAX_NAME_LENGTH: usize = 200;

impl From<Refused> for HubError {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match refused {
            Refused::NotFound => not_found(&message),
            Refused::State { .. } | Refused::Nobody | Refused::NoText => {
                ErrorReply::new(StatusCode::CONFLICT, "CAMPAIGN_STATE", message).into()
            }
            Refused::MissingValues { column, count } => {
                ErrorReply::new(StatusCode::CONFLICT, "CAMPAIGN_STATE", message)
                    .with_detail("motivo", "MISSING_VALUE")
                    .with_detail("columna", column)
                    .with_detail("personas", count)
                    .into()
            }
            Refused::Import(_) => {
                ErrorReply::new(StatusCode::CONFLICT, "IMPORT_INCOMPLETE", message).into()
            }
            Refused::Store(error) => error.into(),
        }
    }
}

/// Builds a 404 response.
fn not_found(what: &str) -> HubError {
    ErrorReply::new(StatusCode::NOT_FOUND, "NOT_FOUND", what).into()
}

pub(super) fn invalid(what: impl Into<String>) -> HubError {
    ErrorReply::invalid_request(what).into()
}

/// Returns the scheduler's context, which says what may be sent now.
fn context(state: &AppState) -> SchedulerContext {
    crate::scheduler::context(&state.config, &state.relay, &state.store)
}

fn respond(state: &AppState, caller: &Caller, campaign: &Campaign) -> Json<CampaignBody> {
    let names = caller.sees(None);
    Json(CampaignBody::new(campaign, context(state), names))
}

/// Returns a campaign that the caller may access.
pub(super) async fn find(state: &AppState, caller: &Caller, id: i64) -> Result<Campaign, HubError> {
    let campaign = state.store.campaign(id).await?;
    let visible = campaign.filter(|campaign| caller.sees(campaign.cliente_id));
    visible.ok_or_else(|| Refused::NotFound.into())
}

/// Validates the page size, which defaults to [`PAGE`].
pub(super) fn page_size(limit: Option<u32>) -> Result<u32, HubError> {
    let limit = limit.unwrap_or(PAGE);
    if (1..=MAX_PAGE_SIZE).contains(&limit) {
        return Ok(limit);
    }
    Err(invalid(format!("limite must be from 1 to {MAX_PAGE_SIZE}")))
}

fn parse_state<T: Copy>(
    estado: Option<&str>,
    all: &[T],
    from: impl Fn(&str) -> Option<T>,
    name: impl Fn(T) -> &'static str,
) -> Result<Option<T>, HubError> {
    match estado {
        None | Some("") => Ok(None),
        Some(estado) => from(estado).map(Some).ok_or_else(|| {
            let names: Vec<_> = all.iter().copied().map(name).collect();
            invalid(format!("estado must be one of {}", names.join(", ")))
        }),
    }
}

/// Truncates `limit + 1` rows to one page, and returns the cursor of the next page if there is one.
pub(super) fn paginate<T>(rows: &mut Vec<T>, limit: u32, id: impl Fn(&T) -> i64) -> Option<i64> {
    let limit = limit as usize;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().map(id).filter(|_| has_more)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    cliente_id: Option<u64>,
    estado: Option<String>,
    buscar: Option<String>,
    antes: Option<i64>,
    limite: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = campaigns::CampaignPage)]
pub(crate) struct CampaignPage {
    campanias: Vec<CampaignBody>,
    /// Cursor of the next page, to pass as `antes`.
    siguiente: Option<i64>,
}

/// A page if the request names one, otherwise a bare array.
#[derive(Serialize, ToSchema)]
#[schema(as = campaigns::CampaignList)]
#[serde(untagged)]
pub(crate) enum CampaignList {
    Rows(Vec<CampaignBody>),
    Page(CampaignPage),
}

/// Validates the text to search names for.
fn words(text: Option<&str>) -> Result<Option<String>, HubError> {
    let words = text.map(str::trim).filter(|words| !words.is_empty());
    if words.is_some_and(|words| words.chars().count() > MAX_NAME_LENGTH) {
        let what = format!("buscar must have at most {MAX_NAME_LENGTH} characters");
        return Err(invalid(what));
    }
    Ok(words.map(str::to_owned))
}

/// Lists campaigns, newest first, in pages; without `limite` and `antes`, as an array.
#[utoipa::path(
    get, path = "/sender/campaigns", tag = "campaigns", operation_id = "campaigns_list",
    params(ListQuery),
    responses((status = 200, description = "One page, or the newest 500 with a `Link` to more", body = CampaignList), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    OriginalUri(uri): OriginalUri,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<(HeaderMap, Json<CampaignList>), HubError> {
    let is_paged = paging::is_paged(&uri);
    let limit = match is_paged {
        true => page_size(query.limite)?,
        false => paging::MAX_ROWS,
    };
    let filter = CampaignFilter {
        cliente_id: caller.cliente_for(query.cliente_id)?,
        state: parse_state(
            query.estado.as_deref(),
            CampaignState::ALL,
            CampaignState::from_estado,
            CampaignState::estado,
        )?,
        words: words(query.buscar.as_deref())?,
        before: query.antes,
    };
    let mut found = state.store.campaigns(&filter, limit + 1).await?;
    let siguiente = paginate(&mut found, limit, |it| it.id);
    let context = context(&state);
    let campanias = found
        .iter()
        .map(|it| CampaignBody::new(it, context, caller.sees(None)))
        .collect();
    if !is_paged {
        let link = paging::link(&uri, "antes", siguiente);
        return Ok((link, Json(CampaignList::Rows(campanias))));
    }
    let page = CampaignPage {
        campanias,
        siguiente,
    };
    Ok((HeaderMap::new(), Json(CampaignList::Page(page))))
}

/// Returns a campaign with its progress.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}", tag = "campaigns", operation_id = "campaigns_one",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The campaign", body = CampaignBody), Failures)
)]
pub(crate) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<CampaignBody>, HubError> {
    let campaign = find(&state, &caller, id).await?;
    Ok(respond(&state, &caller, &campaign))
}

/// Deletes a campaign; its sent messages stay in the history.
#[utoipa::path(
    delete, path = "/sender/campaigns/{id}", tag = "campaigns", operation_id = "campaigns_delete",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 204, description = "Deleted"), Failures)
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<StatusCode, HubError> {
    find(&state, &caller, id).await?;
    state.store.delete_campaign(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an approval covers besides the campaign.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = campaigns::Approval)]
pub(crate) struct ApprovalBody {
    /// Whether the campaign's schedules that wait for approval are approved as well.
    #[serde(default)]
    horarios: bool,
}

/// Approves a campaign, which then sends within its schedules; a dry run sends nothing.
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/approve", tag = "campaigns", operation_id = "campaigns_approve",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = Option<ApprovalBody>, example = json!({"horarios": true})),
    responses((status = 200, description = "The current state", body = Changed<CampaignBody>), Failures)
)]
pub(crate) async fn approve(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    Optional(approval): Optional<ApprovalBody>,
) -> Result<Json<Changed<CampaignBody>>, HubError> {
    find(&state, &caller, id).await?;
    let dry_run = state.config.dry_run;
    let campaign = state
        .store
        .approve_campaign(id, dry_run, approval.horarios)
        .await?;
    tracing::info!(campaign = id, dry_run, "a campaign was approved");
    state.waker.wake();
    let Json(body) = respond(&state, &caller, &campaign);
    Ok(Json(Changed::new(&campaign, "Campaña aprobada", body)))
}

/// A reason that a user may give.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = campaigns::Why)]
pub(crate) struct ReasonBody {
    motivo: Option<String>,
}

impl ReasonBody {
    fn text(&self) -> Result<Option<&str>, HubError> {
        let reason = self.motivo.as_deref().map(str::trim);
        let reason = reason.filter(|reason| !reason.is_empty());
        if reason.is_some_and(|reason| reason.chars().count() > MAX_REASON_LENGTH) {
            return Err(too_long());
        }
        Ok(reason)
    }

    fn required(&self) -> Result<&str, HubError> {
        self.text()?.ok_or_else(too_long)
    }
}

fn too_long() -> HubError {
    invalid(format!(
        "motivo must have 1 to {MAX_REASON_LENGTH} characters"
    ))
}

/// A request body that may be omitted.
pub(crate) struct Optional<T>(T);

impl<T> axum::extract::FromRequest<AppState> for Optional<T>
where
    T: Default + serde::de::DeserializeOwned,
{
    type Rejection = ErrorReply;

    async fn from_request(
        request: axum::extract::Request,
        state: &AppState,
    ) -> Result<Self, ErrorReply> {
        use axum::body::HttpBody as _;
        if request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        let ApiJson(body) = ApiJson::from_request(request, state).await?;
        Ok(Self(body))
    }
}

/// Pauses a campaign.
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/pause", tag = "campaigns", operation_id = "campaigns_pause",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = Option<ReasonBody>, example = json!({"motivo": "feriado"})),
    responses((status = 200, description = "The current state", body = CampaignBody), Failures)
)]
pub(crate) async fn pause(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    Optional(why): Optional<ReasonBody>,
) -> Result<Json<CampaignBody>, HubError> {
    find(&state, &caller, id).await?;
    let by = actor(&caller);
    let campaign = state
        .store
        .pause_campaign(id, "PAUSED_BY_PERSON", why.text()?, Some(&by))
        .await?;
    tracing::info!(campaign = id, by, "a campaign was paused");
    state.waker.wake();
    Ok(respond(&state, &caller, &campaign))
}

/// Resumes a paused campaign.
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/resume", tag = "campaigns", operation_id = "campaigns_resume",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The current state", body = CampaignBody), Failures)
)]
pub(crate) async fn resume(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<CampaignBody>, HubError> {
    find(&state, &caller, id).await?;
    let campaign = state.store.resume_campaign(id).await?;
    state.waker.wake();
    Ok(respond(&state, &caller, &campaign))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = campaigns::CopyAs)]
pub(crate) struct CopyAs {
    nombre: String,
}

/// Copies a campaign with its text, recipients and schedules, for example to
/// turn a dry run into a real campaign.
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/copy", tag = "campaigns", operation_id = "campaigns_copy",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = CopyAs, example = json!({"nombre": "Marzo, de verdad"})),
    responses((status = 201, description = "The copy", body = CampaignBody), Failures)
)]
pub(crate) async fn copy(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiJson(request): ApiJson<CopyAs>,
) -> Result<(StatusCode, Json<CampaignBody>), HubError> {
    find(&state, &caller, id).await?;
    let name = edit::name(&request.nombre)?;
    let campaign = state.store.copy_campaign(id, name).await?;
    Ok((StatusCode::CREATED, respond(&state, &caller, &campaign)))
}
