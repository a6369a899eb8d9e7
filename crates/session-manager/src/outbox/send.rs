//! Handles `POST /send`, from the request to its outcome: idempotency, admission and the row.
//!
//! ```text
//!  key known ──┬─ another body ─> 409
//!              ├─ taken ────────> the same response
//!              ├─ in progress ──> waits for it
//!              ├─ undecided ────> one more try to settle
//!              └─ failed ───────┐
//!  new ─> READY? room? ─> row ──┴─> lock ─> slot ──> `sending` ─> page ─> outcome
//!                          └── lock and slot free: `sending` at once ───^
//! ```
//!
//! A send runs in its own task, so that a caller that disconnects cancels nothing.

use metrics::{counter, histogram};
use rand::Rng;
use session_api::{ErrorCode, SendBody};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::attempt::Begin;
use super::limits::allowance;
use super::outcome::{SendResult, check_same_request, outcome_of, unconfirmed};
use super::{Outbox, Payload};
use crate::error::ApiError;
use crate::ledger::send_state_machine::SendState;
use crate::ledger::{LedgerError, NewSend, Row, Store};

impl Outbox {
    /// Sends a message, and returns the outcome.
    ///
    /// # Errors
    /// As `POST /send` of the contract.
    pub async fn send(
        &self,
        key: Option<&str>,
        cliente_id: Option<u64>,
        payload: Payload,
    ) -> SendResult {
        let started = Instant::now();
        let outcome = self.begin(key, cliente_id, payload).await;
        let outcome_label = outcome
            .as_ref()
            .map_or_else(|error| error.code().as_str(), |_| "sent");
        counter!("leadmaster_sends_total", "outcome" => outcome_label).increment(1);
        histogram!("leadmaster_send_duration_seconds", "outcome" => outcome_label)
            .record(started.elapsed().as_secs_f64());
        tracing::debug!("send: answered after {:.1} ms", millis(started));
        if let Err(error) = &outcome
            && error.code() == ErrorCode::LedgerUnavailable
        {
            self.0.file.check().await;
        }
        outcome
    }

    async fn begin(
        &self,
        key: Option<&str>,
        cliente_id: Option<u64>,
        payload: Payload,
    ) -> SendResult {
        let Payload {
            to: recipient,
            content,
            hash,
            size,
            gate,
        } = payload;
        let started = Instant::now();
        let deadline = started + self.0.limits.deadline + allowance(size);
        let store = self.0.file.store().await?;
        let check_row = |row: Row| check_same_request(row, &hash);
        let known_row = self.known_row(&store, key, &hash).await?;
        if let Some(row) = &known_row
            && let Some(outcome) = self.known_outcome(&store, row, deadline).await
        {
            return outcome;
        }
        self.can_send()?;
        let slot = self.queue_slot()?;
        let (inserted, begin) = match known_row {
            Some(_) => (None, Begin::Again(recipient.as_str().to_owned())),
            None => {
                let lane = self.lane(recipient.as_str()).await;
                let new = NewSend {
                    idempotency_key: key,
                    body_hash: &hash,
                    recipient: recipient.as_str(),
                    lane: lane.addresses(),
                    content: &content,
                    wa_key: &new_wa_message_id(),
                };
                let fast_path = self.fast_path(&lane, &content);
                let inserted = store.insert(new, fast_path.is_some()).await?;
                // Release the lock and the slot of the fast path if they are unused: the row's
                // worker may need them.
                let begin = match (&inserted, fast_path) {
                    (Some(row), Some(fast_path)) if row.state == SendState::Sending => {
                        Begin::FastPath(fast_path)
                    }
                    (Some(_), _) => Begin::New(lane),
                    (None, _) => Begin::Again(recipient.as_str().to_owned()),
                };
                (inserted, begin)
            }
        };
        let row = match (inserted.or(known_row), key) {
            (Some(row), _) => row,
            // Another request with this key was faster, and is processing the row.
            (None, Some(key)) => {
                let row = store.by_idempotency_key(key).await?;
                let row =
                    check_row(row.ok_or_else(|| LedgerError::from(sqlx::Error::RowNotFound))?)?;
                drop(slot);
                return self.wait(&store, row.id, deadline).await;
            }
            (None, None) => return Err(LedgerError::from(sqlx::Error::RowNotFound).into()),
        };
        tracing::debug!("send: recorded after {:.1} ms", millis(started));
        // From here on, the row prevents the deletion of the file.
        drop(gate);
        let Some(claim) = self.claim(row.id) else {
            drop((slot, begin));
            return self.wait(&store, row.id, deadline).await;
        };
        let outbox = self.clone();
        let id = row.wa_key.clone();
        let work = async move {
            let outcome = outbox
                .work(&store, row.clone(), begin, &content, deadline, slot)
                .await;
            drop(claim);
            match &outcome {
                Ok(_) => tracing::info!(id = %row.wa_key, cliente_id, "sent"),
                Err(error) => {
                    let code = error.code().as_str();
                    tracing::warn!(id = %row.wa_key, cliente_id, code, "not sent");
                }
            }
            outcome
        };
        let task = tokio::spawn(work.in_current_span());
        task.await.unwrap_or_else(|_| Err(unconfirmed(&id)))
    }

