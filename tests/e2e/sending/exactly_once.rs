//! Tests that every message is sent exactly once: whatever is killed during a send, the service
//! settles the outcome by itself.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use harness::processes::{self, kill_hard};
use harness::standin::{
    CappingStatus, LeadMessage, Limits, NewChats, ReachOutLock, SendBehavior, Settings, Standin,
};
use harness::{Events, Manager, ManagerOptions, SmallDisk, poll, start_linked};
use serde_json::{Value, json};

use super::write_wa_js;

const TO: &str = "5491158254201";

/// Returns settings of a slow server, so that a send can be interrupted.
fn slow_settings(ms: u64) -> Settings {
    Settings {
        server_ack: Duration::from_millis(ms),
        ..Settings::default()
    }
}

/// Starts a `POST /send`. Its task returns `None` if the service was killed.
fn start_send(
    manager: &Manager,
    key: Option<&str>,
    to: &str,
    message: &str,
) -> tokio::task::JoinHandle<Option<(u16, Value)>> {
    let mut request = manager.client().post(manager.url("/send"));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let request = request.json(&json!({"to": to, "message": message}));
    tokio::spawn(async move {
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.json().await.ok()?))
    })
}

async fn send(manager: &Manager, key: Option<&str>, to: &str, message: &str) -> (u16, Value) {
    let response = start_send(manager, key, to, message)
        .await
        .expect("no panic");
    response.expect("an answer")
}

async fn status_of(manager: &Manager, id: &str) -> Value {
    let id = id.replace('@', "%40");
    let (status, body) = manager.get(&format!("/messages/{id}")).await;
    assert_eq!(status, 200, "{body}");
    body
}

async fn wait_for_status(manager: &Manager, id: &str, expected: &[&str]) -> Value {
    poll::until(format!("{id} to be {expected:?}"), async || {
        let body = status_of(manager, id).await;
        expected
            .contains(&body["status"].as_str().unwrap_or_default())
            .then_some(body)
    })
    .await
}

/// Waits until the phone's server has this many messages.
async fn wait_for_messages(standin: &Standin, count: usize) {
    let arrived = standin
        .phone()
        .wait_for(harness::PATIENCE, |phone| {
            (phone.messages().len() >= count).then_some(())
        })
        .await;
    assert!(arrived.is_some(), "{count} messages did not arrive");
}

/// Asserts that these texts arrived once each, under separate ids.
fn assert_each_arrived_once(standin: &Standin, texts: impl IntoIterator<Item = String>) {
    let messages = standin.phone().messages();
    let mut arrived: Vec<_> = messages.iter().map(|m| m.body.clone()).collect();
    let mut expected: Vec<_> = texts.into_iter().collect();
    arrived.sort();
    expected.sort();
    assert_eq!(arrived, expected);
    let ids: BTreeSet<_> = messages.iter().map(|m| &m.id).collect();
    assert_eq!(ids.len(), messages.len());
}

/// Kills the service while the page waits for the server, which has the message (`Ok`), has it but
/// sends no ack (`Silent`), or never received it.
#[tokio::test]
async fn service_killed_during_a_send_sends_it_once() {
    let (standin, mut manager) =
        start_linked(slow_settings(20_000), ManagerOptions::default()).await;
    let phone = standin.phone();
    let behaviors = [
        ("ok", SendBehavior::Ok),
        ("silent", SendBehavior::Silent),
        ("lost", SendBehavior::Lost),
    ];
    for (name, outcome) in behaviors {
        let accepted_count = phone.messages().len();
        let refused_count = phone.refusals().len();
        phone.settings(slow_settings(20_000));
        phone.rule(None, outcome, Some(1));
        let caller = start_send(&manager, Some(name), TO, name);
        poll::until("the message at the server", async || {
            (phone.messages().len() > accepted_count || phone.refusals().len() > refused_count)
                .then_some(())
        })
        .await;
        manager.service.kill().await;
        assert_eq!(
            caller.await.expect("no panic"),
            None,
            "the killed service must not have answered"
        );
        processes::assert_none_left(&manager.tokens()).await;
        phone.rule(None, SendBehavior::Ok, None);
        phone.settings(Settings::default());
        manager.restart().await;
        // A request with the same key waits for the outcome, which the service settles by itself.
        let (status, body) = send(&manager, Some(name), TO, name).await;
        assert_eq!(status, 200, "{name}: {body}");
        let id = body["message_id"].as_str().expect("an id").to_owned();
        wait_for_status(&manager, &id, &["sent", "delivered"]).await;
        let (_, repeated) = send(&manager, Some(name), TO, name).await;
        assert_eq!(repeated["message_id"], json!(id));
        assert!(
            phone
                .messages()
                .iter()
                .any(|m| m.key == id && m.body == name)
        );
    }
    assert_each_arrived_once(&standin, behaviors.map(|(name, _)| name.to_owned()));
    manager.stop().await;
}

