//! Manages the media table, with the files of messages, incoming and sent. The contents belong to
//! `crate::media`.
//!
//! ```text
//!  message ─> remote ──fetched──> stored ──age, quota──> dropped <─ sent from here
//!               │  ^─ failed        ^────────fetched──────┘
//!               └──no longer at WhatsApp──> gone
//!  any of them ──DELETE──> no row
//! ```

use session_api::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::error::LedgerError;
use super::insert_media::signed;
use super::message_id::inbound_dedup_key;
use super::store::Store;

/// A file of a message.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaRow {
    /// The dedup key of its message.
    pub message_key: String,
    /// WhatsApp's full message id.
    pub message_id: String,
    /// The name of the file, as its sender reported it.
    pub filename: Option<String>,
    /// The MIME type of the file, as the sender's phone reported it.
    pub declared_mime: String,
    /// Whether WhatsApp no longer has the file.
    pub gone: bool,
    /// The stored copy of the file, if any.
    pub stored: Option<StoredMedia>,
}

/// A file that was fetched and stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMedia {
    /// The name of the file on disk.
    pub file_id: String,
    /// The size in bytes.
    pub size: u64,
    /// The MIME type, detected from the content.
    pub mime: String,
    /// The SHA-256 digest of the content.
    pub sha256: Vec<u8>,
}

// File names are the customer's data, so keep them out of logs.
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
            declared_mime: row.try_get("told_mime")?,
            gone: state == "gone",
            stored,
        })
    }
}

impl Store {
    /// Returns the file of a message, by WhatsApp's full id, or for an incoming message by the last
    /// part of it.
    pub async fn media(&self, id: &str) -> Result<Option<MediaRow>, LedgerError> {
        let row = sqlx::query("SELECT * FROM media WHERE message_key IN (?1, 'in:' || ?2) LIMIT 1")
            .bind(inbound_dedup_key(id))
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(MediaRow::read).transpose()?)
    }

    /// Returns the newest file to prefetch: its kind is one of `kinds` (a JSON array), it has at
    /// most `max_bytes` bytes as far as is known, it was tried less than `tries` times and not
    /// since `before`, and its message's key is not among `running`.
    pub async fn media_to_fetch(
        &self,
        kinds: &str,
        max_bytes: u64,
        tries: u32,
        before: i64,
        running: &[String],
    ) -> Result<Option<MediaRow>, LedgerError> {
        let row = sqlx::query(
            "SELECT * FROM media WHERE state = 'remote' AND tries < ?1
               AND (tried_at IS NULL OR tried_at < ?2)
               AND COALESCE(told_size, 0) <= ?3
               AND kind IN (SELECT value FROM json_each(?4))
               AND message_key NOT IN (SELECT value FROM json_each(?5))
             ORDER BY at DESC LIMIT 1",
        )
        .bind(tries)
        .bind(before)
        .bind(signed(max_bytes))
        .bind(kinds)
        .bind(serde_json::Value::from(running).to_string())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.as_ref().map(MediaRow::read).transpose()?)
    }

    /// Marks the file as stored. Returns `false` if its row was deleted.
    pub async fn mark_media_stored(
        &self,
        key: &str,
        file: &StoredMedia,
    ) -> Result<bool, LedgerError> {
        let result = sqlx::query(
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
        Ok(result.rows_affected() > 0)
    }

    /// Deletes the row of a file. Returns the file's name on disk, if it is stored.
    pub async fn delete_media(&self, key: &str) -> Result<Option<String>, LedgerError> {
        let file_id: Option<Option<String>> =
            sqlx::query_scalar("DELETE FROM media WHERE message_key = ? RETURNING file_id")
                .bind(key)
                .fetch_optional(&self.pool)
                .await?;
        Ok(file_id.flatten())
    }

    /// Records that WhatsApp no longer has the file.
    pub async fn mark_media_gone(&self, key: &str) -> Result<(), LedgerError> {
        sqlx::query("UPDATE media SET state = 'gone' WHERE message_key = ?")
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Records a failed fetch.
    pub async fn record_media_failure(&self, key: &str) -> Result<(), LedgerError> {
        sqlx::query("UPDATE media SET tries = tries + 1, tried_at = ?2 WHERE message_key = ?1")
            .bind(key)
            .bind(Timestamp::now().as_millis())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Records that the file has more than `bytes` bytes, whatever the sender's phone stated, so that
    /// it is not prefetched up to that size again.
    pub async fn record_media_larger_than(&self, key: &str, bytes: u64) -> Result<(), LedgerError> {
        sqlx::query(
            "UPDATE media SET told_size = MAX(COALESCE(told_size, 0), ?2) WHERE message_key = ?1",
        )
        .bind(key)
        .bind(signed(bytes.saturating_add(1)))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Marks the stored copy as dropped. The file may be fetched again.
    pub async fn mark_media_dropped(&self, file_id: &str) -> Result<(), LedgerError> {
        sqlx::query(
            "UPDATE media SET state = 'dropped', file_id = NULL WHERE file_id = ? AND state = 'stored'",
        )
        .bind(file_id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Returns the stored files, oldest first, each with its id, its size in bytes and the time at
    /// which it was stored.
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

    /// Deletes the rows of files that are not stored and whose messages were published before
    /// `before`.
    pub async fn forget_media(&self, before: Timestamp) -> Result<(), LedgerError> {
        sqlx::query("DELETE FROM media WHERE at < ? AND state != 'stored'")
            .bind(before.as_millis())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
