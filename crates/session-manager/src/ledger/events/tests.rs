use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use session_api::Content;

use super::*;
use crate::event_log::{EventLog, Recent};
use crate::ledger::NewSend;
use crate::ledger::send_state_machine::SendState;

fn hola() -> &'static Content {
    static HOLA: LazyLock<Content> = LazyLock::new(|| Content::text("hola"));
    &HOLA
}

fn lane() -> &'static [String] {
    static LANE: std::sync::LazyLock<Vec<String>> =
        std::sync::LazyLock::new(|| vec!["5491158254201@c.us".to_owned()]);
    &LANE
}

fn new(wa_key: &str) -> NewSend<'_> {
    NewSend {
        idempotency_key: None,
        body_hash: &[7; 32],
        recipient: "5491158254201@c.us",
        lane: lane(),
        content: hola(),
        wa_key,
    }
}

async fn open(folder: &Path, log: &EventLog) -> Store {
    Store::open(folder, log.clone()).await.unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

/// Returns the id of one of the phone's messages. There are only a few, so that ids repeat.
fn id_of_message(number: u8) -> String {
    match number % 4 {
        0 => format!("true_5491158254201@c.us_3EB0{number}"),
        1 => format!("false_1203@g.us_3A{number}_5491158254201@c.us"),
        _ => format!("false_5491158254201@c.us_3A{number}"),
    }
}

fn message(id: &str, kind: &str) -> NewEvent {
    NewEvent::Message {
        message: Box::new(MessageEvent {
            message_id: id.to_owned(),
            from: "5491158254201@c.us".to_owned(),
            to: "5491100000000@c.us".to_owned(),
            phone: Some("5491158254201".to_owned()),
            lid: None,
            pushname: None,
            from_me: id.starts_with("true"),
            kind: kind.to_owned(),
            body: "hola".to_owned(),
            at: at(1_795_000_000_000),
            content: Box::default(),
        }),
        ack: 1,
    }
}

/// A picture of 900 bytes.
fn picture(id: &str, view_once: bool) -> NewEvent {
    let NewEvent::Message { mut message, ack } = message(id, "image") else {
        panic!("a message");
    };
    message.content.view_once = view_once;
    message.content.media = Some(session_api::InboundMedia {
        mime: "image/jpeg".to_owned(),
        size: Some(900),
        ..session_api::InboundMedia::default()
    });
    NewEvent::Message { message, ack }
}

fn ack(id: &str, ack: i8) -> NewEvent {
    NewEvent::Ack {
        message_id: id.to_owned(),
        ack,
        media: None,
    }
}

/// Returns the whole log, read in pages.
async fn all(store: &Store) -> Vec<(u64, serde_json::Value)> {
    let mut events = Vec::new();
    let mut after = 0;
    loop {
        let page = store.events(after, u64::MAX, 3).await.unwrap();
        let Some(last) = page.last() else {
            return events;
        };
        after = last.id;
        events.extend(
            page.iter()
                .map(|event| (event.id, serde_json::from_str(&event.data).unwrap())),
        );
    }
}

fn messages(events: &[(u64, serde_json::Value)]) -> Vec<String> {
    events
        .iter()
        .filter(|(_, data)| data.get("body").is_some())
        .map(|(_, data)| data["message_id"].as_str().unwrap().to_owned())
        .collect()
}

/// One step in the life of the event log.
#[derive(Clone, Debug)]
enum Step {
    Message(u8),
    Ciphertext(u8),
    Ack(u8, i8),
    /// Publishes an event that is only in memory, such as a state.
    Push,
    /// Kills the service, and restarts it with this clock offset.
    Restart(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0u8..12).prop_map(Step::Message),
        1 => (0u8..12).prop_map(Step::Ciphertext),
        4 => (0u8..12, -1i8..=4).prop_map(|(id, ack)| Step::Ack(id, ack)),
        2 => Just(Step::Push),
        1 => (-10_000_000i64..10_000).prop_map(Step::Restart),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Checks that, whatever arrives, however often, and whatever is killed in between, each
    /// message is recorded once, ids and acks increase, and a client that resumes at any position
    /// misses nothing.
    #[test]
    fn events_are_recorded_once_and_in_order_across_restarts(
        lives in steps(),
        sent in 0u8..12,
        batches in prop::collection::vec(1usize..5, 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let mut log = EventLog::new(Timestamp::now());
            let mut store = open(folder.path(), &log).await;
            let ours = format!("3EB0{}", 4 * sent);
            store.insert(new(&ours), false).await.unwrap().unwrap();
            let mut told_ids = Vec::new();
            let mut expected = Vec::new();
            let mut batch = Vec::new();
            let mut batches = batches.iter().cycle();
            let mut room = *batches.next().unwrap();
            let mut heard_until = log.last_id();
            for step in lives {
                match step {
                    Step::Message(number) => {
                        let id = id_of_message(number);
                        if sent_key(&id) != Some(&ours) && !expected.contains(&id) {
                            expected.push(id.clone());
                        }
                        batch.push(message(&id, "chat"));
                    }
                    Step::Ciphertext(number) => batch.push(message(&id_of_message(number), "ciphertext")),
                    Step::Ack(number, level) => batch.push(ack(&id_of_message(number), level)),
                    Step::Push => {
                        let snapshot = Event::Qr(session_api::QrEvent {
                            status: "NO_QR".to_owned(),
                            qr: None,
                            expires_at: None,
                            expires_in_ms: None,
                        });
                        log.push(&snapshot);
                    }
                    Step::Restart(clock) => {
                        // The page reports again what had not been written by then.
                        store.record(batch.clone()).await.unwrap();
                        batch.clear();
                        told_ids.push(log.last_id());
                        let now = Timestamp::now().as_millis() + clock;
                        log = EventLog::new(at(now));
                        let again = open(folder.path(), &log).await;
                        drop(std::mem::replace(&mut store, again));
                        assert!(log.last_id() >= *told_ids.last().unwrap(), "an id twice");
                        heard_until = log.last_id();
                    }
                }
                if batch.len() >= room {
                    store.record(batch.clone()).await.unwrap();
                    batch.clear();
                    room = *batches.next().unwrap();
                    // A client receives the events in the order of their ids.
                    let Recent::Events(heard) = log.after(heard_until, usize::MAX) else {
                        panic!("all of it is in memory");
                    };
                    assert!(heard.windows(2).all(|pair| pair[0].id < pair[1].id));
                    heard_until = heard.last().map_or(heard_until, |event| event.id);
                }
            }
            store.record(batch.clone()).await.unwrap();
            let events = all(&store).await;
            assert!(events.windows(2).all(|pair| pair[0].0 < pair[1].0));
            assert_eq!(messages(&events), expected);
            let mut acks = BTreeMap::<String, i64>::new();
            for (_, data) in events.iter().filter(|(_, data)| data.get("ack").is_some()) {
                let id = data["message_id"].as_str().unwrap().to_owned();
                let level = data["ack"].as_i64().unwrap();
                let before = acks.insert(id, level).unwrap_or(0);
                assert!(level > before.max(0) || (level == -1 && before == 0), "{before} {level}");
            }
            for (place, (id, _)) in events.iter().enumerate() {
                let rest = store.events(*id, u64::MAX, 1_000).await.unwrap();
                let rest: BTreeSet<_> = rest.iter().map(|event| event.id).collect();
                let after: BTreeSet<_> = events[place + 1..].iter().map(|(id, _)| *id).collect();
                assert_eq!(rest, after);
            }
        });
    }
}