#[tokio::test]
async fn unretried_send_is_settled_and_published() {
    let (standin, mut manager) =
        start_linked(slow_settings(20_000), ManagerOptions::default()).await;
    let _caller = start_send(&manager, None, TO, "sin clave");
    wait_for_messages(&standin, 1).await;
    let key = standin.phone().messages()[0].id.clone();
    manager.service.kill().await;
    processes::assert_none_left(&manager.tokens()).await;
    standin.phone().settings(Settings::default());
    manager.restart().await;
    let url = manager.url("/events");
    let mut events = manager.client().get(url).send().await.expect("events");
    assert_eq!(status_of(&manager, &key).await["status"], "unconfirmed");
    let mut received_text = String::new();
    while !received_text
        .split("event: ack")
        .skip(1)
        .any(|event| event.contains(&key))
    {
        let chunk = events.chunk().await.expect("a stream").expect("no end");
        received_text.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(!received_text.contains("sin clave"));
    let body = wait_for_status(&manager, &key, &["sent", "delivered"]).await;
    assert_eq!(body["ledger_id"], json!(key));
    assert!(body.get("text").is_none() && body.get("message").is_none());
    assert_each_arrived_once(&standin, ["sin clave".to_owned()]);
    manager.stop().await;
}

#[tokio::test]
async fn chrome_killed_during_sends_sends_each_once() {
    let (standin, mut manager) =
        start_linked(slow_settings(20_000), ManagerOptions::default()).await;
    let texts: Vec<_> = (0..12).map(|n| format!("mensaje {n}")).collect();
    let callers: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| start_send(&manager, Some(text), &format!("54911582542{n:02}"), text))
        .collect();
    wait_for_messages(&standin, 6).await;
    manager.wait_until_stored().await;
    standin.phone().settings(Settings::default());
    kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
    for caller in callers {
        let (status, body) = caller.await.expect("no panic").expect("an answer");
        // A message that had not begun was not sent, and may be retried.
        assert!([504, 503, 502].contains(&status), "{status} {body}");
    }
    manager.wait_for_state("READY").await;
    for (n, text) in texts.iter().enumerate() {
        let to = format!("54911582542{n:02}");
        let (status, body) = send(&manager, Some(text), &to, text).await;
        assert_eq!(status, 200, "{text}: {body}");
    }
    assert_each_arrived_once(&standin, texts);
    manager.stop().await;
}

#[tokio::test]
async fn missing_outcome_is_settled() {
    let options = ManagerOptions::default().with("SEND_DEADLINE_MS", 1_500);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let cases = [
        SendBehavior::Silent,
        SendBehavior::Lost,
        SendBehavior::NetworkError,
        // The page itself fails. Either the server has the message, or it has not.
        SendBehavior::Unknown,
        SendBehavior::UnknownTaken,
    ];
    for (n, outcome) in cases.into_iter().enumerate() {
        let (to, text) = (format!("549115825420{n}"), format!("duda {n}"));
        phone.rule(Some(&to), outcome, Some(1));
        let (status, body) = send(&manager, Some(&text), &to, &text).await;
        assert_eq!(
            (status, &body["code"]),
            (504, &json!("SEND_UNCONFIRMED")),
            "{outcome:?}"
        );
        // The response says where the outcome will be reported.
        let message = body["message"].as_str().expect("a message");
        let id = message.split("/messages/").nth(1).expect("an id");
        let id = id.split(' ').next().expect("an id");
        wait_for_status(&manager, id, &["sent", "delivered"]).await;
        let (status, body) = send(&manager, Some(&text), &to, &text).await;
        assert_eq!(status, 200, "{body}");
        assert!(body["message_id"].as_str().expect("an id").ends_with(id));
    }
    assert_each_arrived_once(&standin, (0..cases.len()).map(|n| format!("duda {n}")));
    manager.stop().await;
}

#[tokio::test]
async fn certainly_unsent_message_can_be_retried() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    for (outcome, status, code, named) in [
        (SendBehavior::Refuse, 502, "SEND_FAILED", "479"),
        (SendBehavior::ReachOut463, 429, "REACH_OUT_LIMIT", "463"),
        (SendBehavior::NewChats475, 429, "NEW_CHAT_LIMIT", "475"),
        (SendBehavior::Expired, 502, "SEND_FAILED", "ERROR_EXPIRED"),
    ] {
        let text = format!("{outcome:?}");
        phone.rule(None, outcome, Some(1));
        let (first_status, body) = send(&manager, Some(&text), TO, &text).await;
        assert_eq!(
            (first_status, &body["code"]),
            (status, &json!(code)),
            "{body}"
        );
        let message = body["message"].as_str().expect("a message");
        assert!(message.contains(named), "{message}");
        let refused_id = phone.refusals().last().expect("a refusal").id.clone();
        let body = status_of(&manager, &refused_id).await;
        assert_eq!(
            (&body["status"], &body["error"]),
            (&json!("failed"), &json!(code))
        );
        // The retry is the same message, under the same id.
        let (status, body) = send(&manager, Some(&text), TO, &text).await;
        assert_eq!(status, 200, "{body}");
        let id = body["message_id"].as_str().expect("an id").to_owned();
        assert!(id.ends_with(&refused_id), "{id} {refused_id}");
        let (status, body) = send(&manager, Some(&text), TO, "otro texto").await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("IDEMPOTENCY_KEY_REUSED"))
        );
    }
    phone
        .set_on_whatsapp("5491100000009", false)
        .expect("a number");
    for _ in 0..2 {
        let (status, body) = send(&manager, Some("nadie"), "5491100000009", "hola").await;
        assert_eq!((status, &body["code"]), (404, &json!("NOT_ON_WHATSAPP")));
    }
    assert_eq!(phone.messages().len(), 4);
    let (status, body) = manager.get("/messages/3EB000").await;
    assert_eq!((status, &body["code"]), (404, &json!("MESSAGE_NOT_FOUND")));
    manager.stop().await;
}

