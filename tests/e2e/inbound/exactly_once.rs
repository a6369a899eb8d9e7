//! Tests that every incoming message is published once, whatever was down when it arrived.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::processes::{self, kill_hard};
use harness::standin::{LeadMessage, Phone, Settings};
use harness::{Events, Hub, Manager, ManagerOptions, SseEvent, linked, poll, standin};
use serde_json::{Value, json};

const LEAD: &str = "5491158254201";
const OTHER: &str = "5491158254202";

fn writes(phone: &Phone, from: &str, body: &str) -> String {
    let message = LeadMessage::text(from, body);
    phone.lead_message(&message).expect("a message")
}

/// Opens a stream of all stored events.
async fn from_the_start(manager: &Manager) -> Events {
    Events::open(&manager.url("/events?after=0"), None).await
}

fn bodies(events: &[SseEvent]) -> Vec<&str> {
    events
        .iter()
        .filter(|event| event.name == "message")
        .map(|event| event.data["body"].as_str().expect("a body"))
        .collect()
}

fn says(body: &str) -> impl Fn(&SseEvent) -> bool {
    move |event| event.data["body"] == body
}

fn rising(events: &[SseEvent]) {
    for pair in events.windows(2) {
        // The current state is sent under the id of the event before it.
        let now = ["state", "qr", "limits"].contains(&pair[1].name.as_str());
        assert!(
            pair[0].id < pair[1].id || (now && pair[0].id == pair[1].id),
            "{pair:#?}"
        );
    }
}

#[tokio::test]
async fn messages_during_a_service_outage_are_published_once_in_order() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    writes(&phone, LEAD, "antes");
    let mut events = from_the_start(&manager).await;
    let heard = events.until(says("antes")).await;
    let last = heard.last().expect("an event").id;
    manager.stop().await;
    for n in 0..70 {
        writes(&phone, LEAD, &format!("uno {n}"));
        writes(&phone, OTHER, &format!("otro {n}"));
    }
    phone
        .own_message(LEAD, "desde el teléfono")
        .expect("a message");
    manager.restart().await;
    let mut events = Events::open(&manager.url("/events"), Some(last)).await;
    let told = events.until(says("desde el teléfono")).await;
    rising(&told);
    let of = |word: &str| -> Vec<String> {
        let told = bodies(&told)
            .into_iter()
            .filter(|body| body.starts_with(word));
        told.map(str::to_owned).collect()
    };
    let all = |word: &str| (0..70).map(|n| format!("{word} {n}")).collect::<Vec<_>>();
    assert_eq!(of("uno"), all("uno"));
    assert_eq!(of("otro"), all("otro"));
    assert_eq!(bodies(&told).len(), 141);
    let own = &told.last().expect("an event").data;
    assert_eq!(
        (&own["from_me"], &own["phone"]),
        (&json!(true), &json!(LEAD))
    );

    // After another restart, none of it is published again.
    manager.until("READY").await;
    manager.stop().await;
    manager.restart().await;
    manager.until("READY").await;
    writes(&phone, LEAD, "después");
    let told = from_the_start(&manager).await.until(says("después")).await;
    rising(&told);
    assert_eq!(bodies(&told).len(), 143);
    manager.stop().await;
}

#[tokio::test]
async fn messages_during_a_browser_outage_are_published_once() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = from_the_start(&manager).await;
    for round in 0..3 {
        let texts: Vec<_> = (0..10).map(|n| format!("{round}/{n}")).collect();
        for text in &texts[..5] {
            writes(&phone, LEAD, text);
        }
        kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
        for text in &texts[5..] {
            writes(&phone, LEAD, text);
        }
        manager.until("READY").await;
        let told = events.until(says(&texts[9])).await;
        assert_eq!(bodies(&told), texts);
    }
    manager.stop().await;
}

#[tokio::test]
async fn lost_page_events_lose_no_message() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = linked(Settings::default(), options).await;
    let phone = standin.phone();
    let mut events = from_the_start(&manager).await;
    phone.drop_events(2_000);
    for n in 0..5 {
        writes(&phone, LEAD, &format!("callado {n}"));
    }
    let told = events.until(says("callado 4")).await;
    assert_eq!(bodies(&told).len(), 5);
    manager.stop().await;
}

#[tokio::test]
async fn messages_before_the_link_are_history() {
    let standin = standin(Settings::default()).await;
    let phone = standin.phone();
    let mut old = LeadMessage::text(LEAD, "historia");
    old.age_s = 5_000;
    phone.lead_message(&old).expect("a message");
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    writes(&phone, LEAD, "nuevo");
    let mut events = from_the_start(&manager).await;
    let told = events.until(says("nuevo")).await;
    assert_eq!(bodies(&told), ["nuevo"]);
    // The device is unlinked and linked again: messages in between count as history as well.
    let (status, body) = manager.post("/logout", &Value::Null).await;
    assert_eq!(status, 200, "{body}");
    let mut between = LeadMessage::text(LEAD, "entretanto");
    between.age_s = 2;
    phone.lead_message(&between).expect("a message");
    manager.link(&standin).await;
    manager.stop().await;
    manager.restart().await;
    manager.until("READY").await;
    writes(&phone, LEAD, "al fin");
    let told = events_after_restart(&manager, &told, "al fin").await;
    assert_eq!(bodies(&told), ["al fin"]);
    manager.stop().await;
}

