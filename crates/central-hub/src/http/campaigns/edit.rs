//! Creates and edits campaigns.

use api_docs::{ClienteHeader, Failures};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ClienteId, ErrorReply};
use utoipa::ToSchema;

use super::{MAX_NAME_LENGTH, context, invalid, upload};
use crate::auth::Caller;
use crate::campaigns::columns;
use crate::campaigns::import::MAX_COLUMNS;
use crate::campaigns::template::{Template, TemplateError};
use crate::error::HubError;
use crate::http::node::campaigns::Changed;
use crate::http::node::lenient;
use crate::scheduler::CampaignBody;
use crate::sending_windows::Pause;
use crate::state::AppState;
use crate::store::campaigns::{
    Campaign, CampaignEdit, CampaignPlan, CampaignState, NewCampaign, Refused,
};

/// Maximum template length in characters, before variables are filled in.
const MAX_TEXT_LENGTH: usize = session_api::MAX_MESSAGE_CHARS;
const MAX_DESCRIPTION_LENGTH: usize = 1000;

/// The fields of a new or edited campaign; an edit keeps omitted fields.
#[derive(Deserialize, ToSchema)]
#[schema(as = edit::CampaignRequest)]
pub(crate) struct CampaignRequest {
    nombre: Option<String>,
    #[serde(alias = "texto", alias = "plantilla")]
    mensaje: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    cliente_id: Option<u64>,
    columnas: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::integer")]
    pausa_min_s: Option<u32>,
    #[serde(default, deserialize_with = "lenient::integer")]
    pausa_max_s: Option<u32>,
    /// Internal description; never sent.
    descripcion: Option<String>,
    /// Whether sending waits until `fecha_envio`.
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schema(schema_with = lenient::flag_schema, required = false)]
    programada: Option<bool>,
    fecha_envio: Option<String>,
    /// Whether the text may be added later, after the list; accepted only at creation.
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schema(schema_with = lenient::flag_schema, required = false)]
    borrador: Option<bool>,
    /// A short recipient list, accepted only at creation.
    destinatarios: Option<Vec<serde_json::Value>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = edit::Created)]
pub(crate) struct Created {
    #[serde(flatten)]
    campaign: Changed<CampaignBody>,
    /// The result of importing `destinatarios`.
    #[serde(skip_serializing_if = "Option::is_none")]
    importacion: Option<upload::UploadBody>,
}

/// Creates a campaign.
#[utoipa::path(
    post, path = "/sender/campaigns", tag = "campaigns", operation_id = "edit_create",
    params(ClienteHeader),
    request_body(content = CampaignRequest, example = json!({"nombre": "Marzo", "mensaje": "Hola {nombre|vecino}", "cliente_id": 51, "destinatarios": [{"telefono": "5491158254201", "nombre": "Ana"}]})),
    responses((status = 201, description = "Created", body = Created), Failures)
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    cliente: Option<ClienteId>,
    ApiJson(mut request): ApiJson<CampaignRequest>,
) -> Result<(StatusCode, Json<Created>), HubError> {
    let Some(nombre) = &request.nombre else {
        return Err(invalid("field \"nombre\": missing"));
    };
    let may_follow = request.borrador == Some(true);
    let mensaje = match &request.mensaje {
        Some(mensaje) => mensaje.as_str(),
        None if may_follow => "",
        None => return Err(invalid("field \"mensaje\": missing")),
    };
    let list = request.destinatarios.take();
    let mut columns = check_columns(request.columnas.as_deref().unwrap_or_default())?;
    for element in list.iter().flatten() {
        let object = element.as_object();
        for key in object.into_iter().flat_map(|object| object.keys()) {
            let key = columns::key(key);
            if !key.is_empty() && !columns.contains(&key) {
                columns.push(key);
            }
        }
    }
    if columns.len() > MAX_COLUMNS {
        return Err(invalid(format!("at most {MAX_COLUMNS} columns")));
    }
    let template = match mensaje {
        "" if may_follow => {
            Template::stored(mensaje).map_err(|error| invalid_template("mensaje", &error))?
        }
        mensaje => template("mensaje", mensaje, &columns)?,
    };
    let requested_cliente = request.cliente_id.or(cliente.map(|id| id.0));
    let new = NewCampaign {
        cliente_id: caller.cliente_for(requested_cliente)?,
        name: name(nombre)?.to_owned(),
        text: mensaje.to_owned(),
        columns,
        pause: pause(&request, Pause::default())?,
    };
    let plan = plan(&state, &request, None)?;
    let campaign = state.store.create_campaign(&new).await?;
    if plan != CampaignPlan::default() {
        state.store.plan_campaign(campaign.id, &plan).await?;
    }
    let mut report = None;
    if let Some(list) = list.filter(|list| !list.is_empty()) {
        report = Some(upload::import_json(&state, &campaign, template, &list).await?);
    }
    let campaign = super::find(&state, &caller, campaign.id).await?;
    let body = CampaignBody::new(&campaign, context(&state), caller.sees(None));
    Ok((
        StatusCode::CREATED,
        Json(Created {
            campaign: Changed::new(&campaign, "Campaña creada", body),
            importacion: report,
        }),
    ))
}

