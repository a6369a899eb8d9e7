//! Tests of webhooks, on both database engines: events arrive, signed, despite outages.

use std::collections::HashSet;
use std::time::Duration;

use central_hub::store::Topic;
use scratch_database::{Database, on_both_engines};
use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::receiver::{Receiver, Reply};
use crate::support::{Hub, code, text, wait_until};

const OPEN: &[(&str, &str)] = &[("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1")];

async fn start(database: &Database) -> Hub {
    Hub::start_on(
        &database.url(),
        &FakeSessionManager::unused_url().await,
        OPEN,
    )
    .await
}

/// Starts a hub that does not give up a delivery within the test.
async fn start_without_giving_up(database: &Database) -> Hub {
    Hub::start_limited(
        &database.url(),
        &FakeSessionManager::unused_url().await,
        OPEN,
        40,
    )
    .await
}

async fn ask(hub: &Hub, method: &str, path: &str, body: &Value) -> (u16, String) {
    let method = method.parse().unwrap();
    text(hub.http.request(method, hub.url(path)).json(body)).await
}

/// Subscribes a URL to all events, and returns the webhook's id and secret.
async fn subscribe(hub: &Hub, url: &str) -> (i64, String) {
    let body = json!({"url": url, "eventos": ["message", "ack", "state", "campaign"]});
    let (status, body) = ask(hub, "POST", "/api/webhooks", &body).await;
    assert_eq!(status, 201, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let secret = body["secreto"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    (body["id"].as_i64().unwrap(), secret)
}

async fn publish(hub: &Hub, topic: Topic, cliente_id: Option<u64>, number: usize) -> u64 {
    let mut tx = hub.store.begin().await.unwrap();
    let data = json!({ "n": number });
    let event = hub
        .store
        .enqueue_delivery_in(&mut tx, topic, cliente_id, &data)
        .await;
    tx.commit().await.unwrap();
    event.unwrap()
}

async fn get(hub: &Hub, path: &str) -> Value {
    let (status, body) = hub.get(path).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

async fn deliveries(hub: &Hub, webhook: i64, estado: &str) -> Vec<Value> {
    let path = format!("/api/webhooks/{webhook}/deliveries?limite=200&estado={estado}");
    get(hub, &path).await["entregas"]
        .as_array()
        .unwrap()
        .clone()
}

async fn wait_for_deliveries(hub: &Hub, webhook: i64, count: usize) {
    wait_until("the deliveries", async || {
        deliveries(hub, webhook, "entregada").await.len() == count
    })
    .await;
}

fn numbers(receiver: &Receiver, path: &str) -> HashSet<u64> {
    let deliveries = receiver.deliveries(path);
    deliveries
        .iter()
        .map(|deliveries| deliveries.json()["data"]["n"].as_u64().unwrap())
        .collect()
}

on_both_engines! {
    async fn webhooks_deliver_signed_events(database: Database) {
        let receiver = Receiver::start().await;
        let hub = start(&database).await;
        let (id, secret) = subscribe(&hub, &receiver.url("/all")).await;
        let body = json!({"url": receiver.url("/some"), "eventos": ["state"], "cliente_id": 51});
        assert_eq!(ask(&hub, "POST", "/webhooks", &body).await.0, 201);
        assert_eq!(publish(&hub, Topic::State, Some(51), 1).await, 2);
        assert_eq!(publish(&hub, Topic::State, Some(7), 2).await, 1);
        assert_eq!(publish(&hub, Topic::Message, Some(51), 3).await, 1);
        wait_until("the deliveries", async || {
            receiver.deliveries("/all").len() == 3 && receiver.deliveries("/some").len() == 1
        })
        .await;
        for received in receiver.deliveries("/all") {
            assert!(received.is_signed(&secret), "{:?}", received.headers);
            assert!(!received.is_signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
            assert_eq!(received.headers["content-type"], "application/json");
            let body = received.json();
            assert_eq!(body["version"], 1);
            let topic = if body["data"]["n"] == 3 {
                "message"
            } else {
                "state"
            };
            assert_eq!(body["type"], topic);
            assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
        }
        assert!(
            !receiver.deliveries("/some")[0].is_signed(&secret),
            "each webhook must have its own secret"
        );
        wait_for_deliveries(&hub, id, 3).await;
        // No response contains the secret.
        let delivery = deliveries(&hub, id, "").await[0]["id"].as_i64().unwrap();
        let (status, body) = hub
            .get(&format!("/api/webhooks/{id}/deliveries/{delivery}"))
            .await;
        assert_eq!(status, 200, "{body}");
        for path in ["/api/webhooks".to_owned(), format!("/api/webhooks/{id}")] {
            let (status, response) = hub.get(&path).await;
            assert_eq!(status, 200);
            assert!(
                !response.contains("whsec_") && !response.contains("secret"),
                "{response}"
            );
            assert!(!body.contains("whsec_"));
        }
        hub.stop().await;
    }

    async fn failed_deliveries_are_retried(database: Database) {
        let receiver = Receiver::start().await;
        let hub = start(&database).await;
        let (id, _) = subscribe(&hub, &receiver.url("/")).await;
        let redirect = Reply::With(302, "location", receiver.url("/elsewhere"));
        receiver.set_replies("/", &[Reply::Status(500), redirect, Reply::Status(204)]);
        publish(&hub, Topic::Message, None, 1).await;
        wait_for_deliveries(&hub, id, 1).await;
        let received = receiver.deliveries("/");
        assert_eq!(received.len(), 3);
        assert!(
            received
                .iter()
                .all(|delivery| delivery.id() == received[0].id()
                    && delivery.body == received[0].body)
        );
        assert!(
            receiver.deliveries("/elsewhere").is_empty(),
            "redirects must not be followed"
        );
        let number = deliveries(&hub, id, "entregada").await[0]["id"].clone();
        let detail = get(&hub, &format!("/api/webhooks/{id}/deliveries/{number}")).await;
        let steps: Vec<_> = detail["historial"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| {
                (
                    step["estado_http"].as_u64().unwrap(),
                    step["error"].as_str().unwrap_or(""),
                )
            })
            .collect();
        assert_eq!(
            steps,
            [(500, "SERVER_ERROR"), (302, "REDIRECTED"), (204, "")]
        );
        assert_eq!(detail["cuerpo"]["data"]["n"], 1);
        assert_eq!(
            (&detail["intentos"], &detail["clave"]),
            (&json!(3), &json!(received[0].id()))
        );
        hub.stop().await;
    }

    async fn no_event_is_lost_during_outages(database: Database) {
        let mut receiver = Receiver::start().await;
        let hub = start_without_giving_up(&database).await;
        let (id, secret) = subscribe(&hub, &receiver.url("/")).await;
        receiver.stop().await;
        for n in 0..10 {
            publish(&hub, Topic::Message, None, n).await;
        }
        wait_until("a failed attempt", async || {
            deliveries(&hub, id, "pendiente")
                .await
                .iter()
                .any(|delivery| delivery["error"] == "CANNOT_CONNECT")
        })
        .await;
        hub.stop().await;
        // A new hub starts, and the receiver runs again.
        let hub = start_without_giving_up(&database).await;
        receiver.restart().await;
        for n in 10..20 {
            publish(&hub, Topic::Message, None, n).await;
        }
        wait_until("all events to be delivered", async || numbers(&receiver, "/").len() == 20).await;
        assert!(
            receiver
                .deliveries("/")
                .iter()
                .all(|received| received.is_signed(&secret))
        );
        hub.stop().await;
    }

    async fn hanging_receiver_does_not_delay_others(database: Database) {
        let receiver = Receiver::start().await;
        let hub = start(&database).await;
        let (slow, _) = subscribe(&hub, &receiver.url("/slow")).await;
        let (quick, _) = subscribe(&hub, &receiver.url("/quick")).await;
        let (endless, _) = subscribe(&hub, &receiver.url("/endless")).await;
        receiver.set_replies("/slow", &[Reply::Hang]);
        receiver.set_replies("/endless", &[Reply::Endless]);
        for n in 0..30 {
            publish(&hub, Topic::Message, None, n).await;
        }
        wait_for_deliveries(&hub, quick, 30).await;
        assert_eq!(receiver.deliveries("/quick").len(), 30);
        assert!(receiver.max_concurrent("/quick") <= 4 && receiver.max_concurrent("/slow") <= 4);
        // The body may be endless; only the status 200 counts.
        wait_for_deliveries(&hub, endless, 30).await;
        wait_until("a failed attempt", async || {
            deliveries(&hub, slow, "pendiente")
                .await
                .iter()
                .any(|delivery| delivery["error"] == "TIMEOUT")
        })
        .await;
        hub.stop().await;
    }

    async fn dead_deliveries_can_be_retried_by_hand(database: Database) {
        let receiver = Receiver::start().await;
        let hub = start(&database).await;
        let (id, _) = subscribe(&hub, &receiver.url("/")).await;
        receiver.set_replies("/", &[Reply::Status(403)]);
        publish(&hub, Topic::Ack, None, 1).await;
        publish(&hub, Topic::Ack, None, 2).await;
        wait_until("the delivery to be given up", async || {
            deliveries(&hub, id, "descartada").await.len() == 2
        })
        .await;
        assert_eq!(receiver.deliveries("/").len(), 8, "each event must have four attempts");
        let dead = deliveries(&hub, id, "descartada").await;
        assert_eq!(
            (&dead[0]["error"], &dead[0]["estado_http"]),
            (&json!("REFUSED"), &json!(403))
        );
        receiver.set_replies("/", &[Reply::Status(200)]);
        let replay_path = format!("/api/webhooks/{id}/deliveries/{}/replay", dead[0]["id"]);
        let (status, body) = hub.post(&replay_path, "").await;
        assert_eq!((status, body.as_str()), (202, r#"{"reenviadas":1}"#));
        wait_for_deliveries(&hub, id, 1).await;
        let (status, body) = hub
            .post(&format!("/api/webhooks/{id}/deliveries/replay"), "")
            .await;
        assert_eq!((status, body.as_str()), (202, r#"{"reenviadas":1}"#));
        wait_for_deliveries(&hub, id, 2).await;
        let ids: HashSet<_> = receiver
            .deliveries("/")
            .iter()
            .map(crate::receiver::Delivery::id)
            .collect();
        assert_eq!(ids.len(), 2, "the ids must be the same as before");
        // A delivered event can be replayed as well.
        assert_eq!(hub.post(&replay_path, "").await.0, 202);
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 11).await;
        hub.stop().await;
    }

    async fn receiver_that_answers_gone_is_disabled(database: Database) {
        let receiver = Receiver::start().await;
        let hub = start(&database).await;
        let (id, _) = subscribe(&hub, &receiver.url("/")).await;
        receiver.set_replies("/", &[Reply::Status(410)]);
        publish(&hub, Topic::Campaign, None, 1).await;
        let path = format!("/api/webhooks/{id}");
        wait_until("the webhook to be disabled", async || {
            get(&hub, &path).await["activo"] == false
        })
        .await;
        assert_eq!(get(&hub, &path).await["motivo"], "GONE");
        assert_eq!(publish(&hub, Topic::Campaign, None, 2).await, 0);
        receiver.set_replies("/", &[Reply::Status(200)]);
        let on = json!({"url": receiver.url("/"), "eventos": ["campaign"]});
        let (status, body) = ask(&hub, "PUT", &path, &on).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(get(&hub, &path).await["motivo"], Value::Null);
        assert_eq!(publish(&hub, Topic::Campaign, None, 3).await, 1);
        wait_for_deliveries(&hub, id, 1).await;
        let (status, _) = ask(&hub, "DELETE", &path, &Value::Null).await;
        assert_eq!(status, 204);
        assert_eq!(code(&hub.get(&path).await.1), "WEBHOOK_NOT_FOUND");
        assert_eq!(publish(&hub, Topic::Campaign, None, 4).await, 0);
        hub.stop().await;
    }

    async fn retry_after_of_a_receiver_is_respected(database: Database) {
        let receiver = Receiver::start().await;
        let hub = start(&database).await;
        let (id, _) = subscribe(&hub, &receiver.url("/")).await;
        let busy = Reply::With(429, "retry-after", "2".to_owned());
        receiver.set_replies("/", &[busy, Reply::Status(200)]);
        publish(&hub, Topic::State, None, 1).await;
        wait_for_deliveries(&hub, id, 1).await;
        let deliveries = receiver.deliveries("/");
        assert!(deliveries[1].at - deliveries[0].at >= Duration::from_millis(1_900));
        hub.stop().await;
    }

    async fn rotation_signs_with_both_secrets(database: Database) {
        let receiver = Receiver::start().await;
        let hub = start(&database).await;
        let (id, old) = subscribe(&hub, &receiver.url("/")).await;
        let (status, body) = hub.post(&format!("/api/webhooks/{id}/rotate"), "").await;
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let new = body["secreto"].as_str().unwrap();
        assert_ne!(new, old);
        assert!(body["secreto_anterior_hasta"].is_string());
        let (status, body) = hub.post(&format!("/api/webhooks/{id}/test"), "").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &body["ok"], &body["estado_http"]),
            (200, &json!(true), &json!(200))
        );
        let received = receiver.deliveries("/");
        assert!(received[0].is_signed(new) && received[0].is_signed(&old));
        assert_eq!(received[0].json()["type"], "test");
        assert!(
            deliveries(&hub, id, "").await.is_empty(),
            "a test delivery must not be stored"
        );
        hub.stop().await;
    }
}

#[tokio::test]
async fn private_addresses_are_refused_unless_allowed() {
    let receiver = Receiver::start().await;
    let hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    for url in [
        receiver.url("/"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://0x7f.1/".to_owned(),
        "http://[::ffff:10.0.0.1]/".to_owned(),
    ] {
        let body = json!({"url": url, "eventos": ["message"]});
        let (status, body) = ask(&hub, "POST", "/api/webhooks", &body).await;
        assert_eq!(
            (status, code(&body).as_str()),
            (400, "WEBHOOK_ADDRESS_REFUSED"),
            "{url}"
        );
    }
    // A host name is checked when it is resolved.
    let by_name = receiver.url("/").replace("127.0.0.1", "localhost");
    let (id, _) = subscribe(&hub, &by_name).await;
    let (status, body) = hub.post(&format!("/api/webhooks/{id}/test"), "").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["error"]), (200, &json!("ADDRESS_REFUSED")));
    publish(&hub, Topic::Message, None, 1).await;
    wait_until("the delivery to be given up", async || {
        deliveries(&hub, id, "descartada").await.len() == 1
    })
    .await;
    assert!(receiver.deliveries("/").is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn invalid_webhooks_are_rejected() {
    let hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    let valid_url = "https://example.com/hook";
    for body in [
        json!({}),
        json!({"url": valid_url}),
        json!({"url": valid_url, "eventos": []}),
        json!({"url": valid_url, "eventos": ["everything"]}),
        json!({"url": valid_url, "eventos": ["message"], "cliente_id": 0}),
        json!({"url": valid_url, "eventos": ["message"], "descripcion": "x".repeat(201)}),
        json!({"url": "ftp://example.com/", "eventos": ["message"]}),
        json!({"url": "https://", "eventos": ["message"]}),
        json!({"url": "https://user:password@example.com/", "eventos": ["message"]}),
        json!({"url": format!("{valid_url}/{}", "x".repeat(2048)), "eventos": ["message"]}),
    ] {
        let (status, answer) = ask(&hub, "POST", "/api/webhooks", &body).await;
        assert_eq!(
            (status, code(&answer).as_str()),
            (400, "INVALID_REQUEST"),
            "{body}"
        );
    }
    let (id, _) = subscribe(&hub, valid_url).await;
    for (method, path, status, expected) in [
        (
            "GET",
            "/api/webhooks/999".to_owned(),
            404,
            "WEBHOOK_NOT_FOUND",
        ),
        ("GET", "/api/webhooks/x".to_owned(), 400, "INVALID_REQUEST"),
        (
            "POST",
            "/api/webhooks/999/test".to_owned(),
            404,
            "WEBHOOK_NOT_FOUND",
        ),
        (
            "POST",
            "/api/webhooks/999/rotate".to_owned(),
            404,
            "WEBHOOK_NOT_FOUND",
        ),
        (
            "GET",
            "/api/webhooks/999/deliveries".to_owned(),
            404,
            "WEBHOOK_NOT_FOUND",
        ),
        (
            "POST",
            "/api/webhooks/999/deliveries/replay".to_owned(),
            404,
            "WEBHOOK_NOT_FOUND",
        ),
        (
            "GET",
            format!("/api/webhooks/{id}/deliveries?estado=x"),
            400,
            "INVALID_REQUEST",
        ),
        (
            "GET",
            format!("/api/webhooks/{id}/deliveries?limite=0"),
            400,
            "INVALID_REQUEST",
        ),
        (
            "GET",
            format!("/api/webhooks/{id}/deliveries/1"),
            404,
            "WEBHOOK_DELIVERY_NOT_FOUND",
        ),
        (
            "POST",
            format!("/api/webhooks/{id}/deliveries/1/replay"),
            404,
            "WEBHOOK_DELIVERY_NOT_FOUND",
        ),
    ] {
        let (answered, body) = ask(&hub, method, &path, &Value::Null).await;
        assert_eq!(
            (answered, code(&body).as_str()),
            (status, expected),
            "{method} {path}"
        );
    }
    for _ in 1..32 {
        subscribe(&hub, valid_url).await;
    }
    let body = json!({"url": valid_url, "eventos": ["message"]});
    let (status, answer) = ask(&hub, "POST", "/api/webhooks", &body).await;
    assert_eq!((status, code(&answer).as_str()), (409, "TOO_MANY_WEBHOOKS"));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_deliver_each_event_once() {
    let database = Database::postgres();
    let receiver = Receiver::start().await;
    let hubs = [start(&database).await, start(&database).await];
    let (id, _) = subscribe(&hubs[0], &receiver.url("/")).await;
    for n in 0..150 {
        publish(&hubs[n % 2], Topic::Message, None, n).await;
    }
    wait_for_deliveries(&hubs[1], id, 150).await;
    assert_eq!(receiver.deliveries("/").len(), 150);
    assert_eq!(numbers(&receiver, "/").len(), 150);
    for hub in hubs {
        hub.stop().await;
    }
}
