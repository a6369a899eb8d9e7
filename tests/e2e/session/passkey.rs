//! Tests the passkey that WhatsApp requires of some accounts before it links a device.

use std::time::Duration;

use harness::standin::{Settings, Standin};
use harness::{
    AssertionOptions, Authenticator, Events, Manager, ManagerOptions, poll, start_standin,
};
use serde_json::{Value, json};

use crate::deploy::doctor::{doctor, find_check};

const MS: fn(u64) -> Duration = Duration::from_millis;
const PHONE: &str = "5491100000001";

/// Returns settings of an account that requires its passkey.
fn passkey_settings() -> Settings {
    Settings {
        passkey: true,
        ..Settings::default()
    }
}

/// Returns a page whose code was scanned and that requests the passkey.
async fn start_scanned(settings: Settings) -> (Standin, Manager, Authenticator) {
    let standin = start_standin(settings).await;
    let authenticator = Authenticator::registered_with(&standin.phone());
    let manager = Manager::start(&standin).await;
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    (standin, manager, authenticator)
}

/// Waits until an answer is requested. Returns the body of `GET /passkey`.
async fn wait_for_request(manager: &Manager) -> Value {
    poll::until("a passkey request", async || {
        let (status, body) = manager.get("/passkey").await;
        assert_eq!(status, 200, "{body}");
        (body["status"] == "PASSKEY_REQUIRED").then_some(body)
    })
    .await
}

async fn metric(manager: &Manager, line: &str) -> Option<String> {
    let request = manager.client().get(manager.url("/metrics")).send();
    let text = request
        .await
        .expect("an answer")
        .text()
        .await
        .expect("text");
    let matching_line = text
        .lines()
        .find(|matching_line| matching_line.starts_with(line))?;
    matching_line
        .split_whitespace()
        .next_back()
        .map(str::to_owned)
}

fn causes(session: &Value) -> Vec<String> {
    let entries = session["history"].as_array().expect("a history");
    let causes = entries.iter().rev().map(|entry| entry["cause"].as_str());
    causes
        .map(|cause| cause.expect("a cause").to_owned())
        .collect()
}

#[tokio::test]
async fn passkey_assertion_links_the_device() {
    let (standin, mut manager, authenticator) = start_scanned(passkey_settings()).await;
    let request = wait_for_request(&manager).await;
    let keys: Vec<_> = request.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["expires_at", "public_key", "status"]);
    let options = &request["public_key"];
    assert_eq!(options["rpId"], "whatsapp.com");
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["timeout"], 600_000);
    assert_eq!(options["extensions"], json!({"uvm": true}));
    let session = manager.session().await;
    assert_eq!(session["state"], "QR_REQUIRED");
    assert_eq!(session["cause"], "PASSKEY_REQUIRED");
    assert_eq!(session["passkey"]["stage"], "required");
    assert_eq!(session["passkey"]["expires_at"], request["expires_at"]);
    assert_eq!(manager.get("/qr").await.1, json!({"status": "NO_QR"}));
    let phone = json!({"phone": PHONE});
    let (status, body) = manager.post("/pairing-code", &phone).await;
    assert_eq!((status, &body["code"]), (404, &json!("QR_NOT_AVAILABLE")));

    let answer = authenticator.sign_request(&request);
    let (status, body) = manager.post("/passkey", &answer).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    manager.wait_for_state("READY").await;
    assert_eq!(standin.phone().passkey_refusals(), [""; 0]);
    assert_eq!(
        manager.get("/passkey").await.1,
        json!({"status": "NO_PASSKEY"})
    );
    let session = manager.session().await;
    assert_eq!(session["passkey"], Value::Null);
    let causes = causes(&session);
    assert_eq!(
        causes[causes.len() - 4..],
        ["CODE_SHOWN", "PASSKEY_REQUIRED", "CODE_SCANNED", "SYNCED"]
    );
    for (step, times) in [("asked", "1"), ("answered", "1"), ("linked", "1")] {
        let line = format!("leadmaster_passkeys_total{{step=\"{step}\"}}");
        assert_eq!(
            metric(&manager, &line).await.as_deref(),
            Some(times),
            "{step}"
        );
    }
    let log = manager.service.output();
    assert!(
        log.contains("PASSKEY_REQUIRED") && log.contains("signs: "),
        "{log}"
    );
    let signature = answer["response"]["signature"].as_str().unwrap();
    assert!(!log.contains(signature), "{log}");
    manager.stop().await;
}

