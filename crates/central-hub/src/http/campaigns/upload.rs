//! `POST /{id}/recipients`: a list streams in.
//!
//! ```text
//!  body ──chunks──> import::read (a thread) ──batches──> the store, 1,000 at a time
//! ```
//!
//! Each waits for the next, so a list of any length takes little memory, and
//! how much of it was sent is how much of it was worked off.

use std::io::{self, Cursor, Read};
use std::time::Duration;

use api_docs::Failures;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use encoding_rs::Encoding;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiPath, ApiQuery, ErrorReply};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::countries::{Countries, CountriesBody};
use super::imports::{ImportBody, LinePage, lines};
use super::trial::{self, Trial};
use super::{find, invalid};
use crate::auth::Caller;
use crate::campaigns::data::{Campaign, CampaignState, Import, ImportEnd, ImportState, Refused};
use crate::campaigns::import::{self, ImportFault, Item, Refusal, Row, Rules};
use crate::campaigns::template::Template;
use crate::error::HubError;
use crate::http::numbers;
use crate::router::AppState;
use crate::store::StoreError;

/// The largest list, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// For the next piece of a list to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines in one transaction.
const BATCH: usize = 1000;
/// Refused lines in the answer; the others are a page away.
const SHOWN: u32 = 100;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// What is before local numbers, such as `549`.
    prefijo: Option<String>,
    /// The heading of the number's column, where it is not the likeliest.
    columna: Option<String>,
    /// The heading of the name's column, likewise.
    nombre: Option<String>,
    /// What the bytes are, where they do not say it: `windows-1252`, `utf-8`.
    codificacion: Option<String>,
    /// `1` for a dry look: what would be taken and refused; nothing is kept.
    probar: Option<String>,
}

/// An encoding by its name.
fn encoding(name: Option<&str>) -> Result<Option<&'static Encoding>, HubError> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let found = Encoding::for_label(name.as_bytes());
    let wants = "codificacion has to be the name of an encoding, such as utf-8 or windows-1252";
    found.map(Some).ok_or_else(|| invalid(wants))
}

/// What came of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = upload::Report)]
pub(crate) struct Report {
    #[serde(flatten)]
    import: ImportBody,
    #[serde(flatten)]
    refused: LinePage,
    #[serde(flatten)]
    countries: CountriesBody,
}

impl Report {
    const fn id(&self) -> i64 {
        self.import.id
    }
}

/// Takes a list, CSV or JSON.
#[utoipa::path(
    post, path = "/sender/campaigns/{id}/recipients", tag = "campaigns", operation_id = "upload_upload",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1), Query),
    request_body(content(
        ("text/csv", example = json!("telefono,nombre\n5491158254201,Ana\n")),
        ("application/json", example = json!([{"telefono": "5491158254201", "nombre": "Ana"}]))
    )),
    responses(
        (status = 200, description = "With `probar`: what would come of it", body = Trial),
        (status = 201, description = "What came of it", body = Report),
        Failures
    )
)]
pub(super) async fn upload(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiQuery(query): ApiQuery<Query>,
    request: Request,
) -> Result<Response, HubError> {
    check_label(request.headers())?;
    let campaign = find(&state, &caller, id).await?;
    let home = numbers::home(query.prefijo.as_deref(), &state)?;
    let template = Template::parse(&campaign.text).map_err(|error| invalid(error.to_string()))?;
    let rules = Rules {
        template,
        home,
        column: query.columna.filter(|it| !it.trim().is_empty()),
        name: query.nombre.filter(|it| !it.trim().is_empty()),
        encoding: encoding(query.codificacion.as_deref())?,
    };
    let total = length(request.headers());
    if total.is_some_and(|total| total > LARGEST) {
        return Err(too_large());
    }
    let held = state.limits.list(&caller)?;
    let body = request.into_body();
    let is_trial = query
        .probar
        .is_some_and(|it| matches!(&*it, "" | "1" | "true"));
    if is_trial {
        let (chunks, source) = Chunks::channel();
        let feeding = tokio::spawn(feed(body, chunks));
        let looking = tokio::task::spawn_blocking(move || trial::look(source, &rules));
        let looked = looking.await;
        feeding.abort();
        return match looked {
            Ok(Ok(trial)) => Ok(Json(trial).into_response()),
            Ok(Err(fault)) => Err(refused(&fault, 0)),
            Err(_) => Err(ErrorReply::internal().into()),
        };
    }
    // In a task of its own: a caller that hangs up is a list that broke off,
    // and is written down as that.
    let importing = tokio::spawn(async move {
        let _held = held;
        let import = begin(&state, &campaign, total).await?;
        let (chunks, source) = Chunks::channel();
        let feeding = tokio::spawn(feed(body, chunks));
        let report = run(&state, &campaign, import, rules, source).await;
        feeding.abort();
        report
    });
    match importing.await {
        Ok(report) => report.map(|report| (StatusCode::CREATED, Json(report)).into_response()),
        Err(_) => Err(ErrorReply::internal().into()),
    }
}

