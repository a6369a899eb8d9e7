//! Streams file uploads to session-manager, which stores them.
//!
//! `DRY_RUN` does not disable uploads: the files stay on this machine, and
//! simulated sends are validated against the stored file.

use std::io;
use std::sync::{Arc, OnceLock};

use api_docs::Failures;
use axum::extract::multipart::Field;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::TryStreamExt;
use service_runtime::http::{
    ApiPath, ErrorReply, body_failed, broken_part, is_multipart, json_part, part_file_name,
    parts_of,
};
use session_api::{ErrorCode, FileBody, FileParts, SendRequest, check_filename, is_file_id};
use session_client::{Passed, RawAnswer, SessionClient};

use crate::auth::Caller;
use crate::error::HubError;
use crate::http::upstream::{Upstream, Verbatim};
use crate::state::AppState;

/// Uploads a file, as the body or as the multipart part `file`.
#[utoipa::path(
    post, path = "/files", tag = "messages", operation_id = "files_upload",
    params(("filename" = Option<String>, Query, description = "The name that the recipient sees", max_length = 255)),
    request_body(content(
        (Vec<u8> = "application/octet-stream"), (FileParts = "multipart/form-data")
    )),
    responses((status = 201, description = "Stored", body = FileBody), Failures)
)]
pub(crate) async fn upload(
    State(state): State<AppState>,
    caller: Caller,
    Upstream(client): Upstream,
    request: Request,
) -> Result<Response, HubError> {
    let _held = state.limits.file(&caller)?;
    let query = request.uri().query().map(str::to_owned);
    let answer = match is_multipart(request.headers()) {
        true => only_file(&client, query, request).await?,
        false => forward(&client, query.as_deref(), request).await?,
    };
    Ok(answer.into_response())
}

/// Returns a file's metadata.
#[utoipa::path(
    get, path = "/files/{id}", tag = "messages", operation_id = "files_file",
    params(("id" = String, Path, description = "`file_id`")),
    responses((status = 200, description = "The stored data", body = FileBody), Failures)
)]
pub(crate) async fn file(
    Upstream(client): Upstream,
    ApiPath(id): ApiPath<String>,
) -> Result<Response, HubError> {
    check_id(&id)?;
    Ok(Verbatim::from(client.file(&id).await?).into_response())
}

/// Deletes a file.
#[utoipa::path(
    delete, path = "/files/{id}", tag = "messages", operation_id = "files_delete",
    params(("id" = String, Path, description = "`file_id`")),
    responses((status = 204, description = "Deleted"), Failures)
)]
pub(crate) async fn delete(
    Upstream(client): Upstream,
    ApiPath(id): ApiPath<String>,
) -> Result<Response, HubError> {
    check_id(&id)?;
    Ok(Verbatim::from(client.delete_file(&id).await?).into_response())
}

/// Handles a multipart `POST /send`: uploads the file to session-manager and
/// adds the file's id to the request.
pub(crate) async fn with_file(
    client: &SessionClient,
    request: Request,
) -> Result<(SendRequest, FileBody), HubError> {
    let mut file = None;
    match read(client, request, &mut file).await {
        Ok(mut request) => {
            let file = file.ok_or_else(|| invalid("the multipart body has no part file"))?;
            request.file_id = Some(file.file_id.clone());
            Ok((request, file))
        }
        Err(error) => {
            // Delete the file, because no caller will ever learn its id.
            if let Some(file) = &file {
                let _ = client.delete_file(&file.file_id).await;
            }
            Err(error)
        }
    }
}

async fn read(
    client: &SessionClient,
    request: Request,
    file: &mut Option<FileBody>,
) -> Result<SendRequest, HubError> {
    let mut parts = parts_of(request).await?;
    let mut asked = None;
    while let Some(part) = parts.next().await? {
        match part.name() {
            Some("json") if asked.is_none() => {
                let request: SendRequest = json_part(part).await?;
                // A request that precedes its file is validated before the file is read.
                request.validate(true)?;
                asked = Some(request);
            }
            Some("file") if file.is_none() => {
                let answer = upload_part(client, None, part).await?;
                *file = Some(stored_file(&answer)?);
            }
            _ => {
                return Err(invalid(
                    "the multipart body must have the parts json and file, each once",
                ));
            }
        }
    }
    asked.ok_or_else(|| invalid("the multipart body has no part json"))
}

