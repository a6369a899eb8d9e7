//! Appends one event to the table `events`, inside a transaction of the writer.

use std::sync::Arc;

use metrics::counter;
use session_api::{AckEvent, Event, EventKind, InboundMedia, Timestamp};
use sqlx::SqliteConnection;

use super::forgotten::forgotten_hash;
use super::send_state_machine::SendState;
use crate::event_log::{Ticket, json};

/// Number of event ids that are reserved at once. An id that was used only in memory must not be
/// reused after a restart, whatever the clock reads then.
pub(super) const RESERVED_IDS: u64 = 20_000;

/// Converts an event id to an SQLite integer. SQLite has no larger integers.
pub(super) fn sqlite_id(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// Appends the event that reports a new delivery state.
pub(super) async fn publish_ack(
    transaction: &mut SqliteConnection,
    ticket: &mut Ticket,
    message_id: &str,
    ack: i8,
    media: Option<&InboundMedia>,
) -> Result<(), sqlx::Error> {
    let status = SendState::from_ack(ack).as_str();
    let event = Event::Ack(AckEvent {
        message_id: message_id.to_owned(),
        ack,
        status: status.to_owned(),
        media: media.cloned().map(Box::new),
        at: Timestamp::now(),
    });
    if let Some(data) = json(&event) {
        append_event(transaction, ticket, EventKind::Ack, None, data).await?;
        counter!("leadmaster_acks_total", "status" => status).increment(1);
    }
    Ok(())
}

/// Appends an event. Returns whether its message key was new, that is, neither known nor forgotten.
pub(super) async fn append_event(
    transaction: &mut SqliteConnection,
    ticket: &mut Ticket,
    kind: EventKind,
    message_key: Option<&str>,
    data: Arc<str>,
) -> Result<bool, sqlx::Error> {
    let id = ticket.next_id();
    let result = sqlx::query(
        "INSERT INTO events (id, kind, message_key, data) SELECT ?1, ?2, ?3, ?4
         WHERE NOT EXISTS (SELECT 1 FROM forgotten WHERE hash = ?5)
         ON CONFLICT (message_key) DO NOTHING",
    )
    .bind(sqlite_id(id))
    .bind(kind.as_str())
    .bind(message_key)
    .bind(&*data)
    .bind(message_key.map(forgotten_hash))
    .execute(&mut *transaction)
    .await?;
    if result.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("UPDATE event_log SET ids_until = ?1 WHERE ids_until < ?2")
        .bind(sqlite_id(id + RESERVED_IDS))
        .bind(sqlite_id(id + RESERVED_IDS / 2))
        .execute(&mut *transaction)
        .await?;
    ticket.record_written(kind, data);
    Ok(true)
}
