//! Searches the page's own store for what was not told.
//!
//! ```text
//!  READY, or something was missed ─> deep: every chat that changed since the
//!                                    watermark ─> unknown ids ─> messages ─> ledger
//!                                    acks of what is under way    (oldest first)
//!  every heartbeat ────────────────> shallow: what the page has in memory, if
//!                                    that changed at all
//! ```
//!
//! The watermark is WhatsApp's own time of the latest message that a complete
//! search saw. It begins at the link: what is older is history, not news.

use std::time::Duration;

use session_api::{SessionState, Timestamp};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::CatchUp;
use crate::browser::{Page, PageError, ScanRequest};
use crate::ledger::{LedgerError, LedgerFile, OVERLAP_SECONDS, Seen, Store};
use crate::session::SessionHandle;

/// So many ids come from the page at once.
const IDS: usize = 5_000;
/// So many messages come from the page at once.
const MESSAGES: usize = 50;
const ACKS: usize = 200;
/// What came out of order while the page was there is not older than this.
const SHALLOW_OVERLAP_SECONDS: i64 = 60;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const LEDGER_PAUSE: Duration = Duration::from_secs(1);
/// The account's own messages bear this machine's time, which may be wrong.
const OWN_CLOCK_SECONDS: i64 = 3_600;

#[derive(Debug, thiserror::Error)]
enum ScanError {
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{0} chats could not be read")]
    Chats(u32),
}

/// The task that searches.
#[derive(Debug)]
pub struct Scanner {
    session: SessionHandle,
    file: LedgerFile,
    catch_up: CatchUp,
    every: Duration,
    link: Link,
    /// Which READY was searched last.
    searched: Option<u64>,
    /// What the page's memory looked like then.
    mark: String,
    pause: Duration,
    /// When to try again, after a search that failed.
    retry_at: Option<Instant>,
    failing: bool,
}

/// What this process saw of the link.
#[derive(Debug)]
struct Link {
    /// Since when it stands, as far as it was seen.
    since: i64,
    /// It was not there before.
    is_new: bool,
    was_linked: bool,
    /// The ledger does not know yet that there is none.
    forgotten: bool,
}

fn seconds_now() -> i64 {
    Timestamp::now().as_millis() / 1000
}

impl Scanner {
    /// A scanner of `session`'s page that looks every so often by itself.
    #[must_use]
    pub fn new(
        session: SessionHandle,
        file: LedgerFile,
        catch_up: CatchUp,
        every: Duration,
    ) -> Self {
        Self {
            session,
            file,
            catch_up,
            every,
            link: Link {
                since: seconds_now(),
                is_new: false,
                was_linked: true,
                forgotten: true,
            },
            searched: None,
            mark: String::new(),
            pause: FIRST_PAUSE,
            retry_at: None,
            failing: false,
        }
    }

    /// Searches until `stop`.
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
        }
    }

    async fn look(&mut self) {
        self.watch_link().await;
        let snapshot = self.session.snapshot();
        let ready = snapshot.session.state == SessionState::Ready;
        let account = snapshot.session.account.as_ref();
        let (Some(page), Some(account)) = (self.session.page().filter(|_| ready), account) else {
            self.retry_at = None;
            // What comes with the next sync is to be told in its order.
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
        let deep = self.catch_up.begin();
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let result = self.search(&page, &account.id, deep.is_some()).await;
        match result {
            Ok(()) => {
                if let Some(begun) = deep {
                    self.catch_up.done(begun);
                    self.searched = Some(generation);
                }
                self.pause = FIRST_PAUSE;
                self.retry_at = None;
                self.failing = false;
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &ScanError) {
        self.mark.clear();
        let pause = match error {
            // It may be cured at any moment, and asking costs nothing.
            ScanError::Ledger(_) => LEDGER_PAUSE,
            _ => self.pause,
        };
        self.retry_at = Some(Instant::now() + pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if self.searched.take().is_some() {
            self.catch_up.fell_behind();
        }
        match error {
            // It is not there any more, or the ledger says it itself.
            ScanError::Page(PageError::NotReady(_) | PageError::Browser(_))
            | ScanError::Ledger(_) => tracing::debug!(%error, "the search for messages broke off"),
            _ if !std::mem::replace(&mut self.failing, true) => {
                tracing::warn!(%error, "messages that came while away cannot be searched for; a newer wa-js may help (WA_JS_PATH)");
            }
            _ => {}
        }
    }

    /// The moment of a new link is where news begin.
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

    async fn search(&mut self, page: &Page, account: &str, deep: bool) -> Result<(), ScanError> {
        let store = self.file.store().await?;
        let link = &mut self.link;
        let watermark = store
            .watermark(account, link.since, std::mem::take(&mut link.is_new))
            .await
            .inspect_err(|_| link.is_new = true)?;
        tell(&store, page, store.unreadable().await?).await?;
        let overlap = if deep {
            OVERLAP_SECONDS
        } else {
            SHALLOW_OVERLAP_SECONDS
        };
        let mut since = watermark.since.max(watermark.seen_until - overlap);
        let (mut limit, mut chats_failed, mut seen_until) = (IDS, 0, 0);
        loop {
            let request = ScanRequest {
                since,
                deep,
                limit,
                mark: if deep { "" } else { &self.mark },
            };
            let found = page.scan(&request).await?;
            chats_failed += found.failed;
            let last = found.ids.last().map(|(_, at)| *at);
            let own = |id: &str| {
                if id.starts_with("true_") {
                    OWN_CLOCK_SECONDS
                } else {
                    0
                }
            };
            let times = found.ids.iter().map(|(id, at)| at - own(id));
            seen_until = times.fold(seen_until, i64::max);
            let ids = found.ids.into_iter().map(|(id, _)| id).collect();
            tell(&store, page, store.unknown(ids).await?).await?;
            match last {
                Some(last) if found.more => {
                    // More in one second than fits: take more at once.
                    limit = if last == since { limit * 2 } else { IDS };
                    since = last;
                }
                _ => {
                    if chats_failed > 0 {
                        return Err(ScanError::Chats(chats_failed));
                    }
                    store.seen_until(account, seen_until).await?;
                    self.mark = found.mark;
                    break;
                }
            }
        }
        if deep {
            let under_way = store.not_at_their_end().await?;
            for ids in under_way.chunks(ACKS) {
                let acks = page.acks(ids).await?;
                let seen: Vec<_> = acks
                    .into_iter()
                    .map(|known| Seen::Ack {
                        message_id: known.id,
                        ack: known.ack,
                    })
                    .collect();
                store.record(seen).await?;
            }
        }
        Ok(())
    }
}

/// Reads these messages from the page and tells them, in their order.
async fn tell(store: &Store, page: &Page, ids: Vec<String>) -> Result<(), ScanError> {
    for ids in ids.chunks(MESSAGES) {
        let messages = page.read(ids).await?;
        let seen: Vec<_> = messages
            .into_iter()
            .map(|message| Seen::Message(Box::new(message)))
            .collect();
        let told = store.record(seen).await?.told;
        if told > 0 {
            tracing::info!(told, "messages were found that nobody had been told of");
        }
    }
    Ok(())
}
