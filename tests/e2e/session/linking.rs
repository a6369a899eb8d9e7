//! Tests linking, from an empty profile to READY, and how long a code lives.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::standin::{LinkCodeEvent, Settings, Standin};
use harness::{Manager, ManagerOptions, Scratch, poll, processes, start_standin};
use serde_json::{Value, json};
use session_api::Timestamp;

/// Number of rounds in which many callers use one key.
const ROUNDS: usize = 10;
const MS: fn(u64) -> Duration = Duration::from_millis;

/// Returns the text that a phone's camera would read from `GET /qr.png`.
async fn read_png(manager: &Manager) -> Option<String> {
    let response = manager
        .client()
        .get(manager.url("/qr.png"))
        .send()
        .await
        .expect("an answer");
    if response.status() != 200 {
        return None;
    }
    assert_eq!(response.headers()["content-type"], "image/png");
    let png = response.bytes().await.expect("a picture");
    let picture = image::load_from_memory(&png).expect("a PNG").to_luma8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        picture.as_raw()[y * width + x]
    });
    let grids = picture.detect_grids();
    let (_, text) = grids.first()?.decode().expect("a readable code");
    Some(text)
}

#[tokio::test]
async fn first_link_reaches_ready_and_sends() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    assert_eq!(
        manager.get("/status").await,
        (200, json!({"status": "INIT"}))
    );
    assert_eq!(manager.get("/qr").await, (200, json!({"status": "NO_QR"})));
    for form in ["/qr.png", "/qr.svg", "/qr.txt"] {
        let (status, body) = manager.get(form).await;
        assert_eq!((status, &body["code"]), (404, &json!("QR_NOT_AVAILABLE")));
    }
    assert!(
        processes::in_folder(&manager.tokens())
            .iter()
            .all(|p| p.comm == "session-manager"),
        "no browser is started before a client connects"
    );

    let (status, body) = manager.post("/connect", &json!(null)).await;
    assert_eq!(status, 200);
    assert_eq!(body["success"], true);
    assert_eq!(body["session"], "admin");
    assert_eq!(body["state"], "INIT");
    assert_eq!(body["alreadyConnected"], false);

    manager.wait_for_state("QR_REQUIRED").await;
    let displayed_code = poll::until("the code on the page", async || {
        standin.phone().current_code()
    })
    .await;
    assert_eq!(read_png(&manager).await, Some(displayed_code.clone()));
    let (_, body) = manager.get("/qr").await;
    assert_eq!(body["status"], "QR_AVAILABLE");
    assert!(
        body["qr"]
            .as_str()
            .unwrap()
            .starts_with("data:image/png;base64,")
    );
    let text = manager
        .client()
        .get(manager.url("/qr.txt"))
        .send()
        .await
        .unwrap();
    assert!(text.text().await.unwrap().contains('█'));
    let svg = manager
        .client()
        .get(manager.url("/qr.svg"))
        .send()
        .await
        .unwrap();
    assert_eq!(svg.headers()["content-type"], "image/svg+xml");
    let (status, body) = manager
        .post("/send", &json!({"to": "5491158254201", "message": "antes"}))
        .await;
    assert_eq!((status, &body["code"]), (503, &json!("SESSION_NOT_READY")));

    standin
        .phone()
        .scan(&displayed_code)
        .expect("the displayed code");
    manager.wait_for_state("READY").await;
    assert_eq!(manager.get("/qr").await, (200, json!({"status": "NO_QR"})));
    let session = manager.session().await;
    let states: Vec<_> = session["history"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| entry["to"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["INIT", "QR_REQUIRED", "AUTHENTICATED", "READY"]);
    assert_eq!(session["account"]["pushname"], "Inmobiliaria de Prueba");

    let (status, body) = manager
        .post(
            "/send",
            &json!({"to": "+54 9 11 5825-4201", "message": "hola"}),
        )
        .await;
    assert_eq!(status, 200, "{body}");
    assert!(
        body["message_id"]
            .as_str()
            .unwrap()
            .starts_with("true_5491158254201@c.us_3EB0")
    );
    assert_eq!(standin.phone().messages().len(), 1);
    // One key is one message, for any number of concurrent requests.
    for key in 0..ROUNDS {
        let message = json!({"to": "5491158254202", "message": "una vez"});
        let send = || {
            let request = manager.client().post(manager.url("/send"));
            let request = request.header("idempotency-key", key.to_string());
            request.json(&message).send()
        };
        let answers = futures_util::future::join_all((0..8).map(|_| send())).await;
        let mut ids = BTreeSet::new();
        for answer in answers {
            let body: serde_json::Value = answer.unwrap().json().await.unwrap();
            let id = body["message_id"]
                .as_str()
                .unwrap_or_else(|| panic!("{body}"));
            ids.insert(id.to_owned());
        }
        assert_eq!(ids.len(), 1);
    }
    let arrived = standin.phone().messages();
    assert_eq!(arrived.len(), 1 + ROUNDS);
    assert_eq!(
        (arrived[0].body.as_str(), arrived[0].times_received),
        ("hola", 1)
    );
    standin
        .phone()
        .set_on_whatsapp("5491100000009", false)
        .unwrap();
    let (status, body) = manager
        .post("/send", &json!({"to": "5491100000009", "message": "hola"}))
        .await;
    assert_eq!((status, &body["code"]), (404, &json!("NOT_ON_WHATSAPP")));
    assert!(manager.stop().await.success());
}

