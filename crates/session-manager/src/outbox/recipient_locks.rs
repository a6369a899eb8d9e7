//! Keeps the order of messages to one person with a lock per recipient, whichever of the person's
//! numbers and LIDs a caller uses.
//!
//! ```text
//!  number, as written ─> line ─┐
//!                              ├─ what the page knows ─> Lane ─> lock
//!  LID ────────────────────────┘
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use session_api::line_key;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// Above this number of locks, unused ones are removed.
const PRUNE_ABOVE: usize = 512;
/// Maximum number of addresses whose lanes are cached.
const MAX_CACHED: usize = 10_000;
/// How long a lane is cached. It is limited because a number may get a new owner.
const CACHE_LIFETIME: Duration = Duration::from_secs(600);

/// The known addresses of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lane(Vec<String>);

impl Lane {
    /// Returns the lane of an address about which nothing else is known. All spellings of a number
    /// have the same lane.
    pub(super) fn of(address: &str) -> Self {
        Self(vec![line_of(address)])
    }

    /// Returns the lane of a recipient with these addresses.
    pub(super) fn of_all(addresses: &[String]) -> Option<Self> {
        let mut lines: Vec<_> = addresses.iter().map(|id| line_of(id)).collect();
        // Sort numbers first: the lock is keyed by the number once it is known.
        lines.sort_by_key(|id| id.ends_with("@lid"));
        lines.dedup();
        (!lines.is_empty()).then_some(Self(lines))
    }

    /// Returns whether both number and LID are known, so that nothing is left to learn.
    pub(super) fn is_complete(&self) -> bool {
        self.0.len() > 1
    }

    /// Returns all addresses of the recipient.
    pub(super) fn addresses(&self) -> &[String] {
        &self.0
    }

    /// Returns the address that stands for the recipient.
    pub(super) fn key(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}

fn line_of(address: &str) -> String {
    match address.strip_suffix("@c.us") {
        Some(number) => format!("{}@c.us", line_key(number)),
        None => address.to_owned(),
    }
}

/// One lock per recipient; waiters are served in order (FIFO).
#[derive(Debug, Default)]
pub(super) struct RecipientLocks {
    locks: Mutex<HashMap<String, Lock>>,
    cached_lanes: Mutex<HashMap<String, (Lane, Instant)>>,
}

/// A recipient's lock while it is held.
pub(super) type RecipientGuard = OwnedMutexGuard<()>;

impl RecipientLocks {
    fn lock(&self, lane: &Lane) -> Lock {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        if locks.len() > PRUNE_ABOVE {
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        locks.entry(lane.key().to_owned()).or_default().clone()
    }

    /// Returns the cached lane of an address; `None` if there is none.
    pub(super) fn cached(&self, address: &str) -> Option<Lane> {
        let cached_lanes = self
            .cached_lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (lane, until) = cached_lanes.get(address)?;
        (Instant::now() < *until).then(|| lane.clone())
    }

    /// Caches the lane of an address.
    pub(super) fn cache(&self, address: &str, lane: &Lane) {
        let mut cached_lanes = self
            .cached_lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if cached_lanes.len() >= MAX_CACHED {
            cached_lanes.clear();
        }
        let until = Instant::now() + CACHE_LIFETIME;
        cached_lanes.insert(address.to_owned(), (lane.clone(), until));
    }

    /// Waits for the recipient's lock.
    pub(super) async fn enter(&self, lane: &Lane) -> RecipientGuard {
        self.lock(lane).lock_owned().await
    }

    /// Returns the recipient's lock if it is free; otherwise `None`.
    pub(super) fn try_enter(&self, lane: &Lane) -> Option<RecipientGuard> {
        self.lock(lane).try_lock_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LID: &str = "247033104567642@lid";

    #[tokio::test]
    async fn spellings_of_a_number_share_a_lock() {
        let locks = RecipientLocks::default();
        for [spelling, other_spelling] in [
            ["5491158254201@c.us", "541158254201@c.us"],
            ["551187654321@c.us", "5511987654321@c.us"],
            ["5215512345678@c.us", "525512345678@c.us"],
        ] {
            let held = locks.enter(&Lane::of(spelling)).await;
            assert!(
                locks.try_enter(&Lane::of(other_spelling)).is_none(),
                "{spelling}"
            );
            drop(held);
            assert!(
                locks.try_enter(&Lane::of(other_spelling)).is_some(),
                "{spelling}"
            );
        }
        let held = locks.enter(&Lane::of("5491158254201@c.us")).await;
        assert!(locks.try_enter(&Lane::of("5491158254202@c.us")).is_some());
        assert!(locks.try_enter(&Lane::of(LID)).is_some());
        drop(held);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lid_with_a_known_number_shares_its_lock() {
        let locks = RecipientLocks::default();
        let addresses = [LID.to_owned(), "541158254201@c.us".to_owned()];
        let lane = Lane::of_all(&addresses).expect("addresses");
        assert_eq!(lane.addresses(), ["5491158254201@c.us", LID]);
        assert!(lane.is_complete() && !Lane::of(LID).is_complete());
        locks.cache(LID, &lane);
        let held = locks.enter(&Lane::of("5491158254201@c.us")).await;
        let by_lid = locks.cached(LID).expect("a cached lane");
        assert!(locks.try_enter(&by_lid).is_none());
        drop(held);
        assert!(locks.try_enter(&by_lid).is_some());
        assert_eq!(Lane::of_all(&[]), None);
        tokio::time::advance(CACHE_LIFETIME).await;
        assert_eq!(locks.cached(LID), None);
    }
}
