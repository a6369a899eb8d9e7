//! Looks up the chat of a phone number or LID; see [`people`](super::people).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use session_api::{Recipient, line_key};
use sqlx::Row;

use super::error::StoreError;
use super::{Store, Tx};

pub(super) const LOCK_ALONE: &str = "SELECT CAST(pg_advisory_xact_lock(7305804402) AS TEXT)";
pub(super) const LOCK_WITH_OTHERS: &str =
    "SELECT CAST(pg_advisory_xact_lock_shared(7305804402) AS TEXT)";

/// Query for the chat of one address. `$1` is the address.
const CHAT: &str = "SELECT p.chat FROM person_addresses a JOIN people p ON p.id = a.person_id
    WHERE a.address = $1";

/// Query for the chats of many addresses. `$1` is a JSON array of them.
const CHATS_SQLITE: &str = "SELECT a.address, p.chat
    FROM person_addresses a JOIN people p ON p.id = a.person_id
    WHERE a.address IN (SELECT value FROM json_each($1))";
const CHATS_POSTGRES: &str = "SELECT a.address, p.chat
    FROM person_addresses a JOIN people p ON p.id = a.person_id
    WHERE a.address IN (SELECT value FROM json_array_elements_text(CAST($1 AS JSON)))";

fn addresses_by_id<'a>(ids: impl Iterator<Item = &'a str>) -> HashMap<&'a str, String> {
    ids.map(|id| (id, address_of(id).into_owned())).collect()
}

fn addresses_json(chats: &HashMap<&str, String>) -> String {
    let addresses: BTreeSet<&String> = chats.values().collect();
    // The value is a list of strings, so serialization cannot fail.
    serde_json::to_string(&addresses).unwrap_or_default()
}

/// Replaces each address with the chat of the person who has it.
fn put_chats(
    chats: &mut HashMap<&str, String>,
    rows: &[sqlx::any::AnyRow],
) -> Result<(), StoreError> {
    let mut known = HashMap::new();
    for row in rows {
        let (address, chat): (String, String) = (row.try_get("address")?, row.try_get("chat")?);
        known.insert(address, chat);
    }
    for chat in chats.values_mut() {
        if let Some(known) = known.get(chat) {
            chat.clone_from(known);
        }
    }
    Ok(())
}

/// Returns the address under which a WhatsApp id is stored.
pub(in crate::store) fn address_of(id: &str) -> Cow<'_, str> {
    match id.strip_suffix("@c.us").map(line_key) {
        Some(Cow::Owned(line)) => Cow::Owned(format!("{line}@c.us")),
        Some(Cow::Borrowed(_)) | None => Cow::Borrowed(id),
    }
}

pub(super) fn is_lid(id: &str) -> bool {
    id.ends_with("@lid")
}

impl Store {
    /// Returns the chat under which a number or LID is stored.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn chat_of(&self, recipient: &Recipient) -> Result<String, StoreError> {
        let address = address_of(recipient.as_str());
        let known: Option<String> = sqlx::query_scalar(CHAT)
            .bind(&*address)
            .fetch_optional(self.reader())
            .await?;
        Ok(known.unwrap_or_else(|| address.into_owned()))
    }

    /// Returns the chat like [`Store::chat_of`], for a write: the chat does not
    /// change until the end of the transaction.
    pub(in crate::store) async fn chat_in(
        &self,
        tx: &mut Tx,
        id: &str,
    ) -> Result<String, StoreError> {
        self.lock_people(tx, LOCK_WITH_OTHERS).await?;
        let address = address_of(id);
        let known: Option<String> = sqlx::query_scalar(CHAT)
            .bind(&*address)
            .fetch_optional(&mut **tx)
            .await?;
        Ok(known.unwrap_or_else(|| address.into_owned()))
    }

    /// Returns the chat like [`Store::chat_in`], for a message that a business
    /// writes. The number behind a LID must not be disclosed to a business that
    /// has no messages with that person, so the message stays under the LID
    /// until the person replies.
    pub(super) async fn chat_for_in(
        &self,
        tx: &mut Tx,
        id: &str,
        cliente_id: Option<u64>,
    ) -> Result<String, StoreError> {
        let chat = self.chat_in(tx, id).await?;
        let Some(cliente_id) = cliente_id.filter(|_| is_lid(id) && chat != id) else {
            return Ok(chat);
        };
        let known: Option<i64> = sqlx::query_scalar(
            "SELECT id FROM messages WHERE chat = $1 AND cliente_id = $2
                 AND state NOT IN ('queued', 'failed', 'cancelled') LIMIT 1",
        )
        .bind(&chat)
        .bind(i64::try_from(cliente_id).unwrap_or(i64::MAX))
        .fetch_optional(&mut **tx)
        .await?;
        Ok(match known {
            Some(_) => chat,
            None => id.to_owned(),
        })
    }

    /// Returns the chats like [`Store::chat_in`], for many ids, by id.
    pub(in crate::store) async fn chats_in<'a>(
        &self,
        tx: &mut Tx,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<&'a str, String>, StoreError> {
        self.lock_people(tx, LOCK_WITH_OTHERS).await?;
        let mut chats = addresses_by_id(ids);
        let rows = sqlx::query(self.engine().pick(CHATS_SQLITE, CHATS_POSTGRES))
            .bind(addresses_json(&chats))
            .fetch_all(&mut **tx)
            .await?;
        put_chats(&mut chats, &rows)?;
        Ok(chats)
    }

    /// Returns the chats like [`Store::chats_in`], without a lock, so they may change afterwards.
    pub(in crate::store) async fn chats_of<'a>(
        &self,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<&'a str, String>, StoreError> {
        let mut chats = addresses_by_id(ids);
        let rows = sqlx::query(self.engine().pick(CHATS_SQLITE, CHATS_POSTGRES))
            .bind(addresses_json(&chats))
            .fetch_all(self.reader())
            .await?;
        put_chats(&mut chats, &rows)?;
        Ok(chats)
    }

    pub(super) async fn lock_people(
        &self,
        tx: &mut Tx,
        lock: &'static str,
    ) -> Result<(), StoreError> {
        // SQLite has a single write connection and needs no lock.
        let lock = self.engine().pick("", lock);
        if !lock.is_empty() {
            sqlx::query(lock).execute(&mut **tx).await?;
        }
        Ok(())
    }
}

/// Returns the LIDs of the person stored under this chat.
pub(super) async fn lids_in(tx: &mut Tx, chat: &str) -> Result<Vec<String>, StoreError> {
    let lids = sqlx::query_scalar(
        "SELECT a.address FROM people p JOIN person_addresses a ON a.person_id = p.id
         WHERE p.chat = $1 AND a.address <> $1 AND a.address LIKE '%@lid'",
    )
    .bind(chat)
    .fetch_all(&mut **tx)
    .await?;
    Ok(lids)
}
