//! Provides `Store`, the SQL of the table `sends`: one connection for writing, several for reading.

use session_api::{Content, InboundMedia, Timestamp};
use sqlx::SqlitePool;
use tokio::sync::broadcast;

use super::append::publish_ack;
use super::error::LedgerError;
use super::insert_media::insert_sent_media;
use super::send_row::Row;
use super::send_state_machine::{SendEvent, SendState, next};
use super::writer::{WriteTx, Writer};
use crate::event_log::EventLog;

/// A send to be inserted.
#[derive(Clone, Copy)]
pub struct NewSend<'a> {
    /// The `Idempotency-Key` of the request.
    pub idempotency_key: Option<&'a str>,
    /// The SHA-256 digest of the request, to compare repeated requests.
    pub body_hash: &'a [u8],
    /// The recipient, as `…@c.us` or `…@lid`.
    pub recipient: &'a str,
    /// All known addresses of the recipient. The first one stands for all of them.
    pub lane: &'a [String],
    /// The content of the message.
    pub content: &'a Content,
    /// The last part of the WhatsApp message id, chosen before sending.
    pub wa_key: &'a str,
}

/// The data that accompanies a transition.
#[derive(Clone, Copy, Debug, Default)]
pub struct TransitionData<'a> {
    /// WhatsApp's full message id.
    pub message_id: Option<&'a str>,
    /// The error code of the failure.
    pub error: Option<&'a str>,
    /// The file that was sent, once the server has it.
    pub media: Option<&'a InboundMedia>,
    /// The content of the message, for a retry.
    pub content: Option<&'a Content>,
    /// The recipient, for a retry of a send whose chat was forgotten.
    pub recipient: Option<&'a str>,
}

/// The open ledger file; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// The writing connection.
    pub(super) pool: SqlitePool,
    /// The reading connections, which see committed data and never wait for the writer.
    pub(super) readers: SqlitePool,
    pub(super) writer: Writer,
    pub(super) log: EventLog,
    pub(super) row_changes: broadcast::Sender<i64>,
}

impl Store {
    /// Subscribes to the ids of rows that change.
    pub fn row_changes(&self) -> broadcast::Receiver<i64> {
        self.row_changes.subscribe()
    }

