use session_api::{Content, Event, MessageContent, MessageEditedEvent, MessageEvent};
use sqlx::Row as _;

use super::*;
use crate::event_log::{EventLog, Recent};
use crate::ledger::send_state_machine::{SendEvent, SendState};
use crate::ledger::{FileRow, NewEvent, NewSend, TransitionData};

const ANA: &str = "5491158254201";
const LID: &str = "247033104567642@lid";
const LEO: &str = "5491158254202";

fn message(id: &str, from: &str, body: &str) -> MessageEvent {
    MessageEvent {
        message_id: id.to_owned(),
        from: from.to_owned(),
        to: "5491150000000@c.us".to_owned(),
        phone: None,
        lid: None,
        pushname: Some("Ana Secreta".to_owned()),
        from_me: false,
        kind: "chat".to_owned(),
        body: body.to_owned(),
        at: Timestamp::now(),
        content: Box::<MessageContent>::default(),
    }
}

fn heard(message: &MessageEvent) -> NewEvent {
    NewEvent::Message {
        message: Box::new(message.clone()),
        ack: 0,
    }
}

fn edited(key: &str, chat: &str, body: &str) -> NewEvent {
    NewEvent::Change {
        key: key.to_owned(),
        event: Box::new(Event::MessageEdited(MessageEditedEvent {
            message_id: key.to_owned(),
            chat: chat.to_owned(),
            phone: None,
            lid: None,
            from_me: false,
            body: body.to_owned(),
            at: Timestamp::now(),
        })),
    }
}

/// Returns the content of all tables, as text.
async fn whole(store: &Store) -> String {
    let mut all = String::new();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<String> = sqlx::query_scalar(tables)
        .fetch_all(&store.pool)
        .await
        .unwrap();
    for table in tables {
        let columns = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(columns))
            .fetch_all(&store.pool)
            .await
            .unwrap();
        let texts = columns
            .iter()
            .map(|it| format!("COALESCE(CAST({it} AS TEXT), '')"));
        let texts: Vec<_> = texts.collect();
        let rows = format!("SELECT {} AS row FROM {table}", texts.join(" || ' ' || "));
        for row in sqlx::query(sqlx::AssertSqlSafe(rows))
            .fetch_all(&store.pool)
            .await
            .unwrap()
        {
            let bytes: Vec<u8> = row.try_get_unchecked("row").unwrap();
            all.push_str(&format!("{table} {}\n", String::from_utf8_lossy(&bytes)));
        }
    }
    all
}

async fn sent(store: &Store, key: &str, to: &str, event: SendEvent) -> i64 {
    let chat = format!("{to}@c.us");
    let wa_key = format!("3EB0{key}");
    let new = NewSend {
        idempotency_key: Some(key),
        body_hash: &[7; 32],
        recipient: &chat,
        lane: std::slice::from_ref(&chat),
        content: &Content::text("un secreto"),
        wa_key: &wa_key,
    };
    let row = store.insert(new, true).await.unwrap().unwrap();
    let id = format!("true_{chat}_{wa_key}");
    let data = TransitionData {
        message_id: Some(&id),
        error: Some("SEND_FAILED"),
        ..TransitionData::default()
    };
    store.apply(row.id, event, data).await.unwrap();
    row.id
}

