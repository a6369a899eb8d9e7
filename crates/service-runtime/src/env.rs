//! Environment variables, read once at start into typed values.
//!
//! An empty value counts as unset: `PORT=` in a shell or an ecosystem file is
//! somebody's way to say "the default".

mod secret_source;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

use crate::listen::Hosts;

/// Of what a variable held, how many characters an error repeats.
const SHOWN: usize = 80;

/// A variable that is missing or holds nonsense. Its text is one line that
/// names the variable, what it held (secrets apart) and what it takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// The variable is unset or empty and has no default.
    #[error("{name} environment variable is required")]
    Missing {
        /// The variable.
        name: String,
    },
    /// The variable holds what it does not take.
    #[error("{name} is {held}: it takes {takes}")]
    Invalid {
        /// The variable.
        name: String,
        /// What it held, quoted and shortened.
        held: String,
        /// What it takes instead.
        takes: String,
    },
    /// A secret holds what it does not take.
    #[error("{name} cannot be used (its value is not shown): it takes {takes}")]
    InvalidSecret {
        /// The variable.
        name: String,
        /// What it takes instead.
        takes: String,
    },
    /// A secret comes from two places.
    #[error("{name} and {other} are both set: set one of them")]
    SetTwice {
        /// One of its variables.
        name: String,
        /// Another one.
        other: String,
    },
    /// A secret's file or command gives none.
    #[error("{source_of} {problem}")]
    NoSecret {
        /// The variable, with the file that it names.
        source_of: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl EnvError {
    /// `name` held `held`, but takes `takes`.
    pub fn invalid(name: &str, held: impl AsRef<OsStr>, takes: impl fmt::Display) -> Self {
        Self::Invalid {
            name: name.to_owned(),
            held: quoted(held.as_ref()),
            takes: takes.to_string(),
        }
    }

    /// The secret `name` takes `takes`.
    pub fn invalid_secret(name: &str, takes: impl fmt::Display) -> Self {
        Self::InvalidSecret {
            name: name.to_owned(),
            takes: takes.to_string(),
        }
    }

    /// `name` is required.
    #[must_use]
    pub fn missing(name: &str) -> Self {
        Self::Missing {
            name: name.to_owned(),
        }
    }
}

/// Quoted, on one line, without what an URL carries as a password.
fn quoted(held: &OsStr) -> String {
    let text = mask_userinfo(&held.to_string_lossy());
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// `text` with what stands between `://` and the `@` of an URL's authority
/// replaced by `***`, whether or not the rest is a good URL.
#[must_use]
pub fn mask_userinfo(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    // A password may hold an unescaped `/` or `@`; rather hide too much.
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}"),
        None => text.to_owned(),
    }
}

/// What `NODE_ENV` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// A person at a terminal; the default.
    #[default]
    Development,
    /// The server.
    Production,
    /// A test run.
    Test,
}

