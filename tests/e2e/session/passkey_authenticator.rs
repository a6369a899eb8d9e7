//! Tests the passkey that WhatsApp requires of some accounts under WhatsApp's own name.
//! session-manager's browser and the owner's are both at `https://web.whatsapp.com`, and DevTools'
//! virtual authenticator answers.
//!
//! ```text
//!  session-manager's Chromium ──┐                        ┌── the owner's Chromium,
//!   at web.whatsapp.com         ├─> TLS ─> stand-in <────┤    with an authenticator
//!        └── GET, POST /passkey ─────── test ────────────┘
//! ```

use std::time::Duration;

use harness::standin::{Settings, Standin};
use harness::{Manager, PasskeyBrowser, WhatsappName, poll, start_standin};
use serde_json::{Value, json};

const PHONE: &str = "5491100000001";

/// An account, its passkey in the owner's browser, and a page that links to it.
struct PasskeyScene {
    standin: Standin,
    manager: Manager,
    browser: PasskeyBrowser,
    /// The id of the account's passkey.
    passkey: String,
}

impl PasskeyScene {
    /// Creates a page that shows a code, and an account that requires a passkey.
    async fn new(settings: Settings) -> Self {
        let standin = start_standin(Settings {
            passkey: true,
            ..settings
        })
        .await;
        let whatsapp = WhatsappName::serve(&standin).await;
        let starting = async {
            let manager = Manager::start_with(&standin, whatsapp.options()).await;
            manager.connect().await;
            manager.wait_for_state("QR_REQUIRED").await;
            manager
        };
        let (manager, mut browser) = tokio::join!(starting, PasskeyBrowser::open(whatsapp));
        let passkey = browser.create_passkey_for(&standin.phone()).await;
        Self {
            standin,
            manager,
            browser,
            passkey,
        }
    }

    /// Scans the code. Returns the body of `GET /passkey` with the request.
    async fn scan(&self) -> Value {
        poll::until("a code to scan", async || {
            self.standin.phone().scan_current().ok()
        })
        .await;
        self.wait_for_request().await
    }

    async fn wait_for_request(&self) -> Value {
        poll::until("a passkey request", async || {
            let (status, body) = self.manager.get("/passkey").await;
            assert_eq!(status, 200, "{body}");
            (body["status"] == "PASSKEY_REQUIRED").then_some(body)
        })
        .await
    }

    /// Makes the account's passkey answer the request.
    async fn sign_request(&mut self, request: &Value) -> Value {
        let answer = self
            .browser
            .sign_request(request, &self.passkey, json!({}))
            .await;
        answer.expect("an assertion")
    }

    async fn post(&self, answer: &Value) -> (u16, Value) {
        self.manager.post("/passkey", answer).await
    }

    /// Posts an answer, which the service has to accept.
    async fn post_accepted(&self, answer: &Value) {
        let (status, body) = self.post(answer).await;
        assert_eq!(status, 200, "{body}");
    }

    /// Confirms that the verification code is the phone's.
    async fn confirm(&self) {
        let code = poll::until("a verification code", async || {
            let (_, body) = self.manager.get("/passkey").await;
            (body["status"] == "PASSKEY_CONFIRM").then(|| body["verification_code"].clone())
        })
        .await;
        assert_eq!(code.as_str().map(str::len), Some(9), "{code}");
        let (status, body) = self.manager.post("/passkey/confirm", &Value::Null).await;
        assert_eq!(status, 200, "{body}");
    }

    async fn step_count(&self, step: &str) -> Option<String> {
        let request = self.manager.client().get(self.manager.url("/metrics"));
        let text = request.send().await.expect("metrics").text().await;
        let line = format!("leadmaster_passkeys_total{{step=\"{step}\"}} ");
        let text = text.expect("a text");
        let matching_line = text
            .lines()
            .find_map(|matching_line| matching_line.strip_prefix(&line));
        matching_line.map(str::to_owned)
    }

    async fn stop(mut self) {
        self.browser.close().await;
        self.manager.stop().await;
    }
}

#[tokio::test]
async fn authenticator_answers_and_a_person_compares_the_code() {
    let mut scene = PasskeyScene::new(Settings {
        passkey_handoff: Duration::ZERO,
        ..Settings::default()
    })
    .await;
    let request = scene.scan().await;
    assert_eq!(request["public_key"]["rpId"], "whatsapp.com");
    let answer = scene.sign_request(&request).await;
    scene.post_accepted(&answer).await;
    scene.confirm().await;
    scene.manager.wait_for_state("READY").await;
    assert_eq!(scene.standin.phone().passkey_refusals(), [""; 0]);
    scene.stop().await;
}

/// Checks an authenticator that does not recognize its owner. It makes no assertion, or one which
/// says that the owner was not recognized; that one is not passed on to WhatsApp.
#[tokio::test]
async fn authenticator_without_its_owner_is_refused() {
    let mut scene = PasskeyScene::new(Settings::default()).await;
    let request = scene.scan().await;
    scene.browser.set_user_verified(false).await;
    let no_assertion = scene
        .browser
        .sign_request(&request, &scene.passkey, json!({}))
        .await;
    assert_eq!(no_assertion, Err("NotAllowedError".to_owned()));
    let lenient = json!({"userVerification": "discouraged"});
    let unverified = scene
        .browser
        .sign_request(&request, &scene.passkey, lenient)
        .await;
    let (status, body) = scene.post(&unverified.expect("an assertion")).await;
    assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
    let message = body["message"].as_str().expect("a text");
    assert!(message.contains("response.authenticatorData"), "{message}");
    assert_eq!(scene.standin.phone().passkey_refusals(), [""; 0]);
    // The request is still valid.
    assert_eq!(scene.wait_for_request().await, request);
    scene.browser.set_user_verified(true).await;
    let answer = scene.sign_request(&request).await;
    scene.post_accepted(&answer).await;
    scene.manager.wait_for_state("READY").await;
    scene.stop().await;
}

