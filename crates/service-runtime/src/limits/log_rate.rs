//! Limits log lines that a client can cause to one per minute.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(60);

/// Allows one log line per minute, and counts the suppressed ones.
#[derive(Debug, Default)]
pub struct OncePerMinute(Mutex<(Option<Instant>, u64)>);

impl OncePerMinute {
    /// Counts an event. If a line is due, returns the number of events since the last line;
    /// otherwise `None`.
    pub fn due(&self) -> Option<u64> {
        self.due_at(Instant::now())
    }

    fn due_at(&self, now: Instant) -> Option<u64> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, count) = &mut *guard;
        *count += 1;
        if last.is_some_and(|last| now.duration_since(last) < INTERVAL) {
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_log_line_a_minute_has_the_count() {
        let begin = Instant::now();
        let log = OncePerMinute::default();
        assert_eq!(log.due_at(begin), Some(1));
        assert_eq!(log.due_at(begin), None);
        assert_eq!(log.due_at(begin + INTERVAL / 2), None);
        assert_eq!(log.due_at(begin + INTERVAL), Some(3));
    }
}
