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

const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The ledger file, opened on demand; cheap to clone.
#[derive(Clone, Debug)]
pub struct LedgerFile {
    folder: PathBuf,
    log: EventLog,
    state: Arc<Mutex<FileState>>,
    health: watch::Sender<Option<String>>,
}

#[derive(Debug, Default)]
enum FileState {
    #[default]
    NotYet,
    Open(Store),
    Failed {
        at: Instant,
        reason: String,
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
    pub(crate) fn unusable_reason(&self) -> Option<LedgerError> {
        let reason = self.health.borrow().clone();
        reason.map(LedgerError::Unavailable)
    }

    /// Checks, after a failure, whether the file can still be written.
    pub(crate) async fn check(&self) {
        if let Ok(store) = self.store().await
            && let Err(error) = store.probe().await
        {
            self.record_failure(&error).await;
        }
    }

    /// Records that a read or write failed, and keeps this state until a write succeeds again.
    pub(super) async fn record_failure(&self, error: &LedgerError) {
        let LedgerError::Sqlite(_) = error else {
            // The failure to open the file has already been reported.
            return;
        };
        if error.is_damage() {
            // The path may lead to another file by now, so reopen it.
            let mut state = self.state.lock().await;
            if let FileState::Open(store) = std::mem::take(&mut *state) {
                store.close().await;
            }
        }
        self.set_health(Some(error.chain()));
    }

    fn set_health(&self, reason: Option<String>) {
        self.health.send_if_modified(|known| {
            if known.is_some() == reason.is_some() {
                // Report the failure once, not with every retry.
                return false;
            }
            match &reason {
                Some(reason) => tracing::error!(
                    "the ledger of sends cannot be used, and nothing is sent without it: {reason}"
                ),
                None => tracing::info!("the ledger of sends is usable again"),
            }
            *known = reason;
            true
        });
    }

    /// Retries a failed file until it works, without a limit.
    pub(crate) async fn retry_loop(&self) {
        let mut health = self.health.subscribe();
        while health.wait_for(Option::is_some).await.is_ok() {
            tokio::time::sleep(RETRY_DELAY).await;
            let Ok(store) = self.store().await else {
                continue;
            };
            match store.probe().await {
                Ok(()) => self.set_health(None),
                Err(error) => self.record_failure(&error).await,
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
            FileState::Open(store) => return Ok(store.clone()),
            FileState::Failed { at, reason } if at.elapsed() < RETRY_DELAY => {
                return Err(LedgerError::Unavailable(reason.clone()));
            }
            _ => {}
        }
        match Store::open(&self.folder, self.log.clone()).await {
            Ok(store) => {
                *state = FileState::Open(store.clone());
                Ok(store)
            }
            Err(error) => {
                let reason = error.chain();
                self.set_health(Some(reason.clone()));
                *state = FileState::Failed {
                    at: Instant::now(),
                    reason,
                };
                Err(error)
            }
        }
    }

    /// Closes the file.
    pub async fn close(&self) {
        if let FileState::Open(store) = &*self.state.lock().await {
            store.close().await;
        }
    }
}
