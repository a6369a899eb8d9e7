//! Reads CSV as spreadsheets write it: separated by `;`, `,` or tabs, quoted or not.

use std::io::{BufRead, Cursor, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::record::{Record, Records};
use super::table::{self, Origin};
use super::{
    ImportFault, ImportRules, MAX_COLUMNS, MAX_RECORD_BYTES, Sink, line_ends, skip_line_ends,
};

/// Possible separators. If two are equally frequent in the heading, the first one here wins.
const DELIMITERS: [u8; 4] = *b";,\t|";

/// Number of lines in which the separator is detected.
const LINES_AHEAD: usize = 10;

pub(super) fn read(
    mut text: impl BufRead,
    mut line: u64,
    rules: &ImportRules,
    sink: &mut impl Sink,
) -> Result<(), ImportFault> {
    let mut ahead = first_line(&mut text)?;
    let declared = declared_separator(&ahead);
    if declared.is_some() {
        line += 1;
        ahead = first_line(&mut text)?;
    }
    let declared = rules.separator.or(declared);
    let mut fault = None;
    for _ in 1..LINES_AHEAD {
        if declared.is_some() || ahead.len() >= MAX_RECORD_BYTES {
            break;
        }
        match first_line(&mut text) {
            Ok(line) => ahead.extend(line),
            Err(error) => {
                // The lines before the error are still imported.
                fault = Some(error);
                break;
            }
        }
    }
    let delimiter = declared.unwrap_or_else(|| detect_separator(&ahead));
    let rest = text.take(if fault.is_some() { 0 } else { u64::MAX });
    let mut records = CsvRecords::new(Cursor::new(ahead).chain(rest), delimiter, line);
    let origin = Origin {
        separator: Some(delimiter.into()),
        sheet: None,
        sheets: Vec::new(),
    };
    table::read(&mut records, origin, rules, sink)?;
    fault.map_or(Ok(()), Err)
}

/// Records, each with the line on which it begins.
struct CsvRecords<R> {
    text: R,
    reader: Reader,
    line: u64,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: BufRead> CsvRecords<R> {
    fn new(text: R, delimiter: u8, line: u64) -> Self {
        Self {
            text,
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            line,
            cells: vec![0; MAX_RECORD_BYTES],
            ends: vec![0; MAX_COLUMNS + 1],
        }
    }
}

impl<R: BufRead> Records for CsvRecords<R> {
    fn next(&mut self) -> Result<Option<Record>, ImportFault> {
        skip_line_ends(&mut self.text, &mut self.line)?;
        let begin = self.line;
        let (mut length, mut count) = (0, 0);
        loop {
            let ahead = self.text.fill_buf()?;
            let (result, read, written, ended) =
                self.reader
                    .read_record(ahead, &mut self.cells[length..], &mut self.ends[count..]);
            self.line += line_ends(&ahead[..read]);
            self.text.consume(read);
            length += written;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    return Err(ImportFault::RecordTooLarge { line: begin });
                }
                ReadRecordResult::OutputEndsFull => return Err(ImportFault::TooManyColumns),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        let mut start = 0;
        let cells = self.ends[..count].iter().map(|end| {
            let cell = String::from_utf8_lossy(&self.cells[start..*end]).into_owned();
            start = *end;
            cell
        });
        Ok(Some(Record {
            line: begin,
            cells: cells.collect(),
        }))
    }
}

/// Reads up to the end of the first line, in which the separator may be declared.
fn first_line(text: &mut impl BufRead) -> Result<Vec<u8>, ImportFault> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_RECORD_BYTES).unwrap_or(u64::MAX);
    text.take(limit).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// Returns the separator that Excel's own first line `sep=;` declares.
fn declared_separator(first: &[u8]) -> Option<u8> {
    match first.trim_ascii_end() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', declared] => Some(*declared),
        _ => None,
    }
}

/// Returns the separator that occurs in most of these lines, outside quotes; on
/// a tie, the one that is more frequent in the first line that has any. A title
/// above the table has no separator, or one that the table's lines do not have.
fn detect_separator(ahead: &[u8]) -> u8 {
    let mut lines = [0_usize; DELIMITERS.len()];
    let mut first = None;
    let mut in_quotes = false;
    for line in ahead.split(|byte| matches!(byte, b'\r' | b'\n')) {
        let mut counts = [0_usize; DELIMITERS.len()];
        for byte in line {
            match byte {
                b'"' => in_quotes = !in_quotes,
                _ if in_quotes => {}
                _ => {
                    if let Some(found) = DELIMITERS.iter().position(|it| it == byte) {
                        counts[found] += 1;
                    }
                }
            }
        }
        for (lines, count) in lines.iter_mut().zip(counts) {
            *lines += usize::from(count > 0);
        }
        if first.is_none() && counts.iter().any(|count| *count > 0) {
            first = Some(counts);
        }
    }
    let first = first.unwrap_or_default();
    let rank = |index: &usize| (lines[*index], first[*index], std::cmp::Reverse(*index));
    let best = (0..DELIMITERS.len()).max_by_key(rank).unwrap_or(0);
    DELIMITERS[best]
}
