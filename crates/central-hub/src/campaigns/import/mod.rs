//! Parses recipient lists as a stream: decodes the characters, reads CSV or
//! JSON records or a workbook, and validates each row.
//!
//! ```text
//!  bytes ─┬─> decode (UTF-8, UTF-16, Windows-1252) ─┬─> csv ──┬─> table ─┐
//!         │                                         └─> json ─│─────────┴─> row_validation ─> encoding_check ─> row, or rejection
//!         └─> workbook (.xlsx, .ods) ────────────────────────┘                                                 with reason
//! ```
//!
//! Memory is bounded: one record of limited size is held at a time. A row that
//! cannot be used is reported and skipped; a list that cannot be read at all is
//! an [`ImportFault`].

mod charset;
mod csv;
mod decode;
mod encoding_check;
mod garbled;
mod json;
mod layout;
mod record;
mod row_validation;
mod table;
mod workbook;

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;

use phone_number::Home;
use session_api::Recipient;

use self::encoding_check::EncodingCheck;
use super::columns::Fields;
use super::template::Template;

pub use charset::Charset;
pub use decode::Utf8;
pub use workbook::MAX_WORKBOOK_BYTES;

/// Maximum size of one line or element, in bytes.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;
/// Maximum number of columns.
pub const MAX_COLUMNS: usize = 100;
/// Maximum length of a value, in characters.
pub const MAX_VALUE_LENGTH: usize = 4096;

/// Options of an import.
#[derive(Clone, Debug)]
pub struct ImportRules {
    /// The campaign's template: each recipient must have the values that it
    /// requires.
    pub template: Template,
    /// The country of numbers without a country code.
    pub home: Home,
    /// The heading of the phone column, if the user chose one.
    pub column: Option<String>,
    /// The heading of the name column, if the user chose one.
    pub name: Option<String>,
    /// The character encoding, if the user chose one.
    pub encoding: Option<Charset>,
    /// The sheet of a workbook, by its name or its position from 1, if the user chose one.
    pub sheet: Option<String>,
    /// The separator between the cells of a CSV, if the user chose one.
    pub separator: Option<u8>,
}

/// A recipient of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The line on which the row begins, or the element's number in an array; both from 1.
    pub line: u64,
    /// The WhatsApp address.
    pub recipient: Recipient,
    /// ISO code of the country of the number; `None` for a WhatsApp id.
    pub country: Option<String>,
    /// Values of the other columns.
    pub fields: Fields,
    /// All cells of a table's line, while the line may still be rejected for
    /// its encoding. Empty when the row reaches the sink.
    cells: Vec<String>,
}

// Personal data of the customer's contacts stays out of logs.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("line", &self.line)
            .field("recipient", &self.recipient)
            .finish_non_exhaustive()
    }
}

/// A row that was rejected.
#[derive(Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// The line on which the row begins, or the element's number in an array; both from 1.
    pub line: u64,
    /// Error code.
    pub code: &'static str,
    /// Human-readable reason.
    pub reason: String,
    /// Content of the phone cell, truncated.
    pub cell: String,
    /// All cells of a table's line, for the user to correct; empty for JSON.
    pub cells: Vec<String>,
}

impl std::fmt::Debug for RejectedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusal")
            .field("line", &self.line)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// Detected layout of a CSV file or a workbook's sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Separator between the cells; `None` for a workbook.
    pub separator: Option<char>,
    /// The sheet that is read; `None` for a CSV.
    pub sheet: Option<String>,
    /// The sheets to choose from.
    pub sheets: Vec<String>,
    /// The headings as written, or generated if there are none.
    pub titles: Vec<String>,
    /// The line of the heading; `None` if the table has no heading.
    pub heading: Option<u64>,
    /// Headings of the phone columns, in order of preference.
    pub numbers: Vec<String>,
    /// Heading of the name column.
    pub name: Option<String>,
}

