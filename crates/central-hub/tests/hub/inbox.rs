//! Tests of unanswered and unread conversations, through routes and events, on
//! both database engines.

use central_hub::store::{Filter, MessageState};
use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::access::{PASSWORD, admin_auth, basic_auth};
use crate::fake_session_manager::{FakeSessionManager, message, state};
use crate::support::{Events, Hub, ask, get, wait_until};

const ANA: &str = "5491158254201@c.us";
const LEO: &str = "5491158254202@c.us";

/// Publishes `READY` until the hub receives it, because the hub follows only new events.
async fn wait_until_ready(hub: &Hub, peer: &FakeSessionManager) {
    let ready = serde_json::from_str(&state("READY", 2)).unwrap();
    wait_until("the hub to receive READY", async || {
        peer.publish("state", &ready);
        get(hub, "/api/overview").await["sesion"]["servicio"] == "up"
    })
    .await;
}

async fn counts(hub: &Hub) -> (i64, i64) {
    let counts = get(hub, "/api/listener/inbox").await;
    let count_of = |name: &str| counts[name].as_i64().unwrap();
    (count_of("sin_responder"), count_of("sin_leer"))
}

async fn wait_for_counts(hub: &Hub, waiting: i64, unread: i64) {
    let description = format!("{waiting} wait, {unread} unread");
    wait_until(&description, async || {
        counts(hub).await == (waiting, unread)
    })
    .await;
}

async fn rows(hub: &Hub, query: &str) -> Vec<Value> {
    let page = get(hub, &format!("/api/listener/conversations{query}")).await;
    page["conversaciones"].as_array().unwrap().clone()
}

fn phone_numbers(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["telefono"].as_str().unwrap())
        .collect()
}

async fn post(hub: &Hub, path: &str, body: Value) -> Value {
    let (status, answer) = ask(hub, "POST", path, Some(&body)).await;
    assert!(status < 300, "{path} {status} {answer}");
    answer
}

/// Reads events up to the next `conversation` event of this chat.
async fn next_conversation(events: &mut Events, chat: &str) -> Value {
    loop {
        let event = events.next_named("conversation").await;
        if event["chat"] == chat {
            return event;
        }
    }
}

