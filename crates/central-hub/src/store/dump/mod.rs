//! Dump and restore of the whole database (`central-hub export` and `import`),
//! between engines too, as lines of JSON.
//!
//! ```text
//!  database ─> {"central-hub":1,"tables":1}      the shape, first
//!              {"table":"messages","row":{…}}    a line for each row
//!              …
//!              {"rows":1234}                     the end, so that less is noticed ─> database
//! ```
//!
//! The tables are whatever the database has, in the order of their making, in
//! which each stands after what it refers to; but not what is made anew of the
//! messages, as the index of their words. Blobs are `{"base64":"…"}`;
//! nothing is left out instead of `null`.

mod export;
mod import;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::Row;

pub use export::export;
pub use import::import;

use crate::store::{Engine, Store, StoreError, Tx};

/// The version of this format.
const FORMAT: u32 = 1;

/// Why nothing, or not all, was moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file.
    #[error("the export cannot be read or written: {0}")]
    File(#[from] std::io::Error),
    /// A line that is none of an export.
    #[error("line {0} is none of an export of central-hub: {1}")]
    Line(u64, String),
    /// It ends before its last line.
    #[error("the export is cut off after line {0}: nothing was imported")]
    CutOff(u64),
    /// Made by another version.
    #[error(
        "the export has the tables of version {found}, this central-hub those of {own}: use the same central-hub for both"
    )]
    OtherVersion {
        /// In the export.
        found: i64,
        /// Here.
        own: i64,
    },
    /// The database has something in it.
    #[error(
        "the database is not empty (it has rows in {0}): import into a new one, before the first start on it"
    )]
    NotEmpty(String),
}

/// sqlx's errors are the store's.
impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(rename = "central-hub")]
    format: u32,
    tables: i64,
}

/// A row's line.
#[derive(Serialize, Deserialize)]
struct Line {
    table: String,
    row: Map<String, Value>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct Tail {
    rows: u64,
}

/// Which step of the tables the database is at.
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
    /// As its table declares it.
    declared: String,
}

impl TableColumn {
    /// Whether `value` is of the type that the column is declared with, as far
    /// as the tables use them: SQLite takes any, and PostgreSQL's refusal does
    /// not say of which column it is.
    fn takes(&self, value: &Value) -> bool {
        match self.declared.as_str() {
            "INTEGER" | "BIGINT" => value.is_i64() || value.is_boolean(),
            "TEXT" => value.is_string(),
            "BLOB" | "BYTEA" => value.is_object(),
            "REAL" => value.is_number(),
            _ => true,
        }
    }
}

/// The tables and their columns, each after what it refers to.
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

/// A name in SQL. They come from the database itself.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What counts on for new rows goes on after those that were brought.
fn counters(engine: Engine, tables: &[(String, Vec<TableColumn>)]) -> Vec<String> {
    if engine == Engine::Sqlite {
        // It does so by itself.
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
