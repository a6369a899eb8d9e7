//! Search for words in the texts of messages.
//!
//! ```text
//!  words ─> their numbers ─> the index ─> numbers of messages ─┐ a chunk
//!                                         the filter ──────────┤ at a time
//!                                         are the words in it? ┘ ─> a page
//! ```
//!
//! It covers the whole history and ignores case, accents and order; the last
//! word may be a prefix. If a filter that is not in the index leaves few
//! messages, those are read instead. One search reads a bounded number of
//! messages and of bytes, for a bounded time, and returns a cursor; few searches
//! run concurrently, and none compares texts on a thread that serves requests.
//!
//! The index is read a range of messages at a time: two words that half of all
//! messages have, and none has together, cost as much as there are messages.

use std::time::{Duration, Instant};

use super::error::StoreError;
use super::messages::{Filter, Message};
use super::search_index::{POSTGRES_BUCKET, SQLITE_BUCKET, join_numbers, sqlite_query};
use super::search_words::{Words, cliente_number, direction_number};
use super::{Engine, Store};

/// Connections that search concurrently; further searches wait for their turn.
pub(super) const CONCURRENT_SEARCHES: usize = 2;
/// Messages read per search, of those that the index or a filter returns.
pub(super) const MAX_READ: usize = 10_000;
/// After this long, a search that has found less than a page ends with a cursor.
const TIME_LIMIT: Duration = Duration::from_millis(10);
/// Messages whose index entries are read at once, at most: words that are rare in
/// the newest messages may be common in older ones.
const MAX_RANGE: i64 = 2 * SQLITE_BUCKET;
/// A range that took less than this is followed by a longer one.
const FAST_READ: Duration = Duration::from_millis(2);
/// Bytes of text read per search.
const MAX_READ_BYTES: usize = 4 * 1024 * 1024;
pub(super) const CHUNK_ROWS: u32 = 1_000;
/// Messages up to which a filtered search skips the index.
const FEW_MESSAGES: u32 = 2_000;
/// Bytes of text per chunk, so that long messages do not fill the memory.
const CHUNK_BYTES: usize = 512 * 1024;
/// A page of at most this many messages is read without checking sizes.
const SMALL_PAGE: u32 = 50;
/// Bytes of text in a larger page.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A page of messages.
#[derive(Clone, Debug, Default)]
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
    since: Instant,
}

impl Budget {
    pub(super) fn new(messages: usize) -> Self {
        Self {
            messages,
            bytes: MAX_READ_BYTES,
            since: Instant::now(),
        }
    }

