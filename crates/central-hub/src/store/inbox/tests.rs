//! Tests of waiting and unread conversations, on both database engines.

use scratch_database::{Database, on_both_engines};

use super::*;
use crate::store::campaigns::ANSWERS_PLANS;
use crate::store::tests::open;
use crate::store::{
    ANSWERED_PLANS, Change, Composed, InboundMessage, NewMessage, NewUser, Recorded, Role,
};

const ANA: &str = "5491158254201@c.us";
const LEO: &str = "5491158254202@c.us";

/// Records a message of the contact, or one from the office's phone, at `second`.
async fn heard(
    store: &Store,
    chat: &str,
    key: &str,
    second: i64,
    from_me: bool,
    body: &str,
) -> Message {
    let heard = InboundMessage {
        wa_id: format!("{from_me}_{chat}_{key}"),
        chat: chat.to_owned(),
        phone: None,
        lid: None,
        from_me,
        kind: "chat".to_owned(),
        body: body.to_owned(),
        pushname: None,
        at: at(second),
        cliente_id: None,
        content: Box::default(),
    };
    match store.record_inbound(&heard).await.unwrap() {
        Recorded::New(message) => *message,
        other => panic!("{other:?}"),
    }
}

/// Returns a time relative to one fixed time, so that the real clock does not matter.
fn at(second: i64) -> Timestamp {
    static BASE: std::sync::LazyLock<i64> = std::sync::LazyLock::new(|| now() / 1000 * 1000);
    Timestamp::from_millis(*BASE + second * 1000).unwrap()
}

/// Enqueues an outgoing message now.
async fn writes(store: &Store, chat: &str, origin: Origin, key: &str, dry_run: bool) -> Message {
    let number = chat.trim_end_matches("@c.us");
    let message = Composed::text(Some(51), number, "hola").unwrap();
    let new = NewMessage {
        origin,
        campaign_id: None,
        message: &message,
        idempotency_key: key,
        dry_run,
        due: None,
        claim: None,
    };
    store
        .insert(&[new])
        .await
        .unwrap()
        .pop()
        .unwrap()
        .message()
        .unwrap()
}

async fn is(store: &Store, message: &Message, state: MessageState) {
    let moved = store
        .change(message.id, Change::to(state, "TEST"))
        .await
        .unwrap();
    assert!(moved.is_some(), "{state}");
}

/// Returns the chats in their order, and those in which a contact waits.
async fn lists(store: &Store, cliente_id: Option<u64>) -> (Vec<String>, Vec<String>) {
    let list = async |waiting| {
        let page = store
            .talks(cliente_id, NOBODY, waiting, None, 50)
            .await
            .unwrap();
        page.talks
            .into_iter()
            .map(|it| it.last.chat)
            .collect::<Vec<_>>()
    };
    (list(false).await, list(true).await)
}

async fn waiting(store: &Store) -> i64 {
    store.inbox_counts(None, NOBODY).await.unwrap().waiting
}

async fn unread(store: &Store, user: i64) -> i64 {
    store.inbox_counts(None, user).await.unwrap().unread
}

