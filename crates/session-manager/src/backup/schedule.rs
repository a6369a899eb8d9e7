//! Takes scheduled backups: one whenever the newest is older than the interval.

use std::time::{Duration, SystemTime};

use session_api::SessionState;
use tokio_util::sync::CancellationToken;

use super::Backups;
use crate::session::SessionHandle;

/// How often the schedule checks whether a backup is due.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// Delay before the next try after a failure. The reason of the failure is in the log.
const RETRY_DELAY: Duration = Duration::from_secs(3600);

/// Takes a backup of the READY session whenever the newest is too old.
#[derive(Debug)]
pub struct Schedule {
    backups: Backups,
    interval: Duration,
    session: SessionHandle,
}

impl Schedule {
    /// Returns a schedule with the interval `interval`, for `session`.
    #[must_use]
    pub fn new(backups: Backups, interval: Duration, session: SessionHandle) -> Self {
        Self {
            backups,
            interval,
            session,
        }
    }

    /// Runs until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.run_loop() => {}
        }
    }

    async fn run_loop(&self) {
        let mut changes = self.session.changes();
        loop {
            let ready = changes.wait_for(|snapshot| snapshot.session.state == SessionState::Ready);
            if ready.await.is_err() {
                return;
            }
            let mut pause = CHECK_INTERVAL;
            if self.is_due(SystemTime::now()) {
                let taken = self.backups.take_running(&self.session).await;
                if !matches!(taken, Ok(Ok(_))) {
                    // The failure was logged where it occurred.
                    pause = RETRY_DELAY;
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Returns whether a backup is due. Never due while the newest backup lies in the future, after
    /// the clock was set back.
    fn is_due(&self, now: SystemTime) -> bool {
        self.backups.newest().is_none_or(|newest| {
            now.duration_since(newest)
                .is_ok_and(|age| age >= self.interval)
        })
    }
}
