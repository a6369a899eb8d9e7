//! Imports an export into an empty database.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

use super::{
    FORMAT_VERSION, Head, Line, TableColumn, Tail, TransferError, counters, quoted, tables, version,
};
use crate::store::search_index::mark_unindexed_in;
use crate::store::{Store, Tx};

/// Maximum length of a line, in bytes: several times the JSON form of the
/// longest text that the hub stores.
const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// Imports either all rows of an export or none, and returns their number.
///
/// # Errors
/// Any [`TransferError`]; the database is then unchanged.
pub async fn import(store: &Store, from: &mut impl BufRead) -> Result<u64, TransferError> {
    let mut lines = Lines { from, number: 0 };
    let first = lines.next()?.ok_or(TransferError::CutOff(0))?;
    let head: Head = lines.parse(&first)?;
    if head.format != FORMAT_VERSION {
        let what = format!("its format is {}, not {FORMAT_VERSION}", head.format);
        return Err(TransferError::Line(1, what));
    }
    let mut tx = store.begin().await?;
    let own_version = version(&mut tx).await?;
    if head.tables != own_version {
        let found = head.tables;
        return Err(TransferError::OtherVersion {
            found,
            own: own_version,
        });
    }
    let tables = tables(store, &mut tx).await?;
    // The initial rows of a new database are also in the export.
    sqlx::query("DELETE FROM settings")
        .execute(&mut *tx)
        .await?;
    for (table, _) in &tables {
        let any = format!("SELECT 1 FROM {} LIMIT 1", quoted(table));
        let any = sqlx::query(AssertSqlSafe(any)).fetch_optional(&mut *tx);
        if any.await?.is_some() {
            return Err(TransferError::NotEmpty(table.clone()));
        }
    }
    let columns_by_table: HashMap<&str, &[TableColumn]> = tables
        .iter()
        .map(|(table, columns)| (table.as_str(), columns.as_slice()))
        .collect();
    let mut count = 0;
    loop {
        let text = lines.next()?.ok_or(TransferError::CutOff(lines.number))?;
        if let Ok(tail) = serde_json::from_str::<Tail>(&text) {
            if tail.rows != count {
                return Err(TransferError::CutOff(lines.number));
            }
            break;
        }
        let line: Line = lines.parse(&text)?;
        insert(&mut tx, &columns_by_table, line)
            .await
            .map_err(|error| match error {
                InsertError::Row(what) => TransferError::Line(lines.number, what),
                InsertError::Store(error) => error.into(),
            })?;
        count += 1;
    }
    for statement in counters(store.engine(), &tables) {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut *tx)
            .await?;
    }
    mark_unindexed_in(&mut tx).await?;
    tx.commit().await?;
    store.fill_index().await?;
    Ok(count)
}

struct Lines<'a, R> {
    from: &'a mut R,
    number: u64,
}

impl<R: BufRead> Lines<'_, R> {
    fn next(&mut self) -> Result<Option<String>, TransferError> {
        let mut line = String::new();
        let mut bounded = self.from.by_ref().take(MAX_LINE_BYTES);
        let length = bounded.read_line(&mut line)?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        if length as u64 == MAX_LINE_BYTES && !line.ends_with('\n') {
            let what = format!("it has more than {MAX_LINE_BYTES} bytes");
            return Err(TransferError::Line(self.number, what));
        }
        Ok(Some(line))
    }

    /// Parses a line. An error omits the text, which is the customers' data.
    fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, TransferError> {
        serde_json::from_str(text).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "it has another shape".to_owned(),
                _ => format!("it is not JSON (column {})", error.column()),
            };
            TransferError::Line(self.number, what)
        })
    }
}

enum InsertError {
    Row(String),
    Store(sqlx::Error),
}

async fn insert(
    tx: &mut Tx,
    known: &HashMap<&str, &[TableColumn]>,
    line: Line,
) -> Result<(), InsertError> {
    let columns = known
        .get(line.table.as_str())
        .ok_or_else(|| InsertError::Row("there is no such table".to_owned()))?;
    for (name, value) in &line.row {
        match columns.iter().find(|column| column.name == *name) {
            None => {
                return Err(InsertError::Row(format!(
                    "{} has no column {name}",
                    line.table
                )));
            }
            Some(column) if !column.accepts(value) => {
                return Err(InsertError::Row(format!(
                    "{name} is not a {}",
                    column.declared
                )));
            }
            Some(_) => {}
        }
    }
    let names: Vec<_> = line.row.keys().map(|name| quoted(name)).collect();
    let places: Vec<_> = (1..=names.len()).map(|n| format!("${n}")).collect();
    let statement = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        quoted(&line.table),
        names.join(", "),
        places.join(", ")
    );
    let query = bind(sqlx::query(AssertSqlSafe(statement)), line.row)?;
    match query.execute(&mut **tx).await {
        Ok(_) => Ok(()),
        // A value of the row is invalid; the database itself works.
        Err(sqlx::Error::Database(error)) => Err(InsertError::Row(error.message().to_owned())),
        Err(error) => Err(InsertError::Store(error)),
    }
}

type Insert<'q> = Query<'q, sqlx::Any, AnyArguments>;

fn bind(mut query: Insert<'_>, row: Map<String, Value>) -> Result<Insert<'_>, InsertError> {
    for (name, value) in row {
        query = match value {
            Value::String(text) => query.bind(text),
            Value::Bool(flag) => query.bind(flag),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => query.bind(integer),
                (None, Some(float)) => query.bind(float),
                (None, None) => return Err(InsertError::Row(format!("{name} is too large"))),
            },
            Value::Object(blob) => {
                let bytes = blob.get("base64").and_then(Value::as_str);
                let bytes = bytes.and_then(|text| STANDARD.decode(text).ok());
                query.bind(bytes.ok_or_else(|| InsertError::Row(format!("{name} is not a blob")))?)
            }
            Value::Null | Value::Array(_) => {
                return Err(InsertError::Row(format!(
                    "{name} is not a value of a table"
                )));
            }
        };
    }
    Ok(query)
}
