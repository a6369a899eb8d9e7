//! The index of the messages' words: written together with each message, and
//! filled at a start with what is older than the index.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::Row;

use super::addresses::LOCK_WITH_OTHERS;
use super::contacts::read;
use super::error::StoreError;
use super::words::{Words, cliente_number, direction_number, numbers_of};
use super::{Engine, Store, Tx};

/// Messages, or contacts, in one step.
const STEP: i64 = 500;
/// A step that got in the way of another hub's writing is tried again.
const TRIES: u32 = 5;
/// Said of so many messages that were filled in.
const SAID_EVERY: i64 = 50_000;
/// Messages by which PostgreSQL's index is asked, the newest first: it gives
/// what it finds in no order, so that a word that all have costs this many.
const BUCKET: i64 = 8192;

const SQLITE_INTO_INDEX: &str = "INSERT OR REPLACE INTO message_words (rowid, numbers)
    SELECT value ->> 0, value ->> 1 FROM json_each($1)";

/// What the index takes of a message.
pub(super) struct Indexed<'a> {
    pub(super) id: i64,
    pub(super) is_inbound: bool,
    pub(super) cliente_id: Option<i64>,
    pub(super) chat: &'a str,
    pub(super) body: &'a str,
}

impl Indexed<'_> {
    fn numbers(&self) -> BTreeSet<i32> {
        let mut numbers = numbers_of(self.body);
        numbers.insert(direction_number(self.is_inbound));
        numbers.extend(self.cliente_id.map(cliente_number));
        numbers
    }
}

/// Below zero, where no number of a word is.
fn bucket_number(id: i64) -> i64 {
    -1 - id / BUCKET
}

fn joined(numbers: impl Iterator<Item = i64>, between: &str) -> String {
    let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
    numbers.join(between)
}

/// As for a database without an index: what was brought in has none.
pub(super) async fn forget_in(tx: &mut Tx) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM message_words_filled",
        "INSERT INTO message_words_filled (place) VALUES (0)",
    ] {
        sqlx::query(statement).execute(&mut **tx).await?;
    }
    Ok(())
}

impl Store {
    /// Puts messages into the index, in the place of what it has of them, and
    /// notes between whom they are.
    pub(super) async fn index_in(
        &self,
        tx: &mut Tx,
        messages: &[Indexed<'_>],
    ) -> Result<(), StoreError> {
        let replace = self.engine().pick(
            SQLITE_INTO_INDEX,
            "INSERT INTO message_words (message_id, numbers)
             SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS INTEGER[])
             FROM json_array_elements(CAST($1 AS JSON)) WHERE true
             ON CONFLICT (message_id) DO UPDATE SET numbers = excluded.numbers",
        );
        self.write_words_in(tx, messages, replace).await
    }

    /// As [`Store::index_in`], but what the index has of them already stays: it
    /// was written together with the message, which may have changed since it
    /// was read here.
    async fn add_to_index_in(
        &self,
        tx: &mut Tx,
        messages: &[Indexed<'_>],
    ) -> Result<(), StoreError> {
        let add = self.engine().pick(
            SQLITE_INTO_INDEX,
            "INSERT INTO message_words (message_id, numbers)
             SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS INTEGER[])
             FROM json_array_elements(CAST($1 AS JSON)) WHERE true
             ON CONFLICT (message_id) DO NOTHING",
        );
        self.write_words_in(tx, messages, add).await
    }

    async fn write_words_in(
        &self,
        tx: &mut Tx,
        messages: &[Indexed<'_>],
        statement: &'static str,
    ) -> Result<(), StoreError> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(messages.len());
        for message in messages {
            let words = message.numbers().into_iter().map(i64::from);
            let numbers = match self.engine() {
                Engine::Sqlite => joined(words, " "),
                Engine::Postgres => {
                    let bucket = bucket_number(message.id);
                    format!("{{{}}}", joined(words.chain([bucket]), ","))
                }
            };
            rows.push(json!([message.id, numbers]));
        }
        sqlx::query(statement)
            .bind(json!(rows).to_string())
            .execute(&mut **tx)
            .await?;
        let between = messages.iter().map(|it| (it.chat, it.cliente_id));
        self.note_conversations_in(tx, &between.collect()).await
    }

    /// Puts into the index what is older than it: step by step, and what is cut
    /// off goes on at the next start.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn fill_index(&self) -> Result<(), StoreError> {
        let mut filled = 0_i64;
        let mut said = 0;
        let mut tries = 1;
        loop {
            let step = match self.fill_step().await {
                Ok(Some(step)) => step,
                Ok(None) => break,
                // Other hubs go on writing meanwhile.
                Err(error) if tries < TRIES && error.is_in_the_way() => {
                    tries += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            tries = 1;
            filled = filled.saturating_add(step);
            if filled - said >= SAID_EVERY {
                said = filled;
                tracing::info!(
                    messages = filled,
                    "filling the index of the messages' words"
                );
            }
        }
        if filled >= SAID_EVERY {
            tracing::info!(
                messages = filled,
                "the index of the messages' words is filled"
            );
        }
        Ok(())
    }

    /// Makes the index anew, as after an import.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn rebuild_index(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        forget_in(&mut tx).await?;
        tx.commit().await?;
        self.fill_index().await
    }

