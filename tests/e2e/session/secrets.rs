//! Tests that certain data does not leak from the service: the token, customers' numbers and texts,
//! and the operator's chats.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::standin::{LeadMessage, Settings, Standin};
use harness::{Manager, ManagerOptions, poll, processes, start_standin};
use reqwest::Method;
use serde_json::{Value, json};
use service_runtime::listen::port_of;
use service_runtime::process::Process;

const TOKEN: &str = "Un-Token-de-Prueba-42";

async fn send_with_token(
    manager: &Manager,
    method: Method,
    path: &str,
    body: &Value,
) -> reqwest::Response {
    let request = manager.client().request(method, manager.url(path));
    let request = request.bearer_auth(TOKEN).json(body);
    request.send().await.expect("an answer")
}

async fn get(manager: &Manager, path: &str) -> reqwest::Response {
    send_with_token(manager, Method::GET, path, &Value::Null).await
}

async fn wait_for_state(manager: &Manager, state: &str) {
    poll::until(state, async || {
        let body: Value = get(manager, "/status").await.json().await.expect("JSON");
        (body["status"] == state).then_some(())
    })
    .await;
}

async fn start_with_token() -> (Standin, Manager) {
    let standin = start_standin(Settings::default()).await;
    let options = ManagerOptions::default().with("SESSION_MANAGER_TOKEN", TOKEN);
    let manager = Manager::start_with(&standin, options).await;
    assert_eq!(
        send_with_token(&manager, Method::POST, "/connect", &Value::Null)
            .await
            .status(),
        200
    );
    wait_for_state(&manager, "QR_REQUIRED").await;
    (standin, manager)
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|part| part == needle.as_bytes())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path)
        .expect("an existing file")
        .permissions()
        .mode()
        & 0o777
}

#[tokio::test]
async fn token_stays_in_the_service() {
    let (_standin, mut manager) = start_with_token().await;
    let service = manager.service.process().expect("a running process").pid;
    let children: Vec<_> = processes::in_folder(&manager.tokens())
        .into_iter()
        .filter(|process| process.pid != service)
        .collect();
    let names: Vec<_> = children
        .iter()
        .map(|process| process.comm.as_str())
        .collect();
    assert!(
        names.contains(&"chromedriver") && names.len() > 3,
        "{names:?}"
    );
    let mut checked_count = 0;
    for process in &children {
        for file in ["environ", "cmdline"] {
            // Some of Chrome's processes are short-lived.
            let Ok(text) = std::fs::read(format!("/proc/{}/{file}", process.pid)) else {
                continue;
            };
            checked_count += 1;
            for secret in [TOKEN, "SESSION_MANAGER_TOKEN"] {
                assert!(
                    !contains(&text, secret),
                    "{} of {} has {secret}",
                    file,
                    process.comm
                );
            }
        }
    }
    assert!(checked_count > 6, "too few processes were checked");
    manager.stop().await;
    assert!(!manager.service.output().contains(TOKEN));
}

/// Returns a process's network namespace; `None` if the process is gone, since some of Chrome's are
/// short-lived.
fn network_namespace(pid: i32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/ns/net")).ok()
}

#[tokio::test]
async fn chromedriver_and_cdp_are_unreachable_from_outside() {
    let (_standin, mut manager) = start_with_token().await;
    let driver = processes::chromedriver(&manager.tokens()).expect("a chromedriver");
    let driver_network = network_namespace(driver.pid);
    let service = manager.service.process().expect("a running process").pid;
    assert!(driver_network.is_some() && network_namespace(service).is_some());
    assert_ne!(driver_network, network_namespace(service));
    let (inside, outside): (Vec<_>, Vec<_>) = processes::in_folder(&manager.tokens())
        .into_iter()
        .filter(Process::is_alive)
        .partition(|process| network_namespace(process.pid) == driver_network);
    let mut names: Vec<_> = inside.iter().map(|inner| inner.comm.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["chrome-shim", "chromedriver"]);
    for process in outside {
        let listens = port_of(process.pid).is_some();
        assert_eq!(listens, process.pid == service, "{process:?}");
    }
    // The service itself can take screenshots, with concurrent requests.
    let pictures = (0..3).map(|_| get(&manager, "/screenshot.png"));
    for picture in futures_util::future::join_all(pictures).await {
        assert_eq!(picture.status(), 200);
    }
    assert_eq!(
        mode(&manager.tokens().join("tmp")),
        0o700,
        "ChromeDriver's socket must be the one for the pipe"
    );
    manager.stop().await;
}

