//! Limits concurrency: a maximum number of permits for each key, and in total.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why no permit is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The key holds as many permits as a key may.
    Key,
    /// All permits are in use.
    Total,
}

/// A concurrency limit, for example of event streams, uploads and searches.
#[derive(Debug)]
pub struct Shares<K>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    per_key: usize,
    total_limit: usize,
    in_use: Mutex<(HashMap<K, usize>, usize)>,
}

/// A permit, which is released when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Share<K: Hash + Eq> {
    shares: Arc<Inner<K>>,
    key: K,
}

impl<K> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Hash + Eq + Clone> Shares<K> {
    /// Creates a limit of `per_key` permits for each key, and of `total_limit` permits in total.
    #[must_use]
    pub fn new(per_key: usize, total_limit: usize) -> Self {
        Self(Arc::new(Inner {
            per_key,
            total_limit,
            in_use: Mutex::new((HashMap::new(), 0)),
        }))
    }

    /// Takes a permit.
    ///
    /// # Errors
    /// [`Full`] if none is available.
    pub fn take(&self, key: K) -> Result<Share<K>, Full> {
        let mut in_use = self.0.lock();
        let (by_key, total) = &mut *in_use;
        let held = by_key.get(&key).copied().unwrap_or_default();
        if held >= self.0.per_key {
            return Err(Full::Key);
        }
        if *total >= self.0.total_limit {
            return Err(Full::Total);
        }
        *total += 1;
        by_key.insert(key.clone(), held + 1);
        drop(in_use);
        Ok(Share {
            shares: Arc::clone(&self.0),
            key,
        })
    }

    /// Returns the number of permits in use.
    pub fn in_use(&self) -> usize {
        self.0.lock().1
    }
}

impl<K> Inner<K> {
    fn lock(&self) -> MutexGuard<'_, (HashMap<K, usize>, usize)> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Drop for Share<K> {
    fn drop(&mut self) {
        let mut in_use = self.shares.lock();
        let (by_key, total) = &mut *in_use;
        *total = total.saturating_sub(1);
        if let Some(held) = by_key.get_mut(&self.key) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                by_key.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_per_holder_and_in_total_and_are_released() {
        let shares = Shares::new(2, 3);
        let first = shares.take("a").unwrap();
        let _second = shares.take("a").unwrap();
        assert_eq!(shares.take("a").unwrap_err(), Full::Key);
        let _third = shares.take("b").unwrap();
        assert_eq!(shares.take("b").unwrap_err(), Full::Total);
        drop(first);
        assert_eq!(shares.in_use(), 2);
        assert!(shares.take("b").is_ok());
        assert_eq!(
            shares.0.lock().0.len(),
            2,
            "keys without permits are removed"
        );
    }
}
