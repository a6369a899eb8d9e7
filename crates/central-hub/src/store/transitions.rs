//! Changes the states of messages, together with their history. No other module
//! changes a message's state.

use session_api::Timestamp;

use super::error::StoreError;
use super::message_history::{Change, note};
use super::message_state::MessageState;
use super::messages::Message;
use super::rows::{now, wa_key};
use super::{Store, Tx, webhook_events};

impl Store {
    /// Moves a message to another state if that is allowed. Returns the changed
    /// message, or `None` if it did not move or does not exist.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change(&self, id: i64, change: Change<'_>) -> Result<Option<Message>, StoreError> {
        let mut tx = self.begin().await?;
        let changed = self.change_in(&mut tx, id, change).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Moves a message like [`Store::change`], within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_in(
        &self,
        tx: &mut Tx,
        id: i64,
        change: Change<'_>,
    ) -> Result<Option<Message>, StoreError> {
        let look = self.engine().pick(
            "SELECT * FROM messages WHERE id = $1",
            "SELECT * FROM messages WHERE id = $1 FOR UPDATE",
        );
        let row = sqlx::query(look).bind(id).fetch_optional(&mut **tx).await?;
        let Some(row) = row else { return Ok(None) };
        let before = Message::read(&row)?;
        let mut change = change;
        // The ack may have arrived before the response to the send.
        let key = change.wa_id.or(before.wa_id.as_deref()).map(wa_key);
        if change.to == MessageState::Sent
            && let Some(key) = key
            && let Some(told) = take_early_ack(tx, key).await?
        {
            change.to = change.to.max(told);
        }
        if !before.state.leads_to(change.to) {
            return Ok(None);
        }
        let at = now();
        let failed = change.to == MessageState::Failed;
        let row = sqlx::query(
            "UPDATE messages SET state = $1, error_code = $2, error_message = $3,
                 wa_id = COALESCE($4, wa_id), wa_key = COALESCE($5, wa_key),
                 due_at = $6, claimed_by = NULL, undecided_at = NULL, updated_at = $7
             WHERE id = $8 RETURNING *",
        )
        .bind(change.to.as_str())
        .bind(failed.then_some(change.cause))
        .bind(change.detail.filter(|_| failed))
        .bind(change.wa_id)
        .bind(change.wa_id.map(wa_key))
        .bind(change.due.map_or(at, Timestamp::as_millis))
        .bind(at)
        .bind(id)
        .fetch_one(&mut **tx)
        .await?;
        note(tx, id, Some(before.state), change, at).await?;
        self.note_moved_in(tx, &before, change.to).await?;
        let message = Message::read(&row)?;
        if let Some(data) = webhook_events::ack(&message, before.state, &change) {
            let topic = webhook_events::Topic::Ack;
            self.enqueue_delivery_in(tx, topic, message.cliente_id, &data)
                .await?;
        }
        if before.wa_id.is_none() && message.wa_id.is_some() {
            // A reaction may also have arrived before the response.
            self.apply_early_changes_in(tx, &message).await?;
        }
        Ok(Some(message))
    }

    /// Applies an ack from WhatsApp. Returns the message if it moved. An ack
    /// for a message that is not known yet is kept until it is.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn acknowledge(
        &self,
        wa_id: &str,
        state: MessageState,
    ) -> Result<Option<Message>, StoreError> {
        let mut tx = self.begin().await?;
        let acknowledged = self.acknowledge_in(&mut tx, wa_id, state).await?;
        tx.commit().await?;
        Ok(acknowledged)
    }

    /// Applies an ack like [`Store::acknowledge`], within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn acknowledge_in(
        &self,
        tx: &mut Tx,
        wa_id: &str,
        state: MessageState,
    ) -> Result<Option<Message>, StoreError> {
        let key = wa_key(wa_id);
        let id: Option<i64> = sqlx::query_scalar(
            "SELECT id FROM messages WHERE wa_key = $1 AND direction = 'out' ORDER BY id DESC LIMIT 1",
        )
        .bind(key)
        .fetch_optional(&mut **tx)
        .await?;
        let Some(id) = id else {
            keep_early_ack(tx, key, state).await?;
            return Ok(None);
        };
        let change = Change {
            wa_id: Some(wa_id),
            ..Change::to(state, "ACK")
        };
        self.change_in(tx, id, change).await
    }
}

/// How long early acks are kept, in milliseconds. Acks of messages that were
/// not sent through the hub would otherwise be kept forever.
const EARLY_ACKS_KEPT_MS: i64 = 24 * 3600 * 1000;

async fn keep_early_ack(tx: &mut Tx, key: &str, state: MessageState) -> Result<(), StoreError> {
    let at = now();
    let early_state: Option<String> =
        sqlx::query_scalar("SELECT state FROM early_acks WHERE wa_key = $1")
            .bind(key)
            .fetch_optional(&mut **tx)
            .await?;
    let early_state = early_state.and_then(|text| MessageState::read(&text).ok());
    let state = early_state.map_or(state, |early: MessageState| early.max(state));
    sqlx::query(
        "INSERT INTO early_acks (wa_key, state, at) VALUES ($1, $2, $3)
         ON CONFLICT (wa_key) DO UPDATE SET state = excluded.state, at = excluded.at",
    )
    .bind(key)
    .bind(state.as_str())
    .bind(at)
    .execute(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM early_acks WHERE at < $1")
        .bind(at - EARLY_ACKS_KEPT_MS)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn take_early_ack(
    tx: &mut Tx,
    key: &str,
) -> Result<Option<MessageState>, StoreError> {
    let told: Option<String> =
        sqlx::query_scalar("DELETE FROM early_acks WHERE wa_key = $1 RETURNING state")
            .bind(key)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(told.and_then(|text| MessageState::read(&text).ok()))
}
