//! Per-recipient locks: messages to one number keep their order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

type Lane = Arc<tokio::sync::Mutex<()>>;

/// Above this many lanes the empty ones are taken away.
const TIDY_ABOVE: usize = 512;

/// The lanes; a waiter is served in the order of its asking.
#[derive(Debug, Default)]
pub(super) struct RecipientLocks {
    lanes: Mutex<HashMap<String, Lane>>,
}

/// A place at the head of a lane.
pub(super) type RecipientGuard = OwnedMutexGuard<()>;

impl RecipientLocks {
    fn lane(&self, recipient: &str) -> Lane {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() > TIDY_ABOVE {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        lanes.entry(recipient.to_owned()).or_default().clone()
    }

    /// Waits for the head of the lane.
    pub(super) async fn enter(&self, recipient: &str) -> RecipientGuard {
        self.lane(recipient).lock_owned().await
    }

    /// The head of the lane, if nobody is there.
    pub(super) fn try_enter(&self, recipient: &str) -> Option<RecipientGuard> {
        self.lane(recipient).try_lock_owned().ok()
    }
}
