//! Tests of the binary: its variables, its port, PM2 and signals.

use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use scratch_database::Database;
use serde_json::Value;
use tempfile::TempDir;

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Events, http, wait_until};

/// Builds a command that has `folder` as its working and data directory.
fn command(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_central-hub"));
    command
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// Returns the only line on standard error, and asserts that there is no other output.
fn fatal_line(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&mut command(folder.path(), variables));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(
        output.stdout.is_empty(),
        "the program must print nothing else"
    );
    errors.trim_end().to_owned()
}

#[test]
fn help_and_version() {
    let folder = tempfile::tempdir().unwrap();
    let program = || command(folder.path(), &[]);
    let help = run(program().arg("--help"));
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(help.status.success());
    for variable in [
        "PORT",
        "HOST",
        "NODE_ENV",
        "SESSION_MANAGER_BASE_URL",
        "DRY_RUN",
        "AUTO_CAMPAIGNS_ENABLED",
        "DATA_DIR",
        "DATABASE_URL",
        "SESSION_MANAGER_TOKEN",
        "HUB_ADMIN_PASSWORD",
    ] {
        assert!(text.contains(&format!("  {variable} ")), "{variable}");
    }
    let version = run(program().arg("--version"));
    let text = String::from_utf8(version.stdout).unwrap();
    assert_eq!(text, format!("central-hub {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(run(program().arg("--port=1")).status.code(), Some(2));
    assert!(folder.path().read_dir().unwrap().next().is_none());
}

#[test]
fn missing_session_manager_url_prevents_the_start() {
    let expected = "[FATAL] SESSION_MANAGER_BASE_URL environment variable is required";
    assert_eq!(fatal_line(&[]), expected);
    assert_eq!(fatal_line(&[("SESSION_MANAGER_BASE_URL", "")]), expected);
}

#[test]
fn invalid_variables_are_reported_on_one_line() {
    let base = ("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1");
    for (name, value) in [
        ("SESSION_MANAGER_BASE_URL", "localhost:3001"),
        ("SESSION_MANAGER_BASE_URL", "ftp://host"),
        ("SESSION_MANAGER_BASE_URL", "http://"),
        ("PORT", "3012x"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("HOST", "everywhere"),
        ("NODE_ENV", "prod"),
        ("DRY_RUN", "False"),
        ("DRY_RUN", "0"),
        ("AUTO_CAMPAIGNS_ENABLED", "yes"),
        ("DATABASE_URL", "mysql://db/x"),
        ("RUST_LOG", "a=b=c"),
        ("ALERT_AFTER_MINUTES", "1441"),
        ("ALERT_REPEAT_HOURS", "-1"),
        ("ALERT_BACKUP_HOURS", "0"),
        ("ALERT_QUIET_HOURS", "22-7"),
        ("ALERT_DIGEST_AT", "8"),
        ("ALERT_LANGUAGE", "pt"),
        ("ALERT_EMAIL_TO", "ana"),
        ("ALERT_EMAIL_FROM", "LeadMaster"),
        ("ALERT_WEBHOOK_TYPE", "xml"),
        ("ALERT_CERTIFICATE_URL", "http://example.com"),
    ] {
        let line = fatal_line(&[base, (name, value)]);
        let held = format!("[FATAL] {name} is {value:?}: it takes ");
        assert!(line.starts_with(&held), "{line}");
    }
    for name in ["SESSION_MANAGER_TOKEN", "HUB_ADMIN_PASSWORD"] {
        let line = fatal_line(&[base, (name, "hunter\n2")]);
        assert!(line.starts_with(&format!("[FATAL] {name} ")), "{line}");
        assert!(!line.contains("hunter"), "{line}");
    }
    let line = fatal_line(&[base, ("HOST", "0.0.0.0")]);
    assert_eq!(
        line,
        "[FATAL] HOST is 0.0.0.0, which other machines can reach: set HUB_ADMIN_PASSWORD, or HOST=127.0.0.1"
    );
    // This is not an address of the machine, which is noticed when the port is opened.
    let password = ("HUB_ADMIN_PASSWORD", "una clave larga");
    let line = fatal_line(&[base, ("HOST", "192.0.2.1"), password]);
    assert_eq!(
        line,
        "[FATAL] HOST is 192.0.2.1, which is not an address of this machine: set it to one that is, such as 127.0.0.1"
    );
}

#[test]
fn short_secret_beyond_loopback_prevents_the_start() {
    let base = ("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1");
    let password_variable = ("HUB_ADMIN_PASSWORD", "una clave larga");
    for (host, secrets, variable, least) in [
        (
            "0.0.0.0",
            vec![("HUB_ADMIN_PASSWORD", "hunter2hu")],
            "HUB_ADMIN_PASSWORD",
            10,
        ),
        (
            "::",
            vec![("HUB_ADMIN_PASSWORD", "hunter2hu")],
            "HUB_ADMIN_PASSWORD",
            10,
        ),
        (
            "0.0.0.0",
            vec![password_variable, ("INTERNAL_TOKEN", "hunter2hunter2h")],
            "INTERNAL_TOKEN",
            16,
        ),
    ] {
        let line = fatal_line(&[&[base, ("HOST", host)][..], &secrets].concat());
        assert_eq!(
            line,
            format!(
                "[FATAL] HOST is {host}, which other machines can reach, and {variable} has fewer than {least} characters: anyone who can reach the port can guess it; generate a longer one, for example with `openssl rand -hex 24`"
            )
        );
    }
}

/// Checks that users and tokens that were created while the hub required no
/// password are reported at each start with a password, until none of them is
/// left.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_made_without_a_password_are_reported_at_the_start() {
    const WARNING: &str =
        "tokens and users that were created while the hub had no password are still valid";
    let unused_url = FakeSessionManager::unused_url().await;
    let database = Database::postgres();
    let address = database.url();
    let base = [
        ("SESSION_MANAGER_BASE_URL", unused_url.as_str()),
        ("PORT", "0"),
        ("DATABASE_URL", address.as_str()),
    ];
    let stop = |mut hub: Running| {
        hub.signal(Signal::TERM);
        assert_eq!(hub.child.wait().unwrap().code(), Some(0));
        hub.complaints()
    };
    let mut hub = Running::start(&base);
    let url = hub.url();
    let token = serde_json::json!({"name": "vieja", "scopes": ["read"]});
    let created = http().post(format!("{url}/api/tokens")).json(&token);
    let created: Value = created.send().await.unwrap().json().await.unwrap();
    // Nobody can sign in yet, so there is nothing to warn of.
    assert!(!stop(hub).contains(WARNING));

    let password = "una clave larga";
    let closed = [&base[..], &[("HUB_ADMIN_PASSWORD", password)]].concat();
    let mut hub = Running::start(&closed);
    let url = hub.url();
    wait_until("the warning", async || hub.complaints().contains(WARNING)).await;
    let complaints = hub.complaints();
    let line = complaints
        .lines()
        .find(|line| line.contains(WARNING))
        .unwrap();
    assert!(
        line.contains("tokens=1") && line.contains("users=0"),
        "{line}"
    );
    let revoked = http().delete(format!("{url}/api/tokens/{}", created["id"]));
    let revoked = revoked.basic_auth("admin", Some(password)).send().await;
    assert_eq!(revoked.unwrap().status(), 200);
    stop(hub);

    let mut hub = Running::start(&closed);
    hub.url();
    assert!(!stop(hub).contains(WARNING));
}

/// Checks that wrong tokens are logged with the caller's address, never with
/// the token, and at most once per minute.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_internal_tokens_are_one_log_line() {
    let unused_url = FakeSessionManager::unused_url().await;
    let mut hub = Running::start(&[
        ("SESSION_MANAGER_BASE_URL", &unused_url),
        ("PORT", "0"),
        ("INTERNAL_TOKEN", "hunter2hunter2hunter2"),
    ]);
    let url = hub.url();
    let report = serde_json::json!({"cliente_id": 51, "from": "5491158254201", "message": "hola", "message_id": "A1"});
    for guess in ["adivino-uno", "adivino-dos", "adivino-tres"] {
        let request = http().post(format!("{url}/api/listener/incoming-message"));
        let request = request.header("x-internal-token", guess).json(&report);
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    let lines = || -> Vec<String> {
        let complaints = hub.complaints();
        let lines = complaints
            .lines()
            .filter(|line| line.contains("INTERNAL_TOKEN was presented"));
        lines.map(str::to_owned).collect()
    };
    wait_until("the log line", async || !lines().is_empty()).await;
    let lines = lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("a wrong INTERNAL_TOKEN was presented"),
        "{lines:?}"
    );
    assert!(lines[0].contains("address=127.0.0.1"), "{lines:?}");
    assert!(!hub.complaints().contains("adivino"));
    assert!(!hub.complaints().contains("hunter2"));
}

#[test]
fn port_in_use_reports_its_process() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let line = fatal_line(&[
        ("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1"),
        ("PORT", &port),
    ]);
    let own_pid = std::process::id();
    assert!(
        line.starts_with(&format!("[FATAL] port {port} is taken by ")),
        "{line}"
    );
    assert!(line.contains(&format!("(pid {own_pid})")), "{line}");
}

