//! Watches the account's limits (reach-out lock, new-chat quota) and the progress of the first
//! history sync, and publishes them.
//!
//! ```text
//!  page's events ─> Inbox ─┐
//!  page, polled ───────────┼─> LimitsWatch ─┬─> watch ─> /session, /metrics
//!  ledger: link, history ──┘                └─> event log ─> /events
//! ```
//!
//! This module throttles nothing: the hub decides how to react.

use std::sync::Arc;
use std::time::Duration;

use session_api::{
    Event, FirstSync, Limits, LimitsEvent, NewChats, ReachOutLock, SessionState, Timestamp,
};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::browser::PageLimits;
use crate::ledger::{LedgerError, LedgerFile, LinkAge};
use crate::session::SessionHandle;

/// How often the page is asked to query the server. The page reports changes by itself.
const QUERY_INTERVAL: Duration = Duration::from_secs(180);
/// Maximum number of queries in a row, if the limits change meanwhile.
const MAX_QUERIES: usize = 3;
/// Interval during the history sync, and while a limit is about to expire.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);
/// If the page has not reported the history this long after the link, or has no field for it, there
/// was no history to report. In milliseconds.
const SILENCE_LIMIT_MS: i64 = 3_600_000;
/// Age of the link at which the sync counts as given up, in milliseconds. Phones send it within
/// minutes.
const GIVE_UP_AGE_MS: i64 = 24 * 3_600_000;

/// A receiver of the current limits; cheap to clone.
pub type CurrentLimits = watch::Receiver<Arc<LimitsEvent>>;

/// The task that maintains the current limits.
#[derive(Debug)]
pub struct LimitsWatch {
    session: SessionHandle,
    ledger: LedgerFile,
    page: watch::Receiver<Option<PageLimits>>,
    current: watch::Sender<Arc<LimitsEvent>>,
    /// The page's last report since the account was linked; `None` before the first.
    last_report: Option<PageLimits>,
    /// The link's age from the ledger; `None` while it is unknown.
    link: Option<LinkAge>,
    /// Whether it was logged that the page does not report the history.
    silence_noted: bool,
}

impl LimitsWatch {
    /// Returns a watch that receives from `page`, and the current limits.
    #[must_use]
    pub fn new(
        session: SessionHandle,
        ledger: LedgerFile,
        page: watch::Receiver<Option<PageLimits>>,
    ) -> (Self, CurrentLimits) {
        let current = watch::Sender::new(Arc::default());
        let reader = current.subscribe();
        let this = Self {
            session,
            ledger,
            page,
            current,
            last_report: None,
            link: None,
            silence_noted: false,
        };
        (this, reader)
    }

    /// Runs until `stop` is cancelled.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.session.changes();
        let mut query_timer = tokio::time::interval(QUERY_INTERVAL);
        query_timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut publish_timer = tokio::time::interval(PUBLISH_INTERVAL);
        publish_timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut was_ready = false;
        loop {
            let query_due = tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    false
                }
                changed = self.page.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.last_report.clone_from(&self.page.borrow_and_update());
                    false
                }
                _ = query_timer.tick() => true,
                _ = publish_timer.tick() => false,
            };
            let snapshot = self.session.snapshot();
            let ready = snapshot.session.state == SessionState::Ready;
            let linked = snapshot.session.linked;
            if !linked {
                self.link = None;
                self.last_report = None;
            }
            if ready && (query_due || !was_ready) {
                self.query_limits().await;
            }
            was_ready = ready;
            if let Err(error) = self.publish(linked).await {
                tracing::debug!("the age of the link is unknown: {}", error.chain());
            }
        }
    }

    async fn query_limits(&mut self) {
        let Some(page) = self.session.page() else {
            return;
        };
        // A change that arrives meanwhile may be older than the response, so query again rather
        // than apply the change afterwards.
        for _ in 0..MAX_QUERIES {
            self.page.mark_unchanged();
            match page.limits().await {
                Ok(limits) => self.last_report = Some(limits),
                Err(error) => {
                    tracing::debug!(%error, "the page did not report the account's limits");
                    return;
                }
            }
            if !self.page.has_changed().unwrap_or(false) {
                return;
            }
        }
    }

    async fn publish(&mut self, linked: bool) -> Result<(), LedgerError> {
        let page = self.last_report.clone();
        let first_sync = self.first_sync(page.as_ref(), linked).await;
        let now = Timestamp::now();
        let limits = page.as_ref().map(|page| to_limits(page, now));
        let next = LimitsEvent {
            limits: limits.unwrap_or_default(),
            first_sync: *first_sync.as_ref().unwrap_or(&FirstSync::default()),
        };
        if **self.current.borrow() != next {
            if next.limits != self.current.borrow().limits {
                let Limits {
                    reach_out,
                    new_chats,
                } = &next.limits;
                tracing::info!(
                    locked = reach_out.locked,
                    kind = reach_out.kind,
                    new_chats = new_chats.status.as_str(),
                    "the account's limits changed"
                );
            }
            // Update the current limits before the event is published: whoever receives the event
            // and then asks must not get an older answer.
            self.current.send_replace(Arc::new(next.clone()));
            self.session.events().push(&Event::Limits(next));
        }
        first_sync.map(drop)
    }

    async fn first_sync(
        &mut self,
        page: Option<&PageLimits>,
        linked: bool,
    ) -> Result<FirstSync, LedgerError> {
        if !linked {
            return Ok(FirstSync::default());
        }
        let known = self.link.is_some_and(|link| link.history_at.is_some());
        if !known {
            let store = self.ledger.store().await?;
            self.link = store.link_age().await?;
        }
        let history = page.and_then(|page| page.history);
        let progress = history.flatten().map(|percent| percent.min(100));
        let Some(link) = self.link else {
            let complete = false;
            return Ok(FirstSync { complete, progress });
        };
        let is_unreported =
            link.history_at.is_none() && page.is_some_and(|page| page.history.is_none());
        if is_unreported && !std::mem::replace(&mut self.silence_noted, true) {
            tracing::warn!(
                "WhatsApp's page does not report the progress of the history sync: the sync counts as complete one hour after the link"
            );
        }
        let now = Timestamp::now().as_millis();
        if link.history_at.is_none() && is_history_complete(page, now - link.since * 1000) {
            let store = self.ledger.store().await?;
            store.mark_history_complete(now).await?;
            self.link = store.link_age().await?;
        }
        let complete = self.link.is_some_and(|link| link.history_at.is_some());
        Ok(FirstSync { complete, progress })
    }
}

