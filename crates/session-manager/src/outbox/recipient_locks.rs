//! Per-recipient locks: messages to one number keep their order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

type Lane = Arc<tokio::sync::Mutex<()>>;

/// Above this number of locks the unused ones are removed.
const TIDY_ABOVE: usize = 512;

/// One lock per recipient; waiters are served in order (FIFO).
#[derive(Debug, Default)]
pub(super) struct RecipientLocks {
    lanes: Mutex<HashMap<String, Lane>>,
}

/// Holds a recipient's lock.
pub(super) type RecipientGuard = OwnedMutexGuard<()>;

impl RecipientLocks {
    fn lane(&self, recipient: &str) -> Lane {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() > TIDY_ABOVE {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        lanes.entry(recipient.to_owned()).or_default().clone()
    }

    /// Waits for the recipient's lock.
    pub(super) async fn enter(&self, recipient: &str) -> RecipientGuard {
        self.lane(recipient).lock_owned().await
    }

    /// Returns the recipient's lock, if it is free.
    pub(super) fn try_enter(&self, recipient: &str) -> Option<RecipientGuard> {
        self.lane(recipient).try_lock_owned().ok()
    }
}
