//! Tests that one person has one chat, whether under two spellings of a number or under a number
//! and a LID.

use harness::standin::{LeadMessage, SendBehavior, Settings};
use harness::{Hub, Manager, ManagerOptions, poll, start_linked};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

/// For each person, the account's own spelling of the number, and the other one.
const PAIRS: [[&str; 2]; 6] = [
    ["5491158254201", "541158254201"],
    ["541158254202", "5491158254202"],
    ["551187654321", "5511987654321"],
    ["5511987654322", "551187654322"],
    ["5215512345678", "525512345678"],
    ["525512345679", "5215512345679"],
];

async fn send(hub: &Hub, to: &str, text: &str) -> (u16, Value) {
    hub.post("/api/send", &json!({"to": to, "message": text}))
        .await
}

async fn send_to_manager(manager: &Manager, key: &str, to: &str, text: &str) -> (u16, Value) {
    let request = manager.client().post(manager.url("/send"));
    let request = request.header("idempotency-key", key);
    harness::send_request(request.json(&json!({"to": to, "message": text}))).await
}

fn options() -> ManagerOptions {
    ManagerOptions::default().with("DRY_RUN", "false")
}

#[tokio::test(flavor = "multi_thread")]
async fn spellings_of_a_number_are_one_conversation_and_one_opt_out() {
    for lid_migrated in [false, true] {
        let settings = Settings {
            lid_migrated,
            ..Settings::default()
        };
        let (standin, mut manager) = start_linked(settings, options()).await;
        let phone = standin.phone();
        let hub = Hub::start(&manager, options()).await;
        for [account, other] in PAIRS {
            phone.set_on_whatsapp(account, true).unwrap();
            for (recipient, text) in [(other, "uno"), (account, "dos"), (other, "tres")] {
                let (status, body) = send(&hub, recipient, &format!("{text} {account}")).await;
                assert_eq!(status, 200, "{recipient}: {body}");
                // WhatsApp names the chat that the message went to.
                let chat = body["chat"].as_str().unwrap();
                if lid_migrated {
                    assert!(chat.ends_with("@lid"), "{chat}");
                } else {
                    assert_eq!(chat, format!("{account}@c.us"), "{recipient}");
                }
            }
            // All messages arrived at the account, in order.
            let arrived: Vec<_> = phone
                .messages()
                .into_iter()
                .filter(|message| message.body.ends_with(account))
                .map(|message| (message.to, message.body))
                .collect();
            let expected = ["uno", "dos", "tres"];
            let expected = expected.map(|text| (account.to_owned(), format!("{text} {account}")));
            assert_eq!(arrived, expected);
            for number in [account, other] {
                let path = format!("/api/listener/history/{number}");
                let (_, history) = hub.get(&path).await;
                let count = history["mensajes"].as_array().unwrap().len();
                assert_eq!(count, 3, "{number}: {history}");
            }
        }
        let (_, conversations) = hub.get("/api/listener/conversations").await;
        let count = conversations["conversaciones"].as_array().unwrap().len();
        assert_eq!(count, PAIRS.len(), "{conversations}");
        for [account, other] in PAIRS {
            let baja = LeadMessage::text(account, "BAJA");
            phone.lead_message(&baja).unwrap();
            poll::until(format!("the opt-out of {account}"), async || {
                let path = format!("/api/sender/bajas/{account}");
                (hub.get(&path).await.0 == 200).then_some(())
            })
            .await;
            for recipient in [account, other] {
                let (status, body) = send(&hub, recipient, "cuatro").await;
                assert_eq!(
                    (status, &body["code"]),
                    (403, &json!("OPTED_OUT")),
                    "{recipient}: {body}"
                );
            }
        }
        drop(hub);
        manager.stop().await;
    }
}

/// Checks session-manager alone. The outcome of the first message is unknown, so no other message
/// may overtake it, whichever spelling or LID a caller uses.
#[tokio::test]
async fn messages_to_one_person_keep_their_order_under_any_address() {
    let deadline = ManagerOptions::default().with("SEND_DEADLINE_MS", 1_500);
    let (standin, mut manager) = start_linked(Settings::default(), deadline).await;
    let phone = standin.phone();
    let [account, other] = PAIRS[0];
    phone.set_on_whatsapp(account, true).unwrap();
    // The page learns the LID from this message.
    let mut by_lid = LeadMessage::text(account, "hola");
    by_lid.lid = true;
    by_lid.phone_known = true;
    let key = phone.lead_message(&by_lid).unwrap();
    let lid = key.split('_').nth(1).unwrap().to_owned();
    assert!(lid.ends_with("@lid"), "{lid}");
    // The page knows the LID once it can send to it.
    let (status, body) = send_to_manager(&manager, "k0", &lid, "cero").await;
    assert_eq!(status, 200, "{body}");
    phone.rule(Some(account), SendBehavior::Unknown, None);
    let (status, body) = send_to_manager(&manager, "k1", other, "uno").await;
    assert_eq!((status, &body["code"]), (504, &json!("SEND_UNCONFIRMED")));
    for (key, recipient) in [("k2", account), ("k3", other), ("k4", lid.as_str())] {
        let (status, body) = send_to_manager(&manager, key, recipient, "dos").await;
        assert_eq!(
            (status, &body["code"]),
            (503, &json!("EARLIER_UNCONFIRMED")),
            "{recipient}: {body}"
        );
    }
    phone.rule(Some(account), SendBehavior::Ok, None);
    poll::until("the first message to be settled", async || {
        let (status, _) = send_to_manager(&manager, "k2", account, "dos").await;
        (status == 200).then_some(())
    })
    .await;
    let texts: Vec<_> = phone
        .messages()
        .into_iter()
        .map(|message| message.body)
        .collect();
    assert_eq!(texts, ["cero", "uno", "dos"]);
    manager.stop().await;
}

