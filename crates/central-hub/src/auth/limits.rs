//! Wrong passwords run out, by address and by user.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ClientAddress;

const WINDOW: Duration = Duration::from_secs(60);
/// Failures from one address within [`WINDOW`] before it has to wait.
const OF_ADDRESS: u32 = 10;
/// And for one user, from wherever. More, since it keeps the user out, too:
/// who is signed in stays in, and tokens go on.
const OF_USER: u32 = 30;
/// Addresses, and users, remembered at once.
const REMEMBERED: usize = 4096;

/// What failed of late.
#[derive(Default)]
pub(super) struct Limits(Mutex<(Failures<IpAddr>, Failures<String>)>);

impl Limits {
    /// How long whoever asks has to wait, if it has to.
    pub(super) fn wait(&self, address: ClientAddress, user: &str) -> Option<Duration> {
        let now = Instant::now();
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = guard.0.wait(&address.network(), OF_ADDRESS, now);
        of_address.max(guard.1.wait(user, OF_USER, now))
    }

    pub(super) fn note(&self, address: ClientAddress, user: &str) {
        let now = Instant::now();
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guard.0.note(address.network(), now);
        guard.1.note(user.to_owned(), now);
    }
}

struct Failures<K>(HashMap<K, (u32, Instant)>);

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> Failures<K> {
    fn wait<Q>(&self, key: &Q, allowed: u32, now: Instant) -> Option<Duration>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (count, since) = self.0.get(key)?;
        let left = WINDOW.checked_sub(now.duration_since(*since))?;
        (*count >= allowed && !left.is_zero()).then_some(left)
    }

    fn note(&mut self, key: K, now: Instant) {
        let is_over = |since: &Instant| now.duration_since(*since) >= WINDOW;
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, (_, since)| !is_over(since));
        }
        if self.0.len() >= REMEMBERED {
            // Thousands at once: forget the oldest of them.
            let oldest = self.0.iter().min_by_key(|(_, (_, since))| *since);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.0.remove(&oldest);
            }
        }
        let entry = self.0.entry(key).or_insert((0, now));
        if is_over(&entry.1) {
            *entry = (0, now);
        }
        entry.0 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_failures_within_a_minute() {
        let mut failures = Failures::<u32>::default();
        let begin = Instant::now();
        for _ in 0..OF_ADDRESS {
            assert_eq!(failures.wait(&1, OF_ADDRESS, begin), None);
            failures.note(1, begin);
        }
        assert!(failures.wait(&1, OF_ADDRESS, begin).is_some());
        assert_eq!(failures.wait(&2, OF_ADDRESS, begin), None);
        assert_eq!(failures.wait(&1, OF_ADDRESS, begin + WINDOW), None);
        failures.note(1, begin + WINDOW);
        assert_eq!(failures.wait(&1, OF_ADDRESS, begin + WINDOW), None);
    }

    #[test]
    fn one_user_is_guarded_from_many_addresses() {
        let limits = Limits::default();
        let from = |number: u32| ClientAddress(std::net::Ipv4Addr::from(number).into());
        for number in 0..OF_USER {
            assert_eq!(limits.wait(from(number), "ana"), None);
            limits.note(from(number), "ana");
        }
        assert!(limits.wait(from(1_000), "ana").is_some());
        assert_eq!(limits.wait(from(1_000), "luis"), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut failures = Failures::default();
        let now = Instant::now();
        for number in 0..10_000_u32 {
            failures.note(number, now);
        }
        assert!(failures.0.len() <= REMEMBERED);
    }
}
