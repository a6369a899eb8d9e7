//! Tests of which numbers have WhatsApp: some numbers, and those of a list, on
//! both database engines.

use std::time::{Duration, Instant};

use scratch_database::on_both_engines;
use serde_json::{Value, json};
use session_api::Recipient;

use crate::fake_session_manager::FakeSessionManager;
use crate::people::{campaign, upload};
use crate::support::{Hub, ask, get, wait_until};

const REAL: &[(&str, &str)] = &[("DRY_RUN", "false"), ("AUTO_CAMPAIGNS_ENABLED", "true")];
const LID: &str = "247033104567642@lid";

async fn start(url: &str, state: &str) -> (FakeSessionManager, Hub) {
    let peer = FakeSessionManager::start().await;
    peer.set_state(state);
    peer.accept_sends();
    peer.set_lookups(&[
        ("5491158254201@c.us", Some("541158254201@c.us")),
        ("5491158254202@c.us", None),
        ("5491158254203@c.us", Some("5491158254203@c.us")),
    ]);
    let hub = Hub::start_on(url, &peer.url, REAL).await;
    hub.events().await.next_link_state("up").await;
    (peer, hub)
}

async fn check(hub: &Hub, numbers: &[&str]) -> Value {
    let body = json!({"numeros": numbers});
    let (status, body) = ask(hub, "POST", "/api/contacts/check", Some(&body)).await;
    assert_eq!(status, 200, "{body}");
    body
}

fn results(body: &Value) -> Vec<&str> {
    let numbers = body["numeros"].as_array().unwrap().iter();
    numbers
        .map(|row| row["whatsapp"].as_str().unwrap())
        .collect()
}

on_both_engines! {
    async fn numbers_are_looked_up_one_by_one_and_once(database: Database) {
        let (peer, hub) = start(&database.url(), "READY").await;
        let numbers = [
            "11 5825-4201",
            "5491158254202",
            "cuatro",
            LID,
            "541158254201",
        ];
        let begun = Instant::now();
        let body = check(&hub, &numbers).await;
        assert_eq!(
            results(&body),
            ["pendiente", "pendiente", "invalido", "si", "pendiente"]
        );
        assert_eq!(body["pendientes"], 3, "{body}");
        assert_eq!(body["numeros"][2]["motivo"], "PHONE_CHARACTERS", "{body}");
        wait_until("both lookups", async || {
            check(&hub, &numbers).await["pendientes"] == 0
        })
        .await;
        // Lookups are one second apart.
        assert!(begun.elapsed() >= Duration::from_secs(1));
        let body = check(&hub, &numbers).await;
        assert_eq!(
            results(&body),
            ["si", "no", "invalido", "si", "si"],
            "{body}"
        );
        assert!(body["numeros"][0]["consultado"].is_string(), "{body}");
        // Both spellings are one number, and no number was looked up twice.
        let mut looked_up = peer.lookups();
        looked_up.sort();
        assert_eq!(looked_up, ["5491158254201@c.us", "5491158254202@c.us"]);
        // From now on, the person has WhatsApp's spelling.
        let person = Recipient::parse("5491158254201").unwrap();
        assert_eq!(
            hub.store.chat_of(&person).await.unwrap(),
            "541158254201@c.us"
        );
        for invalid_body in [
            json!({"numeros": []}),
            json!({"numeros": vec!["1"; 501]}),
            json!({}),
        ] {
            let (status, _) = ask(&hub, "POST", "/api/contacts/check", Some(&invalid_body)).await;
            assert_eq!(status, 400);
        }
        hub.stop().await;
    }

    async fn no_lookup_without_a_session(database: Database) {
        let (peer, hub) = start(&database.url(), "QR_REQUIRED").await;
        let numbers = ["5491158254203"];
        assert_eq!(results(&check(&hub, &numbers).await), ["pendiente"]);
        peer.set_state("READY");
        wait_until("the lookup", async || {
            results(&check(&hub, &numbers).await) == ["si"]
        })
        .await;
        assert_eq!(peer.lookups().len(), 1);
        hub.stop().await;
    }

    async fn list_is_checked_before_it_is_sent(database: Database) {
        let (peer, hub) = start(&database.url(), "READY").await;
        let id = campaign(&hub).await;
        let campaign_path = format!("/api/sender/campaigns/{id}");
        let path = format!("{campaign_path}/check");
        // The list has no recipients to check.
        let (status, body) = ask(&hub, "POST", &path, None).await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("CAMPAIGN_STATE")),
            "{body}"
        );
        assert_eq!(get(&hub, &path).await["total"], 0);
        let list = format!("telefono\n5491158254201\n5491158254202\n5491158254203\n{LID}\n");
        upload(&hub, id, list).await;
        let (status, body) = ask(&hub, "POST", &path, None).await;
        assert_eq!((status, &body["total"]), (202, &json!(3)), "{body}");
        wait_until("the list to be checked", async || {
            get(&hub, &path).await["terminado"] == true
        })
        .await;
        let done = get(&hub, &path).await;
        let expected = json!({
            "total": 3, "con_whatsapp": 2, "sin_whatsapp": 1, "pendientes": 0, "terminado": true,
            "ejemplos": [{"linea": 3, "telefono": "5491158254202"}],
        });
        assert_eq!(done, expected);
        // Known results are not looked up again.
        assert_eq!(ask(&hub, "POST", &path, None).await.1["pendientes"], 0);
        let skip = format!("{path}/skip");
        assert_eq!(
            ask(&hub, "POST", &skip, None).await,
            (200, json!({"omitidos": 1}))
        );
        assert_eq!(
            ask(&hub, "POST", &skip, None).await,
            (200, json!({"omitidos": 0}))
        );
        assert_eq!(get(&hub, &path).await["ejemplos"], json!([]));
        assert_eq!(
            ask(&hub, "POST", &format!("{campaign_path}/approve"), None)
                .await
                .0,
            200
        );
        wait_until("the other recipients to get the message", async || {
            get(&hub, &format!("{campaign_path}/stats")).await["enviados"] == 3
        })
        .await;
        assert!(
            peer.sends()
                .iter()
                .all(|send| !send.body.contains("5491158254202"))
        );
        assert_eq!(peer.lookups().len(), 3);
        let (status, body) = ask(&hub, "POST", &path, None).await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("CAMPAIGN_STATE")),
            "{body}"
        );
        hub.stop().await;
    }

    async fn requested_lookups_precede_those_of_a_list(database: Database) {
        let (peer, hub) = start(&database.url(), "QR_REQUIRED").await;
        let body = json!({"nombre": "Marzo", "mensaje": "Hola"});
        let (_, created) = ask(&hub, "POST", "/api/sender/campaigns", Some(&body)).await;
        let id = created["id"].as_i64().unwrap();
        let campaign_path = format!("/api/sender/campaigns/{id}");
        upload(&hub, id, "telefono\n5491158254201\n5491158254202\n").await;
        assert_eq!(
            ask(&hub, "POST", &format!("{campaign_path}/check"), None)
                .await
                .0,
            202
        );
        check(&hub, &["5491158254203"]).await;
        peer.set_state("READY");
        wait_until("the first lookup", async || !peer.lookups().is_empty()).await;
        assert_eq!(peer.lookups()[0], "5491158254203@c.us");
        hub.stop().await;
    }
}