#[tokio::test]
async fn acks_advance_the_message_state() {
    let settings = Settings {
        delivered_ack: None,
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let (status, body) = send(&manager, None, TO, "hola").await;
    assert_eq!(status, 200, "{body}");
    let id = body["message_id"].as_str().expect("an id").to_owned();
    let body = status_of(&manager, &id).await;
    assert_eq!(body["status"], "sent");
    assert_eq!(body["message_id"], json!(id));
    for (ack, status) in [(2, "delivered"), (3, "read"), (4, "played")] {
        standin.phone().ack(&id, ack).expect("an ack");
        let body = wait_for_status(&manager, &id, &[status]).await;
        for time in ["created_at", "sent_at", &format!("{status}_at")] {
            assert!(body[time].is_string(), "{time} in {body}");
        }
    }
    manager.stop().await;
    manager.restart().await;
    assert_eq!(status_of(&manager, &id).await["status"], "played");
    // Stop it immediately after its start.
    manager.stop().await;
}

#[tokio::test]
async fn concurrent_sends_keep_the_order_of_each_recipient() {
    let (standin, mut manager) = start_linked(slow_settings(50), ManagerOptions::default()).await;
    let manager_ref = &manager;
    let callers = (0..64).map(|n| async move {
        let to = format!("54911582542{n:02}");
        for turn in 0..3 {
            let (status, body) = send(manager_ref, None, &to, &format!("{n}/{turn}")).await;
            assert_eq!(status, 200, "{body}");
        }
    });
    join_all(callers).await;
    let messages = standin.phone().messages();
    assert_eq!(messages.len(), 64 * 3);
    for n in 0..64 {
        let to = format!("54911582542{n:02}");
        let texts: Vec<_> = messages
            .iter()
            .filter(|m| m.to == to)
            .map(|m| m.body.clone())
            .collect();
        assert_eq!(
            texts,
            (0..3).map(|turn| format!("{n}/{turn}")).collect::<Vec<_>>()
        );
    }
    // Concurrent sends to one number arrive in order, each once.
    let to_one = (0..16).map(|n| start_send(&manager, None, TO, &format!("uno {n}")));
    for answer in join_all(to_one).await {
        assert_eq!(answer.expect("no panic").expect("an answer").0, 200);
    }
    assert_eq!(standin.phone().messages().len(), 64 * 3 + 16);
    manager.stop().await;
}

#[tokio::test]
async fn sends_over_the_queue_limit_are_refused() {
    let options = ManagerOptions::default()
        .with("SENDS_IN_FLIGHT", 2)
        .with("SENDS_WAITING", 3);
    let (standin, mut manager) = start_linked(slow_settings(1_500), options).await;
    let callers: Vec<_> = (0..20)
        .map(|n| {
            let request = manager.client().post(manager.url("/send"));
            let body = json!({"to": format!("54911582542{n:02}"), "message": n.to_string()});
            request.json(&body).send()
        })
        .collect();
    let (mut sent_count, mut refused_count) = (Vec::new(), 0);
    for (n, response) in join_all(callers).await.into_iter().enumerate() {
        let response = response.expect("an answer");
        if response.status() == 200 {
            sent_count.push(n.to_string());
            continue;
        }
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        let body: Value = response.json().await.expect("a body");
        assert_eq!(body["code"], "OVERLOADED");
        refused_count += 1;
    }
    assert_eq!((sent_count.len(), refused_count), (5, 15));
    assert_each_arrived_once(&standin, sent_count);
    manager.stop().await;
}

#[tokio::test]
async fn caller_hangup_does_not_cancel_the_send() {
    let (standin, mut manager) = start_linked(slow_settings(800), ManagerOptions::default()).await;
    let caller = start_send(&manager, Some("k"), TO, "hola");
    wait_for_messages(&standin, 1).await;
    caller.abort();
    let id = standin.phone().messages()[0].id.clone();
    wait_for_status(&manager, &id, &["sent", "delivered"]).await;
    let (status, body) = send(&manager, Some("k"), TO, "hola").await;
    assert_eq!(status, 200);
    assert!(body["message_id"].as_str().expect("an id").ends_with(&id));
    assert_each_arrived_once(&standin, ["hola".to_owned()]);
    manager.stop().await;
}

#[tokio::test]
async fn unavailable_ledger_refuses_sends() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    manager.stop().await;
    let data = manager.folder.join("data");
    std::fs::remove_dir_all(&data).expect("the ledger");
    std::fs::create_dir(&data).expect("a folder");
    let file = data.join("ledger.db");
    std::fs::write(&file, b"not a database, and long enough".repeat(500)).expect("a file");
    manager.restart().await;
    let session = manager.wait_for_cause("ERROR", "LEDGER_UNAVAILABLE").await;
    assert_eq!(session["last_error"]["code"], "LEDGER_UNAVAILABLE");
    assert_eq!(manager.get("/health").await.0, 200);
    let (status, body) = send(&manager, None, TO, "hola").await;
    assert_eq!((status, &body["code"]), (503, &json!("LEDGER_UNAVAILABLE")));
    assert_eq!(
        manager.get("/messages/3EB0").await.1["code"],
        "LEDGER_UNAVAILABLE"
    );
    assert!(standin.phone().messages().is_empty());
    assert!(manager.service.output().contains("ledger"));
    // The ledger is repaired while the service runs.
    std::fs::remove_file(&file).expect("the invalid database");
    manager.wait_for_state("READY").await;
    let (status, body) = send(&manager, Some("k"), TO, "hola").await;
    assert_eq!(status, 200, "{body}");
    assert_each_arrived_once(&standin, ["hola".to_owned()]);
    manager.stop().await;
}

