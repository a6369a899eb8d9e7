//! Exports and imports the whole database as lines of JSON
//! (`central-hub export` and `import`), also between database engines.
//!
//! ```text
//!  database ─> {"central-hub":1,"tables":1}      the header
//!              {"table":"messages","row":{…}}    a line for each row
//!              …
//!              {"rows":1234}                     the end, which detects truncation ─> database
//! ```
//!
//! An export has the database's tables in the order of their creation, so that
//! each follows the tables that it references. Tables that are rebuilt from the
//! messages, such as the index of words, are left out. Blobs are
//! `{"base64":"…"}`; `null` is always written.

mod export;
mod import;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::Row;

pub use export::export;
pub use import::import;

use crate::store::{Engine, Store, StoreError, Tx};

/// The version of the export format.
const FORMAT_VERSION: u32 = 1;

/// Why an export or import failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be read or written.
    #[error("the export cannot be read or written: {0}")]
    File(#[from] std::io::Error),
    /// A line is not part of an export.
    #[error("line {0} does not belong to an export of central-hub: {1}")]
    Line(u64, String),
    /// The export ends before its last line.
    #[error("the export is cut off after line {0}: nothing was imported")]
    CutOff(u64),
    /// The export was made by another version.
    #[error(
        "the export has table version {found}, this central-hub has {own}: use the same central-hub for both"
    )]
    OtherVersion {
        /// The version in the export.
        found: i64,
        /// The version of this database.
        own: i64,
    },
    /// The database is not empty.
    #[error(
        "the database is not empty (it has rows in {0}): import into a new one, before the first start on it"
    )]
    NotEmpty(String),
}

/// Treats errors of sqlx as errors of the store.
impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The first line of an export.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(rename = "central-hub")]
    format: u32,
    tables: i64,
}

/// The line of a row.
#[derive(Serialize, Deserialize)]
struct Line {
    table: String,
    row: Map<String, Value>,
}

/// The last line of an export.
#[derive(Serialize, Deserialize)]
struct Tail {
    rows: u64,
}

/// Returns the number of the last migration that was applied.
async fn version(tx: &mut Tx) -> Result<i64, StoreError> {
    let version = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&mut **tx)
        .await?;
    Ok(version)
}

/// A column of a table.
#[derive(Debug)]
struct TableColumn {
    name: String,
    /// The declared type.
    declared: String,
}

impl TableColumn {
    /// Returns whether `value` has the column's declared type, for the types
    /// that the tables use. Without this check, SQLite would accept any type,
    /// and PostgreSQL's error would not name the column.
    fn accepts(&self, value: &Value) -> bool {
        match self.declared.as_str() {
            "INTEGER" | "BIGINT" => value.is_i64() || value.is_boolean(),
            "TEXT" => value.is_string(),
            "BLOB" | "BYTEA" => value.is_object(),
            "REAL" => value.is_number(),
            _ => true,
        }
    }
}

/// Lists the tables and their columns, each table after those that it references.
async fn tables(store: &Store, tx: &mut Tx) -> Result<Vec<(String, Vec<TableColumn>)>, StoreError> {
    let engine = store.engine();
    let names = engine.pick(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
             AND name NOT IN ('_sqlx_migrations', 'conversations')
             AND name NOT LIKE 'message!_words%' ESCAPE '!'
             ORDER BY rowid",
        "SELECT relname::text AS name FROM pg_class
             WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
             AND relname NOT IN ('_sqlx_migrations', 'conversations',
                 'message_words', 'message_words_filled') ORDER BY oid",
    );
    let columns = engine.pick(
        "SELECT name, upper(type) AS declared FROM pragma_table_info($1) ORDER BY cid",
        "SELECT attname::text AS name, upper(format_type(atttypid, NULL)) AS declared FROM pg_attribute
             WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
    );
    let mut tables = Vec::new();
    for row in sqlx::query(names).fetch_all(&mut **tx).await? {
        let table: String = row.try_get("name")?;
        let rows = sqlx::query(columns)
            .bind(&table)
            .fetch_all(&mut **tx)
            .await?;
        let column = |row: &sqlx::any::AnyRow| {
            let (name, declared) = (row.try_get("name")?, row.try_get("declared")?);
            Ok::<_, sqlx::Error>(TableColumn { name, declared })
        };
        let columns: Result<_, _> = rows.iter().map(column).collect();
        tables.push((table, columns?));
    }
    Ok(tables)
}

/// Quotes a name for SQL. The names come from the database itself.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns statements that advance the id sequences past the imported rows.
fn counters(engine: Engine, tables: &[(String, Vec<TableColumn>)]) -> Vec<String> {
    if engine == Engine::Sqlite {
        // SQLite advances its sequences automatically.
        return Vec::new();
    }
    tables
        .iter()
        .filter(|(_, columns)| columns.iter().any(|column| column.name == "id"))
        .map(|(table, _)| {
            let name = quoted(table);
            format!(
                "SELECT setval(pg_get_serial_sequence('{name}', 'id'), MAX(id)) FROM {name}
                 HAVING MAX(id) IS NOT NULL AND pg_get_serial_sequence('{name}', 'id') IS NOT NULL"
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;
