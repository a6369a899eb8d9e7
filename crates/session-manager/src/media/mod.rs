//! Files of messages that came in: fetched in the page, moved to the disk in
//! pieces, kept within a quota and an age of their own.
//!
//! ```text
//!  a message is told ──────> auto ─┐            ┌─ page: wa-js downloads ─> blob
//!  GET /messages/{id}/media ───────┴─> flight ──┤
//!                                    (one each) └─ pieces ─> <id>.part ─> <id> ─> ledger
//!  prune: older than the age, or the oldest beyond the quota ────────────┘
//! ```
//!
//! A file bears its name only once all of it is on the disk, and the ledger names
//! it only then: nothing half is ever served, whatever is killed in between.

mod error;
mod fetch;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use service_runtime::private;
use session_api::{SessionState, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub use error::MediaError;

use crate::ledger::{LedgerFile, MediaRow, StoredMedia};
use crate::session::SessionHandle;

/// The folder's name in `DATA_DIR`.
const FOLDER: &str = "files/inbound";
/// What a file's name ends in while it is not whole.
const PART: &str = ".part";
/// Files that are fetched side by side.
const AT_ONCE: usize = 3;
/// Files that are fetched or wait for it; more is 503 `OVERLOADED`.
const FLIGHTS: usize = 64;
/// What is fetched by itself by `MEDIA_DOWNLOAD=auto`; films only when asked for.
const AUTO_KINDS: &str = r#"["image","sticker","ptt","audio","document"]"#;
const TRIES: u32 = 6;
const TRY_AGAIN: Duration = Duration::from_secs(300);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// However much happens, the ledger is not looked at more often.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Download {
    /// Pictures, voice and documents by themselves, the rest when it is asked for.
    #[default]
    Auto,
    /// What is asked for.
    Demand,
    /// Nothing.
    Off,
}

/// The bounds of what is fetched.
#[derive(Clone, Copy, Debug)]
pub struct MediaLimits {
    /// What is fetched.
    pub download: Download,
    /// The largest file that is fetched by itself, in bytes.
    pub auto_largest: u64,
    /// How long one is kept.
    pub keep: Duration,
    /// All together, in bytes.
    pub quota: u64,
    /// How long it is remembered that a message has one.
    pub remember: Duration,
}

type Outcome = Result<StoredMedia, MediaError>;
type Flight = watch::Receiver<Option<Outcome>>;

/// The files; cheap to clone.
#[derive(Clone, Debug)]
pub struct MediaStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    ledger: LedgerFile,
    session: SessionHandle,
    limits: MediaLimits,
    /// What is being fetched, by message: who asks for the same waits for it.
    flights: Mutex<HashMap<String, Flight>>,
    places: Semaphore,
    /// Bytes of what is fetched just now.
    coming: Mutex<u64>,
}

