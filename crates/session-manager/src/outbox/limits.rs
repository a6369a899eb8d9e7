//! Defines the limits and timeouts of sending.

use std::time::Duration;

/// The limits of sending.
#[derive(Clone, Copy, Debug)]
pub struct SendLimits {
    /// Maximum number of concurrent sends in the page.
    pub in_flight: usize,
    /// Maximum number of sends that wait for a slot.
    pub waiting: usize,
    /// How long a caller waits for an outcome.
    pub deadline: Duration,
    /// How long WhatsApp's server may send no ack while sends are pending before the session counts
    /// as broken.
    pub ack_patience: Duration,
    /// How many times an unknown outcome is settled before a person has to
    /// decide.
    pub settle_tries: u32,
    /// How long idempotency keys and messages are kept.
    pub keep: Duration,
    /// How long events are kept.
    pub keep_events: Duration,
}

/// Returns the additional time for a file of this size.
pub(super) fn allowance(size: u64) -> Duration {
    Duration::from_secs(size / SLOWEST_UPLOAD)
}

/// The slowest upload that is allowed for, in bytes per second.
const SLOWEST_UPLOAD: u64 = 128 * 1024;
