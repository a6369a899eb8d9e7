//! Integrates with PM2: reports readiness and receives stop requests over the socket that PM2
//! passes.
//!
//! ```text
//!  PM2's daemon ══ NODE_CHANNEL_FD ══ service
//!               <── "ready"\n              the port is open
//!       "shutdown"\n ──>                   a request to stop
//!                EOF ──>                   the daemon died: stop, or its
//!                                          successor starts a second one
//! ```
//!
//! Each line is one JSON value, as Node writes it. Without the variable the module does nothing. An
//! invalid value is logged as a warning.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::net::sockopt::{socket_domain, socket_type};
use rustix::net::{AddressFamily, SendFlags, SocketType, send};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use crate::env::Env;
use crate::shutdown::Shutdown;
use crate::sys;

/// The variable that holds the number of PM2's descriptor.
pub const CHANNEL_VARIABLE: &str = "NODE_CHANNEL_FD";
/// The variable that accompanies [`CHANNEL_VARIABLE`]. Neither the service nor its children need
/// it.
pub const SERIALIZATION_VARIABLE: &str = "NODE_CHANNEL_SERIALIZATION_MODE";

/// Maximum length of a line, in bytes. PM2's own lines are a few hundred bytes long.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// The supervisor that started this process, if one did.
#[derive(Debug)]
pub struct Supervisor {
    channel: Option<UnixStream>,
    /// The error in the variable. It is kept until logging is set up.
    problem: Option<String>,
}

impl Supervisor {
    /// Takes the descriptor in `NODE_CHANNEL_FD` and hides it from children. Call it first, before
    /// anything can be spawned. [`Supervisor::watch`] logs an invalid value.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let Some(value) = env.raw(CHANNEL_VARIABLE) else {
            return Self::none();
        };
        let opened = value
            .to_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| "it is not the number of a descriptor".to_owned())
            .and_then(|number| sys::inherited(number).map_err(|error| error.to_string()))
            .and_then(stream);
        match opened {
            Ok(channel) => Self::connected(channel),
            Err(problem) => Self {
                channel: None,
                problem: Some(format!("{value:?}: {problem}")),
            },
        }
    }

    /// Returns a supervisor that is not connected.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            channel: None,
            problem: None,
        }
    }

    /// Creates a supervisor that is connected over this socket.
    #[must_use]
    pub const fn connected(channel: UnixStream) -> Self {
        Self {
            channel: Some(channel),
            problem: None,
        }
    }

    /// Returns whether a supervisor is connected.
    pub const fn is_present(&self) -> bool {
        self.channel.is_some()
    }

    /// Notifies the supervisor that the service is ready. Call it once the port is open.
    pub fn ready(&self) {
        let Some(channel) = &self.channel else {
            return;
        };
        // Neither a full socket nor a dead daemon may block or end a working service.
        match send(
            channel,
            b"\"ready\"\n",
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        ) {
            Ok(_) => debug!("notified PM2 that the service is ready"),
            Err(error) => warn!(%error, "PM2 could not be notified that the service is ready"),
        }
    }

    /// Begins draining when the supervisor sends `"shutdown"` or closes the socket. The task ends
    /// then, or when draining begins for another reason.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn watch(&self, shutdown: &Shutdown) -> JoinHandle<()> {
        if let Some(problem) = &self.problem {
            warn!(
                "NODE_CHANNEL_FD is ignored, PM2 will not learn when the service is ready: {problem}"
            );
        }
        let channel = self.channel.as_ref().and_then(|channel| {
            channel
                .try_clone()
                .and_then(|channel| {
                    channel.set_nonblocking(true)?;
                    tokio::net::UnixStream::from_std(channel)
                })
                .inspect_err(|error| warn!(%error, "PM2's descriptor cannot be watched"))
                .ok()
        });
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let Some(channel) = channel else { return };
            tokio::select! {
                biased;
                () = shutdown.draining().cancelled() => {}
                cause = stop_request(channel) => shutdown.stop(cause),
            }
        })
    }
}

