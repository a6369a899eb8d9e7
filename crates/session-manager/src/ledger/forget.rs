//! Forgets a chat: deletes the texts, names and numbers of one person.
//!
//! ```text
//!  events, media, unreadable ──> deleted; of each message a hash stays (`forgotten`),
//!                                so that a search of the page does not tell it again
//!  sends, message_changes ─────> the row stays, without recipient, text and WhatsApp's
//!                                full id, so that its key is never sent twice
//!  file_uses ──────────────────> deleted; a file that no other chat used is marked as
//!                                forgotten, and `crate::files` deletes it with its row
//! ```
//!
//! Whatever has an unknown outcome is left as it is, since it may have to be sent again under its
//! id. The caller asks again later. Events after the last one that the caller has read stay as
//! well, since no client has received them yet; but not acks, which are about messages that the
//! caller has deleted.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use session_api::{EventKind, Recipient, Timestamp, line_key};
use sqlx::SqliteConnection;

use super::error::LedgerError;
use super::forgotten::forgotten_hash;
use super::message_id::inbound_dedup_key;
use super::store::Store;

/// How many of a number's last digits are used to find rows before they are compared.
const SEARCHED_DIGITS: usize = 8;

/// What was deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgottenChat {
    /// Number of deleted events, and of sends that no longer have a recipient.
    pub rows: u64,
    /// Number of sends and changes whose outcome is still unknown.
    pub unsettled: u64,
    /// The names on disk of the files that the caller has to delete.
    pub files: Vec<String>,
}

/// An event, with the addresses of the other person in it.
struct ChatEvent {
    id: i64,
    is_ack: bool,
    message_key: Option<String>,
    addresses: Vec<String>,
}

/// A row that belongs to the chat.
struct ChatRows {
    events: Vec<(i64, Option<String>)>,
    sends: Vec<i64>,
    changes: Vec<i64>,
    acks: Vec<String>,
    unreadable: Vec<String>,
    media: Vec<String>,
    searched: Vec<String>,
    /// The uses of uploaded files: the file's id, and the chat as it is stored.
    file_uses: Vec<(String, String)>,
}

/// Returns the address that a number or WhatsApp id stands for; `None` if it is neither.
fn address_of(id: &str) -> Option<String> {
    let id = Recipient::parse(id).ok()?;
    let id = id.as_str();
    Some(match id.strip_suffix("@c.us") {
        Some(number) => format!("{}@c.us", line_key(number)),
        None => id.to_owned(),
    })
}

/// Returns the address in `<from me>_<chat>_<key>`.
fn address_in_id(message_id: &str) -> Option<String> {
    address_of(message_id.split('_').nth(1)?)
}

/// Returns the addresses of the other person in an event.
fn addresses_of_event(data: &str) -> Vec<String> {
    let Ok(event) = serde_json::from_str::<Value>(data) else {
        return Vec::new();
    };
    let text = |field: &str| event.get(field).and_then(Value::as_str);
    let from_me = event.get("from_me").and_then(Value::as_bool);
    let side = if from_me == Some(true) { "to" } else { "from" };
    let mut found: Vec<_> = ["chat", "phone", "lid", side]
        .into_iter()
        .filter_map(|field| address_of(text(field)?))
        .collect();
    found.extend(text("message_id").and_then(address_in_id));
    found
}

/// Returns a part of this address that the text of each of its rows contains.
fn search_text(address: &str) -> &str {
    match address.strip_suffix("@c.us") {
        Some(number) => &number[number.len().saturating_sub(SEARCHED_DIGITS)..],
        None => address.split('@').next().unwrap_or(address),
    }
}

impl Store {
    /// Deletes what is kept about the person with these numbers or LIDs, up to the event `until`.
    pub async fn forget_chat(
        &self,
        ids: &[&str],
        until: Option<u64>,
    ) -> Result<ForgottenChat, LedgerError> {
        let mut addresses: BTreeSet<String> = ids.iter().filter_map(|id| address_of(id)).collect();
        let mut events = self.events_of(&addresses).await?;
        // Messages tell which number and which LID belong to the same person.
        let known: BTreeSet<_> = events.iter().flat_map(|it| it.addresses.clone()).collect();
        if !known.is_subset(&addresses) {
            addresses.extend(known);
            events = self.events_of(&addresses).await?;
        }
        let is_published = |id: i64| until.is_none_or(|until| id.cast_unsigned() <= until);
        let (published, later): (Vec<_>, Vec<_>) = events
            .into_iter()
            .partition(|it| it.is_ack || is_published(it.id));
        let ids: HashSet<u64> = published.iter().map(|it| it.id.cast_unsigned()).collect();
        let published = published
            .into_iter()
            .map(|it| (it.id, it.message_key))
            .collect();
        let mut found = self.rows_of(&addresses, published, until.is_some()).await?;
        let later: HashSet<_> = later.into_iter().filter_map(|it| it.message_key).collect();
        let is_later = |id: &String| later.contains(&inbound_dedup_key(id));
        found.media.retain(|id| !is_later(id));
        let forgotten = self
            .writer
            .write(move |tx| Box::pin(delete(tx.connection, found)))
            .await?;
        self.log.forget(&ids);
        Ok(forgotten)
    }