#[tokio::test]
async fn fifty_connects_start_one_browser() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let request = manager.client().post(manager.url("/connect"));
            tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
    manager.wait_for_state("QR_REQUIRED").await;
    let drivers = processes::in_folder(&manager.tokens())
        .iter()
        .filter(|process| process.comm == "chromedriver")
        .count();
    assert_eq!(drivers, 1);
    assert_eq!(manager.session().await["restarts"]["total"], 0);
    manager.stop().await;
}

#[tokio::test]
async fn polling_during_linking_is_harmless() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let pollers: Vec<_> = ["/status", "/qr"]
        .map(|path| {
            let (client, url, stop) = (manager.client().clone(), manager.url(path), stop.clone());
            tokio::spawn(async move {
                let mut request_count = 0_u32;
                let mut tick = tokio::time::interval(MS(10));
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    tick.tick().await;
                    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
                    request_count += 1;
                }
                request_count
            })
        })
        .into();
    manager.link(&standin).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for poller in pollers {
        assert!(poller.await.unwrap() > 20);
    }
    let session = manager.session().await;
    assert_eq!(session["restarts"]["total"], 0);
    assert_eq!(session["history"].as_array().unwrap().len(), 4);
    manager.stop().await;
}

#[tokio::test]
async fn served_qr_is_always_the_current_one() {
    let settings = Settings {
        first_code: MS(1_500),
        next_code: MS(1_000),
        codes: 4,
        ..Settings::default()
    };
    let standin = start_standin(settings).await;
    let mut manager =
        Manager::start_with(&standin, ManagerOptions::default().with("QR_ROUNDS", 0)).await;
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    let mut served_codes = BTreeSet::new();
    let mut page_codes = BTreeSet::new();
    // Each code of the round is served only while the page shows it, or until the next code, and
    // never later.
    let closed_session = poll::until("the end of the round", async || {
        let before = standin.phone().current_code();
        let served_code = read_png(&manager).await;
        let after = standin.phone().current_code();
        page_codes.extend(before.clone());
        if let Some(served_code) = served_code {
            if before == after && before.as_ref() != Some(&served_code) {
                // The page's report may be on its way, but must arrive soon.
                poll::until_within(MS(2_000), "the new code to be served", async || {
                    let current = standin.phone().current_code();
                    (read_png(&manager).await == current).then_some(())
                })
                .await;
            }
            served_codes.insert(served_code);
        }
        (manager.state().await == "DISCONNECTED").then_some(())
    });
    closed_session.await;
    assert_eq!(served_codes.len(), 4, "a round must have four codes");
    assert_eq!(manager.session().await["cause"], "CODE_NOT_SCANNED");
    assert_eq!(manager.get("/qr").await.1, json!({"status": "NO_QR"}));
    processes::assert_none_left(&manager.tokens().join("profile")).await;
    // After that the session starts over.
    manager.link(&standin).await;
    manager.stop().await;
}

/// Checks that an idle page is refreshed in whichever way it still supports.
async fn assert_idle_page_refreshes(change: impl FnOnce(&mut Settings)) {
    let mut settings = Settings {
        first_code: MS(700),
        codes: 1,
        ..Settings::default()
    };
    change(&mut settings);
    let standin = start_standin(settings).await;
    let mut manager =
        Manager::start_with(&standin, ManagerOptions::default().with("QR_ROUNDS", 2)).await;
    manager.connect().await;
    let mut codes = BTreeSet::new();
    poll::until("three rounds of one code each", async || {
        codes.extend(read_png(&manager).await);
        (manager.state().await == "DISCONNECTED").then_some(())
    })
    .await;
    assert_eq!(codes.len(), 3);
    assert_eq!(manager.session().await["cause"], "CODE_NOT_SCANNED");
    assert!(manager.stop().await.success());
}

