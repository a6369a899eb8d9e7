//! Detects the layout of a table: the heading line, the phone columns and the
//! name column. The headings decide; if none of them names a phone column, the
//! content of the cells does.
//!
//! ```text
//!  the first lines ─┬─ one that names a number's column ─────────> that heading
//!                   ├─ none, but a column of numbers ─┬─ line 1 has none ─> a heading
//!                   │                                 └─ it has ──────────> no heading
//!                   └─ neither ──────────────────────────────────> the user has to choose
//! ```

use phone_number::Home;

use super::record::Record;
use super::{ImportFault, ImportRules};
use crate::campaigns::columns::{self, Fields, NAME};
use crate::campaigns::heading_recognition;

/// The heading is within this many lines; titles and dates may be above it.
const MAX_HEADING_LINE: usize = 20;
/// Minimum share, in tenths, of a column's filled cells that must be numbers of
/// the list's country for it to be a phone column.
const MIN_PHONE_TENTHS: usize = 8;

/// The detected layout.
#[derive(Debug)]
pub(super) struct Layout {
    /// The headings as written, or generated if there are none.
    titles: Vec<String>,
    /// The names of the columns in templates.
    keys: Vec<String>,
    /// The phone columns in order of preference; each is the fallback if the
    /// one before has an empty cell.
    pub(super) phones: Vec<usize>,
    /// The name column.
    pub(super) name: Option<usize>,
    /// The line of the heading; `None` if the table has no heading.
    pub(super) heading: Option<u64>,
    /// The number of lines above the first recipient.
    pub(super) skipped: usize,
}

impl Layout {
    /// Detects the layout from the first lines of a list.
    ///
    /// # Errors
    /// If no column holds the number, or a chosen column does not exist.
    pub(super) fn find(first: &[Record], rules: &ImportRules) -> Result<Self, ImportFault> {
        let within = &first[..first.len().min(MAX_HEADING_LINE)];
        let width = first.iter().map(Record::filled).max().unwrap_or(0);
        let found: Vec<_> = within
            .iter()
            .enumerate()
            .filter(|(_, record)| !phone_columns_of_heading(record, rules).is_empty())
            .collect();
        // A single cell such as "Listado de teléfonos" above the table is its title, not a heading.
        let is_wide = |record: &Record| record.filled() > 1 || width <= 1;
        let heading = found
            .iter()
            .find(|(_, record)| is_wide(record))
            .or(found.first());
        match heading {
            Some((index, record)) => Self::from_heading(record, *index, rules),
            None => Self::from_content(first, rules),
        }
    }

    /// Returns the layout that a heading line defines.
    fn from_heading(
        record: &Record,
        index: usize,
        rules: &ImportRules,
    ) -> Result<Self, ImportFault> {
        let mut layout = Self::of_heading(record, index)?;
        layout.phones = phone_columns_of_heading(record, rules);
        layout.name = match &rules.name {
            Some(name) => Some(layout.column(name)?),
            None => heading_recognition::name_column(&layout.keys),
        };
        Ok(layout)
    }

    /// Returns the layout that the content of the cells suggests.
    fn from_content(first: &[Record], rules: &ImportRules) -> Result<Self, ImportFault> {
        let Some(top) = first.iter().find(|record| record.filled() > 0) else {
            return Err(ImportFault::Empty);
        };
        let is_numbered =
            |record: &Record| record.cells.iter().any(|it| is_number(it, &rules.home));
        let has_heading = !is_numbered(top);
        let mut layout = if has_heading {
            let index = first.iter().take_while(|it| it.line != top.line).count();
            Self::of_heading(top, index)?
        } else {
            let width = first.iter().map(|it| it.cells.len()).max().unwrap_or(0);
            let titles: Vec<_> = (1..=width).map(|it| format!("columna {it}")).collect();
            Self {
                keys: titles.iter().map(|it| columns::key(it)).collect(),
                titles,
                phones: Vec::new(),
                name: None,
                heading: None,
                skipped: 0,
            }
        };
        let body = &first[layout.skipped..];
        layout.phones = match &rules.column {
            Some(column) => vec![layout.column(column)?],
            None => layout.phone_columns_by_content(body, &rules.home),
        };
        if layout.phones.is_empty() {
            // For a list without headings, the names that its columns get.
            let found = match has_heading {
                true => top.cells.clone(),
                false => layout.titles,
            };
            return Err(ImportFault::NoPhoneColumn { found });
        }
        layout.name = match &rules.name {
            Some(name) => Some(layout.column(name)?),
            None if has_heading => heading_recognition::name_column(&layout.keys),
            None => (0..layout.keys.len()).find(|at| is_of_names(body, *at)),
        };
        Ok(layout)
    }

    fn of_heading(record: &Record, index: usize) -> Result<Self, ImportFault> {
        let mut keys: Vec<_> = record.cells.iter().map(|it| columns::key(it)).collect();
        for key in keys
            .iter_mut()
            .filter(|key| heading_recognition::is_note(key))
        {
            key.clear();
        }
        for (index, key) in keys.iter().enumerate() {
            if !key.is_empty() && keys[..index].contains(key) {
                return Err(ImportFault::SameColumn { name: key.clone() });
            }
        }
        Ok(Self {
            titles: record.cells.clone(),
            keys,
            phones: Vec::new(),
            name: None,
            heading: Some(record.line),
            skipped: index + 1,
        })
    }

