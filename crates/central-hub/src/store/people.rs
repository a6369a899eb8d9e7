//! Identifies contacts: merges phone numbers and LIDs that belong to one
//! person.
//!
//! ```text
//!  address ──line_key──> person_addresses ──> people.chat ──> messages.chat
//!  (as written)            none: itself                       opt_outs.chat
//!                                                             recipients.chat
//!                                                             contacts.wa_id
//! ```
//!
//! An address is a number in the canonical form of its line
//! ([`session_api::line_key`]), or a LID. All data about a person is stored
//! under one chat, which every write looks up first. A person with only one
//! address, in its usual form, has no row, so a list of 100,000 people adds
//! none.
//!
//! If two people turn out to be one, they are merged in one transaction. On
//! PostgreSQL, a merge holds an advisory lock exclusively, and a lookup for a
//! write holds it shared, each until the end of its transaction; nothing is
//! therefore written under a chat that no longer exists. The locks are always
//! taken in this order: campaigns by id, this lock, recipients, messages.

use std::collections::{BTreeMap, BTreeSet};

use session_api::Recipient;
use sqlx::Row;

use super::addresses::{LOCK_ALONE, address_of, is_lid};
use super::campaigns::{Deltas, Move, RecipientState, move_in};
use super::contacts::note_words_in;
use super::error::StoreError;
use super::inbound::InboundMessage;
use super::merge_records::StateBeforeMerge;
use super::opt_out_answers::move_opt_out_answer_in;
use super::settings::setting_in;
use super::{Store, Tx, now};

/// Number of merged spellings between two log lines about the progress.
const LOG_EVERY: usize = 1_000;
/// The setting that says that the data older than this table was merged.
const MERGED_SETTING: &str = "people.joined";
/// Maximum number of attempts at a merge that conflicts with another.
const MAX_TRIES: u32 = 3;
/// Number of final digits that two numbers must share for WhatsApp to have
/// derived one from the other: it corrects only leading digits.
const SHARED_DIGITS: usize = 6;

/// How the hub learned that addresses belong to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A user of the hub.
    Hand,
    /// A recipient list, or the Node services' database.
    Import,
    /// A received message, or one sent from the phone.
    Inbound,
    /// The chat to which WhatsApp sent a message.
    Send,
    /// WhatsApp's answer to a lookup.
    Lookup,
    /// Data older than this table.
    Migration,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Import => "import",
            Self::Inbound => "inbound",
            Self::Send => "send",
            Self::Lookup => "lookup",
            Self::Migration => "migration",
        }
    }
}

/// Returns whether WhatsApp may have derived one of these addresses from the other.
pub(super) fn may_be_same_person(one: &str, other: &str) -> bool {
    let end = |id: &str| {
        let digits = id.strip_suffix("@c.us")?;
        digits
            .len()
            .checked_sub(SHARED_DIGITS)
            .map(|at| digits[at..].to_owned())
    };
    is_lid(one) != is_lid(other) || end(one).is_some() && end(one) == end(other)
}

/// A person who has an address.
pub(super) struct Holder {
    pub(super) id: i64,
    pub(super) chat: String,
}

impl Store {
    /// Learns from a message which number and LID belong together.
    pub(super) async fn learn_from(&self, heard: &InboundMessage) -> Result<(), StoreError> {
        let (phone, lid) = (heard.phone.as_deref(), heard.lid.as_deref());
        self.learn_from_event(&heard.chat, phone, lid).await
    }

    /// Learns from an event in a chat which number and LID belong together.
    pub(super) async fn learn_from_event(
        &self,
        chat: &str,
        phone: Option<&str>,
        lid: Option<&str>,
    ) -> Result<(), StoreError> {
        let Ok(told) = Recipient::parse(chat) else {
            return Ok(());
        };
        let parsed = |id: Option<&str>| {
            let id = id.and_then(|id| Recipient::parse(id).ok());
            id.map(|id| id.as_str().to_owned())
        };
        let told = told.as_str().to_owned();
        let (number, lid) = match is_lid(&told) {
            true => (parsed(phone).filter(|id| !is_lid(id)), Some(told)),
            false => (Some(told), parsed(lid).filter(|id| is_lid(id))),
        };
        let ids: Vec<_> = number.iter().chain(&lid).map(String::as_str).collect();
        self.learn(&ids, number.as_deref(), Source::Inbound).await
    }

