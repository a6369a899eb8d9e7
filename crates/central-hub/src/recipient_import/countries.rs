//! Counts a list's numbers by country: numbers from other countries than the
//! most frequent one are accepted but counted, for a user to check before
//! anything is sent.

use std::collections::BTreeMap;

use crate::campaigns::import::Row;

/// Maximum number of lines of other countries that are listed.
const SHOWN: usize = 100;

/// The count of one country's numbers, and the first lines with them.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    lines: Vec<u64>,
}

/// The numbers of each country, by its two-letter code.
#[derive(Debug, Default)]
pub(crate) struct Countries(BTreeMap<String, Tally>);

/// The countries, the most frequent first.
#[derive(Debug)]
pub(crate) struct ByCount(Vec<(String, Tally)>);

impl Countries {
    /// Counts a recipient.
    pub(crate) fn note(&mut self, row: &Row) {
        let Some(country) = &row.country else { return };
        if !self.0.contains_key(country) {
            self.0.insert(country.clone(), Tally::default());
        }
        if let Some(tally) = self.0.get_mut(country) {
            tally.count += 1;
            if tally.lines.len() < SHOWN {
                tally.lines.push(row.line);
            }
        }
    }

    /// Sorts the countries by frequency.
    pub(crate) fn by_count(self) -> ByCount {
        let mut countries: Vec<_> = self.0.into_iter().collect();
        countries.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.count));
        ByCount(countries)
    }
}

impl ByCount {
    /// Each country and its count.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0
            .iter()
            .map(|(country, tally)| (country.as_str(), tally.count))
    }

    /// The count of numbers from all but the most frequent country.
    pub(crate) fn others(&self) -> u64 {
        self.0.iter().skip(1).map(|(_, tally)| tally.count).sum()
    }

    /// The first lines with such a number.
    pub(crate) fn lines_of_others(&self) -> Vec<u64> {
        let others = self.0.iter().skip(1);
        let mut lines: Vec<_> = others.flat_map(|(_, tally)| tally.lines.clone()).collect();
        lines.sort_unstable();
        lines.truncate(SHOWN);
        lines
    }
}
