//! The limits and timeouts of sending.

use std::time::Duration;

/// The bounds of sending.
#[derive(Clone, Copy, Debug)]
pub struct SendLimits {
    /// The most sends in the page at once.
    pub in_flight: usize,
    /// The most sends that wait for that (the queue).
    pub waiting: usize,
    /// How long a caller waits for an outcome.
    pub deadline: Duration,
    /// How long WhatsApp's server may say nothing to what is sent, and nothing
    /// else, before the session counts as broken.
    pub ack_patience: Duration,
    /// How often it is tried to find out what became of a message before a
    /// person has to decide.
    pub settle_tries: u32,
    /// How long keys and messages are remembered.
    pub keep: Duration,
    /// How long events are.
    pub keep_events: Duration,
}

impl Default for SendLimits {
    fn default() -> Self {
        Self {
            in_flight: 32,
            waiting: 256,
            // Less than the hub waits (60 s), so that it gets the outcome.
            deadline: Duration::from_secs(50),
            ack_patience: Duration::from_secs(20),
            settle_tries: 10,
            keep: Duration::from_secs(30 * 24 * 3600),
            keep_events: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// A file of this size takes so much longer.
pub(super) fn allowance(size: u64) -> Duration {
    Duration::from_secs(size / SLOWEST_UPLOAD)
}

/// In bytes per second.
const SLOWEST_UPLOAD: u64 = 128 * 1024;