fn stream(descriptor: OwnedFd) -> Result<UnixStream, String> {
    let kind = socket_domain(&descriptor)
        .and_then(|domain| Ok((domain, socket_type(&descriptor)?)))
        .map_err(|error| format!("the descriptor is not a socket ({error})"))?;
    if kind == (AddressFamily::UNIX, SocketType::STREAM) {
        Ok(UnixStream::from(descriptor))
    } else {
        Err("the descriptor is a socket, but not PM2's kind of socket".to_owned())
    }
}

/// Reads until the supervisor requests a stop. Returns the cause.
async fn stop_request(channel: tokio::net::UnixStream) -> &'static str {
    let mut reader = BufReader::new(channel);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut reader)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)
            .await;
        match read {
            Ok(0) | Err(_) => return "PM2's daemon is gone",
            Ok(_)
                if serde_json::from_slice(&line)
                    .is_ok_and(|message: String| message == "shutdown") =>
            {
                return "PM2's shutdown message";
            }
            Ok(_) => debug!(bytes = line.len(), "ignored an unknown message of PM2"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn pair() -> (UnixStream, Supervisor) {
        let (daemon, service) = UnixStream::pair().unwrap();
        (daemon, Supervisor::connected(service))
    }

    #[test]
    fn ready_is_one_line_of_json() {
        let (mut daemon, supervisor) = pair();
        supervisor.ready();
        drop(supervisor);
        let mut text = String::new();
        daemon.read_to_string(&mut text).unwrap();
        assert_eq!(text, "\"ready\"\n");
    }

    #[test]
    fn a_dead_daemon_does_not_end_a_service_that_gets_ready() {
        let (daemon, supervisor) = pair();
        drop(daemon);
        supervisor.ready();
    }

    #[tokio::test]
    async fn the_shutdown_message_drains_and_other_lines_do_not() {
        let (mut daemon, supervisor) = pair();
        let shutdown = Shutdown::new();
        let watcher = supervisor.watch(&shutdown);
        daemon
            .write_all(b"{\"type\":\"process:msg\"}\nnot json\n\n\"shutdow")
            .unwrap();
        tokio::task::yield_now().await;
        assert!(!shutdown.draining().is_cancelled());
        daemon.write_all(b"n\"\n").unwrap();
        watcher.await.unwrap();
        assert!(shutdown.draining().is_cancelled());
        assert!(!shutdown.aborting().is_cancelled());
    }

    #[tokio::test]
    async fn the_end_of_the_daemon_drains() {
        let (daemon, supervisor) = pair();
        let shutdown = Shutdown::new();
        let watcher = supervisor.watch(&shutdown);
        drop(daemon);
        watcher.await.unwrap();
        assert!(shutdown.draining().is_cancelled());
    }

    #[tokio::test]
    async fn the_watcher_ends_when_draining_begins_elsewhere() {
        let (_daemon, supervisor) = pair();
        let shutdown = Shutdown::new();
        let watcher = supervisor.watch(&shutdown);
        shutdown.stop("test");
        watcher.await.unwrap();
        Supervisor::none().watch(&shutdown).await.unwrap();
    }

    #[test]
    fn invalid_values_are_ignored() {
        // The numbers of a descriptor that this process opened, a standard one and a closed one.
        let file = std::fs::File::open("/dev/null").unwrap();
        let own = std::os::fd::AsRawFd::as_raw_fd(&file).to_string();
        for value in ["", "x", "-1", "0", "1", "2", "99999", "3 ", "1e3", &own] {
            let env = Env::from_pairs([(CHANNEL_VARIABLE, value)]);
            let supervisor = Supervisor::from_env(&env);
            assert!(!supervisor.is_present(), "{value}");
            supervisor.ready();
        }
        assert!(!Supervisor::from_env(&Env::default()).is_present());
        assert!(file.metadata().is_ok());
    }
}
