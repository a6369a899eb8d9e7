//! Exponential backoff for retries: delays that double up to a maximum.

use std::time::Duration;

/// The delay between retries. It doubles with each retry, up to a maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    maximum: Duration,
    attempts: u32,
}

impl Backoff {
    /// Creates a backoff whose next delay is the first.
    #[must_use]
    pub const fn new(first: Duration, maximum: Duration) -> Self {
        Self {
            first,
            maximum,
            attempts: 0,
        }
    }

    /// Returns the delay after `attempts` earlier attempts. For callers that count attempts
    /// elsewhere, such as in a database.
    pub fn after(self, attempts: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempts).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.maximum)
    }

    /// Returns the next delay; each call doubles it.
    pub fn next_delay(&mut self) -> Duration {
        let delay = self.after(self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        delay
    }

    /// Starts again from the first delay, after a success.
    pub const fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_maximum_and_can_be_reset() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        let delays: Vec<_> = (0..4).map(|_| backoff.next_delay().as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 5]);
        assert_eq!(backoff.after(u32::MAX), Duration::from_secs(5));
        backoff.reset();
        assert_eq!(backoff.next_delay(), Duration::from_secs(1));
    }
}
