//! The table of a service's environment variables: name, default, values and
//! help, stated once. Parsing, `--help` and the checks of the documents and of
//! `deploy/` read it.

use std::fmt;
use std::ops::{Index, RangeInclusive};
use std::slice;

/// Endings of the variables that name another source of a secret.
pub(super) const FILE_SUFFIX: &str = "_FILE";
pub(super) const COMMAND_SUFFIX: &str = "_COMMAND";

/// An environment variable of a service.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The value if it is unset.
    pub default: DefaultValue,
    /// The values that it takes.
    pub values: Values,
    /// Its purpose, for `--help`.
    pub help: &'static str,
    /// Whether it is a secret, which may also come from a file or a command.
    pub is_secret: bool,
}

/// The value of an unset variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// The service does not start without the variable.
    Required,
    /// No value.
    None,
    /// A number.
    Number(u64),
    /// A text.
    Text(&'static str),
    /// A value that depends on others, described in words.
    Computed(&'static str),
}

impl fmt::Display for DefaultValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("required"),
            Self::None => f.write_str("none"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) | Self::Computed(text) => f.write_str(text),
        }
    }
}

/// The values that a variable takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// Whatever its parser accepts.
    Any,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number in this range.
    Range(RangeInclusive<u64>),
}

impl Variable {
    const fn new(name: &'static str, default: DefaultValue, values: Values) -> Self {
        Self {
            name,
            default,
            values,
            help: "",
            is_secret: false,
        }
    }

