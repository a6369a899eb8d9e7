//! Handles `/files`: upload, metadata and deletion of files to be sent.

use api_docs::Failures;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use service_runtime::http::{ApiPath, ApiQuery, is_multipart};
use session_api::{FileBody, FileParts, check_filename, paths};
use utoipa::IntoParams;

use super::multipart::{self, cliente_of};
use crate::error::ApiError;
use crate::files::UploadHints;
use crate::state::AppState;

/// The query of an upload.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// The name that the recipient sees.
    #[param(max_length = 255)]
    filename: Option<String>,
}

/// Stores a file: the request body, or the part `file` of a multipart one.
#[utoipa::path(post, path = paths::FILES, tag = "files", params(UploadQuery),
    request_body(content(
        (Vec<u8> = "application/octet-stream"), (FileParts = "multipart/form-data")
    )),
    responses((
        status = 201, description = "It is kept", body = FileBody,
        headers(("location" = String, description = "Where it is asked for"))
    ), Failures))]
pub async fn upload(
    State(state): State<AppState>,
    ApiQuery(UploadQuery { filename }): ApiQuery<UploadQuery>,
    request: Request,
) -> Result<Response, ApiError> {
    if let Some(name) = &filename {
        check_filename("filename", name)?;
    }
    let file = if is_multipart(request.headers()) {
        multipart::store_only_file(&state.files, request, filename).await?
    } else {
        let hints = UploadHints {
            mime: declared_mime(request.headers()),
            filename,
            length: content_length(request.headers()),
            cliente_id: cliente_of(request.headers()),
        };
        let body = request.into_body().into_data_stream();
        state.files.receive(body, hints, false).await?
    };
    let mut response = (StatusCode::CREATED, Json(file.body())).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/files/{}", file.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Returns the metadata of a file.
#[utoipa::path(get, path = paths::FILE, tag = "files",
    params(("id" = String, Path, description = "`file_id`")),
    responses((status = 200, description = "What is known of it", body = FileBody), Failures))]
pub async fn file(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<FileBody>, ApiError> {
    Ok(Json(state.files.find(&id).await?.body()))
}

/// Deletes a file.
#[utoipa::path(delete, path = paths::FILE, tag = "files", operation_id = "delete_file",
    params(("id" = String, Path, description = "`file_id`")),
    responses((status = 204, description = "It is gone"), Failures))]
pub async fn delete(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    state.files.delete(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the content type that the client states. curl's default type says nothing about the
/// file, so it is dropped.
fn declared_mime(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    (!value.starts_with("application/x-www-form-urlencoded")).then(|| value.to_owned())
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