/// Returns whether the history sync is complete, or will not arrive any more at this age of the
/// link.
fn is_history_complete(page: Option<&PageLimits>, age: i64) -> bool {
    match page.map(|page| page.history) {
        // The page has not reported yet.
        None => false,
        // The field does not exist, was renamed, or is not registered yet: too little evidence to
        // store the result permanently.
        Some(None | Some(None)) => age >= SILENCE_LIMIT_MS,
        Some(Some(Some(percent))) => percent >= 100 || age >= GIVE_UP_AGE_MS,
    }
}

/// Converts the page's limits to the API type. Drops limits that ended before `now`.
fn to_limits(page: &PageLimits, now: Timestamp) -> Limits {
    let lock = &page.reach_out;
    let until = lock.until.and_then(Timestamp::from_millis);
    let locked = lock.locked && until.is_none_or(|until| until > now);
    let chats = &page.new_chats;
    let cycle_end = chats.cycle_end.and_then(Timestamp::from_millis);
    let reach_out = ReachOutLock {
        locked,
        until: until.filter(|_| locked),
        kind: lock.kind.clone().filter(|_| locked),
    };
    let new_chats = match cycle_end {
        Some(end) if end <= now => NewChats::default(),
        _ => NewChats {
            status: chats.status,
            used: chats.used,
            total: chats.total,
            cycle_end,
        },
    };
    Limits {
        reach_out,
        new_chats,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use session_api::NewChatStatus;

    use super::*;

    fn page(value: serde_json::Value) -> PageLimits {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn limits_expire_by_the_clock() {
        let now = Timestamp::from_millis(1_000_000).unwrap();
        let page_limits = |until: i64| {
            to_limits(
                &page(json!({
                    "reach_out": {"locked": true, "until": until, "kind": "WEB_COMPANION_ONLY"},
                    "new_chats": {"status": "CAPPED", "used": 100, "total": 100, "cycle_end": until},
                    "history": null
                })),
                now,
            )
        };
        let held = page_limits(1_000_001);
        assert!(held.reach_out.locked && held.reach_out.until.is_some());
        assert_eq!(held.new_chats.status, NewChatStatus::Capped);
        assert_eq!(page_limits(1_000_000), Limits::default());
        let open = page(json!({"reach_out": {"locked": true}}));
        assert!(to_limits(&open, now).reach_out.locked);
    }

    #[test]
    fn history_sync_completes_by_report_or_timeout() {
        let hour = SILENCE_LIMIT_MS;
        for (history, age, complete) in [
            (json!({"history": 100}), 0, true),
            (json!({"history": 99}), hour, false),
            (json!({"history": 99}), 24 * hour, true),
            (json!({"history": null}), hour - 1, false),
            (json!({"history": null}), hour, true),
            (json!({}), 0, false),
            (json!({}), hour, true),
        ] {
            let page_limits = page(history.clone());
            assert_eq!(
                is_history_complete(Some(&page_limits), age),
                complete,
                "{history} {age}"
            );
        }
        assert!(!is_history_complete(None, 99 * hour));
    }
}