    /// Inserts a new send. Returns `None` if its idempotency key is known. With `at_once` the row
    /// starts as `sending`, unless an earlier send to the same recipient still has an unknown
    /// outcome.
    pub async fn insert(
        &self,
        send: NewSend<'_>,
        at_once: bool,
    ) -> Result<Option<Row>, LedgerError> {
        let query = sqlx::query(
            "INSERT INTO sends (wa_key, idempotency_key, body_hash, recipient, kind, content, file_id, created_at, lane, state, attempted_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?10 ->> 0,
               CASE WHEN go THEN 'sending' ELSE 'accepted' END, CASE WHEN go THEN ?8 END
             FROM (SELECT ?9 AND NOT EXISTS (
               SELECT 1 FROM sends WHERE (lane IN (SELECT value FROM json_each(?10))
                   OR recipient IN (SELECT value FROM json_each(?10)))
                 AND state IN ('sending', 'unconfirmed') AND undecided_at IS NULL) AS go)
             WHERE TRUE
             ON CONFLICT (idempotency_key) DO NOTHING RETURNING *",
        )
        .bind(send.wa_key.to_owned())
        .bind(send.idempotency_key.map(str::to_owned))
        .bind(send.body_hash.to_owned())
        .bind(send.recipient.to_owned())
        .bind(send.content.kind())
        .bind(to_json(send.content)?)
        .bind(file_of(send.content).map(str::to_owned))
        .bind(Timestamp::now().as_millis())
        .bind(at_once)
        .bind(json_list(send.lane));
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let row = query.fetch_optional(tx.connection).await?;
                    row.as_ref().map(Row::read).transpose()
                })
            })
            .await
    }

    /// Returns the send with this row id.
    pub async fn get(&self, id: i64) -> Result<Option<Row>, LedgerError> {
        let row = sqlx::query("SELECT * FROM sends WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(Row::read).transpose()?)
    }

    /// Returns the send with this idempotency key.
    pub async fn by_idempotency_key(&self, key: &str) -> Result<Option<Row>, LedgerError> {
        let row = sqlx::query("SELECT * FROM sends WHERE idempotency_key = ?")
            .bind(key)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(Row::read).transpose()?)
    }

    /// Returns the send with this id: WhatsApp's full id, or the ledger's.
    pub async fn find(&self, id: &str) -> Result<Option<Row>, LedgerError> {
        // The parts of `true_<chat>_<key>`.
        let (is_own, key) = match id.split('_').collect::<Vec<_>>()[..] {
            [key] => (true, key),
            [is_own, _, key] => (is_own == "true", key),
            _ => (false, id),
        };
        if !is_own {
            return Ok(None);
        }
        let row = sqlx::query("SELECT * FROM sends WHERE wa_key = ?")
            .bind(key)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(Row::read).transpose()?)
    }

    /// Returns the sends with an unknown outcome that the service has to settle, oldest first:
    /// those to the recipient with these addresses, or all of them.
    ///
    /// The page may know different addresses of a person at different times, so both the lane and
    /// the address that the caller wrote are compared.
    pub async fn unsettled(&self, lane: Option<&[String]>) -> Result<Vec<Row>, LedgerError> {
        let rows = sqlx::query(
            "SELECT * FROM sends WHERE state IN ('sending', 'unconfirmed') AND undecided_at IS NULL
             AND (?1 IS NULL OR lane IN (SELECT value FROM json_each(?1))
               OR recipient IN (SELECT value FROM json_each(?1)))
             -- By the partial index of these states, not by the key.
             ORDER BY +id LIMIT 1000",
        )
        .bind(lane.map(json_list))
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.iter().map(Row::read).collect::<Result<_, _>>()?)
    }

    /// Returns the number of unsettled sends, and when the oldest was created, in milliseconds
    /// since 1970.
    pub async fn unsettled_count(&self) -> Result<(u64, Option<i64>), LedgerError> {
        let (count, oldest): (i64, Option<i64>) = sqlx::query_as(
            "SELECT COUNT(*), MIN(created_at) FROM sends \
             WHERE state IN ('sending', 'unconfirmed') AND undecided_at IS NULL",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok((count.unsigned_abs(), oldest))
    }

    /// Returns the number of sends that wait for a person's decision.
    pub async fn undecided_count(&self) -> Result<u64, LedgerError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM sends
             WHERE state IN ('sending', 'unconfirmed') AND undecided_at IS NOT NULL",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(count.unsigned_abs())
    }

    /// Records an attempt to settle a send. Returns the number of attempts so far.
    pub async fn record_settle_try(&self, id: i64) -> Result<u32, LedgerError> {
        let tries = sqlx::query_scalar(
            "UPDATE sends SET settle_tries = settle_tries + 1, settle_tried_at = ?2
             WHERE id = ?1 RETURNING settle_tries",
        )
        .bind(id)
        .bind(Timestamp::now().as_millis())
        .fetch_one(&self.pool)
        .await?;
        Ok(tries)
    }

    /// Leaves a send to a person's decision. Returns whether the send was still unsettled.
    pub async fn leave_undecided(&self, id: i64) -> Result<bool, LedgerError> {
        let result = sqlx::query(
            "UPDATE sends SET undecided_at = ?2, state = 'unconfirmed'
             WHERE id = ?1 AND state IN ('sending', 'unconfirmed') AND undecided_at IS NULL",
        )
        .bind(id)
        .bind(Timestamp::now().as_millis())
        .execute(&self.pool)
        .await?;
        // It is not an error if nobody subscribes.
        let _ = self.row_changes.send(id);
        Ok(result.rows_affected() > 0)
    }

    /// Applies an event to a send. Returns the row afterwards, and whether it changed.
    pub async fn apply(
        &self,
        id: i64,
        event: SendEvent,
        data: TransitionData<'_>,
    ) -> Result<(Row, bool), LedgerError> {
        self.queue_transition(id, event, data).await.await
    }

    /// Works like [`Self::apply`], but returns as soon as the write is queued. Later writes are
    /// committed after this one, or together with it.
    pub async fn queue_transition(
        &self,
        id: i64,
        event: SendEvent,
        data: TransitionData<'_>,
    ) -> impl Future<Output = Result<(Row, bool), LedgerError>> + Send + 'static {
        let message_id = data.message_id.map(str::to_owned);
        let error = data.error.map(str::to_owned);
        let media = data.media.cloned();
        let content = data.content.cloned();
        let recipient = data.recipient.map(str::to_owned);
        let queued = self
            .writer
            .queue(move |tx| {
                Box::pin(async move {
                    let row = sqlx::query("SELECT * FROM sends WHERE id = ?")
                        .bind(id)
                        .fetch_optional(&mut *tx.connection)
                        .await?;
                    let Some(row) = row.as_ref().map(Row::read).transpose()? else {
                        return Ok(None);
                    };
                    let data = TransitionData {
                        message_id: message_id.as_deref(),
                        error: error.as_deref(),
                        media: media.as_ref(),
                        content: content.as_ref(),
                        recipient: recipient.as_deref(),
                    };
                    let after = apply_transition(tx, &row, event, data).await?;
                    let is_changed = after.is_some();
                    Ok(Some((after.unwrap_or(row), is_changed)))
                })
            })
            .await;
        async move { queued.await?.ok_or_else(|| sqlx::Error::RowNotFound.into()) }
    }

    /// Runs a trivial query, to check that the database responds.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Waits until all queued writes are on disk or have failed.
    pub async fn flush(&self) -> Result<(), LedgerError> {
        self.writer.flush().await
    }
}

