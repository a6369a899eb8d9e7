//! Stores contact cards: the name, tags and note that a business keeps about a contact.

use serde_json::json;
use session_api::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::error::StoreError;
use super::rows::{now, timestamp};
use super::search_words::joined_words;
use super::{Store, Tx};

/// The data that a business keeps about a contact.
#[derive(Clone)]
pub struct Card {
    /// The chat that identifies the contact.
    pub chat: String,
    /// The business; `None` for the card of callers who see all businesses.
    pub cliente_id: Option<u64>,
    /// The name that the business gave the contact.
    pub name: Option<String>,
    /// Labels to find the contact by.
    pub tags: Vec<String>,
    /// A note in free text.
    pub note: Option<String>,
    /// When the card last changed.
    pub updated_at: Timestamp,
}

// Names and notes stay out of logs.
impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card")
            .field("cliente_id", &self.cliente_id)
            .finish_non_exhaustive()
    }
}

/// A change of a card. Absent fields stay; empty fields are deleted.
#[derive(Clone, Default)]
pub struct CardChange {
    /// The new name.
    pub name: Option<String>,
    /// The new tags, which replace all existing ones.
    pub tags: Option<Vec<String>>,
    /// The new note.
    pub note: Option<String>,
}

impl Card {
    pub(super) fn empty(chat: &str, cliente_id: Option<u64>) -> Self {
        Self {
            chat: chat.to_owned(),
            cliente_id,
            name: None,
            tags: Vec::new(),
            note: None,
            updated_at: timestamp(0),
        }
    }

    /// Returns the normalized text in which a search looks.
    pub(super) fn words(&self) -> String {
        let texts = self.name.iter().chain(&self.tags);
        joined_words(texts.map(String::as_str))
    }

    fn change(&mut self, change: CardChange) {
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        if let Some(name) = change.name {
            self.name = filled(name);
        }
        if let Some(tags) = change.tags {
            self.tags = tags;
        }
        if let Some(note) = change.note {
            self.note = filled(note);
        }
    }

    /// Merges another card into this one. This card's name, if it has one, is kept.
    pub(super) fn merge(&mut self, other: Self) {
        self.name = self.name.take().or(other.name);
        for tag in other.tags {
            if !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
        self.note = match (self.note.take(), other.note) {
            (Some(one), Some(other)) if one != other => Some(format!("{one}\n{other}")),
            (one, other) => one.or(other),
        };
    }

    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let tags: String = row.try_get("tags")?;
        let cliente_id: i64 = row.try_get("cliente_id")?;
        Ok(Self {
            chat: row.try_get("chat")?,
            cliente_id: u64::try_from(cliente_id).ok().filter(|id| *id != 0),
            name: row.try_get("name")?,
            tags: serde_json::from_str(&tags).unwrap_or_default(),
            note: row.try_get("note")?,
            updated_at: timestamp(row.try_get("updated_at")?),
        })
    }
}

/// Converts a business id to its column value: 0 for `None`.
pub(super) fn stored(cliente_id: Option<u64>) -> i64 {
    cliente_id.map_or(0, |id| i64::try_from(id).unwrap_or(i64::MAX))
}