async fn events_after_restart(manager: &Manager, told: &[SseEvent], last: &str) -> Vec<SseEvent> {
    let after = told.last().expect("an event").id;
    let mut events = Events::open(&manager.url("/events"), Some(after)).await;
    let told = events.until(says(last)).await;
    rising(&told);
    told
}

#[tokio::test]
async fn ciphertext_is_published_once_decrypted() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = from_the_start(&manager).await;
    let mut secret = LeadMessage::text(LEAD, "secreto");
    secret.ciphertext_ms = 1_500;
    secret.lid = true;
    phone.lead_message(&secret).expect("a message");
    writes(&phone, OTHER, "claro");
    let told = events.until(says("claro")).await;
    assert_eq!(bodies(&told), ["claro"], "it cannot be read yet");
    manager.stop().await;
    // The message becomes readable while the service is down.
    let readable = |phone: &Phone| (phone.state().ciphertexts == 0).then_some(());
    let readable = phone.wait_for(harness::PATIENCE, readable).await;
    readable.expect("the text");
    manager.restart().await;
    let told = events_after_restart(&manager, &told, "secreto").await;
    assert_eq!(bodies(&told), ["secreto"]);
    let data = &told.last().expect("an event").data;
    assert_eq!(data["phone"], LEAD);
    assert!(data["lid"].as_str().expect("a LID").ends_with("@lid"));
    assert!(data["from"].as_str().expect("a sender").ends_with("@lid"));
    manager.stop().await;
}

#[tokio::test]
async fn own_sends_are_not_published_as_messages() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    for n in 0..3 {
        let body = json!({"to": LEAD, "message": format!("propio {n}")});
        let (status, body) = manager.post("/send", &body).await;
        assert_eq!(status, 200, "{body}");
    }
    manager.stop().await;
    manager.restart().await;
    manager.until("READY").await;
    writes(&phone, LEAD, "respuesta");
    let told = from_the_start(&manager)
        .await
        .until(says("respuesta"))
        .await;
    assert_eq!(bodies(&told), ["respuesta"]);
    manager.stop().await;
}

#[tokio::test]
async fn inbound_messages_survive_an_unavailable_ledger() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    manager.stop().await;
    let data = manager.folder.join("data");
    let kept = manager.folder.join("data.kept");
    std::fs::rename(&data, &kept).expect("the ledger");
    std::fs::create_dir(&data).expect("a folder");
    let rubbish = b"rubbish, and long enough".repeat(500);
    std::fs::write(data.join("ledger.db"), rubbish).expect("a file");
    writes(&phone, LEAD, "con el servicio caído");
    manager.restart().await;
    manager.until_cause("ERROR", "LEDGER_UNAVAILABLE").await;
    writes(&phone, LEAD, "sin registro");
    poll::until("the message to be in the page", async || {
        (phone.state().devices[0].waiting == 0).then_some(())
    })
    .await;
    std::fs::remove_dir_all(&data).expect("the rubbish");
    std::fs::rename(&kept, &data).expect("the ledger");
    let mut events = from_the_start(&manager).await;
    let told = events.until(says("sin registro")).await;
    assert_eq!(bodies(&told), ["con el servicio caído", "sin registro"]);
    writes(&phone, LEAD, "y de nuevo");
    assert_eq!(
        bodies(&events.until(says("y de nuevo")).await),
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
    let standin = standin(settings).await;
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
    let own = phone
        .own_message(LEAD, "desde el teléfono")
        .expect("a message");
    let mut events = from_the_start(&manager).await;
    let heard = events.until(says("desde el teléfono")).await;
    manager.stop().await;
    phone.ack(&ids[0], 2).expect("an ack");
    phone.ack(&ids[1], 3).expect("an ack");
    phone.ack(&ids[2], 3).expect("an ack");
    phone.ack(&ids[2], 2).expect("an ack");
    manager.restart().await;
    let after = heard.last().expect("an event").id;
    let mut events = Events::open(&manager.url("/events"), Some(after)).await;
    let mut told = Vec::new();
    let told_of = |told: &[SseEvent], id: &str| -> Vec<i64> {
        let acks = told.iter().filter(|event| event.name == "ack");
        acks.filter(|event| event.data["message_id"] == id)
            .map(|event| event.data["ack"].as_i64().expect("a number"))
            .collect()
    };
    while ids.iter().any(|id| told_of(&told, id).is_empty()) {
        told.extend(events.until(|event| event.name == "ack").await);
    }
    for (id, expected) in ids.iter().zip([2, 3, 3]) {
        assert_eq!(told_of(&told, id), [expected]);
    }
    // The same holds while the service is running, and each ack is published once.
    for ack in [2, 4, 3] {
        phone.ack(&ids[0], ack).expect("an ack");
    }
    let more = events
        .until(|event| event.data["message_id"] == ids[0].as_str())
        .await;
    assert_eq!(told_of(&more, &ids[0]), [4]);
    assert!(told_of(&told, &own).is_empty());
    manager.stop().await;
}

