//! Stores messages that contain an opt-out word but may mean something else:
//! "¿me podés dar de baja o cambiar de plan?". A person decides.
//!
//! ```text
//!  message with the word ──> possible ─┬─ a person: an opt-out ─────> opt_outs
//!                               ^      ├─ a person: it is none ─────> nothing
//!                               └──────┴─ they opt out themselves ──> opt_outs
//!                          (the newest text)
//! ```
//!
//! They are stored whether or not messages are recorded, so that no opt-out is
//! lost.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::addresses::LOCK_WITH_OTHERS;
use super::contact_cards::stored;
use super::error::StoreError;
use super::inbound::last_to;
use super::rows::{now, timestamp};
use super::{Store, Tx};

/// Maximum length of a stored text, in characters.
const MAX_TEXT_LENGTH: usize = 500;

/// A message that may be an opt-out.
#[derive(Clone)]
pub struct PossibleOptOut {
    /// The row's id.
    pub id: i64,
    /// The contact's chat, `…@c.us` or `…@lid`.
    pub chat: String,
    /// The business that the contact answered.
    pub cliente_id: Option<u64>,
    /// The opt-out word that the message contains.
    pub word: String,
    /// The contact's message, shortened.
    pub text: String,
    /// When the message was received.
    pub created_at: Timestamp,
}

impl Store {
    /// Stores a text that contains an opt-out word, in place of an earlier one
    /// of the same contact. Nothing is stored for a contact who has opted out.
    pub(in crate::store) async fn note_possible_opt_out_in(
        &self,
        tx: &mut Tx,
        chat: &str,
        word: &str,
        text: &str,
    ) -> Result<(), StoreError> {
        // The business that last wrote to the contact.
        let business = last_to(tx, chat).await?.and_then(|last| last.cliente_id);
        let text: String = text.chars().take(MAX_TEXT_LENGTH).collect();
        sqlx::query(
            "INSERT INTO possible_opt_outs (chat, cliente_id, word, text, created_at)
             SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT),
                 CAST($5 AS BIGINT)
             WHERE NOT EXISTS (SELECT 1 FROM opt_outs WHERE chat = $1)
             ON CONFLICT (chat) DO UPDATE SET cliente_id = excluded.cliente_id,
                 word = excluded.word, text = excluded.text, created_at = excluded.created_at",
        )
        .bind(chat)
        .bind(business)
        .bind(word)
        .bind(text)
        .bind(now())
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Deletes the stored text of a contact, because it was decided on or the contact is deleted.
    pub(in crate::store) async fn settle_possible_opt_out_in(
        &self,
        tx: &mut Tx,
        chat: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM possible_opt_outs WHERE chat = $1")
            .bind(chat)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Moves the stored text of a contact to another chat. If both have one,
    /// the newer one stays; if there is an opt-out, none does.
    pub(in crate::store) async fn move_possible_opt_out_in(
        &self,
        tx: &mut Tx,
        from: &str,
        to: &str,
    ) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM possible_opt_outs WHERE chat IN ($1, $2)
                 AND (EXISTS (SELECT 1 FROM opt_outs WHERE chat IN ($1, $2))
                     OR id < (SELECT MAX(id) FROM possible_opt_outs WHERE chat IN ($1, $2)))",
            "UPDATE possible_opt_outs SET chat = $2 WHERE chat = $1",
        ] {
            sqlx::query(statement)
                .bind(from)
                .bind(to)
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    /// Counts the texts to decide on and returns the oldest of them, of one
    /// business or of all.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn possible_opt_outs(
        &self,
        cliente_id: Option<u64>,
        limit: u32,
    ) -> Result<(i64, Vec<PossibleOptOut>), StoreError> {
        let business = stored(cliente_id);
        let count = sqlx::query_scalar(
            "SELECT COUNT(*) FROM possible_opt_outs WHERE $1 = 0 OR cliente_id = $1",
        )
        .bind(business)
        .fetch_one(self.reader())
        .await?;
        let rows = sqlx::query(
            "SELECT * FROM possible_opt_outs WHERE $1 = 0 OR cliente_id = $1
             ORDER BY created_at, id LIMIT $2",
        )
        .bind(business)
        .bind(i64::from(limit))
        .fetch_all(self.reader())
        .await?;
        let rows: Result<_, _> = rows.iter().map(read).collect();
        Ok((count, rows?))
    }

    /// Settles a text that a person has read, of one business or of all. With
    /// `is_opt_out`, the contact is put on the opt-out list. Returns `false` if
    /// the text was already settled.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn decide_possible_opt_out(
        &self,
        id: i64,
        cliente_id: Option<u64>,
        is_opt_out: bool,
        by: &str,
    ) -> Result<bool, StoreError> {
        let business = stored(cliente_id);
        let mut tx = self.begin().await?;
        // Merges move such rows, so the lock keeps them out meanwhile.
        self.lock_people(&mut tx, LOCK_WITH_OTHERS).await?;
        let row = sqlx::query(
            "DELETE FROM possible_opt_outs WHERE id = $1 AND ($2 = 0 OR cliente_id = $2) RETURNING *",
        )
        .bind(id)
        .bind(business)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let decided = read(&row)?;
        if is_opt_out {
            self.opt_out_in(&mut tx, &decided.chat, Some(&decided.text), cliente_id, by)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

fn read(row: &AnyRow) -> Result<PossibleOptOut, StoreError> {
    let cliente_id: Option<i64> = row.try_get("cliente_id")?;
    Ok(PossibleOptOut {
        id: row.try_get("id")?,
        chat: row.try_get("chat")?,
        cliente_id: cliente_id.and_then(|id| u64::try_from(id).ok()),
        word: row.try_get("word")?,
        text: row.try_get("text")?,
        created_at: timestamp(row.try_get("created_at")?),
    })
}
