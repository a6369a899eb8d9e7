//! Lines of cells (`Record`) and the trait of their sources: a CSV or a workbook's sheet.

use super::ImportFault;

/// A line of a table.
#[derive(Debug)]
pub(super) struct Record {
    /// The number of the line on which the record begins, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

impl Record {
    /// Returns the number of cells that are not blank.
    pub(super) fn filled(&self) -> usize {
        let filled = self.cells.iter().filter(|cell| !cell.trim().is_empty());
        filled.count()
    }
}

/// A source of lines, which may skip empty ones.
pub(super) trait Records {
    /// Returns the next line, `None` at the end.
    fn next(&mut self) -> Result<Option<Record>, ImportFault>;
}
