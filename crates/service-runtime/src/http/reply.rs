//! `ErrorReply`: the body of every failed request.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

/// A failure as it goes over the wire:
/// `{"error":true,"code":"SCREAMING_SNAKE","message":"human text"}`.
#[derive(Clone, Debug)]
pub struct ErrorReply {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    headers: Option<Box<HeaderMap>>,
    details: Option<Box<Map<String, Value>>>,
}

impl ErrorReply {
    /// A failure with this status, code and sentence.
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

    /// 400 `INVALID_REQUEST`.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message)
    }

    /// 400 `INVALID_HEADER`.
    pub fn invalid_header(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_HEADER", message)
    }

    /// 404 `NOT_FOUND`.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such path")
    }

    /// 500 `INTERNAL`: the cause goes to the log, not over the wire.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "a defect of the service; its log has the cause",
        )
    }

    /// With this header as well.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.get_or_insert_default().insert(name, value);
        self
    }

    /// With this in the body as well.
    #[must_use]
    pub fn with_detail(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let details = self.details.get_or_insert_default();
        details.insert(name.to_owned(), value.into());
        self
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The code in the body.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence in the body.
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
