//! Tests of `GET /api/events`.

use serde_json::json;

use crate::fake_session_manager::{FakeSessionManager, state};
use crate::support::{Hub, wait_until};

fn qr(code: &str, left: u64) -> String {
    json!({"status": "QR_AVAILABLE", "qr": code, "expires_in_ms": left}).to_string()
}

#[tokio::test]
async fn new_listener_gets_the_state_and_then_its_changes() {
    let peer = FakeSessionManager::start().await;
    peer.set_first_events(&[
        ("state", state("QR_REQUIRED", 3)),
        ("qr", qr("data:1", 60_000)),
    ]);
    let hub = Hub::start(&peer.url).await;
    let mut first_listener = hub.events().await;
    let event = first_listener.next_link_state("up").await;
    assert_eq!(event, json!({"session_manager": "up", "dry_run": true}));
    assert_eq!(first_listener.next_named("state").await["generation"], 3);
    assert_eq!(first_listener.next_named("qr").await["qr"], "data:1");

    // A later listener gets the same events at once, with the remaining time.
    let mut second_listener = hub.events().await;
    assert_eq!(second_listener.next().await.unwrap().0, "hub");
    let (name, data) = second_listener.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["status"]),
        ("state", &json!("QR_REQUIRED"))
    );
    let (name, data) = second_listener.next().await.unwrap();
    assert_eq!(name, "qr");
    assert!(data["expires_in_ms"].as_u64().unwrap() <= 60_000, "{data}");

    let message = json!({
        "message_id": "false_1@c.us_A", "from": "1@c.us", "to": "2@c.us", "from_me": false,
        "type": "chat", "body": "línea uno\nlínea dos", "at": "2026-01-14T13:02:09.336Z",
    });
    let ack = json!({
        "message_id": "true_1@c.us_B", "ack": 2, "status": "delivered",
        "at": "2026-01-14T13:02:09.336Z",
    });
    peer.send_event("later_version", "{}".to_owned());
    peer.send_event("state", r#"{"status":"not of the contract"}"#.to_owned());
    peer.send_event("message", message.to_string());
    peer.send_event("ack", ack.to_string());
    peer.send_event("state", state("READY", 4));
    for listener in [&mut first_listener, &mut second_listener] {
        assert_eq!(
            listener.next().await.unwrap(),
            ("message".to_owned(), message.clone())
        );
        assert_eq!(
            listener.next().await.unwrap(),
            ("ack".to_owned(), ack.clone())
        );
        let (name, data) = listener.next().await.unwrap();
        assert_eq!((name.as_str(), &data["status"]), ("state", &json!("READY")));
    }
    assert_eq!(
        peer.listeners(),
        1,
        "the hub must use one connection for all listeners"
    );
    hub.stop().await;
}

#[tokio::test]
async fn listeners_get_session_manager_outages_and_recoveries() {
    let mut peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let mut events = hub.events().await;
    events.next_link_state("up").await;
    peer.stop_listening().await;
    let event = events.next_link_state("down").await;
    assert_eq!(event["code"], "WHATSAPP_UNAVAILABLE");
    assert!(
        event["message"]
            .as_str()
            .unwrap()
            .contains("cannot be reached")
    );
    // A new listener gets no stale state.
    let mut late_listener = hub.events().await;
    assert_eq!(
        late_listener.next().await.unwrap().1["session_manager"],
        "down"
    );
    peer.set_first_events(&[("state", state("READY", 1))]);
    peer.listen_again().await;
    for listener in [&mut events, &mut late_listener] {
        listener.next_link_state("up").await;
        assert_eq!(listener.next_named("state").await["status"], "READY");
    }
    wait_until("the outage to be in /health", async || {
        hub.get("/api/health")
            .await
            .1
            .contains(r#""status":"up","state":"READY""#)
    })
    .await;
    hub.stop().await;
}

#[tokio::test]
async fn service_without_an_event_stream_counts_as_down() {
    // Another service listens on this address.
    let other_hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    let hub = Hub::start(&other_hub.url("/nothing")).await;
    let mut events = hub.events().await;
    loop {
        let event = events.next_link_state("down").await;
        if event["code"] == "NOT_FOUND" {
            break;
        }
    }
    hub.stop().await;
    other_hub.stop().await;
}

#[tokio::test]
async fn shutdown_ends_open_streams_at_once() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let mut events = hub.events().await;
    events.next_link_state("up").await;
    let start = std::time::Instant::now();
    hub.stop().await;
    assert!(start.elapsed().as_secs() < 4, "{:?}", start.elapsed());
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn slow_listener_gets_a_fresh_snapshot_after_missed_events() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let mut slow_listener = hub.events().await;
    slow_listener.next_link_state("up").await;
    let mut quick_listener = hub.events().await;
    quick_listener.next_link_state("up").await;
    // More data than sockets and backlog can buffer.
    let filler = "x".repeat(100_000);
    for number in 0..600_u32 {
        peer.send_event("qr", qr(&format!("{number}:{filler}"), 60_000));
        let event = quick_listener.next_named("qr").await;
        assert!(
            event["qr"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{number}:"))
        );
    }
    peer.send_event("state", state("READY", 9));
    loop {
        let event = slow_listener.next_named("state").await;
        if event["generation"] == 9 {
            break;
        }
    }
    hub.stop().await;
}
