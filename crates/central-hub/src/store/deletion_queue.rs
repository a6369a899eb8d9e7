//! A queue of data that session-manager has to delete. An entry is written in
//! the transaction that deletes the same data from the store.

use session_api::Timestamp;
use sqlx::AssertSqlSafe;

use super::error::StoreError;
use super::{Store, now};

/// The table of a queue, and the column that names the data to delete.
pub(super) struct DeletionQueue {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
}

impl DeletionQueue {
    /// Returns the entries that are due, and claims them until `until`.
    pub(super) async fn claim(
        &self,
        store: &Store,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let Self { table, column } = self;
        // The queue is almost always empty; nothing is written then.
        let due = format!("SELECT id FROM {table} WHERE due_at <= $1 LIMIT 1");
        let due: Option<i64> = sqlx::query_scalar(AssertSqlSafe(due))
            .bind(now())
            .fetch_optional(store.reader())
            .await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        let unclaimed = store.engine().pick("", " FOR UPDATE SKIP LOCKED");
        let claim = format!(
            "UPDATE {table} SET due_at = $1 WHERE id IN (
                 SELECT id FROM {table} WHERE due_at <= $2 ORDER BY due_at, id LIMIT $3{unclaimed})
             RETURNING {column}"
        );
        let claimed = sqlx::query_scalar(AssertSqlSafe(claim))
            .bind(until.as_millis())
            .bind(now())
            .bind(i64::from(limit));
        Ok(claimed.fetch_all(store.writer()).await?)
    }

    /// Removes an entry, because session-manager no longer has the data.
    pub(super) async fn done(&self, store: &Store, what: &str) -> Result<(), StoreError> {
        let Self { table, column } = self;
        sqlx::query(AssertSqlSafe(format!(
            "DELETE FROM {table} WHERE {column} = $1"
        )))
        .bind(what)
        .execute(store.writer())
        .await?;
        Ok(())
    }
}
