//! Runs the Chrome shim, the process that ChromeDriver starts as Chrome. ChromeDriver's network
//! namespace has no internet, so the shim asks the service to start Chrome.
//!
//! ```text
//!  service ── starts ──> ChromeDriver, in a network of its own
//!   │   │                     └─ starts ──> this program, as Chrome's shim
//!   │   └ <─ socket: ChromeDriver's pipes, ───┤
//!   │        the arguments for Chrome         │ stays for as long as Chrome
//!   │                                         │ runs: ChromeDriver watches it
//!   │     ── socket ──> one more socket of ───┘
//!   │                   ChromeDriver's network
//!   └─ starts ──> Chrome, with pipes to the service
//! ```

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use rustix::thread::set_name;
use service_runtime::inherited;
use service_runtime::process::{recv_fds, send_fds, tcp_socket};
use tokio::net::UnixListener;

/// The environment variable with the folder of the socket. It is set in the shim's process.
const SHIM_FOLDER: &str = "LEADMASTER_CHROME_SHIM";
const SOCKET_NAME: &str = "chrome-shim";

/// The descriptors of Chrome's debugging pipe: Chrome reads the first and writes the second.
/// Source: `--remote-debugging-pipe`, `content/browser/devtools`.
pub(super) const COMMANDS: i32 = 3;
pub(super) const ANSWERS: i32 = 4;

/// A Unix socket that listens for the shim.
pub(super) struct ShimListener {
    listener: UnixListener,
    folder: PathBuf,
}

/// The shim's request to launch Chrome, with ChromeDriver's pipes and arguments.
pub(super) struct LaunchRequest {
    pub(super) from_driver: OwnedFd,
    pub(super) to_driver: OwnedFd,
    /// A pipe that stays open while the shim lives.
    pub(super) alive: OwnedFd,
    /// Chrome's arguments, each terminated by a NUL.
    pub(super) arguments: Vec<u8>,
    pub(super) shim: Shim,
}

/// The connection to the shim process, which ChromeDriver takes for Chrome.
#[derive(Debug)]
pub(super) struct Shim {
    requests: Mutex<UnixStream>,
    /// The same socket, to end the shim without waiting for a reply.
    ending: UnixStream,
}

impl Shim {
    /// Requests another TCP socket in ChromeDriver's network. Blocks.
    pub(super) fn socket(&self) -> io::Result<OwnedFd> {
        let Ok(mut stream) = self.requests.lock() else {
            return Err(io::ErrorKind::ConnectionAborted.into());
        };
        stream.write_all(&[0])?;
        let [socket] = recv_fds(&*stream, &mut [0])?;
        Ok(socket)
    }

    /// Ends the shim, because Chrome ended.
    pub(super) fn end(&self) {
        // This fails only if the process is already gone.
        let _ = self.ending.shutdown(Shutdown::Both);
    }
}

impl ShimListener {
    /// Binds the socket in `folder`, which belongs to the service.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let (_folder, path) = socket_path(folder)?;
        Ok(Self {
            listener: UnixListener::bind(path)?,
            folder: folder.to_owned(),
        })
    }

    /// Returns the environment variable that makes this program run as the shim.
    pub(super) fn variable(&self) -> (&'static str, &Path) {
        (SHIM_FOLDER, &self.folder)
    }

    /// Accepts one shim and receives its request.
    pub(super) async fn accept_request(&self) -> io::Result<LaunchRequest> {
        let (stream, _) = self.listener.accept().await?;
        let stream = stream.into_std()?;
        let received = tokio::task::spawn_blocking(move || receive(stream));
        received.await.map_err(io::Error::other)?
    }
}

/// Returns a path to the socket through a descriptor of its folder, since the socket's own path may
/// exceed 107 bytes.
fn socket_path(folder: &Path) -> io::Result<(File, PathBuf)> {
    let opened_folder = File::open(folder)?;
    let path = format!("/proc/self/fd/{}/{SOCKET_NAME}", opened_folder.as_raw_fd());
    Ok((opened_folder, path.into()))
}

fn receive(mut stream: UnixStream) -> io::Result<LaunchRequest> {
    stream.set_nonblocking(false)?;
    let mut length = [0; size_of::<u32>()];
    let [from_driver, to_driver, alive] = recv_fds(&stream, &mut length)?;
    let length = u64::from(u32::from_ne_bytes(length));
    let mut arguments = Vec::new();
    (&mut stream).take(length).read_to_end(&mut arguments)?;
    let ending = stream.try_clone()?;
    Ok(LaunchRequest {
        from_driver,
        to_driver,
        alive,
        arguments,
        shim: Shim {
            requests: Mutex::new(stream),
            ending,
        },
    })
}

/// Runs as the shim until Chrome ends, if this process was started as the shim; otherwise returns
/// `None`.
pub(super) fn run_as_shim() -> Option<ExitCode> {
    let folder = std::env::var_os(SHIM_FOLDER)?;
    // The reason is dropped, since ChromeDriver reports only that the process ended.
    Some(match serve(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn serve(folder: &Path) -> io::Result<()> {
    set_name(c"chrome-shim")?;
    let commands = inherited(COMMANDS).map_err(io::Error::other)?;
    let answers = inherited(ANSWERS).map_err(io::Error::other)?;
    let mut arguments = Vec::new();
    for argument in std::env::args_os().skip(1) {
        arguments.extend_from_slice(argument.as_encoded_bytes());
        arguments.push(0);
    }
    let length = u32::try_from(arguments.len()).map_err(io::Error::other)?;
    let (_folder, path) = socket_path(folder)?;
    let mut stream = UnixStream::connect(path)?;
    let (alive, _until_the_end) = io::pipe()?;
    let descriptors = [commands.as_fd(), answers.as_fd(), alive.as_fd()];
    send_fds(&stream, &length.to_ne_bytes(), &descriptors)?;
    stream.write_all(&arguments)?;
    // Close the pipes here, so that each peer notices the end of the other.
    drop((commands, answers, alive));
    while stream.read(&mut [0])? > 0 {
        send_fds(&stream, &[0], &[tcp_socket()?.as_fd()])?;
    }
    Ok(())
}
