//! Streamed bodies: a file is passed on, never held in memory.

use bytes::Bytes;
use futures_util::Stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde::de::DeserializeOwned;
use session_api::{FileBody, paths};

use crate::client::{RawAnswer, SessionClient, failure, read};
use crate::error::ClientError;

/// A body, and what its sender said of it.
pub struct Passed<S> {
    /// `Content-Type`.
    pub content_type: Option<HeaderValue>,
    /// `Content-Length`.
    pub content_length: Option<HeaderValue>,
    /// What is in it.
    pub body: S,
}

impl SessionClient {
    /// `POST /files` with this query: passes a file on; gives a success of the
    /// contract, or a failure with its status, byte for byte.
    ///
    /// # Errors
    /// Also when the answer is neither.
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

    /// `GET /files/{id}`, byte for byte.
    ///
    /// # Errors
    /// As [`SessionClient::upload`].
    pub async fn file(&self, id: &str) -> Result<RawAnswer, ClientError> {
        let answer = self.of_file(Method::GET, id).await?;
        shaped::<FileBody>(answer, StatusCode::OK)
    }

    /// `DELETE /files/{id}`, byte for byte.
    ///
    /// # Errors
    /// As [`SessionClient::upload`].
    pub async fn delete_file(&self, id: &str) -> Result<RawAnswer, ClientError> {
        let answer = self.of_file(Method::DELETE, id).await?;
        match answer.status {
            StatusCode::NO_CONTENT => Ok(answer),
            _ => shaped::<FileBody>(answer, StatusCode::NO_CONTENT),
        }
    }

    /// `id` has to be one that `POST /files` can have answered.
    async fn of_file(&self, method: Method, id: &str) -> Result<RawAnswer, ClientError> {
        let timeouts = self.timeouts();
        let path = format!("{}/{id}", paths::FILES);
        let request = self.request(method, &path)?;
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
