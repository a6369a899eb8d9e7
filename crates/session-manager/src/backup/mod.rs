//! Backs up and restores the linked session. Each backup is one encrypted archive, from which
//! another folder or host starts linked, without a code.
//!
//! ```text
//!  service running: POST /backup, or BACKUP_EVERY_HOURS after the last one
//!      ─> driver: Chrome is closed ─> archive ─> Chrome is restarted
//!  service stopped: session-manager backup ─> lock ─> archive
//!  session-manager restore FILE ─> lock ─> unpacked next to it ─> swapped in
//! ```
//!
//! Chrome never runs during a backup: data that it has not flushed would be missing.

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

/// Why a backup or a restore failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// `BACKUP_KEY` is not set.
    #[error(
        "BACKUP_KEY is not set, and a session is never stored in the clear: `session-manager backup --new-key` makes one"
    )]
    NoKey,
    /// The key is only the public half, which cannot decrypt.
    #[error("BACKUP_KEY holds the public half (age1…); restoring requires the AGE-SECRET-KEY-1…")]
    PublicKeyOnly,
    /// No device is linked.
    #[error("no device is linked: there is nothing to back up")]
    NotLinked,
    /// Another backup is being taken.
    #[error("a backup is being taken already")]
    InProgress,
    /// Chrome did not close by itself.
    #[error("Chrome had to be killed, so its stored data may be incomplete: try again")]
    NotClosedCleanly,
    /// A running service holds the folder.
    #[error("{0}: stop the service first (`pm2 stop session-manager`)")]
    InUse(io::Error),
    /// The backup file could not be written.
    #[error("{path} could not be written: {error}", path = .0.display(), error = .1)]
    Write(PathBuf, io::Error),
    /// The backup file could not be read.
    #[error("{path} could not be read: {error}", path = .0.display(), error = .1)]
    Read(PathBuf, io::Error),
    /// The file was encrypted with another key, is not a backup, or is damaged.
    #[error(
        "{path} cannot be decrypted: it is damaged, or was made with another BACKUP_KEY ({error})",
        path = .0.display(), error = .1
    )]
    Decrypt(PathBuf, age::DecryptError),
    /// The file decrypts, but was not created by a backup.
    #[error(
        "{path} was not made by a backup of session-manager: it has {what}; nothing was restored",
        path = .0.display(), what = .1
    )]
    Foreign(PathBuf, &'static str),
    /// The file contains no linked session.
    #[error("{path} holds no linked session", path = .0.display())]
    NoSession(PathBuf),
}

/// The settings and actions of backups.
#[derive(Clone, Debug)]
pub struct Backups {
    /// `BACKUP_DIR`.
    pub folder: PathBuf,
    /// `BACKUP_KEY`.
    pub key: Option<BackupKey>,
    /// `BACKUP_KEEP`: the number of backups to keep. Older ones are deleted.
    pub keep: usize,
}

impl Backups {
    /// Stores a backup of `profile`, which no browser may use meanwhile, and deletes the backups
    /// beyond `keep`. Blocks.
    ///
    /// # Errors
    /// Any [`BackupError`] except `InUse`; no file is left then.
    pub fn take(&self, profile: &Profile, now: Timestamp) -> Result<Taken, BackupError> {
        let key = self.key.as_ref().ok_or(BackupError::NoKey)?;
        if !profile.is_linked() {
            return Err(BackupError::NotLinked);
        }
        let write = |out: &std::fs::File| archive::write(profile, key, out);
        self.backup_folder()
            .store(now, write)
            .map_err(|(path, error)| BackupError::Write(path, error))
    }

    /// Stores a backup of the running session. Its browser is closed for the backup and then
    /// restarted.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`]; in the inner result, any [`BackupError`].
    pub async fn take_running(
        &self,
        session: &SessionHandle,
    ) -> Result<Result<Taken, BackupError>, AskError> {
        // Without a key there is no reason to close the browser.
        if self.key.is_none() && session.snapshot().session.linked {
            return Ok(Err(BackupError::NoKey));
        }
        let backups = self.clone();
        let job = move |profile: Result<&Profile, OfflineError>| {
            let taken = match profile {
                Ok(profile) => backups.take(profile, Timestamp::now()),
                Err(OfflineError::Busy) => return Err(BackupError::InProgress),
                Err(OfflineError::NotLinked) => return Err(BackupError::NotLinked),
                Err(OfflineError::NotClosedCleanly) => Err(BackupError::NotClosedCleanly),
                Err(OfflineError::InUse(error)) => Err(BackupError::InUse(error)),
            };
            gauge!("leadmaster_backup_failed").set(f64::from(taken.is_err()));
            match &taken {
                Ok(Taken { file, bytes }) => {
                    tracing::info!(file = %file.display(), bytes, "the session was backed up");
                }
                Err(error) => tracing::error!("the session could not be backed up: {error}"),
            }
            taken
        };
        session.with_browser_closed(job).await
    }

    /// Replaces the content of `profile` with the session in `file`. Keeps the old content next to
    /// it and returns its path; `None` if there was none. Blocks.
    ///
    /// # Errors
    /// Any [`BackupError`]; the profile is unchanged then.
    pub fn restore(&self, file: &Path, profile: &Profile) -> Result<Option<PathBuf>, BackupError> {
        let key = self.key.as_ref().ok_or(BackupError::NoKey)?;
        profile.lock().map_err(BackupError::InUse)?;
        archive::restore(file, key, profile)
    }

    /// Returns when the newest backup was taken; `None` if there is no backup.
    pub fn newest(&self) -> Option<SystemTime> {
        self.backup_folder().newest()
    }

    fn backup_folder(&self) -> BackupFolder {
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
