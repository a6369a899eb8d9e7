//! Serves the recipients of a campaign: list, details with text, and retry.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::{ReasonBody, find, not_found, page_size, paginate, parse_state};
use crate::auth::Caller;
use crate::campaigns::columns::{Fields, NAME, value};
use crate::campaigns::template::Template;
use crate::error::HubError;
use crate::http::messages::search_words;
use crate::state::AppState;
use crate::store::campaigns::{Recipient, RecipientFilter, RecipientState, RecipientStep};

/// A recipient, as the API returns it.
#[derive(Serialize, ToSchema)]
#[schema(as = recipients::RecipientBody)]
pub(crate) struct RecipientBody {
    id: i64,
    linea: i64,
    destinatario: String,
    nombre: Option<String>,
    datos: Fields,
    estado: &'static str,
    /// The message text as sent, or as it would be sent.
    texto: String,
    /// The cause of the current state.
    causa: Option<String>,
    detalle: Option<String>,
    intentos: i64,
    /// When the message was sent or, in a dry run, would have been sent.
    previsto: Option<Timestamp>,
    /// Id for `/api/sender/messages/status/{id}`.
    mensaje_id: Option<i64>,
    actualizado: Timestamp,
}

impl RecipientBody {
    fn new(recipient: Recipient, template: Option<&Template>) -> Self {
        let address = recipient.address();
        let number = address.strip_suffix("@c.us").unwrap_or(address).to_owned();
        Self {
            id: recipient.id,
            linea: recipient.line,
            nombre: value(&recipient.fields, NAME).map(str::to_owned),
            texto: template.map_or_else(String::new, |it| it.fill(&recipient.fields)),
            datos: recipient.fields,
            estado: recipient.state.estado(),
            causa: recipient.cause,
            detalle: recipient.detail,
            intentos: recipient.attempt,
            previsto: recipient.planned_at,
            mensaje_id: recipient.message_id,
            actualizado: recipient.updated_at,
            destinatario: number,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    estado: Option<String>,
    /// Words of a recipient's data, or digits of the number, to search for.
    buscar: Option<String>,
    despues: Option<i64>,
    limite: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = recipients::RecipientPage)]
pub(crate) struct RecipientPage {
    destinatarios: Vec<RecipientBody>,
    /// Cursor of the next page, to pass as `despues`.
    siguiente: Option<i64>,
    total: i64,
}

/// Lists recipients in list order, each with its message text.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}/recipients", tag = "campaigns", operation_id = "recipients_list",
    params(("id" = i64, Path, description = "The campaign's id", minimum = 1, example = 1), Query),
    responses((status = 200, description = "One page", body = RecipientPage), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiQuery(query): ApiQuery<Query>,
) -> Result<Json<RecipientPage>, HubError> {
    let limit = page_size(query.limite)?;
    let filter = RecipientFilter {
        state: parse_state(
            query.estado.as_deref(),
            RecipientState::ALL,
            RecipientState::from_estado,
            RecipientState::estado,
        )?,
        after: query.despues,
    };
    let campaign = find(&state, &caller, id).await?;
    let (found, siguiente) = match search_words(query.buscar.as_deref())? {
        Some(words) => {
            let _held = state.limits.search(&caller)?;
            let search = state.store.search_recipients(id, &filter, words, limit);
            search.await?
        }
        None => {
            let mut found = state.store.recipients(id, &filter, limit + 1).await?;
            let next = paginate(&mut found, limit, |it| it.id);
            (found, next)
        }
    };
    let template = Template::parse(&campaign.text).ok();
    Ok(Json(RecipientPage {
        destinatarios: found
            .into_iter()
            .map(|it| RecipientBody::new(it, template.as_ref()))
            .collect(),
        siguiente,
        total: filter
            .state
            .map_or_else(|| campaign.total(), |state| campaign.count(state)),
    }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = recipients::Step)]
struct Step {
    de: &'static str,
    a: &'static str,
    causa: String,
    detalle: Option<String>,
    mensaje_id: Option<i64>,
    fecha: Timestamp,
}

impl From<RecipientStep> for Step {
    fn from(step: RecipientStep) -> Self {
        Self {
            de: step.from.estado(),
            a: step.to.estado(),
            causa: step.cause,
            detalle: step.detail,
            mensaje_id: step.message_id,
            fecha: step.at,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = recipients::WithHistory)]
pub(crate) struct WithHistory {
    #[serde(flatten)]
    recipient: RecipientBody,
    historial: Vec<Step>,
}

/// Returns a recipient with its message text and history.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}/recipients/{recipient}", tag = "campaigns", operation_id = "recipients_one",
    params(("id" = i64, Path, description = "The campaign's id", minimum = 1, example = 1), ("recipient" = i64, Path, description = "The recipient's id", minimum = 1, example = 1)),
    responses((status = 200, description = "The recipient", body = WithHistory), Failures)
)]
pub(crate) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((id, recipient)): ApiPath<(i64, i64)>,
) -> Result<Json<WithHistory>, HubError> {
    with_history(&state, &caller, id, recipient).await.map(Json)
}

