//! Stores the rows of `conversations`: one for each chat and business, created
//! together with the first message or contact card.

use std::collections::BTreeSet;

use serde_json::json;
use session_api::line_key;

use super::contact_cards::move_cards_in;
use super::error::StoreError;
use super::{Store, Tx};

/// A chat and the business that has messages in it.
pub(super) type ChatAndBusiness<'a> = (&'a str, Option<i64>);

/// Returns the digits by which a search finds a chat: the number as WhatsApp
/// spells it and, if different, the canonical spelling.
pub(super) fn digits_of_chat(chat: &str) -> String {
    let number = chat.split('@').next().unwrap_or(chat);
    let line = line_key(number);
    match line == number {
        true => number.to_owned(),
        false => format!("{number} {line}"),
    }
}

impl Store {
    /// Records conversations that have messages, without waiting for other
    /// transactions. Two concurrent transactions may store the same row twice.
    pub(super) async fn note_conversations_in(
        &self,
        tx: &mut Tx,
        all: &BTreeSet<ChatAndBusiness<'_>>,
    ) -> Result<(), StoreError> {
        if all.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = all
            .iter()
            .map(|(chat, cliente_id)| json!([chat, cliente_id, digits_of_chat(chat)]))
            .collect();
        sqlx::query(self.engine().pick(
            "INSERT INTO conversations (chat, cliente_id, digits)
             SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1)
             WHERE NOT EXISTS (SELECT 1 FROM conversations c WHERE c.chat = value ->> 0
                 AND c.cliente_id IS value ->> 1)",
            "INSERT INTO conversations (chat, cliente_id, digits)
             SELECT value ->> 0, CAST(value ->> 1 AS BIGINT), value ->> 2
             FROM json_array_elements(CAST($1 AS JSON))
             WHERE NOT EXISTS (SELECT 1 FROM conversations c WHERE c.chat = value ->> 0
                 AND c.cliente_id IS NOT DISTINCT FROM CAST(value ->> 1 AS BIGINT))",
        ))
        .bind(json!(rows).to_string())
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Moves the conversations and contact cards of one chat to another. With
    /// `of`, only those of that business are moved.
    pub(super) async fn move_conversations_in(
        &self,
        tx: &mut Tx,
        from: &str,
        to: &str,
        of: Option<i64>,
    ) -> Result<(), StoreError> {
        let of_one = match of {
            None => "",
            Some(_) => " AND cliente_id = $2",
        };
        let statement =
            format!("DELETE FROM conversations WHERE chat = $1{of_one} RETURNING cliente_id");
        let mut query = sqlx::query_scalar::<_, Option<i64>>(sqlx::AssertSqlSafe(statement));
        query = query.bind(from);
        if let Some(of) = of {
            query = query.bind(of);
        }
        let deleted = query.fetch_all(&mut **tx).await?;
        let moved = deleted.into_iter().map(|cliente_id| (to, cliente_id));
        self.note_conversations_in(tx, &moved.collect()).await?;
        move_cards_in(tx, from, to, of).await
    }
}

#[cfg(test)]
mod tests {
    use scratch_database::{Database, on_both_engines};

    use super::super::tests::{draft, open};
    use super::super::{Composed, InboundMessage, Inserted, NewMessage, Store, Tx};
    use super::digits_of_chat;

    #[test]
    fn digits_have_each_spelling_of_a_number() {
        for (chat, digits) in [
            ("5491158254201@c.us", "5491158254201"),
            ("541158254201@c.us", "541158254201 5491158254201"),
            ("551187654321@c.us", "551187654321 5511987654321"),
            ("247033104567642@lid", "247033104567642"),
        ] {
            assert_eq!(digits_of_chat(chat), digits);
        }
    }

    async fn write(store: &Store, tx: &mut Tx, number: u32, key: &str) {
        let draft = draft(number, key);
        let message = store.insert_in(tx, draft.as_new()).await.unwrap();
        assert!(matches!(message, Inserted::New(_)));
    }

    /// Returns how many conversations a search for a number finds.
    async fn found(store: &Store, number: u32) -> usize {
        let words = format!("{number:08}");
        let page = store.conversations(None, Some(&words), None, 50).await;
        page.unwrap().messages.len()
    }

