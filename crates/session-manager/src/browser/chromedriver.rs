//! Manages the ChromeDriver process: finds it, starts it, reads its port, and notices its end.
//! `leftover_processes` kills it, with its tree.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use service_runtime::process::{Isolated, Process, ProcessId, spawn_isolated};
use tokio::sync::{oneshot, watch};
use tokio::task::block_in_place;

use super::chrome::set_environment;
use super::connector::DriverConnector;
use super::profile::Profile;
use crate::failure::Failure;

const START_DEADLINE: Duration = Duration::from_secs(20);
/// How many times ChromeDriver is started before it counts as broken. ChromeDriver takes a free
/// IPv4 port and then needs the same port on IPv6. It exits if another process has that port, which
/// is possible in a shared network namespace.
const MAX_STARTS: u32 = 3;

/// A running ChromeDriver.
#[derive(Debug)]
pub struct Chromedriver {
    /// The connector to its port.
    pub(super) connector: DriverConnector,
    /// ChromeDriver's version, such as `156.0.8078.79`.
    pub version: String,
    /// The identity of its process.
    pub id: ProcessId,
    /// The path of this service's program, by which ChromeDriver can execute it.
    pub(super) service: PathBuf,
    ended: watch::Receiver<bool>,
}

struct Greeting {
    version: Option<String>,
    port: u16,
}

impl Chromedriver {
    /// Starts `program` for `profile`, with the shim as its Chrome, isolated so that no other
    /// process reaches its port. Returns once it listens.
    ///
    /// # Errors
    /// [`Failure::ChromedriverNotFound`] or [`Failure::LaunchFailed`]. A started process may still
    /// be running then: sweep the tree.
    pub async fn start(
        program: &Path,
        profile: &Profile,
        shim: (&'static str, &Path),
    ) -> Result<Self, Failure> {
        let command = || {
            let mut command = Command::new(program);
            set_environment(&mut command, profile);
            command
                .arg("--port=0")
                .env(shim.0, shim.1)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            command
        };
        for _ in 0..MAX_STARTS {
            if let Some(listening) = Self::start_once(program, command).await? {
                return Ok(listening);
            }
        }
        let message = format!("{} exited immediately", program.display());
        Err(Failure::LaunchFailed(message))
    }

    /// Starts ChromeDriver once. Returns `None` if it exited before it listened.
    async fn start_once(
        program: &Path,
        command: impl Fn() -> Command,
    ) -> Result<Option<Self>, Failure> {
        // Blocks in place: a spawned thread would outlive a cancellation.
        let mut isolated =
            block_in_place(|| spawn(command)).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied => {
                    Failure::ChromedriverNotFound(format!("{}: {error}", program.display()))
                }
                _ => Failure::LaunchFailed(format!("{}: {error}", program.display())),
            })?;
        let id = Process::read(isolated.child.id().cast_signed()).map(|process| process.id());
        let greeting = read_greeting(&mut isolated.child);
        let ended = watch_end(isolated.child);
        let greeting = tokio::time::timeout(START_DEADLINE, greeting)
            .await
            .map_err(|_| Failure::LaunchFailed("chromedriver did not open its port".to_owned()))?;
        Ok(id.zip(greeting.ok()).map(|(id, greeting)| Self {
            connector: DriverConnector::new(greeting.port, isolated.socket),
            version: greeting.version.unwrap_or_default(),
            id,
            service: isolated.program,
            ended,
        }))
    }

    /// Waits until ChromeDriver has ended.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        // An error means that the waiting thread has ended, and so has the process.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

/// Starts ChromeDriver isolated, or without isolation if that is not allowed.
fn spawn(command: impl Fn() -> Command) -> std::io::Result<Isolated> {
    spawn_isolated(command(), true).or_else(|error| {
        let shared = spawn_isolated(command(), false)?;
        tracing::warn!(
            %error,
            "chromedriver runs without a network namespace: every program on this machine can reach \
             its port. Allow user namespaces (docs/security.md)"
        );
        Ok(shared)
    })
}

/// Reads ChromeDriver's version and port. Then reads its output to the end, so that the pipe never
/// fills.
fn read_greeting(child: &mut Child) -> oneshot::Receiver<Greeting> {
    let (sender, receiver) = oneshot::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut sender = Some(sender);
            let mut version = None;
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(rest) = line.strip_prefix("Starting ChromeDriver ") {
                    version = rest.split(' ').next().map(str::to_owned);
                }
                let port = line
                    .strip_prefix("ChromeDriver was started successfully on port ")
                    .and_then(|rest| rest.trim_end_matches('.').parse().ok());
                if let (Some(port), Some(sender)) = (port, sender.take_if(|_| port.is_some())) {
                    let version = version.take();
                    let _ = sender.send(Greeting { version, port });
                }
            }
        });
    }
    receiver
}

/// Reaps ChromeDriver in a separate thread.
fn watch_end(mut child: Child) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    std::thread::spawn(move || {
        let _ = child.wait();
        let _ = sender.send(true);
    });
    receiver
}

/// Returns whether `file` is an executable file.
pub fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Finds the first of `names` on `PATH` that is executable.
#[must_use]
pub fn find_on_path(names: &[&str], path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(path?).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| is_executable(file))
}

/// Returns an error on one line: its first line, and the causes that ChromeDriver puts below it
/// (`from unknown error: …`), without the stack trace.
pub(super) fn one_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let mut line = lines.next().unwrap_or_default().to_owned();
    for cause in lines.filter(|line| line.starts_with("from ")) {
        line.push(' ');
        line.push_str(cause);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_part_of_the_line_and_the_stack_is_not() {
        let text = "session not created\nfrom disconnected: no renderer\n  (Session info)\n#0 0x55";
        assert_eq!(
            one_line(text),
            "session not created from disconnected: no renderer"
        );
        assert_eq!(one_line(""), "");
    }
}
