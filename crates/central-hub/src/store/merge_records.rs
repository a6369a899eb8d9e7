//! Keeps the state of two contacts before they were merged. It is stored with
//! the merge, and restored when the merge is undone.
//!
//! What a person changed since the merge stays: a field of the contact that
//! remains is restored only if it still has the value that the merge gave it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Row};

use super::addresses::address_of;
use super::campaigns::{Deltas, Move, Recipient, RecipientState, move_in, reopen_in};
use super::contact_cards::{Card, card_in, cards_in, write_in};
use super::contacts::note_words_in;
use super::error::StoreError;
use super::rows::now;
use super::{Store, Tx};

/// The state of two chats before the first was merged into the second.
#[derive(Serialize, Deserialize, Default)]
pub(super) struct StateBeforeMerge {
    from: ContactState,
    to: ContactState,
    /// Recipients that were skipped because they are the same person.
    skipped: Vec<i64>,
}

/// The names, tags and notes of a contact.
#[derive(Clone, Serialize, Deserialize, Default, PartialEq)]
struct ContactState {
    /// The cards by business; 0 stands for the card of callers who see all businesses.
    cards: BTreeMap<i64, SavedCard>,
    /// The names of the contact; `None` if it had no row.
    names: Option<Names>,
}

#[derive(Clone, Serialize, Deserialize, Default, PartialEq)]
struct Names {
    name: Option<String>,
    pushname: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, Default, PartialEq)]
struct SavedCard {
    name: Option<String>,
    tags: Vec<String>,
    note: Option<String>,
}

impl SavedCard {
    fn from_card(card: Card) -> Self {
        Self {
            name: card.name,
            tags: card.tags,
            note: card.note,
        }
    }

    fn undo_merge(&mut self, with: &Self, without: &Self) {
        if self.name == with.name {
            self.name.clone_from(&without.name);
        }
        if self.note == with.note {
            self.note.clone_from(&without.note);
        }
        let is_theirs = |tag: &String| with.tags.contains(tag) && !without.tags.contains(tag);
        self.tags.retain(|tag| !is_theirs(tag));
    }

    fn filled(self, chat: &str, business: i64) -> Card {
        let business = u64::try_from(business).ok().filter(|id| *id != 0);
        Card {
            name: self.name,
            tags: self.tags,
            note: self.note,
            ..Card::empty(chat, business)
        }
    }
}

impl ContactState {
    /// Combines two contacts as a merge does.
    fn merge(&mut self, other: &Self) {
        for (business, card) in &other.cards {
            let own_card = self.cards.entry(*business).or_default();
            let mut merged = std::mem::take(own_card).filled("", *business);
            merged.merge(card.clone().filled("", *business));
            *own_card = SavedCard::from_card(merged);
        }
        if let Some(other) = &other.names {
            let own_names = self.names.get_or_insert_default();
            own_names.name = own_names.name.take().or(other.name.clone());
            own_names.pushname = own_names.pushname.take().or(other.pushname.clone());
        }
    }

    /// Takes back from a contact what turned `without` into `with`. What a
    /// person changed since stays.
    fn undo_merge(&mut self, with: &Self, without: &Self) {
        for (business, with) in &with.cards {
            let Some(card) = self.cards.get_mut(business) else {
                continue;
            };
            let kept = without.cards.get(business);
            card.undo_merge(with, kept.unwrap_or(&SavedCard::default()));
            if kept.is_none() && *card == SavedCard::default() {
                self.cards.remove(business);
            }
        }
        let (Some(names), Some(with)) = (&mut self.names, &with.names) else {
            return;
        };
        let kept = without.names.clone().unwrap_or_default();
        if names.name == with.name {
            names.name = kept.name;
        }
        if names.pushname == with.pushname {
            names.pushname = kept.pushname;
        }
    }

    async fn read_in(tx: &mut Tx, chat: &str) -> Result<Self, StoreError> {
        let cards = cards_in(tx, chat).await?.into_iter();
        let cards = cards.map(|card| {
            let business = super::contact_cards::stored(card.cliente_id);
            (business, SavedCard::from_card(card))
        });
        Ok(Self {
            cards: cards.collect(),
            names: names_in(tx, chat).await?,
        })
    }
}

async fn names_in(tx: &mut Tx, chat: &str) -> Result<Option<Names>, StoreError> {
    let row = sqlx::query("SELECT name, pushname FROM contacts WHERE wa_id = $1")
        .bind(chat)
        .fetch_optional(&mut **tx)
        .await?;
    let read = |row: sqlx::any::AnyRow| {
        Ok(Names {
            name: row.try_get("name")?,
            pushname: row.try_get("pushname")?,
        })
    };
    row.map(read).transpose()
}

impl StateBeforeMerge {
    /// Reads the state of two chats that are about to be merged.
    pub(super) async fn read_in(tx: &mut Tx, from: &str, to: &str) -> Result<Self, StoreError> {
        Ok(Self {
            from: ContactState::read_in(tx, from).await?,
            to: ContactState::read_in(tx, to).await?,
            skipped: Vec::new(),
        })
    }

