//! Who asked not to be written to.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{now, time};
use crate::campaigns::opt_out::OptOutWords;
use crate::store::{Store, StoreError, Tx};

/// The words, as a JSON array.
const WORDS: &str = "campaigns.opt_out_words";

/// Somebody who asked not to be written to.
#[derive(Clone)]
pub struct OptOut {
    /// The store's number of it.
    pub id: i64,
    /// `…@c.us` or `…@lid`.
    pub chat: String,
    /// `message`: they wrote it; `person`: somebody put them here.
    pub source: String,
    /// The word, or why.
    pub reason: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
}

/// Whether this one is on the list, within a transaction.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn is_opted_out_in(tx: &mut Tx, chat: &str) -> Result<bool, StoreError> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM opt_outs WHERE chat = $1")
        .bind(chat)
        .fetch_one(&mut **tx)
        .await?;
    Ok(count > 0)
}

impl Store {
    /// Whether this one is on the list.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_opted_out(&self, chat: &str) -> Result<bool, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM opt_outs WHERE chat = $1")
            .bind(chat)
            .fetch_one(self.reader())
            .await?;
        Ok(count > 0)
    }

    /// Puts somebody on the list; who is on it stays as they are.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opt_out(
        &self,
        chat: &str,
        source: &str,
        reason: Option<&str>,
    ) -> Result<OptOut, StoreError> {
        sqlx::query(
            "INSERT INTO opt_outs (chat, source, reason, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (chat) DO NOTHING",
        )
        .bind(chat)
        .bind(source)
        .bind(reason)
        .bind(now())
        .execute(self.writer())
        .await?;
        let row = sqlx::query("SELECT * FROM opt_outs WHERE chat = $1")
            .bind(chat)
            .fetch_one(self.writer())
            .await?;
        read(&row)
    }

    /// Since when and why this one is on the list.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn find_opt_out(&self, chat: &str) -> Result<Option<OptOut>, StoreError> {
        let row = sqlx::query("SELECT * FROM opt_outs WHERE chat = $1")
            .bind(chat)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Takes somebody off the list; `false` if they were not on it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opt_in(&self, chat: &str) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM opt_outs WHERE chat = $1")
            .bind(chat)
            .execute(self.writer())
            .await?;
        Ok(gone.rows_affected() > 0)
    }

    /// The list, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opt_outs(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<OptOut>, StoreError> {
        let rows = sqlx::query("SELECT * FROM opt_outs WHERE id < $1 ORDER BY id DESC LIMIT $2")
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Takes note of what somebody wrote: a word that asks for it puts them on
    /// the list. Tells the word.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn heed_opt_out(&self, chat: &str, text: &str) -> Result<Option<String>, StoreError> {
        let words = self.opt_out_words().await?;
        let Some(word) = words.find(text) else {
            return Ok(None);
        };
        self.opt_out(chat, "message", Some(word)).await?;
        Ok(Some(word.to_owned()))
    }

    /// The words that ask for it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opt_out_words(&self) -> Result<OptOutWords, StoreError> {
        let set = self.setting(WORDS).await?;
        let words: Option<Vec<String>> = set.and_then(|json| serde_json::from_str(&json).ok());
        Ok(words
            .and_then(|words| OptOutWords::new(&words).ok())
            .unwrap_or_default())
    }

    /// Sets the words.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_opt_out_words(&self, words: &OptOutWords) -> Result<(), StoreError> {
        self.set(WORDS, &super::campaign::json(&words.words()))
            .await
    }
}

fn read(row: &AnyRow) -> Result<OptOut, StoreError> {
    Ok(OptOut {
        id: row.try_get("id")?,
        chat: row.try_get("chat")?,
        source: row.try_get("source")?,
        reason: row.try_get("reason")?,
        created_at: time(row, "created_at")?,
    })
}
