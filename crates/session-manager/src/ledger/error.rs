//! The errors of the ledger: it cannot be opened, migrated, read or written.

use std::path::PathBuf;
use std::sync::Arc;

use session_api::ErrorCode;

use crate::error::ApiError;

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder or the file cannot be made or opened.
    #[error("{path} cannot be made or opened", path = .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// The tables cannot be brought up to date.
    #[error("{path} cannot be brought up to date", path = .0.display())]
    Migrate(PathBuf, #[source] sqlx::migrate::MigrateError),
    /// The file is damaged.
    #[error("{path} is damaged: {what}", path = .0.display(), what = .1)]
    Damaged(PathBuf, String),
    /// A read or write failed.
    #[error("the ledger cannot be read or written")]
    Sqlite(#[source] Arc<sqlx::Error>),
    /// Opening failed a moment ago; it is tried again soon.
    #[error("{0}")]
    Unavailable(String),
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl LedgerError {
    /// Whether the file itself is no good, as opposed to the disk under it.
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

    /// The whole chain in one line.
    pub fn chain(&self) -> String {
        service_runtime::error_chain(self)
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        // The cause names paths, which are the operator's: it is for the log,
        // where a file that cannot be opened already is.
        if let LedgerError::Sqlite(_) = error {
            tracing::error!("{}", error.chain());
        }
        Self::new(
            ErrorCode::LedgerUnavailable,
            "the ledger of sends cannot be used, and nothing is sent without it: the service's log says why; mostly a full disk or a damaged ledger.db in DATA_DIR",
        )
    }
}