    /// Returns the column that the user chose, by its heading or by its position from 1.
    fn column(&self, name: &str) -> Result<usize, ImportFault> {
        let place = || name.trim().parse::<usize>().ok()?.checked_sub(1);
        position(&self.keys, name)
            .or_else(|| place().filter(|at| *at < self.keys.len()))
            .ok_or_else(|| ImportFault::NoSuchColumn {
                name: name.chars().take(30).collect(),
                found: self.titles.clone(),
            })
    }

    /// Returns the columns whose cells are numbers of the list's country, the
    /// fullest column first. A column with another heading (`DNI`) is excluded.
    fn phone_columns_by_content(&self, body: &[Record], home: &Home) -> Vec<usize> {
        let mut found: Vec<_> = (0..self.keys.len())
            .filter(|at| !heading_recognition::is_not_a_phone_heading(&self.keys[*at]))
            .filter_map(|at| {
                let cells = || body.iter().filter_map(|it| it.cells.get(at));
                let filled = cells().filter(|it| !it.trim().is_empty()).count();
                let numbers = cells().filter(|it| is_number(it, home)).count();
                let are_most = numbers > 0 && numbers * 10 >= filled * MIN_PHONE_TENTHS;
                are_most.then_some((std::cmp::Reverse(numbers), at))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, at)| at).collect()
    }

    /// Checks that the list has the columns that the text needs.
    ///
    /// # Errors
    /// If columns are missing; the error names them.
    pub(super) fn check(&self, rules: &ImportRules) -> Result<(), ImportFault> {
        let has = |name: &str| {
            self.keys.iter().any(|key| key == name)
                || (self.name.is_some() && columns::is_known(name, std::iter::empty()))
        };
        let mut names = rules.template.required();
        names.retain(|name| !has(name));
        if names.is_empty() {
            return Ok(());
        }
        Err(ImportFault::MissingColumns {
            names: names.join(", "),
        })
    }

    /// Returns the number of columns.
    pub(super) const fn width(&self) -> usize {
        self.keys.len()
    }

    /// Returns the heading of a column.
    pub(super) fn title(&self, at: usize) -> String {
        self.titles.get(at).cloned().unwrap_or_default()
    }

    /// Returns the columns that a template may use.
    pub(super) fn names(&self) -> Vec<String> {
        let filled = self.keys.iter().filter(|key| !key.is_empty());
        let mut names: Vec<_> = filled.cloned().collect();
        if self.name.is_some() && !names.iter().any(|name| name == NAME) {
            names.push(NAME.to_owned());
        }
        names
    }

    /// Returns the values of a line, by column name.
    pub(super) fn fields(&self, cells: &[String]) -> Fields {
        let mut fields: Fields = self
            .keys
            .iter()
            .zip(cells)
            .filter(|(key, value)| !key.is_empty() && !value.trim().is_empty())
            .map(|(key, value)| (key.clone(), value.trim().to_owned()))
            .collect();
        let name = self.name.and_then(|at| cells.get(at)).map(|it| it.trim());
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            fields
                .entry(NAME.to_owned())
                .or_insert_with(|| name.to_owned());
        }
        fields
    }
}

/// Returns the phone columns if this line is the heading, otherwise an empty list.
fn phone_columns_of_heading(record: &Record, rules: &ImportRules) -> Vec<usize> {
    let keys: Vec<_> = record.cells.iter().map(|it| columns::key(it)).collect();
    match &rules.column {
        Some(name) => position(&keys, name).into_iter().collect(),
        None => heading_recognition::phone_columns(&keys),
    }
}

fn position(keys: &[String], name: &str) -> Option<usize> {
    let wanted_key = columns::key(name);
    keys.iter()
        .position(|key| *key == wanted_key && !wanted_key.is_empty())
}

/// Returns whether a cell is a number of this country, or begins with `+` and a
/// country code. A CUIT or an invoice number may be a valid number of another
/// country, whose owner must not get a message.
fn is_number(cell: &str, home: &Home) -> bool {
    if let Some(id) = phone_number::id(cell) {
        return id.is_ok();
    }
    let says_its_country = cell.trim_start().starts_with('+');
    phone_number::parse_cell(cell, home)
        .is_ok_and(|phone| says_its_country || phone.country() == home.to_string())
}

/// Returns whether a column's cells are names: letters, without digits or e-mail addresses.
fn is_of_names(body: &[Record], at: usize) -> bool {
    let cells = || {
        let cells = body.iter().filter_map(|it| it.cells.get(at));
        cells.filter(|it| !it.trim().is_empty())
    };
    let is_name = |cell: &&String| {
        cell.chars().any(char::is_alphabetic)
            && !cell.chars().any(|c| c.is_numeric() || "@/:".contains(c))
    };
    let (filled, names) = (cells().count(), cells().filter(is_name).count());
    filled > 0 && names * 10 >= filled * MIN_PHONE_TENTHS
}
