//! Tests that incoming messages are stored once and delivered to webhooks, whatever is killed in
//! between.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use harness::standin::{LeadMessage, Settings};
use harness::{Hub, ManagerOptions, poll, start_linked};
use rand::Rng;
use scratch_database::on_both_engines;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const LEAD: &str = "5491158254201";
const MESSAGES: usize = 80;

/// The deliveries of a receiver, by `webhook-id`.
#[derive(Clone, Default)]
struct Deliveries {
    bodies: Arc<Mutex<BTreeMap<String, Value>>>,
    failed: Arc<Mutex<BTreeSet<String>>>,
}

/// Starts a receiver that fails once for every third delivery.
async fn start_receiver() -> (String, Deliveries) {
    async fn receive(
        State(deliveries): State<Deliveries>,
        headers: HeaderMap,
        body: String,
    ) -> StatusCode {
        assert!(headers.contains_key("webhook-signature"));
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        let is_third = id.bytes().map(u32::from).sum::<u32>() % 3 == 0;
        if is_third && deliveries.failed.lock().unwrap().insert(id.clone()) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let body = serde_json::from_str(&body).unwrap();
        deliveries.bodies.lock().unwrap().insert(id, body);
        StatusCode::NO_CONTENT
    }
    let deliveries = Deliveries::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new()
        .fallback(post(receive))
        .with_state(deliveries.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, deliveries)
}

async fn get_history(hub: &Hub) -> Vec<Value> {
    let path = format!("/api/listener/history/{LEAD}?limite=200");
    let (status, page) = hub.get(&path).await;
    assert_eq!(status, 200, "{page}");
    page["mensajes"].as_array().unwrap().clone()
}

async fn wait_until_in_history(
    hub: &Hub,
    description: &str,
    matches: impl Fn(&Value) -> bool,
) -> Value {
    poll::until(format!("{description} in the history"), async || {
        get_history(hub).await.into_iter().find(&matches)
    })
    .await
}

on_both_engines! {
    async fn webhooks_deliver_each_message_once_through_hub_kills(database: Database) {
        let (standin, mut manager) =
            start_linked(Settings::default(), ManagerOptions::default()).await;
        let (url, deliveries) = start_receiver().await;
        let options = ManagerOptions::default()
            .with("DRY_RUN", "false")
            .with("DATABASE_URL", database.url())
            .with("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1");
        let mut hub = Hub::start(&manager, options).await;
        let hook = json!({"url": url, "eventos": ["message", "ack"]});
        assert_eq!(hub.post("/api/webhooks", &hook).await.0, 201);
        let body = json!({"destinatario": LEAD, "mensaje": "hola", "cliente_id": 51});
        let (status, sent_message) = hub.post("/api/sender/messages/send", &body).await;
        assert_eq!(
            (status, &sent_message["estado"]),
            (201, &json!("enviado")),
            "{sent_message}"
        );
        let phone = standin.phone();
        let writer = tokio::spawn(async move {
            for n in 0..MESSAGES {
                phone
                    .lead_message(&LeadMessage::text(LEAD, format!("mensaje {n}")))
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        });
        for _ in 0..3 {
            let count = rand::rng().random_range(1..=MESSAGES / 8);
            let delivered = || deliveries.bodies.lock().unwrap().len();
            let target = delivered() + count;
            poll::until("some deliveries before the next kill", async || {
                (delivered() >= target).then_some(())
            })
            .await;
            hub.service.kill().await;
            hub.restart().await;
        }
        writer.await.unwrap();
        // These messages arrive while the hub is down; some are the account's own.
        hub.service.kill().await;
        let phone = standin.phone();
        phone
            .lead_message(&LeadMessage::text(LEAD, "sin hub"))
            .unwrap();
        phone.own_message(LEAD, "desde el teléfono").unwrap();
        phone
            .ack(sent_message["message_id"].as_str().unwrap(), 3)
            .unwrap();
        hub.restart().await;
        wait_until_in_history(&hub, "the last message", |row| row["mensaje"] == "sin hub").await;
        let own_message = wait_until_in_history(&hub, "the phone's own message", |row| {
            row["mensaje"] == "desde el teléfono"
        })
        .await;
        assert_eq!(own_message["direccion"], "saliente");
        wait_until_in_history(&hub, "the ack", |row| {
            row["id"] == sent_message["id"] && row["estado"] == "leido"
        })
        .await;
        let all = get_history(&hub).await;
        let bodies: Vec<_> = all
            .iter()
            .filter(|row| row["direccion"] == "entrante")
            .map(|row| row["mensaje"].as_str().unwrap().to_owned())
            .collect();
        let expected: BTreeSet<_> = (0..MESSAGES)
            .map(|n| format!("mensaje {n}"))
            .chain(["sin hub".to_owned()])
            .collect();
        assert_eq!(
            bodies.len(),
            expected.len(),
            "each message must be stored once"
        );
        assert_eq!(bodies.iter().cloned().collect::<BTreeSet<_>>(), expected);
        assert!(
            all.iter().all(|row| row["cliente_id"] == 51),
            "every row must belong to the business of the first message"
        );
        // Each message has one delivery id, for any number of retries. The claims of a killed hub
        // are taken over when their leases end.
        let patience = Duration::from_secs(180);
        poll::until_within(patience, "all messages to be delivered", async || {
            let deliveries = deliveries.bodies.lock().unwrap();
            let bodies: Vec<_> = deliveries
                .values()
                .filter(|row| row["data"]["direccion"] == "entrante")
                .collect();
            assert!(bodies.len() <= expected.len());
            (bodies.len() == expected.len()).then_some(())
        })
        .await;
        drop(hub);
        manager.stop().await;
    }
}
