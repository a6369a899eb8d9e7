//! Tests `doctor` of both services and `deploy/healthcheck`, on a healthy pair and on an unhealthy
//! one.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use harness::standin::Settings;
use harness::{Hub, ManagerOptions, Scratch, binary, start_linked};
use scratch_database::MailServer;
use serde_json::{Value, json};
use tokio::process::Command;

async fn run_program(program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(variables.iter().copied())
        .kill_on_drop(true)
        .output()
        .await
        .expect("it starts")
}

/// Runs `doctor --json` of the program `name`. Returns its exit code and its report.
pub(crate) async fn doctor(
    name: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (i32, Value) {
    let arguments = [&["doctor", "--json"], arguments].concat();
    let output = run_program(&binary(name), &arguments, variables).await;
    let report = serde_json::from_slice(&output.stdout).expect("JSON");
    (output.status.code().expect("a code"), report)
}

/// Returns the check with this name.
pub(crate) fn find_check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    let row = checks.iter().find(|row| row["name"] == name);
    row.unwrap_or_else(|| panic!("no check {name}: {report:#}"))
}

fn verdict(report: &Value, name: &str) -> Value {
    find_check(report, name)["verdict"].clone()
}

#[tokio::test]
async fn doctor_reports_no_failure_on_a_healthy_pair() {
    const SECRET: &str = "a-token-of-this-test";
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default().with("INTERNAL_TOKEN", SECRET);
    let hub = Hub::start(&manager, options).await;

    let pid = manager.service.pid().to_string();
    let (code, report) = doctor("session-manager", &["--pid", &pid], &[]).await;
    assert_eq!(code, 1, "{report:#}");
    for name in [
        "Chrome",
        "ChromeDriver",
        "port",
        "driver's port",
        "profile",
        "profile size",
        "page",
        "clock",
        "session",
    ] {
        assert_eq!(verdict(&report, name), "ok", "{report:#}");
    }
    let size = find_check(&report, "profile size")["found"]
        .as_str()
        .unwrap();
    assert!(size.contains(" MiB"), "{size}");
    // The service listens on a non-default port, and no backup is kept.
    for name in ["PORT", "backups"] {
        assert_eq!(verdict(&report, name), "warning", "{report:#}");
    }
    let pid = hub.service.pid().to_string();
    let (code, report) = doctor("central-hub", &["--pid", &pid], &[]).await;
    assert_eq!(code, 1, "{report:#}");
    for name in ["database", "port", "session-manager", "session", "sending"] {
        assert_eq!(verdict(&report, name), "ok", "{report:#}");
    }
    assert_eq!(verdict(&report, "access"), "warning", "{report:#}");
    assert!(!report.to_string().contains(SECRET), "{report:#}");

    // The same report as text, with the remedies.
    let output = run_program(&binary("central-hub"), &["doctor", "--pid", &pid], &[]).await;
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("ok    database"), "{text}");
    assert!(text.contains("→ set HUB_ADMIN_PASSWORD"), "{text}");

    manager.post("/disconnect", &json!(null)).await;
    drop(standin);
    let pid = manager.service.pid().to_string();
    let (code, report) = doctor("session-manager", &["--pid", &pid], &[]).await;
    assert_eq!(code, 2, "the page is unreachable: {report:#}");
    assert_eq!(verdict(&report, "page"), "failure");
    assert_eq!(verdict(&report, "session"), "warning");
    manager.stop().await;
    let (code, report) = doctor(
        "central-hub",
        &["--here"],
        &[("SESSION_MANAGER_BASE_URL", &manager.service.url)],
    )
    .await;
    assert_eq!(code, 2);
    let cure = find_check(&report, "session-manager")["cure"].clone();
    assert!(cure.as_str().unwrap().contains("pm2 start"), "{report:#}");
}

