//! Tests missing dependencies. Each has its own error with a remedy and leaves no process running,
//! and the session recovers once the dependency is fixed.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::standin::{Settings, Standin};
use harness::{Manager, ManagerOptions, Scratch, Service, http, poll, processes, start_standin};
use serde_json::{Value, json};

/// Returns the path of `program` on this host.
fn installed_path(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{program} is not installed"))
}

/// Creates a program that runs `script`, or replaces an existing one.
fn write_program(file: &Path, script: &str) {
    let draft = file.with_extension("new");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(&draft, format!("#!/bin/sh\n{script}\n")).expect("a script");
    std::fs::set_permissions(&draft, PermissionsExt::from_mode(0o755)).expect("a mode");
    std::fs::rename(&draft, file).expect("the replaced program");
}

/// Installs the real program at `file`, with a usable PATH.
fn install(file: &Path, name: &str) {
    let real_path = installed_path(name);
    write_program(
        file,
        &format!("PATH=/usr/bin:/bin exec {} \"$@\"", real_path.display()),
    );
}

fn options(standin: &Standin) -> ManagerOptions {
    ManagerOptions::default()
        .with("WHATSAPP_WEB_URL", standin.web_url())
        .with("RESTART_BACKOFF_MS", 50)
        .with("RESTART_BUDGET", 1)
        .with("RETRY_SECONDS", 1)
}

/// Waits for `ERROR` with this code, whose message has to contain `expected`. Checks that everything
/// else is in order.
async fn wait_for_failure(manager: &Manager, code: &str, expected: &[&str]) -> Value {
    let session = manager.wait_for_cause("ERROR", code).await;
    assert_eq!(session["last_error"]["code"], code, "{session:#}");
    let message = session["last_error"]["message"]
        .as_str()
        .expect("a message");
    for word in expected {
        assert!(message.contains(word), "{word}: {message}");
    }
    assert!(!message.contains('\n'), "{message}");
    assert_eq!(session["cause_message"], message);
    assert_eq!(manager.get("/health").await.0, 200);
    assert_eq!(
        manager.get("/status").await,
        (200, json!({"status": "ERROR"}))
    );
    assert_eq!(manager.get("/qr").await, (200, json!({"status": "NO_QR"})));
    let log = manager.service.output();
    let reported =
        |line: &str| line.contains("ERROR") && line.contains(code) && line.contains(expected[0]);
    assert!(log.lines().any(reported), "{log}");
    session
}