    /// Sets the help.
    #[must_use]
    pub const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// Makes it a secret.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Returns the default if it is a text.
    pub(super) const fn default_text(&self) -> Option<&'static str> {
        match self.default {
            DefaultValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns its row of `--help`: the words that it takes, the help, the default and
    /// the range.
    fn row(&self) -> String {
        let Self { default, help, .. } = self;
        match &self.values {
            Values::Any => format!("{help} ({default})"),
            Values::Words(words) => format!("{}: {help} ({default})", words.join(" | ")),
            Values::Range(range) => {
                format!("{help} ({default}; {} to {})", range.start(), range.end())
            }
        }
    }
}

/// Creates a variable that the service does not start without.
#[must_use]
pub const fn required(name: &'static str) -> Variable {
    Variable::new(name, DefaultValue::Required, Values::Any)
}

/// Creates a variable without a default.
#[must_use]
pub const fn optional(name: &'static str) -> Variable {
    Variable::new(name, DefaultValue::None, Values::Any)
}

/// Creates a variable whose default is described in words.
#[must_use]
pub const fn computed(name: &'static str, default: &'static str) -> Variable {
    Variable::new(name, DefaultValue::Computed(default), Values::Any)
}

/// Creates a variable whose default is a text.
#[must_use]
pub const fn text(name: &'static str, default: &'static str) -> Variable {
    Variable::new(name, DefaultValue::Text(default), Values::Any)
}

/// Creates a variable that takes one of several words; the first is the default.
#[must_use]
pub const fn words(name: &'static str, words: &'static [&'static str]) -> Variable {
    Variable::new(name, DefaultValue::Text(words[0]), Values::Words(words))
}

/// Creates a variable that is `true` or `false`.
#[must_use]
pub const fn flag(name: &'static str, default: bool) -> Variable {
    let default = if default { "true" } else { "false" };
    let values = Values::Words(&["true", "false"]);
    Variable::new(name, DefaultValue::Text(default), values)
}

/// Creates a variable that is a whole number in a range.
#[must_use]
pub const fn number(name: &'static str, default: u64, range: RangeInclusive<u64>) -> Variable {
    Variable::new(name, DefaultValue::Number(default), Values::Range(range))
}

/// Works like [`number`], with a default that is described in words.
#[must_use]
pub const fn computed_number(
    name: &'static str,
    default: &'static str,
    range: RangeInclusive<u64>,
) -> Variable {
    let default = DefaultValue::Computed(default);
    Variable::new(name, default, Values::Range(range))
}

/// `NODE_ENV` of both services; see [`super::Environment`].
pub const NODE_ENV: Variable =
    words("NODE_ENV", &["development", "production", "test"]).help("production logs JSON");
/// `WATCHDOG_SECONDS` of both services.
pub const WATCHDOG_SECONDS: Variable = number("WATCHDOG_SECONDS", 0, 0..=3_600)
    .help("a service that hangs for so long ends itself; 0: never, its supervisor's matter");
/// `OTEL_EXPORTER_OTLP_ENDPOINT` of both services.
pub const OTEL_EXPORTER_OTLP_ENDPOINT: Variable = optional("OTEL_EXPORTER_OTLP_ENDPOINT")
    .help("an OpenTelemetry collector for traces, such as http://127.0.0.1:4318");
/// `RUST_LOG` of both services.
pub const RUST_LOG: Variable = text("RUST_LOG", "info").help("log filter");

/// The variables of a service, in the order of `--help`. By index: the variable
/// of a name, which panics if the table has none.
#[derive(Debug)]
pub struct Variables(pub &'static [Variable]);

impl Index<&str> for Variables {
    type Output = Variable;

    fn index(&self, name: &str) -> &Variable {
        let mut variables = self.0.iter();
        variables
            .find(|variable| variable.name == name)
            .unwrap_or_else(|| panic!("{name} is not in the table of variables"))
    }
}

impl<'a> IntoIterator for &'a Variables {
    type Item = &'a Variable;
    type IntoIter = slice::Iter<'a, Variable>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Variables {
    /// Returns the names of the variables that hold a secret.
    pub fn secrets(&self) -> impl Iterator<Item = &'static str> {
        let secrets = self.0.iter().filter(|variable| variable.is_secret);
        secrets.map(|variable| variable.name)
    }

    /// Returns the names of the files and commands of secrets: first all files.
    pub fn sources(&self) -> impl Iterator<Item = String> {
        let names_with = |suffix| self.secrets().map(move |name| format!("{name}{suffix}"));
        names_with(FILE_SUFFIX).chain(names_with(COMMAND_SUFFIX))
    }

    /// Returns the list of variables for `--help`.
    #[must_use]
    pub fn help(&self) -> String {
        let mut help = "Environment:".to_owned();
        for variable in self {
            push_row(&mut help, variable.name, &variable.row());
        }
        for (suffix, source) in [
            (
                FILE_SUFFIX,
                "a file that holds the value, in its place (none); likewise",
            ),
            (
                COMMAND_SUFFIX,
                "a program, with its arguments, that prints it, in its place (none); likewise",
            ),
        ] {
            for (index, name) in self.secrets().enumerate() {
                let text = if index == 0 { source } else { "" };
                push_row(&mut help, &format!("{name}{suffix}"), text);
            }
        }
        help
    }
}

/// Adds a row of two columns; a name that is too long gets a line of its own.
fn push_row(help: &mut String, name: &str, text: &str) {
    const NAME: usize = 24;
    const WIDTH: usize = 100;
    let indent = " ".repeat(NAME + 4);
    let mut line = format!("  {name:<NAME$}  ");
    if name.len() > NAME {
        help.push('\n');
        help.push_str(line.trim_end());
        line.clone_from(&indent);
    }
    for word in text.split_whitespace() {
        if line.len() + word.len() > WIDTH {
            help.push('\n');
            help.push_str(line.trim_end());
            line.clone_from(&indent);
        }
        line.push_str(word);
        line.push(' ');
    }
    if !line.trim().is_empty() {
        help.push('\n');
        help.push_str(line.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: Variables = Variables(&[
        number("PORT", 3001, 0..=65_535).help("port to listen on"),
        flag("DRY_RUN", true).help("only false sends for real"),
        optional("A_TOKEN_WITH_A_NAME_BEYOND_THE_COLUMN")
            .secret()
            .help("token"),
        computed("KEY", "made anew").secret().help(
            "a help that is so long that it does not fit into the line and is continued below it",
        ),
    ]);

    #[test]
    fn help_has_words_defaults_ranges_and_the_sources_of_secrets() {
        assert_eq!(
            TABLE.help(),
            "\
Environment:
  PORT                      port to listen on (3001; 0 to 65535)
  DRY_RUN                   true | false: only false sends for real (true)
  A_TOKEN_WITH_A_NAME_BEYOND_THE_COLUMN
                            token (none)
  KEY                       a help that is so long that it does not fit into the line and is
                            continued below it (made anew)
  A_TOKEN_WITH_A_NAME_BEYOND_THE_COLUMN_FILE
                            a file that holds the value, in its place (none); likewise
  KEY_FILE
  A_TOKEN_WITH_A_NAME_BEYOND_THE_COLUMN_COMMAND
                            a program, with its arguments, that prints it, in its place (none);
                            likewise
  KEY_COMMAND"
        );
    }

    #[test]
    #[should_panic(expected = "HOST is not in the table of variables")]
    fn variable_that_is_not_in_the_table_cannot_be_read() {
        let _ = &TABLE["HOST"];
    }
}
