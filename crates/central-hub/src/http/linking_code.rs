//! Gets the linking code from session-manager, or the reason why there is none.

use session_api::{QrBody, SessionState};
use session_client::{ClientError, SessionClient};

pub(crate) const NOT_AVAILABLE: &str =
    "there is no code to scan: call POST /connect, then wait for QR_REQUIRED";
pub(crate) const NOT_REQUIRED: &str = "a phone is linked already: no code is needed";

/// The result of a request for the linking code.
pub(crate) enum Code {
    /// The QR code as `data:image/png;base64,…`.
    Shown(String),
    /// No device is linked, but there is no code; the field is the session's state.
    NotAvailable(SessionState),
    /// A device is already linked; the field is the session's state.
    NotRequired(SessionState),
}

/// Requests the code, and reads the session's state only if there is none.
pub(crate) async fn fetch_code(client: &SessionClient) -> Result<Code, ClientError> {
    match client.qr().await? {
        QrBody::Available { qr } => Ok(Code::Shown(qr)),
        QrBody::NoQr => match client.status().await?.status {
            state if state.is_linked() => Ok(Code::NotRequired(state)),
            state => Ok(Code::NotAvailable(state)),
        },
    }
}
