//! Stores the queue of webhook deliveries.
//!
//! ```text
//!  enqueue_delivery_in(tx) ───────────> pending ──claim──> claimed until due_at
//!                                        ^   ^                │
//!                        replayed ───────┤   └── retry later ─┤
//!                                        │                    ├─> delivered ─┐
//!                                        └──────── dead <─────┘              │
//!                                                    └──── removed later <───┘
//! ```

use std::time::Duration;

use serde_json::Value;
use session_api::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::error::StoreError;
use super::rows::timestamp;
use super::webhook_events::{Topic, envelope, new_event_id};
use super::webhooks::Webhook;
use super::{Store, Tx, now};

/// How long delivered and dead deliveries are kept.
const RETENTION: [(&str, Duration); 2] = [
    ("delivered", Duration::from_secs(7 * 24 * 3600)),
    ("dead", Duration::from_secs(30 * 24 * 3600)),
];
/// Number of rows removed per statement.
const REMOVED_PER_STATEMENT: i64 = 500;

macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "UPDATE webhook_deliveries SET due_at = $2, claimed_by = $3, attempts = attempts + 1
             WHERE id IN (
                 SELECT d.id FROM webhook_deliveries d
                 WHERE d.webhook_id = $1 AND d.state = 'pending' AND d.due_at <= $4
                 ORDER BY d.due_at, d.id LIMIT $5",
            $lock,
            ") RETURNING *"
        )
    };
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// The delivery waits for an attempt.
    Pending,
    /// The receiver accepted the delivery.
    Delivered,
    /// The delivery was given up.
    Dead,
}

impl DeliveryState {
    const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// Returns the stored name of the state.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// Returns the state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// A delivery of one event to one webhook.
#[derive(Clone)]
pub struct Delivery {
    /// The row's id.
    pub id: i64,
    /// The subscription's id.
    pub webhook_id: i64,
    /// The `webhook-id` header, which is the same for every attempt.
    pub event_id: String,
    /// The event's topic.
    pub topic: String,
    /// The request body, byte for byte.
    pub payload: String,
    /// The current state.
    pub state: DeliveryState,
    /// Number of attempts since the delivery was enqueued or replayed.
    pub attempts: u32,
    /// When the next attempt is due, while the delivery is pending.
    pub due_at: Timestamp,
    /// The status of the receiver's last response.
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When the delivery was enqueued.
    pub created_at: Timestamp,
    /// When the delivery last changed.
    pub updated_at: Timestamp,
}

// The payload contains the customers' messages and stays out of logs.
impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("webhook_id", &self.webhook_id)
            .field("topic", &self.topic)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl Delivery {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let state: String = row.try_get("state")?;
        let status: Option<i64> = row.try_get("last_status")?;
        Ok(Self {
            id: row.try_get("id")?,
            webhook_id: row.try_get("webhook_id")?,
            event_id: row.try_get("event_id")?,
            topic: row.try_get("topic")?,
            payload: row.try_get("payload")?,
            state: DeliveryState::from_name(&state).unwrap_or(DeliveryState::Dead),
            attempts: row
                .try_get::<i64, _>("attempts")?
                .try_into()
                .unwrap_or(u32::MAX),
            due_at: timestamp(row.try_get("due_at")?),
            last_status: status.and_then(|status| status.try_into().ok()),
            last_error: row.try_get("last_error")?,
            created_at: timestamp(row.try_get("created_at")?),
            updated_at: timestamp(row.try_get("updated_at")?),
        })
    }
}

/// One attempt at a delivery.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When the attempt began.
    pub at: Timestamp,
    /// How long the attempt took.
    pub duration: Duration,
    /// The status of the receiver's response, if there was one.
    pub status: Option<u16>,
    /// Why the attempt failed, as a code.
    pub error: Option<&'static str>,
}

/// A stored attempt.
#[derive(Clone, Debug)]
pub struct PastAttempt {
    /// When the attempt began.
    pub at: Timestamp,
    /// How long the attempt took, in milliseconds.
    pub duration_ms: i64,
    /// The status of the receiver's response, if there was one.
    pub status: Option<i64>,
    /// Why the attempt failed, as a code.
    pub error: Option<String>,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The receiver accepted the delivery.
    Delivered,
    /// The delivery is retried at this time.
    Again(Timestamp),
    /// The delivery is given up.
    Dead,
    /// The delivery is given up, and the subscription is disabled because the
    /// receiver wants no more deliveries.
    Gone,
}