    /// Adds the recipients that the merge skipped.
    pub(super) fn with_skipped(mut self, skipped: Vec<i64>) -> Self {
        self.skipped = skipped;
        self
    }

    /// Returns the value for the column; `None` if there is nothing to restore.
    pub(super) fn to_json(&self) -> Option<String> {
        let is_empty = self.from == ContactState::default() && self.skipped.is_empty();
        // The values come from this process, so serialization cannot fail.
        let json = || serde_json::to_string(self).ok();
        (!is_empty).then(json).flatten()
    }
}

/// A stored merge.
struct Merge {
    id: i64,
    from: String,
    to: String,
    kept: Option<StateBeforeMerge>,
}

async fn merges_in(tx: &mut Tx, person: i64) -> Result<Vec<Merge>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, from_chat, to_chat, kept FROM person_joinings
         WHERE person_id = $1 AND undone_at IS NULL ORDER BY id",
    )
    .bind(person)
    .fetch_all(&mut **tx)
    .await?;
    let read = |row: &sqlx::any::AnyRow| {
        let kept: Option<String> = row.try_get("kept")?;
        Ok(Merge {
            id: row.try_get("id")?,
            from: row.try_get("from_chat")?,
            to: row.try_get("to_chat")?,
            kept: kept.and_then(|json| serde_json::from_str(&json).ok()),
        })
    };
    rows.iter().map(read).collect()
}

/// Addresses that were split off a contact.
pub(super) struct SplitOff<'a> {
    /// The contact that remains.
    pub(super) person: i64,
    /// The chat of the contact that remains.
    pub(super) stays: &'a str,
    /// The contact to which the addresses now belong, if it has a row.
    pub(super) other: Option<i64>,
    /// The chat of that contact.
    pub(super) leaves: &'a str,
    /// The addresses that were split off.
    pub(super) addresses: &'a [String],
}

impl Store {
    /// Marks the merges that brought these addresses as undone, and restores
    /// what they took from both contacts.
    pub(super) async fn undo_merges_in(
        &self,
        tx: &mut Tx,
        split_off: &SplitOff<'_>,
    ) -> Result<(), StoreError> {
        let has_left = |chat: &str| {
            let address = address_of(chat);
            split_off.addresses.iter().any(|it| *it == *address)
        };
        let (mut undone, mut others) = (Vec::new(), Vec::new());
        for merge in merges_in(tx, split_off.person).await? {
            match (has_left(&merge.from), has_left(&merge.to)) {
                // Both addresses of this merge still belong to one contact.
                (true, true) => {
                    if let Some(other) = split_off.other {
                        sqlx::query("UPDATE person_joinings SET person_id = $1 WHERE id = $2")
                            .bind(other)
                            .bind(merge.id)
                            .execute(&mut **tx)
                            .await?;
                    }
                }
                (false, false) => others.push(merge),
                _ => {
                    sqlx::query(
                        "UPDATE person_joinings SET undone_at = $1, kept = NULL WHERE id = $2",
                    )
                    .bind(now())
                    .bind(merge.id)
                    .execute(&mut **tx)
                    .await?;
                    undone.push(merge);
                }
            }
        }
        let mut skipped = BTreeSet::new();
        let mut own = ContactState::default();
        for merge in &undone {
            let Some(kept) = &merge.kept else { continue };
            skipped.extend(&kept.skipped);
            if has_left(&merge.from) {
                own.merge(&kept.from);
            }
        }
        self.restore_split_off_in(tx, split_off.leaves, own).await?;
        restore_remaining_in(tx, split_off.stays, &undone, others).await?;
        return_recipients_in(tx, skipped).await
    }

    /// Restores the names, tags and notes of the contact that was split off.
    async fn restore_split_off_in(
        &self,
        tx: &mut Tx,
        chat: &str,
        own: ContactState,
    ) -> Result<(), StoreError> {
        let mut of = BTreeSet::new();
        for (business, card) in own.cards {
            let mut card = card.filled(chat, business);
            if let Some(there) = card_in(tx, chat, business).await? {
                let kept = std::mem::replace(&mut card, there);
                card.merge(kept);
            }
            write_in(tx, &card).await?;
            of.insert((chat, Some(business).filter(|it| *it != 0)));
        }
        self.note_conversations_in(tx, &of).await?;
        if let Some(names) = own.names {
            write_names_in(tx, chat, &names, false).await?;
        }
        Ok(())
    }
}

