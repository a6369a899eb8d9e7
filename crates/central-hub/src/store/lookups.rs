//! Stores the queue of lookups and their results, which are kept for days.
//!
//! ```text
//!  wanted ─> known of late? ─> the answer
//!                 └─ no ─> queued ─> asked, one by one ─> answer ─> kept
//! ```

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde_json::json;
use session_api::{LookupBody, Recipient, Timestamp};
use sqlx::Row;

use super::addresses::{address_of, is_lid};
use super::error::StoreError;
use super::people::{Source, may_be_same_person};
use super::rows::timestamp;
use super::{Store, Tx, now};

/// How long a result is valid that a number has WhatsApp.
const FOUND_VALID_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a result is valid that a number has no WhatsApp. It is shorter
/// because people may join later.
const NOT_FOUND_VALID_FOR: Duration = Duration::from_secs(24 * 3600);

/// How long a failed lookup is postponed, in milliseconds.
const POSTPONED_MS: i64 = 5 * 60 * 1000;

/// The priority of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupPriority {
    /// For numbers that a user asked about.
    Asked,
    /// For numbers of a list, which come after those.
    List,
}

/// The result of a lookup.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// Whether the number has WhatsApp; `None` if that is not known yet.
    pub exists: Option<bool>,
    /// When WhatsApp gave this answer.
    pub answered_at: Option<Timestamp>,
}

fn cutoff(age: Duration) -> i64 {
    now().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}

impl Store {
    /// Returns the results for these numbers, by WhatsApp id, and queues the
    /// numbers that have no recent result.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn want_lookups(
        &self,
        people: &[Recipient],
    ) -> Result<HashMap<String, Lookup>, StoreError> {
        let addresses: BTreeSet<String> = people
            .iter()
            .map(|person| address_of(person.as_str()).into_owned())
            .collect();
        let mut tx = self.begin().await?;
        self.want_lookups_in(&mut tx, &addresses, LookupPriority::Asked)
            .await?;
        let statement = self.engine().pick(
            "SELECT * FROM lookups WHERE address IN (SELECT value FROM json_each($1))",
            "SELECT * FROM lookups
             WHERE address IN (SELECT value FROM json_array_elements_text(CAST($1 AS JSON)))",
        );
        let rows = sqlx::query(statement)
            .bind(json!(addresses).to_string())
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut results = HashMap::new();
        for row in rows {
            let lookup = Lookup {
                exists: row.try_get::<Option<i64>, _>("found")?.map(|it| it != 0),
                answered_at: row.try_get::<Option<i64>, _>("answered_at")?.map(timestamp),
            };
            results.insert(row.try_get::<String, _>("address")?, lookup);
        }
        let of = |person: &Recipient| {
            let lookup = results.get(&*address_of(person.as_str())).cloned();
            (person.as_str().to_owned(), lookup.unwrap_or_default())
        };
        Ok(people.iter().map(of).collect())
    }

    /// Queues the addresses that have no recent result.
    pub(in crate::store) async fn want_lookups_in(
        &self,
        tx: &mut Tx,
        addresses: &BTreeSet<String>,
        priority: LookupPriority,
    ) -> Result<(), StoreError> {
        // The addresses are inserted in sorted order, so that two concurrent
        // requests do not deadlock.
        let statement = self.engine().pick(
            "INSERT INTO lookups (address, queued_at, in_list)
             SELECT value, $2, $5 FROM json_each($1) WHERE true ORDER BY value
             ON CONFLICT (address) DO UPDATE SET found = NULL, queued_at = excluded.queued_at,
                 in_list = excluded.in_list
             WHERE lookups.found = 1 AND lookups.answered_at < $3
                 OR lookups.found = 0 AND lookups.answered_at < $4
                 OR lookups.found IS NULL AND lookups.in_list > excluded.in_list",
            "INSERT INTO lookups (address, queued_at, in_list)
             SELECT value, CAST($2 AS BIGINT), CAST($5 AS BIGINT)
             FROM json_array_elements_text(CAST($1 AS JSON)) ORDER BY value
             ON CONFLICT (address) DO UPDATE SET found = NULL, queued_at = excluded.queued_at,
                 in_list = excluded.in_list
             WHERE lookups.found = 1 AND lookups.answered_at < $3
                 OR lookups.found = 0 AND lookups.answered_at < $4
                 OR lookups.found IS NULL AND lookups.in_list > excluded.in_list",
        );
        sqlx::query(statement)
            .bind(json!(addresses).to_string())
            .bind(now())
            .bind(cutoff(FOUND_VALID_FOR))
            .bind(cutoff(NOT_FOUND_VALID_FOR))
            .bind(i64::from(priority == LookupPriority::List))
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Returns the next number to look up.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn next_lookup(&self) -> Result<Option<String>, StoreError> {
        let next = sqlx::query_scalar(
            "SELECT address FROM lookups WHERE found IS NULL
             ORDER BY in_list, queued_at, address LIMIT 1",
        )
        .fetch_optional(self.reader())
        .await?;
        Ok(next)
    }

    /// Moves a number whose lookup failed behind the others.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn postpone_lookup(&self, address: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE lookups SET queued_at = $1 WHERE address = $2 AND found IS NULL")
            .bind(now() + POSTPONED_MS)
            .bind(address)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Stores the result of a lookup, and merges the addresses that it reveals.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn note_lookup(&self, address: &str, said: &LookupBody) -> Result<(), StoreError> {
        let of_it = |id: &&str| {
            Recipient::parse(id).is_ok_and(|it| it.as_str() == *id)
                && (*id == address || may_be_same_person(id, address))
        };
        let chat = said.chat.as_deref().filter(of_it);
        if said.exists && chat.is_some() {
            let lid = said.lid.as_deref().filter(|id| is_lid(id)).filter(of_it);
            let ids: Vec<_> = chat.into_iter().chain(lid).chain([address]).collect();
            let spelled = chat.filter(|chat| !is_lid(chat));
            self.learn(&ids, spelled, Source::Lookup).await?;
        }
        sqlx::query("UPDATE lookups SET found = $1, answered_at = $2 WHERE address = $3")
            .bind(i64::from(said.exists))
            .bind(now())
            .bind(address)
            .execute(self.writer())
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
