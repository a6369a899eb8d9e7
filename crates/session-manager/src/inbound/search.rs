//! Searches the page's message store once, chat by chat, with pagination.
//!
//! ```text
//!  deep ──> changed chats, the latest last ──> each, from its end back to
//!             the watermark ──> unknown messages ─> held ──> ledger
//!             │                                      │ in order of time
//!             │ the page finds no anchor             └─> `searched_chats`, so
//!             └─> lost: retried separately               that a kill costs little
//!  memory ─> the page's messages ──> unknown messages ─> ledger
//! ```
//!
//! The number of held messages is bounded. After a long absence the messages are recorded in parts.
//! Of a chat with very many messages the oldest are recorded first, and reading continues from
//! there.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::new_message;
use crate::browser::{ChatSearch, Direction, MemorySearch, PageError, PageMessage, WhatsAppPage};
use crate::ledger::{LedgerError, OVERLAP_SECONDS, Store};

/// Page size of the ids from the page's memory.
const ID_PAGE_SIZE: usize = 5_000;
/// Page size of the messages from the page.
const MESSAGE_PAGE_SIZE: usize = 50;
/// Maximum number of messages written at once.
const WRITE_BATCH: usize = 250;
/// Maximum number of held messages, of one chat and in total.
const MAX_HELD_PER_CHAT: usize = 2_000;
const MAX_HELD: usize = 5_000;
/// Longest time that a search holds messages.
const MAX_HOLD_TIME: Duration = Duration::from_secs(10);
/// Maximum difference between the clocks of this host and of WhatsApp, in seconds. The account's
/// own messages have this host's time, which may be wrong.
const OWN_CLOCK_SECONDS: i64 = 3_600;

/// Why a search was aborted.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScanError {
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The chats to search.
pub(super) enum Chats<'a> {
    /// All changed chats.
    Changed,
    /// The changed chats among these.
    Only(&'a HashSet<String>),
}

/// Result of a search.
#[derive(Debug, Default)]
pub(super) struct SearchResult {
    /// WhatsApp's own time of the latest message that the search saw, in seconds.
    pub(super) seen_until: i64,
    /// Chats whose messages the page cannot find.
    pub(super) lost: HashSet<String>,
}

/// Messages that were found and are not recorded yet.
struct Held {
    messages: Vec<PageMessage>,
    /// The searched chats, each with the time until which all its messages are known.
    chats: Vec<(String, i64)>,
    since: Instant,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            messages: Vec::new(),
            chats: Vec::new(),
            since: Instant::now(),
        }
    }
}

/// A page, and the store in which its messages are recorded.
pub(super) struct Search<'a> {
    pub(super) store: &'a Store,
    pub(super) page: &'a WhatsAppPage,
    pub(super) account: &'a str,
}

/// Returns the message's time by WhatsApp's clock. For the account's own messages, returns a lower
/// bound.
fn seen_time(id: &str, at: i64) -> i64 {
    match id.starts_with("true_") {
        true => at - OWN_CLOCK_SECONDS,
        false => at,
    }
}

