//! The errors of an incoming file, and their error codes.

use std::io;

use service_runtime::limits::Full;
use session_api::ErrorCode;

use super::allowed_hosts::HostError;
use crate::error::ApiError;
use crate::ledger::LedgerError;

/// A file was not taken; nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is larger than one may be.
    #[error("the file is larger than {0} bytes (FILE_MAX_MIB)")]
    TooLarge(u64),
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It stopped in the middle.
    #[error("the file broke off")]
    Broken,
    /// Nothing of it came for too long.
    #[error("the file came too slowly: nothing for {0} s")]
    Slow(u64),
    /// The quota or the disk is full.
    #[error("there is no room for the file: {0}")]
    Full(&'static str),
    /// As many come in as may at once.
    #[error("{}", match .0 {
        Full::Each => "as many files of this business come in as may at once: try again",
        Full::All => "as many files come in as may at once: try again",
    })]
    Busy(Full),
    /// The disk failed in another way.
    #[error("the file could not be written: the service's log says why")]
    Disk(#[source] io::Error),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It may not be fetched from there.
    #[error(transparent)]
    Host(#[from] HostError),
    /// It could not be fetched.
    #[error("the file could not be fetched, and nothing was sent: {0}")]
    Fetch(String),
}

impl From<Full> for FileError {
    fn from(full: Full) -> Self {
        Self::Busy(full)
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full("the disk is full")
            }
            _ => Self::Disk(error),
        }
    }
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        let code = match error {
            FileError::Ledger(error) => return error.into(),
            FileError::Disk(ref cause) => {
                tracing::error!(error = %cause, "a file could not be written");
                ErrorCode::Internal
            }
            FileError::TooLarge(_) => ErrorCode::PayloadTooLarge,
            FileError::Empty | FileError::Broken => ErrorCode::InvalidRequest,
            FileError::Slow(_) => ErrorCode::RequestTimeout,
            FileError::Full(_) => ErrorCode::StorageFull,
            FileError::Busy(Full::Each) => ErrorCode::TooManyAtOnce,
            FileError::Busy(Full::All) => ErrorCode::Overloaded,
            FileError::Host(_) => ErrorCode::UrlNotAllowed,
            FileError::Fetch(_) => ErrorCode::FetchFailed,
        };
        Self::new(code, error.to_string())
    }
}

impl From<HostError> for ApiError {
    fn from(error: HostError) -> Self {
        FileError::from(error).into()
    }
}
