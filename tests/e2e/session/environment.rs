//! Tests session-manager's environment: the settings with which it refuses to start, and how it
//! reports those with which it starts.

use std::ffi::{OsStr, OsString};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use harness::{Scratch, Service, binary, repository_root};
use tokio::process::Command;

const TOKEN: &str = "Un-Token-de-Prueba-42";

struct ProcessResult {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl ProcessResult {
    /// Returns the only line of output, after a check that nothing in `folder` changed.
    fn fatal(&self, folder: &Path) -> &str {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        assert_eq!(self.stdout, "");
        let line = self.stderr.strip_suffix('\n').expect("a complete line");
        assert!(
            line.starts_with("[FATAL] ") && !line.contains('\n'),
            "{line}"
        );
        let created_files: Vec<_> = std::fs::read_dir(folder).expect("the folder").collect();
        assert!(created_files.is_empty(), "{created_files:?}");
        line
    }
}

async fn wait_for_exit(command: &mut Command) -> ProcessResult {
    let output = command.kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(20), output)
        .await
        .expect("an end by itself")
        .expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    ProcessResult {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Runs the program in `folder` until it exits.
async fn run_program<'a>(
    folder: &Scratch,
    variables: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
) -> ProcessResult {
    let mut command = Command::new(binary("session-manager"));
    wait_for_exit(
        command
            .current_dir(folder.path())
            .env_clear()
            .envs(variables),
    )
    .await
}

/// Returns a port that is in use, with its listener.
fn occupied_port() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener
        .local_addr()
        .expect("its address")
        .port()
        .to_string();
    (listener, port)
}

