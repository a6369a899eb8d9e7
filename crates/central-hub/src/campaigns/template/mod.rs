//! Parses and fills in the text of a campaign:
//! `Hola {nombre}, de {empresa|su empresa}`.
//!
//! ```text
//!  {nombre}          the value of the column; a recipient without one is rejected
//!  {nombre|cliente}  the value, or the default after the bar
//!  {{ and }}         one brace
//! ```
//!
//! A text is parsed once, which finds errors and their position. Filling it in
//! cannot fail, and a filled-in value is never parsed as a template.

use std::fmt;

use super::columns::{self, Fields};

/// Maximum length of a variable name, in characters.
const MAX_NAME_LENGTH: usize = 64;

/// A position in a text, as an editor shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Number of characters before the position.
    pub offset: usize,
    /// The line number, from 1.
    pub line: usize,
    /// The column number in characters, from 1.
    pub column: usize,
}

/// The kinds of template errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The template is empty.
    Empty,
    /// A `{` without its `}`.
    Unclosed,
    /// A `}` without its `{`.
    Unopened,
    /// `{}`, or a name without letters or digits.
    Nameless,
    /// A name longer than any column's name.
    NameTooLong,
    /// A name that no column has.
    Unknown,
}

impl Fault {
    /// Returns the machine-readable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "TEMPLATE_EMPTY",
            Self::Unclosed => "TEMPLATE_UNCLOSED_BRACE",
            Self::Unopened => "TEMPLATE_UNOPENED_BRACE",
            Self::Nameless => "TEMPLATE_NAMELESS_VARIABLE",
            Self::NameTooLong => "TEMPLATE_NAME_TOO_LONG",
            Self::Unknown => "TEMPLATE_UNKNOWN_VARIABLE",
        }
    }
}

/// An error in a template, with its position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TemplateError {
    /// The kind of error.
    pub fault: Fault,
    /// The position of the error.
    pub place: Position,
    /// The name of the variable, if any.
    pub variable: Option<String>,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.variable.as_deref().unwrap_or_default();
        let Position { line, column, .. } = self.place;
        match self.fault {
            Fault::Empty => return f.write_str("the text is empty"),
            Fault::Unclosed => f.write_str("a { that is never closed: write {{ for a brace")?,
            Fault::Unopened => f.write_str("a } that nothing opens: write }} for a brace")?,
            Fault::Nameless => f.write_str("braces without a column name")?,
            Fault::NameTooLong => {
                write!(
                    f,
                    "a variable name longer than {MAX_NAME_LENGTH} characters"
                )?;
            }
            Fault::Unknown => write!(f, "{{{name}}} is not a column of the list")?,
        }
        write!(f, " (line {line}, column {column})")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable {
        key: String,
        default: Option<String>,
        place: Position,
        written: String,
    },
}

/// A parsed template.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

// The text belongs to the customer and stays out of logs.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("variables", &self.variables())
            .finish_non_exhaustive()
    }
}

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// The first error, with its position.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Parser::new(text).parse()
    }

    /// Parses the text of a stored campaign, which may still be missing in a
    /// draft.
    ///
    /// # Errors
    /// The first error, with its position.
    pub fn stored(text: &str) -> Result<Self, TemplateError> {
        if text.is_empty() {
            return Ok(Self { parts: Vec::new() });
        }
        Self::parse(text)
    }

    /// Returns whether the template has no text yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns the columns that the template uses, each once, in order of appearance.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for part in &self.parts {
            if let Part::Variable { key, .. } = part
                && !names.contains(&key.as_str())
            {
                names.push(key.as_str());
            }
        }
        names
    }

    /// Returns the columns in which a recipient must have a value.
    #[must_use]
    pub fn required(&self) -> Vec<&str> {
        let mut names = self.variables();
        names.retain(|name| self.needs(name));
        names
    }

    fn needs(&self, name: &str) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Variable { key, default: None, .. } if key == name))
    }

    /// Checks that a list with these columns can fill the template.
    ///
    /// # Errors
    /// The first variable that is not a column.
    pub fn check(&self, columns: &[String]) -> Result<(), TemplateError> {
        for part in &self.parts {
            if let Part::Variable {
                key,
                place,
                written,
                ..
            } = part
                && !columns::is_known(key, columns.iter().map(String::as_str))
            {
                return Err(TemplateError {
                    fault: Fault::Unknown,
                    place: *place,
                    variable: Some(written.clone()),
                });
            }
        }
        Ok(())
    }

    /// Returns the first required column in which this recipient has no value.
    #[must_use]
    pub fn missing(&self, fields: &Fields) -> Option<&str> {
        self.parts.iter().find_map(|part| match part {
            Part::Variable {
                key, default: None, ..
            } if columns::value(fields, key).is_none() => Some(key.as_str()),
            _ => None,
        })
    }

    /// Returns the text for this recipient. A missing value becomes empty;
    /// check [`Template::missing`] first.
    #[must_use]
    pub fn fill(&self, fields: &Fields) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable { key, default, .. } => {
                    let value = columns::value(fields, key).or(default.as_deref());
                    text.push_str(value.unwrap_or_default());
                }
            }
        }
        text
    }
}

struct Parser<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    place: Position,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars().peekable(),
            place: Position {
                offset: 0,
                line: 1,
                column: 1,
            },
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.place.offset += 1;
        if c == '\n' {
            self.place.line += 1;
            self.place.column = 1;
        } else {
            self.place.column += 1;
        }
        Some(c)
    }

    fn parse(mut self) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let begin = self.place;
        loop {
            let place = self.place;
            match self.next() {
                None => break,
                Some(brace @ ('{' | '}')) if self.rest.peek() == Some(&brace) => {
                    self.next();
                    literal.push(brace);
                }
                Some('{') => {
                    if !literal.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut literal)));
                    }
                    parts.push(self.variable(place)?);
                }
                Some('}') => return Err(error(Fault::Unopened, place, None)),
                Some(c) => literal.push(c),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        let is_blank = |part: &Part| matches!(part, Part::Text(text) if text.trim().is_empty());
        if parts.iter().all(is_blank) {
            return Err(error(Fault::Empty, begin, None));
        }
        Ok(Template { parts })
    }

    /// Parses a variable from after its `{`, which is at `place`, up to its `}`.
    fn variable(&mut self, place: Position) -> Result<Part, TemplateError> {
        let mut inside = String::new();
        loop {
            match self.next() {
                Some('}') => break,
                // A variable is on one line and contains no braces: a forgotten
                // `}` must not swallow the text up to a later one.
                None | Some('{' | '\n') => return Err(error(Fault::Unclosed, place, None)),
                Some(c) => inside.push(c),
            }
        }
        let (written, default) = match inside.split_once('|') {
            Some((name, default)) => (name.trim(), Some(default.to_owned())),
            None => (inside.trim(), None),
        };
        if written.chars().count() > MAX_NAME_LENGTH {
            return Err(error(Fault::NameTooLong, place, None));
        }
        let key = columns::key(written);
        if key.is_empty() {
            return Err(error(Fault::Nameless, place, None));
        }
        Ok(Part::Variable {
            key,
            default,
            place,
            written: written.to_owned(),
        })
    }
}

fn error(fault: Fault, place: Position, variable: Option<String>) -> TemplateError {
    TemplateError {
        fault,
        place,
        variable,
    }
}

#[cfg(test)]
mod tests;
