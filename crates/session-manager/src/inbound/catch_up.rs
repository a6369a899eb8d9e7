//! Decides when to search the page's message store for missed messages.
//!
//! ```text
//!  READY, or messages were missed ─> deep: every chat that changed since the
//!                                    watermark, acks of sends in progress
//!  every heartbeat ────────────────> the page's memory, if it changed
//!                                    at all; unreadable messages
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

const ACKS: usize = 200;
/// Number of messages whose changes are requested at once.
const CHANGES: usize = 200;
/// How often changes are requested: every so many heartbeats, but at least once in the longest
/// interval.
const CHANGES_BEATS: u32 = 10;
const CHANGES_EVERY: Duration = Duration::from_secs(300);
/// How many seconds the search of a loaded page looks back, for messages that arrive out of order.
const SHALLOW_OVERLAP_SECONDS: i64 = 60;
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(60));
const LEDGER_PAUSE: Duration = Duration::from_secs(1);
/// A message that stays unreadable for this long is published as unreadable.
const UNREADABLE_AFTER: Duration = Duration::from_secs(60);
/// Maximum age, in seconds, of a link that an empty ledger takes as its start. A link may have been
/// made elsewhere and moved to this server, and messages since then are news. If the link is older,
/// the ledger must have been lost.
const LINKED_ELSEWHERE_SECONDS: i64 = 7 * 24 * 3_600;
/// How often the text of messages that were published as unreadable is requested again.
const UNREADABLE_AGAIN: Duration = Duration::from_secs(600);

/// The task that searches for missed messages.
#[derive(Debug)]
pub struct Scanner {
    session: SessionHandle,
    file: LedgerFile,
    catch_up: CatchUp,
    every: Duration,
    link: Link,
    /// The generation of the READY state that was searched last.
    searched: Option<u64>,
    /// The mark of the page's memory at the last search.
    mark: String,
    /// The chats of that READY state whose messages the page cannot find, and the time until which
    /// all other chats were searched.
    lost: HashSet<String>,
    searched_until: i64,
    started: Instant,
    /// When unreadable messages were last requested again.
    unreadable_at: Option<Instant>,
    /// When changes of messages were last requested.
    changes_at: Option<Instant>,
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
    forgotten: bool,
}

fn seconds_now() -> i64 {
    Timestamp::now().as_millis() / 1000
}