/// Needs root, to mount a disk that is small enough to fill. The crate's own test of a full disk
/// does not.
#[tokio::test]
async fn full_disk_is_an_error_until_there_is_room() {
    let Some(disk) = SmallDisk::mount(1) else {
        return;
    };
    let options = ManagerOptions::default().with("DATA_DIR", disk.path().display());
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    disk.fill();
    let long_text = |n: usize| format!("{n} {}", "largo ".repeat(10_000));
    let mut sent_texts = Vec::new();
    // The write-ahead log may still have some free space.
    let first_refused = loop {
        let text = long_text(sent_texts.len());
        let (status, body) = send(&manager, Some(&text[..2]), TO, &text).await;
        if status != 200 {
            assert_eq!((status, &body["code"]), (503, &json!("LEDGER_UNAVAILABLE")));
            break text;
        }
        sent_texts.push(text);
    };
    manager.wait_for_cause("ERROR", "LEDGER_UNAVAILABLE").await;
    let (status, body) = send(&manager, None, TO, "corto").await;
    assert_eq!((status, &body["code"]), (503, &json!("LEDGER_UNAVAILABLE")));
    // Incoming messages stay in the page, and are published once there is room.
    for n in 0..3 {
        let lead = LeadMessage::text(TO, format!("{n} {}", "entra ".repeat(2_000)));
        standin.phone().lead_message(&lead).expect("a message");
    }
    disk.make_room();
    manager.wait_for_state("READY").await;
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    let published = events
        .read_until(|event| {
            event.data["body"]
                .as_str()
                .is_some_and(|body| body.starts_with("2 "))
        })
        .await;
    let published = published.iter().filter(|event| event.name == "message");
    assert_eq!(published.count(), 3);
    let (status, body) = send(&manager, Some(&first_refused[..2]), TO, &first_refused).await;
    assert_eq!(status, 200, "{body}");
    sent_texts.push(first_refused);
    assert_each_arrived_once(&standin, sent_texts);
    manager.stop().await;
}

#[tokio::test]
async fn missing_acks_end_ready() {
    let options = ManagerOptions::default().with("ACK_PATIENCE_SECONDS", 1);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    phone.rule(None, SendBehavior::Silent, Some(1));
    let caller = start_send(&manager, Some("k"), TO, "hola");
    let session = manager
        .wait_for_cause("AUTHENTICATED", "ACKS_STOPPED")
        .await;
    assert_eq!(session["restarts"]["total"], 0, "only the page is reloaded");
    let (status, body) = caller.await.expect("no panic").expect("an answer");
    assert_eq!((status, &body["code"]), (504, &json!("SEND_UNCONFIRMED")));
    manager.wait_for_state("READY").await;
    let (status, body) = send(&manager, Some("k"), TO, "hola").await;
    assert_eq!(status, 200, "{body}");
    // While others are acknowledged, a missing ack does not count.
    phone.rule(Some("5491158254299"), SendBehavior::Silent, Some(1));
    let silent = start_send(&manager, Some("s"), "5491158254299", "callado");
    let ready_since = manager.session().await["since"].clone();
    // Wait three times the ack timeout.
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        let (status, body) = send(&manager, None, TO, "otro").await;
        assert_eq!(status, 200, "{body}");
    }
    assert_eq!(manager.session().await["since"], ready_since);
    silent.abort();
    manager.stop().await;
}

