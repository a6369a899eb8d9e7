//! Inserts rows into the media table, within the transaction that records their message.

use session_api::{InboundMedia, MediaState, MessageEvent, Timestamp};
use sqlx::SqliteConnection;

use super::message_id::inbound_dedup_key;

/// Returns a number as SQLite stores it.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Stores the media row of a published message.
pub(super) async fn insert_media(
    transaction: &mut SqliteConnection,
    message: &MessageEvent,
) -> Result<(), sqlx::Error> {
    let Some(media) = &message.content.media else {
        return Ok(());
    };
    // Only the phone may show such a file, and only once.
    if message.content.view_once {
        return Ok(());
    }
    let state = match media.state {
        MediaState::Remote => "remote",
        MediaState::Gone => "gone",
    };
    insert(
        transaction,
        &message.message_id,
        &message.kind,
        media,
        state,
    )
    .await
}

/// Stores the media row of a message that was sent from here. Its file is not prefetched, since
/// whoever sent it has it.
pub(super) async fn insert_sent_media(
    transaction: &mut SqliteConnection,
    message_id: &str,
    kind: &str,
    media: &InboundMedia,
) -> Result<(), sqlx::Error> {
    insert(transaction, message_id, kind, media, "dropped").await
}

async fn insert(
    transaction: &mut SqliteConnection,
    message_id: &str,
    kind: &str,
    media: &InboundMedia,
    state: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO media (message_key, message_id, kind, told_size, told_mime, filename, state, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (message_key) DO NOTHING",
    )
    .bind(inbound_dedup_key(message_id))
    .bind(message_id)
    .bind(kind)
    .bind(media.size.map(signed))
    .bind(&media.mime)
    .bind(&media.filename)
    .bind(state)
    .bind(Timestamp::now().as_millis())
    .execute(transaction)
    .await?;
    Ok(())
}
