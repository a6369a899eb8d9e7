//! Messages by a word in them.
//!
//! Read and compared here, not in the database: so `cuanto` finds `¿Cuánto?`
//! on both engines. One search looks at a bounded number of messages and says
//! where to go on.

use super::Store;
use super::error::StoreError;
use super::messages::{Filter, Message};
use crate::campaigns::columns::fold;

/// So many messages are looked at in one search.
const LOOKED_AT: usize = 20_000;
const CHUNK: u32 = 1_000;

/// A page of messages.
#[derive(Clone, Debug)]
pub struct Page {
    /// The newest first.
    pub messages: Vec<Message>,
    /// Where the next page begins ([`Filter::before`]); `None` at the end.
    pub next: Option<i64>,
}

impl Store {
    /// A page of the messages that `filter` lets through and that have
    /// `words`, where there are any, in their text.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn page(
        &self,
        filter: &Filter,
        words: Option<&str>,
        limit: u32,
    ) -> Result<Page, StoreError> {
        let Some(words) = words.map(fold) else {
            // One more tells whether there is a page after this one.
            let mut messages = self.messages(filter, limit.saturating_add(1)).await?;
            let has_more = messages.len() > limit as usize;
            messages.truncate(limit as usize);
            let next = messages.last().map(|it| it.id).filter(|_| has_more);
            return Ok(Page { messages, next });
        };
        let mut filter = filter.clone();
        let mut messages = Vec::new();
        let mut looked_at = 0;
        loop {
            let chunk = self.messages(&filter, CHUNK).await?;
            let is_last = chunk.len() < CHUNK as usize;
            looked_at += chunk.len();
            for message in chunk {
                filter.before = Some(message.id);
                if fold(&message.body).contains(&words) {
                    messages.push(message);
                    if messages.len() == limit as usize {
                        let next = filter.before;
                        return Ok(Page { messages, next });
                    }
                }
            }
            if is_last {
                let next = None;
                return Ok(Page { messages, next });
            }
            if looked_at >= LOOKED_AT {
                let next = filter.before;
                return Ok(Page { messages, next });
            }
        }
    }
}
