//! Count of a list's numbers by country: one of another country than most is
//! taken, and counted, so that a person can look before anything goes out.

use std::collections::BTreeMap;

use crate::campaigns::import::Row;

/// Lines of other countries that are named.
const SHOWN: usize = 100;

/// The numbers of one country, and the first lines that have them.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    lines: Vec<u64>,
}

/// The numbers of each country, by its two letters.
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

    /// In the order of how frequent they are.
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

    /// How many numbers are of another country than most.
    pub(crate) fn others(&self) -> u64 {
        self.0.iter().skip(1).map(|(_, tally)| tally.count).sum()
    }

    /// The first lines that have one of those.
    pub(crate) fn lines_of_others(&self) -> Vec<u64> {
        let others = self.0.iter().skip(1);
        let mut lines: Vec<_> = others.flat_map(|(_, tally)| tally.lines.clone()).collect();
        lines.sort_unstable();
        lines.truncate(SHOWN);
        lines
    }
}