#[tokio::test]
async fn forgotten_chat_leaves_no_text_name_or_number() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = Store::open(folder.path(), log.clone()).await.unwrap();
    let first = log.last_id();
    let taken = sent(&store, "a", ANA, SendEvent::Taken).await;
    let failed = sent(&store, "b", ANA, SendEvent::NotSent).await;
    let others = sent(&store, "c", LEO, SendEvent::Taken).await;
    let plain = message(
        "false_541158254201@c.us_3A01",
        "541158254201@c.us",
        "de Ana",
    );
    let mut by_lid = message(&format!("false_{LID}_3A02"), LID, "otra de Ana");
    by_lid.phone = Some(ANA.to_owned());
    by_lid.lid = Some(LID.to_owned());
    let lid_alone = message(&format!("false_{LID}_3A03"), LID, "sin numero");
    let mut from_phone = message(
        &format!("true_{ANA}@c.us_3EB0FF"),
        "5491150000000@c.us",
        "desde el telefono",
    );
    from_phone.from_me = true;
    from_phone.to = format!("{ANA}@c.us");
    let mut unreadable = message(&format!("false_{LID}_3A04"), LID, "");
    unreadable.kind = "ciphertext".to_owned();
    let edit = edited(
        &format!("false_{ANA}@c.us_3A01"),
        &format!("{ANA}@c.us"),
        "editado",
    );
    let mut of_leo = message(
        &format!("false_{LEO}@c.us_3A05"),
        &format!("{LEO}@c.us"),
        "de Leo",
    );
    of_leo.pushname = Some("Leo".to_owned());
    let all = [
        &plain,
        &by_lid,
        &lid_alone,
        &from_phone,
        &unreadable,
        &of_leo,
    ];
    let mut batch: Vec<_> = all.into_iter().map(heard).collect();
    batch.push(edit);
    assert_eq!(store.record(batch.clone()).await.unwrap().published, 6);
    let chat = format!("{ANA}@c.us");
    let done = store.forget_chat(&[&chat], None).await.unwrap();
    assert_eq!(done.unsettled, 0);
    let left = whole(&store).await;
    for secret in [
        "58254201",
        "247033104567642",
        "Ana",
        "secreto",
        "editado",
        "telefono",
    ] {
        assert!(!left.contains(secret), "{secret} in {left}");
    }
    assert!(left.contains("de Leo") && left.contains(LEO));
    // A client that resumes from before gets none of it, from memory or from disk.
    let Recent::Events(told) = log.after(first, 100) else {
        panic!("they are in memory");
    };
    assert!(
        told.iter()
            .all(|it| !it.data.contains("58254201") && !it.data.contains("Ana S"))
    );
    assert!(told.iter().any(|it| it.data.contains("de Leo")));
    // The page reports everything again. None of that is news; what comes next is.
    assert_eq!(store.record(batch).await.unwrap().published, 0);
    let later = Timestamp::from_millis(Timestamp::now().as_millis() + 60_000).unwrap();
    assert_eq!(store.publish_unreadable(later).await.unwrap(), 0);
    let next = message(&format!("false_{chat}_3A06"), &chat, "hola de nuevo");
    assert_eq!(store.record(vec![heard(&next)]).await.unwrap().published, 1);
    // No key is sent twice, and a send that failed can be requested again.
    for (id, key) in [(taken, "a"), (failed, "b")] {
        let row = store.by_idempotency_key(key).await.unwrap().unwrap();
        assert_eq!(
            (row.id, row.recipient.as_str(), row.message_id),
            (id, "", None)
        );
    }
    let ack = NewEvent::Ack {
        message_id: format!("true_{chat}_3EB0a"),
        ack: 3,
        media: None,
    };
    store.record(vec![ack]).await.unwrap();
    let row = store.get(taken).await.unwrap().unwrap();
    assert_eq!((row.state, row.public_id()), (SendState::Read, "3EB0a"));
    let content = Content::text("un secreto");
    let retry = TransitionData {
        content: Some(&content),
        recipient: Some(&chat),
        ..TransitionData::default()
    };
    let (row, _) = store.apply(failed, SendEvent::Retry, retry).await.unwrap();
    assert_eq!(
        (row.state, row.recipient.as_str()),
        (SendState::Accepted, &*chat)
    );
    let row = store.get(others).await.unwrap().unwrap();
    assert_eq!(row.recipient, format!("{LEO}@c.us"));
}

#[tokio::test]
async fn unsettled_message_of_a_forgotten_chat_stays_until_it_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = Store::open(folder.path(), log).await.unwrap();
    let id = sent(&store, "a", ANA, SendEvent::Unknown).await;
    let chat = format!("{ANA}@c.us");
    let done = store.forget_chat(&[&chat], None).await.unwrap();
    assert_eq!((done.rows, done.unsettled), (0, 1));
    let row = store.get(id).await.unwrap().unwrap();
    assert_eq!(row.content, Some(Content::text("un secreto")));
    store
        .apply(id, SendEvent::Taken, TransitionData::default())
        .await
        .unwrap();
    let done = store.forget_chat(&[&chat], None).await.unwrap();
    assert_eq!(done.unsettled, 0);
    assert!(!whole(&store).await.contains("58254201"));
}

#[tokio::test]
async fn what_nobody_was_told_yet_is_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = Store::open(folder.path(), log.clone()).await.unwrap();
    let chat = format!("{ANA}@c.us");
    let of_ana = |key: &str, body: &str| message(&format!("false_{chat}_{key}"), &chat, body);
    let old = heard(&of_ana("3A01", "viejo"));
    store.record(vec![old.clone()]).await.unwrap();
    let until = log.last_id();
    let new = heard(&of_ana("3A02", "nuevo"));
    store.record(vec![new]).await.unwrap();
    // The ack of a message that the caller has deleted is no news.
    sent(&store, "a", ANA, SendEvent::Taken).await;
    let done = store.forget_chat(&[&chat], Some(until)).await.unwrap();
    assert_eq!((done.rows, done.unsettled), (3, 0));
    let left = whole(&store).await;
    assert!(!left.contains("3EB0a\""), "{left}");
    assert!(!left.contains("viejo") && left.contains("nuevo"), "{left}");
    let Recent::Events(told) = log.after(until, 100) else {
        panic!("they are in memory");
    };
    assert!(told.iter().any(|it| it.data.contains("nuevo")));
    assert_eq!(store.record(vec![old]).await.unwrap().published, 0);
}

