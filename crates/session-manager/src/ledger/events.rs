//! Manages the events table: records incoming messages and acks before they are published.
//!
//! ```text
//!  page ──> Seen ──record──┬─ known, or sent by this service ─> nothing
//!                          ├─ cannot be read yet ─> `unreadable` ─a minute─> `events`,
//!                          │                             as a message without a text
//!                          └─ new ─> `events`, with its id ─> log ─> clients
//! ```
//!
//! All waiting writes share one transaction, so that a burst costs only one flush of the disk.

use std::sync::Arc;

use metrics::counter;
use session_api::{CallEvent, Event, EventKind, InboundMedia, MessageEvent, Timestamp};
use sqlx::{Row as _, SqliteConnection};

use super::append::{RESERVED_IDS, append_event, publish_ack, sqlite_id};
use super::error::LedgerError;
use super::forgotten::forgotten_hash;
use super::insert_media::insert_media;
use super::message_changes::is_own_edit;
use super::message_id::{change_key, inbound_dedup_key, sent_key};
use super::send_row::Row;
use super::send_state_machine::SendEvent;
use super::store::{Store, TransitionData, apply_transition};
use super::writer::WriteTx;
use crate::event_log::{Logged, Ticket, id_of, json};

/// The page's type of a message that it cannot decrypt.
const UNREADABLE: &str = "ciphertext";

/// A message, change, call or ack to be recorded.
#[derive(Clone)]
pub enum NewEvent {
    /// A message was received, or was sent from another device.
    Message {
        /// The event to publish.
        message: Box<MessageEvent>,
        /// WhatsApp's numeric delivery state, -1 to 4.
        ack: i8,
    },
    /// A message was edited, deleted or reacted to.
    Change {
        /// Identifies the change among those of its kind, as WhatsApp's id does for a message.
        key: String,
        /// The event to publish.
        event: Box<Event>,
    },
    /// An incoming call was not answered.
    Call(Box<CallEvent>),
    /// The delivery state of a sent message changed.
    Ack {
        /// WhatsApp's full message id.
        message_id: String,
        /// WhatsApp's numeric delivery state, -1 to 4.
        ack: i8,
        /// The file that was sent, once the server has it.
        media: Option<Box<InboundMedia>>,
    },
}

/// The result of recording a batch.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Number of events that were published.
    pub published: usize,
    /// The ids of the sends whose state changed.
    pub moved: Vec<i64>,
}

impl Store {
    /// Records and publishes those events of `batch` that are new, in order.
    pub async fn record(&self, batch: Vec<NewEvent>) -> Result<Recorded, LedgerError> {
        self.writer
            .write(move |mut tx| {
                Box::pin(async move {
                    let published_before = tx.ticket.len();
                    let mut moved = Vec::new();
                    for event in &batch {
                        match event {
                            NewEvent::Message { message, ack } => {
                                record_message(tx.connection, tx.ticket, message, *ack).await?;
                            }
                            NewEvent::Change { key, event } => {
                                record_change(tx.connection, tx.ticket, key, event).await?;
                            }
                            NewEvent::Call(call) => {
                                record_call(tx.connection, tx.ticket, call).await?;
                            }
                            NewEvent::Ack {
                                message_id,
                                ack,
                                media,
                            } => {
                                let tx = tx.reborrow();
                                let media = media.as_deref();
                                moved.extend(record_ack(tx, message_id, *ack, media).await?);
                            }
                        }
                    }
                    let published = tx.ticket.len() - published_before;
                    Ok(Recorded { published, moved })
                })
            })
            .await
    }

