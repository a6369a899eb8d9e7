//! Runs a child service: its log lines, its exit, its stop.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::Event;
use super::probe::Probe;
use crate::say::{self, Tone, paint};

/// A service to start.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) tone: Tone,
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// The whole environment of the service. It inherits no variable of this process.
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) probe: Probe,
    /// Timeout of a stop, the same as PM2's.
    pub(crate) stop_within: Duration,
}

/// A started service.
#[derive(Debug)]
pub(crate) struct Child {
    name: &'static str,
    place: usize,
    pid: Pid,
    stop_within: Duration,
    ended: bool,
    readers: Vec<JoinHandle<()>>,
}

impl Child {
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Starts the service in its own process group, so that Ctrl-C reaches it once, through this
    /// process, and not twice: a second signal means "at once".
    pub(crate) fn spawn(service: Service, place: usize, events: Sender<Event>) -> Result<Self> {
        let mut command = with_death_signal(&service.program);
        command
            .args(&service.arguments)
            .current_dir(&service.folder)
            .env_clear()
            .envs(service.environment)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {}", service.program.display()))?;
        let pid = Pid::from_child(&child);
        let prefix = paint(service.tone, format!("{:<16}│", service.name));
        let mut readers = Vec::new();
        if let Some(out) = child.stdout.take() {
            readers.push(forward(out, prefix.clone()));
        }
        if let Some(err) = child.stderr.take() {
            readers.push(forward(err, prefix));
        }
        thread::spawn(move || {
            let how = match child.wait() {
                Ok(status) => described(status),
                Err(error) => error.to_string(),
            };
            let _ = events.send(Event::Ended(place, how));
        });
        Ok(Self {
            name: service.name,
            place,
            pid,
            stop_within: service.stop_within,
            ended: false,
            readers,
        })
    }

    /// Sends SIGTERM. Sends SIGKILL to the group after the timeout or on a second signal.
    pub(crate) fn stop(&mut self, events: &Receiver<Event>) {
        if !self.ended && kill_process(self.pid, Signal::TERM).is_ok() {
            let deadline = Instant::now() + self.stop_within;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                match events.recv_timeout(left) {
                    // The kill above fails with ESRCH if the service ended before its turn.
                    Ok(Event::Ended(place, _)) if place == self.place => break,
                    Ok(Event::Ended(..)) => {}
                    Ok(Event::Signal) | Err(RecvTimeoutError::Timeout) => {
                        say::warning(format!("{} is killed", self.name));
                        let _ = kill_process_group(self.pid, Signal::KILL);
                        break;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        }
        self.ended = true;
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }
}

/// Wraps `program` in `setpriv` (from util-linux, on every Debian), so that the kernel ends the
/// service if this process is killed and cannot do so.
fn with_death_signal(program: &Path) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if setpriv.exists() {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", "TERM", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn forward(from: impl Read + Send + 'static, prefix: String) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            say::line(format!("{prefix} {}", String::from_utf8_lossy(&line)));
        }
    })
}

fn described(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn service(script: &str) -> Service {
        Service {
            name: "test",
            tone: Tone::Dim,
            program: "/bin/sh".into(),
            folder: "/".into(),
            arguments: ["-c", script].map(OsString::from).into(),
            environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
            probe: Probe::new(1, "/"),
            stop_within: Duration::from_secs(30),
        }
    }

    #[test]
    fn exit_is_reported_with_its_reason() {
        let (sender, events) = mpsc::channel();
        Child::spawn(service("exit 3"), 7, sender.clone()).unwrap();
        let Event::Ended(7, how) = events.recv().unwrap() else {
            panic!("another event");
        };
        assert_eq!(how, "exit code 3");
        Child::spawn(service("kill -9 $$"), 0, sender).unwrap();
        let Event::Ended(0, how) = events.recv().unwrap() else {
            panic!("another event");
        };
        assert_eq!(how, "signal 9");
    }

    #[test]
    fn environment_is_not_inherited() {
        let (sender, events) = mpsc::channel();
        // Cargo sets CARGO for tests; a shell itself sets PWD and others.
        let child = service("test -z \"$CARGO\" && test -z \"$HOME\"");
        Child::spawn(child, 0, sender).unwrap();
        let Event::Ended(0, how) = events.recv().unwrap() else {
            panic!("another event");
        };
        assert_eq!(how, "exit code 0");
    }

    #[test]
    fn second_signal_kills_a_process_that_does_not_stop() {
        let (sender, events) = mpsc::channel();
        let deaf = service("trap '' TERM; while :; do sleep 0.1; done");
        let mut child = Child::spawn(deaf, 0, sender.clone()).unwrap();
        sender.send(Event::Signal).unwrap();
        child.stop(&events);
        assert!(kill_process_group(child.pid, Signal::KILL).is_err() || events.recv().is_ok());
    }
}
