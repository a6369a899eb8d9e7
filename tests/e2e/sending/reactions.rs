//! Tests the account's own reactions: given, changed and taken away, told once, and settled after a
//! crash.

use std::time::Duration;

use harness::processes;
use harness::standin::{LeadMessage, Phone, SendBehavior, Settings, Standin};
use harness::{Events, Manager, ManagerOptions, SseEvent, poll, send_request, start_linked};
use serde_json::{Value, json};

use super::write_wa_js;

const TO: &str = "5491158254201";

async fn start_with_message(settings: Settings) -> (Standin, Manager, Phone, String, Events) {
    let (standin, manager) = start_linked(settings, ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    let lead = phone
        .lead_message(&LeadMessage::text(TO, "¿sigue en venta?"))
        .expect("a message");
    events
        .read_until(|event| event.name == "message" && event.data["message_id"] == json!(lead))
        .await;
    (standin, manager, phone, lead, events)
}

fn reaction_request(
    manager: &Manager,
    id: &str,
    key: Option<&str>,
    emoji: &str,
) -> reqwest::RequestBuilder {
    let path = format!("/messages/{}/reaction", id.replace('@', "%40"));
    let mut request = manager.client().put(manager.url(&path));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    request.json(&json!({"emoji": emoji}))
}

async fn react(manager: &Manager, id: &str, emoji: &str) -> (u16, Value) {
    send_request(reaction_request(manager, id, None, emoji)).await
}

async fn take_away(manager: &Manager, id: &str) -> (u16, Value) {
    let path = format!("/messages/{}/reaction", id.replace('@', "%40"));
    send_request(manager.client().delete(manager.url(&path))).await
}

fn status_and_code((status, body): (u16, Value)) -> (u16, String) {
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// Returns the reactions to a message that the server received, in order.
fn received(phone: &Phone, id: &str) -> Vec<String> {
    let key = id.rsplit('_').next();
    let mut messages = phone.messages();
    messages.retain(|message| message.details.reacts_to.as_deref() == key);
    messages.into_iter().map(|message| message.body).collect()
}

fn is_reaction(event: &SseEvent) -> bool {
    event.name == "reaction"
}

/// Returns the emoji of the next reactions, which have to be the account's own to this message.
async fn read_own(events: &mut Events, id: &str, count: usize) -> Vec<Value> {
    let mut read = Vec::new();
    while read.len() < count {
        for event in events
            .read_until(is_reaction)
            .await
            .into_iter()
            .filter(is_reaction)
        {
            assert_eq!(
                (
                    &event.data["message_id"],
                    &event.data["from_me"],
                    &event.data["phone"]
                ),
                (&json!(id), &json!(true), &json!(TO)),
            );
            read.push(event.data["emoji"].clone());
        }
    }
    read
}

/// Reads up to a reaction of the lead's, which is the last, and returns the account's before it.
async fn own_until_theirs(events: &mut Events, phone: &Phone, id: &str) -> Vec<Value> {
    phone.lead_reacts(id, "🏁").expect("a reaction");
    let last = |event: &SseEvent| is_reaction(event) && event.data["from_me"] == json!(false);
    let read = events.read_until(last).await;
    let own = read
        .iter()
        .filter(|event| is_reaction(event) && !last(event));
    own.map(|event| event.data["emoji"].clone()).collect()
}

#[tokio::test]
async fn reaction_is_given_changed_and_taken_away() {
    for lid_migrated in [false, true] {
        let settings = Settings {
            lid_migrated,
            ..Settings::default()
        };
        let (_standin, mut manager, phone, lead, mut events) = start_with_message(settings).await;
        for emoji in ["👍", "👍", "❤️", "", ""] {
            let (status, body) = react(&manager, &lead, emoji).await;
            assert_eq!(
                (status, body),
                (200, json!({"ok": true, "message_id": lead}))
            );
        }
        // What WhatsApp has already is not sent again.
        assert_eq!(received(&phone, &lead), ["👍", "❤️", ""]);
        assert_eq!(react(&manager, &lead, "🙏").await.0, 200);
        assert_eq!(take_away(&manager, &lead).await.0, 200);
        assert_eq!(received(&phone, &lead)[3..], ["🙏", ""]);
        let told = read_own(&mut events, &lead, 5).await;
        assert_eq!(
            told,
            [
                json!("👍"),
                json!("❤️"),
                Value::Null,
                json!("🙏"),
                Value::Null
            ]
        );
        // A message of one's own may have one, too; both its ids name it.
        let (status, sent) = manager
            .post("/send", &json!({"to": TO, "message": "sí"}))
            .await;
        assert_eq!(status, 200, "{sent}");
        let own = sent["message_id"].as_str().expect("an id");
        let short = own.rsplit('_').next().expect("a key");
        assert_eq!(react(&manager, own, "😂").await.0, 200);
        assert_eq!(react(&manager, short, "😮").await.0, 200);
        assert_eq!(received(&phone, own), ["😂", "😮"]);
        assert_eq!(
            own_until_theirs(&mut events, &phone, own).await,
            ["😂", "😮"]
        );
        manager.stop().await;
    }
}

#[tokio::test]
async fn reaction_from_the_phone_is_told_and_can_be_changed_here() {
    let (_standin, mut manager, phone, lead, mut events) =
        start_with_message(Settings::default()).await;
    assert_eq!(react(&manager, &lead, "👍").await.0, 200);
    phone.own_reacts(&lead, "❤️").expect("a reaction");
    assert_eq!(read_own(&mut events, &lead, 2).await, ["👍", "❤️"]);
    // What was given here before is given again: it is not what WhatsApp has now.
    assert_eq!(react(&manager, &lead, "👍").await.0, 200);
    assert_eq!(received(&phone, &lead), ["👍", "👍"]);
    phone.own_reacts(&lead, "").expect("a reaction");
    assert_eq!(
        read_own(&mut events, &lead, 2).await,
        [json!("👍"), Value::Null]
    );
    // One that was sent as a message is told in the same way, once.
    let body = json!({"to": TO, "type": "reaction", "message_id": lead, "emoji": "🙏"});
    assert_eq!(manager.post("/send", &body).await.0, 200);
    assert_eq!(react(&manager, &lead, "🙏").await.0, 200);
    assert_eq!(own_until_theirs(&mut events, &phone, &lead).await, ["🙏"]);
    manager.stop().await;
}

/// Checks the moments after the page is ready to send in which wa-js reports no reactions yet.
#[tokio::test]
async fn reactions_that_wa_js_does_not_report_yet_are_told() {
    let folder = harness::Scratch::default();
    // It waits for five seconds then, in place of the page's own signal.
    let bundle = write_wa_js(&folder, "window.wppForceMainLoad = true;\n", "");
    let options = ManagerOptions::default().with("WA_JS_PATH", bundle.display());
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    let lead = phone
        .lead_message(&LeadMessage::text(TO, "¿sigue en venta?"))
        .expect("a message");
    phone.own_reacts(&lead, "❤️").expect("a reaction");
    assert_eq!(read_own(&mut events, &lead, 1).await, ["❤️"]);
    manager.stop().await;
}

#[tokio::test]
async fn refused_reactions_have_codes_and_send_nothing() {
    let (_standin, mut manager, phone, lead, _events) =
        start_with_message(Settings::default()).await;
    for text in ["a", "👍👍", " ", "👍 "] {
        assert_eq!(
            status_and_code(react(&manager, &lead, text).await),
            (400, "INVALID_REQUEST".into()),
            "{text:?}"
        );
    }
    for unknown in [
        "3EB0AAAAAAAAAAAAAAAAAA",
        "true_5491158254201@c.us_3EB0AA",
        "false_5491158254201@c.us_3AFF",
        "false_120363@g.us_3AFF_5491158254201@c.us",
        "nothing",
    ] {
        assert_eq!(
            status_and_code(react(&manager, unknown, "👍").await),
            (404, "MESSAGE_NOT_FOUND".into()),
            "{unknown}"
        );
    }
    let deleted = phone
        .lead_message(&LeadMessage::text(TO, "me equivoqué"))
        .expect("a message");
    phone.lead_deletes(&deleted).expect("a deletion");
    poll::until("the deletion in the page", async || {
        let answer = status_and_code(react(&manager, &deleted, "👍").await);
        (answer == (409, "MESSAGE_NOT_CHANGEABLE".into())).then_some(())
    })
    .await;
    assert_eq!(react(&manager, &lead, "👍").await.0, 200);
    let with_key = |emoji| send_request(reaction_request(&manager, &lead, Some("k"), emoji));
    assert_eq!(with_key("😢").await.0, 200);
    assert_eq!(
        status_and_code(with_key("😮").await),
        (409, "IDEMPOTENCY_KEY_REUSED".into())
    );
    phone.block_contact(TO, true).expect("blocked");
    poll::until("the block in the page", async || {
        let answer = status_and_code(react(&manager, &lead, "😂").await);
        (answer == (403, "RECIPIENT_BLOCKED".into())).then_some(())
    })
    .await;
    let before = received(&phone, &lead).len();
    assert_eq!(take_away(&manager, &lead).await.0, 200, "it is taken back");
    assert_eq!(received(&phone, &lead).len(), before + 1);
    phone.set_network(false);
    manager.wait_for_state("AUTHENTICATED").await;
    assert_eq!(
        status_and_code(react(&manager, &lead, "👍").await),
        (503, "SESSION_NOT_READY".into())
    );
    // Under its key, what was done is known without WhatsApp.
    let again = send_request(reaction_request(&manager, &lead, Some("k"), "😢"));
    assert_eq!(again.await.0, 200);
    manager.stop().await;
}

/// Kills the service while the page waits for the server, which has the reaction (`Ok`), has it but
/// sends no ack (`Silent`), or never received it.
#[tokio::test]
async fn service_killed_during_a_reaction_gives_it_once() {
    let slow = Settings {
        server_ack: Duration::from_secs(20),
        ..Settings::default()
    };
    let (_standin, mut manager, phone, lead, mut events) =
        start_with_message(Settings::default()).await;
    let mut told = Vec::new();
    for (emoji, outcome) in [
        ("👍", SendBehavior::Ok),
        ("❤️", SendBehavior::Silent),
        ("", SendBehavior::Lost),
    ] {
        phone.settings(slow.clone());
        phone.rule(None, outcome, Some(1));
        let name = format!("key {}", emoji.len());
        let request = reaction_request(&manager, &lead, Some(&name), emoji);
        let caller = tokio::spawn(async move { request.send().await.is_ok() });
        poll::until("the reaction to be in progress", async || {
            phone.state().rules.is_empty().then_some(())
        })
        .await;
        manager.service.kill().await;
        assert!(
            !caller.await.expect("no panic"),
            "the killed service must not have answered"
        );
        processes::assert_none_left(&manager.tokens()).await;
        phone.settings(Settings::default());
        manager.restart().await;
        events = Events::open(&manager.url("/events?after=0"), None).await;
        // The service settles it by itself, and then tells it.
        told.push(json!((!emoji.is_empty()).then_some(emoji)));
        assert_eq!(read_own(&mut events, &lead, told.len()).await, told);
        let repeated = reaction_request(&manager, &lead, Some(&name), emoji);
        assert_eq!(send_request(repeated).await.0, 200);
        assert_eq!(
            received(&phone, &lead).last().map(String::as_str),
            Some(emoji)
        );
    }
    assert!(
        own_until_theirs(&mut events, &phone, &lead)
            .await
            .is_empty()
    );
    manager.stop().await;
}

/// The page says that a reaction failed, but not why: the server may or may not have it.
#[tokio::test]
async fn unknown_outcomes_of_reactions_are_settled_in_order() {
    let (_standin, mut manager, phone, lead, mut events) =
        start_with_message(Settings::default()).await;
    for (outcome, emoji) in [
        (SendBehavior::UnknownTaken, "👍"),
        (SendBehavior::Unknown, "😮"),
    ] {
        phone.rule(None, outcome, Some(1));
        assert_eq!(
            status_and_code(react(&manager, &lead, emoji).await),
            (504, "SEND_UNCONFIRMED".into())
        );
        assert_eq!(react(&manager, &lead, "🙏").await.0, 200);
        assert_eq!(
            received(&phone, &lead).last().map(String::as_str),
            Some("🙏")
        );
        assert_eq!(read_own(&mut events, &lead, 2).await, [emoji, "🙏"]);
    }
    assert!(
        own_until_theirs(&mut events, &phone, &lead)
            .await
            .is_empty()
    );
    manager.stop().await;
}
