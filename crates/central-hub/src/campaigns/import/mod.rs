//! A list of recipients, as it streams in.
//!
//! ```text
//!  bytes ─> decode (UTF-8, UTF-16, Windows-1252) ─┬─> csv ────┐
//!                                                 └─> json ───┴─> judge ─> row, or refused and why
//! ```
//!
//! Nothing grows with the list: one record is held at a time, and a record
//! has a largest size. A line that cannot be used is told and passed over; a
//! list that cannot be read at all is a [`ImportFault`].

mod csv;
mod decode;
mod json;
mod judge;

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::Encoding;
use phone_number::Home;
use session_api::Recipient;

use super::columns::Fields;
use super::template::Template;

pub use decode::Utf8;

/// The largest line or element, in bytes.
pub const LARGEST_RECORD: usize = 64 * 1024;
/// The most columns.
pub const MOST_COLUMNS: usize = 100;
/// The longest value, in characters.
pub const LONGEST_VALUE: usize = 4096;

/// What a list is judged by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The campaign's text: each recipient has to have what it needs.
    pub template: Template,
    /// Where numbers without a country are from.
    pub home: Home,
    /// The heading of the number's column, where somebody chose it.
    pub column: Option<String>,
    /// The heading of the name's column, likewise.
    pub name: Option<String>,
    /// What the bytes are, where somebody said it.
    pub encoding: Option<&'static Encoding>,
}

/// One recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The line it begins on, or the element's number in an array; from 1.
    pub line: u64,
    /// To whom.
    pub recipient: Recipient,
    /// The two letters of the number's country; nothing for a WhatsApp id.
    pub country: Option<String>,
    /// What is known of them.
    pub fields: Fields,
}

// Names and whatever else the list holds are the customer's.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("line", &self.line)
            .field("recipient", &self.recipient)
            .finish_non_exhaustive()
    }
}

/// A line that cannot be used.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line it begins on, or the element's number in an array; from 1.
    pub line: u64,
    /// The machine's word for why.
    pub code: &'static str,
    /// For a person.
    pub reason: String,
    /// What stood in the number's cell, shortened.
    pub cell: String,
}

impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusal")
            .field("line", &self.line)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// How a CSV is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What stands between two cells.
    pub separator: char,
    /// The headings of the numbers' columns, the one to take first at first.
    pub numbers: Vec<String>,
    /// The heading of the name's.
    pub name: Option<String>,
}

/// What comes out of a list, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// How it is read, before the first line of a CSV.
    Shape(Shape),
    /// What the bytes are, at the end.
    Encoding(&'static str),
    /// The columns, but for the number's, before the first line of a CSV; one
    /// by one as they turn up in JSON.
    Columns(Vec<String>),
    /// A recipient.
    Row(Row),
    /// A line that cannot be used.
    Refused(Refusal),
}

/// Why a list cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportFault {
    /// It stopped arriving.
    #[error("the list broke off: {0}")]
    Io(#[source] io::Error),
    /// Nobody wants the rest.
    #[error("the import was given up")]
    GivenUp,
    /// There is nothing in it.
    #[error("the list is empty")]
    Empty,
    /// An `.xlsx` or `.xls`.
    #[error("this is an Excel workbook: save it as CSV and upload that")]
    Workbook,
    /// No column with the number.
    #[error(
        "no column holds the number: name one telefono or celular, or say which one with ?columna= (found: {found})"
    )]
    NoPhoneColumn {
        /// The headings.
        found: String,
    },
    /// A column that was asked for.
    #[error("no column is called {name} (found: {found})")]
    NoSuchColumn {
        /// As it was asked for.
        name: String,
        /// The headings.
        found: String,
    },
    /// Two columns with one name.
    #[error("two columns are called {name}")]
    SameColumn {
        /// Their name.
        name: String,
    },
    /// More than [`MOST_COLUMNS`].
    #[error("more than {MOST_COLUMNS} columns")]
    TooManyColumns,
    /// The text needs columns that the list has not.
    #[error("the text needs columns that the list has not: {names}")]
    MissingColumns {
        /// Their names.
        names: String,
    },
    /// A record larger than [`LARGEST_RECORD`].
    #[error("line {line}: more than {LARGEST_RECORD} bytes; is a quotation mark left open?")]
    RecordTooLarge {
        /// Where it begins.
        line: u64,
    },
    /// Not JSON.
    #[error("the list is not JSON (line {line}, column {column})")]
    NotJson {
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
}

impl ImportFault {
    /// The machine's word for it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) | Self::GivenUp => "LIST_BROKE_OFF",
            Self::Empty => "LIST_EMPTY",
            Self::Workbook => "LIST_IS_WORKBOOK",
            Self::NoPhoneColumn { .. } => "LIST_WITHOUT_PHONE",
            Self::NoSuchColumn { .. } => "LIST_COLUMN_UNKNOWN",
            Self::SameColumn { .. } => "LIST_SAME_COLUMN",
            Self::TooManyColumns => "LIST_TOO_MANY_COLUMNS",
            Self::MissingColumns { .. } => "LIST_MISSING_COLUMNS",
            Self::RecordTooLarge { .. } => "LIST_RECORD_TOO_LARGE",
            Self::NotJson { .. } => "LIST_NOT_JSON",
        }
    }
}

impl From<io::Error> for ImportFault {
    fn from(error: io::Error) -> Self {
        // The decoder is below readers that know only this kind of error.
        match error.downcast::<Self>() {
            Ok(fault) => fault,
            Err(error) => Self::Io(error),
        }
    }
}

/// What is done with each item; `false` gives the import up.
pub trait Sink: FnMut(Item) -> bool {}
impl<F: FnMut(Item) -> bool> Sink for F {}

/// Reads a list, CSV or JSON: JSON begins with a bracket or a brace.
///
/// # Errors
/// [`ImportFault`]; what came before it has been told.
pub fn read(source: impl Read, rules: &Rules, sink: &mut impl Sink) -> Result<(), ImportFault> {
    let decoded = Utf8::new(source).decoded_as(rules.encoding);
    let seen = decoded.seen();
    read_text(
        BufReader::with_capacity(LARGEST_RECORD, decoded),
        rules,
        sink,
    )?;
    tell(sink, Item::Encoding(seen.get()))
}

fn read_text(
    mut text: impl BufRead,
    rules: &Rules,
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

/// Past empty lines, so that it is known where the next record begins.
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

/// Tells an item.
fn tell(sink: &mut impl Sink, item: Item) -> Result<(), ImportFault> {
    if sink(item) {
        Ok(())
    } else {
        Err(ImportFault::GivenUp)
    }
}

#[cfg(test)]
mod tests;
