//! Decides when to search the page's message store for missed messages.
//!
//! ```text
//!  READY, or messages were missed ─> deep: every chat that changed since the
//!                                    watermark, acks of sends in progress
//!  every heartbeat ────────────────> the page's memory, if it changed
//!                                    at all; unreadable messages
//!  every ten heartbeats, or
//!  changes were missed ────────────> changes and acks of known messages
//! ```
//!
//! The watermark is WhatsApp's own time of the latest message that a complete search saw. It begins
//! at the link: older messages are history, not news. It does not move while the page cannot find
//! the messages of a chat. Such a chat is then retried alone, since the others have been searched.

use std::collections::HashSet;
use std::time::Duration;

use metrics::gauge;
use service_runtime::Backoff;
use session_api::{SessionState, Timestamp};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::new_change;
use super::search::{Chats, ScanError, Search};
use crate::browser::{PageError, WhatsAppPage};
use crate::ledger::{LedgerFile, NewEvent, OVERLAP_SECONDS, Store, Watermark};
use crate::session::{CatchUp, SessionHandle};

const ACK_BATCH: usize = 200;
/// Number of messages whose changes are requested at once.
const CHANGE_BATCH: usize = 200;
/// How often changes and acks are requested: every so many heartbeats, but at least once in the
/// longest interval.
const CHANGES_HEARTBEATS: u32 = 10;
const MAX_CHANGES_INTERVAL: Duration = Duration::from_secs(300);
/// How many seconds the search of a loaded page looks back, for messages that arrive out of order.
const SHALLOW_OVERLAP_SECONDS: i64 = 60;
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(60));
const LEDGER_RETRY_DELAY: Duration = Duration::from_secs(1);
/// A message that stays unreadable for this long is published as unreadable.
const UNREADABLE_AFTER: Duration = Duration::from_secs(60);
/// Maximum age, in seconds, of a link that an empty ledger takes as its start. A link may have been
/// made elsewhere and moved to this server, and messages since then are news. If the link is older,
/// the ledger must have been lost.
const LINKED_ELSEWHERE_SECONDS: i64 = 7 * 24 * 3_600;
/// How often the text of messages that were published as unreadable is requested again.
const UNREADABLE_RETRY_INTERVAL: Duration = Duration::from_secs(600);

/// The task that searches for missed messages.
#[derive(Debug)]
pub struct Scanner {
    session: SessionHandle,
    file: LedgerFile,
    catch_up: CatchUp,
    interval: Duration,
    link: Link,
    /// The generation of the READY state that was searched last.
    searched_generation: Option<u64>,
    /// The mark of the page's memory at the last search.
    mark: String,
    /// The chats of that READY state whose messages the page cannot find, and the time until which
    /// all other chats were searched.
    lost_chats: HashSet<String>,
    searched_until: i64,
    started: Instant,
    /// When unreadable messages were last requested again.
    unreadable_at: Option<Instant>,
    /// When changes and acks of messages were last requested.
    changes_at: Option<Instant>,
    /// How many times changes may have been missed before they were last requested.
    requested_changes: u64,
    backoff: Backoff,
    /// When to retry after a failed search; `None` if the last search succeeded.
    retry_at: Option<Instant>,
    failing: bool,
}

/// The link, as this process observed it.
#[derive(Debug)]
struct Link {
    /// The time of the link, as far as this process observed it.
    since: i64,
    /// Whether this process saw the link being made.
    is_new: bool,
    was_linked: bool,
    /// Whether the ledger has yet to record that there is no link.
    is_recorded: bool,
}

fn seconds_now() -> i64 {
    Timestamp::now().as_millis() / 1000
}

impl Scanner {
    /// Creates a scanner of `session`'s page with the interval `interval`. The stored device was
    /// linked at `linked_at`, if that is known.
    #[must_use]
    pub fn new(
        session: SessionHandle,
        file: LedgerFile,
        catch_up: CatchUp,
        interval: Duration,
        linked_at: Option<Timestamp>,
    ) -> Self {
        let now = seconds_now();
        let linked_at = linked_at
            .map(|at| at.as_millis() / 1000)
            .filter(|at| (now - LINKED_ELSEWHERE_SECONDS..now).contains(at));
        Self {
            session,
            file,
            catch_up,
            interval,
            link: Link {
                since: linked_at.unwrap_or(now),
                is_new: false,
                was_linked: true,
                is_recorded: true,
            },
            searched_generation: None,
            mark: String::new(),
            lost_chats: HashSet::new(),
            searched_until: 0,
            started: Instant::now(),
            unreadable_at: None,
            changes_at: None,
            requested_changes: 0,
            backoff: RETRY,
            retry_at: None,
            failing: false,
        }
    }

