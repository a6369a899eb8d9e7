//! Stores files for outgoing media: upload, lookup, deletion, expiry.
//!
//! ```text
//!  POST /files, a part of POST /send, url ─> intake ─> DATA_DIR/files/<id>.part
//!                                              │ complete, hashed, on disk
//!                                              v
//!               ledger (its row) <──────── DATA_DIR/files/<id> ──> Chrome reads it
//!                                              ^
//!  prune: expired, and no message needs it ────┤
//!  forget: all chats that used it are gone ────┘ row and all, once no message needs it
//! ```
//!
//! If ffmpeg is installed, it converts a GIF that is sent as a picture, a sound that is sent as a
//! voice message, and a picture that is sent as a sticker. The result is a new file, which belongs
//! to its message alone.
//!
//! A name from a caller is never used as a path: on disk a file is named by its id.

mod allowed_hosts;
mod convert;
mod drawable;
mod error;
mod fetch;
mod mime_type;
mod names;
mod upload;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convert::Converter;
use service_runtime::limits::Shares;
use service_runtime::private;
use session_api::{Content, ErrorCode, Media, MediaKind, Recipient, Timestamp};
use tokio::sync::{OnceCell, OwnedRwLockReadGuard, RwLock};
use tokio_util::sync::CancellationToken;

pub use allowed_hosts::{AllowedHosts, HostError};
pub(crate) use drawable::{is_drawable, is_drawable_preview};
pub use error::FileError;
pub(crate) use mime_type::HEAD_BYTES;
pub use mime_type::{Conversion, detect_mime};
pub(crate) use names::UNKNOWN;
pub use upload::{FileMeta, UploadHints};
pub(crate) use upload::{PARTIAL_SUFFIX, new_id};

use crate::browser::PageFile;
use crate::error::ApiError;
use crate::ledger::{FileRow, LedgerFile};

/// The folder's name in `DATA_DIR`.
const FOLDER: &str = "files";
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);
/// How long a file that came with its message is kept.
const EPHEMERAL_LIFETIME: Duration = Duration::from_secs(600);

/// Maximum number of concurrent uploads, of one business and in total.
const MAX_UPLOADS_PER_CLIENTE: usize = 32;
const MAX_UPLOADS: usize = 64;

/// The limits of files.
#[derive(Clone, Debug)]
pub struct FileLimits {
    /// Maximum size of a file, in bytes.
    pub max_size: u64,
    /// Quota of all files, in bytes.
    pub quota: u64,
    /// Quota of the files of one business, in bytes.
    pub quota_of_cliente: u64,
    /// How long a file is kept.
    pub keep: Duration,
    /// How long the metadata of a file is kept after the file was deleted.
    pub retention: Duration,
    /// The hosts from which files may be fetched.
    pub hosts: AllowedHosts,
    /// The path of ffmpeg, which converts files that phones do not show. `None`: such files are
    /// rejected.
    pub ffmpeg: Option<PathBuf>,
}

/// The file storage; cheap to clone.
#[derive(Clone, Debug)]
pub struct Files(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    ledger: LedgerFile,
    limits: FileLimits,
    /// The ids of the files that are being received or converted.
    in_progress: Mutex<HashSet<String>>,
    /// The bytes of all files, including those being received.
    total: OnceCell<Used>,
    /// Slots for files that are being received.
    slots: Shares<Option<u64>>,
    converter: Converter,
    /// Read-locked while a message that refers to a file is stored, write-locked while a file is
    /// deleted.
    gate: Arc<RwLock<()>>,
}

/// The disk usage of the files, in bytes.
#[derive(Debug, Default)]
struct Used {
    total: AtomicU64,
    of_cliente: Mutex<HashMap<u64, u64>>,
}

impl Used {
    fn of_cliente(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        self.of_cliente
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `size`. Returns the bytes of all files, and of the files of this business.
    fn add(&self, cliente_id: Option<u64>, size: u64) -> (u64, u64) {
        let total = self.total.fetch_add(size, Ordering::Relaxed) + size;
        let of_business = cliente_id.map_or(0, |id| {
            let mut of_cliente = self.of_cliente();
            let of_business = of_cliente.entry(id).or_default();
            *of_business += size;
            *of_business
        });
        (total, of_business)
    }

    fn release(&self, cliente_id: Option<u64>, size: u64) {
        let subtract = |total: u64| Some(total.saturating_sub(size));
        let _ = self
            .total
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract);
        let Some(id) = cliente_id else { return };
        let mut of_cliente = self.of_cliente();
        if let Some(of_business) = of_cliente.get_mut(&id) {
            *of_business = of_business.saturating_sub(size);
            if *of_business == 0 {
                of_cliente.remove(&id);
            }
        }
    }
}

/// A guard. While it is held, no file is deleted.
pub type Gate = OwnedRwLockReadGuard<()>;

