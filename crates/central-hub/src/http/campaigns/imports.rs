//! Serves the imports of recipient lists: progress, result and rejected rows.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiPath, ApiQuery};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::countries::CountriesBody;
use super::{find, not_found, page_size, paginate};
use crate::auth::Caller;
use crate::campaigns::import::RejectedRow;
use crate::error::HubError;
use crate::state::AppState;
use crate::store::campaigns::{Import, RefusedLine};

/// An import, as the API returns it.
#[derive(Serialize, ToSchema)]
#[schema(as = imports::ImportBody)]
pub(crate) struct ImportBody {
    pub(super) id: i64,
    /// The file name that the upload gave as `archivo`.
    archivo: Option<String>,
    /// The headings of a table.
    titulos: Vec<String>,
    estado: &'static str,
    bytes: i64,
    bytes_total: Option<i64>,
    aceptados: i64,
    duplicados: i64,
    rechazados: i64,
    #[serde(flatten)]
    countries: CountriesBody,
    error: Option<String>,
    detalle: Option<String>,
    fecha: Timestamp,
    actualizado: Timestamp,
}

impl From<Import> for ImportBody {
    fn from(import: Import) -> Self {
        Self {
            id: import.id,
            archivo: import.file_name,
            titulos: import.titles,
            estado: import.state.estado(),
            bytes: import.bytes,
            bytes_total: import.total_bytes,
            aceptados: import.accepted,
            duplicados: import.duplicates,
            rechazados: import.refused,
            countries: (&import.countries).into(),
            error: import.error_code,
            detalle: import.error_message,
            fecha: import.created_at,
            actualizado: import.updated_at,
        }
    }
}

/// A rejected line.
#[derive(Serialize, ToSchema)]
#[schema(as = imports::LineBody)]
pub(crate) struct LineBody {
    linea: i64,
    codigo: String,
    motivo: String,
    /// The content of the phone cell, shortened.
    valor: String,
    /// All cells of a table's line, in the order of `titulos`.
    celdas: Vec<String>,
}

impl From<RejectedRow> for LineBody {
    fn from(line: RejectedRow) -> Self {
        Self {
            linea: i64::try_from(line.line).unwrap_or(i64::MAX),
            codigo: line.code.to_owned(),
            motivo: line.reason,
            valor: line.cell,
            celdas: line.cells,
        }
    }
}

impl From<RefusedLine> for LineBody {
    fn from(line: RefusedLine) -> Self {
        Self {
            linea: line.line,
            codigo: line.code,
            motivo: line.reason,
            valor: line.cell,
            celdas: line.cells,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = imports::ImportList)]
pub(crate) struct ImportList {
    importaciones: Vec<ImportBody>,
}

/// Lists the newest imports of a campaign.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}/imports", tag = "campaigns", operation_id = "imports_list",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The newest", body = ImportList), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<ImportList>, HubError> {
    find(&state, &caller, id).await?;
    let found = state.store.imports(id, 100).await?;
    Ok(Json(ImportList {
        importaciones: found.into_iter().map(ImportBody::from).collect(),
    }))
}

async fn import(
    state: &AppState,
    caller: &Caller,
    id: i64,
    import: i64,
) -> Result<Import, HubError> {
    find(state, caller, id).await?;
    let found = state.store.import(id, import).await?;
    found.ok_or_else(|| not_found("the campaign has no import with this number"))
}

/// Returns the progress of an import.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}/imports/{import}", tag = "campaigns", operation_id = "imports_one",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1), ("import" = i64, Path, description = "The list", minimum = 1, example = 1)),
    responses((status = 200, description = "The list", body = ImportBody), Failures)
)]
pub(crate) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((id, number)): ApiPath<(i64, i64)>,
) -> Result<Json<ImportBody>, HubError> {
    Ok(Json(import(&state, &caller, id, number).await?.into()))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    despues: Option<i64>,
    limite: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = imports::LinePage)]
pub(crate) struct LinePage {
    pub(super) rechazos: Vec<LineBody>,
    /// Cursor of the next page, to pass as `despues`.
    pub(super) siguiente: Option<i64>,
}

/// Lists the rejected lines in order, each with its reason.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}/imports/{import}/rejected", tag = "campaigns", operation_id = "imports_rejected",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1), ("import" = i64, Path, description = "The list", minimum = 1, example = 1), Query),
    responses((status = 200, description = "One page", body = LinePage), Failures)
)]
pub(crate) async fn rejected(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((id, number)): ApiPath<(i64, i64)>,
    ApiQuery(query): ApiQuery<Query>,
) -> Result<Json<LinePage>, HubError> {
    let limit = page_size(query.limite)?;
    let import = import(&state, &caller, id, number).await?;
    lines(&state, import.id, query.despues.unwrap_or(0), limit)
        .await
        .map(Json)
}

pub(super) async fn lines(
    state: &AppState,
    import: i64,
    after: i64,
    limit: u32,
) -> Result<LinePage, HubError> {
    let mut found = state.store.refused_lines(import, after, limit + 1).await?;
    let siguiente = paginate(&mut found, limit, |it| it.id);
    Ok(LinePage {
        rechazos: found.into_iter().map(LineBody::from).collect(),
        siguiente,
    })
}

#[derive(Serialize, ToSchema)]
#[schema(as = imports::Removed)]
pub(crate) struct Removed {
    quitados: i64,
}

/// Deletes an import and those of its recipients to whom nothing was sent.
#[utoipa::path(
    delete, path = "/sender/campaigns/{id}/imports/{import}", tag = "campaigns", operation_id = "imports_delete",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1), ("import" = i64, Path, description = "The list", minimum = 1, example = 1)),
    responses((status = 200, description = "The number of deleted recipients", body = Removed), Failures)
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((id, number)): ApiPath<(i64, i64)>,
) -> Result<(StatusCode, Json<Removed>), HubError> {
    let import = import(&state, &caller, id, number).await?;
    let quitados = state.store.delete_import(&import).await?;
    Ok((StatusCode::OK, Json(Removed { quitados })))
}
