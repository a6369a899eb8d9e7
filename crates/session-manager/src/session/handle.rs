//! `SessionHandle`: snapshots of the session, and commands to its driver.

use std::sync::Arc;

use session_api::{ErrorCode, SessionState};
use tokio::sync::{mpsc, oneshot, watch};

use super::publisher::Snapshot;
use crate::browser::{Page, Profile};
use crate::error::ApiError;
use crate::event_log::EventLog;

/// The driver's mailbox holds this many commands; more is overload.
pub(super) const MAILBOX: usize = 64;

/// What can be asked of the driver.
pub(super) enum Command {
    Connect(oneshot::Sender<SessionState>),
    Disconnect(oneshot::Sender<SessionState>),
    Logout(oneshot::Sender<LogoutOutcome>),
    Screenshot(oneshot::Sender<Result<Vec<u8>, AskError>>),
    AcksStopped,
    Offline(OfflineJob),
}

/// A job on the profile; returns the reply to its caller.
pub(super) type OfflineJob =
    Box<dyn FnOnce(Result<&Profile, OfflineError>) -> OfflineReply + Send + Sync>;
/// Sends a job's outcome to its caller.
pub(super) type OfflineReply = Box<dyn FnOnce() + Send>;

/// Why a job could not run on the profile.
#[derive(Debug)]
pub enum OfflineError {
    /// Another job runs.
    Busy,
    /// No device is linked.
    NotLinked,
    /// Chrome had to be killed, so the profile may be incomplete.
    NotClosedCleanly,
    /// Another process holds the profile.
    InUse(std::io::Error),
}

/// How a logout ended. Either way nothing is stored any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// The phone knows, too.
    Unlinked,
    /// WhatsApp could not be reached: the phone still lists the device.
    OnlyHere,
    /// No device was linked.
    WasNotLinked,
}

/// Why the driver did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The mailbox is full.
    #[error("too many requests at once: try again in a second")]
    Overloaded,
    /// The service stops.
    #[error("the service is stopping")]
    Stopping,
    /// There is no browser to do it.
    #[error("no browser is running: POST /connect first")]
    NoBrowser,
    /// The browser failed at it.
    #[error("the browser failed: {0}")]
    Browser(String),
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        let code = match error {
            AskError::Overloaded => ErrorCode::Overloaded,
            AskError::Stopping => ErrorCode::ShuttingDown,
            AskError::NoBrowser => ErrorCode::BrowserNotRunning,
            AskError::Browser(_) => ErrorCode::BrowserFailed,
        };
        Self::new(code, error.to_string())
    }
}

/// A handle to the session; cheap to clone.
#[derive(Clone, Debug)]
pub struct SessionHandle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) snapshot: watch::Receiver<Arc<Snapshot>>,
    pub(super) page: watch::Receiver<Option<Page>>,
    pub(super) log: EventLog,
}

impl SessionHandle {
    /// The current snapshot. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// A receiver of each new snapshot.
    pub fn changes(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// The events.
    pub fn events(&self) -> &EventLog {
        &self.log
    }

    /// The page of the running browser.
    pub fn page(&self) -> Option<Page> {
        self.page.borrow().clone()
    }

    /// Asks for the session; answers at once with the state then.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`].
    pub async fn connect(&self) -> Result<SessionState, AskError> {
        self.ask(Command::Connect).await
    }

    /// Closes the browser; answers when nothing of it is left.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`].
    pub async fn disconnect(&self) -> Result<SessionState, AskError> {
        self.ask(Command::Disconnect).await
    }

    /// Unlinks the device; answers when nothing is stored any more.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`].
    pub async fn logout(&self) -> Result<LogoutOutcome, AskError> {
        self.ask(Command::Logout).await
    }

    /// What the browser shows, as a PNG.
    pub async fn screenshot(&self) -> Result<Vec<u8>, AskError> {
        self.ask(Command::Screenshot).await?
    }

    /// Closes the browser, runs `job` on the profile, and starts the browser
    /// again; returns what the job returned. The job is called with the error,
    /// and nothing is closed, where it cannot run.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`].
    pub async fn with_browser_closed<T: Send + 'static>(
        &self,
        job: impl FnOnce(Result<&Profile, OfflineError>) -> T + Send + Sync + 'static,
    ) -> Result<T, AskError> {
        self.ask(|reply| {
            Command::Offline(Box::new(move |profile| {
                let outcome = job(profile);
                // The caller may have hung up.
                Box::new(move || drop(reply.send(outcome)))
            }))
        })
        .await
    }

    /// Tells that WhatsApp acknowledges nothing although the page says that it
    /// is connected.
    pub fn acks_stopped(&self) {
        // With a full or closed mailbox, the next report does it.
        let _ = self.commands.try_send(Command::AcksStopped);
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, AskError> {
        let (tell, told) = oneshot::channel();
        self.commands
            .try_send(command(tell))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => AskError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => AskError::Stopping,
            })?;
        told.await.map_err(|_| AskError::Stopping)
    }
}
