//! Tests of alerts on both database engines, with a real mail server: an alert
//! is sent once, repeated and resolved, across restarts and with two hubs.

mod channels;
mod conditions;
mod timing;

use std::time::Duration;

use central_hub::{AlertClock, AlertLimits, Deps};
use scratch_database::{Database, MailServer, on_both_engines};
use serde_json::{Value, json};

use crate::fake_session_manager::{FakeSessionManager, state};
use crate::receiver::{Receiver, Reply};
use crate::support::{Hub, ask, code, get, text, wait_until};

/// Builds a `GET /session` body with the fields that matter in these tests.
fn session(state: &str, cause: &str) -> String {
    json!({
        "session": "admin", "state": state, "since": "2026-01-14T13:02:09.336Z", "generation": 4,
        "cause": cause, "cause_message": "because", "linked": true, "account": null, "qr": null,
        "browser": {"running": true}, "page": {"url": ""},
        "restarts": {"total": 0, "recent": 0, "budget": 5, "window_seconds": 600},
        "last_error": null, "history": [],
        "service": {"version": "0.1.0", "started_at": "2026-01-14T13:02:09.336Z"},
    })
    .to_string()
}

fn set_session(manager: &FakeSessionManager, word: &str, cause: &str) {
    manager.set_response("/session", 200, &session(word, cause));
    manager.set_first_events(&[("state", state(word, 2))]);
}

/// Starts a hub with a short check interval and no alert delay.
async fn start(database: &Database, manager: &str, variables: &[(&str, &str)]) -> Hub {
    start_with(database, manager, variables, |_| {}).await
}

/// Starts a hub like [`start`], with this clock.
async fn start_at(
    clock: &AlertClock,
    database: &Database,
    manager: &str,
    variables: &[(&str, &str)],
) -> Hub {
    let change = |deps: &mut Deps| deps.alert_clock = clock.clone();
    start_with(database, manager, variables, change).await
}

async fn start_with(
    database: &Database,
    manager: &str,
    variables: &[(&str, &str)],
    change: impl FnOnce(&mut Deps),
) -> Hub {
    let mut merged = vec![("ALERT_AFTER_MINUTES", "0"), ("ALERT_LANGUAGE", "en")];
    merged.retain(|(name, _)| variables.iter().all(|(overridden, _)| overridden != name));
    merged.extend(variables);
    Hub::start_changed(&database.url(), manager, &merged, |deps| {
        deps.alert_limits = AlertLimits {
            every: Duration::from_millis(40),
            over_after: Duration::from_millis(300),
            first_pause: Duration::from_millis(50),
            ..AlertLimits::default()
        };
        change(deps);
    })
    .await
}

struct Mail {
    server: MailServer,
    url: String,
}

impl Mail {
    fn start(options: &[&str]) -> Self {
        let server = MailServer::start(options).unwrap();
        let url = format!("smtp://127.0.0.1:{}", server.port());
        Self { server, url }
    }

    /// Returns the received mails, in order.
    fn mails(&self) -> Vec<Value> {
        let mails = self.server.mails();
        mails
            .iter()
            .map(|mail| serde_json::from_str(mail).unwrap())
            .collect()
    }

    fn subjects(&self) -> Vec<String> {
        let mails = self.mails();
        let subjects = mails.iter().map(|mail| mail["subject"].as_str().unwrap());
        subjects.map(str::to_owned).collect()
    }

    fn variables(&self) -> [(&str, &str); 3] {
        [
            ("SMTP_URL", &self.url),
            ("ALERT_EMAIL_FROM", "LeadMaster <hub@example.com>"),
            ("ALERT_EMAIL_TO", "ana@example.com, Beto <beto@example.com>"),
        ]
    }

    async fn wait_for(&self, count: usize) -> Vec<Value> {
        wait_until("the mails", async || self.mails().len() >= count).await;
        let mails = self.mails();
        assert_eq!(mails.len(), count, "{:?}", self.subjects());
        mails
    }
}

