//! A bounded queue of what the page pushes: messages, acks, account limits.

use tokio::sync::{mpsc, watch};

use super::catch_up_progress::CatchUp;
use crate::browser::{PageLimits, PageUpdate};

/// Queue length: the most updates on their way to the disk.
const ROOM: usize = 1024;

/// The way in; cheap to clone.
#[derive(Clone, Debug)]
pub struct Inbox {
    updates: mpsc::Sender<PageUpdate>,
    limits: watch::Sender<Option<PageLimits>>,
    catch_up: CatchUp,
}

impl Inbox {
    /// An inbox, and the end that it is emptied from.
    #[must_use]
    pub fn new(catch_up: CatchUp) -> (Self, mpsc::Receiver<PageUpdate>) {
        let (updates, queue) = mpsc::channel(ROOM);
        let inbox = Self {
            updates,
            limits: watch::Sender::new(None),
            catch_up,
        };
        (inbox, queue)
    }

    /// Takes what the page knows of the account's limits.
    pub fn limits(&self, limits: PageLimits) {
        self.limits.send_replace(Some(limits));
    }

    /// What the page said last of the account's limits.
    pub fn page_limits(&self) -> watch::Receiver<Option<PageLimits>> {
        self.limits.subscribe()
    }

    /// Takes what the page tells. Never waits: what finds no room is found in
    /// the page's store later.
    pub fn put(&self, update: PageUpdate) {
        if self.updates.try_send(update).is_err() {
            self.catch_up.fell_behind();
        }
    }
}
