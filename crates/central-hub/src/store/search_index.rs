//! Writes the index of the messages' words: together with each message, and at
//! startup for messages that are older than the index. `search` reads the
//! index.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::Row;

use super::addresses::LOCK_WITH_OTHERS;
use super::contacts::read;
use super::error::StoreError;
use super::search_words::{cliente_number, direction_number, numbers_of};
use super::{Engine, Store, Tx};

/// Number of messages, or contacts, indexed in one step.
const ROWS_PER_STEP: i64 = 500;
/// Maximum number of attempts at a step that conflicts with another hub's writes.
const MAX_ATTEMPTS: u32 = 5;
/// Number of indexed messages between two log lines about the progress.
const LOG_EVERY: i64 = 50_000;
/// Messages per bucket in PostgreSQL's index, which returns its matches in no
/// order: it is queried bucket by bucket, the newest first, so that a word that all
/// messages contain costs only this many.
pub(super) const POSTGRES_BUCKET: i64 = 8192;
/// Messages per bucket in SQLite's index. FTS5 looks for the first message that has
/// two words in the whole index, whatever ids are asked for, but no farther than a
/// third word goes: each bucket has a number of its own among the words.
pub(super) const SQLITE_BUCKET: i64 = 8 * POSTGRES_BUCKET;

const SQLITE_INTO_INDEX: &str = "INSERT OR REPLACE INTO message_words (rowid, numbers)
    SELECT value ->> 0, value ->> 1 FROM json_each($1)";

/// The indexed fields of a message.
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

/// Returns the number that stands for a message's bucket in the index. It differs
/// from the number of every word, which is an `i32` that is not negative:
/// PostgreSQL's is a negative `i32`, and SQLite's, whose tokens have no sign, is
/// larger.
fn bucket_number(engine: Engine, id: i64) -> i64 {
    match engine {
        Engine::Sqlite => sqlite_bucket_number(id / SQLITE_BUCKET),
        Engine::Postgres => -1 - id / POSTGRES_BUCKET,
    }
}

fn sqlite_bucket_number(bucket: i64) -> i64 {
    i64::from(i32::MAX) + 1 + bucket
}

/// Returns the FTS5 query for messages that have all of these numbers and are
/// between two ids, as far as their buckets tell.
pub(super) fn sqlite_query(numbers: impl Iterator<Item = i64>, after: i64, before: i64) -> String {
    let buckets = (after.saturating_add(1) / SQLITE_BUCKET..=(before - 1) / SQLITE_BUCKET).rev();
    let buckets = join_numbers(buckets.map(sqlite_bucket_number), " OR ");
    format!("({buckets}) AND {}", join_numbers(numbers, " AND "))
}

pub(super) fn join_numbers(numbers: impl Iterator<Item = i64>, between: &str) -> String {
    let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
    numbers.join(between)
}

/// Marks all messages as not indexed, as after an import.
pub(super) async fn mark_unindexed_in(tx: &mut Tx) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM message_words_filled",
        "INSERT INTO message_words_filled (place) VALUES (0)",
    ] {
        sqlx::query(statement).execute(&mut **tx).await?;
    }
    Ok(())
}

impl Store {
    /// Indexes messages, replacing their existing entries, and records their conversations.
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

    /// Indexes messages like [`Store::index_in`], but keeps existing entries:
    /// these were written together with the message, which may have changed
    /// since it was read here.
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
            let numbers = words.chain([bucket_number(self.engine(), message.id)]);
            let numbers = match self.engine() {
                Engine::Sqlite => join_numbers(numbers, " "),
                Engine::Postgres => format!("{{{}}}", join_numbers(numbers, ",")),
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

    /// Indexes the messages that are older than the index, in steps. If
    /// interrupted, it continues at the next start.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn fill_index(&self) -> Result<(), StoreError> {
        let mut filled = 0_i64;
        let mut logged = 0;
        let mut tries = 1;
        loop {
            let step = match self.fill_step().await {
                Ok(Some(step)) => step,
                Ok(None) => break,
                // Other hubs continue to write meanwhile.
                Err(error) if tries < MAX_ATTEMPTS && error.is_conflict() => {
                    tries += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            tries = 1;
            filled = filled.saturating_add(step);
            if filled - logged >= LOG_EVERY {
                logged = filled;
                tracing::info!(messages = filled, "filling the index of message words");
            }
        }
        if filled >= LOG_EVERY {
            tracing::info!(messages = filled, "the index of message words is complete");
        }
        Ok(())
    }

    /// Rebuilds the index, for example after an import.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn rebuild_index(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        mark_unindexed_in(&mut tx).await?;
        tx.commit().await?;
        self.fill_index().await
    }

    /// Runs one step, and returns the number of messages indexed; `None` at the end.
    async fn fill_step(&self) -> Result<Option<i64>, StoreError> {
        let place = "SELECT MAX(place) FROM message_words_filled";
        let ask = sqlx::query_scalar::<_, Option<i64>>(place);
        if ask.fetch_one(self.reader()).await?.is_none() {
            return Ok(None);
        }
        let mut tx = self.begin().await?;
        // The lock prevents merges of the chats that are read here.
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
        .bind(ROWS_PER_STEP)
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
            .bind(ROWS_PER_STEP)
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
}
