//! The queue of files that session-manager is to delete, written in the
//! transaction that deletes their messages.

use session_api::Timestamp;
use sqlx::{AssertSqlSafe, Row};

use super::error::StoreError;
use super::{Store, Tx, now};

impl Store {
    /// Enqueues the deletion of a message's file.
    pub(super) async fn delete_media_in(
        &self,
        tx: &mut Tx,
        wa_id: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(wa_id) = wa_id else { return Ok(()) };
        sqlx::query(
            "INSERT INTO media_deletions (wa_id, due_at, created_at) VALUES ($1, $2, $2)
             ON CONFLICT (wa_id) DO NOTHING",
        )
        .bind(wa_id)
        .bind(now())
        .execute(&mut **tx)
        .await?;
        self.media_deleted().notify_one();
        Ok(())
    }

    /// Enqueues the deletion of all files in some chats (`among`, with `$1`),
    /// of one business or of all (0); the caller gives notice after the end of
    /// the transaction.
    pub(super) async fn delete_media_of_in(
        &self,
        tx: &mut Tx,
        among: &str,
        chats: &str,
        of: i64,
    ) -> Result<(), StoreError> {
        // `media` is a field of the content only where there is a file.
        let statement = format!(
            "INSERT INTO media_deletions (wa_id, due_at, created_at)
             SELECT DISTINCT wa_id, CAST($3 AS BIGINT), CAST($3 AS BIGINT) FROM messages
             WHERE chat IN {among} AND ($2 = 0 OR cliente_id = $2) AND wa_id IS NOT NULL
                 AND content LIKE '%\"media\":%'
             ON CONFLICT (wa_id) DO NOTHING"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(chats)
            .bind(of)
            .bind(now())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Returns files that are to be deleted now, by their messages' WhatsApp
    /// ids, and claims them until `until`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim_media_deletions(
        &self,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        // Almost always there is none: nothing is written then.
        let due: Option<i64> =
            sqlx::query_scalar("SELECT id FROM media_deletions WHERE due_at <= $1 LIMIT 1")
                .bind(now())
                .fetch_optional(self.reader())
                .await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        let statement = self.engine().pick(
            "UPDATE media_deletions SET due_at = $1 WHERE id IN (
                 SELECT id FROM media_deletions WHERE due_at <= $2 ORDER BY due_at, id LIMIT $3)
             RETURNING wa_id",
            "UPDATE media_deletions SET due_at = $1 WHERE id IN (
                 SELECT id FROM media_deletions WHERE due_at <= $2 ORDER BY due_at, id LIMIT $3
                 FOR UPDATE SKIP LOCKED)
             RETURNING wa_id",
        );
        let rows = sqlx::query(statement)
            .bind(until.as_millis())
            .bind(now())
            .bind(i64::from(limit))
            .fetch_all(self.writer())
            .await?;
        rows.iter().map(|row| Ok(row.try_get("wa_id")?)).collect()
    }

    /// Removes a file from the queue: session-manager has it no more.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn media_deletion_done(&self, wa_id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM media_deletions WHERE wa_id = $1")
            .bind(wa_id)
            .execute(self.writer())
            .await?;
        Ok(())
    }
}
