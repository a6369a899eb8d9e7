//! Tests of messages from queueing to their outcome, on both database engines.

use futures_util::future::join_all;
use scratch_database::{Database, Server, on_both_engines};
use serde_json::{Value, json};

use crate::fake_session_manager::{FakeSessionManager, state};
use crate::support::{Hub, code as code_of, get, text, until, until_read};

const TO: &str = "5491158254201";
const REAL: &[(&str, &str)] = &[("DRY_RUN", "false")];

async fn real(database: &Database, peer: &FakeSessionManager) -> Hub {
    Hub::start_on(&database.url(), &peer.url, REAL).await
}

/// Starts a fake session-manager that can send.
async fn ready() -> FakeSessionManager {
    let peer = FakeSessionManager::start().await;
    peer.is_in("READY");
    peer.takes_sends();
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

async fn single(hub: &Hub, to: &str) -> (u16, Value) {
    let body = json!({"destinatario": to, "mensaje": "hola", "cliente_id": 51});
    post(hub, "/api/sender/messages/send", None, &body).await
}

/// Builds this number of messages, each to a different number.
fn many(count: usize) -> Value {
    let one = |n| json!({"destinatario": format!("54911{n:08}"), "mensaje": format!("hola {n}")});
    json!({"cliente_id": 51, "mensajes": (0..count).map(one).collect::<Vec<_>>()})
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

async fn until_estado(hub: &Hub, id: i64, estado: &str) {
    until(estado, async || status(hub, id).await["estado"] == estado).await;
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
        peer.answers("/status", 200, r#"{"status":"READY"}"#);
        peer.takes_sends();
        let hub = real(&database, &peer).await;
        let limits = |locked: bool, is_synced: bool| {
            let new_chats = json!({"status": "NONE", "used": 0, "total": null, "cycle_end": null});
            let reach_out = json!({"locked": locked, "until": null, "kind": null});
            json!({"reach_out": reach_out, "new_chats": new_chats,
                "first_sync": {"complete": is_synced, "progress": null}})
        };
        let set = async |data: Value| {
            peer.publish("limits", &data);
            until("the hub knows the limits", async || {
                let overview = get(&hub, "/api/overview").await;
                overview["sesion"]["limites"]["reach_out"]["locked"] == data["reach_out"]["locked"]
                    && overview["sesion"]["limites"]["first_sync"]["complete"] == data["first_sync"]["complete"]
            }).await;
        };
        let ready = peer.publish("state", &serde_json::from_str(&state("READY", 2)).unwrap());
        until_read(&hub, ready).await;
        until_read(&hub, peer.publish_message("false_5491100000001@c.us_3A01", "5491100000001@c.us", "hola")).await;
        for (locked, is_synced) in [(true, true), (false, false)] {
            set(limits(locked, is_synced)).await;
            let before = peer.sends().len();
            let ids = bulk(&hub, &many(4)).await;
            // Contact 1 wrote before, and a single message is written by a
            // person, so these two are sent.
            let (_, one) = single(&hub, "5491199999999").await;
            for id in [&json!(ids[1]), &one["id"]] {
                until("it leaves", async || status(&hub, id).await["estado"] == "enviado").await;
            }
            assert_eq!(peer.sends().len(), before + 2);
            for id in [ids[0], ids[2], ids[3]] {
                assert_eq!(status(&hub, id).await["estado"], "pendiente");
            }
            set(limits(false, true)).await;
            for id in &ids {
                until("it leaves, too", async || status(&hub, id).await["estado"] == "enviado").await;
            }
        }
        hub.stop().await;
    }

    async fn queued_messages_are_sent_once_the_session_is_ready(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.takes_sends();
        let hub = real(&database, &peer).await;
        let campaign = json!({"nombre": "marzo", "mensaje": "hola", "cliente_id": 51});
        let (made, campaign) = post(&hub, "/api/sender/campaigns", None, &campaign).await;
        assert_eq!(made, 201, "{campaign}");
        let mut forty = many(40);
        forty["campañaId"] = campaign["id"].clone();
        let ids = bulk(&hub, &forty).await;
        assert_eq!(ids.len(), 40);
        assert_eq!(status(&hub, ids[0]).await["estado"], "pendiente");
        assert!(peer.sends().is_empty());
        peer.is_in("READY");
        for id in &ids {
            until_estado(&hub, *id, "enviado").await;
        }
        let sends = peer.sends();
        assert_eq!(sends.len(), 40, "each once");
        assert!(sends.iter().all(|asked| asked.headers["x-cliente-id"] == "51"));
        let first = status(&hub, ids[0]).await;
        assert_eq!(first["campañaId"], campaign["id"]);
        assert_eq!(first["destinatario"], "5491100000000");
        assert_eq!(first["mensaje"], "hola 0");
        assert_eq!(
            causes(&first),
            [("pendiente", "ASKED"), ("enviando", "TAKEN"), ("enviado", "SENT")]
        );
        let by_wa_id = status(&hub, first["message_id"].as_str().unwrap()).await;
        assert_eq!(by_wa_id["id"], ids[0]);
        hub.stop().await;
    }

    async fn temporary_failures_are_retried_and_refusals_are_final(database: Database) {
        let peer = ready().await;
        let hub = real(&database, &peer).await;
        for (status, code) in [
            (503, "SESSION_NOT_READY"),
            (503, "OVERLOADED"),
            (503, "LEDGER_UNAVAILABLE"),
            (504, "SEND_UNCONFIRMED"),
            (500, "INTERNAL"),
        ] {
            peer.fails_once(status, code);
            let (answered, body) = single(&hub, TO).await;
            assert_eq!(answered, 201, "{body}");
            let expected = if status == 503 { "pendiente" } else { "sin_confirmar" };
            assert_eq!(body["estado"], expected, "{code}: {body}");
            until_estado(&hub, body["id"].as_i64().unwrap(), "enviado").await;
        }
        let before = peer.sends().len();
        peer.fails_once(404, "NOT_ON_WHATSAPP");
        let (status_code, body) = single(&hub, TO).await;
        assert_eq!((status_code, body["code"].as_str()), (404, Some("NOT_ON_WHATSAPP")));
        peer.fails_once(502, "SEND_FAILED");
        let ids = bulk(&hub, &many(1)).await;
        until_estado(&hub, ids[0], "fallido").await;
        let failed = status(&hub, ids[0]).await;
        assert_eq!((failed["error"].as_str(), failed["motivo"].as_str()), (Some("SEND_FAILED"), Some("why")));
        assert_eq!(peer.sends().len(), before + 2, "nothing is repeated by itself");

        // A user may retry the message, but has to give a reason.
        let path = format!("/api/sender/messages/{}/retry", ids[0]);
        let (code, body) = post(&hub, &path, None, &json!({"motivo": " "})).await;
        assert_eq!(code, 400, "{body}");
        let (code, body) = post(&hub, &path, None, &json!({"motivo": "lo pidió Ana"})).await;
        assert_eq!((code, body["estado"].as_str()), (200, Some("pendiente")));
        until_estado(&hub, ids[0], "enviado").await;
        let after = status(&hub, ids[0]).await;
        let asked = after["historial"].as_array().unwrap().iter().find(|step| step["causa"] == "RETRY_ASKED");
        assert_eq!(asked.unwrap()["detalle"], "lo pidió Ana");
        let (code, body) = post(&hub, &path, None, &json!({"motivo": "otra vez"})).await;
        assert_eq!((code, body["code"].as_str()), (409, Some("MESSAGE_NOT_FAILED")));
        // The key is the same, so both attempts are one message.
        let key = |asked: &crate::fake_session_manager::Asked| asked.headers["idempotency-key"].clone();
        let keys: Vec<_> = peer.sends()[before + 1..].iter().map(key).collect();
        assert_eq!(keys[0], keys[1]);
        hub.stop().await;
    }

    async fn send_reported_as_failed_is_not_sent_later(database: Database) {
        let peer = ready().await;
        let hub = real(&database, &peer).await;
        peer.fails_once(503, "SESSION_NOT_READY");
        let (code, body) = send(&hub, Some("k1")).await;
        assert_eq!((code, body["code"].as_str()), (503, Some("SESSION_NOT_READY")));
        // Messages queued afterwards are sent, so that one would have been sent as well.
        let ids = bulk(&hub, &many(1)).await;
        until_estado(&hub, ids[0], "enviado").await;
        peer.is_in("READY");
        let ids = bulk(&hub, &many(1)).await;
        until_estado(&hub, ids[0], "enviado").await;
        let of_k1 = || peer.sends().iter().filter(|asked| asked.headers["idempotency-key"] == "k1").count();
        assert_eq!(of_k1(), 1);
        // A retry by the caller with the same key continues the same row.
        let (code, body) = send(&hub, Some("k1")).await;
        assert_eq!(code, 200, "{body}");
        let again = send(&hub, Some("k1")).await;
        assert_eq!(again, (200, body.clone()));
        assert_eq!(of_k1(), 2);
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
        let other = json!({"to": TO, "message": "otra"});
        let (code, body) = post(&hub, "/send", Some("k1"), &other).await;
        assert_eq!((code, body["code"].as_str()), (409, Some("IDEMPOTENCY_KEY_REUSED")));
        hub.stop().await;
    }

    async fn unknown_outcome_is_resolved_with_the_same_key(database: Database) {
        let peer = ready().await;
        let hub = real(&database, &peer).await;
        peer.fails_once(504, "SEND_UNCONFIRMED");
        let (code, body) = send(&hub, Some("k1")).await;
        assert_eq!((code, body["code"].as_str()), (504, Some("SEND_UNCONFIRMED")));
        until("the outcome", async || send(&hub, Some("k1")).await.0 == 200).await;
        let sends = peer.sends();
        assert!(sends.len() >= 2 && sends.iter().all(|it| it.headers["idempotency-key"] == "k1"));
        // The outbox also settles the message without a waiting caller.
        peer.fails_once(504, "SEND_UNCONFIRMED");
        send(&hub, None).await;
        let key = peer.last_asked().headers["idempotency-key"].to_str().unwrap().to_owned();
        until("the outcome", async || {
            let id = format!("true_{TO}@c.us_{key}");
            let path = format!("/api/sender/messages/status/{id}");
            hub.get(&path).await.0 == 200
        })
        .await;
        hub.stop().await;
    }

    async fn possibly_sent_message_is_never_reported_as_not_sent(database: Database) {
        let mut peer = ready().await;
        let hub = real(&database, &peer).await;
        peer.never_answers("/send");
        let (code, body) = send(&hub, Some("k1")).await;
        assert_eq!((code, body["code"].as_str()), (504, Some("SESSION_MANAGER_TIMEOUT")));
        peer.fall_over().await;
        until("the hub to notice", async || {
            let (_, health) = hub.get("/api/health").await;
            health.contains(r#""status":"down","state":null"#)
        })
        .await;
        // This attempt certainly had no effect, but the previous one may have had.
        until("it to be free", async || {
            let (code, body) = send(&hub, Some("k1")).await;
            assert_eq!((code, body["code"].as_str()), (504, Some("SEND_UNCONFIRMED")));
            let (_, list) = hub.get("/api/sender/messages?estado=sin_confirmar").await;
            list.contains(r#""intentos":2"#)
        })
        .await;
        peer.takes_sends();
        peer.get_up().await;
        until("the outcome", async || send(&hub, Some("k1")).await.0 == 200).await;
        hub.stop().await;
    }

    async fn concurrent_requests_with_one_key_send_one_message(database: Database) {
        let peer = ready().await;
        let hub = real(&database, &peer).await;
        let answers = join_all((0..10).map(|_| send(&hub, Some("k1")))).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(answers[0].0, 200);
        assert_eq!(peer.sends().len(), 1);
        hub.stop().await;
    }

    async fn messages_to_one_number_keep_their_order(database: Database) {
        let peer = ready().await;
        let hub = real(&database, &peer).await;
        let one = |n: usize| json!({"destinatario": TO, "mensaje": format!("m{n}")});
        let body = json!({"mensajes": (0..10).map(one).collect::<Vec<_>>()});
        // One message in the middle is blocked for a while.
        peer.fails_once(504, "SEND_UNCONFIRMED");
        let ids = bulk(&hub, &body).await;
        for id in &ids {
            until_estado(&hub, *id, "enviado").await;
        }
        let mut texts: Vec<_> = peer.sends().iter().map(|asked| asked.body.clone()).collect();
        texts.dedup();
        let expected: Vec<_> = (0..10).map(|n| format!(r#"{{"to":"{TO}","message":"m{n}"}}"#)).collect();
        assert_eq!(texts, expected);
        hub.stop().await;
    }

    async fn dry_run_is_never_sent_and_real_messages_wait(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.takes_sends();
        // These messages are accepted for real sending while nothing can be sent.
        let hub = real(&database, &peer).await;
        let for_real = bulk(&hub, &many(3)).await;
        hub.stop().await;
        peer.is_in("READY");

        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        let rehearsed = bulk(&hub, &many(3)).await;
        for id in &rehearsed {
            until_estado(&hub, *id, "simulado").await;
        }
        let row = status(&hub, rehearsed[1]).await;
        assert_eq!((row["dry_run"].as_bool(), row["mensaje"].as_str()), (Some(true), Some("hola 1")));
        let (code, body) = single(&hub, TO).await;
        assert_eq!((code, body["estado"].as_str(), body["dry_run"].as_bool()), (201, Some("simulado"), Some(true)));
        let (code, body) = send(&hub, Some("k1")).await;
        let id = body["message_id"].as_str().unwrap();
        assert_eq!((code, body["dry_run"].as_bool()), (200, Some(true)));
        assert_eq!(status(&hub, id).await["estado"], "simulado");
        assert_eq!(send(&hub, Some("k1")).await, (200, body.clone()));
        assert_eq!(status(&hub, for_real[0]).await["estado"], "pendiente");
        assert!(peer.sends().is_empty());
        hub.stop().await;

        // Without `DRY_RUN`, only messages that were accepted for real sending are sent.
        let hub = real(&database, &peer).await;
        for id in &for_real {
            until_estado(&hub, *id, "enviado").await;
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
        let hub = real(&database, &peer).await;
        let path = "/api/sender/messages/bulk";
        let bad = json!({"mensajes": [
            {"destinatario": TO, "mensaje": "hola"},
            {"destinatario": "12", "mensaje": "hola"},
        ]});
        let (code, body) = post(&hub, path, None, &bad).await;
        assert_eq!((code, body["code"].as_str()), (400, Some("INVALID_REQUEST")));
        let message = body["message"].as_str().unwrap();
        assert!(message.starts_with("mensajes[1].destinatario: "), "{message}");
        for bad in [json!({"mensajes": []}), json!({}), json!({"mensajes": [{"destinatario": TO}]})] {
            assert_eq!(post(&hub, path, None, &bad).await.0, 400, "{bad}");
        }
        let first = post(&hub, path, Some("b1"), &many(3)).await;
        let again = post(&hub, path, Some("b1"), &many(3)).await;
        assert_eq!((first.0, again.0), (202, 202));
        let ids = |answer: &Value| answer["mensajes"].as_array().unwrap().iter()
            .map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>();
        assert_eq!(ids(&first.1), ids(&again.1));
        // If one key is known from another message, none of the messages is stored.
        let mut other = many(5);
        other["mensajes"][4]["mensaje"] = json!("otra");
        other["mensajes"][1]["mensaje"] = json!("otra");
        let (code, body) = post(&hub, path, Some("b1"), &other).await;
        assert_eq!((code, body["code"].as_str()), (409, Some("IDEMPOTENCY_KEY_REUSED")));
        for id in ids(&first.1) {
            until_estado(&hub, id, "enviado").await;
        }
        let (_, all) = hub.get("/sender/messages?limite=2").await;
        let all: Value = serde_json::from_str(&all).unwrap();
        let next = all["siguiente"].as_i64().unwrap();
        let (_, rest) = hub.get(&format!("/api/sender/messages?antes={next}&estado=enviado&cliente_id=51")).await;
        let rest: Value = serde_json::from_str(&rest).unwrap();
        assert_eq!((ids(&all).len(), ids(&rest).len()), (2, 1));
        assert_eq!(rest["siguiente"], Value::Null);
        for bad in ["limite=0", "limite=501", "estado=nada", "antes=x", "destinatario=1"] {
            let (status, body) = hub.get(&format!("/api/sender/messages?{bad}")).await;
            assert_eq!((status, code_of(&body)), (400, "INVALID_REQUEST".to_owned()), "{bad}");
        }
        for id in ["999999", "nada", "dry-run-9", "99999999999999999999"] {
            let (status, body) = hub.get(&format!("/api/sender/messages/status/{id}")).await;
            assert_eq!((status, code_of(&body)), (404, "MESSAGE_NOT_FOUND".to_owned()), "{id}");
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
    let hub = real(&database, &peer).await;
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
    let ids = bulk(&hub, &many(1)).await;
    until_estado(&hub, ids[0], "enviado").await;
    hub.stop().await;
}

on_both_engines! {
    async fn request_id_is_passed_on_with_the_message(database: Database) {
        let peer = ready().await;
        let hub = real(&database, &peer).await;
        let request = hub.http.post(hub.url("/api/sender/messages/bulk"));
        let request = request.header("x-request-id", "pedido-1042").json(&many(2));
        let (_, body) = text(request).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        let id = &body["mensajes"][1]["id"];
        until("both to be sent", async || peer.sends().len() == 2).await;
        for asked in peer.sends() {
            assert_eq!(asked.headers["x-request-id"], "pedido-1042");
        }
        assert_eq!(status(&hub, id).await["request_id"], "pedido-1042");
        hub.stop().await;
    }
}