#[tokio::test]
async fn failed_lookup_is_not_missing_whatsapp() {
    let settings = Settings {
        query: Duration::from_secs(30),
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let phone = standin.phone();
    let request = manager.client().post(manager.url("/send"));
    let request = request.header("idempotency-key", "k");
    let request = request.json(&json!({"to": TO, "message": "hola"}));
    let caller = tokio::spawn(request.send());
    // The network is lost while the number is looked up.
    poll::until("the number lookup", async || {
        (phone.state().lookups > 0).then_some(())
    })
    .await;
    phone.set_network(false);
    let lookup_failure = caller.await.expect("no panic").expect("an answer");
    assert_eq!(lookup_failure.status(), 502);
    assert_eq!(lookup_failure.headers()["retry-after"], "2");
    let body: Value = lookup_failure.json().await.expect("JSON");
    assert_eq!(body["code"], "SEND_FAILED", "{body}");
    // A request that arrives now, before anything begins, gets the answer that the session is not
    // ready.
    let (status, body) = send(&manager, Some("k"), TO, "hola").await;
    assert_eq!((status, &body["code"]), (503, &json!("SESSION_NOT_READY")));
    phone.settings(Settings::default());
    phone.set_network(true);
    manager.wait_for_state("READY").await;
    let (status, body) = send(&manager, Some("k"), TO, "hola").await;
    assert_eq!(status, 200, "{body}");
    assert_each_arrived_once(&standin, ["hola".to_owned()]);
    manager.stop().await;
}

/// Checks that every failure of a file is settled: for a file, each failure of the page sets ack
/// -1, even the page's own.
#[tokio::test]
async fn file_failure_without_a_code_is_settled() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    for (n, outcome) in [
        SendBehavior::Unknown,
        SendBehavior::UnknownTaken,
        SendBehavior::NetworkError,
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("nota-{n}.txt");
        phone.rule(None, outcome, Some(1));
        let (status, body) = send_file(&manager, &name, &name).await;
        assert_eq!(
            (status, &body["code"]),
            (504, &json!("SEND_UNCONFIRMED")),
            "{outcome:?}: {body}"
        );
        let (status, body) = send_file(&manager, &name, &name).await;
        assert_eq!(status, 200, "{outcome:?}: {body}");
    }
    // An error number comes from the server, for a file as well.
    phone.rule(None, SendBehavior::ReachOut463, Some(1));
    let (status, body) = send_file(&manager, "limite", "nota-9.txt").await;
    assert_eq!((status, &body["code"]), (429, &json!("REACH_OUT_LIMIT")));
    let names = |message: harness::standin::Received| {
        let file = message.details.file.expect("a file");
        file.filename.expect("a name")
    };
    let mut names: Vec<_> = phone.messages().into_iter().map(names).collect();
    names.sort();
    assert_eq!(names, ["nota-0.txt", "nota-1.txt", "nota-2.txt"]);
    manager.stop().await;
}

async fn send_file(manager: &Manager, key: &str, name: &str) -> (u16, Value) {
    let json = json!({"to": TO, "type": "document"}).to_string();
    let file = reqwest::multipart::Part::bytes(name.as_bytes().to_vec())
        .file_name(name.to_owned())
        .mime_str("text/plain")
        .expect("a type");
    let form = reqwest::multipart::Form::new()
        .text("json", json)
        .part("file", file);
    let request = manager.client().post(manager.url("/send"));
    let request = request.header("idempotency-key", key).multipart(form);
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.json().await.expect("a body"))
}

#[tokio::test]
async fn blocked_recipient_is_refused_and_nothing_is_sent() {
    for lid_migrated in [false, true] {
        let settings = Settings {
            lid_migrated,
            ..Settings::default()
        };
        let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
        let phone = standin.phone();
        let (status, body) = send(&manager, None, TO, "antes").await;
        assert_eq!(status, 200, "{body}");
        phone.block_contact(TO, true).expect("a number");
        let refusal = poll::until("the page to know of the block", async || {
            let (status, body) = send(&manager, Some("bloqueado"), TO, "hola").await;
            (status != 200).then_some((status, body))
        });
        let (status, body) = refusal.await;
        assert_eq!(
            (status, &body["code"]),
            (403, &json!("RECIPIENT_BLOCKED")),
            "{body}"
        );
        let (status, body) = send_file(&manager, "archivo", "nota.txt").await;
        assert_eq!((status, &body["code"]), (403, &json!("RECIPIENT_BLOCKED")));
        // The page was not asked, so it stored nothing.
        assert_eq!(phone.held_back(), Vec::<String>::new());
        let message_count = phone.messages().len();
        // Other sends continue, and the session is not affected.
        let ready_since = manager.session().await["since"].clone();
        let (status, _) = send(&manager, None, "5491158254299", "otro").await;
        assert_eq!(status, 200);
        phone.block_contact(TO, false).expect("a number");
        let accepted = poll::until("the message to be accepted", async || {
            let (status, body) = send(&manager, Some("bloqueado"), TO, "hola").await;
            (status == 200).then_some(body)
        });
        accepted.await;
        assert_eq!(manager.session().await["since"], ready_since);
        assert_eq!(phone.messages().len(), message_count + 2);
        manager.stop().await;
    }
}

