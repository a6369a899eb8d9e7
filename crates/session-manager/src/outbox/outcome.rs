//! The outcome of a send as returned to the caller: body, or error with its
//! code.

use session_api::{ErrorCode, SendBody};

use crate::browser::{CdpError, PageError};
use crate::error::ApiError;
use crate::ledger::{LedgerError, Row};

/// The outcome of a send.
pub type SendResult = Result<SendBody, ApiError>;

pub(super) fn same(row: Row, hash: &[u8]) -> Result<Row, ApiError> {
    (row.body_hash == hash).then_some(row).ok_or_else(|| {
        ApiError::new(
            ErrorCode::IdempotencyKeyReused,
            "this Idempotency-Key was used for another message",
        )
    })
}

/// Returns the error of an outcome that could not be stored. A row in state
/// `sending` will be resent, even if its outcome is known now.
pub(super) fn unwritten(row: &Row, error: LedgerError) -> ApiError {
    let told = ApiError::from(error);
    if row.state.is_unsettled() {
        return unconfirmed(&row.wa_key);
    }
    told
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
    let code = row.error.as_deref().and_then(ErrorCode::from_code);
    Err(ApiError::new(
        code.unwrap_or(ErrorCode::SendFailed),
        "certainly not sent: safe to try again",
    ))
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
        PageError::NotReady(_) => ErrorCode::SessionNotReady,
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
        // The call was in progress: whether WhatsApp took it is unknown.
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
