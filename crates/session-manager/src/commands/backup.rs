//! Implements `session-manager backup` and `restore`.

use std::path::Path;

use session_api::{BackupBody, Timestamp};
use session_client::ClientError;

use super::local_client;
use crate::backup::{BackupError, Taken};
use crate::config::Config;

/// Takes a backup: through the service if it runs, otherwise directly from the folder. Returns the
/// message for the user.
pub fn backup(config: &Config) -> Result<String, String> {
    let profile = &config.browser.profile;
    let describe = |file: &str, bytes| format!("{file}, {bytes} bytes");
    if profile.root().exists() && profile.lock().is_err() {
        let body = request_from_service(config)?;
        return Ok(describe(&body.file, body.bytes));
    }
    let Taken { file, bytes } = config
        .backups
        .take(profile, Timestamp::now())
        .map_err(|error| error.to_string())?;
    Ok(describe(&file.display().to_string(), bytes))
}

/// Requests the backup from the running service, which closes its Chrome for it.
fn request_from_service(config: &Config) -> Result<BackupBody, String> {
    let client = local_client::connect(config, config.port)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(client.backup()).map_err(|error| match error {
        ClientError::Unavailable(_) => format!(
            "the session is in use by a running service, which does not answer on port {}: give this command the service's PORT",
            config.port
        ),
        error => error.to_string(),
    })
}

/// Restores `file`. Returns the message for the user.
pub fn restore(config: &Config, file: &Path) -> Result<String, String> {
    let profile = &config.browser.profile;
    let kept = config
        .backups
        .restore(file, profile)
        .map_err(|error: BackupError| error.to_string())?;
    let mut message = format!(
        "restored into {}: start the service, which will be linked",
        profile.root().display()
    );
    if let Some(kept) = kept {
        message = format!("{message}. The previous profile is in {}", kept.display());
    }
    Ok(message)
}