#[tokio::test]
async fn ack_and_its_event_share_a_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let row = store.insert(new("3EB0A"), false).await.unwrap().unwrap();
    let nothing = TransitionData::default();
    store
        .apply(row.id, SendEvent::Attempt, nothing)
        .await
        .unwrap();
    let id = "true_5491158254201@c.us_3EB0A";
    let batch: Vec<_> = [2, 1, -1, 2, 0, 4, 3].map(|level| ack(id, level)).into();
    let mut news = store.row_changes();
    assert_eq!(store.record(batch.clone()).await.unwrap().published, 2);
    assert_eq!(news.recv().await.unwrap(), row.id);
    let row = store.find("3EB0A").await.unwrap().unwrap();
    assert_eq!(
        (row.state, row.message_id.as_deref()),
        (SendState::Played, Some(id))
    );
    let events = all(&store).await;
    let levels: Vec<_> = events
        .iter()
        .map(|(_, data)| {
            (
                data["ack"].as_i64().unwrap(),
                data["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(levels, [(2, "delivered"), (4, "played")]);
}

#[tokio::test]
async fn settled_outcome_is_published_as_an_ack() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let nothing = TransitionData::default();
    let taken = store.insert(new("3EB0A"), false).await.unwrap().unwrap().id;
    let failed = store.insert(new("3EB0B"), false).await.unwrap().unwrap().id;
    let refused = store.insert(new("3EB0C"), false).await.unwrap().unwrap().id;
    for (id, event) in [
        (taken, SendEvent::Attempt),
        (taken, SendEvent::Taken),
        // The page reports later than the response arrives.
        (taken, SendEvent::Ack(1)),
        (failed, SendEvent::Attempt),
        (failed, SendEvent::Unknown),
        (failed, SendEvent::NotSent),
        // Nothing was attempted.
        (refused, SendEvent::NotSent),
    ] {
        store.apply(id, event, nothing).await.unwrap();
    }
    let events = all(&store).await;
    let told: Vec<_> = events
        .iter()
        .map(|(_, data)| {
            (
                data["message_id"].as_str().unwrap(),
                data["ack"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("3EB0A", 1), ("3EB0B", -1)]);
}

#[tokio::test]
async fn unreadable_message_is_published_once_readable() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let id = "false_5491158254201@c.us_3A1";
    assert_eq!(
        store
            .record(vec![message(id, "ciphertext")])
            .await
            .unwrap()
            .published,
        0
    );
    assert_eq!(store.unreadable(false).await.unwrap(), [id]);
    assert_eq!(store.unknown(vec![id.to_owned()]).await.unwrap(), [id]);
    assert_eq!(
        store
            .record(vec![message(id, "chat")])
            .await
            .unwrap()
            .published,
        1
    );
    assert_eq!(
        store
            .record(vec![message(id, "ciphertext")])
            .await
            .unwrap()
            .published,
        0
    );
    assert!(store.unreadable(true).await.unwrap().is_empty());
    assert!(store.unknown(vec![id.to_owned()]).await.unwrap().is_empty());
}

#[tokio::test]
async fn unreadable_message_is_published_as_such_then_with_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let by_number = "false_5491158254201@c.us_3A1";
    let by_lid = "false_247033104567642@lid_3A1";
    let group = "false_1203@g.us_3A2_5491158254201@c.us";
    for id in [by_number, by_lid, group] {
        store.record(vec![message(id, "ciphertext")]).await.unwrap();
        let at = Timestamp::now();
        // The events are published in the order of their milliseconds.
        while Timestamp::now().as_millis() == at.as_millis() {
            tokio::task::yield_now().await;
        }
    }
    let now = Timestamp::now().as_millis();
    assert_eq!(store.publish_unreadable(at(now - 60_000)).await.unwrap(), 0);
    assert_eq!(store.publish_unreadable(at(now + 1_000)).await.unwrap(), 2);
    assert_eq!(store.publish_unreadable(at(now + 1_000)).await.unwrap(), 0);
    assert!(store.unreadable(false).await.unwrap().is_empty());
    assert_eq!(store.unreadable(true).await.unwrap().len(), 3);
    // The search finds the message repeatedly, and the page reports it again after a restart.
    store
        .record(vec![message(by_number, "ciphertext")])
        .await
        .unwrap();
    drop(store);
    let store = open(folder.path(), &log).await;
    assert_eq!(store.publish_unreadable(at(now + 1_000)).await.unwrap(), 0);
    let text = store.record(vec![message(by_number, "chat")]).await;
    assert_eq!(text.unwrap().published, 1);
    let again = store.record(vec![message(by_lid, "chat")]).await;
    assert_eq!(again.unwrap().published, 0);
    let told: Vec<_> = all(&store)
        .await
        .into_iter()
        .map(|(_, data)| {
            let field = |name: &str| data[name].as_str().unwrap().to_owned();
            (field("message_id"), field("type"), field("body"))
        })
        .collect();
    let event =
        |id: &str, kind: &str, body: &str| (id.to_owned(), kind.to_owned(), body.to_owned());
    assert_eq!(
        told,
        [
            event(by_number, "ciphertext", ""),
            event(group, "ciphertext", ""),
            event(by_number, "chat", "hola"),
        ]
    );
}

#[tokio::test]
async fn interrupted_search_resumes_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    store.watermark("me", 100, true).await.unwrap();
    let chat = |name: &str, until| (name.to_owned(), until);
    let some = [chat("a", 150), chat("b", 160)];
    store.chats_searched("me", &some).await.unwrap();
    store.chats_searched("me", &[chat("a", 140)]).await.unwrap();
    store
        .chats_searched("other", &[chat("c", 1)])
        .await
        .unwrap();
    let known = store.searched_chats("me").await.unwrap();
    assert_eq!(known, some.into_iter().collect());
    assert_eq!(
        store.watermark("me", 0, false).await.unwrap().seen_until,
        100
    );
    store.search_complete("me", 160).await.unwrap();
    assert!(store.searched_chats("me").await.unwrap().is_empty());
    assert_eq!(
        store.watermark("me", 0, false).await.unwrap().seen_until,
        160
    );
    assert_eq!(store.searched_chats("other").await.unwrap().len(), 1);
    // The account is linked again, so earlier search positions are obsolete.
    store.chats_searched("me", &[chat("a", 170)]).await.unwrap();
    store.watermark("me", 200, true).await.unwrap();
    assert!(store.searched_chats("me").await.unwrap().is_empty());
}

#[tokio::test]
async fn prune_forgets_only_old_and_searched_events() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let id = "false_5491158254201@c.us_3A1";
    store.record(vec![message(id, "chat")]).await.unwrap();
    let now = Timestamp::now().as_millis();
    let new_file = store.kept_after().await.unwrap();
    assert_eq!(store.prune_events(at(now - 60_000)).await.unwrap(), 0);
    assert_eq!(store.kept_after().await.unwrap(), new_file);
    // The search would find the message again.
    let seconds = now / 1000;
    store.watermark("me", seconds - 3_600, false).await.unwrap();
    assert_eq!(store.prune_events(at(now + 60_000)).await.unwrap(), 0);
    store.seen_until("me", seconds + 3_600).await.unwrap();
    assert_eq!(store.prune_events(at(now + 10_000)).await.unwrap(), 1);
    assert!(store.kept_after().await.unwrap() > new_file);
    assert!(all(&store).await.is_empty());
}