/// Checks that the codes behind the passkey screen are not refreshed when they expire, which would
/// abort the ceremony.
#[tokio::test]
async fn qr_code_is_not_refreshed_during_a_passkey() {
    let settings = Settings {
        first_code: MS(1_500),
        next_code: MS(100),
        // Without `data-ref`, a code is composed from `Conn.ref`.
        data_ref: false,
        ..passkey_settings()
    };
    let standin = start_standin(settings).await;
    let authenticator = Authenticator::registered_with(&standin.phone());
    // The codes expire long before the answer arrives.
    let options = ManagerOptions::default()
        .with("HEARTBEAT_MS", 100)
        .with("BOOT_PATIENCE_SECONDS", 3);
    let mut manager = Manager::start_with(&standin, options).await;
    let mut events = Events::open(&manager.url("/events"), None).await;
    manager.connect().await;
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    let request = wait_for_request(&manager).await;
    let idle = |phone: &harness::standin::Phone| (phone.state().idle == 1).then_some(());
    let phone = standin.phone();
    phone
        .wait_for(harness::PATIENCE, idle)
        .await
        .expect("the round of codes to end");
    // Both the boot timeout and the two seconds of a composed code have passed.
    let passkey_since = manager.session().await["passkey"]["since"].clone();
    let passkey_since = millis(&passkey_since);
    poll::until("four seconds of the passkey screen", async || {
        let now = manager.get("/health").await.1["timestamp"].clone();
        (millis(&now) - passkey_since > 4_000).then_some(())
    })
    .await;
    assert_eq!(
        metric(&manager, "leadmaster_code_refreshes_total").await,
        None
    );
    let (status, body) = manager
        .post("/passkey", &authenticator.sign_request(&request))
        .await;
    assert_eq!(status, 200, "{body}");
    manager.wait_for_state("READY").await;
    assert_eq!(phone.passkey_refusals(), [""; 0]);
    // From the request on, no event reported a code or another browser.
    let mut was_requested = false;
    while let Some(event) = events.next().await {
        match event.name.as_str() {
            "state" if event.data["cause"] == "PASSKEY_REQUIRED" => was_requested = true,
            "state" if event.data["status"] == "READY" => break,
            "state" => assert!(
                !was_requested || event.data["cause"] == "CODE_SCANNED",
                "{event:?}"
            ),
            "qr" => assert!(
                !was_requested || event.data["status"] == "NO_QR",
                "{event:?}"
            ),
            _ => {}
        }
    }
    assert!(was_requested);
    assert_eq!(manager.session().await["restarts"]["total"], 0);
    manager.stop().await;
}

fn millis(timestamp: &Value) -> i64 {
    let text = timestamp.as_str().expect("a timestamp");
    let at: session_api::Timestamp = serde_json::from_value(json!(text)).expect("RFC 3339");
    at.as_millis()
}

#[tokio::test]
async fn wrong_assertion_is_refused_and_requested_again() {
    let (standin, mut manager, authenticator) = start_scanned(passkey_settings()).await;
    let request = wait_for_request(&manager).await;
    // Everything is right except the key.
    let unknown_authenticator = Authenticator::new("passkey");
    let (status, body) = manager
        .post("/passkey", &unknown_authenticator.sign_request(&request))
        .await;
    assert_eq!(status, 200, "{body}");
    let challenge = &request["public_key"]["challenge"];
    let next_challenge = poll::until("another challenge", async || {
        let (_, body) = manager.get("/passkey").await;
        let other = &body["public_key"]["challenge"];
        (other.is_string() && other != challenge).then_some(body)
    })
    .await;
    assert_eq!(
        standin.phone().passkey_refusals(),
        ["passkey_wrong_signature"]
    );
    assert_eq!(manager.session().await["cause"], "PASSKEY_REQUIRED");
    let (status, body) = manager
        .post("/passkey", &authenticator.sign_request(&request))
        .await;
    assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .contains("another request")
    );

    let (status, body) = manager
        .post("/passkey", &authenticator.sign_request(&next_challenge))
        .await;
    assert_eq!(status, 200, "{body}");
    // The page that was scanned can no longer be verified, so a person has to compare the code.
    let code = wait_for_code(&manager).await;
    assert_eq!((code.len(), &code[4..5]), (9, "-"));
    assert_eq!(
        manager.session().await["passkey"]["needs_confirmation"],
        true
    );
    let (status, body) = manager
        .post("/passkey", &authenticator.sign_request(&next_challenge))
        .await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("PASSKEY_NOT_PENDING"))
    );
    let (status, body) = manager.post("/passkey/confirm", &Value::Null).await;
    assert_eq!(status, 200, "{body}");
    manager.wait_for_state("READY").await;
    let line = "leadmaster_passkeys_total{step=\"refused\"}";
    assert_eq!(metric(&manager, line).await.as_deref(), Some("1"));
    manager.stop().await;
}

