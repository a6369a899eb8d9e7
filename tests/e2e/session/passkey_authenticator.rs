//! Tests the passkey that WhatsApp requires of some accounts under WhatsApp's own name.
//! session-manager's browser and the person's are both at `https://web.whatsapp.com`, and DevTools'
//! virtual authenticator answers.
//!
//! ```text
//!  session-manager's Chromium ──┐                        ┌── the person's Chromium,
//!   at web.whatsapp.com         ├─> TLS ─> stand-in <────┤    with an authenticator
//!        └── GET, POST /passkey ─────── test ────────────┘
//! ```

use std::time::Duration;

use harness::standin::{Settings, Standin};
use harness::{Manager, Person, WhatsappName, poll, standin};
use serde_json::{Value, json};

const PHONE: &str = "5491100000001";

/// An account, its passkey in a person's browser, and a page that links to it.
struct Scene {
    standin: Standin,
    manager: Manager,
    person: Person,
    /// The id of the account's passkey.
    passkey: String,
}

impl Scene {
    /// Creates a page that shows a code, and an account that requires a passkey.
    async fn new(settings: Settings) -> Self {
        let standin = standin(Settings {
            passkey: true,
            ..settings
        })
        .await;
        let whatsapp = WhatsappName::of(&standin).await;
        let starting = async {
            let manager = Manager::start_with(&standin, whatsapp.options()).await;
            manager.connect().await;
            manager.until("QR_REQUIRED").await;
            manager
        };
        let (manager, mut person) = tokio::join!(starting, Person::of(whatsapp));
        let passkey = person.create_for(&standin.phone()).await;
        Self {
            standin,
            manager,
            person,
            passkey,
        }
    }

    /// Scans the code. Returns the body of `GET /passkey` with the request.
    async fn scan(&self) -> Value {
        poll::until("a code to scan", async || {
            self.standin.phone().scan_current().ok()
        })
        .await;
        self.asked().await
    }

    async fn asked(&self) -> Value {
        poll::until("a passkey to be asked for", async || {
            let (status, body) = self.manager.get("/passkey").await;
            assert_eq!(status, 200, "{body}");
            (body["status"] == "PASSKEY_REQUIRED").then_some(body)
        })
        .await
    }

    /// Makes the account's passkey answer the request.
    async fn answer(&mut self, asked: &Value) -> Value {
        let answer = self.person.answer(asked, &self.passkey, json!({})).await;
        answer.expect("an assertion")
    }

    async fn post(&self, answer: &Value) -> (u16, Value) {
        self.manager.post("/passkey", answer).await
    }

    /// Posts an answer, which the service has to accept.
    async fn post_taken(&self, answer: &Value) {
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

    async fn times(&self, step: &str) -> Option<String> {
        let request = self.manager.client().get(self.manager.url("/metrics"));
        let text = request.send().await.expect("metrics").text().await;
        let line = format!("leadmaster_passkeys_total{{step=\"{step}\"}} ");
        let text = text.expect("a text");
        let found = text.lines().find_map(|found| found.strip_prefix(&line));
        found.map(str::to_owned)
    }

    async fn end(mut self) {
        self.person.leave().await;
        self.manager.stop().await;
    }
}

#[tokio::test]
async fn authenticator_answers_and_a_person_compares_the_code() {
    let mut scene = Scene::new(Settings {
        passkey_handoff: Duration::ZERO,
        ..Settings::default()
    })
    .await;
    let asked = scene.scan().await;
    assert_eq!(asked["public_key"]["rpId"], "whatsapp.com");
    let answer = scene.answer(&asked).await;
    scene.post_taken(&answer).await;
    scene.confirm().await;
    scene.manager.until("READY").await;
    assert_eq!(scene.standin.phone().passkey_refusals(), [""; 0]);
    scene.end().await;
}

/// Checks an authenticator that does not recognize its owner. It makes no assertion, or one which
/// says that the owner was not recognized; that one is not passed on to WhatsApp.
#[tokio::test]
async fn authenticator_without_its_owner_is_refused() {
    let mut scene = Scene::new(Settings::default()).await;
    let asked = scene.scan().await;
    scene.person.verifies(false).await;
    let none = scene.person.answer(&asked, &scene.passkey, json!({})).await;
    assert_eq!(none, Err("NotAllowedError".to_owned()));
    let lenient = json!({"userVerification": "discouraged"});
    let unverified = scene.person.answer(&asked, &scene.passkey, lenient).await;
    let (status, body) = scene.post(&unverified.expect("an assertion")).await;
    assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
    let words = body["message"].as_str().expect("words");
    assert!(words.contains("response.authenticatorData"), "{words}");
    assert_eq!(scene.standin.phone().passkey_refusals(), [""; 0]);
    // The request is still valid.
    assert_eq!(scene.asked().await, asked);
    scene.person.verifies(true).await;
    let answer = scene.answer(&asked).await;
    scene.post_taken(&answer).await;
    scene.manager.until("READY").await;
    scene.end().await;
}

/// Answers with another passkey of the same authenticator, then with the right one but for an
/// earlier request.
#[tokio::test]
async fn authenticators_wrong_assertions_are_refused() {
    let mut scene = Scene::new(Settings::default()).await;
    let asked = scene.scan().await;
    let (other, _) = scene.person.create().await;
    let wrong = scene.person.answer(&asked, &other, json!({})).await;
    scene.post_taken(&wrong.expect("an assertion")).await;
    let again = poll::until("another challenge", async || {
        let now = scene.asked().await;
        (now["public_key"]["challenge"] != asked["public_key"]["challenge"]).then_some(now)
    })
    .await;
    assert_eq!(
        scene.standin.phone().passkey_refusals(),
        ["passkey_unknown"]
    );
    assert_eq!(scene.times("refused").await.as_deref(), Some("1"));
    let late = scene.answer(&asked).await;
    let (status, body) = scene.post(&late).await;
    assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
    let words = body["message"].as_str().expect("words");
    assert!(words.contains("another request"), "{words}");
    let right = scene.answer(&again).await;
    scene.post_taken(&right).await;
    // The page that was scanned can no longer be verified.
    scene.confirm().await;
    scene.manager.until("READY").await;
    scene.end().await;
}

#[tokio::test]
async fn authenticators_answer_after_a_cancellation_is_refused() {
    let mut scene = Scene::new(Settings::default()).await;
    let asked = scene.scan().await;
    let answer = scene.answer(&asked).await;
    let (status, body) = scene.manager.post("/passkey/cancel", &Value::Null).await;
    assert_eq!(status, 200, "{body}");
    scene.manager.until_cause("QR_REQUIRED", "CODE_SHOWN").await;
    let (status, body) = scene.post(&answer).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("PASSKEY_NOT_PENDING"))
    );
    assert_eq!(scene.standin.phone().state().passkeys_wanted, 0);
    // From there linking starts over.
    let asked = scene.scan().await;
    let answer = scene.answer(&asked).await;
    scene.post_taken(&answer).await;
    scene.manager.until("READY").await;
    assert_eq!(scene.standin.phone().passkey_refusals(), [""; 0]);
    scene.end().await;
}