#[tokio::test]
async fn prune_keeps_sends_that_a_search_may_find() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let id = store.insert(new("3EB0A"), false).await.unwrap().unwrap().id;
    for event in [SendEvent::Attempt, SendEvent::Taken] {
        let nothing = TransitionData::default();
        store.apply(id, event, nothing).await.unwrap();
    }
    let now = Timestamp::now().as_millis();
    let (seconds, later) = (now / 1000, now + 60_000);
    store.watermark("me", seconds - 5, false).await.unwrap();
    assert_eq!(store.prune(later).await.unwrap(), 0);
    let sent = "true_5491158254201@c.us_3EB0A".to_owned();
    assert!(store.unknown(vec![sent]).await.unwrap().is_empty());
    store.seen_until("me", seconds + 3_600).await.unwrap();
    assert_eq!(store.prune(later).await.unwrap(), 1);
}

#[tokio::test]
async fn watermark_begins_at_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let first = store.watermark("me", 100, true).await.unwrap();
    assert_eq!((first.since, first.seen_until), (100, 100));
    store.seen_until("me", 150).await.unwrap();
    store.seen_until("me", 120).await.unwrap();
    let known = store.watermark("me", 900, false).await.unwrap();
    assert_eq!((known.since, known.seen_until), (100, 150));
    // The account is linked again, as seen by this process or by an earlier one.
    assert_eq!(
        store.watermark("me", 200, true).await.unwrap().seen_until,
        200
    );
    store.unlinked().await.unwrap();
    assert_eq!(store.watermark("me", 300, false).await.unwrap().since, 300);
    assert_eq!(
        store.watermark("other", 400, false).await.unwrap().since,
        400
    );
}