/// Returns the verification code once the page displays it.
async fn wait_for_code(manager: &Manager) -> String {
    poll::until("a verification code", async || {
        let (_, body) = manager.get("/passkey").await;
        let code = body["verification_code"].as_str().map(str::to_owned);
        code.inspect(|_| assert_eq!(body["status"], "PASSKEY_CONFIRM"))
    })
    .await
}

#[tokio::test]
async fn invalid_assertion_names_its_field() {
    let (standin, mut manager, authenticator) = start_scanned(passkey_settings()).await;
    let request = wait_for_request(&manager).await;
    let valid_answer = authenticator.sign_request(&request);
    let with_value = |pointer: &str, value: Value| {
        let mut body = valid_answer.clone();
        *body.pointer_mut(pointer).expect("a field") = value;
        body
    };
    let without_field = |field: &str| {
        let mut body = valid_answer.clone();
        body.as_object_mut().unwrap().remove(field);
        body
    };
    let answer_with = |answer| authenticator.sign_request_with(&request, answer);
    let right_one = AssertionOptions::default();
    for (field, body) in [
        ("id", without_field("id")),
        ("response", without_field("response")),
        ("type", with_value("/type", json!("password"))),
        ("rawId", with_value("/rawId", json!("AAAA"))),
        ("id", with_value("/id", json!("not base64url!"))),
        (
            "response.signature",
            with_value("/response/signature", json!("")),
        ),
        (
            "response.clientDataJSON",
            with_value("/response/clientDataJSON", json!("AAAA")),
        ),
        (
            "response.authenticatorData",
            with_value("/response/authenticatorData", json!("AAAA")),
        ),
        (
            "response.clientDataJSON",
            answer_with(AssertionOptions {
                origin: "https://hub.example",
                ..right_one
            }),
        ),
        (
            "response.authenticatorData",
            answer_with(AssertionOptions {
                relying_party: "hub.example",
                ..right_one
            }),
        ),
        (
            "response.authenticatorData",
            answer_with(AssertionOptions {
                flags: 1,
                ..right_one
            }),
        ),
    ] {
        let (status, answer) = manager.post("/passkey", &body).await;
        assert_eq!((status, &answer["code"]), (400, &json!("INVALID_REQUEST")));
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains(field), "{field}: {message}");
    }
    // None of these answers reached WhatsApp, and the request is unchanged.
    assert_eq!(standin.phone().passkey_refusals(), [""; 0]);
    assert_eq!(manager.get("/passkey").await.1, request);
    manager.stop().await;
}

#[tokio::test]
async fn cancelled_passkey_returns_to_the_qr_code() {
    let (standin, mut manager, authenticator) = start_scanned(passkey_settings()).await;
    let request = wait_for_request(&manager).await;
    let (status, body) = manager.post("/passkey/confirm", &Value::Null).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("PASSKEY_NOT_PENDING"))
    );
    let (status, body) = manager.post("/passkey/cancel", &Value::Null).await;
    assert_eq!(status, 200, "{body}");
    manager.wait_for_cause("QR_REQUIRED", "CODE_SHOWN").await;
    assert_eq!(
        manager.get("/passkey").await.1,
        json!({"status": "NO_PASSKEY"})
    );
    for (path, body) in [
        ("/passkey", authenticator.sign_request(&request)),
        ("/passkey/cancel", Value::Null),
        ("/passkey/confirm", Value::Null),
    ] {
        let (status, body) = manager.post(path, &body).await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("PASSKEY_NOT_PENDING"))
        );
    }
    assert_eq!(standin.phone().state().passkeys_wanted, 0);
    // After that linking works, with another request.
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    let request = wait_for_request(&manager).await;
    manager
        .post("/passkey", &authenticator.sign_request(&request))
        .await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn unanswered_passkey_times_out() {
    let settings = Settings {
        passkey_life: MS(1_500),
        ..passkey_settings()
    };
    let (standin, mut manager, authenticator) = start_scanned(settings).await;
    let request = wait_for_request(&manager).await;
    manager.wait_for_cause("QR_REQUIRED", "CODE_SHOWN").await;
    let (status, body) = manager
        .post("/passkey", &authenticator.sign_request(&request))
        .await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("PASSKEY_NOT_PENDING"))
    );
    assert!(standin.phone().current_code().is_some());
    let line = "leadmaster_passkeys_total{step=\"expired\"}";
    assert_eq!(metric(&manager, line).await.as_deref(), Some("1"));
    manager.stop().await;
}

