//! `BACKUP_KEY`: the age key that backups are encrypted with.

use std::fmt;

use age::x25519::{Identity, Recipient};
use secrecy::ExposeSecret;

/// `BACKUP_KEY` in [age](https://age-encryption.org) format:
/// `AGE-SECRET-KEY-1…`, or its public half `age1…`, which can create backups
/// but not decrypt them.
#[derive(Clone)]
pub enum BackupKey {
    /// Both halves.
    Secret(Identity),
    /// The public half.
    Public(Recipient),
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupKey(***)")
    }
}

impl BackupKey {
    /// Parses a key.
    ///
    /// # Errors
    /// The reason why it is invalid, without its text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if let Ok(identity) = text.parse::<Identity>() {
            return Ok(Self::Secret(identity));
        }
        text.parse::<Recipient>()
            .map(Self::Public)
            .map_err(|_| "an age key: AGE-SECRET-KEY-1…, or age1… which cannot restore")
    }

    /// Generates a key; returns its secret and its public text.
    #[must_use]
    pub fn generate() -> (String, String) {
        let identity = Identity::generate();
        let public = identity.to_public().to_string();
        (identity.to_string().expose_secret().to_owned(), public)
    }

    /// Returns the recipient that backups are encrypted to.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        match self {
            Self::Secret(identity) => identity.to_public(),
            Self::Public(recipient) => recipient.clone(),
        }
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Secret(identity) => Some(identity),
            Self::Public(_) => None,
        }
    }

    /// Returns the output of `backup --new-key`.
    #[must_use]
    pub fn letter() -> String {
        let (secret, public) = Self::generate();
        format!(
            "BACKUP_KEY={secret}\n# its public half, which can make backups but not open them: {public}\n# keep the key somewhere else than the backups: without it they are lost"
        )
    }
}
