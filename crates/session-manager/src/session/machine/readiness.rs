//! Decides whether a linked page can send and receive yet, and what it waits for.
//!
//! ```text
//!  linked ─> syncing ─> connected ─> tools found ─> waiting messages delivered ─> READY
//!               │                        │                    │ at most delivery_patience
//!               v no progress            v for long           v for long
//!            stalled                 TOOLS_BROKEN       OFFLINE_DELIVERY
//! ```
//!
//! The page reports that it is connected before its queued messages have been delivered. It holds
//! every send until they are, for at most five minutes (`WAWebEventsWaitForOfflineDeliveryEnd`).

use std::time::Duration;

use session_api::Timestamp;

use super::Limits;
use crate::browser::PageReport;
use crate::session::cause::Cause;

/// How long a delivery may take without being reported.
const TELL_DELIVERY_AFTER: Duration = Duration::from_secs(5);

/// The readiness of a linked page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Sends work.
    Ready,
    /// The page is not connected, or not synced.
    NotConnected,
    /// The page is connected, but not ready for this reason, which is `worth_telling` once it has
    /// lasted.
    NotYet { why: Cause, worth_telling: bool },
    /// The sync no longer makes progress.
    Stalled,
}

/// The start times of the pending waits.
#[derive(Debug, Default)]
pub(super) struct Waits {
    undelivered: Option<Timestamp>,
    broken: Option<Timestamp>,
    /// The sync's progress, and since when it has not changed.
    progress: Option<(String, Timestamp)>,
}

impl Waits {
    /// Returns the readiness according to the page's report at `now`.
    pub(super) fn judge(
        &mut self,
        report: &PageReport,
        limits: &Limits,
        now: Timestamp,
    ) -> Readiness {
        if !report.is_connected() {
            (self.undelivered, self.broken) = (None, None);
            return self.judge_sync(report, limits, now);
        }
        self.progress = None;
        if report.tools {
            self.broken = None;
        } else {
            let since = *self.broken.get_or_insert(now);
            return Readiness::NotYet {
                why: Cause::ToolsBroken(report.missing.clone()),
                worth_telling: lasted(since, now, limits.tools_patience),
            };
        }
        if report.delivered != Some(false) {
            self.undelivered = None;
            return Readiness::Ready;
        }
        let since = *self.undelivered.get_or_insert(now);
        if lasted(since, now, limits.delivery_patience) {
            return Readiness::Ready;
        }
        Readiness::NotYet {
            why: Cause::OfflineDelivery,
            worth_telling: lasted(since, now, TELL_DELIVERY_AFTER),
        }
    }

    fn judge_sync(&mut self, report: &PageReport, limits: &Limits, now: Timestamp) -> Readiness {
        // Without a connection no progress is possible, and the page reconnects by itself.
        if report.socket.as_deref() != Some("CONNECTED") {
            self.progress = None;
            return Readiness::NotConnected;
        }
        match &self.progress {
            Some((known, since)) if *known == report.progress => {
                if lasted(*since, now, limits.sync_patience) {
                    self.progress = None;
                    return Readiness::Stalled;
                }
            }
            _ => self.progress = Some((report.progress.clone(), now)),
        }
        Readiness::NotConnected
    }
}

fn lasted(since: Timestamp, now: Timestamp, patience: Duration) -> bool {
    now >= since.after(patience)
}