/// Answers with another passkey of the same authenticator, then with the right one but for an
/// earlier request.
#[tokio::test]
async fn authenticators_wrong_assertions_are_refused() {
    let mut scene = PasskeyScene::new(Settings::default()).await;
    let request = scene.scan().await;
    let (other_passkey, _) = scene.browser.create_passkey().await;
    let wrong_assertion = scene
        .browser
        .sign_request(&request, &other_passkey, json!({}))
        .await;
    scene
        .post_accepted(&wrong_assertion.expect("an assertion"))
        .await;
    let next_request = poll::until("another challenge", async || {
        let now = scene.wait_for_request().await;
        (now["public_key"]["challenge"] != request["public_key"]["challenge"]).then_some(now)
    })
    .await;
    assert_eq!(
        scene.standin.phone().passkey_refusals(),
        ["passkey_unknown"]
    );
    assert_eq!(scene.step_count("refused").await.as_deref(), Some("1"));
    let late_answer = scene.sign_request(&request).await;
    let (status, body) = scene.post(&late_answer).await;
    assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
    let message = body["message"].as_str().expect("a text");
    assert!(message.contains("another request"), "{message}");
    let valid_answer = scene.sign_request(&next_request).await;
    scene.post_accepted(&valid_answer).await;
    // The page that was scanned can no longer be verified.
    scene.confirm().await;
    scene.manager.wait_for_state("READY").await;
    scene.stop().await;
}

#[tokio::test]
async fn authenticators_answer_after_a_cancellation_is_refused() {
    let mut scene = PasskeyScene::new(Settings::default()).await;
    let request = scene.scan().await;
    let answer = scene.sign_request(&request).await;
    let (status, body) = scene.manager.post("/passkey/cancel", &Value::Null).await;
    assert_eq!(status, 200, "{body}");
    scene
        .manager
        .wait_for_cause("QR_REQUIRED", "CODE_SHOWN")
        .await;
    let (status, body) = scene.post(&answer).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("PASSKEY_NOT_PENDING"))
    );
    assert_eq!(scene.standin.phone().state().passkeys_wanted, 0);
    // After that linking starts over.
    let request = scene.scan().await;
    let answer = scene.sign_request(&request).await;
    scene.post_accepted(&answer).await;
    scene.manager.wait_for_state("READY").await;
    assert_eq!(scene.standin.phone().passkey_refusals(), [""; 0]);
    scene.stop().await;
}

#[tokio::test]
async fn authenticators_answer_after_the_deadline_is_refused() {
    let mut scene = PasskeyScene::new(Settings {
        passkey_life: Duration::from_secs(2),
        ..Settings::default()
    })
    .await;
    let request = scene.scan().await;
    let answer = scene.sign_request(&request).await;
    scene
        .manager
        .wait_for_cause("QR_REQUIRED", "CODE_SHOWN")
        .await;
    let (status, body) = scene.post(&answer).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("PASSKEY_NOT_PENDING"))
    );
    assert_eq!(scene.step_count("expired").await.as_deref(), Some("1"));
    assert!(scene.standin.phone().current_code().is_some());
    scene.stop().await;
}

#[tokio::test]
async fn authenticator_answers_after_a_pairing_code() {
    let mut scene = PasskeyScene::new(Settings::default()).await;
    let number = json!({"phone": PHONE});
    let (status, body) = scene.manager.post("/pairing-code", &number).await;
    assert_eq!(status, 200, "{body}");
    let code = body["code"].as_str().expect("a code");
    let result = scene.standin.phone().link_code(code);
    assert_eq!(
        result.expect("a code that the phone accepts"),
        "",
        "no device may be linked yet"
    );
    let request = scene.wait_for_request().await;
    let answer = scene.sign_request(&request).await;
    scene.post_accepted(&answer).await;
    scene.manager.wait_for_state("READY").await;
    assert_eq!(scene.standin.phone().passkey_refusals(), [""; 0]);
    scene.stop().await;
}

/// Checks an account that has a passkey but is not asked for it.
#[tokio::test]
async fn account_that_is_not_asked_needs_no_authenticator() {
    let mut scene = PasskeyScene::new(Settings::default()).await;
    scene.standin.phone().settings(Settings::default());
    scene.manager.link(&scene.standin).await;
    let no_assertion = json!({"status": "NO_PASSKEY"});
    assert_eq!(scene.manager.get("/passkey").await.1, no_assertion);
    let session = scene.manager.session().await;
    assert_eq!(session["passkey"], Value::Null);
    let history = session["history"].as_array().expect("a history");
    assert!(
        history
            .iter()
            .all(|entry| entry["cause"] != "PASSKEY_REQUIRED"),
        "{history:#?}"
    );
    assert_eq!(scene.step_count("asked").await, None);
    assert!(!scene.manager.service.output().contains("PASSKEY"));
    // Nothing is requested, so an answer is of no use.
    let request = json!({"public_key": {"challenge": "AAAA", "rpId": "whatsapp.com"}});
    let answer = scene.sign_request(&request).await;
    let (status, body) = scene.post(&answer).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("PASSKEY_NOT_PENDING"))
    );
    scene.stop().await;
}
