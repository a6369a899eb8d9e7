//! Serves `/sender/destinatarios/campania/{id}`: the recipients of a campaign.

use api_docs::Failures;
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::paging::{self, MAX_ROWS};
use super::{Data, lenient};
use crate::auth::Caller;
use crate::campaigns::columns::{NAME, value};
use crate::campaigns::template::Template;
use crate::error::HubError;
use crate::http::campaigns::{find, import_list, invalid, page_size, paginate};
use crate::state::AppState;
use crate::store::campaigns::{Campaign, Recipient, RecipientFilter, RecipientState};

/// Maximum number of recipients in one request.
const MAX_RECIPIENTS: usize = 5_000;

/// A recipient in the Node page's format.
#[derive(Serialize, ToSchema)]
#[schema(as = node::Recipient)]
struct Row {
    id: i64,
    telefono_wapp: String,
    telefono: String,
    nombre_destino: Option<String>,
    nombre: Option<String>,
    mensaje_final: String,
    estado: &'static str,
    /// When the message was sent or, in a dry run, would have been sent.
    fecha_envio: Option<Timestamp>,
}

impl Row {
    fn new(recipient: &Recipient, template: Option<&Template>) -> Self {
        let address = recipient.address();
        let phone = address.strip_suffix("@c.us").unwrap_or(address).to_owned();
        let name = value(&recipient.fields, NAME).map(str::to_owned);
        Self {
            id: recipient.id,
            telefono: phone.clone(),
            telefono_wapp: phone,
            nombre: name.clone(),
            nombre_destino: name,
            mensaje_final: template.map_or_else(String::new, |it| it.fill(&recipient.fields)),
            estado: match recipient.state {
                RecipientState::Queued => RecipientState::Pending.estado(),
                state => state.estado(),
            },
            fecha_envio: match recipient.state {
                RecipientState::Sent | RecipientState::Simulated => recipient.planned_at,
                _ => None,
            },
        }
    }
}

/// The number of recipients by state.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = node::RecipientCounts)]
struct Counts {
    total: i64,
    pendientes: i64,
    enviados: i64,
    fallidos: i64,
    /// Alias of `fallidos`.
    errores: i64,
    simulados: i64,
    omitidos: i64,
}

impl Counts {
    fn from_campaign(campaign: &Campaign) -> Self {
        let count = |state| campaign.count(state);
        let failed = count(RecipientState::Failed);
        Self {
            total: campaign.total(),
            pendientes: count(RecipientState::Pending) + count(RecipientState::Queued),
            enviados: count(RecipientState::Sent),
            fallidos: failed,
            errores: failed,
            simulados: count(RecipientState::Simulated),
            omitidos: count(RecipientState::Skipped),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = node::Recipients)]
pub(crate) struct Recipients {
    destinatarios: Vec<Row>,
    estadisticas: Counts,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    despues: Option<i64>,
    limite: Option<u32>,
}

/// Lists recipients in list order; the `Link` header points to the next page.
#[utoipa::path(
    get, path = "/sender/destinatarios/campania/{id}", tag = "node", operation_id = "node_recipients",
    params(("id" = i64, Path, description = "The campaign", minimum = 1, example = 1), Query),
    responses((status = 200, description = "The recipients, and their number by state", body = Data<Recipients>), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    OriginalUri(uri): OriginalUri,
    ApiPath(id): ApiPath<i64>,
    ApiQuery(query): ApiQuery<Query>,
) -> Result<(HeaderMap, Json<Data<Recipients>>), HubError> {
    let limit = match query.limite {
        Some(limit) => page_size(Some(limit))?,
        None => MAX_ROWS,
    };
    let filter = RecipientFilter {
        state: None,
        after: query.despues,
    };
    let campaign = find(&state, &caller, id).await?;
    let mut found = state.store.recipients(id, &filter, limit + 1).await?;
    let next = paginate(&mut found, limit, |it| it.id);
    let template = Template::parse(&campaign.text).ok();
    let rows = found.iter().map(|it| Row::new(it, template.as_ref()));
    let data = Data::new(Recipients {
        destinatarios: rows.collect(),
        estadisticas: Counts::from_campaign(&campaign),
    });
    Ok((paging::link(&uri, "despues", next), Json(data)))
}

#[derive(Serialize, ToSchema)]
#[schema(as = node::RecipientSummary)]
pub(crate) struct Summary {
    #[serde(flatten)]
    counts: Counts,
    estadisticas: Counts,
}

/// Returns the number of recipients by state.
#[utoipa::path(
    get, path = "/sender/destinatarios/campania/{id}/resumen", tag = "node", operation_id = "node_recipients_summary",
    params(("id" = i64, Path, description = "The campaign", minimum = 1, example = 1)),
    responses((status = 200, description = "The figures", body = Data<Summary>), Failures)
)]
pub(crate) async fn summary(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<Data<Summary>>, HubError> {
    let counts = Counts::from_campaign(&find(&state, &caller, id).await?);
    Ok(Json(Data::new(Summary {
        counts,
        estadisticas: counts,
    })))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = node::NewRecipient)]
