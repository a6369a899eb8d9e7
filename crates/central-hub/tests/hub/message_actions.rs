//! Tests of edits and deletions of the account's own messages, of its reactions,
//! of read receipts and of typing, on both database engines.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::access::{admin_auth, start_with_password};
use crate::fake_session_manager::FakeSessionManager;
use crate::receiver::Receiver;
use crate::support::{Hub, ask, get, subscribe, text, wait_until, wait_until_read};

const ANA: &str = "5491158254201@c.us";
const THEIRS: &str = "false_5491158254201@c.us_3A01";
const AT: &str = "2099-11-29T12:00:00.000Z";
const LATER: &str = "2099-11-29T12:05:00.000Z";
const REAL: &[(&str, &str)] = &[("DRY_RUN", "false"), ("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1")];

/// Sends a message, and returns its number and WhatsApp's id.
async fn send_message(hub: &Hub, message: &str) -> (i64, String) {
    let body = json!({"destinatario": "5491158254201", "mensaje": message});
    let (status, body) = ask(hub, "POST", "/api/sender/messages/send", Some(&body)).await;
    assert_eq!(status, 201, "{body}");
    let wa_id = body["message_id"].as_str().unwrap().to_owned();
    (body["id"].as_i64().unwrap(), wa_id)
}

/// Makes the fake accept changes of this message.
fn accept_changes(peer: &FakeSessionManager, wa_id: &str) {
    let body = json!({"ok": true, "message_id": wa_id});
    peer.set_response(&format!("/messages/{wa_id}"), 200, &body.to_string());
}

fn change_event(wa_id: &str, body: Option<&str>, at: &str) -> Value {
    json!({"message_id": wa_id, "chat": ANA, "phone": "5491158254201", "lid": null, "from_me": true, "body": body, "at": at})
}

async fn edit(hub: &Hub, id: i64, text: &str) -> (u16, Value) {
    let path = format!("/api/listener/messages/{id}");
    ask(hub, "PUT", &path, Some(&json!({"mensaje": text}))).await
}

async fn delete(hub: &Hub, id: i64) -> (u16, Value) {
    ask(hub, "DELETE", &format!("/api/listener/messages/{id}"), None).await
}

