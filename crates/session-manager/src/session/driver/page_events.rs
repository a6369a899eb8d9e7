//! Handles the events that the page publishes (`PageEvent`), and reloads the page.

use session_api::SessionState;

use super::{Done, Ending, SessionDriver};
use crate::browser::{CdpError, Notice, PageEvent, PageReport, PageUpdate};
use crate::failure::Failure;
use crate::session::machine::Input;

impl SessionDriver {
    pub(super) async fn on_page_event(&mut self, event: PageEvent) {
        if matches!(
            event,
            PageEvent::Message { .. } | PageEvent::Change { .. } | PageEvent::Ack { .. }
        ) {
            self.gc.note_event();
        }
        if matches!(event, PageEvent::Ack { ack: 1.., .. }) {
            self.ack_remedies = 0;
        }
        match event {
            PageEvent::Report { report } => self.on_page_report(report).await,
            PageEvent::Message { message } => {
                self.inbox.enqueue(PageUpdate::Message(Box::new(message)));
            }
            PageEvent::Change { change } => {
                self.inbox.enqueue(PageUpdate::Change(Box::new(change)));
            }
            PageEvent::ChangesMissed => self.inbox.record_missed_changes(),
            PageEvent::Ack { id, ack, media } => self.inbox.enqueue(PageUpdate::Ack {
                message_id: id,
                ack,
                media,
            }),
            PageEvent::Limits { limits } => self.inbox.set_limits(limits),
            PageEvent::Log { level, text } => match level.as_str() {
                "warn" => tracing::warn!("page script: {text}"),
                _ => tracing::info!("page script: {text}"),
            },
        }
    }

    pub(super) async fn on_page_report(&mut self, report: PageReport) {
        if report.http_status >= 400 {
            let why = format!("it answers HTTP {}", report.http_status);
            return self.lose(Failure::PageUnreachable(why), Ending::Kill).await;
        }
        if let Some(Notice::UnexpectedLogout { reason }) = &report.notice {
            let failure = Failure::UnexpectedLogout(reason.clone());
            return self.lose(failure, Ending::Kill).await;
        }
        self.page_reported = true;
        let settled = report.registered == Some(true)
            || report.code.is_some()
            || report.idle
            || report.passkey.is_some();
        let tools = report.tools && !self.machine.report().tools;
        self.timers.page_reported(
            settled,
            self.heartbeat.heartbeat_every,
            self.heartbeat.boot_patience,
        );
        self.apply(Input::PageReport(Box::new(report))).await;
        if !self.machine.refreshing() {
            self.timers.refresh_over();
        }
        if tools {
            self.timers.self_test_over();
            self.run_self_test();
        }
    }

    pub(super) fn run_self_test(&self) {
        let (page, done) = (self.page.borrow().clone(), self.done.clone());
        tokio::spawn(async move {
            let Some(page) = page else { return };
            match page.self_test().await {
                Ok(test) => drop(done.send(Done::SelfTest(test))),
                Err(error) => tracing::debug!(%error, "no self-test"),
            }
        });
    }

    pub(super) fn refresh_code(&mut self) {
        self.timers.refresh_started();
        let Some(page) = self.page.borrow().clone() else {
            return;
        };
        tokio::spawn(async move {
            let refreshed = page.refresh_code().await;
            if matches!(refreshed, Ok(true)) {
                return;
            }
            if let Err(error) = page.reload().await {
                tracing::warn!(%error, "the page could not be reloaded for a new qr");
            }
        });
    }

    /// Reloads the page. A page that cannot accept the request counts as lost.
    pub(super) fn reload_page(&mut self) {
        self.timers.page_loading(self.heartbeat.boot_patience);
        let Some(page) = self.page.borrow().clone() else {
            return;
        };
        let (done, launch) = (self.done.clone(), self.launches);
        tokio::spawn(async move {
            match page.reload().await {
                Ok(()) => {}
                // A busy page handles the reload when it can.
                Err(error @ CdpError::Timeout(_)) => {
                    tracing::warn!(%error, "the page is slow to reload");
                }
                Err(error) => {
                    tracing::warn!(%error, "the page could not be reloaded");
                    let _ = done.send(Done::Diagnosed(launch, Failure::PageHung));
                }
            }
        });
    }

    /// Handles missing acks: first reloads the page, then closes the browser, and finally kills it.
    pub(super) async fn acks_stopped(&mut self) {
        // A page that holds sends gets no acks, and a reload would restart the delivery.
        if self.machine.state() != SessionState::Ready || self.machine.holds_sends() {
            return;
        }
        self.ack_remedies += 1;
        match self.ack_remedies {
            1 => self.apply(Input::PageFailed(Failure::AcksStopped)).await,
            2 => self.lose(Failure::AcksStopped, Ending::Close).await,
            _ => self.lose(Failure::AcksStopped, Ending::Kill).await,
        }
    }
}