/// Takes a short list that came with the campaign.
pub(super) async fn import_json(
    state: &AppState,
    campaign: &Campaign,
    template: Template,
    list: &[serde_json::Value],
) -> Result<Report, HubError> {
    let json = serde_json::to_vec(list).unwrap_or_default();
    let total = u64::try_from(json.len()).ok();
    let import = begin(state, campaign, total).await?;
    let rules = Rules {
        template,
        home: state.config.home.clone(),
        column: None,
        name: None,
        encoding: None,
    };
    run(state, campaign, import, rules, Cursor::new(json)).await
}

/// Takes a short list for a campaign that is there already.
pub(in crate::http) async fn import_list(
    state: &AppState,
    campaign: &Campaign,
    list: &[serde_json::Value],
) -> Result<Import, HubError> {
    let template = Template::parse(&campaign.text).map_err(|error| invalid(error.to_string()))?;
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
            "the body has to be the list itself, not a form: curl --data-binary @list.csv",
        )
        .into());
    }
    Ok(())
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
        format!("the list is larger than {LARGEST} bytes: upload it in parts"),
    )
    .into()
}

/// Notes that a list comes in; one at a time.
async fn begin(
    state: &AppState,
    campaign: &Campaign,
    total: Option<u64>,
) -> Result<Import, HubError> {
    let mut tx = state.store.begin().await?;
    let found = state.store.campaign_in(&mut tx, campaign.id).await?;
    let found = found.ok_or(Refused::NotFound)?;
    if !matches!(found.state, CampaignState::Draft | CampaignState::Paused) {
        let state = found.state;
        let cure = "lists come in only before it is approved or while it is paused";
        return Err(Refused::State { state, cure }.into());
    }
    let newest = state.store.newest_import_in(&mut tx, campaign.id).await?;
    if newest.is_some_and(|newest| newest.state == ImportState::Running) {
        let state = found.state;
        let cure = "another list is coming in: wait for its end";
        return Err(Refused::State { state, cure }.into());
    }
    let total = total.and_then(|total| i64::try_from(total).ok());
    let import = state
        .store
        .begin_import_in(&mut tx, campaign.id, total)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(import)
}

/// Lines that wait to be written down.
#[derive(Default)]
struct Batch {
    columns: Vec<String>,
    rows: Vec<Row>,
    refused: Vec<Refusal>,
    /// How much of the list was read.
    bytes: u64,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.rows.len() + self.refused.len() >= BATCH
    }
}

/// Reads a list to its end and writes it down.
async fn run(
    state: &AppState,
    campaign: &Campaign,
    mut import: Import,
    rules: Rules,
    source: impl Read + Send + 'static,
) -> Result<Report, HubError> {
    let (batches, mut full) = mpsc::channel::<Batch>(1);
    let reading = tokio::task::spawn_blocking(move || read(source, &rules, &batches));
    let mut columns = campaign.columns.clone();
    let mut countries = Countries::default();
    let mut failed = None;
    while let Some(batch) = full.recv().await {
        if let Err(error) = write(state, &mut import, &mut columns, &mut countries, batch).await {
            failed = Some(error);
            break;
        }
    }
    drop(full);
    let read = reading.await.unwrap_or(Err(ImportFault::GivenUp));
    if let Some(error) = failed {
        let end = ImportEnd::Failed("STORE_UNAVAILABLE", "the store failed");
        // It may be away for this, too: then its silence says it.
        let _ = state.store.end_import(&import, end).await;
        return Err(error.into());
    }
    match read {
        Ok(()) => state.store.end_import(&import, ImportEnd::Done).await?,
        Err(fault) => return Err(end_badly(state, &import, &fault).await?),
    }
    let id = import.id;
    let import = state.store.import(campaign.id, id).await?;
    let import = import.ok_or_else(ErrorReply::internal)?;
    tracing::info!(
        campaign = campaign.id,
        accepted = import.accepted,
        duplicates = import.duplicates,
        refused = import.refused,
        "a list came in"
    );
    Ok(Report {
        import: import.into(),
        refused: lines(state, id, 0, SHOWN).await?,
        countries: countries.into_body(),
    })
}

/// The answer to a list that cannot be read to its end.
async fn end_badly(
    state: &AppState,
    import: &Import,
    fault: &ImportFault,
) -> Result<HubError, HubError> {
    let sentence = fault.to_string();
    if import.accepted + import.duplicates + import.refused == 0 {
        // Nothing of it is here: as if it had never come.
        let mut tx = state.store.begin().await?;
        state
            .store
            .delete_import_in(&mut tx, import.campaign_id, import.id)
            .await?;
        tx.commit().await.map_err(StoreError::from)?;
    } else {
        let end = ImportEnd::Failed(fault.code(), &sentence);
        state.store.end_import(import, end).await?;
    }
    Ok(refused(fault, import.accepted))
}

