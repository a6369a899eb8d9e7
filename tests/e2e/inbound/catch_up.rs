//! Tests that messages from the page's database are published, even if the page cannot find one,
//! after a long absence, and if some are unreadable.

use std::collections::BTreeMap;

use harness::processes::{self, kill_hard};
use harness::standin::{Ban, Failure, LeadMessage, Phone, Settings, Standin, Stored};
use harness::{Events, Hub, Manager, ManagerOptions, SseEvent, poll, start_linked};
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

const LEAD: &str = "5491158254201";

fn write_message(phone: &Phone, from: &str, body: &str) -> String {
    let message = LeadMessage::text(from, body);
    phone.lead_message(&message).expect("a message")
}

async fn open_events_from_start(manager: &Manager) -> Events {
    Events::open(&manager.url("/events?after=0"), None).await
}

fn has_body(body: &str) -> impl Fn(&SseEvent) -> bool {
    move |event| event.data["body"] == body
}

fn messages(events: &[SseEvent]) -> impl Iterator<Item = &Value> {
    let message_events = events.iter().filter(|event| event.name == "message");
    message_events.map(|event| &event.data)
}

fn bodies(events: &[SseEvent]) -> Vec<&str> {
    let message_events = messages(events);
    message_events
        .map(|data| data["body"].as_str().expect("a body"))
        .collect()
}

/// Makes the page change its database, and waits until that is done.
async fn change_database(standin: &Standin, change: impl FnOnce(&Phone)) {
    let phone = standin.phone();
    let before = phone.state().stored;
    change(&phone);
    let is_changed = phone.wait_for(harness::PATIENCE, |phone| {
        (phone.state().stored > before).then_some(())
    });
    is_changed.await.expect("the changed database");
}

/// Returns the key of a message that [`Phone::store`] created.
fn stored_key(chat: u32, number: u32) -> String {
    format!(
        "false_549{}@c.us_3A{chat:08}{number:08}",
        3_000_000_000_u64 + u64::from(chat)
    )
}

/// Returns a pair with unpublished messages in the page's database. The message that the page names
/// as the last one of a chat is missing from the database.
async fn start_with_missing_message(settings: Settings) -> (Standin, Manager) {
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let three_messages = Stored {
        chats: 1,
        each: 3,
        old: 0,
    };
    change_database(&standin, |phone| phone.store(three_messages)).await;
    change_database(&standin, |phone| phone.forget(&stored_key(0, 2))).await;
    manager.wait_until_stored().await;
    manager.stop().await;
    (standin, manager)
}

#[tokio::test]
async fn catch_up_continues_past_a_missing_message() {
    let (_standin, mut manager) = start_with_missing_message(Settings::default()).await;
    manager.restart().await;
    let published = open_events_from_start(&manager)
        .await
        .read_until(has_body("0/2"))
        .await;
    assert_eq!(bodies(&published), ["0/0", "0/1", "0/2"]);
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
    let (_standin, mut manager) = start_with_missing_message(older_page()).await;
    manager.restart().await;
    // Of the two messages in memory, the later one is not in the database.
    let mut events = open_events_from_start(&manager).await;
    let mut published = events.read_until(|event| event.name == "message").await;
    while messages(&published).count() < 3 {
        published.push(events.next().await.expect("an open stream"));
    }
    let mut published = bodies(&published);
    published.sort_unstable();
    assert_eq!(published, ["0/0", "0/1", "0/2"]);
    manager.stop().await;
}

#[tokio::test]
async fn missing_chat_is_retried_until_found() {
    let (standin, mut manager) = start_linked(older_page(), ManagerOptions::default()).await;
    let stored_messages = |each| Stored {
        chats: 1,
        each,
        old: 0,
    };
    change_database(&standin, |phone| phone.store(stored_messages(1))).await;
    change_database(&standin, |phone| phone.forget(&stored_key(0, 0))).await;
    manager.wait_until_stored().await;
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    poll::until("a lost chat in the metrics", async || {
        let text = manager.client().get(manager.url("/metrics")).send().await;
        let text = text.ok()?.text().await.ok()?;
        text.contains("leadmaster_inbound_chats_lost 1")
            .then_some(())
    })
    .await;
    // All other messages are published meanwhile.
    let mut events = open_events_from_start(&manager).await;
    write_message(&standin.phone(), LEAD, "mientras tanto");
    let published = events.read_until(has_body("mientras tanto")).await;
    assert_eq!(bodies(&published), ["0/0", "mientras tanto"]);
    // Now the database has the messages, but the page does not report them.
    change_database(&standin, |phone| phone.store(stored_messages(3))).await;
    let published = events.read_until(has_body("0/2")).await;
    assert_eq!(bodies(&published), ["0/1", "0/2"]);
    manager.stop().await;
}

