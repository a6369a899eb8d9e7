//! Defines the endpoints of session-manager, each with its timeout.

use std::time::Duration;

use http::Method;
use session_api::paths;

/// Minimum difference between the connect timeout and any other.
const APART: Duration = Duration::from_millis(250);

/// The timeouts of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Timeout for establishing the connection.
    pub connect: Duration,
    /// Timeout of a simple request, from the beginning of the call.
    pub read: Duration,
    /// Timeout of a request that needs a running browser to act.
    pub command: Duration,
    /// Timeout of a send, and of unlinking, which may first have to start the browser.
    pub send: Duration,
    /// Timeout for the transfer of a whole file and, for a send, for WhatsApp to accept it.
    pub transfer: Duration,
    /// Maximum time between two heartbeats of an event stream.
    pub silence: Duration,
}

impl Default for Timeouts {
    /// Returns the API's timeouts: 5 s to connect, 5 s for a simple request, 60 s for a send, 25 s
    /// for a command, and 40 s of silence (session-manager sends a heartbeat every 15 s).
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(5),
            command: Duration::from_secs(25),
            send: Duration::from_secs(60),
            // session-manager itself detects a stalled transfer much earlier.
            transfer: Duration::from_secs(1_800),
            silence: Duration::from_secs(40),
        }
    }
}

impl Timeouts {
    /// Returns `deadline`, or a later time if it is too close to the connect timeout, so that the
    /// two errors stay distinct.
    pub(crate) fn after_connecting(&self, deadline: Duration) -> Duration {
        deadline.max(self.connect.saturating_add(APART))
    }
}

/// The routes of session-manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The route `GET /health`.
    Health,
    /// The route `GET /status`.
    Status,
    /// The route `GET /qr`.
    Qr,
    /// The route `GET /session`.
    Session,
    /// The route `GET /metrics`.
    Metrics,
    /// The route `GET /screenshot.png`.
    Screenshot,
    /// The route `POST /connect`.
    Connect,
    /// The route `POST /disconnect`.
    Disconnect,
    /// The route `POST /logout`.
    Logout,
    /// The route `POST /backup`, for which the browser is closed.
    Backup,
    /// The route `POST /pairing-code`.
    PairingCode,
    /// The route `GET /passkey`.
    Passkey,
    /// The route `POST /passkey`.
    AnswerPasskey,
    /// The route `POST /passkey/confirm`.
    ConfirmPasskey,
    /// The route `POST /passkey/cancel`.
    CancelPasskey,
    /// The route `POST /send`.
    Send,
    /// The route `POST /send` with a file, which takes longer.
    SendFile,
    /// The route `POST /send/check`.
    SendCheck,
    /// The route `POST /lookup`.
    Lookup,
}

impl Endpoint {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Health => paths::HEALTH,
            Self::Status => paths::STATUS,
            Self::Qr => paths::QR,
            Self::Session => paths::SESSION,
            Self::Metrics => paths::METRICS,
            Self::Screenshot => paths::SCREENSHOT,
            Self::Connect => paths::CONNECT,
            Self::Disconnect => paths::DISCONNECT,
            Self::Logout => paths::LOGOUT,
            Self::Backup => paths::BACKUP,
            Self::PairingCode => paths::PAIRING_CODE,
            Self::Passkey | Self::AnswerPasskey => paths::PASSKEY,
            Self::ConfirmPasskey => paths::PASSKEY_CONFIRM,
            Self::CancelPasskey => paths::PASSKEY_CANCEL,
            Self::Send | Self::SendFile => paths::SEND,
            Self::SendCheck => paths::SEND_CHECK,
            Self::Lookup => paths::LOOKUP,
        }
    }

    pub(crate) fn method(self) -> Method {
        match self {
            Self::Health
            | Self::Status
            | Self::Qr
            | Self::Session
            | Self::Metrics
            | Self::Screenshot
            | Self::Passkey => Method::GET,
            Self::Connect
            | Self::Backup
            | Self::Disconnect
            | Self::Logout
            | Self::PairingCode
            | Self::AnswerPasskey
            | Self::ConfirmPasskey
            | Self::CancelPasskey
            | Self::Send
            | Self::SendFile
            | Self::SendCheck
            | Self::Lookup => Method::POST,
        }
    }

    pub(crate) const fn deadline(self, timeouts: &Timeouts) -> Duration {
        match self {
            Self::Health
            | Self::Status
            | Self::Qr
            | Self::Session
            | Self::Connect
            | Self::Passkey
            | Self::SendCheck => timeouts.read,
            Self::SendFile => timeouts.transfer,
            Self::Metrics
            | Self::Screenshot
            | Self::Disconnect
            | Self::PairingCode
            | Self::AnswerPasskey
            | Self::ConfirmPasskey
            | Self::CancelPasskey
            | Self::Lookup => timeouts.command,
            Self::Send | Self::Logout | Self::Backup => timeouts.send,
        }
    }
}
