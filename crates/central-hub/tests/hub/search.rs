//! Tests of searching messages and conversations by words, over the whole
//! history, on both database engines.

use central_hub::store::{Filter, MessageState};
use scratch_database::{Database, on_both_engines};
use serde_json::{Value, json};
use session_api::Timestamp;

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, until};

const MESSAGES: &str = "/api/sender/messages?direccion=todas&";
const CONVERSATIONS: &str = "/api/listener/conversations?";

async fn start(database: &Database) -> (Hub, FakeSessionManager) {
    let peer = FakeSessionManager::with_event_log().await;
    // Nothing is sent, so all messages wait.
    peer.is_in("QR_REQUIRED");
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

async fn ask(hub: &Hub, path: &str, words: &str) -> (u16, Value) {
    let url = reqwest::Url::parse_with_params(&hub.url(path), [("buscar", words)]).unwrap();
    let answer = hub.http.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Returns the texts that are found, newest first. For conversations, these are
/// the texts of the messages shown.
async fn found(hub: &Hub, path: &str, words: &str) -> Vec<String> {
    let (status, body) = ask(hub, path, words).await;
    assert_eq!(status, 200, "{words} {body}");
    let (list, text): (_, fn(&Value) -> &Value) = match body.get("mensajes") {
        Some(list) => (list, |it| &it["mensaje"]),
        None => (&body["conversaciones"], |it| &it["ultimo"]["mensaje"]),
    };
    let texts = list.as_array().unwrap().iter().map(text);
    texts.map(|it| it.as_str().unwrap().to_owned()).collect()
}

const CASA: &str = "La casa queda en el céntro";

on_both_engines! {
    async fn words_match_in_any_order(database: Database) {
        let (hub, _peer) = start(&database).await;
        let call = "Llamame: 11 7777-0001";
        write(&hub, 51, &[("5491177770001", CASA), ("5491177770002", "Una CASA"), ("5491177770003", call)]).await;
        write(&hub, 52, &[("5491177770004", "El Centro de la casa, de otro")]).await;
        let of_51 = format!("{MESSAGES}cliente_id=51");
        for words in ["casa centro", "centro casa", "CÉNTRO casa", "queda, cen", "la casa queda en el centro"] {
            assert_eq!(found(&hub, &of_51, words).await, [CASA], "{words}");
            assert_eq!(found(&hub, &format!("{CONVERSATIONS}cliente_id=51"), words).await, [CASA], "{words}");
        }
        assert_eq!(found(&hub, MESSAGES, "centro casa").await.len(), 2);
        assert_eq!(found(&hub, MESSAGES, "cas").await.len(), 3, "as one types");
        assert_eq!(found(&hub, &format!("{MESSAGES}estado=pendiente"), "centro casa").await.len(), 2);
        assert_eq!(found(&hub, &format!("{MESSAGES}destinatario=5491177770001"), "centro casa").await, [CASA]);
        for none in ["cas centro", "casa playa", "asa"] {
            assert!(found(&hub, MESSAGES, none).await.is_empty(), "{none}");
            assert!(found(&hub, CONVERSATIONS, none).await.is_empty(), "{none}");
        }
        for text in ["11 7777", "7777-0001"] {
            assert_eq!(found(&hub, MESSAGES, text).await, [call], "{text}");
        }
        // A conversation is also found by its number.
        assert_eq!(found(&hub, CONVERSATIONS, "11 7777").await.len(), 4);
        assert_eq!(found(&hub, CONVERSATIONS, "7777-0001").await, [call, CASA]);
        assert_eq!(found(&hub, CONVERSATIONS, "+54 9 11 7777-0002").await, ["Una CASA"]);
        hub.stop().await;
    }

    async fn inbound_messages_are_found_by_words_and_sender(database: Database) {
        let (hub, peer) = start(&database).await;
        let chat = "5491158254201@c.us";
        peer.publish_message(&format!("false_{chat}_3A01"), chat, "Quiero visitar el dúplex, con crédito");
        until("it is written down", async || !found(&hub, MESSAGES, "credito visitar").await.is_empty()).await;
        let mut tx = hub.store.begin().await.unwrap();
        hub.store.contact_in(&mut tx, chat, Some("Ana María Gómez"), None).await.unwrap();
        tx.commit().await.unwrap();
        for words in ["gomez ana", "maria gom", "duplex quiero"] {
            assert_eq!(found(&hub, CONVERSATIONS, words).await.len(), 1, "{words}");
        }
        assert!(found(&hub, CONVERSATIONS, "gom maria").await.is_empty());
        assert!(found(&hub, "/api/sender/messages?direccion=saliente", "duplex").await.is_empty());
        hub.stop().await;
    }

    async fn special_characters_do_not_break_a_search(database: Database) {
        let (hub, _peer) = start(&database).await;
        assert!(found(&hub, MESSAGES, "casa").await.is_empty(), "there is nothing yet");
        write(&hub, 51, &[("5491177770001", CASA)]).await;
        let hostile = [
            "\"", "'", "\"casa", "casa\"", "*", "casa*", "^casa", "casa AND", "OR", "NOT casa", "NEAR(casa centro)",
            "body:casa", "{casa}", "-casa", "(((", "casa;--", "\0", "ca\0sa", "%", "_", "\\", ":*", "!casa", "casa & ", "<->",
            "!!! ??? ...", "\u{202e}", "\u{301}", "😀", "']}); DROP TABLE messages; --",
        ];
        for words in hostile {
            for path in [MESSAGES, CONVERSATIONS, "/api/listener/messages?"] {
                let (status, body) = ask(&hub, path, words).await;
                assert_eq!(status, 200, "{words:?} {body}");
            }
        }
        for nothing in ["!!! ??? ...", "\"", "%", "😀"] {
            assert!(found(&hub, MESSAGES, nothing).await.is_empty(), "{nothing:?}");
            assert!(found(&hub, CONVERSATIONS, nothing).await.is_empty(), "{nothing:?}");
        }
        for antes in [i64::MIN, -1, 0, 1, i64::MAX] {
            let (status, body) = ask(&hub, &format!("{MESSAGES}antes={antes}&"), "casa").await;
            assert_eq!(status, 200, "{antes} {body}");
            assert_eq!(ask(&hub, &format!("{CONVERSATIONS}antes={antes}&"), "casa").await.0, 200, "{antes}");
        }
        for path in [MESSAGES, CONVERSATIONS, "/api/listener/messages?", "/api/sender/messages.csv?"] {
            assert_eq!(ask(&hub, path, &"casa ".repeat(100)).await.0, 400, "{path}");
            assert_eq!(ask(&hub, path, &"casa ".repeat(2_000)).await.0, 414, "{path}");
        }
        let many: String = (0..100).map(|n| char::from(b'a' + n % 26)).flat_map(|c| [c, ' ']).collect();
        assert!(found(&hub, MESSAGES, &many).await.is_empty());
        assert_eq!(found(&hub, MESSAGES, "casa").await, [CASA], "all is where it was");
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
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(hub.store.writer()).await.unwrap();
        // A message that was written early but received late, and a new one.
        let late = "INSERT INTO messages (direction, origin, cliente_id, chat, kind, body, state, due_at, written_at, created_at, updated_at)
             SELECT 'in', 'chat', 51, '5491177770001@c.us', 'text', 'El hilo ' || at, 'received', 0, at, 10000000, 10000000
             FROM (SELECT 1 AS at UNION ALL SELECT 10000000) AS two";
        sqlx::query(late).execute(hub.store.writer()).await.unwrap();
        hub.store.rebuild_index().await.unwrap();
        // The first search finds the oldest message, beyond the number that a search used to read.
        let page = hub.store.search_messages(&Filter::default(), Some("roja agu"), 50).await.unwrap();
        assert_eq!((page.messages.len(), page.next), (3, None));
        let page = hub.store.conversations(Some(51), Some("aguja"), None, 50).await.unwrap();
        assert_eq!((page.messages.len(), page.next), (3, None));
        assert!(hub.store.search_messages(&Filter { cliente_id: Some(52), ..Filter::default() }, Some("aguja"), 5)
            .await.unwrap().messages.is_empty());
        // A search for a frequent word finds every message once, whatever the page size.
        let (mut seen, mut filter) = (0, Filter { state: Some(MessageState::Sent), ..Filter::default() });
        let mut last = i64::MAX;
        loop {
            let page = hub.store.search_messages(&filter, Some("rojo"), 500).await.unwrap();
            for message in &page.messages {
                assert!(message.id < last);
                last = message.id;
                seen += 1;
            }
            let Some(next) = page.next else { break };
            filter.before = Some(next);
        }
        assert_eq!(seen, 24_997);
        let early = Filter { until: Timestamp::from_millis(2), ..Filter::default() };
        let page = hub.store.search_messages(&early, Some("aguja"), 50).await.unwrap();
        assert_eq!(page.messages.len(), 1);
        let page = hub.store.search_messages(&early, Some("hilo"), 50).await.unwrap();
        let found: Vec<_> = page.messages.iter().map(|it| it.body.as_str()).collect();
        assert_eq!(found, ["El hilo 1"]);
        hub.stop().await;
    }
}