impl Scanner {
    /// Creates a scanner of `session`'s page with the interval `every`. The stored device was
    /// linked at `linked_at`, if that is known.
    #[must_use]
    pub fn new(
        session: SessionHandle,
        file: LedgerFile,
        catch_up: CatchUp,
        every: Duration,
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
            every,
            link: Link {
                since: linked_at.unwrap_or(now),
                is_new: false,
                was_linked: true,
                forgotten: true,
            },
            searched: None,
            mark: String::new(),
            lost: HashSet::new(),
            searched_until: 0,
            started: Instant::now(),
            unreadable_at: None,
            changes_at: None,
            backoff: RETRY,
            retry_at: None,
            failing: false,
        }
    }

    /// Searches until `stop` is cancelled.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.session.changes();
        let mut tick = tokio::time::interval(self.every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looked_at = self.catch_up.missed();
        loop {
            let retry_at = self.retry_at.unwrap_or_else(Instant::now);
            tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                () = self.catch_up.missed_since(looked_at) => {}
                () = tokio::time::sleep_until(retry_at), if self.retry_at.is_some() => {}
                _ = tick.tick() => {}
            }
            looked_at = self.catch_up.missed();
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.look() => {}
            }
            // If there is a page, it was queried again just before.
            self.tell_unreadable().await;
        }
    }

    /// Publishes messages that stay unreadable, with or without a page.
    async fn tell_unreadable(&self) {
        // After a start the page may be able to read the messages by now.
        if self.searched.is_none() && self.started.elapsed() < UNREADABLE_AFTER {
            return;
        }
        // The ledger reports its own failures.
        let Ok(store) = self.file.store().await else {
            return;
        };
        let before = Timestamp::now().before(UNREADABLE_AFTER);
        match store.tell_unreadable(before).await {
            Ok(0) => {}
            Ok(told) => tracing::warn!(
                told,
                "messages came in that cannot be read here: look at the phone"
            ),
            Err(error) => tracing::debug!(%error, "what stays unreadable was not told"),
        }
    }

    async fn look(&mut self) {
        self.watch_link().await;
        let snapshot = self.session.snapshot();
        let ready = snapshot.session.state == SessionState::Ready;
        let account = snapshot.session.account.as_ref();
        let (Some(page), Some(account)) = (self.session.page().filter(|_| ready), account) else {
            self.retry_at = None;
            // The messages of the next sync are published in their order.
            if self.searched.take().is_some() {
                self.catch_up.fell_behind();
            }
            return;
        };
        let generation = snapshot.session.generation;
        if self.searched.is_some_and(|searched| searched != generation) {
            self.searched = None;
            self.catch_up.fell_behind();
        }
        let begun = self.catch_up.begin();
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let result = self.search(&page, &account.id, begun.is_some()).await;
        gauge!("leadmaster_inbound_chats_lost")
            .set(service_runtime::metrics::as_f64(self.lost.len() as u64));
        match result {
            Ok(()) => {
                // With lost chats, everything that can be published in order is published.
                if let Some(begun) = begun {
                    self.catch_up.done(begun);
                    self.searched = Some(generation);
                }
                if self.lost.is_empty() {
                    self.backoff.reset();
                    self.retry_at = None;
                    self.failing = false;
                } else {
                    self.chats_lost();
                }
                self.ask_changes(&page, begun.is_some()).await;
            }
            Err(error) => self.failed(&error),
        }
    }

    fn chats_lost(&mut self) {
        self.retry_at = Some(Instant::now() + self.backoff.next_delay());
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(
                chats = self.lost.len(),
                "the page does not find the messages of some chats; they are tried again until it does"
            );
        }
    }

    fn failed(&mut self, error: &ScanError) {
        self.mark.clear();
        let delay = self.backoff.next_delay();
        let delay = match error {
            // The ledger may recover at any moment, and a retry costs nothing.
            ScanError::Ledger(_) => LEDGER_PAUSE,
            _ => delay,
        };
        self.retry_at = Some(Instant::now() + delay);
        if self.searched.take().is_some() {
            self.catch_up.fell_behind();
        }
        match error {
            // The page is gone, or the ledger reports the failure itself.
            ScanError::Page(PageError::NotReady(_) | PageError::Browser(_))
            | ScanError::Ledger(_) => tracing::debug!(%error, "the search for messages broke off"),
            _ if !std::mem::replace(&mut self.failing, true) => {
                tracing::warn!(%error, "messages that came while away cannot be searched for; a newer wa-js may help (WA_JS_PATH)");
            }
            _ => {}
        }
    }

    /// Records when a new link is made, since news begins there.
    async fn watch_link(&mut self) {
        let linked = self.session.snapshot().session.linked;
        if !linked {
            self.link.forgotten &= !self.link.was_linked;
            self.link.is_new = true;
        } else if !self.link.was_linked {
            self.link.since = seconds_now();
        }
        self.link.was_linked = linked;
        if !self.link.forgotten
            && let Ok(store) = self.file.store().await
        {
            self.link.forgotten = store.unlinked().await.is_ok();
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
        let again = deep
            || self
                .unreadable_at
                .is_none_or(|at| at.elapsed() > UNREADABLE_AGAIN);
        search.read_again(&store.unreadable(again).await?).await?;
        if again {
            self.unreadable_at = Some(Instant::now());
        }
        if deep {
            self.search_chats(&search, &Chats::Changed, watermark)
                .await?;
        } else if !self.lost.is_empty() {
            let lost = std::mem::take(&mut self.lost);
            let only = Chats::Only(&lost);
            let searched = self.search_chats(&search, &only, watermark).await;
            if searched.is_err() {
                self.lost = lost;
            }
            searched?;
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
        if self.lost.is_empty() {
            let until = self.searched_until;
            store.search_complete(account, until).await?;
        }
        if deep {
            read_acks(&store, page).await?;
        }
        Ok(())
    }

    /// Requests changes that the page may not have reported: it only reports changes of messages
    /// that it has in memory. This is separate from the search, so that new messages do not wait
    /// for it, and a failure here does not repeat the search.
    async fn ask_changes(&mut self, page: &WhatsAppPage, deep: bool) {
        let every = CHANGES_EVERY.min(self.every * CHANGES_BEATS);
        if !deep && self.changes_at.is_some_and(|at| at.elapsed() <= every) {
            return;
        }
        self.changes_at = Some(Instant::now());
        // The ledger reports its own failures.
        let Ok(store) = self.file.store().await else {
            return;
        };
        if let Err(error) = read_changes(&store, page).await {
            tracing::debug!(%error, "changes of messages are requested later");
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
        self.lost = outcome.lost;
        Ok(())
    }
}

/// Requests from the page the changes that it may not have reported.
async fn read_changes(store: &Store, page: &WhatsAppPage) -> Result<(), ScanError> {
    let messages = store.changeable().await?;
    for messages in messages.chunks(CHANGES) {
        let mut changes = page.changes(messages).await?;
        changes.sort_by_key(|change| change.at);
        let events = changes.into_iter().map(new_change).collect();
        store.record(events).await?;
    }
    Ok(())
}

/// Requests from the page the acks of messages that may have progressed.
async fn read_acks(store: &Store, page: &WhatsAppPage) -> Result<(), ScanError> {
    let under_way = store.not_at_their_end().await?;
    for ids in under_way.chunks(ACKS) {
        let acks = page.acks(ids).await?;
        let seen: Vec<_> = acks
            .into_iter()
            .map(|known| NewEvent::Ack {
                message_id: known.id,
                ack: known.ack,
            })
            .collect();
        store.record(seen).await?;
    }
    Ok(())
}