    /// Returns the events that have one of these addresses.
    async fn events_of(&self, addresses: &BTreeSet<String>) -> Result<Vec<ChatEvent>, LedgerError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for address in addresses {
            let rows: Vec<(i64, String, Option<String>, String)> = sqlx::query_as(
                "SELECT id, kind, message_key, data FROM events WHERE instr(data, ?) > 0",
            )
            .bind(search_text(address))
            .fetch_all(&self.readers)
            .await?;
            for (id, kind, message_key, data) in rows {
                let event = ChatEvent {
                    id,
                    is_ack: kind == EventKind::Ack.as_str(),
                    message_key,
                    addresses: addresses_of_event(&data),
                };
                if event.addresses.iter().any(|it| addresses.contains(it)) && seen.insert(id) {
                    found.push(event);
                }
            }
        }
        Ok(found)
    }

    async fn rows_of(
        &self,
        addresses: &BTreeSet<String>,
        events: Vec<(i64, Option<String>)>,
        only_published: bool,
    ) -> Result<ChatRows, LedgerError> {
        let mut found = ChatRows {
            events,
            sends: Vec::new(),
            changes: Vec::new(),
            acks: Vec::new(),
            unreadable: Vec::new(),
            media: Vec::new(),
            searched: Vec::new(),
            file_uses: Vec::new(),
        };
        // A send tells, too, which number and which LID belong to the same person.
        let mut of_sends = BTreeSet::new();
        let belongs = |address: Option<String>| address.is_some_and(|it| addresses.contains(&it));
        let belongs_by_id = |id: &str| belongs(address_in_id(id));
        for address in addresses {
            let end = search_text(address);
            let sends: Vec<(i64, String, Option<String>, Option<String>)> = sqlx::query_as(
                "SELECT id, recipient, lane, message_id FROM sends WHERE instr(recipient, ?1) > 0
                     OR instr(lane, ?1) > 0 OR instr(message_id, ?1) > 0",
            )
            .bind(end)
            .fetch_all(&self.readers)
            .await?;
            for (id, recipient, lane, message_id) in sends {
                let own = [
                    address_of(&recipient),
                    lane.as_deref().and_then(address_of),
                    message_id.as_deref().and_then(address_in_id),
                ];
                if own.iter().flatten().any(|it| addresses.contains(it)) {
                    found.sends.push(id);
                    of_sends.extend(own.into_iter().flatten());
                }
            }
            let changes: Vec<(i64, String)> = sqlx::query_as(
                "SELECT id, message_id FROM message_changes WHERE instr(message_id, ?) > 0",
            )
            .bind(end)
            .fetch_all(&self.readers)
            .await?;
            let changes = changes.into_iter().filter(|(_, id)| belongs_by_id(id));
            found.changes.extend(changes.map(|(row, _)| row));
            for (statement, ids) in [
                (
                    "SELECT message_id FROM acks WHERE instr(message_id, ?) > 0",
                    &mut found.acks,
                ),
                (
                    "SELECT message_id FROM media WHERE instr(message_id, ?) > 0",
                    &mut found.media,
                ),
            ] {
                let rows: Vec<String> = sqlx::query_scalar(statement)
                    .bind(end)
                    .fetch_all(&self.readers)
                    .await?;
                ids.extend(rows.into_iter().filter(|id| belongs_by_id(id)));
            }
            let unreadable: Vec<(String, Option<String>)> = sqlx::query_as(
                "SELECT message_id, data FROM unreadable
                 WHERE (instr(message_id, ?1) > 0 OR instr(data, ?1) > 0)
                     AND (told_at IS NOT NULL OR NOT ?2)",
            )
            .bind(end)
            .bind(only_published)
            .fetch_all(&self.readers)
            .await?;
            for (id, data) in unreadable {
                let mut event_addresses = addresses_of_event(data.as_deref().unwrap_or_default());
                event_addresses.extend(address_in_id(&id));
                if event_addresses.iter().any(|it| addresses.contains(it)) {
                    found.unreadable.push(id);
                }
            }
            let searched: Vec<String> =
                sqlx::query_scalar("SELECT chat FROM searched_chats WHERE instr(chat, ?) > 0")
                    .bind(end)
                    .fetch_all(&self.readers)
                    .await?;
            let searched = searched.into_iter();
            found
                .searched
                .extend(searched.filter(|chat| belongs(address_of(chat))));
        }
        // The file of a message that came by the LID is stored under the LID's id.
        for message_key in found.events.iter().filter_map(|(_, key)| key.as_ref()) {
            let media: Option<String> =
                sqlx::query_scalar("SELECT message_id FROM media WHERE message_key = ?")
                    .bind(message_key)
                    .fetch_optional(&self.readers)
                    .await?;
            found.media.extend(media);
        }
        of_sends.extend(addresses.iter().cloned());
        for address in &of_sends {
            let uses: Vec<(String, String)> =
                sqlx::query_as("SELECT file_id, chat FROM file_uses WHERE instr(chat, ?) > 0")
                    .bind(search_text(address))
                    .fetch_all(&self.readers)
                    .await?;
            let is_own = |chat: &str| address_of(chat).is_some_and(|it| it == *address);
            let uses = uses.into_iter().filter(|(_, chat)| is_own(chat));
            found.file_uses.extend(uses);
        }
        Ok(found)
    }
}