impl Store {
    /// Enqueues deliveries of an event to its subscribers, within the
    /// transaction of the event. Returns the number of deliveries.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn enqueue_delivery_in(
        &self,
        tx: &mut Tx,
        topic: Topic,
        cliente_id: Option<u64>,
        data: &Value,
    ) -> Result<u64, StoreError> {
        let enqueued = enqueue_delivery_in(tx, topic, cliente_id, data).await?;
        if enqueued > 0 {
            self.delivery_enqueued().notify_one();
        }
        Ok(enqueued)
    }

    /// Lists the subscriptions with pending deliveries, each with the time at
    /// which the next one is due.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn waiting_webhooks(&self) -> Result<Vec<(Webhook, Timestamp)>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM (
                 SELECT w.*, (SELECT MIN(d.due_at) FROM webhook_deliveries d
                     WHERE d.webhook_id = w.id AND d.state = 'pending') AS next_due
                 FROM webhooks w WHERE w.enabled = 1) AS waiting
             WHERE next_due IS NOT NULL",
        )
        .fetch_all(self.reader())
        .await?;
        rows.iter()
            .map(|row| Ok((Webhook::read(row)?, timestamp(row.try_get("next_due")?))))
            .collect()
    }

    /// Claims up to `limit` due deliveries of one subscription for `who` until
    /// `until`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim_deliveries(
        &self,
        webhook_id: i64,
        who: &str,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let statement = self
            .engine()
            .pick(claim!(""), claim!(" FOR UPDATE OF d SKIP LOCKED"));
        let rows = sqlx::query(statement)
            .bind(webhook_id)
            .bind(until.as_millis())
            .bind(who)
            .bind(now())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.writer())
            .await?;
        let mut claimed = rows
            .iter()
            .map(Delivery::read)
            .collect::<Result<Vec<_>, _>>()?;
        claimed.sort_unstable_by_key(|delivery| delivery.id);
        Ok(claimed)
    }

    /// Releases the claims of `who` that are not being worked on. Without
    /// `who`, releases all claims, which is for a hub that is the only one.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn release_deliveries(&self, who: Option<&str>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE webhook_deliveries SET due_at = $1, claimed_by = NULL
             WHERE state = 'pending' AND claimed_by = COALESCE($2, claimed_by)",
        )
        .bind(now())
        .bind(who)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Stores an attempt and what follows from it. A delivery that `who` no
    /// longer holds stays unchanged.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn settle_delivery(
        &self,
        delivery: &Delivery,
        who: &str,
        attempt: &Attempt,
        next: Next,
    ) -> Result<(), StoreError> {
        let at = now();
        let (state, due) = match next {
            Next::Delivered => (DeliveryState::Delivered, at),
            Next::Again(due) => (DeliveryState::Pending, due.as_millis()),
            Next::Dead | Next::Gone => (DeliveryState::Dead, at),
        };
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE webhook_deliveries SET state = $1, due_at = $2, claimed_by = NULL,
                 last_status = $3, last_error = $4, updated_at = $5
             WHERE id = $6 AND claimed_by = $7 AND state = 'pending'",
        )
        .bind(state.as_str())
        .bind(due)
        .bind(attempt.status.map(i64::from))
        .bind(attempt.error)
        .bind(at)
        .bind(delivery.id)
        .bind(who)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO webhook_attempts (delivery_id, at, duration_ms, status, error)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(delivery.id)
        .bind(attempt.at.as_millis())
        .bind(i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX))
        .bind(attempt.status.map(i64::from))
        .bind(attempt.error)
        .execute(&mut *tx)
        .await?;
        if next == Next::Gone {
            sqlx::query(
                "UPDATE webhooks SET enabled = 0, disabled_cause = 'GONE', updated_at = $1
                 WHERE id = $2 AND enabled = 1",
            )
            .bind(at)
            .bind(delivery.webhook_id)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Returns a delivery of this subscription, with its attempts.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn delivery(
        &self,
        webhook_id: i64,
        id: i64,
    ) -> Result<Option<(Delivery, Vec<PastAttempt>)>, StoreError> {
        let row = sqlx::query("SELECT * FROM webhook_deliveries WHERE webhook_id = $1 AND id = $2")
            .bind(webhook_id)
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let attempts =
            sqlx::query("SELECT * FROM webhook_attempts WHERE delivery_id = $1 ORDER BY id")
                .bind(id)
                .fetch_all(self.reader())
                .await?;
        let attempts = attempts
            .iter()
            .map(past_attempt)
            .collect::<Result<_, StoreError>>()?;
        Ok(Some((Delivery::read(&row)?, attempts)))
    }

    /// Lists the newest deliveries of this subscription, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deliveries(
        &self,
        webhook_id: i64,
        state: Option<DeliveryState>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let of_state = if state.is_some() {
            "AND state = $4"
        } else {
            ""
        };
        let statement = format!(
            "SELECT * FROM webhook_deliveries WHERE webhook_id = $1 AND id < $2 {of_state}
             ORDER BY id DESC LIMIT $3"
        );
        let mut query = sqlx::query(AssertSqlSafe(statement))
            .bind(webhook_id)
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit));
        if let Some(state) = state {
            query = query.bind(state.as_str());
        }
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(Delivery::read).collect()
    }

    /// Replays one settled delivery or, without `id`, all that were given up.
    /// Returns their number.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn replay(&self, webhook_id: i64, id: Option<i64>) -> Result<u64, StoreError> {
        let which = match id {
            Some(_) => "state IN ('delivered', 'dead') AND id = $3",
            None => "state = 'dead'",
        };
        let statement = format!(
            "UPDATE webhook_deliveries SET state = 'pending', attempts = 0, due_at = $1,
                 claimed_by = NULL, updated_at = $1
             WHERE webhook_id = $2 AND {which}"
        );
        let mut query = sqlx::query(AssertSqlSafe(statement))
            .bind(now())
            .bind(webhook_id);
        if let Some(id) = id {
            query = query.bind(id);
        }
        let done = query.execute(self.writer()).await?;
        self.delivery_enqueued().notify_one();
        Ok(done.rows_affected())
    }

    /// Removes deliveries that were settled long ago, and returns their number.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn forget_deliveries(&self) -> Result<u64, StoreError> {
        let mut removed = 0;
        for (state, kept) in RETENTION {
            loop {
                let done = sqlx::query(
                    "DELETE FROM webhook_deliveries WHERE id IN (
                         SELECT id FROM webhook_deliveries
                         WHERE state <> 'pending' AND state = $1 AND updated_at < $2 LIMIT $3)",
                )
                .bind(state)
                .bind(now() - i64::try_from(kept.as_millis()).unwrap_or(i64::MAX))
                .bind(REMOVED_PER_STATEMENT)
                .execute(self.writer())
                .await?;
                removed += done.rows_affected();
                if done.rows_affected() < REMOVED_PER_STATEMENT.unsigned_abs() {
                    break;
                }
            }
        }
        Ok(removed)
    }
}

