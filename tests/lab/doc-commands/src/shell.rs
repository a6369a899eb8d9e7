//! A shell that stays, and commands that go on until they are ended.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use service_runtime::process::{Process, Signal, kill};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::checkout::Variables;
use harness::poll;

/// What nothing that is run prints by itself.
const MARK: &str = "@@ that was it:";

/// What a command said, and how it ended.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Its output, errors included.
    pub text: String,
}

/// A bash.
#[derive(Debug)]
pub(super) struct Shell {
    // Killed with this value, if it is still there.
    child: Child,
    typed: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Shell {
    pub(super) fn start(folder: &Path, variables: &Variables) -> Self {
        let mut bash = bash(folder, variables);
        bash.arg("--noprofile").arg("--norc").stdin(Stdio::piped());
        let mut child = bash.spawn().expect("bash");
        Self {
            typed: child.stdin.take().expect("its input"),
            said: BufReader::new(child.stdout.take().expect("its output")),
            child,
        }
    }

    /// Runs one command to its end.
    pub(super) async fn run(&mut self, command: &str) -> Said {
        // What it may read is nothing: the rest of the input is not its own.
        let line = format!("{{ {command}\n}} </dev/null 2>&1\nprintf '\\n{MARK} %s\\n' $?\n");
        let typed = self.typed.write_all(line.as_bytes()).await;
        typed.expect("a bash that listens");
        let mut text = String::new();
        loop {
            let mut line = Vec::new();
            let read = self.said.read_until(b'\n', &mut line);
            let read = tokio::time::timeout(harness::PATIENCE * 2, read).await;
            let read = read.unwrap_or_else(|_| panic!("`{command}` does not end: {text}"));
            assert!(read.expect("its output") > 0, "bash ended: {command}");
            let line = String::from_utf8_lossy(&line);
            if let Some(code) = line.strip_prefix(MARK) {
                let code = code.trim().parse().expect("a code");
                let text = text.trim_end().to_owned();
                return Said { code, text };
            }
            text.push_str(&line);
        }
    }

    /// `exit`, and its end.
    pub(super) async fn run_out(&mut self) {
        let typed = self.typed.write_all(b"exit\n").await;
        typed.expect("a bash that listens");
        let ended = tokio::time::timeout(harness::PATIENCE, self.child.wait()).await;
        ended.expect("in time").expect("its end");
    }
}

/// A command that goes on; killed with this value.
#[derive(Debug)]
pub struct Stream {
    child: Child,
    said: PathBuf,
}

impl Stream {
    /// Its output goes into the file `said`: nobody reads it all the time.
    pub(super) fn start(
        folder: &Path,
        variables: &Variables,
        command: &str,
        said: PathBuf,
    ) -> Self {
        let file = File::create(&said).expect("a file");
        let mut bash = bash(folder, variables);
        bash.arg("-c").arg(format!("exec {command} 2>&1"));
        let child = bash.stdin(Stdio::null()).stdout(file).spawn();
        let child = child.expect("bash");
        Self { child, said }
    }

    fn text(&self) -> String {
        let bytes = std::fs::read(&self.said).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until all that it said is `enough`.
    pub async fn until(&mut self, enough: impl Fn(&str) -> bool) {
        poll::until("what is shown", async || {
            if let Some(status) = self.child.try_wait().expect("its state") {
                panic!("it ended with {status}");
            }
            enough(&self.text()).then_some(())
        })
        .await;
    }

    /// Ctrl-C, and then its end.
    pub async fn interrupt(self) {
        let pid = self.child.id().expect("it runs").cast_signed();
        let process = Process::read(pid).expect("it runs");
        kill(process.id(), Signal::INT).expect("a signal");
        self.ended().await;
    }

    /// Waits for its end, which has to be a good one.
    pub async fn ended(mut self) {
        let ended = tokio::time::timeout(harness::PATIENCE, self.child.wait()).await;
        let status = ended.expect("in time").expect("its end");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Captured with the rest of what the failed test wrote.
            #[expect(clippy::print_stderr, reason = "what a failed test has to say")]
            {
                eprintln!("--- {}\n{}", self.said.display(), self.text());
            }
        }
    }
}

fn bash(folder: &Path, variables: &Variables) -> Command {
    let mut bash = Command::new("bash");
    bash.env_clear()
        .envs(variables)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    bash
}