#[tokio::test]
async fn authenticators_answer_after_the_deadline_is_refused() {
    let mut scene = Scene::new(Settings {
        passkey_life: Duration::from_secs(2),
        ..Settings::default()
    })
    .await;
    let asked = scene.scan().await;
    let answer = scene.answer(&asked).await;
    scene.manager.until_cause("QR_REQUIRED", "CODE_SHOWN").await;
    let (status, body) = scene.post(&answer).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("PASSKEY_NOT_PENDING"))
    );
    assert_eq!(scene.times("expired").await.as_deref(), Some("1"));
    assert!(scene.standin.phone().current_code().is_some());
    scene.end().await;
}

#[tokio::test]
async fn authenticator_answers_after_a_pairing_code() {
    let mut scene = Scene::new(Settings::default()).await;
    let number = json!({"phone": PHONE});
    let (status, body) = scene.manager.post("/pairing-code", &number).await;
    assert_eq!(status, 200, "{body}");
    let code = body["code"].as_str().expect("a code");
    let typed = scene.standin.phone().link_code(code);
    assert_eq!(typed.expect("the phone takes it"), "", "no device yet");
    let asked = scene.asked().await;
    let answer = scene.answer(&asked).await;
    scene.post_taken(&answer).await;
    scene.manager.until("READY").await;
    assert_eq!(scene.standin.phone().passkey_refusals(), [""; 0]);
    scene.end().await;
}

/// Checks an account that has a passkey but is not asked for it.
#[tokio::test]
async fn account_that_is_not_asked_needs_no_authenticator() {
    let mut scene = Scene::new(Settings::default()).await;
    scene.standin.phone().settings(Settings::default());
    scene.manager.link(&scene.standin).await;
    let none = json!({"status": "NO_PASSKEY"});
    assert_eq!(scene.manager.get("/passkey").await.1, none);
    let session = scene.manager.session().await;
    assert_eq!(session["passkey"], Value::Null);
    let history = session["history"].as_array().expect("a history");
    assert!(
        history
            .iter()
            .all(|entry| entry["cause"] != "PASSKEY_REQUIRED"),
        "{history:#?}"
    );
    assert_eq!(scene.times("asked").await, None);
    assert!(!scene.manager.service.output().contains("PASSKEY"));
    // Nothing is requested, so an answer is of no use.
    let request = json!({"public_key": {"challenge": "AAAA", "rpId": "whatsapp.com"}});
    let answer = scene.answer(&request).await;
    let (status, body) = scene.post(&answer).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("PASSKEY_NOT_PENDING"))
    );
    scene.end().await;
}
