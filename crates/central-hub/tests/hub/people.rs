//! Tests that a contact is one person under any number or LID, on both database engines.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::fake_session_manager::{FakeSessionManager, message, state};
use crate::support::{Hub, ask, get, text, wait_until, wait_until_read};

const REAL: &[(&str, &str)] = &[("DRY_RUN", "false"), ("AUTO_CAMPAIGNS_ENABLED", "true")];

async fn start(url: &str) -> (FakeSessionManager, Hub) {
    let peer = FakeSessionManager::with_event_log().await;
    peer.set_response("/status", 200, r#"{"status":"READY"}"#);
    peer.accept_sends();
    let hub = Hub::start_on(url, &peer.url, REAL).await;
    (peer, hub)
}

async fn send(hub: &Hub, to: &str) -> (u16, Value) {
    let body = json!({"to": to, "message": "Promo"});
    ask(hub, "POST", "/api/send", Some(&body)).await
}

async fn assert_refused(hub: &Hub, to: &str) {
    let (status, body) = send(hub, to).await;
    let expected = (403, &json!("OPTED_OUT"));
    assert_eq!((status, &body["code"]), expected, "/send to {to}");
    let single = json!({"destinatario": to, "mensaje": "Promo"});
    let path = "/api/sender/messages/send";
    let (status, body) = ask(hub, "POST", path, Some(&single)).await;
    assert_eq!((status, &body["code"]), expected, "one message to {to}");
    let bulk_body = json!({"mensajes": [single]});
    let path = "/api/sender/messages/bulk";
    let (_, body) = ask(hub, "POST", path, Some(&bulk_body)).await;
    assert_eq!(body["mensajes"][0]["error"], "OPTED_OUT", "{to}: {body}");
    let (status, _) = ask(hub, "GET", &format!("/api/sender/bajas/{to}"), None).await;
    assert_eq!(status, 200, "the list of opt-outs, by {to}");
}

/// Publishes a message of a lead, and waits until the hub has read it.
async fn lead(hub: &Hub, peer: &FakeSessionManager, id: &str, from: &str, body: &str) {
    publish_and_read(
        hub,
        peer,
        &message(&format!("false_{from}_{id}"), from, body),
    )
    .await;
}

/// Builds a message from a LID whose number is known.
fn known_message(id: &str, lid: &str, phone: &str, body: &str) -> Value {
    let mut event = message(&format!("false_{lid}_{id}"), lid, body);
    event["phone"] = json!(phone);
    event["lid"] = json!(lid);
    event
}

async fn publish_and_read(hub: &Hub, peer: &FakeSessionManager, message: &Value) {
    wait_until_read(hub, peer.publish("message", message)).await;
}

pub(crate) async fn campaign(hub: &Hub) -> i64 {
    let body = json!({"nombre": "Marzo", "mensaje": "Hola", "cliente_id": 51, "pausa_min_s": 0, "pausa_max_s": 0});
    let (status, body) = ask(hub, "POST", "/api/sender/campaigns", Some(&body)).await;
    assert_eq!(status, 201, "{body}");
    body["id"].as_i64().unwrap()
}

pub(crate) async fn upload(
    hub: &Hub,
    campaign: i64,
    list: impl Into<reqwest::Body>,
) -> (Value, Value) {
    let path = format!("/api/sender/campaigns/{campaign}/recipients");
    let (status, body) = text(hub.http.post(hub.url(&path)).body(list)).await;
    assert_eq!(status, 201, "{body}");
    let report: Value = serde_json::from_str(&body).unwrap();
    (report["aceptados"].clone(), report["duplicados"].clone())
}

on_both_engines! {
    async fn list_with_a_number_and_its_lid_joins_them(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let (ana, leo) = ("247033104567642@lid", "245933592939431@lid");
        for (n, lid) in [ana, leo].into_iter().enumerate() {
            lead(&hub, &peer, &format!("3A0{n}"), lid, "BAJA").await;
        }
        let id = campaign(&hub).await;
        // A line with two LIDs proves nothing.
        let list = format!(
            "Celular;WhatsApp ID;Otro\n5491177770001;{ana};\n5491177770002;{leo};244834081311220@lid\n"
        );
        assert_eq!(upload(&hub, id, list).await, (json!(2), json!(0)));
        assert_refused(&hub, "5491177770001").await;
        assert_eq!(send(&hub, "5491177770002").await.0, 200);
        hub.stop().await;
    }

    async fn opt_out_by_lid_applies_to_its_number_once_known(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let lid = "247033104567642@lid";
        lead(&hub, &peer, "3A01", lid, "BAJA").await;
        assert_refused(&hub, lid).await;
        assert_eq!(
            ask(&hub, "GET", "/api/sender/bajas/5491177770001", None)
                .await
                .0,
            404
        );
        publish_and_read(
            &hub,
            &peer,
            &known_message("3A02", lid, "5491177770001", "hola"),
        )
        .await;
        for id in ["5491177770001", "541177770001", lid] {
            assert_refused(&hub, id).await;
        }
        assert!(peer.sends().is_empty());
        let list = get(&hub, "/api/sender/bajas").await;
        assert_eq!(list["bajas"].as_array().unwrap().len(), 1, "{list}");
        assert_eq!(list["bajas"][0]["telefono"], "5491177770001");
        // An opt-out that is removed under one id is removed under all.
        let path = "/api/sender/bajas/541177770001";
        assert_eq!(ask(&hub, "DELETE", path, None).await.0, 204);
        assert_eq!(send(&hub, lid).await.0, 200);
        hub.stop().await;
    }

    async fn opt_out_of_a_lid_applies_from_any_source_of_its_number(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let lid = |n: u8| format!("24703310456760{n}@lid");
        let number = |n: u8| format!("549117777010{n}");
        for n in 1..=5 {
            lead(&hub, &peer, &format!("3A0{n}"), &lid(n), "BAJA").await;
            let path = format!("/api/sender/bajas/{}", number(n));
            assert_eq!(ask(&hub, "GET", &path, None).await.0, 404);
        }
        // Source: a message written on the phone itself.
        let mut own_message = known_message("3B01", &lid(1), &number(1), "hola");
        own_message["message_id"] = json!(format!("true_{}_3B01", lid(1)));
        own_message["from_me"] = json!(true);
        own_message["from"] = json!("5491100000000@c.us");
        own_message["to"] = json!(lid(1));
        publish_and_read(&hub, &peer, &own_message).await;
        assert_refused(&hub, &number(1)).await;
        // Source: the chat to which WhatsApp sent a message, in the message's id or next to it.
        for (n, answer) in [
            (
                2,
                json!({"ok": true, "message_id": format!("true_{}_3EB0A", lid(2))}),
            ),
            (
                3,
                json!({"ok": true, "message_id": "3EB0B", "chat": lid(3)}),
            ),
        ] {
            peer.set_response("/send", 200, &answer.to_string());
            assert_eq!(send(&hub, &number(n)).await.0, 200);
            assert_refused(&hub, &number(n)).await;
        }
        // Source: a user.
        let path = format!("/api/contacts/{}", number(4));
        let body = json!({"nombre": "Ana"});
        assert_eq!(ask(&hub, "PUT", &path, Some(&body)).await.0, 200);
        let join = format!("/api/contacts/{}/join", number(4));
        let body = json!({"con": lid(4)});
        assert_eq!(ask(&hub, "POST", &join, Some(&body)).await.0, 200);
        assert_refused(&hub, &number(4)).await;
        // Source: WhatsApp's answer to a lookup.
        let answer = json!({"ok": true, "exists": true, "chat": format!("{}@c.us", number(5)), "lid": lid(5)});
        peer.set_response("/lookup", 200, &answer.to_string());
        let body = json!({"numeros": [number(5)]});
        wait_until("the lookup", async || {
            peer.publish("state", &serde_json::from_str(&state("READY", 2)).unwrap());
            ask(&hub, "POST", "/api/contacts/check", Some(&body))
                .await
                .1["pendientes"]
                == 0
        })
        .await;
        assert_refused(&hub, &number(5)).await;
        hub.stop().await;
    }

    async fn opt_out_by_number_applies_to_its_lid(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let lid = "245933592939431@lid";
        publish_and_read(
            &hub,
            &peer,
            &known_message("3A01", lid, "5491177770002", "hola"),
        )
        .await;
        let body = json!({"telefono": "5491177770002"});
        assert_eq!(
            ask(&hub, "POST", "/api/sender/bajas", Some(&body)).await.0,
            201
        );
        assert_refused(&hub, lid).await;
        hub.stop().await;
    }

    async fn opt_out_applies_to_each_spelling_of_a_number(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        for (n, (from, other_spelling)) in [
            ("5491158254201", "541158254201"),
            ("541158254202", "5491158254202"),
            ("551187654321", "5511987654321"),
            ("5511987654322", "551187654322"),
            ("5215512345678", "525512345678"),
            ("525512345679", "5215512345679"),
            ("5493514567890", "543514567890"),
            ("542966423456", "5492966423456"),
            ("552187654321", "5521987654321"),
            ("5571991234567", "557191234567"),
            ("523312345678", "5213312345678"),
        ]
        .into_iter()
        .enumerate()
        {
            lead(
                &hub,
                &peer,
                &format!("3A{n}"),
                &format!("{from}@c.us"),
                "BAJA",
            )
            .await;
            assert_refused(&hub, from).await;
            assert_refused(&hub, other_spelling).await;
        }
        // A landline number is not a mobile number.
        for landline in [
            "551132654321",
            "552132654321",
            "557133654321",
            "558532654321",
            "556132654321",
        ] {
            assert_eq!(send(&hub, landline).await.0, 200, "{landline}");
            let (area, line) = landline.split_at(4);
            let other_spelling = format!("{area}9{line}");
            lead(
                &hub,
                &peer,
                &format!("3B{area}"),
                &format!("{other_spelling}@c.us"),
                "BAJA",
            )
            .await;
            assert_eq!(send(&hub, landline).await.0, 200, "{landline}");
        }
        hub.stop().await;
    }

    async fn list_contains_each_person_once(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let campaign_id = campaign(&hub).await;
        let list = "telefono\n5491166660000\n541166660000\n+54 9 11 6666-0000\n";
        assert_eq!(upload(&hub, campaign_id, list).await, (json!(1), json!(2)));
        let list = "telefono\n541166660000\n5491166660001\n";
        assert_eq!(upload(&hub, campaign_id, list).await, (json!(1), json!(1)));
        let list = "telefono\n551187654321\n5511987654321\n+55 (11) 98765-4321\n5215512345678\n525512345678\n+52 1 55 1234 5678\n011 15 6666-0002\n9 11 6666 0002\n(11) 6666.0002\n";
        assert_eq!(upload(&hub, campaign_id, list).await, (json!(3), json!(6)));
        // The recipient is also recognized by a LID with a known number.
        publish_and_read(
            &hub,
            &peer,
            &known_message("3A01", "244834081311220@lid", "5491166660001", "hola"),
        )
        .await;
        let list = "telefono\n244834081311220@lid\n";
        assert_eq!(upload(&hub, campaign_id, list).await, (json!(0), json!(1)));
        hub.stop().await;
    }

    async fn number_and_lid_share_conversation_and_campaign_reply(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_state("READY");
        peer.accept_sends();
        let hub = Hub::start_on(&database.url(), &peer.url, REAL).await;
        hub.events().await.next_link_state("up").await;
        let lid = "244834081311220@lid";
        let id = campaign(&hub).await;
        let list = "telefono\n541177770003\n5491177770004\n";
        assert_eq!(upload(&hub, id, list).await, (json!(2), json!(0)));
        let path = format!("/api/sender/campaigns/{id}/approve");
        assert_eq!(ask(&hub, "POST", &path, None).await.0, 200);
        wait_until("both recipients to get a message", async || peer.sends().len() == 2).await;
        wait_until("both messages to be sent", async || {
            get(&hub, &format!("/api/sender/campaigns/{id}/stats")).await["enviados"] == 2
        })
        .await;
        let by_lid = known_message("3A01", lid, "5491177770003", "hola");
        let other_chat = "541177770004@c.us";
        let by_number = message(
            &format!("false_{other_chat}_3A02"),
            other_chat,
            "¿cuánto sale?",
        );
        wait_until("both answers to be stored", async || {
            peer.send_event("message", by_lid.to_string());
            peer.send_event("message", by_number.to_string());
            get(&hub, "/api/listener/messages").await["mensajes"]
                .as_array()
                .unwrap()
                .len()
                == 2
        })
        .await;
        let replies = get(&hub, "/api/listener/messages").await;
        for reply in replies["mensajes"].as_array().unwrap() {
            assert_eq!(
                (&reply["campañaId"], &reply["cliente_id"]),
                (&json!(id), &json!(51)),
                "{reply}"
            );
        }
        assert_eq!(send(&hub, lid).await.0, 200);
        let conversations = get(&hub, "/api/listener/conversations").await;
        assert_eq!(
            conversations["conversaciones"].as_array().unwrap().len(),
            2,
            "{conversations}"
        );
        for number in ["5491177770003", "541177770003", lid] {
            let history = get(&hub, &format!("/api/listener/history/{number}")).await;
            assert_eq!(
                history["mensajes"].as_array().unwrap().len(),
                3,
                "{number}: {history}"
            );
            let sent = get(&hub, &format!("/api/sender/messages?destinatario={number}")).await;
            assert_eq!(
                sent["mensajes"].as_array().unwrap().len(),
                2,
                "{number}: {sent}"
            );
        }
        for number_part in ["5491177770003", "541177770003"] {
            let found_conversations = get(
                &hub,
                &format!("/api/listener/conversations?buscar={number_part}"),
            )
            .await;
            assert_eq!(
                found_conversations["conversaciones"]
                    .as_array()
                    .unwrap()
                    .len(),
                1,
                "{number_part}"
            );
        }
        hub.stop().await;
    }

    async fn campaign_replies_are_found_under_any_spelling(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_state("READY");
        peer.accept_sends();
        let hub = Hub::start_on(&database.url(), &peer.url, REAL).await;
        hub.events().await.next_link_state("up").await;
        let id = campaign(&hub).await;
        // The spelling on the list, and the spelling of the contact's answer.
        let pairs = [
            ("551187654321", "5511987654321@c.us"),
            ("5511987654322", "551187654322@c.us"),
            ("5215512345678", "525512345678@c.us"),
            ("525512345679", "5215512345679@c.us"),
            ("543515550001", "5493515550001@c.us"),
        ];
        let list: String = pairs
            .iter()
            .map(|(number, _)| format!("{number}\n"))
            .collect();
        // A LID that was unknown when the campaign wrote.
        let (lid, behind) = ("244834081311229@lid", "5491177770009");
        let list = format!("telefono\n{list}{behind}\n");
        assert_eq!(upload(&hub, id, list).await, (json!(6), json!(0)));
        let path = format!("/api/sender/campaigns/{id}/approve");
        assert_eq!(ask(&hub, "POST", &path, None).await.0, 200);
        wait_until("all messages to be sent", async || {
            get(&hub, &format!("/api/sender/campaigns/{id}/stats")).await["enviados"] == 6
        })
        .await;
        let mut events: Vec<_> = pairs
            .iter()
            .zip(1..)
            .map(|((_, answer_chat), n)| {
                message(
                    &format!("false_{answer_chat}_3A0{n}"),
                    answer_chat,
                    "¿cuánto sale?",
                )
            })
            .collect();
        events.push(known_message("3A09", lid, behind, "¿cuánto sale?"));
        let received = async || {
            get(&hub, "/api/listener/messages").await["mensajes"]
                .as_array()
                .unwrap()
                .clone()
        };
        wait_until("all answers to be stored", async || {
            for message in &events {
                peer.send_event("message", message.to_string());
            }
            received().await.len() == events.len()
        })
        .await;
        for reply in received().await {
            assert_eq!(
                (&reply["campañaId"], &reply["cliente_id"]),
                (&json!(id), &json!(51)),
                "{reply}"
            );
        }
        let conversations = get(&hub, "/api/listener/conversations").await;
        assert_eq!(
            conversations["conversaciones"].as_array().unwrap().len(),
            events.len(),
            "{conversations}"
        );
        for (number, answer_chat) in pairs {
            for id in [number, answer_chat] {
                let history = get(&hub, &format!("/api/listener/history/{id}")).await;
                assert_eq!(
                    history["mensajes"].as_array().unwrap().len(),
                    2,
                    "{id}: {history}"
                );
            }
        }
        let replies = get(&hub, &format!("/api/sender/campaigns/{id}/replies")).await;
        assert_eq!(replies["respuestas"]["total"], events.len(), "{replies}");
        hub.stop().await;
    }

    async fn opt_out_is_answered_once_if_enabled(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let path = "/api/sender/bajas/respuesta";
        assert_eq!(get(&hub, path).await, json!({"texto": null}));
        let number = |n: u8| format!("549117777000{n}@c.us");
        lead(&hub, &peer, "3A00", &number(0), "BAJA").await;
        for invalid_text in ["ñ".repeat(501), "Listo\0".to_owned()] {
            let body = json!({"texto": invalid_text});
            assert_eq!(ask(&hub, "PUT", path, Some(&body)).await.0, 400);
        }
        let body = json!({"texto": "Listo, no te escribimos más."});
        assert_eq!(
            ask(&hub, "PUT", path, Some(&body)).await,
            (200, body.clone())
        );
        assert_eq!(get(&hub, path).await, body);
        lead(&hub, &peer, "3A01", &number(1), "Dame de baja, por favor").await;
        let answered = async |count: usize| {
            wait_until("the automatic answer to be sent", async || {
                peer.publish("state", &serde_json::from_str(&state("READY", 2)).unwrap());
                peer.sends().len() >= count
            })
            .await;
            let sends = peer.sends();
            assert_eq!(sends.len(), count, "{sends:?}");
            let last_send: Value = serde_json::from_str(&sends[count - 1].body).unwrap();
            assert_eq!(last_send["message"], "Listo, no te escribimos más.");
            last_send["to"].as_str().unwrap().to_owned()
        };
        assert_eq!(answered(1).await, number(1));
        let opt_out = get(&hub, "/api/sender/bajas/5491177770001").await;
        assert_eq!(opt_out["motivo"], "Dame de baja, por favor");
        // The reply is listed after the message that it answers.
        let history = get(&hub, "/api/listener/history/5491177770001").await;
        let messages = history["mensajes"].as_array().unwrap();
        let id = |text: &str| {
            messages
                .iter()
                .find(|message| message["mensaje"] == text)
                .unwrap()["id"]
                .as_i64()
        };
        assert!(
            id("Listo, no te escribimos más.") > id("Dame de baja, por favor"),
            "{history:#}"
        );
        assert_refused(&hub, "5491177770001").await;
        // There is no second reply, neither after an opt-in nor under another address.
        lead(&hub, &peer, "3A02", &number(1), "BAJA").await;
        let baja = "/api/sender/bajas/5491177770001";
        assert_eq!(ask(&hub, "DELETE", baja, None).await.0, 204);
        let lid = "247033104567642@lid";
        publish_and_read(
            &hub,
            &peer,
            &known_message("3A03", lid, "5491177770001", "BAJA"),
        )
        .await;
        assert_refused(&hub, lid).await;
        // There is no reply to a contact who had opted out before, whoever recorded it.
        let by_hand = json!({"telefono": "5491177770002"});
        assert_eq!(
            ask(&hub, "POST", "/api/sender/bajas", Some(&by_hand))
                .await
                .0,
            201
        );
        lead(&hub, &peer, "3A04", &number(2), "BAJA").await;
        lead(&hub, &peer, "3A05", &number(3), "Stop. Thank you").await;
        assert_eq!(answered(2).await, number(3));
        // There is no reply once it is switched off.
        let no_answer = json!({"texto": null});
        assert_eq!(
            ask(&hub, "PUT", path, Some(&no_answer)).await,
            (200, no_answer)
        );
        lead(&hub, &peer, "3A06", &number(4), "BAJA").await;
        assert_eq!(ask(&hub, "PUT", path, Some(&body)).await.0, 200);
        lead(&hub, &peer, "3A07", &number(5), "BAJA").await;
        assert_eq!(answered(3).await, number(5));
        // What is not recorded is not kept as a reason either.
        assert_eq!(
            hub.post("/api/listener/mode", r#"{"mode":"off"}"#).await.0,
            200
        );
        lead(&hub, &peer, "3A08", &number(6), "Dame de baja, por favor").await;
        let opt_out = get(&hub, "/api/sender/bajas/5491177770006").await;
        assert_eq!(
            (&opt_out["origen"], &opt_out["motivo"]),
            (&json!("mensaje"), &json!("baja"))
        );
        hub.stop().await;
    }

    async fn sentence_with_an_opt_out_word_waits_for_a_person(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let number = |n: u8| format!("549117777000{n}@c.us");
        let list = async || get(&hub, "/api/sender/bajas/posibles").await;
        let waiting =
            async || get(&hub, "/api/overview").await["atencion"]["posibles_bajas"].clone();
        assert_eq!(
            (list().await, waiting().await),
            (json!({"total": 0, "posibles": []}), json!(0))
        );
        lead(
            &hub,
            &peer,
            "3A01",
            &number(1),
            "¿La casa es de planta baja?",
        )
        .await;
        // The newest message of each person is listed, recorded or not.
        assert_eq!(
            hub.post("/api/listener/mode", r#"{"mode":"off"}"#).await.0,
            200
        );
        lead(
            &hub,
            &peer,
            "3A02",
            &number(1),
            "Si me dan de baja, ¿qué pasa?",
        )
        .await;
        assert_eq!(
            hub.post("/api/listener/mode", r#"{"mode":"on"}"#).await.0,
            200
        );
        let candidates = list().await;
        assert_eq!(
            (&candidates["total"], waiting().await),
            (&json!(1), json!(1))
        );
        let candidate = &candidates["posibles"][0];
        assert_eq!(candidate["mensaje"], "Si me dan de baja, ¿qué pasa?");
        assert_eq!(
            (&candidate["telefono"], &candidate["palabra"]),
            (&json!("5491177770001"), &json!("baja"))
        );
        assert_eq!(
            ask(&hub, "GET", "/api/sender/bajas/5491177770001", None)
                .await
                .0,
            404
        );
        // Decided: not an opt-out.
        let decide = async |candidate: &Value, is: bool| {
            let path = format!("/api/sender/bajas/posibles/{}", candidate["id"]);
            ask(&hub, "POST", &path, Some(&json!({"es_baja": is}))).await
        };
        assert_eq!(
            decide(candidate, false).await,
            (200, json!({"es_baja": false}))
        );
        assert_eq!(
            (decide(candidate, true).await.0, waiting().await),
            (404, json!(0))
        );
        assert_eq!(send(&hub, "5491177770001").await.0, 200);
        // Decided: an opt-out.
        lead(&hub, &peer, "3A03", &number(1), "la baja que pedí, ¿salió?").await;
        let candidates = list().await;
        assert_eq!(decide(&candidates["posibles"][0], true).await.0, 200);
        assert_refused(&hub, "5491177770001").await;
        let opt_out = get(&hub, "/api/sender/bajas/5491177770001").await;
        assert_eq!(
            (&opt_out["origen"], &opt_out["motivo"]),
            (&json!("persona"), &json!("la baja que pedí, ¿salió?"))
        );
        // There is nothing to decide on for a contact who is on the opt-out list or is added to it.
        lead(&hub, &peer, "3A04", &number(1), "¿ya está la baja?").await;
        lead(&hub, &peer, "3A05", &number(2), "¿cómo es la baja?").await;
        lead(&hub, &peer, "3A06", &number(2), "BAJA").await;
        lead(&hub, &peer, "3A07", &number(3), "¿cómo es la baja?").await;
        let by_hand = json!({"telefono": "5491177770003"});
        assert_eq!(
            ask(&hub, "POST", "/api/sender/bajas", Some(&by_hand))
                .await
                .0,
            201
        );
        assert_eq!(list().await["total"], 0);
        // The entry belongs to the person under any address, and is deleted with the person.
        let lid = "247033104567642@lid";
        lead(&hub, &peer, "3A08", lid, "¿cómo es la baja?").await;
        assert_eq!(list().await["posibles"][0]["telefono"], lid);
        publish_and_read(
            &hub,
            &peer,
            &known_message("3A09", lid, "5491177770004", "gracias"),
        )
        .await;
        let candidates = list().await;
        assert_eq!(
            (&candidates["total"], &candidates["posibles"][0]["telefono"]),
            (&json!(1), &json!("5491177770004"))
        );
        assert_eq!(
            ask(&hub, "DELETE", "/api/contacts/5491177770004", None)
                .await
                .0,
            200
        );
        assert_eq!(list().await["total"], 0);
        hub.stop().await;
    }

    async fn blocked_contacts_get_no_answer_to_their_opt_out(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let body = json!({"texto": "Listo, no te escribimos más."});
        assert_eq!(
            ask(&hub, "PUT", "/api/sender/bajas/respuesta", Some(&body))
                .await
                .0,
            200
        );
        // session-manager refuses to write to a contact whom the account has blocked.
        let refusal = json!({"error": true, "code": "RECIPIENT_BLOCKED", "message": "blocked"});
        peer.set_response("/send", 403, &refusal.to_string());
        let chat = "5491177770001@c.us";
        lead(&hub, &peer, "3A01", chat, "BAJA").await;
        let answers = async || {
            let response = get(&hub, "/api/sender/messages?direccion=saliente").await;
            let messages = response["mensajes"].as_array().unwrap().clone();
            messages
                .iter()
                .map(|row| row["estado"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        wait_until("the answer to be refused", async || {
            peer.publish("state", &serde_json::from_str(&state("READY", 2)).unwrap());
            answers().await == ["fallido"]
        })
        .await;
        assert_eq!(peer.sends().len(), 1);
        // After unblocking, neither the reply nor a second one is sent.
        peer.accept_sends();
        let baja = "/api/sender/bajas/5491177770001";
        assert_eq!(ask(&hub, "DELETE", baja, None).await.0, 204);
        lead(&hub, &peer, "3A02", chat, "BAJA").await;
        assert_eq!(
            (answers().await, peer.sends().len()),
            (vec!["fallido".to_owned()], 1)
        );
        assert_refused(&hub, chat).await;
        hub.stop().await;
    }

    async fn opt_out_by_number_applies_to_its_lid_from_any_source(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let lid = |n: u8| format!("24703310456761{n}@lid");
        let number = |n: u8| format!("549117777020{n}");
        for n in 1..=5 {
            let body = json!({"telefono": number(n)});
            assert_eq!(
                ask(&hub, "POST", "/api/sender/bajas", Some(&body)).await.0,
                201
            );
            assert_eq!(
                ask(&hub, "GET", &format!("/api/sender/bajas/{}", lid(n)), None)
                    .await
                    .0,
                404
            );
        }
        // Sources: a message from the LID, and one from the number.
        publish_and_read(
            &hub,
            &peer,
            &known_message("3A01", &lid(1), &number(1), "hola"),
        )
        .await;
        let mut by_number = message(
            &format!("false_{}@c.us_3A02", number(2)),
            &format!("{}@c.us", number(2)),
            "hola",
        );
        by_number["lid"] = json!(lid(2));
        publish_and_read(&hub, &peer, &by_number).await;
        // Source: a message written on the phone itself.
        let mut own_message = known_message("3B01", &lid(3), &number(3), "hola");
        own_message["message_id"] = json!(format!("true_{}_3B01", lid(3)));
        own_message["from_me"] = json!(true);
        own_message["from"] = json!("5491100000000@c.us");
        own_message["to"] = json!(lid(3));
        publish_and_read(&hub, &peer, &own_message).await;
        // Source: a user.
        let note = json!({"nombre": "Ana"});
        for id in [lid(4), number(4)] {
            assert_eq!(
                ask(&hub, "PUT", &format!("/api/contacts/{id}"), Some(&note))
                    .await
                    .0,
                200
            );
        }
        let join = json!({"con": number(4)});
        assert_eq!(
            ask(
                &hub,
                "POST",
                &format!("/api/contacts/{}/join", lid(4)),
                Some(&join)
            )
            .await
            .0,
            200
        );
        // Source: WhatsApp's answer to a lookup.
        let answer = json!({"ok": true, "exists": true, "chat": format!("{}@c.us", number(5)), "lid": lid(5)});
        peer.set_response("/lookup", 200, &answer.to_string());
        let body = json!({"numeros": [number(5)]});
        wait_until("the lookup", async || {
            peer.publish("state", &serde_json::from_str(&state("READY", 2)).unwrap());
            ask(&hub, "POST", "/api/contacts/check", Some(&body))
                .await
                .1["pendientes"]
                == 0
        })
        .await;
        for n in 1..=5 {
            assert_refused(&hub, &lid(n)).await;
        }
        assert!(peer.sends().is_empty());
        hub.stop().await;
    }

    async fn dry_run_does_not_answer_opt_outs(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        peer.set_response("/status", 200, r#"{"status":"READY"}"#);
        peer.accept_sends();
        let hub = Hub::start_on(&database.url(), &peer.url, &[("DRY_RUN", "true")]).await;
        let path = "/api/sender/bajas/respuesta";
        let body = json!({"texto": "Listo."});
        assert_eq!(ask(&hub, "PUT", path, Some(&body)).await.0, 200);
        lead(&hub, &peer, "3A01", "5491177770001@c.us", "BAJA").await;
        let sent = "/api/sender/messages?destinatario=5491177770001";
        wait_until("the message to be simulated", async || {
            get(&hub, sent).await["mensajes"][0]["estado"] == "simulado"
        })
        .await;
        assert!(peer.sends().is_empty());
        hub.stop().await;
    }

    async fn merge_does_not_extend_what_a_business_sees(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let lid = "247033104567642@lid";
        for (cliente, to) in [(51, "5491177770001"), (52, lid)] {
            let body = json!({"to": to, "message": format!("de {cliente}"), "cliente_id": cliente});
            assert_eq!(ask(&hub, "POST", "/api/send", Some(&body)).await.0, 200);
        }
        publish_and_read(
            &hub,
            &peer,
            &known_message("3A01", lid, "5491177770001", "hola"),
        )
        .await;
        for (cliente, count) in [(51, 1), (52, 2)] {
            let path = format!("/api/listener/history/5491177770001?cliente_id={cliente}");
            let history = get(&hub, &path).await;
            let messages = history["mensajes"].as_array().unwrap();
            assert_eq!(messages.len(), count, "{history}");
            let other_text = json!(format!("de {}", 103 - cliente));
            assert!(
                messages.iter().all(|row| row["mensaje"] != other_text),
                "{history}"
            );
        }
        hub.stop().await;
    }
}
