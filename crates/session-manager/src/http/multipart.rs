//! Reads multipart requests with a file: the part `file`, and for a send the part `json`, which
//! holds the body of an ordinary request.

use axum::extract::Request;
use axum::extract::multipart::Field;
use axum::http::HeaderMap;
use service_runtime::http::{CLIENTE_ID_HEADER, ClienteId, json_part, part_file_name, parts_of};
use session_api::{ErrorCode, SendRequest, check_filename};

use crate::error::ApiError;
use crate::files::{FileMeta, Files, UploadHints};
use crate::ledger::FileRow;

/// The file part of a request, which is either stored or only inspected.
pub(super) enum FilePart {
    Stored(FileRow),
    Inspected(FileMeta),
}

/// Stores the file of an upload request.
pub(super) async fn store_only_file(
    files: &Files,
    request: Request,
    filename: Option<String>,
) -> Result<FileRow, ApiError> {
    let mut file = None;
    match read_file(files, request, filename, &mut file).await {
        Ok(()) => file.ok_or_else(|| invalid("the multipart body has no part file")),
        Err(error) => {
            // The file's id will never be returned to the client.
            if let Some(file) = &file {
                let _ = files.delete(&file.id).await;
            }
            Err(error)
        }
    }
}

async fn read_file(
    files: &Files,
    request: Request,
    filename: Option<String>,
    file: &mut Option<FileRow>,
) -> Result<(), ApiError> {
    let cliente_id = cliente_of(request.headers());
    let mut parts = parts_of(request).await?;
    while let Some(part) = parts.next().await? {
        match part.name() {
            Some("file") if file.is_none() => {
                let hints = upload_hints(&part, filename.clone(), cliente_id);
                *file = Some(files.receive(part, hints, false).await?);
            }
            _ => {
                return Err(invalid(
                    "the multipart body must have exactly one part, file",
                ));
            }
        }
    }
    Ok(())
}

/// Reads a send and its file. `keep` says whether the file is kept.
pub(super) async fn read_send_with_file(
    files: &Files,
    request: Request,
    keep: bool,
) -> Result<(SendRequest, Option<FilePart>), ApiError> {
    let mut file = None;
    match read_send(files, request, keep, &mut file).await {
        Ok(send_request) => Ok((send_request, file)),
        Err(error) => {
            if let Some(FilePart::Stored(file)) = &file {
                files.release_ephemeral(file).await;
            }
            Err(error)
        }
    }
}

async fn read_send(
    files: &Files,
    request: Request,
    keep: bool,
    file: &mut Option<FilePart>,
) -> Result<SendRequest, ApiError> {
    let mut cliente_id = cliente_of(request.headers());
    let mut parts = parts_of(request).await?;
    let mut send_request = None;
    while let Some(part) = parts.next().await? {
        match part.name() {
            Some("json") if send_request.is_none() => {
                let request: SendRequest = json_part(part).await?;
                // If the first part is the message, validate it before its file is read.
                request.validate(true)?;
                cliente_id = request.cliente_id.or(cliente_id);
                send_request = Some(request);
            }
            Some("file") if file.is_none() => {
                let hints = upload_hints(&part, None, cliente_id);
                *file = Some(match keep {
                    true => FilePart::Stored(files.receive(part, hints, true).await?),
                    false => FilePart::Inspected(files.inspect(part, &hints).await?),
                });
            }
            _ => {
                return Err(invalid(
                    "the multipart body must have the parts json and file, each once",
                ));
            }
        }
    }
    send_request.ok_or_else(|| invalid("the multipart body has no part json"))
}

/// Returns what the part states about its file. The default file names of clients may be invalid.
fn upload_hints(
    part: &Field<'_>,
    filename: Option<String>,
    cliente_id: Option<u64>,
) -> UploadHints {
    let part_name = part_file_name(part).filter(|name| check_filename("file", name).is_ok());
    UploadHints {
        mime: part.content_type().map(str::to_owned),
        filename: filename.or(part_name),
        length: None,
        cliente_id,
    }
}

/// Returns the business of the request. A malformed id has already been rejected.
pub(super) fn cliente_of(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(CLIENTE_ID_HEADER)?.to_str().ok()?;
    ClienteId::parse(text).map(|id| id.0)
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, message)
}