/// A file to serve.
#[derive(Clone, Debug)]
pub struct ServedMedia {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is, as found in it.
    pub mime: String,
    /// Its name, as its sender's phone said it.
    pub filename: Option<String>,
    /// Of what is in it, in hexadecimal.
    pub sha256: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a flight off the list, however it ended.
struct Landing {
    media: MediaStore,
    key: String,
}

impl Drop for Landing {
    fn drop(&mut self) {
        lock(&self.media.0.flights).remove(&self.key);
    }
}

impl MediaStore {
    /// Files below `data`, noted in `ledger`, fetched in the page of `session`.
    #[must_use]
    pub fn new(
        data: &Path,
        ledger: LedgerFile,
        session: SessionHandle,
        limits: MediaLimits,
    ) -> Self {
        Self(Arc::new(Inner {
            folder: data.join(FOLDER),
            ledger,
            session,
            limits,
            flights: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
            coming: Mutex::default(),
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

    /// The file of a message, fetched if it is not here; waits `patience` for that.
    ///
    /// # Errors
    /// Any [`MediaError`].
    pub async fn get(&self, id: &str, patience: Duration) -> Result<ServedMedia, MediaError> {
        let store = self.0.ledger.store().await?;
        let row = store.media(id).await?.ok_or(MediaError::NotFound)?;
        let here = match &row.stored {
            // Somebody may have deleted it.
            Some(stored) => self.is_whole(stored).await.then(|| stored.clone()),
            None => None,
        };
        let stored = match here {
            Some(stored) => stored,
            None if row.gone => return Err(MediaError::Gone),
            None if self.0.limits.download == Download::Off => return Err(MediaError::Off),
            None => {
                let landed = self.land(self.flight(&row)?);
                let landed = tokio::time::timeout(patience, landed).await;
                landed.map_err(|_| MediaError::Slow)??
            }
        };
        Ok(ServedMedia {
            path: self.path(&stored.file_id),
            mime: stored.mime,
            filename: row.filename,
            sha256: hex::encode(stored.sha256),
        })
    }

    async fn is_whole(&self, stored: &StoredMedia) -> bool {
        let there = tokio::fs::metadata(self.path(&stored.file_id)).await;
        there.is_ok_and(|there| there.is_file() && there.len() == stored.size)
    }

    /// Fetches the file of `row`, or joins who does already. What is asked for goes
    /// on when nobody waits any more.
    fn flight(&self, row: &MediaRow) -> Result<Flight, MediaError> {
        let mut flights = lock(&self.0.flights);
        if let Some(flight) = flights.get(&row.message_key) {
            return Ok(flight.clone());
        }
        if flights.len() >= FLIGHTS {
            return Err(MediaError::Busy);
        }
        let (landed, flight) = watch::channel(None);
        flights.insert(row.message_key.clone(), flight.clone());
        let landing = Landing {
            media: self.clone(),
            key: row.message_key.clone(),
        };
        let row = row.clone();
        tokio::spawn(async move {
            let outcome = landing.media.fetch(&row).await;
            // Off the list first: who asks after a failure begins anew.
            drop(landing);
            landed.send_replace(Some(outcome));
        });
        Ok(flight)
    }

    async fn land(&self, mut flight: Flight) -> Outcome {
        match flight.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(MediaError::Slow)),
            Err(_) => Err(MediaError::Failed("it broke off".to_owned())),
        }
    }

    /// Fetches what is to be fetched by itself, and deletes what is due, until
    /// `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let log = self.0.session.events().clone();
        let work = async {
            let mut swept = false;
            let mut prune = tokio::time::interval(PRUNE_EVERY);
            loop {
                let seen = log.last_id();
                if self.0.limits.download == Download::Auto {
                    self.fetch_due().await;
                }
                tokio::select! {
                    _ = prune.tick() => {
                        if !swept {
                            swept = self.sweep().await;
                        }
                        self.prune().await;
                    }
                    // Whatever happens, a message or that the session is READY.
                    true = log.wait_after(seen) => tokio::time::sleep(LOOK_EVERY).await,
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    async fn fetch_due(&self) {
        loop {
            let ready = self.0.session.snapshot().session.state == SessionState::Ready;
            if !ready {
                return;
            }
            let pause = i64::try_from(TRY_AGAIN.as_millis()).unwrap_or(i64::MAX);
            let before = Timestamp::now().as_millis() - pause;
            let most = self.0.limits.auto_largest.min(self.0.limits.quota);
            // What is wrong with the ledger, it says itself.
            let Ok(store) = self.0.ledger.store().await else {
                return;
            };
            let Ok(Some(row)) = store.media_to_fetch(AUTO_KINDS, most, TRIES, before).await else {
                return;
            };
            let Ok(flight) = self.flight(&row) else {
                return;
            };
            match self.land(flight).await {
                Ok(_) | Err(MediaError::Gone | MediaError::TooLarge(_) | MediaError::Failed(_)) => {
                }
                Err(error) => {
                    tracing::debug!(%error, "files that came in are fetched later");
                    return;
                }
            }
        }
    }

    /// Deletes what is too old; what is beyond the quota goes when room is needed.
    async fn prune(&self) {
        let due = async {
            let store = self.0.ledger.store().await?;
            let age = |kept: Duration| i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
            let now = Timestamp::now().as_millis();
            if let Some(before) = Timestamp::from_millis(now - age(self.0.limits.remember)) {
                store.forget_media(before).await?;
            }
            let oldest = now - age(self.0.limits.keep);
            for (file_id, _, at) in store.stored_media().await? {
                if at >= oldest {
                    break;
                }
                self.delete(&store, &file_id).await?;
            }
            Ok::<_, MediaError>(())
        };
        if let Err(error) = due.await {
            tracing::debug!(%error, "files that came in are deleted later");
        }
    }

    /// The row first: what is left behind by a kill, the next sweep removes.
    async fn delete(&self, store: &crate::ledger::Store, file_id: &str) -> Result<(), MediaError> {
        store.media_dropped(file_id).await?;
        if let Err(error) = tokio::fs::remove_file(self.path(file_id)).await {
            tracing::debug!(%error, "a file that came in was gone already");
        }
        Ok(())
    }

    /// Removes what a killed process left: parts, and files that no row names.
    async fn sweep(&self) -> bool {
        let Ok(entries) = std::fs::read_dir(&self.0.folder) else {
            return true;
        };
        // Listed before the rows are read: what is stored meanwhile has its row.
        let names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        if !lock(&self.0.flights).is_empty() {
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
            let id = name.strip_suffix(PART).unwrap_or(name);
            if session_api::is_file_id(id) {
                let _ = tokio::fs::remove_file(self.0.folder.join(name)).await;
            }
        }
        true
    }
}