impl Store {
    /// Changes the card of the contact with this number or LID, or creates it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_card(
        &self,
        id: &str,
        cliente_id: Option<u64>,
        change: CardChange,
    ) -> Result<Card, StoreError> {
        let mut tx = self.begin().await?;
        let chat = self.chat_for_in(&mut tx, id, cliente_id).await?;
        let current = card_in(&mut tx, &chat, stored(cliente_id)).await?;
        let mut card = current.unwrap_or_else(|| Card::empty(&chat, cliente_id));
        card.change(change);
        let card = write_in(&mut tx, &card).await?;
        let business = cliente_id.map(|id| i64::try_from(id).unwrap_or(i64::MAX));
        self.note_conversations_in(&mut tx, &[(chat.as_str(), business)].into())
            .await?;
        tx.commit().await?;
        Ok(card)
    }

    /// Returns the cards of these chats, of one business or of all.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn cards(
        &self,
        chats: &[&str],
        cliente_id: Option<u64>,
    ) -> Result<Vec<Card>, StoreError> {
        if chats.is_empty() {
            return Ok(Vec::new());
        }
        let among = self.engine().pick(
            "SELECT value FROM json_each($1)",
            "SELECT value FROM json_array_elements_text(CAST($1 AS JSON))",
        );
        let condition = match cliente_id {
            None => "",
            Some(_) => " AND cliente_id = $2",
        };
        let statement = format!(
            "SELECT * FROM contact_cards WHERE chat IN ({among}){condition} ORDER BY cliente_id"
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).bind(json!(chats).to_string());
        if cliente_id.is_some() {
            query = query.bind(stored(cliente_id));
        }
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(Card::read).collect()
    }
}

pub(super) async fn card_in(
    tx: &mut Tx,
    chat: &str,
    cliente_id: i64,
) -> Result<Option<Card>, StoreError> {
    let row = sqlx::query("SELECT * FROM contact_cards WHERE chat = $1 AND cliente_id = $2")
        .bind(chat)
        .bind(cliente_id)
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(Card::read).transpose()
}

/// Returns the cards of a chat.
pub(super) async fn cards_in(tx: &mut Tx, chat: &str) -> Result<Vec<Card>, StoreError> {
    let rows = sqlx::query("SELECT * FROM contact_cards WHERE chat = $1")
        .bind(chat)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(Card::read).collect()
}

pub(super) async fn write_in(tx: &mut Tx, card: &Card) -> Result<Card, StoreError> {
    let row = sqlx::query(
        "INSERT INTO contact_cards (chat, cliente_id, name, tags, note, words, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (chat, cliente_id) DO UPDATE SET
             name = excluded.name, tags = excluded.tags, note = excluded.note,
             words = excluded.words, updated_at = excluded.updated_at
         RETURNING *",
    )
    .bind(&card.chat)
    .bind(stored(card.cliente_id))
    .bind(&card.name)
    .bind(json!(card.tags).to_string())
    .bind(&card.note)
    .bind(card.words())
    .bind(now())
    .fetch_one(&mut **tx)
    .await?;
    Card::read(&row)
}

/// Moves the cards of one chat to another, merging them with existing cards.
/// With `of`, only the card of that business is moved.
pub(super) async fn move_cards_in(
    tx: &mut Tx,
    from: &str,
    to: &str,
    of: Option<i64>,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "DELETE FROM contact_cards WHERE chat = $1 AND ($2 = -1 OR cliente_id = $2) RETURNING *",
    )
    .bind(from)
    .bind(of.unwrap_or(-1))
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        let moved_card = Card::read(row)?;
        let there = card_in(tx, to, stored(moved_card.cliente_id)).await?;
        let mut card = there.unwrap_or_else(|| Card::empty(to, moved_card.cliente_id));
        card.merge(moved_card);
        write_in(tx, &card).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_card_has_the_data_of_both() {
        let card = |name: Option<&str>, tags: &[&str], note: Option<&str>| Card {
            name: name.map(str::to_owned),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            note: note.map(str::to_owned),
            ..Card::empty("1@c.us", Some(51))
        };
        let mut one = card(Some("Ana"), &["vip"], Some("llama de noche"));
        one.merge(card(
            Some("Ana María"),
            &["vip", "alquiler"],
            Some("dos hijos"),
        ));
        assert_eq!(one.name.as_deref(), Some("Ana"));
        assert_eq!(one.tags, ["vip", "alquiler"]);
        assert_eq!(one.note.as_deref(), Some("llama de noche\ndos hijos"));
        let mut bare = card(None, &[], None);
        bare.merge(one.clone());
        assert_eq!(
            (bare.name, bare.tags, bare.note),
            (one.name, one.tags, one.note)
        );
    }
}
