//! Environment variables, read once at start into typed values.
//!
//! An empty value counts as unset: `PORT=` in a shell or an ecosystem file
//! means "the default".

mod secret_source;
pub mod variable;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use self::variable::{DefaultValue, NODE_ENV, Values, Variable};
use crate::listen::Hosts;

/// Maximum number of characters of a value that an error repeats.
const MAX_SHOWN: usize = 80;

/// A missing or invalid variable. `Display` gives one line with the variable,
/// its value (except secrets) and the expected format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// The variable is unset or empty and has no default.
    #[error("{name} environment variable is required")]
    Missing {
        /// The variable.
        name: String,
    },
    /// The value of the variable is invalid.
    #[error("{name} is {held}: it takes {takes}")]
    Invalid {
        /// The variable.
        name: String,
        /// The value, quoted and truncated.
        held: String,
        /// The expected format.
        takes: String,
    },
    /// The value of a secret is invalid.
    #[error("{name} cannot be used (its value is not shown): it takes {takes}")]
    InvalidSecret {
        /// The variable.
        name: String,
        /// The expected format.
        takes: String,
    },
    /// A secret has two sources.
    #[error("{name} and {other} are both set: set one of them")]
    SetTwice {
        /// A variable of the secret.
        name: String,
        /// The other variable.
        other: String,
    },
    /// A secret's file or command returns none.
    #[error("{source_of} {problem}")]
    NoSecret {
        /// The variable, with its file if it names one.
        source_of: String,
        /// The problem with the source.
        problem: String,
    },
}

impl EnvError {
    /// Creates the error for an invalid value `held` of `name`; `takes` is the expected format.
    pub fn invalid(name: &str, held: impl AsRef<OsStr>, takes: impl fmt::Display) -> Self {
        Self::Invalid {
            name: name.to_owned(),
            held: quoted(held.as_ref()),
            takes: takes.to_string(),
        }
    }

    /// Creates the error for an invalid secret `name`; `takes` is the expected
    /// format.
    pub fn invalid_secret(name: &str, takes: impl fmt::Display) -> Self {
        Self::InvalidSecret {
            name: name.to_owned(),
            takes: takes.to_string(),
        }
    }

    /// Creates the error for the missing required variable `name`.
    #[must_use]
    pub fn missing(name: &str) -> Self {
        Self::Missing {
            name: name.to_owned(),
        }
    }
}

/// Quotes a value on one line, without the password of a URL.
fn quoted(held: &OsStr) -> String {
    let text = mask_userinfo(&held.to_string_lossy());
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Replaces the part between `://` and the `@` of a URL's authority by `***`,
/// even if the rest is not a valid URL.
#[must_use]
pub fn mask_userinfo(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    // A password may contain an unescaped `/` or `@`; rather mask too much.
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}"),
        None => text.to_owned(),
    }
}

/// Returns `***` for a secret that is set, and `(none)` for one that is not.
pub const fn masked<T>(secret: Option<&T>) -> &'static str {
    match secret {
        Some(_) => "***",
        None => "(none)",
    }
}

/// The values of `NODE_ENV`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// A terminal; the default.
    #[default]
    Development,
    /// A server.
    Production,
    /// A test run.
    Test,
}

impl Environment {
    /// Returns the value for `NODE_ENV`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
            Self::Test => "test",
        }
    }

    /// Returns whether this is production.
    #[must_use]
    pub const fn is_production(self) -> bool {
        matches!(self, Self::Production)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A copy of the environment with typed getters.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<OsString, OsString>,
    /// What relative paths are relative to, if not this process's folder.
    folder: Option<PathBuf>,
}

