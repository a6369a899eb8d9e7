//! Tests behaviour of the live page that a simpler page would lack: it is connected before a send
//! works, its first sync takes long, and it has a dialog to dismiss.

use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use harness::standin::{LeadMessage, Phone, SendBehavior, Settings, Standin};
use harness::{
    Events, Manager, ManagerOptions, PasskeyBrowser, Scratch, WhatsappName, binary, poll,
    start_linked, start_standin,
};
use serde_json::{Value, json};

const MS: fn(u64) -> Duration = Duration::from_millis;
const HOUR: Duration = Duration::from_secs(3600);

/// Returns options with intervals that are short enough for a test.
fn short_intervals() -> ManagerOptions {
    ManagerOptions::default()
        .with("HEARTBEAT_MS", 300)
        .with("RESTART_BUDGET", 10)
}

async fn send(manager: &Manager, to: &str, text: &str) -> (u16, Value) {
    manager
        .post("/send", &json!({"to": to, "message": text}))
        .await
}

/// Scans the code without any further wait.
async fn scan(manager: &Manager, standin: &Standin) {
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
}

/// Runs `doctor` with these arguments. Returns its exit code and its output.
async fn doctor(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let doctor = tokio::process::Command::new(binary("session-manager"))
        .arg("doctor")
        .args(arguments)
        .envs(variables.iter().copied())
        .kill_on_drop(true)
        .output();
    let output = doctor.await.expect("doctor runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().expect("a code"), text)
}

/// Returns the causes in the session's history, oldest first.
fn causes(session: &Value) -> Vec<String> {
    let history = session["history"].as_array().expect("a history");
    let causes = history.iter().rev().map(|entry| entry["cause"].as_str());
    causes.flatten().map(str::to_owned).collect()
}

fn restarts(session: &Value) -> (u64, u64) {
    let restarts = &session["restarts"];
    let number = |name: &str| restarts[name].as_u64().expect("a number");
    (number("total"), number("recent"))
}

#[tokio::test]
async fn ready_waits_for_offline_delivery() {
    let (standin, mut manager) = start_linked(Settings::default(), short_intervals()).await;
    manager.stop().await;
    let lead = LeadMessage::text("5491155550001", "mientras no estabas");
    standin.phone().lead_message(&lead).expect("a message");
    standin.phone().settings(Settings {
        offline_delivery: Duration::from_secs(8),
        ..Settings::default()
    });
    manager.restart().await;
    let session = manager
        .wait_for_cause("AUTHENTICATED", "OFFLINE_DELIVERY")
        .await;
    assert_eq!(restarts(&session), (0, 0));
    let (status, body) = send(&manager, "5491158254201", "antes").await;
    assert_eq!((status, &body["code"]), (503, &json!("SESSION_NOT_READY")));
    manager.wait_for_state("READY").await;
    let (status, body) = send(&manager, "5491158254201", "a tiempo").await;
    assert_eq!(status, 200, "{body}");
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    events
        .read_until(|event| event.name == "message" && event.data["body"] == "mientras no estabas")
        .await;
    assert_eq!(restarts(&manager.session().await), (0, 0));
    manager.stop().await;
}

#[tokio::test]
async fn endless_offline_delivery_is_ready_in_time_without_a_restart() {
    let settings = Settings {
        offline_delivery: HOUR,
        offline_hold: MS(500),
        ..Settings::default()
    };
    let standin = start_standin(settings).await;
    let options = short_intervals().with("DELIVERY_PATIENCE_SECONDS", 2);
    let mut manager = Manager::start_with(&standin, options).await;
    scan(&manager, &standin).await;
    manager.wait_for_state("READY").await;
    // As the real page does, it holds the message until its own timeout, then sends it.
    let (status, body) = send(&manager, "5491158254201", "hola").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(standin.phone().messages()[0].times_received, 1);
    let session = manager.session().await;
    assert_eq!(restarts(&session), (0, 0), "{session}");
    manager.stop().await;
}

/// Checks that a send which the page holds causes no restart. The page holds each send for minutes,
/// even if the session has become READY because the delivery takes too long. No ack can arrive
/// until then.
#[tokio::test]
async fn held_send_causes_no_restart_and_is_sent_after_the_delivery() {
    let settings = Settings {
        offline_delivery: HOUR,
        offline_hold: HOUR,
        ..Settings::default()
    };
    let standin = start_standin(settings).await;
    let options = short_intervals()
        .with("DELIVERY_PATIENCE_SECONDS", 2)
        .with("ACK_PATIENCE_SECONDS", 1)
        .with("SEND_DEADLINE_MS", 1_500);
    let mut manager = Manager::start_with(&standin, options).await;
    scan(&manager, &standin).await;
    manager.wait_for_state("READY").await;
    let (status, body) = send(&manager, "5491158254201", "hola").await;
    assert_eq!((status, &body["code"]), (504, &json!("SEND_UNCONFIRMED")));
    // The page was called again, so the first send has waited long enough for the watchdog to
    // report missing acks.
    poll::until("an attempt to settle the send", async || {
        let log = manager.service.output();
        log.contains("resending under the same id").then_some(())
    })
    .await;
    let session = manager.session().await;
    assert_eq!(session["state"], "READY", "{session:#}");
    assert_eq!(restarts(&session), (0, 0), "{session:#}");
    assert_eq!(
        standin.phone().messages().len(),
        0,
        "the page must still hold the message"
    );
    standin.phone().end_offline_delivery();
    poll::until("the message at the server", async || {
        (standin.phone().messages().len() == 1).then_some(())
    })
    .await;
    let id = standin.phone().messages()[0].id.clone();
    poll::until("the send to be settled", async || {
        let (_, body) = manager.get(&format!("/messages/{id}")).await;
        ["sent", "delivered"]
            .contains(&body["status"].as_str()?)
            .then_some(())
    })
    .await;
    assert_eq!(restarts(&manager.session().await), (0, 0));
    manager.stop().await;
}

#[tokio::test]
async fn page_that_restarts_its_sync_is_left_alone() {
    let settings = Settings {
        refresh_window: true,
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, short_intervals()).await;
    let (status, body) = send(&manager, "5491158254201", "hola").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(restarts(&manager.session().await), (0, 0));
    assert_eq!(standin.phone().state().devices.len(), 1);
    manager.stop().await;
}

#[tokio::test]
async fn missing_page_tools_are_named_and_not_ready() {
    let settings = Settings {
        withheld_modules: vec!["WAWebMsgCollection".to_owned()],
        ..Settings::default()
    };
    let standin = start_standin(settings).await;
    let options = short_intervals().with("TOOLS_PATIENCE_SECONDS", 1);
    let mut manager = Manager::start_with(&standin, options).await;
    scan(&manager, &standin).await;
    let session = manager
        .wait_for_cause("AUTHENTICATED", "TOOLS_BROKEN")
        .await;
    let message = session["cause_message"].as_str().expect("words");
    assert!(message.contains("MsgStore, message listeners"), "{message}");
    let (status, body) = send(&manager, "5491158254201", "hola").await;
    assert_eq!((status, &body["code"]), (503, &json!("SESSION_NOT_READY")));
    manager.stop().await;
}

#[tokio::test]
async fn whats_new_dialog_is_dismissed() {
    for by_test_id in [true, false] {
        let settings = Settings {
            whats_new_test_id: by_test_id,
            ..Settings::default()
        };
        let (standin, mut manager) = start_linked(settings, short_intervals()).await;
        poll::until("the dialog to be acknowledged", async || {
            let device = standin.phone().state().devices.into_iter().next()?;
            device.whats_new_seen.then_some(())
        })
        .await;
        manager.stop().await;
        let log = manager.service.output();
        let times = log
            .matches("the \"What's new\" dialog was acknowledged")
            .count();
        let escaped = log
            .matches(r#"the \"What's new\" dialog was acknowledged"#)
            .count();
        assert_eq!(times.max(escaped), 1, "{log}");
    }
}

/// Returns a linked page with the dialog. Its connection was just lost, before its first heartbeat.
async fn disconnect_with_dialog(standin: &Standin, options: ManagerOptions) -> Manager {
    let options = options
        .with("HEARTBEAT_MS", 3_000)
        .with("RUST_LOG", "session_manager=debug");
    let manager = Manager::start_with(standin, options).await;
    scan(&manager, standin).await;
    let phone = standin.phone();
    let synced = |phone: &Phone| {
        let device = phone.state().devices.into_iter().next()?;
        device.synced.then_some(())
    };
    phone
        .wait_for(harness::PATIENCE, synced)
        .await
        .expect("a synced device");
    phone.set_network(false);
    assert!(!phone.state().devices[0].whats_new_seen);
    manager
}

/// Checks that the dialog is not dismissed without a connection, since it is unknown whether
/// WhatsApp learns of such a dismissal.
#[tokio::test]
async fn dialog_is_not_dismissed_during_an_outage() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = disconnect_with_dialog(&standin, ManagerOptions::default()).await;
    let heartbeat_count = || manager.service.output().matches("page: facts took").count();
    let before = heartbeat_count();
    poll::until("two heartbeats without a connection", async || {
        (heartbeat_count() >= before + 2).then_some(())
    })
    .await;
    let log = manager.service.output();
    assert!(!log.contains("dialog was acknowledged"), "{log}");
    let phone = standin.phone();
    phone.set_network(true);
    poll::until("the phone to learn of the dismissal", async || {
        phone.state().devices[0].whats_new_seen.then_some(())
    })
    .await;
    manager.stop().await;
}

/// Checks a dismissal whose connection is lost at that very moment. The stand-in's page keeps the
/// report, as the real page keeps its metrics, and the phone keeps the device.
#[tokio::test]
async fn dialog_dismissed_during_an_outage_is_dismissed_for_the_phone() {
    let standin = start_standin(Settings::default()).await;
    let whatsapp = WhatsappName::serve(&standin).await;
    let folder = Scratch::default();
    let chromium = super::chromium_with_devtools(folder.path());
    let options = whatsapp.options().with("CHROME_BIN", chromium);
    let mut manager = disconnect_with_dialog(&standin, options).await;
    let mut browser = PasskeyBrowser::attach(&manager.tokens().join("profile")).await;
    browser.press("whats_new_continue_button").await;
    browser.close().await;
    let phone = standin.phone();
    assert!(!phone.state().devices[0].whats_new_seen);
    phone.set_network(true);
    poll::until("the phone to learn of the dismissal", async || {
        phone.state().devices[0].whats_new_seen.then_some(())
    })
    .await;
    manager.stop().await;
}

/// Checks that the phone unlinks a device that keeps the dialog, which the test above prevents.
#[tokio::test]
async fn device_that_never_acks_is_dropped() {
    let settings = Settings {
        whats_new_grace: MS(300),
        ..Settings::default()
    };
    let standin = start_standin(settings).await;
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 600_000);
    let mut manager = Manager::start_with(&standin, options).await;
    scan(&manager, &standin).await;
    manager.wait_for_cause("DISCONNECTED", "UNLINKED").await;
    manager.stop().await;
}

