//! Receives a file as a stream: counts, hashes and writes it without ever holding all of it in
//! memory. Enforces the size, the quota and the idle timeout.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use rand::Rng;
use service_runtime::http::is_stalled;
use session_api::Timestamp;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::{EPHEMERAL_KEPT, FileError, Files, Inner, Used, kind};
use crate::ledger::FileRow;

/// File name suffix while a file is incomplete.
pub(crate) const PART: &str = ".part";
/// Timeout for the next chunk.
const IDLE: Duration = Duration::from_secs(30);
/// How many bytes of an oversized file are read and discarded, so that the client can read the
/// response.
const DROPPED: u64 = 16 * 1024 * 1024;
const BUFFER: usize = 256 * 1024;

/// What the caller states about a file: type, name, length, business.
#[derive(Clone, Default)]
pub struct UploadHints {
    /// The MIME type.
    pub mime: Option<String>,
    /// The file name.
    pub filename: Option<String>,
    /// The expected length in bytes.
    pub length: Option<u64>,
    /// The id of the business.
    pub cliente_id: Option<u64>,
}

/// Metadata of a file: hash, size, MIME type.
#[derive(Clone, Debug)]
pub struct FileMeta {
    /// The SHA-256 digest of the content.
    pub sha256: Vec<u8>,
    /// The size in bytes.
    pub size: u64,
    /// The MIME type.
    pub mime: String,
}

/// An incomplete file, which is deleted on drop unless it is kept.
struct Part {
    inner: Arc<Inner>,
    id: String,
    cliente_id: Option<u64>,
    reserved: u64,
    kept: bool,
}

impl Part {
    fn path(&self) -> std::path::PathBuf {
        self.inner.folder.join(format!("{}{PART}", self.id))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            // Only one of the two files exists.
            let _ = std::fs::remove_file(self.path());
            let _ = std::fs::remove_file(self.inner.path(&self.id));
            self.inner.release(self.cliente_id, self.reserved);
        }
        self.inner.taking().remove(&self.id);
    }
}

/// The destination of the file's content.
struct Sink<'a> {
    part: &'a mut Part,
    file: BufWriter<tokio::fs::File>,
    used: &'a Used,
}

impl Sink<'_> {
    async fn write(&mut self, chunk: &Bytes) -> Result<(), FileError> {
        let size = chunk.len() as u64;
        // The reservation is released together with the part.
        self.part.reserved += size;
        let (all, own) = self.used.add(self.part.cliente_id, size);
        let limits = &self.part.inner.limits;
        if all > limits.quota {
            return Err(FileError::Full(
                "all files together may take no more (FILES_QUOTA_MIB)",
            ));
        }
        if own > limits.quota_of_cliente {
            return Err(FileError::Full(
                "the files of one business may take no more (FILES_QUOTA_CLIENTE_MIB)",
            ));
        }
        Ok(self.file.write_all(chunk).await?)
    }
}

impl Files {
    /// Stores a file. `ephemeral` says that it came with its message.
    ///
    /// # Errors
    /// Any [`FileError`]; no part of the file is kept then.
    pub async fn take<E: std::error::Error + 'static>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        told: UploadHints,
        ephemeral: bool,
    ) -> Result<FileRow, FileError> {
        let inner = &self.0;
        let _place = inner.places.take(told.cliente_id)?;
        let store = inner.ledger.store().await?;
        let used = inner.used().await?;
        let wanted = told.length.unwrap_or_default().min(inner.limits.largest);
        if used.all.load(Ordering::Relaxed) + wanted > inner.limits.quota {
            self.prune().await;
        }
        self.make_folder()?;
        let id = new_id();
        inner.taking().insert(id.clone());
        let mut part = Part {
            inner: Arc::clone(inner),
            id,
            cliente_id: told.cliente_id,
            reserved: 0,
            kept: false,
        };
        let file = tokio::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(part.path())
            .await?;
        let mut sink = Sink {
            part: &mut part,
            file: BufWriter::with_capacity(BUFFER, file),
            used,
        };
        let meta = self.read(body, &told, Some(&mut sink)).await?;
        sink.file.flush().await?;
        // A message that refers to the file must find it even after a power loss.
        sink.file.get_ref().sync_all().await?;
        tokio::fs::rename(part.path(), inner.path(&part.id)).await?;
        let keep = if ephemeral {
            EPHEMERAL_KEPT
        } else {
            inner.limits.keep
        };
        let row = FileRow {
            id: part.id.clone(),
            sha256: meta.sha256,
            size: meta.size,
            mime: meta.mime,
            filename: told.filename,
            cliente_id: told.cliente_id,
            ephemeral,
            expires_at: Timestamp::now().after(keep).as_millis(),
            deleted: false,
        };
        store.insert_file(&row).await?;
        part.kept = true;
        tracing::info!(
            id = row.id,
            size = row.size,
            mime = row.mime,
            "a file was taken"
        );
        Ok(row)
    }

    /// Reads a file as [`Files::take`] does, but stores nothing.
    ///
    /// # Errors
    /// Any [`FileError`] of the body.
    pub async fn inspect<E: std::error::Error + 'static>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        told: &UploadHints,
    ) -> Result<FileMeta, FileError> {
        self.read(body, told, None).await
    }

    async fn read<E: std::error::Error + 'static>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        told: &UploadHints,
        mut sink: Option<&mut Sink<'_>>,
    ) -> Result<FileMeta, FileError> {
        let largest = self.0.limits.largest;
        let mut body = std::pin::pin!(body);
        let mut hash = Sha256::new();
        let mut head = Vec::new();
        let mut size = 0_u64;
        // The file is far too large to be read to its end just to deliver the response.
        if told.length.is_some_and(|length| length > largest + DROPPED) {
            return Err(FileError::TooLarge(largest));
        }
        loop {
            let next = tokio::time::timeout(IDLE, body.next()).await;
            let chunk = match next.map_err(|_| FileError::Slow(IDLE.as_secs()))? {
                None => break,
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) if is_stalled(&error) => {
                    return Err(FileError::Slow(IDLE.as_secs()));
                }
                Some(Err(_)) => return Err(FileError::Broken),
            };
            size += chunk.len() as u64;
            if size > largest {
                if size > largest + DROPPED {
                    break;
                }
                continue;
            }
            let missing = kind::HEAD.saturating_sub(head.len()).min(chunk.len());
            head.extend_from_slice(&chunk[..missing]);
            hash.update(&chunk);
            if let Some(sink) = &mut sink {
                sink.write(&chunk).await?;
            }
        }
        if size > largest {
            return Err(FileError::TooLarge(largest));
        }
        if size == 0 {
            return Err(FileError::Empty);
        }
        Ok(FileMeta {
            sha256: hash.finalize().to_vec(),
            size,
            mime: kind::mime(&head, told.mime.as_deref(), told.filename.as_deref()),
        })
    }
}

/// Returns a random file id.
pub(crate) fn new_id() -> String {
    let random: [u8; 16] = rand::rng().random();
    hex::encode(random)
}
