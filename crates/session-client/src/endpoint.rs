//! The endpoints of session-manager, each with its timeout.

use std::time::Duration;

use http::Method;
use session_api::paths;

/// By how much a deadline that is not longer than that for connecting is
/// stretched.
const APART: Duration = Duration::from_millis(250);

/// Deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To have a connection.
    pub connect: Duration,
    /// For what answers at once, from the beginning of the call.
    pub read: Duration,
    /// For what makes a running browser act.
    pub command: Duration,
    /// For a send, and for unlinking, which may have to start the browser.
    pub send: Duration,
    /// For all of a file to be passed on and, of a send, to be taken by
    /// WhatsApp.
    pub transfer: Duration,
    /// Between two signs of life in an event stream.
    pub silence: Duration,
}

impl Default for Timeouts {
    /// The contract's: 5 s, 5 s and 60 s for a send; 25 s for commands, and
    /// 40 s of silence (session-manager says something every 15 s).
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(5),
            command: Duration::from_secs(25),
            send: Duration::from_secs(60),
            // session-manager notices much earlier when one stops on the way.
            transfer: Duration::from_secs(1_800),
            silence: Duration::from_secs(40),
        }
    }
}

impl Timeouts {
    /// `deadline`, but later than that for connecting, so that the two are
    /// told apart.
    pub(crate) fn after_connecting(&self, deadline: Duration) -> Duration {
        deadline.max(self.connect.saturating_add(APART))
    }
}

/// The routes of session-manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `GET /health`
    Health,
    /// `GET /status`
    Status,
    /// `GET /qr`
    Qr,
    /// `GET /session`
    Session,
    /// `GET /metrics`
    Metrics,
    /// `GET /screenshot.png`
    Screenshot,
    /// `POST /connect`
    Connect,
    /// `POST /disconnect`
    Disconnect,
    /// `POST /logout`
    Logout,
    /// `POST /backup`, for which the browser is closed.
    Backup,
    /// `POST /pairing-code`
    PairingCode,
    /// `GET /passkey`
    Passkey,
    /// `POST /passkey`
    AnswerPasskey,
    /// `POST /passkey/confirm`
    ConfirmPasskey,
    /// `POST /passkey/cancel`
    CancelPasskey,
    /// `POST /send`
    Send,
    /// `POST /send` of a file, which takes its time.
    SendFile,
    /// `POST /send/check`
    SendCheck,
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
            | Self::SendCheck => Method::POST,
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
            | Self::CancelPasskey => timeouts.command,
            Self::Send | Self::Logout | Self::Backup => timeouts.send,
        }
    }
}
