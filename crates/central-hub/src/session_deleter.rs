//! Deletes the files of deleted messages, and the data of deleted contacts,
//! from session-manager.
//!
//! ```text
//!  a message or a person is deleted ─┐ one transaction
//!  the files to delete ──────────────┴─> store ─> run() ─> DELETE /messages/{id}/media
//!  the contacts' addresses ──────────┘                     DELETE /chats/{to}/messages
//!                                          ^  later: unreachable │
//!                                          └─────────────────────┴─> done
//! ```

use std::time::Duration;

use session_api::Timestamp;
use session_client::{ClientError, SessionClient};
use tokio_util::sync::CancellationToken;

use crate::store::{Store, StoreError};

/// Poll interval. A poll finds deletions that another hub left behind, and
/// those whose notification came before their transaction had committed.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// The pause before a failed deletion is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(600);
/// Maximum number of files per round.
const BATCH: u32 = 50;

/// Deletes the files and contacts listed in the store from session-manager.
pub(crate) struct SessionDeleter {
    pub(crate) store: Store,
    pub(crate) session: SessionClient,
}

impl SessionDeleter {
    /// Runs until `draining` is cancelled.
    pub(crate) async fn run(self, draining: CancellationToken) {
        loop {
            let is_more = match self.delete_batch().await {
                Ok(is_more) => is_more,
                Err(error) => {
                    tracing::debug!(
                        "deleting the files of deleted messages is waiting for the store: {error}"
                    );
                    false
                }
            };
            if is_more {
                continue;
            }
            tokio::select! {
                biased;
                () = draining.cancelled() => return,
                () = self.store.deletions_queued().notified() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// Makes one round of deletions. Returns whether there are more to make now.
    async fn delete_batch(&self) -> Result<bool, StoreError> {
        let until = Timestamp::now().after(RETRY_AFTER);
        for address in self.store.claim_chat_deletions(until, BATCH).await? {
            if !forget_chat(&self.store, &self.session, &address).await? {
                break;
            }
        }
        let due = self.store.claim_media_deletions(until, BATCH).await?;
        let is_full = due.len() == BATCH as usize;
        for wa_id in &due {
            match self.session.delete_media(wa_id).await {
                Ok(()) => self.store.media_deletion_done(wa_id).await?,
                Err(ClientError::Remote { code, .. }) => {
                    tracing::warn!(code, "the file of a deleted message will be deleted later");
                }
                Err(error) => {
                    tracing::debug!(%error, "the files of deleted messages will be deleted later");
                    return Ok(false);
                }
            }
        }
        Ok(is_full)
    }
}

/// Asks session-manager to delete its data of an address. Returns whether it
/// responded.
///
/// It responds `unsettled` while a message's outcome is unknown; it is then
/// asked again later.
pub(crate) async fn forget_chat(
    store: &Store,
    session: &SessionClient,
    address: &str,
) -> Result<bool, StoreError> {
    // Events after this id are not deleted, because the hub still has to receive them.
    let last_event_id = store.cursor().await?.id;
    let last_event_id = last_event_id.and_then(|id| id.parse().ok()).unwrap_or(0);
    match session.forget_chat(address, last_event_id).await {
        Ok(answer) if answer.unsettled == 0 => store.chat_deletion_done(address).await?,
        Ok(answer) => tracing::info!(
            unsettled = answer.unsettled,
            "the remaining data of a deleted contact will be deleted later"
        ),
        Err(ClientError::Remote { code, .. }) => {
            tracing::warn!(
                code,
                "session-manager's data of a deleted contact will be deleted later"
            );
        }
        Err(error) => {
            tracing::debug!(%error, "session-manager's data of a deleted contact will be deleted later");
            return Ok(false);
        }
    }
    Ok(true)
}
