//! Tests of the contents of messages and of their changes, on both database
//! engines: each is stored once, in whatever order it is reported.

use scratch_database::{Database, on_both_engines};
use serde_json::{Value, json};

use crate::fake_session_manager::{FakeSessionManager, message};
use crate::receiver::{Delivery, Receiver};
use crate::support::{Events, Hub, ask, code, get, subscribe, wait_until, wait_until_read};

const ANA: &str = "5491158254201@c.us";
const LEO: &str = "5491158254202@c.us";
const ONE: &str = "false_5491158254201@c.us_3A01";
const AT: &str = "2026-11-29T12:00:00.000Z";
const LATER: &str = "2026-11-29T12:05:00.000Z";
const WEBHOOKS: &[(&str, &str)] = &[("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1")];

async fn start(database: &Database, peer: &FakeSessionManager) -> Hub {
    Hub::start_on(&database.url(), &peer.url, WEBHOOKS).await
}

async fn history(hub: &Hub, number: &str) -> Vec<Value> {
    let page = get(hub, &format!("/api/listener/history/{number}")).await;
    let mut messages = page["mensajes"].as_array().unwrap().clone();
    messages.reverse();
    messages
}

fn with_fields(mut message: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        message[name] = value.clone();
    }
    message
}

fn edit_event(message_id: &str, body: &str, at: &str) -> Value {
    json!({"message_id": message_id, "chat": ANA, "phone": null, "lid": null, "from_me": false, "body": body, "at": at})
}

fn deletion_event(message_id: &str, at: &str) -> Value {
    json!({"message_id": message_id, "chat": ANA, "phone": null, "lid": null, "from_me": false, "at": at})
}

fn reaction_event(message_id: &str, emoji: Option<&str>, at: &str) -> Value {
    json!({"message_id": message_id, "chat": ANA, "phone": null, "lid": null, "emoji": emoji, "at": at})
}

fn call_event(call_id: &str, from: &str, video: bool) -> Value {
    json!({
        "call_id": call_id, "from": from, "phone": null, "lid": null, "pushname": "Ana",
        "video": video, "outcome": "missed", "at": session_api::Timestamp::now(),
    })
}

/// Returns each kind of content, as session-manager reports it and as the hub returns it.
fn kinds() -> Vec<(&'static str, Value, Value)> {
    let same = |kind, content: Value| (kind, content.clone(), content);
    vec![
        same(
            "ptt",
            json!({"media": {"mime": "audio/ogg; codecs=opus", "size": 9120, "seconds": 7, "state": "remote"}}),
        ),
        same(
            "document",
            json!({"media": {"mime": "application/pdf", "size": 90112, "filename": "el \u{1f3e0} recibo.pdf", "state": "gone"}}),
        ),
        same(
            "location",
            json!({"location": {"latitude": -34.6037, "longitude": -58.3816, "name": "Obelisco", "live": true}}),
        ),
        same(
            "vcard",
            json!({"contacts": [{"name": "Leo\u{0} Paz", "phones": [{"number": "+54 9 11 5825-4202", "whatsapp": "5491158254202"}], "emails": ["leo@example.com"]}]}),
        ),
        same(
            "poll_creation",
            json!({"poll": {"name": "¿Qué día?", "options": ["lunes", "martes"], "multiple": false}}),
        ),
        same(
            "order",
            json!({"order": {"id": "1", "title": "Silla", "items": 2, "total": 1500.5, "currency": "ARS"}}),
        ),
        same(
            "list_response",
            json!({"selected": {"kind": "list", "id": "si", "text": "Sí"}}),
        ),
        same(
            "chat",
            json!({"ad": {"source": "instagram", "id": "12", "title": "Casas", "url": "https://example.com/"}, "forwarded": true}),
        ),
        (
            "chat",
            json!({"quoted": {"message_id": "true_5491158254201@c.us_3EB0A", "author": "5491100000000@c.us", "from_me": true, "type": "chat", "text": "¿La de dos?"}}),
            json!({"quoted": {"message_id": "true_5491158254201@c.us_3EB0A", "author": "5491100000000@c.us", "from_me": true, "kind": "chat", "text": "¿La de dos?"}}),
        ),
        same(
            "image",
            json!({"media": {"mime": "image/jpeg", "width": 4, "height": 3, "thumbnail": "data:image/jpeg;base64,/9j/", "state": "remote"}, "view_once": true}),
        ),
    ]
}