fn refusal((status, body): (u16, Value)) -> (u16, String) {
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

on_both_engines! {
    async fn own_message_is_edited_and_deleted_and_recorded_so(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        peer.accept_sends();
        let receiver = Receiver::start().await;
        let hub = Hub::start_on(&database.url(), &peer.url, REAL).await;
        subscribe(
            &hub,
            &receiver.url("/"),
            &["message_edited", "message_deleted"],
        )
        .await;
        let (id, wa_id) = send_message(&hub, "a las 8").await;
        accept_changes(&peer, &wa_id);
        let request = hub
            .http
            .put(hub.url(&format!("/api/listener/messages/{id}")))
            .header("idempotency-key", "k1")
            .json(&json!({"mensaje": "a las 9"}));
        let (status, body) = text(request).await;
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, json!({"ok": true, "id": id, "message_id": wa_id}));
        let asked = peer.last_request();
        assert_eq!(
            (asked.method.as_str(), asked.path),
            ("PUT", format!("/messages/{wa_id}"))
        );
        assert_eq!(
            serde_json::from_str::<Value>(&asked.body).unwrap(),
            json!({"message": "a las 9"})
        );
        assert_eq!(asked.headers["idempotency-key"], "k1");
        // session-manager publishes the change once WhatsApp has it.
        let last_event = peer.publish("message_edited", &change_event(&wa_id, Some("a las 9"), AT));
        wait_until_read(&hub, last_event).await;
        let page = get(&hub, "/api/listener/history/5491158254201").await;
        let message = &page["mensajes"][0];
        assert_eq!(
            (&message["mensaje"], &message["edits"][0]["text"]),
            (&json!("a las 9"), &json!("a las 8"))
        );

        // A delivery that contains the text of a deleted message is dropped.
        wait_until("the delivery of the edit", async || {
            receiver.deliveries("/").len() == 1
        })
        .await;
        let (status, body) = delete(&hub, id).await;
        assert_eq!(
            (status, body),
            (200, json!({"ok": true, "id": id, "message_id": wa_id}))
        );
        assert_eq!(peer.last_request().method, "DELETE");
        let last_event = peer.publish("message_deleted", &change_event(&wa_id, None, LATER));
        wait_until_read(&hub, last_event).await;
        let page = get(&hub, "/api/listener/history/5491158254201").await;
        let message = &page["mensajes"][0];
        assert_eq!(
            (&message["mensaje"], &message["deleted_at"]),
            (&json!(""), &json!(LATER))
        );
        // No request is made for a message that is already deleted.
        let before = peer.requests().len();
        assert_eq!(delete(&hub, id).await.0, 200);
        assert_eq!(
            refusal(edit(&hub, id, "tarde").await),
            (409, "MESSAGE_NOT_CHANGEABLE".into())
        );
        assert_eq!(peer.requests().len(), before);
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 2).await;
        for delivery in receiver.deliveries("/") {
            let delivery = delivery.json();
            assert_eq!(
                (&delivery["data"]["id"], &delivery["data"]["direccion"]),
                (&json!(id), &json!("saliente"))
            );
        }
        hub.stop().await;
    }

    async fn reaction_is_given_and_taken_away_and_recorded_so(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = Hub::start_on(&database.url(), &peer.url, REAL).await;
        subscribe(&hub, &receiver.url("/"), &["reaction"]).await;
        let last_event = peer.publish_message(THEIRS, ANA, "¿sigue en venta?");
        wait_until_read(&hub, last_event).await;
        let history = async || {
            let page = get(&hub, "/api/listener/history/5491158254201").await;
            page["mensajes"][0].clone()
        };
        let id = history().await["id"].as_i64().unwrap();
        let path = format!("/api/listener/messages/{id}/reaction");
        let answer = json!({"ok": true, "message_id": THEIRS});
        let peer_path = format!("/messages/{THEIRS}/reaction");
        peer.set_response(&peer_path, 200, &answer.to_string());
        let request = hub
            .http
            .put(hub.url(&path))
            .header("idempotency-key", "k1")
            .json(&json!({"emoji": "👍"}));
        let (status, body) = text(request).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        let changed = json!({"ok": true, "id": id, "message_id": THEIRS});
        assert_eq!((status, &body), (200, &changed));
        let asked = peer.last_request();
        assert_eq!((asked.method.as_str(), &asked.path), ("PUT", &peer_path));
        assert_eq!(
            serde_json::from_str::<Value>(&asked.body).unwrap(),
            json!({"emoji": "👍"})
        );
        assert_eq!(asked.headers["idempotency-key"], "k1");
        // It is recorded when session-manager tells it, beside the contact's own.
        let reaction = |from_me: bool, emoji: Option<&str>, at: &str| {
            json!({"message_id": THEIRS, "chat": ANA, "phone": "5491158254201", "lid": null,
                "from_me": from_me, "emoji": emoji, "at": at})
        };
        assert!(history().await.get("reactions").is_none());
        peer.publish("reaction", &reaction(false, Some("😂"), AT));
        peer.publish("reaction", &reaction(true, Some("👍"), AT));
        let last_event = peer.publish("reaction", &reaction(true, Some("👍"), AT));
        wait_until_read(&hub, last_event).await;
        assert_eq!(
            history().await["reactions"],
            json!([
                {"emoji": "😂", "from": ANA, "at": AT},
                {"emoji": "👍", "from": "me", "from_me": true, "at": AT},
            ])
        );
        for (method, body) in [("DELETE", None), ("PUT", Some(json!({"emoji": ""})))] {
            let answered = ask(&hub, method, &path, body.as_ref()).await;
            assert_eq!(answered, (200, changed.clone()));
            let asked = peer.last_request();
            assert_eq!((asked.method.as_str(), &asked.path), ("DELETE", &peer_path));
        }
        let last_event = peer.publish("reaction", &reaction(true, None, LATER));
        wait_until_read(&hub, last_event).await;
        assert_eq!(
            history().await["reactions"],
            json!([{"emoji": "😂", "from": ANA, "at": AT}])
        );
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 3).await;
        let mut told: Vec<_> = receiver
            .deliveries("/")
            .iter()
            .map(|delivery| {
                let data = delivery.json()["data"].clone();
                (data["propia"].clone(), data["emoji"].clone())
            })
            .collect();
        told.sort_by_key(|(own, emoji)| (own.to_string(), emoji.to_string()));
        assert_eq!(
            told,
            [
                (json!(false), json!("😂")),
                (json!(true), json!("👍")),
                (json!(true), Value::Null),
            ]
        );

        // Refusals.
        for bad in ["ok", "👍👍", " "] {
            let body = json!({"emoji": bad});
            assert_eq!(
                refusal(ask(&hub, "PUT", &path, Some(&body)).await),
                (400, "INVALID_REQUEST".into())
            );
        }
        let thumb = json!({"emoji": "👍"});
        let unknown = "/api/listener/messages/999999/reaction";
        assert_eq!(
            refusal(ask(&hub, "PUT", unknown, Some(&thumb)).await),
            (404, "MESSAGE_NOT_FOUND".into())
        );
        for (status, code) in [(409, "MESSAGE_NOT_CHANGEABLE"), (504, "SEND_UNCONFIRMED")] {
            let body = json!({"error": true, "code": code, "message": "why"});
            peer.set_response(&peer_path, status, &body.to_string());
            assert_eq!(
                refusal(ask(&hub, "PUT", &path, Some(&thumb)).await),
                (status, code.into())
            );
        }
        // While all sending is stopped, none can be given, but one can be taken back.
        peer.set_response(&peer_path, 200, &answer.to_string());
        let stop = json!({"detenido": true});
        assert_eq!(ask(&hub, "PUT", "/api/sending", Some(&stop)).await.0, 200);
        assert_eq!(
            refusal(ask(&hub, "PUT", &path, Some(&thumb)).await),
            (409, "SENDING_STOPPED".into())
        );
        assert_eq!(ask(&hub, "DELETE", &path, None).await.0, 200);
        hub.stop().await;
    }

    async fn refusals_of_changes_keep_their_codes(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        peer.accept_sends();
        let hub = Hub::start_on(&database.url(), &peer.url, REAL).await;
        let (id, wa_id) = send_message(&hub, "hola").await;
        let last_event = peer.publish_message(THEIRS, ANA, "¿sí?");
        wait_until_read(&hub, last_event).await;
        let page = get(&hub, "/api/listener/messages").await;
        let theirs = page["mensajes"][0]["id"].as_i64().unwrap();
        for (id, expected) in [
            (theirs, (409, "MESSAGE_NOT_OWN")),
            (999_999, (404, "MESSAGE_NOT_FOUND")),
        ] {
            let expected = (expected.0, expected.1.to_owned());
            assert_eq!(refusal(edit(&hub, id, "x").await), expected);
            assert_eq!(refusal(delete(&hub, id).await), expected);
        }
        assert_eq!(
            refusal(edit(&hub, id, "  ").await),
            (400, "INVALID_REQUEST".into())
        );
        for (status, code) in [
            (409, "MESSAGE_TOO_OLD"),
            (504, "SEND_UNCONFIRMED"),
            (503, "SESSION_NOT_READY"),
        ] {
            let body = json!({"error": true, "code": code, "message": "why"});
            peer.set_response(&format!("/messages/{wa_id}"), status, &body.to_string());
            assert_eq!(refusal(edit(&hub, id, "x").await), (status, code.into()));
            assert_eq!(refusal(delete(&hub, id).await), (status, code.into()));
        }
        // While all sending is stopped, nothing can be written, but a message can be taken back.
        accept_changes(&peer, &wa_id);
        assert_eq!(
            ask(
                &hub,
                "PUT",
                "/api/sending",
                Some(&json!({"detenido": true}))
            )
            .await
            .0,
            200
        );
        assert_eq!(
            refusal(edit(&hub, id, "x").await),
            (409, "SENDING_STOPPED".into())
        );
        ask(&hub, "PUT", "/api/sending", Some(&json!({"detenido": false}))).await;
        // The same for a contact who opted out.
        let opt_out = json!({"telefono": "5491158254201", "motivo": "por teléfono"});
        assert_eq!(ask(&hub, "POST", "/api/sender/bajas", Some(&opt_out)).await.0, 201);
        let changes = || {
            let all = peer.requests();
            all.iter().filter(|it| it.path.starts_with("/messages/")).count()
        };
        let before = changes();
        let reaction = format!("/api/listener/messages/{id}/reaction");
        let emoji = json!({"emoji": "👍"});
        for refused in [edit(&hub, id, "x").await, ask(&hub, "PUT", &reaction, Some(&emoji)).await] {
            assert_eq!(refusal(refused), (403, "OPTED_OUT".into()));
        }
        assert_eq!(changes(), before);
        peer.set_response(
            &format!("/messages/{wa_id}/reaction"),
            200,
            &json!({"ok": true, "message_id": wa_id}).to_string(),
        );
        assert_eq!(ask(&hub, "DELETE", &reaction, None).await.0, 200);
        assert_eq!(delete(&hub, id).await.0, 200);
        hub.stop().await;
    }

    async fn dry_run_changes_reads_and_types_nothing(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_response("/status", 200, r#"{"status":"READY"}"#);
        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        let (id, _) = send_message(&hub, "hola").await;
        for (method, path, body) in [
            (
                "PUT",
                format!("/api/listener/messages/{id}"),
                Some(json!({"mensaje": "x"})),
            ),
            ("DELETE", format!("/api/listener/messages/{id}"), None),
            (
                "PUT",
                format!("/api/listener/messages/{id}/reaction"),
                Some(json!({"emoji": "👍"})),
            ),
            (
                "DELETE",
                format!("/api/listener/messages/{id}/reaction"),
                None,
            ),
            (
                "POST",
                "/api/listener/conversations/5491158254201/seen".to_owned(),
                Some(json!({})),
            ),
            (
                "POST",
                "/api/listener/conversations/5491158254201/typing".to_owned(),
                Some(json!({"segundos": 5})),
            ),
        ] {
            let (status, answer) = ask(&hub, method, &path, body.as_ref()).await;
            assert_eq!(
                (status, &answer["ok"], &answer["dry_run"]),
                (200, &json!(true), &json!(true)),
                "{path} {answer}"
            );
        }
        let requests = peer.requests();
        assert!(
            requests.iter().all(|request| request.method == "GET"),
            "{requests:?}"
        );
        let page = get(&hub, "/api/listener/history/5491158254201").await;
        assert!(
            page["mensajes"]
                .as_array()
                .unwrap()
                .iter()
                .all(|message| message["mensaje"] == "hola")
        );
        hub.stop().await;
    }

    async fn reading_typing_and_profiles_are_passed_on(database: Database) {
        let peer = FakeSessionManager::start().await;
        let hub = Hub::start_on(&database.url(), &peer.url, REAL).await;
        let chats = format!("/chats/{ANA}");
        peer.set_response(
            &format!("{chats}/read"),
            200,
            &json!({"ok": true, "chat": ANA, "unread": 3}).to_string(),
        );
        peer.set_response(
            &format!("{chats}/typing"),
            200,
            &json!({"ok": true, "chat": ANA, "seconds": 5}).to_string(),
        );
        // Any spelling of the number works.
        let conversation_path = "/api/listener/conversations/+54 9 11 5825-4201";
        let (status, body) = ask(&hub, "POST", &format!("{conversation_path}/seen"), None).await;
        assert_eq!((status, body), (200, json!({"ok": true, "sin_leer": 3})));
        let typing = json!({"segundos": 5});
        let (status, body) = ask(
            &hub,
            "POST",
            &format!("{conversation_path}/typing"),
            Some(&typing),
        )
        .await;
        assert_eq!((status, body), (200, json!({"ok": true, "segundos": 5})));
        assert_eq!(peer.last_request().body, r#"{"seconds":5}"#);
        let typing = json!({"segundos": 61});
        let refused_typing = ask(
            &hub,
            "POST",
            &format!("{conversation_path}/typing"),
            Some(&typing),
        )
        .await;
        assert_eq!(refusal(refused_typing), (400, "INVALID_REQUEST".into()));
        let contact =
            json!({"ok": true, "exists": true, "chat": ANA, "pushname": "Ana", "business": false});
        peer.set_response(&format!("/contacts/{ANA}"), 200, &contact.to_string());
        assert_eq!(
            get(&hub, "/api/contacts/5491158254201/whatsapp").await,
            contact
        );
        hub.stop().await;
    }
}

#[tokio::test]
async fn another_business_changes_no_message() {
    let (_peer, hub) = start_with_password().await;
    let cliente = hub.add_cliente("ana", 51).await;
    let own_send = json!({"destinatario": "5491158254201", "mensaje": "hola", "cliente_id": 52});
    let send = hub
        .http
        .post(hub.url("/api/sender/messages/send"))
        .header("authorization", admin_auth())
        .json(&own_send);
    let (status, body) = text(send).await;
    assert_eq!(status, 201, "{body}");
    for (path, change) in [
        ("/api/listener/messages/1", json!({"mensaje": "x"})),
        ("/api/listener/messages/1/reaction", json!({"emoji": "👍"})),
    ] {
        for method in ["PUT", "DELETE"] {
            let request = hub
                .http
                .request(method.parse().unwrap(), hub.url(path))
                .header("authorization", &cliente)
                .json(&change);
            let (status, body) = text(request).await;
            assert_eq!(status, 404, "{body}");
        }
    }
    // Nor does it mark the conversation as read, or type in it.
    let owner = hub.add_cliente("eva", 52).await;
    for what in ["seen", "typing"] {
        let path = format!("/api/listener/conversations/5491158254201/{what}");
        for (who, expected) in [(&cliente, 404), (&owner, 200)] {
            let request = hub.http.post(hub.url(&path)).header("authorization", who);
            let (status, body) = text(request.json(&json!({"segundos": 5}))).await;
            assert_eq!(status, expected, "{what}: {body}");
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn answer_quotes_a_message_of_its_conversation() {
    let peer = FakeSessionManager::with_event_log().await;
    peer.accept_sends();
    let hub = Hub::start_with(&peer.url, REAL).await;
    peer.publish_message(THEIRS, ANA, "¿sigue en venta?");
    let other_message = peer.publish_message(
        "false_5491158254202@c.us_3A02",
        "5491158254202@c.us",
        "hola",
    );
    wait_until_read(&hub, other_message).await;
    let page = get(&hub, "/api/listener/messages").await;
    let id_of = |text: &str| {
        let mut messages = page["mensajes"].as_array().unwrap().iter();
        messages.find(|row| row["mensaje"] == text).unwrap()["id"]
            .as_i64()
            .unwrap()
    };
    let answer =
        |id: i64| json!({"destinatario": "5491158254201", "mensaje": "sí", "responde_a": id});
    let path = "/api/sender/messages/send";
    let body = answer(id_of("¿sigue en venta?"));
    let (status, body) = ask(&hub, "POST", path, Some(&body)).await;
    assert_eq!(status, 201, "{body}");
    let request: Value = serde_json::from_str(&peer.last_request().body).unwrap();
    assert_eq!(request["reply_to"], THEIRS);
    let page = get(&hub, "/api/listener/history/5491158254201").await;
    // With what it quotes, wherever that is in the conversation.
    assert_eq!(
        page["mensajes"][0]["quoted"],
        json!({"message_id": THEIRS, "from_me": false, "kind": "chat", "text": "¿sigue en venta?"})
    );
    // The text of a deleted message is told no more.
    let mut deleted = change_event(THEIRS, None, AT);
    deleted["from_me"] = false.into();
    let deleted = peer.publish("message_deleted", &deleted);
    wait_until_read(&hub, deleted).await;
    let page = get(&hub, "/api/listener/history/5491158254201").await;
    assert_eq!(
        page["mensajes"][0]["quoted"],
        json!({"message_id": THEIRS, "from_me": false})
    );
    // A message of another conversation cannot be answered.
    for id in [id_of("hola"), 999_999] {
        let refused_answer = ask(&hub, "POST", path, Some(&answer(id))).await;
        assert_eq!(refusal(refused_answer), (404, "MESSAGE_NOT_FOUND".into()));
    }
    assert_eq!(peer.sends().len(), 1);
    hub.stop().await;
}
