//! The queue of deleted contacts whose data session-manager still has to
//! delete. It is written in the transaction that deletes a contact from the
//! store.

use std::collections::BTreeSet;

use session_api::Timestamp;

use super::deletion_queue::DeletionQueue;
use super::error::StoreError;
use super::{Store, Tx, now};

const CHATS: DeletionQueue = DeletionQueue {
    table: "chat_deletions",
    column: "address",
};

impl Store {
    /// Enqueues the deletion of these addresses. Until `until`, the queue
    /// leaves them to the caller, who requests the deletion directly.
    pub(super) async fn delete_chats_in(
        &self,
        tx: &mut Tx,
        addresses: &BTreeSet<String>,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        for address in addresses {
            sqlx::query(
                "INSERT INTO chat_deletions (address, due_at, created_at) VALUES ($1, $2, $3)
                 ON CONFLICT (address) DO UPDATE SET due_at = excluded.due_at",
            )
            .bind(address)
            .bind(until.as_millis())
            .bind(now())
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    /// Returns addresses that are due for deletion, and claims them until
    /// `until`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim_chat_deletions(
        &self,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        CHATS.claim(self, until, limit).await
    }

    /// Returns whether one of these addresses is still in the queue.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_chat_deletion_queued(&self, addresses: &[String]) -> Result<bool, StoreError> {
        let among = self.engine().pick(
            "SELECT COUNT(*) FROM chat_deletions WHERE address IN (SELECT value FROM json_each($1))",
            "SELECT COUNT(*) FROM chat_deletions
             WHERE address IN (SELECT value FROM json_array_elements_text(CAST($1 AS JSON)))",
        );
        let count: i64 = sqlx::query_scalar(among)
            .bind(serde_json::json!(addresses).to_string())
            .fetch_one(self.reader())
            .await?;
        Ok(count > 0)
    }

    /// Removes an address from the queue, because session-manager has no data
    /// of it any more.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn chat_deletion_done(&self, address: &str) -> Result<(), StoreError> {
        CHATS.done(self, address).await
    }
}
