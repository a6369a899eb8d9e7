//! Sends heartbeats to the page. After several are missed, concludes that the page hangs, and has
//! the page reloaded or the browser diagnosed. How often it may be restarted is decided in
//! `machine::within_budget`.

use session_api::SessionState;

use super::{Done, Launched, SessionDriver, Slot};
use crate::browser::{CdpError, PageError, PageReport};
use crate::failure::Failure;
use crate::session::machine::Input;

/// Number of consecutive missed heartbeats after which the page counts as hung.
const MAX_MISSED: u32 = 3;

impl SessionDriver {
    /// Requests a report from the page, within the deadline of a heartbeat.
    pub(super) fn heartbeat(&self) {
        let (page, done) = (self.page.borrow().clone(), self.done.clone());
        let (launch, deadline) = (self.launches, self.heartbeat.heartbeat_deadline);
        tokio::spawn(async move {
            let Some(page) = page else { return };
            let result = page.report(deadline).await;
            let _ = done.send(Done::Heartbeat(launch, Box::new(result)));
        });
    }

    pub(super) async fn on_heartbeat(&mut self, result: Result<PageReport, PageError>) {
        match result {
            Ok(report) => {
                self.missed_beats = 0;
                self.reloaded_for_beats = false;
                self.on_page_report(report).await;
                self.collect_garbage_if_quiet();
            }
            Err(error) => {
                tracing::warn!(%error, "the page missed a heartbeat");
                self.missed_beats += 1;
                let hung = matches!(error, PageError::Browser(CdpError::Timeout(_)));
                // Several states delay a heartbeat without a hang. A linked profile that loads, and
                // the first sync of a large account, keep the page's thread busy for long. A page
                // between two documents briefly has no script. A passkey has a deadline of ten
                // minutes.
                let costly = self.machine.linked() || self.machine.passkey().is_some();
                let syncing = costly && self.machine.state() != SessionState::Ready;
                if self.missed_beats >= MAX_MISSED && syncing && !self.reloaded_for_beats {
                    self.reloaded_for_beats = true;
                    self.missed_beats = 0;
                    self.apply(Input::PageFailed(Failure::PageHung)).await;
                    // From here on, the boot timer decides.
                    return;
                } else if self.missed_beats >= MAX_MISSED || (hung && !syncing) {
                    self.diagnose();
                }
                self.timers.heartbeat_after(self.heartbeat.heartbeat_every);
            }
        }
    }

    fn collect_garbage_if_quiet(&mut self) {
        let quiet = self.gc.on_heartbeat();
        let page = self.page.borrow().clone().filter(|_| quiet);
        if let Some(page) = page {
            tokio::spawn(async move {
                if let Err(error) = page.collect_garbage().await {
                    tracing::debug!(%error, "the page's garbage was not collected");
                }
            });
        }
    }

    fn diagnose(&self) {
        let Slot::Running(Launched { browser, .. }) = &self.slot else {
            return;
        };
        let (probe, done, launch) = (browser.diagnose(), self.done.clone(), self.launches);
        tokio::spawn(async move {
            let failure = probe.await;
            let _ = done.send(Done::Diagnosed(launch, failure));
        });
    }
}
