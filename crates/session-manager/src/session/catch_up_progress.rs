//! Progress of the catch-up search: whether messages may have been missed, and
//! whether a search has found them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// What is new does not wait longer than this for what was missed before it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Something may have been missed, or all is published; cheap to clone.
#[derive(Clone, Debug)]
pub struct CatchUp(Arc<watch::Sender<Progress>>);

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// How often something may have been missed.
    missed: u64,
    /// That of `missed` which the last complete search began at.
    found: u64,
    /// That of `missed` which was waited for in vain.
    given_up: u64,
}

impl Progress {
    fn is_through(self) -> bool {
        self.found == self.missed || self.given_up == self.missed
    }
}

impl Default for CatchUp {
    /// At the start nothing is known of what came before.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Progress {
            missed: 1,
            ..Progress::default()
        })))
    }
}

impl CatchUp {
    /// Something may have been missed.
    pub fn fell_behind(&self) {
        self.0.send_modify(|progress| progress.missed += 1);
    }

    /// A search that begins now, where one is needed.
    pub fn begin(&self) -> Option<u64> {
        let progress = *self.0.borrow();
        (progress.found != progress.missed).then_some(progress.missed)
    }

    /// The search that began as `begun` found everything.
    pub fn done(&self, begun: u64) {
        self.0.send_modify(|progress| progress.found = begun);
    }

    /// Waits for the search, so that what was missed is published before what
    /// is new; not for ever.
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

    /// Waits until something may have been missed since `begun`.
    pub async fn missed_since(&self, begun: u64) {
        let mut progress = self.0.subscribe();
        // The sender lives as long as `self`.
        let _ = progress.wait_for(|progress| progress.missed > begun).await;
    }

    /// How often something may have been missed.
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

        // Missed while the search ran: another one is needed.
        catch_up.fell_behind();
        let begun = catch_up.begin().expect("a search");
        catch_up.fell_behind();
        catch_up.done(begun);
        assert!(catch_up.begin().is_some());
        catch_up.through_within(Duration::from_millis(5)).await;
        // Once is enough.
        catch_up.through_within(Duration::MAX).await;
        assert!(catch_up.begin().is_some(), "it is still to be searched for");
    }
}
