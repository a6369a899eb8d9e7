//! Watches the account's limits (reach-out lock, new-chat quota) and the progress
//! of the first history sync, and publishes them.
//!
//! ```text
//!  page's events ─> Inbox ─┐
//!  page, asked now and then ┴─> LimitsWatch ─> watch ─> /session, /metrics
//!  ledger: linked since, history through ─┘       └──> event log ─> /events
//! ```
//!
//! Nothing is held back here: what comes of it is the hub's to decide.

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

/// The server is asked anew so often; the page tells of changes by itself.
const ASK_EVERY: Duration = Duration::from_secs(180);
/// While the history is on its way, and for what ends by the clock.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A page that says nothing of the history so long after the link had none to
/// say it of.
const SILENT_AFTER_MS: i64 = 3_600_000;
/// The phone sends it within minutes, or it was paused and given up.
const GIVEN_UP_AFTER_MS: i64 = 24 * 3_600_000;

/// What holds now; cheap to clone.
pub type CurrentLimits = watch::Receiver<Arc<LimitsEvent>>;

/// The task that keeps it.
#[derive(Debug)]
pub struct LimitsWatch {
    session: SessionHandle,
    ledger: LedgerFile,
    page: watch::Receiver<Option<PageLimits>>,
    current: watch::Sender<Arc<LimitsEvent>>,
    /// What the page said last, since the account is linked.
    heard: Option<PageLimits>,
    /// What the ledger knows of the link; `None` while it is not known.
    link: Option<LinkAge>,
}

impl LimitsWatch {
    /// One that listens to `page`, and where what holds now is to be read.
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
            heard: None,
            link: None,
        };
        (this, reader)
    }

    /// Works until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.session.changes();
        let mut ask = tokio::time::interval(ASK_EVERY);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut was_ready = false;
        loop {
            let asks = tokio::select! {
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
                    self.heard.clone_from(&self.page.borrow_and_update());
                    false
                }
                _ = ask.tick() => true,
                _ = look.tick() => false,
            };
            let snapshot = self.session.snapshot();
            let ready = snapshot.session.state == SessionState::Ready;
            let linked = snapshot.session.linked;
            if !linked {
                self.link = None;
                self.heard = None;
            }
            if ready && (asks || !was_ready) {
                self.ask().await;
            }
            was_ready = ready;
            if let Err(error) = self.publish(linked).await {
                tracing::debug!("the age of the link is not known: {}", error.chain());
            }
        }
    }

    async fn ask(&mut self) {
        let Some(page) = self.session.page() else {
            return;
        };
        match page.limits().await {
            Ok(limits) => self.heard = Some(limits),
            Err(error) => {
                tracing::debug!(%error, "the page does not tell of the account's limits");
            }
        }
    }

    async fn publish(&mut self, linked: bool) -> Result<(), LedgerError> {
        let page = self.heard.clone();
        let first_sync = self.first_sync(page.as_ref(), linked).await;
        let now = Timestamp::now();
        let limits = page.as_ref().map(|page| of_page(page, now));
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
                    "what WhatsApp lets this account do changed"
                );
            }
            self.session.events().push(&Event::Limits(next.clone()));
            self.current.send_replace(Arc::new(next));
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
        let now = Timestamp::now().as_millis();
        if link.history_at.is_none() && is_through(page, now - link.since * 1000) {
            let store = self.ledger.store().await?;
            store.history_through(now).await?;
            self.link = store.link_age().await?;
        }
        let complete = self.link.is_some_and(|link| link.history_at.is_some());
        Ok(FirstSync { complete, progress })
    }
}

/// Whether the history is through, or will not come any more, so long after
/// the link.
fn is_through(page: Option<&PageLimits>, age: i64) -> bool {
    match page.map(|page| page.history) {
        // The page has not reported yet.
        None => false,
        // It has no such thing.
        Some(None) => true,
        Some(Some(None)) => age >= SILENT_AFTER_MS,
        Some(Some(Some(percent))) => percent >= 100 || age >= GIVEN_UP_AFTER_MS,
    }
}

/// As the contract has it; what is over by `now` is over.
fn of_page(page: &PageLimits, now: Timestamp) -> Limits {
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
        let told = |until: i64| {
            of_page(
                &page(json!({
                    "reach_out": {"locked": true, "until": until, "kind": "WEB_COMPANION_ONLY"},
                    "new_chats": {"status": "CAPPED", "used": 100, "total": 100, "cycle_end": until},
                    "history": null
                })),
                now,
            )
        };
        let held = told(1_000_001);
        assert!(held.reach_out.locked && held.reach_out.until.is_some());
        assert_eq!(held.new_chats.status, NewChatStatus::Capped);
        assert_eq!(told(1_000_000), Limits::default());
        let open = page(json!({"reach_out": {"locked": true}}));
        assert!(of_page(&open, now).reach_out.locked);
    }

    #[test]
    fn history_sync_completes_by_report_or_timeout() {
        let hour = SILENT_AFTER_MS;
        for (history, age, through) in [
            (json!({"history": 100}), 0, true),
            (json!({"history": 99}), hour, false),
            (json!({"history": 99}), 24 * hour, true),
            (json!({"history": null}), hour - 1, false),
            (json!({"history": null}), hour, true),
            (json!({}), 0, true),
        ] {
            let told = page(history.clone());
            assert_eq!(is_through(Some(&told), age), through, "{history} {age}");
        }
        assert!(!is_through(None, 99 * hour));
    }
}
