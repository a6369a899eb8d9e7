//! Connection activity: tells a connection that waits for its peer from one at work.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Since when a connection waits for its peer; 0 is not at all.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    /// For a request, or for more of its body.
    reading: AtomicU64,
    /// For room in the socket: the peer does not read.
    writing: AtomicU64,
    /// The last request's body was not read to its end.
    unread: AtomicBool,
}

impl Activity {
    /// A connection that was just opened.
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            reading: AtomicU64::new(1),
            writing: AtomicU64::new(0),
            unread: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        let passed = self.opened.elapsed().as_millis();
        u64::try_from(passed).unwrap_or(u64::MAX - 1) + 1
    }

    fn begin(&self, since: &AtomicU64) {
        let _ = since.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// It waits for the peer to send.
    pub(super) fn waits_for_bytes(&self) {
        self.begin(&self.reading);
    }

    /// It has what it waited for, or is at work.
    pub(super) fn works(&self) {
        self.reading.store(0, Ordering::Relaxed);
    }

    /// A request begins.
    pub(super) fn begins(&self) {
        self.works();
        self.unread.store(false, Ordering::Relaxed);
    }

    /// Nobody reads the rest of the request's body.
    pub(super) fn leaves_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Whether the peer may still be sending what nobody reads.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// It waits for the peer to read.
    pub(super) fn waits_for_room(&self) {
        self.begin(&self.writing);
    }

    /// The peer read.
    pub(super) fn wrote(&self) {
        self.writing.store(0, Ordering::Relaxed);
    }

    /// How long it has waited for its peer; `None` while it is at work.
    pub(super) fn stalled(&self) -> Option<Duration> {
        let since = |since: &AtomicU64| match since.load(Ordering::Relaxed) {
            0 => None,
            since => Some(Duration::from_millis(self.now().saturating_sub(since))),
        };
        since(&self.reading).max(since(&self.writing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_work_is_not_stalled() {
        let activity = Activity::new();
        assert!(activity.stalled().is_some(), "no request yet");
        activity.works();
        assert_eq!(activity.stalled(), None);
        activity.waits_for_room();
        assert!(activity.stalled().is_some());
        activity.wrote();
        assert_eq!(activity.stalled(), None);
    }
}
