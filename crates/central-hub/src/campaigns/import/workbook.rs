//! Reads one sheet of a workbook, an `.xlsx` (Excel) or `.ods` (LibreOffice),
//! as a table.
//!
//! ```text
//!  bytes ─> unnamed file ─> unpacked to measure ─> calamine ─> table
//! ```
//!
//! A workbook is a zip file: unpacked, it may be a thousand times larger, and
//! one cell of an `.ods` may be repeated a million times. The texts of an
//! `.xlsx` and the cells of an `.ods` are loaded all at once. To bound memory
//! use, a workbook is therefore measured before it is read, and only one is
//! read at a time. Excel's old `.xls` cannot be measured before it is read, and
//! is rejected.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use calamine::{
    Data, DataRef, ExcelDateTime, Ods, Range, Reader, SheetVisible, Xlsx, XlsxCellReader,
};
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::record::{Record, Records};
use super::table::{self, Origin};
use super::{ImportFault, ImportRules, MAX_COLUMNS, MAX_RECORD_BYTES, Sink};

/// Maximum size of a workbook, in bytes.
pub const MAX_WORKBOOK_BYTES: u64 = 32 * 1024 * 1024;
/// Maximum unpacked sizes in bytes: of all parts together, and of the table of texts.
const MAX_UNPACKED_BYTES: u64 = 128 * 1024 * 1024;
const MAX_TEXT_TABLE_BYTES: u64 = 48 * 1024 * 1024;
const MAX_PARTS: usize = 10_000;
/// Maximum number of cells of an `.ods`, repetitions included.
const MAX_CELLS: u64 = 2_000_000;

const TEXTS: &str = "sharedstrings.xml";
const ODS_CONTENT: &str = "content.xml";

static CONCURRENT_WORKBOOKS: Mutex<()> = Mutex::new(());

/// Returns whether a list that begins with these bytes is, or may be, a workbook.
pub(super) fn is_workbook(first: &[u8]) -> bool {
    is_zip(first) || is_old(first)
}

fn is_zip(first: &[u8]) -> bool {
    first.starts_with(b"PK\x03\x04")
}

/// Returns whether the file is in the container format of Office before 2007,
/// which is also that of workbooks with a password.
fn is_old(first: &[u8]) -> bool {
    first.starts_with(b"\xD0\xCF\x11\xE0")
}

/// Reads a workbook.
pub(super) fn read(
    mut source: impl Read,
    rules: &ImportRules,
    sink: &mut impl Sink,
) -> Result<(), ImportFault> {
    let mut file = tempfile::tempfile()?;
    let size = io::copy(&mut source.by_ref().take(MAX_WORKBOOK_BYTES + 1), &mut file)?;
    if size > MAX_WORKBOOK_BYTES {
        return Err(ImportFault::WorkbookTooLarge);
    }
    drop(source);
    let mut first = [0; 4];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut first)?;
    if is_old(&first) {
        return Err(ImportFault::Workbook);
    }
    let _one = CONCURRENT_WORKBOOKS
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let kind = measure(&mut file)?;
    file.seek(SeekFrom::Start(0))?;
    let file = BufReader::new(file);
    match kind {
        Kind::Xlsx => {
            let mut book = Xlsx::new(file).map_err(unreadable)?;
            let sheets = visible_sheets(&book);
            let sheet = choose_sheet(&sheets, rules)?;
            let mut cells = book.worksheet_cells_reader(&sheet).map_err(unreadable)?;
            let first = cells.next_cell().map_err(unreadable)?.as_ref().map(placed);
            let mut records = XlsxRecords { cells, next: first };
            table::read(&mut records, Origin::of_sheet(sheet, sheets), rules, sink)
        }
        Kind::Ods => {
            let mut book = Ods::new(file).map_err(unreadable)?;
            let sheets = visible_sheets(&book);
            let sheet = choose_sheet(&sheets, rules)?;
            let range = book.worksheet_range(&sheet).map_err(unreadable)?;
            let mut records = RangeRecords { range, row: 0 };
            table::read(&mut records, Origin::of_sheet(sheet, sheets), rules, sink)
        }
    }
}

impl Origin {
    const fn of_sheet(sheet: String, sheets: Vec<String>) -> Self {
        Self {
            separator: None,
            sheet: Some(sheet),
            sheets,
        }
    }
}

fn unreadable(error: impl std::error::Error) -> ImportFault {
    ImportFault::WorkbookUnreadable {
        reason: error.to_string(),
    }
}

enum Kind {
    Xlsx,
    Ods,
}