#[tokio::test]
async fn invalid_variable_is_one_fatal_line_before_startup() {
    let folder = Scratch::default();
    // An error about the port would mean that the port was opened before the settings were checked.
    let (_listener, port) = occupied_port();
    let huge = "9".repeat(500);
    let raw = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    let latin = raw(b"caf\xe9");
    let mut cases: Vec<(&str, OsString)> = [
        ("PORT", "tres mil"),
        ("PORT", "-1"),
        ("PORT", "+3001"),
        ("PORT", "65536"),
        ("PORT", " 3001"),
        ("PORT", "3001.0"),
        ("PORT", "0xBB9"),
        ("PORT", "30\n01"),
        ("PORT", &huge),
        ("HOST", "example.com"),
        ("HOST", "127.0.0"),
        ("HOST", "127.0.0.1:3001"),
        ("HOST", "http://127.0.0.1"),
        ("NODE_ENV", "prod"),
        ("NODE_ENV", "Production"),
        ("NODE_ENV", "production "),
        ("WHATSAPP_WEB_URL", "web.whatsapp.com"),
        ("WHATSAPP_WEB_URL", "ftp://web.whatsapp.com/"),
        ("WHATSAPP_WEB_URL", "https://"),
        ("WHATSAPP_WEB_URL", "https://web.whatsapp.com/?a=b"),
        ("WHATSAPP_WEB_URL", " https://web.whatsapp.com/"),
        ("WHATSAPP_WEB_URL", "javascript:alert(1)"),
        ("WHATSAPP_WEB_URL", "file:///etc/passwd"),
        ("CHROME_ARGS", "--lang='es"),
        ("CHROME_ARGS", "--lang=es --user-data-dir=/elsewhere"),
        ("CHROME_ARGS", "--remote-debugging-port=9222"),
        ("CHROME_ARGS", "'--remote-debugging-pipe'"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("RUST_LOG", "a=b=c"),
        ("RUST_LOG", "info,=,"),
    ]
    .map(|(name, value)| (name, value.into()))
    .into();
    for (name, min, max) in [
        ("QR_ROUNDS", "-1", "1001"),
        ("RESTART_BUDGET", "-1", "1001"),
        ("RESTART_WINDOW_SECONDS", "0", "86401"),
        ("RESTART_BACKOFF_MS", "-1", "60001"),
        ("RETRY_SECONDS", "0", "3601"),
        ("HEARTBEAT_MS", "99", "600001"),
        ("HEARTBEAT_DEADLINE_MS", "99", "600001"),
        ("BOOT_PATIENCE_SECONDS", "0", "3601"),
        ("SYNC_PATIENCE_SECONDS", "0", "86401"),
        ("DELIVERY_PATIENCE_SECONDS", "0", "3601"),
        ("TOOLS_PATIENCE_SECONDS", "0", "3601"),
        ("WATCHDOG_SECONDS", "-1", "3601"),
    ] {
        for value in [min, max, "muchos", "1.5", "1e3", "10s"] {
            cases.push((name, value.into()));
        }
        cases.push((name, latin.clone()));
    }
    for name in [
        "PORT",
        "HOST",
        "NODE_ENV",
        "WHATSAPP_WEB_URL",
        "CHROME_ARGS",
        "RUST_LOG",
    ] {
        cases.push((name, latin.clone()));
    }
    for (name, value) in &cases {
        let port = if *name == "PORT" {
            value
        } else {
            OsStr::new(&port)
        };
        let result = run_program(&folder, [("PORT", port), (name, value.as_os_str())]).await;
        let line = result.fatal(folder.path());
        assert!(
            line.starts_with(&format!("[FATAL] {name} is ")),
            "{value:?}: {line}"
        );
        assert!(line.contains(": it takes "), "{line}");
        // Of several flags, only the wrong one is named.
        let value_start = value.to_string_lossy();
        let value_start = value_start.split_whitespace().last().unwrap_or_default();
        let value_start: String = value_start.trim_matches('\'').chars().take(5).collect();
        assert!(line.contains(&value_start), "{value:?}: {line}");
        assert!(line.len() < 400, "{line}");
    }
}

#[tokio::test]
async fn invalid_secret_is_named_but_not_printed() {
    let folder = Scratch::default();
    let (_listener, port) = occupied_port();
    for secret in [
        b"Secreto-Perd\xe9do".as_slice(),
        "Secreto-Perdído".as_bytes(),
        b" Secreto-Perdido",
        b"Secreto-Perdido ",
        b"Secreto-\nPerdido",
        b"\tSecreto-Perdido",
    ] {
        let variables = [
            ("PORT", OsStr::new(&port)),
            ("SESSION_MANAGER_TOKEN", OsStr::from_bytes(secret)),
        ];
        let result = run_program(&folder, variables).await;
        let line = result.fatal(folder.path());
        assert!(line.starts_with("[FATAL] SESSION_MANAGER_TOKEN "), "{line}");
        assert!(
            !line.contains("Secreto") && !line.contains("Perd"),
            "{line}"
        );
    }
    // A URL may contain a password as well.
    let url = OsStr::new("ftp://usuario:Secreto@web.whatsapp.com/");
    let result = run_program(&folder, [("WHATSAPP_WEB_URL", url)]).await;
    assert!(!result.fatal(folder.path()).contains("Secreto"));
}

#[tokio::test]
async fn secret_from_a_file_or_command_is_required_and_not_printed() {
    let (folder, secrets) = (Scratch::default(), Scratch::default());
    let file = secrets.join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).expect("a file");
    let file = file.display().to_string();
    let command = format!("cat '{file}'");
    for source in [
        ("SESSION_MANAGER_TOKEN_FILE", file.as_str()),
        ("SESSION_MANAGER_TOKEN_COMMAND", command.as_str()),
    ] {
        let mut service = start(&folder, &[source, ("HOST", "127.0.0.1")]).await;
        let status = |token: &'static str| {
            let request = harness::http().get(format!("{}/status", service.url));
            async move {
                let answer = request.bearer_auth(token).send().await;
                answer.expect("an answer").status()
            }
        };
        assert_eq!(status("another-token-entirely").await, 401);
        assert_eq!(status(TOKEN).await, 200);
        assert!(service.stop().await.success());
        let log = service.output();
        assert!(log.contains("SESSION_MANAGER_TOKEN=***"), "{log}");
        assert!(!log.contains(TOKEN), "{log}");
    }
}