/// Checks a client that reconnects however often the service is killed.
#[tokio::test]
async fn listener_resumes_through_repeated_kills() {
    const COUNT: usize = 120;
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let writer = tokio::spawn({
        let phone = phone.clone();
        async move {
            for n in 0..COUNT {
                writes(&phone, LEAD, &format!("n {n}"));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    let mut told: Vec<SseEvent> = Vec::new();
    let mut last = None;
    for kills in [13, 41, 77, 120] {
        let mut events = Events::open(&manager.url("/events"), last).await;
        while bodies(&told).len() < kills.min(COUNT) {
            let heard = tokio::time::timeout(harness::PATIENCE, events.next()).await;
            let event = heard.expect("an event").expect("an open stream");
            last = Some(event.id);
            told.push(event);
        }
        if kills < COUNT {
            manager.service.kill().await;
            manager.restart().await;
        }
    }
    writer.await.expect("no panic");
    rising(&told);
    let expected: Vec<_> = (0..COUNT).map(|n| format!("n {n}")).collect();
    assert_eq!(bodies(&told), expected);
    manager.stop().await;
}

#[tokio::test]
async fn unknown_last_event_id_is_answered_with_a_gap() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    writes(&standin.phone(), LEAD, "hola");
    let mut events = from_the_start(&manager).await;
    let told = events.until(says("hola")).await;
    assert!(told.iter().all(|event| event.name != "gap"), "{told:#?}");
    let last = told.last().expect("an event").id;
    // This id is from before the ledger began.
    let mut events = Events::open(&manager.url("/events"), Some(7)).await;
    let told = events.until(says("hola")).await;
    let gap = told
        .iter()
        .find(|event| event.name == "gap")
        .expect("a gap");
    assert_eq!(gap.data["after"], 7);
    assert!(gap.id < last && gap.data["told_after"] == gap.id);
    // This id was never assigned.
    let future = last + 1_000_000_000;
    let mut events = Events::open(&manager.url("/events"), Some(future)).await;
    let told = events.until(|event| event.name == "qr").await;
    let names: Vec<_> = told.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["gap", "state", "qr"]);
    assert!(
        told.iter()
            .all(|event| event.id >= last && event.id < future)
    );
    for nonsense in ["abc", "-1", "1.5", "", "18446744073709551616"] {
        let (status, body) = manager.get(&format!("/events?after={nonsense}")).await;
        assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
    }
    manager.stop().await;
}

#[tokio::test]
async fn number_and_lid_are_one_contact() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = from_the_start(&manager).await;
    let mut by_lid = LeadMessage::text(LEAD, "por lid");
    by_lid.lid = true;
    phone.lead_message(&by_lid).expect("a message");
    writes(&phone, LEAD, "por número");
    let mut hidden = LeadMessage::text(OTHER, "escondido");
    hidden.lid = true;
    hidden.phone_known = false;
    phone.lead_message(&hidden).expect("a message");
    let told = events.until(says("escondido")).await;
    let data = |body: &str| {
        let found = told.iter().find(|event| event.data["body"] == body);
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
    let hidden = data("escondido");
    assert_eq!(hidden["phone"], Value::Null);
    assert!(hidden["lid"].is_string());
    let ids: BTreeSet<_> = told
        .iter()
        .map(|event| event.data["message_id"].to_string())
        .collect();
    assert!(ids.len() >= 3);
    manager.stop().await;
}

#[tokio::test]
async fn hub_listeners_resume_from_last_event_id() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut hub = Hub::start(&manager, ManagerOptions::default()).await;
    let url = hub.url("/api/events");
    let mut events = Events::open(&url, None).await;
    events.until(|event| event.name == "state").await;
    writes(&phone, LEAD, "uno");
    let told = events.until(says("uno")).await;
    let last = told.last().expect("an event").id;
    assert!(last > 0);
    drop(events);
    writes(&phone, LEAD, "dos");
    // Restart the hub, whose memory is lost.
    hub.service.kill().await;
    writes(&phone, LEAD, "tres");
    hub.restart().await;
    let mut events = Events::open(&hub.url("/api/events"), Some(last)).await;
    let told = events.until(says("tres")).await;
    assert_eq!(bodies(&told), ["dos", "tres"]);
    let mut last = told.last().expect("an event").id;
    // Restart session-manager while a client stays connected to the hub.
    let port = manager.service.url.rsplit(':').next().expect("a port");
    let port = port.to_owned();
    manager.set("PORT", port);
    manager.service.kill().await;
    writes(&phone, LEAD, "cuatro");
    manager.restart().await;
    writes(&phone, LEAD, "cinco");
    let told = events.until(says("cinco")).await;
    assert_eq!(bodies(&told), ["cuatro", "cinco"]);
    for event in told.iter().filter(|event| event.name == "message") {
        assert!(event.id > last);
        last = event.id;
    }
    manager.stop().await;
    hub.service.stop().await;
}