#[tokio::test]
async fn doctor_names_each_failure_with_its_cure() {
    let folder = Scratch::default();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let tokens = folder.join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let shown = tokens.display().to_string();
    let data = folder.join("data").display().to_string();
    let variables = [
        ("PORT", port.as_str()),
        ("TOKENS_DIR", &shown),
        ("DATA_DIR", &data),
        ("CHROME_BIN", "/nowhere/chromium"),
        ("WHATSAPP_WEB_URL", "http://127.0.0.1:1/"),
    ];
    let (code, report) = doctor("session-manager", &["--here"], &variables).await;
    assert_eq!(code, 2);
    for (name, verdict, cure) in [
        ("process", "warning", "pm2 ls"),
        ("PORT", "warning", "pm2 delete session-manager"),
        ("Chrome", "failure", "apt-get install chromium"),
        ("TOKENS_DIR", "warning", "chmod 700"),
        ("port", "failure", &std::process::id().to_string()),
        ("page", "failure", "curl -sI http://127.0.0.1:1"),
        ("backups", "warning", "backup --new-key"),
    ] {
        let check = find_check(&report, name);
        assert_eq!(check["verdict"], verdict, "{report:#}");
        assert!(check["cure"].as_str().unwrap().contains(cure), "{check:#}");
    }
    assert!(!folder.join("data").exists(), "doctor creates no folder");

    let (code, report) = doctor("central-hub", &["--here"], &[]).await;
    assert_eq!(code, 2);
    let check = find_check(&report, "configuration");
    assert!(
        check["found"]
            .as_str()
            .unwrap()
            .contains("SESSION_MANAGER_BASE_URL"),
        "{check:#}"
    );
    let cure = check["cure"].as_str().unwrap();
    assert!(cure.contains("pm2 delete leadmaster-central-hub"), "{cure}");
    let output = run_program(
        &binary("central-hub"),
        &["doctor", "--here", "--pid", "1"],
        &[],
    )
    .await;
    assert_eq!(
        output.status.code(),
        Some(2),
        "--here and --pid exclude each other"
    );
}

/// Checks that everything a linked pair stored belongs to its user alone. When something is opened
/// to others, both doctors report it, and `--fix` repairs it while the pair runs.
#[tokio::test]
async fn doctor_finds_open_permissions_and_fix_mends_them() {
    let key = run_program(&binary("session-manager"), &["backup", "--new-key"], &[]).await;
    let key = String::from_utf8(key.stdout).expect("UTF-8");
    let key = key
        .split_whitespace()
        .find_map(|word| word.strip_prefix("BACKUP_KEY="));
    let other_folder = Scratch::default();
    let backups = other_folder.join("backups");
    let options = ManagerOptions::default()
        .with("BACKUP_KEY", key.expect("a key"))
        .with("BACKUP_DIR", backups.display());
    let (_standin, mut manager) = start_linked(Settings::default(), options).await;
    let (status, body) = manager.post("/backup", &json!(null)).await;
    assert_eq!(status, 200, "{body}");
    manager.wait_for_state("READY").await;
    let token = other_folder.join("internal-token");
    std::fs::write(&token, "a-token-of-this-test\n").expect("a file");
    let options = ManagerOptions::default()
        .with("BACKUP_DIR", backups.display())
        .with("INTERNAL_TOKEN_FILE", token.display());
    let mut hub = Hub::start(&manager, options).await;

    let manager_pid = manager.service.pid().to_string();
    let hub_pid = hub.service.pid().to_string();
    let run_doctor = async |name: &str, arguments: &[&str]| {
        let pid = if name == "central-hub" {
            &hub_pid
        } else {
            &manager_pid
        };
        let arguments = [&["--pid", pid], arguments].concat();
        doctor(name, &arguments, &[]).await.1
    };
    let set_mode = |path: &Path, mode: u32| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).expect("a mode");
    };
    let mode = |path: &Path| {
        let data = std::fs::metadata(path).expect("an existing file");
        data.permissions().mode() & 0o777
    };
    let audited_folders = [
        ("session-manager", "TOKENS_DIR"),
        ("session-manager", "DATA_DIR"),
        ("session-manager", "BACKUP_DIR"),
        ("central-hub", "DATA_DIR"),
        // The hub checks this folder even without a key, since older backups are kept there.
        ("central-hub", "BACKUP_DIR"),
    ];
    set_mode(&token, 0o600);
    for (name, folder) in audited_folders {
        let report = run_doctor(name, &[]).await;
        assert_eq!(
            verdict(&report, folder),
            "ok",
            "{name} {folder}: {report:#}"
        );
        assert_eq!(verdict(&report, "secrets"), "ok", "{name}: {report:#}");
    }

    let data = manager.folder.join("data");
    let backup = std::fs::read_dir(&backups).expect("a folder").next();
    let backup = backup.expect("a backup").expect("an entry").path();
    let opened_paths = [
        (manager.tokens().join("linked.json"), 0o644, 0o600),
        (manager.tokens().join("profile/Default"), 0o755, 0o700),
        (data.join("ledger.db"), 0o640, 0o600),
        (data.join("ledger.db-wal"), 0o604, 0o600),
        (data.join("ledger.db-shm"), 0o666, 0o600),
        (backup, 0o644, 0o600),
        (backups.clone(), 0o755, 0o700),
        (hub.folder.join("data/hub.db"), 0o644, 0o600),
        (hub.folder.join("data/hub.db-wal"), 0o644, 0o600),
    ];
    for (path, open_mode, _) in &opened_paths {
        set_mode(path, *open_mode);
    }
    set_mode(&token, 0o644);
    for (name, folder) in audited_folders {
        let report = run_doctor(name, &[]).await;
        let check = find_check(&report, folder);
        assert_eq!(check["verdict"], "warning", "{name} {folder}: {report:#}");
        let cure = check["cure"].as_str().expect("a cure");
        assert!(cure.starts_with("chmod "), "{cure}");
    }
    for name in ["session-manager", "central-hub"] {
        let report = run_doctor(name, &["--fix"]).await;
        assert!(report.to_string().contains("; fixed: mode "), "{report:#}");
    }
    for (path, _, private_mode) in &opened_paths {
        assert_eq!(mode(path), *private_mode, "{}", path.display());
    }
    // A file that a variable names may be shared by a group, so only a person changes it.
    assert_eq!(mode(&token), 0o644);
    let report = run_doctor("central-hub", &[]).await;
    assert_eq!(verdict(&report, "secrets"), "warning", "{report:#}");
    set_mode(&token, 0o600);
    for (name, folder) in audited_folders {
        let report = run_doctor(name, &[]).await;
        assert_eq!(
            verdict(&report, folder),
            "ok",
            "{name} {folder}: {report:#}"
        );
    }
    assert!(hub.service.stop().await.success());
    manager.stop().await;
}

