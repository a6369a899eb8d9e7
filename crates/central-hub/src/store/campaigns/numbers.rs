//! Computes the statistics of a campaign on request.

use session_api::Timestamp;
use sqlx::Row;

use super::rows::optional_time;
use super::{Fields, Recipient};
use crate::store::{MessageState, Store, StoreError, Tx};

/// The statistics of a campaign.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// Number of messages by state.
    pub messages: Vec<(MessageState, i64)>,
    /// Number of failures by code.
    pub failures: Vec<(String, i64)>,
    /// Number of messages by local day.
    pub days: Vec<(String, i64)>,
    /// When the first message was sent or, in a dry run, would have been sent.
    pub first: Option<Timestamp>,
    /// When the last message was sent or would have been sent.
    pub last: Option<Timestamp>,
}

/// Number of recipients read per query.
const RECIPIENTS_PER_QUERY: i64 = 1000;

impl Store {
    /// Counts the recipients who opted out.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opted_out_among(&self, id: i64) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT COUNT(*) FROM opt_outs o JOIN recipients r ON r.chat = o.chat
             WHERE r.campaign_id = $1",
        )
        .bind(id)
        .fetch_one(self.reader())
        .await?;
        Ok(count)
    }

    /// Computes the statistics of a campaign.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn campaign_numbers(&self, id: i64) -> Result<Numbers, StoreError> {
        let counts = |sql: &'static str| sqlx::query(sql).bind(id).fetch_all(self.reader());
        let rows = counts(
            "SELECT m.state AS name, COUNT(*) AS number FROM recipients r
             JOIN messages m ON m.id = r.message_id WHERE r.campaign_id = $1 GROUP BY m.state",
        )
        .await?;
        let mut messages = Vec::new();
        for row in &rows {
            let state = MessageState::read(row.try_get("name")?)?;
            messages.push((state, row.try_get("number")?));
        }
        let named = |rows: Vec<sqlx::any::AnyRow>| -> Result<Vec<(String, i64)>, StoreError> {
            rows.iter()
                .map(|row| Ok((row.try_get("name")?, row.try_get("number")?)))
                .collect()
        };
        let failures = counts(
            "SELECT COALESCE(cause, '') AS name, COUNT(*) AS number FROM recipients
             WHERE campaign_id = $1 AND state = 'failed' GROUP BY cause ORDER BY number DESC, name",
        )
        .await?;
        let days = counts(
            "SELECT day AS name, CAST(SUM(used) AS BIGINT) AS number FROM campaign_days
             WHERE campaign_id = $1 GROUP BY day ORDER BY day",
        )
        .await?;
        let ends = sqlx::query(
            "SELECT MIN(planned_at) AS first, MAX(planned_at) AS last FROM recipients
             WHERE campaign_id = $1",
        )
        .bind(id)
        .fetch_one(self.reader())
        .await?;
        Ok(Numbers {
            messages,
            failures: named(failures)?,
            days: named(days)?,
            first: optional_time(&ends, "first")?,
            last: optional_time(&ends, "last")?,
        })
    }

    /// Returns the first of the `required` columns in which pending recipients
    /// have no value, and the number of those recipients.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub(super) async fn count_lacking_in(
        &self,
        tx: &mut Tx,
        campaign: i64,
        required: &[String],
        has_value: fn(&Fields, &str) -> bool,
    ) -> Result<Option<(String, i64)>, StoreError> {
        if required.is_empty() {
            return Ok(None);
        }
        let mut counts = vec![0_i64; required.len()];
        let mut after = 0_i64;
        loop {
            let rows = sqlx::query(
                "SELECT * FROM recipients WHERE campaign_id = $1 AND id > $2
                     AND state IN ('pending', 'queued', 'failed') ORDER BY id LIMIT $3",
            )
            .bind(campaign)
            .bind(after)
            .bind(RECIPIENTS_PER_QUERY)
            .fetch_all(&mut **tx)
            .await?;
            for row in &rows {
                let recipient = Recipient::read(row)?;
                after = recipient.id;
                for (name, count) in required.iter().zip(&mut counts) {
                    *count += i64::from(!has_value(&recipient.fields, name));
                }
            }
            if i64::try_from(rows.len()).is_ok_and(|count| count < RECIPIENTS_PER_QUERY) {
                break;
            }
        }
        let mut lacking = required.iter().cloned().zip(counts);
        Ok(lacking.find(|(_, count)| *count > 0))
    }
}
