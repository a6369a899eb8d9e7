//! Conversions between database rows and values: timestamps, WhatsApp's message
//! keys, and the error for a value of a later version.

use session_api::Timestamp;

use super::error::StoreError;

/// Now, as it is stored.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_millis()
}

/// The last part of WhatsApp's id, by which a message is known even where the
/// chat's id is written in another way: `true_<chat>_<key>`, and in a group
/// one part more.
pub(crate) fn wa_key(wa_id: &str) -> &str {
    match wa_id.split('_').collect::<Vec<_>>()[..] {
        ["true" | "false", _, key, ..] => key,
        _ => wa_id,
    }
}

/// A moment that may not have come, as it is stored.
pub(crate) fn optional_timestamp(millis: Option<i64>) -> Option<Timestamp> {
    millis.and_then(Timestamp::from_millis)
}

pub(crate) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap_or_else(Timestamp::now)
}

/// A row that only a later version of this service can have written.
pub(crate) fn unknown_value(what: &str) -> StoreError {
    StoreError::Query(sqlx::Error::Decode(
        format!("{what} of a later version").into(),
    ))
}
