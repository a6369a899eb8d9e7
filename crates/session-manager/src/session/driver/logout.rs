//! Logs out: unlinks the device, which needs a connected page.
//!
//! ```text
//!  POST /logout ─> linked? ─no──────────────────────────────> wiped
//!                    └yes─> browser up and connected? ─yes─> page logs out ─> wiped
//!                               └no─> start it, wait, at most 40 s ─┘    (or only here)
//! ```

use tokio::sync::oneshot;

use super::{Done, LOGOUT_TIMEOUT, PendingLogout, SessionDriver};
use crate::browser::{CdpError, PageError};
use crate::session::handle::LogoutOutcome;
use crate::session::machine::{BrowserPhase, Input, Intent};

impl SessionDriver {
    pub(super) async fn start_logout(&mut self, reply: oneshot::Sender<LogoutOutcome>) {
        if !self.machine.linked() {
            self.apply(Input::LoggedOut).await;
            self.reply_when_wiped(reply, LogoutOutcome::WasNotLinked);
            return;
        }
        if self.logout.is_some() {
            // The first logout serves both callers, and this one gets the same reply.
            self.reply_when_wiped(reply, LogoutOutcome::Unlinked);
            return;
        }
        self.logout = Some(PendingLogout {
            reply,
            started: false,
        });
        self.timers.logout_within(LOGOUT_TIMEOUT);
        // A closed browser has to be started so that WhatsApp can be notified.
        self.apply(Input::Connect(Intent::Resume)).await;
    }

    /// Advances the logout as soon as the page allows it.
    pub(super) fn advance_logout(&mut self) {
        let connected = {
            let report = self.machine.report();
            report.tools && report.socket.as_deref() == Some("CONNECTED")
        };
        let gone = !self.machine.linked();
        let Some(pending) = &mut self.logout else {
            return;
        };
        if gone {
            // The page's own report arrived before the response to the call.
            if let Some(pending) = self.logout.take() {
                self.timers.logout_over();
                self.reply_when_wiped(pending.reply, LogoutOutcome::Unlinked);
            }
            return;
        }
        let page = self.page.borrow().clone();
        let Some(page) = page.filter(|_| connected && !pending.started) else {
            return;
        };
        pending.started = true;
        let _ = self
            .machine
            .apply(Input::LogoutStarted, session_api::Timestamp::now());
        let done = self.done.clone();
        tokio::spawn(async move {
            let result = page.logout().await;
            let _ = done.send(Done::LoggedOut(result));
        });
    }

    pub(super) async fn logged_out(&mut self, result: Result<(), PageError>) {
        if self.logout.is_none() {
            return;
        }
        match result {
            Ok(()) => self.finish_logout(LogoutOutcome::Unlinked).await,
            // The page navigated during its response, as it does after a logout. The next document
            // reports whether the logout succeeded.
            Err(PageError::Browser(CdpError::Remote { .. })) => {}
            Err(error) => {
                tracing::warn!(%error, "whatsapp could not be asked to unlink the device");
                self.finish_logout(LogoutOutcome::OnlyHere).await;
            }
        }
    }

    pub(super) async fn logout_here_only(&mut self) {
        tracing::warn!("whatsapp could not be reached to unlink the device");
        self.finish_logout(LogoutOutcome::OnlyHere).await;
    }

    async fn finish_logout(&mut self, outcome: LogoutOutcome) {
        let Some(pending) = self.logout.take() else {
            return;
        };
        self.timers.logout_over();
        self.apply(Input::LoggedOut).await;
        self.reply_when_wiped(pending.reply, outcome);
    }

    /// Replies once the browser is gone, and with it the profile.
    fn reply_when_wiped(&mut self, reply: oneshot::Sender<LogoutOutcome>, outcome: LogoutOutcome) {
        let (gone, told) = oneshot::channel();
        if self.machine.browser() == BrowserPhase::Gone {
            let _ = reply.send(outcome);
            return;
        }
        self.when_gone.push(gone);
        tokio::spawn(async move {
            if told.await.is_ok() {
                let _ = reply.send(outcome);
            }
        });
    }
}
