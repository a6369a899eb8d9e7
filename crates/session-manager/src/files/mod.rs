//! File storage for outgoing media: upload, lookup, deletion, expiry.
//!
//! ```text
//!  POST /files, a part of POST /send, url ─> intake ─> DATA_DIR/files/<id>.part
//!                                              │ whole, hashed, on the disk
//!                                              v
//!               ledger (its row) <──────── DATA_DIR/files/<id> ──> Chrome reads it
//!                                              ^
//!  prune: expired, and no message needs it ────┘
//! ```
//!
//! A name that a caller gives is never a path: on the disk a file has its id.

mod allowed_hosts;
mod error;
mod fetch;
mod intake;
mod kind;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use service_runtime::limits::Shares;
use service_runtime::private;
use session_api::{Content, ErrorCode, Timestamp};
use tokio::sync::{OnceCell, OwnedRwLockReadGuard, RwLock};
use tokio_util::sync::CancellationToken;

pub use allowed_hosts::{AllowedHosts, HostError};
pub use error::FileError;
pub use intake::{FileMeta, UploadHints};
pub use kind::{check_kind, mime as found_mime};

use crate::browser::PageFile;
use crate::error::ApiError;
use crate::ledger::{FileRow, LedgerFile};

/// The folder's name in `DATA_DIR`.
const FOLDER: &str = "files";
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// What came with its message is not asked for again after this.
const EPHEMERAL_KEPT: Duration = Duration::from_secs(600);

/// Files of one business that come in at once, and of all.
const COMING_IN: usize = 32;
const COMING_IN_OF_ALL: usize = 64;

/// The bounds of files.
#[derive(Clone, Debug)]
pub struct FileLimits {
    /// The largest one, in bytes.
    pub largest: u64,
    /// All together, in bytes.
    pub quota: u64,
    /// Those of one business, in bytes.
    pub quota_of_cliente: u64,
    /// How long one is kept.
    pub keep: Duration,
    /// How long it is remembered that there was one.
    pub remember: Duration,
    /// Where files may be fetched from.
    pub hosts: AllowedHosts,
}

/// The files; cheap to clone.
#[derive(Clone, Debug)]
pub struct Files(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    ledger: LedgerFile,
    limits: FileLimits,
    /// The ids of those that are just coming in.
    taking: Mutex<HashSet<String>>,
    /// Bytes of all, those on the way in included.
    total: OnceCell<Used>,
    /// Files that are on the way in.
    places: Shares<Option<u64>>,
    /// Read-locked while a file is being named in a message, write-locked
    /// while one is deleted.
    gate: Arc<RwLock<()>>,
}

/// Bytes that files take.
#[derive(Debug, Default)]
struct Used {
    all: AtomicU64,
    of_cliente: Mutex<HashMap<u64, u64>>,
}

impl Used {
    fn of_cliente(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        self.of_cliente
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `size`; returns the bytes of all files and of this business.
    fn add(&self, cliente_id: Option<u64>, size: u64) -> (u64, u64) {
        let all = self.all.fetch_add(size, Ordering::Relaxed) + size;
        let own = cliente_id.map_or(0, |id| {
            let mut of_cliente = self.of_cliente();
            let own = of_cliente.entry(id).or_default();
            *own += size;
            *own
        });
        (all, own)
    }

    fn release(&self, cliente_id: Option<u64>, size: u64) {
        let less = |total: u64| Some(total.saturating_sub(size));
        let _ = self
            .all
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        let Some(id) = cliente_id else { return };
        let mut of_cliente = self.of_cliente();
        if let Some(own) = of_cliente.get_mut(&id) {
            *own = own.saturating_sub(size);
            if *own == 0 {
                of_cliente.remove(&id);
            }
        }
    }
}

/// While it lives no file is deleted.
pub type Gate = OwnedRwLockReadGuard<()>;

impl Inner {
    fn taking(&self) -> MutexGuard<'_, HashSet<String>> {
        self.taking.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// Files below `data`, written down in `ledger`.
    #[must_use]
    pub fn new(data: &std::path::Path, ledger: LedgerFile, limits: FileLimits) -> Self {
        Self(Arc::new(Inner {
            folder: data.join(FOLDER),
            ledger,
            limits,
            taking: Mutex::default(),
            total: OnceCell::new(),
            places: Shares::new(COMING_IN, COMING_IN_OF_ALL),
            gate: Arc::default(),
        }))
    }

    fn make_folder(&self) -> std::io::Result<()> {
        private::make_folder(&self.0.folder)
    }

    /// As long as this is held, what [`Files::find`] gives stays there.
    pub async fn gate(&self) -> Gate {
        self.0.gate.clone().read_owned().await
    }

