//! The one place where a failure becomes an answer.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_runtime::http::ErrorReply;
use session_api::ErrorCode;

use crate::session::AskError;

/// A failed request.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: ErrorCode,
    message: String,
}

impl ApiError {
    /// A failure with this code; the code brings its status.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Of a failed send: whether it is certain that nothing left.
    pub fn nothing_was_sent(&self) -> bool {
        self.code != ErrorCode::SendUnconfirmed
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        let code = match error {
            AskError::Overloaded => ErrorCode::Overloaded,
            AskError::Stopping => ErrorCode::ShuttingDown,
            AskError::NoBrowser => ErrorCode::BrowserNotRunning,
            AskError::Browser(_) => ErrorCode::BrowserFailed,
        };
        Self::new(code, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reply = ErrorReply::new(status, self.code.as_str(), self.message);
        match self.code {
            ErrorCode::Overloaded => {
                reply.with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            ErrorCode::Unauthorized => {
                reply.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            _ => reply,
        }
        .into_response()
    }
}
