//! Scheduled backups: one whenever the newest is older than the interval.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use session_api::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Backups, Taken};

/// How often the schedule is checked.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The pause after a failure, whose reason is in the log.
const AFTER_FAILURE: Duration = Duration::from_secs(3600);

/// Takes a backup whenever the newest is too old; clones share its state.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    backups: Backups,
    /// `None`: only when asked.
    every: Option<Duration>,
    failed: Arc<AtomicBool>,
}

impl Schedule {
    /// Creates a schedule with this interval.
    pub(crate) fn new(backups: Backups, every: Option<Duration>) -> Self {
        Self {
            backups,
            every,
            failed: Arc::default(),
        }
    }

    /// Whether the last attempt failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Returns the age of the newest backup, whoever took it; zero for one of
    /// the future.
    pub(crate) fn age(&self, now: Timestamp) -> Option<Duration> {
        let newest = self.backups.newest()?;
        let since = newest.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let now = Duration::from_millis(now.as_millis().try_into().ok()?);
        Some(now.saturating_sub(since))
    }

    /// Runs until `draining` is cancelled.
    pub(crate) async fn run(self, draining: CancellationToken) {
        let Some(every) = self.every else { return };
        loop {
            tokio::select! {
                () = draining.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if self.age(Timestamp::now()).is_some_and(|age| age < every) {
                continue;
            }
            let taken = self.backups.take(Timestamp::now()).await;
            self.failed.store(taken.is_err(), Ordering::Relaxed);
            match taken {
                Ok(Taken { stored, .. }) => {
                    let file = stored.file.display();
                    tracing::info!(%file, bytes = stored.bytes, "the database was backed up");
                }
                Err(error) => {
                    tracing::error!("no backup of the database: {error}");
                    tokio::select! {
                        () = draining.cancelled() => return,
                        () = tokio::time::sleep(AFTER_FAILURE) => {}
                    }
                }
            }
        }
    }
}
