//! Tests edits and deletions of sent messages, read receipts, typing, and what WhatsApp says about
//! a contact.

use std::time::Duration;

use harness::processes;
use harness::standin::{
    ChatActivity, LeadMessage, OwnChange, Phone, Received, SendBehavior, Settings, Standin,
};
use harness::{Events, Manager, ManagerOptions, SseEvent, answer, linked, poll};
use serde_json::{Value, json};

const TO: &str = "5491158254201";

async fn plain() -> (Standin, Manager) {
    linked(Settings::default(), ManagerOptions::default()).await
}

async fn sent(manager: &Manager, message: &str) -> String {
    let body = json!({"to": TO, "message": message});
    let (status, answer) = manager.post("/send", &body).await;
    assert_eq!(status, 200, "{answer}");
    answer["message_id"].as_str().expect("an id").to_owned()
}

fn path(id: &str) -> String {
    format!("/messages/{}", id.replace('@', "%40"))
}

fn editing(
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
    answer(editing(manager, id, None, message)).await
}

async fn delete(manager: &Manager, id: &str) -> (u16, Value) {
    answer(manager.client().delete(manager.url(&path(id)))).await
}

/// Returns the status, and the code of a rejection.
fn code((status, body): (u16, Value)) -> (u16, String) {
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

fn received(phone: &Phone, id: &str) -> Received {
    let mut messages = phone.messages().into_iter();
    messages.find(|it| it.key == id).expect("a message")
}

fn changes(phone: &Phone, kind: &str) -> Vec<OwnChange> {
    let mut changes = phone.own_changes();
    changes.retain(|change| change.kind == kind);
    changes
}

fn is_change(event: &SseEvent) -> bool {
    ["message_edited", "message_deleted"].contains(&event.name.as_str())
}

/// Reads `count` changes of messages.
async fn told(events: &mut Events, count: usize) -> Vec<SseEvent> {
    let mut told = Vec::new();
    while told.len() < count {
        let next = events.until(is_change).await;
        told.extend(next.into_iter().filter(is_change));
    }
    told
}

#[tokio::test]
async fn sent_message_is_edited_and_deleted_for_everyone() {
    let (standin, mut manager) = plain().await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    let id = sent(&manager, "a las 8").await;
    let (status, body) = edit(&manager, &id, " a las 9 ").await;
    assert_eq!((status, body), (200, json!({"ok": true, "message_id": id})));
    let message = received(&phone, &id);
    assert_eq!(
        (message.body.as_str(), message.earlier),
        ("a las 9", vec!["a las 8".to_owned()])
    );
    // The same edit again changes nothing. Another text is another edit.
    let key = id.rsplit('_').next().expect("a key");
    assert_eq!(edit(&manager, key, "a las 9").await.0, 200);
    assert_eq!(changes(&phone, "message_edit").len(), 1);
    assert_eq!(edit(&manager, &id, "a las 10").await.0, 200);
    let (_, known) = manager.get(&path(&id)).await;
    assert!(known["edited_at"].is_string() && known["deleted_at"].is_null());
    for _ in 0..2 {
        assert_eq!(delete(&manager, &id).await.0, 200);
    }
    assert!(received(&phone, &id).deleted);
    assert_eq!(changes(&phone, "sender_revoke").len(), 1);
    assert_eq!(
        code(edit(&manager, &id, "tarde").await),
        (409, "MESSAGE_NOT_CHANGEABLE".into())
    );
    let (_, known) = manager.get(&path(&id)).await;
    assert!(known["deleted_at"].is_string(), "{known}");
    assert!(known["unsettled_change"].is_null(), "{known}");
    // Each change is published once, with the text after it.
    let heard = told(&mut events, 3).await;
    let heard: Vec<_> = heard
        .iter()
        .map(|it| {
            assert_eq!(
                (&it.data["message_id"], &it.data["from_me"]),
                (&json!(id), &json!(true))
            );
            (it.name.as_str(), it.data["body"].as_str())
        })
        .collect();
    assert_eq!(
        heard,
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
    let (standin, mut manager) = linked(settings, ManagerOptions::default()).await;
    let phone = standin.phone();
    let id = sent(&manager, "hola").await;
    let lead = phone
        .lead_message(&LeadMessage::text(TO, "¿sí?"))
        .expect("a lead");
    let place = json!({"to": TO, "type": "location", "latitude": 1, "longitude": 2});
    let (_, place) = manager.post("/send", &place).await;
    let place = place["message_id"].as_str().expect("an id").to_owned();
    for (name, expected) in [(id.as_str(), "MESSAGE_TOO_OLD"), (&lead, "MESSAGE_NOT_OWN")] {
        assert_eq!(
            code(edit(&manager, name, "x").await),
            (409, expected.into())
        );
    }
    assert_eq!(
        code(delete(&manager, &lead).await),
        (409, "MESSAGE_NOT_OWN".into())
    );
    for unknown in ["3EB0AAAAAAAAAAAAAAAAAA", "true_5491158254201@c.us_3EB0AA"] {
        for refused in [
            edit(&manager, unknown, "x").await,
            delete(&manager, unknown).await,
        ] {
            assert_eq!(code(refused), (404, "MESSAGE_NOT_FOUND".into()));
        }
    }
    for bad in ["", "  "] {
        assert_eq!(
            code(edit(&manager, &id, bad).await),
            (400, "INVALID_REQUEST".into())
        );
    }
    assert!(phone.own_changes().is_empty());
    // The page reads its time limits when it loads.
    phone.settings(Settings {
        revoke: Duration::ZERO,
        ..Settings::default()
    });
    manager.until_stored().await;
    manager.stop().await;
    manager.restart().await;
    manager.until("READY").await;
    assert_eq!(
        code(edit(&manager, &place, "x").await),
        (409, "MESSAGE_NOT_CHANGEABLE".into())
    );
    poll::until("it is too old", async || {
        (code(delete(&manager, &place).await) == (409, "MESSAGE_TOO_OLD".into())).then_some(())
    })
    .await;
    assert_eq!(edit(&manager, &id, "ahora sí").await.0, 200);
    phone.block_contact(TO, true).expect("blocked");
    poll::until("the block in the page", async || {
        (code(edit(&manager, &id, "otra").await) == (403, "RECIPIENT_BLOCKED".into())).then_some(())
    })
    .await;
    phone.set_network(false);
    manager.until("AUTHENTICATED").await;
    for refused in [
        edit(&manager, &id, "no").await,
        delete(&manager, &id).await,
        manager.get(&format!("/contacts/{TO}")).await,
        manager.post(&format!("/chats/{TO}/read"), &json!({})).await,
        manager
            .post(&format!("/chats/{TO}/typing"), &json!({}))
            .await,
    ] {
        assert_eq!(code(refused), (503, "SESSION_NOT_READY".into()));
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
    let (standin, mut manager) = plain().await;
    let phone = standin.phone();
    let mut last = 0;
    for (text, outcome) in [
        ("ok", SendBehavior::Ok),
        ("silent", SendBehavior::Silent),
        ("lost", SendBehavior::Lost),
    ] {
        let id = sent(&manager, "antes").await;
        phone.settings(slow.clone());
        phone.rule(None, outcome, Some(1));
        let request = editing(&manager, &id, Some(text), text);
        let caller = tokio::spawn(async move { request.send().await.is_ok() });
        // The edit is in the page, whether or not the server has it.
        poll::until("the edit under way", async || {
            let (_, known) = manager.get(&path(&id)).await;
            let is_lost = phone.state().rules.is_empty();
            (known["unsettled_change"] == "edit" && is_lost).then_some(())
        })
        .await;
        manager.service.kill().await;
        assert!(!caller.await.expect("no panic"), "nobody was answered");
        processes::none_left(&manager.tokens()).await;
        phone.settings(Settings::default());
        manager.restart().await;
        let mut events = Events::open(&manager.url("/events"), Some(last)).await;
        // The service settles the edit by itself, and then publishes it.
        let heard = told(&mut events, 1).await;
        let event = heard.last().expect("an event");
        assert_eq!(
            (&event.data["message_id"], &event.data["body"]),
            (&json!(id), &json!(text)),
        );
        last = event.id;
        let (status, body) = answer(editing(&manager, &id, Some(text), text)).await;
        assert_eq!(
            (status, &body["message_id"]),
            (200, &json!(id)),
            "{text}: {body}"
        );
        let message = received(&phone, &id);
        assert_eq!(message.body, text);
        assert_eq!(message.earlier, ["antes"], "{text}: once");
        let other = editing(&manager, &id, Some(text), "otro texto");
        assert_eq!(
            code(answer(other).await),
            (409, "IDEMPOTENCY_KEY_REUSED".into())
        );
    }
    let mut edits = changes(&phone, "message_edit");
    edits.dedup_by_key(|edit| edit.id.clone());
    assert_eq!(edits.len(), 3);
    manager.stop().await;
}

#[tokio::test]
async fn unknown_outcomes_of_changes_are_settled_in_order() {
    let (standin, mut manager) = plain().await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    // The page says that the edit failed, but not why. The server may or may not have it.
    for outcome in [SendBehavior::UnknownTaken, SendBehavior::Unknown] {
        let id = sent(&manager, "antes").await;
        phone.rule(None, outcome, Some(1));
        assert_eq!(
            code(edit(&manager, &id, "después").await),
            (504, "SEND_UNCONFIRMED".into())
        );
        told(&mut events, 1).await;
        assert_eq!(received(&phone, &id).earlier, ["antes"]);
        phone.rule(None, outcome, Some(1));
        let (status, _) = delete(&manager, &id).await;
        assert_eq!(status, 504);
        let heard = told(&mut events, 1).await;
        assert_eq!(heard[0].name, "message_deleted");
        assert!(received(&phone, &id).deleted);
        // The page reports the deletion before the service has settled its own.
        poll::until("the deletion to be settled", async || {
            let (_, known) = manager.get(&path(&id)).await;
            (known["deleted_at"].is_string() && known["unsettled_change"].is_null()).then_some(())
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
    let (standin, mut manager) = linked(settings, ManagerOptions::default()).await;
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
    let (status, body) = answer(request).await;
    assert_eq!(status, 200, "{body}");
    let id = body["message_id"].as_str().expect("an id").to_owned();
    assert!(id.contains("@lid"), "{id}");
    assert_eq!(edit(&manager, &id, "El frente").await.0, 200);
    let message = received(&phone, &id);
    assert_eq!(message.details.caption.as_deref(), Some("El frente"));
    assert_eq!(delete(&manager, &id).await.0, 200);
    assert!(received(&phone, &id).deleted);
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
    let (standin, mut manager) = plain().await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    for text in ["hola", "¿sigue en venta?"] {
        phone
            .lead_message(&LeadMessage::text(TO, text))
            .expect("a lead");
    }
    events
        .until(|event| event.data["body"] == "¿sigue en venta?")
        .await;
    assert!(phone.reads().is_empty());
    let read = format!("/chats/{TO}/read");
    let (status, body) = manager.post(&read, &json!({})).await;
    let chat = format!("{TO}@c.us");
    assert_eq!(
        (status, body),
        (200, json!({"ok": true, "chat": chat, "unread": 2}))
    );
    // The chat still has nothing unread after a restart.
    assert_eq!(manager.post(&read, &json!({})).await.1["unread"], 0);
    let reads = phone
        .wait_for(harness::PATIENCE, |phone| {
            let reads = phone.reads();
            (!reads.is_empty()).then_some(reads)
        })
        .await
        .expect("a receipt");
    assert_eq!(reads.len(), 1);
    assert_eq!((reads[0].to.as_str(), reads[0].count), (TO, 2));
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
        let last = phone.activity().pop()?;
        (last.state == ChatActivity::Paused && phone.state().typing_to.is_empty()).then_some(())
    })
    .await;
    assert_eq!(
        code(manager.post(&typing, &json!({"seconds": 61})).await),
        (400, "INVALID_REQUEST".into())
    );
    phone
        .set_on_whatsapp("5491158254208", false)
        .expect("a number");
    for path in ["/chats/5491158254208/typing", "/chats/5491158254208/read"] {
        assert_eq!(
            code(manager.post(path, &json!({})).await),
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
async fn contact_is_told_as_whatsapp_has_it() {
    let (standin, mut manager) = plain().await;
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
            .is_some_and(|it| it.ends_with("@lid")),
        "{contact}"
    );
    let mut rest = contact.clone();
    rest.as_object_mut().expect("an object").remove("lid");
    assert_eq!(
        rest,
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
        code(manager.get("/contacts/hola").await),
        (400, "INVALID_REQUEST".into())
    );
    manager.stop().await;
}
