//! Checks, over a whole list, whether its text was decoded in the right
//! encoding. `Garc’a` alone may be what was written; but next to `Mu–oz` and
//! `JosŽ`, or if no other value looks right, it is García in the Macintosh
//! encoding.
//!
//! ```text
//!  row ─┬─ a value is certainly garbled ───────────> rejected, a vote for its encoding
//!       ├─ a value reads well in another encoding ─> held until the end ─┬─ the votes are for that one ─> rejected
//!       └─ otherwise ─────────> passed on                                └─ otherwise ──────────────────> passed on
//! ```

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::garbled::{self, Garbled};
use super::row_validation::refusal;
use super::{ImportFault, ImportRules, Item, Row, Sink, emit};
use crate::campaigns::columns;

/// Maximum size in bytes of the values of held rows. Beyond it, they are judged
/// by the votes so far.
const MAX_HELD_BYTES: usize = 1024 * 1024;

pub(super) struct EncodingCheck<'a> {
    rules: &'a ImportRules,
    /// The encoding detected so far; `None` for a workbook, whose text is Unicode.
    seen: Option<Rc<Cell<&'static str>>>,
    /// Number of values that look right as they were decoded.
    as_read: u64,
    /// Number of values that look right only in another encoding, by its name.
    others: BTreeMap<&'static str, u64>,
    held: Vec<Row>,
    held_bytes: usize,
}

impl<'a> EncodingCheck<'a> {
    pub(super) const fn new(rules: &'a ImportRules, seen: Option<Rc<Cell<&'static str>>>) -> Self {
        Self {
            rules,
            seen,
            as_read: 0,
            others: BTreeMap::new(),
            held: Vec::new(),
            held_bytes: 0,
        }
    }

    /// Passes an item on, rejects it, or holds it. Returns what the sink returned.
    pub(super) fn check(&mut self, item: Item, sink: &mut impl Sink) -> bool {
        let Item::Row(row) = item else {
            return sink(item);
        };
        // A user who chose the encoding has seen the resulting text.
        if self.rules.encoding.is_some() || row.fields.values().all(|it| it.is_ascii()) {
            return sink(into_item(row));
        }
        let mut two_ways = BTreeSet::new();
        for value in row.fields.values() {
            if self.count(value) {
                two_ways.insert(value.as_str());
            }
        }
        if let Some(refused) = self.judge_certain(&row) {
            return sink(refused);
        }
        let used = self.used_values(&row);
        if used.iter().all(|(_, value)| !two_ways.contains(value)) {
            return sink(into_item(row));
        }
        self.held_bytes += row.fields.values().map(String::len).sum::<usize>();
        self.held_bytes += row.cells.iter().map(String::len).sum::<usize>();
        self.held.push(row);
        self.held_bytes < MAX_HELD_BYTES || self.release(sink)
    }

    /// Judges the held rows at the end of the list.
    ///
    /// # Errors
    /// [`ImportFault::GivenUp`] if the sink cancels the import.
    pub(super) fn finish(mut self, sink: &mut impl Sink) -> Result<(), ImportFault> {
        if self.release(sink) {
            Ok(())
        } else {
            Err(ImportFault::GivenUp)
        }
    }

    fn release(&mut self, sink: &mut impl Sink) -> bool {
        self.held_bytes = 0;
        for row in std::mem::take(&mut self.held) {
            let item = self.judge_by_votes(&row).unwrap_or_else(|| into_item(row));
            if emit(sink, item).is_err() {
                return false;
            }
        }
        true
    }

    /// Counts a value. Returns whether it reads well in another encoding.
    fn count(&mut self, value: &str) -> bool {
        if value.is_ascii() {
            return false;
        }
        match Garbled::find(value) {
            Some(Garbled::Other(name, _)) => {
                *self.others.entry(name).or_default() += 1;
                false
            }
            Some(_) => false,
            None => {
                let readings = garbled::readings(value);
                match readings.first() {
                    // In Unicode, these characters are what the author wrote.
                    Some(_) if garbled::is_odd(value) && self.is_unicode() => {}
                    Some((name, _)) if garbled::is_odd(value) => {
                        *self.others.entry(*name).or_default() += 1;
                    }
                    _ if garbled::is_of_letters(value) => self.as_read += 1,
                    _ => {}
                }
                !readings.is_empty()
            }
        }
    }

    fn is_unicode(&self) -> bool {
        let seen = self.seen.as_ref().map(|seen| seen.get());
        seen.is_none_or(|name| name.starts_with("UTF-"))
    }

    /// Returns the rejection of a row with a value that is garbled, whatever
    /// the rest of the list contains.
    fn judge_certain(&self, row: &Row) -> Option<Item> {
        self.used_values(row).into_iter().find_map(|(name, value)| {
            let garbled = Garbled::find(value)?;
            Some(rejection(row, &name, value, &garbled))
        })
    }

    /// Returns the rejection of a row with a value that reads well in the
    /// encoding that the votes favor.
    fn judge_by_votes(&self, row: &Row) -> Option<Item> {
        let (&winner, &votes) = self.others.iter().max_by_key(|(_, votes)| **votes)?;
        if votes <= self.as_read {
            return None;
        }
        self.used_values(row).into_iter().find_map(|(name, value)| {
            let mut readings = garbled::readings(value).into_iter();
            let (encoding, whole) = readings.find(|(encoding, _)| *encoding == winner)?;
            Some(rejection(
                row,
                &name,
                value,
                &Garbled::Other(encoding, whole),
            ))
        })
    }

    /// Returns the values that the campaign's text uses, or all values if there is no text yet.
    fn used_values<'r>(&self, row: &'r Row) -> Vec<(String, &'r str)> {
        let names: Vec<_> = if self.rules.template.is_empty() {
            row.fields.keys().map(String::as_str).collect()
        } else {
            self.rules.template.variables()
        };
        let value = |name: &str| Some((name.to_owned(), columns::value(&row.fields, name)?));
        names.into_iter().filter_map(value).collect()
    }
}

fn into_item(mut row: Row) -> Item {
    row.cells = Vec::new();
    Item::Row(row)
}

fn rejection(row: &Row, name: &str, value: &str, garbled: &Garbled) -> Item {
    let reason = format!("{name} {}", garbled.remedy(value));
    let cell = row.recipient.as_str().trim_end_matches("@c.us");
    let mut item = refusal(row.line, "TEXT_GARBLED", reason, cell);
    if let Item::Refused(rejected) = &mut item {
        rejected.cells.clone_from(&row.cells);
    }
    item
}
