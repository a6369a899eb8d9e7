//! Defines the errors of the ledger: it cannot be opened, migrated, read or written.

use std::path::PathBuf;
use std::sync::Arc;

use session_api::ErrorCode;

use crate::error::ApiError;

/// Why the ledger is unusable.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder or the file cannot be created or opened.
    #[error("{path} cannot be created or opened", path = .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// The migrations failed.
    #[error("{path} cannot be migrated", path = .0.display())]
    Migrate(PathBuf, #[source] sqlx::migrate::MigrateError),
    /// The file is damaged.
    #[error("{path} is damaged: {reason}", path = .0.display(), reason = .1)]
    Damaged(PathBuf, String),
    /// A read or write failed.
    #[error("the ledger cannot be read or written")]
    Sqlite(#[source] Arc<sqlx::Error>),
    /// Opening failed a moment ago; the next try follows soon.
    #[error("{0}")]
    Unavailable(String),
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl LedgerError {
    /// Returns whether the file itself is damaged. If not, the disk is at fault.
    pub fn is_damage(&self) -> bool {
        let Self::Sqlite(error) = self else {
            return false;
        };
        let sqlx::Error::Database(error) = &**error else {
            return false;
        };
        // SQLITE_CORRUPT and SQLITE_NOTADB, in the low byte of extended codes.
        let code = error.code().and_then(|code| code.parse::<u32>().ok());
        matches!(code.map(|code| code & 0xff), Some(11 | 26))
    }

    /// Returns the whole error chain on one line.
    pub fn chain(&self) -> String {
        service_runtime::error_chain(self)
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        // The cause contains paths, which only the operator may see, so it goes to the log. A file
        // that cannot be opened has already been reported there.
        if let LedgerError::Sqlite(_) = error {
            tracing::error!("{}", error.chain());
        }
        Self::new(
            ErrorCode::LedgerUnavailable,
            "the ledger of sends cannot be used, and nothing is sent without it: the service's log says why; mostly a full disk or a damaged ledger.db in DATA_DIR",
        )
    }
}
