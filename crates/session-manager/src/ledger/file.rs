//! The ledger's file, which may be missing, damaged or on a full disk.
//!
//! The service runs without it, and says so to whoever wants to send; it is
//! tried again until the cause is cured.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::store::{LedgerError, Store};

const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The file, opened on demand; cheap to clone.
#[derive(Clone, Debug)]
pub struct LedgerFile {
    folder: PathBuf,
    state: Arc<Mutex<Opened>>,
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
    /// The file in `folder`; not opened yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            state: Arc::default(),
        }
    }

    /// The open file.
    ///
    /// # Errors
    /// Why it could not be opened.
    pub async fn store(&self) -> Result<Store, LedgerError> {
        let mut state = self.state.lock().await;
        let known = match &*state {
            Opened::Open(store) => return Ok(store.clone()),
            Opened::Failed { at, why } if at.elapsed() < TRY_AGAIN => {
                return Err(LedgerError::Unavailable(why.clone()));
            }
            Opened::Failed { why, .. } => Some(why.clone()),
            Opened::NotYet => None,
        };
        match Store::open(&self.folder).await {
            Ok(store) => {
                if known.is_some() {
                    tracing::info!("the ledger of sends can be used again");
                }
                *state = Opened::Open(store.clone());
                Ok(store)
            }
            Err(error) => {
                let why = error.chain();
                // Once, not with every try.
                if known.as_ref() != Some(&why) {
                    tracing::error!(
                        "the ledger of sends cannot be used, and nothing is sent without it: {why}"
                    );
                }
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
