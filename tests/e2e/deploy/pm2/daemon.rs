//! Runs a PM2 for one test: the real one from npm, with a separate home.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use harness::standin::Standin;
use harness::{Scratch, binary, poll};
use serde_json::Value;
use service_runtime::process::{Process, Signal, kill};

/// Variables of a long-lived shell: those that leaked in the incident, and others.
const LEAKS: [(&str, &str); 6] = [
    ("PORT", "3011"),
    ("HOST", "0.0.0.0"),
    ("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:9"),
    ("DRY_RUN", "false"),
    ("RESTART_BUDGET", "nonsense"),
    ("SOMEBODYS_SECRET", "leaked"),
];

/// PM2's daemon, which is killed on drop.
#[derive(Debug)]
pub struct Pm2 {
    folder: Scratch,
    variables: BTreeMap<String, String>,
    /// session-manager's port.
    pub session_port: u16,
    /// central-hub's port.
    pub hub_port: u16,
}

impl Pm2 {
    /// Starts a daemon without services. The pair will use the page of `standin`.
    pub async fn start(standin: &Standin) -> Self {
        let folder = Scratch::default();
        for name in ["home", "tmp"] {
            std::fs::create_dir(folder.join(name)).expect("a folder");
        }
        let text = |path: PathBuf| path.display().to_string();
        let [session_port, hub_port] = free_ports();
        let bin = binary("session-manager");
        let variables = [
            ("PATH", std::env::var("PATH").expect("PATH")),
            ("HOME", text(folder.join("home"))),
            ("TMPDIR", text(folder.join("tmp"))),
            ("PM2_HOME", text(folder.join("pm2"))),
            // The variables that the ecosystem files document.
            ("LEADMASTER_HOME", text(folder.join("home"))),
            (
                "LEADMASTER_BIN_DIR",
                text(bin.parent().expect("a folder").into()),
            ),
            ("LEADMASTER_SESSION_PORT", session_port.to_string()),
            ("LEADMASTER_SESSION_WHATSAPP_WEB_URL", standin.web_url()),
            ("LEADMASTER_HUB_PORT", hub_port.to_string()),
            (
                "LEADMASTER_HUB_SESSION_MANAGER_BASE_URL",
                format!("http://127.0.0.1:{session_port}"),
            ),
        ];
        let pm2 = Self {
            folder,
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            session_port,
            hub_port,
        };
        // Start the daemon first, so that later timings measure the start of a service and not of
        // PM2.
        pm2.run(&["ping"]).await;
        pm2
    }

    /// Sets the variable `name` for the ecosystem files from now on.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Returns whether `grep` with these arguments matches in any log file that the shell pattern
    /// `pattern` expands to.
    pub fn grep(&self, arguments: &str, pattern: &str) -> bool {
        let logs = self.folder.join("pm2/logs");
        let line = format!("grep -q {arguments} {pattern}");
        let mut command = Command::new("sh");
        command.args(["-c", &line]).current_dir(logs);
        command.status().expect("a shell").success()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/node_modules/.bin/pm2");
        assert!(
            program.exists(),
            "pm2 is not installed in tests/node: `cargo xtask test` does that"
        );
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(LEAKS)
            .envs(&self.variables)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs `pm2`, which has to succeed, in a shell full of leaked variables.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let label = format!("pm2 {}", arguments.join(" "));
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("pm2's thread")
            .expect("pm2 starts");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{label}: {}\n{stdout}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
        output
    }

    /// Returns PM2's description of a service.
    pub async fn describe(&self, name: &str) -> Value {
        let output = self.run(&["jlist", "--silent"]).await;
        let list: Value = serde_json::from_slice(&output.stdout).expect("a list");
        let mut services = list.as_array().expect("a list").iter();
        services
            .find(|service| service["name"] == name)
            .cloned()
            .unwrap_or_default()
    }

    /// Returns the process of a service that is online.
    pub async fn process(&self, name: &str) -> Process {
        poll::until(format!("{name} online"), async || {
            let service = self.describe(name).await;
            let pid = service["pid"]
                .as_i64()
                .and_then(|pid| i32::try_from(pid).ok())?;
            (service["pm2_env"]["status"] == "online")
                .then(|| Process::read(pid))
                .flatten()
        })
        .await
    }

    /// Returns PM2's own log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("pm2/pm2.log")).unwrap_or_default()
    }

    /// Returns a file of PM2's log folder.
    pub fn service_log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join("pm2/logs").join(name)).unwrap_or_default()
    }

    /// Returns session-manager's `TOKENS_DIR`.
    pub fn tokens(&self) -> PathBuf {
        self.folder.join("home/tokens")
    }

    /// Returns the URL of a path of session-manager.
    pub fn session(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.session_port)
    }

    /// Returns the URL of a path of central-hub.
    pub fn hub(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.hub_port)
    }

    /// Returns the daemon's process; `None` if it does not run.
    pub fn daemon(&self) -> Option<Process> {
        let text = std::fs::read_to_string(self.folder.join("pm2/pm2.pid")).ok()?;
        Process::read(text.trim().parse().ok()?)
    }
}

impl Drop for Pm2 {
    #[expect(clippy::print_stderr, reason = "the output of a failed test")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- pm2.log\n{}", self.log());
            for name in ["session-manager", "leadmaster-central-hub"] {
                for kind in ["out", "error"] {
                    let file = format!("{name}-{kind}.log");
                    eprintln!("--- {file}\n{}", self.service_log(&file));
                }
            }
        }
        let Some(daemon) = self.daemon() else { return };
        // The daemon stops its services first, each with its own timeout.
        let _ = self.command(&["kill"]).output();
        if daemon.id().is_alive() {
            let _ = kill(daemon.id(), Signal::KILL);
        }
    }
}

/// Returns the path of an ecosystem file of this repository.
pub fn ecosystem(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the root");
    root.join("deploy").join(path).display().to_string()
}

/// Returns the variables that a binary documents.
pub fn documented_variables(name: &str) -> Vec<String> {
    let output = Command::new(binary(name))
        .arg("--help")
        .env_clear()
        .output()
        .expect("the program's output");
    let help = String::from_utf8_lossy(&output.stdout);
    let (_, variable_list) = help
        .split_once("Environment:")
        .expect("a list of variables");
    // What is indented further continues a row.
    let rows = variable_list
        .lines()
        .filter_map(|line| line.strip_prefix("  "));
    rows.filter(|row| !row.starts_with(' '))
        .filter_map(|row| row.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// Returns two different ports that were free a moment ago.
fn free_ports() -> [u16; 2] {
    [0; 2]
        .map(|any| TcpListener::bind((Ipv4Addr::LOCALHOST, any)).expect("a port"))
        .map(|listener| listener.local_addr().expect("its address").port())
}
