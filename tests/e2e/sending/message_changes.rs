//! Tests edits and deletions of sent messages, read receipts, typing, and what WhatsApp says about
//! a contact.

use std::time::Duration;

use harness::processes;
use harness::standin::{
    ChatActivity, LeadMessage, OwnChange, Phone, Received, SendBehavior, Settings, Standin,
};
use harness::{Events, Manager, ManagerOptions, SseEvent, poll, send_request, start_linked};
use serde_json::{Value, json};

const TO: &str = "5491158254201";

async fn start_default() -> (Standin, Manager) {
    start_linked(Settings::default(), ManagerOptions::default()).await
}

async fn send_text(manager: &Manager, message: &str) -> String {
    let body = json!({"to": TO, "message": message});
    let (status, answer) = manager.post("/send", &body).await;
    assert_eq!(status, 200, "{answer}");
    answer["message_id"].as_str().expect("an id").to_owned()
}

fn path(id: &str) -> String {
    format!("/messages/{}", id.replace('@', "%40"))
}

fn edit_request(
    manager: &Manager,
    id: &str,
    key: Option<&str>,
    message: &str,
) -> reqwest::RequestBuilder {
    let mut request = manager.client().put(manager.url(&path(id)));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    request.json(&json!({"message": message}))
}

async fn edit(manager: &Manager, id: &str, message: &str) -> (u16, Value) {
    send_request(edit_request(manager, id, None, message)).await
}

async fn delete(manager: &Manager, id: &str) -> (u16, Value) {
    send_request(manager.client().delete(manager.url(&path(id)))).await
}

