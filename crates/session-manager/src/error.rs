//! Defines `ApiError`, an error code with a message, and its HTTP response.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_runtime::http::ErrorReply;
use session_api::{ErrorCode, Invalid};

/// A failed request.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: ErrorCode,
    message: String,
    motivo: Option<&'static str>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// Creates an error with this code, which determines its status.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            motivo: None,
            retry_after: None,
        }
    }

    /// Adds the field `motivo`: which of the reasons for this code it is, for a program that explains
    /// it in its own words.
    #[must_use]
    pub fn motivo(self, motivo: &'static str) -> Self {
        Self {
            motivo: Some(motivo),
            ..self
        }
    }

    /// Adds a `Retry-After` header: the same request may succeed after this pause.
    #[must_use]
    pub fn retry_after(self, pause: Duration) -> Self {
        Self {
            retry_after: Some(pause),
            ..self
        }
    }

    /// Returns the code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }
}

impl From<ErrorReply> for ApiError {
    fn from(reply: ErrorReply) -> Self {
        let code = ErrorCode::from_code(reply.code()).unwrap_or(ErrorCode::InvalidRequest);
        Self::new(code, reply.message())
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::new(ErrorCode::InvalidRequest, invalid.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = ErrorReply::new(status, self.code.as_str(), self.message);
        if let Some(motivo) = self.motivo {
            reply = reply.with_detail("motivo", motivo);
        }
        let usual = match self.code {
            ErrorCode::Overloaded => Some(Duration::from_secs(1)),
            ErrorCode::TooManyAtOnce => Some(Duration::from_secs(5)),
            _ => None,
        };
        if let Some(pause) = self.retry_after.or(usual) {
            let seconds = HeaderValue::from(pause.as_secs());
            return reply
                .with_header(header::RETRY_AFTER, seconds)
                .into_response();
        }
        if self.code == ErrorCode::Unauthorized {
            let scheme = HeaderValue::from_static("Bearer");
            return reply
                .with_header(header::WWW_AUTHENTICATE, scheme)
                .into_response();
        }
        reply.into_response()
    }
}
