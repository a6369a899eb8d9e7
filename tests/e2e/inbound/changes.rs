//! Tests that edits, deletions, reactions and missed calls are published once each, whatever was
//! down when they happened.

use harness::processes::{self, kill_hard};
use harness::standin::{LeadContent, LeadMedia, LeadMessage, Phone, Settings};
use harness::{Events, Manager, ManagerOptions, SseEvent, linked};
use serde_json::{Value, json};

const LEAD: &str = "5491158254201";
const KINDS: [&str; 4] = ["message_edited", "message_deleted", "reaction", "call"];

fn writes(phone: &Phone, body: &str) -> String {
    let message = LeadMessage::text(LEAD, body);
    phone.lead_message(&message).expect("a message")
}

fn calls(phone: &Phone) -> String {
    let mut call = LeadMessage::text(LEAD, "");
    call.kind = Some("call_log".to_owned());
    phone.lead_message(&call).expect("a call")
}

async fn from_the_start(manager: &Manager) -> Events {
    Events::open(&manager.url("/events?after=0"), None).await
}

fn says(body: &str) -> impl Fn(&SseEvent) -> bool {
    move |event| event.name == "message" && event.data["body"] == body
}

/// Returns changes in order, as (name, message, text or emoji).
fn changes(events: &[SseEvent]) -> Vec<(&str, &str, Value)> {
    let of_kind = events
        .iter()
        .filter(|event| KINDS.contains(&event.name.as_str()));
    of_kind
        .map(|event| {
            let data = &event.data;
            let id = data.get("message_id").unwrap_or(&data["call_id"]);
            let more = data.get("body").or(data.get("emoji")).cloned();
            (
                event.name.as_str(),
                id.as_str().expect("an id"),
                more.unwrap_or_default(),
            )
        })
        .collect()
}

async fn sends(manager: &Manager, text: &str) -> String {
    let (status, body) = manager
        .post("/send", &json!({"to": LEAD, "message": text}))
        .await;
    assert_eq!(status, 200, "{body}");
    body["message_id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn changes_are_published_as_they_happen() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = from_the_start(&manager).await;
    let (first, second) = (writes(&phone, "quiero comprar"), writes(&phone, "uy"));
    // Reactions that come in a burst may wait for the regular search. The tests below cover them.
    phone
        .lead_edits(&first, "quiero alquilar")
        .expect("an edit");
    phone.lead_edits(&first, "BAJA").expect("an edit");
    phone.lead_deletes(&second).expect("a deletion");
    let call = calls(&phone);
    writes(&phone, "fin");
    let told = events.until(says("fin")).await;
    assert_eq!(
        changes(&told),
        [
            ("message_edited", first.as_str(), json!("quiero alquilar")),
            ("message_edited", first.as_str(), json!("BAJA")),
            ("message_deleted", second.as_str(), Value::Null),
            ("call", call.as_str(), Value::Null),
        ]
    );
    for event in told
        .iter()
        .filter(|event| KINDS.contains(&event.name.as_str()))
    {
        assert_eq!(event.data["phone"], LEAD, "{event:?}");
    }
    let call = told
        .iter()
        .find(|event| event.name == "call")
        .expect("the call");
    assert_eq!(
        (&call.data["outcome"], &call.data["video"]),
        (&json!("missed"), &json!(false))
    );
    let messages = told.iter().filter(|event| event.name == "message");
    assert_eq!(messages.count(), 3, "a call or a deletion is no message");
    manager.stop().await;
}

#[tokio::test]
async fn changes_during_outages_are_published_once() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = from_the_start(&manager).await;
    let edited = writes(&phone, "a");
    let deleted = writes(&phone, "b");
    let liked = writes(&phone, "c");
    let sent = sends(&manager, "Hola").await;
    // Writes the last message of the chat: the page publishes no changes of the earlier ones.
    writes(&phone, "d");
    let heard = events.until(says("d")).await;
    let last = heard.last().expect("an event").id;
    manager.until_stored().await;
    manager.stop().await;
    phone.lead_edits(&edited, "a2").expect("an edit");
    phone.lead_deletes(&deleted).expect("a deletion");
    phone.lead_reacts(&liked, "❤️").expect("a reaction");
    let call = calls(&phone);
    manager.restart().await;
    manager.until("READY").await;
    let mut events = Events::open(&manager.url("/events"), Some(last)).await;
    let mut told = events
        .until(|event| event.name == "reaction" && event.data["message_id"] == liked.as_str())
        .await;
    // Do the same again, with a browser that is killed.
    manager.until_stored().await;
    kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
    phone.lead_reacts(&liked, "").expect("a reaction");
    phone.lead_reacts(&sent, "👍").expect("a reaction");
    manager.until("READY").await;
    for _ in 0..2 {
        told.extend(events.until(|event| event.name == "reaction").await);
    }
    let mut became = changes(&told);
    became.sort_by_key(|(name, id, more)| (*name, *id, more.is_null()));
    let mut expected = vec![
        ("message_edited", edited.as_str(), json!("a2")),
        ("message_deleted", deleted.as_str(), Value::Null),
        ("reaction", liked.as_str(), json!("❤️")),
        ("reaction", liked.as_str(), Value::Null),
        ("reaction", sent.as_str(), json!("👍")),
        ("call", call.as_str(), Value::Null),
    ];
    expected.sort_by_key(|(name, id, more)| (*name, *id, more.is_null()));
    assert_eq!(became, expected);

    // None of it is published again.
    let last = told.last().expect("an event").id;
    manager.stop().await;
    manager.restart().await;
    manager.until("READY").await;
    writes(&phone, "fin");
    let mut events = Events::open(&manager.url("/events"), Some(last)).await;
    let told = events.until(says("fin")).await;
    assert_eq!(changes(&told), []);
    manager.stop().await;
}

