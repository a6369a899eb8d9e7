//! Lists the contacts of a business, by name, tag or number, and reads the details of a contact.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::json;
use session_api::{Recipient, Timestamp};
use sqlx::{AssertSqlSafe, Row};

use super::addresses::is_lid;
use super::contact_cards::{Card, stored};
use super::conversations::Digits;
use super::error::StoreError;
use super::rows::timestamp;
use super::search_words::Words;
use super::{Message, Store};

/// The filter of a contact list.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter {
    /// Only contacts of this business.
    pub cliente_id: Option<u64>,
    /// Words of the name or tags, or digits of the number, to search for.
    pub words: Option<String>,
    /// Only contacts with this tag.
    pub tag: Option<String>,
    /// The cursor: the last id of the previous page.
    pub before: Option<i64>,
}

/// A contact of a business.
#[derive(Clone, Debug)]
pub struct ContactDetails {
    /// The position in the list, which serves as a cursor.
    pub id: i64,
    /// The chat that identifies the contact.
    pub chat: String,
    /// The name that the contact chose in WhatsApp.
    pub pushname: Option<String>,
    /// The card of the business or, for callers who see all businesses, all cards.
    pub cards: Vec<Card>,
    /// Whether the contact opted out.
    pub is_opted_out: bool,
    /// The newest message with the contact.
    pub last: Option<Message>,
}

/// A number or LID of a contact.
#[derive(Clone, Debug)]
pub struct KnownAddress {
    /// `…@c.us` or `…@lid`.
    pub address: String,
    /// How the address became known: `inbound`, `send`, `lookup`, `migration` or `hand`.
    pub source: String,
    /// When the address was stored.
    pub since: Timestamp,
}

/// A merge of two contacts.
#[derive(Clone, Debug)]
pub struct ContactMerge {
    /// The chat that was merged into the other.
    pub from: String,
    /// The chat that remains.
    pub to: String,
    /// How the merge came about, as in [`KnownAddress::source`].
    pub source: String,
    /// When the contacts were merged.
    pub at: Timestamp,
    /// When a user undid the merge; `None` if it stands.
    pub undone_at: Option<Timestamp>,
}

