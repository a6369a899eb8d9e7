//! Starts and controls a binary of the product.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use service_runtime::process::{Process, Signal, kill, spawn_bound};

use crate::poll;

/// Returns the path of a binary of the workspace.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let test_path = std::env::current_exe().expect("this test's own path");
    // The test is target/<profile>/deps/<test>, or target/<profile>/<binary>.
    let mut folder = test_path.parent().expect("its folder");
    if folder.ends_with("deps") {
        folder = folder.parent().expect("a target folder");
    }
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is not built: run `cargo xtask test`, or `cargo build` first",
        path.display()
    );
    path
}

/// Returns the path of the wa-js that session-manager has built in.
#[must_use]
pub fn built_in_wa_js() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/session-manager/page/dist/wa-js.js")
}

/// A running binary, with its output in a file.
#[derive(Debug)]
pub struct Service {
    child: Child,
    /// The service's URL, `http://127.0.0.1:PORT`.
    pub url: String,
    output: PathBuf,
}

impl Service {
    /// Starts `name` with only these variables and `PATH`. `PORT` is 0 by default. Waits until the
    /// service listens.
    ///
    /// Temporary files are in `folder`.
    pub async fn start(name: &str, folder: &Path, variables: &[(String, String)]) -> Self {
        let (child, output) = spawn(name, folder, variables);
        let mut service = Self {
            child,
            url: String::new(),
            output,
        };
        service.url = poll::until(format!("{name} to listen"), async || {
            if let Some(status) = service.child.try_wait().expect("its status") {
                panic!("{name} ended with {status}: {}", service.output());
            }
            find_listening_url(&service.output)
        })
        .await;
        service
    }

    /// Returns the output of the service so far.
    #[must_use]
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Returns the process of the service; `None` if it has ended.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        Process::read(self.child.id().cast_signed())
    }

    /// Returns the pid of the service.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Sends the service a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(process) = self.process() {
            kill(process.id(), signal).expect("a signal");
        }
    }

    /// Waits until the service ends.
    pub async fn wait_for_end(&mut self) -> ExitStatus {
        let child = &mut self.child;
        poll::until("the service to end", async || {
            child.try_wait().expect("its status")
        })
        .await
    }

    /// Sends SIGTERM, then waits until the service ends.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait_for_end().await
    }

    /// Sends `kill -9`, then waits until the service ends.
    pub async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait_for_end().await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        if std::thread::panicking() {
            // Print it, so that it is captured with the other output of the failed test.
            #[expect(clippy::print_stderr, reason = "the output of a failed test")]
            {
                eprintln!("--- {}\n{}", self.output.display(), self.output());
            }
        }
        // The service's children end with it, which other tests check.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(name: &str, folder: &Path, variables: &[(String, String)]) -> (Child, PathBuf) {
    let output = folder.join(format!("{name}.log"));
    let mut command = command(name, folder, variables, &output);
    (command.spawn().expect("a started program"), output)
}

/// Starts `name` so that the kernel kills it when this process ends for any reason.
pub fn spawn_bound_to_test(
    name: &str,
    folder: &Path,
    variables: &[(String, String)],
    output: &Path,
) -> Child {
    spawn_bound(command(name, folder, variables, output)).expect("a started program")
}

/// Finds the URL in a service's log; `None` until the service listens.
pub fn find_listening_url(output: &Path) -> Option<String> {
    let output = std::fs::read_to_string(output).unwrap_or_default();
    let line = output.lines().find(|line| line.contains("listening on "))?;
    let at = line.find("http://")?;
    let url = line[at..].split(['"', ' ']).next()?;
    Some(url.to_owned())
}

fn command(name: &str, folder: &Path, variables: &[(String, String)], output: &Path) -> Command {
    let temporary = folder.join("service-tmp");
    std::fs::create_dir_all(&temporary).expect("a folder");
    let log = File::options()
        .create(true)
        .append(true)
        .open(output)
        .expect("a log file");
    // Each start of a service logs its own port, so empty the log.
    log.set_len(0).expect("an empty log file");
    let mut command = Command::new(binary(name));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("TMPDIR", &temporary)
        .env("PORT", "0")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a descriptor"))
        .stderr(log);
    command
}

/// Runs `name` to its end with these variables. Returns its exit status and output.
pub async fn run_to_end(
    name: &str,
    folder: &Path,
    variables: &[(String, String)],
) -> (ExitStatus, String) {
    let (mut child, output) = spawn(name, folder, variables);
    let status = poll::until_within(
        Duration::from_secs(20),
        format!("{name} to end"),
        async || child.try_wait().expect("its status"),
    )
    .await;
    (status, std::fs::read_to_string(output).unwrap_or_default())
}