#[tokio::test]
async fn failed_batch_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let start = log.last_id();
    let pages = |count: i64| sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {count}"));
    sqlx::query(pages(1)).execute(&store.pool).await.unwrap();
    let id = "false_5491158254201@c.us_3A1";
    let mut large = message(id, "chat");
    if let NewEvent::Message { message, .. } = &mut large {
        message.body = "a".repeat(200_000);
    }
    let batch = vec![large];
    assert!(store.record(batch.clone()).await.is_err());
    assert!(matches!(log.after(start, 9), Recent::Events(told) if told.is_empty()));
    assert_eq!(store.unknown(vec![id.to_owned()]).await.unwrap(), [id]);
    sqlx::query(pages(1_000_000))
        .execute(&store.pool)
        .await
        .unwrap();
    assert_eq!(store.record(batch.clone()).await.unwrap().published, 1);
    assert!(log.wait_after(start).await);
}

fn edit(key: &str, message_id: &str, body: &str) -> NewEvent {
    NewEvent::Change {
        key: key.to_owned(),
        event: Box::new(Event::MessageEdited(session_api::MessageEditedEvent {
            message_id: message_id.to_owned(),
            chat: "5491158254201@c.us".to_owned(),
            phone: None,
            lid: None,
            from_me: false,
            body: body.to_owned(),
            at: at(1_795_000_000_000),
        })),
    }
}

