//! Defines the errors of an incoming file, and their error codes.

use std::io;

use service_runtime::limits::Full;
use session_api::{ErrorCode, Invalid};

use super::allowed_hosts::HostError;
use crate::error::ApiError;
use crate::ledger::LedgerError;

/// The `motivo` of an empty file.
const FILE_EMPTY: &str = "FILE_EMPTY";
/// The `motivo` of a file that has to be converted, and cannot be.
const FILE_NOT_CONVERTIBLE: &str = "FILE_NOT_CONVERTIBLE";

/// Why a file was rejected; no part of the file is kept.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file exceeds `FILE_MAX_MIB`. Contains the limit.
    #[error("the file is larger than {0} bytes (FILE_MAX_MIB)")]
    TooLarge(u64),
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The upload ended before the file was complete.
    #[error("the transfer of the file was interrupted")]
    Broken,
    /// No data arrived within the read timeout.
    #[error("the file arrived too slowly: no data for {0} s")]
    Slow(u64),
    /// The quota or the disk is full.
    #[error("there is no space for the file: {0}")]
    Full(&'static str),
    /// Too many uploads are in progress, for this business or in total.
    #[error("{}", match .0 {
        Full::Key => "this business has too many uploads in progress: try again",
        Full::Total => "too many uploads are in progress: try again",
    })]
    Busy(Full),
    /// The disk failed in another way.
    #[error("the file could not be written: the service's log says why")]
    Disk(#[source] io::Error),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The host of the URL is not on the allow list.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The conversion failed, or is not possible here.
    #[error("{0}")]
    Convert(Invalid),
    /// A file of this type cannot be sent in this way.
    #[error("{0}")]
    Kind(Invalid),
    /// The download failed.
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
        let motivo = match error {
            FileError::Empty => Some(FILE_EMPTY),
            FileError::Convert(_) => Some(FILE_NOT_CONVERTIBLE),
            _ => None,
        };
        let code = match error {
            FileError::Ledger(error) => return error.into(),
            FileError::Disk(ref cause) => {
                tracing::error!(error = %cause, "a file could not be written");
                ErrorCode::Internal
            }
            FileError::TooLarge(_) => ErrorCode::PayloadTooLarge,
            FileError::Empty | FileError::Broken | FileError::Convert(_) | FileError::Kind(_) => {
                ErrorCode::InvalidRequest
            }
            FileError::Slow(_) => ErrorCode::RequestTimeout,
            FileError::Full(_) => ErrorCode::StorageFull,
            FileError::Busy(Full::Key) => ErrorCode::TooManyAtOnce,
            FileError::Busy(Full::Total) => ErrorCode::Overloaded,
            FileError::Host(_) => ErrorCode::UrlNotAllowed,
            FileError::Fetch(_) => ErrorCode::FetchFailed,
        };
        let answer = Self::new(code, error.to_string());
        match motivo {
            Some(motivo) => answer.motivo(motivo),
            None => answer,
        }
    }
}

impl From<HostError> for ApiError {
    fn from(error: HostError) -> Self {
        FileError::from(error).into()
    }
}
