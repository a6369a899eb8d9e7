//! Parses and generates `BACKUP_KEY`, the age key that encrypts backups.

use std::fmt;

use age::x25519::{Identity, Recipient};
use secrecy::ExposeSecret;

/// `BACKUP_KEY` in [age](https://age-encryption.org) format:
/// `AGE-SECRET-KEY-1…`, or its public half `age1…`, which can create backups
/// but not decrypt them.
#[derive(Clone)]
pub enum BackupKey {
    /// Both halves, which can encrypt and decrypt.
    Secret(Identity),
    /// The public half, which can only encrypt.
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
    /// The reason why the key is invalid, without the key's text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if let Ok(identity) = text.parse::<Identity>() {
            return Ok(Self::Secret(identity));
        }
        text.parse::<Recipient>()
            .map(Self::Public)
            .map_err(|_| "an age key: AGE-SECRET-KEY-1…, or age1… which cannot restore")
    }

    /// Generates a key. Returns its secret text and its public text.
    #[must_use]
    pub fn generate() -> (String, String) {
        let identity = Identity::generate();
        let public = identity.to_public().to_string();
        (identity.to_string().expose_secret().to_owned(), public)
    }

    /// Returns the recipient for whom backups are encrypted.
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

    /// Returns the text that `backup --new-key` prints.
    #[must_use]
    pub fn letter() -> String {
        let (secret, public) = Self::generate();
        format!(
            "BACKUP_KEY={secret}\n# its public half, which can make backups but not open them: {public}\n# keep the key somewhere else than the backups: without it they are lost"
        )
    }
}
