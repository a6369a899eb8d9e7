//! `HubError`: a failed request and its conversion into a response.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use service_runtime::http::ErrorReply;
use session_api::{ErrorBody, ErrorCode, Invalid};
use session_client::{ClientError, RawAnswer};

use crate::store::StoreError;

/// A failed request.
#[derive(Debug)]
pub(crate) struct HubError(ErrorReply);

impl HubError {
    /// Creates an error with one of session-manager's error codes.
    pub(crate) fn of_contract(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(ErrorReply::new(
            status(code.status()),
            code.as_str(),
            message,
        ))
    }

    /// Returns the status and code with which the hub answers a failed call to
    /// session-manager.
    pub(crate) fn status_and_code(error: &ClientError) -> (u16, &str) {
        match error {
            ClientError::Remote { status, code, .. } => (*status, code),
            ClientError::Unavailable(_) => (503, "WHATSAPP_UNAVAILABLE"),
            ClientError::Timeout => (504, "SESSION_MANAGER_TIMEOUT"),
            // This includes a rejected token, which the caller cannot fix.
            _ => (502, "SESSION_MANAGER_BAD_RESPONSE"),
        }
    }

    /// Converts an error response from session-manager.
    pub(crate) fn of_answer(answer: &RawAnswer) -> Self {
        match serde_json::from_slice::<ErrorBody>(&answer.body) {
            Ok(body) => Self(ErrorReply::new(answer.status, body.code, body.message)),
            Err(_) => ClientError::BadResponse("an unexpected response body".to_owned()).into(),
        }
    }

    pub(crate) fn code(&self) -> &str {
        self.0.code()
    }

    pub(crate) fn message(&self) -> &str {
        self.0.message()
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }
}

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::BAD_GATEWAY)
}

impl From<ClientError> for HubError {
    fn from(error: ClientError) -> Self {
        let (number, code) = Self::status_and_code(&error);
        let (number, code) = (status(number), code.to_owned());
        let sentence = match error {
            ClientError::Remote { message, .. } => message,
            error => error.to_string(),
        };
        Self(ErrorReply::new(number, code, sentence))
    }
}

impl From<Invalid> for HubError {
    fn from(invalid: Invalid) -> Self {
        Self::of_contract(ErrorCode::InvalidRequest, invalid.to_string())
    }
}

impl From<StoreError> for HubError {
    fn from(error: StoreError) -> Self {
        if error.is_unfit_value() {
            return Self(ErrorReply::invalid_request(
                "the hub's database cannot store a character of a text or a number this large",
            ));
        }
        if !error.is_unavailable() {
            tracing::error!("{error}");
            return Self(ErrorReply::internal());
        }
        tracing::warn!("{error}");
        Self(ErrorReply::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "STORE_UNAVAILABLE",
            "the hub's database is unavailable: nothing was done, try again later; the log has the cause",
        ))
    }
}

impl From<ErrorReply> for HubError {
    fn from(reply: ErrorReply) -> Self {
        Self(reply)
    }
}

impl IntoResponse for HubError {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