/// Measures a workbook by unpacking it without keeping the data.
///
/// # Errors
/// If the file is not a workbook or exceeds a limit.
fn measure(file: &mut File) -> Result<Kind, ImportFault> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(unreadable)?;
    if archive.len() > MAX_PARTS {
        return Err(ImportFault::WorkbookTooLarge);
    }
    let mut kind = None;
    let mut remaining = MAX_UNPACKED_BYTES;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(unreadable)?;
        let name = part.name().map_err(unreadable)?.into_owned();
        match &*name {
            "_rels/.rels" => kind = Some(Kind::Xlsx),
            ODS_CONTENT => kind = kind.or(Some(Kind::Ods)),
            _ => {}
        }
        let limit = if name.to_ascii_lowercase().ends_with(TEXTS) {
            remaining.min(MAX_TEXT_TABLE_BYTES)
        } else {
            remaining
        };
        let mut limited = Limited {
            part: &mut part,
            left: limit,
        };
        if name == ODS_CONTENT {
            measure_sheets(BufReader::new(&mut limited))?;
        }
        io::copy(&mut limited, &mut io::sink()).map_err(fault)?;
        remaining -= limit - limited.left;
    }
    kind.ok_or_else(|| ImportFault::WorkbookUnreadable {
        reason: "it contains no sheets".to_owned(),
    })
}

/// A reader that fails above a size limit.
struct Limited<R> {
    part: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.part.read(buffer)?;
        let read = u64::try_from(count).unwrap_or(u64::MAX);
        let Some(left) = self.left.checked_sub(read) else {
            return Err(io::Error::other(ImportFault::WorkbookTooLarge));
        };
        self.left = left;
        Ok(count)
    }
}

/// Maps an I/O error to the fault of an exceeded limit or of an invalid zip file.
fn fault(error: io::Error) -> ImportFault {
    match error.downcast::<ImportFault>() {
        Ok(fault) => fault,
        Err(error) => unreadable(error),
    }
}

/// Returns whether the error stands for an exceeded limit.
fn is_fault(error: &io::Error) -> bool {
    match error.get_ref() {
        Some(inner) => inner.is::<ImportFault>(),
        None => false,
    }
}

/// Measures the sheets of an `.ods` as calamine loads them: each a grid up to
/// its last filled cell, with repetitions expanded.
fn measure_sheets(content: impl io::BufRead) -> Result<(), ImportFault> {
    let mut xml = quick_xml::Reader::from_reader(content);
    let mut buffer = Vec::new();
    let mut cells = 0_u64;
    let mut sheet = Grid::default();
    loop {
        buffer.clear();
        let event = match xml.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) => {
                return Err(if is_fault(&error) {
                    ImportFault::WorkbookTooLarge
                } else {
                    unreadable(error)
                });
            }
            Err(error) => return Err(unreadable(error)),
        };
        match &event {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "table-row" => sheet.row(repeated(tag, "table:number-rows-repeated")),
                "table-cell" | "covered-table-cell" => {
                    let is_filled = matches!(event, Event::Start(_))
                        || tag.attributes().flatten().any(|it| {
                            matches!(it.key.as_ref(), "office:value-type" | "table:formula")
                        });
                    sheet.cell(repeated(tag, "table:number-columns-repeated"), is_filled);
                }
                _ => {}
            },
            Event::End(tag) if tag.local_name().as_ref() == "table" => {
                cells = cells.saturating_add(sheet.cells());
                sheet = Grid::default();
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
        if cells.saturating_add(sheet.cells()) > MAX_CELLS {
            return Err(ImportFault::WorkbookTooLarge);
        }
    }
}

/// The size of a sheet, as read so far.
#[derive(Default)]
struct Grid {
    /// Number of rows above the current one.
    above: u64,
    /// Number of repetitions of the current row.
    rows: u64,
    /// Number of columns of the current row so far.
    columns: u64,
    /// Extent up to the last filled row and column.
    filled_rows: u64,
    filled_columns: u64,
}

impl Grid {
    fn row(&mut self, count: u64) {
        self.above = self.above.saturating_add(self.rows);
        self.rows = count;
        self.columns = 0;
    }

    fn cell(&mut self, count: u64, is_filled: bool) {
        self.columns = self.columns.saturating_add(count);
        if is_filled {
            self.filled_rows = self.above.saturating_add(self.rows);
            self.filled_columns = self.filled_columns.max(self.columns);
        }
    }

    const fn cells(&self) -> u64 {
        self.filled_rows.saturating_mul(self.filled_columns)
    }
}

fn repeated(tag: &BytesStart<'_>, name: &str) -> u64 {
    let found = tag
        .attributes()
        .flatten()
        .find(|it| it.key.as_ref() == name);
    found.map_or(1, |it| it.value.parse().unwrap_or(u64::MAX))
}

/// Returns the visible sheets; all of them if none is visible.
fn visible_sheets<B, RS>(book: &B) -> Vec<String>
where
    B: Reader<RS>,
    RS: Read + Seek,
{
    let visible = book.sheets_metadata().iter();
    let visible = visible.filter(|sheet| sheet.visible == SheetVisible::Visible);
    let visible: Vec<_> = visible.map(|sheet| sheet.name.clone()).collect();
    if visible.is_empty() {
        book.sheet_names()
    } else {
        visible
    }
}

/// Returns the requested sheet, by name or by position from 1; the first sheet by default.
fn choose_sheet(sheets: &[String], rules: &ImportRules) -> Result<String, ImportFault> {
    let found = match &rules.sheet {
        None => sheets.first(),
        Some(wanted) => {
            let sheet_name = wanted.trim();
            let by_name = sheets
                .iter()
                .find(|it| it.trim().to_lowercase() == sheet_name.to_lowercase());
            let place = || sheet_name.parse::<usize>().ok()?.checked_sub(1);
            by_name.or_else(|| sheets.get(place()?))
        }
    };
    found.cloned().ok_or_else(|| ImportFault::NoSuchSheet {
        found: sheets.to_vec(),
    })
}

