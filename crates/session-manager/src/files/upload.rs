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

use super::{EPHEMERAL_LIFETIME, FileError, Files, Inner, Used, mime_type};
use crate::ledger::FileRow;

/// File name suffix while a file is incomplete.
pub(crate) const PARTIAL_SUFFIX: &str = ".part";
/// Timeout for the next chunk.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How many bytes of an oversized file are read and discarded, so that the client can read the
/// response.
const MAX_DISCARDED: u64 = 16 * 1024 * 1024;
const BUFFER_BYTES: usize = 256 * 1024;

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
struct PartialFile {
    inner: Arc<Inner>,
    id: String,
    cliente_id: Option<u64>,
    reserved: u64,
    kept: bool,
}

impl PartialFile {
    fn path(&self) -> std::path::PathBuf {
        self.inner
            .folder
            .join(format!("{}{PARTIAL_SUFFIX}", self.id))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.kept {
            // Only one of the two files exists.
            let _ = std::fs::remove_file(self.path());
            let _ = std::fs::remove_file(self.inner.path(&self.id));
            self.inner.release(self.cliente_id, self.reserved);
        }
        self.inner.in_progress().remove(&self.id);
    }
}

/// The destination of the file's content.
struct Sink<'a> {
    part: &'a mut PartialFile,
    file: BufWriter<tokio::fs::File>,
    used: &'a Used,
}

impl Sink<'_> {
    async fn write(&mut self, chunk: &Bytes) -> Result<(), FileError> {
        let size = chunk.len() as u64;
        // The reservation is released together with the part.
        self.part.reserved += size;
        let (total, of_cliente) = self.used.add(self.part.cliente_id, size);
        let limits = &self.part.inner.limits;
        if total > limits.quota {
            return Err(FileError::Full(
                "the quota of all files is used up (FILES_QUOTA_MIB)",
            ));
        }
        if of_cliente > limits.quota_of_cliente {
            return Err(FileError::Full(
                "the quota of this business is used up (FILES_QUOTA_CLIENTE_MIB)",
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
    pub async fn receive<E: std::error::Error + 'static>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        hints: UploadHints,
        ephemeral: bool,
    ) -> Result<FileRow, FileError> {
        let inner = &self.0;
        let _slot = inner.slots.take(hints.cliente_id)?;
        let store = inner.ledger.store().await?;
        let used = inner.used().await?;
        let expected_size = hints.length.unwrap_or_default().min(inner.limits.max_size);
        if used.total.load(Ordering::Relaxed) + expected_size > inner.limits.quota {
            self.prune().await;
        }
        self.make_folder()?;
        let id = new_id();
        inner.in_progress().insert(id.clone());
        let mut part = PartialFile {
            inner: Arc::clone(inner),
            id,
            cliente_id: hints.cliente_id,
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
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            used,
        };
        let meta = self.read(body, &hints, Some(&mut sink)).await?;
        sink.file.flush().await?;
        // A message that refers to the file must find it even after a power loss.
        sink.file.get_ref().sync_all().await?;
        tokio::fs::rename(part.path(), inner.path(&part.id)).await?;
        let keep = if ephemeral {
            EPHEMERAL_LIFETIME
        } else {
            inner.limits.keep
        };
        let row = FileRow {
            id: part.id.clone(),
            sha256: meta.sha256,
            size: meta.size,
            mime: meta.mime,
            filename: hints.filename,
            cliente_id: hints.cliente_id,
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
            "a file was stored"
        );
        Ok(row)
    }

    /// Reads a file as [`Files::receive`] does, but stores nothing.
    ///
    /// # Errors
    /// Any [`FileError`] of the body.
    pub async fn inspect<E: std::error::Error + 'static>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        hints: &UploadHints,
    ) -> Result<FileMeta, FileError> {
        self.read(body, hints, None).await
    }

    async fn read<E: std::error::Error + 'static>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        hints: &UploadHints,
        mut sink: Option<&mut Sink<'_>>,
    ) -> Result<FileMeta, FileError> {
        let max_size = self.0.limits.max_size;
        let mut body = std::pin::pin!(body);
        let mut hash = Sha256::new();
        let mut head = Vec::new();
        let mut size = 0_u64;
        // The file is far too large to be read to its end just to deliver the response.
        if hints
            .length
            .is_some_and(|length| length > max_size + MAX_DISCARDED)
        {
            return Err(FileError::TooLarge(max_size));
        }
        loop {
            let next = tokio::time::timeout(IDLE_TIMEOUT, body.next()).await;
            let chunk = match next.map_err(|_| FileError::Slow(IDLE_TIMEOUT.as_secs()))? {
                None => break,
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) if is_stalled(&error) => {
                    return Err(FileError::Slow(IDLE_TIMEOUT.as_secs()));
                }
                Some(Err(_)) => return Err(FileError::Broken),
            };
            size += chunk.len() as u64;
            if size > max_size {
                if size > max_size + MAX_DISCARDED {
                    break;
                }
                continue;
            }
            let lacking = mime_type::HEAD_BYTES
                .saturating_sub(head.len())
                .min(chunk.len());
            head.extend_from_slice(&chunk[..lacking]);
            hash.update(&chunk);
            if let Some(sink) = &mut sink {
                sink.write(&chunk).await?;
            }
        }
        if size > max_size {
            return Err(FileError::TooLarge(max_size));
        }
        if size == 0 {
            return Err(FileError::Empty);
        }
        Ok(FileMeta {
            sha256: hash.finalize().to_vec(),
            size,
            mime: mime_type::detect_mime(&head, hints.mime.as_deref(), hints.filename.as_deref()),
        })
    }
}

/// Returns a random file id.
pub(crate) fn new_id() -> String {
    let random: [u8; 16] = rand::rng().random();
    hex::encode(random)
}
