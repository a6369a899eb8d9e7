//! Queue lengths for the metrics, from indexes of unfinished rows.

use sqlx::Row;

use super::error::StoreError;
use super::{State, Store};

/// What the outbox still has to do with.
const OUTBOX: &str = "SELECT state, COUNT(*) AS number, MIN(created_at) AS oldest FROM messages
    WHERE state IN ('queued', 'sending', 'unconfirmed') GROUP BY state";
/// What webhooks were not told yet.
const WEBHOOKS: &str = "SELECT COUNT(*) AS number, MIN(created_at) AS oldest
    FROM webhook_deliveries WHERE state = 'pending'";
/// Length and age of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// In this state.
    pub what: &'static str,
    /// So many.
    pub number: i64,
    /// Since when the oldest, in milliseconds since 1970.
    pub oldest: Option<i64>,
}

impl Store {
    /// What the outbox still has to do with, by state; those that nothing is in
    /// as well.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn outbox_queue(&self) -> Result<Vec<Waiting>, StoreError> {
        let rows = sqlx::query(OUTBOX).fetch_all(self.reader()).await?;
        let mut found = [State::Queued, State::Sending, State::Unconfirmed].map(|state| Waiting {
            what: state.as_str(),
            number: 0,
            oldest: None,
        });
        for row in rows {
            let state = State::read(row.try_get("state")?)?;
            for waiting in found.iter_mut().filter(|one| one.what == state.as_str()) {
                waiting.number = row.try_get("number")?;
                waiting.oldest = row.try_get("oldest")?;
            }
        }
        Ok(found.into())
    }

    /// What webhooks were not told yet.
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
