//! Stores the files of incoming messages: fetches them in the page, moves them to disk in pieces,
//! and keeps them within a separate quota and maximum age.
//!
//! ```text
//!  a message is published ─> auto ─┐            ┌─ page: wa-js downloads ─> blob
//!  GET /messages/{id}/media ───────┴─> flight ──┤
//!                                    (one each) └─ pieces ─> <id>.part ─> <id> ─> ledger
//!  prune: older than the age, or the oldest beyond the quota ────────────┘
//! ```
//!
//! A file gets its final name only once all of it is on disk, and the ledger names it only after
//! that. So no partial file is ever served, even after a kill in between.

mod error;
mod fetch;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use service_runtime::private;
use session_api::{Recipient, SessionState, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use error::MediaError;

use crate::files::{Files, PARTIAL_SUFFIX};
use crate::ledger::{ForgottenChat, LedgerFile, MediaRow, StoredMedia};
use crate::session::SessionHandle;

/// The folder's name in `DATA_DIR`.
const FOLDER: &str = "files/inbound";
/// Number of concurrent downloads.
const AT_ONCE: usize = 3;
/// Number of concurrent prefetches. One that hangs, such as one for which the phone is asked, holds
/// up neither the others nor, since a place is left, who requests a file.
const PREFETCHES_AT_ONCE: usize = 2;
/// Maximum number of running and waiting downloads. Further requests get 503 `OVERLOADED`.
const MAX_RUNNING: usize = 64;
/// The kinds that `MEDIA_DOWNLOAD=auto` prefetches. Videos are fetched only on request.
const AUTO_KINDS: &str = r#"["image","sticker","ptt","audio","document"]"#;
const TRIES: u32 = 6;
const TRY_AGAIN: Duration = Duration::from_secs(300);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// The maximum interval between queries of the ledger.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// The minimum interval between queries of the ledger, however many events there are.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The download policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Download {
    /// Pictures, voice messages and documents are prefetched, the rest is fetched on request.
    #[default]
    Auto,
    /// Files are fetched only on request.
    Demand,
    /// Files are never fetched.
    Off,
}

/// The limits of downloads.
#[derive(Clone, Copy, Debug)]
pub struct MediaLimits {
    /// The download policy.
    pub download: Download,
    /// Maximum size of a prefetched file, in bytes.
    pub auto_max_size: u64,
    /// How long a file is kept.
    pub keep: Duration,
    /// Quota of all stored files, in bytes.
    pub quota: u64,
    /// How long the metadata of a message's file is kept.
    pub retention: Duration,
}

type Outcome = Result<StoredMedia, MediaError>;

/// A running download.
#[derive(Clone, Debug)]
struct RunningDownload {
    /// Maximum size of the file that it fetches, in bytes.
    max_size: u64,
    outcome: watch::Receiver<Option<Outcome>>,
}

/// The media storage; cheap to clone.
#[derive(Clone, Debug)]
pub struct MediaStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    ledger: LedgerFile,
    session: SessionHandle,
    /// The uploaded files.
    uploads: Files,
    limits: MediaLimits,
    /// The running downloads, by message key. Further requests for the same file wait for the
    /// running download.
    running: Mutex<HashMap<String, RunningDownload>>,
    places: Semaphore,
    /// The number of bytes that running downloads have reserved.
    reserved_bytes: Mutex<u64>,
}

/// A file to serve.
#[derive(Clone, Debug)]
pub struct ServedMedia {
    /// The path of the file.
    pub path: PathBuf,
    /// The MIME type, detected from the content.
    pub mime: String,
    /// The name of the file, as the sender's phone reported it.
    pub filename: Option<String>,
    /// The SHA-256 digest of the content, in hexadecimal.
    pub sha256: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A guard that removes a download from `running` on drop, whatever its result.
struct DownloadGuard {
    media: MediaStore,
    key: String,
}

impl Drop for DownloadGuard {
    fn drop(&mut self) {
        lock(&self.media.0.running).remove(&self.key);
    }
}

impl MediaStore {
    /// Creates the storage below `data`, with its rows in `ledger`. It fetches files in the page of
    /// `session`, and a forgotten chat's `uploads` are deleted with its messages.
    #[must_use]
    pub fn new(
        data: &Path,
        ledger: LedgerFile,
        session: SessionHandle,
        uploads: Files,
        limits: MediaLimits,
    ) -> Self {
        Self(Arc::new(Inner {
            folder: data.join(FOLDER),
            ledger,
            session,
            uploads,
            limits,
            running: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
            reserved_bytes: Mutex::default(),
        }))
    }

    fn path(&self, file_id: &str) -> PathBuf {
        self.0.folder.join(file_id)
    }