    pub(super) const fn spend(&mut self, messages: usize, bytes: usize) {
        self.messages = self.messages.saturating_sub(messages);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    pub(super) fn is_spent(&self) -> bool {
        !self.allows(Duration::ZERO)
    }

    /// Returns whether a read that takes this long would end within the limits.
    fn allows(&self, read: Duration) -> bool {
        self.messages > 0 && self.bytes > 0 && self.since.elapsed() + read < TIME_LIMIT
    }
}

/// What a part of the index has of a search.
pub(super) struct Matches {
    /// The messages, the newest first.
    pub(super) ids: Vec<i64>,
    /// The search goes on with the messages before this one; `None` at the end.
    pub(super) next: Option<i64>,
}

/// Messages whose index entries are read at once, at first; a history of fewer is
/// always searched whole. SQLite reads no part of a bucket; two words that all
/// messages have take PostgreSQL some 2 ms per bucket.
const fn first_range(engine: Engine) -> i64 {
    match engine {
        Engine::Sqlite => SQLITE_BUCKET,
        Engine::Postgres => 2 * POSTGRES_BUCKET,
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
pub(super) async fn on_blocking_thread<T: Send + 'static>(
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
    /// contain all of `words`, in any order. A page may have fewer than `limit`
    /// messages and still have a next one.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn search_messages(
        &self,
        filter: &Filter,
        words: Option<&str>,
        limit: u32,
    ) -> Result<MessagePage, StoreError> {
        let Some(words) = words else {
            return self.plain_page(filter, limit).await;
        };
        let Some(words) = Words::read(words) else {
            return Ok(MessagePage::default());
        };
        let _turn = self.search_turns(1).await;
        if self.is_narrow(filter).await? {
            return self.search_without_index(filter, &words, limit).await;
        }
        self.search_by_index(filter, &words, limit).await
    }

    /// Returns whether a filter that is not in the index leaves so few messages
    /// that they are read without the index.
    async fn is_narrow(&self, filter: &Filter) -> Result<bool, StoreError> {
        if filter.chat.is_none() && filter.state.is_none() && filter.campaign_id.is_none() {
            return Ok(false);
        }
        let of = Filter {
            chat: filter.chat.clone(),
            state: filter.state,
            campaign_id: filter.campaign_id,
            ..Filter::default()
        };
        let matches = self
            .message_sizes(&of, FEW_MESSAGES.saturating_add(1))
            .await?;
        Ok(matches.len() <= FEW_MESSAGES as usize)
    }

    /// Searches by the index, newest first; the filters that are not in the index
    /// are applied to the messages it returns.
    async fn search_by_index(
        &self,
        filter: &Filter,
        words: &Words,
        limit: u32,
    ) -> Result<MessagePage, StoreError> {
        let Some((after, mut before)) = self.bounds(filter).await? else {
            return Ok(MessagePage::default());
        };
        before = self.capped_cursor(before).await?;
        let is_known = filter.chat.is_none()
            && filter.state.is_none()
            && filter.campaign_id.is_none()
            && filter.since.is_none()
            && filter.until.is_none();
        // One more message tells whether there is a next page.
        let mut size = if is_known {
            limit.saturating_add(1)
        } else {
            CHUNK_ROWS
        };
        let mut budget = Budget::new(MAX_READ);
        let mut bytes_left = PAGE_BYTES;
        let mut messages = Vec::new();
        loop {
            let of = (filter.cliente_id, filter.is_inbound);
            let matches = self
                .matching_ids(words, of, (after, before), size, &budget)
                .await?;
            let (ids, rest) = (matches.ids, matches.next);
            let Some(last) = ids.last().copied() else {
                return Ok(MessagePage {
                    messages,
                    next: rest,
                });
            };
            let missing = (limit as usize).saturating_sub(messages.len());
            let most = u32::try_from(missing).unwrap_or(u32::MAX);
            let kept = self.sizes_among(filter, Some(&ids), most).await?;
            let (count, bytes) = fitting(kept.iter().map(|(_, size)| *size), bytes_left);
            let taken: Vec<_> = kept.iter().take(count).map(|(id, _)| *id).collect();
            let is_cut = count < kept.len();
            let next = match taken.last() {
                Some(taken) if (is_cut || count == missing) && *taken > last => Some(*taken),
                _ => rest,
            };
            messages.extend(self.with_words(&taken, words.clone()).await?);
            bytes_left = bytes_left.saturating_sub(bytes);
            budget.spend(ids.len(), bytes);
            let Some(next) = next else {
                return Ok(MessagePage {
                    messages,
                    next: None,
                });
            };
            if messages.len() >= limit as usize || is_cut || bytes_left == 0 || budget.is_spent() {
                return Ok(MessagePage {
                    messages,
                    next: Some(next),
                });
            }
            before = next;
            size = CHUNK_ROWS;
        }
    }

    /// Returns a cursor that is not beyond the newest message: its ranges would be
    /// searched, too.
    pub(super) async fn capped_cursor(&self, before: i64) -> Result<i64, StoreError> {
        let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(id) FROM messages")
            .fetch_one(self.reader())
            .await?;
        Ok(before.min(newest.unwrap_or(0).saturating_add(1)))
    }

    /// Returns the newest messages whose index entries have these words, of those
    /// after one id and before another, which is [`Store::capped_cursor`];
    /// fewer than `limit` at the end, or where the budget is spent. The index has
    /// no states and no times, and two words may share a number: the caller checks
    /// the messages.
    pub(super) async fn matching_ids(
        &self,
        words: &Words,
        (cliente_id, is_inbound): (Option<u64>, Option<bool>),
        (after, before): (i64, i64),
        limit: u32,
        budget: &Budget,
    ) -> Result<Matches, StoreError> {
        let mut numbers = words.numbers();
        numbers.extend(is_inbound.map(direction_number));
        let cliente_id = cliente_id.map(|id| i64::try_from(id).unwrap_or(i64::MAX));
        numbers.extend(cliente_id.map(cliente_number));
        // A cursor may be zero or negative.
        let mut before = before.max(1);
        let after = after.max(0);
        let first_range = first_range(self.engine());
        let mut range = first_range;
        let mut ids = Vec::new();
        loop {
            // A range ends with a bucket.
            let from =
                (before.saturating_sub(range).max(0) / first_range * first_range - 1).max(after);
            let begun = Instant::now();
            let missing = i64::from(limit).saturating_sub_unsigned(ids.len() as u64);
            ids.extend(self.indexed_ids(&numbers, from, before, missing).await?);
            if ids.len() >= limit as usize {
                let next = ids.last().copied();
                return Ok(Matches { ids, next });
            }
            if from == after {
                return Ok(Matches { ids, next: None });
            }
            before = from.saturating_add(1);
            let took = begun.elapsed();
            // The next range takes about as long as this one did.
            if !budget.allows(took) {
                let next = Some(before);
                return Ok(Matches { ids, next });
            }
            if took < FAST_READ {
                range = range.saturating_mul(2).min(MAX_RANGE);
            }
        }
    }

    /// Returns the newest messages between two ids whose index entries have all
    /// of these numbers.
    async fn indexed_ids(
        &self,
        numbers: &[i32],
        after: i64,
        before: i64,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        if before.saturating_sub(after) <= 1 {
            return Ok(Vec::new());
        }
        let numbers = numbers.iter().copied().map(i64::from);
        let ids = match self.engine() {
            Engine::Sqlite => {
                sqlx::query_scalar(
                    "SELECT rowid FROM message_words
                     WHERE message_words MATCH $1 AND rowid > $2 AND rowid < $3
                     ORDER BY rowid DESC LIMIT $4",
                )
                .bind(sqlite_query(numbers, after, before))
                .bind(after)
                .bind(before)
                .bind(limit)
                .fetch_all(self.reader())
                .await?
            }
            Engine::Postgres => {
                let mut tx = self.reader().begin().await?;
                // The planner overestimates the rows of a bucket, and compiling
                // the query would take longer than running it.
                sqlx::raw_sql("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
                    .execute(&mut *tx)
                    .await?;
                let statement = sqlx::AssertSqlSafe(format!(
                    "SELECT found.message_id FROM generate_series(
                             (CAST($3 AS BIGINT) - 1) / {POSTGRES_BUCKET},
                             (CAST($2 AS BIGINT) + 1) / {POSTGRES_BUCKET}, -1) AS bucket (n),
                         LATERAL (
                             SELECT message_id FROM message_words
                             WHERE numbers @> (CAST($1 AS INTEGER[]) || CAST(-1 - bucket.n AS INTEGER))
                                 AND message_id > $2 AND message_id < $3
                             ORDER BY message_id DESC) AS found
                     LIMIT $4"
                ));
                let found = sqlx::query_scalar(statement)
                    .bind(format!("{{{}}}", join_numbers(numbers, ",")))
                    .bind(after)
                    .bind(before)
                    .bind(limit)
                    .fetch_all(&mut *tx)
                    .await?;
                tx.rollback().await?;
                found
            }
        };
        Ok(ids)
    }

    /// Returns those of these messages that contain the words, newest first: the
    /// index stores numbers of words, and two words may share one.
    pub(super) async fn with_words(
        &self,
        ids: &[i64],
        words: Words,
    ) -> Result<Vec<Message>, StoreError> {
        let messages = self.messages_of(ids).await?;
        on_blocking_thread(move || {
            let has = |message: &Message| words.match_text(&message.body);
            messages.into_iter().filter(has).collect()
        })
        .await
    }

    /// Reads message by message, within the limits of one search.
    async fn search_without_index(
        &self,
        filter: &Filter,
        words: &Words,
        limit: u32,
    ) -> Result<MessagePage, StoreError> {
        let mut filter = filter.clone();
        let mut messages = Vec::new();
        let mut budget = Budget::new(MAX_READ);
        loop {
            let chunk = self.chunk(&filter, CHUNK_ROWS, CHUNK_BYTES).await?;
            budget.spend(chunk.messages.len(), chunk.bytes);
            let (is_last, words) = (chunk.is_last, words.clone());
            let looked_at = chunk.messages;
            let found = on_blocking_thread(move || {
                let has = |message: &Message| words.match_text(&message.body);
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
        if limit > SMALL_PAGE {
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
        let narrowed = Filter {
            before: Some(first.saturating_add(1)),
            ..filter.clone()
        };
        let limit = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Chunk {
            messages: self.messages(&narrowed, limit).await?,
            bytes,
            is_last: count == sizes.len(),
        })
    }

    /// Waits until a search may use this many connections, at most
    /// [`CONCURRENT_SEARCHES`]; the semaphore is never closed.
    pub(super) async fn search_turns(
        &self,
        connections: u32,
    ) -> Option<tokio::sync::SemaphorePermit<'_>> {
        self.searching.acquire_many(connections).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitting_returns_at_least_one() {
        assert_eq!(fitting([].into_iter(), 10), (0, 0));
        assert_eq!(fitting([50, 1].into_iter(), 10), (1, 50));
        assert_eq!(fitting([4, 4, 4].into_iter(), 10), (2, 8));
        assert_eq!(fitting([4, 4].into_iter(), 10), (2, 8));
    }
}