impl Environment {
    /// The word in `NODE_ENV`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
            Self::Test => "test",
        }
    }

    /// Whether this is the server.
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
    /// What this process was started with.
    #[must_use]
    pub fn from_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            folder: None,
        }
    }

    /// These variables and no others.
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

    /// The variables of another process, whose relative paths begin in this folder.
    #[must_use]
    pub fn within(self, folder: Option<PathBuf>) -> Self {
        Self { folder, ..self }
    }

    /// A path as the process means it.
    #[must_use]
    pub fn resolved(&self, path: PathBuf) -> PathBuf {
        match &self.folder {
            Some(folder) => folder.join(path),
            None => path,
        }
    }

    /// The value as it is, unless it is unset or empty.
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

    /// A sentence for each variable of this table (a name, and what became of
    /// it) that is set: one that nobody reads any more is no reason not to
    /// start, and nothing to pass over in silence.
    pub fn obsolete(&self, known: &[(&str, &str)]) -> Vec<String> {
        let set = known.iter().filter(|(name, _)| self.raw(name).is_some());
        set.map(|(name, what)| format!("{name} is of the Node service: {what}"))
            .collect()
    }

    /// A text.
    ///
    /// # Errors
    /// The value is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>, EnvError> {
        Ok(self.utf8(name, "text in UTF-8")?.map(str::to_owned))
    }

    /// A whole number.
    ///
    /// # Errors
    /// The value is no whole number in `range`.
    pub fn integer(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, EnvError> {
        let takes = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(text) = self.utf8(name, &takes)? else {
            return Ok(default);
        };
        digits(text)
            .filter(|number| range.contains(number))
            .ok_or_else(|| EnvError::invalid(name, text, takes))
    }

    /// A TCP port; 0 lets the system choose.
    ///
    /// # Errors
    /// The value is no whole number from 0 to 65535.
    pub fn port(&self, name: &str, default: u16) -> Result<u16, EnvError> {
        let takes = format!("a port number from 1 to 65535 (0: any free one; default {default})");
        let Some(text) = self.utf8(name, &takes)? else {
            return Ok(default);
        };
        digits(text)
            .and_then(|number| u16::try_from(number).ok())
            .ok_or_else(|| EnvError::invalid(name, text, takes))
    }

    /// Addresses to listen on, separated by commas; both loopbacks where
    /// nothing is set.
    ///
    /// # Errors
    /// The value is anything else than IP addresses and `localhost`.
    pub fn hosts(&self, name: &str) -> Result<Hosts, EnvError> {
        let takes = "IP addresses by commas, such as 127.0.0.1 or 127.0.0.1,10.0.0.5, or localhost";
        match self.utf8(name, takes)? {
            None => Ok(Hosts::default()),
            Some(text) => text
                .parse()
                .map_err(|()| EnvError::invalid(name, text, takes)),
        }
    }

    /// One of some words, to the letter.
    ///
    /// # Errors
    /// The value is none of `allowed`.
    pub fn word(
        &self,
        name: &str,
        allowed: &[&'static str],
        default: &'static str,
    ) -> Result<&'static str, EnvError> {
        let takes = one_of(allowed);
        let Some(text) = self.utf8(name, &takes)? else {
            return Ok(default);
        };
        allowed
            .iter()
            .copied()
            .find(|word| *word == text)
            .ok_or_else(|| EnvError::invalid(name, text, takes))
    }

    /// `true` or `false`, to the letter.
    ///
    /// # Errors
    /// The value is neither: `1`, `yes` and `False` are refused, not guessed.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, EnvError> {
        let default = if default { "true" } else { "false" };
        Ok(self.word(name, &["true", "false"], default)? == "true")
    }

    /// `NODE_ENV`.
    ///
    /// # Errors
    /// The value is not one of its words.
    pub fn environment(&self) -> Result<Environment, EnvError> {
        let known = [
            Environment::Development,
            Environment::Production,
            Environment::Test,
        ];
        let word = self.word(
            "NODE_ENV",
            &known.map(Environment::as_str),
            Environment::Development.as_str(),
        )?;
        Ok(known
            .into_iter()
            .find(|known| known.as_str() == word)
            .unwrap_or_default())
    }

    /// A password or token: of printable ASCII, since it goes into a header. It
    /// is the variable's value, or in the file that `<NAME>_FILE` names, or what
    /// the command in `<NAME>_COMMAND` prints, which is run by this.
    ///
    /// # Errors
    /// The value cannot stand in a header, or begins or ends with a space; it
    /// cannot be had from its file or command, or is set in two ways.
    pub fn secret(&self, name: &str) -> Result<Option<SecretString>, EnvError> {
        let takes = "printable ASCII characters, without a space at either end";
        let Some(bytes) = self.secret_bytes(name)? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes)
            .ok()
            .filter(|text| text.chars().all(|c| matches!(c, ' '..='~')))
            .filter(|text| text.trim() == text.as_str())
            .ok_or_else(|| EnvError::invalid_secret(&self.told(name), takes))?;
        Ok(Some(SecretString::from(text)))
    }

    /// As [`Env::secret`], but any text: for what goes into no header.
    ///
    /// # Errors
    /// The value is not UTF-8, or cannot be had.
    pub fn secret_text(&self, name: &str) -> Result<Option<SecretString>, EnvError> {
        let Some(bytes) = self.secret_bytes(name)? else {
            return Ok(None);
        };
        String::from_utf8(bytes)
            .map(|text| Some(SecretString::from(text)))
            .map_err(|_| EnvError::invalid_secret(&self.told(name), "text in UTF-8"))
    }

    /// A path; it need not exist and need not be UTF-8.
    pub fn path(&self, name: &str, default: impl AsRef<Path>) -> PathBuf {
        let path = self.raw(name);
        self.resolved(path.map_or_else(|| default.as_ref().to_owned(), PathBuf::from))
    }

    /// A path without a default.
    pub fn optional_path(&self, name: &str) -> Option<PathBuf> {
        self.raw(name)
            .map(|path| self.resolved(PathBuf::from(path)))
    }

    /// An absolute `http` or `https` URL without query and fragment.
    ///
    /// # Errors
    /// The value is anything else.
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

    /// As [`Env::http_url`], for a variable without a default.
    ///
    /// # Errors
    /// Also when the variable is unset or empty.
    pub fn required_http_url(&self, name: &str) -> Result<Url, EnvError> {
        self.http_url(name)?.ok_or_else(|| EnvError::missing(name))
    }
}

/// Digits and nothing else: `u64::from_str` would take `+1`.
fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn one_of(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [word] => (*word).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests;
