//! Tests that every incoming message is published once, whatever was down when it arrived.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::processes::{self, kill_hard};
use harness::standin::{LeadMessage, Phone, Settings};
use harness::{Events, Hub, Manager, ManagerOptions, SseEvent, poll, start_linked, start_standin};
use serde_json::{Value, json};

const LEAD: &str = "5491158254201";
const OTHER: &str = "5491158254202";

fn write_message(phone: &Phone, from: &str, body: &str) -> String {
    let message = LeadMessage::text(from, body);
    phone.lead_message(&message).expect("a message")
}

/// Opens a stream of all stored events.
async fn open_events_from_start(manager: &Manager) -> Events {
    Events::open(&manager.url("/events?after=0"), None).await
}

fn bodies(events: &[SseEvent]) -> Vec<&str> {
    events
        .iter()
        .filter(|event| event.name == "message")
        .map(|event| event.data["body"].as_str().expect("a body"))
        .collect()
}

fn has_body(body: &str) -> impl Fn(&SseEvent) -> bool {
    move |event| event.data["body"] == body
}

fn assert_ids_increase(events: &[SseEvent]) {
    for pair in events.windows(2) {
        // The current state is sent under the id of the event before it.
        let is_snapshot = ["state", "qr", "limits"].contains(&pair[1].name.as_str());
        assert!(
            pair[0].id < pair[1].id || (is_snapshot && pair[0].id == pair[1].id),
            "{pair:#?}"
        );
    }
}

#[tokio::test]
async fn messages_during_a_service_outage_are_published_once_in_order() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    write_message(&phone, LEAD, "antes");
    let mut events = open_events_from_start(&manager).await;
    let received = events.read_until(has_body("antes")).await;
    let last_id = received.last().expect("an event").id;
    manager.stop().await;
    for n in 0..70 {
        write_message(&phone, LEAD, &format!("uno {n}"));
        write_message(&phone, OTHER, &format!("otro {n}"));
    }
    phone
        .own_message(LEAD, "desde el teléfono")
        .expect("a message");
    manager.restart().await;
    let mut events = Events::open(&manager.url("/events"), Some(last_id)).await;
    let published = events.read_until(has_body("desde el teléfono")).await;
    assert_ids_increase(&published);
    let bodies_with_prefix = |prefix: &str| -> Vec<String> {
        let published = bodies(&published)
            .into_iter()
            .filter(|body| body.starts_with(prefix));
        published.map(str::to_owned).collect()
    };
    let expected_bodies =
        |prefix: &str| (0..70).map(|n| format!("{prefix} {n}")).collect::<Vec<_>>();
    assert_eq!(bodies_with_prefix("uno"), expected_bodies("uno"));
    assert_eq!(bodies_with_prefix("otro"), expected_bodies("otro"));
    assert_eq!(bodies(&published).len(), 141);
    let own_message = &published.last().expect("an event").data;
    assert_eq!(
        (&own_message["from_me"], &own_message["phone"]),
        (&json!(true), &json!(LEAD))
    );

    // After another restart, none of it is published again.
    manager.wait_for_state("READY").await;
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    write_message(&phone, LEAD, "después");
    let published = open_events_from_start(&manager)
        .await
        .read_until(has_body("después"))
        .await;
    assert_ids_increase(&published);
    assert_eq!(bodies(&published).len(), 143);
    manager.stop().await;
}

#[tokio::test]
async fn messages_during_a_browser_outage_are_published_once() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    for round in 0..3 {
        let texts: Vec<_> = (0..10).map(|n| format!("{round}/{n}")).collect();
        for text in &texts[..5] {
            write_message(&phone, LEAD, text);
        }
        kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
        for text in &texts[5..] {
            write_message(&phone, LEAD, text);
        }
        manager.wait_for_state("READY").await;
        let published = events.read_until(has_body(&texts[9])).await;
        assert_eq!(bodies(&published), texts);
    }
    manager.stop().await;
}

#[tokio::test]
async fn lost_page_events_lose_no_message() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    phone.drop_events(2_000);
    for n in 0..5 {
        write_message(&phone, LEAD, &format!("callado {n}"));
    }
    let published = events.read_until(has_body("callado 4")).await;
    assert_eq!(bodies(&published).len(), 5);
    manager.stop().await;
}

