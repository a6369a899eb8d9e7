//! Stores the opt-out list.

use session_api::{Recipient, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::rows::{optional_id, time};
use crate::opt_out::OptOutWords;
use crate::store::addresses::address_of;
use crate::store::recording::is_recording_in;
use crate::store::rows::now;
use crate::store::settings::setting_in;
use crate::store::{Store, StoreError, Tx};

/// The setting that holds the opt-out words, as a JSON array.
const WORDS_SETTING: &str = "campaigns.opt_out_words";

/// A contact who opted out.
#[derive(Clone)]
pub struct OptOut {
    /// The row's id.
    pub id: i64,
    /// The contact's chat, `…@c.us` or `…@lid`.
    pub chat: String,
    /// `message` if the contact sent an opt-out; `person` if a user added the contact.
    pub source: String,
    /// What the contact wrote, or the reason that a user gave.
    pub reason: Option<String>,
    /// The business that added the contact.
    pub cliente_id: Option<u64>,
    /// The user who added the contact.
    pub added_by: Option<String>,
    /// When the contact was added.
    pub created_at: Timestamp,
}

/// Query that counts the opt-outs of the person with an address. `$1` is the address.
const COUNT_OPT_OUTS: &str = "SELECT COUNT(*) FROM opt_outs WHERE chat = COALESCE((
    SELECT p.chat FROM person_addresses a JOIN people p ON p.id = a.person_id
    WHERE a.address = $1), $1)";

/// Returns whether this number or LID has opted out, within a transaction.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn is_opted_out_in(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let count: i64 = sqlx::query_scalar(COUNT_OPT_OUTS)
        .bind(&*address_of(id))
        .fetch_one(&mut **tx)
        .await?;
    Ok(count > 0)
}

/// An opt-out that a message requested.
#[derive(Clone, Debug)]
pub struct AppliedOptOut {
    /// The opt-out word that was found.
    pub word: String,
    /// Whether the person was not on the list yet.
    pub is_new: bool,
}