    /// Searches until `stop` is cancelled.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.session.changes();
        let mut tick = tokio::time::interval(self.interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen_misses = self.catch_up.misses();
        loop {
            let retry_at = self.retry_at.unwrap_or_else(Instant::now);
            tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                () = self.catch_up.missed_since(seen_misses) => {}
                () = tokio::time::sleep_until(retry_at), if self.retry_at.is_some() => {}
                _ = tick.tick() => {}
            }
            seen_misses = self.catch_up.misses();
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.scan() => {}
            }
            // If there is a page, it was queried again just before.
            self.publish_unreadable().await;
        }
    }

    /// Publishes messages that stay unreadable, with or without a page.
    async fn publish_unreadable(&self) {
        // After a start the page may be able to read the messages by now.
        if self.searched_generation.is_none() && self.started.elapsed() < UNREADABLE_AFTER {
            return;
        }
        // The ledger reports its own failures.
        let Ok(store) = self.file.store().await else {
            return;
        };
        let before = Timestamp::now().before(UNREADABLE_AFTER);
        match store.publish_unreadable(before).await {
            Ok(0) => {}
            Ok(published) => tracing::warn!(
                published,
                "received messages that cannot be decrypted here: read them on the phone"
            ),
            Err(error) => tracing::debug!(%error, "unreadable messages could not be published"),
        }
    }

    async fn scan(&mut self) {
        self.watch_link().await;
        let snapshot = self.session.snapshot();
        let ready = snapshot.session.state == SessionState::Ready;
        let account = snapshot.session.account.as_ref();
        let (Some(page), Some(account)) = (self.session.page().filter(|_| ready), account) else {
            self.retry_at = None;
            // The messages of the next sync are published in their order.
            if self.searched_generation.take().is_some() {
                self.catch_up.record_miss();
            }
            return;
        };
        let generation = snapshot.session.generation;
        if self
            .searched_generation
            .is_some_and(|searched_generation| searched_generation != generation)
        {
            self.searched_generation = None;
            self.catch_up.record_miss();
        }
        let deep_search = self.catch_up.begin();
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let result = self.search(&page, &account.id, deep_search.is_some()).await;
        gauge!("leadmaster_inbound_chats_lost").set(service_runtime::metrics::as_f64(
            self.lost_chats.len() as u64,
        ));
        match result {
            Ok(()) => {
                // With lost chats, everything that can be published in order is published.
                if let Some(deep_search) = deep_search {
                    self.catch_up.done(deep_search);
                    self.searched_generation = Some(generation);
                }
                if self.lost_chats.is_empty() {
                    self.backoff.reset();
                    self.retry_at = None;
                    self.failing = false;
                } else {
                    self.schedule_lost_chats();
                }
                self.request_changes(&page, deep_search.is_some()).await;
            }
            Err(error) => self.schedule_retry(&error),
        }
    }

    fn schedule_lost_chats(&mut self) {
        self.retry_at = Some(Instant::now() + self.backoff.next_delay());
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(
                chats = self.lost_chats.len(),
                "the page cannot find the messages of some chats; the search of these chats is retried until it can"
            );
        }
    }

    fn schedule_retry(&mut self, error: &ScanError) {
        self.mark.clear();
        let delay = self.backoff.next_delay();
        let delay = match error {
            // The ledger may recover at any moment, and a retry costs nothing.
            ScanError::Ledger(_) => LEDGER_RETRY_DELAY,
            _ => delay,
        };
        self.retry_at = Some(Instant::now() + delay);
        if self.searched_generation.take().is_some() {
            self.catch_up.record_miss();
        }
        match error {
            // The page is gone, or the ledger reports the failure itself.
            ScanError::Page(PageError::NotReady(_) | PageError::Browser(_))
            | ScanError::Ledger(_) => {
                tracing::debug!(%error, "the search for missed messages was interrupted");
            }
            _ if !std::mem::replace(&mut self.failing, true) => {
                tracing::warn!(%error, "the search for missed messages failed; a newer wa-js may help (WA_JS_PATH)");
            }
            _ => {}
        }
    }

    /// Records when a new link is made, since news begins there.
    async fn watch_link(&mut self) {
        let linked = self.session.snapshot().session.linked;
        if !linked {
            self.link.is_recorded &= !self.link.was_linked;
            self.link.is_new = true;
        } else if !self.link.was_linked {
            self.link.since = seconds_now();
        }
        self.link.was_linked = linked;
        if !self.link.is_recorded
            && let Ok(store) = self.file.store().await
        {
            self.link.is_recorded = store.unlinked().await.is_ok();
        }
    }

    async fn search(
        &mut self,
        page: &WhatsAppPage,
        account: &str,
        deep: bool,
    ) -> Result<(), ScanError> {
        let store = self.file.store().await?;
        let link = &mut self.link;
        let watermark = store
            .watermark(account, link.since, std::mem::take(&mut link.is_new))
            .await
            .inspect_err(|_| link.is_new = true)?;
        let search = Search {
            store: &store,
            page,
            account,
        };
        let retry_unreadable = deep
            || self
                .unreadable_at
                .is_none_or(|at| at.elapsed() > UNREADABLE_RETRY_INTERVAL);
        search
            .read_again(&store.unreadable(retry_unreadable).await?)
            .await?;
        if retry_unreadable {
            self.unreadable_at = Some(Instant::now());
        }
        if deep {
            self.search_chats(&search, &Chats::Changed, watermark)
                .await?;
        } else if !self.lost_chats.is_empty() {
            let lost_chats = std::mem::take(&mut self.lost_chats);
            let only = Chats::Only(&lost_chats);
            let searched_generation = self.search_chats(&search, &only, watermark).await;
            if searched_generation.is_err() {
                self.lost_chats = lost_chats;
            }
            searched_generation?;
        }
        // Messages in the page's memory may not be in its database yet.
        let overlap = if deep {
            OVERLAP_SECONDS
        } else {
            SHALLOW_OVERLAP_SECONDS
        };
        let since = watermark.since.max(watermark.seen_until - overlap);
        let mark = if deep { "" } else { &self.mark };
        let (until, mark) = search.memory(since, mark).await?;
        self.mark = mark;
        self.searched_until = self.searched_until.max(until);
        if self.lost_chats.is_empty() {
            let until = self.searched_until;
            store.search_complete(account, until).await?;
        }
        if deep {
            read_acks(&store, page).await?;
        }
        Ok(())
    }

    /// Requests changes and acks that the page may not have reported: it only reports those of
    /// messages that it has in memory. This is separate from the search, so that new messages do not
    /// wait for it, and a failure here does not repeat the search. A deep search has read the acks.
    async fn request_changes(&mut self, page: &WhatsAppPage, deep: bool) {
        let interval = MAX_CHANGES_INTERVAL.min(self.interval * CHANGES_HEARTBEATS);
        let missed = self.catch_up.missed_changes();
        let is_due = deep || missed != self.requested_changes;
        if !is_due && self.changes_at.is_some_and(|at| at.elapsed() <= interval) {
            return;
        }
        self.changes_at = Some(Instant::now());
        self.requested_changes = missed;
        // The ledger reports its own failures.
        let Ok(store) = self.file.store().await else {
            return;
        };
        if let Err(error) = read_changes(&store, page).await {
            tracing::debug!(%error, "changes of messages could not be requested yet");
        }
        if !deep && let Err(error) = read_acks(&store, page).await {
            tracing::debug!(%error, "acks of messages could not be requested yet");
        }
    }

    /// Searches chats, and remembers which are lost.
    async fn search_chats(
        &mut self,
        search: &Search<'_>,
        chats: &Chats<'_>,
        watermark: Watermark,
    ) -> Result<(), ScanError> {
        let since = watermark.since.max(watermark.seen_until - OVERLAP_SECONDS);
        let outcome = search.chats(chats, since).await?;
        if matches!(chats, Chats::Changed) {
            self.searched_until = 0;
        }
        self.searched_until = self.searched_until.max(outcome.seen_until);
        self.lost_chats = outcome.lost;
        Ok(())
    }
}

/// Requests from the page the changes that it may not have reported.
async fn read_changes(store: &Store, page: &WhatsAppPage) -> Result<(), ScanError> {
    let messages = store.changeable().await?;
    for messages in messages.chunks(CHANGE_BATCH) {
        let mut changes = page.changes(messages).await?;
        changes.sort_by_key(|change| change.at);
        let events = changes.into_iter().map(new_change).collect();
        store.record(events).await?;
    }
    Ok(())
}

/// Requests from the page the acks of messages that may have progressed.
async fn read_acks(store: &Store, page: &WhatsAppPage) -> Result<(), ScanError> {
    let pending = store.acks_in_progress().await?;
    for ids in pending.chunks(ACK_BATCH) {
        let acks = page.acks(ids).await?;
        let events: Vec<_> = acks
            .into_iter()
            .map(|message| NewEvent::Ack {
                message_id: message.id,
                ack: message.ack,
                // Told with the server's first ack, which is known already.
                media: None,
            })
            .collect();
        store.record(events).await?;
    }
    Ok(())
}
