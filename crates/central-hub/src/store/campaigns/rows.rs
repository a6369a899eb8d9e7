//! Reads columns of campaign rows: timestamps, small integers and business ids.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::store::StoreError;
use crate::store::rows::unknown_value;

pub(super) fn time(row: &AnyRow, column: &str) -> Result<Timestamp, StoreError> {
    let millis: i64 = row.try_get(column)?;
    Timestamp::from_millis(millis).ok_or_else(|| unknown_value("a time"))
}

pub(super) fn optional_time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>, StoreError> {
    let millis: Option<i64> = row.try_get(column)?;
    Ok(millis.and_then(Timestamp::from_millis))
}

/// Converts a stored `BIGINT`. A value out of range, which the hub never
/// writes, becomes the default.
pub(super) fn small<T: TryFrom<i64> + Default>(
    row: &AnyRow,
    column: &str,
) -> Result<T, StoreError> {
    let number: i64 = row.try_get(column)?;
    Ok(T::try_from(number).unwrap_or_default())
}

pub(super) fn optional_id(row: &AnyRow, column: &str) -> Result<Option<u64>, StoreError> {
    let id: Option<i64> = row.try_get(column)?;
    Ok(id.and_then(|id| id.try_into().ok()))
}

pub(super) fn as_id(cliente_id: Option<u64>) -> Option<i64> {
    cliente_id.and_then(|id| id.try_into().ok())
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    // The values are strings in lists and maps, so serialization cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