impl Search<'_> {
    /// Searches chats for messages from `since` on.
    pub(super) async fn chats(
        &self,
        chats: &Chats<'_>,
        since: i64,
    ) -> Result<SearchResult, ScanError> {
        let mut outcome = SearchResult::default();
        let mut held = Held::default();
        let searched = self
            .search_chats(chats, since, &mut held, &mut outcome)
            .await;
        // Record them even after an abort: the next search begins there.
        self.record_held(&mut held).await?;
        searched.map(|()| outcome)
    }

    async fn search_chats(
        &self,
        chats: &Chats<'_>,
        since: i64,
        held: &mut Held,
        outcome: &mut SearchResult,
    ) -> Result<(), ScanError> {
        let searched = self.store.searched_chats(self.account).await?;
        let changed = self.page.chats(since).await?;
        tracing::debug!(chats = changed.len(), "searching for messages");
        for (chat, last) in changed {
            if matches!(chats, Chats::Only(wanted_chats) if !wanted_chats.contains(&chat)) {
                continue;
            }
            let from = match searched.get(&chat) {
                Some(until) => since.max(until - OVERLAP_SECONDS),
                None => since,
            };
            if last != 0 && last < from {
                continue;
            }
            match self.search_chat(&chat, from, held).await {
                Ok(Some(until)) => {
                    outcome.seen_until = outcome.seen_until.max(until);
                    held.chats.push((chat, until));
                }
                Ok(None) => drop(outcome.lost.insert(chat)),
                Err(ScanError::Page(PageError::Failed(reason))) => {
                    if outcome.lost.is_empty() {
                        tracing::warn!("a chat could not be read: {reason}");
                    }
                    outcome.lost.insert(chat);
                }
                Err(error) => return Err(error),
            }
            if held.messages.len() > MAX_HELD || held.since.elapsed() > MAX_HOLD_TIME {
                self.record_held(held).await?;
            }
        }
        Ok(())
    }

    /// Holds or records the new messages of one chat. Returns the time until which all its messages
    /// are known, or `None` if the page cannot find its messages.
    async fn search_chat(
        &self,
        chat: &str,
        since: i64,
        held: &mut Held,
    ) -> Result<Option<i64>, ScanError> {
        let mut until = since;
        let mut messages: VecDeque<PageMessage> = VecDeque::new();
        // The message after which more messages may follow.
        let mut continue_after: Option<String> = None;
        let mut anchor: Option<String> = None;
        loop {
            let request = ChatSearch {
                chat,
                since,
                anchor: anchor.as_deref(),
                direction: Direction::Before,
            };
            let found = self.page.search(request).await?;
            if found.lost {
                return Ok(None);
            }
            if found.began_at.is_some() {
                continue_after = found.began_at;
            }
            for message in found.messages.into_iter().rev() {
                messages.push_front(message);
            }
            if messages.len() > MAX_HELD_PER_CHAT {
                messages.truncate(MAX_HELD_PER_CHAT);
                continue_after = messages.back().map(|last| last.message_id.clone());
            }
            match found.next {
                Some(next) => anchor = Some(next),
                None => break,
            }
        }
        self.hold(messages.into(), &mut until, held).await?;
        // The message at which the search began is neither before nor after itself.
        if let Some(at) = &continue_after {
            let first = self.page.read(std::slice::from_ref(at)).await?;
            let first = first
                .messages
                .into_iter()
                .filter(|message| message.at / 1000 >= since);
            self.hold(first.collect(), &mut until, held).await?;
        }
        while let Some(at) = continue_after {
            let request = ChatSearch {
                chat,
                since,
                anchor: Some(&at),
                direction: Direction::After,
            };
            let found = self.page.search(request).await?;
            self.hold(found.messages, &mut until, held).await?;
            if found.lost {
                return Ok(None);
            }
            continue_after = found.next;
            if held.messages.len() > MAX_HELD {
                self.record_held(held).await?;
            }
        }
        Ok(Some(until))
    }

    /// Records the new messages of the page's memory from `since` on. Returns the time of the
    /// latest message, and the page's mark.
    pub(super) async fn memory(
        &self,
        mut since: i64,
        mark: &str,
    ) -> Result<(i64, String), ScanError> {
        let (mut limit, mut until) = (ID_PAGE_SIZE, 0);
        loop {
            let found = self
                .page
                .memory(MemorySearch { since, limit, mark })
                .await?;
            let last = found.ids.last().map(|(_, at)| *at);
            let times = found.ids.iter().map(|(id, at)| seen_time(id, *at));
            until = times.fold(until, i64::max);
            let ids = found.ids.into_iter().map(|(id, _)| id).collect();
            let unknown = self.store.unknown(ids).await?;
            self.read(&unknown).await?;
            match last {
                Some(last) if found.more => {
                    // There are more messages in one second than the limit, so raise the limit.
                    limit = if last == since {
                        limit * 2
                    } else {
                        ID_PAGE_SIZE
                    };
                    since = last;
                }
                _ => return Ok((until, found.mark)),
            }
        }
    }

    /// Reads these messages from the page and records them, in their order.
    pub(super) async fn read(&self, ids: &[String]) -> Result<(), ScanError> {
        for ids in ids.chunks(MESSAGE_PAGE_SIZE) {
            let read = self.page.read(ids).await?;
            self.record(read.messages).await?;
        }
        Ok(())
    }

    /// Reads messages that were unreadable again. Drops a message that turns out not to be a
    /// person's, or that the page no longer has because it only carried a change of another
    /// message.
    pub(super) async fn read_again(&self, ids: &[String]) -> Result<(), ScanError> {
        for ids in ids.chunks(MESSAGE_PAGE_SIZE) {
            let read = self.page.read(ids).await?;
            self.record(read.messages).await?;
            if !read.none.is_empty() {
                self.store.drop_unreadable(&read.none).await?;
            }
        }
        Ok(())
    }

    /// Holds the messages that are new.
    async fn hold(
        &self,
        messages: Vec<PageMessage>,
        until: &mut i64,
        held: &mut Held,
    ) -> Result<(), ScanError> {
        let times = messages
            .iter()
            .map(|message| seen_time(&message.message_id, message.at / 1000));
        *until = times.fold(*until, i64::max);
        let ids = messages
            .iter()
            .map(|message| message.message_id.clone())
            .collect();
        let unknown: HashSet<String> = self.store.unknown(ids).await?.into_iter().collect();
        let unknown = messages
            .into_iter()
            .filter(|message| unknown.contains(&message.message_id));
        held.messages.extend(unknown);
        Ok(())
    }

    /// Records the held messages in order of time, and stores that their chats were searched.
    async fn record_held(&self, held: &mut Held) -> Result<(), ScanError> {
        let Held {
            mut messages,
            chats,
            ..
        } = std::mem::take(held);
        messages.sort_by(|a, b| a.at.cmp(&b.at).then(a.row.total_cmp(&b.row)));
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            self.record(messages.by_ref().take(WRITE_BATCH).collect())
                .await?;
        }
        if !chats.is_empty() {
            self.store.chats_searched(self.account, &chats).await?;
        }
        Ok(())
    }

    async fn record(&self, messages: Vec<PageMessage>) -> Result<(), ScanError> {
        let events = messages.into_iter().map(new_message).collect();
        let published = self.store.record(events).await?.published;
        if published > 0 {
            tracing::debug!(published, "found messages that had not been published");
        }
        Ok(())
    }
}
