//! Tests that edits, deletions, reactions and missed calls are published once each, whatever was
//! down when they happened.

use harness::processes::{self, kill_hard};
use harness::standin::{LeadContent, LeadMedia, LeadMessage, Phone, Settings};
use harness::{Events, Manager, ManagerOptions, SseEvent, start_linked};
use serde_json::{Value, json};

const LEAD: &str = "5491158254201";
const KINDS: [&str; 4] = ["message_edited", "message_deleted", "reaction", "call"];

fn write_message(phone: &Phone, body: &str) -> String {
    let message = LeadMessage::text(LEAD, body);
    phone.lead_message(&message).expect("a message")
}

fn miss_call(phone: &Phone) -> String {
    let mut call = LeadMessage::text(LEAD, "");
    call.kind = Some("call_log".to_owned());
    phone.lead_message(&call).expect("a call")
}

async fn open_events_from_start(manager: &Manager) -> Events {
    Events::open(&manager.url("/events?after=0"), None).await
}

fn has_body(body: &str) -> impl Fn(&SseEvent) -> bool {
    move |event| event.name == "message" && event.data["body"] == body
}

/// Returns changes in order, as (name, message, text or emoji).
fn changes(events: &[SseEvent]) -> Vec<(&str, &str, Value)> {
    let change_events = events
        .iter()
        .filter(|event| KINDS.contains(&event.name.as_str()));
    change_events
        .map(|event| {
            let data = &event.data;
            let id = data.get("message_id").unwrap_or(&data["call_id"]);
            let detail = data.get("body").or(data.get("emoji")).cloned();
            (
                event.name.as_str(),
                id.as_str().expect("an id"),
                detail.unwrap_or_default(),
            )
        })
        .collect()
}

async fn send_message(manager: &Manager, text: &str) -> String {
    let (status, body) = manager
        .post("/send", &json!({"to": LEAD, "message": text}))
        .await;
    assert_eq!(status, 200, "{body}");
    body["message_id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn changes_are_published_as_they_happen() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    let (first, second) = (
        write_message(&phone, "quiero comprar"),
        write_message(&phone, "uy"),
    );
    // Reactions that come in a burst may wait for the regular search. The tests below cover them.
    phone
        .lead_edits(&first, "quiero alquilar")
        .expect("an edit");
    phone.lead_edits(&first, "BAJA").expect("an edit");
    phone.lead_deletes(&second).expect("a deletion");
    let call = miss_call(&phone);
    write_message(&phone, "fin");
    let published = events.read_until(has_body("fin")).await;
    assert_eq!(
        changes(&published),
        [
            ("message_edited", first.as_str(), json!("quiero alquilar")),
            ("message_edited", first.as_str(), json!("BAJA")),
            ("message_deleted", second.as_str(), Value::Null),
            ("call", call.as_str(), Value::Null),
        ]
    );
    for event in published
        .iter()
        .filter(|event| KINDS.contains(&event.name.as_str()))
    {
        assert_eq!(event.data["phone"], LEAD, "{event:?}");
    }
    let call = published
        .iter()
        .find(|event| event.name == "call")
        .expect("the call");
    assert_eq!(
        (&call.data["outcome"], &call.data["video"]),
        (&json!("missed"), &json!(false))
    );
    let messages = published.iter().filter(|event| event.name == "message");
    assert_eq!(
        messages.count(),
        3,
        "a call or a deletion must not be published as a message"
    );
    manager.stop().await;
}

#[tokio::test]
async fn changes_during_outages_are_published_once() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    let edited_id = write_message(&phone, "a");
    let deleted_id = write_message(&phone, "b");
    let reacted = write_message(&phone, "c");
    let sent_id = send_message(&manager, "Hola").await;
    // Writes the last message of the chat: the page publishes no changes of the earlier ones.
    write_message(&phone, "d");
    let received = events.read_until(has_body("d")).await;
    let last_id = received.last().expect("an event").id;
    manager.wait_until_stored().await;
    manager.stop().await;
    phone.lead_edits(&edited_id, "a2").expect("an edit");
    phone.lead_deletes(&deleted_id).expect("a deletion");
    phone.lead_reacts(&reacted, "❤️").expect("a reaction");
    let call = miss_call(&phone);
    manager.restart().await;
    manager.wait_for_state("READY").await;
    let mut events = Events::open(&manager.url("/events"), Some(last_id)).await;
    let mut published = events
        .read_until(|event| {
            event.name == "reaction" && event.data["message_id"] == reacted.as_str()
        })
        .await;
    // Do the same again, with a browser that is killed.
    manager.wait_until_stored().await;
    kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
    phone.lead_reacts(&reacted, "").expect("a reaction");
    phone.lead_reacts(&sent_id, "👍").expect("a reaction");
    manager.wait_for_state("READY").await;
    for _ in 0..2 {
        published.extend(events.read_until(|event| event.name == "reaction").await);
    }
    let mut published_changes = changes(&published);
    published_changes.sort_by_key(|(name, id, detail)| (*name, *id, detail.is_null()));
    let mut expected = vec![
        ("message_edited", edited_id.as_str(), json!("a2")),
        ("message_deleted", deleted_id.as_str(), Value::Null),
        ("reaction", reacted.as_str(), json!("❤️")),
        ("reaction", reacted.as_str(), Value::Null),
        ("reaction", sent_id.as_str(), json!("👍")),
        ("call", call.as_str(), Value::Null),
    ];
    expected.sort_by_key(|(name, id, detail)| (*name, *id, detail.is_null()));
    assert_eq!(published_changes, expected);

    // None of it is published again.
    let last_id = published.last().expect("an event").id;
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    write_message(&phone, "fin");
    let mut events = Events::open(&manager.url("/events"), Some(last_id)).await;
    let published = events.read_until(has_body("fin")).await;
    assert_eq!(changes(&published), []);
    manager.stop().await;
}

