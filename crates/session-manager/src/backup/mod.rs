//! Backup and restore of the linked session: one encrypted archive each, from
//! which another folder or machine starts linked, without a code.
//!
//! ```text
//!  the service runs: POST /backup, or BACKUP_EVERY_HOURS after the last
//!      ─> driver: Chrome is closed ─> archive ─> Chrome is started again
//!  it does not:      session-manager backup ─> lock ─> archive
//!  session-manager restore FILE ─> lock ─> unpacked beside ─> swapped in
//! ```
//!
//! Never of a Chrome that runs: what it did not flush yet would be missing.

mod archive;
mod schedule;

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use backup_files::BackupFolder;
pub use backup_files::{BackupKey, Stored as Taken};
use metrics::gauge;
use session_api::Timestamp;

pub use schedule::Schedule;

use crate::browser::Profile;
use crate::session::{AskError, OfflineError, SessionHandle};

const PREFIX: &str = "session-";
const SUFFIX: &str = ".tar.gz.age";

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// `BACKUP_KEY` is not set.
    #[error(
        "BACKUP_KEY is not set, and a session is never stored in the clear: `session-manager backup --new-key` makes one"
    )]
    NoKey,
    /// Only the public half of the key is there.
    #[error("BACKUP_KEY holds the public half (age1…); restoring wants the AGE-SECRET-KEY-1…")]
    PublicKeyOnly,
    /// There is nothing to keep.
    #[error("no device is linked: there is nothing to back up")]
    NotLinked,
    /// One is being taken.
    #[error("a backup is being taken already")]
    UnderWay,
    /// Chrome did not close by itself.
    #[error("Chrome had to be killed, so that what it stored may be incomplete: try again")]
    NotClosedCleanly,
    /// The folder is held by a running service.
    #[error("{0}: stop the service first (`pm2 stop session-manager`)")]
    InUse(io::Error),
    /// The file could not be written.
    #[error("{path} could not be written: {error}", path = .0.display(), error = .1)]
    Write(PathBuf, io::Error),
    /// The file could not be read.
    #[error("{path} could not be read: {error}", path = .0.display(), error = .1)]
    Read(PathBuf, io::Error),
    /// The file is of another key, or no backup, or damaged.
    #[error(
        "{path} cannot be decrypted: it is damaged, or was made with another BACKUP_KEY ({error})",
        path = .0.display(), error = .1
    )]
    Decrypt(PathBuf, age::DecryptError),
    /// The file opens, and was not made by a backup.
    #[error(
        "{path} was not made by a backup of session-manager: it has {what}; nothing was restored",
        path = .0.display(), what = .1
    )]
    Foreign(PathBuf, &'static str),
    /// The file holds something else.
    #[error("{path} holds no linked session", path = .0.display())]
    NoSession(PathBuf),
}

/// Where backups go, and how many.
#[derive(Clone, Debug)]
pub struct Backups {
    /// `BACKUP_DIR`.
    pub folder: PathBuf,
    /// `BACKUP_KEY`.
    pub key: Option<BackupKey>,
    /// `BACKUP_KEEP`: older ones are deleted.
    pub keep: usize,
}

impl Backups {
    /// Writes a backup of `profile`, of which nothing runs, and deletes those
    /// beyond the number that is kept. Blocks.
    ///
    /// # Errors
    /// Any [`BackupError`] but `InUse`; no file is left then.
    pub fn take(&self, profile: &Profile, now: Timestamp) -> Result<Taken, BackupError> {
        let key = self.key.as_ref().ok_or(BackupError::NoKey)?;
        if !profile.is_linked() {
            return Err(BackupError::NotLinked);
        }
        let write = |out: &std::fs::File| archive::write(profile, key, out);
        self.place()
            .store(now, write)
            .map_err(|(path, error)| BackupError::Write(path, error))
    }

    /// Writes a backup of the running session: its browser is closed for it, and
    /// started again.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`]; within, any
    /// [`BackupError`].
    pub async fn take_running(
        &self,
        session: &SessionHandle,
    ) -> Result<Result<Taken, BackupError>, AskError> {
        // Without a key there is no reason to close the browser.
        if self.key.is_none() && session.snapshot().session.linked {
            return Ok(Err(BackupError::NoKey));
        }
        let this = self.clone();
        let job = move |profile: Result<&Profile, OfflineError>| {
            let taken = match profile {
                Ok(profile) => this.take(profile, Timestamp::now()),
                Err(OfflineError::Busy) => return Err(BackupError::UnderWay),
                Err(OfflineError::NotLinked) => return Err(BackupError::NotLinked),
                Err(OfflineError::NotClosedCleanly) => Err(BackupError::NotClosedCleanly),
                Err(OfflineError::InUse(error)) => Err(BackupError::InUse(error)),
            };
            gauge!("leadmaster_backup_failed").set(f64::from(taken.is_err()));
            match &taken {
                Ok(Taken { file, bytes }) => {
                    tracing::info!(file = %file.display(), bytes, "the session was backed up");
                }
                Err(error) => tracing::error!("no backup of the session: {error}"),
            }
            taken
        };
        session.with_browser_closed(job).await
    }

    /// Puts the session of `file` in the place of what `profile` holds; what
    /// was there before is kept beside it. Blocks. Gives where that is.
    ///
    /// # Errors
    /// Any [`BackupError`]; the profile is as it was then.
    pub fn restore(&self, file: &Path, profile: &Profile) -> Result<Option<PathBuf>, BackupError> {
        let key = self.key.as_ref().ok_or(BackupError::NoKey)?;
        profile.hold().map_err(BackupError::InUse)?;
        archive::restore(file, key, profile)
    }

    /// When the newest was taken.
    pub fn newest(&self) -> Option<SystemTime> {
        self.place().newest()
    }

    fn place(&self) -> BackupFolder {
        BackupFolder {
            path: self.folder.clone(),
            prefix: PREFIX,
            suffix: SUFFIX,
            keep: self.keep,
        }
    }
}

#[cfg(test)]
mod tests;