/// Removes from the remaining contact what the undone merges gave it, and does
/// the same in the states that later merges kept of it.
async fn restore_remaining_in(
    tx: &mut Tx,
    chat: &str,
    undone: &[Merge],
    others: Vec<Merge>,
) -> Result<(), StoreError> {
    let is_here = |merge: &Merge| merge.to == chat && merge.kept.is_some();
    let taken: Vec<&Merge> = undone.iter().filter(|it| is_here(it)).collect();
    let mut later: Vec<Merge> = others.into_iter().filter(is_here).collect();
    let Some(first) = taken.first() else {
        return Ok(());
    };
    later.retain(|merge| merge.id > first.id);
    // The contact with and without the part that is removed from it.
    let mut with = ContactState::default();
    if let Some(kept) = &first.kept {
        with = kept.to.clone();
    }
    let mut without = with.clone();
    let mut place = 0;
    for merge in &mut later {
        while let Some(earlier) = taken.get(place)
            && earlier.id < merge.id
        {
            place += 1;
            if let Some(kept) = &earlier.kept {
                with.merge(&kept.from);
            }
        }
        let Some(kept) = &mut merge.kept else {
            continue;
        };
        kept.to.undo_merge(&with, &without);
        with.merge(&kept.from);
        without.merge(&kept.from);
        sqlx::query("UPDATE person_joinings SET kept = $1 WHERE id = $2")
            .bind(kept.to_json())
            .bind(merge.id)
            .execute(&mut **tx)
            .await?;
    }
    for earlier in &taken[place.min(taken.len())..] {
        if let Some(kept) = &earlier.kept {
            with.merge(&kept.from);
        }
    }
    let before = ContactState::read_in(tx, chat).await?;
    let mut after = before.clone();
    after.undo_merge(&with, &without);
    for (business, card) in before.cards {
        match after.cards.remove(&business) {
            Some(left) if left == card => {}
            Some(left) => _ = write_in(tx, &left.filled(chat, business)).await?,
            None => {
                sqlx::query("DELETE FROM contact_cards WHERE chat = $1 AND cliente_id = $2")
                    .bind(chat)
                    .bind(business)
                    .execute(&mut **tx)
                    .await?;
            }
        }
    }
    match after.names {
        Some(names) if Some(&names) != before.names.as_ref() => {
            write_names_in(tx, chat, &names, true).await
        }
        _ => Ok(()),
    }
}

/// Stores the names of a contact. Unless `replaces`, names that exist stay.
async fn write_names_in(
    tx: &mut Tx,
    chat: &str,
    names: &Names,
    replaces: bool,
) -> Result<(), StoreError> {
    let statement = format!(
        "INSERT INTO contacts (wa_id, name, pushname, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (wa_id) DO UPDATE SET {}, updated_at = excluded.updated_at
         RETURNING *",
        if replaces {
            "name = excluded.name, pushname = excluded.pushname"
        } else {
            "name = COALESCE(contacts.name, excluded.name),
                 pushname = COALESCE(contacts.pushname, excluded.pushname)"
        }
    );
    let row = sqlx::query(AssertSqlSafe(statement))
        .bind(chat)
        .bind(&names.name)
        .bind(&names.pushname)
        .bind(now())
        .fetch_one(&mut **tx)
        .await?;
    note_words_in(tx, &row).await?;
    Ok(())
}

/// Makes recipients pending again that were skipped because they are the same person.
async fn return_recipients_in(tx: &mut Tx, ids: BTreeSet<i64>) -> Result<(), StoreError> {
    let mut all: BTreeMap<i64, Deltas> = BTreeMap::new();
    for id in ids {
        let row = sqlx::query(
            "SELECT * FROM recipients WHERE id = $1 AND state = 'skipped' AND cause = 'DUPLICATE'",
        )
        .bind(id)
        .fetch_optional(&mut **tx)
        .await?;
        let Some(row) = row else { continue };
        let recipient = Recipient::read(&row)?;
        let deltas = all.entry(recipient.campaign_id).or_default();
        let step = Move::to(RecipientState::Pending, "PARTED");
        move_in(tx, &recipient, step, deltas).await?;
    }
    for (campaign, deltas) in all {
        deltas.apply(tx, campaign).await?;
        reopen_in(tx, campaign, None).await?;
    }
    Ok(())
}

/// Deletes the copies of a business's cards that the merges of a contact keep.
pub(super) async fn forget_kept_cards_in(
    tx: &mut Tx,
    person: Option<i64>,
    among: &str,
    chats: &str,
    business: i64,
) -> Result<(), StoreError> {
    let statement = format!(
        "SELECT id, kept FROM person_joinings WHERE kept IS NOT NULL
             AND (person_id = $2 OR from_chat IN {among} OR to_chat IN {among})"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(chats)
        .bind(person.unwrap_or(-1))
        .fetch_all(&mut **tx)
        .await?;
    for row in &rows {
        let json: String = row.try_get("kept")?;
        let kept = serde_json::from_str::<StateBeforeMerge>(&json)
            .ok()
            .map(|mut kept| {
                kept.from.cards.remove(&business);
                kept.to.cards.remove(&business);
                kept
            });
        sqlx::query("UPDATE person_joinings SET kept = $1 WHERE id = $2")
            .bind(kept.and_then(|kept| kept.to_json()))
            .bind(row.try_get::<i64, _>("id")?)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