#[tokio::test]
async fn changes_amid_kills_are_published_once() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    let [edited_id, deleted_id, reacted] = ["a", "b", "c"].map(|body| write_message(&phone, body));
    // Writes the last message of the chat: the page publishes no changes of the earlier ones.
    write_message(&phone, "d");
    let received = events.read_until(has_body("d")).await;
    let last_id = received.last().expect("an event").id;
    let mut call = String::new();
    // The service dies while each of them is on its way.
    for change in 0..4 {
        manager.wait_until_stored().await;
        match change {
            0 => phone.lead_edits(&edited_id, "a2").map(drop),
            1 => phone.lead_deletes(&deleted_id).map(drop),
            2 => phone.lead_reacts(&reacted, "❤️").map(drop),
            _ => {
                call = miss_call(&phone);
                Ok(())
            }
        }
        .expect("a change");
        manager.service.kill().await;
        manager.restart().await;
        manager.wait_for_state("READY").await;
    }
    write_message(&phone, "fin");
    let mut events = Events::open(&manager.url("/events"), Some(last_id)).await;
    let published = events.read_until(has_body("fin")).await;
    let mut published_changes = changes(&published);
    published_changes.sort_by_key(|(name, ..)| *name);
    let expected = [
        ("call", call.as_str(), Value::Null),
        ("message_deleted", deleted_id.as_str(), Value::Null),
        ("message_edited", edited_id.as_str(), json!("a2")),
        ("reaction", reacted.as_str(), json!("❤️")),
    ];
    assert_eq!(published_changes, expected);
    manager.stop().await;
}

#[tokio::test]
async fn lost_page_events_lose_no_change_and_no_ack() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    let sent_id = send_message(&manager, "Hola").await;
    let is_ack = |event: &SseEvent, ack: i64| {
        event.name == "ack" && event.data["message_id"] == sent_id && event.data["ack"] == ack
    };
    events.read_until(|event| is_ack(event, 2)).await;
    let (edited_id, deleted_id) = (write_message(&phone, "a"), write_message(&phone, "b"));
    events.read_until(has_body("b")).await;
    phone.drop_events(1_500);
    phone.ack(&sent_id, 3).expect("an ack");
    phone.lead_edits(&edited_id, "a2").expect("an edit");
    phone.lead_deletes(&deleted_id).expect("a deletion");
    phone.lead_reacts(&edited_id, "🙏").expect("a reaction");
    // The search finds them again, in no particular order.
    let mut published = Vec::new();
    while changes(&published).len() < 3 || !published.iter().any(|event| is_ack(event, 3)) {
        let is_wanted = |event: &SseEvent| KINDS.contains(&event.name.as_str()) || is_ack(event, 3);
        published.extend(events.read_until(is_wanted).await);
    }
    let mut names: Vec<_> = changes(&published).iter().map(|(name, ..)| *name).collect();
    names.sort_unstable();
    assert_eq!(names, ["message_deleted", "message_edited", "reaction"]);
    manager.stop().await;
}

/// Makes the lead send a picture with this caption. Returns the message's key.
fn send_picture(phone: &Phone, caption: &str) -> String {
    let media = LeadMedia {
        path: phone.upload("a picture"),
        kind: "image".to_owned(),
        mime: "image/jpeg".to_owned(),
        ..LeadMedia::default()
    };
    let content = LeadContent {
        media: Some(media),
        ..LeadContent::default()
    };
    let message = LeadMessage::text(LEAD, caption).with(content);
    phone.lead_message(&message).expect("a message")
}

#[tokio::test]
async fn caption_edits_are_published_and_ineffective_changes_are_not() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    let (edited_id, deleted_id) = (send_picture(&phone, "cas"), send_picture(&phone, "uy"));
    let deleted_text_id = write_message(&phone, "nada");
    events.read_until(has_body("nada")).await;
    phone.lead_edits(&edited_id, "casa").expect("an edit");
    phone
        .lead_edits(&edited_id, "No me escriban más")
        .expect("an edit");
    phone.lead_deletes(&deleted_id).expect("a deletion");
    phone.lead_deletes(&deleted_text_id).expect("a deletion");
    // This is too late: nothing is left to edit, or to delete again.
    let _ = phone.lead_edits(&deleted_text_id, "algo");
    let _ = phone.lead_deletes(&deleted_text_id);
    write_message(&phone, "fin");
    let published = events.read_until(has_body("fin")).await;
    assert_eq!(
        changes(&published),
        [
            ("message_edited", edited_id.as_str(), json!("casa")),
            (
                "message_edited",
                edited_id.as_str(),
                json!("No me escriban más")
            ),
            ("message_deleted", deleted_id.as_str(), Value::Null),
            ("message_deleted", deleted_text_id.as_str(), Value::Null),
        ]
    );
    manager.stop().await;
}