#[tokio::test]
async fn healthcheck_is_silent_on_a_healthy_pair() {
    let script = healthcheck();
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let addresses = [
        ("SESSION_MANAGER_URL", manager.service.url.clone()),
        ("HUB_URL", hub.service.url.clone()),
    ];
    let run_hourly = async || {
        let variables: Vec<_> = addresses
            .iter()
            .map(|(name, url)| (*name, url.as_str()))
            .collect();
        let output = run_program(&script, &["hourly"], &variables).await;
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        (output.status.code().expect("a code"), text)
    };
    harness::poll::until("the hub to see READY", async || {
        (run_hourly().await.0 == 0).then_some(())
    })
    .await;
    assert_eq!(run_hourly().await, (0, String::new()));
    manager.post("/disconnect", &json!(null)).await;
    harness::poll::until("the hub to notice the closed session", async || {
        (run_hourly().await.0 == 1).then_some(())
    })
    .await;
    assert!(run_hourly().await.1.contains("DISCONNECTED"));
    manager.stop().await;
    let (code, text) = run_hourly().await;
    assert_eq!(code, 2);
    assert!(text.contains("session-manager does not answer"), "{text}");
    for arguments in [&["weekly"][..], &[]] {
        let output = run_program(&script, arguments, &[]).await;
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("usage"));
    }
}

fn healthcheck() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/healthcheck")
}

fn received_mails(server: &MailServer) -> Vec<Value> {
    let mails = server.mails();
    mails
        .iter()
        .map(|mail| serde_json::from_str(mail).expect("JSON"))
        .collect()
}