impl Store {
    /// Returns whether the contact with this number or LID has opted out.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_opted_out(&self, id: &str) -> Result<bool, StoreError> {
        let count: i64 = sqlx::query_scalar(COUNT_OPT_OUTS)
            .bind(&*address_of(id))
            .fetch_one(self.reader())
            .await?;
        Ok(count > 0)
    }

    /// Returns whether a chat belongs to a contact of the business: there are
    /// messages between them that may have arrived, or the chat is a recipient
    /// of one of the business's campaigns.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_person_of(&self, cliente_id: u64, chat: &str) -> Result<bool, StoreError> {
        let statement = "SELECT CAST(CASE WHEN EXISTS (
                SELECT 1 FROM messages WHERE chat = $1 AND cliente_id = $2
                    AND state NOT IN ('queued', 'failed', 'cancelled'))
            OR EXISTS (
                SELECT 1 FROM campaigns c WHERE c.cliente_id = $2 AND EXISTS (
                    SELECT 1 FROM recipients r WHERE r.campaign_id = c.id AND r.chat = $1))
            THEN 1 ELSE 0 END AS BIGINT)";
        let is_one: i64 = sqlx::query_scalar(statement)
            .bind(chat)
            .bind(i64::try_from(cliente_id).unwrap_or(i64::MAX))
            .fetch_one(self.reader())
            .await?;
        Ok(is_one != 0)
    }

    /// Adds an opt-out on a user's request. An existing one stays unchanged.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opt_out(
        &self,
        id: &str,
        reason: Option<&str>,
        cliente_id: Option<u64>,
        added_by: &str,
    ) -> Result<OptOut, StoreError> {
        let mut tx = self.begin().await?;
        let chat = self.chat_in(&mut tx, id).await?;
        let added = self
            .opt_out_in(&mut tx, &chat, reason, cliente_id, added_by)
            .await?;
        tx.commit().await?;
        Ok(added)
    }

    /// Adds an opt-out like [`Store::opt_out`], for the chat under which the
    /// contact is stored, within a transaction.
    pub(in crate::store) async fn opt_out_in(
        &self,
        tx: &mut Tx,
        chat: &str,
        reason: Option<&str>,
        cliente_id: Option<u64>,
        added_by: &str,
    ) -> Result<OptOut, StoreError> {
        self.settle_possible_opt_out_in(tx, chat).await?;
        sqlx::query(
            "INSERT INTO opt_outs (chat, source, reason, created_at, cliente_id, added_by)
             VALUES ($1, 'person', $2, $3, $4, $5)
             ON CONFLICT (chat) DO NOTHING",
        )
        .bind(chat)
        .bind(reason)
        .bind(now())
        .bind(cliente_id.and_then(|id| i64::try_from(id).ok()))
        .bind(added_by)
        .execute(&mut **tx)
        .await?;
        let row = sqlx::query("SELECT * FROM opt_outs WHERE chat = $1")
            .bind(chat)
            .fetch_one(&mut **tx)
            .await?;
        read(&row)
    }

    /// Returns the opt-out of the contact with this number or LID.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn find_opt_out(&self, person: &Recipient) -> Result<Option<OptOut>, StoreError> {
        let row = sqlx::query("SELECT * FROM opt_outs WHERE chat = $1")
            .bind(self.chat_of(person).await?)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Removes the contact with this number or LID from the list. Returns
    /// `false` if the contact was not on the list.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opt_in(&self, person: &Recipient) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let chat = self.chat_in(&mut tx, person.as_str()).await?;
        let deleted = sqlx::query("DELETE FROM opt_outs WHERE chat = $1")
            .bind(chat)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Lists the opt-outs, newest first.
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

    /// Adds the sender to the list if an inbound text is an opt-out, and
    /// returns the word. A text that merely contains an opt-out word is left to
    /// a person.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn apply_opt_out(&self, id: &str, text: &str) -> Result<Option<String>, StoreError> {
        let mut tx = self.begin().await?;
        let chat = self.chat_in(&mut tx, id).await?;
        let opt_out = self.apply_opt_out_in(&mut tx, &chat, text).await?;
        if opt_out.as_ref().is_some_and(|it| it.is_new) {
            self.answer_opt_out_in(&mut tx, &chat).await?;
        }
        tx.commit().await?;
        Ok(opt_out.map(|it| it.word))
    }

    /// Applies an opt-out like [`Store::apply_opt_out`], within a transaction,
    /// for the chat under which the contact is stored, and without the reply.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn apply_opt_out_in(
        &self,
        tx: &mut Tx,
        chat: &str,
        text: &str,
    ) -> Result<Option<AppliedOptOut>, StoreError> {
        let words = words(setting_in(tx, WORDS_SETTING).await?);
        let Some(word) = words.matching_word(text) else {
            if let Some(word) = words.mentioned_word(text) {
                self.note_possible_opt_out_in(tx, chat, word, text).await?;
            }
            return Ok(None);
        };
        self.settle_possible_opt_out_in(tx, chat).await?;
        // Without recording no message is stored: the word says enough.
        let reason = match is_recording_in(tx).await? {
            true => text.trim(),
            false => word,
        };
        let new = sqlx::query(
            "INSERT INTO opt_outs (chat, source, reason, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (chat) DO NOTHING",
        )
        .bind(chat)
        .bind("message")
        .bind(reason)
        .bind(now())
        .execute(&mut **tx)
        .await?;
        Ok(Some(AppliedOptOut {
            word: word.to_owned(),
            is_new: new.rows_affected() > 0,
        }))
    }

    /// Returns the opt-out words.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opt_out_words(&self) -> Result<OptOutWords, StoreError> {
        Ok(words(self.setting(WORDS_SETTING).await?))
    }

    /// Sets the opt-out words.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_opt_out_words(&self, words: &OptOutWords) -> Result<(), StoreError> {
        self.set(WORDS_SETTING, &super::rows::json(&words.words()))
            .await
    }
}

/// Returns the configured words, or the default ones.
fn words(set: Option<String>) -> OptOutWords {
    let words: Option<Vec<String>> = set.and_then(|json| serde_json::from_str(&json).ok());
    words
        .and_then(|words| OptOutWords::new(&words).ok())
        .unwrap_or_default()
}

fn read(row: &AnyRow) -> Result<OptOut, StoreError> {
    Ok(OptOut {
        id: row.try_get("id")?,
        chat: row.try_get("chat")?,
        source: row.try_get("source")?,
        reason: row.try_get("reason")?,
        cliente_id: optional_id(row, "cliente_id")?,
        added_by: row.try_get("added_by")?,
        created_at: time(row, "created_at")?,
    })
}