/// Changes a campaign. Its text can be changed only in a draft or while paused.
#[utoipa::path(
    put, path = "/sender/campaigns/{id}", tag = "campaigns", operation_id = "edit_edit",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = CampaignRequest, example = json!({"nombre": "Abril"})),
    responses((status = 200, description = "The current state", body = Changed<CampaignBody>), Failures)
)]
pub(crate) async fn edit(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiJson(request): ApiJson<CampaignRequest>,
) -> Result<Json<Changed<CampaignBody>>, HubError> {
    if request.destinatarios.is_some() {
        return Err(invalid(
            "destinatarios: upload them to /recipients of the campaign",
        ));
    }
    super::find(&state, &caller, id).await?;
    let campaign = state
        .store
        .edit_campaign(id, |campaign| edited(&state, &caller, &request, campaign))
        .await?;
    state.waker.wake();
    let Json(body) = super::respond(&state, &caller, &campaign);
    Ok(Json(Changed::new(&campaign, "Campaña guardada", body)))
}

/// Applies the request to the campaign.
fn edited(
    state: &AppState,
    caller: &Caller,
    request: &CampaignRequest,
    campaign: &Campaign,
) -> Result<CampaignEdit, HubError> {
    let mut columns = campaign.columns.clone();
    for key in check_columns(request.columnas.as_deref().unwrap_or_default())? {
        if !columns.contains(&key) {
            columns.push(key);
        }
    }
    if columns.len() > MAX_COLUMNS {
        return Err(invalid(format!("at most {MAX_COLUMNS} columns")));
    }
    let text = request
        .mensaje
        .clone()
        .unwrap_or_else(|| campaign.text.clone());
    let mut required = Vec::new();
    if text != campaign.text {
        let new = template("mensaje", &text, &columns)?;
        may_change_text(campaign)?;
        required = new.required().into_iter().map(str::to_owned).collect();
    }
    Ok(CampaignEdit {
        campaign: NewCampaign {
            cliente_id: caller
                .cliente_for(request.cliente_id)?
                .or(campaign.cliente_id),
            name: match &request.nombre {
                Some(nombre) => name(nombre)?.to_owned(),
                None => campaign.name.clone(),
            },
            text,
            columns,
            pause: pause(request, campaign.pause)?,
        },
        plan: plan(state, request, Some(campaign))?,
        required,
        has_value: |fields, column| columns::value(fields, column).is_some(),
    })
}

