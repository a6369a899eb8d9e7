//! Tracks whether a connection is at work or waits for its peer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Since when a connection has waited for its peer. A time of 0 means that it does not wait.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    /// Since when it has waited for a request, or for more of its body.
    reading: AtomicU64,
    /// Since when it has waited for space in the socket, because the peer does not read.
    writing: AtomicU64,
    /// Whether the last request body was not read to its end.
    unread: AtomicBool,
    /// Whether the unread rest of the body is longer than what hyper reads to keep the connection.
    unread_rest: AtomicBool,
}

/// About how many bytes of an unread body hyper reads away. A connection with more left is closed
/// after the response.
const READ_AWAY: u64 = 16 * 1024;

impl Activity {
    /// Creates the state of a new connection.
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            reading: AtomicU64::new(1),
            writing: AtomicU64::new(0),
            unread: AtomicBool::new(false),
            unread_rest: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        let passed = self.opened.elapsed().as_millis();
        u64::try_from(passed).unwrap_or(u64::MAX - 1) + 1
    }

    fn begin(&self, since: &AtomicU64) {
        let _ = since.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Records that the connection waits for the peer to send.
    pub(super) fn waits_for_bytes(&self) {
        self.begin(&self.reading);
    }

    /// Records that the connection no longer waits to read.
    pub(super) fn works(&self) {
        self.reading.store(0, Ordering::Relaxed);
    }

    /// Records that a request begins.
    pub(super) fn begins(&self) {
        self.works();
        self.unread.store(false, Ordering::Relaxed);
        self.unread_rest.store(false, Ordering::Relaxed);
    }

    /// Records that the rest of the request body stays unread: at most `most` bytes, if that is
    /// known.
    pub(super) fn leaves_unread(&self, most: Option<u64>) {
        self.unread.store(true, Ordering::Relaxed);
        let is_long = most.is_none_or(|most| most > READ_AWAY);
        self.unread_rest.store(is_long, Ordering::Relaxed);
    }

    /// Returns whether the connection ends with the response, because a long rest of the body is
    /// unread.
    pub(super) fn ends_with_response(&self) -> bool {
        self.unread_rest.load(Ordering::Relaxed)
    }

    /// Returns whether the peer may still be sending an unread body.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// Records that the connection waits for the peer to read.
    pub(super) fn waits_for_room(&self) {
        self.begin(&self.writing);
    }

    /// Records that the peer has read.
    pub(super) fn wrote(&self) {
        self.writing.store(0, Ordering::Relaxed);
    }

    /// Returns how long the connection has waited for its peer; `None` while it works.
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
