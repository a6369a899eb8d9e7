//! Limits how many wrong secrets each key may send per minute.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);
/// Maximum number of keys kept in memory.
const MAX_KEYS: usize = 4096;
/// Interval between removals of expired entries.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// The failed attempts of the last minute, by key: an address or a user name.
///
/// Only the hash of a key is kept, so memory use is bounded even if a client sends long user names.
/// An entry expires after a minute.
#[derive(Debug)]
pub struct Attempts {
    max_failures: u32,
    hasher: RandomState,
    failures: Mutex<Failures>,
}

#[derive(Debug)]
struct Failures {
    by_key: HashMap<u64, (u32, Instant)>,
    swept_at: Instant,
}

impl Attempts {
    /// Creates a limit of `max_failures` failures per key and minute.
    #[must_use]
    pub fn new(max_failures: u32) -> Self {
        Self {
            max_failures,
            hasher: RandomState::new(),
            failures: Mutex::new(Failures {
                by_key: HashMap::new(),
                swept_at: Instant::now(),
            }),
        }
    }

    /// Returns how long this key has to wait; `None` if it may try now.
    pub fn wait(&self, key: impl Hash) -> Option<Duration> {
        self.lock()
            .wait(self.hasher.hash_one(key), self.max_failures, Instant::now())
    }

    /// Counts a failed attempt of this key.
    pub fn record(&self, key: impl Hash) {
        self.lock()
            .record(self.hasher.hash_one(key), Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    fn wait(&mut self, key: u64, max_failures: u32, now: Instant) -> Option<Duration> {
        self.sweep(now);
        let (count, since) = self.by_key.get(&key)?;
        let remaining = WINDOW.checked_sub(now.duration_since(*since))?;
        (*count >= max_failures && !remaining.is_zero()).then_some(remaining)
    }

    fn record(&mut self, key: u64, now: Instant) {
        self.sweep(now);
        if self.by_key.len() >= MAX_KEYS && !self.by_key.contains_key(&key) {
            // At the maximum, evict the oldest entry.
            let oldest = self.by_key.iter().min_by_key(|(_, (_, since))| *since);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                self.by_key.remove(&oldest);
            }
        }
        let entry = self.by_key.entry(key).or_insert((0, now));
        if is_over(entry.1, now) {
            *entry = (0, now);
        }
        entry.0 = entry.0.saturating_add(1);
    }

    fn sweep(&mut self, now: Instant) {
        if now.duration_since(self.swept_at) >= SWEEP_INTERVAL {
            self.swept_at = now;
            self.by_key.retain(|_, (_, since)| !is_over(*since, now));
            self.by_key.shrink_to(64);
        }
    }
}

fn is_over(since: Instant, now: Instant) -> bool {
    now.duration_since(since) >= WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_FAILURES: u32 = 10;

    fn failures(start: Instant) -> Failures {
        Failures {
            by_key: HashMap::new(),
            swept_at: start,
        }
    }

    #[test]
    fn failures_within_a_minute_are_limited() {
        let start = Instant::now();
        let mut failures = failures(start);
        for _ in 0..MAX_FAILURES {
            assert_eq!(failures.wait(1, MAX_FAILURES, start), None);
            failures.record(1, start);
        }
        assert!(failures.wait(1, MAX_FAILURES, start).is_some());
        assert_eq!(failures.wait(2, MAX_FAILURES, start), None);
        assert_eq!(failures.wait(1, MAX_FAILURES, start + WINDOW), None);
        failures.record(1, start + WINDOW);
        assert_eq!(failures.wait(1, MAX_FAILURES, start + WINDOW), None);
    }

    #[test]
    fn attempts_memory_is_bounded_and_expires() {
        let start = Instant::now();
        let mut failures = failures(start);
        for number in 0..10_000 {
            failures.record(number, start);
        }
        assert_eq!(failures.by_key.len(), MAX_KEYS);
        failures.record(1, start + WINDOW);
        assert_eq!(failures.by_key.len(), 1, "the entries have expired");
        assert!(failures.by_key.capacity() < MAX_KEYS);
    }

    #[test]
    fn keys_are_kept_as_hashes() {
        let attempts = Attempts::new(1);
        let long = "x".repeat(1_000_000);
        attempts.record(&long);
        assert!(attempts.wait(&long).is_some());
        assert!(attempts.wait(&long[1..]).is_none());
    }
}
