//! Tests every kind of message, from the request to the phone.

use futures_util::future::join_all;
use harness::standin::{LeadMessage, Received, SendBehavior, Settings, Standin};
use harness::{Manager, ManagerOptions, poll, start_linked};
use serde_json::{Value, json};

const TO: &str = "5491158254201";

async fn start_default() -> (Standin, Manager) {
    start_linked(Settings::default(), ManagerOptions::default()).await
}

/// Sends `body` to [`TO`]. Returns the full id.
async fn send_message(manager: &Manager, body: Value) -> String {
    let (status, answer) = post(manager, body.clone()).await;
    assert_eq!(status, 200, "{body}: {answer}");
    answer["message_id"].as_str().expect("an id").to_owned()
}

async fn post(manager: &Manager, mut body: Value) -> (u16, Value) {
    body["to"] = json!(TO);
    manager.post("/send", &body).await
}

async fn send_refused(manager: &Manager, body: Value) -> (u16, String) {
    let (status, answer) = post(manager, body).await;
    (status, answer["code"].as_str().unwrap_or_default().into())
}

fn last_message(standin: &Standin) -> Received {
    standin.phone().messages().pop().expect("a message")
}

/// Makes a lead send a message, and waits for its event. Returns its full id.
async fn receive_message(standin: &Standin, manager: &Manager, from: &str) -> String {
    let key = standin
        .phone()
        .lead_message(&LeadMessage::text(from, "¿sigue en venta?"))
        .expect("a lead");
    let mut events = manager
        .client()
        .get(manager.url("/events"))
        .header("last-event-id", "0")
        .send()
        .await
        .expect("events");
    let mut stream_text = String::new();
    while !stream_text.contains(&key) {
        let chunk = tokio::time::timeout(harness::PATIENCE, events.chunk()).await;
        let chunk = chunk.expect("in time").expect("a stream");
        stream_text.push_str(&String::from_utf8_lossy(&chunk.expect("no end")));
    }
    key
}

#[tokio::test]
async fn texts_locations_contacts_replies_and_mentions() {
    let (standin, mut manager) = start_default().await;
    // The original format, and the same with an explicit type.
    for body in [
        json!({"message": "hola"}),
        json!({"type": "text", "message": "hola"}),
    ] {
        let id = send_message(&manager, body).await;
        let message = last_message(&standin);
        assert_eq!(
            (message.kind.as_str(), message.body.as_str()),
            ("chat", "hola")
        );
        assert_eq!((message.key, message.details), (id, Default::default()));
    }
    // A link is looked up only on request.
    let link = "https://example.com/casa";
    send_message(&manager, json!({"message": link})).await;
    assert_eq!(last_message(&standin).details.link_preview, None);
    send_message(
        &manager,
        json!({"type": "text", "message": link, "link_preview": true}),
    )
    .await;
    assert_eq!(last_message(&standin).details.link_preview, Some(true));

    let id = send_message(
        &manager,
        json!({"type": "location", "latitude": -34.6037, "longitude": -58.3816,
               "name": "Obelisco", "address": "Av. 9 de Julio"}),
    )
    .await;
    let message = last_message(&standin);
    let place = message.details.location.expect("a place");
    assert_eq!(
        (message.kind.as_str(), message.key),
        ("location", id.clone())
    );
    assert_eq!((place.latitude, place.longitude), (-34.6037, -58.3816));
    assert_eq!(place.text, "Obelisco\nAv. 9 de Julio");
    let (_, stored) = manager
        .get(&format!("/messages/{}", id.replace('@', "%40")))
        .await;
    assert_eq!(stored["type"], "location");

    let card = |name: &str, phone: &str| json!({"name": name, "phone": phone});
    let ana = card("Ana Gómez", "+54 9 11 5825-4202");
    send_message(&manager, json!({"type": "contact", "contact": ana})).await;
    let message = last_message(&standin);
    assert_eq!(message.kind, "vcard");
    let cards = message.details.cards.expect("a card");
    assert!(cards[0].contains("FN:Ana Gómez") && cards[0].contains("waid=5491158254202:"));
    let both_cards = json!([ana, card("Luis", "5491158254203")]);
    send_message(&manager, json!({"type": "contact", "contacts": both_cards})).await;
    let message = last_message(&standin);
    assert_eq!(
        (
            message.kind.as_str(),
            message.details.cards.map(|card| card.len())
        ),
        ("multi_vcard", Some(2))
    );

    // Reply to an incoming and to a sent message, by either form of the id.
    let received_id = receive_message(&standin, &manager, TO).await;
    let key = received_id.rsplit('_').next().expect("a key").to_owned();
    for name in [&received_id, &key] {
        send_message(
            &manager,
            json!({"type": "text", "message": "sí", "reply_to": name}),
        )
        .await;
        assert_eq!(last_message(&standin).details.quoted.as_ref(), Some(&key));
    }
    let own_message = last_message(&standin);
    send_message(
        &manager,
        json!({"type": "text", "message": "de nada", "reply_to": own_message.key,
                          "mentions": ["5491158254202"]}),
    )
    .await;
    let message = last_message(&standin);
    assert_eq!(message.details.quoted, Some(own_message.id));
    assert_eq!(
        message.details.mentions,
        Some(vec!["5491158254202@c.us".to_owned()])
    );

    // A reply to an unknown message, or to one of another chat, is rejected before anything is
    // sent.
    let other_chat_id = receive_message(&standin, &manager, "5491158254209").await;
    let before = standin.phone().messages().len();
    for name in [
        "3EB0AAAAAAAAAAAAAAAAAA",
        "false_5491158254201@c.us_3A00",
        &other_chat_id,
    ] {
        let body = json!({"type": "text", "message": "sí", "reply_to": name});
        assert_eq!(
            send_refused(&manager, body).await,
            (404, "MESSAGE_NOT_FOUND".into())
        );
        let body = json!({"type": "reaction", "message_id": name, "emoji": "👍"});
        assert_eq!(
            send_refused(&manager, body).await,
            (404, "MESSAGE_NOT_FOUND".into())
        );
    }
    assert_eq!(standin.phone().messages().len(), before);
    manager.stop().await;
}