/// Enqueues deliveries like [`Store::enqueue_delivery_in`], for code without a
/// store. The dispatcher finds them by its poll a few seconds later.
pub(crate) async fn enqueue_delivery_in(
    tx: &mut Tx,
    topic: Topic,
    cliente_id: Option<u64>,
    data: &Value,
) -> Result<u64, StoreError> {
    let at = now();
    let done = sqlx::query(
        "INSERT INTO webhook_deliveries (webhook_id, event_id, topic, payload, state, attempts,
             due_at, created_at, updated_at)
         SELECT id, $1, $2, $3, 'pending', 0, $4, $4, $4 FROM webhooks
         WHERE enabled = 1 AND topics LIKE $5 AND (cliente_id IS NULL OR cliente_id = $6)",
    )
    .bind(new_event_id())
    .bind(topic.as_str())
    .bind(envelope(topic.as_str(), timestamp(at), data))
    .bind(at)
    .bind(format!("%,{},%", topic.as_str()))
    .bind(cliente_id.and_then(|id| i64::try_from(id).ok()))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

fn past_attempt(row: &AnyRow) -> Result<PastAttempt, StoreError> {
    Ok(PastAttempt {
        at: timestamp(row.try_get("at")?),
        duration_ms: row.try_get("duration_ms")?,
        status: row.try_get("status")?,
        error: row.try_get("error")?,
    })
}