on_both_engines! {
    async fn inbound_message_is_pending_until_a_person_replies(database: Database) {
        let store = open(&database).await;
        // A campaign, a bulk message and a dry run create no conversation.
        for (n, origin) in [Origin::Campaign, Origin::Bulk].into_iter().enumerate() {
            let sent = writes(&store, ANA, origin, &format!("k{n}"), false).await;
            is(&store, &sent, MessageState::Sent).await;
        }
        writes(&store, LEO, Origin::Single, "dry", true).await;
        store.simulate(9).await.unwrap();
        assert_eq!(lists(&store, None).await, (vec![], vec![]));

        heard(&store, ANA, "a1", -50, false, "¿Cuánto sale?").await;
        heard(&store, ANA, "a2", -40, false, "¿Están?").await;
        heard(&store, LEO, "l1", -45, false, "hola").await;
        let both = vec![ANA.to_owned(), LEO.to_owned()];
        assert_eq!(lists(&store, None).await, (both.clone(), both.clone()));
        let counts = store.inbox_counts(None, NOBODY).await.unwrap();
        assert_eq!((counts.waiting, counts.unread), (2, 2));
        assert_eq!(counts.oldest.unwrap(), at(-50));

        // Neither a campaign nor a dry run counts as a reply.
        let sent = writes(&store, ANA, Origin::Campaign, "c", false).await;
        is(&store, &sent, MessageState::Sent).await;
        let dry = writes(&store, ANA, Origin::Single, "d", true).await;
        is(&store, &dry, MessageState::Simulated).await;
        assert_eq!(waiting(&store).await, 2);
        // A single message does, on its way or delivered; a failed one does not.
        let answer = writes(&store, ANA, Origin::Single, "e", false).await;
        assert_eq!(lists(&store, None).await, (both.clone(), vec![LEO.to_owned()]));
        is(&store, &answer, MessageState::Failed).await;
        assert_eq!(waiting(&store).await, 2);
        assert_eq!(store.inbox_counts(None, NOBODY).await.unwrap().oldest.unwrap(), at(-50));
        is(&store, &answer, MessageState::Queued).await;
        assert_eq!(waiting(&store).await, 1);
        is(&store, &answer, MessageState::Sent).await;
        // A reply from the phone counts as well; after a later message the contact waits again.
        heard(&store, LEO, "p1", -30, true, "ya te paso").await;
        assert_eq!(waiting(&store).await, 0);
        heard(&store, LEO, "l2", -20, false, "dale").await;
        assert_eq!(lists(&store, None).await.1, [LEO]);
        // A message that arrived late is older than the reply.
        heard(&store, ANA, "a0", -60, false, "buenas").await;
        assert_eq!(lists(&store, None).await, (vec![LEO.to_owned(), ANA.to_owned()], vec![LEO.to_owned()]));
        store.close().await;
    }

    async fn messages_that_need_no_reply_are_not_pending(database: Database) {
        let store = open(&database).await;
        heard(&store, ANA, "a1", -50, false, "gracias!").await;
        store.settle(ANA, None).await.unwrap();
        assert_eq!(waiting(&store).await, 0);
        heard(&store, ANA, "a2", -40, false, "una cosa más").await;
        assert_eq!(waiting(&store).await, 1);
        // A contact who opted out must not get a reply.
        heard(&store, ANA, "a3", -30, false, "BAJA").await;
        assert_eq!(waiting(&store).await, 0);
        let reaction = InboundMessage {
            wa_id: format!("false_{LEO}_r"),
            chat: LEO.to_owned(),
            phone: None,
            lid: None,
            from_me: false,
            kind: REACTION.to_owned(),
            body: "👍".to_owned(),
            pushname: None,
            at: at(-5),
            cliente_id: None,
            content: Box::default(),
        };
        store.record_inbound(&reaction).await.unwrap();
        assert_eq!(lists(&store, None).await.0, [ANA]);
        store.close().await;
    }

    async fn who_wrote_after_a_message_of_the_week_has_answered(database: Database) {
        let store = open(&database).await;
        let begin = at(-60);
        // A contact who wrote first has not answered, and neither has one who
        // has received nothing yet.
        heard(&store, ANA, "A1", 0, false, "Hola").await;
        let message = writes(&store, ANA, Origin::Bulk, "k1", false).await;
        assert_eq!(store.answered_since(begin, None).await.unwrap(), 0);
        is(&store, &message, MessageState::Sent).await;
        assert_eq!(store.answered_since(begin, None).await.unwrap(), 0);
        heard(&store, ANA, "A2", 1, false, "Sí").await;
        heard(&store, ANA, "A3", 2, false, "¿Cuánto?").await;
        // A dry run reaches nobody.
        writes(&store, LEO, Origin::Campaign, "dry", true).await;
        store.simulate(9).await.unwrap();
        heard(&store, LEO, "L1", 3, false, "Hola").await;
        assert_eq!(store.answered_since(begin, None).await.unwrap(), 1);
        assert_eq!(store.answered_since(at(3_600), None).await.unwrap(), 0);
        assert_eq!(store.answered_since(begin, Some(52)).await.unwrap(), 0);
        store.close().await;
    }

    async fn each_user_reads_for_itself(database: Database) {
        let store = open(&database).await;
        let user = async |name: &str, role, cliente_id| {
            let new = NewUser { name, password: "x", role, cliente_id, unguarded: false };
            store.add_user(new).await.unwrap().unwrap().id
        };
        let eva = user("eva", Role::Admin, None).await;
        let own = user("own", Role::Cliente, Some(51)).await;
        let other = user("other", Role::Cliente, Some(52)).await;
        let sent = writes(&store, ANA, Origin::Single, "k", false).await;
        is(&store, &sent, MessageState::Sent).await;
        let first = heard(&store, ANA, "a1", 1, false, "uno").await;
        let second = heard(&store, ANA, "a2", 2, false, "dos").await;
        heard(&store, LEO, "l1", 3, false, "hola").await;
        let of = async |user| store.inbox_counts(None, user).await.unwrap().unread;
        assert_eq!((of(eva).await, of(own).await, of(other).await, of(NOBODY).await), (2, 1, 0, 2));
        assert_eq!(lists(&store, Some(51)).await, (vec![ANA.to_owned()], vec![ANA.to_owned()]));
        assert_eq!(lists(&store, Some(52)).await, (vec![], vec![]));
        let page = store.talks(None, eva, false, None, 50).await.unwrap();
        assert_eq!(page.talks.iter().map(|it| it.unread).collect::<Vec<_>>(), [1, 2]);
        // Messages received after the ones that were read stay unread.
        store.mark_read(eva, ANA, Some(first.id)).await.unwrap();
        assert_eq!(of(eva).await, 2);
        store.mark_read(eva, ANA, Some(second.id)).await.unwrap();
        store.mark_read(eva, LEO, None).await.unwrap();
        assert_eq!((of(eva).await, of(own).await, of(NOBODY).await), (0, 1, 2));
        // A reply from the phone marks the chat as read for all users.
        heard(&store, ANA, "p1", 9, true, "ahí va").await;
        assert_eq!((of(own).await, of(NOBODY).await), (0, 1));
        heard(&store, ANA, "a3", 12, false, "tres").await;
        store.remove_user(own).await.unwrap();
        assert_eq!(of(own).await, 0);
        store.close().await;
    }

    async fn pages_go_by_place(database: Database) {
        let store = open(&database).await;
        for n in 0..5 {
            let chat = format!("549110000000{n}@c.us");
            // All messages are of the same second.
            heard(&store, &chat, &format!("k{n}"), -9, false, "hola").await;
        }
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = store.talks(None, NOBODY, true, before, 2).await.unwrap();
            seen.extend(page.talks.iter().map(|it| it.last.id));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted_by(|newer, older| newer > older), "{seen:?}");
        store.close().await;
    }

    async fn two_chats_that_are_one_person_are_one_row(database: Database) {
        let store = open(&database).await;
        let lid = "88512345678@lid";
        heard(&store, lid, "x1", -50, false, "soy yo").await;
        heard(&store, ANA, "a1", -40, false, "y yo").await;
        store.settle(ANA, None).await.unwrap();
        store.mark_read(NOBODY, ANA, None).await.unwrap();
        heard(&store, ANA, "a2", -20, false, "de nuevo").await;
        store.learn(&[lid, ANA], Some(ANA), crate::store::people::Source::Inbound).await.unwrap();
        let page = store.talks(None, NOBODY, true, None, 9).await.unwrap();
        assert_eq!(page.talks.len(), 1);
        assert_eq!(page.talks[0].unread, 2);
        // Settled conversations stay settled.
        assert_eq!(page.talks[0].waits_since, Some(at(-20)));
        assert_eq!(unread(&store, NOBODY).await, 1);
        store.close().await;
    }

    async fn existing_messages_are_added_to_the_inbox(database: Database) {
        let store = open(&database).await;
        heard(&store, ANA, "a1", -50, false, "hoy").await;
        heard(&store, LEO, "l1", -90 * 24 * 3600, false, "hace mucho").await;
        let sent = writes(&store, "5491158254203@c.us", Origin::Single, "k", false).await;
        is(&store, &sent, MessageState::Failed).await;
        let before = lists(&store, None).await;
        sqlx::query("DELETE FROM inbox").execute(store.writer()).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        store.fill_inbox_in(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        let (all, waiting) = lists(&store, None).await;
        assert_eq!((all.len(), &all), (3, &before.0));
        assert_eq!(waiting, [ANA]);
        assert_eq!(lists(&store, Some(51)).await.0, ["5491158254203@c.us"]);
        store.close().await;
    }
}