#[tokio::test]
async fn expired_qr_is_refreshed_by_the_launch_utils() {
    assert_idle_page_refreshes(|_| {}).await;
}

#[tokio::test]
async fn expired_qr_is_refreshed_by_the_old_command() {
    assert_idle_page_refreshes(|settings| {
        settings.launch_refresh_qr = false;
        settings.cmd_refresh_qr = true;
    })
    .await;
}

#[tokio::test]
async fn expired_qr_is_refreshed_by_the_button() {
    assert_idle_page_refreshes(|settings| settings.launch_refresh_qr = false).await;
}

#[tokio::test]
async fn undrawn_qr_code_is_composed() {
    assert_code_is_composed(|_| {}, 5).await;
}

#[tokio::test]
async fn qr_code_of_six_fields_is_composed_of_six() {
    assert_code_is_composed(|settings| settings.code_with_help = true, 6).await;
}

#[tokio::test]
async fn qr_code_in_a_url_is_composed_as_a_url() {
    assert_code_is_composed(|settings| settings.code_as_url = true, 5).await;
}

/// Checks that a code which is not drawn is composed, with as many fields as the page's own.
async fn assert_code_is_composed(change: impl FnOnce(&mut Settings), fields: usize) {
    let mut settings = Settings {
        data_ref: false,
        ..Settings::default()
    };
    change(&mut settings);
    let standin = start_standin(settings).await;
    let mut manager = Manager::start(&standin).await;
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    let composed_code = read_png(&manager).await.expect("a code");
    assert_eq!(composed_code.split(',').count(), fields, "{composed_code}");
    assert_eq!(
        Some(&composed_code),
        standin.phone().current_code().as_ref()
    );
    standin
        .phone()
        .scan(&composed_code)
        .expect("a code that the phone accepts");
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn pairing_code_links_the_device() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    let phone = json!({"phone": "+54 9 11 0000-0001"});
    let (status, body) = manager.post("/pairing-code", &phone).await;
    assert_eq!((status, &body["code"]), (404, &json!("QR_NOT_AVAILABLE")));
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    for invalid_body in [json!({"phone": "12"}), json!({"phone": "no"}), json!({})] {
        let (status, body) = manager.post("/pairing-code", &invalid_body).await;
        assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
    }
    // The code is available immediately, although wa-js loads later than the code to scan.
    let (status, body) = manager.post("/pairing-code", &phone).await;
    assert_eq!(status, 200, "{body}");
    let code = body["code"].as_str().unwrap().to_owned();
    assert_eq!((code.len(), &code[4..5]), (9, "-"));
    // The response contains the expiry, and a repeated request for the number gets the same code.
    assert!(body["expires_at"].is_string(), "{body}");
    assert_eq!(manager.post("/pairing-code", &phone).await.1, body);
    let session = manager.session().await;
    assert_eq!(session["pairing_code"]["expires_at"], body["expires_at"]);
    standin
        .phone()
        .link_code(&code)
        .expect("a code that the phone accepts");
    manager.wait_for_state("READY").await;
    let (status, body) = manager.post("/pairing-code", &phone).await;
    assert_eq!((status, &body["code"]), (409, &json!("ALREADY_LINKED")));
    manager.stop().await;
}

/// The number that is linked by a pairing code.
const PAIRED: &str = "5491100000001";

/// Returns a service that requested a pairing code, and its response, once the codes to scan have
/// expired.
async fn start_with_pairing_code(settings: Settings) -> (Standin, Manager, Value) {
    let standin = start_standin(Settings {
        first_code: MS(2_500),
        codes: 1,
        ..settings
    })
    .await;
    let manager = Manager::start(&standin).await;
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    let phone = json!({"phone": PAIRED});
    let (status, body) = manager.post("/pairing-code", &phone).await;
    assert_eq!(status, 200, "{body}");
    let idle = |phone: &harness::standin::Phone| (phone.state().idle == 1).then_some(());
    let idle = standin.phone().wait_for(harness::PATIENCE, idle).await;
    idle.expect("the round of codes to end");
    (standin, manager, body)
}

