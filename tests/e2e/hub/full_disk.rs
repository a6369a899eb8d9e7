//! Fills the disk of the hub's database. What is not accepted is rejected with a code, what was
//! accepted is sent once, and the hub recovers by itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use harness::standin::{LeadMessage, Settings, Standin};
use harness::{Hub, ManagerOptions, SmallDisk, linked, poll};
use serde_json::{Value, json};

use super::alerts::Told;

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

fn arrived(standin: &Standin) -> BTreeMap<String, usize> {
    let mut arrived = BTreeMap::new();
    for message in standin.phone().messages() {
        *arrived.entry(message.body.clone()).or_default() += 1;
    }
    arrived
}

/// Checks all of this. Needs root, to mount a disk that is small enough to fill.
#[tokio::test(flavor = "multi_thread")]
async fn full_disk_of_the_hub_refuses_loses_nothing_and_goes_on() {
    let Some(disk) = SmallDisk::mount(16) else {
        return;
    };
    // The acks are so slow that many sends are in progress when the disk is full.
    let settings = Settings {
        server_ack: Duration::from_millis(300),
        ..Settings::default()
    };
    let (standin, mut manager) = linked(settings, ManagerOptions::default()).await;
    let (told, options) = Told::receiver().await;
    let options = options
        .with("DRY_RUN", "false")
        .with("DATA_DIR", disk.path().display());
    let hub = Hub::start(&manager, options).await;
    let process = hub.service.pid();
    // People are alerted before the disk is full.
    let alert = told.until("LOW_DISK").await;
    assert_eq!(alert["severity"], "critical", "{alert}");

    let one =
        |n: usize| json!({"destinatario": format!("54911{n:08}"), "mensaje": format!("fila {n}")});
    let all: Vec<_> = (0..QUEUED).map(one).collect();
    let (status, body) = hub
        .post("/api/sender/messages/bulk", &json!({"mensajes": all}))
        .await;
    assert_eq!(status, 202, "{body}");
    disk.fill();
    // The write-ahead log may still have some free space, so write long texts.
    let long = |n: usize| format!("{n} {}", "largo ".repeat(10_000));
    let mut accepted: Vec<String> = (0..QUEUED).map(|n| format!("fila {n}")).collect();
    let mut n = 0;
    let refused = loop {
        let (status, body) = send(&hub, &format!("largo-{n}"), &long(n)).await;
        if status != 200 {
            assert_eq!(
                (status, &body["code"]),
                (503, &json!("STORE_UNAVAILABLE")),
                "{body}"
            );
            break n;
        }
        accepted.push(long(n));
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
            &json!({"mensajes": [one(QUEUED)]}),
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
    poll::until("the log to say it", async || {
        let output = hub.service.output();
        output.contains("disk is full").then_some(())
    })
    .await;
    // Meanwhile the hub does not fill the log either.
    assert!(hub.service.output().lines().count() < before + 200);

    disk.make_room();
    poll::until("what was accepted", async || {
        let arrived = arrived(&standin);
        let all = accepted.iter().all(|text| arrived.contains_key(text));
        all.then_some(())
    })
    .await;
    poll::until("what came in", async || {
        let (_, page) = hub.get(&format!("/api/listener/history/{LEAD}")).await;
        page.to_string()
            .contains("entra con el disco lleno")
            .then_some(())
    })
    .await;
    let (status, body) = send(&hub, &format!("largo-{refused}"), &long(refused)).await;
    assert_eq!(status, 200, "{body}");
    accepted.push(long(refused));
    // Each message arrived once, and no other arrived.
    let arrived = arrived(&standin);
    assert!(
        arrived.values().all(|times| *times == 1),
        "{:?}",
        arrived.values()
    );
    assert_eq!(arrived.len(), accepted.len());
    poll::until("each row to be sent", async || {
        let (_, page) = hub.get("/api/sender/messages?limite=500").await;
        let open = ["pendiente", "enviando", "sin_confirmar", "fallido"];
        let is_open = |it: &Value| open.contains(&it["estado"].as_str().unwrap());
        let rows = page["mensajes"].as_array().unwrap();
        (!rows.iter().any(is_open)).then_some(())
    })
    .await;
    assert_eq!(hub.service.pid(), process, "it was not started anew");
    drop(hub);
    manager.stop().await;
}
