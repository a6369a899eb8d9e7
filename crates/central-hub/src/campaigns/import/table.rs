//! Imports a table: lines of cells from a CSV or a workbook.

use super::layout::Layout;
use super::record::{Record, Records};
use super::row_validation::{first_filled, refusal, validate_row};
use super::{ImportFault, ImportRules, Item, Shape, Sink, emit};

/// Maximum number of lines, and of bytes, from which the layout is detected.
const LINES_AHEAD: usize = 50;
const BYTES_AHEAD: usize = 256 * 1024;

/// The source of a table.
pub(super) struct Origin {
    /// The separator of a CSV; `None` for a workbook.
    pub(super) separator: Option<char>,
    /// The sheet of a workbook, and all its sheets.
    pub(super) sheet: Option<String>,
    pub(super) sheets: Vec<String>,
}

/// Detects the layout, then validates the table line by line.
pub(super) fn read(
    records: &mut impl Records,
    origin: Origin,
    rules: &ImportRules,
    sink: &mut impl Sink,
) -> Result<(), ImportFault> {
    let (mut first, mut bytes, mut fault) = (Vec::new(), 0, None);
    while first.len() < LINES_AHEAD && bytes < BYTES_AHEAD {
        match records.next() {
            Ok(Some(record)) => {
                bytes += record.cells.iter().map(String::len).sum::<usize>();
                first.push(record);
            }
            Ok(None) => break,
            Err(error) => {
                // The lines before the error are still validated.
                fault = Some(error);
                break;
            }
        }
    }
    if first.is_empty() {
        return Err(fault.unwrap_or(ImportFault::Empty));
    }
    let layout = match (Layout::find(&first, rules), fault) {
        (Ok(layout), fault) => {
            layout.check(rules)?;
            announce(&layout, origin, sink)?;
            for record in first.drain(..).skip(layout.skipped) {
                import_record(record, &layout, rules, sink)?;
            }
            if let Some(fault) = fault {
                return Err(fault);
            }
            layout
        }
        (Err(ImportFault::NoPhoneColumn { .. } | ImportFault::Empty), Some(fault)) => {
            return Err(fault);
        }
        (Err(error), _) => return Err(error),
    };
    while let Some(record) = records.next()? {
        import_record(record, &layout, rules, sink)?;
    }
    Ok(())
}

fn announce(layout: &Layout, origin: Origin, sink: &mut impl Sink) -> Result<(), ImportFault> {
    let shape = Shape {
        separator: origin.separator,
        sheet: origin.sheet,
        sheets: origin.sheets,
        titles: (0..layout.width()).map(|at| layout.title(at)).collect(),
        heading: layout.heading,
        numbers: layout.phones.iter().map(|at| layout.title(*at)).collect(),
        name: layout.name.map(|at| layout.title(at)),
    };
    emit(sink, Item::Shape(shape))?;
    emit(sink, Item::Columns(layout.names()))
}

fn import_record(
    record: Record,
    layout: &Layout,
    rules: &ImportRules,
    sink: &mut impl Sink,
) -> Result<(), ImportFault> {
    if record.filled() == 0 {
        // Spreadsheets often end a list with blank lines.
        return Ok(());
    }
    let Record { line, cells } = record;
    let mut item = match cells.get(layout.width()..) {
        Some(more) if more.iter().any(|cell| !cell.trim().is_empty()) => {
            let reason = format!(
                "{} cells under {} headings: quote a value that contains the separator",
                cells.len(),
                layout.width()
            );
            refusal(line, "TOO_MANY_CELLS", reason, "")
        }
        _ => {
            let cell = first_filled(&layout.phones, |at| cells.get(at).map(String::as_str));
            validate_row(line, cell, layout.fields(&cells), rules)
        }
    };
    match &mut item {
        Item::Refused(rejected) => rejected.cells = cells,
        Item::Row(row) if !cells.iter().all(|cell| cell.is_ascii()) => row.cells = cells,
        _ => {}
    }
    emit(sink, item)
}
