//! The text of a campaign: `Hola {nombre}, de {empresa|su empresa}`.
//!
//! ```text
//!  {nombre}          the value of the column; a recipient without one is refused
//!  {nombre|cliente}  the value, or what stands after the bar
//!  {{ and }}         one brace
//! ```
//!
//! Parsed once. What can be wrong is found then, with its place; filling in
//! cannot fail, and what is filled in is never read as a template again.

use std::fmt;

use super::columns::{self, Fields};

/// The longest name of a variable, in characters.
const LONGEST_NAME: usize = 64;

/// Where in a text: what an editor shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Characters before it.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
}

/// What is wrong with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing in it.
    Empty,
    /// A `{` without its `}`.
    Unclosed,
    /// A `}` without its `{`.
    Unopened,
    /// `{}`, or nothing in it that names a column.
    Nameless,
    /// A name that no column can have.
    NameTooLong,
    /// A name that no column has.
    Unknown,
}

impl Fault {
    /// The machine's word for it.
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

/// A template that cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TemplateError {
    /// What is wrong.
    pub fault: Fault,
    /// Where.
    pub place: Position,
    /// The name of the variable, where there is one.
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
            Fault::Nameless => f.write_str("braces without the name of a column in them")?,
            Fault::NameTooLong => {
                write!(f, "a variable's name longer than {LONGEST_NAME} characters")?;
            }
            Fault::Unknown => write!(f, "{{{name}}} is no column of the list")?,
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

/// A text that is well formed.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

// The text is the customer's.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("variables", &self.variables())
            .finish_non_exhaustive()
    }
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Parser::new(text).parse()
    }

    /// The columns that it needs, each once, in the order in which they come.
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

    /// The columns that a recipient has to have a value in.
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

    /// Whether a list with these columns fills it.
    ///
    /// # Errors
    /// The first variable that is no column.
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

    /// The first column that this recipient has to have a value in and has not.
    #[must_use]
    pub fn missing(&self, fields: &Fields) -> Option<&str> {
        self.parts.iter().find_map(|part| match part {
            Part::Variable {
                key, default: None, ..
            } if columns::value(fields, key).is_none() => Some(key.as_str()),
            _ => None,
        })
    }

    /// The text for this recipient. A missing value becomes empty text; check
    /// [`Template::missing`] first.
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

    /// What stands after a `{` at `place`, up to its `}`.
    fn variable(&mut self, place: Position) -> Result<Part, TemplateError> {
        let mut inside = String::new();
        loop {
            match self.next() {
                Some('}') => break,
                // On one line and without further braces: a forgotten brace
                // must not swallow the text up to somebody else's.
                None | Some('{' | '\n') => return Err(error(Fault::Unclosed, place, None)),
                Some(c) => inside.push(c),
            }
        }
        let (written, default) = match inside.split_once('|') {
            Some((name, default)) => (name.trim(), Some(default.to_owned())),
            None => (inside.trim(), None),
        };
        if written.chars().count() > LONGEST_NAME {
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
