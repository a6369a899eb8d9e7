//! Multipart requests with a file: the part `file`, and for a send the part `json`
//! with what an ordinary request has.

use axum::extract::Request;
use axum::extract::multipart::Field;
use axum::http::HeaderMap;
use service_runtime::http::{CLIENTE_ID_HEADER, ClienteId, json_part, parts_of};
use session_api::{ErrorCode, SendRequest, check_filename};

use crate::error::ApiError;
use crate::files::{FileMeta, Files, UploadHints};
use crate::ledger::FileRow;

/// The file part of a request: stored, or only inspected.
pub(super) enum FilePart {
    Kept(FileRow),
    Seen(FileMeta),
}

/// The file of a request that has nothing else.
pub(super) async fn only_file(
    files: &Files,
    request: Request,
    filename: Option<String>,
) -> Result<FileRow, ApiError> {
    let mut file = None;
    match read_file(files, request, filename, &mut file).await {
        Ok(()) => file.ok_or_else(|| invalid("the multipart body has no part file")),
        Err(error) => {
            // Nobody will ever know its id.
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
                let told = told(&part, filename.clone(), cliente_id);
                *file = Some(files.take(part, told, false).await?);
            }
            _ => return Err(invalid("the multipart body has to have one part, file")),
        }
    }
    Ok(())
}

/// A send with its file; `keep` says whether the file is kept.
pub(super) async fn send(
    files: &Files,
    request: Request,
    keep: bool,
) -> Result<(SendRequest, Option<FilePart>), ApiError> {
    let mut file = None;
    match read_send(files, request, keep, &mut file).await {
        Ok(asked) => Ok((asked, file)),
        Err(error) => {
            if let Some(FilePart::Kept(file)) = &file {
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
    let mut asked = None;
    while let Some(part) = parts.next().await? {
        match part.name() {
            Some("json") if asked.is_none() => {
                let request: SendRequest = json_part(part).await?;
                // What comes first is refused first, before its file is read.
                request.validate(true)?;
                cliente_id = request.cliente_id.or(cliente_id);
                asked = Some(request);
            }
            Some("file") if file.is_none() => {
                let told = told(&part, None, cliente_id);
                *file = Some(match keep {
                    true => FilePart::Kept(files.take(part, told, true).await?),
                    false => FilePart::Seen(files.inspect(part, &told).await?),
                });
            }
            _ => {
                return Err(invalid(
                    "the multipart body has to have the parts json and file, each once",
                ));
            }
        }
    }
    asked.ok_or_else(|| invalid("the multipart body has no part json"))
}

/// A browser or curl names a file by itself: what is no name is as good as none.
fn told(part: &Field<'_>, filename: Option<String>, cliente_id: Option<u64>) -> UploadHints {
    let named = part
        .file_name()
        .filter(|name| check_filename("file", name).is_ok());
    UploadHints {
        mime: part.content_type().map(str::to_owned),
        filename: filename.or_else(|| named.map(str::to_owned)),
        length: None,
        cliente_id,
    }
}

/// The business that the request is made for; a malformed one was refused.
pub(super) fn cliente_of(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(CLIENTE_ID_HEADER)?.to_str().ok()?;
    ClienteId::parse(text).map(|id| id.0)
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, message)
}
