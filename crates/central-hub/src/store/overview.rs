//! Counts messages for the start screen, reading only indexes.

use sqlx::{AssertSqlSafe, Row};

use session_api::Timestamp;

use super::error::StoreError;
use super::{MessageState, Store};

/// Number of days whose messages are counted day by day.
pub const WEEK: usize = 7;

/// Maximum of the count of dead letters.
pub const MAX_DEAD_LETTERS: i64 = 1000;

/// Query that counts the messages stored since `$1`, by state.
macro_rules! outcomes {
    ($and:literal) => {
        concat!(
            "SELECT state, COUNT(*) AS number FROM messages
             WHERE state IN ('queued', 'sending', 'unconfirmed', 'failed', 'cancelled',
                 'simulated', 'sent', 'delivered', 'read', 'played', 'received')
               AND created_at >= $1",
            $and,
            " GROUP BY state"
        )
    };
}

/// Query that counts the messages stored since `$1`, by state and day. `$2` to
/// `$7` are the beginnings of the second and later days.
macro_rules! outcomes_by_day {
    ($and:literal) => {
        concat!(
            "SELECT state, CAST(CASE WHEN created_at >= $7 THEN 6 WHEN created_at >= $6 THEN 5
                 WHEN created_at >= $5 THEN 4 WHEN created_at >= $4 THEN 3
                 WHEN created_at >= $3 THEN 2 WHEN created_at >= $2 THEN 1
                 ELSE 0 END AS BIGINT) AS day, COUNT(*) AS number
             FROM messages
             WHERE state IN ('sent', 'delivered', 'read', 'played', 'received')
               AND created_at >= $1",
            $and,
            " GROUP BY 1, 2"
        )
    };
}

/// Query that counts the people who wrote since `$1`, after a message sent to
/// them since then. That message is looked up once per person, not once per
/// message of theirs: the latter would take quadratic time in a chat of
/// thousands.
macro_rules! answered {
    ($and:literal) => {
        concat!(
            "SELECT COUNT(*) FROM (
                 SELECT m.chat, MAX(m.id) AS last_id FROM messages m
                 WHERE m.state = 'received' AND m.created_at >= $1",
            $and,
            " GROUP BY m.chat) AS heard
             WHERE EXISTS (SELECT 1 FROM messages o
                 WHERE o.chat = heard.chat AND o.id < heard.last_id AND o.created_at >= $1
                   AND o.state IN ('sent', 'delivered', 'read', 'played'))"
        )
    };
}

/// Query that counts the failed messages stored since `$1` that need a person.
/// A message that was refused because the recipient opted out needs nobody.
macro_rules! failed {
    ($and:literal) => {
        concat!(
            "SELECT COUNT(*) FROM messages
             WHERE state = 'failed' AND COALESCE(error_code, '') <> 'OPTED_OUT'
                 AND created_at >= $1",
            $and
        )
    };
}

/// Query that counts the messages that the outbox has not finished, whenever
/// they were stored (`$1` is the beginning of time).
macro_rules! waiting {
    ($and:literal) => {
        concat!(
            "SELECT COUNT(*) FROM messages
             WHERE state IN ('queued', 'sending', 'unconfirmed') AND created_at >= $1",
            $and
        )
    };
}

const DEAD_LETTERS: &str = "SELECT w.id, w.description, w.url, w.disabled_cause,
        (SELECT COUNT(*) FROM (
            SELECT 1 FROM webhook_deliveries d
            WHERE d.webhook_id = w.id AND d.state = 'dead' LIMIT 1000) AS given_up) AS dead
    FROM webhooks w ORDER BY w.id";

/// The start screen's queries on messages, for the tests of the query plans.
/// The `+` keeps SQLite from using the index by business, which does not
/// contain the time.
pub const OVERVIEW_PLANS: [&str; 8] = [
    outcomes!(""),
    outcomes!(" AND +cliente_id = $2"),
    outcomes_by_day!(""),
    outcomes_by_day!(" AND +cliente_id = $8"),
    failed!(""),
    failed!(" AND +cliente_id = $2"),
    waiting!(""),
    waiting!(" AND +cliente_id = $2"),
];

/// The queries that count people who answered, for the tests of the query plans.
pub const ANSWERED_PLANS: [&str; 2] = [answered!(""), answered!(" AND +m.cliente_id = $2")];

