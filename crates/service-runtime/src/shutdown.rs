//! Graceful shutdown in two stages: drain, then abort.
//!
//! ```text
//!            signal, PM2's "shutdown",          second signal
//!            PM2's daemon gone, stop()          abort()
//!  running ───────────────────────> draining ───────────────> aborting
//! ```
//!
//! Draining finishes what was begun and closes cleanly; aborting gives up on
//! it. Both are tokens that are passed on: nothing here is static.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Signals this close together are one wish: a supervisor that ends the whole
/// group, or PM2 and systemd stopping at once, must not cost the clean close.
const SIGNAL_DEBOUNCE: Duration = Duration::from_millis(500);

/// A handle on the two stages. Clones are the same handle.
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
    /// Running: neither stage has begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when draining begins.
    pub fn draining(&self) -> &CancellationToken {
        &self.inner.draining
    }

    /// Cancelled when aborting begins; draining has begun by then.
    pub fn aborting(&self) -> &CancellationToken {
        &self.inner.aborting
    }

    /// Begins draining. Never aborts, however often it is called.
    pub fn stop(&self, cause: &str) {
        if !self.inner.draining.is_cancelled() {
            info!(cause, "stopping: finishing what was begun");
            self.inner.draining.cancel();
        }
    }

    /// Begins aborting, and draining if it has not begun.
    pub fn abort(&self, cause: &str) {
        if !self.inner.aborting.is_cancelled() {
            warn!(cause, "aborting: giving up on what was begun");
            self.inner.draining.cancel();
            self.inner.aborting.cancel();
        }
    }

    /// 130, as for an interrupted command, once aborting has begun; else 0.
    pub fn exit_code(&self) -> ExitCode {
        if self.inner.aborting.is_cancelled() {
            ExitCode::from(130)
        } else {
            ExitCode::SUCCESS
        }
    }

    /// Turns SIGTERM and SIGINT into [`Shutdown::stop`] and, the second time
    /// (later than half a second after the first), [`Shutdown::abort`]; a
    /// third ends the process on the spot with 130.
    ///
    /// The handlers are installed when this returns.
    ///
    /// # Errors
    /// The handlers cannot be installed.
    pub fn on_signals(&self) -> std::io::Result<tokio::task::JoinHandle<()>> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        // A closed terminal is no reason to die half way: it stops us, too.
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