    fn make_folder(&self) -> std::io::Result<()> {
        if let Some(above) = self.0.folder.parent() {
            private::make_folder(above)?;
        }
        private::make_folder(&self.0.folder)
    }

    /// Returns the file of a message, and fetches it if it is not stored. Waits at most `patience`.
    ///
    /// # Errors
    /// Any [`MediaError`].
    pub async fn get(&self, id: &str, patience: Duration) -> Result<ServedMedia, MediaError> {
        let store = self.0.ledger.store().await?;
        let row = store.media(id).await?.ok_or(MediaError::NotFound)?;
        let here = match &row.stored {
            // The file may have been deleted by hand.
            Some(stored) => self.is_whole(stored).await.then(|| stored.clone()),
            None => None,
        };
        let stored = match here {
            Some(stored) => stored,
            None if row.gone => return Err(MediaError::Gone),
            None if self.0.limits.download == Download::Off => return Err(MediaError::Off),
            None => {
                let fetched = tokio::time::timeout(patience, self.fetch_on_request(&row)).await;
                fetched.map_err(|_| MediaError::Slow)??
            }
        };
        Ok(ServedMedia {
            path: self.path(&stored.file_id),
            mime: stored.mime,
            filename: row.filename,
            sha256: hex::encode(stored.sha256),
        })
    }

