use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnectOptions;

use super::*;
use crate::ledger::ChangesOfMessage;
use crate::ledger::open::{FILE_NAME, MIGRATIONS, prepare};

const HASH: &[u8] = &[7; 32];

fn hola() -> &'static Content {
    static HOLA: std::sync::LazyLock<Content> = std::sync::LazyLock::new(|| Content::text("hola"));
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
        body_hash: HASH,
        recipient: "5491158254201@c.us",
        lane: lane(),
        content: hola(),
        wa_key,
    }
}

fn send_events() -> impl Strategy<Value = SendEvent> {
    prop_oneof![
        Just(SendEvent::Attempt),
        Just(SendEvent::Taken),
        Just(SendEvent::NotSent),
        Just(SendEvent::Unknown),
        (-1i8..=4).prop_map(SendEvent::Ack),
        Just(SendEvent::Retry),
    ]
}

async fn open(folder: &Path) -> Result<Store, LedgerError> {
    Store::open(folder, EventLog::new(Timestamp::now())).await
}

/// Opens the file again although it was never closed, as happens after `kill -9`.
async fn opened_again(folder: &Path, before: Store) -> Store {
    let after = open(folder).await.unwrap();
    drop(before);
    after
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    /// Checks that every confirmed write is on disk: the file agrees with the transitions after any
    /// number of crashes.
    #[test]
    fn store_follows_the_transitions(
        lives in prop::collection::vec(prop::collection::vec(send_events(), 0..8), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let mut store = open(folder.path()).await.unwrap();
            let id = store.insert(new("3EB0A"), false).await.unwrap().unwrap().id;
            let mut state = SendState::Accepted;
            for life in lives {
                for event in life {
                    let data = TransitionData {
                        content: (event == SendEvent::Retry).then(hola),
                        ..TransitionData::default()
                    };
                    let (row, news) = store.apply(id, event, data).await.unwrap();
                    let expected = next(state, event);
                    assert_eq!(news, expected.is_some());
                    state = expected.unwrap_or(state);
                    assert_eq!(row.state, state);
                    // The content is needed for a resend, and is not kept longer than that.
                    let open = state == SendState::Accepted || state.is_unsettled();
                    assert_eq!(row.content.is_some(), open, "{state}");
                    assert_eq!(row.sent_at.is_some(), state.is_taken());
                }
                store = opened_again(folder.path(), store).await;
                state = next(state, SendEvent::Restart).unwrap_or(state);
                let row = store.get(id).await.unwrap().unwrap();
                assert_eq!(row.state, state);
                let unsettled = store.unsettled(None).await.unwrap();
                assert_eq!(!unsettled.is_empty(), state.is_unsettled());
            }
        });
    }
}

#[tokio::test]
async fn idempotency_key_is_unique() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    let keyed = |wa_key| NewSend {
        idempotency_key: Some("k"),
        ..new(wa_key)
    };
    let first = store.insert(keyed("3EB0A"), false).await.unwrap().unwrap();
    assert!(store.insert(keyed("3EB0B"), false).await.unwrap().is_none());
    for without in ["3EB0C", "3EB0D"] {
        assert!(store.insert(new(without), false).await.unwrap().is_some());
    }
    let known = store.by_idempotency_key("k").await.unwrap().unwrap();
    assert_eq!((known.id, known.wa_key.as_str()), (first.id, "3EB0A"));
    assert_eq!(known.body_hash, HASH);
}

#[tokio::test]
async fn send_is_found_by_either_id() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    let id = store.insert(new("3EB0A"), false).await.unwrap().unwrap().id;
    for (text, found) in [
        ("3EB0A", true),
        ("true_5491158254201@c.us_3EB0A", true),
        ("true_123456@lid_3EB0A", true),
        ("false_5491158254201@c.us_3EB0A", false),
        ("3EB0", false),
        ("", false),
        ("true_3EB0A", false),
        ("%' OR 1=1 --", false),
    ] {
        let row = store.find(text).await.unwrap();
        assert_eq!(row.map(|row| row.id), found.then_some(id), "{text}");
    }
}