#[test]
fn unusable_database_is_reported_before_listening() {
    // If the port were opened first, its error would be reported instead.
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let base = [
        ("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1"),
        ("PORT", &*port),
    ];
    for (name, value, cure) in [
        ("DATA_DIR", "/proc/nowhere", "DATA_DIR"),
        ("DATABASE_URL", "sqlite:/dev/null/hub.db", "DATA_DIR"),
        (
            "DATABASE_URL",
            "postgres://me:hunter2@127.0.0.1:1/x",
            "start that PostgreSQL",
        ),
    ] {
        let line = fatal_line(&[base[0], base[1], (name, value)]);
        assert!(line.starts_with("[FATAL] DATABASE_URL: "), "{line}");
        assert!(line.contains(cure), "{line}");
        assert!(!line.contains("hunter"), "{line}");
    }
}

#[test]
fn exported_database_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Database::postgres();
    let url = postgres.url();
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        run(command(folder.path(), variables).args(arguments))
    };
    // Only the database variable is required.
    let exported = run(&["export", "hub.ndjson"], &[]);
    let output = String::from_utf8(exported.stderr).unwrap();
    assert!(exported.status.success(), "{output}");
    assert!(output.contains(" rows exported from sqlite:"), "{output}");
    let second_export = run(&["export", "hub.ndjson"], &[]);
    assert_eq!(
        second_export.status.code(),
        Some(1),
        "an existing file must not be overwritten"
    );
    let target = [("DATABASE_URL", &*url)];
    let imported = run(&["import", "hub.ndjson"], &target);
    let output = String::from_utf8(imported.stderr).unwrap();
    assert!(output.contains(" rows imported into postgres:"), "{output}");
    let piped = run(&["export"], &target);
    let file = std::fs::read(folder.path().join("hub.ndjson")).unwrap();
    assert_eq!(piped.stdout, file);
    std::fs::write(folder.path().join("hub.ndjson"), "hola\n").unwrap();
    let second_import = run(&["import", "hub.ndjson"], &target);
    let output = String::from_utf8(second_import.stderr).unwrap();
    assert!(output.starts_with("[FATAL] line 1 "), "{output}");
    assert_eq!(second_import.status.code(), Some(1));
}

