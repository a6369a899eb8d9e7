//! The report of `import-node`: the rows imported, already present, and skipped with the reason.

use std::collections::BTreeMap;
use std::fmt;

use super::row_converter::Fault;

/// Maximum number of skipped rows listed per reason.
const MAX_LISTED_ROWS: usize = 20;

/// The rows of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Rows inserted.
    pub added: u64,
    /// Rows present from an earlier run.
    pub known: u64,
    /// Rows skipped.
    pub skipped: u64,
}

/// The skipped rows of one table that share a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// The number of rows.
    pub count: u64,
    /// The ids of the first of these rows.
    pub rows: Vec<i64>,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportNodeReport {
    is_plan: bool,
    /// Number of pairs of a number and a LID, or of two spellings of a number,
    /// that belong to one person.
    pub people: u64,
    /// Whether the times in `ts_wa` are read as UTC.
    pub recorded_in_utc: bool,
    /// Counts by table.
    pub tables: BTreeMap<&'static str, Table>,
    /// Skipped rows by table and reason.
    pub skipped: BTreeMap<(&'static str, &'static str), Skipped>,
}

impl ImportNodeReport {
    pub(super) fn new(is_plan: bool) -> Self {
        Self {
            is_plan,
            people: 0,
            recorded_in_utc: false,
            tables: BTreeMap::new(),
            skipped: BTreeMap::new(),
        }
    }

    pub(super) fn added(&mut self, table: &'static str) {
        self.tables.entry(table).or_default().added += 1;
    }

    pub(super) fn known(&mut self, table: &'static str) {
        self.tables.entry(table).or_default().known += 1;
    }

    pub(super) fn skip(&mut self, table: &'static str, row: i64, fault: &Fault) {
        self.tables.entry(table).or_default().skipped += 1;
        let skipped = self.skipped.entry((table, fault.reason())).or_default();
        skipped.count += 1;
        if skipped.rows.len() < MAX_LISTED_ROWS {
            skipped.rows.push(row);
        }
    }
}

impl fmt::Display for ImportNodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.is_plan { "to bring" } else { "brought" };
        for (name, table) in &self.tables {
            writeln!(
                f,
                "{name}: {} {verb}, {} here already, {} left out",
                table.added, table.known, table.skipped
            )?;
        }
        if self.people > 0 {
            writeln!(f, "numbers and LIDs of one person: {} {verb}", self.people)?;
        }
        for ((table, reason), skipped) in &self.skipped {
            let rows: Vec<_> = skipped.rows.iter().map(i64::to_string).collect();
            let ellipsis = if u64::try_from(rows.len()).is_ok_and(|named| named < skipped.count) {
                ", …"
            } else {
                ""
            };
            writeln!(
                f,
                "left out of {table}: {} because {reason} (id {}{ellipsis})",
                skipped.count,
                rows.join(", ")
            )?;
        }
        if self.recorded_in_utc {
            writeln!(
                f,
                "ll_whatsapp_messages: its ts_wa is read as UTC, as its created_at has it"
            )?;
        }
        if self.is_plan {
            writeln!(f, "nothing was written: this was only the plan")?;
        }
        Ok(())
    }
}
