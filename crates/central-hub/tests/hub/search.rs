//! Tests of searching messages and conversations by words, over the whole
//! history, on both database engines.

use central_hub::store::{Filter, MessageState};
use scratch_database::{Database, on_both_engines};
use serde_json::{Value, json};
use session_api::Timestamp;

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, wait_until};

const MESSAGES: &str = "/api/sender/messages?direccion=todas&";
const CONVERSATIONS: &str = "/api/listener/conversations?";

async fn start(database: &Database) -> (Hub, FakeSessionManager) {
    let peer = FakeSessionManager::with_event_log().await;
    // Nothing is sent, so all messages wait.
    peer.set_state("QR_REQUIRED");
    let hub = Hub::start_on(&database.url(), &peer.url, &[("DRY_RUN", "false")]).await;
    (hub, peer)
}

async fn write(hub: &Hub, cliente_id: u64, texts: &[(&str, &str)]) {
    let messages: Vec<_> = texts
        .iter()
        .map(|(to, text)| json!({"destinatario": to, "mensaje": text}))
        .collect();
    let body = json!({"cliente_id": cliente_id, "mensajes": messages});
    let request = hub.http.post(hub.url("/api/sender/messages/bulk"));
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 202);
}

async fn ask(hub: &Hub, path: &str, query: &str) -> (u16, Value) {
    let url = reqwest::Url::parse_with_params(&hub.url(path), [("buscar", query)]).unwrap();
    let answer = hub.http.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Returns the texts that are found, newest first. For conversations, these are
/// the texts of the messages shown.
async fn bodies(hub: &Hub, path: &str, query: &str) -> Vec<String> {
    let (status, body) = ask(hub, path, query).await;
    assert_eq!(status, 200, "{query} {body}");
    let (list, text): (_, fn(&Value) -> &Value) = match body.get("mensajes") {
        Some(list) => (list, |message| &message["mensaje"]),
        None => (&body["conversaciones"], |conversation| {
            &conversation["ultimo"]["mensaje"]
        }),
    };
    let texts = list.as_array().unwrap().iter().map(text);
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

const CASA: &str = "La casa queda en el céntro";

on_both_engines! {
    async fn words_match_in_any_order(database: Database) {
        let (hub, _peer) = start(&database).await;
        let call = "Llamame: 11 7777-0001";
        write(
            &hub,
            51,
            &[
                ("5491177770001", CASA),
                ("5491177770002", "Una CASA"),
                ("5491177770003", call),
            ],
        )
        .await;
        write(
            &hub,
            52,
            &[("5491177770004", "El Centro de la casa, de otro")],
        )
        .await;
        let of_51 = format!("{MESSAGES}cliente_id=51");
        for query in [
            "casa centro",
            "centro casa",
            "CÉNTRO casa",
            "queda, cen",
            "la casa queda en el centro",
        ] {
            assert_eq!(bodies(&hub, &of_51, query).await, [CASA], "{query}");
            assert_eq!(
                bodies(&hub, &format!("{CONVERSATIONS}cliente_id=51"), query).await,
                [CASA],
                "{query}"
            );
        }
        assert_eq!(bodies(&hub, MESSAGES, "centro casa").await.len(), 2);
        assert_eq!(bodies(&hub, MESSAGES, "cas").await.len(), 3, "a prefix must match");
        assert_eq!(
            bodies(&hub, &format!("{MESSAGES}estado=pendiente"), "centro casa")
                .await
                .len(),
            2
        );
        assert_eq!(
            bodies(
                &hub,
                &format!("{MESSAGES}destinatario=5491177770001"),
                "centro casa"
            )
            .await,
            [CASA]
        );
        for unmatched_query in ["cas centro", "casa playa", "asa"] {
            assert!(
                bodies(&hub, MESSAGES, unmatched_query).await.is_empty(),
                "{unmatched_query}"
            );
            assert!(
                bodies(&hub, CONVERSATIONS, unmatched_query)
                    .await
                    .is_empty(),
                "{unmatched_query}"
            );
        }
        for text in ["11 7777", "7777-0001"] {
            assert_eq!(bodies(&hub, MESSAGES, text).await, [call], "{text}");
        }
        // A conversation is also found by its number.
        assert_eq!(bodies(&hub, CONVERSATIONS, "11 7777").await.len(), 4);
        assert_eq!(bodies(&hub, CONVERSATIONS, "7777-0001").await, [call, CASA]);
        assert_eq!(
            bodies(&hub, CONVERSATIONS, "+54 9 11 7777-0002").await,
            ["Una CASA"]
        );
        hub.stop().await;
    }

    async fn inbound_messages_are_found_by_words_and_sender(database: Database) {
        let (hub, peer) = start(&database).await;
        let chat = "5491158254201@c.us";
        peer.publish_message(
            &format!("false_{chat}_3A01"),
            chat,
            "Quiero visitar el dúplex, con crédito",
        );
        wait_until("the message to be stored", async || {
            !bodies(&hub, MESSAGES, "credito visitar").await.is_empty()
        })
        .await;
        let mut tx = hub.store.begin().await.unwrap();
        hub.store
            .contact_in(&mut tx, chat, Some("Ana María Gómez"), None)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        for query in ["gomez ana", "maria gom", "duplex quiero"] {
            assert_eq!(bodies(&hub, CONVERSATIONS, query).await.len(), 1, "{query}");
        }
        assert!(bodies(&hub, CONVERSATIONS, "gom maria").await.is_empty());
        assert!(
            bodies(&hub, "/api/sender/messages?direccion=saliente", "duplex")
                .await
                .is_empty()
        );
        hub.stop().await;
    }

    async fn special_characters_do_not_break_a_search(database: Database) {
        let (hub, _peer) = start(&database).await;
        assert!(
            bodies(&hub, MESSAGES, "casa").await.is_empty(),
            "nothing is stored yet"
        );
        write(&hub, 51, &[("5491177770001", CASA)]).await;
        let hostile = [
            "\"",
            "'",
            "\"casa",
            "casa\"",
            "*",
            "casa*",
            "^casa",
            "casa AND",
            "OR",
            "NOT casa",
            "NEAR(casa centro)",
            "body:casa",
            "{casa}",
            "-casa",
            "(((",
            "casa;--",
            "\0",
            "ca\0sa",
            "%",
            "_",
            "\\",
            ":*",
            "!casa",
            "casa & ",
            "<->",
            "!!! ??? ...",
            "\u{202e}",
            "\u{301}",
            "😀",
            "']}); DROP TABLE messages; --",
        ];
        for query in hostile {
            for path in [MESSAGES, CONVERSATIONS, "/api/listener/messages?"] {
                let (status, body) = ask(&hub, path, query).await;
                assert_eq!(status, 200, "{query:?} {body}");
            }
        }
        for nothing in ["!!! ??? ...", "\"", "%", "😀"] {
            assert!(
                bodies(&hub, MESSAGES, nothing).await.is_empty(),
                "{nothing:?}"
            );
            assert!(
                bodies(&hub, CONVERSATIONS, nothing).await.is_empty(),
                "{nothing:?}"
            );
        }
        for antes in [i64::MIN, -1, 0, 1, i64::MAX] {
            let (status, body) = ask(&hub, &format!("{MESSAGES}antes={antes}&"), "casa").await;
            assert_eq!(status, 200, "{antes} {body}");
            assert_eq!(
                ask(&hub, &format!("{CONVERSATIONS}antes={antes}&"), "casa")
                    .await
                    .0,
                200,
                "{antes}"
            );
        }
        for path in [
            MESSAGES,
            CONVERSATIONS,
            "/api/listener/messages?",
            "/api/sender/messages.csv?",
        ] {
            assert_eq!(ask(&hub, path, &"casa ".repeat(100)).await.0, 400, "{path}");
            assert_eq!(
                ask(&hub, path, &"casa ".repeat(2_000)).await.0,
                414,
                "{path}"
            );
        }
        let long_query: String = (0..100)
            .map(|n| char::from(b'a' + n % 26))
            .flat_map(|c| [c, ' '])
            .collect();
        assert!(bodies(&hub, MESSAGES, &long_query).await.is_empty());
        assert_eq!(
            bodies(&hub, MESSAGES, "casa").await,
            [CASA],
            "the stored messages must be unchanged"
        );
        hub.stop().await;
    }

    async fn whole_history_is_searched_in_pages(database: Database) {
        let (hub, _peer) = start(&database).await;
        let series = hub.store.engine().pick(
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 25000)",
            "WITH s AS (SELECT generate_series(1, 25000) AS n)",
        );
        let statement = format!(
                "INSERT INTO messages (direction, origin, cliente_id, chat, kind, body, state, due_at, created_at, updated_at)
             {series} SELECT 'out', 'campaign', 51, 5491100000000 + n || '@c.us', 'text',
                 CASE WHEN n <= 3 THEN 'La aguja roja ' ELSE 'El pajar rojo ' END || n, 'sent', 0, n, n FROM s"
            );
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(hub.store.writer())
            .await
            .unwrap();
        // A message that was written early but received late, and a new one.
        let late_message = "INSERT INTO messages (direction, origin, cliente_id, chat, kind, body, state, due_at, written_at, created_at, updated_at)
             SELECT 'in', 'chat', 51, '5491177770001@c.us', 'text', 'El hilo ' || at, 'received', 0, at, 10000000, 10000000
             FROM (SELECT 1 AS at UNION ALL SELECT 10000000) AS two";
        sqlx::query(late_message)
            .execute(hub.store.writer())
            .await
            .unwrap();
        hub.store.rebuild_index().await.unwrap();
        // The first search finds the oldest message, beyond the number that a search used to read.
        let page = hub
            .store
            .search_messages(&Filter::default(), Some("roja agu"), 50)
            .await
            .unwrap();
        assert_eq!((page.messages.len(), page.next), (3, None));
        let page = hub
            .store
            .conversations(Some(51), Some("aguja"), None, 50)
            .await
            .unwrap();
        assert_eq!((page.messages.len(), page.next), (3, None));
        assert!(
            hub.store
                .search_messages(
                    &Filter {
                        cliente_id: Some(52),
                        ..Filter::default()
                    },
                    Some("aguja"),
                    5
                )
                .await
                .unwrap()
                .messages
                .is_empty()
        );
        // A search for a frequent word finds every message once, whatever the page size.
        let (mut seen_count, mut filter) = (
            0,
            Filter {
                state: Some(MessageState::Sent),
                ..Filter::default()
            },
        );
        let mut last_id = i64::MAX;
        loop {
            let page = hub
                .store
                .search_messages(&filter, Some("rojo"), 500)
                .await
                .unwrap();
            for message in &page.messages {
                assert!(message.id < last_id);
                last_id = message.id;
                seen_count += 1;
            }
            let Some(next) = page.next else { break };
            filter.before = Some(next);
        }
        assert_eq!(seen_count, 24_997);
        let early_filter = Filter {
            until: Timestamp::from_millis(2),
            ..Filter::default()
        };
        let page = hub
            .store
            .search_messages(&early_filter, Some("aguja"), 50)
            .await
            .unwrap();
        assert_eq!(page.messages.len(), 1);
        let page = hub
            .store
            .search_messages(&early_filter, Some("hilo"), 50)
            .await
            .unwrap();
        let bodies: Vec<_> = page
            .messages
            .iter()
            .map(|message| message.body.as_str())
            .collect();
        assert_eq!(bodies, ["El hilo 1"]);
        hub.stop().await;
    }
}
