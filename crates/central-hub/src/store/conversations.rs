//! Lists conversations: the last message of each chat, newest first.
//!
//! A message is the last of its chat if the index by chat has none after it. A
//! request reads a bounded number of messages and returns a cursor, so a chat
//! of a hundred thousand messages at worst makes a page shorter.
//!
//! A search has two sources: the names and numbers of chats, which list a chat
//! at its last message, and the texts of messages, which list a chat at its
//! newest match.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use session_api::line_key;
use sqlx::{AssertSqlSafe, Row};

use super::contact_cards::stored;
use super::conversation_rows::digits_of_chat;
use super::error::StoreError;
use super::messages::{Message, joined};
use super::search::{Budget, CHUNK_ROWS, MAX_READ};
use super::search_words::Words;
use super::{MessagePage, Store};
use crate::text::fold;

const FIRST_CHUNK: u32 = 200;
/// Up to this number of matching chats, a search queries the last message of
/// each; with more, it reads the newest messages.
const FEW_CHATS: usize = 500;

/// The message at which a conversation is listed, and its chat.
pub(super) type ListedAt = (i64, String);

/// A part of a list, newest first, and the id of the message down to which it
/// was read; `None` if it was read to the end.
pub(super) type ListPart = (Vec<ListedAt>, Option<i64>);

fn as_id(cliente_id: Option<u64>) -> Option<i64> {
    cliente_id.map(|id| i64::try_from(id).unwrap_or(i64::MAX))
}

