//! Fills the disk of the hub's database. What is not accepted is rejected with a code, what was
//! accepted is sent once, and the hub recovers by itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use harness::standin::{LeadMessage, Settings, Standin};
use harness::{Hub, ManagerOptions, SmallDisk, poll, start_linked};
use serde_json::{Value, json};

use super::alerts::AlertReceiver;

const TO: &str = "5491158254201";
const LEAD: &str = "5491158254299";
const QUEUED: usize = 40;

async fn send(hub: &Hub, key: &str, text: &str) -> (u16, Value) {
    let request = hub.client().post(hub.url("/api/send"));
    let request = request.header("idempotency-key", key);
    let body = json!({"to": TO, "message": text});
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn count_arrived(standin: &Standin) -> BTreeMap<String, usize> {
    let mut arrived = BTreeMap::new();
    for message in standin.phone().messages() {
        *arrived.entry(message.body.clone()).or_default() += 1;
    }
    arrived
}

/// Checks all of this. Needs root, to mount a disk that is small enough to fill.
#[tokio::test(flavor = "multi_thread")]
async fn hub_with_a_full_disk_refuses_requests_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount(16) else {
        return;
    };
    // The acks are so slow that many sends are in progress when the disk is full.
    let settings = Settings {
        server_ack: Duration::from_millis(300),
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let (alert_receiver, options) = AlertReceiver::start().await;
    let options = options
        .with("DRY_RUN", "false")
        .with("DATA_DIR", disk.path().display());
    let hub = Hub::start(&manager, options).await;
    let pid = hub.service.pid();
    // The operator is alerted before the disk is full.
    let alert = alert_receiver.wait_for("LOW_DISK").await;
    assert_eq!(alert["severity"], "critical", "{alert}");

    let item =
        |n: usize| json!({"destinatario": format!("54911{n:08}"), "mensaje": format!("fila {n}")});
    let messages: Vec<_> = (0..QUEUED).map(item).collect();
    let (status, body) = hub
        .post("/api/sender/messages/bulk", &json!({"mensajes": messages}))
        .await;
    assert_eq!(status, 202, "{body}");
    disk.fill();
    // The write-ahead log may still have some free space, so write long texts.
    let long_text = |n: usize| format!("{n} {}", "largo ".repeat(10_000));
    let mut accepted: Vec<String> = (0..QUEUED).map(|n| format!("fila {n}")).collect();
    let mut n = 0;
    let refusal = loop {
        let (status, body) = send(&hub, &format!("largo-{n}"), &long_text(n)).await;
        if status != 200 {
            assert_eq!(
                (status, &body["code"]),
                (503, &json!("STORE_UNAVAILABLE")),
                "{body}"
            );
            break n;
        }
        accepted.push(long_text(n));
        n += 1;
    };
    // Requests that write nothing work. A restart would not help, so none is asked for.
    let (status, deep) = hub.get("/health/deep").await;
    assert_eq!((status, &deep["alive"]), (200, &json!(true)), "{deep}");
    assert_eq!(hub.get("/health").await.0, 200);
    assert_eq!(hub.get("/api/sender/messages").await.0, 200);
    let (status, body) = hub
        .post(
            "/api/sender/messages/bulk",
            &json!({"mensajes": [item(QUEUED)]}),
        )
        .await;
    assert_eq!(
        (status, &body["code"]),
        (503, &json!("STORE_UNAVAILABLE")),
        "{body}"
    );
    let lead = LeadMessage::text(LEAD, "entra con el disco lleno".to_owned());
    standin.phone().lead_message(&lead).unwrap();
    let before = hub.service.output().lines().count();
    poll::until("the log to report the full disk", async || {
        let output = hub.service.output();
        output.contains("disk is full").then_some(())
    })
    .await;
    // Meanwhile the hub does not fill the log either.
    assert!(hub.service.output().lines().count() < before + 200);

    disk.make_room();
    poll::until("the accepted messages", async || {
        let arrived = count_arrived(&standin);
        let messages = accepted.iter().all(|text| arrived.contains_key(text));
        messages.then_some(())
    })
    .await;
    poll::until("the inbound message", async || {
        let (_, page) = hub.get(&format!("/api/listener/history/{LEAD}")).await;
        page.to_string()
            .contains("entra con el disco lleno")
            .then_some(())
    })
    .await;
    let (status, body) = send(&hub, &format!("largo-{refusal}"), &long_text(refusal)).await;
    assert_eq!(status, 200, "{body}");
    accepted.push(long_text(refusal));
    // Each message arrived once, and no other arrived.
    let arrived = count_arrived(&standin);
    assert!(
        arrived.values().all(|times| *times == 1),
        "{:?}",
        arrived.values()
    );
    assert_eq!(arrived.len(), accepted.len());
    poll::until("each row to be sent", async || {
        let (_, page) = hub.get("/api/sender/messages?limite=500").await;
        let unfinished_states = ["pendiente", "enviando", "sin_confirmar", "fallido"];
        let is_open = |it: &Value| unfinished_states.contains(&it["estado"].as_str().unwrap());
        let rows = page["mensajes"].as_array().unwrap();
        (!rows.iter().any(is_open)).then_some(())
    })
    .await;
    assert_eq!(hub.service.pid(), pid, "the hub must not have restarted");
    drop(hub);
    manager.stop().await;
}