#[tokio::test]
async fn presence_is_offline_by_default() {
    for (presence, available) in [("unavailable", false), ("available", true)] {
        let options = short_intervals().with("PRESENCE", presence);
        let (standin, mut manager) = start_linked(Settings::default(), options).await;
        poll::until(format!("the account to be {presence}"), async || {
            let device = standin.phone().state().devices.into_iter().next()?;
            (device.available == available).then_some(())
        })
        .await;
        // This also holds after the page was reloaded.
        manager.stop().await;
        manager.restart().await;
        manager.wait_for_state("READY").await;
        poll::until(format!("the account to be {presence}"), async || {
            let device = standin.phone().state().devices.into_iter().next()?;
            (device.connected && device.available == available).then_some(())
        })
        .await;
        manager.stop().await;
    }
}

/// A page that writes the browser's client hints into its own document.
const ASKS: &str = r"<!doctype html><body><script>
navigator.userAgentData.getHighEntropyValues(
  ['architecture', 'bitness', 'fullVersionList', 'model', 'platformVersion'],
).then((hints) => { document.body.textContent = JSON.stringify(hints); });
</script></body>";

/// Returns the client hints of the same Chromium without overrides.
async fn unmodified_hints() -> Value {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("its address"));
    let router = Router::new().route("/", get(async || Html(ASKS)));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let profile = harness::Scratch::default();
    let chromium = tokio::process::Command::new("chromium")
        .args(["--headless=new", "--no-sandbox", "--disable-gpu"])
        .args([
            "--disable-background-networking",
            "--virtual-time-budget=5000",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", &url])
        .env("TMPDIR", profile.path())
        .kill_on_drop(true)
        .output();
    let output = chromium.await.expect("chromium runs");
    server.abort();
    let page = String::from_utf8_lossy(&output.stdout);
    let body_start = page.rfind("<body>").expect("a body") + "<body>".len();
    let text = page[body_start..]
        .split("</body>")
        .next()
        .expect("the end of the body");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {page}"))
}

#[tokio::test]
async fn browser_fingerprint_is_of_a_windowed_chrome() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let fingerprint = poll::until("the page to report its browser", async || {
        standin.phone().state().browser
    })
    .await;
    let hints = unmodified_hints().await;
    assert!(
        hints["fullVersionList"]
            .as_array()
            .is_some_and(|list| !list.is_empty()),
        "{hints}"
    );
    for context in ["page", "worker", "service_worker"] {
        let context_hints = &fingerprint[context];
        assert_eq!(context_hints["hints"], hints, "{context}");
        let user_agent = context_hints["user_agent"].as_str().expect("a user agent");
        assert!(
            user_agent.contains(" Chrome/") && !user_agent.contains("Headless"),
            "{context}: {user_agent}"
        );
    }
    assert_eq!(
        fingerprint["screen"], fingerprint["window"],
        "{fingerprint}"
    );
    assert_eq!(fingerprint["webdriver"], false);
    manager.stop().await;
}