    /// Learns the chat of `id` from the chat to which WhatsApp sent a message.
    /// WhatsApp must be able to have derived that chat from `id`; otherwise
    /// nothing is learned.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn learn_from_send(&self, id: &str, chat: &str) -> Result<(), StoreError> {
        if !Recipient::parse(chat).is_ok_and(|it| it.as_str() == chat) {
            return Ok(());
        }
        if chat != id && !may_be_same_person(chat, id) {
            return Ok(());
        }
        let spelled = Some(chat).filter(|chat| !is_lid(chat));
        let both = [chat, id];
        // The chat usually equals the requested one.
        let ids = if chat == id { &both[..1] } else { &both };
        self.learn(ids, spelled, Source::Send).await
    }

    /// Learns from an import that two numbers or LIDs belong to one person.
    /// Returns whether that was new. Contradicting knowledge is kept, because
    /// the import may be old.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn learn_from_import(&self, id: &str, chat: &str) -> Result<bool, StoreError> {
        let (Ok(id), Ok(chat)) = (Recipient::parse(id), Recipient::parse(chat)) else {
            return Ok(false);
        };
        let ids = [id.as_str(), chat.as_str()];
        if !self.may_learn(ids[0], ids[1]).await? {
            return Ok(false);
        }
        if address_of(ids[0]) == address_of(ids[1]) {
            self.learn(&ids[1..], Some(ids[1]), Source::Import).await?;
            return Ok(true);
        }
        let mut tries = 1;
        loop {
            match self.try_learn_from_import(&ids).await {
                Err(error) if tries < MAX_TRIES && error.is_conflict() => tries += 1,
                result => return result,
            }
        }
    }

    /// Returns whether [`Store::learn_from_import`] would learn anything.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn may_learn(&self, id: &str, chat: &str) -> Result<bool, StoreError> {
        if address_of(id) != address_of(chat) {
            let is_one = may_be_same_person(id, chat);
            return Ok(is_one && !self.is_learnt(&[id, chat], None).await?);
        }
        // WhatsApp's spelling of a line, if none is known yet.
        let Ok(line) = Recipient::parse(id) else {
            return Ok(false);
        };
        let known = self.chat_of(&line).await?;
        Ok(*known == *address_of(chat) && known != chat)
    }

    async fn try_learn_from_import(&self, ids: &[&str]) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        self.lock_for_merge(&mut tx, ids).await?;
        let named: BTreeSet<String> = ids.iter().map(|id| address_of(id).into_owned()).collect();
        let mut all = named.clone();
        for address in &named {
            if let Some(holder) = holder_in(&mut tx, address).await? {
                all.extend(addresses_in(&mut tx, holder.id).await?);
            }
        }
        let (lids, numbers): (Vec<_>, Vec<_>) = all.iter().partition(|it| is_lid(it));
        // A person has one account, and a number belongs to one person.
        let is_known_otherwise =
            lids.len() > 1 || numbers.len() > 1 && numbers.iter().any(|it| !named.contains(*it));
        if is_known_otherwise {
            return Ok(false);
        }
        let mut persons = BTreeSet::new();
        for address in &named {
            persons.insert(holder_in(&mut tx, address).await?.map(|it| it.id));
        }
        if persons.len() == 1 && !persons.contains(&None) {
            return Ok(false);
        }
        self.merge_people_in(&mut tx, &named, None, Source::Import)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Merges the people with these addresses. `spelled` is the number as WhatsApp spells it.
    pub(super) async fn learn(
        &self,
        ids: &[&str],
        spelled: Option<&str>,
        source: Source,
    ) -> Result<(), StoreError> {
        if self.is_learnt(ids, spelled).await? {
            return Ok(());
        }
        let mut tries = 1;
        loop {
            match self.try_learn(ids, spelled, source).await {
                Err(error) if tries < MAX_TRIES && error.is_conflict() => tries += 1,
                result => return result,
            }
        }
    }

    async fn is_learnt(&self, ids: &[&str], spelled: Option<&str>) -> Result<bool, StoreError> {
        let mut persons = BTreeSet::new();
        let mut addresses = BTreeSet::new();
        for id in ids {
            let address = address_of(id);
            let row = sqlx::query(
                "SELECT p.id, p.chat FROM person_addresses a JOIN people p ON p.id = a.person_id
                 WHERE a.address = $1",
            )
            .bind(&*address)
            .fetch_optional(self.reader())
            .await?;
            let (person, chat) = match row {
                Some(row) => (Some(row.try_get::<i64, _>("id")?), row.try_get("chat")?),
                None => (None, address.clone().into_owned()),
            };
            if spelled.is_some_and(|spelled| spelled != chat) {
                return Ok(false);
            }
            persons.insert(person);
            addresses.insert(address);
        }
        Ok(addresses.len() < 2 || persons.len() == 1 && !persons.contains(&None))
    }

    async fn try_learn(
        &self,
        ids: &[&str],
        spelled: Option<&str>,
        source: Source,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        self.lock_for_merge(&mut tx, ids).await?;
        self.merge_in(&mut tx, ids, spelled, source).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Locks the rows that a merge of these people changes, in the order of all locks.
    async fn lock_for_merge(&self, tx: &mut Tx, ids: &[&str]) -> Result<(), StoreError> {
        let mut chats = BTreeSet::new();
        for id in ids {
            let address = address_of(id);
            if let Some(holder) = holder_in(tx, &address).await? {
                chats.insert(holder.chat);
            }
            chats.insert(address.into_owned());
        }
        self.lock_campaigns_in(tx, &chats).await?;
        self.lock_people(tx, LOCK_ALONE).await
    }

    /// Locks the campaigns that have one of these chats among their recipients.
    pub(super) async fn lock_campaigns_in(
        &self,
        tx: &mut Tx,
        chats: &BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let lock = self.engine().pick(
            "",
            "SELECT id FROM campaigns WHERE id IN (SELECT campaign_id FROM recipients
                 WHERE chat IN (SELECT value FROM json_array_elements_text(CAST($1 AS JSON))))
             ORDER BY id FOR UPDATE",
        );
        if !lock.is_empty() {
            let list = serde_json::to_string(chats).unwrap_or_default();
            sqlx::query(lock).bind(list).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Merges the people with these addresses into one.
    async fn merge_in(
        &self,
        tx: &mut Tx,
        ids: &[&str],
        spelled: Option<&str>,
        source: Source,
    ) -> Result<(), StoreError> {
        let addresses: BTreeSet<String> =
            ids.iter().map(|id| address_of(id).into_owned()).collect();
        detach_reassigned_lid_in(tx, &addresses).await?;
        self.merge_people_in(tx, &addresses, spelled, source).await
    }

    /// Merges people like [`Store::merge_in`], without detaching reassigned LIDs.
    pub(super) async fn merge_people_in(
        &self,
        tx: &mut Tx,
        addresses: &BTreeSet<String>,
        spelled: Option<&str>,
        source: Source,
    ) -> Result<(), StoreError> {
        let mut persons = BTreeMap::new();
        let mut loose = Vec::new();
        for address in addresses {
            match holder_in(tx, address).await? {
                Some(holder) => _ = persons.insert(holder.id, holder.chat),
                None => loose.push(address),
            }
        }
        let number = |id: &&String| !is_lid(id);
        let chat = spelled.map(str::to_owned).or_else(|| {
            let numbers = persons.values().chain(addresses).find(number);
            numbers
                .or_else(|| persons.values().next())
                .or_else(|| addresses.first())
                .cloned()
        });
        let Some(chat) = chat else { return Ok(()) };
        let at = now();
        let mut before: BTreeSet<String> = persons.values().cloned().collect();
        before.extend(loose.iter().map(|address| (*address).clone()));
        before.remove(&chat);
        // A person's decision can be undone, so the addresses that belonged
        // together before are recorded.
        let mut joined = BTreeMap::new();
        if source == Source::Hand {
            for (id, chat) in &persons {
                let addresses = addresses_in(tx, *id).await?;
                joined.insert(chat, serde_json::json!(addresses).to_string());
            }
        }
        let mut merged_persons = persons.keys().copied();
        let kept = match merged_persons.next() {
            Some(kept) => kept,
            None => {
                sqlx::query_scalar(
                    "INSERT INTO people (chat, created_at, updated_at) VALUES ($1, $2, $2)
                     RETURNING id",
                )
                .bind(&chat)
                .bind(at)
                .fetch_one(&mut **tx)
                .await?
            }
        };
        for merged_persons in merged_persons {
            for statement in [
                "UPDATE person_addresses SET person_id = $1 WHERE person_id = $2",
                "UPDATE person_joinings SET person_id = $1 WHERE person_id = $2",
            ] {
                sqlx::query(statement)
                    .bind(kept)
                    .bind(merged_persons)
                    .execute(&mut **tx)
                    .await?;
            }
            sqlx::query("DELETE FROM people WHERE id = $1")
                .bind(merged_persons)
                .execute(&mut **tx)
                .await?;
        }
        for address in loose {
            sqlx::query(
                "INSERT INTO person_addresses (address, person_id, source, created_at)
                 VALUES ($1, $2, $3, $4)",
            )
            .bind(address)
            .bind(kept)
            .bind(source.as_str())
            .bind(at)
            .execute(&mut **tx)
            .await?;
        }
        sqlx::query("UPDATE people SET chat = $1, updated_at = $2 WHERE id = $3")
            .bind(&chat)
            .bind(at)
            .bind(kept)
            .execute(&mut **tx)
            .await?;
        for from in before {
            let were = StateBeforeMerge::read_in(tx, &from, &chat).await?;
            let (moved, skipped) = self.move_chat_in(tx, &from, &chat).await?;
            let were = were.with_skipped(skipped);
            let is_told = moved || source == Source::Hand;
            if !is_told && !persons.values().any(|it| *it == from) {
                continue;
            }
            sqlx::query(
                "INSERT INTO person_joinings (person_id, from_chat, to_chat, source, at, addresses, kept)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(kept)
            .bind(&from)
            .bind(&chat)
            .bind(source.as_str())
            .bind(at)
            .bind(joined.get(&&from).map(String::as_str))
            .bind(were.to_json())
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    /// Moves all data of one chat to another. Returns whether there was any,
    /// and the recipients that were skipped.
    async fn move_chat_in(
        &self,
        tx: &mut Tx,
        from: &str,
        to: &str,
    ) -> Result<(bool, Vec<i64>), StoreError> {
        let (recipients, skipped) = move_recipients_in(tx, from, to).await?;
        // If both chats have an opt-out, the earlier one counts.
        sqlx::query(
            "DELETE FROM opt_outs WHERE chat IN ($1, $2)
                 AND id > (SELECT MIN(id) FROM opt_outs WHERE chat IN ($1, $2))",
        )
        .bind(from)
        .bind(to)
        .execute(&mut **tx)
        .await?;
        let mut moved_recipients = recipients;
        for statement in [
            "UPDATE opt_outs SET chat = $2 WHERE chat = $1",
            "UPDATE messages SET chat = $2 WHERE chat = $1",
        ] {
            let rows = sqlx::query(statement)
                .bind(from)
                .bind(to)
                .execute(&mut **tx)
                .await?;
            moved_recipients += rows.rows_affected();
        }
        sqlx::query("UPDATE early_changes SET chat = $2 WHERE chat = $1")
            .bind(from)
            .bind(to)
            .execute(&mut **tx)
            .await?;
        move_opt_out_answer_in(tx, from, to).await?;
        self.move_possible_opt_out_in(tx, from, to).await?;
        self.move_inbox_in(tx, from, to).await?;
        self.move_conversations_in(tx, from, to, None).await?;
        let contact = sqlx::query(
            "DELETE FROM contacts WHERE wa_id = $1 RETURNING name, pushname, created_at",
        )
        .bind(from)
        .fetch_optional(&mut **tx)
        .await?;
        if let Some(contact) = contact {
            moved_recipients += 1;
            // The contact keeps its own name; only missing fields are filled in.
            let row = sqlx::query(
                "INSERT INTO contacts (wa_id, name, pushname, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (wa_id) DO UPDATE SET
                     name = COALESCE(contacts.name, excluded.name),
                     pushname = COALESCE(contacts.pushname, excluded.pushname),
                     updated_at = excluded.updated_at
                 RETURNING *",
            )
            .bind(to)
            .bind(contact.try_get::<Option<String>, _>("name")?)
            .bind(contact.try_get::<Option<String>, _>("pushname")?)
            .bind(contact.try_get::<i64, _>("created_at")?)
            .bind(now())
            .fetch_one(&mut **tx)
            .await?;
            note_words_in(tx, &row).await?;
        }
        Ok((moved_recipients > 0, skipped))
    }

    /// Merges the data older than this table, once: the different spellings of
    /// a line, and what is stored under LIDs whose number is known.
    ///
    /// Only rows that will change are read, because the index by chat finds the
    /// spellings.
    pub(super) async fn merge_existing_addresses(&self) -> Result<(), StoreError> {
        if self.setting(MERGED_SETTING).await?.is_some() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        self.lock_people(&mut tx, LOCK_ALONE).await?;
        // Another hub may have merged the data meanwhile.
        if setting_in(&mut tx, MERGED_SETTING).await?.is_some() {
            return Ok(());
        }
        self.merge_known_lids_in(&mut tx).await?;
        let count = self.merge_spellings_in(&mut tx).await?;
        if count > 0 {
            tracing::info!(count, "numbers in two spellings were joined");
        }
        self.set_in(&mut tx, MERGED_SETTING, "1").await?;
        tx.commit().await?;
        Ok(())
    }

    async fn merge_known_lids_in(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for chat in unusual_spellings_in(tx, "people", "chat").await? {
            let address = address_of(&chat).into_owned();
            if address == chat {
                continue;
            }
            let lids: Vec<String> = sqlx::query_scalar(
                "SELECT a.address FROM person_addresses a JOIN people p ON p.id = a.person_id
                 WHERE p.chat = $1 AND a.address <> $1",
            )
            .bind(&chat)
            .fetch_all(&mut **tx)
            .await?;
            sqlx::query("DELETE FROM person_addresses WHERE address = $1")
                .bind(&chat)
                .execute(&mut **tx)
                .await?;
            // The LIDs are merged one at a time, so that none of them looks
            // like a change of number.
            for lid in lids {
                let ids = [lid.as_str(), address.as_str()];
                let person = holder_in(tx, &lid).await?;
                let spelled = person.map_or_else(|| chat.clone(), |it| it.chat);
                self.merge_in(tx, &ids, Some(&spelled), Source::Migration)
                    .await?;
            }
        }
        let hanging: Vec<(String, String)> = sqlx::query_as(
            "SELECT a.address, p.chat FROM person_addresses a JOIN people p ON p.id = a.person_id
             WHERE a.address LIKE '%@lid' AND (
                 EXISTS (SELECT 1 FROM opt_outs WHERE chat = a.address)
                 OR EXISTS (SELECT 1 FROM contacts WHERE wa_id = a.address)
                 OR EXISTS (SELECT 1 FROM recipients WHERE chat = a.address)
                 OR EXISTS (SELECT 1 FROM messages WHERE chat = a.address))",
        )
        .fetch_all(&mut **tx)
        .await?;
        for (lid, chat) in hanging {
            // A business that wrote only to the LID must not learn the number.
            let hidden = "UPDATE messages SET chat = $2 WHERE chat = $1
                AND cliente_id IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM messages known WHERE known.chat = $3
                        AND known.cliente_id = messages.cliente_id
                        AND known.state NOT IN ('queued', 'failed', 'cancelled'))";
            let aside = format!("aside {lid}");
            sqlx::query(hidden)
                .bind(&lid)
                .bind(&aside)
                .bind(&chat)
                .execute(&mut **tx)
                .await?;
            self.move_chat_in(tx, &lid, &chat).await?;
            sqlx::query("UPDATE messages SET chat = $1 WHERE chat = $2")
                .bind(&lid)
                .bind(&aside)
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    async fn merge_spellings_in(&self, tx: &mut Tx) -> Result<usize, StoreError> {
        let mut chats = BTreeSet::new();
        for (table, column) in [
            ("messages", "chat"),
            ("opt_outs", "chat"),
            ("recipients", "chat"),
            ("contacts", "wa_id"),
        ] {
            chats.extend(unusual_spellings_in(tx, table, column).await?);
        }
        let mut count = 0;
        for chat in chats {
            let address = address_of(&chat).into_owned();
            if address == chat {
                continue;
            }
            let known = holder_in(tx, &address).await?;
            if known.as_ref().is_some_and(|it| it.chat == chat) {
                continue;
            }
            count += 1;
            if count % LOG_EVERY == 0 {
                tracing::info!(count, "joining numbers in two spellings");
            }
            // A received message has the number as WhatsApp itself spells it.
            let heard: Option<i64> = sqlx::query_scalar(
                "SELECT id FROM messages WHERE chat = $1 AND direction = 'in'
                     AND origin = 'chat' LIMIT 1",
            )
            .bind(&chat)
            .fetch_optional(&mut **tx)
            .await?;
            if heard.is_some() && known.is_none() {
                self.merge_in(tx, &[&chat], Some(&chat), Source::Migration)
                    .await?;
            } else {
                let to = known.map_or(address, |it| it.chat);
                self.move_chat_in(tx, &chat, &to).await?;
            }
        }
        Ok(count)
    }
}

/// Finds the chats that may be another spelling of a line, by the index.
async fn unusual_spellings_in(
    tx: &mut Tx,
    table: &'static str,
    column: &'static str,
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    // First digits, end of the range, and length of the chat.
    for (from, to, length) in [("541", "544", 17), ("55", "56", 17), ("521", "522", 18)] {
        let statement = format!(
            "SELECT DISTINCT {column} FROM {table}
             WHERE {column} >= $1 AND {column} < $2 AND LENGTH({column}) = $3"
        );
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .bind(from)
            .bind(to)
            .bind(i64::from(length))
            .fetch_all(&mut **tx)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

pub(super) async fn holder_in(tx: &mut Tx, address: &str) -> Result<Option<Holder>, StoreError> {
    let row = sqlx::query(
        "SELECT p.id, p.chat FROM person_addresses a JOIN people p ON p.id = a.person_id
         WHERE a.address = $1",
    )
    .bind(address)
    .fetch_optional(&mut **tx)
    .await?;
    let read = |row: sqlx::any::AnyRow| {
        Ok(Holder {
            id: row.try_get("id")?,
            chat: row.try_get("chat")?,
        })
    };
    row.map(read).transpose()
}

/// Detaches a LID that was reassigned. A number and a LID that are reported as
/// one person may each have belonged to another person before: the account got
/// a new number, or the number a new account. The LID is then detached with a
/// copy of its opt-out; past messages stay where they are.
async fn detach_reassigned_lid_in(
    tx: &mut Tx,
    addresses: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let lid = addresses.iter().find(|it| is_lid(it));
    let number = addresses.iter().find(|it| !is_lid(it));
    let (Some(lid), Some(number)) = (lid, number) else {
        return Ok(());
    };
    let (by_lid, by_number) = (holder_in(tx, lid).await?, holder_in(tx, number).await?);
    if let (Some(one), Some(other)) = (&by_lid, &by_number)
        && one.id == other.id
    {
        return Ok(());
    }
    if let Some(holder) = by_lid
        && addresses_in(tx, holder.id)
            .await?
            .iter()
            .any(|it| !is_lid(it))
    {
        detach_address_in(tx, lid, &holder.chat).await?;
    }
    if let Some(holder) = by_number {
        let all = addresses_in(tx, holder.id).await?;
        // If a user merged several numbers, it is unknown to which of them a LID belongs.
        let has_several = all.iter().filter(|it| !is_lid(it)).count() > 1;
        for other in all {
            if is_lid(&other) && !has_several {
                detach_address_in(tx, &other, &holder.chat).await?;
            }
        }
    }
    Ok(())
}

pub(super) async fn addresses_in(tx: &mut Tx, person: i64) -> Result<Vec<String>, StoreError> {
    let addresses = sqlx::query_scalar("SELECT address FROM person_addresses WHERE person_id = $1")
        .bind(person)
        .fetch_all(&mut **tx)
        .await?;
    Ok(addresses)
}

/// Detaches an address from its person. An opt-out is copied, so that it applies to both.
pub(super) async fn detach_address_in(
    tx: &mut Tx,
    lid: &str,
    chat: &str,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM person_addresses WHERE address = $1")
        .bind(lid)
        .execute(&mut **tx)
        .await?;
    copy_opt_out_in(tx, lid, chat).await
}

/// Detaches several addresses, which become one person under the chat `to`. An
/// opt-out is copied, so that it applies to both people. Returns the new
/// person's id.
pub(super) async fn detach_person_in(
    tx: &mut Tx,
    addresses: &[String],
    to: &str,
    chat: &str,
) -> Result<i64, StoreError> {
    let person: i64 = sqlx::query_scalar(
        "INSERT INTO people (chat, created_at, updated_at) VALUES ($1, $2, $2) RETURNING id",
    )
    .bind(to)
    .bind(now())
    .fetch_one(&mut **tx)
    .await?;
    for address in addresses {
        sqlx::query("UPDATE person_addresses SET person_id = $1 WHERE address = $2")
            .bind(person)
            .bind(address)
            .execute(&mut **tx)
            .await?;
    }
    copy_opt_out_in(tx, to, chat).await?;
    Ok(person)
}

async fn copy_opt_out_in(tx: &mut Tx, to: &str, chat: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO opt_outs (chat, source, reason, created_at, cliente_id, added_by)
         SELECT $1, source, reason, created_at, cliente_id, added_by FROM opt_outs WHERE chat = $2
         ON CONFLICT (chat) DO NOTHING",
    )
    .bind(to)
    .bind(chat)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "INSERT INTO opt_out_answers (chat, at) SELECT $1, at FROM opt_out_answers WHERE chat = $2
         ON CONFLICT (chat) DO NOTHING",
    )
    .bind(to)
    .bind(chat)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Moves recipients to another chat. If a campaign has both recipients, the
/// more advanced one is kept, and one that is still pending is skipped. Returns
/// the number of changed rows, and the skipped recipients.
async fn move_recipients_in(
    tx: &mut Tx,
    from: &str,
    to: &str,
) -> Result<(u64, Vec<i64>), StoreError> {
    let rows = sqlx::query(
        "SELECT a.* FROM recipients a WHERE a.chat IN ($1, $2) AND EXISTS (
             SELECT 1 FROM recipients b WHERE b.campaign_id = a.campaign_id
                 AND b.chat IN ($1, $2) AND b.id <> a.id)
         ORDER BY a.campaign_id, a.id",
    )
    .bind(from)
    .bind(to)
    .fetch_all(&mut **tx)
    .await?;
    let both: Result<Vec<_>, _> = rows.iter().map(super::campaigns::Recipient::read).collect();
    let both = both?;
    let mut skipped = Vec::new();
    for pair in both.chunk_by(|one, other| one.campaign_id == other.campaign_id) {
        let is_waiting = |it: &&super::campaigns::Recipient| it.state == RecipientState::Pending;
        let was_written_to = pair.iter().any(|it| {
            matches!(
                it.state,
                RecipientState::Queued | RecipientState::Sent | RecipientState::Simulated
            )
        });
        let mut deltas = Deltas::default();
        for recipient in pair
            .iter()
            .filter(is_waiting)
            .skip(usize::from(!was_written_to))
        {
            let step = Move::to(RecipientState::Skipped, "DUPLICATE");
            if move_in(tx, recipient, step, &mut deltas).await? {
                skipped.push(recipient.id);
            }
        }
        if let Some(first) = pair.first() {
            deltas.apply(tx, first.campaign_id).await?;
        }
    }
    // The message is sent to the number as the list has it.
    let updated = sqlx::query(
        "UPDATE recipients SET chat = $2, address = COALESCE(address, chat)
         WHERE chat = $1 AND NOT EXISTS (SELECT 1 FROM recipients other
             WHERE other.campaign_id = recipients.campaign_id AND other.chat = $2)",
    )
    .bind(from)
    .bind(to)
    .execute(&mut **tx)
    .await?;
    let changed = u64::try_from(skipped.len()).unwrap_or(u64::MAX);
    Ok((changed.saturating_add(updated.rows_affected()), skipped))
}

#[cfg(test)]
mod tests;
