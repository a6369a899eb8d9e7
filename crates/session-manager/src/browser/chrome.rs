//! Starts the Chrome process, with its debugging pipe and its environment.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::{dup2, fcntl_dupfd_cloexec};
use service_runtime::doctor;
use service_runtime::process::hide_supervisor;
use service_runtime::{NotOurs, inherited};

use super::cdp_mux::Pipes;
use super::chrome_shim::{ANSWERS, COMMANDS, LaunchRequest, Shim};
use super::leftover_processes::PROFILE_MARK_VARIABLE;
use super::profile::Profile;
use super::tab::FIRST_PAGE;

/// The environment variable with the path of Chrome's program, which this process is to become.
const CHROME_VARIABLE: &str = "LEADMASTER_BROWSER_PROGRAM";

/// Variables that are hidden from Chrome and ChromeDriver, as the services' secrets are: they may
/// contain the key of a collector.
const COLLECTOR_SECRETS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
];

/// Sets the environment of a browser process.
pub(super) fn set_environment(command: &mut Command, profile: &Profile) {
    let temporary = profile.temporary_dir();
    command
        .env(PROFILE_MARK_VARIABLE, profile.user_data_dir())
        .env("TMPDIR", &temporary)
        // Crash reports and caches belong to this browser alone as well.
        .env("XDG_CONFIG_HOME", &temporary)
        .env("XDG_CACHE_HOME", &temporary);
    for secret in doctor::SECRETS.into_iter().chain(COLLECTOR_SECRETS) {
        command.env_remove(secret);
    }
    hide_supervisor(command);
}

/// Starts `program` as ChromeDriver requested. Returns the shim, which ends with Chrome, and the
/// pipes between the two. Blocks.
///
/// Chrome exits and flushes its data when its pipes close. It therefore has no parent death signal,
/// which would prevent the flush.
///
/// # Errors
/// The reason why Chrome could not be started.
pub(super) fn start(
    program: &Path,
    profile: &Profile,
    request: LaunchRequest,
) -> io::Result<(Arc<Shim>, Pipes)> {
    let (chrome_stdin, to_chrome) = io::pipe()?;
    let (from_chrome, chrome_stdout) = io::pipe()?;
    let temporary = profile.temporary_dir();
    let held_folder = open_if_path_too_long(&temporary)?;
    // In the child this path leads to the running program, even after another was installed in its
    // place.
    let mut command = Command::new("/proc/self/exe");
    set_environment(&mut command, profile);
    let arguments = request.arguments.split_inclusive(|byte| *byte == 0);
    command
        .args(
            arguments
                .map(|argument| OsStr::from_bytes(argument.strip_suffix(&[0]).unwrap_or(argument))),
        )
        .env(CHROME_VARIABLE, program)
        .env("TMPDIR", held_folder.as_ref().map_or(temporary, short_path))
        .process_group(0)
        .stdin(chrome_stdin)
        .stdout(chrome_stdout)
        .stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // `command` holds this process's copies of Chrome's ends of the pipes.
    drop(command);
    let mut why = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut why)?;
    }
    if !why.is_empty() {
        child.wait()?;
        return Err(io::Error::other(why));
    }
    let shim = Arc::new(request.shim);
    let shim_of_chrome = shim.clone();
    std::thread::spawn(move || {
        let _ = child.wait();
        drop(held_folder);
        shim_of_chrome.end();
    });
    let pipes = Pipes {
        from_driver: request.from_driver,
        to_driver: request.to_driver,
        alive: request.alive,
        to_chrome: to_chrome.into(),
        from_chrome: from_chrome.into(),
    };
    Ok((shim, pipes))
}

/// Becomes Chrome, if this process was started for that. Returns `None` if it was not, or the exit
/// code of a failure.
pub(super) fn become_chrome() -> Option<ExitCode> {
    let chrome = PathBuf::from(std::env::var_os(CHROME_VARIABLE)?);
    // Standard error is redirected by the time an error can occur.
    let error_pipe = fcntl_dupfd_cloexec(io::stderr(), ANSWERS + 1);
    let Err(error) = replace(&chrome);
    if let Ok(error_pipe) = error_pipe {
        let _ = write!(File::from(error_pipe), "{}: {error}", chrome.display());
    }
    Some(ExitCode::FAILURE)
}

/// Makes standard input and output Chrome's debugging pipe, and runs Chrome. There is no safe way
/// to start a process with other descriptors.
fn replace(chrome: &Path) -> io::Result<Infallible> {
    let _commands = duplicate_as(COMMANDS, io::stdin())?;
    let _answers = duplicate_as(ANSWERS, io::stdout())?;
    Err(Command::new(chrome)
        .args(std::env::args_os().skip(1))
        .arg(FIRST_PAGE)
        .env_remove(CHROME_VARIABLE)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .exec())
}

/// Duplicates `from` to this number, so that it is inherited across exec.
fn duplicate_as(number: i32, from: impl AsFd) -> io::Result<OwnedFd> {
    let mut target = match inherited(number) {
        Ok(open) => open,
        // `number` is free, so it is the lowest free one from itself on.
        Err(NotOurs::Closed(_)) => fcntl_dupfd_cloexec(&from, number)?,
        Err(error) => return Err(io::Error::other(error)),
    };
    dup2(from, &mut target)?;
    Ok(target)
}

/// The length of Chrome's part of a socket path. Chrome creates a socket in its temporary folder,
/// and a socket path is limited to 107 bytes.
const CHROME_SOCKET_LENGTH: usize = "/org.chromium.Chromium.XXXXXX/SingletonSocket".len();

/// Opens `folder`, so that a shorter path leads to it; `None` if its own path is short enough.
fn open_if_path_too_long(folder: &Path) -> io::Result<Option<OwnedFd>> {
    if folder.as_os_str().len() + CHROME_SOCKET_LENGTH <= 107 {
        return Ok(None);
    }
    let open = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(Some(rustix::fs::open(folder, open, Mode::empty())?))
}

/// Returns a short path to an open folder, for other processes of this user.
fn short_path(held_folder: &OwnedFd) -> PathBuf {
    let (pid, number) = (std::process::id(), held_folder.as_raw_fd());
    PathBuf::from(format!("/proc/{pid}/fd/{number}"))
}
