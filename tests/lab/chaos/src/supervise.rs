//! Supervises a service, and restarts it whenever it ends, as PM2 does.
//!
//! ```text
//!  spawn (port 0) ─> listening ─┬─> ends ─> pause ─> spawn (the same port) ─┐
//!                               └───────────────────────────────────────────┘
//! ```
//!
//! The logs of the service are kept, one file per start.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use service_runtime::process::{Process, Signal, kill};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::clock::{Clock, locked};
use harness::bound_to_us;

/// The pause before a restart.
const PAUSE: Duration = Duration::from_millis(500);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// PM2's `kill_timeout`, plus a margin for a machine under load.
const STOP_PATIENCE: Duration = Duration::from_secs(40);
/// Maximum number of failed starts. Another process can have the port for a moment after its owner
/// ended, but not for longer.
const MOST_FAILED_STARTS: u32 = 40;

/// A supervised service.
#[derive(Debug)]
pub struct Supervised {
    inner: Arc<Inner>,
    /// The service's URL, the same through all restarts.
    pub url: String,
    watching: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Inner {
    name: &'static str,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    clock: Clock,
    now: Mutex<Now>,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Now {
    process: Option<Process>,
    /// Whether this harness sent the signal, so that the end of the service is expected.
    struck: bool,
    starts: u32,
}

impl Supervised {
    /// Starts `name` in `folder`, and waits until it listens.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(
        name: &'static str,
        folder: &Path,
        variables: Vec<(String, String)>,
        clock: &Clock,
    ) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let inner = Arc::new(Inner {
            name,
            folder: folder.to_owned(),
            variables,
            clock: clock.clone(),
            now: Mutex::default(),
            stop: CancellationToken::new(),
        });
        let mut child = inner.spawn(0);
        let log = inner.log(1);
        let url = harness::poll::until(format!("{name} to listen"), async || {
            if let Some(status) = child.try_wait().expect("its state") {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                panic!("{name} ended with {status}: {said}");
            }
            harness::listening_on(&log)
        })
        .await;
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.expect("a port");
        let watching = Mutex::new(Some(tokio::spawn(inner.clone().watch(child, port))));
        Self {
            inner,
            url,
            watching,
        }
    }

    /// Returns the current process of the service, if it is running.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        locked(&self.inner.now).process.clone()
    }

    /// Returns how often the service was started.
    #[must_use]
    pub fn starts(&self) -> u32 {
        locked(&self.inner.now).starts
    }

    /// Sends a signal that ends the service. Returns whether the service was running.
    #[must_use]
    pub fn strike(&self, signal: Signal) -> bool {
        let mut now = locked(&self.inner.now);
        let Some(process) = &now.process else {
            return false;
        };
        let hit = kill(process.id(), signal).unwrap_or(false);
        now.struck |= hit;
        hit
    }

    /// Sends SIGTERM, and waits for the end, without a restart.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        let watching = locked(&self.watching).take();
        if let Some(watching) = watching {
            let _ = watching.await;
        }
    }
}

impl Inner {
    fn log(&self, start: u32) -> PathBuf {
        self.folder.join(format!("{}.{start}.log", self.name))
    }

    fn spawn(&self, port: u16) -> Child {
        let mut now = locked(&self.now);
        now.starts += 1;
        let log = self.log(now.starts);
        let mut variables = self.variables.clone();
        variables.push(("PORT".to_owned(), port.to_string()));
        let child = bound_to_us(self.name, &self.folder, &variables, &log);
        now.process = Process::read(child.id().cast_signed());
        now.struck = false;
        child
    }

    async fn watch(self: Arc<Self>, mut child: Child, port: u16) {
        let mut failed = 0;
        loop {
            let Some(clean) = self.end_of(&mut child).await else {
                return;
            };
            let (struck, start) = {
                let mut now = locked(&self.now);
                now.process = None;
                (now.struck, now.starts)
            };
            if struck {
                failed = 0;
            } else if self.port_was_taken(start) {
                failed += 1;
            } else {
                let how = if clean { "" } else { " with an error" };
                let what = format!("{} ended{how} by itself, start {start}", self.name);
                self.clock.odd(what);
            }
            if failed > MOST_FAILED_STARTS {
                self.clock
                    .odd(format!("{} does not get its port", self.name));
                return;
            }
            tokio::time::sleep(PAUSE).await;
            if self.stop.is_cancelled() {
                return;
            }
            child = self.spawn(port);
        }
    }

    fn port_was_taken(&self, start: u32) -> bool {
        let said = std::fs::read_to_string(self.log(start)).unwrap_or_default();
        said.contains("[FATAL]") && said.contains("is taken")
    }

    /// Waits for the end of the process. Returns whether the end was clean; `None` once the service
    /// is stopped for good.
    async fn end_of(&self, child: &mut Child) -> Option<bool> {
        let mut stopping_since = None;
        loop {
            if let Ok(Some(status)) = child.try_wait() {
                if stopping_since.is_none() {
                    return Some(status.success());
                }
                if !status.success() {
                    let what = format!("{} ended with {status} on SIGTERM", self.name);
                    self.clock.odd(what);
                }
                return None;
            }
            match stopping_since {
                None if self.stop.is_cancelled() => {
                    stopping_since = Some(tokio::time::Instant::now());
                    if let Some(process) = &locked(&self.now).process {
                        let _ = kill(process.id(), Signal::TERM);
                    }
                }
                Some(since) if since.elapsed() > STOP_PATIENCE => {
                    self.clock.odd(format!("{} did not stop", self.name));
                    let _ = child.kill();
                    let _ = child.wait();
                    return None;
                }
                _ => {}
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        if let Some(watching) = locked(&self.watching).take() {
            watching.abort();
        }
        if let Some(process) = self.process() {
            let _ = kill(process.id(), Signal::KILL);
        }
    }
}
