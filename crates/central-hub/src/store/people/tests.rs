use scratch_database::on_both_engines;

use super::super::campaigns::{Fields, NewCampaign, NewRecipient};
use super::super::tests::open;
use super::*;
use crate::sending_windows::Pause;
use crate::store::{Composed, MergeOutcome, NewMessage, Origin, SplitOutcome};

const NUMBER: &str = "5491158254201@c.us";
const WITHOUT_9: &str = "541158254201@c.us";
const LID: &str = "247033104567642@lid";

fn person(id: &str) -> Recipient {
    Recipient::parse(id).unwrap()
}

async fn insert(store: &Store, to: &str, key: &str) -> i64 {
    let message = Composed::text(None, to, "hola").unwrap();
    let new = NewMessage {
        origin: Origin::Single,
        campaign_id: None,
        message: &message,
        idempotency_key: key,
        dry_run: false,
        due: None,
        claim: None,
    };
    let inserted = store.insert(&[new]).await.unwrap().pop().unwrap();
    inserted.message().unwrap().id
}

async fn chat(store: &Store, message: i64) -> String {
    store.message(message).await.unwrap().unwrap().chat
}

async fn campaign(store: &Store, to: &[&str]) -> i64 {
    let new = NewCampaign {
        cliente_id: Some(51),
        name: "t".to_owned(),
        text: "Hola".to_owned(),
        columns: Vec::new(),
        pause: Pause::new(1, 2).unwrap(),
    };
    let campaign = store.create_campaign(&new).await.unwrap().id;
    let fields = Fields::new();
    let rows: Vec<_> = (1..)
        .zip(to)
        .map(|(line, chat)| NewRecipient {
            line,
            chat,
            fields: &fields,
        })
        .collect();
    let mut tx = store.begin().await.unwrap();
    store
        .add_recipients_in(&mut tx, campaign, None, &rows)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    campaign
}

async fn states(store: &Store, campaign: i64) -> Vec<(String, RecipientState)> {
    let all = store
        .recipients(campaign, &Default::default(), 10)
        .await
        .unwrap();
    all.iter()
        .map(|it| (it.address().to_owned(), it.state))
        .collect()
}