#[tokio::test]
async fn unavailable_secret_is_fatal() {
    let (folder, secrets) = (Scratch::default(), Scratch::default());
    let (_listener, port) = occupied_port();
    let path = |name: &str| secrets.join(name).display().to_string();
    std::fs::write(path("empty"), "\n").expect("a file");
    std::fs::write(path("latin"), b"Secreto-Perd\xe9do").expect("a file");
    std::fs::write(path("good"), TOKEN).expect("a file");
    let (token, file) = ("SESSION_MANAGER_TOKEN", "SESSION_MANAGER_TOKEN_FILE");
    let command = "SESSION_MANAGER_TOKEN_COMMAND";
    let key = "BACKUP_KEY_FILE";
    for (variables, expected) in [
        (
            vec![(file, path("none"))],
            format!("{file} {:?} cannot be read", path("none")),
        ),
        (
            vec![(file, path("empty"))],
            format!("{file} {:?} is empty", path("empty")),
        ),
        (
            vec![(file, path("latin"))],
            format!("{file} {:?} cannot be used", path("latin")),
        ),
        (vec![(file, path(""))], "is not a regular file".to_owned()),
        (
            vec![(token, TOKEN.to_owned()), (file, path("good"))],
            format!("{token} and {file} are both set"),
        ),
        (
            vec![
                (file, path("good")),
                (command, format!("cat {}", path("good"))),
            ],
            format!("{file} and {command} are both set"),
        ),
        (
            vec![(command, "false Secreto".to_owned())],
            format!("{command} failed: \"false\""),
        ),
        (
            vec![(command, "true Secreto".to_owned())],
            format!("{command} printed nothing"),
        ),
        (
            vec![(key, path("good"))],
            format!("{key} {:?} cannot be used", path("good")),
        ),
    ] {
        let path = std::env::var("PATH").expect("a PATH");
        let base_variables = [("PORT", port.as_str()), ("PATH", path.as_str())];
        let variables = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let base_variables = base_variables.into_iter().chain(variables);
        let result = run_program(
            &folder,
            base_variables.map(|(name, value)| (name, OsStr::new(value))),
        )
        .await;
        let line = result.fatal(folder.path());
        assert!(line.contains(&expected), "{expected}: {line}");
        assert!(!line.contains(TOKEN) && !line.contains("Secreto"), "{line}");
    }
}

#[tokio::test]
async fn public_address_requires_a_token() {
    let folder = Scratch::default();
    let (_listener, port) = occupied_port();
    for host in ["0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1"] {
        // An empty variable counts as unset.
        for token in [None, Some("")] {
            let token = token.map(|token| ("SESSION_MANAGER_TOKEN", OsStr::new(token)));
            let variables = [("PORT", OsStr::new(&port)), ("HOST", OsStr::new(host))];
            let result = run_program(&folder, variables.into_iter().chain(token)).await;
            let line = result.fatal(folder.path());
            assert!(
                line.contains("HOST") && line.contains("SESSION_MANAGER_TOKEN"),
                "{line}"
            );
        }
    }
    let variables = [("HOST", "0.0.0.0"), ("SESSION_MANAGER_TOKEN", TOKEN)];
    let mut service = start(&folder, &variables).await;
    let status = harness::http()
        .get(format!("{}/status", service.url))
        .send()
        .await;
    assert_eq!(status.expect("an answer").status(), 401);
    assert!(service.stop().await.success());
}

/// Checks that a short token is fatal, even the previous one: whoever reaches the port could try
/// them all.
#[tokio::test]
async fn short_token_beyond_loopback_is_fatal() {
    let folder = Scratch::default();
    let (_listener, port) = occupied_port();
    for (host, variable) in [
        ("0.0.0.0", "SESSION_MANAGER_TOKEN"),
        ("::", "SESSION_MANAGER_TOKEN"),
        ("0.0.0.0", "SESSION_MANAGER_TOKEN_PREVIOUS"),
    ] {
        let mut variables = vec![
            ("PORT", OsStr::new(&port)),
            ("HOST", OsStr::new(host)),
            ("SESSION_MANAGER_TOKEN", OsStr::new(TOKEN)),
        ];
        variables.push((variable, OsStr::new("Quince-Letras-1")));
        let result = run_program(&folder, variables).await;
        assert_eq!(
            result.fatal(folder.path()),
            format!(
                "[FATAL] HOST is {host}, which other machines can reach, and {variable} has fewer than 16 characters: anyone who can reach the port can guess it; generate a longer one, for example with `openssl rand -hex 24`"
            )
        );
    }
}

#[tokio::test]
async fn unavailable_port_or_address_is_fatal() {
    let folder = Scratch::default();
    let (_listener, port) = occupied_port();
    let result = run_program(&folder, [("PORT", OsStr::new(&port))]).await;
    let line = result.fatal(folder.path());
    assert!(line.contains(&format!("port {port} is taken")), "{line}");
    assert!(
        line.contains(&format!("pid {}", std::process::id())),
        "{line}"
    );
    assert!(line.contains("set PORT"), "{line}");
    // An address that is reserved for documentation.
    let variables = [
        ("PORT", OsStr::new("0")),
        ("HOST", OsStr::new("192.0.2.1")),
        ("SESSION_MANAGER_TOKEN", OsStr::new(TOKEN)),
    ];
    let result = run_program(&folder, variables).await;
    let line = result.fatal(folder.path());
    assert!(line.contains("HOST is 192.0.2.1"), "{line}");
    assert!(!line.contains(TOKEN));
}

