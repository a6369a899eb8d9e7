//! Limits concurrency: a maximum number of permits for each key, and in total.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why no permit is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The key holds as many permits as a key may.
    Each,
    /// All permits are in use.
    All,
}

/// A concurrency limit, for example of event streams, uploads and searches.
#[derive(Debug)]
pub struct Shares<K>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    each: usize,
    all: usize,
    taken: Mutex<(HashMap<K, usize>, usize)>,
}

/// A permit, which is released when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Share<K: Hash + Eq> {
    of: Arc<Inner<K>>,
    key: K,
}

impl<K> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Hash + Eq + Clone> Shares<K> {
    /// Creates a limit of `each` permits per key, and `all` permits for all keys together.
    #[must_use]
    pub fn new(each: usize, all: usize) -> Self {
        Self(Arc::new(Inner {
            each,
            all,
            taken: Mutex::new((HashMap::new(), 0)),
        }))
    }

    /// Takes a permit.
    ///
    /// # Errors
    /// [`Full`] if none is available.
    pub fn take(&self, key: K) -> Result<Share<K>, Full> {
        let mut taken = self.0.lock();
        let (by_key, total) = &mut *taken;
        let own = by_key.get(&key).copied().unwrap_or_default();
        if own >= self.0.each {
            return Err(Full::Each);
        }
        if *total >= self.0.all {
            return Err(Full::All);
        }
        *total += 1;
        by_key.insert(key.clone(), own + 1);
        drop(taken);
        Ok(Share {
            of: Arc::clone(&self.0),
            key,
        })
    }

    /// Returns the number of permits in use.
    pub fn taken(&self) -> usize {
        self.0.lock().1
    }
}

impl<K> Inner<K> {
    fn lock(&self) -> MutexGuard<'_, (HashMap<K, usize>, usize)> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.of.lock();
        let (by_key, total) = &mut *taken;
        *total = total.saturating_sub(1);
        if let Some(own) = by_key.get_mut(&self.key) {
            *own = own.saturating_sub(1);
            if *own == 0 {
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
        assert_eq!(shares.take("a").unwrap_err(), Full::Each);
        let _third = shares.take("b").unwrap();
        assert_eq!(shares.take("b").unwrap_err(), Full::All);
        drop(first);
        assert_eq!(shares.taken(), 2);
        assert!(shares.take("b").is_ok());
        assert_eq!(shares.0.lock().0.len(), 2, "who has none is forgotten");
    }
}
