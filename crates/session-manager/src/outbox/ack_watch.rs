//! Detects that WhatsApp has stopped acknowledging sends (the ack watchdog).
//!
//! A page can believe that it is connected while nothing arrives any more. Each message that is
//! passed to the page should be acknowledged within a timeout. If one is not, and WhatsApp's server
//! has not acknowledged anything else since that message was passed, the acks have stopped.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a row that was reported is not reported again: a message that is never acknowledged
/// must not restart the browser repeatedly.
const REPORT_AGAIN_AFTER: Duration = Duration::from_secs(900);
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The pending acks; shared by all senders.
#[derive(Debug, Default)]
pub(super) struct AckWatch {
    state: Mutex<AckWatchState>,
    new_pending: Notify,
}

#[derive(Debug, Default)]
struct AckWatchState {
    /// For each row id, the time at which its ack is overdue.
    pending: HashMap<i64, Instant>,
    /// For each row id, the time at which it was last reported.
    reported: HashMap<i64, Instant>,
}

impl AckWatch {
    fn state(&self) -> MutexGuard<'_, AckWatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that `row` was passed to the page. Its ack is overdue after `limit`.
    pub(super) fn passed_to_page(&self, row: i64, limit: Duration) {
        let overdue = Instant::now() + limit;
        let mut state = self.state();
        // If the message is resent before its ack, the first deadline still applies.
        state.pending.entry(row).or_insert(overdue);
        drop(state);
        self.new_pending.notify_one();
    }

    /// Extends the deadlines, because the server acknowledged something and more acks may come.
    pub(super) fn server_answered(&self, limit: Duration) {
        let overdue = Instant::now() + limit;
        let mut state = self.state();
        for at in state.pending.values_mut() {
            // A file upload may have a later deadline.
            *at = overdue.max(*at);
        }
    }

    /// Removes `row`, because its outcome is known.
    pub(super) fn settled(&self, row: i64) {
        let mut state = self.state();
        state.pending.remove(&row);
        state.reported.remove(&row);
    }

    /// Clears the pending acks, because the session cannot send.
    pub(super) fn forget(&self) {
        self.state().pending.clear();
    }

    /// Returns whether the acks have stopped. Each row causes this at most once per
    /// `REPORT_AGAIN_AFTER`.
    fn stopped(&self, now: Instant) -> bool {
        let mut state = self.state();
        state
            .reported
            .retain(|_, at| now.duration_since(*at) < REPORT_AGAIN_AFTER);
        let overdue: Vec<i64> = state
            .pending
            .iter()
            .filter(|(row, at)| **at <= now && !state.reported.contains_key(row))
            .map(|(row, _)| *row)
            .collect();
        for row in &overdue {
            state.reported.insert(*row, now);
        }
        !overdue.is_empty()
    }

    /// Waits until the acks have stopped. Pending acks do not count while the page is `held`, since
    /// none can come then.
    pub(super) async fn wait_until_stopped(&self, held: impl Fn() -> bool) {
        loop {
            if self.state().pending.is_empty() {
                self.new_pending.notified().await;
            }
            tokio::time::sleep(CHECK_INTERVAL).await;
            if held() {
                self.forget();
                continue;
            }
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
        assert!(
            !watch.stopped(after(100)),
            "no message was passed to the page"
        );
        watch.passed_to_page(1, PATIENCE);
        assert!(!watch.stopped(after(10)));
        assert!(watch.stopped(after(21)));
        assert!(!watch.stopped(after(22)), "already reported");
        watch.passed_to_page(2, PATIENCE);
        assert!(
            watch.stopped(after(23)),
            "another message is reported separately"
        );
        assert!(
            watch.stopped(after(1_000)),
            "reported again after a long time"
        );
    }

    #[test]
    fn any_ack_extends_every_deadline() {
        let watch = AckWatch::default();
        watch.passed_to_page(1, Duration::ZERO);
        watch.passed_to_page(2, Duration::ZERO);
        watch.server_answered(PATIENCE);
        assert!(!watch.stopped(after(10)));
        watch.settled(1);
        assert!(watch.stopped(after(21)));
        watch.forget();
        watch.passed_to_page(3, PATIENCE);
        watch.settled(3);
        assert!(!watch.stopped(after(100)));
    }

    #[tokio::test]
    async fn watch_waits_until_an_ack_is_overdue() {
        let watch = AckWatch::default();
        assert!(watch.wait_until_stopped(|| false).now_or_never().is_none());
        watch.passed_to_page(1, Duration::ZERO);
        watch.wait_until_stopped(|| false).await;
    }

    #[tokio::test]
    async fn page_that_holds_a_delivery_is_not_blamed() {
        let watch = AckWatch::default();
        let held = std::cell::Cell::new(true);
        watch.passed_to_page(1, Duration::ZERO);
        let stopped = watch.wait_until_stopped(|| held.get());
        let three_checks = 3 * CHECK_INTERVAL;
        assert!(tokio::time::timeout(three_checks, stopped).await.is_err());
        held.set(false);
        watch.passed_to_page(1, Duration::ZERO);
        watch.wait_until_stopped(|| held.get()).await;
    }
}