#[tokio::test]
async fn lost_page_events_lose_no_change() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = linked(Settings::default(), options).await;
    let phone = standin.phone();
    let mut events = from_the_start(&manager).await;
    let (edited, deleted) = (writes(&phone, "a"), writes(&phone, "b"));
    events.until(says("b")).await;
    phone.drop_events(1_500);
    phone.lead_edits(&edited, "a2").expect("an edit");
    phone.lead_deletes(&deleted).expect("a deletion");
    phone.lead_reacts(&edited, "🙏").expect("a reaction");
    // The search finds them again, in no particular order.
    let mut told = Vec::new();
    while changes(&told).len() < 3 {
        let is_change = |event: &SseEvent| {
            ["message_edited", "message_deleted", "reaction"].contains(&event.name.as_str())
        };
        told.extend(events.until(is_change).await);
    }
    let mut names: Vec<_> = changes(&told).iter().map(|(name, ..)| *name).collect();
    names.sort_unstable();
    assert_eq!(names, ["message_deleted", "message_edited", "reaction"]);
    manager.stop().await;
}

/// Makes the lead send a picture with this caption. Returns the message's key.
fn shows(phone: &Phone, caption: &str) -> String {
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
async fn captions_are_edited_and_what_changes_nothing_is_not_published() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = from_the_start(&manager).await;
    let (edited, deleted) = (shows(&phone, "cas"), shows(&phone, "uy"));
    let gone = writes(&phone, "nada");
    events.until(says("nada")).await;
    phone.lead_edits(&edited, "casa").expect("an edit");
    phone
        .lead_edits(&edited, "No me escriban más")
        .expect("an edit");
    phone.lead_deletes(&deleted).expect("a deletion");
    phone.lead_deletes(&gone).expect("a deletion");
    // This is too late: nothing is left to edit, or to delete again.
    let _ = phone.lead_edits(&gone, "algo");
    let _ = phone.lead_deletes(&gone);
    writes(&phone, "fin");
    let told = events.until(says("fin")).await;
    assert_eq!(
        changes(&told),
        [
            ("message_edited", edited.as_str(), json!("casa")),
            (
                "message_edited",
                edited.as_str(),
                json!("No me escriban más")
            ),
            ("message_deleted", deleted.as_str(), Value::Null),
            ("message_deleted", gone.as_str(), Value::Null),
        ]
    );
    manager.stop().await;
}
