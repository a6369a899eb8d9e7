//! Tests that what the hub sends by itself, to webhooks and on its stream, is what its OpenAPI
//! document says.

use std::collections::BTreeSet;

use central_hub::store::Topic;
use openapi_check::Document;
use serde_json::{Value, json};

use crate::fake_session_manager::{FakeSessionManager, message, state};
use crate::receiver::{Delivery, Receiver};
use crate::support::{Events, Hub, ask, get, subscribe, wait_until, wait_until_read};

const ANA: &str = "5491158254201@c.us";
const PLAIN: &str = "false_5491158254201@c.us_3A01";
const FULL: &str = "false_5491158254201@c.us_3A02";
const AT: &str = "2026-11-29T12:00:00.000Z";
const STREAM: &str = "/api/events";

async fn document(hub: &Hub) -> Document {
    let (status, body) = hub.get("/openapi.json").await;
    assert_eq!(status, 200, "{body}");
    Document::parse(&body)
}

async fn start(peer: &FakeSessionManager, variables: &[(&str, &str)]) -> Hub {
    peer.accept_sends();
    let real = [
        ("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1"),
        ("AUTO_CAMPAIGNS_ENABLED", "true"),
        ("DRY_RUN", "false"),
    ];
    let hub = Hub::start_with(&peer.url, &[&real, variables].concat()).await;
    wait_until("READY", async || {
        // The hub hears only what comes once it listens.
        peer.publish("state", &state_event("READY", 1));
        hub.get("/api/health").await.1.contains("READY")
    })
    .await;
    hub
}

fn state_event(status: &str, generation: u64) -> Value {
    serde_json::from_str(&state(status, generation)).unwrap()
}

async fn post(hub: &Hub, path: &str, body: Value) -> Value {
    let (status, answer) = ask(hub, "POST", path, Some(&body)).await;
    assert!((200..300).contains(&status), "{path}: {status} {answer}");
    answer
}

