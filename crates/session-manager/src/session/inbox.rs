//! Queues page updates (messages, acks, account limits) in a bounded queue.

use tokio::sync::{mpsc, watch};

use super::catch_up_progress::CatchUp;
use crate::browser::{PageLimits, PageUpdate};

/// Capacity of the queue: the maximum number of updates that wait to be written to disk.
const CAPACITY: usize = 1024;

/// The sending half of the queue; cheap to clone.
#[derive(Clone, Debug)]
pub struct Inbox {
    updates: mpsc::Sender<PageUpdate>,
    limits: watch::Sender<Option<PageLimits>>,
    catch_up: CatchUp,
}

impl Inbox {
    /// Creates an inbox, and the receiving half of its queue.
    #[must_use]
    pub fn new(catch_up: CatchUp) -> (Self, mpsc::Receiver<PageUpdate>) {
        let (updates, queue) = mpsc::channel(CAPACITY);
        let inbox = Self {
            updates,
            limits: watch::Sender::new(None),
            catch_up,
        };
        (inbox, queue)
    }

    /// Stores the account limits that the page reports.
    pub fn set_limits(&self, limits: PageLimits) {
        self.limits.send_replace(Some(limits));
    }

    /// Returns a receiver of the account limits that the page reported last.
    pub fn subscribe_limits(&self) -> watch::Receiver<Option<PageLimits>> {
        self.limits.subscribe()
    }

    /// Records that messages may have been changed without an update.
    pub fn record_missed_changes(&self) {
        self.catch_up.record_missed_changes();
    }

    /// Queues an update without waiting. If the queue is full, the update is found in the page's
    /// store later.
    pub fn enqueue(&self, update: PageUpdate) {
        if self.updates.try_send(update).is_err() {
            self.catch_up.record_miss();
        }
    }
}
