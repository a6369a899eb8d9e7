//! Stores quick answers: texts that a business uses repeatedly, each found by its shortcut.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::contact_cards::stored;
use super::error::StoreError;
use super::rows::timestamp;
use super::{Store, now};
use crate::text::fold;

/// Maximum number of quick answers per business.
pub const MAX_QUICK_ANSWERS: u32 = 500;

/// A text that is used repeatedly.
#[derive(Clone)]
pub struct QuickAnswer {
    /// The row's id.
    pub id: i64,
    /// The business; `None` for the quick answers of callers who see all businesses.
    pub cliente_id: Option<u64>,
    /// The shortcut to type, as it was written.
    pub shortcut: String,
    /// The text, a template with the contact's fields as variables.
    pub text: String,
    /// When the quick answer last changed.
    pub updated_at: Timestamp,
}

// Texts stay out of logs.
impl std::fmt::Debug for QuickAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QuickAnswer")
            .field("id", &self.id)
            .field("cliente_id", &self.cliente_id)
            .finish_non_exhaustive()
    }
}

/// The outcome of storing a quick answer.
#[derive(Debug)]
pub enum SaveOutcome {
    /// The quick answer was stored.
    Done(QuickAnswer),
    /// The business already has another one with this shortcut.
    Duplicate,
    /// The business already has [`MAX_QUICK_ANSWERS`].
    Full,
    /// There is no quick answer with this id.
    Unknown,
}

impl QuickAnswer {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let cliente_id: i64 = row.try_get("cliente_id")?;
        Ok(Self {
            id: row.try_get("id")?,
            cliente_id: u64::try_from(cliente_id).ok().filter(|id| *id != 0),
            shortcut: row.try_get("shortcut")?,
            text: row.try_get("text")?,
            updated_at: timestamp(row.try_get("updated_at")?),
        })
    }
}

impl Store {
    /// Lists the quick answers of one business or of all, ordered by shortcut.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn quick_answers(
        &self,
        cliente_id: Option<u64>,
    ) -> Result<Vec<QuickAnswer>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM quick_answers WHERE $1 = 0 OR cliente_id = $1
             ORDER BY word, cliente_id",
        )
        .bind(stored(cliente_id))
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(QuickAnswer::read).collect()
    }

    /// Stores a quick answer of a business.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_quick_answer(
        &self,
        cliente_id: Option<u64>,
        shortcut: &str,
        text: &str,
    ) -> Result<SaveOutcome, StoreError> {
        let mut tx = self.begin().await?;
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM quick_answers WHERE cliente_id = $1")
                .bind(stored(cliente_id))
                .fetch_one(&mut *tx)
                .await?;
        if count >= i64::from(MAX_QUICK_ANSWERS) {
            return Ok(SaveOutcome::Full);
        }
        let row = sqlx::query(
            "INSERT INTO quick_answers (cliente_id, shortcut, word, text, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (cliente_id, word) DO NOTHING RETURNING *",
        )
        .bind(stored(cliente_id))
        .bind(shortcut)
        .bind(fold(shortcut))
        .bind(text)
        .bind(now())
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        row.as_ref().map_or(Ok(SaveOutcome::Duplicate), |row| {
            QuickAnswer::read(row).map(SaveOutcome::Done)
        })
    }

    /// Replaces a quick answer, of one business or of any.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_quick_answer(
        &self,
        id: i64,
        cliente_id: Option<u64>,
        shortcut: &str,
        text: &str,
    ) -> Result<SaveOutcome, StoreError> {
        let changed = sqlx::query(
            "UPDATE quick_answers SET shortcut = $3, word = $4, text = $5, updated_at = $6
             WHERE id = $1 AND ($2 = 0 OR cliente_id = $2) RETURNING *",
        )
        .bind(id)
        .bind(stored(cliente_id))
        .bind(shortcut)
        .bind(fold(shortcut))
        .bind(text)
        .bind(now())
        .fetch_optional(self.writer())
        .await;
        match changed {
            Ok(row) => row.as_ref().map_or(Ok(SaveOutcome::Unknown), |row| {
                QuickAnswer::read(row).map(SaveOutcome::Done)
            }),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Ok(SaveOutcome::Duplicate)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a quick answer, of one business or of any. Returns `false` if
    /// there is none with this id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn remove_quick_answer(
        &self,
        id: i64,
        cliente_id: Option<u64>,
    ) -> Result<bool, StoreError> {
        let removed =
            sqlx::query("DELETE FROM quick_answers WHERE id = $1 AND ($2 = 0 OR cliente_id = $2)")
                .bind(id)
                .bind(stored(cliente_id))
                .execute(self.writer())
                .await?;
        Ok(removed.rows_affected() > 0)
    }
}
