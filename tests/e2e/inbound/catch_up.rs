//! Tests that messages from the page's database are published, even if the page cannot find one,
//! after a long absence, and if some are unreadable.

use std::collections::BTreeMap;

use harness::processes::{self, kill_hard};
use harness::standin::{Ban, Failure, LeadMessage, Phone, Settings, Standin, Stored};
use harness::{Events, Hub, Manager, ManagerOptions, SseEvent, linked, poll};
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

const LEAD: &str = "5491158254201";

fn writes(phone: &Phone, from: &str, body: &str) -> String {
    let message = LeadMessage::text(from, body);
    phone.lead_message(&message).expect("a message")
}

async fn from_the_start(manager: &Manager) -> Events {
    Events::open(&manager.url("/events?after=0"), None).await
}

fn says(body: &str) -> impl Fn(&SseEvent) -> bool {
    move |event| event.data["body"] == body
}

fn messages(events: &[SseEvent]) -> impl Iterator<Item = &Value> {
    let told = events.iter().filter(|event| event.name == "message");
    told.map(|event| &event.data)
}

fn bodies(events: &[SseEvent]) -> Vec<&str> {
    let told = messages(events);
    told.map(|data| data["body"].as_str().expect("a body"))
        .collect()
}

/// Makes the page change its database, and waits until that is done.
async fn until_stored(standin: &Standin, order: impl FnOnce(&Phone)) {
    let phone = standin.phone();
    let before = phone.state().stored;
    order(&phone);
    let done = phone.wait_for(harness::PATIENCE, |phone| {
        (phone.state().stored > before).then_some(())
    });
    done.await.expect("the page to be done");
}

/// Returns the key of a message that [`Phone::store`] created.
fn stored_key(chat: u32, number: u32) -> String {
    format!(
        "false_549{}@c.us_3A{chat:08}{number:08}",
        3_000_000_000_u64 + u64::from(chat)
    )
}

/// Returns a pair with unpublished messages in the page's database. The page names a message as the
/// last of a chat that the database lacks.
async fn last_message_forgotten(settings: Settings) -> (Standin, Manager) {
    let (standin, mut manager) = linked(settings, ManagerOptions::default()).await;
    let three = Stored {
        chats: 1,
        each: 3,
        old: 0,
    };
    until_stored(&standin, |phone| phone.store(three)).await;
    until_stored(&standin, |phone| phone.forget(&stored_key(0, 2))).await;
    manager.until_stored().await;
    manager.stop().await;
    (standin, manager)
}

#[tokio::test]
async fn catch_up_continues_past_a_missing_message() {
    let (_standin, mut manager) = last_message_forgotten(Settings::default()).await;
    manager.restart().await;
    let told = from_the_start(&manager).await.until(says("0/2")).await;
    assert_eq!(bodies(&told), ["0/0", "0/1", "0/2"]);
    manager.stop().await;
}

/// Returns settings of an older page, which accepts no chat in place of a message.
fn older_page() -> Settings {
    Settings {
        chat_as_anchor: false,
        ..Settings::default()
    }
}

#[tokio::test]
async fn chat_missing_by_one_message_is_searched_by_another() {
    let (_standin, mut manager) = last_message_forgotten(older_page()).await;
    manager.restart().await;
    // Of the two messages in memory, the later one is not in the database.
    let mut events = from_the_start(&manager).await;
    let mut told = events.until(|event| event.name == "message").await;
    while messages(&told).count() < 3 {
        told.push(events.next().await.expect("an open stream"));
    }
    let mut told = bodies(&told);
    told.sort_unstable();
    assert_eq!(told, ["0/0", "0/1", "0/2"]);
    manager.stop().await;
}