/// Checks a block that the page notices only when it sends. The page stores the message and throws;
/// for a file, wa-js gets an error without a number.
#[tokio::test]
async fn block_that_only_the_page_notices_is_refused_and_holds_no_lane() {
    for lid_migrated in [false, true] {
        let settings = Settings {
            lid_migrated,
            late_blocklist: true,
            ..Settings::default()
        };
        let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
        let phone = standin.phone();
        let (status, first) = send(&manager, None, TO, "antes").await;
        assert_eq!(status, 200, "{first}");
        for (turn, kind) in ["texto", "archivo"].into_iter().enumerate() {
            phone.block_contact(TO, true).expect("a number");
            // The phone's lines arrive in order, so the page has received the block.
            let lead = LeadMessage::text("5491158254298", "hola");
            phone.lead_message(&lead).expect("a message");
            let is_received = phone.wait_for(harness::PATIENCE, |phone| {
                (phone.state().devices[0].waiting == 0).then_some(())
            });
            is_received.await.expect("a page that received the block");
            let send_again = async || match kind {
                "texto" => send(&manager, Some(kind), TO, "hola").await,
                _ => send_file(&manager, kind, "nota.txt").await,
            };
            let (status, body) = send_again().await;
            assert_eq!(
                (status, &body["code"]),
                (403, &json!("RECIPIENT_BLOCKED")),
                "{kind}: {body}"
            );
            // The page itself refused, and reports it by a separate line.
            let refused_keys = poll::until("the page to refuse the message", async || {
                let refused_keys = phone.held_back();
                (refused_keys.len() > turn).then_some(refused_keys)
            })
            .await;
            assert_eq!(refused_keys.len(), turn + 1, "{kind}");
            let key = refused_keys.last().expect("a key");
            let id = key.rsplit('_').next().expect("an id");
            let body = status_of(&manager, id).await;
            assert_eq!(
                (&body["status"], &body["error"]),
                (&json!("failed"), &json!("RECIPIENT_BLOCKED"))
            );
            phone.block_contact(TO, false).expect("a number");
            // The lane is free, and the page continues to work.
            poll::until("another message to be accepted", async || {
                let (status, body) = send(&manager, None, TO, "otro").await;
                assert_ne!(body["code"], "EARLIER_UNCONFIRMED", "{body}");
                (status == 200).then_some(())
            })
            .await;
            let (status, body) = send_again().await;
            assert_eq!(status, 200, "{kind}: {body}");
            let sent_id = body["message_id"].as_str().expect("an id");
            assert!(sent_id.ends_with(id), "{sent_id} {id}");
        }
        let times = |wanted: &str| {
            let messages = phone.messages();
            messages.iter().filter(|m| m.id == wanted).count()
        };
        for key in phone.held_back() {
            assert_eq!(times(key.rsplit('_').next().expect("an id")), 1);
        }
        manager.stop().await;
    }
}

/// Checks that a saved contact is looked up at the server, although wa-js trusts the phone's saved
/// contacts.
#[tokio::test]
async fn saved_contact_without_whatsapp_is_looked_up_at_the_server() {
    const NOBODY: &str = "5491100000404";
    for lid_migrated in [false, true] {
        let settings = Settings {
            lid_migrated,
            ..Settings::default()
        };
        let standin = harness::start_standin(settings.clone()).await;
        let phone = standin.phone();
        phone.set_on_whatsapp(NOBODY, false).expect("a number");
        phone.save_contact(NOBODY, Some("Nadie")).expect("a number");
        phone.save_contact(TO, Some("Ana")).expect("a number");
        let mut manager = Manager::start(&standin).await;
        manager.connect().await;
        manager.wait_for_state("QR_REQUIRED").await;
        phone.scan_current().expect("a code");
        manager.wait_for_state("READY").await;
        let (status, body) = send(&manager, None, NOBODY, "hola").await;
        assert_eq!(
            (status, &body["code"]),
            (404, &json!("NOT_ON_WHATSAPP")),
            "{body}"
        );
        // A failed lookup does not mean a number without WhatsApp.
        phone.settings(Settings {
            query_fails: true,
            ..settings.clone()
        });
        let (status, body) = send(&manager, Some("k"), TO, "hola").await;
        assert_eq!(
            (status, &body["code"]),
            (502, &json!("SEND_FAILED")),
            "{body}"
        );
        phone.settings(settings);
        let (status, body) = send(&manager, Some("k"), TO, "hola").await;
        assert_eq!(status, 200, "{body}");
        assert_each_arrived_once(&standin, ["hola".to_owned()]);
        manager.stop().await;
    }
}