// The values may be secrets.
impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Env {
    /// Returns the environment of this process.
    #[must_use]
    pub fn from_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            folder: None,
        }
    }

    /// Creates an environment of only these variables.
    pub fn from_pairs<K: Into<OsString>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self {
            variables: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            folder: None,
        }
    }

    /// Sets the folder in which relative paths begin, for the variables of another process.
    #[must_use]
    pub fn within(self, folder: Option<PathBuf>) -> Self {
        Self { folder, ..self }
    }

    /// Resolves a path against the process's folder.
    #[must_use]
    pub fn resolved(&self, path: PathBuf) -> PathBuf {
        match &self.folder {
            Some(folder) => folder.join(path),
            None => path,
        }
    }

    /// Returns the raw value; `None` if it is unset or empty.
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    fn utf8(&self, name: &str, takes: impl fmt::Display) -> Result<Option<&str>, EnvError> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        match raw.to_str() {
            Some(text) => Ok(Some(text)),
            None => Err(EnvError::invalid(name, raw, takes)),
        }
    }

    /// Returns a message for each set variable of this table (a name, and its
    /// replacement): an obsolete variable must not prevent the start, but must
    /// not be ignored silently.
    pub fn obsolete(&self, known: &[(&str, &str)]) -> Vec<String> {
        let configured = known.iter().filter(|(name, _)| self.raw(name).is_some());
        configured
            .map(|(name, replacement)| {
                format!("{name} belongs to the former Node service: {replacement}")
            })
            .collect()
    }

    /// Returns a text value.
    ///
    /// # Errors
    /// If the value is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>, EnvError> {
        Ok(self.utf8(name, "text in UTF-8")?.map(str::to_owned))
    }

    /// Returns a text value, or the default.
    ///
    /// # Errors
    /// If the value is not UTF-8, or there is none.
    pub fn text_or_default(&self, variable: &Variable) -> Result<String, EnvError> {
        let configured = self.text(variable.name)?;
        configured
            .or_else(|| variable.default_text().map(str::to_owned))
            .ok_or_else(|| EnvError::missing(variable.name))
    }

    /// Returns an integer value, or the default.
    ///
    /// # Errors
    /// If the value is not an integer in the variable's range, or there is
    /// none.
    pub fn integer<T: TryFrom<u64>>(&self, variable: &Variable) -> Result<T, EnvError> {
        let configured = self.optional_integer(variable)?;
        let default = || match variable.default {
            DefaultValue::Number(number) => T::try_from(number).ok(),
            _ => None,
        };
        configured
            .or_else(default)
            .ok_or_else(|| EnvError::missing(variable.name))
    }

    /// Returns an integer value; `None` if it is unset, whatever the default.
    ///
    /// # Errors
    /// If the value is not an integer in the variable's range.
    pub fn optional_integer<T: TryFrom<u64>>(
        &self,
        variable: &Variable,
    ) -> Result<Option<T>, EnvError> {
        let full_range = 0..=u64::MAX;
        let range = match &variable.values {
            Values::Range(range) => range,
            Values::Any | Values::Words(_) => &full_range,
        };
        let takes = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(text) = self.utf8(variable.name, &takes)? else {
            return Ok(None);
        };
        parse_digits(text)
            .filter(|number| range.contains(number))
            .and_then(|number| T::try_from(number).ok())
            .map(Some)
            .ok_or_else(|| EnvError::invalid(variable.name, text, takes))
    }

    /// Returns a TCP port; 0 lets the system choose.
    ///
    /// # Errors
    /// If the value is not an integer from 0 to 65535.
    pub fn port(&self, name: &str, default: u16) -> Result<u16, EnvError> {
        let takes = format!("a port number from 1 to 65535 (0: any free one; default {default})");
        let Some(text) = self.utf8(name, &takes)? else {
            return Ok(default);
        };
        parse_digits(text)
            .and_then(|number| u16::try_from(number).ok())
            .ok_or_else(|| EnvError::invalid(name, text, takes))
    }

    /// Returns the comma-separated addresses to listen on; both loopbacks by default.
    ///
    /// # Errors
    /// If the value has anything but IP addresses and `localhost`.
    pub fn hosts(&self, name: &str) -> Result<Hosts, EnvError> {
        let takes = "IP addresses by commas, such as 127.0.0.1 or 127.0.0.1,10.0.0.5, or localhost";
        match self.utf8(name, takes)? {
            None => Ok(Hosts::default()),
            Some(text) => text
                .parse()
                .map_err(|()| EnvError::invalid(name, text, takes)),
        }
    }

    /// Returns one of the variable's words, case-sensitive.
    ///
    /// # Errors
    /// If the value is not one of them.
    pub fn word(&self, variable: &Variable) -> Result<&'static str, EnvError> {
        let allowed = match variable.values {
            Values::Words(words) => words,
            Values::Any | Values::Range(_) => &[],
        };
        let takes = list_words(allowed);
        let text = self.utf8(variable.name, &takes)?;
        let word = text.or(variable.default_text());
        let word = word.ok_or_else(|| EnvError::missing(variable.name))?;
        let mut allowed = allowed.iter().copied();
        allowed
            .find(|allowed| *allowed == word)
            .ok_or_else(|| EnvError::invalid(variable.name, word, takes))
    }

    /// Parses `true` or `false`, case-sensitively.
    ///
    /// # Errors
    /// If the value is neither: `1`, `yes` and `False` are rejected, not
    /// guessed.
    pub fn flag(&self, variable: &Variable) -> Result<bool, EnvError> {
        Ok(self.word(variable)? == "true")
    }

    /// Returns the value of `NODE_ENV`.
    ///
    /// # Errors
    /// If the value is not an [`Environment`].
    pub fn environment(&self) -> Result<Environment, EnvError> {
        Ok(match self.word(&NODE_ENV)? {
            "production" => Environment::Production,
            "test" => Environment::Test,
            _ => Environment::Development,
        })
    }

    /// Returns a password or token: printable ASCII, since it is sent in a header. Its
    /// source is the variable's value, the file in `<NAME>_FILE`, or the output
    /// of the command in `<NAME>_COMMAND`, which this runs.
    ///
    /// # Errors
    /// If the value cannot be sent in a header, or begins or ends with a
    /// space; when its file or command fails, or two sources are set.
    pub fn secret(&self, name: &str) -> Result<Option<SecretString>, EnvError> {
        let takes = "printable ASCII characters, without a space at either end";
        let Some(bytes) = self.secret_bytes(name)? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes)
            .ok()
            .filter(|text| text.chars().all(|c| matches!(c, ' '..='~')))
            .filter(|text| text.trim() == text.as_str())
            .ok_or_else(|| EnvError::invalid_secret(&self.describe_source(name), takes))?;
        Ok(Some(SecretString::from(text)))
    }

    /// Works like [`Env::secret`], but accepts any text: for values that are not sent in a
    /// header.
    ///
    /// # Errors
    /// If the value is not UTF-8, or its source fails.
    pub fn secret_text(&self, name: &str) -> Result<Option<SecretString>, EnvError> {
        let Some(bytes) = self.secret_bytes(name)? else {
            return Ok(None);
        };
        String::from_utf8(bytes)
            .map(|text| Some(SecretString::from(text)))
            .map_err(|_| EnvError::invalid_secret(&self.describe_source(name), "text in UTF-8"))
    }

    /// Returns a path, or the default; it need not exist and need not be UTF-8.
    pub fn path(&self, variable: &Variable) -> PathBuf {
        let configured = self.raw(variable.name);
        let default = variable.default_text().unwrap_or_default();
        self.resolved(configured.map_or_else(|| default.into(), PathBuf::from))
    }

    /// Returns a path that has no default.
    pub fn optional_path(&self, name: &str) -> Option<PathBuf> {
        self.raw(name)
            .map(|path| self.resolved(PathBuf::from(path)))
    }

    /// Returns an absolute `http` or `https` URL without query and fragment.
    ///
    /// # Errors
    /// If the value is anything else.
    pub fn http_url(&self, name: &str) -> Result<Option<Url>, EnvError> {
        let takes = "an absolute http:// or https:// URL such as http://127.0.0.1:3001";
        let Some(text) = self.utf8(name, takes)? else {
            return Ok(None);
        };
        Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .filter(|url| url.query().is_none() && url.fragment().is_none())
            .filter(|_| text.trim() == text)
            .map(Some)
            .ok_or_else(|| EnvError::invalid(name, text, takes))
    }

    /// Works like [`Env::http_url`], for a required variable.
    ///
    /// # Errors
    /// Also if the variable is unset or empty.
    pub fn required_http_url(&self, name: &str) -> Result<Url, EnvError> {
        self.http_url(name)?.ok_or_else(|| EnvError::missing(name))
    }
}

/// Parses decimal digits only: `u64::from_str` would accept `+1`.
fn parse_digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn list_words(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [word] => (*word).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests;
