//! Tests of messages from queueing to their outcome, on both database engines.

use futures_util::future::join_all;
use scratch_database::{Database, Server, on_both_engines};
use serde_json::{Value, json};

use crate::fake_session_manager::{FakeSessionManager, state};
use crate::support::{Hub, code as code_of, get, text, wait_until, wait_until_read};

const TO: &str = "5491158254201";
const REAL: &[(&str, &str)] = &[("DRY_RUN", "false")];

async fn start_real(database: &Database, peer: &FakeSessionManager) -> Hub {
    Hub::start_on(&database.url(), &peer.url, REAL).await
}

/// Starts a fake session-manager that can send.
async fn ready() -> FakeSessionManager {
    let peer = FakeSessionManager::start().await;
    peer.set_state("READY");
    peer.accept_sends();
    peer
}

async fn post(hub: &Hub, path: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
    let mut request = hub.http.post(hub.url(path)).json(body);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let (status, body) = text(request).await;
    (status, serde_json::from_str(&body).unwrap())
}

async fn send(hub: &Hub, key: Option<&str>) -> (u16, Value) {
    let body = json!({"to": TO, "message": "hola"});
    post(hub, "/send", key, &body).await
}

async fn send_single(hub: &Hub, to: &str) -> (u16, Value) {
    let body = json!({"destinatario": to, "mensaje": "hola", "cliente_id": 51});
    post(hub, "/api/sender/messages/send", None, &body).await
}

/// Builds this number of messages, each to a different number.
fn messages(count: usize) -> Value {
    let message =
        |n| json!({"destinatario": format!("54911{n:08}"), "mensaje": format!("hola {n}")});
    json!({"cliente_id": 51, "mensajes": (0..count).map(message).collect::<Vec<_>>()})
}

