//! Conversations: the last message of each chat, the newest first.
//!
//! No table is kept for this: a message is the last of its chat if the index by
//! chat has none after it. One request reads a bounded number of messages and
//! returns a cursor, so that a chat of a hundred thousand messages costs no
//! other request more than a short page.

use std::collections::HashSet;

use session_api::line_key;
use sqlx::{AssertSqlSafe, Row};

use super::error::StoreError;
use super::messages::{Filter, Message};
use super::search::{Budget, aside, fitting};
use super::{MessagePage, Store};
use crate::text::fold;

/// Messages read per request.
const LOOKED_AT: usize = 10_000;
const FIRST_CHUNK: u32 = 200;
const CHUNK: u32 = 1_000;
/// Bytes of text per chunk of a search.
const CHUNK_BYTES: usize = 512 * 1024;

struct Candidate {
    id: i64,
    chat: String,
    is_last: bool,
    body: String,
    names: [Option<String>; 2],
}

impl Candidate {
    fn has(&self, words: &str, digits: Option<&[String; 2]>) -> bool {
        let has = |text: &String| fold(text).contains(words);
        has(&self.body)
            || self.is_last
                && (self.names.iter().flatten().any(has)
                    || digits.is_some_and(|it| it.iter().any(|it| self.chat.contains(it))))
    }
}

impl Store {
    /// Returns the last message of each conversation older than `before`, of
    /// one business or of all. With `words`, only conversations whose name or
    /// number contains them, or the newest message whose text does.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn conversations(
        &self,
        cliente_id: Option<u64>,
        words: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<MessagePage, StoreError> {
        let words = words.map(fold);
        // As typed, and as the canonical number.
        let digits = words.as_deref().and_then(digits_of);
        let digits = digits.map(|digits| [line_key(&digits).into_owned(), digits]);
        let mut found = Vec::new();
        let mut chats = HashSet::new();
        let mut before = before.unwrap_or(i64::MAX);
        let mut budget = Budget::new(LOOKED_AT);
        let mut chunk_size = FIRST_CHUNK;
        let _turn = match &words {
            Some(_) => self.search_turn().await,
            None => None,
        };
        let next = 'looking: loop {
            let (limit_of_chunk, bytes, is_end) = match &words {
                None => (chunk_size, 0, None),
                Some(_) => {
                    let sizes = self.sizes_before(cliente_id, before, chunk_size).await?;
                    let (count, bytes) = fitting(sizes.iter().copied(), CHUNK_BYTES);
                    let is_end = count == sizes.len() && count < chunk_size as usize;
                    (u32::try_from(count).unwrap_or(0), bytes, Some(is_end))
                }
            };
            let chunk = self
                .candidates(cliente_id, words.is_some(), before, limit_of_chunk)
                .await?;
            let is_end = is_end.unwrap_or(chunk.len() < chunk_size as usize);
            budget.spend(chunk.len(), bytes);
            chunk_size = CHUNK;
            let (words, digits) = (words.clone(), digits.clone());
            let judged = aside(move || {
                let judge = |candidate: Candidate| {
                    let is_wanted = match &words {
                        None => candidate.is_last,
                        Some(words) => candidate.has(words, digits.as_ref()),
                    };
                    (candidate.id, candidate.chat, is_wanted)
                };
                chunk.into_iter().map(judge).collect::<Vec<_>>()
            });
            for (id, chat, is_wanted) in judged.await? {
                before = id;
                if is_wanted && chats.insert(chat) {
                    found.push(id);
                    if found.len() == limit as usize {
                        break 'looking Some(before);
                    }
                }
            }
            if is_end {
                break None;
            }
            if budget.is_spent() {
                break Some(before);
            }
        };
        let messages = self.messages_of(&found).await?;
        Ok(MessagePage { messages, next })
    }

    /// Returns the sizes in bytes of the newest texts before a message.
    async fn sizes_before(
        &self,
        cliente_id: Option<u64>,
        before: i64,
        limit: u32,
    ) -> Result<Vec<usize>, StoreError> {
        let filter = Filter {
            cliente_id,
            before: Some(before),
            ..Filter::default()
        };
        let sizes = self.message_sizes(&filter, limit).await?;
        Ok(sizes.into_iter().map(|(_, size)| size).collect())
    }

    async fn candidates(
        &self,
        cliente_id: Option<u64>,
        with_words: bool,
        before: i64,
        limit: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        let (of, newer_of) = match cliente_id {
            None => ("", ""),
            Some(_) => ("AND m.cliente_id = $3", "AND n.cliente_id = $3"),
        };
        let (columns, join) = if with_words {
            (
                ", m.body, k.name, k.pushname",
                "LEFT JOIN contacts k ON k.wa_id = m.chat",
            )
        } else {
            ("", "")
        };
        let statement = format!(
            "SELECT m.id, m.chat, CAST(CASE WHEN EXISTS (
                     SELECT 1 FROM messages n WHERE n.chat = m.chat AND n.id > m.id {newer_of})
                 THEN 0 ELSE 1 END AS BIGINT) AS is_last {columns}
             FROM messages m {join} WHERE m.id < $1 {of} ORDER BY m.id DESC LIMIT $2"
        );
        let mut query = sqlx::query(AssertSqlSafe(statement))
            .bind(before)
            .bind(i64::from(limit));
        if let Some(id) = cliente_id {
            query = query.bind(i64::try_from(id).unwrap_or(i64::MAX));
        }
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                let (body, names) = if with_words {
                    let names = [row.try_get("name")?, row.try_get("pushname")?];
                    (row.try_get("body")?, names)
                } else {
                    (String::new(), [None, None])
                };
                Ok(Candidate {
                    id: row.try_get("id")?,
                    chat: row.try_get("chat")?,
                    is_last: row.try_get::<i64, _>("is_last")? != 0,
                    body,
                    names,
                })
            })
            .collect()
    }

    async fn messages_of(&self, ids: &[i64]) -> Result<Vec<Message>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        let statement = format!(
            "SELECT * FROM messages WHERE id IN ({}) ORDER BY id DESC",
            ids.join(", ")
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .persistent(false)
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(Message::read).collect()
    }
}

