//! Serves `POST /{id}/recipients`: the upload of a recipient list. The import
//! itself is in `recipient_import`.

use std::io::{self, Cursor, Read};

use api_docs::Failures;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiPath, ApiQuery, ErrorReply};
use session_api::is_invisible;
use tokio::runtime::Handle;
use utoipa::{IntoParams, ToSchema};

use super::imports::{ImportBody, LinePage, lines};
use super::list_preview::{self, Trial};
use super::{find, invalid};
use crate::auth::Caller;
use crate::campaigns::import::{Charset, ImportFault, ImportRules};
use crate::campaigns::template::Template;
use crate::error::HubError;
use crate::http::numbers;
use crate::recipient_import::{
    self, AddressLearning, ImportError, MAX_LIST_BYTES, READ_TIMEOUT, StreamReader,
};
use crate::state::AppState;
use crate::store::campaigns::{Campaign, Import};

/// Maximum number of rejected lines in the response; further ones can be listed by page.
const LISTED_REJECTIONS: u32 = 100;
/// Maximum length of a file name, in characters.
const MAX_FILE_NAME_LENGTH: usize = 100;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Prefix of local numbers, such as `549`.
    prefijo: Option<String>,
    /// Heading of the phone column, or its position from 1; overrides detection.
    columna: Option<String>,
    /// Heading of the name column, or its position from 1; overrides detection.
    nombre: Option<String>,
    /// Encoding, unless the content declares it: `windows-1252`, `utf-8`,
    /// `cp850` (DOS), `macintosh`.
    codificacion: Option<String>,
    /// Sheet of a workbook, by name or position from 1; defaults to the first.
    hoja: Option<String>,
    /// Delimiter of a CSV: `;`, `,`, `|` or `tab`.
    separador: Option<String>,
    /// Name of the file, which is shown with the import.
    archivo: Option<String>,
    /// `1` for a dry run that reports accepted and rejected rows and stores
    /// nothing.
    probar: Option<String>,
}

/// Parses an encoding by name.
fn encoding(name: Option<&str>) -> Result<Option<Charset>, HubError> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let wants =
        "codificacion must be the name of an encoding, such as utf-8, windows-1252 or cp850";
    Charset::from_label(name)
        .map(Some)
        .ok_or_else(|| invalid(wants))
}

/// Parses a CSV delimiter by name.
fn separator(name: Option<&str>) -> Result<Option<u8>, HubError> {
    match name {
        None | Some("") => Ok(None),
        Some("tab" | "\t") => Ok(Some(b'\t')),
        Some(";") => Ok(Some(b';')),
        Some(",") => Ok(Some(b',')),
        Some("|") => Ok(Some(b'|')),
        Some(_) => Err(invalid("separador must be one of ; , | and tab")),
    }
}

/// The result of an import.
#[derive(Serialize, ToSchema)]
#[schema(as = upload::Report)]
pub(crate) struct UploadBody {
    #[serde(flatten)]
    import: ImportBody,
    #[serde(flatten)]
    refused: LinePage,
}

impl UploadBody {
    const fn id(&self) -> i64 {
        self.import.id
    }
}

