//! Settings of the database backups: `BACKUP_…`, named as in session-manager.

use std::path::PathBuf;
use std::time::Duration;

use backup_files::BackupKey;
use service_runtime::{Env, EnvError, ExposeSecret};

use super::{VARIABLES, absolute};

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
        let hours = env.integer(&VARIABLES["BACKUP_EVERY_HOURS"])?;
        Ok(Self {
            key: key(env)?,
            folder: absolute("BACKUP_DIR", &env.path(&VARIABLES["BACKUP_DIR"]))?,
            keep: env.integer(&VARIABLES["BACKUP_KEEP"])?,
            every: (hours > 0).then(|| Duration::from_hours(hours)),
        })
    }
}

fn key(env: &Env) -> Result<Option<BackupKey>, EnvError> {
    let Some(text) = env.secret("BACKUP_KEY")? else {
        return Ok(None);
    };
    BackupKey::parse(text.expose_secret())
        .map(Some)
        .map_err(|takes| EnvError::invalid_secret(&env.describe_source("BACKUP_KEY"), takes))
}