/// Checks a message whose outcome cannot be settled. It blocks its queue only temporarily, and
/// causes no further browser restarts. A person decides, and one retry is possible.
#[tokio::test]
async fn unsettled_message_is_left_undecided() {
    let options = ManagerOptions::default()
        .with("SETTLE_TRIES", 2)
        .with("SEND_DEADLINE_MS", 1_500);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    phone.rule(Some(TO), SendBehavior::Unknown, None);
    let (status, body) = send(&manager, Some("k"), TO, "primero").await;
    assert_eq!((status, &body["code"]), (504, &json!("SEND_UNCONFIRMED")));
    let id = phone.refusals()[0].id.clone();
    let body = poll::until("the message to be undecided", async || {
        let body = status_of(&manager, &id).await;
        body["undecided_at"].is_string().then_some(body)
    })
    .await;
    assert_eq!(body["status"], "unconfirmed");
    // The server received it as often as it was tried, and not more often.
    let tries = phone.refusals().len();
    assert_eq!(tries, 3);
    let metrics = manager.client().get(manager.url("/metrics"));
    let metrics = metrics.send().await.expect("metrics");
    let metrics = metrics.text().await.expect("a text");
    assert!(
        metrics.contains("leadmaster_sends_undecided 1"),
        "{metrics}"
    );
    // A request with the same key is one more try, under the same id.
    let (status, body) = send(&manager, Some("k"), TO, "primero").await;
    assert_eq!((status, &body["code"]), (504, &json!("SEND_UNDECIDED")));
    let message = body["message"].as_str().expect("a message");
    assert!(
        message.contains("look at the chat on the phone"),
        "{message}"
    );
    assert_eq!(phone.refusals().len(), tries + 1);
    // Meanwhile the recipient's queue continues.
    phone.rule(Some(TO), SendBehavior::Ok, None);
    let (status, body) = send(&manager, None, TO, "segundo").await;
    assert_eq!(status, 200, "{body}");
    let (status, body) = send(&manager, Some("k"), TO, "primero").await;
    assert_eq!(status, 200, "{body}");
    assert!(phone.refusals().iter().all(|refusal| refusal.id == id));
    let body = wait_for_status(&manager, &id, &["sent", "delivered"]).await;
    assert!(body.get("undecided_at").is_none());
    assert_each_arrived_once(&standin, ["primero".to_owned(), "segundo".to_owned()]);
    manager.stop().await;
}

/// Checks that a later message does not overtake an unconfirmed one. It gets a separate error code:
/// retry later, other numbers are not affected.
#[tokio::test]
async fn message_after_an_unconfirmed_one_is_postponed() {
    let options = ManagerOptions::default().with("SEND_DEADLINE_MS", 1_500);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    phone.rule(Some(TO), SendBehavior::Unknown, None);
    let (status, body) = send(&manager, Some("k"), TO, "primero").await;
    assert_eq!((status, &body["code"]), (504, &json!("SEND_UNCONFIRMED")));
    let (status, body) = send(&manager, Some("k2"), TO, "segundo").await;
    assert_eq!(
        (status, &body["code"]),
        (503, &json!("EARLIER_UNCONFIRMED")),
        "{body}"
    );
    let (status, body) = send(&manager, None, "5491155550009", "otro").await;
    assert_eq!(status, 200, "{body}");
    phone.rule(Some(TO), SendBehavior::Ok, None);
    poll::until(
        "the first message to be settled, and the second to be sent",
        async || {
            let (status, _) = send(&manager, Some("k2"), TO, "segundo").await;
            (status == 200).then_some(())
        },
    )
    .await;
    let texts = ["otro", "primero", "segundo"].map(str::to_owned);
    assert_each_arrived_once(&standin, texts);
    manager.stop().await;
}

/// Checks a page that no longer has `contact.queryExists`.
#[tokio::test]
async fn wa_js_without_query_exists_still_sends() {
    let folder = harness::Scratch::default();
    let missing = "\n;Object.defineProperty(WPP.contact, 'queryExists', { value: undefined });\n";
    let bundle = write_wa_js(&folder, "", missing);
    let options = ManagerOptions::default().with("WA_JS_PATH", bundle.display());
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    poll::until("the log line about the bundle", async || {
        let log = manager.service.output();
        log.contains("WA_JS_PATH: that bundle finds all")
            .then_some(())
    })
    .await;
    let (status, body) = send(&manager, None, TO, "hola").await;
    assert_eq!(status, 200, "{body}");
    standin
        .phone()
        .set_on_whatsapp("5491100000009", false)
        .expect("a number");
    let (status, body) = send(&manager, None, "5491100000009", "hola").await;
    assert_eq!((status, &body["code"]), (404, &json!("NOT_ON_WHATSAPP")));
    manager.stop().await;
}

