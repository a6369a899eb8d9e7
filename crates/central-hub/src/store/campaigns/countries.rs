//! Counts the numbers of a list by country. Numbers from countries other than
//! the most frequent one are accepted but counted, so that a user can check
//! them before anything is sent. The counts are stored with the import.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::store::{Store, StoreError, Tx};

/// Maximum number of listed lines with numbers from other countries.
const MAX_LISTED_LINES: usize = 100;

/// Query for the countries of a campaign's lists and of its copied recipients.
/// `$1` is the campaign.
const OF_CAMPAIGN: &str = "SELECT countries FROM campaign_imports WHERE campaign_id = $1
    UNION ALL SELECT copied_countries AS countries FROM campaigns WHERE id = $1";

/// The number of one country's phone numbers, and the first lines that contain them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    count: u64,
    lines: Vec<u64>,
}

/// The counts by country, under its two-letter code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Countries(BTreeMap<String, Tally>);

impl Countries {
    /// Counts a number of this country on this line of the list.
    pub fn note(&mut self, country: &str, line: u64) {
        if !self.0.contains_key(country) {
            self.0.insert(country.to_owned(), Tally::default());
        }
        if let Some(tally) = self.0.get_mut(country) {
            tally.count += 1;
            if tally.lines.len() < MAX_LISTED_LINES {
                tally.lines.push(line);
            }
        }
    }

    /// Adds the counts of another list, without its lines, which belong to that list.
    fn add(&mut self, other: Self) {
        for (country, tally) in other.0 {
            let sum = self.0.entry(country).or_default();
            sum.count += tally.count;
            sum.lines.clear();
        }
    }

    /// Returns the countries with their counts, the most frequent country first.
    #[must_use]
    pub fn by_count(&self) -> Vec<(&str, u64)> {
        let sorted = self.sorted().into_iter();
        sorted
            .map(|(country, tally)| (country, tally.count))
            .collect()
    }

    /// Returns how many numbers are not from the most frequent country.
    #[must_use]
    pub fn others(&self) -> u64 {
        let others = self.sorted().into_iter().skip(1);
        others.map(|(_, tally)| tally.count).sum()
    }

    /// Returns the first lines with such a number.
    #[must_use]
    pub fn lines_of_others(&self) -> Vec<u64> {
        let others = self.sorted().into_iter().skip(1);
        let mut lines: Vec<_> = others.flat_map(|(_, tally)| tally.lines.clone()).collect();
        lines.sort_unstable();
        lines.truncate(MAX_LISTED_LINES);
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
        // Only the hub writes this column, and counts that cannot be read must not hide a list.
        serde_json::from_str(json).unwrap_or_default()
    }

    pub(super) fn stored(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Store {
    /// Returns the countries of all numbers that lists brought to a campaign.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn campaign_countries(&self, campaign: i64) -> Result<Countries, StoreError> {
        let query = sqlx::query(OF_CAMPAIGN).bind(campaign);
        sum_rows(&query.fetch_all(self.reader()).await?)
    }

    pub(super) async fn campaign_countries_in(
        &self,
        tx: &mut Tx,
        campaign: i64,
    ) -> Result<Countries, StoreError> {
        let query = sqlx::query(OF_CAMPAIGN).bind(campaign);
        sum_rows(&query.fetch_all(&mut **tx).await?)
    }
}

fn sum_rows(rows: &[sqlx::any::AnyRow]) -> Result<Countries, StoreError> {
    let mut sum = Countries::default();
    for row in rows {
        let json: String = row.try_get("countries")?;
        sum.add(Countries::read(&json));
    }
    Ok(sum)
}