struct Running {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    folder: TempDir,
}

impl Running {
    fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), variables)
    }

    fn start_in(folder: TempDir, variables: &[(&str, &str)]) -> Self {
        let mut command = command(folder.path(), variables);
        let errors = std::fs::File::create(folder.path().join("stderr")).unwrap();
        let mut child = command.stderr(errors).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            lines,
            folder,
        }
    }

    /// Returns the warnings and errors on standard error so far.
    fn complaints(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the hub ended");
        line
    }

    /// Returns the hub's address once it listens.
    fn url(&mut self) -> String {
        loop {
            let line = self.line();
            if let Some((_, url)) = line.split_once("listening on ") {
                let end = url.find(['"', '\n']).unwrap();
                return url[..end].to_owned();
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_log_line_has_the_configuration_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "DRY_RUN=false\nPORT=1\n").unwrap();
    let database = Database::postgres();
    let url = database.url().replace('@', ":hunter4@");
    let mut hub = Running::start_in(
        folder,
        &[
            ("SESSION_MANAGER_BASE_URL", "http://me:hunter1@127.0.0.1:1"),
            ("PORT", "0"),
            ("NODE_ENV", "production"),
            ("SESSION_MANAGER_TOKEN", "hunter2"),
            ("HUB_ADMIN_PASSWORD", "hunter3"),
            ("DATABASE_URL", &url),
        ],
    );
    let line = hub.line();
    let entry: Value = serde_json::from_str(&line).expect("JSON in production");
    let message = entry["message"].as_str().unwrap();
    assert!(
        message.contains("session-manager=http://***@127.0.0.1:1/"),
        "{message}"
    );
    assert!(message.contains("HUB_ADMIN_PASSWORD=***"), "{message}");
    assert!(message.contains("DATABASE_URL=postgres://"), "{message}");
    assert!(!line.contains("hunter"), "{line}");
    // A `env` file in the working directory is not read.
    assert!(message.contains("DRY_RUN=true"), "{message}");
    hub.url();
    hub.signal(Signal::TERM);
    assert_eq!(hub.child.wait().unwrap().code(), Some(0));
    assert!(
        !hub.folder.path().join("data").exists(),
        "with PostgreSQL, no folder must be created"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signal_stops_it_with_open_streams() {
    let peer = FakeSessionManager::start().await;
    for signal in [Signal::TERM, Signal::INT] {
        let mut hub = Running::start(&[
            ("SESSION_MANAGER_BASE_URL", peer.url.as_str()),
            ("PORT", "0"),
        ]);
        let url = hub.url();
        let response = http()
            .get(format!("{url}/api/events"))
            .send()
            .await
            .unwrap();
        let mut events = Events::from_response(response);
        events.next_link_state("up").await;
        let start = std::time::Instant::now();
        hub.signal(signal);
        assert_eq!(hub.child.wait().unwrap().code(), Some(0));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
        while events.next().await.is_some() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pm2_learns_when_the_port_is_open_and_can_stop_it() {
    for by_message in [true, false] {
        let (mut daemon, handed) = UnixStream::pair().unwrap();
        fcntl_setfd(&handed, FdFlags::empty()).unwrap();
        let number = handed.as_raw_fd().to_string();
        let mut hub = Running::start(&[
            ("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1"),
            ("PORT", "0"),
            ("NODE_CHANNEL_FD", number.as_str()),
            ("NODE_CHANNEL_SERIALIZATION_MODE", "json"),
        ]);
        drop(handed);
        let mut ready = [0; 8];
        daemon.read_exact(&mut ready).unwrap();
        assert_eq!(&ready, b"\"ready\"\n");
        let url = hub.url();
        let answer = http().get(format!("{url}/health")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        if by_message {
            std::io::Write::write_all(&mut daemon, b"\"shutdown\"\n").unwrap();
            assert_eq!(hub.child.wait().unwrap().code(), Some(0));
        } else {
            // PM2's daemon dies.
            drop(daemon);
            assert_eq!(hub.child.wait().unwrap().code(), Some(0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_inherited_descriptor_is_ignored() {
    let mut hub = Running::start(&[
        ("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1"),
        ("PORT", "0"),
        ("NODE_CHANNEL_FD", "71"),
    ]);
    hub.url();
    let complaints = hub.complaints();
    assert!(
        complaints.contains("NODE_CHANNEL_FD is ignored"),
        "{complaints}"
    );
    hub.signal(Signal::TERM);
    assert_eq!(hub.child.wait().unwrap().code(), Some(0));
}

/// Texts for which operators search the logs when something fails.
const SEARCHED: [&str; 7] = [
    "error",
    "econnrefused",
    "fetch failed",
    "connection refused",
    "session_manager_base_url",
    "undefined",
    "not defined",
];

#[tokio::test(flavor = "multi_thread")]
async fn healthy_start_logs_no_error_phrases() {
    let peer = FakeSessionManager::start().await;
    for environment in ["production", "development"] {
        let mut hub = Running::start(&[
            ("SESSION_MANAGER_BASE_URL", &peer.url),
            ("PORT", "0"),
            ("NODE_ENV", environment),
        ]);
        let mut log_text = String::new();
        while !log_text.contains("session-manager answers") {
            log_text.push_str(&hub.line());
        }
        assert!(
            log_text.contains("a proxy passes on with a public name"),
            "{log_text}"
        );
        for line in log_text.lines() {
            let line = line.to_lowercase();
            assert!(
                SEARCHED.iter().all(|phrase| !line.contains(phrase)),
                "{line}"
            );
        }
        assert_eq!(hub.complaints(), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outage_is_logged_to_stderr_with_the_known_phrases() {
    let unused_url = FakeSessionManager::unused_url().await;
    let mut hub = Running::start(&[
        ("SESSION_MANAGER_BASE_URL", &unused_url),
        ("PORT", "0"),
        ("NODE_ENV", "production"),
    ]);
    let url = hub.url();
    wait_until("the outage to be logged", async || {
        !hub.complaints().is_empty()
    })
    .await;
    let complaints = hub.complaints();
    for phrase in ["[whatsapp-proxy]", "fetch failed", "ECONNREFUSED"] {
        assert!(complaints.contains(phrase), "{phrase}: {complaints}");
    }
    // Failing requests and retries do not repeat the line.
    for _ in 0..5 {
        let answer = http().get(format!("{url}/status")).send().await.unwrap();
        assert_eq!(answer.status(), 503);
    }
    let lines = hub.complaints();
    assert_eq!(lines.matches("[whatsapp-proxy]").count(), 1, "{lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_loopback_addresses_are_served() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        // The machine has no IPv6.
        return;
    }
    let unused_url = FakeSessionManager::unused_url().await;
    let mut hub = Running::start(&[("SESSION_MANAGER_BASE_URL", &unused_url), ("PORT", "0")]);
    let url = hub.url();
    let port = url.rsplit_once(':').unwrap().1;
    for host in ["127.0.0.1", "[::1]", "localhost"] {
        let answer = http().get(format!("http://{host}:{port}/health")).send();
        assert_eq!(answer.await.unwrap().status(), 200, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_variables_warn_and_the_old_token_works() {
    let unused_url = FakeSessionManager::unused_url().await;
    let mut hub = Running::start(&[
        ("SESSION_MANAGER_BASE_URL", &unused_url),
        ("PORT", "0"),
        ("DB_PASSWORD", "hunter8"),
        ("JWT_SECRET", "hunter9"),
        ("INTERNAL_LISTENER_TOKEN", "a token of the listener"),
    ]);
    let url = hub.url();
    let complaints = hub.complaints();
    for name in ["DB_PASSWORD", "JWT_SECRET", "INTERNAL_LISTENER_TOKEN"] {
        assert!(
            complaints.contains(&format!("{name} belongs to the former Node service")),
            "{complaints}"
        );
    }
    assert!(!complaints.contains("hunter"), "{complaints}");
    let report = |token: &'static str| {
        let body = r#"{"cliente_id":51,"from":"5491158254201","message":"Hola","timestamp":"2026-02-28T12:00:00.000Z"}"#;
        http()
            .post(format!("{url}/api/listener/incoming-message"))
            .header("x-internal-token", token)
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    assert_eq!(
        report("a token of the listener").await.unwrap().status(),
        200
    );
    assert_eq!(report("another").await.unwrap().status(), 401);
}