#[tokio::test]
async fn qr_on_a_linked_profile_is_believed_the_second_time() {
    let (standin, mut manager) = start_linked(Settings::default(), short_intervals()).await;
    manager.wait_until_stored().await;
    manager.stop().await;
    let broken_settings = |loads| Settings {
        broken_database_loads: loads,
        ..Settings::default()
    };
    standin.phone().settings(broken_settings(1));
    manager.restart().await;
    manager.wait_for_state("READY").await;
    let session = manager.session().await;
    assert!(causes(&session).contains(&"LINK_IN_DOUBT".to_owned()));
    assert_eq!(restarts(&session), (0, 0));
    manager.wait_until_stored().await;
    manager.stop().await;

    standin.phone().settings(broken_settings(2));
    manager.restart().await;
    let session = manager.wait_for_cause("DISCONNECTED", "UNLINKED").await;
    assert_eq!(session["linked"], false);
    let old_profile = poll::until("the old profile to be kept", async || {
        let tokens = std::fs::read_dir(manager.tokens()).ok()?;
        let mut names = tokens.flatten().map(|entry| entry.path());
        names.find(|path| path.to_string_lossy().contains("profile.unlinked-"))
    })
    .await;
    let tokens = manager.tokens().display().to_string();
    let (_, report) = doctor(&["--here"], &[("TOKENS_DIR", &tokens)]).await;
    assert!(report.contains(&*old_profile.to_string_lossy()), "{report}");
    manager.stop().await;

    // The device was never unlinked, so the restored profile is linked.
    std::fs::rename(old_profile, manager.tokens().join("profile")).expect("the restored profile");
    std::fs::write(manager.tokens().join("linked.json"), "{}").expect("the link marker");
    manager.restart().await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn stalled_sync_is_reloaded() {
    let stalled_settings = Settings {
        sync: HOUR,
        sync_steps: 0,
        ..Settings::default()
    };
    let standin = start_standin(stalled_settings).await;
    let options = short_intervals().with("SYNC_PATIENCE_SECONDS", 1);
    let mut manager = Manager::start_with(&standin, options).await;
    scan(&manager, &standin).await;
    let session = manager
        .wait_for_cause("AUTHENTICATED", "SYNC_STALLED")
        .await;
    assert_eq!(restarts(&session).0, 0, "the browser must not be restarted");
    standin.phone().settings(Settings::default());
    manager.wait_for_state("READY").await;
    assert_eq!(standin.phone().state().devices.len(), 1);
    manager.stop().await;
}

#[tokio::test]
async fn progressing_sync_is_left_alone() {
    let slow = Settings {
        sync: Duration::from_secs(5),
        sync_steps: 10,
        ..Settings::default()
    };
    let options = short_intervals().with("SYNC_PATIENCE_SECONDS", 2);
    let (_standin, mut manager) = start_linked(slow, options).await;
    let session = manager.session().await;
    assert!(!causes(&session).contains(&"SYNC_STALLED".to_owned()));
    assert_eq!(restarts(&session), (0, 0));
    manager.stop().await;
}

#[tokio::test]
async fn busy_first_sync_is_not_killed() {
    let slow = Settings {
        sync: HOUR,
        ..Settings::default()
    };
    let standin = start_standin(slow).await;
    let options = short_intervals().with("HEARTBEAT_DEADLINE_MS", 400);
    let mut manager = Manager::start_with(&standin, options).await;
    scan(&manager, &standin).await;
    poll::until("the device to be logged in", async || {
        let device = standin.phone().state().devices.into_iter().next()?;
        device.connected.then_some(())
    })
    .await;
    let browser = manager.session().await["browser"]["chromedriver_pid"].clone();
    // Longer than the three heartbeats that it may miss.
    standin.phone().hang(5_000);
    let session = poll::until("the page to be reloaded", async || {
        let session = manager.session().await;
        causes(&session)
            .contains(&"PAGE_HUNG".to_owned())
            .then_some(session)
    })
    .await;
    assert_eq!(restarts(&session).0, 0);
    // Not before the third missed heartbeat.
    let output = manager.service.output();
    let output_before_hang = output.split("PAGE_HUNG").next().expect("a beginning");
    let missed_count = output_before_hang
        .matches("the page missed a heartbeat")
        .count();
    assert_eq!(missed_count, 3, "{output}");
    standin.phone().settings(Settings::default());
    manager.wait_for_state("READY").await;
    assert_eq!(
        manager.session().await["browser"]["chromedriver_pid"],
        browser,
        "the browser must be the same"
    );
    manager.stop().await;
}

#[tokio::test]
async fn stopped_acks_reload_then_close_then_kill() {
    let options = short_intervals().with("ACK_PATIENCE_SECONDS", 1);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    standin.phone().rule(None, SendBehavior::Silent, None);
    let times = async |wanted: usize| {
        poll::until(format!("ACKS_STOPPED {wanted} times"), async || {
            let session = manager.session().await;
            let count = causes(&session)
                .iter()
                .filter(|c| *c == "ACKS_STOPPED")
                .count();
            (count >= wanted).then_some(session)
        })
        .await
    };
    for n in 1..=3 {
        manager.wait_for_state("READY").await;
        let to = format!("549115555100{n}");
        let (status, body) = send(&manager, &to, "¿llega?").await;
        assert_eq!((status, &body["code"]), (504, &json!("SEND_UNCONFIRMED")));
        let session = times(n).await;
        assert_eq!(
            restarts(&session),
            (n as u64 - 1, n as u64),
            "the page must be reloaded first, then the browser restarted"
        );
    }
    standin.phone().rule(None, SendBehavior::Ok, None);
    manager.wait_for_state("READY").await;
    manager.stop().await;
    // The page is reloaded the first time, closed the second, killed the third.
    let output = manager.service.output();
    let end_lines: Vec<_> = output
        .lines()
        .filter(|line| line.contains("the browser is closed"))
        .map(|line| line.contains("kills=true") || line.contains("\"kills\":true"))
        .collect();
    assert_eq!(end_lines, [false, true], "{output}");
}

#[tokio::test]
async fn logout_reason_of_the_page_is_reported_in_words() {
    for (reason, name) in [
        ("history_sync_timeout", "HISTORY_SYNC_TIMEOUT"),
        ("lid_migration_unmigrated_companion", "LID_MIGRATION"),
    ] {
        let (standin, mut manager) = start_linked(Settings::default(), short_intervals()).await;
        standin.phone().unlink_for(Some(reason));
        let session = manager.wait_for_cause("DISCONNECTED", "UNLINKED").await;
        let message = session["cause_message"].as_str().expect("words");
        assert!(message.contains(name), "{message}");
        manager.stop().await;
    }
}

#[tokio::test]
async fn doctor_checks_another_wa_js() {
    let standin = start_standin(Settings::default()).await;
    let page = standin.web_url();
    let folder = harness::Scratch::default();
    let built_in = harness::built_in_wa_js();
    let judge = async |file: &std::path::Path, page: &str| {
        let file = file.display().to_string();
        doctor(&["--wa-js", &file, "--page", page], &[]).await
    };
    let (code, report) = judge(&built_in, &page).await;
    assert_eq!(code, 0, "{report}");
    assert!(report.contains("wa-js 4."), "{report}");

    let useless_bundle = folder.join("none.js");
    std::fs::write(&useless_bundle, "// an empty bundle").expect("a file");
    // A bundle is checked on a saved page as well.
    let saved_page = folder.join("saved.html");
    std::fs::write(&saved_page, "<!doctype html><title>WhatsApp</title>").expect("a page");
    // One bundle lacks a name that sending needs and one that a single feature needs, the other
    // only the latter.
    let bundle = std::fs::read_to_string(&built_in).expect("the bundle");
    let bundle_without = |names: &[&str]| {
        let renamed = names.iter().map(|name| {
            format!("\n;Object.defineProperty(WPP.chat, '{name}', {{ value: undefined }});")
        });
        bundle.clone() + &renamed.collect::<String>()
    };
    let lacking = folder.join("lacking.js");
    std::fs::write(&lacking, bundle_without(&["find", "downloadMedia"])).expect("a file");
    let without_feature = folder.join("feature.js");
    std::fs::write(&without_feature, bundle_without(&["downloadMedia"])).expect("a file");
    // Each check waits as long as the page's modules may take to register.
    let saved_page = saved_page.display().to_string();
    let (on_saved, lacking, without_feature) = tokio::join!(
        judge(&useless_bundle, &saved_page),
        judge(&lacking, &page),
        judge(&without_feature, &page)
    );
    let line = |report: &str, check: &str| {
        let line = report.lines().find(|line| line.contains(check));
        line.unwrap_or_else(|| panic!("{check} in {report}"))
            .to_owned()
    };

    let (code, report) = on_saved;
    assert_eq!(code, 2, "{report}");
    let required = line(&report, "required");
    assert!(required.contains("lacks wa-js"), "{required}");

    let (code, report) = lacking;
    assert_eq!(code, 2, "{report}");
    let required = line(&report, "required");
    assert!(required.contains("lacks chat.find"), "{required}");
    assert!(!required.contains("MsgStore"), "{required}");
    let optional = line(&report, "optional");
    assert!(optional.contains("lacks fetch_media"), "{optional}");
    assert!(!optional.contains("send_file"), "{optional}");

    let (code, report) = without_feature;
    assert_eq!(code, 1, "{report}");
    let required = line(&report, "required");
    assert!(!required.contains("lacks"), "{required}");
    assert!(
        line(&report, "optional").contains("lacks fetch_media"),
        "{report}"
    );
}
