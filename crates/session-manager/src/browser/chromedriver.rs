//! ChromeDriver: finding it, starting it, hearing which port it took and when
//! it ended.

use std::io::{BufRead, BufReader};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use service_runtime::process::{Process, ProcessId, spawn_bound};
use tokio::sync::{oneshot, watch};

use super::profile::Profile;
use super::tree::PROFILE_MARK;
use crate::session::cause::Failure;

const START_DEADLINE: Duration = Duration::from_secs(20);
/// How often it is started before it counts as broken.
const STARTS: u32 = 3;

/// A running ChromeDriver.
#[derive(Debug)]
pub struct Chromedriver {
    /// Where it listens.
    pub port: u16,
    /// Its version, such as `156.0.8078.79`.
    pub version: String,
    /// Its process.
    pub id: ProcessId,
    ended: watch::Receiver<bool>,
    /// What its `TMPDIR` leads through, while it and its Chrome run.
    _way: Option<OwnedFd>,
}

struct Greeting {
    version: Option<String>,
    port: u16,
}

impl Chromedriver {
    /// Starts `program` for `profile`, with these variables for what it starts
    /// as Chrome; answers once it listens.
    ///
    /// It takes a free IPv4 port and then wants the same one of IPv6: where
    /// somebody else has that it ends, and is started again.
    ///
    /// # Errors
    /// [`Failure::ChromedriverNotFound`] or [`Failure::LaunchFailed`]. A
    /// process that was started may still run then: sweep the tree.
    pub async fn start(
        program: &Path,
        profile: &Profile,
        variables: &[(&'static str, PathBuf)],
    ) -> Result<Self, Failure> {
        for _ in 0..STARTS {
            if let Some(listening) = Self::start_once(program, profile, variables).await? {
                return Ok(listening);
            }
        }
        let told = format!("{} ended at once", program.display());
        Err(Failure::LaunchFailed(told))
    }

    /// `None` if it ended before it listened.
    async fn start_once(
        program: &Path,
        profile: &Profile,
        variables: &[(&'static str, PathBuf)],
    ) -> Result<Option<Self>, Failure> {
        let mut command = Command::new(program);
        let home = profile.temporary_dir();
        let way = way_to(&home)
            .map_err(|error| Failure::LaunchFailed(format!("{}: {error}", home.display())))?;
        let temporary = way.as_ref().map_or(home.clone(), path_through);
        command
            .arg("--port=0")
            .env(PROFILE_MARK, profile.user_data_dir())
            .env("TMPDIR", temporary)
            // Crash reports and caches belong to this browser alone, too.
            .env("XDG_CONFIG_HOME", &home)
            .env("XDG_CACHE_HOME", &home)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        for secret in [
            "SESSION_MANAGER_TOKEN",
            "BACKUP_KEY",
            "HUB_ADMIN_PASSWORD",
            "DATABASE_URL",
            // They may hold the key of a collector.
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        ] {
            command.env_remove(secret);
        }
        let spawned = tokio::task::spawn_blocking(move || spawn_bound(command))
            .await
            .map_err(|error| Failure::LaunchFailed(error.to_string()))?;
        let mut child = spawned.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied => {
                Failure::ChromedriverNotFound(format!("{}: {error}", program.display()))
            }
            _ => Failure::LaunchFailed(format!("{}: {error}", program.display())),
        })?;
        let id = Process::read(child.id().cast_signed()).map(|process| process.id());
        let greeting = greeting(&mut child);
        let ended = watch_end(child);
        let told = tokio::time::timeout(START_DEADLINE, greeting)
            .await
            .map_err(|_| Failure::LaunchFailed("chromedriver did not open its port".to_owned()))?;
        Ok(id.zip(told.ok()).map(|(id, greeting)| Self {
            port: greeting.port,
            version: greeting.version.unwrap_or_default(),
            id,
            ended,
            _way: way,
        }))
    }

    /// Waits until the process ended; at once if it has.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        // An error means that the waiting thread is gone, with the process.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

/// Chrome puts a socket below its temporary folder, and the path of a socket
/// ends at 107 bytes: this much of it is Chrome's own.
const OF_CHROME: usize = "/org.chromium.Chromium.XXXXXX/SingletonSocket".len();

/// What a shorter path can lead through, where `folder`'s own is too long.
fn way_to(folder: &Path) -> std::io::Result<Option<OwnedFd>> {
    if folder.as_os_str().len() + OF_CHROME <= 107 {
        return Ok(None);
    }
    let open = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(Some(rustix::fs::open(folder, open, Mode::empty())?))
}

/// A short path to what is open here, for other processes of this user.
fn path_through(way: &OwnedFd) -> PathBuf {
    PathBuf::from(format!(
        "/proc/{}/fd/{}",
        std::process::id(),
        way.as_raw_fd()
    ))
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
