//! Runs a persistent shell, and long-running commands.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use service_runtime::process::{Process, Signal, kill};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::checkout::Variables;
use harness::poll;

/// A marker that no command prints.
const END_MARK: &str = "@@ exit code:";

/// The output and the exit code of a command.
#[derive(Debug, Clone)]
pub struct CommandOutput {
    /// The exit code.
    pub code: i32,
    /// The output, including errors.
    pub text: String,
}

/// A bash process.
#[derive(Debug)]
pub(super) struct Shell {
    // The process is killed on drop, if it is still running.
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    pub(super) fn start(folder: &Path, variables: &Variables) -> Self {
        let mut bash = bash(folder, variables);
        bash.arg("--noprofile").arg("--norc").stdin(Stdio::piped());
        let mut child = bash.spawn().expect("bash");
        Self {
            input: child.stdin.take().expect("standard input"),
            output: BufReader::new(child.stdout.take().expect("standard output")),
            child,
        }
    }

    /// Runs one command to its end.
    pub(super) async fn run(&mut self, command: &str) -> CommandOutput {
        // Run it without stdin, since the rest of the shell's input does not belong to the command.
        let line = format!("{{ {command}\n}} </dev/null 2>&1\nprintf '\\n{END_MARK} %s\\n' $?\n");
        let written = self.input.write_all(line.as_bytes()).await;
        written.expect("a shell that reads");
        let mut text = String::new();
        loop {
            let mut line = Vec::new();
            let read = self.output.read_until(b'\n', &mut line);
            let read = tokio::time::timeout(harness::PATIENCE * 2, read).await;
            let read = read.unwrap_or_else(|_| panic!("`{command}` does not end: {text}"));
            assert!(read.expect("standard output") > 0, "bash ended: {command}");
            let line = String::from_utf8_lossy(&line);
            if let Some(code) = line.strip_prefix(END_MARK) {
                let code = code.trim().parse().expect("a code");
                let text = text.trim_end().to_owned();
                return CommandOutput { code, text };
            }
            text.push_str(&line);
        }
    }

    /// Sends `exit`, and waits for the end.
    pub(super) async fn exit(&mut self) {
        let written = self.input.write_all(b"exit\n").await;
        written.expect("a shell that reads");
        let status = tokio::time::timeout(harness::PATIENCE, self.child.wait()).await;
        status.expect("an end in time").expect("its status");
    }
}

/// A long-running command, which is killed on drop.
#[derive(Debug)]
pub struct Stream {
    child: Child,
    output: PathBuf,
}

impl Stream {
    /// Starts the command with its output in the file `output`, since it is not read continuously.
    pub(super) fn start(
        folder: &Path,
        variables: &Variables,
        command: &str,
        output: PathBuf,
    ) -> Self {
        let file = File::create(&output).expect("a file");
        let mut bash = bash(folder, variables);
        bash.arg("-c").arg(format!("exec {command} 2>&1"));
        let child = bash.stdin(Stdio::null()).stdout(file).spawn();
        let child = child.expect("bash");
        Self { child, output }
    }

    fn text(&self) -> String {
        let bytes = std::fs::read(&self.output).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until `is_enough` accepts the output so far.
    pub async fn wait_for_output(&mut self, is_enough: impl Fn(&str) -> bool) {
        poll::until("the output that the document shows", async || {
            if let Some(status) = self.child.try_wait().expect("its state") {
                panic!("the command ended with {status}");
            }
            is_enough(&self.text()).then_some(())
        })
        .await;
    }

    /// Sends Ctrl-C, and waits for the end of the command.
    pub async fn interrupt(self) {
        let pid = self.child.id().expect("it runs").cast_signed();
        let process = Process::read(pid).expect("it runs");
        kill(process.id(), Signal::INT).expect("a signal");
        self.wait_for_end().await;
    }

    /// Waits for the end of the command, which must be successful.
    pub async fn wait_for_end(mut self) {
        let status = tokio::time::timeout(harness::PATIENCE, self.child.wait()).await;
        let status = status.expect("an end in time").expect("its status");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Print it, so that it is captured with the other output of the failed test.
            #[expect(clippy::print_stderr, reason = "what a failed test has to say")]
            {
                eprintln!("--- {}\n{}", self.output.display(), self.text());
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
