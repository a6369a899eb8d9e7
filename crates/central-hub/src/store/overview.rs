//! Message counts for the start screen, from indexes alone.

use sqlx::{AssertSqlSafe, Row};

use session_api::Timestamp;

use super::error::StoreError;
use super::{State, Store};

/// More dead letters than this are told as this many.
pub const MOST_DEAD: i64 = 1000;

/// Written down since `$1`, by where they stand.
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

/// Failed, and written down since `$1`.
macro_rules! failed {
    ($and:literal) => {
        concat!(
            "SELECT COUNT(*) FROM messages WHERE state = 'failed' AND created_at >= $1",
            $and
        )
    };
}

/// What the outbox still has to do with, whenever it was written down (`$1` is
/// the beginning of time).
macro_rules! waiting {
    ($and:literal) => {
        concat!(
            "SELECT COUNT(*) FROM messages
             WHERE state IN ('queued', 'sending', 'unconfirmed') AND created_at >= $1",
            $and
        )
    };
}

const DEAD: &str = "SELECT w.id, w.description, w.url, w.disabled_cause,
        (SELECT COUNT(*) FROM (
            SELECT 1 FROM webhook_deliveries d
            WHERE d.webhook_id = w.id AND d.state = 'dead' LIMIT 1000) AS given_up) AS dead
    FROM webhooks w ORDER BY w.id";

/// What the start screen asks of messages (with a `+`, so that a business's
/// index, which knows no time, is left alone), for whoever looks at the query
/// plans.
pub const OVERVIEW_PLANS: [&str; 6] = [
    outcomes!(""),
    outcomes!(" AND +cliente_id = $2"),
    failed!(""),
    failed!(" AND +cliente_id = $2"),
    waiting!(""),
    waiting!(" AND +cliente_id = $2"),
];

/// A webhook that did not hear all it should.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    /// The webhook.
    pub webhook: i64,
    /// What the business calls it, or where it is told.
    pub name: String,
    /// Why the hub switched it off, if it did.
    pub disabled_cause: Option<String>,
    /// So many were given up, up to [`MOST_DEAD`].
    pub dead: i64,
}

fn as_id(cliente_id: Option<u64>) -> Option<i64> {
    cliente_id.map(|id| i64::try_from(id).unwrap_or(i64::MAX))
}

impl Store {
    /// How many messages that were written down since then stand where.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn outcomes(
        &self,
        since: Timestamp,
        cliente_id: Option<u64>,
    ) -> Result<Vec<(State, i64)>, StoreError> {
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
            .map(|row| Ok((State::read(row.try_get("state")?)?, row.try_get("number")?)))
            .collect()
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

    /// How many messages that were written down since then failed and were
    /// not put back.
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

    /// How many messages the outbox still has to do with.
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

    /// Webhooks with dead letters, or that the hub switched off.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetters>, StoreError> {
        let rows = sqlx::query(DEAD).fetch_all(self.reader()).await?;
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
