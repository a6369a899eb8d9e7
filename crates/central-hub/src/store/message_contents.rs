//! Reads and writes the columns of a message's content, edits and reactions.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::rows::{optional_timestamp, unknown_value};
use crate::message_content::{Content, Contents};

/// The hub's message type of a missed call.
pub(super) const CALL: &str = "call";

/// Reads the contents of a row. Returns `None` for a plain text.
pub(super) fn read_contents(row: &AnyRow) -> Result<Option<Contents>, StoreError> {
    let contents = Contents {
        content: parsed(row, "content")?.unwrap_or_default(),
        texts: parsed(row, "edits")?,
        reactions: parsed(row, "reactions")?.unwrap_or_default(),
        deleted_at: optional_timestamp(row.try_get("deleted_at")?),
    };
    Ok(Some(contents).filter(|it| *it != Contents::default()))
}

fn parsed<T: DeserializeOwned>(row: &AnyRow, column: &str) -> Result<Option<T>, StoreError> {
    let json: Option<&str> = row.try_get(column)?;
    json.map(|json| serde_json::from_str(json).map_err(|_| unknown_value(column)))
        .transpose()
}

/// Serializes the content for its column. Returns `None` if the content is empty.
pub(super) fn stored_content(content: &Content) -> Option<String> {
    (!content.is_empty()).then(|| json(content))
}

/// Serializes a value for its column.
pub(super) fn json(value: &impl Serialize) -> String {
    // The values are plain structs of strings and numbers, so serialization cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
