//! Tests of the store, on both database engines.

use std::time::Duration;

use scratch_database::{Database, Server, on_both_engines};
use session_api::Timestamp;
use sqlx::Row;

use super::*;

/// Opens an empty store.
pub(crate) async fn open(database: &Database) -> Store {
    Store::open(&database.url().parse().unwrap()).await.unwrap()
}

/// A message to insert, which a test may modify.
pub(crate) struct Draft {
    pub(crate) message: Composed,
    pub(crate) key: String,
}

pub(crate) fn draft(number: u32, key: &str) -> Draft {
    let to = format!("54911{number:08}");
    Draft {
        message: Composed::text(Some(51), &to, &format!("hola {key}")).unwrap(),
        key: key.to_owned(),
    }
}

impl Draft {
    pub(crate) fn as_new(&self) -> NewMessage<'_> {
        NewMessage {
            origin: Origin::Bulk,
            campaign_id: None,
            message: &self.message,
            idempotency_key: &self.key,
            dry_run: false,
            due: None,
            claim: None,
        }
    }

    pub(crate) async fn insert(&self, store: &Store) -> Message {
        match store.insert(&[self.as_new()]).await.unwrap().pop() {
            Some(Inserted::New(message)) => message,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn later(seconds: u64) -> Timestamp {
    Timestamp::now().after(Duration::from_secs(seconds))
}

fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_millis(now() - seconds * 1000).unwrap()
}

fn ids(messages: &[Message]) -> Vec<i64> {
    messages.iter().map(|message| message.id).collect()
}

on_both_engines! {
    async fn settings_are_remembered(database: Database) {
        let store = open(&database).await;
        assert_eq!(store.setting("a").await.unwrap(), None);
        store.set("a", "1").await.unwrap();
        store.set("a", "2ñ").await.unwrap();
        let mut tx = store.begin().await.unwrap();
        store.set_in(&mut tx, "a", "3").await.unwrap();
        store.set_in(&mut tx, "b", "4").await.unwrap();
        drop(tx);
        assert_eq!(store.setting("a").await.unwrap().as_deref(), Some("2ñ"));
        assert_eq!(store.setting("b").await.unwrap(), None, "it was rolled back");
        store.close().await;
        // The tables exist; no migration runs twice.
        let again = open(&database).await;
        assert_eq!(again.setting("a").await.unwrap().as_deref(), Some("2ñ"));
        again.close().await;
    }

    async fn contacts_keep_what_is_known(database: Database) {
        let store = open(&database).await;
        let id = "5491158254201@c.us";
        for (name, pushname) in [(Some("Ana"), None), (None, Some("ana*")), (None, None)] {
            let mut tx = store.begin().await.unwrap();
            store.contact_in(&mut tx, id, name, pushname).await.unwrap();
            tx.commit().await.unwrap();
        }
        let contact = store.contact(id).await.unwrap().unwrap();
        assert_eq!(contact.name.as_deref(), Some("Ana"));
        assert_eq!(contact.pushname.as_deref(), Some("ana*"));
        assert!(!format!("{contact:?}").contains("Ana"));
        store.close().await;
    }

    async fn one_key_is_one_message(database: Database) {
        let store = open(&database).await;
        let draft = draft(1, "k1");
        let first = draft.insert(&store).await;
        assert_eq!((first.state, first.attempts), (MessageState::Queued, 0));
        assert_eq!(first.cliente_id, Some(51));
        // With another form of the number and another business, it is still the same message.
        let same = Composed::text(None, "+54 9 11 0000-0001", "hola k1").unwrap();
        let same = NewMessage { message: &same, ..draft.as_new() };
        let known = store.insert(&[same]).await.unwrap();
        assert!(matches!(&known[..], [Inserted::Known(known)] if known.id == first.id));
        let other = Composed::text(Some(51), "5491100000001", "otra").unwrap();
        let other = NewMessage { message: &other, ..draft.as_new() };
        assert!(matches!(store.insert(&[other]).await.unwrap()[..], [Inserted::KeyReused]));
        assert_eq!(store.messages(&Filter::default(), 10).await.unwrap().len(), 1);
        assert!(!format!("{first:?}").contains("hola"));
        store.close().await;
    }

    async fn every_change_is_written_down(database: Database) {
        let store = open(&database).await;
        let message = draft(1, "k1").insert(&store).await;
        let claimed = store.claim("me", later(60), 10).await.unwrap();
        assert_eq!(ids(&claimed), [message.id]);
        let change = Change::to(MessageState::Queued, "SESSION_NOT_READY").with_detail("not now");
        assert!(store.change(message.id, change).await.unwrap().is_some());
        store.claim("me", later(60), 10).await.unwrap();
        let wa_id = Some("true_5491100000001@c.us_3EB0");
        let sent = Change { wa_id, ..Change::to(MessageState::Sent, "SENT") };
        let sent = store.change(message.id, sent).await.unwrap().unwrap();
        assert_eq!((sent.state, sent.wa_id.as_deref(), sent.attempts), (MessageState::Sent, wa_id, 2));
        // A message never moves back or to the same state.
        for to in [MessageState::Queued, MessageState::Failed, MessageState::Sent] {
            assert!(store.change(message.id, Change::to(to, "X")).await.unwrap().is_none());
        }
        let history = store.transitions(message.id).await.unwrap();
        let seen: Vec<_> = history.iter().map(|it| (it.from, it.to, it.cause.as_str())).collect();
        assert_eq!(seen, [
            (None, MessageState::Queued, "ASKED"),
            (Some(MessageState::Queued), MessageState::Sending, "TAKEN"),
            (Some(MessageState::Sending), MessageState::Queued, "SESSION_NOT_READY"),
            (Some(MessageState::Queued), MessageState::Sending, "TAKEN_AGAIN"),
            (Some(MessageState::Sending), MessageState::Sent, "SENT"),
        ]);
        assert_eq!(history[2].detail.as_deref(), Some("not now"));
        assert!(store.change(999, Change::to(MessageState::Sent, "X")).await.unwrap().is_none());
        store.close().await;
    }

    async fn acks_move_on_whenever_they_come(database: Database) {
        let store = open(&database).await;
        let key = "3EB0AA";
        let wa_id = format!("true_5491100000001@c.us_{key}");
        // The acks arrive before the hub has the message, and under the chat's other id.
        let early = format!("true_123@lid_{key}");
        assert!(store.acknowledge(&early, MessageState::Read).await.unwrap().is_none());
        assert!(store.acknowledge(&early, MessageState::Delivered).await.unwrap().is_none());
        let message = draft(1, "k1").insert(&store).await;
        let sent = Change { wa_id: Some(&wa_id), ..Change::to(MessageState::Sent, "SENT") };
        let sent = store.change(message.id, sent).await.unwrap().unwrap();
        assert_eq!(sent.state, MessageState::Read);
        assert!(store.acknowledge(&wa_id, MessageState::Delivered).await.unwrap().is_none());
        let played = store.acknowledge(&wa_id, MessageState::Played).await.unwrap().unwrap();
        assert_eq!((played.id, played.state), (message.id, MessageState::Played));
        store.close().await;
    }

    async fn the_order_of_a_chat_is_kept(database: Database) {
        let store = open(&database).await;
        let mut all = Vec::new();
        for (number, key) in [(1, "a1"), (1, "a2"), (2, "b1"), (1, "a3"), (2, "b2")] {
            all.push(draft(number, key).insert(&store).await.id);
        }
        let [a1, a2, b1, a3, b2] = all[..] else { panic!() };
        assert_eq!(ids(&store.claim("me", later(60), 10).await.unwrap()), [a1, b1]);
        assert!(store.claim("other", later(60), 10).await.unwrap().is_empty());
        // A message with an unknown outcome blocks those after it.
        store.change(a1, Change::to(MessageState::Unconfirmed, "X")).await.unwrap().unwrap();
        store.change(b1, Change::to(MessageState::Sent, "X")).await.unwrap().unwrap();
        assert_eq!(ids(&store.claim("me", later(60), 10).await.unwrap()), [a1, b2]);
        let first = store.message(a1).await.unwrap().unwrap();
        assert_eq!(first.state, MessageState::Unconfirmed, "it may have left");
        let third = store.message(a3).await.unwrap().unwrap();
        assert!(!store.is_first(&third).await.unwrap(), "a2 is to be sent yet");
        let second = store.message(a2).await.unwrap().unwrap();
        assert!(store.is_first(&second).await.unwrap());
        // A message that is due later blocks those after it as well.
        store.change(a1, Change::to(MessageState::Failed, "X")).await.unwrap().unwrap();
        let wait = Change { due: Some(later(60)), ..Change::to(MessageState::Queued, "X") };
        assert_eq!(ids(&store.claim("me", later(60), 10).await.unwrap()), [a2]);
        store.change(a2, wait).await.unwrap().unwrap();
        assert!(store.claim("me", later(60), 10).await.unwrap().is_empty());
        assert!(store.message(a3).await.unwrap().unwrap().state == MessageState::Queued);
        store.close().await;
    }

    async fn a_lease_that_ends_frees_and_one_that_is_renewed_does_not(database: Database) {
        let store = open(&database).await;
        let dead = draft(1, "k1").insert(&store).await.id;
        let alive = draft(2, "k2").insert(&store).await.id;
        assert_eq!(store.claim("dead", ago(1), 1).await.unwrap().len(), 1);
        assert_eq!(store.claim("alive", ago(1), 2).await.unwrap().len(), 2);
        store.renew("alive", &[alive, 999], later(60)).await.unwrap();
        store.renew("dead", &[dead], later(60)).await.unwrap();
        // The hub "dead" no longer holds the other message.
        let again = store.claim("other", later(60), 10).await.unwrap();
        assert_eq!(ids(&again), [dead]);
        // The message may have been sent before its hub died.
        assert_eq!((again[0].state, again[0].attempts), (MessageState::Unconfirmed, 3));
        let history = store.transitions(dead).await.unwrap();
        let seen: Vec<_> = history.iter().map(|it| (it.to, it.cause.as_str())).collect();
        assert_eq!(seen, [
            (MessageState::Queued, "ASKED"),
            (MessageState::Sending, "TAKEN"),
            (MessageState::Unconfirmed, "TAKEN_OVER"),
        ]);
        assert!(store.claim("other", later(60), 10).await.unwrap().is_empty());
        assert!(store.next_due(false).await.unwrap() > Some(later(50)));
        store.close().await;
    }

    async fn bulk_messages_to_new_contacts_can_be_left_unclaimed(database: Database) {
        let store = open(&database).await;
        // Contact 1 has written before.
        let hello = InboundMessage {
            wa_id: "false_5491100000001@c.us_3A01".to_owned(),
            chat: "5491100000001@c.us".to_owned(),
            phone: None,
            lid: None,
            from_me: false,
            kind: "chat".to_owned(),
            body: "hola".to_owned(),
            pushname: None,
            at: ago(60),
            cliente_id: None,
            content: Box::default(),
        };
        store.record_inbound(&hello).await.unwrap();
        let known = draft(1, "known").insert(&store).await.id;
        let stranger = draft(2, "stranger").insert(&store).await.id;
        let single = draft(3, "single");
        let single = NewMessage { origin: Origin::Single, ..single.as_new() };
        let single = store.insert(&[single]).await.unwrap().pop().unwrap().message().unwrap().id;
        let claimed = store.claim_except_new_contacts("me", later(60), 10).await.unwrap();
        assert_eq!(ids(&claimed), [known, single]);
        assert_eq!(ids(&store.claim("me", later(60), 10).await.unwrap()), [stranger]);
        store.close().await;
    }

    async fn rehearsals_end_and_are_never_claimed(database: Database) {
        let store = open(&database).await;
        let dry_run = draft(1, "dry");
        store.insert(&[NewMessage { dry_run: true, ..dry_run.as_new() }]).await.unwrap();
        let real = draft(2, "real").insert(&store).await.id;
        assert_eq!(ids(&store.claim("me", later(60), 10).await.unwrap()), [real]);
        let simulated = store.simulate(10).await.unwrap();
        assert_eq!(simulated.len(), 1);
        assert_eq!(simulated[0].state, MessageState::Simulated);
        assert_eq!(simulated[0].body, "hola dry");
        assert!(store.simulate(10).await.unwrap().is_empty());
        let known = store.insert(&[dry_run.as_new()]).await.unwrap();
        assert!(matches!(&known[..], [Inserted::Known(it)] if it.state == MessageState::Simulated));
        let claim = store.claim_one(simulated[0].id, "me", later(60), "X").await.unwrap();
        assert!(claim.is_none());
        store.close().await;
    }

    async fn somebody_who_waits_takes_one(database: Database) {
        let store = open(&database).await;
        let new = draft(1, "k1");
        let claim = Some(("me", later(60)));
        let inserted = store.insert(&[NewMessage { claim, ..new.as_new() }]).await.unwrap();
        let [Inserted::New(message)] = &inserted[..] else { panic!() };
        assert_eq!((message.state, message.attempts), (MessageState::Sending, 1));
        let id = message.id;
        assert!(store.claim_one(id, "other", later(60), "X").await.unwrap().is_none());
        let failed = Change::to(MessageState::Failed, "SESSION_NOT_READY").with_detail("why");
        let failed = store.change(id, failed).await.unwrap().unwrap();
        assert_eq!(failed.error_code.as_deref(), Some("SESSION_NOT_READY"));
        let again = store.claim_one(id, "other", later(60), "ASKED_AGAIN").await.unwrap().unwrap();
        assert_eq!((again.state, again.error_code, again.attempts), (MessageState::Sending, None, 2));
        let history = store.transitions(id).await.unwrap();
        assert_eq!(history.last().unwrap().cause, "ASKED_AGAIN");
        store.close().await;
    }

    async fn two_hubs_never_take_the_same(database: Database) {
        let one = open(&database).await;
        let other = open(&database).await;
        let drafts: Vec<_> = (0..120).map(|n| draft(n / 2, &format!("k{n}"))).collect();
        let new: Vec<_> = drafts.iter().map(Draft::as_new).collect();
        one.insert(&new).await.unwrap();
        let take = async |store: &Store, who: &str| {
            let mut taken = Vec::new();
            loop {
                let claimed = store.claim(who, later(60), 7).await.unwrap();
                if claimed.is_empty() && store.next_due(false).await.unwrap().is_none() {
                    return taken;
                }
                for message in claimed {
                    store.change(message.id, Change::to(MessageState::Sent, "SENT")).await.unwrap();
                    taken.push(message.id);
                }
            }
        };
        let (mut all, more) = tokio::join!(take(&one, "one"), take(&other, "other"));
        all.extend(more);
        all.sort_unstable();
        let before = all.len();
        all.dedup();
        assert_eq!((before, all.len()), (120, 120));
        one.close().await;
        other.close().await;
    }

    async fn lists_are_paged(database: Database) {
        let store = open(&database).await;
        for n in 0..5 {
            draft(n % 2, &format!("k{n}")).insert(&store).await;
        }
        let all = ids(&store.messages(&Filter::default(), 10).await.unwrap());
        assert!(all.is_sorted_by(|a, b| a > b) && all.len() == 5);
        let page = Filter { before: Some(all[1]), ..Filter::default() };
        assert_eq!(ids(&store.messages(&page, 2).await.unwrap()), all[2..4]);
        let filter = Filter {
            cliente_id: Some(51),
            chat: Some("5491100000000@c.us".to_owned()),
            is_inbound: Some(false),
            state: Some(MessageState::Queued),
            ..Filter::default()
        };
        assert_eq!(ids(&store.messages(&filter, 10).await.unwrap()), [all[0], all[2], all[4]]);
        for none in [
            Filter { cliente_id: Some(52), ..Filter::default() },
            Filter { is_inbound: Some(true), ..Filter::default() },
            Filter { state: Some(MessageState::Sent), ..Filter::default() },
            Filter { campaign_id: Some(1), ..Filter::default() },
        ] {
            assert!(store.messages(&none, 10).await.unwrap().is_empty(), "{none:?}");
        }
        store.close().await;
    }
}

on_both_engines! {
    async fn outcomes_of_a_day(database: Database) {
        let store = open(&database).await;
        let begin = Timestamp::now();
        for n in 0..4 {
            draft(n, &format!("k{n}")).insert(&store).await;
        }
        let first = store.messages(&Filter::default(), 10).await.unwrap();
        for (message, to) in first.iter().zip([MessageState::Sent, MessageState::Failed]) {
            store.change(message.id, Change::to(to, "X")).await.unwrap().unwrap();
        }
        let mut counts = store.outcomes(begin, None).await.unwrap();
        counts.sort_unstable_by_key(|(state, _)| *state);
        assert_eq!(counts, [(MessageState::Queued, 2), (MessageState::Failed, 1), (MessageState::Sent, 1)]);
        assert_eq!(store.outcomes(begin, Some(51)).await.unwrap().len(), 3);
        assert_eq!(store.outcomes(begin, Some(52)).await.unwrap(), []);
        assert_eq!(store.outcomes(later(60), None).await.unwrap(), []);
        assert_eq!(store.waiting(None).await.unwrap(), 2);
        assert_eq!(store.waiting(Some(52)).await.unwrap(), 0);
        assert_eq!(store.failed_since(begin, Some(51)).await.unwrap(), 1);
        assert_eq!(store.failed_since(later(60), None).await.unwrap(), 0);
        // The message was refused, because its recipient is on the opt-out list.
        let refused = Change::to(MessageState::Failed, "OPTED_OUT");
        store.change(first[2].id, refused).await.unwrap().unwrap();
        assert_eq!(store.failed_since(begin, None).await.unwrap(), 1);
        store.change(first[2].id, Change::to(MessageState::Queued, "RETRY")).await.unwrap().unwrap();
        assert!(store.dead_letters().await.unwrap().is_empty());
        // Days in the past and in the future; the messages were stored on the third.
        let days = std::array::from_fn(|day| {
            let hours = 24 * (i64::try_from(day).unwrap() - 2);
            Timestamp::from_millis(begin.as_millis() + hours * 3_600_000).unwrap()
        });
        let by_day = store.outcomes_by_day(days, Some(51)).await.unwrap();
        assert_eq!(by_day[2], [(MessageState::Sent, 1)]);
        assert!(by_day.iter().enumerate().all(|(at, counts)| at == 2 || counts.is_empty()));
        assert_eq!(store.outcomes_by_day(days, None).await.unwrap(), by_day);
        assert!(store.outcomes_by_day(days, Some(52)).await.unwrap().iter().all(Vec::is_empty));
        assert_eq!(store.answered_since(begin, None).await.unwrap(), 0);
        store.close().await;
    }
}

/// Checks that the start screen's counts are read only from an index, and that
/// a list by state and time still uses the messages' ids.
#[tokio::test]
async fn the_overview_never_reads_the_history() {
    let database = Database::sqlite();
    let store = open(&database).await;
    let plan = async |statement: &str| -> Vec<String> {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let mut query = sqlx::query(explain);
        for _ in 0..statement.matches('$').count() {
            query = query.bind(1_i64);
        }
        let rows = query.fetch_all(store.reader()).await.unwrap();
        rows.iter().map(|row| row.get("detail")).collect()
    };
    for statement in OVERVIEW_PLANS {
        let plan = plan(statement).await;
        let index = match statement.contains("OPTED_OUT") {
            true => "messages_failed",
            false => "messages_outcomes",
        };
        let search =
            format!("SEARCH messages USING COVERING INDEX {index} (state=? AND created_at>?");
        let by_index = plan.iter().any(|step| step.starts_with(&search));
        assert!(by_index, "{statement}\n{plan:#?}");
        assert!(
            !plan.iter().any(|step| step.starts_with("SCAN")),
            "{plan:#?}"
        );
    }
    let list = "SELECT * FROM messages WHERE id < $1 AND state = 'sent' AND created_at >= $2
        AND id > (SELECT id - 1000 FROM messages WHERE created_at >= $2 ORDER BY created_at, id LIMIT 1)
        ORDER BY id DESC LIMIT 51";
    let plan = plan(list).await;
    assert!(
        !plan.iter().any(|step| step.contains("TEMP B-TREE")),
        "{plan:#?}"
    );
    store.close().await;
}

/// Checks that the outbox's queries at each tick use the small indexes,
/// whatever the size of the history.
#[tokio::test]
async fn query_plans_do_not_grow_with_history() {
    let database = Database::sqlite();
    let store = open(&database).await;
    for statement in CLAIM_PLANS {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let mut query = sqlx::query(explain);
        for _ in 0..statement.matches('$').count().min(4) {
            query = query.bind(1_i64);
        }
        let rows = query.fetch_all(store.writer()).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        assert!(!plan.is_empty());
        for step in &plan {
            let reads = step.starts_with("SCAN") || step.starts_with("SEARCH");
            let by_index = step.contains("USING INDEX messages_due")
                || step.contains("USING INDEX messages_lane")
                || step.contains("USING COVERING INDEX messages_due")
                || step.contains("USING COVERING INDEX messages_lane")
                || step.contains("USING INTEGER PRIMARY KEY")
                // Only the few rows that were found are scanned.
                || step.starts_with("SCAN earlier") || step.contains("SUBQUERY");
            assert!(!reads || by_index, "{statement}\n{plan:#?}");
            assert!(!step.contains("USE TEMP B-TREE"), "{statement}\n{plan:#?}");
        }
    }
    store.close().await;
}

#[tokio::test]
async fn database_file_is_private_and_a_bad_one_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a b/data%20ñ/hub.db");
    let location = DatabaseLocation::Sqlite(file.clone());
    Store::open(&location).await.unwrap().close().await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);

    std::fs::write(&file, "no database, just text, and rather long").unwrap();
    let error = Store::open(&location).await.unwrap_err().to_string();
    assert!(error.starts_with("DATABASE_URL: sqlite:"), "{error}");
    assert!(error.contains("backup"), "{error}");
    let nowhere = DatabaseLocation::Sqlite(file.join("hub.db"));
    let error = Store::open(&nowhere).await.unwrap_err().to_string();
    assert!(
        error.contains("cannot be opened") && error.contains("DATA_DIR"),
        "{error}"
    );
    let newer = DatabaseLocation::in_folder(folder.path());
    let store = Store::open(&newer).await.unwrap();
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'x', 1, x'00', 0)")
        .execute(store.writer())
        .await
        .unwrap();
    store.close().await;
    let error = Store::open(&newer).await.unwrap_err().to_string();
    assert!(error.contains("newer central-hub"), "{error}");
}

