//! Keeps the time of a run, and its unexpected observations.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A clock in milliseconds since the start. Clones share one clock.
#[derive(Debug, Clone)]
pub struct Clock {
    start: Arc<Mutex<Instant>>,
    unexpected: Arc<Mutex<Vec<(u64, String)>>>,
}

impl Clock {
    /// Creates a clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            start: Arc::new(Mutex::new(Instant::now())),
            unexpected: Arc::default(),
        }
    }

    /// Restarts the clock at 0.
    pub fn restart(&self) {
        *lock(&self.start) = Instant::now();
    }

    /// Returns the time since the start, in milliseconds.
    #[must_use]
    pub fn ms(&self) -> u64 {
        millis(lock(&self.start).elapsed())
    }

    /// Waits until the clock shows `ms`.
    pub async fn sleep_until(&self, ms: u64) {
        let deadline = *lock(&self.start) + Duration::from_millis(ms);
        tokio::time::sleep_until(deadline).await;
    }

    /// Records an unexpected observation.
    pub fn record_unexpected(&self, text: impl Into<String>) {
        lock(&self.unexpected).push((self.ms(), text.into()));
    }

    /// Returns the recorded observations.
    #[must_use]
    pub fn unexpected(&self) -> Vec<(u64, String)> {
        lock(&self.unexpected).clone()
    }
}

/// Converts to whole milliseconds.
#[must_use]
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Locks a mutex whose data is always consistent, even after a panic.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
