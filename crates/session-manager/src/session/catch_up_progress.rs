//! Tracks the progress of the catch-up search: whether messages may have been missed, and whether a
//! search has found them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// How long new messages wait for the missed ones before them.
const WAIT_TIMEOUT: Duration = Duration::from_secs(15);

/// Tells whether messages may have been missed or all are published; cheap to clone.
#[derive(Clone, Debug)]
pub struct CatchUp(Arc<watch::Sender<Progress>>);

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// How many times messages may have been missed.
    missed: u64,
    /// The value of `missed` at the start of the last complete search.
    found: u64,
    /// The value of `missed` whose wait timed out.
    abandoned: u64,
    /// How many times changes of messages may have been missed.
    missed_changes: u64,
}

impl Progress {
    fn misses(self) -> u64 {
        self.missed + self.missed_changes
    }

    fn is_caught_up(self) -> bool {
        self.found == self.missed || self.abandoned == self.missed
    }
}

impl Default for CatchUp {
    /// Creates a progress with a pending first search, since earlier messages may have been missed.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Progress {
            missed: 1,
            ..Progress::default()
        })))
    }
}

impl CatchUp {
    /// Records that messages may have been missed.
    pub fn record_miss(&self) {
        self.0.send_modify(|progress| progress.missed += 1);
    }

    /// Records that changes of known messages may have been missed.
    pub fn record_missed_changes(&self) {
        self.0.send_modify(|progress| progress.missed_changes += 1);
    }

    /// Returns how many times changes may have been missed.
    pub fn missed_changes(&self) -> u64 {
        self.0.borrow().missed_changes
    }

    /// Starts a search and returns its token; `None` if no search is needed.
    pub fn begin(&self) -> Option<u64> {
        let progress = *self.0.borrow();
        (progress.found != progress.missed).then_some(progress.missed)
    }

    /// Records that the search with the token `token` found everything.
    pub fn done(&self, token: u64) {
        self.0.send_modify(|progress| progress.found = token);
    }

    /// Waits for the search, up to a timeout, so that missed messages are
    /// published before new ones.
    pub async fn wait_until_found(&self) {
        self.wait_within(WAIT_TIMEOUT).await;
    }

    async fn wait_within(&self, patience: Duration) {
        let mut progress = self.0.subscribe();
        let waiter = progress.wait_for(|progress| progress.is_caught_up());
        if tokio::time::timeout(patience, waiter).await.is_err() {
            self.0
                .send_modify(|progress| progress.abandoned = progress.missed);
        }
    }

    /// Waits until messages or changes may have been missed since [`Self::misses`] was `token`.
    pub async fn missed_since(&self, token: u64) {
        let mut progress = self.0.subscribe();
        // The sender lives as long as `self`.
        let _ = progress
            .wait_for(|progress| progress.misses() > token)
            .await;
    }

    /// Returns how many times messages or changes may have been missed.
    pub fn misses(&self) -> u64 {
        self.0.borrow().misses()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn new_messages_wait_for_the_catch_up_with_a_timeout() {
        let catch_up = CatchUp::default();
        let token = catch_up.begin().expect("the start");
        let waiter = tokio::spawn({
            let catch_up = catch_up.clone();
            async move { catch_up.wait_until_found().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        catch_up.done(token);
        waiter.await.unwrap();
        assert_eq!(catch_up.begin(), None);
        // Missed changes need no search.
        let misses = catch_up.misses();
        catch_up.record_missed_changes();
        catch_up.missed_since(misses).await;
        assert_eq!((catch_up.begin(), catch_up.missed_changes()), (None, 1));

        // A message was missed while the search ran, so another search is needed.
        catch_up.record_miss();
        let token = catch_up.begin().expect("a search");
        catch_up.record_miss();
        catch_up.done(token);
        assert!(catch_up.begin().is_some());
        catch_up.wait_within(Duration::from_millis(5)).await;
        // The wait times out only once.
        catch_up.wait_within(Duration::MAX).await;
        assert!(
            catch_up.begin().is_some(),
            "the missed message has yet to be searched for"
        );
    }
}
