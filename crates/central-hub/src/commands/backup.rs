//! Runs `central-hub backup`, `restore` and `drill`.

use std::path::Path;

use session_api::Timestamp;

use crate::backup::{BackupError, Backups};
use crate::store::CopyFacts;

fn summary(facts: &CopyFacts) -> String {
    let newest = facts.newest.and_then(Timestamp::from_millis);
    let newest = newest.map_or_else(
        || "no message yet".to_owned(),
        |at| format!("the newest message is from {at}"),
    );
    format!(
        "{} messages, {} campaigns; {newest}",
        facts.messages, facts.campaigns
    )
}

/// Takes a backup. Returns the message for the user.
///
/// # Errors
/// Any [`BackupError`].
pub async fn backup(backups: &Backups) -> Result<String, BackupError> {
    let backup = backups.take(Timestamp::now()).await?;
    let opened = if backup.opened {
        "opened and whole"
    } else {
        "not opened: BACKUP_KEY is the public half"
    };
    Ok(format!(
        "{}, {} bytes, {opened}: {}",
        backup.stored.file.display(),
        backup.stored.bytes,
        summary(&backup.facts)
    ))
}

/// Restores `file`. Returns the message for the user.
///
/// # Errors
/// Any [`BackupError`].
pub async fn restore(backups: &Backups, file: &Path) -> Result<String, BackupError> {
    let (facts, kept) = backups.restore(file).await?;
    let mut report = format!("restored: {}. Start the hub", summary(&facts));
    if let Some(kept) = kept {
        report = format!("{report}. What was there is in {}", kept.display());
    }
    Ok(report)
}

/// Restores a backup into a temporary folder and checks it. Returns the message
/// for the user.
///
/// # Errors
/// Any [`BackupError`].
pub async fn drill(backups: &Backups, file: Option<&Path>) -> Result<String, BackupError> {
    let drilled = backups.drill(file).await?;
    Ok(format!(
        "{}, {} hours old, opens, is whole, and a hub starts on it: {}. Nothing is left behind",
        drilled.file.display(),
        drilled.age / 3600,
        summary(&drilled.facts)
    ))
}
