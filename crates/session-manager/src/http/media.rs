//! Handles `GET` and `DELETE /messages/{id}/media`: the file of an incoming message.

use std::time::Duration;

use api_docs::Failures;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_runtime::http::{ApiPath, add_untrusted_file_headers, disposition};
use session_api::paths;
use tower_http::services::ServeFile;

use crate::error::ApiError;
use crate::media::MediaError;
use crate::state::AppState;

/// How long a request waits for a file that has to be fetched first.
const FETCH_TIMEOUT: Duration = Duration::from_secs(45);

/// Returns the file of an incoming message, fetched from WhatsApp if it is not
/// stored. Supports range requests.
#[utoipa::path(get, path = paths::MESSAGE_MEDIA, tag = "messages",
    params(
        ("id" = String, Path, description = "`message_id`, or the last part of it"),
        ("Range" = Option<String>, Header, description = "A part of it, such as `bytes=0-1023`")
    ),
    responses(
        (status = 200, description = "The file; its type is what was found in it", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 416, description = "There is no such part"),
        Failures
    ))]
pub async fn media(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<String>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let file = state.media.get(&id, FETCH_TIMEOUT).await?;
    let etag = format!("\"{}\"", file.sha256);
    if is_whole_file_due(request.headers(), &etag) {
        request.headers_mut().remove(header::RANGE);
    }
    let served = ServeFile::new(&file.path).try_call(request).await;
    let mut response = match served {
        Ok(response) => response.map(axum::body::Body::new).into_response(),
        Err(error) => return Err(MediaError::from(error).into()),
    };
    // The file was deleted at this very moment; the next request fetches it again.
    if response.status() == StatusCode::NOT_FOUND {
        return Err(MediaError::Slow.into());
    }
    let headers = response.headers_mut();
    let header_value = |text: &str| HeaderValue::from_str(text).ok();
    let octets = HeaderValue::from_static("application/octet-stream");
    headers.insert(
        header::CONTENT_TYPE,
        header_value(&file.mime).unwrap_or(octets),
    );
    if let Some(name) = header_value(&disposition("attachment", file.filename.as_deref())) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    if let Some(tag) = header_value(&etag) {
        headers.insert(header::ETAG, tag);
    }
    add_untrusted_file_headers(headers);
    Ok(response)
}

/// Returns whether the request gets the whole file although it names a part: its part is of another
/// file, or it names several, which `ServeFile` would refuse.
fn is_whole_file_due(asked: &HeaderMap, etag: &str) -> bool {
    let names_several = asked
        .get(header::RANGE)
        .is_some_and(|range| range.as_bytes().contains(&b','));
    let is_of_another = asked
        .get(header::IF_RANGE)
        .is_some_and(|known| known != etag);
    names_several || is_of_another
}

/// Deletes the file of an incoming message; it is not fetched again.
#[utoipa::path(delete, path = paths::MESSAGE_MEDIA, tag = "messages",
    params(("id" = String, Path, description = "`message_id`, or the last part of it")),
    responses((status = 204, description = "It is gone"), Failures))]
pub async fn delete(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    state.media.forget(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
