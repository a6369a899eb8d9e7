//! Stops the service in two stages: drain, then abort.
//!
//! ```text
//!            signal, PM2's "shutdown",          second signal
//!            PM2's daemon gone, stop()          abort()
//!  running ───────────────────────> draining ───────────────> aborting
//! ```
//!
//! Draining finishes what was begun and closes cleanly; aborting drops it. Both stages are tokens
//! that are passed on, so nothing here is static.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Signals this close together count as one. A supervisor that signals the whole group, or PM2 and
/// systemd stopping at the same time, must not prevent the clean close.
const SIGNAL_DEBOUNCE: Duration = Duration::from_millis(500);

/// A handle to the two stages. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    draining: CancellationToken,
    aborting: CancellationToken,
}

impl Shutdown {
    /// Creates the handle of a running service.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the token that is cancelled when draining begins.
    pub fn draining(&self) -> &CancellationToken {
        &self.inner.draining
    }

    /// Returns the token that is cancelled when aborting begins. Draining has begun by then.
    pub fn aborting(&self) -> &CancellationToken {
        &self.inner.aborting
    }

    /// Begins draining. Never aborts, however often it is called.
    pub fn stop(&self, cause: &str) {
        if !self.inner.draining.is_cancelled() {
            info!(cause, "stopping: finishing work in progress");
            self.inner.draining.cancel();
        }
    }

    /// Begins aborting, and draining if that has not begun.
    pub fn abort(&self, cause: &str) {
        if !self.inner.aborting.is_cancelled() {
            warn!(cause, "aborting: abandoning work in progress");
            self.inner.draining.cancel();
            self.inner.aborting.cancel();
        }
    }

    /// Returns 130, as for an interrupted command, once aborting has begun; else 0.
    pub fn exit_code(&self) -> ExitCode {
        if self.inner.aborting.is_cancelled() {
            ExitCode::from(130)
        } else {
            ExitCode::SUCCESS
        }
    }

    /// Handles SIGTERM and SIGINT. The first signal calls [`Shutdown::stop`]. The second, if it
    /// comes more than half a second after the first, calls [`Shutdown::abort`]. A third ends the
    /// process immediately with 130.
    ///
    /// The handlers are installed when this returns.
    ///
    /// # Errors
    /// If the handlers cannot be installed.
    pub fn on_signals(&self) -> std::io::Result<tokio::task::JoinHandle<()>> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        // A closed terminal must not kill the process, so SIGHUP drains as well.
        let hangup = signal(SignalKind::hangup())?;
        let shutdown = self.clone();
        Ok(tokio::spawn(shutdown.watch(terminate, interrupt, hangup)))
    }

    async fn watch(self, mut terminate: Signal, mut interrupt: Signal, mut hangup: Signal) {
        let mut previous: Option<Instant> = None;
        loop {
            let name = tokio::select! {
                Some(()) = terminate.recv() => "SIGTERM",
                Some(()) = interrupt.recv() => "SIGINT",
                Some(()) = hangup.recv() => "SIGHUP",
                else => return,
            };
            let now = Instant::now();
            if previous.is_some_and(|at| now.duration_since(at) < SIGNAL_DEBOUNCE) {
                continue;
            }
            previous = Some(now);
            if self.inner.aborting.is_cancelled() {
                std::process::exit(130);
            } else if self.inner.draining.is_cancelled() {
                self.abort(name);
            } else {
                self.stop(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_only_go_forward() {
        let shutdown = Shutdown::new();
        let other = shutdown.clone();
        assert!(!other.draining().is_cancelled());
        shutdown.stop("test");
        shutdown.stop("test");
        assert!(other.draining().is_cancelled());
        assert!(!other.aborting().is_cancelled());
        other.abort("test");
        assert!(shutdown.aborting().is_cancelled());
    }

    #[test]
    fn aborting_drains() {
        let shutdown = Shutdown::new();
        shutdown.abort("test");
        assert!(shutdown.draining().is_cancelled());
    }
}