    /// Deletes the file of a message, stored or not, and all that is known about it, so that it is
    /// not fetched again.
    pub async fn forget(&self, id: &str) -> Result<(), MediaError> {
        let store = self.0.ledger.store().await?;
        let row = store.media(id).await?.ok_or(MediaError::NotFound)?;
        // Delete the row first: a running download then finds no row, and deletes its own file. If
        // the service is killed in between, the next sweep removes what is left.
        let stored = store.delete_media(&row.message_key).await?;
        if let Some(file_id) = stored
            && let Err(error) = tokio::fs::remove_file(self.path(&file_id)).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error.into());
        }
        Ok(())
    }

    /// Deletes what is kept of the chat with this person, up to the event `until`, including files.
    pub async fn forget_chat(
        &self,
        to: &Recipient,
        until: Option<u64>,
    ) -> Result<ForgottenChat, MediaError> {
        let store = self.0.ledger.store().await?;
        let forgotten = store.forget_chat(&[to.as_str()], until).await?;
        for file_id in &forgotten.files {
            // The next sweep removes what is left.
            if let Err(error) = tokio::fs::remove_file(self.path(file_id)).await {
                tracing::debug!(%error, "the file of a forgotten chat was already gone");
            }
        }
        self.0.uploads.delete_forgotten().await;
        Ok(forgotten)
    }

    async fn is_whole(&self, stored: &StoredMedia) -> bool {
        let there = tokio::fs::metadata(self.path(&stored.file_id)).await;
        there.is_ok_and(|there| there.is_file() && there.len() == stored.size)
    }

    /// Fetches the file of `row` for a request, which only the quota limits.
    async fn fetch_on_request(&self, row: &MediaRow) -> Outcome {
        let quota = self.0.limits.quota;
        let download = self.start_download(row, quota)?;
        let is_prefetch = download.max_size < quota;
        match self.wait_for_download(download).await {
            // The request joined a prefetch, whose limit is lower.
            Err(MediaError::TooLarge(_)) if is_prefetch => {
                self.wait_for_download(self.start_download(row, quota)?)
                    .await
            }
            outcome => outcome,
        }
    }

    /// Starts the download of `row`, of at most `max_size` bytes, or joins a running one, whatever
    /// its limit. The download continues even if no request waits for it any more.
    fn start_download(&self, row: &MediaRow, max_size: u64) -> Result<RunningDownload, MediaError> {
        let mut running = lock(&self.0.running);
        if let Some(download) = running.get(&row.message_key) {
            return Ok(download.clone());
        }
        if running.len() >= MAX_RUNNING {
            return Err(MediaError::Busy);
        }
        let (finished, outcome) = watch::channel(None);
        let download = RunningDownload { max_size, outcome };
        running.insert(row.message_key.clone(), download.clone());
        let guard = DownloadGuard {
            media: self.clone(),
            key: row.message_key.clone(),
        };
        let row = row.clone();
        tokio::spawn(async move {
            let outcome = guard.media.fetch(&row, max_size).await;
            // Remove the download first, so that a request after a failure starts a new one.
            drop(guard);
            finished.send_replace(Some(outcome));
        });
        Ok(download)
    }

    async fn wait_for_download(&self, mut download: RunningDownload) -> Outcome {
        match download.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(MediaError::Slow)),
            Err(_) => Err(MediaError::Failed("it broke off".to_owned())),
        }
    }

    /// Prefetches files and deletes expired ones, until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let prefetch = async {
            if self.0.limits.download == Download::Auto {
                self.prefetch().await;
            }
        };
        let work = async { tokio::join!(prefetch, self.clean_up()) };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = work => {}
        }
    }

    async fn prefetch(&self) {
        let log = self.0.session.events().clone();
        loop {
            let seen = log.last_id();
            self.fetch_due().await;
            // Wait for any event, such as a message or a change to READY, or until a file that
            // could not be fetched is due again.
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                true = log.wait_after(seen) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn clean_up(&self) {
        let mut swept = false;
        let mut interval = tokio::time::interval(PRUNE_EVERY);
        loop {
            interval.tick().await;
            if !swept {
                swept = self.sweep().await;
            }
            self.prune().await;
        }
    }

    /// Prefetches all files that are due, as many at a time as [`PREFETCHES_AT_ONCE`].
    async fn fetch_due(&self) {
        let mut downloads = JoinSet::new();
        let mut wanted = true;
        loop {
            while wanted && downloads.len() < PREFETCHES_AT_ONCE {
                let Some(download) = self.start_prefetch().await else {
                    break;
                };
                let media = self.clone();
                downloads.spawn(async move { media.wait_for_download(download).await });
            }
            let Some(outcome) = downloads.join_next().await else {
                return;
            };
            match outcome.unwrap_or(Err(MediaError::Slow)) {
                Ok(_)
                | Err(
                    MediaError::Gone
                    | MediaError::TooLarge(_)
                    | MediaError::Failed(_)
                    | MediaError::NoMessage,
                ) => {}
                Err(error) => {
                    tracing::debug!(%error, "inbound files will be fetched later");
                    wanted = false;
                }
            }
        }
    }

    /// Starts the download of the newest file to prefetch that is not being downloaded yet.
    async fn start_prefetch(&self) -> Option<RunningDownload> {
        if self.0.session.snapshot().session.state != SessionState::Ready {
            return None;
        }
        let before = Timestamp::now().before(TRY_AGAIN).as_millis();
        let most = self.0.limits.auto_max_size.min(self.0.limits.quota);
        // The ledger reports its own failures.
        let store = self.0.ledger.store().await.ok()?;
        let running: Vec<String> = lock(&self.0.running).keys().cloned().collect();
        let row = store
            .media_to_fetch(AUTO_KINDS, most, TRIES, before, &running)
            .await
            .ok()??;
        // The size that the sender stated may be wrong, so the fetch itself is limited too.
        self.start_download(&row, most).ok()
    }

    /// Deletes expired files. The quota is enforced when room is needed.
    async fn prune(&self) {
        let due = async {
            let store = self.0.ledger.store().await?;
            let now = Timestamp::now();
            store
                .forget_media(now.before(self.0.limits.retention))
                .await?;
            let oldest = now.before(self.0.limits.keep).as_millis();
            for (file_id, _, at) in store.stored_media().await? {
                if at >= oldest {
                    break;
                }
                self.delete(&store, &file_id).await?;
            }
            Ok::<_, MediaError>(())
        };
        if let Err(error) = due.await {
            tracing::debug!(%error, "expired media files could not be deleted yet");
        }
    }

    /// Deletes a file after it has marked the file's row. If the service is killed in between, the
    /// next sweep removes the file.
    async fn delete(&self, store: &crate::ledger::Store, file_id: &str) -> Result<(), MediaError> {
        store.mark_media_dropped(file_id).await?;
        if let Err(error) = tokio::fs::remove_file(self.path(file_id)).await {
            tracing::debug!(%error, "a media file was already gone");
        }
        Ok(())
    }

    /// Removes what a killed process left behind: parts, and files without a row.
    async fn sweep(&self) -> bool {
        let Ok(entries) = std::fs::read_dir(&self.0.folder) else {
            return true;
        };
        // List the folder before the rows are read: a file that is stored meanwhile has its row.
        let names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        if !lock(&self.0.running).is_empty() {
            return false;
        }
        let Ok(store) = self.0.ledger.store().await else {
            return false;
        };
        let Ok(kept) = store.stored_media().await else {
            return false;
        };
        let kept: HashSet<_> = kept.into_iter().map(|(file_id, ..)| file_id).collect();
        for name in names.iter().filter(|name| !kept.contains(*name)) {
            let id = name.strip_suffix(PARTIAL_SUFFIX).unwrap_or(name);
            if session_api::is_file_id(id) {
                let _ = tokio::fs::remove_file(self.0.folder.join(name)).await;
            }
        }
        true
    }
}