#[tokio::test]
async fn missed_messages_are_published_once_through_chrome_kills() {
    const CHATS: u32 = 60;
    const EACH: u32 = 55;
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let absence = Stored {
        chats: CHATS,
        each: EACH,
        old: 60,
    };
    change_database(&standin, |phone| phone.store(absence)).await;
    manager.wait_until_stored().await;
    manager.stop().await;
    manager.restart().await;
    let mut events = open_events_from_start(&manager).await;
    let mut published = Vec::new();
    let total = usize::try_from(CHATS * EACH).expect("a number");
    // Midway, Chrome is killed once and the service once.
    for kill_at in [total / 5, total / 2] {
        while messages(&published).count() < kill_at {
            published.push(events.next().await.expect("an open stream"));
        }
        if kill_at == total / 2 {
            let last_id = published.last().expect("an event").id;
            manager.service.kill().await;
            manager.restart().await;
            events = Events::open(&manager.url("/events"), Some(last_id)).await;
        } else {
            kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
        }
    }
    while messages(&published).count() < total {
        let next_event = tokio::time::timeout(harness::PATIENCE, events.next());
        published.push(next_event.await.expect("an event").expect("an open stream"));
    }
    write_message(&standin.phone(), LEAD, "y de nuevo");
    published.extend(events.read_until(has_body("y de nuevo")).await);
    let mut chats: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for body in bodies(&published) {
        if let Some((chat, number)) = body.split_once('/') {
            chats
                .entry(chat.to_owned())
                .or_default()
                .push(number.to_owned());
        }
    }
    assert_eq!(chats.len(), usize::try_from(CHATS).expect("a number"));
    let in_order: Vec<_> = (0..EACH).map(|number| number.to_string()).collect();
    for (chat, published) in chats {
        assert_eq!(published, in_order, "chat {chat}");
    }
    manager.stop().await;
}

#[tokio::test]
async fn system_messages_are_not_published() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let write_kind = |kind: &str| {
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
        write_kind(kind);
    }
    // These types are messages that a contact writes.
    let published_kinds = [
        "image",
        "location",
        "ptt",
        "sticker",
        "vcard",
        "poll_creation",
    ];
    published_kinds.into_iter().for_each(write_kind);
    write_message(&phone, LEAD, "al fin");
    let published = open_events_from_start(&manager)
        .await
        .read_until(has_body("al fin"))
        .await;
    let kinds: Vec<_> = messages(&published)
        .map(|data| data["type"].clone())
        .collect();
    assert_eq!(
        json!(kinds[..published_kinds.len()]),
        json!(published_kinds)
    );
    assert_eq!(kinds.len(), published_kinds.len() + 1);
    // The search does not find the others either.
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    write_message(&phone, LEAD, "otra vez");
    let published = open_events_from_start(&manager)
        .await
        .read_until(has_body("otra vez"))
        .await;
    assert_eq!(messages(&published).count(), published_kinds.len() + 2);
    manager.stop().await;
}

/// Checks an older page, whose search begins at a message, which is read separately.
#[tokio::test]
async fn notice_that_the_search_begins_at_is_not_published() {
    let (standin, mut manager) = start_linked(older_page(), ManagerOptions::default()).await;
    let phone = standin.phone();
    write_message(&phone, LEAD, "uno");
    open_events_from_start(&manager)
        .await
        .read_until(has_body("uno"))
        .await;
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
    let is_received = phone.wait_for(harness::PATIENCE, device).await;
    is_received.expect("the page to receive the notice");
    manager.wait_until_stored().await;
    manager.stop().await;
    // The notice is all that the page has of the chat in memory.
    manager.restart().await;
    manager.wait_for_state("READY").await;
    write_message(&phone, LEAD, "dos");
    let published = open_events_from_start(&manager)
        .await
        .read_until(has_body("dos"))
        .await;
    assert_eq!(bodies(&published), ["uno", "dos"]);
    manager.stop().await;
}