#[tokio::test]
async fn profile_is_private_to_the_user() {
    let (standin, mut manager) = start_with_token().await;
    for folder in ["", "profile", "tmp"] {
        assert_eq!(mode(&manager.tokens().join(folder)), 0o700, "{folder}");
    }
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    wait_for_state(&manager, "READY").await;
    assert_eq!(mode(&manager.tokens()), 0o700);
    manager.stop().await;
    assert_eq!(mode(&manager.tokens().join("profile")), 0o700);
}

#[tokio::test]
async fn screenshot_requires_the_token() {
    let (_standin, mut manager) = start_with_token().await;
    let response_without_token = manager
        .client()
        .get(manager.url("/screenshot.png"))
        .send()
        .await;
    assert_eq!(response_without_token.expect("an answer").status(), 401);
    let screenshot = get(&manager, "/screenshot.png").await;
    assert_eq!(screenshot.status(), 200);
    assert_eq!(screenshot.headers()["content-type"], "image/png");
    assert_eq!(screenshot.headers()["cache-control"], "no-store");
    let png = screenshot.bytes().await.expect("a body");
    let picture = image::load_from_memory_with_format(&png, image::ImageFormat::Png);
    let picture = picture.expect("a PNG").to_luma8();
    assert!(
        picture.width() > 600 && picture.height() > 400,
        "{:?}",
        picture.dimensions()
    );
    let count_pixels = |wanted: fn(u8) -> bool| picture.pixels().filter(|p| wanted(p.0[0])).count();
    assert!(
        count_pixels(|luma| luma < 80) > 500,
        "the screenshot must have dark pixels"
    );
    assert!(
        count_pixels(|luma| luma > 180) > 500,
        "the screenshot must have light pixels"
    );

    let qr = get(&manager, "/qr").await.text().await.expect("a body");
    let image = qr
        .strip_prefix(r#"{"status":"QR_AVAILABLE","qr":"data:image/png;base64,"#)
        .and_then(|rest| rest.strip_suffix(r#""}"#))
        .unwrap_or_else(|| panic!("{qr}"));
    assert!(
        image
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)),
        "{qr}"
    );
    manager.stop().await;
}

/// Runs a session in which numbers and texts pass in every direction. Returns its log.
async fn log_of_busy_session(filter: Option<&str>) -> String {
    let standin = start_standin(Settings::default()).await;
    let options = filter
        .iter()
        .fold(ManagerOptions::default(), |options, filter| {
            options.with("RUST_LOG", filter)
        });
    let mut manager = Manager::start_with(&standin, options).await;
    manager.link(&standin).await;
    let mut events = manager
        .client()
        .get(manager.url("/events"))
        .send()
        .await
        .expect("events");
    standin
        .phone()
        .set_on_whatsapp("5491100000009", false)
        .expect("a number");
    for (to, expected) in [("5491158254201", 200), ("5491100000009", 404)] {
        let body = json!({"to": to, "message": "texto-saliente", "cliente_id": 51});
        let (status, answer) = manager.post("/send", &body).await;
        assert_eq!(status, expected, "{answer}");
        assert!(!answer.to_string().contains("texto-saliente"));
    }
    let (status, _) = manager
        .post("/pairing-code", &json!({"phone": "5491100000005"}))
        .await;
    assert_eq!(status, 409);
    let message = LeadMessage::text("5491100000007", "texto-entrante");
    standin.phone().lead_message(&message).expect("a lead");
    let mut stream_text = String::new();
    while !stream_text.contains("texto-entrante") {
        let chunk = tokio::time::timeout(harness::PATIENCE, events.chunk()).await;
        let chunk = chunk
            .expect("the message")
            .expect("a chunk")
            .expect("an open stream");
        stream_text.push_str(&String::from_utf8_lossy(&chunk));
    }
    drop(events);
    manager.stop().await;
    manager.service.output()
}

#[tokio::test]
async fn numbers_and_texts_stay_out_of_the_log() {
    for filter in [None, Some("debug"), Some("trace")] {
        let log = log_of_busy_session(filter).await;
        assert!(log.contains("READY"), "{log}");
        for private in [
            "texto-saliente",
            "texto-entrante",
            "5491158254201",
            "5491100000005",
            "5491100000007",
            "5491100000009",
        ] {
            let lines: Vec<_> = log.lines().filter(|line| line.contains(private)).collect();
            let truncated_lines: Vec<String> = lines
                .iter()
                .map(|l| l.chars().take(200).collect())
                .collect();
            assert!(
                lines.is_empty(),
                "{filter:?} {private}: {truncated_lines:#?}"
            );
        }
    }
}
