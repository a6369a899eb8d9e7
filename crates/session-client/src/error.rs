//! Defines the errors of building a client and of a request.

use std::io::ErrorKind;

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The URL cannot be a base with a path, such as `mailto:`.
    #[error("the base URL of session-manager is not an http or https URL")]
    BaseUrl,
    /// The token contains characters that a header cannot have.
    #[error("the token of session-manager holds characters that a header cannot carry")]
    Token,
    /// TLS or the client itself cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(#[source] reqwest::Error),
}

/// Why a request failed. The variant determines what the caller can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no connection, so nothing was sent. The request can be repeated later.
    #[error("session-manager cannot be reached: {}", innermost(.0))]
    Unavailable(#[source] reqwest::Error),
    /// The request was sent, but no response came in time.
    #[error("session-manager did not answer in time")]
    Timeout,
    /// The request was sent, but the response does not match the API.
    #[error("session-manager's answer violates the contract: {0}")]
    BadResponse(String),
    /// session-manager rejected the token.
    #[error(
        "session-manager refuses the token: set the same SESSION_MANAGER_TOKEN for both services"
    )]
    TokenRefused,
    /// session-manager responded with an error of the API.
    #[error("session-manager answered {code}: {message}")]
    Remote {
        /// The HTTP status.
        status: u16,
        /// The code in the body.
        code: String,
        /// The message in the body.
        message: String,
    },
}

impl ClientError {
    /// Returns whether session-manager certainly never received the request.
    pub const fn was_certainly_not_received(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Returns the code of a remote error; `None` for other errors.
    pub fn remote_code(&self) -> Option<&str> {
        match self {
            Self::Remote { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Classifies a transport error.
    pub(crate) fn of_transport(error: reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() {
            Self::Unavailable(error)
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::BadResponse(innermost(&error))
        }
    }
}

/// Returns the innermost cause, since the causes above it only repeat the URL. Prepends the errno
/// name (`ECONNREFUSED`) of the errors that operators search logs for.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let name = cause.downcast_ref::<std::io::Error>().and_then(|error| {
        Some(match error.kind() {
            ErrorKind::ConnectionRefused => "ECONNREFUSED",
            ErrorKind::ConnectionReset => "ECONNRESET",
            ErrorKind::HostUnreachable => "EHOSTUNREACH",
            ErrorKind::NetworkUnreachable => "ENETUNREACH",
            ErrorKind::TimedOut => "ETIMEDOUT",
            _ => return None,
        })
    });
    match name {
        Some(name) => format!("{name}: {cause}"),
        None => cause.to_string(),
    }
}