/// A cell with its row and column, from 0.
struct Placed {
    row: u32,
    column: u32,
    text: String,
}

fn placed(cell: &calamine::Cell<DataRef<'_>>) -> Placed {
    let (row, column) = cell.get_position();
    Placed {
        row,
        column,
        text: text(cell.get_value().clone().into()),
    }
}

/// The rows of an `.xlsx`, which are read from the file cell by cell.
struct XlsxRecords<'a, RS: Read + Seek> {
    cells: XlsxCellReader<'a, RS>,
    next: Option<Placed>,
}

impl<RS: Read + Seek> Records for XlsxRecords<'_, RS> {
    fn next(&mut self) -> Result<Option<Record>, ImportFault> {
        let Some(first) = self.next.take() else {
            return Ok(None);
        };
        let row = first.row;
        let line = u64::from(row) + 1;
        let (mut cells, mut bytes) = (Vec::new(), 0);
        let mut next = Some(first);
        while let Some(cell) = next.take_if(|it| it.row == row) {
            bytes += cell.text.len();
            put(&mut cells, cell, bytes, line)?;
            next = self
                .cells
                .next_cell()
                .map_err(unreadable)?
                .as_ref()
                .map(placed);
        }
        self.next = next;
        Ok(Some(Record { line, cells }))
    }
}

/// The rows of an `.ods`, which is in memory as a whole.
struct RangeRecords {
    range: Range<Data>,
    row: usize,
}

impl Records for RangeRecords {
    fn next(&mut self) -> Result<Option<Record>, ImportFault> {
        let (top, left) = self.range.start().unwrap_or_default();
        if self.row >= self.range.height() {
            return Ok(None);
        }
        let line = u64::from(top) + u64::try_from(self.row).unwrap_or(u64::MAX) + 1;
        let (mut cells, mut bytes) = (Vec::new(), 0);
        for index in 0..self.range.width() {
            let text = self.range.get((self.row, index)).cloned().map(text);
            let column = left + u32::try_from(index).unwrap_or(u32::MAX);
            let text = text.unwrap_or_default();
            bytes += text.len();
            let row = 0;
            put(&mut cells, Placed { row, column, text }, bytes, line)?;
        }
        self.row += 1;
        Ok(Some(Record { line, cells }))
    }
}

/// Puts a cell into its position in the row.
fn put(cells: &mut Vec<String>, cell: Placed, bytes: usize, line: u64) -> Result<(), ImportFault> {
    if cell.text.is_empty() {
        return Ok(());
    }
    if bytes > MAX_RECORD_BYTES {
        return Err(ImportFault::RecordTooLarge { line });
    }
    let at = usize::try_from(cell.column).unwrap_or(usize::MAX);
    if at >= MAX_COLUMNS {
        return Err(ImportFault::TooManyColumns);
    }
    if cells.len() <= at {
        cells.resize(at + 1, String::new());
    }
    cells[at] = cell.text;
    Ok(())
}

/// Formats a cell as a user sees it. A phone number stored as a number keeps
/// all digits; a date is formatted as in Argentina.
fn text(data: Data) -> String {
    match data {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) => text,
        Data::DateTimeIso(text) => iso_date(&text).unwrap_or(text),
        Data::DurationIso(text) => iso_time(&text).unwrap_or(text),
        Data::Int(number) => number.to_string(),
        // Without an exponent, and without `.0`.
        Data::Float(number) => number.to_string(),
        Data::Bool(true) => "verdadero".to_owned(),
        Data::Bool(false) => "falso".to_owned(),
        Data::DateTime(moment) => date(moment),
    }
}

/// Formats the date of `2026-12-05` or `2026-12-05T10:30:00`.
fn iso_date(text: &str) -> Option<String> {
    let moment: jiff::civil::DateTime = text.parse().ok()?;
    let has_time = moment.hour() != 0 || moment.minute() != 0;
    let format = if has_time {
        "%d/%m/%Y %H:%M"
    } else {
        "%d/%m/%Y"
    };
    Some(moment.strftime(format).to_string())
}

/// Formats the time of `PT10H30M00S`.
fn iso_time(text: &str) -> Option<String> {
    let time: jiff::Span = text.parse().ok()?;
    Some(format!("{:02}:{:02}", time.get_hours(), time.get_minutes()))
}

fn date(moment: ExcelDateTime) -> String {
    let (year, month, day, hour, minute, ..) = moment.to_ymd_hms_milli();
    if moment.is_duration() || moment.as_f64() < 1.0 {
        return format!("{hour:02}:{minute:02}");
    }
    let day = format!("{day:02}/{month:02}/{year}");
    if (hour, minute) == (0, 0) {
        return day;
    }
    format!("{day} {hour:02}:{minute:02}")
}

#[cfg(test)]
mod tests;
