//! Settles unknown outcomes: looks the message up in the page, or resends it under the same id,
//! with backoff.
//!
//! ```text
//!  READY ─> each unsettled row ─> the page's store ──┬─ ack 1 or more ─> taken
//!                                                    ├─ ack 0 ─> waits, then as below
//!                                                    └─ absent, -1 ─> resent, same id
//!
//!  a try without an outcome ─> backoff ─> the next try
//!  the last try ─> undecided: the queue continues, a person decides
//! ```
//!
//! WhatsApp's server drops an id that it already has, and acknowledges it. So a resent message
//! arrives only once, and a refusal is definitive.

use std::collections::HashMap;
use std::time::Duration;

use service_runtime::Backoff;
use session_api::{Content, ErrorCode, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Outbox;
use super::limits::allowance;
use super::outcome::failure;
use crate::browser::{PageError, PageSend, Sent, WhatsAppPage};
use crate::ledger::send_state_machine::SendEvent;
use crate::ledger::{Row, Store, TransitionData};

/// Polling interval while there is work, or after a send.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The longest polling interval, since a failed write sends no notification.
pub(super) const MAX_POLL_INTERVAL: Duration = Duration::from_secs(10);
/// How long a message in the page's send queue (ack 0) may take to get its ack.
const CLOCK_TIMEOUT: Duration = Duration::from_secs(8);
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// How long the page may take to resend a message.
pub(super) const RESEND_DEADLINE: Duration = Duration::from_secs(12);
/// The longest backoff between two tries of one row.
const MAX_BACKOFF: Duration = Duration::from_secs(600);
/// How many times a row is tried at the next READY without waiting for the backoff.
const IMMEDIATE_TRIES: u32 = 5;
const PRUNE_INTERVAL: Duration = Duration::from_secs(6 * 3600);

impl Outbox {
    /// Settles unknown outcomes and prunes old rows, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.sweep_loop() => {}
            () = self.prune_loop() => {}
            () = self.0.file.retry_loop() => {}
            () = self.watch_acks_loop() => {}
            () = self.changes_loop() => {}
        }
    }

    /// Reports to the session whenever WhatsApp stops sending acks.
    async fn watch_acks_loop(&self) {
        loop {
            let held = || self.0.session.snapshot().holds_sends;
            self.0.acks.wait_until_stopped(held).await;
            if self.0.ready_page().is_ok() {
                self.0.session.acks_stopped();
            }
        }
    }

    /// Records that WhatsApp's server acknowledged something.
    pub(crate) fn server_answered(&self) {
        self.0.acks.server_answered(self.0.limits.ack_patience);
    }

    /// Records that these rows were acknowledged.
    pub(crate) fn acknowledged(&self, rows: &[i64]) {
        for row in rows {
            self.0.acks.settled(*row);
        }
    }

    async fn prune_loop(&self) {
        let mut tick = tokio::time::interval(PRUNE_INTERVAL);
        loop {
            tick.tick().await;
            let Ok(store) = self.0.file.store().await else {
                continue;
            };
            let now = Timestamp::now();
            let before = |keep: Duration| {
                let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
                now.as_millis().saturating_sub(keep)
            };
            let limits = &self.0.limits;
            match store.prune(before(limits.keep)).await {
                Ok(0) => {}
                Ok(deleted) => tracing::info!(deleted, "old sends were deleted"),
                Err(error) => tracing::error!("old sends could not be deleted: {}", error.chain()),
            }
            if let Err(error) = store.prune_changes(before(limits.keep)).await {
                tracing::error!(
                    "old changes of messages could not be deleted: {}",
                    error.chain()
                );
            }
            let old = Timestamp::from_millis(before(limits.keep_events)).unwrap_or(now);
            match store.prune_events(old).await {
                Ok(0) => {}
                Ok(deleted) => tracing::info!(deleted, "old events were deleted"),
                Err(error) => tracing::error!("old events could not be deleted: {}", error.chain()),
            }
        }
    }

    async fn sweep_loop(&self) {
        let mut not_before: HashMap<i64, Instant> = HashMap::new();
        let mut idle = false;
        loop {
            if idle {
                let worked = self.0.worked.notified();
                let _ = tokio::time::timeout(MAX_POLL_INTERVAL, worked).await;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
            idle = false;
            if self.0.ready_page().is_err() {
                not_before.clear();
                self.0.acks.forget();
                continue;
            }
            let Ok(store) = self.0.file.store().await else {
                continue;
            };
            let Ok(rows) = store.unsettled(None).await else {
                continue;
            };
            idle = rows.is_empty();
            not_before.retain(|id, _| rows.iter().any(|row| row.id == *id));
            let (now, today) = (Instant::now(), Timestamp::now());
            let due = rows.into_iter().filter(|row| {
                let next_try = not_before.get(&row.id);
                // Do not ask the page about a row that a task is processing.
                !self.is_active(row.id)
                    && next_try.is_none_or(|at| *at <= now)
                    && (row.settle_tries <= IMMEDIATE_TRIES || is_due(row, today))
            });
            // There is at most one unsettled row per recipient, so concurrency keeps the order.
            let settling = due.take(16).map(|row| {
                let store = &store;
                async move {
                    // An attempt for this recipient is running, or is waiting.
                    let lane = self.lane(&row.recipient).await;
                    let _turn = self.0.lanes.try_enter(&lane)?;
                    // An attempt may also be running under another address of this person.
                    if self.is_active(row.id) {
                        return None;
                    }
                    let settled = self.settle(store, &row).await;
                    (!settled).then_some((row.id, row.settle_tries + 1))
                }
            });
            for (id, tries) in futures_util::future::join_all(settling)
                .await
                .into_iter()
                .flatten()
            {
                not_before.insert(id, Instant::now() + backoff(tries));
            }
        }
    }

    /// Settles `row`, whose recipient's lock the caller holds. Returns whether the outcome is known
    /// now.
    pub(super) async fn settle(&self, store: &Store, row: &Row) -> bool {
        let row = match store.get(row.id).await {
            Ok(Some(row)) if row.state.is_unsettled() => row,
            Ok(_) => return true,
            Err(_) => return false,
        };
        let Ok(page) = self.0.ready_page() else {
            return false;
        };
        let Ok(tries) = store.record_settle_try(row.id).await else {
            return false;
        };
        let (event, sent, code) = match self.query_outcome(&page, &row).await {
            Finding::Taken(sent, ack) => (SendEvent::Ack(ack), Some(sent), None),
            Finding::NotSent(code) => (SendEvent::NotSent, None, Some(code)),
            Finding::Nothing if tries >= self.0.limits.settle_tries => {
                return self.give_up(store, &row, tries).await;
            }
            Finding::Nothing => return false,
        };
        let data = TransitionData {
            message_id: sent.as_ref().and_then(|sent| sent.id.as_deref()),
            media: sent.as_ref().and_then(|sent| sent.media.as_deref()),
            error: code.map(ErrorCode::as_str),
            ..TransitionData::default()
        };
        match store.apply(row.id, event, data).await {
            Ok((after, changed)) => {
                self.record_settled(&after);
                self.release_file(&row).await;
                if changed {
                    tracing::info!(id = %row.wa_key, state = %after.state, "settled");
                }
                true
            }
            Err(error) => {
                tracing::error!("a settled send was not recorded: {}", error.chain());
                self.0.file.check().await;
                false
            }
        }
    }

    /// Marks `row` as undecided. Returns whether the recipient's queue can proceed.
    async fn give_up(&self, store: &Store, row: &Row, tries: u32) -> bool {
        match store.leave_undecided(row.id).await {
            Ok(changed) => {
                self.0.acks.settled(row.id);
                if changed {
                    tracing::warn!(
                        id = %row.wa_key,
                        tries,
                        "the outcome of a message could not be determined: a person has to look at the chat and decide"
                    );
                }
                true
            }
            Err(error) => {
                tracing::error!("an undecided send was not recorded: {}", error.chain());
                false
            }
        }
    }

    async fn query_outcome(&self, page: &WhatsAppPage, row: &Row) -> Finding {
        // The page's store does not hold reactions as messages. Only the last reaction counts, so
        // it may be sent again.
        if !matches!(row.content, Some(Content::Reaction(_)))
            && let Some(found) = self.stored_state(page, row).await
        {
            return found;
        }
        let Some(content) = &row.content else {
            return Finding::Nothing;
        };
        let Ok(file) = self.0.files.for_page(content).await else {
            return Finding::Nothing;
        };
        let extra_time = allowance(file.as_ref().map_or(0, |file| file.size));
        tracing::info!(id = %row.wa_key, "resending under the same id");
        // A resend that a person requested says nothing about the session.
        if !row.is_undecided() {
            self.0
                .acks
                .passed_to_page(row.id, self.0.limits.ack_patience + extra_time);
        }
        let send = PageSend {
            to: &row.recipient,
            key: &row.wa_key,
            content,
            again: true,
        };
        let sent = page
            .send(send, file.as_ref(), RESEND_DEADLINE + extra_time)
            .await;
        self.0.record_answer(row.id, &sent);
        match sent {
            Ok(sent) => Finding::Taken(sent, 1),
            Err(error) => match (failure(&error), &error) {
                // These errors concern the id, not just this attempt; or the message to react to no
                // longer exists.
                (
                    code @ (ErrorCode::NotOnWhatsapp
                    | ErrorCode::MessageNotFound
                    | ErrorCode::ReachOutLimit
                    | ErrorCode::NewChatLimit),
                    _,
                )
                | (code @ ErrorCode::SendFailed, PageError::Refused(_)) => Finding::NotSent(code),
                _ => Finding::Nothing,
            },
        }
    }

    fn record_settled(&self, row: &Row) {
        if !row.state.is_unsettled() {
            self.0.acks.settled(row.id);
        }
    }

    /// Releases the file that `row` needed.
    async fn release_file(&self, row: &Row) {
        let media = row.content.as_ref().and_then(Content::media);
        if let Some(id) = media.and_then(|(_, media)| media.file_id.as_ref()) {
            self.0.files.release_id(id).await;
        }
    }

    /// Returns what the page's store knows about the message; `None` if a resend is needed.
    async fn stored_state(&self, page: &WhatsAppPage, row: &Row) -> Option<Finding> {
        let clock_until = Instant::now() + CLOCK_TIMEOUT;
        loop {
            match page.message_state(&row.recipient, &row.wa_key).await {
                Ok(Some(stored)) if stored.ack >= 1 => {
                    let sent = Sent {
                        id: Some(stored.id),
                        media: stored.media,
                    };
                    return Some(Finding::Taken(sent, stored.ack));
                }
                // The page sends the message by itself once it is connected.
                Ok(Some(stored)) if stored.ack == 0 && Instant::now() < clock_until => {
                    tokio::time::sleep(CHECK_INTERVAL).await;
                }
                Ok(_) => return None,
                Err(error) => {
                    tracing::debug!(id = %row.wa_key, %error, "the page did not report the state of a message");
                    return Some(Finding::Nothing);
                }
            }
        }
    }
}

