//! Ack watchdog: notices when WhatsApp stops acknowledging what is sent.
//!
//! A page can believe that it is connected while nothing arrives any more. Each
//! message that the page was asked for should be answered within the patience;
//! if one is not, and WhatsApp's server answered nothing else either since
//! it was asked for, the acks have stopped.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A message that is never answered must not restart a browser for ever.
const NEXT_FOR_THE_SAME: Duration = Duration::from_secs(900);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is waited for; shared by everybody who sends.
#[derive(Debug, Default)]
pub(super) struct AckWatch {
    state: Mutex<State>,
    asked: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Row to when its answer is overdue.
    waiting: HashMap<i64, Instant>,
    /// Rows that a demotion was owed to, and when.
    blamed: HashMap<i64, Instant>,
}

impl AckWatch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page is asked for `row`, whose answer is overdue after `patience`.
    pub(super) fn asked(&self, row: i64, patience: Duration) {
        let overdue = Instant::now() + patience;
        let mut state = self.state();
        // Sent again without an answer in between: it waits since the first time.
        state.waiting.entry(row).or_insert(overdue);
        drop(state);
        self.asked.notify_one();
    }

    /// WhatsApp's server answered something: the rest may still come.
    pub(super) fn server_answered(&self, patience: Duration) {
        let overdue = Instant::now() + patience;
        let mut state = self.state();
        for at in state.waiting.values_mut() {
            // A file on its way may have more time than that.
            *at = overdue.max(*at);
        }
    }

    /// `row` is settled, one way or the other.
    pub(super) fn settled(&self, row: i64) {
        let mut state = self.state();
        state.waiting.remove(&row);
        state.blamed.remove(&row);
    }

    /// Nothing was waited for while the session could not send.
    pub(super) fn forget(&self) {
        self.state().waiting.clear();
    }

    /// Whether the acks have stopped; each row says so once in a long while.
    fn stopped(&self, now: Instant) -> bool {
        let mut state = self.state();
        state
            .blamed
            .retain(|_, at| now.duration_since(*at) < NEXT_FOR_THE_SAME);
        let overdue: Vec<i64> = state
            .waiting
            .iter()
            .filter(|(row, at)| **at <= now && !state.blamed.contains_key(row))
            .map(|(row, _)| *row)
            .collect();
        for row in &overdue {
            state.blamed.insert(*row, now);
        }
        !overdue.is_empty()
    }

    /// Waits until the acks have stopped.
    pub(super) async fn until_stopped(&self) {
        loop {
            if self.state().waiting.is_empty() {
                self.asked.notified().await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            if self.stopped(Instant::now()) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn after(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn silence_is_noticed_once_for_each_message() {
        let watch = AckWatch::default();
        assert!(!watch.stopped(after(100)), "nothing was asked for");
        watch.asked(1, PATIENCE);
        assert!(!watch.stopped(after(10)));
        assert!(watch.stopped(after(21)));
        assert!(!watch.stopped(after(22)), "said already");
        watch.asked(2, PATIENCE);
        assert!(watch.stopped(after(23)), "another message, another word");
        assert!(watch.stopped(after(1_000)), "still, after a long while");
    }

    #[test]
    fn any_ack_extends_every_deadline() {
        let watch = AckWatch::default();
        watch.asked(1, Duration::ZERO);
        watch.asked(2, Duration::ZERO);
        watch.server_answered(PATIENCE);
        assert!(!watch.stopped(after(10)));
        watch.settled(1);
        assert!(watch.stopped(after(21)));
        watch.forget();
        watch.asked(3, PATIENCE);
        watch.settled(3);
        assert!(!watch.stopped(after(100)));
    }

    #[tokio::test]
    async fn watch_waits_until_an_ack_is_overdue() {
        let watch = AckWatch::default();
        assert!(watch.until_stopped().now_or_never().is_none());
        watch.asked(1, Duration::ZERO);
        watch.until_stopped().await;
    }
}