#[tokio::test]
async fn reactions_are_added_and_removed() {
    let (standin, mut manager) = start_default().await;
    let received_id = receive_message(&standin, &manager, TO).await;
    let key = received_id.rsplit('_').next().expect("a key").to_owned();
    for emoji in ["👍🏽", "❤️", ""] {
        let id = send_message(
            &manager,
            json!({"type": "reaction", "message_id": received_id, "emoji": emoji}),
        )
        .await;
        let message = last_message(&standin);
        assert_eq!(
            (message.kind.as_str(), message.body.as_str()),
            ("reaction", emoji)
        );
        assert_eq!(message.details.reacts_to.as_ref(), Some(&key));
        let (status, stored) = manager.get(&format!("/messages/{id}")).await;
        assert_eq!(
            (status, &stored["status"], &stored["type"]),
            (200, &json!("sent"), &json!("reaction"))
        );
    }
    // React to a message that was sent.
    let own_id = send_message(&manager, json!({"message": "hola"})).await;
    send_message(
        &manager,
        json!({"type": "reaction", "message_id": own_id, "emoji": "😊"}),
    )
    .await;
    assert!(own_id.ends_with(&last_message(&standin).details.reacts_to.expect("a message")));
    standin.phone().rule(None, SendBehavior::Refuse, Some(1));
    let body = json!({"type": "reaction", "message_id": own_id, "emoji": "👍"});
    // A reaction has no error number, so it is sent once more.
    assert_eq!(
        send_refused(&manager, body).await,
        (504, "SEND_UNCONFIRMED".into())
    );
    harness::poll::until("the reaction", async || {
        (last_message(&standin).body == "👍").then_some(())
    })
    .await;
    manager.stop().await;
}

/// Checks a chat that is addressed by LID: ids and mentions are LIDs then.
#[tokio::test]
async fn every_kind_on_a_lid_account() {
    let settings = Settings {
        lid_migrated: true,
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let received_id = receive_message(&standin, &manager, TO).await;
    send_message(
        &manager,
        json!({"type": "text", "message": "sí", "reply_to": received_id}),
    )
    .await;
    let message = last_message(&standin);
    assert!(message.chat.ends_with("@lid"), "{}", message.chat);
    assert!(received_id.ends_with(&message.details.quoted.expect("a quote")));
    send_message(
        &manager,
        json!({"type": "text", "message": "@vos", "mentions": [TO]}),
    )
    .await;
    assert_eq!(
        last_message(&standin).details.mentions,
        Some(vec![message.chat])
    );
    send_message(
        &manager,
        json!({"type": "reaction", "message_id": received_id, "emoji": "👍"}),
    )
    .await;
    assert!(received_id.ends_with(&last_message(&standin).details.reacts_to.expect("a message")));
    manager.stop().await;
}

/// Checks that a message of any kind with an unknown outcome is resent under its id, and arrives
/// once.
#[tokio::test]
async fn unknown_outcome_is_settled_for_every_kind() {
    let options = ManagerOptions::default().with("SEND_DEADLINE_MS", 1_500);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let mut cases = Vec::new();
    for (n, outcome) in [SendBehavior::Silent, SendBehavior::Lost]
        .into_iter()
        .enumerate()
    {
        for (m, kind) in ["location", "vcard", "chat", "reaction"]
            .into_iter()
            .enumerate()
        {
            let to = format!("5491158254{n}{m}0");
            let received_id = receive_message(&standin, &manager, &to).await;
            let body = match kind {
                "location" => json!({"type": "location", "latitude": 1, "longitude": 2}),
                "vcard" => {
                    json!({"type": "contact", "contact": {"name": "Ana", "phone": "5491158254202"}})
                }
                "chat" => json!({"type": "text", "message": "sí", "reply_to": received_id}),
                _ => json!({"type": "reaction", "message_id": received_id, "emoji": "👍"}),
            };
            phone.rule(Some(&to), outcome, Some(1));
            cases.push((to, kind, body));
        }
    }
    let manager_ref = &manager;
    let sends = cases.iter().map(|(to, _, body)| async move {
        let mut body = body.clone();
        body["to"] = json!(to);
        let (status, answer) = manager_ref.post("/send", &body).await;
        assert_eq!(
            (status, &answer["code"]),
            (504, &json!("SEND_UNCONFIRMED")),
            "{body}"
        );
        let message = answer["message"].as_str().expect("a message");
        let id = message.split("/messages/").nth(1).expect("an id");
        let id = id.split(' ').next().expect("an id").to_owned();
        poll::until("the outcome", async || {
            let (_, stored) = manager_ref.get(&format!("/messages/{id}")).await;
            matches!(stored["status"].as_str(), Some("sent" | "delivered")).then_some(())
        })
        .await;
    });
    join_all(sends).await;
    for (to, kind, _) in cases {
        let mut messages = phone.messages();
        messages.retain(|message| message.to == to);
        assert!(messages.iter().all(|message| message.kind == kind));
        // A reaction may be sent twice: the result is one reaction.
        let at_most = if kind == "reaction" { 2 } else { 1 };
        assert!(
            (1..=at_most).contains(&messages.len()),
            "{kind}: {}",
            messages.len()
        );
    }
    manager.stop().await;
}