async fn count(store: &Store, table: &str) -> i64 {
    let statement = format!("SELECT COUNT(*) FROM {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
        .fetch_one(store.reader())
        .await
        .unwrap()
}

#[test]
fn addresses_that_may_be_one_person() {
    assert!(may_be_same_person(NUMBER, WITHOUT_9) && may_be_same_person(NUMBER, LID));
    assert!(!may_be_same_person(NUMBER, "5491158254202@c.us") && !may_be_same_person(LID, "1@lid"));
}

on_both_engines! {
    async fn spellings_are_one_person_before_whatsapp_answers(database: Database) {
        let store = open(&database).await;
        store.opt_out(WITHOUT_9, None, None, "test").await.unwrap();
        for id in [NUMBER, WITHOUT_9] {
            assert!(store.is_opted_out(id).await.unwrap(), "{id}");
            assert!(store.find_opt_out(&person(id)).await.unwrap().is_some(), "{id}");
        }
        assert!(!store.is_opted_out("5491158254202@c.us").await.unwrap());
        let (one, other) = (insert(&store, NUMBER, "a").await, insert(&store, WITHOUT_9, "b").await);
        assert_eq!(chat(&store, one).await, chat(&store, other).await);
        let campaign = campaign(&store, &[WITHOUT_9, NUMBER, "5491158254202@c.us"]).await;
        // Messages go to the number as the list has it.
        let pending = RecipientState::Pending;
        let expected = [(WITHOUT_9.to_owned(), pending), ("5491158254202@c.us".to_owned(), pending)];
        assert_eq!(states(&store, campaign).await, expected);
        assert!(store.opt_in(&person(NUMBER)).await.unwrap());
        assert!(!store.is_opted_out(WITHOUT_9).await.unwrap());
        assert_eq!(count(&store, "people").await, 0, "nobody needs a row for that");
        store.close().await;
    }

    async fn a_lid_and_a_number_are_joined_with_all_that_hangs_on_them(database: Database) {
        let store = open(&database).await;
        store.opt_out(LID, Some("BAJA"), None, "test").await.unwrap();
        let mut tx = store.begin().await.unwrap();
        store.contact_in(&mut tx, LID, Some("Ana"), Some("anita")).await.unwrap();
        store.contact_in(&mut tx, NUMBER, Some("Ana María"), None).await.unwrap();
        tx.commit().await.unwrap();
        let (one, other) = (insert(&store, LID, "a").await, insert(&store, WITHOUT_9, "b").await);
        let both = campaign(&store, &[LID, NUMBER]).await;
        let hidden = campaign(&store, &[LID]).await;
        assert!(!store.is_opted_out(NUMBER).await.unwrap());
        store.learn(&[LID, NUMBER], Some(NUMBER), Source::Inbound).await.unwrap();
        for id in [NUMBER, WITHOUT_9, LID] {
            assert!(store.is_opted_out(id).await.unwrap(), "{id}");
            assert_eq!(store.chat_of(&person(id)).await.unwrap(), NUMBER);
        }
        for id in [one, other] {
            assert_eq!(chat(&store, id).await, NUMBER);
        }
        let contact = store.contact(NUMBER).await.unwrap().unwrap();
        assert_eq!(contact.name.as_deref(), Some("Ana María"));
        assert_eq!(contact.pushname.as_deref(), Some("anita"));
        assert!(store.contact(LID).await.unwrap().is_none());
        let expected = [(LID.to_owned(), RecipientState::Pending), (NUMBER.to_owned(), RecipientState::Skipped)];
        assert_eq!(states(&store, both).await, expected);
        let row = store.campaign(both).await.unwrap().unwrap();
        assert_eq!((row.count(RecipientState::Pending), row.count(RecipientState::Skipped)), (1, 1));
        assert_eq!(states(&store, hidden).await, [(LID.to_owned(), RecipientState::Pending)]);
        assert_eq!(count(&store, "person_joinings").await, 1);
        // The same knowledge is stored only once.
        store.learn(&[NUMBER, LID], Some(NUMBER), Source::Inbound).await.unwrap();
        assert_eq!((count(&store, "people").await, count(&store, "person_addresses").await), (1, 2));
        assert_eq!(count(&store, "person_joinings").await, 1);
        store.close().await;
    }

    async fn import_teaches_only_what_is_not_known_otherwise(database: Database) {
        let store = open(&database).await;
        let (other_number, other_lid) = ("5491158254202@c.us", "245933592939431@lid");
        let (one, other) = (insert(&store, NUMBER, "a").await, insert(&store, LID, "b").await);
        assert!(store.may_learn(WITHOUT_9, LID).await.unwrap());
        assert!(store.learn_from_import(WITHOUT_9, LID).await.unwrap());
        for id in [one, other] {
            assert_eq!(chat(&store, id).await, NUMBER);
        }
        assert!(!store.learn_from_import(NUMBER, LID).await.unwrap(), "known by now");
        let source: String = sqlx::query_scalar("SELECT source FROM person_joinings")
            .fetch_one(store.reader())
            .await
            .unwrap();
        assert_eq!(source, "import");
        // Stored knowledge is newer than any import.
        for (id, chat) in [(other_number, LID), (NUMBER, other_lid), (NUMBER, other_number), ("x", LID), (LID, other_lid)] {
            assert!(!store.learn_from_import(id, chat).await.unwrap(), "{id} {chat}");
        }
        assert_eq!(store.chat_of(&person(other_lid)).await.unwrap(), other_lid);
        assert_eq!(store.chat_of(&person(other_number)).await.unwrap(), other_number);
        // WhatsApp's spelling, if none is known yet.
        let (old, new) = ("551187654321@c.us", "5511987654321@c.us");
        assert!(store.learn_from_import(new, old).await.unwrap());
        assert!(!store.learn_from_import(old, new).await.unwrap());
        assert_eq!(store.chat_of(&person(new)).await.unwrap(), old);
        store.close().await;
    }

    async fn joinings_of_both_are_kept_when_two_people_are_joined(database: Database) {
        let store = open(&database).await;
        let (other_number, other_lid) = ("5491158254202@c.us", "245933592939431@lid");
        for (number, lid) in [(NUMBER, LID), (other_number, other_lid)] {
            insert(&store, number, number).await;
            insert(&store, lid, lid).await;
            store.learn(&[lid, number], Some(number), Source::Inbound).await.unwrap();
        }
        assert_eq!(count(&store, "people").await, 2);
        store.merge_by_hand(&person(NUMBER), &person(other_number)).await.unwrap();
        let statement = "SELECT COUNT(*) FROM person_joinings j JOIN people p ON p.id = j.person_id";
        let known: i64 = sqlx::query_scalar(statement).fetch_one(store.reader()).await.unwrap();
        assert_eq!((count(&store, "people").await, known), (1, 3));
        store.close().await;
    }

    async fn whatsapps_spelling_is_the_one_that_is_shown(database: Database) {
        let store = open(&database).await;
        let (old, new) = ("551187654321@c.us", "5511987654321@c.us");
        let id = insert(&store, new, "a").await;
        store.learn_from_send(&chat(&store, id).await, "551187654321@c.us").await.unwrap();
        assert_eq!(chat(&store, id).await, old);
        let id = insert(&store, new, "b").await;
        assert_eq!(chat(&store, id).await, old);
        // A number that WhatsApp cannot have derived is ignored.
        store.learn_from_send(old, "5491158254201@c.us").await.unwrap();
        assert_eq!(store.chat_of(&person(NUMBER)).await.unwrap(), NUMBER);
        // A correction without a known rule is accepted.
        store.learn_from_send("22997123456@c.us", "2290197123456@c.us").await.unwrap();
        assert_eq!(store.chat_of(&person("22997123456")).await.unwrap(), "2290197123456@c.us");
        // A LID in place of a number is accepted as well.
        store.learn_from_send(old, LID).await.unwrap();
        assert_eq!(store.chat_of(&person(LID)).await.unwrap(), old);
        store.close().await;
    }

    async fn reassigned_number_does_not_take_the_conversation_along(database: Database) {
        let store = open(&database).await;
        let (second, third) = ("111222333444555@lid", "5491158254209@c.us");
        store.learn(&[LID, NUMBER], Some(NUMBER), Source::Inbound).await.unwrap();
        let id = insert(&store, LID, "a").await;
        store.opt_out(NUMBER, None, None, "test").await.unwrap();
        // The account has a new number: its opt-out moves with it.
        store.learn(&[LID, third], Some(third), Source::Inbound).await.unwrap();
        assert_eq!(store.chat_of(&person(LID)).await.unwrap(), third);
        assert!(store.is_opted_out(third).await.unwrap() && store.is_opted_out(NUMBER).await.unwrap());
        assert_eq!(chat(&store, id).await, NUMBER, "what was said stays");
        // The old number has a new account.
        store.learn(&[second, NUMBER], Some(NUMBER), Source::Inbound).await.unwrap();
        assert_eq!(store.chat_of(&person(second)).await.unwrap(), NUMBER);
        assert_eq!(store.chat_of(&person(LID)).await.unwrap(), third);
        store.close().await;
    }

    async fn two_hubs_that_join_the_same_people_in_both_orders_make_one_of_them(database: Database) {
        let (one, other) = (open(&database).await, open(&database).await);
        for n in 0..20 {
            let number = format!("54911582{n:05}@c.us");
            let lid = format!("9876543210{n:05}@lid");
            campaign(&one, &[&number, &lid]).await;
            campaign(&one, &[&lid, &number]).await;
            insert(&one, &lid, &format!("k{n}")).await;
            let (there, back) = ([number.as_str(), &lid], [lid.as_str(), &number]);
            let forth = one.learn(&there, Some(&number), Source::Inbound);
            let back = other.learn(&back, Some(&number), Source::Send);
            // Another hub writes to both chats meanwhile.
            let writes = async {
                insert(&other, &lid, &format!("l{n}")).await;
                insert(&other, &number, &format!("m{n}")).await;
            };
            let (forth, back, ()) = tokio::join!(forth, back, writes);
            forth.unwrap();
            back.unwrap();
            let chats: Vec<String> = sqlx::query_scalar("SELECT DISTINCT chat FROM messages WHERE chat IN ($1, $2)")
                .bind(&number)
                .bind(&lid)
                .fetch_all(one.reader())
                .await
                .unwrap();
            assert_eq!(chats, [number]);
        }
        assert_eq!((count(&one, "people").await, count(&one, "person_addresses").await), (20, 40));
        one.close().await;
        other.close().await;
    }

    async fn two_hubs_join_part_and_delete_the_same_people_at_once(database: Database) {
        let (one, other) = (open(&database).await, open(&database).await);
        let stray = "SELECT COUNT(*) FROM messages m WHERE EXISTS (
            SELECT 1 FROM person_addresses a JOIN people p ON p.id = a.person_id
            WHERE a.address = m.chat AND p.chat <> m.chat)";
        let empty = "SELECT COUNT(*) FROM people p WHERE NOT EXISTS (
            SELECT 1 FROM person_addresses a WHERE a.person_id = p.id)";
        for n in 0..10 {
            let (ana, leo) = (format!("54911583{n:05}@c.us"), format!("54911584{n:05}@c.us"));
            let lid = format!("9876543211{n:05}@lid");
            one.learn(&[&lid, &leo], Some(&leo), Source::Inbound).await.unwrap();
            campaign(&one, &[&ana, &leo]).await;
            insert(&one, &ana, &format!("a{n}")).await;
            let by_lid = insert(&one, &lid, &format!("b{n}")).await;
            let (ana, leo) = (person(&ana), person(&leo));
            let key = format!("c{n}");
            let writes = insert(&other, &lid, &key);
            let (there, back, _) = tokio::join!(
                one.merge_by_hand(&ana, &leo), other.merge_by_hand(&leo, &ana), writes
            );
            let results = [there.unwrap(), back.unwrap()];
            assert!(results.contains(&MergeOutcome::Already), "{results:?}");
            let chat_now = one.chat_of(&leo).await.unwrap();
            assert_eq!(one.chat_of(&ana).await.unwrap(), chat_now);
            // The person whose chat it is stays; the other one leaves.
            let (stays, leaves) = if chat_now == ana.as_str() { (&ana, &leo) } else { (&leo, &ana) };
            let key = format!("d{n}");
            let writes = insert(&other, &lid, &key);
            let (first, second, later) = tokio::join!(
                one.split_by_hand(stays, leaves), other.split_by_hand(stays, leaves), writes
            );
            let results = [first.unwrap(), second.unwrap()];
            assert!(results.contains(&SplitOutcome::NotTheirs), "{results:?}");
            assert_ne!(one.chat_of(&leo).await.unwrap(), one.chat_of(&ana).await.unwrap());
            for id in [by_lid, later] {
                assert_eq!(chat(&one, id).await, leo.as_str());
            }
            let key = format!("e{n}");
            let writes = insert(&other, &lid, &key);
            let (joined, deleted, _) = tokio::join!(
                one.merge_by_hand(&ana, &leo), other.forget(&leo, None), writes
            );
            joined.unwrap();
            deleted.unwrap();
            for statement in [stray, empty] {
                let count: i64 = sqlx::query_scalar(statement).fetch_one(one.reader()).await.unwrap();
                assert_eq!(count, 0, "{statement}");
            }
        }
        one.close().await;
        other.close().await;
    }

    async fn existing_addresses_are_merged_once(database: Database) {
        let store = open(&database).await;
        let (old, new) = ("551187654321@c.us", "5511987654321@c.us");
        for (chat, direction, origin) in [
            (NUMBER, "out", "single"), (WITHOUT_9, "out", "single"), (LID, "in", "chat"),
            (old, "in", "chat"), (new, "out", "single"), ("12125550100@c.us", "out", "single"),
        ] {
            sqlx::query(
                "INSERT INTO messages (direction, origin, chat, kind, body, state, due_at, created_at, updated_at)
                 VALUES ($1, $2, $3, 'text', 'x', 'sent', 0, 0, 0)",
            )
            .bind(direction)
            .bind(origin)
            .bind(chat)
            .execute(store.writer())
            .await
            .unwrap();
        }
        for chat in [LID, WITHOUT_9, "5215512345678@c.us", "525512345678@c.us"] {
            sqlx::query("INSERT INTO opt_outs (chat, source, created_at) VALUES ($1, 'message', 0)")
                .bind(chat)
                .execute(store.writer())
                .await
                .unwrap();
        }
        // The state that the migration leaves behind.
        for statement in [
            "INSERT INTO people (id, chat, created_at, updated_at) VALUES (7, '5491158254201@c.us', 0, 0), (8, '551187654321@c.us', 0, 0)",
            "INSERT INTO person_addresses (address, person_id, source, created_at)
             VALUES ('5491158254201@c.us', 7, 'migration', 0), ('247033104567642@lid', 7, 'migration', 0),
                 ('551187654321@c.us', 8, 'migration', 0), ('99887766554433@lid', 8, 'migration', 0)",
            "DELETE FROM settings WHERE name = 'people.joined'",
        ] {
            sqlx::query(statement).execute(store.writer()).await.unwrap();
        }
        store.merge_existing_addresses().await.unwrap();
        store.merge_existing_addresses().await.unwrap();
        let chats: Vec<String> = sqlx::query_scalar("SELECT chat FROM messages ORDER BY id")
            .fetch_all(store.reader())
            .await
            .unwrap();
        assert_eq!(chats, [NUMBER, NUMBER, NUMBER, old, old, "12125550100@c.us"]);
        let opted_out: Vec<String> = sqlx::query_scalar("SELECT chat FROM opt_outs ORDER BY id")
            .fetch_all(store.reader())
            .await
            .unwrap();
        assert_eq!(opted_out, [NUMBER, "525512345678@c.us"]);
        for id in [new, "99887766554433@lid"] {
            assert_eq!(store.chat_of(&person(id)).await.unwrap(), old, "{id}");
        }
        store.close().await;
    }
}