/// Returns the digits of a phone number or of a part of one, in any notation.
fn digits_of(words: &str) -> Option<String> {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '(' | ')' | '.');
    let digits: String = words.chars().filter(char::is_ascii_digit).collect();
    (words.chars().all(is_number) && digits.len() >= 3).then_some(digits)
}

#[cfg(test)]
mod tests {
    use scratch_database::on_both_engines;

    use super::super::tests::open;
    use super::*;

    #[test]
    fn a_number_is_known_as_one() {
        assert_eq!(
            digits_of("+54 9 11 5825-4201").as_deref(),
            Some("5491158254201")
        );
        for other in ["12", "ana", "5 cuotas", ""] {
            assert_eq!(digits_of(other), None, "{other}");
        }
    }

    async fn write(store: &Store, chat: &str, cliente_id: i64, body: &str) -> i64 {
        sqlx::query_scalar(
            "INSERT INTO messages (direction, origin, cliente_id, chat, kind, body, state,
                 due_at, created_at, updated_at)
             VALUES ('out', 'bulk', $1, $2, 'text', $3, 'sent', 0, 0, 0) RETURNING id",
        )
        .bind(cliente_id)
        .bind(chat)
        .bind(body)
        .fetch_one(store.writer())
        .await
        .unwrap()
    }

    on_both_engines! {
        async fn conversations_are_the_last_of_each_chat(database: Database) {
            let store = open(&database).await;
            let (ana, leo) = ("5491100000001@c.us", "5491100000002@c.us");
            let one = write(&store, ana, 51, "¿Cuánto sale?").await;
            let two = write(&store, leo, 52, "hola").await;
            let three = write(&store, ana, 52, "de otro").await;
            let mut tx = store.begin().await.unwrap();
            store.contact_in(&mut tx, ana, Some("Ana María"), None).await.unwrap();
            tx.commit().await.unwrap();
            let ids = async |cliente, words, before, limit| {
                let page = store.conversations(cliente, words, before, limit).await.unwrap();
                let ids: Vec<_> = page.messages.iter().map(|it| it.id).collect();
                (ids, page.next)
            };
            assert_eq!(ids(None, None, None, 50).await, (vec![three, two], None));
            assert_eq!(ids(Some(51), None, None, 50).await, (vec![one], None));
            assert_eq!(ids(Some(52), None, None, 50).await, (vec![three, two], None));
            assert_eq!(ids(None, None, None, 1).await, (vec![three], Some(three)));
            assert_eq!(ids(None, None, Some(three), 5).await, (vec![two], None));
            assert_eq!(ids(None, Some("maria"), None, 50).await.0, [three]);
            assert_eq!(ids(None, Some("0000-0002"), None, 50).await.0, [two]);
            // The message that contains the words, although it is not the last.
            assert_eq!(ids(None, Some("cuanto"), None, 50).await.0, [one]);
            assert!(ids(Some(52), Some("cuanto"), None, 50).await.0.is_empty());
            store.close().await;
        }
    }
}
