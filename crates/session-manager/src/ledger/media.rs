//! The media table: files of messages that came in. The contents belong to
//! `crate::media`.
//!
//! ```text
//!  message ─> remote ──fetched──> stored ──age, quota──> dropped
//!               │  ^─ failed        ^────────fetched──────┘
//!               └──WhatsApp has it no more──> gone
//! ```

use session_api::{MediaState, MessageEvent, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::error::LedgerError;
use super::message_id::inbound_dedup_key;
use super::store::Store;

/// A file of a message that came in.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaRow {
    /// What tells its message from all others.
    pub message_key: String,
    /// WhatsApp's whole id.
    pub message_id: String,
    /// Its name, as the sender's phone said it.
    pub filename: Option<String>,
    /// What it is, as the sender's phone said.
    pub told_mime: String,
    /// Its size, as the sender's phone said.
    pub told_size: Option<u64>,
    /// Whether WhatsApp has it no more.
    pub gone: bool,
    /// Where it is, while it is stored.
    pub stored: Option<StoredMedia>,
}

/// A file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMedia {
    /// Its name on the disk.
    pub file_id: String,
    /// In bytes.
    pub size: u64,
    /// What it is, as found in it.
    pub mime: String,
    /// Of what is in it.
    pub sha256: Vec<u8>,
}

// A file's name is the customer's.
impl std::fmt::Debug for MediaRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaRow")
            .field("gone", &self.gone)
            .field("stored", &self.stored.is_some())
            .finish_non_exhaustive()
    }
}

fn unsigned(value: Option<i64>) -> Option<u64> {
    value.and_then(|value| u64::try_from(value).ok())
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl MediaRow {
    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let state: String = row.try_get("state")?;
        let file_id: Option<String> = row.try_get("file_id")?;
        let stored = match file_id.filter(|_| state == "stored") {
            None => None,
            Some(file_id) => Some(StoredMedia {
                file_id,
                size: unsigned(row.try_get("size")?).unwrap_or_default(),
                mime: row.try_get::<Option<_>, _>("mime")?.unwrap_or_default(),
                sha256: row.try_get::<Option<_>, _>("sha256")?.unwrap_or_default(),
            }),
        };
        Ok(Self {
            message_key: row.try_get("message_key")?,
            message_id: row.try_get("message_id")?,
            filename: row.try_get("filename")?,
            told_mime: row.try_get("told_mime")?,
            told_size: unsigned(row.try_get("told_size")?),
            gone: state == "gone",
            stored,
        })
    }
}

/// Notes the file of a message that is told.
pub(super) async fn note_media(
    transaction: &mut SqliteConnection,
    message: &MessageEvent,
) -> Result<(), sqlx::Error> {
    let Some(media) = &message.content.media else {
        return Ok(());
    };
    let state = match media.state {
        MediaState::Remote => "remote",
        MediaState::Gone => "gone",
    };
    sqlx::query(
        "INSERT INTO media (message_key, message_id, kind, told_size, told_mime, filename, state, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (message_key) DO NOTHING",
    )
    .bind(inbound_dedup_key(&message.message_id))
    .bind(&message.message_id)
    .bind(&message.kind)
    .bind(media.size.map(signed))
    .bind(&media.mime)
    .bind(&media.filename)
    .bind(state)
    .bind(Timestamp::now().as_millis())
    .execute(transaction)
    .await?;
    Ok(())
}

impl Store {
    /// The file of the message with this id: WhatsApp's whole one, or the last part
    /// of one that came in.
    pub async fn media(&self, id: &str) -> Result<Option<MediaRow>, LedgerError> {
        let row = sqlx::query("SELECT * FROM media WHERE message_key IN (?1, 'in:' || ?2) LIMIT 1")
            .bind(inbound_dedup_key(id))
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(MediaRow::read).transpose()?)
    }

    /// A file that is to be fetched by itself: of one of `kinds` (a JSON array), at
    /// most `most` bytes, tried less than `tries` times and not since `before`; the
    /// newest first.
    pub async fn media_to_fetch(
        &self,
        kinds: &str,
        most: u64,
        tries: u32,
        before: i64,
    ) -> Result<Option<MediaRow>, LedgerError> {
        let row = sqlx::query(
            "SELECT * FROM media WHERE state = 'remote' AND tries < ?1
               AND (tried_at IS NULL OR tried_at < ?2)
               AND COALESCE(told_size, 0) <= ?3
               AND kind IN (SELECT value FROM json_each(?4))
             ORDER BY at DESC LIMIT 1",
        )
        .bind(tries)
        .bind(before)
        .bind(signed(most))
        .bind(kinds)
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.as_ref().map(MediaRow::read).transpose()?)
    }

    /// The file is here.
    pub async fn media_stored(&self, key: &str, file: &StoredMedia) -> Result<(), LedgerError> {
        sqlx::query(
            "UPDATE media SET state = 'stored', file_id = ?2, size = ?3, mime = ?4, sha256 = ?5,
                              stored_at = ?6 WHERE message_key = ?1",
        )
        .bind(key)
        .bind(&file.file_id)
        .bind(signed(file.size))
        .bind(&file.mime)
        .bind(&file.sha256)
        .bind(Timestamp::now().as_millis())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// WhatsApp has the file no more.
    pub async fn media_gone(&self, key: &str) -> Result<(), LedgerError> {
        sqlx::query("UPDATE media SET state = 'gone' WHERE message_key = ?")
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The file was fetched in vain.
    pub async fn media_failed(&self, key: &str) -> Result<(), LedgerError> {
        sqlx::query("UPDATE media SET tries = tries + 1, tried_at = ?2 WHERE message_key = ?1")
            .bind(key)
            .bind(Timestamp::now().as_millis())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The file is not here any more; it may be fetched again.
    pub async fn media_dropped(&self, file_id: &str) -> Result<(), LedgerError> {
        sqlx::query(
            "UPDATE media SET state = 'dropped', file_id = NULL WHERE file_id = ? AND state = 'stored'",
        )
        .bind(file_id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The stored files, the oldest first: id, bytes, and when each was stored.
    pub async fn stored_media(&self) -> Result<Vec<(String, u64, i64)>, LedgerError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT file_id, size, stored_at FROM media
             WHERE state = 'stored' AND file_id IS NOT NULL ORDER BY stored_at",
        )
        .fetch_all(&self.readers)
        .await?;
        let rows = rows.into_iter();
        Ok(rows
            .map(|(id, size, at)| (id, unsigned(Some(size)).unwrap_or_default(), at))
            .collect())
    }

    /// Forgets files of messages that were told before `before`, and that are not
    /// stored.
    pub async fn forget_media(&self, before: Timestamp) -> Result<(), LedgerError> {
        sqlx::query("DELETE FROM media WHERE at < ? AND state != 'stored'")
            .bind(before.as_millis())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