#[tokio::test]
async fn missing_chat_is_retried_until_found() {
    let (standin, mut manager) = linked(older_page(), ManagerOptions::default()).await;
    let stored = |each| Stored {
        chats: 1,
        each,
        old: 0,
    };
    until_stored(&standin, |phone| phone.store(stored(1))).await;
    until_stored(&standin, |phone| phone.forget(&stored_key(0, 0))).await;
    manager.until_stored().await;
    manager.stop().await;
    manager.restart().await;
    manager.until("READY").await;
    poll::until("a lost chat", async || {
        let text = manager.client().get(manager.url("/metrics")).send().await;
        let text = text.ok()?.text().await.ok()?;
        text.contains("leadmaster_inbound_chats_lost 1")
            .then_some(())
    })
    .await;
    // All other messages are published meanwhile.
    let mut events = from_the_start(&manager).await;
    writes(&standin.phone(), LEAD, "mientras tanto");
    let told = events.until(says("mientras tanto")).await;
    assert_eq!(bodies(&told), ["0/0", "mientras tanto"]);
    // Now the database has the messages, but the page does not report them.
    until_stored(&standin, |phone| phone.store(stored(3))).await;
    let told = events.until(says("0/2")).await;
    assert_eq!(bodies(&told), ["0/1", "0/2"]);
    manager.stop().await;
}

#[tokio::test]
async fn missed_messages_are_published_once_through_chrome_kills() {
    const CHATS: u32 = 60;
    const EACH: u32 = 55;
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let absence = Stored {
        chats: CHATS,
        each: EACH,
        old: 60,
    };
    until_stored(&standin, |phone| phone.store(absence)).await;
    manager.until_stored().await;
    manager.stop().await;
    manager.restart().await;
    let mut events = from_the_start(&manager).await;
    let mut told = Vec::new();
    let total = usize::try_from(CHATS * EACH).expect("a number");
    // Midway, Chrome is killed once and the service once.
    for part in [total / 5, total / 2] {
        while messages(&told).count() < part {
            told.push(events.next().await.expect("an open stream"));
        }
        if part == total / 2 {
            let last = told.last().expect("an event").id;
            manager.service.kill().await;
            manager.restart().await;
            events = Events::open(&manager.url("/events"), Some(last)).await;
        } else {
            kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
        }
    }
    while messages(&told).count() < total {
        let next = tokio::time::timeout(harness::PATIENCE, events.next());
        told.push(next.await.expect("an event").expect("an open stream"));
    }
    writes(&standin.phone(), LEAD, "y de nuevo");
    told.extend(events.until(says("y de nuevo")).await);
    let mut chats: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for body in bodies(&told) {
        if let Some((chat, number)) = body.split_once('/') {
            chats
                .entry(chat.to_owned())
                .or_default()
                .push(number.to_owned());
        }
    }
    assert_eq!(chats.len(), usize::try_from(CHATS).expect("a number"));
    let in_order: Vec<_> = (0..EACH).map(|number| number.to_string()).collect();
    for (chat, told) in chats {
        assert_eq!(told, in_order, "chat {chat}");
    }
    manager.stop().await;
}

#[tokio::test]
async fn system_messages_are_not_published() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let writes_kind = |kind: &str| {
        let message = LeadMessage {
            kind: Some(kind.to_owned()),
            ..LeadMessage::text(LEAD, kind)
        };
        phone.lead_message(&message).expect("a message");
    };
    for kind in [
        "album",
        "broadcast_notification",
        "call_log",
        "debug",
        "debug_placeholder",
        "e2e_notification",
        "event_edit_encrypted",
        "gp2",
        "group-history",
        "group_notification",
        "guest_upsell_system_msg",
        "history_bundle",
        "keep_in_chat",
        "message_edit_encrypted",
        "message_history_bundle",
        "message_history_notice",
        "newsletter_notification",
        "notification",
        "notification_template",
        "pin_message",
        "pinned_message",
        "poll_add_option_encrypted",
        "poll_edit_encrypted",
        "protocol",
        "reaction_enc",
        "scheduled_call_creation",
        "scheduled_call_edit",
        "status_notification",
    ] {
        writes_kind(kind);
    }
    // These types are a person's messages.
    let people = [
        "image",
        "location",
        "ptt",
        "sticker",
        "vcard",
        "poll_creation",
    ];
    people.into_iter().for_each(writes_kind);
    writes(&phone, LEAD, "al fin");
    let told = from_the_start(&manager).await.until(says("al fin")).await;
    let kinds: Vec<_> = messages(&told).map(|data| data["type"].clone()).collect();
    assert_eq!(json!(kinds[..people.len()]), json!(people));
    assert_eq!(kinds.len(), people.len() + 1);
    // The search does not find the others either.
    manager.stop().await;
    manager.restart().await;
    manager.until("READY").await;
    writes(&phone, LEAD, "otra vez");
    let told = from_the_start(&manager).await.until(says("otra vez")).await;
    assert_eq!(messages(&told).count(), people.len() + 2);
    manager.stop().await;
}