#[tokio::test]
async fn messages_before_the_link_are_history() {
    let standin = start_standin(Settings::default()).await;
    let phone = standin.phone();
    let mut old_message = LeadMessage::text(LEAD, "historia");
    old_message.age_s = 5_000;
    phone.lead_message(&old_message).expect("a message");
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    write_message(&phone, LEAD, "nuevo");
    let mut events = open_events_from_start(&manager).await;
    let published = events.read_until(has_body("nuevo")).await;
    assert_eq!(bodies(&published), ["nuevo"]);
    // The device is unlinked and linked again: messages in between count as history as well.
    let (status, body) = manager.post("/logout", &Value::Null).await;
    assert_eq!(status, 200, "{body}");
    let mut message_between_links = LeadMessage::text(LEAD, "entretanto");
    message_between_links.age_s = 2;
    phone
        .lead_message(&message_between_links)
        .expect("a message");
    manager.link(&standin).await;
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    write_message(&phone, LEAD, "al fin");
    let published = events_after_restart(&manager, &published, "al fin").await;
    assert_eq!(bodies(&published), ["al fin"]);
    manager.stop().await;
}

async fn events_after_restart(
    manager: &Manager,
    published: &[SseEvent],
    last_body: &str,
) -> Vec<SseEvent> {
    let last_seen_id = published.last().expect("an event").id;
    let mut events = Events::open(&manager.url("/events"), Some(last_seen_id)).await;
    let published = events.read_until(has_body(last_body)).await;
    assert_ids_increase(&published);
    published
}

#[tokio::test]
async fn ciphertext_is_published_once_decrypted() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    let mut encrypted_message = LeadMessage::text(LEAD, "secreto");
    encrypted_message.ciphertext_ms = 1_500;
    encrypted_message.lid = true;
    phone.lead_message(&encrypted_message).expect("a message");
    write_message(&phone, OTHER, "claro");
    let published = events.read_until(has_body("claro")).await;
    assert_eq!(
        bodies(&published),
        ["claro"],
        "the other message is not readable yet"
    );
    manager.stop().await;
    // The message becomes readable while the service is down.
    let is_decrypted = |phone: &Phone| (phone.state().ciphertexts == 0).then_some(());
    let is_decrypted = phone.wait_for(harness::PATIENCE, is_decrypted).await;
    is_decrypted.expect("the text");
    manager.restart().await;
    let published = events_after_restart(&manager, &published, "secreto").await;
    assert_eq!(bodies(&published), ["secreto"]);
    let data = &published.last().expect("an event").data;
    assert_eq!(data["phone"], LEAD);
    assert!(data["lid"].as_str().expect("a LID").ends_with("@lid"));
    assert!(data["from"].as_str().expect("a sender").ends_with("@lid"));
    manager.stop().await;
}

#[tokio::test]
async fn own_sends_are_not_published_as_messages() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    for n in 0..3 {
        let body = json!({"to": LEAD, "message": format!("propio {n}")});
        let (status, body) = manager.post("/send", &body).await;
        assert_eq!(status, 200, "{body}");
    }
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    write_message(&phone, LEAD, "respuesta");
    let published = open_events_from_start(&manager)
        .await
        .read_until(has_body("respuesta"))
        .await;
    assert_eq!(bodies(&published), ["respuesta"]);
    manager.stop().await;
}

#[tokio::test]
async fn inbound_messages_survive_an_unavailable_ledger() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    manager.stop().await;
    let data = manager.folder.join("data");
    let moved_ledger = manager.folder.join("data.kept");
    std::fs::rename(&data, &moved_ledger).expect("the ledger");
    std::fs::create_dir(&data).expect("a folder");
    let invalid_database = b"not a database, and long enough".repeat(500);
    std::fs::write(data.join("ledger.db"), invalid_database).expect("a file");
    write_message(&phone, LEAD, "con el servicio caído");
    manager.restart().await;
    manager.wait_for_cause("ERROR", "LEDGER_UNAVAILABLE").await;
    write_message(&phone, LEAD, "sin registro");
    poll::until("the page to receive the message", async || {
        (phone.state().devices[0].waiting == 0).then_some(())
    })
    .await;
    std::fs::remove_dir_all(&data).expect("the invalid database");
    std::fs::rename(&moved_ledger, &data).expect("the ledger");
    let mut events = open_events_from_start(&manager).await;
    let published = events.read_until(has_body("sin registro")).await;
    assert_eq!(
        bodies(&published),
        ["con el servicio caído", "sin registro"]
    );
    write_message(&phone, LEAD, "y de nuevo");
    assert_eq!(
        bodies(&events.read_until(has_body("y de nuevo")).await),
        ["y de nuevo"]
    );
    manager.stop().await;
}

