//! Stores contacts with their names.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::conversation_rows::digits_of_chat;
use super::error::StoreError;
use super::search_words::joined_words;
use super::{Store, Tx, now};

/// A contact.
#[derive(Clone)]
pub struct Contact {
    /// The row's id.
    pub id: i64,
    /// The contact's WhatsApp id, `…@c.us` or `…@lid`.
    pub wa_id: String,
    /// The name that the business gave the contact.
    pub name: Option<String>,
    /// The name that the contact chose in WhatsApp.
    pub pushname: Option<String>,
}

// Names and numbers stay out of logs.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Contact {
    /// Returns the normalized text by which a search finds the contact.
    pub(super) fn words(&self) -> String {
        let digits = digits_of_chat(&self.wa_id);
        let texts = [
            self.name.as_deref(),
            self.pushname.as_deref(),
            Some(&*digits),
        ];
        joined_words(texts.into_iter().flatten())
    }
}

impl Store {
    /// Returns the contact with this WhatsApp id, and creates it if it is
    /// missing. A given name replaces the stored one.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn contact_in(
        &self,
        tx: &mut Tx,
        wa_id: &str,
        name: Option<&str>,
        pushname: Option<&str>,
    ) -> Result<Contact, StoreError> {
        let row = sqlx::query(
            "INSERT INTO contacts (wa_id, name, pushname, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $4)
             ON CONFLICT (wa_id) DO UPDATE SET
                 name = COALESCE(excluded.name, contacts.name),
                 pushname = COALESCE(excluded.pushname, contacts.pushname),
                 updated_at = excluded.updated_at
             RETURNING *",
        )
        .bind(wa_id)
        .bind(name)
        .bind(pushname)
        .bind(now())
        .fetch_one(&mut **tx)
        .await?;
        note_words_in(tx, &row).await
    }

    /// Returns the contact with this WhatsApp id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn contact(&self, wa_id: &str) -> Result<Option<Contact>, StoreError> {
        let row = sqlx::query("SELECT * FROM contacts WHERE wa_id = $1")
            .bind(wa_id)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Returns the contacts that exist for these WhatsApp ids.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn contacts(&self, wa_ids: &[&str]) -> Result<Vec<Contact>, StoreError> {
        if wa_ids.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<_> = (1..=wa_ids.len()).map(|n| format!("${n}")).collect();
        let statement = format!(
            "SELECT * FROM contacts WHERE wa_id IN ({})",
            places.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        for wa_id in wa_ids {
            query = query.bind(*wa_id);
        }
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(read).collect()
    }
}

/// Updates the text by which a search finds the contact to its current names.
pub(super) async fn note_words_in(tx: &mut Tx, row: &AnyRow) -> Result<Contact, StoreError> {
    let contact = read(row)?;
    let words = contact.words();
    if row.try_get::<Option<String>, _>("words")?.as_ref() != Some(&words) {
        sqlx::query("UPDATE contacts SET words = $1 WHERE id = $2")
            .bind(words)
            .bind(contact.id)
            .execute(&mut **tx)
            .await?;
    }
    Ok(contact)
}

pub(super) fn read(row: &AnyRow) -> Result<Contact, StoreError> {
    Ok(Contact {
        id: row.try_get("id")?,
        wa_id: row.try_get("wa_id")?,
        name: row.try_get("name")?,
        pushname: row.try_get("pushname")?,
    })
}