/// The answer to a list that cannot be read.
fn refused(fault: &ImportFault, accepted: i64) -> HubError {
    if let ImportFault::Io(error) = fault {
        match error.kind() {
            io::ErrorKind::FileTooLarge => return too_large(),
            io::ErrorKind::TimedOut => {
                return ErrorReply::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "REQUEST_TIMEOUT",
                    format!("nothing came for {} s", PATIENCE.as_secs()),
                )
                .into();
            }
            _ => {}
        }
    }
    ErrorReply::new(StatusCode::BAD_REQUEST, "LIST_INVALID", fault.to_string())
        .with_detail("motivo", fault.code())
        .with_detail("aceptados", accepted)
        .into()
}

/// Reads the list in a thread of its own.
fn read(
    source: impl Read,
    rules: &Rules,
    batches: &mpsc::Sender<Batch>,
) -> Result<(), ImportFault> {
    let bytes = std::rc::Rc::new(std::cell::Cell::new(0_u64));
    let counted = Counted {
        source,
        bytes: std::rc::Rc::clone(&bytes),
    };
    let mut batch = Batch::default();
    let mut sink = |item| {
        match item {
            Item::Columns(names) => batch.columns.extend(names),
            Item::Row(row) => batch.rows.push(row),
            Item::Shape(_) | Item::Encoding(_) => {}
            Item::Refused(refusal) => batch.refused.push(refusal),
        }
        if !batch.is_full() {
            return true;
        }
        batch.bytes = bytes.get();
        batches.blocking_send(std::mem::take(&mut batch)).is_ok()
    };
    let result = import::read(counted, rules, &mut sink);
    batch.bytes = bytes.get();
    // What came before it broke off is kept.
    let _ = batches.blocking_send(batch);
    result
}

/// Writes a batch down.
async fn write(
    state: &AppState,
    import: &mut Import,
    columns: &mut Vec<String>,
    countries: &mut Countries,
    mut batch: Batch,
) -> Result<(), StoreError> {
    let store = &state.store;
    let mut tx = store.begin().await?;
    let taken = store
        .add_recipients_in(&mut tx, import.campaign_id, Some(import.id), &batch.rows)
        .await?;
    let taken: std::collections::HashSet<_> = taken.into_iter().collect();
    let is_taken = |row: &Row| i64::try_from(row.line).is_ok_and(|line| taken.contains(&line));
    for row in batch.rows.iter().filter(|row| is_taken(row)) {
        countries.note(row);
    }
    let mut duplicates = 0;
    for row in batch.rows.iter().filter(|row| !is_taken(row)) {
        duplicates += 1;
        let chat = row.recipient.as_str();
        let first = store
            .recipient_origin_in(&mut tx, import.campaign_id, chat)
            .await?;
        let reason = match first {
            Some((from, line)) if from == Some(import.id) => {
                format!("the number is that of line {line}")
            }
            _ => "the campaign has this number already".to_owned(),
        };
        batch.refused.push(Refusal {
            line: row.line,
            code: "DUPLICATE",
            reason,
            cell: chat.trim_end_matches("@c.us").to_owned(),
        });
    }
    batch.refused.sort_by_key(|refused| refused.line);
    store
        .refuse_lines_in(&mut tx, import.id, &batch.refused)
        .await?;
    let known = columns.len();
    for name in batch.columns {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    if columns.len() > known {
        store
            .set_columns_in(&mut tx, import.campaign_id, columns)
            .await?;
    }
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    import.accepted += count(taken.len());
    import.duplicates += duplicates;
    import.refused += count(batch.refused.len()) - duplicates;
    import.bytes = i64::try_from(batch.bytes).unwrap_or(i64::MAX);
    store.note_import_in(&mut tx, import).await?;
    tx.commit().await?;
    Ok(())
}

struct Counted<R> {
    source: R,
    bytes: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let count_64 = u64::try_from(count).unwrap_or(u64::MAX);
        self.bytes.set(self.bytes.get().saturating_add(count_64));
        Ok(count)
    }
}

/// The body, piece by piece, for a thread that reads.
struct Chunks {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Chunks {
    fn channel() -> (mpsc::Sender<io::Result<Bytes>>, Self) {
        let (sender, pieces) = mpsc::channel(2);
        let piece = Bytes::new();
        (sender, Self { pieces, piece })
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len());
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}

/// Hands the body on.
async fn feed(body: Body, chunks: mpsc::Sender<io::Result<Bytes>>) {
    let mut pieces = body.into_data_stream();
    let mut total = 0_u64;
    loop {
        let piece = match tokio::time::timeout(PATIENCE, pieces.next()).await {
            Ok(None) => return,
            Ok(Some(piece)) => piece.map_err(io::Error::other),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let length = piece.as_ref().map_or(0, Bytes::len);
        total = total.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        let piece = if total > LARGEST {
            Err(io::ErrorKind::FileTooLarge.into())
        } else {
            piece
        };
        let is_over = piece.is_err();
        if chunks.send(piece).await.is_err() || is_over {
            return;
        }
    }
}
