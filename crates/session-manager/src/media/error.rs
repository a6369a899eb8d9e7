//! Defines the errors of fetching a message's file, and their error codes.

use session_api::ErrorCode;

use crate::browser::{CdpError, PageError};
use crate::error::ApiError;
use crate::ledger::LedgerError;

/// Why the file of a message is unavailable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MediaError {
    /// No message with this id was received, or it has no file.
    #[error("there is no incoming message with a file under this id")]
    NotFound,
    /// WhatsApp no longer has the file.
    #[error(
        "WhatsApp no longer has this file: the phone may still have it, or ask the sender to send it again"
    )]
    Gone,
    /// The page does not have the message, as those of earlier links.
    #[error("WhatsApp's page does not have the message: the history of this link may still arrive")]
    NoMessage,
    /// Downloads are disabled.
    #[error("incoming files are not fetched: MEDIA_DOWNLOAD is off")]
    Off,
    /// The file exceeds the quota.
    #[error("there is no space for the file ({0}): MEDIA_QUOTA_MIB")]
    TooLarge(String),
    /// The page cannot fetch the file now.
    #[error("the file is fetched once the session is READY: {0}")]
    NotReady(String),
    /// The download failed.
    #[error("the file could not be fetched, but may be requested again: {0}")]
    Failed(String),
    /// The file is still being fetched.
    #[error("the file is still being fetched: try again")]
    Slow,
    /// The maximum number of downloads is running.
    #[error("too many files are being fetched at the same time: try again")]
    Busy,
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The disk failed in another way.
    #[error("the file could not be written: the service's log says why")]
    Disk,
    /// The ledger is unusable.
    #[error("the ledger cannot be used: the service's log says why")]
    Ledger,
}

impl From<LedgerError> for MediaError {
    fn from(error: LedgerError) -> Self {
        tracing::debug!(%error, "an incoming file could not be looked up");
        Self::Ledger
    }
}

impl From<std::io::Error> for MediaError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => {
                tracing::error!(%error, "an incoming file could not be written");
                Self::Disk
            }
        }
    }
}

impl From<PageError> for MediaError {
    fn from(error: PageError) -> Self {
        match error {
            PageError::MediaGone(_) => Self::Gone,
            PageError::MessageNotFound(_) => Self::NoMessage,
            PageError::TooLarge(why) => Self::TooLarge(why),
            PageError::NotReady(why) => Self::NotReady(why),
            // The download does not end, but it does not hold up the others.
            PageError::Browser(error @ CdpError::Timeout(_)) => Self::Failed(error.to_string()),
            PageError::Browser(error) => Self::NotReady(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<MediaError> for ApiError {
    fn from(error: MediaError) -> Self {
        let code = match error {
            MediaError::NotFound => ErrorCode::MediaNotFound,
            MediaError::Gone => ErrorCode::MediaGone,
            MediaError::Off => ErrorCode::MediaOff,
            MediaError::TooLarge(_) => ErrorCode::PayloadTooLarge,
            MediaError::NotReady(_) => ErrorCode::SessionNotReady,
            MediaError::Failed(_) | MediaError::NoMessage => ErrorCode::FetchFailed,
            MediaError::Slow => ErrorCode::BrowserTimeout,
            MediaError::Busy => ErrorCode::Overloaded,
            MediaError::Full => ErrorCode::StorageFull,
            MediaError::Disk => ErrorCode::Internal,
            MediaError::Ledger => ErrorCode::LedgerUnavailable,
        };
        Self::new(code, error.to_string())
    }
}
