//! Converts between database rows and values: timestamps, WhatsApp's message
//! keys, and the error for a value of a later version.

use session_api::Timestamp;

use super::error::StoreError;

/// Returns the current time as it is stored, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_millis()
}

/// Returns the last part of WhatsApp's id, which identifies a message even if
/// the chat's id has another form. The id is `true_<chat>_<key>`, with one more
/// part in a group.
pub(crate) fn wa_key(wa_id: &str) -> &str {
    match wa_id.split('_').collect::<Vec<_>>()[..] {
        ["true" | "false", _, key, ..] => key,
        _ => wa_id,
    }
}

/// Replaces NUL, which PostgreSQL cannot store in a text.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Converts an optional stored time.
pub(crate) fn optional_timestamp(millis: Option<i64>) -> Option<Timestamp> {
    millis.and_then(Timestamp::from_millis)
}

pub(crate) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap_or_else(Timestamp::now)
}

/// Returns the error for a value that only a later version can have written.
pub(crate) fn unknown_value(what: &str) -> StoreError {
    StoreError::Query(sqlx::Error::Decode(
        format!("{what} from a later version").into(),
    ))
}