async fn with_history(
    state: &AppState,
    caller: &Caller,
    id: i64,
    recipient: i64,
) -> Result<WithHistory, HubError> {
    let campaign = find(state, caller, id).await?;
    let found = state.store.recipient(id, recipient).await?;
    let found = found.ok_or_else(recipient_not_found)?;
    let steps = state.store.recipient_steps(found.id).await?;
    let template = Template::parse(&campaign.text).ok();
    Ok(WithHistory {
        recipient: RecipientBody::new(found, template.as_ref()),
        historial: steps.into_iter().map(Step::from).collect(),
    })
}

fn recipient_not_found() -> HubError {
    not_found("the campaign has no recipient with this number")
}

/// Moves a failed recipient back to pending; the reason is stored.
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/recipients/{recipient}/retry", tag = "campaigns", operation_id = "recipients_retry",
    params(("id" = i64, Path, description = "The campaign's id", minimum = 1, example = 1), ("recipient" = i64, Path, description = "The recipient's id", minimum = 1, example = 1)),
    request_body(content = ReasonBody, example = json!({"motivo": "el número ya anda"})),
    responses((status = 200, description = "The current state", body = WithHistory), Failures)
)]
pub(crate) async fn retry(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((id, recipient)): ApiPath<(i64, i64)>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Json<WithHistory>, HubError> {
    find(&state, &caller, id).await?;
    let reason = body.required()?;
    let found = state.store.recipient(id, recipient).await?;
    let found = found.ok_or_else(recipient_not_found)?;
    let retried = state
        .store
        .retry_recipients(id, Some(recipient), reason)
        .await?;
    if retried == 0 {
        return Err(service_runtime::http::ErrorReply::new(
            axum::http::StatusCode::CONFLICT,
            "MESSAGE_NOT_FAILED",
            format!(
                "the recipient is {}: only a failed one can be retried",
                found.state.estado()
            ),
        )
        .into());
    }
    state.waker.wake();
    with_history(&state, &caller, id, recipient).await.map(Json)
}

#[derive(Serialize, ToSchema)]
#[schema(as = recipients::Retried)]
pub(crate) struct Retried {
    repuestos: i64,
}

/// Moves all failed recipients back to pending; the reason is stored.
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/recipients/retry", tag = "campaigns", operation_id = "recipients_retry_all",
    params(("id" = i64, Path, description = "The campaign's id", minimum = 1, example = 1)),
    request_body(content = ReasonBody, example = json!({"motivo": "el número ya anda"})),
    responses((status = 200, description = "How many recipients were moved back to pending", body = Retried), Failures)
)]
pub(crate) async fn retry_all(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Json<Retried>, HubError> {
    find(&state, &caller, id).await?;
    let reason = body.required()?;
    let repuestos = state.store.retry_recipients(id, None, reason).await?;
    state.waker.wake();
    Ok(Json(Retried { repuestos }))
}