/// Waits until the service is the only process left.
async fn wait_until_nothing_runs(manager: &Manager) {
    let service = manager.service.process().expect("it runs").pid;
    poll::until("all processes but the service to end", async || {
        let running = processes::in_folder(&manager.tokens());
        running
            .iter()
            .all(|process| process.pid == service)
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn chrome_is_missing() {
    let standin = start_standin(Settings::default()).await;
    let folder = Scratch::default();
    let chrome = folder.join("bin").join("chromium");
    let mut manager = Manager::start_in(
        folder,
        options(&standin).with("CHROME_BIN", chrome.display()),
    )
    .await;
    manager.connect().await;
    let path = chrome.display().to_string();
    wait_for_failure(
        &manager,
        "CHROME_NOT_FOUND",
        &[&path, "apt-get install chromium", "CHROME_BIN"],
    )
    .await;
    wait_until_nothing_runs(&manager).await;
    install(&chrome, "chromium");
    manager.wait_for_state("QR_REQUIRED").await;
    assert!(manager.stop().await.success());
}

#[tokio::test]
async fn chrome_and_chromedriver_are_missing() {
    let standin = start_standin(Settings::default()).await;
    let folder = Scratch::default();
    let bin = folder.join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let mut manager =
        Manager::start_in(folder, options(&standin).with("PATH", bin.display())).await;
    manager.connect().await;
    let expected = [
        "on PATH",
        "chromium",
        "google-chrome",
        "apt-get install",
        "CHROME_BIN",
    ];
    wait_for_failure(&manager, "CHROME_NOT_FOUND", &expected).await;
    // Fix the dependencies one by one.
    install(&bin.join("chromium"), "chromium");
    let expected = [
        "on PATH",
        "apt-get install chromium-driver",
        "CHROMEDRIVER_BIN",
    ];
    wait_for_failure(&manager, "CHROMEDRIVER_NOT_FOUND", &expected).await;
    wait_until_nothing_runs(&manager).await;
    install(&bin.join("chromedriver"), "chromedriver");
    manager.wait_for_state("QR_REQUIRED").await;
    manager.stop().await;
}

#[tokio::test]
async fn chromedriver_is_missing() {
    let standin = start_standin(Settings::default()).await;
    let folder = Scratch::default();
    let driver = folder.join("bin").join("chromedriver");
    let options = options(&standin).with("CHROMEDRIVER_BIN", driver.display());
    let mut manager = Manager::start_in(folder, options).await;
    manager.connect().await;
    let path = driver.display().to_string();
    let expected = [
        path.as_str(),
        "apt-get install chromium-driver",
        "CHROMEDRIVER_BIN",
    ];
    wait_for_failure(&manager, "CHROMEDRIVER_NOT_FOUND", &expected).await;
    // A file that is not executable counts as missing.
    std::fs::create_dir_all(driver.parent().expect("a folder")).expect("a folder");
    std::fs::write(&driver, "").expect("a file");
    wait_for_failure(
        &manager,
        "CHROMEDRIVER_NOT_FOUND",
        &[&path, "CHROMEDRIVER_BIN"],
    )
    .await;
    wait_until_nothing_runs(&manager).await;
    install(&driver, "chromedriver");
    manager.wait_for_state("QR_REQUIRED").await;
    manager.stop().await;
}

/// Checks a program that exists but fails: the restart budget is spent, and after the fix
/// `/connect` tries again.
async fn assert_broken_program(variable: &str, name: &str, script: &str, expected: &[&str]) {
    let standin = start_standin(Settings::default()).await;
    let folder = Scratch::default();
    let file = folder.join("bin").join(name);
    write_program(&file, script);
    let mut manager =
        Manager::start_in(folder, options(&standin).with(variable, file.display())).await;
    manager.connect().await;
    let session = wait_for_failure(&manager, "TOO_MANY_RESTARTS", expected).await;
    assert_eq!(
        session["restarts"]["total"], 1,
        "the restart budget must be spent"
    );
    wait_until_nothing_runs(&manager).await;
    install(&file, name);
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    assert!(manager.stop().await.success());
}

#[tokio::test]
async fn chromedriver_that_exits_at_once() {
    let expected = ["chromedriver", "exited immediately", "POST /connect"];
    assert_broken_program("CHROMEDRIVER_BIN", "chromedriver", "exit 1", &expected).await;
}

#[tokio::test]
async fn chromedriver_that_never_listens() {
    // Not the last command of the script, so that it is a child process.
    let expected = ["chromedriver did not open its port", "POST /connect"];
    assert_broken_program(
        "CHROMEDRIVER_BIN",
        "chromedriver",
        "sleep 600; true",
        &expected,
    )
    .await;
}

#[tokio::test]
async fn chrome_that_exits_at_once() {
    assert_broken_program(
        "CHROME_BIN",
        "chromium",
        "exit 1",
        &["Chrome", "POST /connect"],
    )
    .await;
}

#[tokio::test]
async fn profile_path_is_a_file() {
    let standin = start_standin(Settings::default()).await;
    for relative_path in ["tokens", "tokens/profile"] {
        let folder = Scratch::default();
        let file = folder.join(relative_path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, "not a folder").expect("a file");
        let mut manager = Manager::start_in(folder, options(&standin)).await;
        manager.connect().await;
        let path = file.display().to_string();
        wait_for_failure(
            &manager,
            "PROFILE_UNUSABLE",
            &["profile", &path, "TOKENS_DIR"],
        )
        .await;
        wait_until_nothing_runs(&manager).await;
        let content = std::fs::read_to_string(&file).expect("the unchanged file");
        assert_eq!(
            content, "not a folder",
            "a file that the service did not create must stay"
        );
        std::fs::remove_file(&file).expect("the remedy");
        manager.wait_for_state("QR_REQUIRED").await;
        manager.stop().await;
    }
}

#[tokio::test]
async fn wa_js_file_is_unreadable() {
    let standin = start_standin(Settings::default()).await;
    let folder = Scratch::default();
    let file = folder.join("wa-js.js");
    let mut manager =
        Manager::start_in(folder, options(&standin).with("WA_JS_PATH", file.display())).await;
    manager.connect().await;
    let path = file.display().to_string();
    wait_for_failure(&manager, "WA_JS_UNREADABLE", &["WA_JS_PATH", &path]).await;
    std::fs::create_dir(&file).expect("a folder instead of the file");
    wait_for_failure(&manager, "WA_JS_UNREADABLE", &["WA_JS_PATH", &path]).await;
    wait_until_nothing_runs(&manager).await;
    std::fs::remove_dir(&file).expect("the remedy");
    std::fs::copy(harness::built_in_wa_js(), &file).expect("the bundle");
    manager.wait_for_state("QR_REQUIRED").await;
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    manager.wait_for_state("READY").await;
    let accepted_line = "WA_JS_PATH: that bundle finds all that this service uses";
    poll::until("the log line about the bundle", async || {
        manager
            .service
            .output()
            .contains(accepted_line)
            .then_some(())
    })
    .await;
    manager.stop().await;
}

/// Checks that a bundle which lacks a name that one feature needs is reported at the start, with
/// that name, and that everything else works.
#[tokio::test]
async fn wa_js_file_that_lacks_a_name_is_reported() {
    let standin = start_standin(Settings::default()).await;
    let folder = Scratch::default();
    let file = folder.join("wa-js.js");
    let bundle = std::fs::read_to_string(harness::built_in_wa_js()).expect("the bundle");
    assert!(
        bundle.contains("\"downloadMedia\""),
        "the bundle must have the name"
    );
    let changed_bundle = bundle.replace("\"downloadMedia\"", "\"fetchMedia\"");
    std::fs::write(&file, changed_bundle).expect("a file");
    let mut manager =
        Manager::start_in(folder, options(&standin).with("WA_JS_PATH", file.display())).await;
    manager.link(&standin).await;
    let line = poll::until("the log line about the bundle", async || {
        let log = manager.service.output();
        let mut lines = log.lines();
        let line = lines.find(|line| line.contains("lacks what this service uses"))?;
        Some(line.to_owned())
    })
    .await;
    assert!(line.contains("fetch_media"), "{line}");
    assert!(!line.contains("send_file"), "{line}");
    assert!(line.contains("WA_JS_PATH"), "{line}");
    let output = manager.service.output();
    assert!(!output.contains("that bundle finds all"), "{output}");
    manager.stop().await;
}

/// Checks bundles that do nothing: the page's own modules still report the code and the link, but
/// sends are impossible, so the session is never `READY`.
async fn assert_links_but_never_sends(bundles: &[&str]) {
    let standin = start_standin(Settings::default()).await;
    for bundle in bundles {
        let folder = Scratch::default();
        let file = folder.join("wa-js.js");
        std::fs::write(&file, bundle).expect("a file");
        let mut manager =
            Manager::start_in(folder, options(&standin).with("WA_JS_PATH", file.display())).await;
        manager.connect().await;
        manager.wait_for_state("QR_REQUIRED").await;
        assert_eq!(
            manager.get("/qr").await.1["status"],
            "QR_AVAILABLE",
            "{bundle}"
        );
        // The phone may link, but sends are impossible: never READY.
        poll::until("a code to scan", async || {
            standin.phone().scan_current().ok()
        })
        .await;
        manager.wait_for_state("AUTHENTICATED").await;
        let send = json!({"to": "5491158254201", "message": "hola"});
        let (status, body) = manager.post("/send", &send).await;
        assert_eq!((status, &body["code"]), (503, &json!("SESSION_NOT_READY")));
        let states = manager.session().await["history"].clone();
        let ready = |entry: &Value| entry["to"] == "READY";
        assert!(
            !states.as_array().expect("a list").iter().any(ready),
            "{states:#}"
        );
        assert!(manager.stop().await.success());
    }
}

#[tokio::test]
async fn wa_js_file_is_empty_of_effect() {
    assert_links_but_never_sends(&["", "throw new Error('roto');", "globalThis.WPP = null;"]).await;
}

#[tokio::test]
async fn wa_js_file_is_not_javascript() {
    assert_links_but_never_sends(&["this is no JavaScript", "}"]).await;
}

#[tokio::test]
async fn whatsapp_page_refuses_connections() {
    let folder = Scratch::default();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    drop(listener);
    let options = ManagerOptions::default()
        .with("WHATSAPP_WEB_URL", format!("http://127.0.0.1:{port}/"))
        .with("RETRY_SECONDS", 1);
    let mut manager = Manager::start_in(folder, options).await;
    manager.connect().await;
    // Reported immediately, long before the page's timeout of 90 s.
    let expected = ["cannot be reached", "WHATSAPP_WEB_URL"];
    let expected_refusal = [expected[0], expected[1], "ERR_CONNECTION_REFUSED"];
    wait_for_failure(&manager, "PAGE_UNREACHABLE", &expected_refusal).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let standin = Standin::start(address, Settings::default()).await;
    let standin = standin.expect("the same port");
    manager.wait_for_state("QR_REQUIRED").await;
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    manager.wait_for_state("READY").await;
    assert!(manager.stop().await.success());
    manager.set("WHATSAPP_WEB_URL", "http://no-such-host.invalid/");
    manager.restart().await;
    let session = wait_for_failure(&manager, "PAGE_UNREACHABLE", &expected).await;
    assert_eq!(
        session["linked"], true,
        "an unreachable page must not unlink the device"
    );
    manager.stop().await;
    assert!(!manager.service.output().contains("panicked"));
}

#[tokio::test]
async fn second_service_on_a_profile_is_refused() {
    let standin = start_standin(Settings::default()).await;
    let mut first = Manager::start(&standin).await;
    first.link(&standin).await;
    let folder = Scratch::default();
    let variables = [
        ("TOKENS_DIR", first.tokens().display().to_string()),
        ("WHATSAPP_WEB_URL", standin.web_url()),
        ("RETRY_SECONDS", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let mut second = Service::start("session-manager", folder.path(), &variables).await;
    let session = poll::until("the second service to report the cause", async || {
        let answer = http().get(format!("{}/session", second.url)).send().await;
        let session: Value = answer.ok()?.json().await.ok()?;
        (session["state"] == "ERROR").then_some(session)
    })
    .await;
    assert_eq!(session["cause"], "PROFILE_UNUSABLE");
    let message = session["cause_message"].as_str().expect("a message");
    assert!(message.contains("another session-manager"), "{message}");
    // The Chrome of the first service was not taken for a leftover.
    assert_eq!(first.state().await, "READY");
    assert_eq!(first.session().await["restarts"]["total"], 0);

    // Once the first service is gone, the second takes over by itself.
    assert!(first.service.stop().await.success());
    poll::until("the second service to take over", async || {
        let answer = http().get(format!("{}/status", second.url)).send().await;
        let status: Value = answer.ok()?.json().await.ok()?;
        (status["status"] == "READY").then_some(())
    })
    .await;
    assert!(second.stop().await.success());
}
