//! The errors of the store.

use std::borrow::Cow;
use std::path::PathBuf;

use service_runtime::error_chain;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder or the file cannot be created. Occurs only at startup.
    #[error(
        "DATABASE_URL: {path} cannot be opened ({source}): give it to the service's user, or name another folder in DATA_DIR",
        path = .path.display()
    )]
    File {
        /// The path that cannot be created.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The database cannot be opened. Occurs only at startup.
    #[error("DATABASE_URL: {location} cannot be opened ({}): {}", error_chain(.source), cure(.source))]
    Open {
        /// The location, without the password.
        location: String,
        /// The cause.
        source: sqlx::Error,
    },
    /// The migrations cannot be applied. Occurs only at startup.
    #[error(
        "DATABASE_URL: the tables in {location} cannot be brought up to date ({}): {}",
        error_chain(.source), migration_cure(.source)
    )]
    Migrate {
        /// The location, without the password.
        location: String,
        /// The cause.
        source: sqlx::migrate::MigrateError,
    },
    /// A read or write failed.
    #[error("the store failed: {}", error_chain(.0))]
    Query(#[from] sqlx::Error),
}

impl StoreError {
    /// Returns whether the database is unreachable, full or busy, so that a
    /// retry may succeed. `false` if the query itself is wrong.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Query(error) => is_unavailable(error),
            _ => true,
        }
    }

    /// Returns whether a row with this key already exists.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Query(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Returns whether the database cannot store a text or number, so that the
    /// caller has to send another. PostgreSQL cannot store a NUL character in a
    /// text.
    #[must_use]
    pub fn is_unfit_value(&self) -> bool {
        // The codes stand for an untranslatable character and a number out of range.
        matches!(self, Self::Query(error) if matches!(code(error).as_deref(), Some("22021" | "22003")))
    }

    /// Returns whether the transaction conflicted with another.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Query(error) if is_conflict(error))
    }
}

/// Returns whether the error is a deadlock or a serialization failure of
/// PostgreSQL, after which a retry may succeed.
fn is_conflict(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("40P01" | "40001"))
}

fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
}

fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_)
        | sqlx::Error::BeginFailed
        // A connection whose transaction the database itself has ended.
        | sqlx::Error::InvalidSavePointStatement => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            match code.parse::<u32>() {
                // The lowest byte of an SQLite code is the kind of error: busy,
                // locked, read-only, I/O, corrupt, full, cannot open, not a
                // database.
                Ok(number) if code.len() < 5 => {
                    matches!(number & 0xff, 5 | 6 | 8 | 10 | 11 | 13 | 14 | 26)
                }
                // Classes of PostgreSQL codes: connection, rollback, resources,
                // operator intervention, system, authorization; then read-only
                // and missing database.
                _ => {
                    ["08", "40", "53", "57", "58", "28"]
                        .iter()
                        .any(|class| code.starts_with(class))
                        || code == "25006"
                        || code == "3D000"
                }
            }
        }
        _ => false,
    }
}

fn cure(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("28P01" | "28000") => "correct the user and the password in it",
            Some("3D000") => "create that database first, with CREATE DATABASE",
            Some("26" | "11") => {
                "the file is not a database or is damaged; restore a backup, or move it away to start afresh"
            }
            _ => "make sure that nothing else holds it and that its user may use it",
        },
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
            "start that PostgreSQL, or correct host and port in it"
        }
        sqlx::Error::Tls(_) => "correct sslmode and sslrootcert in it",
        _ => "correct it",
    }
}

fn migration_cure(error: &sqlx::migrate::MigrateError) -> &'static str {
    use sqlx::migrate::MigrateError::{VersionMismatch, VersionMissing};
    match error {
        VersionMissing(_) => {
            "a newer central-hub created them; run that one, or restore the backup from before it"
        }
        VersionMismatch(_) => {
            "another build of central-hub created them; run that one, or start with an empty database"
        }
        _ => "free the disk, or let its user create tables, then start again",
    }
}