#[tokio::test]
async fn unusable_postgres_is_reported() {
    let database = Database::postgres();
    let url = database.url();
    for (url, cure) in [
        (url.replace("/test_", "/nothing_"), "CREATE DATABASE"),
        (url.replace("pg-", "nowhere-"), "start that PostgreSQL"),
        (
            "postgres://me:hunter2@127.0.0.1:1/x".to_owned(),
            "start that PostgreSQL",
        ),
    ] {
        let error = Store::open(&url.parse().unwrap())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("DATABASE_URL: postgres://"), "{error}");
        assert!(
            error.contains(cure) && !error.contains("hunter2"),
            "{error}"
        );
    }
}

/// A server that stops and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_goes_away_comes_back() {
    let mut server = Server::start().unwrap();
    let database = Database::in_server(&server);
    let store = open(&database).await;
    store.set("a", "1").await.unwrap();
    server.pause();
    for _ in 0..3 {
        let error = store.set("a", "2").await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
    }
    server.resume().unwrap();
    store.set("a", "3").await.unwrap();
    assert_eq!(store.setting("a").await.unwrap().as_deref(), Some("3"));
    store.close().await;
}

/// Another process locks the file for longer than the hub waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_file_is_unavailable_and_then_is_not() {
    let database = Database::sqlite();
    let store = open(&database).await;
    let other = open(&database).await;
    let tx = other.begin().await.unwrap();
    let error = store.set("a", "1").await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert_eq!(store.setting("a").await.unwrap(), None, "reading goes on");
    drop(tx);
    other.close().await;
    store.set("a", "1").await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_mistake_is_not_an_outage() {
    for database in [Database::sqlite(), Database::postgres()] {
        let store = open(&database).await;
        let error = sqlx::query("SELECT nothing FROM settings")
            .execute(store.reader())
            .await
            .unwrap_err();
        assert!(!StoreError::from(error).is_unavailable());
        let twice = "INSERT INTO settings (name, value, updated_at) VALUES ('a', 'b', 1)";
        sqlx::query(twice).execute(store.writer()).await.unwrap();
        let error = StoreError::from(
            sqlx::query(twice)
                .execute(store.writer())
                .await
                .unwrap_err(),
        );
        assert!(error.is_duplicate() && !error.is_unavailable(), "{error}");
        store.close().await;
    }
}