/// An item that the parser emits, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The detected layout, before the first row of a table.
    Shape(Shape),
    /// The detected encoding, at the end.
    Encoding(&'static str),
    /// Names of the columns except the phone columns. They come before the
    /// first row of a table; in JSON, when they first appear.
    Columns(Vec<String>),
    /// A recipient.
    Row(Row),
    /// A row that was rejected.
    Refused(RejectedRow),
}

/// An error that ends an import.
#[derive(Debug, thiserror::Error)]
pub enum ImportFault {
    /// The upload broke off.
    #[error("the upload of the list was interrupted: {0}")]
    Io(#[source] io::Error),
    /// The sink cancelled the import.
    #[error("the import was aborted")]
    GivenUp,
    /// The list is empty.
    #[error("the list is empty")]
    Empty,
    /// The file is an `.xls`, or a workbook with a password.
    #[error(
        "this is an Excel workbook from before 2007, or one with a password: save it as .xlsx without a password, or as CSV"
    )]
    Workbook,
    /// The workbook is damaged, or the zip is not a workbook.
    #[error("the workbook cannot be read: {reason}")]
    WorkbookUnreadable {
        /// The error of the parser.
        reason: String,
    },
    /// The workbook or its content exceeds a limit.
    #[error(
        "the workbook is too large or contains too much: save the sheet as CSV and upload that"
    )]
    WorkbookTooLarge,
    /// The chosen sheet does not exist.
    #[error(
        "the workbook has no sheet with this name (found: {})",
        shorten_names(found)
    )]
    NoSuchSheet {
        /// The sheets.
        found: Vec<String>,
    },
    /// No column holds the phone number.
    #[error(
        "no column contains the number: name one telefono or celular, or select one with ?columna= (found: {})",
        shorten_names(found)
    )]
    NoPhoneColumn {
        /// The headings.
        found: Vec<String>,
    },
    /// The chosen column does not exist.
    #[error("there is no column {name} (found: {})", shorten_names(found))]
    NoSuchColumn {
        /// The name that was chosen.
        name: String,
        /// The headings.
        found: Vec<String>,
    },
    /// Two columns have the same name.
    #[error("two columns have the name {name}")]
    SameColumn {
        /// Their name.
        name: String,
    },
    /// The table has more than [`MAX_COLUMNS`] columns.
    #[error("more than {MAX_COLUMNS} columns")]
    TooManyColumns,
    /// The text needs columns that the list does not have.
    #[error("the text uses columns that the list does not have: {names}")]
    MissingColumns {
        /// Their names.
        names: String,
    },
    /// A record is larger than [`MAX_RECORD_BYTES`].
    #[error(
        "line {line}: more than {MAX_RECORD_BYTES} bytes; is a closing quotation mark missing?"
    )]
    RecordTooLarge {
        /// The line on which it begins.
        line: u64,
    },
    /// The list is not JSON.
    #[error("the list is not JSON (line {line}, column {column})")]
    NotJson {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
}

impl ImportFault {
    /// Returns the error code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) | Self::GivenUp => "LIST_BROKE_OFF",
            Self::Empty => "LIST_EMPTY",
            Self::Workbook => "LIST_IS_WORKBOOK",
            Self::WorkbookUnreadable { .. } => "LIST_WORKBOOK_UNREADABLE",
            Self::WorkbookTooLarge => "LIST_WORKBOOK_TOO_LARGE",
            Self::NoSuchSheet { .. } => "LIST_SHEET_UNKNOWN",
            Self::NoPhoneColumn { .. } => "LIST_WITHOUT_PHONE",
            Self::NoSuchColumn { .. } => "LIST_COLUMN_UNKNOWN",
            Self::SameColumn { .. } => "LIST_SAME_COLUMN",
            Self::TooManyColumns => "LIST_TOO_MANY_COLUMNS",
            Self::MissingColumns { .. } => "LIST_MISSING_COLUMNS",
            Self::RecordTooLarge { .. } => "LIST_RECORD_TOO_LARGE",
            Self::NotJson { .. } => "LIST_NOT_JSON",
        }
    }

    /// Returns the headings to choose a column from, if a column was not found.
    #[must_use]
    pub fn titles(&self) -> Option<&[String]> {
        match self {
            Self::NoPhoneColumn { found } | Self::NoSuchColumn { found, .. } => Some(found),
            _ => None,
        }
    }

    /// Returns the sheets to choose from, if the chosen sheet was not found.
    #[must_use]
    pub fn sheets(&self) -> Option<&[String]> {
        match self {
            Self::NoSuchSheet { found } => Some(found),
            _ => None,
        }
    }
}