fn with(mut event: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

/// Returns a message with all that one can hold.
fn full_message() -> Value {
    let parts = json!({
        "phone": "5491158254201", "lid": "88512345678@lid", "type": "image",
        "media": {
            "mime": "image/jpeg", "size": 9120, "filename": "a.jpg", "seconds": 7, "width": 4,
            "height": 3, "thumbnail": "data:image/jpeg;base64,/9j/", "state": "remote",
        },
        "quoted": {
            "message_id": "true_5491158254201@c.us_3EB0A", "author": "5491100000000@c.us",
            "from_me": true, "type": "chat", "text": "¿La de dos?",
        },
        "location": {
            "latitude": -34.6037, "longitude": -58.3816, "name": "Obelisco",
            "address": "Av. Corrientes", "url": "https://example.com/", "live": true,
        },
        "contacts": [{
            "name": "Leo", "phones": [{"number": "+54 9 11", "whatsapp": "54911"}],
            "emails": ["leo@example.com"], "organization": "Casas",
        }],
        "poll": {"name": "¿Qué día?", "options": ["lunes", "martes"], "multiple": false},
        "selected": {"kind": "list", "id": "si", "text": "Sí", "description": "claro"},
        "order": {"id": "1", "title": "Silla", "items": 2, "total": 1500.5, "currency": "ARS"},
        "ad": {
            "source": "instagram", "id": "12", "title": "Casas", "text": "en venta",
            "url": "https://example.com/",
        },
        "forwarded": true,
    });
    with(message(FULL, ANA, "el plano"), &parts)
}

/// Makes something of every topic happen.
async fn let_everything_happen(hub: &Hub, peer: &FakeSessionManager) {
    let single = json!({"destinatario": "5491158254201", "mensaje": "hola"});
    let sent = post(hub, "/api/sender/messages/send", single).await;
    peer.publish_ack(sent["message_id"].as_str().unwrap(), 2);
    let change = json!({"message_id": FULL, "chat": ANA, "phone": null, "lid": null, "at": AT});
    let own = json!({"from_me": true, "to": ANA});
    let own = with(
        message("true_5491158254201@c.us_3A03", "5491100000000@c.us", "sí"),
        &own,
    );
    peer.publish_message(PLAIN, ANA, "me interesa");
    peer.publish("message", &own);
    peer.publish("message", &full_message());
    let edited = json!({"from_me": false, "body": "el plano nuevo"});
    peer.publish("message_edited", &with(change.clone(), &edited));
    for emoji in [json!("👍"), json!(null)] {
        let reaction = json!({"emoji": emoji, "at": session_api::Timestamp::now()});
        peer.publish("reaction", &with(change.clone(), &reaction));
    }
    let call = json!({
        "call_id": "C1", "from": ANA, "phone": null, "lid": null, "pushname": "Ana",
        "video": true, "outcome": "missed", "at": session_api::Timestamp::now(),
    });
    peer.publish("call", &call);
    let deleted = json!({"from_me": false});
    let last = peer.publish("message_deleted", &with(change, &deleted));
    wait_until_read(hub, last).await;
    let campaign = json!({
        "nombre": "Marzo", "mensaje": "Hola", "cliente_id": 51,
        "pausa_min_s": 60, "pausa_max_s": 60,
        "destinatarios": [{"destinatario": "5491100000001"}, {"destinatario": "5491100000002"}],
    });
    let campaign = post(hub, "/api/sender/campaigns", campaign).await;
    let path = format!("/api/sender/campaigns/{}", campaign["id"]);
    post(hub, &format!("{path}/approve"), json!({})).await;
    post(hub, &format!("{path}/pause"), json!({"motivo": "feriado"})).await;
}

fn check_delivery(document: &Document, delivery: &Delivery) {
    let body = delivery.json();
    let kind = body["type"].as_str().unwrap();
    document.webhook(kind).assert_fits(&body);
    for header in document.required_headers(kind) {
        assert!(
            delivery.headers.contains_key(header),
            "{kind} without {header}"
        );
    }
}

#[tokio::test]
async fn openapi_has_every_webhook_as_it_is_posted() {
    let peer = FakeSessionManager::with_event_log().await;
    let receiver = Receiver::start().await;
    let alerts = receiver.url("/alerts");
    let hub = start(&peer, &[("ALERT_WEBHOOK_URL", &alerts)]).await;
    let document = document(&hub).await;
    let topics: Vec<_> = Topic::ALL.iter().map(|topic| topic.as_str()).collect();
    let mut documented: BTreeSet<_> = topics.iter().copied().collect();
    documented.extend(["test", "alert"]);
    assert_eq!(
        document.webhooks().into_iter().collect::<BTreeSet<_>>(),
        documented
    );
    for kind in &topics {
        let signed = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        assert_eq!(document.required_headers(kind), signed, "{kind}");
    }

    subscribe(&hub, &receiver.url("/all"), &topics).await;
    peer.publish("state", &state_event("DISCONNECTED", 2));
    peer.publish("state", &state_event("READY", 3));
    let_everything_happen(&hub, &peer).await;
    let webhook = get(&hub, "/api/webhooks").await["webhooks"][0]["id"].clone();
    post(&hub, &format!("/api/webhooks/{webhook}/test"), json!({})).await;
    post(&hub, "/api/alerts/test", json!({})).await;
    let received = || {
        let kind = |delivery: &Delivery| delivery.json()["type"].as_str().unwrap().to_owned();
        let all = [receiver.deliveries("/all"), receiver.deliveries("/alerts")].concat();
        all.into_iter()
            .map(|delivery| (kind(&delivery), delivery))
            .collect::<Vec<_>>()
    };
    wait_until("a delivery of every type", async || {
        let kinds: BTreeSet<_> = received().into_iter().map(|it| it.0).collect();
        kinds
            .iter()
            .map(String::as_str)
            .eq(documented.iter().copied())
    })
    .await;
    wait_until("the message with everything", async || {
        let has_link = |body: &Value| body["data"]["media_link"].is_object();
        received()
            .iter()
            .any(|(_, delivery)| has_link(&delivery.json()))
    })
    .await;
    for (_, delivery) in received() {
        check_delivery(&document, &delivery);
    }
    hub.stop().await;
}

/// Checks events until each of these came.
async fn check_events(document: &Document, events: &mut Events, expected: &[&str]) {
    let mut missing: BTreeSet<_> = expected.iter().copied().collect();
    while !missing.is_empty() {
        let (name, data) = events.next().await.expect("an event, not the end");
        document.event(STREAM, &name).assert_fits(&data);
        missing.remove(name.as_str());
    }
}

#[tokio::test]
async fn openapi_has_every_event_as_it_is_streamed() {
    let mut peer = FakeSessionManager::with_event_log().await;
    let hub = start(&peer, &[]).await;
    let document = document(&hub).await;
    let mut events = hub.events().await;
    let_everything_happen(&hub, &peer).await;
    peer.publish(
        "qr",
        &json!({"status": "QR_AVAILABLE", "qr": "data:1", "expires_in_ms": 60_000}),
    );
    let (status, body) = ask(
        &hub,
        "PUT",
        "/api/sending",
        Some(&json!({"detenido": true})),
    )
    .await;
    assert_eq!(status, 200, "{body}");
    let own = ["hub", "campaign", "conversation", "sending"];
    let passed_on = [
        "state",
        "qr",
        "message",
        "ack",
        "message_edited",
        "message_deleted",
        "reaction",
        "call",
    ];
    check_events(&document, &mut events, &[&own[..], &passed_on].concat()).await;
    // These two are the rest of the document; the fake has no reason to publish them.
    let rest = ["limits", "gap"];
    let all: BTreeSet<_> = own.into_iter().chain(passed_on).chain(rest).collect();
    assert_eq!(
        document.events(STREAM).into_iter().collect::<BTreeSet<_>>(),
        all
    );
    peer.stop_listening().await;
    peer.close_streams();
    let down = events.next_link_state("down").await;
    assert!(down["code"].is_string(), "{down}");
    document.event(STREAM, "hub").assert_fits(&down);
    hub.stop().await;
}
