//! Reads queue lengths for the metrics, from indexes of unfinished rows.

use sqlx::Row;

use super::error::StoreError;
use super::{MessageState, Store};

/// Query for the messages that the outbox has not finished.
const OUTBOX: &str = "SELECT state, COUNT(*) AS number, MIN(created_at) AS oldest FROM messages
    WHERE state IN ('queued', 'sending', 'unconfirmed') GROUP BY state";
/// Query for the webhook deliveries that are pending.
const WEBHOOKS: &str = "SELECT COUNT(*) AS number, MIN(created_at) AS oldest
    FROM webhook_deliveries WHERE state = 'pending'";
/// The length and the age of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The state of the counted items.
    pub what: &'static str,
    /// Number of items.
    pub number: i64,
    /// When the oldest item was created, in milliseconds since 1970.
    pub oldest: Option<i64>,
}

impl Store {
    /// Returns the length of the outbox by state, including states without
    /// messages.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn outbox_queue(&self) -> Result<Vec<Waiting>, StoreError> {
        let rows = sqlx::query(OUTBOX).fetch_all(self.reader()).await?;
        let mut found = [
            MessageState::Queued,
            MessageState::Sending,
            MessageState::Unconfirmed,
        ]
        .map(|state| Waiting {
            what: state.as_str(),
            number: 0,
            oldest: None,
        });
        for row in rows {
            let state = MessageState::read(row.try_get("state")?)?;
            for waiting in found.iter_mut().filter(|one| one.what == state.as_str()) {
                waiting.number = row.try_get("number")?;
                waiting.oldest = row.try_get("oldest")?;
            }
        }
        Ok(found.into())
    }

    /// Returns the length of the queue of webhook deliveries.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn webhook_queue(&self) -> Result<Waiting, StoreError> {
        let row = sqlx::query(WEBHOOKS).fetch_one(self.reader()).await?;
        Ok(Waiting {
            what: "pending",
            number: row.try_get("number")?,
            oldest: row.try_get("oldest")?,
        })
    }
}
