//! Provides `SessionHandle`, which gives snapshots of the session and sends commands to its driver.

use std::sync::Arc;

use session_api::{ErrorCode, SessionState};
use tokio::sync::{mpsc, oneshot, watch};

use super::publisher::Snapshot;
use crate::browser::{Profile, WhatsAppPage};
use crate::error::ApiError;
use crate::event_log::EventLog;

/// Capacity of the driver's mailbox. Further commands are rejected as an overload.
pub(super) const MAILBOX: usize = 64;

/// A request to the driver.
pub(super) enum Command {
    Connect(oneshot::Sender<SessionState>),
    Disconnect(oneshot::Sender<SessionState>),
    Logout(oneshot::Sender<LogoutOutcome>),
    Screenshot(oneshot::Sender<Result<Vec<u8>, AskError>>),
    AcksStopped,
    Ping(oneshot::Sender<()>),
    Offline(OfflineJob),
}

/// A job on the profile. It returns the reply to its caller.
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

/// The result of a logout. In every case no session data is stored any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// The phone has unlinked the device as well.
    Unlinked,
    /// WhatsApp could not be reached, so the phone still lists the device.
    OnlyHere,
    /// No device was linked.
    WasNotLinked,
}

/// Why the driver did not carry out a request.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The mailbox is full.
    #[error("too many requests at once: try again in a second")]
    Overloaded,
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
    /// No browser is running.
    #[error("no browser is running: POST /connect first")]
    NoBrowser,
    /// The browser failed to carry out the request.
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
    pub(super) page: watch::Receiver<Option<WhatsAppPage>>,
    pub(super) log: EventLog,
}

impl SessionHandle {
    /// Returns the current snapshot without waiting.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// Returns a receiver of each new snapshot.
    pub fn changes(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// Returns the event log.
    pub fn events(&self) -> &EventLog {
        &self.log
    }

    /// Returns the page of the running browser; `None` if none runs.
    pub fn page(&self) -> Option<WhatsAppPage> {
        self.page.borrow().clone()
    }

    /// Requests the session. Returns the state immediately afterwards.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`].
    pub async fn connect(&self) -> Result<SessionState, AskError> {
        self.ask(Command::Connect).await
    }

    /// Closes the browser. Returns the state once all its processes have ended.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`].
    pub async fn disconnect(&self) -> Result<SessionState, AskError> {
        self.ask(Command::Disconnect).await
    }

    /// Unlinks the device. Returns once no session data is stored any more.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`].
    pub async fn logout(&self) -> Result<LogoutOutcome, AskError> {
        self.ask(Command::Logout).await
    }

    /// Returns a screenshot of the browser as a PNG.
    pub async fn screenshot(&self) -> Result<Vec<u8>, AskError> {
        self.ask(Command::Screenshot).await?
    }

    /// Closes the browser, runs `job` on the profile, and restarts the browser. Returns the job's
    /// result. If the job cannot run, it is called with the error and nothing is closed.
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
                // The caller may have disconnected.
                Box::new(move || drop(reply.send(outcome)))
            }))
        })
        .await
    }

    /// Waits until the driver answers, and before that for room in its mailbox.
    ///
    /// # Errors
    /// [`AskError::Stopping`].
    pub async fn ping(&self) -> Result<(), AskError> {
        let (tell, told) = oneshot::channel();
        let sent = self.commands.send(Command::Ping(tell)).await;
        sent.map_err(|_| AskError::Stopping)?;
        told.await.map_err(|_| AskError::Stopping)
    }

    /// Reports that WhatsApp sends no acks although the page claims to be
    /// connected.
    pub fn acks_stopped(&self) {
        // If the mailbox is full or closed, the next report has the same effect.
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
