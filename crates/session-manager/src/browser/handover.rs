//! Standing in for Chrome for a moment, so that the pipe over which
//! ChromeDriver drives it goes through this service.
//!
//! ```text
//!  ChromeDriver ── starts ──> this program, instead of Chrome
//!                               │ descriptors 3 and 4: ChromeDriver's pipes
//!                               │ two new pipes, made here
//!   service <── socket, four ends of them ──┤
//!                               └─ 3 and 4 become the new ones; exec Chrome
//! ```
//!
//! The process stays the same one, so that ChromeDriver still is Chrome's
//! parent and everything that ends the tree finds it as before.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use service_runtime::inherited;
use tokio::net::UnixListener;

use super::tab::FIRST_PAGE;

/// Holds Chrome's program, where this process is to become it.
const CHROME: &str = "LEADMASTER_BROWSER_PROGRAM";
/// Holds the folder of the socket over which the pipes are handed over.
const DOOR: &str = "LEADMASTER_BROWSER_DOOR";

const SOCKET: &str = "door";

/// Chrome's debugging pipe: it reads the first and writes the second.
/// Source: `--remote-debugging-pipe`, `content/browser/devtools`.
const COMMANDS: i32 = 3;
const ANSWERS: i32 = 4;

/// The ends of the pipes that the service is handed.
pub(super) struct Pipes {
    pub(super) from_driver: OwnedFd,
    pub(super) to_driver: OwnedFd,
    pub(super) to_chrome: OwnedFd,
    pub(super) from_chrome: OwnedFd,
}

/// Where a Chrome that is started is waited for.
pub(super) struct Door {
    listener: UnixListener,
    folder: PathBuf,
}

impl Door {
    /// Opens it in `folder`, which is the service's own.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let (_held, path) = reached(folder)?;
        Ok(Self {
            listener: UnixListener::bind(path)?,
            folder: folder.to_owned(),
        })
    }

    /// What ChromeDriver is to start as Chrome, and the variables that make it
    /// `chrome`. It is this very program, also after another was installed in
    /// its place.
    pub(super) fn stand_in(&self, chrome: &Path) -> (PathBuf, [(&'static str, PathBuf); 2]) {
        let program = format!("/proc/{}/exe", std::process::id());
        let variables = [(CHROME, chrome.to_owned()), (DOOR, self.folder.clone())];
        (program.into(), variables)
    }

    /// Waits for the pipes.
    ///
    /// # Errors
    /// Why Chrome could not be started.
    pub(super) async fn handed(&self) -> io::Result<Pipes> {
        let (stream, _) = self.listener.accept().await?;
        let stream = stream.into_std()?;
        let received = tokio::task::spawn_blocking(move || receive(stream));
        received.await.map_err(io::Error::other)?
    }
}

/// The socket's path by a descriptor of its folder: a path of its own may be
/// longer than the 107 bytes that a socket's may have.
fn reached(folder: &Path) -> io::Result<(File, PathBuf)> {
    let held = File::open(folder)?;
    let path = format!("/proc/self/fd/{}/{SOCKET}", held.as_raw_fd());
    Ok((held, path.into()))
}

fn connect(folder: &Path) -> io::Result<UnixStream> {
    let (_held, path) = reached(folder)?;
    UnixStream::connect(path)
}

fn receive(mut stream: UnixStream) -> io::Result<Pipes> {
    stream.set_nonblocking(false)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut parts = [io::IoSliceMut::new(&mut byte)];
    recvmsg(&stream, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut handed = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            handed.extend(descriptors);
        }
    }
    let Ok([from_driver, to_driver, to_chrome, from_chrome]) = <[OwnedFd; 4]>::try_from(handed)
    else {
        return Err(io::ErrorKind::ConnectionAborted.into());
    };
    // It ends with the exec, or says why there was none.
    let mut why = String::new();
    stream.read_to_string(&mut why)?;
    if !why.is_empty() {
        return Err(io::Error::other(why));
    }
    Ok(Pipes {
        from_driver,
        to_driver,
        to_chrome,
        from_chrome,
    })
}

/// Becomes Chrome, if that is what this process was started for; comes back
/// only if it was not, or with the code of a failure.
///
/// Call it before anything else is read or opened.
#[must_use]
pub fn become_chrome() -> Option<ExitCode> {
    let (chrome, folder) = (std::env::var_os(CHROME)?, std::env::var_os(DOOR)?);
    // Nobody waits behind the door any more: then nobody wants a Chrome.
    let Ok(mut door) = connect(Path::new(&folder)) else {
        return Some(ExitCode::FAILURE);
    };
    let Err(error) = replace(Path::new(&chrome), &door);
    let why = format!("{}: {error}", Path::new(&chrome).display());
    let _ = door.write_all(why.as_bytes());
    Some(ExitCode::FAILURE)
}

fn replace(chrome: &Path, door: &UnixStream) -> io::Result<Infallible> {
    let mut commands = inherited(COMMANDS).map_err(io::Error::other)?;
    let mut answers = inherited(ANSWERS).map_err(io::Error::other)?;
    let (for_chrome, to_chrome) = io::pipe()?;
    let (from_chrome, of_chrome) = io::pipe()?;
    let handed: [BorrowedFd<'_>; 4] = [
        commands.as_fd(),
        answers.as_fd(),
        to_chrome.as_fd(),
        from_chrome.as_fd(),
    ];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&handed));
    sendmsg(
        door,
        &[IoSlice::new(&[0])],
        &mut control,
        SendFlags::empty(),
    )?;
    rustix::io::dup2(&for_chrome, &mut commands)?;
    rustix::io::dup2(&of_chrome, &mut answers)?;
    Err(Command::new(chrome)
        .args(std::env::args_os().skip(1))
        .arg(FIRST_PAGE)
        .env_remove(CHROME)
        .env_remove(DOOR)
        .exec())
}