on_both_engines! {
    async fn inbound_messages_are_published_counted_and_answered(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        peer.accept_sends();
        let real = [("DRY_RUN", "false")];
        let hub = Hub::start_on(&database.url(), &peer.url, &real).await;
        wait_until_ready(&hub, &peer).await;
        let mut events = hub.events().await;
        // Recipients of a campaign are not conversations, but their list provides names.
        let campaign = json!({
            "nombre": "Marzo", "mensaje": "Hola {nombre}", "cliente_id": 51,
            "destinatarios": [{"destinatario": "5491158254202", "nombre": "Leo", "apellido": "Paz"}],
        });
        post(&hub, "/api/sender/campaigns", campaign).await;
        let bulk = json!({"mensajes": [{"destinatario": "5491158254209", "mensaje": "aviso"}]});
        post(&hub, "/api/sender/messages/bulk", bulk).await;
        assert!(rows(&hub, "").await.is_empty());

        peer.publish_message("false_5491158254201@c.us_3A01", ANA, "¿Cuánto sale?");
        let event = next_conversation(&mut events, ANA).await;
        assert_eq!(
            (&event["direccion"], &event["mensaje"]),
            (&json!("entrante"), &json!("¿Cuánto sale?"))
        );
        assert!(event["sin_responder_desde"].is_string(), "{event}");
        peer.publish_message("false_5491158254202@c.us_3A02", LEO, "hola");
        assert_eq!(
            next_conversation(&mut events, LEO).await["nombre"],
            "Leo Paz"
        );
        wait_for_counts(&hub, 2, 2).await;
        let waiting = rows(&hub, "?filtro=sin_responder").await;
        assert_eq!(waiting.len(), 2);
        let leo = waiting.iter().find(|row| row["chat"] == LEO).unwrap();
        assert_eq!(
            (&leo["nombre"], &leo["sin_leer"]),
            (&json!("Leo Paz"), &json!(1))
        );

        // The conversation was read, but is still unanswered.
        let last_read = leo["ultimo"]["id"].as_i64().unwrap();
        post(
            &hub,
            "/api/listener/conversations/+54 9 11 5825-4202/read",
            json!({"hasta": last_read}),
        )
        .await;
        assert_eq!(counts(&hub).await, (2, 1));
        // The conversation is answered.
        let answer = json!({"destinatario": "5491158254202", "mensaje": "¡Hola!"});
        post(&hub, "/api/sender/messages/send", answer).await;
        assert!(next_conversation(&mut events, LEO).await["sin_responder_desde"].is_null());
        assert_eq!(counts(&hub).await, (1, 1));
        assert_eq!(
            phone_numbers(&rows(&hub, "?filtro=sin_responder").await),
            ["5491158254201"]
        );
        let history = get(&hub, "/api/listener/history/5491158254202").await;
        assert_eq!(
            (&history["sin_responder_desde"], &history["sin_leer"]),
            (&Value::Null, &json!(0))
        );
        // The conversation is marked as needing no reply.
        post(
            &hub,
            "/api/listener/conversations/5491158254201/attended",
            json!({}),
        )
        .await;
        wait_for_counts(&hub, 0, 1).await;
        // The conversation is answered on the phone.
        peer.publish_message("false_5491158254201@c.us_3A03", ANA, "¿Hola?");
        wait_for_counts(&hub, 1, 1).await;
        let mut own_message = message(
            "true_5491158254201@c.us_3A04",
            "5491100000000@c.us",
            "ya te llamo",
        );
        own_message["from_me"] = json!(true);
        own_message["to"] = json!(ANA);
        own_message["at"] = json!("2099-01-14T13:02:09.336Z");
        peer.publish("message", &own_message);
        wait_for_counts(&hub, 0, 0).await;
        let (status, refusal) = ask(
            &hub,
            "GET",
            "/api/listener/conversations?filtro=viejas",
            None,
        )
        .await;
        assert_eq!((status, &refusal["code"]), (400, &json!("INVALID_REQUEST")));
        hub.stop().await;
    }

    async fn dry_run_reply_neither_answers_nor_creates_a_conversation(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        wait_until_ready(&hub, &peer).await;
        peer.publish_message("false_5491158254201@c.us_3A01", ANA, "¿Cuánto sale?");
        wait_for_counts(&hub, 1, 1).await;
        for to in ["5491158254201", "5491158254209"] {
            let text = json!({"destinatario": to, "mensaje": "Mucho"});
            assert_eq!(
                post(&hub, "/api/sender/messages/send", text).await["estado"],
                "simulado"
            );
        }
        assert_eq!(counts(&hub).await.0, 1);
        let conversations = rows(&hub, "").await;
        assert_eq!(phone_numbers(&conversations), ["5491158254201"]);
        assert_eq!(conversations[0]["ultimo"]["mensaje"], "¿Cuánto sale?");
        // A search does not find it either.
        assert!(rows(&hub, "?buscar=5825-4209").await.is_empty());
        hub.stop().await;
    }

    async fn messages_have_their_original_time_on_every_route(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        // The message was written six days ago, but delivered only now.
        let mut late_message = message("false_5491158254201@c.us_3A01", ANA, "desde la playa");
        late_message["at"] = json!("2026-03-10T15:00:00.000Z");
        peer.publish("message", &late_message);
        peer.publish_message("false_5491158254202@c.us_3A02", LEO, "hoy");
        wait_until("both messages", async || rows(&hub, "").await.len() == 2).await;
        let texts_found = async |query: &str| {
            let page = get(
                &hub,
                &format!("/api/sender/messages?direccion=todas&{query}"),
            )
            .await;
            let texts = page["mensajes"].as_array().unwrap().iter();
            texts
                .map(|text| text["mensaje"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            texts_found("desde=2026-03-09&hasta=2026-03-11").await,
            ["desde la playa"]
        );
        assert!(
            texts_found("desde=2026-03-11&hasta=2026-03-12")
                .await
                .is_empty()
        );
        assert_eq!(texts_found("hasta=2026-03-11").await, ["desde la playa"]);
        let page = get(
            &hub,
            "/api/sender/messages?direccion=entrante&hasta=2026-03-11",
        )
        .await;
        assert_eq!(page["mensajes"][0]["fecha"], "2026-03-10T15:00:00.000Z");
        let (_, csv) = hub
            .get("/api/sender/messages.csv?direccion=entrante&hasta=2026-03-11")
            .await;
        assert!(csv.contains("2026-03-10 12:00:00"), "{csv}");
        let listed = hub.store.messages(&Filter::default(), 9).await.unwrap();
        assert!(listed.iter().all(|row| row.state == MessageState::Received));
        hub.stop().await;
    }
}

#[tokio::test]
async fn read_state_and_events_are_per_business() {
    let peer = FakeSessionManager::with_event_log().await;
    peer.accept_sends();
    let variables = [("HUB_ADMIN_PASSWORD", PASSWORD), ("DRY_RUN", "false")];
    let hub = Hub::start_with(&peer.url, &variables).await;
    let eva = hub.add_cliente("eva", 52).await;
    let counts_of = async |caller: &str| {
        let (status, body) = hub
            .call_as(caller, "GET", "/api/listener/inbox", json!(null))
            .await;
        assert_eq!(status, 200, "{body}");
        (
            body["sin_responder"].as_i64().unwrap(),
            body["sin_leer"].as_i64().unwrap(),
        )
    };
    let listen = async |caller: &str| {
        let request = hub
            .http
            .get(hub.url("/api/events"))
            .header("authorization", caller);
        Events::from_response(request.send().await.unwrap())
    };
    let mut own_events = listen(&eva).await;
    let mut all_events = listen(&admin_auth()).await;
    peer.publish_message(
        "false_5491158254201@c.us_3A01",
        ANA,
        "para nadie en particular",
    );
    next_conversation(&mut all_events, ANA).await;
    let own_send = json!({"destinatario": "5491158254202", "mensaje": "hola", "cliente_id": 52});
    assert_eq!(
        hub.call_as(&eva, "POST", "/api/sender/messages/send", own_send)
            .await
            .0,
        201
    );
    peer.publish_message("false_5491158254202@c.us_3A02", LEO, "hola, Eva");
    // Events of other businesses are withheld: the first event that she receives is her own.
    let first_event = own_events.next_named("conversation").await;
    assert_eq!(first_event["chat"], LEO);
    wait_until("the expected counts", async || {
        counts_of(&admin_auth()).await == (2, 2)
    })
    .await;
    assert_eq!(counts_of(&eva).await, (1, 1));
    let path = "/api/listener/conversations/5491158254202";
    let (status, body) = hub
        .call_as(&eva, "POST", &format!("{path}/read"), json!({}))
        .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (counts_of(&eva).await, counts_of(&admin_auth()).await),
        ((1, 0), (2, 2))
    );
    let (status, body) = hub
        .call_as(&eva, "POST", &format!("{path}/attended"), json!({}))
        .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (counts_of(&eva).await, counts_of(&admin_auth()).await),
        ((0, 0), (1, 2))
    );
    assert_eq!(
        hub.call_as(
            &basic_auth("eva", "no"),
            "GET",
            "/api/listener/inbox",
            json!(null)
        )
        .await
        .0,
        401
    );
    hub.stop().await;
}