    /// Each transaction has a row that the other one writes next. With a unique
    /// index over chats, PostgreSQL would abort one of them because of a
    /// deadlock.
    #[tokio::test(flavor = "multi_thread")]
    async fn concurrent_first_messages_in_opposite_orders_do_not_deadlock() {
        let database = Database::postgres();
        let (one, other) = (open(&database).await, open(&database).await);
        for n in 0..10 {
            let (ana, leo) = (1000 + n, 2000 + n);
            let (mut there, mut back) = (one.begin().await.unwrap(), other.begin().await.unwrap());
            write(&one, &mut there, ana, &format!("a{n}")).await;
            write(&other, &mut back, leo, &format!("b{n}")).await;
            tokio::join!(
                async {
                    write(&one, &mut there, leo, &format!("c{n}")).await;
                    there.commit().await.unwrap();
                },
                async {
                    write(&other, &mut back, ana, &format!("d{n}")).await;
                    back.commit().await.unwrap();
                },
            );
            for number in [ana, leo] {
                assert_eq!(found(&one, number).await, 1, "{number}");
            }
        }
        one.close().await;
        other.close().await;
    }

    fn heard(chat: &str, lid: &str, key: usize) -> InboundMessage {
        InboundMessage {
            wa_id: format!("false_{chat}_{key}"),
            chat: chat.to_owned(),
            phone: None,
            lid: Some(lid.to_owned()),
            from_me: false,
            kind: "chat".to_owned(),
            body: "hola".to_owned(),
            pushname: Some(format!("Ana {key}")),
            at: session_api::Timestamp::now(),
            cliente_id: None,
            content: Box::default(),
        }
    }

    /// Two hubs name, write to and merge the same contacts concurrently, in opposite orders.
    #[tokio::test(flavor = "multi_thread")]
    async fn concurrent_hubs_merge_contacts_without_losing_messages() {
        const PEOPLE: usize = 12;
        let database = Database::postgres();
        let stores = [open(&database).await, open(&database).await];
        let people: Vec<_> = (0..PEOPLE)
            .map(|n| {
                (
                    format!("54911{:08}@c.us", 7000 + n),
                    format!("9000000000{n:05}@lid"),
                )
            })
            .collect();
        let mut tasks = tokio::task::JoinSet::new();
        for (hub, store) in stores.iter().enumerate() {
            for round in 0..3 {
                let mut people: Vec<_> = people.iter().cloned().enumerate().collect();
                if (hub + round) % 2 == 1 {
                    people.reverse();
                }
                let (ours, chats) = (store.clone(), people.clone());
                tasks.spawn(async move {
                    for (n, (chat, lid)) in chats {
                        let heard = heard(&chat, &lid, n * 100 + hub * 10 + round);
                        ours.learn_from(&heard).await.unwrap();
                        ours.record_inbound(&heard).await.unwrap();
                    }
                });
                let ours = store.clone();
                tasks.spawn(async move {
                    let drafts: Vec<_> = people
                        .iter()
                        .map(|(n, _)| {
                            let n32 = u32::try_from(*n).unwrap();
                            draft(7000 + n32, &format!("{hub}-{round}-{n}"))
                        })
                        .collect();
                    let all: Vec<_> = drafts.iter().map(|it| it.as_new()).collect();
                    ours.insert(&all).await.unwrap();
                });
            }
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let [store, _] = &stores;
        for n in 0..PEOPLE {
            let number = u32::try_from(7000 + n).unwrap();
            assert_eq!(found(store, number).await, 1, "{number}");
        }
        let messages: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM messages")
            .fetch_one(store.reader())
            .await
            .unwrap();
        assert_eq!(messages, i64::try_from(PEOPLE * 12).unwrap());
        for store in &stores {
            store.close().await;
        }
    }

    on_both_engines! {
        async fn conversation_is_found_by_its_number_after_a_merge(database: Database) {
            let store = open(&database).await;
            let lid = "247033104567642@lid";
            let mut tx = store.begin().await.unwrap();
            write(&store, &mut tx, 58254201, "a").await;
            let to_lid = Composed::text(Some(52), lid, "hola").unwrap();
            let other = draft(1, "b");
            let new = NewMessage { message: &to_lid, ..other.as_new() };
            store.insert_in(&mut tx, new).await.unwrap();
            tx.commit().await.unwrap();
            let of = async |words: &str, cliente: Option<u64>| {
                store.conversations(cliente, Some(words), None, 50).await.unwrap().messages.len()
            };
            assert_eq!((of("2470331", None).await, of("58254201", None).await), (1, 1));
            store.learn_from(&heard("541158254201@c.us", lid, 1)).await.unwrap();
            assert_eq!(of("2470331", None).await, 0, "it is found by its number now");
            assert_eq!(of("58254201", None).await, 1);
            // The contact is found by each spelling of the number, not only by WhatsApp's.
            for words in ["5491158254201", "541158254201", "+54 9 11 5825-4201"] {
                assert_eq!(of(words, None).await, 1, "{words}");
                assert_eq!((of(words, Some(51)).await, of(words, Some(52)).await), (1, 1), "{words}");
                assert_eq!(of(words, Some(53)).await, 0, "{words}");
            }
            store.close().await;
        }
    }
}