/// Checks that deleting a contact reaches session-manager's ledger: no text, name or number is left
/// there, nothing is published again, and no key is sent twice.
#[tokio::test(flavor = "multi_thread")]
async fn deleted_contact_is_forgotten_by_both_services() {
    let (standin, mut manager) = start_linked(Settings::default(), options()).await;
    let phone = standin.phone();
    let hub = Hub::start(&manager, options()).await;
    let [account, other] = PAIRS[0];
    phone.set_on_whatsapp(account, true).unwrap();
    let mut lid_message = LeadMessage::text(account, "un secreto");
    lid_message.lid = true;
    lid_message.phone_known = true;
    let id = phone.lead_message(&lid_message).unwrap();
    let lid = id.split('_').nth(1).unwrap().to_owned();
    let stored_count = async |number: &str| {
        let (_, history) = hub.get(&format!("/api/listener/history/{number}")).await;
        history["mensajes"].as_array().map_or(0, Vec::len)
    };
    poll::until("the message in the history", async || {
        (stored_count(account).await == 1).then_some(())
    })
    .await;
    let (status, message) = send_to_manager(&manager, "k0", other, "otro secreto").await;
    assert_eq!(status, 200, "{message}");
    // Messages with other people's numbers stay.
    phone.set_on_whatsapp("5491158254203", true).unwrap();
    assert_eq!(send(&hub, "5491158254203", "a otra persona").await.0, 200);
    let ledger = manager.folder.join("data/ledger.db");
    let ledger_contains = async |text: &str| ledger_contains_text(&ledger, text).await;
    let digits = lid.trim_end_matches("@lid");
    for text in ["58254201", digits] {
        assert!(ledger_contains(text).await, "{text}");
    }
    let path = hub.url(&format!("/api/contacts/{account}"));
    let (status, deletion) = harness::send_request(hub.client().delete(path)).await;
    assert_eq!(
        (status, &deletion["sesion_pendiente"]),
        (200, &json!(false)),
        "{deletion}"
    );
    for text in ["58254201", digits, "secreto"] {
        assert!(!ledger_contains(text).await, "{text}");
    }
    assert!(ledger_contains("58254203").await);
    // A repeated key still means the same message.
    let (status, repeated) = send_to_manager(&manager, "k0", other, "otro secreto").await;
    assert_eq!(status, 200, "{repeated}");
    let arrived = phone.messages().into_iter();
    let arrived = arrived
        .filter(|message| message.body == "otro secreto")
        .count();
    assert_eq!(arrived, 1);
    // After a restart the page is searched anew, but what was deleted does not come back.
    manager.service.kill().await;
    let port = manager.service.url.rsplit(':').next().unwrap().to_owned();
    manager.set("PORT", port);
    manager.restart().await;
    manager.wait_for_state("READY").await;
    phone
        .lead_message(&LeadMessage::text(account, "hola de nuevo"))
        .unwrap();
    poll::until("the next message", async || {
        (stored_count(account).await > 0).then_some(())
    })
    .await;
    assert_eq!(stored_count(account).await, 1);
    assert!(!ledger_contains("secreto").await);
    drop(hub);
    manager.stop().await;
}

/// Returns whether a row of any table contains this text.
pub(super) async fn ledger_contains_text(ledger: &std::path::Path, text: &str) -> bool {
    let options = SqliteConnectOptions::new().filename(ledger).read_only(true);
    let mut ledger = SqliteConnection::connect_with(&options)
        .await
        .expect("the ledger opens");
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let tables: Vec<String> = sqlx::query_scalar(tables)
        .fetch_all(&mut ledger)
        .await
        .expect("the ledger answers");
    let mut count = 0;
    for table in tables {
        let columns = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(columns))
            .fetch_all(&mut ledger)
            .await
            .expect("the ledger answers");
        let any: Vec<_> = columns
            .iter()
            .map(|column| format!("instr(CAST(\"{column}\" AS TEXT), ?1) > 0"))
            .collect();
        let query = format!(
            "SELECT COUNT(*) FROM \"{table}\" WHERE {}",
            any.join(" OR ")
        );
        count += sqlx::query_scalar::<_, i64>(AssertSqlSafe(query))
            .bind(text)
            .fetch_one(&mut ledger)
            .await
            .expect("the ledger answers");
    }
    ledger.close().await.expect("the ledger closes");
    count > 0
}
