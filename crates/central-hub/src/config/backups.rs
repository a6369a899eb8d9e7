//! Settings of the database backups: `BACKUP_…`, named as in session-manager.

use std::path::PathBuf;
use std::time::Duration;

use backup_files::BackupKey;
use service_runtime::{Env, EnvError, ExposeSecret};

/// The folder, key and interval of backups.
#[derive(Clone, Debug)]
pub struct BackupConfig {
    /// `BACKUP_KEY`; without it no backups are made.
    pub key: Option<BackupKey>,
    /// `BACKUP_DIR`.
    pub folder: PathBuf,
    /// `BACKUP_KEEP`.
    pub keep: usize,
    /// `BACKUP_EVERY_HOURS`; `None` for 0.
    pub every: Option<Duration>,
}

impl BackupConfig {
    /// Reads the settings from `env`.
    ///
    /// # Errors
    /// The first variable that is invalid.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        let hours = env.integer("BACKUP_EVERY_HOURS", 0..=8_760, 24)?;
        let keep = env.integer("BACKUP_KEEP", 1..=10_000, 7)?;
        Ok(Self {
            key: key(env)?,
            folder: super::absolute("BACKUP_DIR", &env.path("BACKUP_DIR", "backups"))?,
            keep: usize::try_from(keep).unwrap_or(usize::MAX),
            every: (hours > 0).then(|| Duration::from_secs(3600 * hours)),
        })
    }
}

fn key(env: &Env) -> Result<Option<BackupKey>, EnvError> {
    let Some(text) = env.secret("BACKUP_KEY")? else {
        return Ok(None);
    };
    BackupKey::parse(text.expose_secret())
        .map(Some)
        .map_err(|takes| EnvError::invalid_secret(&env.told("BACKUP_KEY"), takes))
}
