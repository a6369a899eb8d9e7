//! What every request in parts has in common: it is `multipart/form-data`, and
//! its JSON part has the bound and the words of an ordinary body.

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::json::json_from;
use super::reply::ErrorReply;

/// As much as an ordinary request may have, in bytes.
const LARGEST_JSON: usize = 512 * 1024;

/// Whether a request says that it comes in parts.
#[must_use]
pub fn is_multipart(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("multipart/form-data")
        })
}

/// The parts of a request.
///
/// # Errors
/// 400 `INVALID_REQUEST`.
pub async fn parts_of(request: Request) -> Result<Multipart, ErrorReply> {
    let parts = Multipart::from_request(request, &()).await;
    parts.map_err(|_| ErrorReply::invalid_request("the multipart body has no boundary"))
}

/// 400 for a part that cannot be read. What axum says of it is dropped: it may
/// repeat what stands in the body.
#[must_use]
pub fn broken_part(_: MultipartError) -> ErrorReply {
    ErrorReply::invalid_request("the multipart body broke off or is not properly framed")
}

/// A part that is JSON of the shape `T`.
///
/// # Errors
/// As [`super::ApiJson`]; 413 where it is larger than an ordinary body may be.
pub async fn json_part<T: DeserializeOwned>(mut part: Field<'_>) -> Result<T, ErrorReply> {
    let mut json = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(broken_part)? {
        json.extend_from_slice(&chunk);
        if json.len() > LARGEST_JSON {
            return Err(ErrorReply::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                format!("the part json is larger than {LARGEST_JSON} bytes"),
            ));
        }
    }
    json_from(&json)
}
