//! The queue of files that session-manager has to delete, written in the
//! transaction that deletes their messages.

use session_api::Timestamp;
use sqlx::AssertSqlSafe;

use super::deletion_queue::DeletionQueue;
use super::error::StoreError;
use super::{Store, Tx, now};

const MEDIA: DeletionQueue = DeletionQueue {
    table: "media_deletions",
    column: "wa_id",
};

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
        self.deletions_queued().notify_one();
        Ok(())
    }

    /// Enqueues the deletion of all files in the chats that `among` selects
    /// with `$1`, of one business or of all (0). The caller sends the
    /// notification after the transaction has ended.
    pub(super) async fn delete_media_of_in(
        &self,
        tx: &mut Tx,
        among: &str,
        chats: &str,
        of: i64,
    ) -> Result<(), StoreError> {
        // The content has the field `media` only if there is a file.
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

    /// Returns files that are due for deletion, by the WhatsApp ids of their
    /// messages, and claims them until `until`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim_media_deletions(
        &self,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        MEDIA.claim(self, until, limit).await
    }

    /// Removes a file from the queue, because session-manager no longer has it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn media_deletion_done(&self, wa_id: &str) -> Result<(), StoreError> {
        MEDIA.done(self, wa_id).await
    }
}