/// Checks that a pairing code outlives the codes to scan: a new round of those would end the
/// pairing code.
#[tokio::test]
async fn pairing_code_outlives_the_qr_codes() {
    let (standin, mut manager, body) = start_with_pairing_code(Settings::default()).await;
    poll::until("the codes to scan to expire", async || {
        (manager.get("/qr").await.1["status"] == "NO_QR").then_some(())
    })
    .await;
    assert_eq!(standin.phone().state().link_codes.len(), 1);

    // WhatsApp requires a new code. It is created, and the same number gets it.
    standin
        .phone()
        .link_code_event(LinkCodeEvent::RefreshAltLinkingCode);
    let renewed_code = poll::until("a new code to type", async || {
        let (_, response) = manager
            .post("/pairing-code", &json!({"phone": PAIRED}))
            .await;
        (response["code"] != body["code"]).then_some(response)
    })
    .await;
    let code = renewed_code["code"].as_str().expect("a code");
    standin.phone().link_code(code).expect("a valid code");
    manager.wait_for_state("READY").await;
    assert_eq!(manager.session().await["pairing_code"], json!(null));
    manager.stop().await;
}

/// Checks that a code which is requested before wa-js is ready is renewed as well: wa-js drops the
/// life cycle of any code when it becomes ready.
#[tokio::test]
async fn pairing_code_requested_early_is_renewed() {
    let (standin, mut manager, body) = start_with_pairing_code(Settings {
        wa_js_ready: MS(2_400),
        ..Settings::default()
    })
    .await;
    standin
        .phone()
        .link_code_event(LinkCodeEvent::RefreshAltLinkingCode);
    poll::until("a new code to type", async || {
        let (_, response) = manager
            .post("/pairing-code", &json!({"phone": PAIRED}))
            .await;
        (response["code"] != body["code"]).then_some(())
    })
    .await;
    manager.stop().await;
}

/// Checks that a code which the phone already has stays valid while the next step takes time.
#[tokio::test]
async fn pairing_code_that_the_phone_has_gets_a_minute_more() {
    let (standin, mut manager, body) = start_with_pairing_code(Settings::default()).await;
    let expiry_ms = |body: &Value| -> Option<i64> {
        let at: Timestamp = serde_json::from_value(body["expires_at"].clone()).ok()?;
        Some(at.as_millis())
    };
    let before = expiry_ms(&body).expect("a time");
    standin
        .phone()
        .link_code_event(LinkCodeEvent::PrimaryHelloReceived);
    poll::until("the code to stay valid for another minute", async || {
        let session = manager.session().await;
        let now = expiry_ms(&session["pairing_code"])?;
        (now - before == 60_000).then_some(())
    })
    .await;
    manager.stop().await;
}

#[tokio::test]
async fn expired_pairing_code_gives_way_to_qr_codes() {
    let (standin, mut manager, _) = start_with_pairing_code(Settings::default()).await;
    standin
        .phone()
        .link_code_event(LinkCodeEvent::ForceManualRefresh);
    poll::until("another code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn page_navigation_after_the_scan_still_links() {
    let standin = start_standin(Settings {
        navigate_after_link: true,
        ..Settings::default()
    })
    .await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    let (status, _) = manager
        .post("/send", &json!({"to": "5491158254201", "message": "hola"}))
        .await;
    assert_eq!(status, 200);
    manager.stop().await;
}

/// Checks a long profile path: Chrome creates a socket in its temporary folder, and socket paths
/// are limited in length.
#[tokio::test]
async fn device_survives_a_long_profile_path() {
    let standin = start_standin(Settings::default()).await;
    let folder = Scratch::default();
    let tokens = folder
        .join(&"a-folder-with-a-long-name/".repeat(6))
        .join("tokens");
    let options = ManagerOptions::default()
        .with("TOKENS_DIR", tokens.display())
        .with("WHATSAPP_WEB_URL", standin.web_url());
    let mut manager = Manager::start_in(folder, options).await;
    manager.link(&standin).await;
    assert!(manager.stop().await.success());
    manager.restart().await;
    manager.wait_for_state("READY").await;
    assert!(manager.stop().await.success());
}

/// Checks that a pairing code is renewed while it is requested, with a manual clock.
#[tokio::test]
async fn pairing_code_is_renewed_while_requested() {
    let scripts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    let script = tokio::process::Command::new("node")
        .arg("link-code.mjs")
        .current_dir(scripts)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(harness::PATIENCE, script);
    let output = output.await.expect("an end in time").expect("node");
    let text = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&text)
    );
}