impl Inner {
    fn in_progress(&self) -> MutexGuard<'_, HashSet<String>> {
        self.in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    async fn used(&self) -> Result<&Used, FileError> {
        self.total
            .get_or_try_init(|| async {
                let used = Used::default();
                for file in self.ledger.store().await?.kept_files().await? {
                    used.add(file.cliente_id, file.size);
                }
                Ok(used)
            })
            .await
    }

    fn release(&self, cliente_id: Option<u64>, size: u64) {
        if let Some(used) = self.total.get() {
            used.release(cliente_id, size);
        }
    }
}

impl Files {
    /// Creates the storage below `data`, with its rows in `ledger`.
    #[must_use]
    pub fn new(data: &std::path::Path, ledger: LedgerFile, limits: FileLimits) -> Self {
        Self(Arc::new(Inner {
            folder: data.join(FOLDER),
            ledger,
            converter: Converter::new(limits.ffmpeg.clone()),
            limits,
            in_progress: Mutex::default(),
            total: OnceCell::new(),
            slots: Shares::new(MAX_UPLOADS_PER_CLIENTE, MAX_UPLOADS),
            gate: Arc::default(),
        }))
    }

    fn make_folder(&self) -> std::io::Result<()> {
        private::make_folder(&self.0.folder)
    }

    /// Returns a guard that keeps on disk the files that [`Files::find`] finds.
    pub async fn gate(&self) -> Gate {
        self.0.gate.clone().read_owned().await
    }

    /// Returns the file with this id, even if its content was deleted.
    ///
    /// # Errors
    /// `FILE_NOT_FOUND`, `LEDGER_UNAVAILABLE`.
    pub async fn find_row(&self, id: &str) -> Result<FileRow, ApiError> {
        let found = match session_api::is_file_id(id) {
            true => self.0.ledger.store().await?.file(id).await?,
            false => None,
        };
        found.ok_or_else(not_found)
    }

    /// Returns the file with this id, if its content is stored.
    ///
    /// # Errors
    /// `FILE_NOT_FOUND`, `LEDGER_UNAVAILABLE`.
    pub async fn find(&self, id: &str) -> Result<FileRow, ApiError> {
        let file = self.find_row(id).await?;
        if file.deleted {
            return Err(not_found());
        }
        Ok(file)
    }

    /// Deletes the file with this id.
    ///
    /// # Errors
    /// `FILE_NOT_FOUND`, `FILE_IN_USE`, `LEDGER_UNAVAILABLE`.
    pub async fn delete(&self, id: &str) -> Result<(), ApiError> {
        let file = self.find(id).await?;
        if self.remove(&file).await? {
            return Ok(());
        }
        Err(ApiError::new(
            ErrorCode::FileInUse,
            "a message that may have to be sent again needs this file: try again once the message is settled",
        ))
    }

    /// Deletes a file that came with its message, once the message is settled.
    pub async fn release_ephemeral(&self, file: &FileRow) {
        if file.ephemeral
            && let Err(error) = self.remove(file).await
        {
            tracing::debug!(id = file.id, code = ?error.code(), "a file could not be deleted yet");
        }
    }

    /// Releases the file with this id, whose message is settled: deletes it if it came with its
    /// message, or if its chats were forgotten meanwhile.
    pub async fn release_id(&self, id: &str) {
        if let Ok(file) = self.find(id).await {
            self.release_ephemeral(&file).await;
        }
        self.delete_forgotten().await;
    }

    /// Records that the file is to be sent to `to`, so that it is deleted with the last chat that
    /// used it.
    ///
    /// # Errors
    /// `LEDGER_UNAVAILABLE`.
    pub async fn record_use(&self, file: &FileRow, to: &Recipient) -> Result<(), ApiError> {
        let store = self.0.ledger.store().await?;
        Ok(store.record_file_use(&file.id, to.as_str()).await?)
    }

    /// Deletes the files of forgotten chats that no message needs any more.
    ///
    /// A row stays until its file is off the disk, so a service that is killed in between, or
    /// cannot delete it, tries again with the next round.
    pub async fn delete_forgotten(&self) {
        if let Err(error) = self.try_delete_forgotten().await {
            tracing::debug!(code = ?error.code(), "files of forgotten chats will be deleted later");
        }
    }

