//! The ChromeDriver process: finding it, starting it, reading its port, and
//! noticing its end.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use service_runtime::process::{Isolated, Process, ProcessId, spawn_isolated};
use tokio::sync::{oneshot, watch};
use tokio::task::block_in_place;

use super::chrome::surround;
use super::connector::DriverConnector;
use super::profile::Profile;
use crate::failure::Failure;

const START_DEADLINE: Duration = Duration::from_secs(20);
/// How often it is started before it counts as broken: it takes a free port of
/// IPv4 and then wants the same one of IPv6, and where somebody else has that,
/// as can be where it is not alone, it ends.
const STARTS: u32 = 3;

/// A running ChromeDriver.
#[derive(Debug)]
pub struct Chromedriver {
    /// How it is reached.
    pub(super) connector: DriverConnector,
    /// Its version, such as `156.0.8078.79`.
    pub version: String,
    /// Its process.
    pub id: ProcessId,
    /// The program of this service, by a path that it can execute.
    pub(super) service: PathBuf,
    ended: watch::Receiver<bool>,
}

struct Greeting {
    version: Option<String>,
    port: u16,
}

impl Chromedriver {
    /// Starts `program` for `profile`, where no other process reaches its
    /// port, and has it start the shim as Chrome; answers once it listens.
    ///
    /// # Errors
    /// [`Failure::ChromedriverNotFound`] or [`Failure::LaunchFailed`]. A
    /// process that was started may still run then: sweep the tree.
    pub async fn start(
        program: &Path,
        profile: &Profile,
        shim: (&'static str, &Path),
    ) -> Result<Self, Failure> {
        let command = || {
            let mut command = Command::new(program);
            surround(&mut command, profile);
            command
                .arg("--port=0")
                .env(shim.0, shim.1)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            command
        };
        for _ in 0..STARTS {
            if let Some(listening) = Self::start_once(program, command).await? {
                return Ok(listening);
            }
        }
        let told = format!("{} ended at once", program.display());
        Err(Failure::LaunchFailed(told))
    }

    /// `None` if it ended before it listened.
    async fn start_once(
        program: &Path,
        command: impl Fn() -> Command,
    ) -> Result<Option<Self>, Failure> {
        // Here and now: what went on alone after a cancel would be left behind.
        let mut isolated =
            block_in_place(|| spawn(command)).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied => {
                    Failure::ChromedriverNotFound(format!("{}: {error}", program.display()))
                }
                _ => Failure::LaunchFailed(format!("{}: {error}", program.display())),
            })?;
        let id = Process::read(isolated.child.id().cast_signed()).map(|process| process.id());
        let greeting = greeting(&mut isolated.child);
        let ended = watch_end(isolated.child);
        let told = tokio::time::timeout(START_DEADLINE, greeting)
            .await
            .map_err(|_| Failure::LaunchFailed("chromedriver did not open its port".to_owned()))?;
        Ok(id.zip(told.ok()).map(|(id, greeting)| Self {
            connector: DriverConnector::new(greeting.port, isolated.socket),
            version: greeting.version.unwrap_or_default(),
            id,
            service: isolated.program,
            ended,
        }))
    }

    /// Waits until the process ended; at once if it has.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        // An error means that the waiting thread is gone, with the process.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

/// Alone, or where that is not allowed, together with everybody.
fn spawn(command: impl Fn() -> Command) -> std::io::Result<Isolated> {
    spawn_isolated(command(), true).or_else(|error| {
        let together = spawn_isolated(command(), false)?;
        tracing::warn!(
            %error,
            "chromedriver has no network of its own: every program of this machine can reach \
             its port. Allow users namespaces (docs/security.md)"
        );
        Ok(together)
    })
}

/// Reads what ChromeDriver says of itself, and then its output to the end, so
/// that the pipe never fills.
fn greeting(child: &mut Child) -> oneshot::Receiver<Greeting> {
    let (tell, told) = oneshot::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut tell = Some(tell);
            let mut version = None;
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(rest) = line.strip_prefix("Starting ChromeDriver ") {
                    version = rest.split(' ').next().map(str::to_owned);
                }
                let port = line
                    .strip_prefix("ChromeDriver was started successfully on port ")
                    .and_then(|rest| rest.trim_end_matches('.').parse().ok());
                if let (Some(port), Some(tell)) = (port, tell.take_if(|_| port.is_some())) {
                    let version = version.take();
                    let _ = tell.send(Greeting { version, port });
                }
            }
        });
    }
    told
}

/// Reaps the process from a thread of its own.
fn watch_end(mut child: Child) -> watch::Receiver<bool> {
    let (tell, told) = watch::channel(false);
    std::thread::spawn(move || {
        let _ = child.wait();
        let _ = tell.send(true);
    });
    told
}

/// Whether this is a file that somebody may execute.
pub fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Finds the first of `names` on `PATH` that can be executed.
#[must_use]
pub fn find_on_path(names: &[&str], path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(path?).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| is_executable(file))
}

/// Driver errors hold stack traces; the first line says it all.
pub(super) fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
