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
use harness::{Hub, ManagerOptions, linked, poll};
use rand::Rng;
use scratch_database::on_both_engines;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const LEAD: &str = "5491158254201";
const MESSAGES: usize = 80;

/// The deliveries of a receiver, by `webhook-id`.
#[derive(Clone, Default)]
struct Told {
    bodies: Arc<Mutex<BTreeMap<String, Value>>>,
    failed: Arc<Mutex<BTreeSet<String>>>,
}

/// Starts a receiver that fails once for every third delivery.
async fn receiver() -> (String, Told) {
    async fn take(State(told): State<Told>, headers: HeaderMap, body: String) -> StatusCode {
        assert!(headers.contains_key("webhook-signature"));
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        let is_third = id.bytes().map(u32::from).sum::<u32>() % 3 == 0;
        if is_third && told.failed.lock().unwrap().insert(id.clone()) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let body = serde_json::from_str(&body).unwrap();
        told.bodies.lock().unwrap().insert(id, body);
        StatusCode::NO_CONTENT
    }
    let told = Told::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().fallback(post(take)).with_state(told.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, told)
}

async fn history(hub: &Hub) -> Vec<Value> {
    let path = format!("/api/listener/history/{LEAD}?limite=200");
    let (status, page) = hub.get(&path).await;
    assert_eq!(status, 200, "{page}");
    page["mensajes"].as_array().unwrap().clone()
}

async fn until_there(hub: &Hub, what: &str, is_there: impl Fn(&Value) -> bool) -> Value {
    poll::until(format!("{what} in the history"), async || {
        history(hub).await.into_iter().find(&is_there)
    })
    .await
}

on_both_engines! {
    async fn webhooks_deliver_each_message_once_through_hub_kills(database: Database) {
        let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
        let (url, told) = receiver().await;
        let options = ManagerOptions::default()
            .with("DRY_RUN", "false")
            .with("DATABASE_URL", database.url())
            .with("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1");
        let mut hub = Hub::start(&manager, options).await;
        let hook = json!({"url": url, "eventos": ["message", "ack"]});
        assert_eq!(hub.post("/api/webhooks", &hook).await.0, 201);
        let body = json!({"destinatario": LEAD, "mensaje": "hola", "cliente_id": 51});
        let (status, sent) = hub.post("/api/sender/messages/send", &body).await;
        assert_eq!((status, &sent["estado"]), (201, &json!("enviado")), "{sent}");
        let phone = standin.phone();
        let writing = tokio::spawn(async move {
            for n in 0..MESSAGES {
                phone.lead_message(&LeadMessage::text(LEAD, format!("mensaje {n}"))).unwrap();
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        });
        for _ in 0..3 {
            let more = rand::rng().random_range(1..=MESSAGES / 8);
            let delivered = || told.bodies.lock().unwrap().len();
            let wanted = delivered() + more;
            poll::until("some deliveries before the next kill", async || {
                (delivered() >= wanted).then_some(())
            })
            .await;
            hub.service.kill().await;
            hub.restart().await;
        }
        writing.await.unwrap();
        // These messages arrive while the hub is down; some are the account's own.
        hub.service.kill().await;
        let phone = standin.phone();
        phone.lead_message(&LeadMessage::text(LEAD, "sin hub")).unwrap();
        phone.own_message(LEAD, "desde el teléfono").unwrap();
        phone.ack(sent["message_id"].as_str().unwrap(), 3).unwrap();
        hub.restart().await;
        until_there(&hub, "the last", |it| it["mensaje"] == "sin hub").await;
        let own = until_there(&hub, "the phone's own", |it| it["mensaje"] == "desde el teléfono").await;
        assert_eq!(own["direccion"], "saliente");
        until_there(&hub, "the ack", |it| it["id"] == sent["id"] && it["estado"] == "leido").await;
        let all = history(&hub).await;
        let bodies: Vec<_> = all.iter().filter(|it| it["direccion"] == "entrante")
            .map(|it| it["mensaje"].as_str().unwrap().to_owned()).collect();
        let expected: BTreeSet<_> = (0..MESSAGES).map(|n| format!("mensaje {n}"))
            .chain(["sin hub".to_owned()]).collect();
        assert_eq!(bodies.len(), expected.len(), "each once");
        assert_eq!(bodies.iter().cloned().collect::<BTreeSet<_>>(), expected);
        assert!(all.iter().all(|it| it["cliente_id"] == 51), "joined to what they answer");
        // Each message has one delivery id, for any number of retries. The claims of a killed hub
        // are taken over when their leases end.
        let patience = Duration::from_secs(180);
        poll::until_within(patience, "all to be told", async || {
            let told = told.bodies.lock().unwrap();
            let bodies: Vec<_> = told.values().filter(|it| it["data"]["direccion"] == "entrante").collect();
            assert!(bodies.len() <= expected.len());
            (bodies.len() == expected.len()).then_some(())
        })
        .await;
        drop(hub);
        manager.stop().await;
    }
}