#[tokio::test]
async fn missed_acks_are_published_and_only_rise() {
    let settings = Settings {
        delivered_ack: None,
        ..Settings::default()
    };
    let standin = start_standin(settings).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    let phone = standin.phone();
    let mut ids = Vec::new();
    for n in 0..3 {
        let body = json!({"to": LEAD, "message": format!("propio {n}")});
        let (status, body) = manager.post("/send", &body).await;
        assert_eq!(status, 200, "{body}");
        ids.push(body["message_id"].as_str().expect("an id").to_owned());
    }
    let own_message_id = phone
        .own_message(LEAD, "desde el teléfono")
        .expect("a message");
    let mut events = open_events_from_start(&manager).await;
    let received = events.read_until(has_body("desde el teléfono")).await;
    manager.stop().await;
    phone.ack(&ids[0], 2).expect("an ack");
    phone.ack(&ids[1], 3).expect("an ack");
    phone.ack(&ids[2], 3).expect("an ack");
    phone.ack(&ids[2], 2).expect("an ack");
    manager.restart().await;
    let last_id = received.last().expect("an event").id;
    let mut events = Events::open(&manager.url("/events"), Some(last_id)).await;
    let mut published = Vec::new();
    let acks_of = |published: &[SseEvent], id: &str| -> Vec<i64> {
        let acks = published.iter().filter(|event| event.name == "ack");
        acks.filter(|event| event.data["message_id"] == id)
            .map(|event| event.data["ack"].as_i64().expect("a number"))
            .collect()
    };
    while ids.iter().any(|id| acks_of(&published, id).is_empty()) {
        published.extend(events.read_until(|event| event.name == "ack").await);
    }
    for (id, expected) in ids.iter().zip([2, 3, 3]) {
        assert_eq!(acks_of(&published, id), [expected]);
    }
    // The same holds while the service is running, and each ack is published once.
    for ack in [2, 4, 3] {
        phone.ack(&ids[0], ack).expect("an ack");
    }
    let later_events = events
        .read_until(|event| event.data["message_id"] == ids[0].as_str())
        .await;
    assert_eq!(acks_of(&later_events, &ids[0]), [4]);
    assert!(acks_of(&published, &own_message_id).is_empty());
    manager.stop().await;
}

