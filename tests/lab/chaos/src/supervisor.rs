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

use super::clock::{Clock, lock};
use harness::spawn_bound_to_test;

/// The pause before a restart.
const RESTART_PAUSE: Duration = Duration::from_millis(500);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// PM2's `kill_timeout`, plus a margin for a machine under load.
const STOP_PATIENCE: Duration = Duration::from_secs(40);
/// Maximum number of failed starts. Another process can have the port for a moment after its owner
/// ended, but not for longer.
const MAX_FAILED_STARTS: u32 = 40;

/// A supervised service.
#[derive(Debug)]
pub struct Supervised {
    inner: Arc<Inner>,
    /// The service's URL, the same through all restarts.
    pub url: String,
    watcher: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Inner {
    name: &'static str,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    clock: Clock,
    current: Mutex<Current>,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Current {
    process: Option<Process>,
    /// Whether this harness sent the signal, so that the end of the service is expected.
    end_expected: bool,
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
            current: Mutex::default(),
            stop: CancellationToken::new(),
        });
        let mut child = inner.spawn(0);
        let log = inner.log(1);
        let url = harness::poll::until(format!("{name} to listen"), async || {
            if let Some(status) = child.try_wait().expect("its state") {
                let output = std::fs::read_to_string(&log).unwrap_or_default();
                panic!("{name} ended with {status}: {output}");
            }
            harness::find_listening_url(&log)
        })
        .await;
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.expect("a port");
        let watcher = Mutex::new(Some(tokio::spawn(inner.clone().watch(child, port))));
        Self {
            inner,
            url,
            watcher,
        }
    }

    /// Returns the current process of the service, if it is running.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        lock(&self.inner.current).process.clone()
    }

    /// Returns how often the service was started.
    #[must_use]
    pub fn starts(&self) -> u32 {
        lock(&self.inner.current).starts
    }

    /// Sends a signal that ends the service. Returns whether the service was running.
    #[must_use]
    pub fn send_signal(&self, signal: Signal) -> bool {
        let mut current = lock(&self.inner.current);
        let Some(process) = &current.process else {
            return false;
        };
        let hit = kill(process.id(), signal).unwrap_or(false);
        current.end_expected |= hit;
        hit
    }

    /// Sends SIGTERM, and waits for the end, without a restart.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        let watcher = lock(&self.watcher).take();
        if let Some(watcher) = watcher {
            let _ = watcher.await;
        }
    }
}

impl Inner {
    fn log(&self, start: u32) -> PathBuf {
        self.folder.join(format!("{}.{start}.log", self.name))
    }

    fn spawn(&self, port: u16) -> Child {
        let mut current = lock(&self.current);
        current.starts += 1;
        let log = self.log(current.starts);
        let mut variables = self.variables.clone();
        variables.push(("PORT".to_owned(), port.to_string()));
        let child = spawn_bound_to_test(self.name, &self.folder, &variables, &log);
        current.process = Process::read(child.id().cast_signed());
        current.end_expected = false;
        child
    }

    async fn watch(self: Arc<Self>, mut child: Child, port: u16) {
        let mut failed = 0;
        loop {
            let Some(clean) = self.end_of(&mut child).await else {
                return;
            };
            let (end_expected, start) = {
                let mut current = lock(&self.current);
                current.process = None;
                (current.end_expected, current.starts)
            };
            if end_expected {
                failed = 0;
            } else if self.port_was_in_use(start) {
                failed += 1;
            } else {
                let suffix = if clean { "" } else { " with an error" };
                let text = format!("{} ended{suffix} by itself, start {start}", self.name);
                self.clock.record_unexpected(text);
            }
            if failed > MAX_FAILED_STARTS {
                self.clock
                    .record_unexpected(format!("{} does not get its port", self.name));
                return;
            }
            tokio::time::sleep(RESTART_PAUSE).await;
            if self.stop.is_cancelled() {
                return;
            }
            child = self.spawn(port);
        }
    }

    fn port_was_in_use(&self, start: u32) -> bool {
        let output = std::fs::read_to_string(self.log(start)).unwrap_or_default();
        output.contains("[FATAL]") && output.contains("is taken")
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
                    let text = format!("{} ended with {status} on SIGTERM", self.name);
                    self.clock.record_unexpected(text);
                }
                return None;
            }
            match stopping_since {
                None if self.stop.is_cancelled() => {
                    stopping_since = Some(tokio::time::Instant::now());
                    if let Some(process) = &lock(&self.current).process {
                        let _ = kill(process.id(), Signal::TERM);
                    }
                }
                Some(since) if since.elapsed() > STOP_PATIENCE => {
                    self.clock
                        .record_unexpected(format!("{} did not stop", self.name));
                    let _ = child.kill();
                    let _ = child.wait();
                    return None;
                }
                _ => {}
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        if let Some(watcher) = lock(&self.watcher).take() {
            watcher.abort();
        }
        if let Some(process) = self.process() {
            let _ = kill(process.id(), Signal::KILL);
        }
    }
}
