//! `SessionState`: the states of the ADMIN session.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of the ADMIN session.
///
/// ```text
/// INIT ──> QR_REQUIRED ──> AUTHENTICATED ──> READY
///   └──────────┴───────────────┴───────────────┴──> ERROR | DISCONNECTED
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SessionState {
    /// Not started: the session waits for `POST /connect`, or the browser is starting.
    Init,
    /// The page shows a code that a phone can scan.
    QrRequired,
    /// Linked, but not able to send: still syncing, or offline.
    Authenticated,
    /// Linked, synced and connected, so that sending works.
    Ready,
    /// Closed on purpose, unlinked, or taken over by another device.
    Disconnected,
    /// A failure that needs intervention; `GET /session` contains the cause.
    Error,
}

impl SessionState {
    /// Every state, in the order of the API.
    pub const ALL: [Self; 6] = [
        Self::Init,
        Self::QrRequired,
        Self::Authenticated,
        Self::Ready,
        Self::Disconnected,
        Self::Error,
    ];

    /// Returns the state's name in JSON, such as `QR_REQUIRED`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::QrRequired => "QR_REQUIRED",
            Self::Authenticated => "AUTHENTICATED",
            Self::Ready => "READY",
            Self::Disconnected => "DISCONNECTED",
            Self::Error => "ERROR",
        }
    }

    /// Returns the state's name in lower case, as `/api/whatsapp-v2` uses it.
    #[must_use]
    pub const fn as_lower_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::QrRequired => "qr_required",
            Self::Authenticated => "authenticated",
            Self::Ready => "ready",
            Self::Disconnected => "disconnected",
            Self::Error => "error",
        }
    }

    /// Returns whether a phone is certainly linked in this state.
    #[must_use]
    pub const fn is_linked(self) -> bool {
        matches!(self, Self::Authenticated | Self::Ready)
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error for an unknown state name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownState(pub String);

impl fmt::Display for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a session state", self.0)
    }
}

impl std::error::Error for UnknownState {}

impl FromStr for SessionState {
    type Err = UnknownState;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| UnknownState(s.to_owned()))
    }
}