/// Checks an older page, whose search begins at a message, which is read separately.
#[tokio::test]
async fn notice_that_the_search_begins_at_is_not_published() {
    let (standin, mut manager) = linked(older_page(), ManagerOptions::default()).await;
    let phone = standin.phone();
    writes(&phone, LEAD, "uno");
    from_the_start(&manager).await.until(says("uno")).await;
    let notice = LeadMessage {
        kind: Some("e2e_notification".to_owned()),
        ..LeadMessage::text(LEAD, "")
    };
    phone.lead_message(&notice).expect("a notice");
    let device = |phone: &Phone| {
        let devices = phone.state().devices;
        devices
            .iter()
            .any(|device| device.waiting == 0)
            .then_some(())
    };
    let taken = phone.wait_for(harness::PATIENCE, device).await;
    taken.expect("the page to have it");
    manager.until_stored().await;
    manager.stop().await;
    // The notice is all that the page has of the chat in memory.
    manager.restart().await;
    manager.until("READY").await;
    writes(&phone, LEAD, "dos");
    let told = from_the_start(&manager).await.until(says("dos")).await;
    assert_eq!(bodies(&told), ["uno", "dos"]);
    manager.stop().await;
}

/// Makes unreadable messages one minute older.
async fn a_minute_goes_by(manager: &Manager) {
    let file = manager.folder.join("data/ledger.db");
    let options = SqliteConnectOptions::new().filename(file);
    poll::until("an unreadable message in the ledger", async || {
        let mut ledger = SqliteConnection::connect_with(&options).await.ok()?;
        let aged = sqlx::query("UPDATE unreadable SET at = at - 60000 WHERE told_at IS NULL")
            .execute(&mut ledger)
            .await
            .ok()?
            .rows_affected();
        ledger.close().await.ok()?;
        (aged > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn unreadable_message_is_published_and_its_text_follows() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = linked(Settings::default(), options).await;
    let mut hub = Hub::start(&manager, ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = from_the_start(&manager).await;
    let mut secret = LeadMessage::text(LEAD, "quiero comprar");
    secret.ciphertext_ms = 6_000;
    let key = phone.lead_message(&secret).expect("a message");
    a_minute_goes_by(&manager).await;
    let told = events
        .until(|event| event.data["type"] == "ciphertext")
        .await;
    let event = messages(&told).last().expect("a message");
    assert_eq!(event["message_id"], json!(key));
    assert_eq!(
        (&event["body"], &event["phone"]),
        (&json!(""), &json!(LEAD))
    );
    let rows = async || {
        let (status, body) = hub.get("/api/listener/messages").await;
        assert_eq!(status, 200, "{body}");
        body["mensajes"].as_array().expect("messages").clone()
    };
    let kind = async |kind: &str| {
        poll::until(format!("a row of type {kind}"), async || {
            let rows = rows().await;
            (rows.first()?["tipo"] == kind).then_some(rows)
        })
        .await
    };
    assert_eq!(kind("ciphertext").await.len(), 1);
    let told = events.until(says("quiero comprar")).await;
    assert_eq!(messages(&told).count(), 1, "{told:#?}");
    let rows = kind("text").await;
    assert_eq!(
        (rows.len(), &rows[0]["mensaje"]),
        (1, &json!("quiero comprar"))
    );
    hub.service.stop().await;
    manager.stop().await;
}

/// Checks that an unreadable message is not published if it turns out to be a notice, or a change
/// of another message, whose placeholder the page deletes.
#[tokio::test]
async fn unreadable_message_that_is_none_of_a_person_is_not_published() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = linked(Settings::default(), options).await;
    let phone = standin.phone();
    for kind in ["pin_message", "protocol", "reaction_enc"] {
        let mut notice = LeadMessage::text(LEAD, "");
        notice.ciphertext_ms = 4_000;
        notice.opens_as = Some(kind.to_owned());
        phone.lead_message(&notice).expect("a notice");
    }
    let mut change = LeadMessage::text(LEAD, "");
    change.ciphertext_ms = 4_000;
    change.opens_as_change = true;
    phone.lead_message(&change).expect("a change");
    let file = manager.folder.join("data/ledger.db");
    let options = SqliteConnectOptions::new().filename(file);
    let until_waiting = async |wanted: i64| {
        poll::until(format!("{wanted} to be waited for"), async || {
            let mut ledger = SqliteConnection::connect_with(&options).await.ok()?;
            let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM unreadable")
                .fetch_one(&mut ledger)
                .await
                .ok()?;
            ledger.close().await.ok()?;
            (waiting == wanted).then_some(())
        })
        .await;
    };
    until_waiting(4).await;
    until_waiting(0).await;
    assert_eq!(phone.state().ciphertexts, 0, "all of them are open");
    writes(&phone, LEAD, "al fin");
    let told = from_the_start(&manager).await.until(says("al fin")).await;
    assert_eq!(bodies(&told), ["al fin"]);
    manager.stop().await;
}

#[tokio::test]
async fn view_once_picture_is_published_as_unreadable_once() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = linked(Settings::default(), options).await;
    let phone = standin.phone();
    let mut picture = LeadMessage::text(LEAD, "");
    picture.view_once = true;
    phone.lead_message(&picture).expect("a message");
    a_minute_goes_by(&manager).await;
    let mut events = from_the_start(&manager).await;
    events
        .until(|event| event.data["type"] == "ciphertext")
        .await;
    manager.stop().await;
    manager.restart().await;
    manager.until("READY").await;
    writes(&phone, LEAD, "¿lo viste?");
    let told = from_the_start(&manager)
        .await
        .until(says("¿lo viste?"))
        .await;
    assert_eq!(bodies(&told), ["", "¿lo viste?"]);
    manager.stop().await;
}

#[tokio::test]
async fn ban_and_outage_screens_are_reported_in_words() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    phone.failure(Some(Failure::ServiceUnavailable));
    let session = manager
        .until_cause("AUTHENTICATED", "SERVICE_UNAVAILABLE")
        .await;
    assert!(session["cause_message"].as_str().unwrap().contains("503"));
    phone.failure(None);
    manager.until("READY").await;
    let ban = Ban {
        code: 101,
        expire: 3_600,
    };
    phone.failure(Some(Failure::TemporaryBan(ban)));
    let session = manager.until_cause("ERROR", "TEMPORARILY_BANNED").await;
    let words = session["cause_message"].as_str().unwrap();
    assert!(
        words.contains("until 20") && words.contains("101"),
        "{words}"
    );
    // Starting the browser again would not help.
    manager.connect().await;
    assert_eq!(manager.session().await["cause"], "TEMPORARILY_BANNED");
    assert_eq!(manager.session().await["restarts"]["total"], 0);
    phone.failure(None);
    manager.until("READY").await;
    phone.unexpected_logout("unknown_companion");
    poll::until("a restart", async || {
        let session = manager.session().await;
        let error = &session["last_error"];
        (error["code"] == "UNEXPECTED_LOGOUT").then_some(())
    })
    .await;
    manager.until("READY").await;
    manager.stop().await;
}
