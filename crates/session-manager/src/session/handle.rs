//! What the rest of the service holds of the session.

use std::sync::Arc;

use session_api::SessionState;
use tokio::sync::{mpsc, oneshot, watch};

use super::log::EventLog;
use super::publisher::Snapshot;
use crate::backup::{BackupError, Backups, Taken};
use crate::browser::Page;

/// The driver's mailbox holds this many commands; more is overload.
pub(super) const MAILBOX: usize = 64;

/// What can be asked of the driver.
#[derive(Debug)]
pub(super) enum Command {
    Connect(oneshot::Sender<SessionState>),
    Disconnect(oneshot::Sender<SessionState>),
    Logout(oneshot::Sender<LogoutOutcome>),
    Screenshot(oneshot::Sender<Result<Vec<u8>, AskError>>),
    AcksStopped,
    Backup(Backups, oneshot::Sender<Result<Taken, BackupError>>),
}

/// How a logout ended. Either way nothing is stored any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// The phone knows, too.
    Unlinked,
    /// WhatsApp could not be told: the phone still lists the device.
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

/// A handle to the session; cheap to clone.
#[derive(Clone, Debug)]
pub struct SessionHandle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) snapshot: watch::Receiver<Arc<Snapshot>>,
    pub(super) page: watch::Receiver<Option<Page>>,
    pub(super) log: EventLog,
}

impl SessionHandle {
    /// What holds now. Never waits.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// Tells of each change of what holds.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// The events.
    #[must_use]
    pub fn events(&self) -> &EventLog {
        &self.log
    }

    /// The page of the running browser.
    #[must_use]
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
    ///
    /// # Errors
    /// Any [`AskError`].
    pub async fn screenshot(&self) -> Result<Vec<u8>, AskError> {
        self.ask(Command::Screenshot).await?
    }

    /// Closes the browser for a moment and takes a backup of the session; answers
    /// once it is taken, or is not.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Stopping`]; within, any
    /// [`BackupError`].
    pub async fn backup(&self, to: Backups) -> Result<Result<Taken, BackupError>, AskError> {
        self.ask(|reply| Command::Backup(to, reply)).await
    }

    /// Tells that WhatsApp acknowledges nothing although the page says that it
    /// is connected.
    pub fn acks_stopped(&self) {
        // A full mailbox, or one that is closed, hears of it the next time.
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
