//! Exports the database line by line.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::TryStreamExt;
use serde_json::{Map, Value, json};
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{AssertSqlSafe, Column, Row, ValueRef};

use super::{FORMAT_VERSION, Head, Line, Tail, TransferError, quoted, tables, version};
use crate::store::Store;

/// Writes all rows of one snapshot, and returns their number.
///
/// # Errors
/// Any [`TransferError`] of the database or of `out`.
pub async fn export(store: &Store, out: &mut impl Write) -> Result<u64, TransferError> {
    let snapshot = store
        .engine()
        .pick("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ");
    let mut tx = store.reader().begin_with(snapshot).await?;
    let head = Head {
        format: FORMAT_VERSION,
        tables: version(&mut tx).await?,
    };
    line(out, &head)?;
    let mut count = 0;
    for (table, _) in tables(store, &mut tx).await? {
        // The rows are ordered by key, so that two exports of one database are
        // equal: PostgreSQL moves a row that is updated.
        let statement = format!("SELECT * FROM {} ORDER BY 1", quoted(&table));
        let mut rows = sqlx::query(AssertSqlSafe(statement)).fetch(&mut *tx);
        while let Some(row) = rows.try_next().await? {
            let row = to_json(&row)?;
            let table = table.clone();
            line(out, &Line { table, row })?;
            count += 1;
        }
    }
    line(out, &Tail { rows: count })?;
    out.flush()?;
    Ok(count)
}

fn line(out: &mut impl Write, line: &impl serde::Serialize) -> Result<(), TransferError> {
    serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

fn to_json(row: &AnyRow) -> Result<Map<String, Value>, sqlx::Error> {
    let mut map = Map::new();
    for column in row.columns() {
        let at = column.ordinal();
        let value = row.try_get_raw(at)?;
        if value.is_null() {
            continue;
        }
        let kind = value.type_info().kind();
        let json = match kind {
            AnyTypeInfoKind::Text => json!(row.try_get::<String, _>(at)?),
            AnyTypeInfoKind::Blob => {
                json!({"base64": STANDARD.encode(row.try_get::<Vec<u8>, _>(at)?)})
            }
            AnyTypeInfoKind::Real | AnyTypeInfoKind::Double => json!(row.try_get::<f64, _>(at)?),
            AnyTypeInfoKind::Bool => json!(row.try_get::<bool, _>(at)?),
            _ => json!(row.try_get::<i64, _>(at)?),
        };
        map.insert(column.name().to_owned(), json);
    }
    Ok(map)
}
