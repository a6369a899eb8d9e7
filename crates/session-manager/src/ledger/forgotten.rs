//! Messages of forgotten chats: of each a hash is kept, so that none is told
//! again.

use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

/// Returns the hash of what tells a message from all others.
pub(super) fn forgotten_hash(message_key: &str) -> Vec<u8> {
    Sha256::digest(message_key).to_vec()
}

/// Returns whether the message was forgotten.
pub(super) async fn is_forgotten(
    transaction: &mut SqliteConnection,
    message_key: &str,
) -> Result<bool, sqlx::Error> {
    let known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM forgotten WHERE hash = ?")
        .bind(forgotten_hash(message_key))
        .fetch_optional(transaction)
        .await?;
    Ok(known.is_some())
}