async fn active_conditions(hub: &Hub) -> Vec<String> {
    let body = get(hub, "/api/alerts").await;
    let conditions = body["holding"].as_array().unwrap();
    let keys = conditions.iter().map(|held| held["key"].as_str().unwrap());
    keys.map(str::to_owned).collect()
}

/// Waits until the hubs have checked the session this many more times.
async fn wait_for_checks(manager: &FakeSessionManager, times: usize) {
    let check_count = || {
        let requests = manager.requests();
        requests
            .iter()
            .filter(|request| request.path == "/session")
            .count()
    };
    let before = check_count();
    wait_until("further checks of the session", async || {
        check_count() >= before + times
    })
    .await;
}

async fn wait_for_conditions(hub: &Hub, keys: &[&str]) {
    wait_until("the active conditions", async || {
        active_conditions(hub).await == keys
    })
    .await;
}

on_both_engines! {
    async fn alert_is_sent_once_cleared_and_raised_again(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "DISCONNECTED", "UNLINKED");
        let hub = start(&database, &manager.url, &mail.variables()).await;
        let first_mail = mail.wait_for(1).await.remove(0);
        assert_eq!(
            first_mail["subject"],
            "LeadMaster: Urgent: WhatsApp was unlinked"
        );
        assert_eq!(
            first_mail["to"],
            json!(["ana@example.com", "beto@example.com"])
        );
        assert_eq!(
            (&first_mail["from"], &first_mail["auto"]),
            (&json!("hub@example.com"), &json!("auto-generated"))
        );
        let text = first_mail["text"].as_str().unwrap();
        assert!(
            text.contains("link the phone again") && text.contains("Since 2026-01-14 10:02."),
            "{text}"
        );
        // The alert stays active without repeats, and a restart of the hub sends nothing.
        wait_until("the alert to be delivered", async || {
            get(&hub, "/api/alerts").await["told"][0]["state"] == "sent"
        })
        .await;
        wait_for_conditions(&hub, &["SESSION_NOT_READY"]).await;
        hub.stop().await;
        let hub = start(&database, &manager.url, &mail.variables()).await;
        // Once the second check has begun, the first has been handled.
        wait_for_checks(&manager, 2).await;
        wait_for_conditions(&hub, &["SESSION_NOT_READY"]).await;
        set_session(&manager, "READY", "SYNCED");
        let resolved_mail = mail.wait_for(2).await.remove(1);
        assert_eq!(
            resolved_mail["subject"],
            "LeadMaster: Resolved: WhatsApp was unlinked"
        );
        assert!(active_conditions(&hub).await.is_empty());
        set_session(&manager, "QR_REQUIRED", "CODE_SHOWN");
        let repeated_mail = mail.wait_for(3).await.remove(2);
        assert_eq!(
            repeated_mail["subject"],
            "LeadMaster: Urgent: the phone must be linked"
        );
        assert_ne!(repeated_mail["id"], first_mail["id"]);
        let body = get(&hub, "/api/alerts").await;
        let kinds: Vec<_> = body["told"]
            .as_array()
            .unwrap()
            .iter()
            .map(|alert| &alert["kind"])
            .collect();
        assert_eq!(kinds, ["raised", "cleared", "raised"]);
        assert_eq!(
            body["ways"],
            json!([{"way": "email", "to": "ana@example.com, beto@example.com"}])
        );
        hub.stop().await;
    }

    async fn refused_mail_is_retried_with_the_same_id(database: Database) {
        let mail = Mail::start(&["--refuse", "2"]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "DISCONNECTED", "CONFLICT");
        let hub = start(&database, &manager.url, &mail.variables()).await;
        mail.wait_for(1).await;
        wait_until("the alert to be delivered", async || {
            let body = get(&hub, "/api/alerts").await;
            body["told"][0]["state"] == "sent"
        })
        .await;
        let body = get(&hub, "/api/alerts").await;
        assert_eq!(body["told"][0]["attempts"], 3, "{body}");
        hub.stop().await;
    }

    async fn paused_campaign_and_unreachable_session_manager_raise_alerts(database: Database) {
        let mail = Mail::start(&[]);
        let hub = start(
            &database,
            &FakeSessionManager::unused_url().await,
            &mail.variables(),
        )
        .await;
        mail.wait_for(1).await;
        let body = json!({"nombre": "Mayo", "mensaje": "Hola"});
        let (status, campaign) = ask(&hub, "POST", "/api/sender/campaigns", Some(&body)).await;
        assert_eq!(status, 201, "{campaign}");
        let id = campaign["id"].as_i64().unwrap();
        let path = format!("/api/sender/campaigns/{id}/recipients");
        let list = hub
            .http
            .post(hub.url(&path))
            .header("content-type", "text/csv");
        let (status, answer) = text(list.body("telefono;nombre\n5491158254201;Ana\n")).await;
        assert!(status < 300, "{answer}");
        hub.store.approve_campaign(id, true, false).await.unwrap();
        hub.store
            .pause_campaign(id, "MANY_FAILURES", None, None)
            .await
            .unwrap();
        mail.wait_for(2).await;
        let mut subjects = mail.subjects();
        subjects.sort();
        assert_eq!(
            subjects,
            [
                "LeadMaster: Urgent: session-manager does not answer",
                "LeadMaster: the campaign “Mayo” was paused automatically",
            ]
        );
        wait_for_conditions(
            &hub,
            &["SESSION_MANAGER_DOWN", &format!("CAMPAIGN_STOPPED/{id}")],
        )
        .await;
        hub.stop().await;
    }

    async fn alert_webhook_gets_the_signed_template(database: Database) {
        let receiver = Receiver::start().await;
        receiver.set_replies("/hook", &[Reply::Status(500), Reply::Status(200)]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "ERROR", "TEMPORARILY_BANNED");
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let url = receiver.url("/hook");
        let hub = start(
            &database,
            &manager.url,
            &[
                ("ALERT_WEBHOOK_URL", &url),
                ("ALERT_WEBHOOK_SECRET", secret),
                (
                    "ALERT_WEBHOOK_BODY",
                    r#"{"chat_id": 7, "text": "{{message}}", "level": "{{severity}}"}"#,
                ),
            ],
        )
        .await;
        wait_until("two deliveries of the alert", async || {
            receiver.deliveries("/hook").len() == 2
        })
        .await;
        let deliveries = receiver.deliveries("/hook");
        assert_eq!(deliveries[0].id(), deliveries[1].id());
        assert!(
            deliveries
                .iter()
                .all(|deliveries| deliveries.is_signed(secret))
        );
        let body = deliveries[1].json();
        assert_eq!(
            (&body["chat_id"], &body["level"]),
            (&json!(7), &json!("critical"))
        );
        let text = body["text"].as_str().unwrap();
        assert!(
            text.starts_with("LeadMaster: Urgent: WhatsApp blocked the account\n\n"),
            "{text}"
        );
        hub.stop().await;
    }

    async fn session_manager_metrics_raise_alerts(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "READY", "SYNCED");
        manager.set_response("/metrics", 200, "leadmaster_profile_bytes 4294967296\nleadmaster_backup_failed 1\nleadmaster_clock_skew_seconds -75\n");
        let hub = start(&database, &manager.url, &mail.variables()).await;
        mail.wait_for(3).await;
        let mut keys = active_conditions(&hub).await;
        keys.sort();
        assert_eq!(
            keys,
            ["BACKUP_FAILED/session", "CLOCK_OFF", "LARGE_PROFILE"]
        );
        manager.set_response("/metrics", 200, "leadmaster_profile_bytes 1\nleadmaster_backup_failed 0\nleadmaster_clock_skew_seconds 1\n");
        mail.wait_for(6).await;
        wait_for_conditions(&hub, &[]).await;
        hub.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_on_one_store_send_each_alert_once() {
    let database = Database::postgres();
    let mail = Mail::start(&[]);
    let manager = FakeSessionManager::start().await;
    set_session(&manager, "DISCONNECTED", "UNLINKED");
    let variables = mail.variables();
    let (first_hub, second_hub) = tokio::join!(
        start(&database, &manager.url, &variables),
        start(&database, &manager.url, &variables),
    );
    mail.wait_for(1).await;
    set_session(&manager, "READY", "SYNCED");
    mail.wait_for(2).await;
    set_session(&manager, "DISCONNECTED", "CONFLICT");
    mail.wait_for(3).await;
    // The counter is shared, so this many checks include both hubs.
    wait_for_checks(&manager, 20).await;
    wait_until("both hubs to check the session", async || {
        active_conditions(&first_hub).await == ["SESSION_NOT_READY"]
            && active_conditions(&second_hub).await == ["SESSION_NOT_READY"]
    })
    .await;
    assert_eq!(mail.mails().len(), 3, "{:?}", mail.subjects());
    first_hub.stop().await;
    second_hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_is_sent_once_a_day() {
    let database = Database::sqlite();
    let mail = Mail::start(&[]);
    let manager = FakeSessionManager::start().await;
    set_session(&manager, "READY", "SYNCED");
    let mut variables = mail.variables().to_vec();
    variables.push(("ALERT_DIGEST_AT", "00:00"));
    // A new hub skips today's digest, as if yesterday's had been sent.
    let store = {
        let hub = start(&database, &manager.url, &variables).await;
        wait_until("the conditions to be stored", async || {
            hub.store
                .setting("alert_digest_day")
                .await
                .unwrap()
                .is_some()
        })
        .await;
        assert!(mail.mails().is_empty());
        hub.store
            .set("alert_digest_day", "2026-01-01")
            .await
            .unwrap();
        hub
    };
    let mails = mail.wait_for(1).await;
    let subject = mails[0]["subject"].as_str().unwrap();
    assert!(
        subject.starts_with("LeadMaster: summary of ") && subject.ends_with(": all is well"),
        "{subject}"
    );
    assert!(
        mails[0]["text"]
            .as_str()
            .unwrap()
            .contains("WhatsApp is connected.")
    );
    wait_until("the alert to be delivered", async || {
        get(&store, "/api/alerts").await["told"][0]["state"] == "sent"
    })
    .await;
    store.stop().await;
    let hub = start(&database, &manager.url, &variables).await;
    set_session(&manager, "DISCONNECTED", "UNLINKED");
    let mails = mail.wait_for(2).await;
    assert!(
        mails[1]["subject"].as_str().unwrap().contains("Urgent"),
        "there must be no second digest"
    );
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_test_reports_the_result_of_each_channel() {
    let database = Database::sqlite();
    let manager = FakeSessionManager::start().await;
    set_session(&manager, "READY", "SYNCED");
    let nobody = start(&database, &manager.url, &[]).await;
    let (status, body) = nobody.post("/api/alerts/test", "").await;
    assert_eq!(
        (status, code(&body).as_str()),
        (409, "ALERTS_NOT_CONFIGURED")
    );
    assert_eq!(get(&nobody, "/alerts").await["ways"], json!([]));
    nobody.stop().await;
    let mail = Mail::start(&[]);
    let receiver = Receiver::start().await;
    receiver.set_replies("/T0/secret", &[Reply::Status(404)]);
    let url = receiver.url("/T0/secret");
    let mut variables = mail.variables().to_vec();
    variables.push(("ALERT_WEBHOOK_URL", &url));
    let hub = start(&database, &manager.url, &variables).await;
    let (status, body) = ask(&hub, "POST", "/api/alerts/test", None).await;
    assert_eq!((status, &body["ok"]), (200, &json!(false)), "{body}");
    assert_eq!(
        body["ways"][0],
        json!({"way": "email", "to": "ana@example.com, beto@example.com", "ok": true})
    );
    assert_eq!(
        (&body["ways"][1]["way"], &body["ways"][1]["code"]),
        (&json!("webhook"), &json!("REFUSED"))
    );
    assert!(!body.to_string().contains("secret"), "{body}");
    assert_eq!(
        mail.wait_for(1).await[0]["subject"],
        "LeadMaster: Test of the alerts"
    );
    let envelope = receiver.deliveries("/T0/secret").remove(0).json();
    assert_eq!(
        (&envelope["type"], &envelope["data"]["kind"]),
        (&json!("alert"), &json!("test"))
    );
    hub.stop().await;
}
