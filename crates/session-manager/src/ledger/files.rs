//! Manages the files table, with the metadata of uploaded files, and the table of the chats that
//! used them. The contents belong to `crate::files`.

use session_api::{FileBody, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::error::LedgerError;
use super::store::Store;

/// An uploaded file.
#[derive(Clone, PartialEq, Eq)]
pub struct FileRow {
    /// The id of the file, which is also its name on disk.
    pub id: String,
    /// The SHA-256 digest of the content.
    pub sha256: Vec<u8>,
    /// The size in bytes.
    pub size: u64,
    /// Its MIME type.
    pub mime: String,
    /// The name that the recipient sees.
    pub filename: Option<String>,
    /// The business that uploaded the file.
    pub cliente_id: Option<u64>,
    /// Whether the file was uploaded with its message, for that message alone.
    pub ephemeral: bool,
    /// When the file may be deleted, in milliseconds since 1970.
    pub expires_at: i64,
    /// Whether the content was deleted.
    pub deleted: bool,
}

// File names are the customer's data, so keep them out of logs.
impl std::fmt::Debug for FileRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileRow")
            .field("id", &self.id)
            .field("size", &self.size)
            .field("mime", &self.mime)
            .finish_non_exhaustive()
    }
}

impl FileRow {
    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let size: i64 = row.try_get("size")?;
        Ok(Self {
            id: row.try_get("id")?,
            sha256: row.try_get("sha256")?,
            size: u64::try_from(size).unwrap_or_default(),
            mime: row.try_get("mime")?,
            filename: row.try_get("filename")?,
            cliente_id: row
                .try_get::<Option<i64>, _>("cliente_id")?
                .and_then(|id| u64::try_from(id).ok()),
            ephemeral: row.try_get("once")?,
            expires_at: row.try_get("expires_at")?,
            deleted: row.try_get::<Option<i64>, _>("deleted_at")?.is_some(),
        })
    }

    /// Returns the body of `GET /files/{id}`.
    pub fn body(&self) -> FileBody {
        FileBody {
            file_id: self.id.clone(),
            size: self.size,
            mime: self.mime.clone(),
            sha256: hex::encode(&self.sha256),
            filename: self.filename.clone(),
            expires_at: Timestamp::from_millis(self.expires_at).unwrap_or_else(Timestamp::now),
        }
    }
}

impl Store {
    /// Stores the row of a new file.
    pub async fn insert_file(&self, file: &FileRow) -> Result<(), LedgerError> {
        sqlx::query(
            "INSERT INTO files (id, sha256, size, mime, filename, once, created_at, expires_at, cliente_id)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&file.id)
        .bind(&file.sha256)
        .bind(i64::try_from(file.size).unwrap_or(i64::MAX))
        .bind(&file.mime)
        .bind(&file.filename)
        .bind(file.ephemeral)
        .bind(Timestamp::now().as_millis())
        .bind(file.expires_at)
        .bind(file.cliente_id.and_then(|id| i64::try_from(id).ok()))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Returns the file with this id, whether or not it was deleted.
    pub async fn file(&self, id: &str) -> Result<Option<FileRow>, LedgerError> {
        let row = sqlx::query("SELECT * FROM files WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(FileRow::read).transpose()?)
    }

    /// Returns all files that were not deleted.
    pub async fn kept_files(&self) -> Result<Vec<FileRow>, LedgerError> {
        let rows = sqlx::query("SELECT * FROM files WHERE deleted_at IS NULL")
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.iter().map(FileRow::read).collect::<Result<_, _>>()?)
    }

    /// Returns the expired files that no message needs.
    pub async fn files_due(&self) -> Result<Vec<FileRow>, LedgerError> {
        let rows = sqlx::query(
            "SELECT * FROM files WHERE deleted_at IS NULL AND expires_at < ?
             AND NOT EXISTS (SELECT 1 FROM sends WHERE sends.file_id = files.id) LIMIT 1000",
        )
        .bind(Timestamp::now().as_millis())
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(FileRow::read).collect::<Result<_, _>>()?)
    }

    /// Marks a file as deleted, unless a message needs it. Returns whether it was marked. Runs
    /// after all writes that were queued before.
    pub async fn delete_file(&self, id: &str) -> Result<bool, LedgerError> {
        let id = id.to_owned();
        // Go through the queue: the message's row may still be waiting to be written.
        self.writer
            .write(move |turn| {
                Box::pin(async move {
                    let done = sqlx::query(
                        "UPDATE files SET deleted_at = ?1 WHERE id = ?2 AND deleted_at IS NULL
                         AND NOT EXISTS (SELECT 1 FROM sends WHERE sends.file_id = files.id)",
                    )
                    .bind(Timestamp::now().as_millis())
                    .bind(id)
                    .execute(&mut *turn.connection)
                    .await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    /// Records that the file was sent to this number or LID, or was to be sent.
    pub async fn record_file_use(&self, id: &str, chat: &str) -> Result<(), LedgerError> {
        let (id, chat) = (id.to_owned(), chat.to_owned());
        self.writer
            .write(move |turn| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO file_uses (file_id, chat) SELECT id, ?2 FROM files WHERE id = ?1
                         ON CONFLICT DO NOTHING",
                    )
                    .bind(id)
                    .bind(chat)
                    .execute(&mut *turn.connection)
                    .await
                    .map(drop)
                })
            })
            .await
    }

    /// Returns the files whose chats were all forgotten, and that no message needs any more.
    pub async fn forgotten_files(&self) -> Result<Vec<FileRow>, LedgerError> {
        let rows = sqlx::query(
            "SELECT * FROM files WHERE forgotten = 1
             AND NOT EXISTS (SELECT 1 FROM file_uses WHERE file_uses.file_id = files.id)
             AND NOT EXISTS (SELECT 1 FROM sends WHERE sends.file_id = files.id)",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(FileRow::read).collect::<Result<_, _>>()?)
    }

    /// Deletes the row of a file whose chats were all forgotten.
    pub async fn delete_forgotten_file(&self, id: &str) -> Result<(), LedgerError> {
        sqlx::query("DELETE FROM files WHERE id = ? AND forgotten = 1")
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Deletes the rows of files that were deleted before `before`.
    pub async fn forget_files(&self, before: i64) -> Result<(), LedgerError> {
        sqlx::query("DELETE FROM files WHERE deleted_at < ?")
            .bind(before)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
