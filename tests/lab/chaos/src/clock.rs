//! The time of a run, and what was noticed on the way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Milliseconds since the start; every clone is the same clock.
#[derive(Debug, Clone)]
pub struct Clock {
    start: Arc<Mutex<Instant>>,
    oddities: Arc<Mutex<Vec<(u64, String)>>>,
}

impl Clock {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            start: Arc::new(Mutex::new(Instant::now())),
            oddities: Arc::default(),
        }
    }

    /// Begins again at 0.
    pub fn restart(&self) {
        *locked(&self.start) = Instant::now();
    }

    /// Now.
    #[must_use]
    pub fn ms(&self) -> u64 {
        millis(locked(&self.start).elapsed())
    }

    /// Waits until then.
    pub async fn until(&self, ms: u64) {
        let then = *locked(&self.start) + Duration::from_millis(ms);
        tokio::time::sleep_until(then).await;
    }

    /// Writes down what ought not to happen.
    pub fn odd(&self, what: impl Into<String>) {
        locked(&self.oddities).push((self.ms(), what.into()));
    }

    /// What was written down.
    #[must_use]
    pub fn oddities(&self) -> Vec<(u64, String)> {
        locked(&self.oddities).clone()
    }
}

/// In whole milliseconds.
#[must_use]
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The lock of something that is whole at any moment.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