    /// One step; how many messages it took, `None` at the end.
    async fn fill_step(&self) -> Result<Option<i64>, StoreError> {
        let place = "SELECT MAX(place) FROM message_words_filled";
        let ask = sqlx::query_scalar::<_, Option<i64>>(place);
        if ask.fetch_one(self.reader()).await?.is_none() {
            return Ok(None);
        }
        let mut tx = self.begin().await?;
        // No chat that is read here becomes another's meanwhile.
        self.lock_people(&mut tx, LOCK_WITH_OTHERS).await?;
        let ask = sqlx::query_scalar::<_, Option<i64>>(place);
        let Some(place) = ask.fetch_one(&mut *tx).await? else {
            return Ok(None);
        };
        let rows = sqlx::query(
            "SELECT id, direction, cliente_id, chat, body FROM messages
             WHERE id > $1 ORDER BY id LIMIT $2",
        )
        .bind(place)
        .bind(STEP)
        .fetch_all(&mut *tx)
        .await?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            messages.push(Indexed {
                id: row.try_get("id")?,
                is_inbound: row.try_get::<&str, _>("direction")? == "in",
                cliente_id: row.try_get("cliente_id")?,
                chat: row.try_get("chat")?,
                body: row.try_get("body")?,
            });
        }
        self.add_to_index_in(&mut tx, &messages).await?;
        if let Some(last) = messages.last() {
            sqlx::query("UPDATE message_words_filled SET place = $1")
                .bind(last.id)
                .execute(&mut *tx)
                .await?;
        } else if self.fill_contacts_in(&mut tx).await? == 0 {
            sqlx::query("DELETE FROM message_words_filled")
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(Some(i64::try_from(messages.len()).unwrap_or(0)))
    }

    async fn fill_contacts_in(&self, tx: &mut Tx) -> Result<usize, StoreError> {
        let rows = sqlx::query("SELECT * FROM contacts WHERE words IS NULL ORDER BY id LIMIT $1")
            .bind(STEP)
            .fetch_all(&mut **tx)
            .await?;
        for row in &rows {
            let contact = read(row)?;
            sqlx::query("UPDATE contacts SET words = $1 WHERE id = $2")
                .bind(contact.words())
                .bind(contact.id)
                .execute(&mut **tx)
                .await?;
        }
        Ok(rows.len())
    }

    /// The newest messages between two others that have these words, as far as
    /// the index can tell: it does not know states, nor times.
    pub(super) async fn ids_with(
        &self,
        words: &Words,
        (cliente_id, is_inbound): (Option<u64>, Option<bool>),
        after: i64,
        before: i64,
        limit: u32,
    ) -> Result<Vec<i64>, StoreError> {
        let mut numbers = words.numbers();
        numbers.extend(is_inbound.map(direction_number));
        let cliente_id = cliente_id.map(|id| i64::try_from(id).unwrap_or(i64::MAX));
        numbers.extend(cliente_id.map(cliente_number));
        let numbers = numbers.into_iter().map(i64::from);
        // Somebody may ask for what is before anything.
        let before = before.max(1);
        let ids = match self.engine() {
            Engine::Sqlite => {
                sqlx::query_scalar(
                    "SELECT rowid FROM message_words
                     WHERE message_words MATCH $1 AND rowid > $2 AND rowid < $3
                     ORDER BY rowid DESC LIMIT $4",
                )
                .bind(joined(numbers, " AND "))
                .bind(after)
                .bind(before)
                .bind(i64::from(limit))
                .fetch_all(self.reader())
                .await?
            }
            Engine::Postgres => {
                let mut tx = self.reader().begin().await?;
                // The planner knows neither how few a bucket has, nor that this
                // is over before anything is compiled for it.
                sqlx::raw_sql("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
                    .execute(&mut *tx)
                    .await?;
                let statement = sqlx::AssertSqlSafe(format!(
                    "SELECT found.message_id FROM generate_series(
                             (SELECT LEAST(COALESCE(MAX(message_id), 0), CAST($3 AS BIGINT) - 1) / {BUCKET}
                              FROM message_words),
                             GREATEST(CAST($2 AS BIGINT), 0) / {BUCKET}, -1) AS bucket (n),
                         LATERAL (
                             SELECT message_id FROM message_words
                             WHERE numbers @> (CAST($1 AS INTEGER[]) || CAST(-1 - bucket.n AS INTEGER))
                                 AND message_id > $2 AND message_id < $3
                             ORDER BY message_id DESC) AS found
                     LIMIT $4"
                ));
                let found = sqlx::query_scalar(statement)
                    .bind(format!("{{{}}}", joined(numbers, ",")))
                    .bind(after)
                    .bind(before)
                    .bind(i64::from(limit))
                    .fetch_all(&mut *tx)
                    .await?;
                tx.rollback().await?;
                found
            }
        };
        Ok(ids)
    }
}