#[tokio::test]
async fn whatsapp_limits_are_published_on_change() {
    let settings = Settings {
        history: Duration::from_secs(3_600),
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let phone = standin.phone();
    let session = manager.session().await;
    let no_limits = json!({
        "reach_out": {"locked": false, "until": null, "kind": null},
        "new_chats": {"status": "NONE", "used": 0, "total": null, "cycle_end": null},
    });
    assert_eq!(session["limits"], no_limits);
    assert_eq!(session["first_sync"]["complete"], false);
    let mut events = Events::open(&manager.url("/events"), None).await;
    let until_ms = now_ms() + 3_600_000;
    phone.limits(Limits {
        reach_out: Some(ReachOutLock {
            until_ms,
            kind: "WEB_COMPANION_ONLY".to_owned(),
        }),
        new_chats: Some(NewChats {
            status: CappingStatus::SecondWarning,
            used: 90,
            total: 100,
            cycle_end_s: until_ms / 1000,
        }),
    });
    let published = events
        .read_until(|event| event.name == "limits" && event.data["reach_out"]["locked"] == true)
        .await;
    let published = published.last().expect("an event");
    assert_eq!(published.data["new_chats"]["status"], "SECOND_WARNING");
    assert_eq!(published.data["first_sync"]["complete"], false);
    let limits = manager.session().await["limits"].clone();
    assert_eq!(limits["reach_out"]["kind"], "WEB_COMPANION_ONLY");
    assert!(limits["reach_out"]["until"].is_string());
    assert_eq!(limits["new_chats"]["used"], 90);
    assert_eq!(limits["new_chats"]["total"], 100);
    let metrics = manager.client().get(manager.url("/metrics"));
    let metrics = metrics.send().await.expect("metrics");
    let metrics = metrics.text().await.expect("a text");
    for line in [
        "leadmaster_reach_out_locked 1",
        "leadmaster_new_chats_status{status=\"SECOND_WARNING\"} 1",
        "leadmaster_new_chats_used 90",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    // The restriction is only informative: the send is attempted, and WhatsApp decides.
    let (status, body) = send(&manager, None, TO, "hola").await;
    assert_eq!(status, 200, "{body}");
    // A monthly limit is known immediately after it caused a refusal.
    phone.rule(None, SendBehavior::NewChats475, Some(1));
    let (status, body) = send(&manager, None, TO, "otro").await;
    assert_eq!((status, &body["code"]), (429, &json!("NEW_CHAT_LIMIT")));
    poll::until("the limit to be reported", async || {
        let limits = manager.session().await["limits"].clone();
        (limits["new_chats"]["status"] == "CAPPED").then_some(())
    })
    .await;
    phone.limits(Limits::default());
    poll::until("the limit to be lifted", async || {
        (manager.session().await["limits"] == no_limits).then_some(())
    })
    .await;
    manager.stop().await;
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.expect("after 1970").as_millis()).expect("a timestamp")
}

/// Checks that completion is reported once, also after restarts. A page that was linked before does
/// not report it.
#[tokio::test]
async fn first_sync_is_reported_complete_once() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let is_through = async |manager: &Manager| {
        poll::until("the history", async || {
            (manager.session().await["first_sync"]["complete"] == true).then_some(())
        })
        .await;
    };
    is_through(&manager).await;
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    is_through(&manager).await;
    // A new link has a new history.
    standin.phone().settings(Settings {
        history: Duration::from_secs(3_600),
        ..Settings::default()
    });
    let (status, body) = manager.post("/logout", &Value::Null).await;
    assert_eq!(status, 200, "{body}");
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    standin.phone().scan_current().expect("a code");
    manager.wait_for_state("READY").await;
    let session = manager.session().await;
    assert_eq!(session["first_sync"]["complete"], false, "{session:#}");
    manager.stop().await;
}

/// Checks a page without a history field, which reports nothing, not even completion, and a page
/// whose phone paused for too long, which continues without the phone.
#[tokio::test]
async fn silent_history_is_not_complete_and_a_paused_one_is() {
    let silent = Settings {
        history: Duration::from_secs(3_600),
        withheld_modules: vec![
            "WAWebHistorySyncProgressModel".to_owned(),
            "WAWebUserPrefsHistorySync".to_owned(),
        ],
        ..Settings::default()
    };
    let (_standin, mut manager) = start_linked(silent, ManagerOptions::default()).await;
    poll::until("the log line about the missing history", async || {
        let log = manager.service.output();
        log.contains("does not report the progress of the history sync")
            .then_some(())
    })
    .await;
    let session = manager.session().await;
    assert_eq!(session["first_sync"]["complete"], false, "{session:#}");
    manager.stop().await;

    let paused_settings = Settings {
        history: Duration::from_secs(3_600),
        history_paused_out: true,
        ..Settings::default()
    };
    let (_standin, mut manager) = start_linked(paused_settings, ManagerOptions::default()).await;
    poll::until("the history to be given up", async || {
        (manager.session().await["first_sync"]["complete"] == true).then_some(())
    })
    .await;
    manager.stop().await;
}