impl Store {
    /// Returns the last message of each conversation older than `before`, of
    /// one business or of all. With `words`, returns only conversations whose
    /// name or number contains the words, or else the newest message whose text
    /// contains them.
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
        let before = before.unwrap_or(i64::MAX);
        let Some(text) = words else {
            let (found, next) = self.last_of_each(cliente_id, before, limit).await?;
            let ids: Vec<_> = found.into_iter().map(|(id, _)| id).collect();
            let messages = self.messages_of(&ids).await?;
            return Ok(MessagePage { messages, next });
        };
        let Some(words) = Words::read(text) else {
            return Ok(MessagePage::default());
        };
        let digits = Digits::read(text);
        // Each source scans for some 10 ms, on a connection of its own.
        let _turn = self.search_turns(2).await;
        let ((named, named_to), (written, written_to)) = tokio::try_join!(
            self.named(cliente_id, &words, digits.as_ref(), before, limit),
            self.written(cliente_id, &words, before, limit),
        )?;
        // The result covers only the messages down to which both sources were read.
        let to = named_to.max(written_to);
        let by_text: HashSet<i64> = written.iter().map(|(id, _)| *id).collect();
        let by_name: HashSet<i64> = named.iter().map(|(id, _)| *id).collect();
        let mut all: Vec<_> = named.into_iter().chain(written).collect();
        all.retain(|(id, _)| to.is_none_or(|to| *id >= to));
        all.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        let mut chats = HashSet::new();
        all.retain(|(_, chat)| chats.insert(chat.clone()));
        let is_full = all.len() > limit as usize;
        all.truncate(limit as usize);
        let next = match all.last() {
            Some((last, _)) if is_full => Some(*last),
            _ => to,
        };
        let (sure, asked): (Vec<i64>, Vec<i64>) = all
            .into_iter()
            .map(|(id, _)| id)
            .partition(|id| by_name.contains(id) || !by_text.contains(id));
        let mut messages = self.messages_of(&sure).await?;
        messages.extend(self.with_words(&asked, words).await?);
        messages.sort_by_key(|message| std::cmp::Reverse(message.id));
        Ok(MessagePage { messages, next })
    }

    async fn last_of_each(
        &self,
        cliente_id: Option<u64>,
        mut before: i64,
        limit: u32,
    ) -> Result<ListPart, StoreError> {
        let newer_of = match cliente_id {
            None => ("", ""),
            Some(_) => ("AND m.cliente_id = $3", "AND n.cliente_id = $3"),
        };
        let (of, newer_of) = newer_of;
        let statement = format!(
            "SELECT m.id, m.chat, CAST(CASE WHEN EXISTS (
                     SELECT 1 FROM messages n WHERE n.chat = m.chat AND n.id > m.id {newer_of})
                 THEN 0 ELSE 1 END AS BIGINT) AS is_last
             FROM messages m WHERE m.id < $1 {of} ORDER BY m.id DESC LIMIT $2"
        );
        let mut found = Vec::new();
        let mut budget = Budget::new(MAX_READ);
        let mut size = FIRST_CHUNK;
        loop {
            let mut query = sqlx::query(AssertSqlSafe(statement.clone()))
                .bind(before)
                .bind(i64::from(size));
            if let Some(id) = as_id(cliente_id) {
                query = query.bind(id);
            }
            let rows = query.fetch_all(self.reader()).await?;
            budget.spend(rows.len(), 0);
            for row in &rows {
                before = row.try_get("id")?;
                if row.try_get::<i64, _>("is_last")? != 0 {
                    found.push((before, row.try_get("chat")?));
                    if found.len() == limit as usize {
                        return Ok((found, Some(before)));
                    }
                }
            }
            if rows.len() < size as usize {
                return Ok((found, None));
            }
            if budget.is_spent() {
                return Ok((found, Some(before)));
            }
            size = CHUNK_ROWS;
        }
    }

    /// Returns the conversations that match by name or number, each at its last message.
    async fn named(
        &self,
        cliente_id: Option<u64>,
        words: &Words,
        digits: Option<&Digits>,
        before: i64,
        limit: u32,
    ) -> Result<ListPart, StoreError> {
        let chats = self.chats_named(cliente_id, words, digits).await?;
        if chats.len() <= FEW_CHATS {
            return self.last_of_these(cliente_id, &chats, before).await;
        }
        let mut found = Vec::new();
        let mut before = before;
        let mut budget = Budget::new(MAX_READ);
        let mut size = FIRST_CHUNK;
        loop {
            let (lasts, to) = self.last_of_each(cliente_id, before, size).await?;
            budget.spend(size as usize, 0);
            size = CHUNK_ROWS;
            let known_chats: Vec<_> = lasts.iter().map(|(_, chat)| chat.as_str()).collect();
            let mut names: HashMap<String, String> = HashMap::new();
            for contact in self.contacts(&known_chats).await? {
                names.insert(contact.wa_id.clone(), contact.words());
            }
            for card in self.cards(&known_chats, cliente_id).await? {
                names
                    .entry(card.chat.clone())
                    .or_default()
                    .push_str(&card.words());
            }
            for (id, chat) in lasts {
                let is_named = names
                    .get(&chat)
                    .is_some_and(|names| words.match_text(names));
                if is_named || digits.is_some_and(|digits| digits.match_chat(&chat)) {
                    found.push((id, chat));
                    if found.len() > limit as usize {
                        return Ok((found, Some(id)));
                    }
                }
            }
            let Some(to) = to else {
                return Ok((found, None));
            };
            if budget.is_spent() {
                return Ok((found, Some(to)));
            }
            before = to;
        }
    }

    /// Returns the chats whose name or number matches, each once. If there are
    /// more than [`FEW_CHATS`], returns more than that many, some perhaps
    /// repeatedly.
    async fn chats_named(
        &self,
        cliente_id: Option<u64>,
        words: &Words,
        digits: Option<&Digits>,
    ) -> Result<Vec<String>, StoreError> {
        let mut binds = words.patterns();
        // The two parameters that are always present come first.
        let place = |at: usize| at + 3;
        let conditions: Vec<_> = (0..binds.len())
            .map(|at| format!("words LIKE ${}", place(at)))
            .collect();
        let conditions = conditions.join(" AND ");
        // Each source has its own limit: to list a chat only once across
        // sources, all rows would have to be read.
        let mut sources = vec![
            format!("SELECT wa_id AS chat FROM contacts WHERE {conditions} LIMIT $2"),
            format!(
                "SELECT chat FROM contact_cards WHERE ($1 = 0 OR cliente_id = $1) AND {conditions} LIMIT $2"
            ),
        ];
        if let Some(digits) = digits {
            let first = binds.len();
            binds.extend(digits.forms());
            let any: Vec<_> = (first..binds.len())
                .map(|at| self.contains("digits", &format!("${}", place(at))))
                .collect();
            sources.push(format!(
                "SELECT chat FROM conversations WHERE ($1 = 0 OR cliente_id = $1) AND ({}) LIMIT $2",
                any.join(" OR ")
            ));
        }
        let sources: Vec<_> = sources
            .iter()
            .map(|source| format!("SELECT chat FROM ({source}) AS source"))
            .collect();
        let statement = sources.join(" UNION ALL ");
        let mut query = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(stored(cliente_id))
            .bind(i64::try_from(FEW_CHATS + 1).unwrap_or(i64::MAX));
        for bind in &binds {
            query = query.bind(bind);
        }
        let mut chats: Vec<String> = query.fetch_all(self.reader()).await?;
        if chats.len() <= FEW_CHATS {
            chats.sort();
            chats.dedup();
        }
        Ok(chats)
    }

    /// Returns the condition that `text` contains `part`, which takes two thirds
    /// of the time of a `LIKE`.
    pub(super) fn contains(&self, text: &str, part: &str) -> String {
        let position = self.engine().pick("instr", "strpos");
        format!("{position}({text}, {part}) > 0")
    }

    /// Returns the last message of each of these chats, if it is older than `before`.
    pub(super) async fn last_of_these(
        &self,
        cliente_id: Option<u64>,
        chats: &[String],
        before: i64,
    ) -> Result<ListPart, StoreError> {
        if chats.is_empty() {
            return Ok((Vec::new(), None));
        }
        let business = match cliente_id {
            None => "",
            Some(_) => "AND m.cliente_id = $2",
        };
        let chats_of = self.engine().pick(
            "json_each($1)",
            "json_array_elements_text(CAST($1 AS JSON))",
        );
        // The index finds the last message of each chat, since a chat may be long.
        let statement = format!(
            "SELECT k.value AS chat, (SELECT m.id FROM messages m WHERE m.chat = k.value {business}
                 ORDER BY m.chat DESC, m.id DESC LIMIT 1) AS id
             FROM {chats_of} k"
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).bind(json!(chats).to_string());
        if let Some(id) = as_id(cliente_id) {
            query = query.bind(id);
        }
        let mut found = Vec::new();
        for row in query.fetch_all(self.reader()).await? {
            let id: Option<i64> = row.try_get("id")?;
            if let Some(id) = id.filter(|id| *id < before) {
                found.push((id, row.try_get("chat")?));
            }
        }
        Ok((found, None))
    }

    /// Returns the conversations that match by text, each at the newest message
    /// that contains the words.
    async fn written(
        &self,
        cliente_id: Option<u64>,
        words: &Words,
        mut before: i64,
        limit: u32,
    ) -> Result<ListPart, StoreError> {
        before = self.capped_cursor(before).await?;
        let mut found = Vec::new();
        let mut chats = HashSet::new();
        let mut budget = Budget::new(MAX_READ);
        let mut size = FIRST_CHUNK;
        loop {
            let matches = self
                .matching_ids(words, (cliente_id, None), (0, before), size, &budget)
                .await?;
            let (ids, next) = (matches.ids, matches.next);
            if ids.is_empty() {
                return Ok((found, next));
            }
            budget.spend(ids.len(), 0);
            let statement = format!(
                "SELECT id, chat FROM messages WHERE id IN ({}) ORDER BY id DESC",
                joined(&ids)
            );
            let rows = sqlx::query(AssertSqlSafe(statement))
                .persistent(false)
                .fetch_all(self.reader())
                .await?;
            for row in &rows {
                let id: i64 = row.try_get("id")?;
                let chat: String = row.try_get("chat")?;
                if chats.insert(chat.clone()) {
                    found.push((id, chat));
                    // One more conversation than requested shows whether there are more.
                    if found.len() > limit as usize {
                        return Ok((found, Some(id)));
                    }
                }
            }
            let Some(next) = next else {
                return Ok((found, None));
            };
            if budget.is_spent() {
                return Ok((found, Some(next)));
            }
            before = next;
            size = CHUNK_ROWS;
        }
    }

    pub(super) async fn messages_of(&self, ids: &[i64]) -> Result<Vec<Message>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let statement = format!(
            "SELECT * FROM messages WHERE id IN ({}) ORDER BY id DESC",
            joined(ids)
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .persistent(false)
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(Message::read).collect()
    }
}

