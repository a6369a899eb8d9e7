//! Defines `ErrorReply`, the response to every failed request.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

/// An error response, with the body `{"error":true,"code":"SCREAMING_SNAKE","message":"human
/// text"}`.
#[derive(Clone, Debug)]
pub struct ErrorReply {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    headers: Option<Box<HeaderMap>>,
    details: Option<Box<Map<String, Value>>>,
}

impl ErrorReply {
    /// Creates an error from a status, a code and a message.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            headers: None,
            details: None,
        }
    }

    /// Creates a 400 `INVALID_REQUEST`.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message)
    }

    /// Creates a 400 `INVALID_HEADER`.
    pub fn invalid_header(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_HEADER", message)
    }

    /// Creates a 404 `NOT_FOUND`.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such path")
    }

    /// Creates a 500 `INTERNAL`. The cause belongs in the log, not in the response.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "an internal error; the service's log has the cause",
        )
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.get_or_insert_default().insert(name, value);
        self
    }

    /// Adds a field to the body.
    #[must_use]
    pub fn with_detail(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let details = self.details.get_or_insert_default();
        details.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the code in the body.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the message in the body.
    pub fn message(&self) -> &str {
        &self.message
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: bool,
    code: &'a str,
    message: &'a str,
    #[serde(flatten)]
    details: Option<&'a Map<String, Value>>,
}

impl IntoResponse for ErrorReply {
    fn into_response(self) -> Response {
        let body = axum::Json(Body {
            error: true,
            code: &self.code,
            message: &self.message,
            details: self.details.as_deref(),
        });
        let mut response = (self.status, body).into_response();
        if let Some(headers) = self.headers {
            response.headers_mut().extend(*headers);
        }
        response
    }
}