/// Returns the backoff after this many tries to settle a row.
fn backoff(tries: u32) -> Duration {
    Backoff::new(POLL_INTERVAL, MAX_BACKOFF).after(tries)
}

/// Returns whether the backoff after the last try is over.
pub(super) fn is_due(row: &Row, now: Timestamp) -> bool {
    is_due_after(row.settle_tries, row.settle_tried_at, now)
}

/// Returns whether the backoff after this many tries is over. The last try was at `tried_at`.
pub(super) fn is_due_after(tries: u32, tried_at: Option<i64>, now: Timestamp) -> bool {
    let backoff = i64::try_from(backoff(tries).as_millis()).unwrap_or(i64::MAX);
    tried_at.is_none_or(|at| tries == 0 || at.saturating_add(backoff) <= now.as_millis())
}

enum Finding {
    Taken(Sent, i8),
    NotSent(ErrorCode),
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settle_backoff_is_bounded() {
        let pauses: Vec<_> = (0..40).map(backoff).collect();
        assert!(pauses.is_sorted());
        assert_eq!(pauses[1], Duration::from_secs(1));
        assert_eq!(pauses[39], MAX_BACKOFF);
        // A person has to decide within half an hour.
        let total: Duration = pauses[..10].iter().sum();
        assert!(total < Duration::from_secs(1_800), "{total:?}");
    }
}
