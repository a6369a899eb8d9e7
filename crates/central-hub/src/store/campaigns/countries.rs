//! Numbers of a list by country: those from other countries than the most
//! frequent one are accepted but counted, for a user to check before anything is
//! sent. Stored with the import.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::store::{Store, StoreError, Tx};

/// Maximum number of lines of other countries that are listed.
const SHOWN: usize = 100;

/// `$1` is the campaign: the countries of its lists, and of its copied recipients.
const OF_CAMPAIGN: &str = "SELECT countries FROM campaign_imports WHERE campaign_id = $1
    UNION ALL SELECT copied_countries AS countries FROM campaigns WHERE id = $1";

/// The count of one country's numbers, and the first lines with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    count: u64,
    lines: Vec<u64>,
}

/// The numbers of each country, by its two-letter code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Countries(BTreeMap<String, Tally>);

impl Countries {
    /// Counts a number of this country, in this line of the list.
    pub fn note(&mut self, country: &str, line: u64) {
        if !self.0.contains_key(country) {
            self.0.insert(country.to_owned(), Tally::default());
        }
        if let Some(tally) = self.0.get_mut(country) {
            tally.count += 1;
            if tally.lines.len() < SHOWN {
                tally.lines.push(line);
            }
        }
    }

    /// Adds the counts of another list. Its lines are not those of this one.
    fn add(&mut self, other: Self) {
        for (country, tally) in other.0 {
            let sum = self.0.entry(country).or_default();
            sum.count += tally.count;
            sum.lines.clear();
        }
    }

    /// Each country and its count, the most frequent first.
    #[must_use]
    pub fn by_count(&self) -> Vec<(&str, u64)> {
        let sorted = self.sorted().into_iter();
        sorted
            .map(|(country, tally)| (country, tally.count))
            .collect()
    }

    /// The count of numbers from all but the most frequent country.
    #[must_use]
    pub fn others(&self) -> u64 {
        let others = self.sorted().into_iter().skip(1);
        others.map(|(_, tally)| tally.count).sum()
    }

    /// The first lines with such a number.
    #[must_use]
    pub fn lines_of_others(&self) -> Vec<u64> {
        let others = self.sorted().into_iter().skip(1);
        let mut lines: Vec<_> = others.flat_map(|(_, tally)| tally.lines.clone()).collect();
        lines.sort_unstable();
        lines.truncate(SHOWN);
        lines
    }

    fn sorted(&self) -> Vec<(&str, &Tally)> {
        let mut countries: Vec<_> = self
            .0
            .iter()
            .map(|(name, it)| (name.as_str(), it))
            .collect();
        countries.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.count));
        countries
    }

    pub(super) fn read(json: &str) -> Self {
        // Written here alone; a count that cannot be read must not hide a list.
        serde_json::from_str(json).unwrap_or_default()
    }

    pub(super) fn stored(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Store {
    /// Returns the countries of all numbers that came to a campaign by lists.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn campaign_countries(&self, campaign: i64) -> Result<Countries, StoreError> {
        let query = sqlx::query(OF_CAMPAIGN).bind(campaign);
        sum(&query.fetch_all(self.reader()).await?)
    }

    pub(super) async fn campaign_countries_in(
        &self,
        tx: &mut Tx,
        campaign: i64,
    ) -> Result<Countries, StoreError> {
        let query = sqlx::query(OF_CAMPAIGN).bind(campaign);
        sum(&query.fetch_all(&mut **tx).await?)
    }
}

fn sum(rows: &[sqlx::any::AnyRow]) -> Result<Countries, StoreError> {
    let mut sum = Countries::default();
    for row in rows {
        let json: String = row.try_get("countries")?;
        sum.add(Countries::read(&json));
    }
    Ok(sum)
}