#[tokio::test]
async fn help_and_version_need_no_environment() {
    let folder = Scratch::default();
    let output_of = |argument: &str| {
        let mut command = Command::new(binary("session-manager"));
        command.arg(argument).env_clear().current_dir(folder.path());
        command
    };
    let help = wait_for_exit(&mut output_of("--help")).await;
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    let file = repository_root().join("deploy/session-manager/ecosystem.config.cjs");
    let file = std::fs::read_to_string(file).expect("the ecosystem file");
    let (_, variables_text) = file.split_once("env: environment(").expect("the variables");
    let names = variables_text
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(name, _)| !name.contains(|c: char| !matches!(c, 'A'..='Z' | '_')));
    let mut count = 0;
    for (name, _) in names {
        let begins = |line: &str| line.trim_start().split(' ').next() == Some(name);
        assert!(help.stdout.lines().any(begins), "{name}: {}", help.stdout);
        count += 1;
    }
    assert!(count > 50, "{count} variables");
    let version = wait_for_exit(&mut output_of("--version")).await;
    assert_eq!(version.code, Some(0));
    assert_eq!(
        version.stdout,
        format!("session-manager {}\n", env!("CARGO_PKG_VERSION"))
    );
    let unknown = wait_for_exit(&mut output_of("--port=1")).await;
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(2), ""));
    assert!(unknown.stderr.contains("--port"), "{}", unknown.stderr);
}

async fn start(folder: &Scratch, variables: &[(&str, &str)]) -> Service {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Service::start("session-manager", folder.path(), &variables).await
}

#[tokio::test]
async fn effective_configuration_is_logged_on_one_line() {
    let folder = Scratch::default();
    let variables = [
        ("SESSION_MANAGER_TOKEN", TOKEN),
        ("TOKENS_DIR", "datos/tokens"),
        ("WHATSAPP_WEB_URL", "https://usuario:Secreto-1@example.com/"),
        (
            "CHROME_ARGS",
            "--proxy-server='http://usuario:Secreto-2@proxy:3128' --lang=es",
        ),
    ];
    let mut service = start(&folder, &variables).await;
    assert!(service.stop().await.success());
    let log = service.output();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("TOKENS_DIR="))
        .collect();
    assert_eq!(lines.len(), 1, "{log}");
    let tokens = folder.join("datos").join("tokens");
    for expected in [
        "PORT=0",
        "HOST=127.0.0.1",
        "NODE_ENV=development",
        "SESSION_MANAGER_TOKEN=***",
        &format!("TOKENS_DIR={}", tokens.display()),
        "page=https://***@example.com/",
        "browser=(PATH)",
        "--lang=es",
        "proxy:3128",
    ] {
        assert!(lines[0].contains(expected), "{expected}: {}", lines[0]);
    }
    assert!(!log.contains(TOKEN) && !log.contains("Secreto"), "{log}");
    assert!(
        !tokens.exists(),
        "no folder is created before a client connects"
    );
}

#[tokio::test]
async fn production_log_is_json() {
    let folder = Scratch::default();
    let mut service = start(&folder, &[("NODE_ENV", "production")]).await;
    assert!(service.stop().await.success());
    let log = service.output();
    assert!(log.lines().count() >= 3, "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(
            line["timestamp"].is_string() && line["level"].is_string(),
            "{line}"
        );
        assert!(line["message"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn dot_env_file_is_not_read() {
    let folder = Scratch::default();
    let file = format!("SESSION_MANAGER_TOKEN={TOKEN}\nNODE_ENV=nonsense\nRETRY_SECONDS=0\n");
    std::fs::write(folder.join(".env"), file).expect("a file");
    let mut service = start(&folder, &[]).await;
    let status = harness::http()
        .get(format!("{}/status", service.url))
        .send()
        .await;
    assert_eq!(
        status.expect("an answer").status(),
        200,
        "no token must be required"
    );
    assert!(service.stop().await.success());
    assert!(service.output().contains("SESSION_MANAGER_TOKEN=(none)"));
}

#[tokio::test]
async fn sigterm_during_startup_stops_cleanly() {
    let folder = Scratch::default();
    for _ in 0..20 {
        let mut service = start(&folder, &[]).await;
        let result = tokio::time::timeout(Duration::from_secs(10), service.stop()).await;
        assert!(result.expect("an end").success());
    }
}
