//! Copies the SQLite file while the hub runs, and verifies a copy.

use std::path::Path;

use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection, Row};

use super::engine::connect_options;
use super::error::StoreError;
use super::migrations;
use crate::config::DatabaseLocation;

/// The contents of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyFacts {
    /// The version of the last migration that was applied.
    pub tables: i64,
    /// The number of messages.
    pub messages: i64,
    /// The number of campaigns.
    pub campaigns: i64,
    /// When the newest message was stored, in milliseconds since 1970.
    pub newest: Option<i64>,
}

/// Copies all committed data into the empty file `into`. Writers are not
/// blocked; data that they write meanwhile is not in the copy.
///
/// # Errors
/// [`StoreError::Open`] if the file cannot be read, or the copy cannot be
/// written.
pub async fn copy_sqlite(from: &Path, into: &Path) -> Result<(), StoreError> {
    let copy = async {
        let mut connection = open(from).await?;
        sqlx::query("VACUUM INTO $1")
            .bind(into.to_string_lossy().into_owned())
            .execute(&mut connection)
            .await?;
        connection.close().await
    };
    copy.await.map_err(|source| failed(from, source))
}

/// Checks every page and every row of a copy that no other process has open.
/// Changes nothing.
///
/// # Errors
/// [`StoreError::Open`] if the copy is damaged, is not a database of the hub,
/// or is of a later version.
pub async fn check_copy(file: &Path) -> Result<CopyFacts, StoreError> {
    inspect(file).await.map_err(|source| failed(file, source))
}

fn failed(file: &Path, source: sqlx::Error) -> StoreError {
    StoreError::Open {
        location: DatabaseLocation::Sqlite(file.to_owned()).to_string(),
        source,
    }
}

async fn open(file: &Path) -> Result<AnyConnection, sqlx::Error> {
    install_default_drivers();
    let options = connect_options(&DatabaseLocation::Sqlite(file.to_owned()))?;
    AnyConnection::connect_with(&options).await
}

async fn inspect(file: &Path) -> Result<CopyFacts, sqlx::Error> {
    let mut connection = open(file).await?;
    sqlx::query("PRAGMA query_only = ON")
        .execute(&mut connection)
        .await?;
    let row = sqlx::query("PRAGMA integrity_check(1)")
        .fetch_one(&mut connection)
        .await?;
    let result: String = row.try_get(0)?;
    if result != "ok" {
        return Err(sqlx::Error::Protocol(result));
    }
    let lost = sqlx::query("PRAGMA foreign_key_check")
        .fetch_optional(&mut connection)
        .await?;
    if lost.is_some() {
        return Err(sqlx::Error::Protocol(
            "rows refer to other rows that do not exist".to_owned(),
        ));
    }
    let row = sqlx::query(
        "SELECT (SELECT MAX(version) FROM _sqlx_migrations) AS tables,
            (SELECT COUNT(*) FROM messages) AS messages,
            (SELECT COUNT(*) FROM campaigns) AS campaigns,
            (SELECT MAX(created_at) FROM messages) AS newest",
    )
    .fetch_one(&mut connection)
    .await?;
    let facts = CopyFacts {
        tables: row.try_get("tables")?,
        messages: row.try_get("messages")?,
        campaigns: row.try_get("campaigns")?,
        newest: row.try_get("newest")?,
    };
    connection.close().await?;
    if facts.tables > migrations::newest() {
        return Err(sqlx::Error::Protocol(format!(
            "its tables have a later version ({}, this central-hub has {})",
            facts.tables,
            migrations::newest()
        )));
    }
    Ok(facts)
}