/// Applies an event to a send within a transaction. Appends the ack event if callers can see the
/// change. Returns `None` if nothing changes.
pub(super) async fn apply_transition(
    tx: WriteTx<'_>,
    row: &Row,
    event: SendEvent,
    data: TransitionData<'_>,
) -> Result<Option<Row>, sqlx::Error> {
    let Some(state) = next(row.state, event) else {
        return Ok(None);
    };
    let now = Timestamp::now().as_millis();
    // Keep the content only while the message may have to be sent again.
    let keeps_content = state == SendState::Accepted || state.is_unsettled();
    let content = data.content.or(row.content.as_ref());
    let content = content.filter(|_| keeps_content);
    let after = sqlx::query(
        "UPDATE sends SET
           state = ?1,
           -- Of a forgotten chat it stays unknown: it contains the number.
           message_id = CASE WHEN recipient = '' AND ?9 IS NULL THEN NULL
                             ELSE COALESCE(?2, message_id) END,
           recipient = CASE WHEN recipient = '' THEN COALESCE(?9, '') ELSE recipient END,
           error = ?3,
           text = NULL,
           content = ?4,
           file_id = ?8,
           attempted_at = CASE WHEN ?1 = 'sending' THEN ?5 ELSE attempted_at END,
           settle_tries = CASE WHEN ?1 IN ('sending', 'unconfirmed') THEN settle_tries ELSE 0 END,
           undecided_at = CASE WHEN ?1 = 'unconfirmed' THEN undecided_at END,
           unconfirmed_at = CASE WHEN ?1 = 'unconfirmed' THEN ?5 ELSE unconfirmed_at END,
           failed_at = CASE WHEN ?1 = 'failed' THEN ?5 END,
           sent_at = CASE WHEN ?6 THEN COALESCE(sent_at, ?5) ELSE sent_at END,
           delivered_at = CASE WHEN ?1 = 'delivered' THEN ?5 ELSE delivered_at END,
           read_at = CASE WHEN ?1 = 'read' THEN ?5 ELSE read_at END,
           played_at = CASE WHEN ?1 = 'played' THEN ?5 ELSE played_at END
         WHERE id = ?7 RETURNING *",
    )
    .bind(state.as_str())
    .bind(data.message_id)
    .bind(data.error.filter(|_| state == SendState::Failed))
    .bind(content.map(to_json).transpose()?)
    .bind(now)
    .bind(state.is_taken())
    .bind(row.id)
    .bind(content.and_then(file_of))
    .bind(data.recipient)
    .fetch_one(&mut *tx.connection)
    .await?;
    let after = Row::read(&after)?;
    tx.moved.push(after.id);
    // A send that was rejected before any attempt gets no ack event.
    if after.state.is_taken() || (after.state == SendState::Failed && row.state.is_unsettled()) {
        let WriteTx {
            connection, ticket, ..
        } = tx;
        // Told once, with the first ack of the server.
        let media = data
            .media
            .filter(|_| after.state.is_taken() && !row.state.is_taken());
        let media = match (media, &after.message_id) {
            (Some(media), Some(message_id)) => {
                insert_sent_media(connection, message_id, &after.kind, media).await?;
                Some(media)
            }
            _ => None,
        };
        publish_ack(
            connection,
            ticket,
            after.public_id(),
            after.state.ack(),
            media,
        )
        .await?;
    }
    Ok(Some(after))
}

fn to_json(content: &Content) -> Result<String, sqlx::Error> {
    serde_json::to_string(content).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// Returns the list as JSON. Serializing strings cannot fail.
fn json_list(list: &[String]) -> String {
    serde_json::to_string(list).unwrap_or_default()
}

/// Returns the id of the file that `content` needs; `None` if it needs none.
fn file_of(content: &Content) -> Option<&str> {
    content.media()?.1.file_id.as_deref()
}

#[cfg(test)]
mod tests;