async fn delete(
    connection: &mut SqliteConnection,
    found: ChatRows,
) -> Result<ForgottenChat, sqlx::Error> {
    let mut forgotten = ForgottenChat::default();
    let mut keys = Vec::new();
    for (id, key) in found.events {
        forgotten.rows += run(connection, "DELETE FROM events WHERE id = ?", id).await?;
        keys.extend(key);
    }
    for message_id in found.unreadable {
        let key = inbound_dedup_key(&message_id);
        keys.push(format!("unreadable:{key}"));
        keys.push(key);
        forgotten.rows += run(
            connection,
            "DELETE FROM unreadable WHERE message_id = ?",
            message_id,
        )
        .await?;
    }
    for message_id in found.media {
        let deleted: Option<Option<String>> =
            sqlx::query_scalar("DELETE FROM media WHERE message_key = ? RETURNING file_id")
                .bind(inbound_dedup_key(&message_id))
                .fetch_optional(&mut *connection)
                .await?;
        forgotten.files.extend(deleted.flatten());
    }
    for message_id in found.acks {
        let statement = "DELETE FROM acks WHERE message_id = ?";
        run(connection, statement, message_id).await?;
    }
    for chat in found.searched {
        let statement = "DELETE FROM searched_chats WHERE chat = ?";
        run(connection, statement, chat).await?;
    }
    for (file_id, chat) in &found.file_uses {
        sqlx::query("DELETE FROM file_uses WHERE file_id = ? AND chat = ?")
            .bind(file_id)
            .bind(chat)
            .execute(&mut *connection)
            .await?;
    }
    for (file_id, _) in found.file_uses {
        let statement = "UPDATE files SET forgotten = 1 WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM file_uses WHERE file_id = ?1)";
        run(connection, statement, file_id).await?;
    }
    let sends: BTreeSet<i64> = found.sends.into_iter().collect();
    let changes: BTreeSet<i64> = found.changes.into_iter().collect();
    for (ids, statement) in [
        (
            sends,
            "UPDATE sends SET recipient = '', lane = NULL, message_id = NULL, text = NULL,
                 content = NULL, file_id = NULL
             WHERE id = ? AND state NOT IN ('accepted', 'sending', 'unconfirmed')",
        ),
        (
            changes,
            "UPDATE message_changes SET message_id = message_key, text = NULL
             WHERE id = ? AND state NOT IN ('sending', 'unconfirmed')",
        ),
    ] {
        for id in ids {
            let changed = run(connection, statement, id).await?;
            forgotten.rows += changed;
            forgotten.unsettled += 1 - changed;
        }
    }
    let at = Timestamp::now().as_millis();
    for key in keys {
        sqlx::query("INSERT INTO forgotten (hash, at) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING")
            .bind(forgotten_hash(&key))
            .bind(at)
            .execute(&mut *connection)
            .await?;
    }
    Ok(forgotten)
}

/// Runs a statement for one row; returns the number of changed rows.
async fn run<'q, T>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    row: T,
) -> Result<u64, sqlx::Error>
where
    T: 'q + Send + sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    let forgotten = sqlx::query(statement).bind(row).execute(connection).await?;
    Ok(forgotten.rows_affected())
}

#[cfg(test)]
mod tests;
