//! A clock for evaluating alerts, which tests can move ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use session_api::Timestamp;

/// The system's clock, which a test can move ahead; clones share the offset.
/// Tests of delays, repeats, quiet hours and the digest therefore need not
/// wait.
#[derive(Clone, Debug, Default)]
pub struct AlertClock {
    /// The offset in milliseconds; zero outside tests.
    ahead_millis: Arc<AtomicI64>,
}

impl AlertClock {
    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let ahead = self.ahead_millis.load(Ordering::Relaxed);
        let now = Timestamp::now();
        Timestamp::from_millis(now.as_millis().saturating_add(ahead)).unwrap_or(now)
    }

    /// Moves the clock ahead.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(0);
        self.ahead_millis.fetch_add(millis, Ordering::Relaxed);
    }
}
