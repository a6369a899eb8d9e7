//! Records a run on disk, so that another terminal can query and stop it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::cli::UpOptions;
use crate::{repo, say};

/// Timeout of a whole stop: the timeouts of both services, and a margin.
const STOPPED_WITHIN: Duration = Duration::from_secs(50);
const PAUSE: Duration = Duration::from_millis(50);

/// The files that record one kind of run.
#[derive(Debug)]
pub(crate) struct Record {
    rehearsal: bool,
    folder: PathBuf,
}

impl Record {
    pub(crate) fn of(rehearsal: bool) -> Self {
        let name = if rehearsal { "rehearsal" } else { "real" };
        Self {
            rehearsal,
            folder: repo::state().join(name),
        }
    }

    pub(crate) fn both() -> [Self; 2] {
        [Self::of(false), Self::of(true)]
    }

    pub(crate) const fn what(&self) -> &'static str {
        if self.rehearsal {
            "the rehearsal"
        } else {
            "the pair"
        }
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("up.pid")
    }

    fn ready_file(&self) -> PathBuf {
        self.folder.join("up.ready")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("up.log")
    }

    /// Writes the process id of this process.
    pub(crate) fn write(&self) -> Result<()> {
        fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(self.pid_file(), std::process::id().to_string()))
            .with_context(|| format!("writing {}", self.pid_file().display()))
    }

    /// Records that all services respond.
    pub(crate) fn ready(&self) -> Result<()> {
        fs::write(self.ready_file(), "").context("writing that it is ready")
    }

    pub(crate) fn remove(&self) {
        let _ = fs::remove_file(self.ready_file());
        let _ = fs::remove_file(self.pid_file());
    }

    /// Returns the process of a current run; `None` if there is none. The pid of a killed run may
    /// have been reused, so the command line is checked.
    pub(crate) fn running(&self) -> Option<u32> {
        let pid: u32 = fs::read_to_string(self.pid_file())
            .ok()?
            .trim()
            .parse()
            .ok()?;
        (pid != std::process::id() && command_line(pid)?.iter().any(|word| word == "up"))
            .then_some(pid)
    }

    /// Returns the services of the run and their addresses, from its command line.
    pub(crate) fn services(&self) -> Vec<(&'static str, String)> {
        let words = self.running().and_then(command_line).unwrap_or_default();
        let port = |flag: &str, default: u16| {
            let mut rest = words.iter().skip_while(|word| !word.starts_with(flag));
            let said = rest.next().and_then(|word| match word.split_once('=') {
                Some((_, value)) => Some(value.to_owned()),
                None => rest.next().cloned(),
            });
            said.and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let address = |port: u16| format!("http://127.0.0.1:{port}/health");
        vec![
            ("session-manager", address(port("--session-port", 3001))),
            ("central-hub", address(port("--hub-port", 3012))),
        ]
    }

    /// Stops the run, and waits until it has ended.
    pub(crate) fn end(&self, pid: u32) -> Result<()> {
        let process = i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .context("no process number")?;
        kill_process(process, Signal::TERM).context("ending it")?;
        let start = Instant::now();
        while self.running() == Some(pid) {
            if start.elapsed() > STOPPED_WITHIN {
                bail!(
                    "process {pid} does not end; see {}",
                    self.log_file().display()
                );
            }
            thread::sleep(PAUSE);
        }
        self.remove();
        Ok(())
    }

    /// Starts this program again without a terminal, and waits until it reports that all services
    /// respond.
    pub(crate) fn start_detached(&self, options: &UpOptions) -> Result<ExitCode> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("creating {}", self.folder.display()))?;
        self.remove();
        let log = File::create(self.log_file())
            .with_context(|| format!("creating {}", self.log_file().display()))?;
        let program = std::env::current_exe().context("finding this program")?;
        // Start it in a new session, so that it survives the terminal.
        let mut child = Command::new("setsid")
            .arg(program)
            .args(arguments(options))
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("sharing the log")?)
            .stderr(log)
            .spawn()
            .context("starting setsid (of util-linux)")?;
        loop {
            if self.ready_file().exists() {
                say::line(fs::read_to_string(self.log_file()).unwrap_or_default());
                say::line(format!(
                    "  It goes on in the background. Log: {}; `cargo xtask down` ends it.",
                    self.log_file().display()
                ));
                return Ok(ExitCode::SUCCESS);
            }
            if let Some(status) = child.try_wait().context("waiting for it")? {
                say::err_line(fs::read_to_string(self.log_file()).unwrap_or_default());
                bail!("it ended before it was ready ({status})");
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Returns the arguments that start the same run in the background.
fn arguments(options: &UpOptions) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["up".into(), "--detached".into()];
    for (flag, given) in [
        ("--rehearse", options.rehearse),
        ("--release", options.release),
        ("--fast-codes", options.fast_codes),
        ("--send-for-real", options.send_for_real),
    ] {
        if given {
            words.push(flag.into());
        }
    }
    for (flag, port) in [
        ("--session-port", options.session_port),
        ("--hub-port", options.hub_port),
        ("--phone-port", options.phone_port),
    ] {
        words.extend([flag.into(), port.to_string().into()]);
    }
    words
}

fn command_line(pid: u32) -> Option<Vec<String>> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<String> = bytes
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    words.first()?.ends_with("xtask").then_some(words)
}
