//! Converts the outcome of a send into what the caller gets: a body, or an error with its code.

use std::time::Duration;

use session_api::{ErrorCode, SendBody};

use crate::browser::{CdpError, PageError};
use crate::error::ApiError;
use crate::ledger::{CONNECTION_LOST, LedgerError, Row};

/// When a caller should try again: the page connects again within a second or two.
const RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// The outcome of a send.
pub type SendResult = Result<SendBody, ApiError>;

pub(super) fn check_same_request(row: Row, hash: &[u8]) -> Result<Row, ApiError> {
    (row.body_hash == hash).then_some(row).ok_or_else(|| {
        ApiError::new(
            ErrorCode::IdempotencyKeyReused,
            "this Idempotency-Key was used for another message",
        )
    })
}

/// Returns the error for an outcome that could not be stored. A row in state `sending` will be
/// resent, even if its outcome is known now.
pub(super) fn unwritten(row: &Row, error: LedgerError) -> ApiError {
    let stored_error = ApiError::from(error);
    if row.state.is_unsettled() {
        return unconfirmed(&row.wa_key);
    }
    stored_error
}

pub(super) fn outcome_of(row: &Row) -> SendResult {
    if row.state.is_taken() {
        return Ok(SendBody::sent(row.public_id().to_owned()));
    }
    if row.is_undecided() {
        return Err(undecided(&row.wa_key));
    }
    if row.state.is_unsettled() {
        return Err(unconfirmed(&row.wa_key));
    }
    let message = "certainly not sent: safe to try again";
    if row.error.as_deref() == Some(CONNECTION_LOST) {
        return Err(connection_lost(message));
    }
    let code = row.error.as_deref().and_then(ErrorCode::from_code);
    Err(ApiError::new(
        code.unwrap_or(ErrorCode::SendFailed),
        message,
    ))
}

/// Returns the error of a send whose lookup lost the connection. `Retry-After` distinguishes it
/// from a failure that would occur again.
pub(super) fn connection_lost(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::SendFailed, message).retry_after(RECONNECT_DELAY)
}

pub(super) fn unconfirmed(id: &str) -> ApiError {
    ApiError::new(
        ErrorCode::SendUnconfirmed,
        format!(
            "WhatsApp did not confirm the message in time: the service finds out by itself, do not send it anew; GET /messages/{id} tells"
        ),
    )
}

/// Returns the error of a message whose outcome a person has to decide.
fn undecided(id: &str) -> ApiError {
    ApiError::new(
        ErrorCode::SendUndecided,
        format!(
            "what became of the message could not be found out, and the service stopped trying: look at the chat on the phone; where it is missing, the same request with the same Idempotency-Key is one more try under the same id, and arrives once; GET /messages/{id} tells"
        ),
    )
}

pub(super) fn failure(error: &PageError) -> ErrorCode {
    match error {
        // For a send, `ConnectionLost` has a separate code (`connection_lost`).
        PageError::NotReady(_) | PageError::ConnectionLost(_) => ErrorCode::SessionNotReady,
        PageError::NotOnWhatsapp(_) => ErrorCode::NotOnWhatsapp,
        PageError::MessageNotFound(_) => ErrorCode::MessageNotFound,
        PageError::NotChangeable(_) => ErrorCode::MessageNotChangeable,
        PageError::TooOld(_) => ErrorCode::MessageTooOld,
        PageError::TooLarge(_) => ErrorCode::PayloadTooLarge,
        PageError::RecipientBlocked(_) => ErrorCode::RecipientBlocked,
        PageError::ReachOutLimit(_) => ErrorCode::ReachOutLimit,
        PageError::NewChatLimit(_) => ErrorCode::NewChatLimit,
        PageError::Refused(_) | PageError::Failed(_) | PageError::MediaGone(_) => {
            ErrorCode::SendFailed
        }
        // The call was in progress, so whether WhatsApp accepted the message is unknown.
        PageError::Unconfirmed(_)
        | PageError::Malformed(_)
        | PageError::Browser(
            CdpError::Closed
            | CdpError::Timeout(_)
            | CdpError::Remote { .. }
            | CdpError::Malformed(_),
        ) => ErrorCode::SendUnconfirmed,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::RETRY_AFTER;
    use axum::response::IntoResponse as _;

    use super::*;
    use crate::ledger::ChangesOfMessage;
    use crate::ledger::send_state_machine::SendState;

    fn failed_row(error: &str) -> Row {
        Row {
            id: 1,
            wa_key: "3EB0".to_owned(),
            body_hash: Vec::new(),
            recipient: "5491158254201@c.us".to_owned(),
            kind: "text".to_owned(),
            content: None,
            message_id: None,
            state: SendState::Failed,
            error: Some(error.to_owned()),
            settle_tries: 0,
            settle_tried_at: None,
            undecided_at: None,
            created_at: 0,
            failed_at: Some(1),
            sent_at: None,
            delivered_at: None,
            read_at: None,
            played_at: None,
        }
    }

    /// Checks that a caller that waited for the outcome gets the same as the caller that asked
    /// first.
    #[test]
    fn only_a_lost_connection_says_when_to_try_again() {
        for (stored, expected) in [(CONNECTION_LOST, Some("2")), ("SEND_FAILED", None)] {
            let row = failed_row(stored);
            let error_code = row.body(&ChangesOfMessage::default()).error;
            assert_eq!(error_code.as_deref(), Some("SEND_FAILED"));
            let error = outcome_of(&row).unwrap_err();
            assert_eq!(error.code(), ErrorCode::SendFailed);
            let response = error.into_response();
            let retry_after = response.headers().get(RETRY_AFTER);
            assert_eq!(
                retry_after.map(|retry_after| retry_after.to_str().unwrap()),
                expected
            );
        }
    }
}
