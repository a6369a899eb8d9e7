//! Runs jobs that need Chrome closed, such as a backup of the profile.
//!
//! ```text
//!  asked ─> Rest ─> Chrome closed cleanly ─> the job ─> RestOver ─> Chrome again
//!                        └ killed ─> refused ──────────────^
//! ```

use super::{Done, PendingJob, SessionDriver, Slot};
use crate::session::handle::{OfflineError, OfflineJob, OfflineReply};
use crate::session::machine::{BrowserPhase, Input};

impl SessionDriver {
    pub(super) async fn start_offline_job(&mut self, job: OfflineJob) {
        let refused = if self.offline_job.is_some() {
            Some(OfflineError::Busy)
        } else if !self.machine.linked() {
            Some(OfflineError::NotLinked)
        } else {
            None
        };
        if let Some(why) = refused {
            let reply = job(Err(why));
            reply();
            return;
        }
        self.offline_job = Some(PendingJob::Waiting(job));
        self.apply(Input::Rest).await;
    }

    /// Runs the waiting job once the browser is gone.
    pub(super) fn advance_offline_job(&mut self) {
        let gone = self.machine.browser() == BrowserPhase::Gone && matches!(self.slot, Slot::Empty);
        if !gone || !matches!(self.offline_job, Some(PendingJob::Waiting(_))) {
            return;
        }
        let Some(PendingJob::Waiting(job)) = self.offline_job.replace(PendingJob::Running) else {
            return;
        };
        let done = self.done.clone();
        let (profile, clean) = (self.config.profile.clone(), self.closed_cleanly);
        tokio::task::spawn_blocking(move || {
            let ready = if clean {
                // If the session was idle since the start, the profile may not be locked yet.
                profile.lock().map_err(OfflineError::InUse)
            } else {
                Err(OfflineError::NotClosedCleanly)
            };
            let reply = job(ready.map(|()| &profile));
            let _ = done.send(Done::OfflineJob(reply));
        });
    }

    /// Replies once the next job may be requested.
    pub(super) async fn offline_job_done(&mut self, reply: OfflineReply) {
        self.offline_job = None;
        reply();
        self.apply(Input::RestOver).await;
    }
}
