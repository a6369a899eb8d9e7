//! Tracks the progress of the catch-up search: whether messages may have been missed, and whether a
//! search has found them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// How long new messages wait for the missed ones before them.
const PATIENCE: Duration = Duration::from_secs(15);

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
    given_up: u64,
}

impl Progress {
    fn is_through(self) -> bool {
        self.found == self.missed || self.given_up == self.missed
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
    pub fn fell_behind(&self) {
        self.0.send_modify(|progress| progress.missed += 1);
    }

    /// Starts a search and returns its token; `None` if no search is needed.
    pub fn begin(&self) -> Option<u64> {
        let progress = *self.0.borrow();
        (progress.found != progress.missed).then_some(progress.missed)
    }

    /// Records that the search with the token `begun` found everything.
    pub fn done(&self, begun: u64) {
        self.0.send_modify(|progress| progress.found = begun);
    }

    /// Waits for the search, up to a timeout, so that missed messages are
    /// published before new ones.
    pub async fn through(&self) {
        self.through_within(PATIENCE).await;
    }

    async fn through_within(&self, patience: Duration) {
        let mut progress = self.0.subscribe();
        let waiting = progress.wait_for(|progress| progress.is_through());
        if tokio::time::timeout(patience, waiting).await.is_err() {
            self.0
                .send_modify(|progress| progress.given_up = progress.missed);
        }
    }

    /// Waits until messages may have been missed since `begun`.
    pub async fn missed_since(&self, begun: u64) {
        let mut progress = self.0.subscribe();
        // The sender lives as long as `self`.
        let _ = progress.wait_for(|progress| progress.missed > begun).await;
    }

    /// Returns how many times messages may have been missed.
    pub fn missed(&self) -> u64 {
        self.0.borrow().missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn new_messages_wait_for_the_catch_up_with_a_timeout() {
        let catch_up = CatchUp::default();
        let begun = catch_up.begin().expect("the start");
        let waiting = tokio::spawn({
            let catch_up = catch_up.clone();
            async move { catch_up.through().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        catch_up.done(begun);
        waiting.await.unwrap();
        assert_eq!(catch_up.begin(), None);

        // A message was missed while the search ran, so another search is needed.
        catch_up.fell_behind();
        let begun = catch_up.begin().expect("a search");
        catch_up.fell_behind();
        catch_up.done(begun);
        assert!(catch_up.begin().is_some());
        catch_up.through_within(Duration::from_millis(5)).await;
        // The wait times out only once.
        catch_up.through_within(Duration::MAX).await;
        assert!(catch_up.begin().is_some(), "it is still to be searched for");
    }
}
