//! A backup, for which Chrome has to be closed for a moment.
//!
//! ```text
//!  asked ─> Rest ─> Chrome closed cleanly ─> archive ─> RestOver ─> Chrome again
//!                        └ killed ─> no backup ─────────────^
//! ```

use session_api::Timestamp;
use tokio::sync::oneshot;

use super::{Done, SessionDriver, Slot};
use crate::backup::{BackupError, Backups, Taken};
use crate::session::state::{BrowserPhase, Input};

/// A backup that is asked for.
pub(super) struct PendingBackup {
    backups: Backups,
    reply: oneshot::Sender<Result<Taken, BackupError>>,
    started: bool,
}

impl SessionDriver {
    pub(super) async fn start_backup(
        &mut self,
        backups: Backups,
        reply: oneshot::Sender<Result<Taken, BackupError>>,
    ) {
        let refused = if self.backup.is_some() {
            Some(BackupError::UnderWay)
        } else if !self.machine.linked() {
            Some(BackupError::NotLinked)
        } else if backups.key.is_none() {
            Some(BackupError::NoKey)
        } else {
            None
        };
        if let Some(why) = refused {
            // Whoever asked may have hung up, here and below.
            let _ = reply.send(Err(why));
            return;
        }
        self.backup = Some(PendingBackup {
            backups,
            reply,
            started: false,
        });
        self.feed(Input::Rest).await;
    }

    /// Takes the backup once the browser is gone.
    pub(super) fn pursue_backup(&mut self) {
        let gone = self.machine.browser() == BrowserPhase::Gone && matches!(self.slot, Slot::Empty);
        let Some(pending) = self.backup.as_mut().filter(|one| gone && !one.started) else {
            return;
        };
        pending.started = true;
        let (backups, done) = (pending.backups.clone(), self.done.clone());
        let (profile, clean) = (self.config.profile.clone(), self.closed_cleanly);
        tokio::task::spawn_blocking(move || {
            let taken = if clean {
                // At rest since the start, it may not be held yet.
                let held = profile.hold().map_err(BackupError::InUse);
                held.and_then(|()| backups.take(&profile, Timestamp::now()))
            } else {
                Err(BackupError::NotClosedCleanly)
            };
            let _ = done.send(Done::BackedUp(taken));
        });
    }

    pub(super) async fn backed_up(&mut self, taken: Result<Taken, BackupError>) {
        match &taken {
            Ok(Taken { file, bytes }) => {
                tracing::info!(file = %file.display(), bytes, "the session was backed up");
            }
            Err(error) => tracing::error!("no backup of the session: {error}"),
        }
        if let Some(pending) = self.backup.take() {
            let _ = pending.reply.send(taken);
        }
        self.feed(Input::RestOver).await;
    }
}