    /// The file with this id, though what is in it may be deleted.
    ///
    /// # Errors
    /// `FILE_NOT_FOUND`, `LEDGER_UNAVAILABLE`.
    pub async fn remembered(&self, id: &str) -> Result<FileRow, ApiError> {
        let found = match session_api::is_file_id(id) {
            true => self.0.ledger.store().await?.file(id).await?,
            false => None,
        };
        found.ok_or_else(not_found)
    }

    /// The file with this id.
    ///
    /// # Errors
    /// `FILE_NOT_FOUND`, `LEDGER_UNAVAILABLE`.
    pub async fn find(&self, id: &str) -> Result<FileRow, ApiError> {
        let file = self.remembered(id).await?;
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
            "a message that may have to be sent again needs this file: try again once it is settled",
        ))
    }

    /// What came with its message is not needed once that is settled.
    pub async fn release_ephemeral(&self, file: &FileRow) {
        if file.ephemeral
            && let Err(error) = self.remove(file).await
        {
            tracing::debug!(id = file.id, code = ?error.code(), "a file is deleted later");
        }
    }

    /// As [`Files::release_ephemeral`], by its id.
    pub async fn release_id(&self, id: &str) {
        if let Ok(file) = self.find(id).await {
            self.release_ephemeral(&file).await;
        }
    }

    /// Deletes a file unless a message needs it; gives whether it is gone.
    async fn remove(&self, file: &FileRow) -> Result<bool, ApiError> {
        let _gate = self.0.gate.write().await;
        if !self.0.ledger.store().await?.delete_file(&file.id).await? {
            return Ok(false);
        }
        self.0.release(file.cliente_id, file.size);
        // What cannot be removed now is found by the next start's sweep.
        if let Err(error) = tokio::fs::remove_file(self.0.path(&file.id)).await {
            tracing::warn!(id = file.id, %error, "a deleted file could not be removed");
        }
        Ok(true)
    }

    /// The file that `content` needs, as the page is given it.
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
        // Chrome would take a missing one without a word.
        let there = tokio::fs::metadata(&path).await;
        if !there.is_ok_and(|there| there.len() == row.size) {
            tracing::error!(id = row.id, "a file is gone from DATA_DIR, or changed");
            return Err(not_found());
        }
        let name = media.filename.clone().or(row.filename);
        Ok(Some(PageFile {
            path,
            name: name.unwrap_or_else(|| kind::default_name(&row.mime)),
            mime: row.mime,
            size: row.size,
        }))
    }

    /// Whether files may be fetched from there.
    ///
    /// # Errors
    /// `URL_NOT_ALLOWED`.
    pub fn check_url(&self, url: &str) -> Result<(), ApiError> {
        Ok(self.0.limits.hosts.check(url).map(drop)?)
    }

    /// Deletes what is due, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let work = async {
            let mut swept = false;
            let mut tick = tokio::time::interval(PRUNE_EVERY);
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

    /// Deletes what is expired and needed by nobody.
    async fn prune(&self) {
        let due = async {
            let store = self.0.ledger.store().await?;
            let remember = i64::try_from(self.0.limits.remember.as_millis()).unwrap_or(i64::MAX);
            let forget = Timestamp::now().as_millis() - remember;
            store.forget_files(forget).await?;
            store.files_due().await
        };
        // The next send reports a ledger that cannot be used.
        let Ok(due) = due.await else { return };
        for file in due {
            if let Err(error) = self.remove(&file).await {
                tracing::debug!(id = file.id, code = ?error.code(), "a file is deleted later");
            }
        }
    }

    /// Removes what a killed process left: parts, and files that no row names.
    async fn sweep(&self) -> bool {
        let Ok(store) = self.0.ledger.store().await else {
            return false;
        };
        // Listed before the rows are read: what comes in meanwhile has its row,
        // or is being taken.
        let Ok(entries) = std::fs::read_dir(&self.0.folder) else {
            return true;
        };
        let names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        let taking = self.0.taking().clone();
        let Ok(kept) = store.kept_files().await else {
            return false;
        };
        let kept: HashSet<_> = kept.into_iter().map(|file| file.id).collect();
        for name in names {
            let id = name.strip_suffix(intake::PART).unwrap_or(&name);
            let whole = id == name && kept.contains(id);
            if !whole && !taking.contains(id) && session_api::is_file_id(id) {
                let _ = tokio::fs::remove_file(self.0.folder.join(&name)).await;
            }
        }
        true
    }
}

fn not_found() -> ApiError {
    ApiError::new(
        ErrorCode::FileNotFound,
        "no file with this id is here: it was never uploaded, is expired or deleted",
    )
}
