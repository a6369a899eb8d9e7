//! Opens the ledger on demand, and retries while its file is missing, damaged or on a full disk.
//!
//! Without the ledger the service still runs, and rejects sends with the cause. Opening is retried
//! until it succeeds.
//!
//! ```text
//!  open fails, a write fails ──> health: why ──(every second)──> open, write
//!                                   ^                              │    │
//!                                   └────────────── fails ─────────┘    v
//!                                                              health: none
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::error::LedgerError;
use super::store::Store;
use crate::event_log::EventLog;

const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The ledger file, opened on demand; cheap to clone.
#[derive(Clone, Debug)]
pub struct LedgerFile {
    folder: PathBuf,
    log: EventLog,
    state: Arc<Mutex<Opened>>,
    health: watch::Sender<Option<String>>,
}

#[derive(Debug, Default)]
enum Opened {
    #[default]
    NotYet,
    Open(Store),
    Failed {
        at: Instant,
        why: String,
    },
}

impl LedgerFile {
    /// Creates the handle of the file in `folder`, without opening it. Its events are published to
    /// `log`.
    #[must_use]
    pub fn new(folder: PathBuf, log: EventLog) -> Self {
        Self {
            folder,
            log,
            state: Arc::default(),
            health: watch::Sender::new(None),
        }
    }

    /// Returns a receiver of the reason why the file is unusable; `None` while it works.
    pub fn health(&self) -> watch::Receiver<Option<String>> {
        self.health.subscribe()
    }

    /// Returns the reason why the file is unusable now; `None` if it works.
    pub(crate) fn broken(&self) -> Option<LedgerError> {
        let why = self.health.borrow().clone();
        why.map(LedgerError::Unavailable)
    }

    /// Checks, after a failure, whether the file can still be written.
    pub(crate) async fn check(&self) {
        if let Ok(store) = self.store().await
            && let Err(error) = store.probe().await
        {
            self.failed(&error).await;
        }
    }

    /// Records that a read or write failed, and keeps this state until a write succeeds again.
    pub(super) async fn failed(&self, error: &LedgerError) {
        let LedgerError::Sqlite(_) = error else {
            // The failure to open the file has already been reported.
            return;
        };
        if error.is_damage() {
            // The path may lead to another file by now, so reopen it.
            let mut state = self.state.lock().await;
            if let Opened::Open(store) = std::mem::take(&mut *state) {
                store.close().await;
            }
        }
        self.tell(Some(error.chain()));
    }

    fn tell(&self, why: Option<String>) {
        self.health.send_if_modified(|known| {
            if known.is_some() == why.is_some() {
                // Report the failure once, not with every retry.
                return false;
            }
            match &why {
                Some(why) => tracing::error!(
                    "the ledger of sends cannot be used, and nothing is sent without it: {why}"
                ),
                None => tracing::info!("the ledger of sends can be used again"),
            }
            *known = why;
            true
        });
    }

    /// Retries a failed file until it works, without a limit.
    pub(crate) async fn mend_loop(&self) {
        let mut health = self.health.subscribe();
        while health.wait_for(Option::is_some).await.is_ok() {
            tokio::time::sleep(TRY_AGAIN).await;
            let Ok(store) = self.store().await else {
                continue;
            };
            match store.probe().await {
                Ok(()) => self.tell(None),
                Err(error) => self.failed(&error).await,
            }
        }
    }

    /// Returns the open file, after opening it if necessary.
    ///
    /// # Errors
    /// The reason why it could not be opened.
    pub async fn store(&self) -> Result<Store, LedgerError> {
        let mut state = self.state.lock().await;
        match &*state {
            Opened::Open(store) => return Ok(store.clone()),
            Opened::Failed { at, why } if at.elapsed() < TRY_AGAIN => {
                return Err(LedgerError::Unavailable(why.clone()));
            }
            _ => {}
        }
        match Store::open(&self.folder, self.log.clone()).await {
            Ok(store) => {
                *state = Opened::Open(store.clone());
                Ok(store)
            }
            Err(error) => {
                let why = error.chain();
                self.tell(Some(why.clone()));
                *state = Opened::Failed {
                    at: Instant::now(),
                    why,
                };
                Err(error)
            }
        }
    }

    /// Closes the file.
    pub async fn close(&self) {
        if let Opened::Open(store) = &*self.state.lock().await {
            store.close().await;
        }
    }
}
