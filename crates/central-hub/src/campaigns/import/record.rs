//! Lines of cells (`Record`), and a source of them: CSV, or a workbook's sheet.

use super::ImportFault;

/// One line of a table.
#[derive(Debug)]
pub(super) struct Record {
    /// The line that it begins on, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

impl Record {
    /// How many of its cells hold something.
    pub(super) fn filled(&self) -> usize {
        let filled = self.cells.iter().filter(|cell| !cell.trim().is_empty());
        filled.count()
    }
}

/// A source of lines; empty ones may be left out.
pub(super) trait Records {
    /// The next line, `None` at the end.
    fn next(&mut self) -> Result<Option<Record>, ImportFault>;
}
