//! The events that `GET /events` tells, with a memory to resume from.
//!
//! ```text
//!  publisher ──push──> ring of the latest ──> any number of readers,
//!                      + watch of the last id      each at its own pace
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use session_api::{Event, EventKind, Timestamp};
use tokio::sync::watch;

const KEPT: usize = 4096;
/// Ids start at the service's start in milliseconds times this, so that they
/// grow across restarts and stay whole numbers in JavaScript.
const IDS_PER_MILLISECOND: u64 = 1000;

/// One event as it goes out.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Grows with each event.
    pub id: u64,
    /// Its name.
    pub kind: EventKind,
    /// Its data, as JSON.
    pub data: Arc<str>,
}

/// The log; cheap to clone.
#[derive(Clone, Debug)]
pub struct EventLog {
    ring: Arc<Mutex<VecDeque<Logged>>>,
    last: Arc<watch::Sender<u64>>,
}

impl EventLog {
    /// An empty log whose ids start at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let first = u64::try_from(now.as_millis()).unwrap_or(0) * IDS_PER_MILLISECOND;
        Self {
            ring: Arc::default(),
            last: Arc::new(watch::channel(first).0),
        }
    }

    /// Adds an event.
    pub fn push(&self, event: &Event) {
        let Ok(data) = serde_json::to_string(event) else {
            tracing::error!("an event cannot be written as JSON");
            return;
        };
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let id = *self.last.borrow() + 1;
        if ring.len() == KEPT {
            ring.pop_front();
        }
        ring.push_back(Logged {
            id,
            kind: event.kind(),
            data: data.into(),
        });
        self.last.send_replace(id);
    }

    /// The id of the latest event.
    #[must_use]
    pub fn last_id(&self) -> u64 {
        *self.last.borrow()
    }

    /// Those after `id` that are still kept, oldest first.
    #[must_use]
    pub fn after(&self, id: u64) -> Vec<Logged> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let start = ring.partition_point(|event| event.id <= id);
        ring.range(start..).cloned().collect()
    }

    /// Waits until there is an event after `id`; `false` when there will be
    /// none any more.
    pub async fn wait_after(&self, id: u64) -> bool {
        let mut last = self.last.subscribe();
        last.wait_for(|last| *last > id).await.is_ok()
    }
}