/// Returns the status, and the code of a rejection.
fn status_and_code((status, body): (u16, Value)) -> (u16, String) {
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

fn find_received(phone: &Phone, id: &str) -> Received {
    let mut messages = phone.messages().into_iter();
    messages
        .find(|message| message.key == id)
        .expect("a message")
}

fn own_changes(phone: &Phone, kind: &str) -> Vec<OwnChange> {
    let mut changes = phone.own_changes();
    changes.retain(|change| change.kind == kind);
    changes
}

fn is_change(event: &SseEvent) -> bool {
    ["message_edited", "message_deleted"].contains(&event.name.as_str())
}

/// Reads `count` changes of messages.
async fn read_changes(events: &mut Events, count: usize) -> Vec<SseEvent> {
    let mut events_read = Vec::new();
    while events_read.len() < count {
        let batch = events.read_until(is_change).await;
        events_read.extend(batch.into_iter().filter(is_change));
    }
    events_read
}

#[tokio::test]
async fn sent_message_is_edited_and_deleted_for_everyone() {
    let (standin, mut manager) = start_default().await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    let id = send_text(&manager, "a las 8").await;
    let (status, body) = edit(&manager, &id, " a las 9 ").await;
    assert_eq!((status, body), (200, json!({"ok": true, "message_id": id})));
    let message = find_received(&phone, &id);
    assert_eq!(
        (message.body.as_str(), message.earlier),
        ("a las 9", vec!["a las 8".to_owned()])
    );
    // The same edit again changes nothing. Another text is another edit.
    let key = id.rsplit('_').next().expect("a key");
    assert_eq!(edit(&manager, key, "a las 9").await.0, 200);
    assert_eq!(own_changes(&phone, "message_edit").len(), 1);
    assert_eq!(edit(&manager, &id, "a las 10").await.0, 200);
    let (_, stored) = manager.get(&path(&id)).await;
    assert!(stored["edited_at"].is_string() && stored["deleted_at"].is_null());
    for _ in 0..2 {
        assert_eq!(delete(&manager, &id).await.0, 200);
    }
    assert!(find_received(&phone, &id).deleted);
    assert_eq!(own_changes(&phone, "sender_revoke").len(), 1);
    assert_eq!(
        status_and_code(edit(&manager, &id, "tarde").await),
        (409, "MESSAGE_NOT_CHANGEABLE".into())
    );
    let (_, stored) = manager.get(&path(&id)).await;
    assert!(stored["deleted_at"].is_string(), "{stored}");
    assert!(stored["unsettled_change"].is_null(), "{stored}");
    // Each change is published once, with the text after it.
    let published = read_changes(&mut events, 3).await;
    let published: Vec<_> = published
        .iter()
        .map(|event| {
            assert_eq!(
                (&event.data["message_id"], &event.data["from_me"]),
                (&json!(id), &json!(true))
            );
            (event.name.as_str(), event.data["body"].as_str())
        })
        .collect();
    assert_eq!(
        published,
        [
            ("message_edited", Some("a las 9")),
            ("message_edited", Some("a las 10")),
            ("message_deleted", None),
        ]
    );
    manager.stop().await;
}

#[tokio::test]
async fn only_own_messages_within_whatsapps_limits_are_changed() {
    let settings = Settings {
        edit_offered: Duration::ZERO,
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let phone = standin.phone();
    let id = send_text(&manager, "hola").await;
    let lead = phone
        .lead_message(&LeadMessage::text(TO, "¿sí?"))
        .expect("a lead");
    let location_id = json!({"to": TO, "type": "location", "latitude": 1, "longitude": 2});
    let (_, location_id) = manager.post("/send", &location_id).await;
    let location_id = location_id["message_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    for (name, expected) in [(id.as_str(), "MESSAGE_TOO_OLD"), (&lead, "MESSAGE_NOT_OWN")] {
        assert_eq!(
            status_and_code(edit(&manager, name, "x").await),
            (409, expected.into())
        );
    }
    assert_eq!(
        status_and_code(delete(&manager, &lead).await),
        (409, "MESSAGE_NOT_OWN".into())
    );
    for unknown in ["3EB0AAAAAAAAAAAAAAAAAA", "true_5491158254201@c.us_3EB0AA"] {
        for refused_id in [
            edit(&manager, unknown, "x").await,
            delete(&manager, unknown).await,
        ] {
            assert_eq!(
                status_and_code(refused_id),
                (404, "MESSAGE_NOT_FOUND".into())
            );
        }
    }
    for empty_text in ["", "  "] {
        assert_eq!(
            status_and_code(edit(&manager, &id, empty_text).await),
            (400, "INVALID_REQUEST".into())
        );
    }
    assert!(phone.own_changes().is_empty());
    // The page reads its time limits when it loads.
    phone.settings(Settings {
        revoke: Duration::ZERO,
        ..Settings::default()
    });
    manager.wait_until_stored().await;
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    assert_eq!(
        status_and_code(edit(&manager, &location_id, "x").await),
        (409, "MESSAGE_NOT_CHANGEABLE".into())
    );
    poll::until("the message to be too old to edit", async || {
        (status_and_code(delete(&manager, &location_id).await) == (409, "MESSAGE_TOO_OLD".into()))
            .then_some(())
    })
    .await;
    assert_eq!(edit(&manager, &id, "ahora sí").await.0, 200);
    phone.block_contact(TO, true).expect("blocked");
    poll::until("the block in the page", async || {
        (status_and_code(edit(&manager, &id, "otra").await) == (403, "RECIPIENT_BLOCKED".into()))
            .then_some(())
    })
    .await;
    phone.set_network(false);
    manager.wait_for_state("AUTHENTICATED").await;
    for refused_id in [
        edit(&manager, &id, "no").await,
        delete(&manager, &id).await,
        manager.get(&format!("/contacts/{TO}")).await,
        manager.post(&format!("/chats/{TO}/read"), &json!({})).await,
        manager
            .post(&format!("/chats/{TO}/typing"), &json!({}))
            .await,
    ] {
        assert_eq!(
            status_and_code(refused_id),
            (503, "SESSION_NOT_READY".into())
        );
    }
    manager.stop().await;
}

/// Kills the service while the page waits for the server, which has the edit (`Ok`), has it but
/// sends no ack (`Silent`), or never received it.
#[tokio::test]
async fn service_killed_during_an_edit_makes_it_once() {
    let slow = Settings {
        server_ack: Duration::from_secs(20),
        ..Settings::default()
    };
    let (standin, mut manager) = start_default().await;
    let phone = standin.phone();
    let mut last_id = 0;
    for (text, outcome) in [
        ("ok", SendBehavior::Ok),
        ("silent", SendBehavior::Silent),
        ("lost", SendBehavior::Lost),
    ] {
        let id = send_text(&manager, "antes").await;
        phone.settings(slow.clone());
        phone.rule(None, outcome, Some(1));
        let request = edit_request(&manager, &id, Some(text), text);
        let caller = tokio::spawn(async move { request.send().await.is_ok() });
        // The edit is in the page, whether or not the server has it.
        poll::until("the edit to be in progress", async || {
            let (_, stored) = manager.get(&path(&id)).await;
            let is_lost = phone.state().rules.is_empty();
            (stored["unsettled_change"] == "edit" && is_lost).then_some(())
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
        let mut events = Events::open(&manager.url("/events"), Some(last_id)).await;
        // The service settles the edit by itself, and then publishes it.
        let published = read_changes(&mut events, 1).await;
        let event = published.last().expect("an event");
        assert_eq!(
            (&event.data["message_id"], &event.data["body"]),
            (&json!(id), &json!(text)),
        );
        last_id = event.id;
        let (status, body) = send_request(edit_request(&manager, &id, Some(text), text)).await;
        assert_eq!(
            (status, &body["message_id"]),
            (200, &json!(id)),
            "{text}: {body}"
        );
        let message = find_received(&phone, &id);
        assert_eq!(message.body, text);
        assert_eq!(message.earlier, ["antes"], "{text}: once");
        let other_edit = edit_request(&manager, &id, Some(text), "otro texto");
        assert_eq!(
            status_and_code(send_request(other_edit).await),
            (409, "IDEMPOTENCY_KEY_REUSED".into())
        );
    }
    let mut edits = own_changes(&phone, "message_edit");
    edits.dedup_by_key(|edit| edit.id.clone());
    assert_eq!(edits.len(), 3);
    manager.stop().await;
}

#[tokio::test]
async fn unknown_outcomes_of_changes_are_settled_in_order() {
    let (standin, mut manager) = start_default().await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    // The page says that the edit failed, but not why. The server may or may not have it.
    for outcome in [SendBehavior::UnknownTaken, SendBehavior::Unknown] {
        let id = send_text(&manager, "antes").await;
        phone.rule(None, outcome, Some(1));
        assert_eq!(
            status_and_code(edit(&manager, &id, "después").await),
            (504, "SEND_UNCONFIRMED".into())
        );
        read_changes(&mut events, 1).await;
        assert_eq!(find_received(&phone, &id).earlier, ["antes"]);
        phone.rule(None, outcome, Some(1));
        let (status, _) = delete(&manager, &id).await;
        assert_eq!(status, 504);
        let published = read_changes(&mut events, 1).await;
        assert_eq!(published[0].name, "message_deleted");
        assert!(find_received(&phone, &id).deleted);
        // The page reports the deletion before the service has settled its own.
        poll::until("the deletion to be settled", async || {
            let (_, stored) = manager.get(&path(&id)).await;
            (stored["deleted_at"].is_string() && stored["unsettled_change"].is_null()).then_some(())
        })
        .await;
    }
    manager.stop().await;
}

#[tokio::test]
async fn captions_and_chats_by_lid_are_changed() {
    let settings = Settings {
        lid_migrated: true,
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let phone = standin.phone();
    let png = image_bytes();
    let form = reqwest::multipart::Form::new()
        .text(
            "json",
            json!({"to": TO, "type": "image", "caption": "La casa"}).to_string(),
        )
        .part(
            "file",
            reqwest::multipart::Part::bytes(png).file_name("casa.png"),
        );
    let request = manager.client().post(manager.url("/send")).multipart(form);
    let (status, body) = send_request(request).await;
    assert_eq!(status, 200, "{body}");
    let id = body["message_id"].as_str().expect("an id").to_owned();
    assert!(id.contains("@lid"), "{id}");
    assert_eq!(edit(&manager, &id, "El frente").await.0, 200);
    let message = find_received(&phone, &id);
    assert_eq!(message.details.caption.as_deref(), Some("El frente"));
    assert_eq!(delete(&manager, &id).await.0, 200);
    assert!(find_received(&phone, &id).deleted);
    manager.stop().await;
}

fn image_bytes() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(4, 4, image::Rgb([200, 30, 30]));
    picture
        .write_to(&mut png, image::ImageFormat::Png)
        .expect("a picture");
    png.into_inner()
}

#[tokio::test]
async fn read_receipts_and_typing_leave_on_request_alone() {
    let (standin, mut manager) = start_default().await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    for text in ["hola", "¿sigue en venta?"] {
        phone
            .lead_message(&LeadMessage::text(TO, text))
            .expect("a lead");
    }
    events
        .read_until(|event| event.data["body"] == "¿sigue en venta?")
        .await;
    assert!(phone.reads().is_empty());
    let read_path = format!("/chats/{TO}/read");
    let (status, body) = manager.post(&read_path, &json!({})).await;
    let chat = format!("{TO}@c.us");
    assert_eq!(
        (status, body),
        (200, json!({"ok": true, "chat": chat, "unread": 2}))
    );
    // The chat still has nothing unread after a restart.
    assert_eq!(manager.post(&read_path, &json!({})).await.1["unread"], 0);
    let receipts = phone
        .wait_for(harness::PATIENCE, |phone| {
            let receipts = phone.reads();
            (!receipts.is_empty()).then_some(receipts)
        })
        .await
        .expect("a receipt");
    assert_eq!(receipts.len(), 1);
    assert_eq!((receipts[0].to.as_str(), receipts[0].count), (TO, 2));
    // No chat is created in order to be marked as read.
    let (status, body) = manager.post("/chats/5491158254209/read", &json!({})).await;
    assert_eq!((status, body), (200, json!({"ok": true, "unread": 0})));

    let typing = format!("/chats/{TO}/typing");
    let (status, body) = manager.post(&typing, &json!({"seconds": 60})).await;
    assert_eq!(
        (status, body),
        (200, json!({"ok": true, "chat": chat, "seconds": 60}))
    );
    poll::until("typing", async || {
        (phone.state().typing_to == [TO]).then_some(())
    })
    .await;
    // The new time is shorter, and typing then ends by itself.
    assert_eq!(manager.post(&typing, &json!({"seconds": 1})).await.0, 200);
    poll::until("the end of typing", async || {
        phone.state().typing_to.is_empty().then_some(())
    })
    .await;
    assert_eq!(manager.post(&typing, &json!({"seconds": 30})).await.0, 200);
    assert_eq!(manager.post(&typing, &json!({"seconds": 0})).await.0, 200);
    poll::until("the end of typing", async || {
        let last_activity = phone.activity().pop()?;
        (last_activity.state == ChatActivity::Paused && phone.state().typing_to.is_empty())
            .then_some(())
    })
    .await;
    assert_eq!(
        status_and_code(manager.post(&typing, &json!({"seconds": 61})).await),
        (400, "INVALID_REQUEST".into())
    );
    phone
        .set_on_whatsapp("5491158254208", false)
        .expect("a number");
    for path in ["/chats/5491158254208/typing", "/chats/5491158254208/read"] {
        assert_eq!(
            status_and_code(manager.post(path, &json!({})).await),
            (404, "NOT_ON_WHATSAPP".into())
        );
    }
    assert!(
        phone.messages().is_empty(),
        "typing and reading send no message"
    );
    manager.stop().await;
}

#[tokio::test]
async fn contact_is_returned_with_whatsapps_data() {
    let (standin, mut manager) = start_default().await;
    let phone = standin.phone();
    phone.set_on_whatsapp(TO, true).expect("a number");
    phone
        .save_contact(TO, Some("Ana Gómez"))
        .expect("a contact");
    let picture = "https://pps.whatsapp.net/v/ana.jpg";
    phone
        .set_profile(TO, Some("Disponible"), Some(picture), true)
        .expect("a profile");
    let contact = poll::until("the contact in the page", async || {
        // The number may be spelled either way.
        let (status, body) = manager.get("/contacts/541158254201").await;
        assert_eq!(status, 200, "{body}");
        (body["name"] == "Ana Gómez").then_some(body)
    })
    .await;
    assert!(
        contact["lid"]
            .as_str()
            .is_some_and(|lid| lid.ends_with("@lid")),
        "{contact}"
    );
    let mut other_fields = contact.clone();
    other_fields
        .as_object_mut()
        .expect("an object")
        .remove("lid");
    assert_eq!(
        other_fields,
        json!({
            "ok": true, "exists": true, "chat": format!("{TO}@c.us"), "phone": TO,
            "name": "Ana Gómez", "about": "Disponible", "business": true, "picture_url": picture,
        })
    );
    phone
        .set_on_whatsapp("5491158254208", false)
        .expect("a number");
    let (status, body) = manager.get("/contacts/5491158254208").await;
    assert_eq!(
        (status, body),
        (200, json!({"ok": true, "exists": false, "business": false}))
    );
    assert_eq!(
        status_and_code(manager.get("/contacts/hola").await),
        (400, "INVALID_REQUEST".into())
    );
    manager.stop().await;
}