/// Checks that people who answered, in some days or to a campaign, are found
/// without reading all sent messages.
#[tokio::test]
async fn answers_are_counted_by_their_indexes() {
    let database = Database::sqlite();
    let store = open(&database).await;
    let counts = ANSWERED_PLANS.map(|it| (it, "USING COVERING INDEX messages_heard (state=? AND"));
    let answers = ANSWERS_PLANS.map(|it| (it, "INDEX messages_answers (campaign_id=?)"));
    for (statement, index) in counts.into_iter().chain(answers) {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let mut query = sqlx::query(explain).bind(1_i64);
        if statement.contains("$2") {
            query = query.bind(1_i64);
        }
        let rows = query.fetch_all(store.reader()).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        assert!(
            plan.iter().any(|step| step.contains(index)),
            "{statement}\n{plan:#?}"
        );
        // The scan `heard` is allowed; `o` covers only the messages of one person.
        let reads = |step: &&String| step.starts_with("SCAN") && *step != "SCAN heard";
        assert_eq!(plan.iter().find(reads), None, "{statement}\n{plan:#?}");
    }
    store.close().await;
}

/// Checks that no list or count reads the history: each uses an index made for it.
#[tokio::test]
async fn lists_and_counts_go_by_their_indexes() {
    let database = Database::sqlite();
    let store = open(&database).await;
    for statement in INBOX_PLANS {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let mut query = sqlx::query(explain);
        for n in 1..=4 {
            if statement.contains(&format!("${n}")) {
                query = query.bind(1_i64);
            }
        }
        let rows = query.fetch_all(store.reader()).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let scans = plan.iter().filter(|step| step.starts_with("SCAN")).count();
        // The constants of a count are read from the counted rows.
        let counted = plan
            .iter()
            .filter(|step| {
                step.starts_with("SCAN waiting")
                    || step.starts_with("SCAN unread")
                    || step.starts_with("SCAN CONSTANT")
            })
            .count();
        assert_eq!(scans, counted, "{statement}\n{plan:#?}");
        assert!(
            !plan.iter().any(|step| step.contains("TEMP B-TREE")),
            "{plan:#?}"
        );
    }
    store.close().await;
}