    /// Publishes, once each, the messages that have been unreadable since before `before`. Returns
    /// how many were published.
    pub async fn publish_unreadable(&self, before: Timestamp) -> Result<usize, LedgerError> {
        let due: Vec<(String, String)> = sqlx::query_as(
            "SELECT message_id, data FROM unreadable
             WHERE told_at IS NULL AND data IS NOT NULL AND at <= ? ORDER BY at LIMIT 500",
        )
        .bind(before.as_millis())
        .fetch_all(&self.pool)
        .await?;
        if due.is_empty() {
            return Ok(0);
        }
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let mut told = 0;
                    for (message_id, data) in due {
                        let is_new =
                            publish_unreadable(tx.connection, tx.ticket, &message_id, data);
                        told += usize::from(is_new.await?);
                    }
                    Ok(told)
                })
            })
            .await
    }

    /// Returns the events after `after` and before `before`, oldest first.
    pub async fn events(
        &self,
        after: u64,
        before: u64,
        limit: u32,
    ) -> Result<Vec<Logged>, LedgerError> {
        let rows = sqlx::query(
            "SELECT id, kind, data FROM events WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
        )
        .bind(sqlite_id(after))
        .bind(sqlite_id(before))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let kind: String = row.try_get("kind")?;
            let data: String = row.try_get("data")?;
            events.push(Logged {
                id: row.try_get::<i64, _>("id")?.cast_unsigned(),
                // Only this service's own kinds are stored.
                kind: EventKind::from_name(&kind).unwrap_or(EventKind::Ack),
                data: data.into(),
            });
        }
        Ok(events)
    }

    /// Returns the id after which all events are kept; earlier events may have been pruned.
    pub async fn kept_after(&self) -> Result<u64, LedgerError> {
        let id: i64 = sqlx::query_scalar("SELECT kept_after FROM event_log")
            .fetch_one(&self.pool)
            .await?;
        Ok(id.cast_unsigned())
    }

    /// Deletes events from before `before`, and returns how many. Events that a search of the
    /// page's store may return again are kept for dedup.
    pub async fn prune_events(&self, before: Timestamp) -> Result<u64, LedgerError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let searched_until: Option<i64> =
            sqlx::query_scalar("SELECT MIN(seen_until) FROM accounts WHERE linked")
                .fetch_one(&mut *transaction)
                .await?;
        let searched_until = searched_until
            .and_then(|seconds| Timestamp::from_millis((seconds - super::OVERLAP_SECONDS) * 1000));
        let before = searched_until.map_or(before, |searched_until| searched_until.min(before));
        let result = sqlx::query("DELETE FROM events WHERE id < ?")
            .bind(sqlite_id(id_of(before)))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "UPDATE event_log SET kept_after = MAX(kept_after, MIN(?1, ids_until)),
                                  ids_until = MAX(ids_until, ?2)",
        )
        .bind(sqlite_id(id_of(before)))
        .bind(sqlite_id(self.log.last_id() + RESERVED_IDS))
        .execute(&mut *transaction)
        .await?;
        for old in [
            "DELETE FROM acks WHERE at < ?",
            "DELETE FROM unreadable WHERE at < ?",
            // This time is later than the message's own.
            "DELETE FROM forgotten WHERE at < ?",
        ] {
            sqlx::query(old)
                .bind(before.as_millis())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(result.rows_affected())
    }

    /// Reserves ids that no process has used, and some more in advance.
    pub(super) async fn reserve_ids(&self) -> Result<(), LedgerError> {
        let now = sqlite_id(self.log.last_id());
        // A new file contains no earlier events.
        let until: i64 = sqlx::query_scalar(
            "INSERT INTO event_log (one, ids_until, kept_after) VALUES (1, ?1, ?1)
             ON CONFLICT (one) DO UPDATE SET ids_until = MAX(ids_until, ?1)
             RETURNING ids_until",
        )
        .bind(now)
        .fetch_one(&self.pool)
        .await?;
        self.log.raise(until.cast_unsigned());
        sqlx::query("UPDATE event_log SET ids_until = ?")
            .bind(sqlite_id(until.cast_unsigned() + RESERVED_IDS))
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

async fn record_message(
    transaction: &mut SqliteConnection,
    ticket: &mut Ticket,
    message: &MessageEvent,
    ack: i8,
) -> Result<(), sqlx::Error> {
    if let Some(key) = sent_key(&message.message_id) {
        let own_send = sqlx::query("SELECT 1 FROM sends WHERE wa_key = ?")
            .bind(key)
            .fetch_optional(&mut *transaction)
            .await?;
        if own_send.is_some() {
            return Ok(());
        }
    }
    let now = Timestamp::now().as_millis();
    let key = inbound_dedup_key(&message.message_id);
    if message.kind == UNREADABLE {
        sqlx::query(
            "INSERT INTO unreadable (message_id, at, data) SELECT ?1, ?2, ?4
             WHERE NOT EXISTS (SELECT 1 FROM events WHERE message_key = ?3)
               AND NOT EXISTS (SELECT 1 FROM forgotten WHERE hash = ?5)
             ON CONFLICT (message_id) DO UPDATE SET data = excluded.data
             WHERE unreadable.data IS NULL",
        )
        .bind(&message.message_id)
        .bind(now)
        .bind(&key)
        .bind(message_json(message).as_deref())
        .bind(forgotten_hash(&key))
        .execute(&mut *transaction)
        .await?;
        return Ok(());
    }
    let Some(data) = message_json(message) else {
        return Ok(());
    };
    if !append_event(transaction, ticket, EventKind::Message, Some(&key), data).await? {
        return Ok(());
    }
    insert_media(transaction, message).await?;
    sqlx::query("DELETE FROM unreadable WHERE message_id = ?")
        .bind(&message.message_id)
        .execute(&mut *transaction)
        .await?;
    if message.from_me {
        raise_ack(transaction, &message.message_id, ack.max(0), now).await?;
    }
    Ok(())
}

/// Records a change of a message, with dedup by the change's own key: one message may be edited
/// several times, and may be addressed by number and by LID.
async fn record_change(
    transaction: &mut SqliteConnection,
    ticket: &mut Ticket,
    key: &str,
    event: &Event,
) -> Result<(), sqlx::Error> {
    let Some(data) = json(event) else {
        return Ok(());
    };
    if is_own_edit(transaction, key).await? {
        return Ok(());
    }
    let kind = event.kind();
    let key = change_key(kind, key);
    append_event(transaction, ticket, kind, Some(&key), data).await?;
    Ok(())
}

async fn record_call(
    transaction: &mut SqliteConnection,
    ticket: &mut Ticket,
    call: &CallEvent,
) -> Result<(), sqlx::Error> {
    let key = inbound_dedup_key(&call.call_id);
    let Some(data) = json(&Event::Call(call.clone())) else {
        return Ok(());
    };
    append_event(transaction, ticket, EventKind::Call, Some(&key), data).await?;
    Ok(())
}

/// Publishes an unreadable message. Returns whether that was new.
async fn publish_unreadable(
    transaction: &mut SqliteConnection,
    ticket: &mut Ticket,
    message_id: &str,
    data: String,
) -> Result<bool, sqlx::Error> {
    let key = inbound_dedup_key(message_id);
    // The same message may have arrived by number and by LID.
    let read = sqlx::query("SELECT 1 FROM events WHERE message_key = ?")
        .bind(&key)
        .fetch_optional(&mut *transaction)
        .await?;
    if read.is_some() {
        sqlx::query("DELETE FROM unreadable WHERE message_id = ?")
            .bind(message_id)
            .execute(&mut *transaction)
            .await?;
        return Ok(false);
    }
    // Use a separate key: if the text arrives later, it is an event as well.
    let key = format!("unreadable:{key}");
    let is_new = append_event(
        transaction,
        ticket,
        EventKind::Message,
        Some(&key),
        data.into(),
    )
    .await?;
    sqlx::query("UPDATE unreadable SET told_at = ? WHERE message_id = ?")
        .bind(Timestamp::now().as_millis())
        .bind(message_id)
        .execute(&mut *transaction)
        .await?;
    if is_new {
        counter!("leadmaster_inbound_unreadable_total").increment(1);
    }
    Ok(is_new)
}

/// Records an ack. Returns the send whose state changed, if this service sent the message.
async fn record_ack(
    tx: WriteTx<'_>,
    message_id: &str,
    ack: i8,
    media: Option<&InboundMedia>,
) -> Result<Option<i64>, sqlx::Error> {
    let Some(key) = sent_key(message_id) else {
        return Ok(None);
    };
    let known = sqlx::query("SELECT * FROM sends WHERE wa_key = ?")
        .bind(key)
        .fetch_optional(&mut *tx.connection)
        .await?;
    if let Some(row) = known {
        let row = Row::read(&row)?;
        let data = TransitionData {
            message_id: Some(message_id),
            media,
            ..TransitionData::default()
        };
        let moved = apply_transition(tx, &row, SendEvent::Ack(ack), data).await?;
        return Ok(moved.map(|row| row.id));
    }
    let now = Timestamp::now().as_millis();
    if raise_ack(tx.connection, message_id, ack, now).await? && ack != 0 {
        publish_ack(tx.connection, tx.ticket, message_id, ack, None).await?;
    }
    Ok(None)
}

/// Raises the ack of a message that the owner sent from another device. Returns `false` if the new
/// ack is not higher.
async fn raise_ack(
    transaction: &mut SqliteConnection,
    message_id: &str,
    ack: i8,
    now: i64,
) -> Result<bool, sqlx::Error> {
    // The server's ack ends a failure. Until then, a failure is published once.
    let result = sqlx::query(
        "INSERT INTO acks (message_id, ack, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (message_id) DO UPDATE SET ack = ?2, at = ?3
         WHERE CASE WHEN ?2 < 1 THEN ?2 < 0 AND ack = 0 ELSE ?2 > ack END",
    )
    .bind(message_id)
    .bind(ack)
    .bind(now)
    .execute(&mut *transaction)
    .await?;
    Ok(result.rows_affected() > 0)
}

fn message_json(message: &MessageEvent) -> Option<Arc<str>> {
    let mut message = message.clone();
    if message.kind == UNREADABLE {
        message.body.clear();
    }
    json(&Event::Message(message))
}

#[cfg(test)]
mod tests;
