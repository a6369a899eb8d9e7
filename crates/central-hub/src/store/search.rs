//! Search for words in the texts of messages.
//!
//! Texts are read and compared here, not in the database, so that `cuanto`
//! finds `¿Cuánto?` on both engines. One search reads a bounded number of
//! messages and of bytes, in chunks, and returns a cursor; few searches run
//! concurrently, and none on a thread that serves requests.

use super::Store;
use super::error::StoreError;
use super::messages::{Filter, Message};
use crate::text::fold;

/// Concurrent searches; others wait for their turn.
pub(super) const AT_ONCE: usize = 2;
/// Messages read per search.
const LOOKED_AT: usize = 20_000;
/// Bytes of text read per search.
const LOOKED_AT_BYTES: usize = 4 * 1024 * 1024;
const CHUNK: u32 = 1_000;
/// Bytes of text per chunk, so that long messages do not fill the memory.
const CHUNK_BYTES: usize = 512 * 1024;
/// A page of at most this many messages is read without checking sizes.
const SMALL: u32 = 50;
/// Bytes of text in a larger page.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A page of messages.
#[derive(Clone, Debug)]
pub struct MessagePage {
    /// The messages, the newest first.
    pub messages: Vec<Message>,
    /// The cursor of the next page ([`Filter::before`]); `None` at the end.
    pub next: Option<i64>,
}

/// The limits of one search.
#[derive(Debug)]
pub(super) struct Budget {
    messages: usize,
    bytes: usize,
}

impl Budget {
    pub(super) const fn new(messages: usize) -> Self {
        Self {
            messages,
            bytes: LOOKED_AT_BYTES,
        }
    }

    pub(super) const fn spend(&mut self, messages: usize, bytes: usize) {
        self.messages = self.messages.saturating_sub(messages);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    pub(super) const fn is_spent(&self) -> bool {
        self.messages == 0 || self.bytes == 0
    }
}

/// Returns how many of these fit into `bytes`, at least one, and their total.
pub(super) fn fitting(sizes: impl Iterator<Item = usize>, bytes: usize) -> (usize, usize) {
    let mut total = 0_usize;
    let mut count = 0;
    for size in sizes {
        if count > 0 && total.saturating_add(size) > bytes {
            break;
        }
        total = total.saturating_add(size);
        count += 1;
    }
    (count, total)
}

/// Runs the comparison of texts on a blocking thread.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StoreError::Query(sqlx::Error::WorkerCrashed))
}

/// A chunk of the newest messages.
struct Chunk {
    messages: Vec<Message>,
    bytes: usize,
    /// Whether no message follows.
    is_last: bool,
}

impl Store {
    /// Returns a page of the messages that match `filter` and, if given,
    /// contain `words`. A page may have fewer than `limit` messages and still
    /// have a next one.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn page(
        &self,
        filter: &Filter,
        words: Option<&str>,
        limit: u32,
    ) -> Result<MessagePage, StoreError> {
        let Some(words) = words.map(fold) else {
            return self.plain_page(filter, limit).await;
        };
        let mut filter = filter.clone();
        let mut messages = Vec::new();
        let mut budget = Budget::new(LOOKED_AT);
        let _turn = self.search_turn().await;
        loop {
            let chunk = self.chunk(&filter, CHUNK, CHUNK_BYTES).await?;
            budget.spend(chunk.messages.len(), chunk.bytes);
            let (is_last, words) = (chunk.is_last, words.clone());
            let looked_at = chunk.messages;
            let found = aside(move || {
                let has = |message: &Message| fold(&message.body).contains(&words);
                let last = looked_at.last().map(|message| message.id);
                let found: Vec<_> = looked_at.into_iter().filter(has).collect();
                (found, last)
            });
            let (found, last) = found.await?;
            filter.before = last.or(filter.before);
            let missing = (limit as usize).saturating_sub(messages.len());
            let is_full = found.len() >= missing;
            messages.extend(found.into_iter().take(missing));
            if is_full {
                let next = messages.last().map(|message| message.id);
                return Ok(MessagePage { messages, next });
            }
            if is_last || budget.is_spent() {
                let next = filter.before.filter(|_| !is_last);
                return Ok(MessagePage { messages, next });
            }
        }
    }

    async fn plain_page(&self, filter: &Filter, limit: u32) -> Result<MessagePage, StoreError> {
        if limit > SMALL {
            let chunk = self.chunk(filter, limit, PAGE_BYTES).await?;
            let last = chunk.messages.last().map(|message| message.id);
            return Ok(MessagePage {
                next: last.filter(|_| !chunk.is_last),
                messages: chunk.messages,
            });
        }
        // One more message tells whether there is a next page.
        let mut messages = self.messages(filter, limit.saturating_add(1)).await?;
        let has_more = messages.len() > limit as usize;
        messages.truncate(limit as usize);
        let next = messages.last().map(|it| it.id).filter(|_| has_more);
        Ok(MessagePage { messages, next })
    }

    /// Reads the newest messages, up to `most` and `bytes`.
    async fn chunk(&self, filter: &Filter, most: u32, bytes: usize) -> Result<Chunk, StoreError> {
        let sizes = self.message_sizes(filter, most.saturating_add(1)).await?;
        let most = most as usize;
        let all = sizes.iter().take(most).map(|(_, size)| *size);
        let (count, bytes) = fitting(all, bytes);
        let Some((first, _)) = sizes.first() else {
            return Ok(Chunk {
                messages: Vec::new(),
                bytes: 0,
                is_last: true,
            });
        };
        // Messages stored meanwhile are newer than the first.
        let these = Filter {
            before: Some(first.saturating_add(1)),
            ..filter.clone()
        };
        let limit = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Chunk {
            messages: self.messages(&these, limit).await?,
            bytes,
            is_last: count == sizes.len(),
        })
    }

    /// Waits for a search permit; the semaphore is never closed.
    pub(super) async fn search_turn(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        self.searching.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_one_at_least() {
        assert_eq!(fitting([].into_iter(), 10), (0, 0));
        assert_eq!(fitting([50, 1].into_iter(), 10), (1, 50));
        assert_eq!(fitting([4, 4, 4].into_iter(), 10), (2, 8));
        assert_eq!(fitting([4, 4].into_iter(), 10), (2, 8));
    }
}
