//! Lines of cells (`Record`), and their source: a CSV or a workbook's sheet.

use super::ImportFault;

/// A line of a table.
#[derive(Debug)]
pub(super) struct Record {
    /// The line that it begins on, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

impl Record {
    /// Counts the cells that are not blank.
    pub(super) fn filled(&self) -> usize {
        let filled = self.cells.iter().filter(|cell| !cell.trim().is_empty());
        filled.count()
    }
}

/// A source of lines; empty ones may be skipped.
pub(super) trait Records {
    /// Returns the next line, `None` at the end.
    fn next(&mut self) -> Result<Option<Record>, ImportFault>;
}