/// Makes unreadable messages one minute older.
async fn age_unreadable_messages(manager: &Manager) {
    let file = manager.folder.join("data/ledger.db");
    let options = SqliteConnectOptions::new().filename(file);
    poll::until("an unreadable message in the ledger", async || {
        let mut ledger = SqliteConnection::connect_with(&options).await.ok()?;
        let updated_rows =
            sqlx::query("UPDATE unreadable SET at = at - 60000 WHERE told_at IS NULL")
                .execute(&mut ledger)
                .await
                .ok()?
                .rows_affected();
        ledger.close().await.ok()?;
        (updated_rows > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn unreadable_message_is_published_and_its_text_follows() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let mut hub = Hub::start(&manager, ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = open_events_from_start(&manager).await;
    let mut encrypted_message = LeadMessage::text(LEAD, "quiero comprar");
    encrypted_message.ciphertext_ms = 6_000;
    let key = phone.lead_message(&encrypted_message).expect("a message");
    age_unreadable_messages(&manager).await;
    let published = events
        .read_until(|event| event.data["type"] == "ciphertext")
        .await;
    let event = messages(&published).last().expect("a message");
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
    let wait_for_kind = async |wait_for_kind: &str| {
        poll::until(format!("a row of type {wait_for_kind}"), async || {
            let rows = rows().await;
            (rows.first()?["tipo"] == wait_for_kind).then_some(rows)
        })
        .await
    };
    assert_eq!(wait_for_kind("ciphertext").await.len(), 1);
    let published = events.read_until(has_body("quiero comprar")).await;
    assert_eq!(messages(&published).count(), 1, "{published:#?}");
    let rows = wait_for_kind("text").await;
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
async fn unreadable_system_message_is_not_published() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
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
    let wait_for_count = async |expected_count: i64| {
        poll::until(
            format!("{expected_count} unreadable messages in the ledger"),
            async || {
                let mut ledger = SqliteConnection::connect_with(&options).await.ok()?;
                let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM unreadable")
                    .fetch_one(&mut ledger)
                    .await
                    .ok()?;
                ledger.close().await.ok()?;
                (count == expected_count).then_some(())
            },
        )
        .await;
    };
    wait_for_count(4).await;
    wait_for_count(0).await;
    assert_eq!(phone.state().ciphertexts, 0, "all messages are decrypted");
    write_message(&phone, LEAD, "al fin");
    let published = open_events_from_start(&manager)
        .await
        .read_until(has_body("al fin"))
        .await;
    assert_eq!(bodies(&published), ["al fin"]);
    manager.stop().await;
}

#[tokio::test]
async fn view_once_picture_is_published_as_unreadable_once() {
    let options = ManagerOptions::default().with("HEARTBEAT_MS", 300);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let mut picture = LeadMessage::text(LEAD, "");
    picture.view_once = true;
    phone.lead_message(&picture).expect("a message");
    age_unreadable_messages(&manager).await;
    let mut events = open_events_from_start(&manager).await;
    events
        .read_until(|event| event.data["type"] == "ciphertext")
        .await;
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    write_message(&phone, LEAD, "¿lo viste?");
    let published = open_events_from_start(&manager)
        .await
        .read_until(has_body("¿lo viste?"))
        .await;
    assert_eq!(bodies(&published), ["", "¿lo viste?"]);
    manager.stop().await;
}

#[tokio::test]
async fn ban_and_outage_screens_are_reported_in_words() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    phone.failure(Some(Failure::ServiceUnavailable));
    let session = manager
        .wait_for_cause("AUTHENTICATED", "SERVICE_UNAVAILABLE")
        .await;
    assert!(session["cause_message"].as_str().unwrap().contains("503"));
    phone.failure(None);
    manager.wait_for_state("READY").await;
    let ban = Ban {
        code: 101,
        expire: 3_600,
    };
    phone.failure(Some(Failure::TemporaryBan(ban)));
    let session = manager.wait_for_cause("ERROR", "TEMPORARILY_BANNED").await;
    let message = session["cause_message"].as_str().unwrap();
    assert!(
        message.contains("until 20") && message.contains("101"),
        "{message}"
    );
    // Starting the browser again would not help.
    manager.connect().await;
    assert_eq!(manager.session().await["cause"], "TEMPORARILY_BANNED");
    assert_eq!(manager.session().await["restarts"]["total"], 0);
    phone.failure(None);
    manager.wait_for_state("READY").await;
    phone.unexpected_logout("unknown_companion");
    poll::until("a restart", async || {
        let session = manager.session().await;
        let error = &session["last_error"];
        (error["code"] == "UNEXPECTED_LOGOUT").then_some(())
    })
    .await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}