/// Checks, with neither hub nor session-manager running, that the script mails over a real mail
/// server, once, and again on a change. Its settings are in a file that must not be executed.
#[tokio::test]
async fn healthcheck_mails_by_itself_once_and_when_it_changes() {
    let server = MailServer::start(&[]).expect("a mail server");
    let folder = Scratch::default();
    let settings = folder.join("healthcheck.env");
    let smtp = format!("smtp://127.0.0.1:{}", server.port());
    let state = folder.join("told");
    let text = format!(
        "HEALTHCHECK_MAIL=Ana <ana@example.com>,beto@example.com\nHEALTHCHECK_FROM=hub@example.com\nHEALTHCHECK_SMTP={smtp}\nHEALTHCHECK_STATE={}\nHUB_URL=http://127.0.0.1:1\n$(touch {})\n",
        state.display(),
        folder.join("ran").display()
    );
    std::fs::write(&settings, text).expect("written");
    let settings = settings.display().to_string();
    let run_hourly = async |manager: &str| {
        let variables = [
            ("HEALTHCHECK_ENV", settings.as_str()),
            ("SESSION_MANAGER_URL", manager),
        ];
        let output = run_program(&healthcheck(), &["hourly", "--deep"], &variables).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    };
    run_hourly("http://127.0.0.1:1").await;
    run_hourly("http://127.0.0.1:1").await;
    let received = received_mails(&server);
    assert_eq!(received.len(), 1, "{received:#?}");
    assert_eq!(
        received[0]["to"],
        json!(["ana@example.com", "beto@example.com"])
    );
    assert_eq!(received[0]["from"], "hub@example.com");
    let subject = received[0]["subject"].as_str().expect("a string");
    assert!(
        subject.starts_with("LeadMaster: something is wrong ("),
        "{subject}"
    );
    let text = received[0]["text"].as_str().expect("a string");
    assert!(
        text.contains("session-manager does not answer") && text.contains("central-hub does not"),
        "{text}"
    );
    assert!(
        !folder.join("ran").exists(),
        "the settings file must not be executed"
    );
    // The same failure is mailed again after four hours, by the time in the state file.
    let state_text = std::fs::read_to_string(&state).expect("the state");
    let (alert_time, failure_text) = state_text.split_once('\n').expect("two parts");
    let mail_count_at_age = async |hours: i64| {
        let alert_time: i64 = alert_time.parse().expect("a time");
        let aged_state = format!("{}\n{failure_text}", alert_time - hours * 3600 + 60);
        std::fs::write(&state, aged_state).expect("written");
        run_hourly("http://127.0.0.1:1").await;
        received_mails(&server).len()
    };
    assert_eq!(
        mail_count_at_age(4).await,
        1,
        "four hours minus one minute have passed"
    );
    assert_eq!(mail_count_at_age(5).await, 2);
    // A change is mailed again, and so is the end of the failure, once a pair works.
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    run_hourly(&manager.service.url).await;
    let received = received_mails(&server);
    assert_eq!(received.len(), 3, "{received:#?}");
    let text = received[2]["text"].as_str().expect("a string");
    assert!(!text.contains("session-manager does not"), "{text}");
    let variables = [
        ("HEALTHCHECK_ENV", settings.as_str()),
        ("SESSION_MANAGER_URL", manager.service.url.as_str()),
        ("HUB_URL", hub.service.url.as_str()),
    ];
    harness::poll::until("the healthcheck to succeed", async || {
        let output = run_program(&healthcheck(), &["hourly", "--deep"], &variables).await;
        (output.status.code() == Some(0)).then_some(())
    })
    .await;
    let last_mail = received_mails(&server).pop().expect("a mail");
    let subject = last_mail["subject"].as_str().expect("a string");
    assert!(
        subject.starts_with("LeadMaster: all is well again ("),
        "{subject}"
    );
    manager.stop().await;
}

#[tokio::test]
async fn healthcheck_reports_a_failed_unit_and_has_a_test_mode() {
    let server = MailServer::start(&["--auth", "ana:hunter2"]).expect("a mail server");
    let folder = Scratch::default();
    let smtp = format!("smtp://127.0.0.1:{}", server.port());
    let config = folder.join("curl");
    std::fs::write(&config, "user = \"ana:hunter2\"\n").expect("written");
    let config = config.display().to_string();
    let variables = [
        ("HEALTHCHECK_ENV", "/nowhere"),
        ("HEALTHCHECK_MAIL", "ana@example.com"),
        ("HEALTHCHECK_SMTP", &smtp),
        ("HEALTHCHECK_CURL_CONFIG", &config),
    ];
    let output = run_program(&healthcheck(), &["--test"], &variables).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = run_program(
        &healthcheck(),
        &["unit", "leadmaster-central-hub.service"],
        &variables,
    )
    .await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let received = received_mails(&server);
    assert_eq!(received.len(), 2);
    assert_eq!(received[0]["user"], "ana");
    let subject = received[1]["subject"].as_str().expect("a string");
    assert!(
        subject.contains("leadmaster-central-hub.service failed"),
        "{subject}"
    );
    // A mail server that rejects the mail is reported, and does not count as a success.
    let output = run_program(&healthcheck(), &["--test"], &variables[..3]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error_output = String::from_utf8_lossy(&output.stderr);
    assert!(error_output.contains("could not be told"), "{error_output}");
    let output = run_program(
        &healthcheck(),
        &["--test"],
        &[("HEALTHCHECK_ENV", "/nowhere")],
    )
    .await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[tokio::test]
async fn healthcheck_posts_to_an_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!(
        "http://{}/topic",
        listener.local_addr().expect("an address")
    );
    let bodies = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let state_text = bodies.clone();
    let router = axum::Router::new().fallback(move |body: String| async move {
        state_text.lock().expect("the bodies").push(body);
    });
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let variables = [
        ("HEALTHCHECK_ENV", "/nowhere"),
        ("HEALTHCHECK_URL", url.as_str()),
        ("HUB_URL", "http://127.0.0.1:1"),
        ("SESSION_MANAGER_URL", "http://127.0.0.1:1"),
    ];
    let output = run_program(&healthcheck(), &["hourly"], &variables).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    server.abort();
    let bodies = bodies.lock().expect("the bodies");
    assert!(
        bodies[0].contains("central-hub does not answer"),
        "{bodies:?}"
    );
}