impl Store {
    /// Lists the contacts that match a filter, most recent first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn contact_list(
        &self,
        filter: &ContactFilter,
        limit: u32,
    ) -> Result<Vec<ContactDetails>, StoreError> {
        let mut binds: Vec<String> = Vec::new();
        let mut bind = |text: String| {
            binds.push(text);
            // The three fixed parameters come first.
            format!("${}", binds.len() + 3)
        };
        let mut sql = "SELECT c.id, c.chat FROM conversations c
             WHERE c.id < $1 AND ($2 = 0 OR c.cliente_id = $2)
                 AND NOT EXISTS (SELECT 1 FROM conversations o WHERE o.chat = c.chat
                     AND o.id > c.id AND ($2 = 0 OR o.cliente_id = $2))"
            .to_owned();
        if let Some(text) = &filter.words {
            let Some(words) = Words::read(text) else {
                return Ok(Vec::new());
            };
            let places: Vec<_> = words.patterns().into_iter().map(&mut bind).collect();
            let all: Vec<_> = places.iter().map(|it| format!("words LIKE {it}")).collect();
            let all = all.join(" AND ");
            let _ = write!(
                sql,
                " AND (c.chat IN (SELECT chat FROM contact_cards
                     WHERE ($2 = 0 OR cliente_id = $2) AND {all}
                     UNION SELECT wa_id FROM contacts WHERE {all})"
            );
            let digits = Digits::read(text).map(|it| it.forms());
            for form in digits.into_iter().flatten() {
                let has_digits = self.contains("c.digits", &bind(form));
                let _ = write!(sql, " OR {has_digits}");
            }
            sql.push(')');
        }
        if let Some(tag) = &filter.tag {
            let place = bind(format!("%{}%", escaped(&json!(tag).to_string())));
            let _ = write!(
                sql,
                " AND c.chat IN (SELECT chat FROM contact_cards
                     WHERE ($2 = 0 OR cliente_id = $2) AND tags LIKE {place} ESCAPE '!')"
            );
        }
        sql.push_str(" ORDER BY c.id DESC LIMIT $3");
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(filter.before.unwrap_or(i64::MAX))
            .bind(stored(filter.cliente_id))
            .bind(i64::from(limit));
        for text in &binds {
            query = query.bind(text);
        }
        let rows = query.fetch_all(self.reader()).await?;
        let found: Result<Vec<(i64, String)>, sqlx::Error> = rows
            .iter()
            .map(|row| Ok((row.try_get("id")?, row.try_get("chat")?)))
            .collect();
        self.with_details(filter.cliente_id, found?).await
    }

    async fn with_details(
        &self,
        cliente_id: Option<u64>,
        found: Vec<(i64, String)>,
    ) -> Result<Vec<ContactDetails>, StoreError> {
        let owned: Vec<String> = found.iter().map(|(_, chat)| chat.clone()).collect();
        let chats: Vec<&str> = owned.iter().map(String::as_str).collect();
        let mut names: HashMap<_, _> = self
            .contacts(&chats)
            .await?
            .into_iter()
            .map(|it| (it.wa_id, it.name.or(it.pushname)))
            .collect();
        let mut cards: HashMap<String, Vec<Card>> = HashMap::new();
        for card in self.cards(&chats, cliente_id).await? {
            cards.entry(card.chat.clone()).or_default().push(card);
        }
        let opted_out = self.chats_opted_out(&chats).await?;
        let (lasts, _) = self.last_of_these(cliente_id, &owned, i64::MAX).await?;
        let ids: Vec<_> = lasts.iter().map(|(id, _)| *id).collect();
        let mut last: HashMap<_, _> = self
            .messages_of(&ids)
            .await?
            .into_iter()
            .map(|it| (it.chat.clone(), it))
            .collect();
        let known = found.into_iter().map(|(id, chat)| {
            let last = last.remove(&chat);
            // A business sees the name that a contact chose only once there is
            // a message between them.
            let is_met = cliente_id.is_none() || last.is_some();
            ContactDetails {
                id,
                pushname: names.remove(&chat).flatten().filter(|_| is_met),
                cards: cards.remove(&chat).unwrap_or_default(),
                is_opted_out: opted_out.contains(&chat),
                last,
                chat,
            }
        });
        Ok(known.collect())
    }

    async fn chats_opted_out(&self, chats: &[&str]) -> Result<Vec<String>, StoreError> {
        if chats.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.engine().pick(
            "SELECT chat FROM opt_outs WHERE chat IN (SELECT value FROM json_each($1))",
            "SELECT chat FROM opt_outs
             WHERE chat IN (SELECT value FROM json_array_elements_text(CAST($1 AS JSON)))",
        );
        let chats = sqlx::query_scalar(statement)
            .bind(json!(chats).to_string())
            .fetch_all(self.reader())
            .await?;
        Ok(chats)
    }

    /// Returns the chat of a number or LID as one business may see it. The
    /// number behind a LID is hidden from businesses without messages with that
    /// contact.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn contact_chat(
        &self,
        person: &Recipient,
        cliente_id: Option<u64>,
    ) -> Result<String, StoreError> {
        let chat = self.chat_of(person).await?;
        let is_hidden = cliente_id.is_some()
            && is_lid(person.as_str())
            && chat != person.as_str()
            && !self.is_person_of(cliente_id.unwrap_or(0), &chat).await?;
        Ok(if is_hidden {
            person.as_str().to_owned()
        } else {
            chat
        })
    }

    /// Returns a contact of one business, or of any.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn contact_details(
        &self,
        chat: &str,
        cliente_id: Option<u64>,
    ) -> Result<Option<ContactDetails>, StoreError> {
        let id: Option<i64> = sqlx::query_scalar(
            "SELECT MAX(id) FROM conversations WHERE chat = $1 AND ($2 = 0 OR cliente_id = $2)",
        )
        .bind(chat)
        .bind(stored(cliente_id))
        .fetch_one(self.reader())
        .await?;
        let Some(id) = id else { return Ok(None) };
        let found = vec![(id, chat.to_owned())];
        Ok(self.with_details(cliente_id, found).await?.pop())
    }

    /// Returns the numbers and LIDs of a contact.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn addresses_of(&self, chat: &str) -> Result<Vec<KnownAddress>, StoreError> {
        let rows = sqlx::query(
            "SELECT a.address, a.source, a.created_at FROM people p
             JOIN person_addresses a ON a.person_id = p.id
             WHERE p.chat = $1 ORDER BY a.created_at, a.address",
        )
        .bind(chat)
        .fetch_all(self.reader())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(KnownAddress {
                    address: row.try_get("address")?,
                    source: row.try_get("source")?,
                    since: timestamp(row.try_get("created_at")?),
                })
            })
            .collect()
    }

    /// Returns the merges of a contact.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn merges_of(&self, chat: &str) -> Result<Vec<ContactMerge>, StoreError> {
        let rows = sqlx::query(
            "SELECT j.* FROM people p JOIN person_joinings j ON j.person_id = p.id
             WHERE p.chat = $1 ORDER BY j.id",
        )
        .bind(chat)
        .fetch_all(self.reader())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ContactMerge {
                    from: row.try_get("from_chat")?,
                    to: row.try_get("to_chat")?,
                    source: row.try_get("source")?,
                    at: timestamp(row.try_get("at")?),
                    undone_at: row.try_get::<Option<i64>, _>("undone_at")?.map(timestamp),
                })
            })
            .collect()
    }
}

/// Escapes a text for `LIKE … ESCAPE '!'`.
fn escaped(text: &str) -> String {
    text.replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_")
}
