//! Operates a running browser: page, screenshot, diagnosis, close and kill.

use std::sync::Arc;
use std::time::Duration;

use fantoccini::Client;
use session_api::Timestamp;
use tokio::task::JoinSet;

use super::chromedriver::{Chromedriver, one_line};
use super::leftover_processes::ProfileProcesses;
use super::profile::Profile;
use super::whatsapp_page::WhatsAppPage;
use crate::failure::Failure;

const DRIVER_DEADLINE: Duration = Duration::from_secs(8);
/// How long Chrome may flush its data after it was closed.
const FLUSH_DEADLINE: Duration = Duration::from_secs(8);
/// How long Chrome may flush its data after SIGTERM before it is killed. A Chrome that was killed
/// during a write has been observed to lose its link.
pub const KILL_GRACE: Duration = Duration::from_secs(10);

/// A running browser.
pub struct Browser {
    pub(super) client: Client,
    pub(super) page: WhatsAppPage,
    pub(super) chromedriver: Arc<Chromedriver>,
    pub(super) processes: ProfileProcesses,
    pub(super) profile: Profile,
    pub(super) tasks: JoinSet<()>,
    /// Chrome's version.
    pub chrome_version: Option<String>,
    /// When the browser started.
    pub started_at: Timestamp,
}

impl Browser {
    /// Returns the browser's page.
    pub fn page(&self) -> &WhatsAppPage {
        &self.page
    }

    /// Returns ChromeDriver's version and pid.
    pub fn chromedriver(&self) -> (&str, u32) {
        let pid = self.chromedriver.id.pid.unsigned_abs();
        (&self.chromedriver.version, pid)
    }

    /// Takes a screenshot as a PNG.
    ///
    /// # Errors
    /// One line with the reason.
    pub fn screenshot(&self) -> impl Future<Output = Result<Vec<u8>, String>> + Send + 'static {
        let client = self.client.clone();
        async move {
            match tokio::time::timeout(DRIVER_DEADLINE, client.screenshot()).await {
                Ok(Ok(png)) => Ok(png),
                Ok(Err(error)) => Err(one_line(&error.to_string())),
                Err(_) => Err("the browser took no screenshot in time".to_owned()),
            }
        }
    }

    /// Finds out why a page does not respond, as far as ChromeDriver can tell.
    pub fn diagnose(&self) -> impl Future<Output = Failure> + Send + 'static {
        let client = self.client.clone();
        async move {
            let probe = client.execute("return 1", Vec::new());
            match tokio::time::timeout(Duration::from_secs(2), probe).await {
                Ok(Err(error)) if error.to_string().contains("tab crashed") => Failure::PageCrashed,
                _ => Failure::PageHung,
            }
        }
    }

    /// Closes Chrome so that it flushes its data, and ends leftover processes. Returns whether
    /// Chrome exited by itself, with everything flushed.
    pub async fn close(mut self) -> bool {
        self.tasks.abort_all();
        let mut clean = false;
        let closing = self.client.clone().close();
        match tokio::time::timeout(DRIVER_DEADLINE, closing).await {
            Ok(Ok(())) => {
                let driver = self.chromedriver.id.pid;
                clean = self
                    .processes
                    .wait_empty(Some(driver), FLUSH_DEADLINE)
                    .await;
                if !clean {
                    tracing::warn!("chrome did not exit by itself in time");
                }
            }
            Ok(Err(error)) => {
                tracing::debug!(error = one_line(&error.to_string()), "no session to close");
            }
            Err(_) => tracing::warn!("chromedriver did not close chrome in time"),
        }
        clean_up(&self.processes, &self.profile, KILL_GRACE).await;
        clean
    }

    /// Ends the remaining processes after the browser died or hung. Chrome gets SIGTERM first, and
    /// `grace` to flush its data.
    pub async fn kill(mut self, grace: Duration) {
        self.tasks.abort_all();
        clean_up(&self.processes, &self.profile, grace).await;
    }
}

/// Ends the profile's leftover processes, and removes their files. Returns how many processes had
/// to be ended.
pub async fn clean_up(processes: &ProfileProcesses, profile: &Profile, grace: Duration) -> usize {
    let ended = match processes.kill_leftovers(grace).await {
        Ok(ended) => ended,
        Err(error) => {
            tracing::error!(%error, "chrome processes could not be ended");
            0
        }
    };
    for cleaning in [profile.remove_locks(), profile.remove_temporary()] {
        if let Err(error) = cleaning {
            tracing::warn!(%error, "chrome's leftovers could not be removed");
        }
    }
    ended
}