/// Uploads the file of a multipart body. The hub parses the parts, so that a
/// malformed body results in an error response instead of a broken connection.
async fn only_file(
    client: &SessionClient,
    query: Option<String>,
    request: Request,
) -> Result<Verbatim, HubError> {
    let mut parts = parts_of(request).await?;
    let mut file = None;
    let read = async {
        while let Some(part) = parts.next().await? {
            match part.name() {
                Some("file") if file.is_none() => {
                    file = Some(upload_part(client, query.clone(), part).await?);
                }
                _ => return Err(invalid("the multipart body must have one part, file")),
            }
        }
        Ok(())
    };
    match (read.await, file) {
        (Ok(()), Some(answer)) => Ok(answer.into()),
        (Ok(()), None) => Err(invalid("the multipart body has no part file")),
        (Err(error), answer) => {
            if let Some(file) = answer.as_ref().and_then(|answer| stored_file(answer).ok()) {
                // Delete the file, because no caller will ever learn its id.
                let _ = client.delete_file(&file.file_id).await;
            }
            Err(error)
        }
    }
}

/// Parses session-manager's response to an upload.
fn stored_file(answer: &RawAnswer) -> Result<FileBody, HubError> {
    serde_json::from_slice(&answer.body).map_err(|_| HubError::of_answer(answer))
}

/// Uploads a part under the name in `query`, or else under the part's own name.
async fn upload_part(
    client: &SessionClient,
    query: Option<String>,
    mut part: Field<'_>,
) -> Result<RawAnswer, HubError> {
    // An invalid name is treated as missing.
    let name = part_file_name(&part).filter(|name| check_filename("file", name).is_ok());
    let query = query.or_else(|| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        Some(query.append_pair("filename", &name?).finish())
    });
    let (tell, told) = tokio::sync::mpsc::channel::<io::Result<Bytes>>(8);
    let passed = Passed {
        content_type: part
            .content_type()
            .and_then(|kind| HeaderValue::from_str(kind).ok()),
        content_length: None,
        body: futures_util::stream::unfold(told, async |mut told| Some((told.recv().await?, told))),
    };
    let feeding = async {
        loop {
            match part.chunk().await.map_err(broken_part) {
                Ok(None) => return Ok(()),
                Ok(Some(chunk)) => {
                    // The receiver is dropped once session-manager has
                    // responded.
                    if tell.send(Ok(chunk)).await.is_err() {
                        return Ok(());
                    }
                }
                Err(refusal) => {
                    // An error instead of a normal end tells session-manager that
                    // the file is incomplete.
                    let _ = tell.send(Err(io::ErrorKind::UnexpectedEof.into())).await;
                    return Err(refusal);
                }
            }
        }
    };
    let mut passing = std::pin::pin!(client.upload(query.as_deref(), passed));
    // An early response, for example because the file is too large, ends the
    // upload: the client may never send the rest.
    tokio::select! {
        biased;
        answer = passing.as_mut() => Ok(answer?),
        fed = feeding => {
            fed?;
            drop(tell);
            Ok(passing.await?)
        }
    }
}

fn invalid(message: &str) -> HubError {
    HubError::of_contract(ErrorCode::InvalidRequest, message)
}

async fn forward(
    client: &SessionClient,
    query: Option<&str>,
    mut request: Request,
) -> Result<Verbatim, HubError> {
    let refusal = Arc::new(OnceLock::new());
    let noted = Arc::clone(&refusal);
    let passed = Passed {
        content_type: request.headers_mut().remove(header::CONTENT_TYPE),
        content_length: request.headers_mut().remove(header::CONTENT_LENGTH),
        body: request
            .into_body()
            .into_data_stream()
            .inspect_err(move |error| {
                let _ = noted.set(body_failed(error, "the upload of the file was interrupted"));
            }),
    };
    let answer = client.upload(query, passed).await;
    match (answer, refusal.get()) {
        // The caller's body caused the failure, not session-manager.
        (Err(_), Some(refusal)) => Err(ErrorReply::clone(refusal).into()),
        (answer, _) => Ok(answer?.into()),
    }
}

/// Rejects an invalid id without asking session-manager.
fn check_id(id: &str) -> Result<(), HubError> {
    match is_file_id(id) {
        true => Ok(()),
        false => Err(HubError::of_contract(
            ErrorCode::FileNotFound,
            "there is no file with this id",
        )),
    }
}
