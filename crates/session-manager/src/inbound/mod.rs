//! From the page to the log of events, with nothing missed.
//!
//! ```text
//!  page pushes ─> driver ─> Inbox (bounded) ─> Recorder ─┐
//!                              │ full, or not written    ├─> ledger ─> /events
//!                              v                         │
//!                          CatchUp ─> Scan of the page's store
//! ```
//!
//! What is pushed is told within milliseconds, and may get lost: while the
//! service or the browser is down, the disk is full, or the page tells nothing.
//! What the page's own store holds does not, so that is searched whenever
//! something may have been missed; the ledger knows what was told already.

mod catch_up;
mod recorder;
mod scan;
mod search;

use tokio::sync::{mpsc, watch};

pub use catch_up::CatchUp;
pub use recorder::Recorder;
pub use scan::Scanner;

use crate::browser::PageLimits;
use crate::ledger::Seen;

/// So much may be on its way to the disk.
const ROOM: usize = 1024;

/// The way in; cheap to clone.
#[derive(Clone, Debug)]
pub struct Inbox {
    seen: mpsc::Sender<Seen>,
    limits: watch::Sender<Option<PageLimits>>,
    catch_up: CatchUp,
}

impl Inbox {
    /// An inbox, and the end that it is emptied from.
    #[must_use]
    pub fn new(catch_up: CatchUp) -> (Self, mpsc::Receiver<Seen>) {
        let (seen, queue) = mpsc::channel(ROOM);
        let inbox = Self {
            seen,
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
    #[must_use]
    pub fn page_limits(&self) -> watch::Receiver<Option<PageLimits>> {
        self.limits.subscribe()
    }

    /// Takes what the page tells. Never waits: what finds no room is found in
    /// the page's store later.
    pub fn put(&self, seen: Seen) {
        if self.seen.try_send(seen).is_err() {
            self.catch_up.fell_behind();
        }
    }
}