/// Imports a list: CSV, JSON, or a workbook of Excel (`.xlsx`) or LibreOffice (`.ods`).
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/recipients", tag = "campaigns", operation_id = "upload_upload",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1), Query),
    request_body(content(
        ("text/csv", example = json!("telefono,nombre\n5491158254201,Ana\n")),
        ("application/json", example = json!([{"telefono": "5491158254201", "nombre": "Ana"}])),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("application/vnd.oasis.opendocument.spreadsheet")
    )),
    responses(
        (status = 200, description = "With `probar`: the expected outcome", body = Trial),
        (status = 201, description = "The outcome", body = UploadBody),
        Failures
    )
)]
pub(crate) async fn upload(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiQuery(query): ApiQuery<Query>,
    request: Request,
) -> Result<Response, HubError> {
    check_label(request.headers())?;
    let campaign = find(&state, &caller, id).await?;
    let home = numbers::home(query.prefijo.as_deref(), &state)?;
    let template = Template::stored(&campaign.text).map_err(|error| invalid(error.to_string()))?;
    let rules = ImportRules {
        template,
        home,
        column: query.columna.filter(|it| !it.trim().is_empty()),
        name: query.nombre.filter(|it| !it.trim().is_empty()),
        encoding: encoding(query.codificacion.as_deref())?,
        sheet: query.hoja.filter(|it| !it.trim().is_empty()),
        separator: separator(query.separador.as_deref())?,
    };
    let total = length(request.headers());
    if total.is_some_and(|total| total > MAX_LIST_BYTES) {
        return Err(too_large());
    }
    let file_name = query.archivo.as_deref().and_then(shown_name);
    let learning = match caller.sees(None) {
        true => AddressLearning::Enabled,
        false => AddressLearning::Disabled,
    };
    let held = state.limits.list(&caller)?;
    let body = request.into_body();
    let is_trial = query
        .probar
        .is_some_and(|it| matches!(&*it, "" | "1" | "true"));
    if is_trial {
        let (feed, source) = StreamReader::new(body.into_data_stream());
        let feeding = tokio::spawn(feed);
        let (store, runtime) = (state.store.clone(), Handle::current());
        let trial = move || list_preview::dry_run_import(source, &rules, store, id, runtime);
        let trial = tokio::task::spawn_blocking(trial);
        let result = trial.await;
        feeding.abort();
        return match result {
            Ok(Ok(trial)) => Ok(Json(trial).into_response()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(ErrorReply::internal().into()),
        };
    }
    // The import runs in a separate task, so that it is stored as broken off
    // even if the client disconnects.
    let importing = tokio::spawn(async move {
        let _held = held;
        let import = begin(&state, &campaign, file_name.as_deref(), total).await?;
        // From here on, the campaign's text does not change; before, another
        // request may have changed it.
        let now = find(&state, &caller, id).await.ok();
        let template = now.and_then(|it| Template::stored(&it.text).ok());
        let template = template.unwrap_or_else(|| rules.template.clone());
        let rules = ImportRules { template, ..rules };
        let (feed, source) = StreamReader::new(body.into_data_stream());
        let feeding = tokio::spawn(feed);
        let report = run(&state, &campaign, import, rules, learning, source).await;
        feeding.abort();
        report
    });
    match importing.await {
        Ok(report) => report.map(|report| (StatusCode::CREATED, Json(report)).into_response()),
        Err(_) => Err(ErrorReply::internal().into()),
    }
}

/// Imports a short list sent with a new campaign.
pub(super) async fn import_json(
    state: &AppState,
    campaign: &Campaign,
    template: Template,
    list: &[serde_json::Value],
) -> Result<UploadBody, HubError> {
    let json = serde_json::to_vec(list).unwrap_or_default();
    let total = u64::try_from(json.len()).ok();
    let import = begin(state, campaign, None, total).await?;
    let rules = ImportRules {
        template,
        home: state.config.home.clone(),
        column: None,
        name: None,
        encoding: None,
        sheet: None,
        separator: None,
    };
    let source = Cursor::new(json);
    run(
        state,
        campaign,
        import,
        rules,
        AddressLearning::Disabled,
        source,
    )
    .await
}

/// Imports a short list into an existing campaign.
pub(in crate::http) async fn import_list(
    state: &AppState,
    campaign: &Campaign,
    list: &[serde_json::Value],
) -> Result<Import, HubError> {
    let template = Template::stored(&campaign.text).map_err(|error| invalid(error.to_string()))?;
    let report = import_json(state, campaign, template, list).await?;
    let import = state.store.import(campaign.id, report.id()).await?;
    import.ok_or_else(|| ErrorReply::internal().into())
}

fn check_label(headers: &HeaderMap) -> Result<(), HubError> {
    let label = headers.get(header::CONTENT_TYPE);
    let label = label
        .and_then(|label| label.to_str().ok())
        .unwrap_or_default();
    if label.to_ascii_lowercase().starts_with("multipart/") {
        return Err(ErrorReply::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "the body must be the list itself, not a form: curl --data-binary @list.csv",
        )
        .into());
    }
    Ok(())
}

/// Returns a file name that is safe to show: of limited length, and without invisible characters.
fn shown_name(name: &str) -> Option<String> {
    let is_visible = |letter: &char| !letter.is_control() && !is_invisible(*letter);
    let name: String = name
        .trim()
        .chars()
        .filter(is_visible)
        .take(MAX_FILE_NAME_LENGTH)
        .collect();
    Some(name).filter(|name| !name.is_empty())
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn too_large() -> HubError {
    ErrorReply::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "PAYLOAD_TOO_LARGE",
        format!("the list is larger than {MAX_LIST_BYTES} bytes: upload it in parts"),
    )
    .into()
}

async fn begin(
    state: &AppState,
    campaign: &Campaign,
    file_name: Option<&str>,
    total: Option<u64>,
) -> Result<Import, HubError> {
    let total = total.and_then(|total| i64::try_from(total).ok());
    let import = state.store.begin_import(campaign.id, file_name, total);
    Ok(import.await?)
}

async fn run(
    state: &AppState,
    campaign: &Campaign,
    import: Import,
    rules: ImportRules,
    learning: AddressLearning,
    source: impl Read + Send + 'static,
) -> Result<UploadBody, HubError> {
    let id = import.id;
    let import = recipient_import::run(&state.store, campaign, import, rules, learning, source);
    let import = import.await?;
    let import = import.ok_or_else(ErrorReply::internal)?;
    Ok(UploadBody {
        import: import.into(),
        refused: lines(state, id, 0, LISTED_REJECTIONS).await?,
    })
}

impl From<ImportError> for HubError {
    fn from(error: ImportError) -> Self {
        let (fault, accepted) = match error {
            ImportError::Store(error) => return error.into(),
            ImportError::List { fault, accepted } => (fault, accepted),
        };
        if let ImportFault::Io(error) = &fault {
            match error.kind() {
                io::ErrorKind::FileTooLarge => return too_large(),
                io::ErrorKind::TimedOut => {
                    return ErrorReply::new(
                        StatusCode::REQUEST_TIMEOUT,
                        "REQUEST_TIMEOUT",
                        format!("no data arrived for {} s", READ_TIMEOUT.as_secs()),
                    )
                    .into();
                }
                _ => {}
            }
        }
        let mut reply = ErrorReply::new(StatusCode::BAD_REQUEST, "LIST_INVALID", fault.to_string())
            .with_detail("motivo", fault.code())
            .with_detail("aceptados", accepted);
        // The valid choices, for the user to choose from.
        if let Some(titles) = fault.titles() {
            reply = reply.with_detail("titulos", titles);
        }
        if let Some(sheets) = fault.sheets() {
            reply = reply.with_detail("hojas", sheets);
        }
        reply.into()
    }
}