    async fn known_row(
        &self,
        store: &Store,
        key: Option<&str>,
        hash: &[u8],
    ) -> Result<Option<Row>, ApiError> {
        let Some(key) = key else { return Ok(None) };
        let row = store.by_idempotency_key(key).await?;
        row.map(|row| check_same_request(row, hash)).transpose()
    }

    fn is_in_progress(&self, row: &Row) -> bool {
        row.state.is_taken() || row.state.is_unsettled() || self.is_active(row.id)
    }

    /// Returns the outcome of a message that was requested before. Returns `None` if the message is
    /// to be sent now, for the first time or again.
    ///
    /// # Errors
    /// If the message cannot be sent now, or the key was used for another message.
    pub async fn repeated(
        &self,
        key: Option<&str>,
        hash: &[u8],
    ) -> Result<Option<SendBody>, ApiError> {
        let deadline = Instant::now() + self.0.limits.deadline;
        let store = self.0.file.store().await?;
        if let Some(row) = self.known_row(&store, key, hash).await?
            && let Some(outcome) = self.known_outcome(&store, &row, deadline).await
        {
            return outcome.map(Some);
        }
        self.can_send().map(|()| None)
    }

    /// Returns the outcome of a stored message; `None` if the message is to be resent.
    async fn known_outcome(
        &self,
        store: &Store,
        row: &Row,
        deadline: Instant,
    ) -> Option<SendResult> {
        if row.is_undecided() {
            self.settle_once_more(store, row, deadline).await;
        }
        match self.is_in_progress(row) {
            true => Some(self.wait(store, row.id, deadline).await),
            false => None,
        }
    }

    /// Tries once more to settle a message that the service gave up on, because a person requested
    /// it.
    async fn settle_once_more(&self, store: &Store, row: &Row, deadline: Instant) {
        // If another task is already settling the message, that attempt counts.
        let Some(claim) = self.claim(row.id) else {
            return;
        };
        let (outbox, store, row) = (self.clone(), store.clone(), row.clone());
        let work = async move {
            let lane = outbox.lane(&row.recipient).await;
            let turn = timeout_at(deadline, outbox.0.lanes.enter(&lane)).await;
            if turn.is_ok() {
                outbox.settle(&store, &row).await;
            }
            drop(claim);
        };
        // A caller that disconnects cancels nothing. A task that failed left the row unchanged.
        let task = tokio::spawn(work.in_current_span());
        let _ = timeout_at(deadline, task).await;
    }

    /// Returns a place in the queue for a slot.
    pub(super) fn queue_slot(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let slots = self.0.queue_slots.clone();
        slots.try_acquire_owned().map_err(|_| {
            ApiError::new(
                ErrorCode::Overloaded,
                "too many messages are already waiting: nothing was sent, try again in a second",
            )
        })
    }

    pub(super) fn can_send(&self) -> Result<(), ApiError> {
        if let Some(unusable) = self.0.file.unusable_reason() {
            return Err(unusable.into());
        }
        self.0.ready_page().map(drop)
    }

    /// Waits for the outcome of a row that another task may be sending.
    pub(super) async fn wait(&self, store: &Store, id: i64, deadline: Instant) -> SendResult {
        let mut changes = store.row_changes();
        loop {
            let row = store.get(id).await?;
            let row = row.ok_or_else(|| LedgerError::from(sqlx::Error::RowNotFound))?;
            if row.state.is_taken() || row.state == SendState::Failed || row.is_undecided() {
                return outcome_of(&row);
            }
            loop {
                match timeout_at(deadline, changes.recv()).await {
                    Ok(Ok(changed)) if changed != id => {}
                    Err(_) => return Err(unconfirmed(&row.wa_key)),
                    // The row changed, or notifications were lost because this task lagged behind.
                    Ok(_) => break,
                }
            }
        }
    }
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Returns a key in WhatsApp Web's format: `3EB0` and 18 hexadecimal digits.
pub(super) fn new_wa_message_id() -> String {
    let random: [u8; 9] = rand::rng().random();
    format!("3EB0{}", hex::encode_upper(random))
}
