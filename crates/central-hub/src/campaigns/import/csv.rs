//! CSV as spreadsheets write it: `;`, `,` or tabs, quoted or not.

use std::io::{BufRead, Cursor, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::judge::{first_filled, judge, refusal};
use super::{
    ImportFault, Item, LARGEST_RECORD, MOST_COLUMNS, Rules, Shape, Sink, line_ends, skip_line_ends,
    tell,
};
use crate::campaigns::columns::{self, Fields, NAME};

/// What may stand between two cells; of two that are as frequent in the
/// heading, the first.
const DELIMITERS: [u8; 4] = *b";,\t|";

pub(super) fn read(
    mut text: impl BufRead,
    mut line: u64,
    rules: &Rules,
    sink: &mut impl Sink,
) -> Result<(), ImportFault> {
    let mut first = first_line(&mut text)?;
    let said = said(&first);
    if said.is_some() {
        line += 1;
        first = first_line(&mut text)?;
    }
    let delimiter = said.unwrap_or_else(|| delimiter(&first));
    let mut records = Records::new(Cursor::new(first).chain(text), delimiter, line);
    let Some((_, headings)) = records.next()? else {
        return Err(ImportFault::Empty);
    };
    let heading = Heading::read(&headings, rules)?;
    heading.check(rules)?;
    let title = |at: &usize| headings.get(*at).cloned().unwrap_or_default();
    let shape = Shape {
        separator: delimiter.into(),
        numbers: heading.phones.iter().map(title).collect(),
        name: heading.name.as_ref().map(title),
    };
    tell(sink, Item::Shape(shape))?;
    tell(sink, Item::Columns(heading.names()))?;
    while let Some((line, cells)) = records.next()? {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            // Spreadsheets end their lists with these.
            continue;
        }
        let item = match cells.get(heading.keys.len()..) {
            Some(more) if more.iter().any(|cell| !cell.trim().is_empty()) => {
                let reason = format!(
                    "{} cells under {} headings: quote a value that holds the separator",
                    cells.len(),
                    heading.keys.len()
                );
                refusal(line, "TOO_MANY_CELLS", reason, "")
            }
            _ => {
                let cell = first_filled(&heading.phones, |at| cells.get(at).map(String::as_str));
                judge(line, cell, heading.fields(&cells), rules)
            }
        };
        tell(sink, item)?;
    }
    Ok(())
}

/// What the columns are.
struct Heading {
    keys: Vec<String>,
    /// The number's column, and those that stand in for it where it is empty.
    phones: Vec<usize>,
    name: Option<usize>,
}

impl Heading {
    fn read(headings: &[String], rules: &Rules) -> Result<Self, ImportFault> {
        let keys: Vec<_> = headings.iter().map(|it| columns::key(it)).collect();
        for (index, key) in keys.iter().enumerate() {
            if !key.is_empty() && keys[..index].contains(key) {
                return Err(ImportFault::SameColumn { name: key.clone() });
            }
        }
        let column = |name: &str| {
            let wanted = columns::key(name);
            let found = keys.iter().position(|key| *key == wanted);
            found.ok_or_else(|| ImportFault::NoSuchColumn {
                name: name.chars().take(30).collect(),
                found: shown(headings),
            })
        };
        let phones = match &rules.column {
            Some(name) => vec![column(name)?],
            None => columns::phone_columns(&keys),
        };
        if phones.is_empty() {
            return Err(ImportFault::NoPhoneColumn {
                found: shown(headings),
            });
        }
        let name = match &rules.name {
            Some(name) => Some(column(name)?),
            None => columns::name_column(&keys),
        };
        Ok(Self { keys, phones, name })
    }

    /// Whether the text finds what it needs.
    fn check(&self, rules: &Rules) -> Result<(), ImportFault> {
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

    /// The columns that a template may name.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .keys
            .iter()
            .filter(|key| !key.is_empty())
            .cloned()
            .collect();
        if self.name.is_some() && !names.iter().any(|name| name == NAME) {
            names.push(NAME.to_owned());
        }
        names
    }

    fn fields(&self, cells: &[String]) -> Fields {
        let mut fields: Fields = self
            .keys
            .iter()
            .zip(cells)
            .filter(|(key, value)| !key.is_empty() && !value.trim().is_empty())
            .map(|(key, value)| (key.clone(), value.trim().to_owned()))
            .collect();
        let name = self
            .name
            .and_then(|name| cells.get(name))
            .map(|name| name.trim());
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            fields
                .entry(NAME.to_owned())
                .or_insert_with(|| name.to_owned());
        }
        fields
    }
}

/// The headings, for a person.
fn shown(headings: &[String]) -> String {
    let shown = |text: &String| text.chars().take(30).collect::<String>();
    let found: Vec<_> = headings.iter().take(20).map(shown).collect();
    found.join(", ")
}

/// Records with the line on which they begin.
struct Records<R> {
    text: R,
    reader: Reader,
    line: u64,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: BufRead> Records<R> {
    fn new(text: R, delimiter: u8, line: u64) -> Self {
        Self {
            text,
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            line,
            cells: vec![0; LARGEST_RECORD],
            ends: vec![0; MOST_COLUMNS + 1],
        }
    }

    fn next(&mut self) -> Result<Option<(u64, Vec<String>)>, ImportFault> {
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
        let mut from = 0;
        let cells = self.ends[..count].iter().map(|end| {
            let cell = String::from_utf8_lossy(&self.cells[from..*end]).into_owned();
            from = *end;
            cell
        });
        Ok(Some((begin, cells.collect())))
    }
}

/// Reads up to the end of the first line: what the separator is found in.
fn first_line(text: &mut impl BufRead) -> Result<Vec<u8>, ImportFault> {
    let mut line = Vec::new();
    let most = u64::try_from(LARGEST_RECORD).unwrap_or(u64::MAX);
    text.take(most).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// What Excel's own first line `sep=;` says.
fn said(first: &[u8]) -> Option<u8> {
    match first.trim_ascii_end() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', said] => Some(*said),
        _ => None,
    }
}

/// What the heading has most of, outside quotes.
fn delimiter(heading: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut in_quotes = false;
    for byte in heading {
        match byte {
            b'"' => in_quotes = !in_quotes,
            b'\r' | b'\n' if !in_quotes => break,
            _ if in_quotes => {}
            _ => {
                if let Some(found) = DELIMITERS.iter().position(|it| it == byte) {
                    counts[found] += 1;
                }
            }
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let index = counts.iter().position(|count| *count == most).unwrap_or(0);
    DELIMITERS[index]
}