/// The fields of a plain message.
const PLAIN: [&str; 13] = [
    "id",
    "message_id",
    "direccion",
    "telefono",
    "chat",
    "nombre",
    "tipo",
    "mensaje",
    "estado",
    "cliente_id",
    "campañaId",
    "fecha",
    "registrado",
];

on_both_engines! {
    async fn names_of_sent_files_are_in_the_history(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_response("/status", 200, r#"{"status":"READY"}"#);
        peer.accept_sends();
        let real = [("DRY_RUN", "false")];
        let hub = Hub::start_on(&database.url(), &peer.url, &real).await;
        let number = "5491158254201";
        for body in [
            json!({"to": number, "type": "document", "file_id": "a".repeat(32), "filename": "plano ñ.pdf", "caption": "Acá va"}),
            json!({"to": number, "type": "audio", "file_id": "b".repeat(32), "voice": true}),
            json!({"to": number, "message": "archivo: no"}),
        ] {
            let (status, answer) = ask(&hub, "POST", "/api/send", Some(&body)).await;
            assert_eq!(status, 200, "{answer}");
        }
        let filenames: Vec<_> = history(&hub, number)
            .await
            .iter()
            .map(|message| {
                (
                    message["tipo"].clone(),
                    message["mensaje"].clone(),
                    message["archivo"].clone(),
                    message["voz"].clone(),
                )
            })
            .collect();
        assert_eq!(
            filenames,
            [
                (
                    json!("document"),
                    json!("Acá va"),
                    json!("plano ñ.pdf"),
                    Value::Null
                ),
                (json!("audio"), json!(""), Value::Null, json!(true)),
                (
                    json!("text"),
                    json!("archivo: no"),
                    Value::Null,
                    Value::Null
                ),
            ]
        );
        hub.stop().await;
    }

    async fn files_of_sent_messages_are_in_the_history(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        peer.accept_sends();
        let hub = Hub::start_on(&database.url(), &peer.url, &[("DRY_RUN", "false")]).await;
        let number = "5491158254201";
        let file = json!({"mime": "image/png", "size": 9, "width": 3, "height": 2,
            "thumbnail": "data:image/jpeg;base64,/9j/", "state": "remote"});
        let ack = |wa_id: &str| {
            json!({"message_id": wa_id, "ack": 1, "status": "sent", "at": AT, "media": file})
        };
        let send = async |caption: &str| {
            let body = json!({"to": number, "type": "image", "file_id": "a".repeat(32), "caption": caption});
            let (status, answer) = ask(&hub, "POST", "/api/send", Some(&body)).await;
            assert_eq!(status, 200, "{answer}");
            answer["message_id"].as_str().unwrap().to_owned()
        };
        let first = send("antes").await;
        peer.publish("ack", &ack(&first));
        // The ack may also come before the answer to the send, and name a LID that is not known
        // as this person's.
        let key = "3EB0EARLY";
        let last = peer.publish("ack", &ack(&format!("true_987654321@lid_{key}")));
        wait_until_read(&hub, last).await;
        peer.set_response("/send", 200, &json!({"ok": true, "message_id": format!("true_{ANA}_{key}")}).to_string());
        assert_eq!(send("después").await, format!("true_{ANA}_{key}"));
        wait_until("both files", async || {
            let messages = history(&hub, number).await;
            messages.iter().all(|it| it["media"].is_object())
        })
        .await;
        let messages = history(&hub, number).await;
        for message in &messages {
            assert_eq!(message["media"], file, "{message}");
            let url = format!("/api/listener/messages/{}/media", message["id"]);
            assert_eq!(message["media_url"], url);
        }
        assert_eq!(messages.len(), 2);
        // Of a message that was deleted for everyone nothing is left, not even in session-manager.
        let last = peer.publish("message_deleted", &deletion_event(&first, LATER));
        wait_until_read(&hub, last).await;
        let messages = history(&hub, number).await;
        assert_eq!((&messages[0]["media"], &messages[0]["media_url"]), (&Value::Null, &Value::Null));
        wait_until("the deletion of the file", async || {
            let asked = peer.requests();
            asked.iter().any(|it| it.method == "DELETE" && it.path.ends_with("/media"))
        })
        .await;
        hub.stop().await;
    }

    async fn content_of_every_kind_is_returned_unchanged(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        let mut last_event = peer.publish_message(ONE, ANA, "hola");
        for (n, (kind, content, _)) in kinds().into_iter().enumerate() {
            let id = format!("false_5491158254201@c.us_3B{n:02}");
            let event = with_fields(
                with_fields(message(&id, ANA, "texto"), &json!({"type": kind})),
                &content,
            );
            // The event arrives twice, as after a reconnect.
            peer.publish("message", &event);
            last_event = peer.publish("message", &event);
        }
        wait_until_read(&hub, last_event).await;
        let messages = history(&hub, "5491158254201").await;
        assert_eq!(messages.len(), kinds().len() + 1);
        let own_message = |message: &Value| {
            let mut fields = message.as_object().unwrap().clone();
            fields.retain(|name, _| !PLAIN.contains(&name.as_str()));
            Value::Object(fields)
        };
        assert_eq!(own_message(&messages[0]), json!({}));
        for (message, (kind, _, mut expected)) in messages[1..].iter().zip(kinds()) {
            assert_eq!(message["tipo"], if kind == "chat" { "text" } else { kind });
            assert_eq!(message["mensaje"], "texto");
            if kind == "ptt" {
                let url = format!("/api/listener/messages/{}/media", message["id"]);
                expected["media_url"] = json!(url);
            }
            assert_eq!(own_message(message), expected);
        }
        // The list of conversations leaves out parts that it does not show.
        let event = with_fields(
            message("false_5491158254201@c.us_3C01", ANA, ""),
            &json!({"type": "image", "media": {
                "mime": "image/png", "thumbnail": "data:image/jpeg;base64,/9j/", "state": "remote"}}),
        );
        wait_until_read(&hub, peer.publish("message", &event)).await;
        let conversations = get(&hub, "/api/listener/conversations").await;
        let last_event = &conversations["conversaciones"][0]["ultimo"];
        assert_eq!(
            last_event["media"],
            json!({"mime": "image/png", "state": "remote"})
        );
        assert!(last_event["media_url"].is_string());
        hub.stop().await;
    }

    async fn edits_keep_earlier_texts_in_any_order(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = start(&database, &peer).await;
        subscribe(&hub, &receiver.url("/"), &["message", "message_edited"]).await;
        // An edit before its message, and one whose message never arrives.
        peer.publish("message_edited", &edit_event(ONE, "a las once", LATER));
        peer.publish(
            "message_edited",
            &edit_event("false_5491158254201@c.us_3AFF", "nada", AT),
        );
        peer.publish_message(ONE, ANA, "a las nueve");
        peer.publish("message_edited", &edit_event(ONE, "a las diez", AT));
        peer.publish("message_edited", &edit_event(ONE, "a las once", LATER));
        let last_event = peer.publish_message(ONE, ANA, "a las nueve");
        wait_until_read(&hub, last_event).await;
        let messages = history(&hub, "5491158254201").await;
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0]["mensaje"], "a las once");
        assert_eq!(
            messages[0]["edits"],
            json!([
                {"text": "a las nueve", "at": AT}, {"text": "a las diez", "at": LATER},
            ])
        );
        // The message is found only by its newest text.
        for (word, count) in [("once", 1), ("nueve", 0), ("diez", 0)] {
            let found_messages = get(&hub, &format!("/api/listener/messages?buscar={word}")).await;
            assert_eq!(
                found_messages["mensajes"].as_array().unwrap().len(),
                count,
                "{word}"
            );
        }
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 2).await;
        let deliveries: Vec<_> = receiver
            .deliveries("/")
            .iter()
            .map(crate::receiver::Delivery::json)
            .collect();
        let edit = deliveries
            .iter()
            .find(|delivery| delivery["type"] == "message_edited")
            .unwrap();
        assert_eq!(edit["data"]["mensaje"], "a las once");
        assert_eq!(edit["data"]["id"], messages[0]["id"]);
        assert_eq!(edit["data"]["fecha"], LATER);
        hub.stop().await;
    }

    async fn deleted_message_has_no_content(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = start(&database, &peer).await;
        subscribe(&hub, &receiver.url("/"), &["message_deleted"]).await;
        peer.add_media(ONE, "image/jpeg", b"a picture");
        let photo = with_fields(
            message(ONE, ANA, "la clave es 1234"),
            &json!({"type": "image", "media": {
                "mime": "image/jpeg", "state": "remote"}}),
        );
        peer.publish("message", &photo);
        peer.publish("message_edited", &edit_event(ONE, "la clave es 4321", AT));
        peer.publish("reaction", &reaction_event(ONE, Some("👍"), AT));
        peer.publish("message_deleted", &deletion_event(ONE, LATER));
        peer.publish("message_deleted", &deletion_event(ONE, LATER));
        // Later events about the deleted message change nothing.
        peer.publish(
            "message_edited",
            &edit_event(ONE, "la clave es 9999", LATER),
        );
        peer.publish("reaction", &reaction_event(ONE, Some("😂"), LATER));
        // A deletion before its message.
        peer.publish(
            "message_deleted",
            &deletion_event("false_5491158254201@c.us_3A02", AT),
        );
        peer.publish_message("false_5491158254201@c.us_3A02", ANA, "la clave es 5678");
        let last_event = peer.publish("message", &photo);
        wait_until_read(&hub, last_event).await;
        let messages = history(&hub, "5491158254201").await;
        assert_eq!(messages.len(), 2);
        for (message, at) in messages.iter().zip([LATER, AT]) {
            assert_eq!(
                (&message["mensaje"], &message["deleted_at"]),
                (&json!(""), &json!(at))
            );
            for deleted_field in ["media", "media_url", "edits", "reactions"] {
                assert!(message.get(deleted_field).is_none(), "{deleted_field}");
            }
        }
        assert_eq!(messages[0]["tipo"], "image");
        let found_messages = get(&hub, "/api/listener/messages?buscar=clave").await;
        assert_eq!(found_messages["mensajes"], json!([]));
        let texts: Vec<Option<String>> = sqlx::query_scalar(
            "SELECT body || COALESCE(content, '') || COALESCE(edits, '') FROM messages
             UNION ALL SELECT data FROM early_changes",
        )
        .fetch_all(hub.store.reader())
        .await
        .unwrap();
        assert_eq!(texts, [Some(String::new()), Some(String::new())]);
        // The file is deleted as well, and cannot be requested meanwhile.
        let (status, body) = hub
            .get(&format!(
                "/api/listener/messages/{}/media",
                messages[0]["id"]
            ))
            .await;
        assert_eq!((status, code(&body).as_str()), (410, "MEDIA_GONE"));
        wait_until("the deletion", async || {
            peer.requests().iter().any(|request| {
                request.method == "DELETE" && request.path == format!("/messages/{ONE}/media")
            })
        })
        .await;
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 2).await;
        let delivery = receiver.deliveries("/")[0].json();
        assert_eq!(delivery["type"], "message_deleted");
        assert!(delivery["data"].get("mensaje").is_none());
        hub.stop().await;
    }

    async fn deleted_text_is_sent_nowhere_anymore(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = start(&database, &peer).await;
        subscribe(&hub, &receiver.url("/"), &["message", "message_edited"]).await;
        let quoted =
            json!({"quoted": {"message_id": "false_x_1", "from_me": false, "text": "a\0b"}});
        peer.publish(
            "message",
            &with_fields(message(ONE, ANA, "la clave es 1234"), &quoted),
        );
        let last_event = peer.publish("message_edited", &edit_event(ONE, "la clave es 4321", AT));
        wait_until_read(&hub, last_event).await;
        // A stored request, as for a message that the hub sent.
        sqlx::query("UPDATE messages SET request = '{\"message\":\"la clave\"}'")
            .execute(hub.store.writer())
            .await
            .unwrap();
        let last_event = peer.publish("message_deleted", &deletion_event(ONE, LATER));
        wait_until_read(&hub, last_event).await;
        let stored: Vec<String> = sqlx::query_scalar(
            "SELECT payload FROM webhook_deliveries UNION ALL
             SELECT request FROM messages WHERE request IS NOT NULL",
        )
        .fetch_all(hub.store.reader())
        .await
        .unwrap();
        assert_eq!(stored, [""; 0]);
        // A NUL in a pending delivery does not prevent the deletion.
        let last_event = peer.publish(
            "message",
            &with_fields(
                message("false_5491158254201@c.us_3A09", ANA, "hola"),
                &quoted,
            ),
        );
        wait_until_read(&hub, last_event).await;
        assert_eq!(
            ask(&hub, "DELETE", "/api/contacts/5491158254201", None)
                .await
                .0,
            200
        );
        hub.stop().await;
    }

    async fn last_reaction_of_a_contact_is_kept(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = start(&database, &peer).await;
        subscribe(&hub, &receiver.url("/"), &["reaction"]).await;
        // A reaction to one of the account's messages before the hub knows that
        // message, and one to a contact's message.
        let own_id = "true_5491158254201@c.us_3EB0A";
        peer.publish("reaction", &reaction_event(own_id, Some("❤️"), AT));
        let sent = with_fields(
            message(own_id, "5491100000000@c.us", "la casa"),
            &json!({"from_me": true, "to": ANA}),
        );
        peer.publish("message", &sent);
        peer.publish_message(ONE, ANA, "gracias");
        peer.publish("reaction", &reaction_event(ONE, Some("😂"), LATER));
        peer.publish("reaction", &reaction_event(ONE, Some("😂"), LATER));
        let last_event = peer.publish("reaction", &reaction_event(ONE, Some("👍"), AT));
        wait_until_read(&hub, last_event).await;
        let messages = history(&hub, "5491158254201").await;
        assert_eq!(
            messages[0]["reactions"],
            json!([{"emoji": "❤️", "from": ANA, "at": AT}])
        );
        assert_eq!(
            messages[1]["reactions"],
            json!([{"emoji": "😂", "from": ANA, "at": LATER}])
        );
        // Another contact may name a message that is not in their chat.
        let mut foreign = reaction_event(ONE, Some("😡"), LATER);
        foreign["chat"] = json!(LEO);
        peer.publish("reaction", &foreign);
        foreign["message_id"] = json!(own_id.replace("4201", "4202"));
        peer.publish("reaction", &foreign);
        // A reaction in a group.
        foreign["chat"] = json!("12036302@g.us");
        peer.publish("reaction", &foreign);
        peer.publish("reaction", &reaction_event(own_id, None, LATER));
        let last_event = peer.publish("reaction", &reaction_event(own_id, Some("❤️"), AT));
        wait_until_read(&hub, last_event).await;
        let messages = history(&hub, "5491158254201").await;
        assert!(messages[0].get("reactions").is_none(), "{}", messages[0]);
        assert_eq!(messages[1]["reactions"].as_array().unwrap().len(), 1);
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 3).await;
        let deliveries: Vec<_> = receiver
            .deliveries("/")
            .iter()
            .map(|delivery| delivery.json()["data"]["emoji"].clone())
            .collect();
        assert!(
            deliveries.contains(&Value::Null) && deliveries.contains(&json!("😂")),
            "{deliveries:?}"
        );
        hub.stop().await;
    }

    async fn missed_call_is_listed_and_needs_no_reply(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = start(&database, &peer).await;
        subscribe(&hub, &receiver.url("/"), &["message", "call"]).await;
        peer.publish("call", &call_event("A1B2", ANA, true));
        let last_event = peer.publish("call", &call_event("A1B2", ANA, true));
        wait_until_read(&hub, last_event).await;
        let messages = history(&hub, "5491158254201").await;
        assert_eq!(messages.len(), 1);
        let entry = &messages[0];
        assert_eq!(
            (&entry["tipo"], &entry["mensaje"]),
            (&json!("call"), &json!(""))
        );
        assert_eq!(
            (&entry["video"], &entry["outcome"]),
            (&json!(true), &json!("missed"))
        );
        assert_eq!(
            (&entry["direccion"], &entry["estado"]),
            (&json!("entrante"), &json!("recibido"))
        );
        let inbox = get(&hub, "/api/listener/inbox").await;
        assert_eq!(
            (&inbox["sin_responder"], &inbox["sin_leer"]),
            (&json!(0), &json!(1))
        );
        let talks = get(&hub, "/api/listener/conversations").await;
        assert_eq!(talks["conversaciones"][0]["ultimo"]["tipo"], "call");
        assert_eq!(talks["conversaciones"][0]["nombre"], "Ana");
        // A contact who was already waiting still waits since their message; then a person answers.
        peer.publish_message("false_5491158254202@c.us_3A02", LEO, "¿hola?");
        let last_event = peer.publish("call", &call_event("A1B3", LEO, false));
        wait_until_read(&hub, last_event).await;
        assert_eq!(get(&hub, "/api/listener/inbox").await["sin_responder"], 1);
        let waits = get(&hub, "/api/listener/history/5491158254202").await;
        assert!(waits["sin_responder_desde"].is_string());
        let talks = get(&hub, "/api/listener/conversations?filtro=sin_responder").await;
        assert_eq!(talks["conversaciones"].as_array().unwrap().len(), 1);
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 3).await;
        let calls: Vec<_> = receiver
            .deliveries("/")
            .iter()
            .map(Delivery::json)
            .filter(|delivery| delivery["type"] == "call")
            .collect();
        assert_eq!(calls.len(), 2);
        assert_eq!(calls[0]["data"]["outcome"], "missed");
        hub.stop().await;
    }

    async fn opt_out_words_count_in_edits_and_captions(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        peer.publish_message(ONE, ANA, "hola");
        peer.publish("message_edited", &edit_event(ONE, "BAJA", AT));
        let photo = with_fields(
            message("false_5491158254202@c.us_3A02", LEO, "No me escriban más"),
            &json!({
                "type": "image", "media": {"mime": "image/jpeg", "state": "remote"}}),
        );
        peer.publish("message", &photo);
        // An edit of the account's own message is not an opt-out of the contact.
        let own_id = "true_5491158254203@c.us_3EB0A";
        let sent = with_fields(
            message(own_id, "5491100000000@c.us", "hola"),
            &json!({"from_me": true, "to": "5491158254203@c.us"}),
        );
        peer.publish("message", &sent);
        let last_event = peer.publish(
            "message_edited",
            &with_fields(
                edit_event(own_id, "BAJA", AT),
                &json!({
                "chat": "5491158254203@c.us", "from_me": true}),
            ),
        );
        wait_until_read(&hub, last_event).await;
        for (number, status) in [
            ("5491158254201", 200),
            ("5491158254202", 200),
            ("5491158254203", 404),
        ] {
            assert_eq!(
                hub.get(&format!("/api/sender/bajas/{number}")).await.0,
                status,
                "{number}"
            );
        }
        // A contact who opted out needs no reply.
        assert_eq!(get(&hub, "/api/listener/inbox").await["sin_responder"], 0);
        assert_eq!(history(&hub, "5491158254203").await[0]["mensaje"], "BAJA");
        // Reported again, it does not undo what a person decided since.
        let lifted = hub
            .http
            .delete(hub.url("/api/sender/bajas/5491158254201"))
            .send()
            .await;
        assert_eq!(lifted.unwrap().status(), 204);
        let last_event = peer.publish("message_edited", &edit_event(ONE, "BAJA", AT));
        wait_until_read(&hub, last_event).await;
        assert_eq!(hub.get("/api/sender/bajas/5491158254201").await.0, 404);
        // The opt-out also counts while recording is off, and then no text is stored.
        assert_eq!(
            hub.post("/api/listener/mode", r#"{"mode":"off"}"#).await.0,
            200
        );
        let last_event = peer.publish(
            "message_edited",
            &with_fields(
                edit_event("false_5491158254204@c.us_3A09", "BAJA", AT),
                &json!({
                "chat": "5491158254204@c.us"}),
            ),
        );
        wait_until_read(&hub, last_event).await;
        assert_eq!(hub.get("/api/sender/bajas/5491158254204").await.0, 200);
        let stored: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM early_changes")
            .fetch_one(hub.store.reader())
            .await
            .unwrap();
        assert_eq!(stored, 0);
        hub.stop().await;
    }

    async fn edited_undecryptable_message_is_replaced_by_its_content(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        let unreadable = with_fields(message(ONE, ANA, ""), &json!({"type": "ciphertext"}));
        let other_id = "false_5491158254201@c.us_3A02";
        peer.publish("message", &unreadable);
        peer.publish(
            "message",
            &with_fields(unreadable, &json!({"message_id": other_id})),
        );
        peer.publish("message_edited", &edit_event(ONE, "mañana no", LATER));
        peer.publish("message_deleted", &deletion_event(other_id, LATER));
        let photo = |id| {
            with_fields(
                message(id, ANA, "mañana"),
                &json!({
                "type": "image", "media": {"mime": "image/jpeg", "state": "remote"}}),
            )
        };
        peer.publish("message", &photo(ONE));
        let last_event = peer.publish("message", &photo(other_id));
        wait_until_read(&hub, last_event).await;
        let messages = history(&hub, "5491158254201").await;
        assert_eq!(messages[0]["mensaje"], "mañana no");
        assert_eq!(
            messages[0]["edits"],
            json!([{"text": "mañana", "at": LATER}])
        );
        assert!(messages[0]["media_url"].is_string());
        assert_eq!(
            (&messages[1]["mensaje"], &messages[1]["deleted_at"]),
            (&json!(""), &json!(LATER))
        );
        assert!(messages[1].get("media").is_none());
        hub.stop().await;
    }

    async fn changes_find_their_message_by_number_and_by_lid(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        let lid = "99887766554433@lid";
        // The change arrives first, under the LID; the message contains the number.
        peer.publish(
            "reaction",
            &with_fields(
                reaction_event("false_99887766554433@lid_3A01", Some("👍"), AT),
                &json!({"chat": lid}),
            ),
        );
        peer.publish(
            "message",
            &with_fields(message(ONE, ANA, "hola"), &json!({"lid": lid})),
        );
        let last_event = peer.publish(
            "message_edited",
            &with_fields(
                edit_event("false_99887766554433@lid_3A01", "hola!", AT),
                &json!({"chat": lid}),
            ),
        );
        wait_until_read(&hub, last_event).await;
        let messages = history(&hub, "5491158254201").await;
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0]["mensaje"], "hola!");
        assert_eq!(messages[0]["reactions"][0]["from"], ANA);
        hub.stop().await;
    }

    async fn changes_are_stored_before_they_are_published(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        wait_until_read(&hub, peer.publish_message(ONE, ANA, "hola")).await;
        let mut events = hub.events().await;
        let next = async |events: &mut Events, expected: &dyn Fn(&Value) -> bool| {
            loop {
                let event = events.next_named("conversation").await;
                if expected(&event) {
                    return event;
                }
            }
        };
        peer.publish("message_edited", &edit_event(ONE, "hola a todos", AT));
        let event = next(&mut events, &|message| message["mensaje"] == "hola a todos").await;
        // A reaction changes no text in the list, but it changes the conversation.
        let before = event["actualizado"].clone();
        peer.publish("reaction", &reaction_event(ONE, Some("👍"), AT));
        next(&mut events, &|conversation| {
            conversation["actualizado"] != before
        })
        .await;
        assert_eq!(
            history(&hub, "5491158254201").await[0]["reactions"][0]["emoji"],
            "👍"
        );
        hub.stop().await;
    }

    async fn deleted_contact_leaves_no_content(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = start(&database, &peer).await;
        let topics = [
            "message",
            "message_edited",
            "message_deleted",
            "reaction",
            "call",
        ];
        subscribe(&hub, &receiver.url("/"), &topics).await;
        peer.add_media(ONE, "image/jpeg", b"a picture");
        // session-manager is busy at first.
        let (two, busy) = (
            "false_5491158254201@c.us_3A02",
            r#"{"error":true,"code":"LEDGER_UNAVAILABLE","message":"x"}"#,
        );
        peer.set_response(&format!("/messages/{two}/media"), 503, busy);
        for id in [ONE, two] {
            peer.publish(
                "message",
                &with_fields(
                    message(id, ANA, "el plano"),
                    &json!({"type": "image", "media": {
                    "mime": "image/jpeg", "state": "remote"}}),
                ),
            );
        }
        peer.publish("message_edited", &edit_event(ONE, "el plano nuevo", AT));
        peer.publish("reaction", &reaction_event(ONE, Some("👍"), AT));
        peer.publish("call", &call_event("A1B2", ANA, false));
        // A change whose message never arrives.
        peer.publish(
            "message_edited",
            &edit_event("false_5491158254201@c.us_3AFF", "nada", AT),
        );
        peer.publish_message("false_5491158254202@c.us_3A02", LEO, "sigo acá");
        let last_event = peer.publish(
            "reaction",
            &with_fields(
                reaction_event("false_5491158254202@c.us_3A02", Some("👍"), AT),
                &json!({"chat": LEO}),
            ),
        );
        wait_until_read(&hub, last_event).await;
        wait_until("the deliveries", async || receiver.deliveries("/").len() == 7).await;
        let (status, body) = ask(&hub, "DELETE", "/api/contacts/5491158254201", None).await;
        assert_eq!(status, 200, "{body}");
        let deletion_count = |id: &str| {
            let path = format!("/messages/{id}/media");
            peer.requests()
                .iter()
                .filter(|request| request.method == "DELETE" && request.path == path)
                .count()
        };
        wait_until("the deletion", async || {
            deletion_count(ONE) == 1 && deletion_count(two) == 1
        })
        .await;
        wait_until("the deletion to be stored", async || {
            let waiting: Vec<String> = sqlx::query_scalar("SELECT wa_id FROM media_deletions")
                .fetch_all(hub.store.reader())
                .await
                .unwrap();
            waiting == [two]
        })
        .await;
        for table in ["messages", "early_changes", "inbox"] {
            let statement = format!("SELECT COUNT(*) FROM {table} WHERE chat = '{ANA}'");
            let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                .fetch_one(hub.store.reader())
                .await
                .unwrap();
            assert_eq!(count, 0, "{table}");
        }
        let stored: Vec<String> = sqlx::query_scalar("SELECT payload FROM webhook_deliveries")
            .fetch_all(hub.store.reader())
            .await
            .unwrap();
        assert_eq!(stored.len(), 2);
        assert!(
            stored.iter().all(|payload| payload.contains(LEO)),
            "{stored:?}"
        );
        assert_eq!(history(&hub, "5491158254202").await.len(), 1);
        hub.stop().await;
    }
}
