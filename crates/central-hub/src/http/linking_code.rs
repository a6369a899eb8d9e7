//! The code to link a phone with, as session-manager has it, or why there is
//! none.

use session_api::{QrBody, SessionState};
use session_client::{ClientError, SessionClient};

pub(crate) const NOT_AVAILABLE: &str =
    "no code can be scanned now: POST /connect, then wait for QR_REQUIRED";
pub(crate) const NOT_REQUIRED: &str = "a phone is linked already: no code is needed";

/// What there is to scan.
pub(crate) enum Code {
    /// `data:image/png;base64,…`
    Shown(String),
    /// Not linked, and in this state.
    NotAvailable(SessionState),
    /// Linked, and in this state.
    NotRequired(SessionState),
}

/// Reads the code, and only where there is none, why.
pub(crate) async fn look(client: &SessionClient) -> Result<Code, ClientError> {
    match client.qr().await? {
        QrBody::Available { qr } => Ok(Code::Shown(qr)),
        QrBody::NoQr => match client.status().await?.status {
            state if state.is_linked() => Ok(Code::NotRequired(state)),
            state => Ok(Code::NotAvailable(state)),
        },
    }
}
