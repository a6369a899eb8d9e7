//! Takes a backup whenever the newest one is older than the interval.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use session_api::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Backups, CompletedBackup};

/// How often the schedule is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// The pause after a failed backup; the reason is in the log.
const RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Takes a backup whenever the newest one is too old; clones share its state.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    backups: Backups,
    /// Interval between backups; `None` if a backup is only taken on request.
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

    /// Returns whether the last attempt at a backup failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Returns the age of the newest backup, whoever took it; zero if its time
    /// is in the future, `None` without a backup.
    pub(crate) fn age(&self, now: Timestamp) -> Option<Duration> {
        let newest = self.backups.newest()?;
        let since = newest.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let now = Duration::from_millis(now.as_millis().try_into().ok()?);
        Some(now.saturating_sub(since))
    }

    /// Runs until `draining` is cancelled.
    pub(crate) async fn run(self, draining: CancellationToken) {
        self.run_every(CHECK_INTERVAL, draining).await;
    }

    async fn run_every(self, pause: Duration, draining: CancellationToken) {
        let Some(every) = self.every else { return };
        loop {
            tokio::select! {
                () = draining.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            if self.age(Timestamp::now()).is_some_and(|age| age < every) {
                continue;
            }
            let result = self.backups.take(Timestamp::now()).await;
            self.failed.store(result.is_err(), Ordering::Relaxed);
            match result {
                Ok(CompletedBackup { stored, .. }) => {
                    let file = stored.file.display();
                    tracing::info!(%file, bytes = stored.bytes, "the database was backed up");
                }
                Err(error) => {
                    tracing::error!("the database was not backed up: {error}");
                    tokio::select! {
                        () = draining.cancelled() => return,
                        () = tokio::time::sleep(RETRY_AFTER) => {}
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    use backup_files::BackupKey;

    use super::*;
    use crate::config::{BackupConfig, DatabaseLocation};
    use crate::store::Store;

    const POLL_INTERVAL: Duration = Duration::from_millis(5);

    struct Place {
        home: tempfile::TempDir,
        config: BackupConfig,
        database: DatabaseLocation,
    }

    impl Place {
        async fn new(keep: usize) -> (Self, Store) {
            let home = tempfile::tempdir().unwrap();
            let (secret, _) = BackupKey::generate();
            let config = BackupConfig {
                key: BackupKey::parse(&secret).ok(),
                folder: home.path().join("backups"),
                keep,
                every: None,
            };
            let database = DatabaseLocation::in_folder(home.path());
            let store = Store::open(&database).await.unwrap();
            let place = Self {
                home,
                config,
                database,
            };
            (place, store)
        }

        fn backups(&self) -> Backups {
            Backups::new(self.config.clone(), self.database.clone())
        }

        fn files(&self) -> Vec<PathBuf> {
            let entries = fs::read_dir(&self.config.folder).into_iter().flatten();
            let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            files.retain(|file| file.extension().is_some_and(|end| end == "age"));
            files.sort();
            files
        }
    }

    fn age(file: &Path, hours: u64) {
        let at = SystemTime::now() - Duration::from_secs(3600 * hours);
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(at).unwrap();
    }

    #[tokio::test]
    async fn backups_are_taken_encrypted_verified_and_pruned() {
        let (place, store) = Place::new(2).await;
        let every = Duration::from_secs(3600);
        let schedule = Schedule::new(place.backups(), Some(every));
        let draining = CancellationToken::new();
        let running = tokio::spawn(schedule.clone().run_every(POLL_INTERVAL, draining.clone()));
        let mut seen = BTreeSet::new();
        while seen.len() < 4 {
            // No other backup is taken until this one is too old.
            for file in place.files() {
                if seen.insert(file.clone()) {
                    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
                    let held = fs::read(&file).unwrap();
                    assert!(held.starts_with(b"age-encryption.org/v1"));
                    let drilled = place.backups().drill(Some(&file)).await.unwrap();
                    assert_eq!(drilled.facts.messages, 0);
                    age(&file, 2);
                }
            }
            assert!(!schedule.has_failed());
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        draining.cancel();
        running.await.unwrap();
        assert_eq!(place.files().len(), 2, "the oldest are gone");
        let oldest = seen.first().unwrap();
        assert!(!oldest.exists(), "{}", oldest.display());
        store.close().await;
    }

    #[tokio::test]
    async fn failed_backup_is_remembered_and_a_recent_one_is_enough() {
        let (mut place, store) = Place::new(2).await;
        let every = Duration::from_secs(3600);
        place.backups().take(Timestamp::now()).await.unwrap();
        let recent = Schedule::new(place.backups(), Some(every));
        let draining = CancellationToken::new();
        let looking = recent.clone().run_every(POLL_INTERVAL, draining.clone());
        assert!(
            tokio::time::timeout(POLL_INTERVAL * 20, looking)
                .await
                .is_err()
        );
        assert_eq!(place.files().len(), 1);
        assert!(recent.age(Timestamp::now()).unwrap() < every);

        // A folder that cannot be created.
        place.config.folder = place.home.path().join("hub.db/backups");
        let schedule = Schedule::new(place.backups(), Some(every));
        let running = tokio::spawn(schedule.clone().run_every(POLL_INTERVAL, draining.clone()));
        while !schedule.has_failed() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        draining.cancel();
        running.await.unwrap();
        store.close().await;
    }
}
