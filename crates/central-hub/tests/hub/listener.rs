//! Tests of inbound messages, on both database engines: they are recorded once,
//! linked to the message that they answer, and searchable.

use central_hub::store::{Change, Composed, MessageState, NewMessage, Origin, Store};
use scratch_database::{Database, on_both_engines};
use serde_json::{Value, json};

use crate::fake_session_manager::{FakeSessionManager, message};
use crate::receiver::Receiver;
use crate::support::{Hub, code, get, subscribe, text, wait_until, wait_until_read};

const ANA: &str = "5491158254201@c.us";
const LEO: &str = "5491158254202@c.us";
const TOKEN: &[(&str, &str)] = &[
    ("INTERNAL_TOKEN", "hunter2hunter2"),
    ("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1"),
];

async fn start(database: &Database, peer: &FakeSessionManager) -> Hub {
    Hub::start_on(&database.url(), &peer.url, TOKEN).await
}

/// Returns the texts of a list, oldest first.
async fn texts(hub: &Hub, path: &str) -> Vec<String> {
    let page = get(hub, path).await;
    let mut texts: Vec<_> = page["mensajes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["mensaje"].as_str().unwrap().to_owned())
        .collect();
    texts.reverse();
    texts
}

async fn wait_for_messages(hub: &Hub, count: usize) {
    wait_until("the messages to be recorded", async || {
        texts(hub, "/api/listener/messages?limite=200&direccion=todas")
            .await
            .len()
            >= count
    })
    .await;
}

/// Creates a message that WhatsApp accepted, and returns its id.
async fn create_sent(store: &Store, to: &str, campaign: Option<i64>, key: &str) -> i64 {
    let message = Composed::text(Some(51), to, "hola").unwrap();
    let new = NewMessage {
        origin: if campaign.is_some() {
            Origin::Campaign
        } else {
            Origin::Single
        },
        campaign_id: campaign,
        message: &message,
        idempotency_key: key,
        dry_run: false,
        due: None,
        claim: None,
    };
    store.insert(&[new]).await.unwrap();
    let messages = store
        .messages(&central_hub::store::Filter::default(), 1)
        .await
        .unwrap();
    let wa_id = format!("true_{}_{key}", message.recipient().as_str());
    let change = Change {
        wa_id: Some(&wa_id),
        ..Change::to(MessageState::Sent, "SENT")
    };
    store.change(messages[0].id, change).await.unwrap().unwrap();
    messages[0].id
}

async fn report_message(hub: &Hub, path: &str, token: Option<&str>, body: &Value) -> (u16, String) {
    let mut request = hub.http.post(hub.url(path)).json(body);
    if let Some(token) = token {
        request = request.header("x-internal-token", token);
    }
    text(request).await
}

on_both_engines! {
    async fn each_message_is_stored_once(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        // This message is published before the hub starts.
        peer.publish_message("false_5491158254201@c.us_3A00", ANA, "uno");
        let hub = start(&database, &peer).await;
        wait_for_messages(&hub, 1).await;
        peer.publish_message("false_5491158254201@c.us_3A01", ANA, "dos");
        // A duplicate, and a message of another sender with the same key.
        peer.publish_message("false_5491158254201@c.us_3A01", ANA, "dos");
        peer.publish_message("false_5491158254202@c.us_3A01", LEO, "tres \0");
        peer.close_streams();
        peer.publish_message("false_5491158254202@c.us_3A02", LEO, "cuatro");
        // A group, an invalid message, an unknown event.
        peer.publish_message(
            "false_1203@g.us_3A09_5491158254202@c.us",
            "12036302@g.us",
            "grupo",
        );
        peer.publish("message", &json!({"rubbish": true}));
        peer.publish("later", &json!({}));
        // Changes of messages, invalid and valid.
        peer.publish("reaction", &json!({"rubbish": true}));
        peer.publish(
            "message_deleted",
            &json!({
                "message_id": "false_5491158254201@c.us_3A00", "chat": ANA, "from_me": false,
                "at": "2026-11-29T12:00:00.000Z",
            }),
        );
        let last_event = peer.publish_message("false_5491158254201@c.us_3A03", ANA, "cinco");
        wait_for_messages(&hub, 5).await;
        wait_until_read(&hub, last_event).await;
        hub.stop().await;
        // This message is published while no hub runs.
        let last_event = peer.publish_message("false_5491158254201@c.us_3A04", ANA, "seis");
        let hub = start(&database, &peer).await;
        wait_for_messages(&hub, 6).await;
        wait_until_read(&hub, last_event).await;
        let path = "/api/listener/messages";
        assert_eq!(
            texts(&hub, path).await,
            ["", "dos", "tres \u{fffd}", "cuatro", "cinco", "seis"]
        );
        let status = get(&hub, "/listener/status").await;
        assert_eq!(
            (&status["mode"], &status["following"]),
            (&json!("listen"), &json!(true))
        );
        assert_eq!(status["connected"], true);
        assert!(status["lag_ms"].as_i64().unwrap() >= 0 && status["last_message_at"].is_string());
        assert_eq!(peer.resumed_after()[0], "0");
        hub.stop().await;
    }

    async fn reply_is_linked_to_its_contact_and_campaign(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = start(&database, &peer).await;
        subscribe(&hub, &receiver.url("/"), &["message", "ack", "state"]).await;
        create_sent(&hub.store, "5491158254201", Some(7), "K1").await;
        create_sent(&hub.store, "5491158254201", Some(8), "K2").await;
        let single = create_sent(&hub.store, "5491158254201", None, "K3").await;
        peer.publish_message("false_5491158254201@c.us_3A01", ANA, "me interesa");
        peer.publish_message("false_5491158254202@c.us_3A02", LEO, "quien es?");
        let state = json!({"status": "READY", "generation": 1, "since": "2026-01-14T13:02:09.336Z", "cause": "TEST", "message": "x"});
        peer.publish("state", &state);
        let last_event = peer.publish("state", &state);
        wait_until_read(&hub, last_event).await;
        let history = get(&hub, "/api/listener/history/+54 9 11 5825-4201").await;
        assert_eq!(
            (&history["telefono"], &history["nombre"]),
            (&json!("5491158254201"), &json!("Ana"))
        );
        let messages = history["mensajes"].as_array().unwrap();
        assert_eq!(messages.len(), 4);
        assert_eq!(
            (&messages[0]["direccion"], &messages[1]["direccion"]),
            (&json!("entrante"), &json!("saliente"))
        );
        assert_eq!(
            (&messages[0]["campañaId"], &messages[0]["cliente_id"]),
            (&json!(8), &json!(51))
        );
        assert_eq!(
            (&messages[0]["tipo"], &messages[0]["estado"]),
            (&json!("text"), &json!("recibido"))
        );
        assert_eq!(messages[1]["id"], single);
        let talks = get(
            &hub,
            "/api/listener/conversations?buscar=ME%20interesa&limite=5",
        )
        .await;
        let talk = &talks["conversaciones"][0];
        assert_eq!(
            (&talk["telefono"], &talk["nombre"]),
            (&json!("5491158254201"), &json!("Ana"))
        );
        assert_eq!(talk["ultimo"]["id"], messages[0]["id"]);
        assert_eq!(talks["siguiente"], Value::Null);
        let talks = get(&hub, "/api/listener/conversations").await;
        assert_eq!(talks["conversaciones"].as_array().unwrap().len(), 2);
        let unknown = get(&hub, "/api/listener/history/5491158254202").await;
        assert_eq!(unknown["mensajes"][0]["campañaId"], Value::Null);
        // The webhook receives all of these events; a repeated state is delivered once.
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 6).await;
        let deliveries: Vec<_> = receiver
            .deliveries("/")
            .iter()
            .map(crate::receiver::Delivery::json)
            .collect();
        let reply = deliveries
            .iter()
            .find(|delivery| delivery["data"]["mensaje"] == "me interesa")
            .unwrap();
        assert_eq!(
            (&reply["type"], &reply["data"]["campañaId"]),
            (&json!("message"), &json!(8))
        );
        assert_eq!(reply["data"]["telefono"], "5491158254201");
        let ack = deliveries
            .iter()
            .find(|delivery| delivery["data"]["id"] == single)
            .unwrap();
        assert_eq!(
            (&ack["type"], &ack["data"]["estado"]),
            (&json!("ack"), &json!("enviado"))
        );
        assert_eq!(
            deliveries
                .iter()
                .filter(|delivery| delivery["type"] == "state")
                .count(),
            1
        );
        hub.stop().await;
    }

    async fn undecryptable_message_is_replaced_by_its_content(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = start(&database, &peer).await;
        subscribe(&hub, &receiver.url("/"), &["message"]).await;
        let id = "false_5491158254201@c.us_3A01";
        let mut unreadable = message(id, ANA, "");
        unreadable["type"] = json!("ciphertext");
        peer.publish("message", &unreadable);
        let last_event = peer.publish_message("false_5491158254202@c.us_3A02", LEO, "hola");
        wait_until_read(&hub, last_event).await;
        let history = get(&hub, "/api/listener/history/5491158254201").await;
        let row = &history["mensajes"][0];
        assert_eq!(
            (&row["tipo"], &row["mensaje"]),
            (&json!("ciphertext"), &json!(""))
        );
        // A duplicate of the unreadable message, its text, and duplicates of both.
        peer.publish("message", &unreadable);
        peer.publish_message(id, ANA, "BAJA");
        peer.publish_message(id, ANA, "BAJA");
        let last_event = peer.publish("message", &unreadable);
        wait_until_read(&hub, last_event).await;
        let history = get(&hub, "/api/listener/history/5491158254201").await;
        let rows = history["mensajes"].as_array().unwrap();
        assert_eq!((rows.len(), &rows[0]["id"]), (1, &row["id"]));
        assert_eq!(
            (&rows[0]["tipo"], &rows[0]["mensaje"]),
            (&json!("text"), &json!("BAJA"))
        );
        // The text has the same effect as if it had been readable from the start.
        assert_eq!(hub.get("/api/sender/bajas/5491158254201").await.0, 200);
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 3).await;
        let deliveries: Vec<_> = receiver
            .deliveries("/")
            .iter()
            .map(crate::receiver::Delivery::json)
            .collect();
        let of_it = deliveries
            .iter()
            .filter(|delivery| delivery["data"]["message_id"] == id);
        let texts: std::collections::BTreeSet<_> = of_it
            .map(|delivery| delivery["data"]["mensaje"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(texts, ["".to_owned(), "BAJA".to_owned()].into());
        hub.stop().await;
    }

    async fn acks_advance_sent_messages_and_never_revert(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        let id = create_sent(&hub.store, "5491158254201", None, "K1").await;
        for ack in [1, 3, 2, 0, -1, 4, 3] {
            peer.publish_ack("true_5491158254201@c.us_K1", ack);
        }
        // An ack that precedes its message, which was sent from the phone.
        peer.publish_ack("true_5491158254202@c.us_P1", 2);
        let mut own_message = message(
            "true_5491158254202@c.us_P1",
            "5491100000000@c.us",
            "desde el teléfono",
        );
        own_message["from_me"] = json!(true);
        own_message["to"] = json!(LEO);
        peer.publish("message", &own_message);
        // A message that the hub sent is not new, whoever reports it.
        let mut known_message = own_message.clone();
        known_message["message_id"] = json!("true_123@lid_K1");
        peer.publish("message", &known_message);
        let last_event = peer.publish_ack("true_5491158254202@c.us_P1", 3);
        wait_until_read(&hub, last_event).await;
        let message = hub.store.message(id).await.unwrap().unwrap();
        assert_eq!(message.state, MessageState::Played);
        let states: Vec<_> = hub
            .store
            .transitions(id)
            .await
            .unwrap()
            .iter()
            .map(|transition| transition.to)
            .collect();
        assert_eq!(
            states,
            [
                MessageState::Queued,
                MessageState::Sent,
                MessageState::Read,
                MessageState::Played
            ]
        );
        let history = get(&hub, "/api/listener/history/5491158254202").await;
        let messages = history["mensajes"].as_array().unwrap();
        assert_eq!(messages.len(), 1);
        assert_eq!(
            (&messages[0]["direccion"], &messages[0]["estado"]),
            (&json!("saliente"), &json!("leido"))
        );
        assert_eq!(
            history["nombre"],
            Value::Null,
            "the account's own name must not become the contact's"
        );
        let own_message = hub
            .store
            .message(messages[0]["id"].as_i64().unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(own_message.origin, Origin::Phone);
        let states: Vec<_> = hub
            .store
            .transitions(own_message.id)
            .await
            .unwrap()
            .iter()
            .map(|transition| transition.to)
            .collect();
        assert_eq!(states, [MessageState::Delivered, MessageState::Read]);
        hub.stop().await;
    }

    async fn lid_and_number_share_one_conversation(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        create_sent(&hub.store, "5491158254201", Some(7), "K1").await;
        let hidden = "99887766554433@lid";
        peer.publish_message("false_99887766554433@lid_3A01", hidden, "sin número");
        let mut known_message = message("false_99887766554433@lid_3A02", hidden, "con número");
        known_message["phone"] = json!("5491158254201");
        known_message["lid"] = json!(hidden);
        peer.publish("message", &known_message);
        // The number of the LID is now known although the message does not
        // contain it; this also applies to earlier messages.
        peer.publish_message("false_99887766554433@lid_3A03", hidden, "otra vez");
        let last_event = peer.publish_message("false_5491158254201@c.us_3A01", ANA, "sin número");
        wait_until_read(&hub, last_event).await;
        let expected = ["hola", "sin número", "con número", "otra vez"];
        assert_eq!(
            texts(&hub, "/api/listener/history/5491158254201").await,
            expected
        );
        assert_eq!(
            texts(&hub, &format!("/api/listener/history/{hidden}")).await,
            expected
        );
        let campaign = get(&hub, "/api/listener/messages").await;
        assert_eq!(campaign["mensajes"][0]["campañaId"], 7);
        // The contact is opted out under both ids, and listed and removed as one.
        let last_event = peer.publish_message("false_99887766554433@lid_3A04", hidden, "BAJA");
        wait_until_read(&hub, last_event).await;
        assert!(hub.store.is_opted_out(hidden).await.unwrap());
        let list = get(&hub, "/api/sender/bajas").await;
        assert_eq!(list["bajas"].as_array().unwrap().len(), 1, "{list}");
        assert_eq!(list["bajas"][0]["telefono"], "5491158254201");
        let removal = hub
            .http
            .delete(format!("{}/api/sender/bajas/5491158254201", hub.url));
        let (status, _) = text(removal).await;
        assert_eq!(status, 204);
        assert!(!hub.store.is_opted_out(hidden).await.unwrap());
        hub.stop().await;
    }

    async fn recording_can_be_disabled(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        let id = create_sent(&hub.store, "5491158254201", None, "K1").await;
        let (status, body) = hub.post("/api/listener/mode", r#"{"mode":"off"}"#).await;
        assert_eq!(
            (status, body.as_str()),
            (200, r#"{"ok":true,"mode":"off","recording":false}"#)
        );
        peer.publish_message("false_5491158254201@c.us_3A01", ANA, "nadie escucha");
        peer.publish_message("false_5491158254202@c.us_3A01", LEO, "¡Baja, por favor!");
        let last_event = peer.publish_ack("true_5491158254201@c.us_K1", 3);
        wait_until_read(&hub, last_event).await;
        assert_eq!(
            hub.store.message(id).await.unwrap().unwrap().state,
            MessageState::Read
        );
        assert!(
            hub.store.is_opted_out(LEO).await.unwrap(),
            "an opt-out must count while recording is off"
        );
        assert!(!hub.store.is_opted_out(ANA).await.unwrap());
        let body = json!({"cliente_id": 51, "from": "5491158254201", "message": "x", "timestamp": "2026-02-28T12:00:00.000Z"});
        let (status, answer) = report_message(
            &hub,
            "/api/listener/incoming-message",
            Some("hunter2hunter2"),
            &body,
        )
        .await;
        assert_eq!(
            (status, answer.as_str()),
            (200, r#"{"ok":true,"duplicated":false,"recorded":false}"#)
        );
        hub.stop().await;
        let hub = start(&database, &peer).await;
        assert_eq!(get(&hub, "/api/listener/status").await["recording"], false);
        assert_eq!(
            hub.post("/api/listener/mode", r#"{"mode":"on"}"#).await.0,
            200
        );
        let last_event = peer.publish_message("false_5491158254201@c.us_3A02", ANA, "otra vez");
        wait_until_read(&hub, last_event).await;
        assert_eq!(texts(&hub, "/api/listener/messages").await, ["otra vez"]);
        for body in ["{}", r#"{"mode":"loud"}"#, r#"{"mode":true}"#] {
            let (status, answer) = hub.post("/api/listener/mode", body).await;
            assert_eq!(
                (status, code(&answer).as_str()),
                (400, "INVALID_REQUEST"),
                "{body}"
            );
        }
        hub.stop().await;
    }

    async fn programs_may_report_messages(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        let token = Some("hunter2hunter2");
        let (incoming, outgoing) = (
            "/api/listener/incoming-message",
            "/listener/outgoing-message",
        );
        let body = json!({"cliente_id": 51, "from": "5491158254201", "message": "hola", "timestamp": "2026-02-28T12:00:00.000Z"});
        for (round, duplicated) in [(1, false), (2, true)] {
            let (status, answer) = report_message(&hub, incoming, token, &body).await;
            let expected = format!(r#"{{"ok":true,"duplicated":{duplicated},"recorded":true}}"#);
            assert_eq!((status, answer), (200, expected), "{round}");
        }
        // session-manager also reports this message, under WhatsApp's id.
        let mut own_message = body.clone();
        own_message["to"] = json!("+54 9 11 5825-4201");
        own_message["from"] = json!("5491100000000");
        own_message["message_id"] = json!("true_5491158254201@c.us_P1");
        assert_eq!(
            report_message(&hub, outgoing, token, &own_message).await.0,
            200
        );
        let mut event = message("true_5491158254201@c.us_P1", "5491100000000@c.us", "hola");
        event["from_me"] = json!(true);
        event["to"] = json!(ANA);
        let last_event = peer.publish("message", &event);
        wait_until_read(&hub, last_event).await;
        let history = get(&hub, "/api/listener/history/5491158254201").await;
        let messages = history["mensajes"].as_array().unwrap();
        assert_eq!(messages.len(), 2);
        assert_eq!(
            (&messages[1]["cliente_id"], &messages[1]["fecha"]),
            (&json!(51), &json!("2026-02-28T12:00:00.000Z"))
        );
        for (token, status) in [(None, 401), (Some("hunter2"), 401), (Some(""), 401)] {
            let (answered, answer) = report_message(&hub, incoming, token, &body).await;
            assert_eq!((answered, code(&answer).as_str()), (status, "UNAUTHORIZED"));
        }
        for invalid_body in [
            json!({"cliente_id": 0}),
            json!({"from": "1203@g.us"}),
            json!({"from": ""}),
            json!({"message": ""}),
            json!({"timestamp": null}),
            json!({"timestamp": "yesterday"}),
            json!({"message_id": "a b"}),
            json!({"message": "x".repeat(65_537)}),
        ] {
            let mut changed_body = body.clone();
            for (name, value) in invalid_body.as_object().unwrap() {
                changed_body[name] = value.clone();
            }
            let (status, answer) = report_message(&hub, incoming, token, &changed_body).await;
            assert_eq!(
                (status, code(&answer).as_str()),
                (400, "INVALID_REQUEST"),
                "{invalid_body}"
            );
        }
        hub.stop().await;
    }

    async fn lists_are_filtered_and_paginated(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        create_sent(&hub.store, "5491158254201", Some(7), "K1").await;
        let mut last_event = 0;
        for n in 0..30 {
            let (chat, text) = if n % 3 == 0 {
                (ANA, "¿Cuánto sale?")
            } else {
                (LEO, "nada")
            };
            last_event = peer.publish_message(
                &format!("false_{chat}_3A{n:02}"),
                chat,
                &format!("{text} {n}"),
            );
        }
        wait_until_read(&hub, last_event).await;
        let since = session_api::Timestamp::now();
        let last_event = peer.publish_message("false_5491158254202@c.us_3B", LEO, "tarde");
        wait_until_read(&hub, last_event).await;
        let mut ids = Vec::new();
        let mut path = "/api/listener/messages?limite=8".to_owned();
        loop {
            let page = get(&hub, &path).await;
            let messages = page["mensajes"].as_array().unwrap();
            assert!(messages.len() <= 8);
            ids.extend(messages.iter().map(|row| row["id"].as_i64().unwrap()));
            let Some(next) = page["siguiente"].as_i64() else {
                break;
            };
            path = format!("/api/listener/messages?limite=8&antes={next}");
        }
        assert_eq!(ids.len(), 31);
        assert!(
            ids.windows(2).all(|pair| pair[0] > pair[1]),
            "messages must be listed newest first"
        );
        for (query, count) in [
            ("", 31),
            ("&telefono=5491158254201", 10),
            ("&cliente_id=51", 10),
            ("&cliente_id=7", 0),
            ("&direccion=saliente", 1),
            ("&direccion=todas", 32),
            ("&buscar=CUANTO", 10),
            ("&search=cuánto sale? 3", 1),
            ("&buscar=cuanto&telefono=5491158254202", 0),
            (&format!("&desde={since}"), 1),
            ("&desde=2099-01-01T00:00:00Z", 0),
            (
                "&desde=2020-01-01T00:00:00Z&phone=5491158254202&limit=200",
                21,
            ),
        ] {
            let limit = if query.contains("limit") {
                ""
            } else {
                "limite=200"
            };
            let path = format!("/api/listener/messages?{limit}{query}");
            assert_eq!(texts(&hub, &path).await.len(), count, "{query}");
        }
        for query in [
            "limite=0",
            "limite=201",
            "limite=x",
            "antes=x",
            "desde=ayer",
            "direccion=x",
            "telefono=abc",
            "cliente_id=-1",
            &format!("buscar={}", "x".repeat(201)),
        ] {
            let (status, body) = hub.get(&format!("/api/listener/messages?{query}")).await;
            assert_eq!(
                (status, code(&body).as_str()),
                (400, "INVALID_REQUEST"),
                "{query}"
            );
        }
        let (status, body) = hub.get("/api/listener/history/abc").await;
        assert_eq!((status, code(&body).as_str()), (400, "INVALID_REQUEST"));
        hub.stop().await;
    }
}

#[tokio::test]
async fn reports_require_the_token() {
    let peer = FakeSessionManager::with_event_log().await;
    let hub = Hub::start(&peer.url).await;
    let body = json!({"cliente_id": 51, "from": "5491158254201", "message": "x"});
    let (status, answer) =
        report_message(&hub, "/api/listener/incoming-message", Some(""), &body).await;
    assert_eq!(
        (status, code(&answer).as_str()),
        (403, "INTERNAL_TOKEN_NOT_SET")
    );
    hub.stop().await;
    // With a password, the token grants only these two routes.
    let password = [("HUB_ADMIN_PASSWORD", "hunter3hunter3"), TOKEN[0]];
    let hub = Hub::start_with(&peer.url, &password).await;
    let mut valid_body = body.clone();
    valid_body["message_id"] = json!("false_5491158254201@c.us_3A01");
    let token = Some("hunter2hunter2");
    assert_eq!(
        report_message(&hub, "/api/listener/incoming-message", token, &valid_body)
            .await
            .0,
        200
    );
    assert_eq!(
        report_message(&hub, "/api/listener/mode", token, &json!({"mode": "off"}))
            .await
            .0,
        401
    );
    hub.stop().await;
}

/// Checks that both tokens are accepted during a rotation, and no other.
#[tokio::test]
async fn reports_with_the_previous_token_are_accepted_until_it_is_removed() {
    const BEFORE: &str = "hunter1hunter1";
    let peer = FakeSessionManager::with_event_log().await;
    let body = json!({"cliente_id": 51, "from": "5491158254201", "to": "5491158254201", "message": "x", "message_id": "A1"});
    let ask = async |hub: &Hub, token: &str| {
        let mut statuses = Vec::new();
        for path in ["incoming-message", "outgoing-message"] {
            let path = format!("/api/listener/{path}");
            statuses.push(report_message(hub, &path, Some(token), &body).await.0);
        }
        statuses
    };
    let variables = [TOKEN[0], ("INTERNAL_TOKEN_PREVIOUS", BEFORE)];
    let hub = Hub::start_with(&peer.url, &variables).await;
    for token in [TOKEN[0].1, BEFORE] {
        assert_eq!(ask(&hub, token).await, [200, 200], "{token}");
    }
    for token in ["", "hunter0hunter0"] {
        assert_eq!(ask(&hub, token).await, [401, 401], "{token}");
    }
    hub.stop().await;
    let hub = Hub::start_with(&peer.url, &variables[..1]).await;
    assert_eq!(ask(&hub, BEFORE).await, [401, 401]);
    hub.stop().await;
}

/// Checks that one hub follows the events and that, when it stops, the other
/// resumes at its position.
#[tokio::test(flavor = "multi_thread")]
async fn only_one_of_two_hubs_follows_events() {
    let database = Database::postgres();
    let peer = FakeSessionManager::with_event_log().await;
    let first_hub = start(&database, &peer).await;
    peer.publish_message("false_5491158254201@c.us_3A00", ANA, "cero");
    wait_for_messages(&first_hub, 1).await;
    let second_hub = start(&database, &peer).await;
    for n in 1..20 {
        peer.publish_message(
            &format!("false_5491158254201@c.us_3A{n:02}"),
            ANA,
            &n.to_string(),
        );
    }
    wait_for_messages(&second_hub, 20).await;
    let status = get(&second_hub, "/api/listener/status").await;
    assert_eq!(
        (&status["following"], &status["connected"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        peer.resumed_after(),
        ["0"],
        "only one hub may follow the events"
    );
    first_hub.stop().await;
    let last_event = peer.publish_message("false_5491158254201@c.us_3A99", ANA, "último");
    wait_until_read(&second_hub, last_event).await;
    assert_eq!(
        texts(&second_hub, "/api/listener/messages?limite=200")
            .await
            .len(),
        21
    );
    assert_eq!(
        get(&second_hub, "/api/listener/status").await["connected"],
        true
    );
    second_hub.stop().await;
}