/// Checks a client that reconnects however often the service is killed.
#[tokio::test]
async fn listener_resumes_through_repeated_kills() {
    const COUNT: usize = 120;
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let writer = tokio::spawn({
        let phone = phone.clone();
        async move {
            for n in 0..COUNT {
                write_message(&phone, LEAD, &format!("n {n}"));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    let mut published: Vec<SseEvent> = Vec::new();
    let mut last_id = None;
    for kill_at in [13, 41, 77, 120] {
        let mut events = Events::open(&manager.url("/events"), last_id).await;
        while bodies(&published).len() < kill_at.min(COUNT) {
            let received = tokio::time::timeout(harness::PATIENCE, events.next()).await;
            let event = received.expect("an event").expect("an open stream");
            last_id = Some(event.id);
            published.push(event);
        }
        if kill_at < COUNT {
            manager.service.kill().await;
            manager.restart().await;
        }
    }
    writer.await.expect("no panic");
    assert_ids_increase(&published);
    let expected: Vec<_> = (0..COUNT).map(|n| format!("n {n}")).collect();
    assert_eq!(bodies(&published), expected);
    manager.stop().await;
}

#[tokio::test]
async fn unknown_last_event_id_is_answered_with_a_gap() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    write_message(&standin.phone(), LEAD, "hola");
    let mut events = open_events_from_start(&manager).await;
    let published = events.read_until(has_body("hola")).await;
    assert!(
        published.iter().all(|event| event.name != "gap"),
        "{published:#?}"
    );
    let last_id = published.last().expect("an event").id;
    // This id is from before the ledger began.
    let mut events = Events::open(&manager.url("/events"), Some(7)).await;
    let published = events.read_until(has_body("hola")).await;
    let gap = published
        .iter()
        .find(|event| event.name == "gap")
        .expect("a gap");
    assert_eq!(gap.data["after"], 7);
    assert!(gap.id < last_id && gap.data["told_after"] == gap.id);
    // This id was never assigned.
    let future_id = last_id + 1_000_000_000;
    let mut events = Events::open(&manager.url("/events"), Some(future_id)).await;
    let published = events.read_until(|event| event.name == "qr").await;
    let names: Vec<_> = published.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["gap", "state", "qr"]);
    assert!(
        published
            .iter()
            .all(|event| event.id >= last_id && event.id < future_id)
    );
    for invalid_id in ["abc", "-1", "1.5", "", "18446744073709551616"] {
        let (status, body) = manager.get(&format!("/events?after={invalid_id}")).await;
        assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
    }
    manager.stop().await;
}

#[tokio::test]
async fn number_and_lid_are_one_contact() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    let mut lid_message = LeadMessage::text(LEAD, "por lid");
    lid_message.lid = true;
    phone.lead_message(&lid_message).expect("a message");
    write_message(&phone, LEAD, "por número");
    let mut hidden_message = LeadMessage::text(OTHER, "escondido");
    hidden_message.lid = true;
    hidden_message.phone_known = false;
    phone.lead_message(&hidden_message).expect("a message");
    let published = events.read_until(has_body("escondido")).await;
    let data = |body: &str| {
        let found = published.iter().find(|event| event.data["body"] == body);
        found.expect(body).data.clone()
    };
    let lid = data("por lid")["lid"].clone();
    assert!(lid.is_string());
    for body in ["por lid", "por número"] {
        assert_eq!(
            (&data(body)["phone"], &data(body)["lid"]),
            (&json!(LEAD), &lid)
        );
    }
    let hidden_message = data("escondido");
    assert_eq!(hidden_message["phone"], Value::Null);
    assert!(hidden_message["lid"].is_string());
    let ids: BTreeSet<_> = published
        .iter()
        .map(|event| event.data["message_id"].to_string())
        .collect();
    assert!(ids.len() >= 3);
    manager.stop().await;
}

#[tokio::test]
async fn hub_listeners_resume_from_last_event_id() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut hub = Hub::start(&manager, ManagerOptions::default()).await;
    let url = hub.url("/api/events");
    let mut events = Events::open(&url, None).await;
    events.read_until(|event| event.name == "state").await;
    write_message(&phone, LEAD, "uno");
    let published = events.read_until(has_body("uno")).await;
    let last_id = published.last().expect("an event").id;
    assert!(last_id > 0);
    drop(events);
    write_message(&phone, LEAD, "dos");
    // Restart the hub, whose memory is lost.
    hub.service.kill().await;
    write_message(&phone, LEAD, "tres");
    hub.restart().await;
    let mut events = Events::open(&hub.url("/api/events"), Some(last_id)).await;
    let published = events.read_until(has_body("tres")).await;
    assert_eq!(bodies(&published), ["dos", "tres"]);
    let mut last_id = published.last().expect("an event").id;
    // Restart session-manager while a client stays connected to the hub.
    let port = manager.service.url.rsplit(':').next().expect("a port");
    let port = port.to_owned();
    manager.set("PORT", port);
    manager.service.kill().await;
    write_message(&phone, LEAD, "cuatro");
    manager.restart().await;
    write_message(&phone, LEAD, "cinco");
    let published = events.read_until(has_body("cinco")).await;
    assert_eq!(bodies(&published), ["cuatro", "cinco"]);
    for event in published.iter().filter(|event| event.name == "message") {
        assert!(event.id > last_id);
        last_id = event.id;
    }
    manager.stop().await;
    hub.service.stop().await;
}