async fn uploaded(store: &Store, id: &str, users: &[&str]) {
    let file = FileRow {
        id: id.to_owned(),
        sha256: vec![7; 32],
        size: 3,
        mime: "application/pdf".to_owned(),
        filename: Some(format!("secreto {id}.pdf")),
        cliente_id: None,
        ephemeral: false,
        expires_at: Timestamp::now().as_millis() + 60_000,
        deleted: false,
    };
    store.insert_file(&file).await.unwrap();
    for user in users {
        store.record_file_use(id, user).await.unwrap();
    }
}

async fn forgotten_ids(store: &Store) -> Vec<String> {
    let files = store.forgotten_files().await.unwrap();
    let mut ids: Vec<_> = files.into_iter().map(|file| file.id).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn uploaded_file_is_forgotten_with_the_last_chat_that_used_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = Store::open(folder.path(), log.clone()).await.unwrap();
    let ana = format!("{ANA}@c.us");
    let leo = format!("{LEO}@c.us");
    uploaded(&store, "own", &[&ana]).await;
    // The spellings of one number, and a LID of which a message tells, are one person.
    uploaded(&store, "spelled", &["541158254201@c.us", LID]).await;
    uploaded(&store, "shared", &[&ana, &leo]).await;
    uploaded(&store, "others", &[&leo]).await;
    uploaded(&store, "unused", &[]).await;
    let mut by_lid = message(&format!("false_{LID}_3A02"), LID, "hola");
    by_lid.phone = Some(ANA.to_owned());
    store.record(vec![heard(&by_lid)]).await.unwrap();
    store.forget_chat(&[&ana], None).await.unwrap();
    assert_eq!(forgotten_ids(&store).await, ["own", "spelled"]);
    // A service that is killed now finds the same when it starts again.
    let again = Store::open(folder.path(), log).await.unwrap();
    drop(store);
    let store = again;
    assert_eq!(forgotten_ids(&store).await, ["own", "spelled"]);
    for id in ["own", "spelled", "shared"] {
        store.delete_forgotten_file(id).await.unwrap();
    }
    assert_eq!(store.file("own").await.unwrap(), None);
    // The row of a file that somebody else used is not deleted, whoever asks for it.
    let left = whole(&store).await;
    assert!(!left.contains(ANA) && left.contains("secreto shared.pdf"));
    store.forget_chat(&[&leo], None).await.unwrap();
    assert_eq!(forgotten_ids(&store).await, ["others", "shared"]);
    assert!(store.file("unused").await.unwrap().is_some());
}

#[tokio::test]
async fn file_that_an_unsettled_message_needs_is_forgotten_once_it_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::new(Timestamp::now());
    let store = Store::open(folder.path(), log).await.unwrap();
    let ana = format!("{ANA}@c.us");
    uploaded(&store, "own", &[&ana]).await;
    let content: Content =
        serde_json::from_value(serde_json::json!({"type": "document", "file_id": "own"})).unwrap();
    let new = NewSend {
        idempotency_key: Some("a"),
        body_hash: &[7; 32],
        recipient: &ana,
        lane: std::slice::from_ref(&ana),
        content: &content,
        wa_key: "3EB0A",
    };
    let row = store.insert(new, true).await.unwrap().unwrap();
    let data = TransitionData::default;
    store
        .apply(row.id, SendEvent::Unknown, data())
        .await
        .unwrap();
    let done = store.forget_chat(&[&ana], None).await.unwrap();
    assert_eq!(done.unsettled, 1);
    assert!(forgotten_ids(&store).await.is_empty());
    store.apply(row.id, SendEvent::Taken, data()).await.unwrap();
    assert_eq!(forgotten_ids(&store).await, ["own"]);
    // A message that is requested anew meanwhile keeps it.
    store.record_file_use("own", &ana).await.unwrap();
    assert!(forgotten_ids(&store).await.is_empty());
    store.forget_chat(&[&ana], None).await.unwrap();
    assert_eq!(forgotten_ids(&store).await, ["own"]);
}