/// Formats names for an error message: the first ones, shortened.
fn shorten_names(names: &[String]) -> String {
    let shorten = |text: &String| text.chars().take(30).collect::<String>();
    let names: Vec<_> = names.iter().take(20).map(shorten).collect();
    names.join(", ")
}

impl From<io::Error> for ImportFault {
    fn from(error: io::Error) -> Self {
        // The decoder is wrapped in readers whose only error type is [`io::Error`].
        match error.downcast::<Self>() {
            Ok(fault) => fault,
            Err(error) => Self::Io(error),
        }
    }
}

/// Consumer of the items; returning `false` cancels the import.
pub trait Sink: FnMut(Item) -> bool {}
impl<F: FnMut(Item) -> bool> Sink for F {}

/// Reads a list: CSV, JSON (which begins with a bracket or a brace) or a
/// workbook (which begins as a zip file).
///
/// # Errors
/// [`ImportFault`]; the items before the fault have already reached `sink`.
pub fn read(
    mut source: impl Read,
    rules: &ImportRules,
    sink: &mut impl Sink,
) -> Result<(), ImportFault> {
    let mut first = Vec::new();
    source.by_ref().take(4).read_to_end(&mut first)?;
    let is_workbook = workbook::is_workbook(&first);
    let source = Cursor::new(first).chain(source);
    if is_workbook {
        let mut check = EncodingCheck::new(rules, None);
        let result = workbook::read(source, rules, &mut |item| check.check(item, sink));
        // Rows before the fault count, including those that are held.
        check.finish(sink)?;
        return result;
    }
    let decoded = Utf8::new(source).decoded_as(rules.encoding);
    let seen = decoded.seen();
    let mut check = EncodingCheck::new(rules, Some(Rc::clone(&seen)));
    let result = read_text(
        BufReader::with_capacity(MAX_RECORD_BYTES, decoded),
        rules,
        &mut |item| check.check(item, sink),
    );
    check.finish(sink)?;
    result?;
    emit(sink, Item::Encoding(seen.get()))
}

fn read_text(
    mut text: impl BufRead,
    rules: &ImportRules,
    sink: &mut impl Sink,
) -> Result<(), ImportFault> {
    let mut line = 1;
    skip_line_ends(&mut text, &mut line)?;
    loop {
        let ahead = text.fill_buf()?;
        let first = ahead
            .iter()
            .find(|byte| !matches!(byte, b' ' | b'\r' | b'\n'));
        match first {
            None if ahead.is_empty() => return Err(ImportFault::Empty),
            None => {
                let count = ahead.len();
                line += line_ends(ahead);
                text.consume(count);
            }
            Some(b'[') => return json::read_array(text, rules, sink),
            Some(b'{') => return json::read_lines(text, line, rules, sink),
            Some(_) => return csv::read(text, line, rules, sink),
        }
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// Skips empty lines and counts them, so that line numbers stay correct.
fn skip_line_ends(text: &mut impl BufRead, line: &mut u64) -> Result<(), ImportFault> {
    loop {
        let ahead = text.fill_buf()?;
        let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let count = ahead.iter().take_while(is_end).count();
        *line += line_ends(&ahead[..count]);
        let is_over = count < ahead.len() || ahead.is_empty();
        text.consume(count);
        if is_over {
            return Ok(());
        }
    }
}

/// Passes an item to the sink.
fn emit(sink: &mut impl Sink, item: Item) -> Result<(), ImportFault> {
    if sink(item) {
        Ok(())
    } else {
        Err(ImportFault::GivenUp)
    }
}

#[cfg(test)]
mod tests;