#[tokio::test]
async fn prune_forgets_only_old_and_settled_sends() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    let settled = store.insert(new("3EB0A"), false).await.unwrap().unwrap().id;
    let open = store.insert(new("3EB0B"), false).await.unwrap().unwrap().id;
    store
        .apply(settled, SendEvent::Taken, TransitionData::default())
        .await
        .unwrap();
    store
        .apply(open, SendEvent::Attempt, TransitionData::default())
        .await
        .unwrap();
    let now = Timestamp::now().as_millis();
    assert_eq!(store.prune(now - 60_000).await.unwrap(), 0);
    assert_eq!(store.prune(now + 60_000).await.unwrap(), 1);
    assert!(store.get(settled).await.unwrap().is_none());
    assert!(store.get(open).await.unwrap().is_some());
}

#[tokio::test]
async fn ledger_file_is_private() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let store = open(&folder).await.unwrap();
    store.insert(new("3EB0A"), false).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let rubbish = b"no database, though long enough to be taken for one".repeat(200);
    std::fs::write(&path, &rubbish).unwrap();
    let error = open(folder.path()).await.unwrap_err();
    assert!(error.chain().contains("database"), "{}", error.chain());
    assert_eq!(std::fs::read(&path).unwrap(), rubbish);
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    let pages = |count: i64| sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {count}"));
    sqlx::query(pages(1)).execute(&store.pool).await.unwrap();
    let long = Content::text("a".repeat(60_000));
    let send = NewSend {
        content: &long,
        ..new("3EB0A")
    };
    let error = store.insert(send, false).await.unwrap_err();
    assert!(error.chain().contains("full"), "{}", error.chain());
    assert!(store.find("3EB0A").await.unwrap().is_none());
    // The disk has room again, with the file still open.
    sqlx::query(pages(1_000_000))
        .execute(&store.pool)
        .await
        .unwrap();
    let row = store.insert(send, false).await.unwrap().unwrap();
    assert_eq!(store.find("3EB0A").await.unwrap(), Some(row));
}

/// Opens a file with an unknown outcome, from the version that only supported text messages.
#[tokio::test]
async fn row_of_an_older_version_is_still_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    prepare(folder.path(), &path).unwrap();
    let options = SqliteConnectOptions::new().filename(&path);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let first = MIGRATIONS[0];
    let steps = vec![Migration::new(
        first.0,
        first.1.into(),
        MigrationType::Simple,
        first.2.into_sql_str(),
        false,
    )];
    Migrator::with_migrations(steps).run(&pool).await.unwrap();
    sqlx::query(
        "INSERT INTO sends (wa_key, body_hash, recipient, text, state, created_at)
         VALUES ('3EB0A', x'07', '5491158254201@c.us', 'hola', 'sending', 1)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;

    let store = open(folder.path()).await.unwrap();
    let row = store.unsettled(None).await.unwrap().remove(0);
    assert_eq!(row.state, SendState::Unconfirmed);
    assert_eq!(row.content, Some(Content::text("hola")));
    assert_eq!(row.kind, "text");
    let (row, _) = store
        .apply(row.id, SendEvent::Taken, TransitionData::default())
        .await
        .unwrap();
    assert_eq!(row.content, None);
}

