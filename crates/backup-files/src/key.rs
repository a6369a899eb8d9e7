//! `BACKUP_KEY`: the age key that backups are encrypted with.

use std::fmt;

use age::x25519::{Identity, Recipient};
use secrecy::ExposeSecret;

/// `BACKUP_KEY`, as [age](https://age-encryption.org) writes it:
/// `AGE-SECRET-KEY-1…`, or its public half `age1…`, which can make backups and
/// open none.
#[derive(Clone)]
pub enum BackupKey {
    /// Both halves.
    Secret(Identity),
    /// The public one.
    Public(Recipient),
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupKey(***)")
    }
}

impl BackupKey {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, without its text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if let Ok(identity) = text.parse::<Identity>() {
            return Ok(Self::Secret(identity));
        }
        text.parse::<Recipient>()
            .map(Self::Public)
            .map_err(|_| "an age key: AGE-SECRET-KEY-1…, or age1… which cannot restore")
    }

    /// A new one: the secret text and the public one.
    #[must_use]
    pub fn generate() -> (String, String) {
        let identity = Identity::generate();
        let public = identity.to_public().to_string();
        (identity.to_string().expose_secret().to_owned(), public)
    }

    /// Who can open what is encrypted with it.
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

    /// What `backup --new-key` prints.
    #[must_use]
    pub fn letter() -> String {
        let (secret, public) = Self::generate();
        format!(
            "BACKUP_KEY={secret}\n# its public half, which can make backups but not open them: {public}\n# keep the key somewhere else than the backups: without it they are lost"
        )
    }
}