#[tokio::test]
async fn changes_are_published_once_by_number_and_by_lid() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(at(1_795_000_000_000));
    let store = open(folder.path(), &log).await;
    let id = "false_5491158254201@c.us_3A01";
    let batch = vec![
        message(id, "chat"),
        edit("false_5491158254201@c.us_3AE1", id, "uno"),
        edit("false_5491158254201@c.us_3AE2", id, "dos"),
    ];
    assert_eq!(store.record(batch).await.unwrap().published, 3);
    // The same must hold after a restart, and with the chat under its LID.
    store.close().await;
    let log = EventLog::new(at(1_795_000_001_000));
    let store = open(folder.path(), &log).await;
    let again = vec![
        edit("false_123456@lid_3AE1", "false_123456@lid_3A01", "uno"),
        edit("false_123456@lid_3AE3", "false_123456@lid_3A01", "tres"),
    ];
    assert_eq!(store.record(again).await.unwrap().published, 1);
    let bodies: Vec<_> = all(&store)
        .await
        .into_iter()
        .map(|(_, data)| data["body"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(bodies, ["hola", "uno", "dos", "tres"]);
}

#[tokio::test]
async fn messages_are_looked_at_again_until_they_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let ids = [
        "false_5491158254201@c.us_3A01",
        "false_5491158254201@c.us_3A02",
    ];
    let batch = ids.iter().map(|id| message(id, "chat")).collect();
    store.record(batch).await.unwrap();
    let seconds = 1_795_000_000;
    let mut both = store.changeable().await.unwrap();
    both.sort();
    assert_eq!(both, ids.map(|id| (id.to_owned(), seconds)));
    let deleted = NewEvent::Change {
        key: "false_123456@lid_3A01".to_owned(),
        event: Box::new(Event::MessageDeleted(session_api::MessageDeletedEvent {
            message_id: ids[0].to_owned(),
            chat: "5491158254201@c.us".to_owned(),
            phone: None,
            lid: None,
            from_me: false,
            at: at(1_795_000_000_000),
        })),
    };
    store.record(vec![deleted]).await.unwrap();
    let left = store.changeable().await.unwrap();
    assert_eq!(left, [(ids[1].to_owned(), seconds)]);
}

