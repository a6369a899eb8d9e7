//! Location of the database (`DATABASE_URL`): an SQLite file or a PostgreSQL URL.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use url::Url;

/// The location of the database. `Display` leaves out the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseLocation {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A `postgres://…` URL.
    Postgres(Url),
}

/// A `DATABASE_URL` that is not a database location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sqlite:<file>, or postgres://… for a shared store")]
pub struct BadDatabaseLocation;

impl FromStr for DatabaseLocation {
    type Err = BadDatabaseLocation;

    fn from_str(text: &str) -> Result<Self, BadDatabaseLocation> {
        if let Some(file) = text.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            // Neither an in-memory database nor sqlx's parameters.
            let is_file = !file.is_empty() && !file.ends_with('/') && !file.contains([':', '?']);
            return is_file
                .then(|| Self::Sqlite(file.into()))
                .ok_or(BadDatabaseLocation);
        }
        let url = Url::parse(text).map_err(|_| BadDatabaseLocation)?;
        let is_known = matches!(url.scheme(), "postgres" | "postgresql") && !url.cannot_be_a_base();
        is_known
            .then_some(Self::Postgres(url))
            .ok_or(BadDatabaseLocation)
    }
}

impl DatabaseLocation {
    /// The hub's database file in its data folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self::Sqlite(folder.join("hub.db"))
    }
}

impl fmt::Display for DatabaseLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Self::Postgres(url) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for DatabaseLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The URL with all passwords masked: one may be in the query, too.
fn masked(url: &Url) -> String {
    let mut url = url.clone();
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return "postgres://***".to_owned();
    }
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| {
            let secret = name.to_ascii_lowercase().contains("pass");
            let value = if secret { "***".into() } else { value };
            (name.into_owned(), value.into_owned())
        })
        .collect();
    if !pairs.is_empty() {
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_parsed() {
        for (text, file) in [
            ("sqlite:data/hub.db", "data/hub.db"),
            ("sqlite:///var/lib/x.db", "/var/lib/x.db"),
            ("sqlite:/var/lib/a b.db", "/var/lib/a b.db"),
        ] {
            assert_eq!(
                text.parse(),
                Ok(DatabaseLocation::Sqlite(file.into())),
                "{text}"
            );
        }
        for text in [
            "",
            "hub.db",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:data/",
            "sqlite:hub.db?mode=rwc",
            "mysql://db/x",
            "postgres:",
            "postgres:db",
            "http://db/x",
        ] {
            assert_eq!(
                text.parse::<DatabaseLocation>(),
                Err(BadDatabaseLocation),
                "{text}"
            );
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for text in [
            "postgres://me:hunter2@db:5433/leads?sslmode=require",
            "postgresql://me@db/leads?password=hunter2&sslmode=require",
            "postgres://db/leads?sslpassword=hunter2",
        ] {
            let place: DatabaseLocation = text.parse().unwrap();
            let shown = format!("{place} {place:?}");
            assert!(!shown.contains("hunter"), "{shown}");
            assert!(shown.contains("leads") && shown.contains("***"), "{shown}");
        }
    }
}