/// Checks that WhatsApp requests the passkey again if the phone does not follow.
#[tokio::test]
async fn passkey_is_requested_again_when_the_phone_does_not_follow() {
    let settings = Settings {
        passkey_phone: None,
        passkey_step: MS(300),
        ..passkey_settings()
    };
    let (_standin, mut manager, authenticator) = start_scanned(settings).await;
    let request = wait_for_request(&manager).await;
    manager
        .post("/passkey", &authenticator.sign_request(&request))
        .await;
    poll::until("the page to stop waiting for the phone", async || {
        let line = "leadmaster_passkeys_total{step=\"refused\"}";
        metric(&manager, line).await
    })
    .await;
    wait_for_request(&manager).await;
    assert_eq!(manager.session().await["cause"], "PASSKEY_REQUIRED");
    manager.stop().await;
}

#[tokio::test]
async fn passkey_follows_a_pairing_code() {
    let standin = start_standin(passkey_settings()).await;
    let authenticator = Authenticator::registered_with(&standin.phone());
    let mut manager = Manager::start(&standin).await;
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    let (status, body) = manager
        .post("/pairing-code", &json!({"phone": PHONE}))
        .await;
    assert_eq!(status, 200, "{body}");
    let result = standin.phone().link_code(body["code"].as_str().unwrap());
    assert_eq!(
        result.expect("a code that the phone accepts"),
        "",
        "no device may be linked yet"
    );
    let request = wait_for_request(&manager).await;
    assert_eq!(manager.session().await["pairing_code"], Value::Null);
    manager
        .post("/passkey", &authenticator.sign_request(&request))
        .await;
    manager.wait_for_state("READY").await;
    assert_eq!(standin.phone().passkey_refusals(), [""; 0]);
    manager.stop().await;
}

/// Links with a changed page, whose events or test ids are missing.
async fn link_with_changed_page(change: impl FnOnce(&mut Settings)) {
    let mut settings = passkey_settings();
    change(&mut settings);
    let (standin, mut manager, authenticator) = start_scanned(settings).await;
    let request = wait_for_request(&manager).await;
    assert_eq!(manager.session().await["cause"], "PASSKEY_REQUIRED");
    let (status, body) = manager
        .post("/passkey", &authenticator.sign_request(&request))
        .await;
    assert_eq!(status, 200, "{body}");
    manager.wait_for_state("READY").await;
    assert_eq!(standin.phone().passkey_refusals(), [""; 0]);
    manager.stop().await;
}

#[tokio::test]
async fn passkey_works_without_page_events() {
    link_with_changed_page(|settings| settings.passkey_events = false).await;
}

#[tokio::test]
async fn passkey_works_without_test_ids() {
    link_with_changed_page(|settings| settings.passkey_test_ids = false).await;
}

/// Checks a page where only the type of linking reports the passkey, and nobody presses the button.
#[tokio::test]
async fn passkey_works_by_the_pairing_type_alone() {
    link_with_changed_page(|settings| {
        settings.passkey_events = false;
        settings.passkey_test_ids = false;
    })
    .await;
}

/// Checks that `doctor` names the passkey, and where to read what to do.
#[tokio::test]
async fn doctor_names_a_pending_passkey() {
    let (_standin, mut manager, _) = start_scanned(passkey_settings()).await;
    wait_for_request(&manager).await;
    // Name this service, since others may run at the same time.
    let pid = manager.service.pid().to_string();
    let (_, report) = doctor("session-manager", &["--pid", &pid], &[]).await;
    let check = find_check(&report, "session");
    assert_eq!(check["verdict"], "warning", "{check:#}");
    let finding = check["found"].as_str().expect("a text");
    assert!(finding.contains("PASSKEY_REQUIRED"), "{finding}");
    assert_eq!(check["cure"], "docs/operations.md, Passkey");
    manager.stop().await;
}

#[tokio::test]
async fn account_without_a_passkey_is_unaffected() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    assert_eq!(
        manager.get("/passkey").await.1,
        json!({"status": "NO_PASSKEY"})
    );
    manager.link(&standin).await;
    assert_eq!(
        manager.get("/passkey").await.1,
        json!({"status": "NO_PASSKEY"})
    );
    let session = manager.session().await;
    assert!(
        causes(&session)
            .iter()
            .all(|cause| cause != "PASSKEY_REQUIRED")
    );
    assert_eq!(metric(&manager, "leadmaster_passkeys_total").await, None);
    for path in ["/passkey/cancel", "/passkey/confirm"] {
        let (status, body) = manager.post(path, &Value::Null).await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("PASSKEY_NOT_PENDING"))
        );
    }
    manager.stop().await;
}
