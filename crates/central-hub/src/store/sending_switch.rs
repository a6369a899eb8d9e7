//! Stores the switch that stops all sending: its state, who set it, and when.

use std::sync::atomic::Ordering;

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::rows::timestamp;
use super::{Store, now};

/// The state of the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendingSwitch {
    /// Whether sending is stopped.
    pub is_stopped: bool,
    /// The user who last set the switch.
    pub by: String,
    /// When the switch was last set.
    pub at: Timestamp,
}

impl Store {
    /// Returns the state of the switch; `None` if it was never set.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn sending_switch(&self) -> Result<Option<SendingSwitch>, StoreError> {
        let row = sqlx::query("SELECT * FROM sending_switches ORDER BY id DESC LIMIT 1")
            .fetch_optional(self.reader())
            .await?;
        let switch = row.as_ref().map(read).transpose()?;
        let is_stopped = switch.as_ref().is_some_and(|it| it.is_stopped);
        self.stopped.store(is_stopped, Ordering::Relaxed);
        Ok(switch)
    }

    /// Returns whether sending is stopped now.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_sending_stopped(&self) -> Result<bool, StoreError> {
        let switch = self.sending_switch().await?;
        Ok(switch.is_some_and(|it| it.is_stopped))
    }

    /// Returns whether sending was stopped at this hub's last check, which the
    /// outbox makes every second.
    #[must_use]
    pub fn was_sending_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Stops or resumes all sending. If the switch is already in that state,
    /// its time and user are kept.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn switch_sending(
        &self,
        is_stopped: bool,
        by: &str,
    ) -> Result<SendingSwitch, StoreError> {
        if let Some(known) = self.sending_switch().await?
            && known.is_stopped == is_stopped
        {
            return Ok(known);
        }
        let row = sqlx::query(
            "INSERT INTO sending_switches (is_stopped, by_whom, at) VALUES ($1, $2, $3)
             RETURNING *",
        )
        .bind(i64::from(is_stopped))
        .bind(by)
        .bind(now())
        .fetch_one(self.writer())
        .await?;
        self.stopped.store(is_stopped, Ordering::Relaxed);
        read(&row)
    }

    /// Returns whether a message with this idempotency key exists.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_known_key(&self, key: &str) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT id FROM messages WHERE idempotency_key = $1")
                .bind(key)
                .fetch_optional(self.reader())
                .await?;
        Ok(found.is_some())
    }
}

fn read(row: &AnyRow) -> Result<SendingSwitch, StoreError> {
    Ok(SendingSwitch {
        is_stopped: row.try_get::<i64, _>("is_stopped")? != 0,
        by: row.try_get("by_whom")?,
        at: timestamp(row.try_get("at")?),
    })
}

#[cfg(test)]
mod tests {
    use scratch_database::on_both_engines;

    use super::super::tests::open;

    on_both_engines! {
        async fn last_switch_counts_with_its_user_and_time(database: Database) {
            let store = open(&database).await;
            assert_eq!(store.sending_switch().await.unwrap(), None);
            assert!(!store.is_sending_stopped().await.unwrap());
            let stopped = store.switch_sending(true, "eva").await.unwrap();
            assert_eq!((stopped.is_stopped, stopped.by.as_str()), (true, "eva"));
            // The first user to stop sending stays recorded.
            assert_eq!(store.switch_sending(true, "ana").await.unwrap(), stopped);
            assert!(store.is_sending_stopped().await.unwrap() && store.was_sending_stopped());
            // Another hub sees the change at its next check.
            let other = open(&database).await;
            assert!(other.is_sending_stopped().await.unwrap());
            store.switch_sending(false, "ana").await.unwrap();
            assert!(other.was_sending_stopped() && !other.is_sending_stopped().await.unwrap());
            assert_eq!(other.sending_switch().await.unwrap().unwrap().by, "ana");
            other.close().await;
            store.close().await;
        }
    }
}
