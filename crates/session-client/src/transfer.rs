//! Transfers bodies as streams, so that a file is passed on without being held in memory.

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::de::DeserializeOwned;
use session_api::{ErrorCode, FileBody, paths};

use crate::client::{RawAnswer, SessionClient, begun, failure, read};
use crate::error::ClientError;

/// A streamed body with the headers of its sender.
pub struct Passed<S> {
    /// The `Content-Type` of the body.
    pub content_type: Option<HeaderValue>,
    /// The `Content-Length` of the body.
    pub content_length: Option<HeaderValue>,
    /// The stream of bytes.
    pub body: S,
}

/// The file of a message, or a part of it.
pub struct Media<S> {
    /// The status: 200, 206, or 416 without content.
    pub status: StatusCode,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The stream of bytes.
    pub body: S,
}

impl SessionClient {
    /// Requests `GET /messages/{id}/media`, or only the part of it that the headers `Range` and
    /// `If-Range` among `asked` name. A file that session-manager has to fetch first takes as long
    /// as a send.
    ///
    /// # Errors
    /// See [`ClientError`]. The stream ends with an error if the response breaks off or nothing
    /// arrives for [`Timeouts::silence`].
    ///
    /// [`Timeouts::silence`]: crate::Timeouts::silence
    pub async fn media(
        &self,
        id: &str,
        asked: &HeaderMap,
    ) -> Result<Media<impl Stream<Item = Result<Bytes, ClientError>> + Send + use<>>, ClientError>
    {
        let timeouts = *self.timeouts();
        let mut request = self.request_segments(Method::GET, &["messages", id, "media"])?;
        for name in [RANGE, IF_RANGE] {
            if let Some(value) = asked.get(&name) {
                request = request.header(name, value);
            }
        }
        let within = timeouts.after_connecting(timeouts.send);
        let wanted = [
            StatusCode::OK,
            StatusCode::PARTIAL_CONTENT,
            StatusCode::RANGE_NOT_SATISFIABLE,
        ];
        let response = begun(request, within, &wanted).await?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = stream::try_unfold(response, move |mut response| async move {
            let chunk = tokio::time::timeout(timeouts.silence, response.chunk())
                .await
                .map_err(|_| ClientError::Timeout)?
                .map_err(ClientError::of_transport)?;
            Ok(chunk.map(|chunk| (chunk, response)))
        });
        Ok(Media {
            status,
            headers,
            body,
        })
    }

    /// Requests `DELETE /messages/{id}/media`. A file that does not exist counts as deleted.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_media(&self, id: &str) -> Result<(), ClientError> {
        let answer = self
            .of_file(Method::DELETE, &["messages", id, "media"])
            .await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(());
        }
        match failure(&answer) {
            error if error.remote_code() == Some(ErrorCode::MediaNotFound.as_str()) => Ok(()),
            error => Err(error),
        }
    }

    /// Requests `POST /files` with this query, and passes a file on. Returns the response
    /// unchanged: a success of the API, or an error with its status.
    ///
    /// # Errors
    /// As [`SessionClient::raw`]; also if the response is neither.
    pub async fn upload<S, E>(
        &self,
        query: Option<&str>,
        passed: Passed<S>,
    ) -> Result<RawAnswer, ClientError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        let path = query.map_or_else(
            || paths::FILES.to_owned(),
            |query| format!("{}?{query}", paths::FILES),
        );
        let mut request = self.request(Method::POST, &path)?;
        request = request.timeout(self.timeouts().transfer);
        for (name, value) in [
            (CONTENT_TYPE, passed.content_type),
            (CONTENT_LENGTH, passed.content_length),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.body(reqwest::Body::wrap_stream(passed.body));
        let response = request.send().await.map_err(ClientError::of_transport)?;
        let answer = read(response).await?;
        shaped::<FileBody>(answer, StatusCode::CREATED)
    }

    /// Requests `GET /files/{id}`, and returns the response unchanged.
    ///
    /// # Errors
    /// As [`SessionClient::upload`].
    pub async fn file(&self, id: &str) -> Result<RawAnswer, ClientError> {
        let answer = self.of_file(Method::GET, &["files", id]).await?;
        shaped::<FileBody>(answer, StatusCode::OK)
    }

    /// Requests `DELETE /files/{id}`, and returns the response unchanged.
    ///
    /// # Errors
    /// As [`SessionClient::upload`].
    pub async fn delete_file(&self, id: &str) -> Result<RawAnswer, ClientError> {
        let answer = self.of_file(Method::DELETE, &["files", id]).await?;
        match answer.status {
            StatusCode::NO_CONTENT => Ok(answer),
            _ => shaped::<FileBody>(answer, StatusCode::NO_CONTENT),
        }
    }

    async fn of_file(&self, method: Method, path: &[&str]) -> Result<RawAnswer, ClientError> {
        let timeouts = self.timeouts();
        let request = self.request_segments(method, path)?;
        let request = request.timeout(timeouts.after_connecting(timeouts.read));
        let response = request.send().await.map_err(ClientError::of_transport)?;
        read(response).await
    }
}

fn shaped<T: DeserializeOwned>(
    answer: RawAnswer,
    success: StatusCode,
) -> Result<RawAnswer, ClientError> {
    if answer.status == success {
        return match serde_json::from_slice::<T>(&answer.body) {
            Ok(_) => Ok(answer),
            Err(_) => Err(ClientError::BadResponse(format!(
                "{} with a body of another shape",
                success.as_u16()
            ))),
        };
    }
    match failure(&answer) {
        ClientError::Remote { .. } => Ok(answer),
        error => Err(error),
    }
}