#[tokio::test]
async fn file_of_a_view_once_message_is_never_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let id = "false_5491158254201@c.us_3A01";
    store.record(vec![picture(id, true)]).await.unwrap();
    assert_eq!(store.media(id).await.unwrap(), None);
}

#[tokio::test]
async fn file_of_a_message_is_noted_with_it_and_fetched_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = open(folder.path(), &log).await;
    let id = "false_5491158254201@c.us_3A01";
    let event = picture(id, false);
    store.record(vec![event.clone(), event]).await.unwrap();
    let due = async |most| {
        store
            .media_to_fetch(r#"["image"]"#, most, 2, i64::MAX, &[])
            .await
    };
    assert_eq!(due(899).await.unwrap(), None);
    let row = due(900).await.unwrap().unwrap();
    // The sender's phone stated too small a size.
    store
        .record_media_larger_than(&row.message_key, 1_000)
        .await
        .unwrap();
    assert_eq!(due(1_000).await.unwrap(), None);
    store
        .record_media_larger_than(&row.message_key, 500)
        .await
        .unwrap();
    assert_eq!(due(1_000).await.unwrap(), None, "the larger size counts");
    assert_eq!(due(1_001).await.unwrap(), Some(row.clone()));
    assert_eq!(store.media("3A01").await.unwrap(), Some(row.clone()));
    assert_eq!(
        store.media("false_123456@lid_3A01").await.unwrap(),
        Some(row.clone())
    );
    for _ in 0..2 {
        assert!(due(2_000).await.unwrap().is_some());
        store.record_media_failure(&row.message_key).await.unwrap();
    }
    assert_eq!(due(2_000).await.unwrap(), None, "tried often enough");
    let file = crate::ledger::StoredMedia {
        file_id: "00".repeat(16),
        size: 900,
        mime: "image/png".to_owned(),
        sha256: vec![7; 32],
    };
    assert!(
        store
            .mark_media_stored(&row.message_key, &file)
            .await
            .unwrap()
    );
    assert_eq!(
        store.media(id).await.unwrap().unwrap().stored,
        Some(file.clone())
    );
    store.mark_media_dropped(&file.file_id).await.unwrap();
    let dropped = store.media(id).await.unwrap().unwrap();
    assert_eq!((dropped.stored, dropped.gone), (None, false));
    assert_eq!(due(2_000).await.unwrap(), None, "only when it is asked for");
    // A forgotten file has no row, even if its download is running.
    assert!(
        store
            .mark_media_stored(&row.message_key, &file)
            .await
            .unwrap()
    );
    let forgotten = store.delete_media(&row.message_key).await.unwrap();
    assert_eq!(forgotten, Some(file.file_id.clone()));
    assert_eq!(store.media(id).await.unwrap(), None);
    assert!(
        !store
            .mark_media_stored(&row.message_key, &file)
            .await
            .unwrap()
    );
    assert_eq!(store.delete_media(&row.message_key).await.unwrap(), None);
}