#[tokio::test]
async fn undecided_send_does_not_block_others_and_can_be_settled() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    let row = store.insert(new("3EB0A"), true).await.unwrap().unwrap();
    let nothing = TransitionData::default();
    store
        .apply(row.id, SendEvent::Unknown, nothing)
        .await
        .unwrap();
    assert_eq!(store.record_settle_try(row.id).await.unwrap(), 1);
    assert_eq!(store.record_settle_try(row.id).await.unwrap(), 2);
    let held = store.insert(new("3EB0B"), true).await.unwrap().unwrap();
    assert_eq!(held.state, SendState::Accepted, "its lane is held");
    let mut news = store.row_changes();
    assert!(store.leave_undecided(row.id).await.unwrap());
    assert_eq!(news.recv().await.unwrap(), row.id);
    assert!(!store.leave_undecided(row.id).await.unwrap(), "once");
    assert!(store.unsettled(None).await.unwrap().is_empty());
    assert_eq!(store.unsettled_count().await.unwrap(), (0, None));
    assert_eq!(store.undecided_count().await.unwrap(), 1);
    // A retry needs the send's id, however late a person decides.
    let later = Timestamp::now().as_millis() + 60_000;
    assert_eq!(store.prune(later).await.unwrap(), 0);
    let free = store.insert(new("3EB0C"), true).await.unwrap().unwrap();
    assert_eq!(free.state, SendState::Sending, "its lane goes on");
    // The same holds after a crash.
    let store = opened_again(folder.path(), store).await;
    let undecided = store.get(row.id).await.unwrap().unwrap();
    assert!(undecided.is_undecided() && undecided.content.is_some());
    let body = undecided.body(&ChangesOfMessage::default());
    assert_eq!(body.status, "unconfirmed");
    assert!(body.undecided_at.is_some());
    let (settled, news) = store
        .apply(row.id, SendEvent::Ack(2), nothing)
        .await
        .unwrap();
    assert!(news && !settled.is_undecided());
    assert_eq!((settled.settle_tries, settled.undecided_at), (0, None));
    assert_eq!(store.undecided_count().await.unwrap(), 0);
}

#[tokio::test]
async fn the_history_of_a_link_is_through_once_and_of_the_next_link_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    assert_eq!(store.link_age().await.unwrap(), None);
    store.watermark("me@c.us", 1_000, true).await.unwrap();
    let age = store.link_age().await.unwrap().unwrap();
    assert_eq!((age.since, age.history_at), (1_000, None));
    store.mark_history_complete(5_000).await.unwrap();
    store.mark_history_complete(6_000).await.unwrap();
    let age = store.link_age().await.unwrap().unwrap();
    assert_eq!(age.history_at, Some(5_000));
    store.unlinked().await.unwrap();
    assert_eq!(store.link_age().await.unwrap(), None);
    store.watermark("me@c.us", 2_000, true).await.unwrap();
    let age = store.link_age().await.unwrap().unwrap();
    assert_eq!((age.since, age.history_at), (2_000, None));
}

/// Checks that a message to a LID holds back a message to the number, once it is known that both
/// belong to one person.
#[tokio::test]
async fn unsettled_sends_are_found_by_each_address() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    let number = "5491158254201@c.us".to_owned();
    let lid = "247033104567642@lid".to_owned();
    let to = |wa_key, recipient, lane| NewSend {
        recipient,
        lane,
        ..new(wa_key)
    };
    let by_lid = [lid.clone()];
    let first = store.insert(to("A", &lid, &by_lid), true).await.unwrap();
    assert_eq!(first.unwrap().state, SendState::Sending);
    // The number alone does not tell whose number it is.
    let by_number = [number.clone()];
    assert_eq!(store.unsettled(Some(&by_number)).await.unwrap(), []);
    let both = [number, lid.clone()];
    let second = store.insert(to("B", "541158254201@c.us", &both), true);
    assert_eq!(second.await.unwrap().unwrap().state, SendState::Accepted);
    let unsettled = store.unsettled(Some(&both)).await.unwrap();
    assert_eq!(unsettled.len(), 1);
    assert_eq!(unsettled[0].wa_key, "A");
    // The page knew the number at the first send to this LID, but does not know it later.
    let other = "247033104567643@lid".to_owned();
    let known = ["5491158254202@c.us".to_owned()];
    let third = store.insert(to("C", &other, &known), true).await.unwrap();
    assert_eq!(third.unwrap().state, SendState::Sending);
    let alone = [other.clone()];
    let fourth = store.insert(to("D", &other, &alone), true).await.unwrap();
    assert_eq!(fourth.unwrap().state, SendState::Accepted);
    let unsettled = store.unsettled(Some(&alone)).await.unwrap();
    assert_eq!(unsettled[0].wa_key, "C");
}