/// Merges the request's description and start time with the stored ones.
fn plan(
    state: &AppState,
    request: &CampaignRequest,
    known: Option<&Campaign>,
) -> Result<CampaignPlan, HubError> {
    let description = match request.descripcion.as_deref().map(str::trim) {
        None => known.and_then(|known| known.description.clone()),
        Some(text) if text.chars().count() > MAX_DESCRIPTION_LENGTH || text.contains('\0') => {
            let what = format!("descripcion must have at most {MAX_DESCRIPTION_LENGTH} characters");
            return Err(invalid(what));
        }
        Some(text) => Some(text.to_owned()).filter(|text| !text.is_empty()),
    };
    let moment = request.fecha_envio.as_deref();
    let moment = moment.filter(|text| !text.trim().is_empty());
    let send_after = match (request.programada, moment) {
        (Some(false), _) => None,
        (None, None) => known.and_then(|known| known.send_after),
        (Some(true), None) => {
            return Err(invalid(
                "fecha_envio is missing although programada is true",
            ));
        }
        (_, Some(text)) => {
            let what = "fecha_envio must be a date and a time such as 2026-03-31T09:00";
            let at = lenient::parse_timestamp(text, &state.config.zone);
            Some(at.ok_or_else(|| invalid(what))?)
        }
    };
    Ok(CampaignPlan {
        description,
        send_after,
    })
}

fn may_change_text(campaign: &Campaign) -> Result<(), HubError> {
    match campaign.state {
        CampaignState::Draft | CampaignState::Paused => Ok(()),
        state => {
            let cure = "its text can change only before it is approved or while it is paused";
            Err(Refused::State { state, cure }.into())
        }
    }
}

/// Trims and validates a campaign name.
pub(super) fn name(given: &str) -> Result<&str, HubError> {
    let name = given.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_LENGTH || name.contains('\0') {
        return Err(invalid(format!(
            "nombre must have 1 to {MAX_NAME_LENGTH} characters"
        )));
    }
    Ok(name)
}

/// Parses the template in `field` and checks that these columns provide its
/// variables. If there are no columns yet, that check is made when a list is
/// uploaded.
pub(in crate::http) fn template(
    field: &str,
    text: &str,
    columns: &[String],
) -> Result<Template, HubError> {
    if text.contains('\0') {
        return Err(invalid(format!("{field} contains a NUL character")));
    }
    if text.chars().count() > MAX_TEXT_LENGTH {
        return Err(invalid(format!(
            "{field} is longer than {MAX_TEXT_LENGTH} characters"
        )));
    }
    let template = Template::parse(text).map_err(|error| invalid_template(field, &error))?;
    if !columns.is_empty() {
        template
            .check(columns)
            .map_err(|error| invalid_template(field, &error))?;
    }
    Ok(template)
}

/// Builds the error response for a template error, with its position.
fn invalid_template(field: &str, error: &TemplateError) -> HubError {
    let place = serde_json::json!({
        "posicion": error.place.offset,
        "linea": error.place.line,
        "columna": error.place.column,
    });
    ErrorReply::new(
        StatusCode::BAD_REQUEST,
        "TEMPLATE_INVALID",
        format!("{field}: {error}"),
    )
    .with_detail("motivo", error.fault.code())
    .with_detail("variable", error.variable.clone())
    .with_detail("lugar", place)
    .into()
}

fn check_columns(names: &[String]) -> Result<Vec<String>, HubError> {
    let mut keys: Vec<String> = Vec::new();
    for name in names {
        let key = columns::key(name);
        if key.is_empty() || key.chars().count() > 64 {
            return Err(invalid("columnas must contain names of 1 to 64 characters"));
        }
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

fn pause(request: &CampaignRequest, known: Pause) -> Result<Pause, HubError> {
    pause_of(request.pausa_min_s, request.pausa_max_s, known)
}

/// Builds the pause between messages; omitted bounds come from `known`.
pub(super) fn pause_of(
    least: Option<u32>,
    most: Option<u32>,
    known: Pause,
) -> Result<Pause, HubError> {
    let least = least.unwrap_or_else(|| known.min_seconds().min(most.unwrap_or(u32::MAX)));
    let most = most.unwrap_or_else(|| known.max_seconds().max(least));
    Pause::new(least, most).map_err(|error| invalid(error.to_string()))
}