async fn bulk(hub: &Hub, body: &Value) -> Vec<i64> {
    let (status, body) = post(hub, "/api/sender/messages/bulk", None, body).await;
    assert_eq!(status, 202, "{body}");
    let rows = body["mensajes"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

async fn status(hub: &Hub, id: impl std::fmt::Display) -> Value {
    let path = format!("/api/sender/messages/status/{id}");
    let (status, body) = hub.get(&path).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

async fn wait_for_estado(hub: &Hub, id: i64, estado: &str) {
    wait_until(estado, async || status(hub, id).await["estado"] == estado).await;
}

fn causes(status: &Value) -> Vec<(&str, &str)> {
    let steps = status["historial"].as_array().unwrap();
    steps
        .iter()
        .map(|step| (step["a"].as_str().unwrap(), step["causa"].as_str().unwrap()))
        .collect()
}

on_both_engines! {
    async fn bulk_messages_to_strangers_wait_for_whatsapps_limits(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        peer.set_response("/status", 200, r#"{"status":"READY"}"#);
        peer.accept_sends();
        let hub = start_real(&database, &peer).await;
        let limits = |locked: bool, is_synced: bool| {
            let new_chats = json!({"status": "NONE", "used": 0, "total": null, "cycle_end": null});
            let reach_out = json!({"locked": locked, "until": null, "kind": null});
            json!({"reach_out": reach_out, "new_chats": new_chats,
                    "first_sync": {"complete": is_synced, "progress": null}})
        };
        let set = async |data: Value| {
            peer.publish("limits", &data);
            wait_until("the hub to know the limits", async || {
                let overview = get(&hub, "/api/overview").await;
                overview["sesion"]["limites"]["reach_out"]["locked"] == data["reach_out"]["locked"]
                    && overview["sesion"]["limites"]["first_sync"]["complete"]
                        == data["first_sync"]["complete"]
            })
            .await;
        };
        let ready = peer.publish("state", &serde_json::from_str(&state("READY", 2)).unwrap());
        wait_until_read(&hub, ready).await;
        wait_until_read(
            &hub,
            peer.publish_message(
                "false_5491100000001@c.us_3A01",
                "5491100000001@c.us",
                "hola",
            ),
        )
        .await;
        for (locked, is_synced) in [(true, true), (false, false)] {
            set(limits(locked, is_synced)).await;
            let before = peer.sends().len();
            let ids = bulk(&hub, &messages(4)).await;
            // Contact 1 wrote before, and a single message is written by a
            // person, so these two are sent.
            let (_, created) = send_single(&hub, "5491199999999").await;
            for id in [&json!(ids[1]), &created["id"]] {
                wait_until("the message to be sent", async || {
                    status(&hub, id).await["estado"] == "enviado"
                })
                .await;
            }
            assert_eq!(peer.sends().len(), before + 2);
            for id in [ids[0], ids[2], ids[3]] {
                assert_eq!(status(&hub, id).await["estado"], "pendiente");
            }
            set(limits(false, true)).await;
            for id in &ids {
                wait_until("the other message to be sent", async || {
                    status(&hub, id).await["estado"] == "enviado"
                })
                .await;
            }
        }
        hub.stop().await;
    }

    async fn queued_messages_are_sent_once_the_session_is_ready(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.accept_sends();
        let hub = start_real(&database, &peer).await;
        let campaign = json!({"nombre": "marzo", "mensaje": "hola", "cliente_id": 51});
        let (created, campaign) = post(&hub, "/api/sender/campaigns", None, &campaign).await;
        assert_eq!(created, 201, "{campaign}");
        let mut forty = messages(40);
        forty["campañaId"] = campaign["id"].clone();
        let ids = bulk(&hub, &forty).await;
        assert_eq!(ids.len(), 40);
        assert_eq!(status(&hub, ids[0]).await["estado"], "pendiente");
        assert!(peer.sends().is_empty());
        peer.set_state("READY");
        for id in &ids {
            wait_for_estado(&hub, *id, "enviado").await;
        }
        let sends = peer.sends();
        assert_eq!(sends.len(), 40, "each message must be sent once");
        assert!(
            sends
                .iter()
                .all(|request| request.headers["x-cliente-id"] == "51")
        );
        let first_status = status(&hub, ids[0]).await;
        assert_eq!(first_status["campañaId"], campaign["id"]);
        assert_eq!(first_status["destinatario"], "5491100000000");
        assert_eq!(first_status["mensaje"], "hola 0");
        assert_eq!(
            causes(&first_status),
            [
                ("pendiente", "ASKED"),
                ("enviando", "TAKEN"),
                ("enviado", "SENT")
            ]
        );
        let by_wa_id = status(&hub, first_status["message_id"].as_str().unwrap()).await;
        assert_eq!(by_wa_id["id"], ids[0]);
        hub.stop().await;
    }

    async fn temporary_failures_are_retried_and_refusals_are_final(database: Database) {
        let peer = ready().await;
        let hub = start_real(&database, &peer).await;
        for (status, code) in [
            (503, "SESSION_NOT_READY"),
            (503, "OVERLOADED"),
            (503, "LEDGER_UNAVAILABLE"),
            (504, "SEND_UNCONFIRMED"),
            (500, "INTERNAL"),
        ] {
            peer.fail_next_send(status, code);
            let (answered, body) = send_single(&hub, TO).await;
            assert_eq!(answered, 201, "{body}");
            let expected = if status == 503 {
                "pendiente"
            } else {
                "sin_confirmar"
            };
            assert_eq!(body["estado"], expected, "{code}: {body}");
            wait_for_estado(&hub, body["id"].as_i64().unwrap(), "enviado").await;
        }
        let before = peer.sends().len();
        peer.fail_next_send(404, "NOT_ON_WHATSAPP");
        let (status_code, body) = send_single(&hub, TO).await;
        assert_eq!(
            (status_code, body["code"].as_str()),
            (404, Some("NOT_ON_WHATSAPP"))
        );
        peer.fail_next_send(502, "SEND_FAILED");
        let ids = bulk(&hub, &messages(1)).await;
        wait_for_estado(&hub, ids[0], "fallido").await;
        let failed = status(&hub, ids[0]).await;
        assert_eq!(
            (failed["error"].as_str(), failed["motivo"].as_str()),
            (Some("SEND_FAILED"), Some("why"))
        );
        assert_eq!(
            peer.sends().len(),
            before + 2,
            "the hub must not retry a refused message by itself"
        );

        // A user may retry the message, but has to give a reason.
        let path = format!("/api/sender/messages/{}/retry", ids[0]);
        let (code, body) = post(&hub, &path, None, &json!({"motivo": " "})).await;
        assert_eq!(code, 400, "{body}");
        let (code, body) = post(&hub, &path, None, &json!({"motivo": "lo pidió Ana"})).await;
        assert_eq!((code, body["estado"].as_str()), (200, Some("pendiente")));
        wait_for_estado(&hub, ids[0], "enviado").await;
        let after = status(&hub, ids[0]).await;
        let retry_step = after["historial"]
            .as_array()
            .unwrap()
            .iter()
            .find(|step| step["causa"] == "RETRY_ASKED");
        assert_eq!(retry_step.unwrap()["detalle"], "lo pidió Ana");
        let (code, body) = post(&hub, &path, None, &json!({"motivo": "otra vez"})).await;
        assert_eq!(
            (code, body["code"].as_str()),
            (409, Some("MESSAGE_NOT_FAILED"))
        );
        // The key is the same, so both attempts are one message.
        let key = |retry_step: &crate::fake_session_manager::RecordedRequest| {
            retry_step.headers["idempotency-key"].clone()
        };
        let keys: Vec<_> = peer.sends()[before + 1..].iter().map(key).collect();
        assert_eq!(keys[0], keys[1]);
        hub.stop().await;
    }

    async fn send_reported_as_failed_is_not_sent_later(database: Database) {
        let peer = ready().await;
        let hub = start_real(&database, &peer).await;
        peer.fail_next_send(503, "SESSION_NOT_READY");
        let (code, body) = send(&hub, Some("k1")).await;
        assert_eq!(
            (code, body["code"].as_str()),
            (503, Some("SESSION_NOT_READY"))
        );
        // Messages queued afterwards are sent, so that one would have been sent as well.
        let ids = bulk(&hub, &messages(1)).await;
        wait_for_estado(&hub, ids[0], "enviado").await;
        peer.set_state("READY");
        let ids = bulk(&hub, &messages(1)).await;
        wait_for_estado(&hub, ids[0], "enviado").await;
        let k1_count = || {
            peer.sends()
                .iter()
                .filter(|request| request.headers["idempotency-key"] == "k1")
                .count()
        };
        assert_eq!(k1_count(), 1);
        // A retry by the caller with the same key continues the same row.
        let (code, body) = send(&hub, Some("k1")).await;
        assert_eq!(code, 200, "{body}");
        let repeated = send(&hub, Some("k1")).await;
        assert_eq!(repeated, (200, body.clone()));
        assert_eq!(k1_count(), 2);
        let row = status(&hub, body["message_id"].as_str().unwrap()).await;
        assert_eq!(
            causes(&row),
            [
                ("enviando", "ASKED"),
                ("fallido", "SESSION_NOT_READY"),
                ("enviando", "ASKED_AGAIN"),
                ("enviado", "SENT")
            ]
        );
        let other_body = json!({"to": TO, "message": "otra"});
        let (code, body) = post(&hub, "/send", Some("k1"), &other_body).await;
        assert_eq!(
            (code, body["code"].as_str()),
            (409, Some("IDEMPOTENCY_KEY_REUSED"))
        );
        hub.stop().await;
    }

    async fn unknown_outcome_is_resolved_with_the_same_key(database: Database) {
        let peer = ready().await;
        let hub = start_real(&database, &peer).await;
        peer.fail_next_send(504, "SEND_UNCONFIRMED");
        let (code, body) = send(&hub, Some("k1")).await;
        assert_eq!(
            (code, body["code"].as_str()),
            (504, Some("SEND_UNCONFIRMED"))
        );
        wait_until("the outcome", async || {
            send(&hub, Some("k1")).await.0 == 200
        })
        .await;
        let sends = peer.sends();
        assert!(
            sends.len() >= 2
                && sends
                    .iter()
                    .all(|send| send.headers["idempotency-key"] == "k1")
        );
        // The outbox also settles the message without a waiting caller.
        peer.fail_next_send(504, "SEND_UNCONFIRMED");
        send(&hub, None).await;
        let key = peer.last_request().headers["idempotency-key"]
            .to_str()
            .unwrap()
            .to_owned();
        wait_until("the outcome", async || {
            let id = format!("true_{TO}@c.us_{key}");
            let path = format!("/api/sender/messages/status/{id}");
            hub.get(&path).await.0 == 200
        })
        .await;
        hub.stop().await;
    }

    async fn possibly_sent_message_is_never_reported_as_not_sent(database: Database) {
        let mut peer = ready().await;
        let hub = start_real(&database, &peer).await;
        peer.never_respond("/send");
        let (code, body) = send(&hub, Some("k1")).await;
        assert_eq!(
            (code, body["code"].as_str()),
            (504, Some("SESSION_MANAGER_TIMEOUT"))
        );
        peer.stop_listening().await;
        wait_until("the hub to notice the lost connection", async || {
            let (_, health) = hub.get("/api/health").await;
            health.contains(r#""status":"down","state":null"#)
        })
        .await;
        // This attempt certainly had no effect, but the previous one may have had.
        wait_until("the message to be free for another attempt", async || {
            let (code, body) = send(&hub, Some("k1")).await;
            assert_eq!(
                (code, body["code"].as_str()),
                (504, Some("SEND_UNCONFIRMED"))
            );
            let (_, list) = hub.get("/api/sender/messages?estado=sin_confirmar").await;
            list.contains(r#""intentos":2"#)
        })
        .await;
        peer.accept_sends();
        peer.listen_again().await;
        wait_until("the outcome", async || {
            send(&hub, Some("k1")).await.0 == 200
        })
        .await;
        hub.stop().await;
    }

    async fn concurrent_requests_with_one_key_send_one_message(database: Database) {
        let peer = ready().await;
        let hub = start_real(&database, &peer).await;
        let answers = join_all((0..10).map(|_| send(&hub, Some("k1")))).await;
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{answers:?}"
        );
        assert_eq!(answers[0].0, 200);
        assert_eq!(peer.sends().len(), 1);
        hub.stop().await;
    }

    async fn messages_to_one_number_keep_their_order(database: Database) {
        let peer = ready().await;
        let hub = start_real(&database, &peer).await;
        let message = |n: usize| json!({"destinatario": TO, "mensaje": format!("m{n}")});
        let body = json!({"mensajes": (0..10).map(message).collect::<Vec<_>>()});
        // One message in the middle is blocked for a while.
        peer.fail_next_send(504, "SEND_UNCONFIRMED");
        let ids = bulk(&hub, &body).await;
        for id in &ids {
            wait_for_estado(&hub, *id, "enviado").await;
        }
        let mut texts: Vec<_> = peer
            .sends()
            .iter()
            .map(|request| request.body.clone())
            .collect();
        texts.dedup();
        let expected: Vec<_> = (0..10)
            .map(|n| format!(r#"{{"to":"{TO}","message":"m{n}"}}"#))
            .collect();
        assert_eq!(texts, expected);
        hub.stop().await;
    }

    async fn dry_run_is_never_sent_and_real_messages_wait(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.accept_sends();
        // These messages are accepted for real sending while nothing can be sent.
        let hub = start_real(&database, &peer).await;
        let for_real = bulk(&hub, &messages(3)).await;
        hub.stop().await;
        peer.set_state("READY");

        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        let rehearsed = bulk(&hub, &messages(3)).await;
        for id in &rehearsed {
            wait_for_estado(&hub, *id, "simulado").await;
        }
        let row = status(&hub, rehearsed[1]).await;
        assert_eq!(
            (row["dry_run"].as_bool(), row["mensaje"].as_str()),
            (Some(true), Some("hola 1"))
        );
        let (code, body) = send_single(&hub, TO).await;
        assert_eq!(
            (code, body["estado"].as_str(), body["dry_run"].as_bool()),
            (201, Some("simulado"), Some(true))
        );
        let (code, body) = send(&hub, Some("k1")).await;
        let id = body["message_id"].as_str().unwrap();
        assert_eq!((code, body["dry_run"].as_bool()), (200, Some(true)));
        assert_eq!(status(&hub, id).await["estado"], "simulado");
        assert_eq!(send(&hub, Some("k1")).await, (200, body.clone()));
        assert_eq!(status(&hub, for_real[0]).await["estado"], "pendiente");
        assert!(peer.sends().is_empty());
        hub.stop().await;

        // Without `DRY_RUN`, only messages that were accepted for real sending are sent.
        let hub = start_real(&database, &peer).await;
        for id in &for_real {
            wait_for_estado(&hub, *id, "enviado").await;
        }
        assert_eq!(send(&hub, Some("k1")).await, (200, body));
        for id in &rehearsed {
            assert_eq!(status(&hub, *id).await["estado"], "simulado");
        }
        assert_eq!(peer.sends().len(), 3);
        hub.stop().await;
    }

    async fn bulk_is_atomic_and_idempotent_by_key(database: Database) {
        let peer = ready().await;
        let hub = start_real(&database, &peer).await;
        let path = "/api/sender/messages/bulk";
        let invalid_bulk = json!({"mensajes": [
            {"destinatario": TO, "mensaje": "hola"},
            {"destinatario": "12", "mensaje": "hola"},
        ]});
        let (code, body) = post(&hub, path, None, &invalid_bulk).await;
        assert_eq!(
            (code, body["code"].as_str()),
            (400, Some("INVALID_REQUEST"))
        );
        let message = body["message"].as_str().unwrap();
        assert!(
            message.starts_with("mensajes[1].destinatario: "),
            "{message}"
        );
        for invalid_bulk in [
            json!({"mensajes": []}),
            json!({}),
            json!({"mensajes": [{"destinatario": TO}]}),
        ] {
            assert_eq!(
                post(&hub, path, None, &invalid_bulk).await.0,
                400,
                "{invalid_bulk}"
            );
        }
        let first_response = post(&hub, path, Some("b1"), &messages(3)).await;
        let repeated = post(&hub, path, Some("b1"), &messages(3)).await;
        assert_eq!((first_response.0, repeated.0), (202, 202));
        let ids = |answer: &Value| {
            answer["mensajes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["id"].as_i64().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&first_response.1), ids(&repeated.1));
        // If one key is known from another message, none of the messages is stored.
        let mut other_bulk = messages(5);
        other_bulk["mensajes"][4]["mensaje"] = json!("otra");
        other_bulk["mensajes"][1]["mensaje"] = json!("otra");
        let (code, body) = post(&hub, path, Some("b1"), &other_bulk).await;
        assert_eq!(
            (code, body["code"].as_str()),
            (409, Some("IDEMPOTENCY_KEY_REUSED"))
        );
        for id in ids(&first_response.1) {
            wait_for_estado(&hub, id, "enviado").await;
        }
        let (_, first_page) = hub.get("/sender/messages?limite=2").await;
        let first_page: Value = serde_json::from_str(&first_page).unwrap();
        let next = first_page["siguiente"].as_i64().unwrap();
        let (_, next_page) = hub
            .get(&format!(
                "/api/sender/messages?antes={next}&estado=enviado&cliente_id=51"
            ))
            .await;
        let next_page: Value = serde_json::from_str(&next_page).unwrap();
        assert_eq!((ids(&first_page).len(), ids(&next_page).len()), (2, 1));
        assert_eq!(next_page["siguiente"], Value::Null);
        for invalid_bulk in [
            "limite=0",
            "limite=501",
            "estado=nada",
            "antes=x",
            "destinatario=1",
        ] {
            let (status, body) = hub
                .get(&format!("/api/sender/messages?{invalid_bulk}"))
                .await;
            assert_eq!(
                (status, code_of(&body)),
                (400, "INVALID_REQUEST".to_owned()),
                "{invalid_bulk}"
            );
        }
        for id in ["999999", "nada", "dry-run-9", "99999999999999999999"] {
            let (status, body) = hub.get(&format!("/api/sender/messages/status/{id}")).await;
            assert_eq!(
                (status, code_of(&body)),
                (404, "MESSAGE_NOT_FOUND".to_owned()),
                "{id}"
            );
        }
        hub.stop().await;
    }
}

/// Checks that the hub keeps running while the database stops and returns.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_until_the_database_is_back() {
    let mut server = Server::start().unwrap();
    let database = Database::in_server(&server);
    let peer = ready().await;
    let hub = start_real(&database, &peer).await;
    assert_eq!(send(&hub, None).await.0, 200);
    server.pause();
    let (status, body) = send(&hub, None).await;
    assert_eq!(
        (status, body["code"].as_str()),
        (503, Some("STORE_UNAVAILABLE"))
    );
    assert_eq!(peer.sends().len(), 1);
    let (status, body) = hub.get("/api/health").await;
    assert_eq!(status, 200);
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(health["dependencies"]["database"]["status"], "down");
    server.resume().unwrap();
    assert_eq!(send(&hub, None).await.0, 200);
    let ids = bulk(&hub, &messages(1)).await;
    wait_for_estado(&hub, ids[0], "enviado").await;
    hub.stop().await;
}

on_both_engines! {
    async fn request_id_is_passed_on_with_the_message(database: Database) {
        let peer = ready().await;
        let hub = start_real(&database, &peer).await;
        let request = hub.http.post(hub.url("/api/sender/messages/bulk"));
        let request = request
            .header("x-request-id", "pedido-1042")
            .json(&messages(2));
        let (_, body) = text(request).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        let id = &body["mensajes"][1]["id"];
        wait_until("both messages to be sent", async || peer.sends().len() == 2).await;
        for asked in peer.sends() {
            assert_eq!(asked.headers["x-request-id"], "pedido-1042");
        }
        assert_eq!(status(&hub, id).await["request_id"], "pedido-1042");
        hub.stop().await;
    }
}
