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
use service_runtime::{NotOurs, inherited, pm2};

use super::cdp_mux::Pipes;
use super::chrome_shim::{ANSWERS, COMMANDS, LaunchRequest, Shim};
use super::profile::Profile;
use super::tab::FIRST_PAGE;
use super::tree::PROFILE_MARK;

/// Holds Chrome's program, where this process is to become it.
const CHROME: &str = "LEADMASTER_BROWSER_PROGRAM";

/// What neither Chrome nor ChromeDriver are to know.
const SECRETS: [&str; 6] = [
    "SESSION_MANAGER_TOKEN",
    "BACKUP_KEY",
    "HUB_ADMIN_PASSWORD",
    "DATABASE_URL",
    // They may hold the key of a collector.
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
];

/// Gives a process of the browser's the variables that it is to have.
pub(super) fn surround(command: &mut Command, profile: &Profile) {
    let home = profile.temporary_dir();
    command
        .env(PROFILE_MARK, profile.user_data_dir())
        .env("TMPDIR", &home)
        // Crash reports and caches belong to this browser alone, too.
        .env("XDG_CONFIG_HOME", &home)
        .env("XDG_CACHE_HOME", &home);
    for secret in SECRETS {
        command.env_remove(secret);
    }
    pm2::keep_from(command);
}

/// Starts `program` as ChromeDriver `wanted` it; gives what ChromeDriver takes
/// for it, which ends with it, and the pipes between the two. Blocks.
///
/// Closing its pipes ends it, and it writes what it holds; so it is not
/// bound to this process by a signal that would take that from it.
///
/// # Errors
/// Why it could not be started.
pub(super) fn start(
    program: &Path,
    profile: &Profile,
    wanted: LaunchRequest,
) -> io::Result<(Arc<Shim>, Pipes)> {
    let (for_chrome, to_chrome) = io::pipe()?;
    let (from_chrome, of_chrome) = io::pipe()?;
    let home = profile.temporary_dir();
    let way = way_to(&home)?;
    // In the child this is the program that runs here, also after another was
    // installed in its place.
    let mut command = Command::new("/proc/self/exe");
    surround(&mut command, profile);
    let arguments = wanted.arguments.split_inclusive(|byte| *byte == 0);
    command
        .args(arguments.map(|one| OsStr::from_bytes(one.strip_suffix(&[0]).unwrap_or(one))))
        .env(CHROME, program)
        .env("TMPDIR", way.as_ref().map_or(home, path_through))
        .process_group(0)
        .stdin(for_chrome)
        .stdout(of_chrome)
        .stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // It has this process's ends of what is Chrome's.
    drop(command);
    let mut why = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut why)?;
    }
    if !why.is_empty() {
        child.wait()?;
        return Err(io::Error::other(why));
    }
    let shim = Arc::new(wanted.shim);
    let shim_of_chrome = shim.clone();
    std::thread::spawn(move || {
        let _ = child.wait();
        drop(way);
        shim_of_chrome.end();
    });
    let pipes = Pipes {
        from_driver: wanted.from_driver,
        to_driver: wanted.to_driver,
        alive: wanted.alive,
        to_chrome: to_chrome.into(),
        from_chrome: from_chrome.into(),
    };
    Ok((shim, pipes))
}

/// Becomes Chrome, if this process was started for that; comes back only if it
/// was not, or with the code of a failure.
pub(super) fn become_chrome() -> Option<ExitCode> {
    let chrome = PathBuf::from(std::env::var_os(CHROME)?);
    // Standard error will lead nowhere by the time that something fails.
    let tell = fcntl_dupfd_cloexec(io::stderr(), ANSWERS + 1);
    let Err(error) = replace(&chrome);
    if let Ok(tell) = tell {
        let _ = write!(File::from(tell), "{}: {error}", chrome.display());
    }
    Some(ExitCode::FAILURE)
}

/// Has standard input and output be Chrome's debugging pipe: there is no safe
/// way to start a process with others.
fn replace(chrome: &Path) -> io::Result<Infallible> {
    let _commands = under(COMMANDS, io::stdin())?;
    let _answers = under(ANSWERS, io::stdout())?;
    Err(Command::new(chrome)
        .args(std::env::args_os().skip(1))
        .arg(FIRST_PAGE)
        .env_remove(CHROME)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .exec())
}

/// Has `from` under this number, too, also for what this process becomes.
fn under(number: i32, from: impl AsFd) -> io::Result<OwnedFd> {
    let mut there = match inherited(number) {
        Ok(open) => open,
        // Then it is the lowest that is free, from itself on.
        Err(NotOurs::Closed(_)) => fcntl_dupfd_cloexec(&from, number)?,
        Err(error) => return Err(io::Error::other(error)),
    };
    dup2(from, &mut there)?;
    Ok(there)
}

/// Chrome puts a socket below its temporary folder, and the path of a socket
/// ends at 107 bytes: this much of it is Chrome's own.
const OF_CHROME: usize = "/org.chromium.Chromium.XXXXXX/SingletonSocket".len();

/// What a shorter path can lead through, where `folder`'s own is too long.
fn way_to(folder: &Path) -> io::Result<Option<OwnedFd>> {
    if folder.as_os_str().len() + OF_CHROME <= 107 {
        return Ok(None);
    }
    let open = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(Some(rustix::fs::open(folder, open, Mode::empty())?))
}

/// A short path to what is open here, for other processes of this user.
fn path_through(way: &OwnedFd) -> PathBuf {
    let (pid, number) = (std::process::id(), way.as_raw_fd());
    PathBuf::from(format!("/proc/{pid}/fd/{number}"))
}