    async fn try_delete_forgotten(&self) -> Result<(), ApiError> {
        let store = self.0.ledger.store().await?;
        if store.forgotten_files().await?.is_empty() {
            return Ok(());
        }
        let _gate = self.0.gate.write().await;
        for file in store.forgotten_files().await? {
            match tokio::fs::remove_file(self.0.path(&file.id)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(id = file.id, %error, "the file of a forgotten chat could not be deleted yet");
                    continue;
                }
                _ => {}
            }
            store.delete_forgotten_file(&file.id).await?;
            if !file.deleted {
                self.0.release(file.cliente_id, file.size);
            }
        }
        Ok(())
    }

    /// Deletes a file unless a message needs it. Returns whether it was deleted.
    async fn remove(&self, file: &FileRow) -> Result<bool, ApiError> {
        let _gate = self.0.gate.write().await;
        if !self.0.ledger.store().await?.delete_file(&file.id).await? {
            return Ok(false);
        }
        self.0.release(file.cliente_id, file.size);
        // A file that cannot be removed now is swept at the next start.
        if let Err(error) = tokio::fs::remove_file(self.0.path(&file.id)).await {
            tracing::warn!(id = file.id, %error, "a deleted file could not be removed");
        }
        Ok(true)
    }

    /// Returns the file that `content` needs, in the form that the page takes; `None` if it needs
    /// none.
    ///
    /// # Errors
    /// `FILE_NOT_FOUND`, `LEDGER_UNAVAILABLE`.
    pub async fn for_page(&self, content: &Content) -> Result<Option<PageFile>, ApiError> {
        let Some((_, media)) = content.media() else {
            return Ok(None);
        };
        let row = self
            .find(media.file_id.as_deref().unwrap_or_default())
            .await?;
        let path = self.0.path(&row.id);
        // Chrome would accept a missing file silently.
        let metadata = tokio::fs::metadata(&path).await;
        if !metadata.is_ok_and(|metadata| metadata.len() == row.size) {
            tracing::error!(id = row.id, "a file in DATA_DIR is missing or was changed");
            return Err(not_found());
        }
        let name_given = media.filename.clone().or(row.filename);
        let mime = match mime_type::refine_by_name(&row.mime, name_given.as_deref()) {
            Some(named) => named.to_owned(),
            None => row.mime,
        };
        let name = match name_given {
            Some(name_given) => names::with_known_extension(&name_given, &mime),
            None => names::default_name(&mime),
        };
        Ok(Some(PageFile {
            path,
            name,
            mime,
            size: row.size,
        }))
    }

    /// Checks whether a file of type `mime` can be sent in this way. Returns the conversion that it
    /// needs first, if any.
    ///
    /// # Errors
    /// If it cannot, or if the conversion cannot be made on this machine.
    pub fn check_kind(
        &self,
        (kind, media): (MediaKind, &Media),
        mime: &str,
    ) -> Result<Option<Conversion>, FileError> {
        match Conversion::needed(kind, media.voice, mime) {
            Some(conversion) if self.0.converter.is_installed() => Ok(Some(conversion)),
            Some(conversion) => Err(FileError::Convert(conversion.refusal())),
            None => match mime_type::check_kind(kind, mime) {
                Ok(()) => Ok(None),
                Err(refusal) => Err(FileError::Kind(refusal)),
            },
        }
    }

    /// Checks whether files may be fetched from this URL.
    ///
    /// # Errors
    /// `URL_NOT_ALLOWED`.
    pub fn check_url(&self, url: &str) -> Result<(), ApiError> {
        Ok(self.0.limits.hosts.check(url).map(drop)?)
    }

    /// Deletes expired files until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let work = async {
            let mut swept = false;
            let mut tick = tokio::time::interval(PRUNE_INTERVAL);
            loop {
                tick.tick().await;
                if !swept {
                    swept = self.sweep().await;
                }
                self.prune().await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    /// Deletes expired files, and those of forgotten chats, that no message needs.
    async fn prune(&self) {
        self.delete_forgotten().await;
        let due = async {
            let store = self.0.ledger.store().await?;
            let retention = i64::try_from(self.0.limits.retention.as_millis()).unwrap_or(i64::MAX);
            let forget_before = Timestamp::now().as_millis() - retention;
            store.forget_files(forget_before).await?;
            store.files_due().await
        };
        // The next send reports that the ledger is unusable.
        let Ok(due) = due.await else { return };
        for file in due {
            if let Err(error) = self.remove(&file).await {
                tracing::debug!(id = file.id, code = ?error.code(), "a file could not be deleted yet");
            }
        }
    }

    /// Removes what a killed process left behind: parts, and files without a row.
    async fn sweep(&self) -> bool {
        let Ok(store) = self.0.ledger.store().await else {
            return false;
        };
        // List the folder before the rows are read: a file that is received meanwhile has its row,
        // or is in `in_progress`.
        let Ok(entries) = std::fs::read_dir(&self.0.folder) else {
            return true;
        };
        let names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        let in_progress = self.0.in_progress().clone();
        let Ok(stored_ids) = store.kept_files().await else {
            return false;
        };
        let stored_ids: HashSet<_> = stored_ids.into_iter().map(|file| file.id).collect();
        for name in names {
            let id = name.strip_suffix(upload::PARTIAL_SUFFIX).unwrap_or(&name);
            let is_complete = id == name && stored_ids.contains(id);
            if !is_complete && !in_progress.contains(id) && session_api::is_file_id(id) {
                let _ = tokio::fs::remove_file(self.0.folder.join(&name)).await;
            }
        }
        true
    }
}

fn not_found() -> ApiError {
    ApiError::new(
        ErrorCode::FileNotFound,
        "there is no file with this id: it was never uploaded, has expired or was deleted",
    )
}
