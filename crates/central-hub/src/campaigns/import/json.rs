//! Reads JSON: one array of objects, or one object per line (NDJSON).
//!
//! An element may also be just the phone number, as a string.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::row_validation::{first_filled, refusal, validate_row};
use super::{ImportFault, ImportRules, Item, MAX_COLUMNS, MAX_RECORD_BYTES, Sink, emit};
use crate::campaigns::columns::{self, Fields, NAME};
use crate::campaigns::heading_recognition;

/// Reads one array.
pub(super) fn read_array(
    text: impl BufRead,
    rules: &ImportRules,
    sink: &mut impl Sink,
) -> Result<(), ImportFault> {
    let remaining = Rc::new(Cell::new(MAX_RECORD_BYTES));
    let bounded = Bounded {
        text,
        left: Rc::clone(&remaining),
    };
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_reader(bounded);
    let elements = Elements {
        left: &remaining,
        elements: ElementReader::new(rules, sink),
        fault: &mut fault,
    };
    let read = deserializer.deserialize_seq(elements);
    let read = read.and_then(|()| deserializer.end());
    match (fault, read) {
        (Some(fault), _) => Err(fault),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) if error.is_io() => Err(io::Error::from(error).into()),
        (None, Err(error)) => Err(ImportFault::NotJson {
            line: error.line(),
            column: error.column(),
        }),
    }
}

/// Reads one object per line (NDJSON). A line that is not JSON is rejected, and reading continues.
pub(super) fn read_lines(
    mut text: impl BufRead,
    first: u64,
    rules: &ImportRules,
    sink: &mut impl Sink,
) -> Result<(), ImportFault> {
    let mut reader = ElementReader::new(rules, sink);
    let mut line = Vec::new();
    for number in first.. {
        line.clear();
        let limit = u64::try_from(MAX_RECORD_BYTES).unwrap_or(u64::MAX);
        let read = text.by_ref().take(limit).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        if read == MAX_RECORD_BYTES && !line.ends_with(b"\n") {
            return Err(ImportFault::RecordTooLarge { line: number });
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(value) => reader.element(number, &value)?,
            Err(error) => {
                let reason = format!("this line is not JSON (column {})", error.column());
                let refused = refusal(number, "NOT_JSON", reason, "");
                emit(reader.sink, refused)?;
            }
        }
    }
    Ok(())
}

/// A reader that yields at most the maximum size of one element. The array
/// visitor resets the limit before each element.
struct Bounded<R> {
    text: R,
    left: Rc<Cell<usize>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            let fault = ImportFault::RecordTooLarge { line: 0 };
            return Err(io::Error::other(fault));
        }
        let max_length = buffer.len().min(self.left.get());
        let read = self.text.read(&mut buffer[..max_length])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

struct Elements<'a, S> {
    left: &'a Cell<usize>,
    elements: ElementReader<'a, S>,
    fault: &'a mut Option<ImportFault>,
}

impl<'de, S: Sink> Visitor<'de> for Elements<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut number = 0;
        loop {
            number += 1;
            self.left.set(MAX_RECORD_BYTES);
            let next = seq.next_element::<Value>();
            if self.left.get() == 0 && next.is_err() {
                *self.fault = Some(ImportFault::RecordTooLarge { line: number });
            }
            let Some(value) = next? else { return Ok(()) };
            if let Err(fault) = self.elements.element(number, &value) {
                *self.fault = Some(fault);
                return Err(serde::de::Error::custom("given up"));
            }
        }
    }
}

struct ElementReader<'a, S> {
    rules: &'a ImportRules,
    sink: &'a mut S,
    columns: Vec<String>,
}

impl<'a, S: Sink> ElementReader<'a, S> {
    fn new(rules: &'a ImportRules, sink: &'a mut S) -> Self {
        Self {
            rules,
            sink,
            columns: Vec::new(),
        }
    }

    fn element(&mut self, line: u64, value: &Value) -> Result<(), ImportFault> {
        let item = match value {
            Value::String(cell) => validate_row(line, cell, Fields::new(), self.rules),
            Value::Object(object) => self.object(line, object)?,
            _ => refusal(
                line,
                "NOT_AN_OBJECT",
                "it must be an object such as {\"telefono\":\"549…\",\"nombre\":\"Ana\"}",
                "",
            ),
        };
        emit(self.sink, item)
    }

    fn object(&mut self, line: u64, object: &Map<String, Value>) -> Result<Item, ImportFault> {
        let keys: Vec<_> = object.keys().map(|key| columns::key(key)).collect();
        let chosen = |name: &Option<String>| {
            let wanted_key = name.as_deref().map(columns::key)?;
            Some(keys.iter().position(|key| *key == wanted_key))
        };
        let phones: Vec<_> = match chosen(&self.rules.column) {
            Some(chosen) => chosen.into_iter().collect(),
            None => heading_recognition::phone_columns(&keys),
        };
        if phones.is_empty() {
            let reason =
                "no field contains the number: name it telefono, celular, destinatario or phone";
            return Ok(refusal(line, "WITHOUT_PHONE", reason, ""));
        }
        let mut cells = vec![None; keys.len()];
        let mut fields = Fields::new();
        for (index, (key, value)) in keys.iter().zip(object.values()).enumerate() {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.trim().to_owned(),
                Value::Bool(yes) => yes.to_string(),
                // A phone number written as 5.49116e12 has lost digits.
                Value::Number(number) if phones.contains(&index) && number.is_f64() => {
                    let reason = "the number is not an integer: send it as text";
                    return Ok(refusal(line, "PHONE_FRACTION", reason, &number.to_string()));
                }
                Value::Number(number) => number.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    let reason = format!("{key} is neither text nor a number");
                    return Ok(refusal(line, "NOT_A_VALUE", reason, ""));
                }
            };
            if phones.contains(&index) {
                cells[index] = Some(text.clone());
            }
            if !key.is_empty() && !text.is_empty() {
                fields.entry(key.clone()).or_insert(text);
            }
        }
        let name =
            chosen(&self.rules.name).unwrap_or_else(|| heading_recognition::name_column(&keys));
        let name = name.and_then(|name| fields.get(&keys[name]).cloned());
        if let Some(name) = name {
            fields.entry(NAME.to_owned()).or_insert(name);
        }
        self.note(&fields)?;
        let cell = first_filled(&phones, |at| cells[at].as_deref());
        Ok(validate_row(line, cell, fields, self.rules))
    }

    /// Emits the columns that this element is the first to have.
    fn note(&mut self, fields: &Fields) -> Result<(), ImportFault> {
        let is_new = |key: &&String| !self.columns.contains(key);
        let new: Vec<_> = fields.keys().filter(is_new).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        self.columns.extend(new.iter().cloned());
        if self.columns.len() > MAX_COLUMNS {
            return Err(ImportFault::TooManyColumns);
        }
        emit(self.sink, Item::Columns(new))
    }
}