/// The digits of a whole or partial phone number in any notation: as typed, and
/// as the canonical number.
#[derive(Clone)]
pub(super) struct Digits {
    typed: String,
    line: String,
}

impl Digits {
    pub(super) fn read(text: &str) -> Option<Self> {
        let words = fold(text);
        let is_number =
            |c: char| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '(' | ')' | '.');
        let typed: String = words.chars().filter(char::is_ascii_digit).collect();
        if !words.chars().all(is_number) || typed.len() < 3 {
            return None;
        }
        let line = line_key(&typed).into_owned();
        Some(Self { typed, line })
    }

    pub(super) fn match_chat(&self, chat: &str) -> bool {
        let digits = digits_of_chat(chat);
        digits.contains(&self.typed) || digits.contains(&self.line)
    }

    /// Returns the digits of which a matching chat contains at least one form.
    pub(super) fn forms(&self) -> Vec<String> {
        let mut forms = vec![self.typed.clone()];
        // The longer form finds nothing that the shorter one does not.
        if !self.line.contains(&self.typed) {
            forms.push(self.line.clone());
        }
        forms
    }
}

#[cfg(test)]
mod tests {
    use scratch_database::on_both_engines;

    use super::super::tests::open;
    use super::*;

    #[test]
    fn a_number_is_known_as_one() {
        let digits = Digits::read("+54 11 5825-4201").unwrap();
        assert_eq!(digits.typed, "541158254201");
        for chat in ["5491158254201@c.us", "541158254201@c.us"] {
            assert!(digits.match_chat(chat), "{chat}");
        }
        assert!(!digits.match_chat("5491158254202@c.us"));
        for other in ["12", "ana", "5 cuotas", ""] {
            assert!(Digits::read(other).is_none(), "{other}");
        }
    }

    async fn write(store: &Store, chat: &str, cliente_id: i64, body: &str) -> i64 {
        let mut tx = store.begin().await.unwrap();
        let row = sqlx::query(
            "INSERT INTO messages (direction, origin, cliente_id, chat, kind, body, state,
                 due_at, created_at, updated_at)
             VALUES ('out', 'bulk', $1, $2, 'text', $3, 'sent', 0, 0, 0) RETURNING *",
        )
        .bind(cliente_id)
        .bind(chat)
        .bind(body)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        let message = Message::read(&row).unwrap();
        store.index_in(&mut tx, &[(&message).into()]).await.unwrap();
        tx.commit().await.unwrap();
        message.id
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
            // The message that contains the words is found, although it is not
            // the last of its chat.
            assert_eq!(ids(None, Some("cuanto"), None, 50).await.0, [one]);
            assert!(ids(Some(52), Some("cuanto"), None, 50).await.0.is_empty());
            store.close().await;
        }
    }
}