/// A webhook with failed deliveries.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    /// The webhook's id.
    pub webhook: i64,
    /// The webhook's description, or else its URL.
    pub name: String,
    /// Why the hub disabled the webhook, if it did.
    pub disabled_cause: Option<String>,
    /// Number of dead deliveries, up to [`MAX_DEAD_LETTERS`].
    pub dead: i64,
}

fn as_id(cliente_id: Option<u64>) -> Option<i64> {
    cliente_id.map(|id| i64::try_from(id).unwrap_or(i64::MAX))
}

impl Store {
    /// Counts the messages stored since `since`, by state.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn outcomes(
        &self,
        since: Timestamp,
        cliente_id: Option<u64>,
    ) -> Result<Vec<(MessageState, i64)>, StoreError> {
        let mut query = sqlx::query(match cliente_id {
            None => outcomes!(""),
            Some(_) => outcomes!(" AND +cliente_id = $2"),
        })
        .bind(since.as_millis());
        if let Some(id) = as_id(cliente_id) {
            query = query.bind(id);
        }
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok((
                    MessageState::read(row.try_get("state")?)?,
                    row.try_get("number")?,
                ))
            })
            .collect()
    }

    /// Counts the messages sent and received on each day, by state. A day lasts
    /// until the beginning of the next one; the last day lasts until now.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn outcomes_by_day(
        &self,
        days: [Timestamp; WEEK],
        cliente_id: Option<u64>,
    ) -> Result<[Vec<(MessageState, i64)>; WEEK], StoreError> {
        let mut query = sqlx::query(match cliente_id {
            None => outcomes_by_day!(""),
            Some(_) => outcomes_by_day!(" AND +cliente_id = $8"),
        });
        for day in days {
            query = query.bind(day.as_millis());
        }
        if let Some(id) = as_id(cliente_id) {
            query = query.bind(id);
        }
        let mut counts: [Vec<_>; WEEK] = std::array::from_fn(|_| Vec::new());
        for row in &query.fetch_all(self.reader()).await? {
            let day: i64 = row.try_get("day")?;
            let state = MessageState::read(row.try_get("state")?)?;
            let day = usize::try_from(day)
                .ok()
                .and_then(|day| counts.get_mut(day));
            if let Some(counts) = day {
                counts.push((state, row.try_get("number")?));
            }
        }
        Ok(counts)
    }

    /// Counts the people who wrote since `since`, after a message sent to them
    /// since then.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn answered_since(
        &self,
        since: Timestamp,
        cliente_id: Option<u64>,
    ) -> Result<i64, StoreError> {
        let sql = match cliente_id {
            None => answered!(""),
            Some(_) => answered!(" AND +m.cliente_id = $2"),
        };
        self.count(sql, since.as_millis(), cliente_id).await
    }

    async fn count(
        &self,
        sql: &'static str,
        since: i64,
        cliente_id: Option<u64>,
    ) -> Result<i64, StoreError> {
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(since);
        if let Some(id) = as_id(cliente_id) {
            query = query.bind(id);
        }
        Ok(query.fetch_one(self.reader()).await?)
    }

    /// Counts the messages stored since `since` that failed, were not enqueued
    /// again, and need a person.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn failed_since(
        &self,
        since: Timestamp,
        cliente_id: Option<u64>,
    ) -> Result<i64, StoreError> {
        let sql = match cliente_id {
            None => failed!(""),
            Some(_) => failed!(" AND +cliente_id = $2"),
        };
        self.count(sql, since.as_millis(), cliente_id).await
    }

    /// Counts the messages that the outbox has not finished.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn waiting(&self, cliente_id: Option<u64>) -> Result<i64, StoreError> {
        let sql = match cliente_id {
            None => waiting!(""),
            Some(_) => waiting!(" AND +cliente_id = $2"),
        };
        self.count(sql, 0, cliente_id).await
    }

    /// Lists the webhooks that have dead letters or that the hub disabled.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetters>, StoreError> {
        let rows = sqlx::query(DEAD_LETTERS).fetch_all(self.reader()).await?;
        let mut found = Vec::new();
        for row in &rows {
            let description: String = row.try_get("description")?;
            let letters = DeadLetters {
                webhook: row.try_get("id")?,
                name: if description.is_empty() {
                    row.try_get("url")?
                } else {
                    description
                },
                disabled_cause: row.try_get("disabled_cause")?,
                dead: row.try_get("dead")?,
            };
            if letters.dead > 0 || letters.disabled_cause.is_some() {
                found.push(letters);
            }
        }
        Ok(found)
    }
}
