//! Counts the messages sent per local day and schedule, for the daily quota.

use std::collections::HashMap;

use jiff::civil::Date;
use sqlx::Row;

use crate::store::rows::unknown_value;
use crate::store::{StoreError, Tx};

/// The numbers of messages that each schedule sent on each day.
#[derive(Clone, Debug, Default)]
pub struct Days {
    used: HashMap<(i64, Date), u32>,
    added: HashMap<(i64, Date), u32>,
}

impl Days {
    /// Reads the counts of a campaign from the day `from` on.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn read_in(tx: &mut Tx, campaign: i64, from: Date) -> Result<Self, StoreError> {
        let rows = sqlx::query(
            "SELECT schedule_id, day, used FROM campaign_days WHERE campaign_id = $1 AND day >= $2",
        )
        .bind(campaign)
        .bind(from.to_string())
        .fetch_all(&mut **tx)
        .await?;
        let mut days = Self::default();
        for row in &rows {
            let day: String = row.try_get("day")?;
            let day = day.parse().map_err(|_| unknown_value("a date"))?;
            let count: i64 = row.try_get("used")?;
            days.set(row.try_get("schedule_id")?, day, count);
        }
        Ok(days)
    }

    /// Returns how many messages a schedule sent on a day.
    #[must_use]
    pub fn used(&self, schedule: i64, day: Date) -> u32 {
        self.used.get(&(schedule, day)).copied().unwrap_or(0)
    }

    /// Sets the known count.
    pub(super) fn set(&mut self, schedule: i64, day: Date, count: i64) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.used.insert((schedule, day), count);
    }

    /// Counts one more message.
    pub fn add(&mut self, schedule: i64, day: Date) {
        *self.used.entry((schedule, day)).or_default() += 1;
        *self.added.entry((schedule, day)).or_default() += 1;
    }

    /// Stores the counted messages.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn write_in(&self, tx: &mut Tx, campaign: i64) -> Result<(), StoreError> {
        for ((schedule, day), count) in &self.added {
            sqlx::query(
                "INSERT INTO campaign_days (campaign_id, schedule_id, day, used) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (campaign_id, schedule_id, day)
                 DO UPDATE SET used = campaign_days.used + excluded.used",
            )
            .bind(campaign)
            .bind(schedule)
            .bind(day.to_string())
            .bind(i64::from(*count))
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }
}

/// Removes a message from the count, because it was withdrawn before it was sent.
pub(super) async fn remove_from_count(tx: &mut Tx, recipient: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE campaign_days SET used = used - 1
         WHERE used > 0 AND (campaign_id, schedule_id, day) IN (
             SELECT campaign_id, schedule_id, day FROM recipients WHERE id = $1)",
    )
    .bind(recipient)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