struct New {
    #[serde(
        default,
        alias = "telefono",
        alias = "phone",
        deserialize_with = "lenient::optional_text"
    )]
    telefono_wapp: Option<String>,
    #[serde(default, alias = "nombre", deserialize_with = "lenient::optional_text")]
    nombre_destino: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    lugar_id: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = node::NewRecipients)]
pub(crate) struct NewRecipients {
    destinatarios: Vec<New>,
}

/// The result of adding recipients.
#[derive(Serialize, ToSchema)]
#[schema(as = node::Added)]
pub(crate) struct Added {
    agregados: i64,
    duplicados: i64,
    errores: i64,
    /// Id of the import, for `/api/sender/campaigns/{id}/imports`.
    importacion: i64,
}

/// Adds recipients, except those that the campaign already has.
#[utoipa::path(
    post, path = "/sender/destinatarios/campania/{id}/agregar", tag = "node", operation_id = "node_recipients_add",
    params(("id" = i64, Path, description = "The campaign", minimum = 1, example = 1)),
    request_body(content = NewRecipients, example = json!({"destinatarios": [{"telefono_wapp": "5491158254201", "nombre_destino": "Ana"}]})),
    responses((status = 200, description = "The outcomes", body = Data<Added>), Failures)
)]
pub(crate) async fn add(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiJson(request): ApiJson<NewRecipients>,
) -> Result<Json<Data<Added>>, HubError> {
    check_count("destinatarios", request.destinatarios.len())?;
    let campaign = find(&state, &caller, id).await?;
    let line = |new: New| {
        let mut line = json!({"telefono": new.telefono_wapp.unwrap_or_default()});
        if let Some(name) = new.nombre_destino {
            line["nombre"] = name.into();
        }
        if let Some(place) = new.lugar_id {
            line["lugar_id"] = place.to_string().into();
        }
        line
    };
    let list: Vec<Value> = request.destinatarios.into_iter().map(line).collect();
    let import = import_list(&state, &campaign, &list).await?;
    Ok(Json(Data::new(Added {
        agregados: import.accepted,
        duplicados: import.duplicates,
        errores: import.refused,
        importacion: import.id,
    })))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = node::RemovedNumber)]
#[serde(untagged, expecting = "a telephone number")]
enum Number {
    Text(String),
    Number(u64),
}

#[derive(Deserialize, ToSchema)]
#[schema(as = node::ToRemove)]
pub(crate) struct ToRemove {
    telefonos: Vec<Number>,
}

/// The result of removing recipients.
#[derive(Serialize, ToSchema)]
#[schema(as = node::Removed)]
pub(crate) struct Removed {
    eliminados: u64,
    #[serde(rename = "noEliminados")]
    kept: u64,
}

/// Removes recipients to whom nothing was sent.
#[utoipa::path(
    delete, path = "/sender/destinatarios/campania/{id}/quitar", tag = "node", operation_id = "node_recipients_remove",
    params(("id" = i64, Path, description = "The campaign", minimum = 1, example = 1)),
    request_body(content = ToRemove, example = json!({"telefonos": ["5491158254201"]})),
    responses((status = 200, description = "How many", body = Data<Removed>), Failures)
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiJson(request): ApiJson<ToRemove>,
) -> Result<Json<Data<Removed>>, HubError> {
    let requested = request.telefonos.len();
    check_count("telefonos", requested)?;
    find(&state, &caller, id).await?;
    let text = |number| match number {
        Number::Text(text) => text,
        Number::Number(number) => number.to_string(),
    };
    let numbers = request.telefonos.into_iter().map(text);
    let chats: Vec<String> = numbers
        .filter_map(|text| phone_number::recipient(&text, &state.config.home).ok())
        .map(|recipient| recipient.as_str().to_owned())
        .collect();
    let removed = state.store.remove_recipients(id, &chats).await?;
    state.waker.wake();
    let requested = u64::try_from(requested).unwrap_or(u64::MAX);
    Ok(Json(Data::new(Removed {
        eliminados: removed,
        kept: requested.saturating_sub(removed),
    })))
}

fn check_count(name: &str, count: usize) -> Result<(), HubError> {
    if (1..=MAX_RECIPIENTS).contains(&count) {
        return Ok(());
    }
    Err(invalid(format!(
        "{name} must contain 1 to {MAX_RECIPIENTS} entries"
    )))
}
