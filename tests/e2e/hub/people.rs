//! One person under two spellings of a number, or a number and a LID.

use harness::standin::{LeadMessage, SendBehavior, Settings};
use harness::{Hub, Manager, ManagerOptions, linked, poll};
use serde_json::{Value, json};

/// The account's own spelling, and the other one.
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

async fn send_itself(manager: &Manager, key: &str, to: &str, text: &str) -> (u16, Value) {
    let request = manager.client().post(manager.url("/send"));
    let request = request.header("idempotency-key", key);
    harness::answer(request.json(&json!({"to": to, "message": text}))).await
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
        let (standin, mut manager) = linked(settings, options()).await;
        let phone = standin.phone();
        let hub = Hub::start(&manager, options()).await;
        for [account, other] in PAIRS {
            phone.set_on_whatsapp(account, true).unwrap();
            for (to, text) in [(other, "uno"), (account, "dos"), (other, "tres")] {
                let (status, body) = send(&hub, to, &format!("{text} {account}")).await;
                assert_eq!(status, 200, "{to}: {body}");
                // WhatsApp names the chat that it went to.
                let chat = body["chat"].as_str().unwrap();
                if lid_migrated {
                    assert!(chat.ends_with("@lid"), "{chat}");
                } else {
                    assert_eq!(chat, format!("{account}@c.us"), "{to}");
                }
            }
            // All of them arrived at the account, in order.
            let arrived: Vec<_> = phone
                .messages()
                .into_iter()
                .filter(|message| message.body.ends_with(account))
                .map(|message| (message.to, message.body))
                .collect();
            let wanted = ["uno", "dos", "tres"];
            let wanted = wanted.map(|text| (account.to_owned(), format!("{text} {account}")));
            assert_eq!(arrived, wanted);
            for number in [account, other] {
                let path = format!("/api/listener/history/{number}");
                let (_, history) = hub.get(&path).await;
                let count = history["mensajes"].as_array().unwrap().len();
                assert_eq!(count, 3, "{number}: {history}");
            }
        }
        let (_, all) = hub.get("/api/listener/conversations").await;
        let count = all["conversaciones"].as_array().unwrap().len();
        assert_eq!(count, PAIRS.len(), "{all}");
        for [account, other] in PAIRS {
            let baja = LeadMessage::text(account, "BAJA");
            phone.lead_message(&baja).unwrap();
            poll::until(format!("the opt-out of {account}"), async || {
                let path = format!("/api/sender/bajas/{account}");
                (hub.get(&path).await.0 == 200).then_some(())
            })
            .await;
            for to in [account, other] {
                let (status, body) = send(&hub, to, "cuatro").await;
                assert_eq!(
                    (status, &body["code"]),
                    (403, &json!("OPTED_OUT")),
                    "{to}: {body}"
                );
            }
        }
        drop(hub);
        manager.stop().await;
    }
}

/// session-manager by itself: what became of the first is not known, so no
/// other may overtake it, whichever spelling or LID is requested.
#[tokio::test]
async fn order_of_sending_goes_by_person() {
    let deadline = ManagerOptions::default().with("SEND_DEADLINE_MS", 1_500);
    let (standin, mut manager) = linked(Settings::default(), deadline).await;
    let phone = standin.phone();
    let [account, other] = PAIRS[0];
    phone.set_on_whatsapp(account, true).unwrap();
    // The page learns the LID.
    let mut by_lid = LeadMessage::text(account, "hola");
    by_lid.lid = true;
    by_lid.phone_known = true;
    let key = phone.lead_message(&by_lid).unwrap();
    let lid = key.split('_').nth(1).unwrap().to_owned();
    assert!(lid.ends_with("@lid"), "{lid}");
    // The page has it once it can send to the LID.
    let (status, body) = send_itself(&manager, "k0", &lid, "cero").await;
    assert_eq!(status, 200, "{body}");
    phone.rule(Some(account), SendBehavior::Unknown, None);
    let (status, body) = send_itself(&manager, "k1", other, "uno").await;
    assert_eq!((status, &body["code"]), (504, &json!("SEND_UNCONFIRMED")));
    for (key, to) in [("k2", account), ("k3", other), ("k4", lid.as_str())] {
        let (status, body) = send_itself(&manager, key, to, "dos").await;
        assert_eq!(
            (status, &body["code"]),
            (503, &json!("EARLIER_UNCONFIRMED")),
            "{to}: {body}"
        );
    }
    phone.rule(Some(account), SendBehavior::Ok, None);
    poll::until("the first to be settled", async || {
        let (status, _) = send_itself(&manager, "k2", account, "dos").await;
        (status == 200).then_some(())
    })
    .await;
    let texts: Vec<_> = phone.messages().into_iter().map(|it| it.body).collect();
    assert_eq!(texts, ["cero", "uno", "dos"]);
    manager.stop().await;
}
