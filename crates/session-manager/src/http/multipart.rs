//! Requests that carry a file: `multipart/form-data` with the part `file`, and
//! for a send the part `json` with what an ordinary request has.

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use service_runtime::http::json_from;
use session_api::{ErrorCode, SendRequest, check_filename};

use super::files::invalid;
use crate::error::ApiError;
use crate::files::{Facts, Files, Told};
use crate::ledger::FileRow;

/// As much as an ordinary request may have.
const LARGEST_JSON: usize = 512 * 1024;

/// A file that came with a request: kept, or only looked at.
pub(super) enum Came {
    Kept(FileRow),
    Seen(Facts),
}

pub(super) fn is_multipart(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("multipart/form-data")
        })
}

async fn parts(request: Request) -> Result<Multipart, ApiError> {
    let parts = Multipart::from_request(request, &()).await;
    parts.map_err(|_| invalid("the multipart body has no boundary"))
}

fn broken(_: MultipartError) -> ApiError {
    // Its text may repeat what stands in the body.
    invalid("the multipart body broke off or is not properly framed")
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
    let mut parts = parts(request).await?;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        match part.name() {
            Some("file") if file.is_none() => {
                let told = told(&part, filename.clone());
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
) -> Result<(SendRequest, Option<Came>), ApiError> {
    let mut file = None;
    match read_send(files, request, keep, &mut file).await {
        Ok(asked) => Ok((asked, file)),
        Err(error) => {
            if let Some(Came::Kept(file)) = &file {
                files.release_once(file).await;
            }
            Err(error)
        }
    }
}

async fn read_send(
    files: &Files,
    request: Request,
    keep: bool,
    file: &mut Option<Came>,
) -> Result<SendRequest, ApiError> {
    let mut parts = parts(request).await?;
    let mut asked = None;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        match part.name() {
            Some("json") if asked.is_none() => {
                let request: SendRequest = json_from(&json(part).await?)?;
                // What comes first is refused first, before its file is read.
                request.validate(true)?;
                asked = Some(request);
            }
            Some("file") if file.is_none() => {
                let told = told(&part, None);
                *file = Some(match keep {
                    true => Came::Kept(files.take(part, told, true).await?),
                    false => Came::Seen(files.inspect(part, &told).await?),
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

async fn json(mut part: Field<'_>) -> Result<Vec<u8>, ApiError> {
    let mut json = Vec::new();
    while let Some(chunk) = part.next().await {
        json.extend_from_slice(&chunk.map_err(broken)?);
        if json.len() > LARGEST_JSON {
            return Err(ApiError::new(
                ErrorCode::PayloadTooLarge,
                format!("the part json is larger than {LARGEST_JSON} bytes"),
            ));
        }
    }
    Ok(json)
}

/// A browser or curl names a file by itself: what is no name is as good as none.
fn told(part: &Field<'_>, filename: Option<String>) -> Told {
    let named = part
        .file_name()
        .filter(|name| check_filename("file", name).is_ok());
    Told {
        mime: part.content_type().map(str::to_owned),
        filename: filename.or_else(|| named.map(str::to_owned)),
        length: None,
    }
}
