//! Tests of the switch that stops all sending, on both database engines.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, ask, get, text, wait_until};

const TO: &str = "5491158254201";

async fn set_stopped(hub: &Hub, stopped: bool) -> Value {
    let body = json!({"detenido": stopped});
    let (status, answer) = ask(hub, "PUT", "/api/sending", Some(&body)).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn send(hub: &Hub, key: &str) -> (u16, Value) {
    let request = hub
        .http
        .post(hub.url("/api/sender/messages/send"))
        .header("idempotency-key", key)
        .json(&json!({"destinatario": TO, "mensaje": "hola"}));
    let (status, body) = text(request).await;
    (status, serde_json::from_str(&body).unwrap())
}

on_both_engines! {
    async fn nothing_is_sent_while_sending_is_stopped(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_state("READY");
        peer.accept_sends();
        let real = [("AUTO_CAMPAIGNS_ENABLED", "true"), ("DRY_RUN", "false")];
        let hub = Hub::start_on(&database.url(), &peer.url, &real).await;
        let mut events = hub.events().await;
        events.next_link_state("up").await;
        let initial_state = get(&hub, "/api/sending").await;
        assert_eq!(
            initial_state,
            json!({"detenido": false, "por": null, "desde": null})
        );
        assert_eq!(send(&hub, "before").await.0, 201);
        assert_eq!(peer.sends().len(), 1);

        let stopped = set_stopped(&hub, true).await;
        assert_eq!(
            (&stopped["detenido"], &stopped["por"]),
            (&json!(true), &json!("this machine"))
        );
        assert!(stopped["desde"].is_string());
        assert_eq!(
            events.next_named("sending").await,
            json!({"detenido": true})
        );
        // Sending is refused on every route.
        let (status, refusal) = send(&hub, "during").await;
        assert_eq!(
            (status, &refusal["code"]),
            (409, &json!("SENDING_STOPPED")),
            "{refusal}"
        );
        let single = json!({"to": TO, "message": "hola"});
        let (status, refusal) = ask(&hub, "POST", "/send", Some(&single)).await;
        assert_eq!(
            (status, &refusal["code"]),
            (409, &json!("SENDING_STOPPED")),
            "{refusal}"
        );
        let bulk = json!({"mensajes": [{"destinatario": TO, "mensaje": "hola"}]});
        let (status, refusal) = ask(&hub, "POST", "/api/sender/messages/bulk", Some(&bulk)).await;
        assert_eq!(
            (status, &refusal["code"]),
            (409, &json!("SENDING_STOPPED")),
            "{refusal}"
        );
        // A message that was sent earlier keeps its response.
        assert_eq!(send(&hub, "before").await.0, 201);
        let people = json!([{"destinatario": "5491158254202", "nombre": "Ana"}]);
        let campaign = json!({"nombre": "Marzo", "mensaje": "Hola {nombre}", "pausa_min_s": 0, "pausa_max_s": 0, "destinatarios": people});
        let (_, campaign) = ask(&hub, "POST", "/api/sender/campaigns", Some(&campaign)).await;
        let campaign = format!("/api/sender/campaigns/{}", campaign["id"]);
        ask(
            &hub,
            "POST",
            &format!("{campaign}/approve"),
            Some(&json!({})),
        )
        .await;
        wait_until("the campaign to wait", async || {
            get(&hub, &campaign).await["espera"]["codigo"] == "SENDING_STOPPED"
        })
        .await;
        assert_eq!(peer.sends().len(), 1);

        set_stopped(&hub, false).await;
        wait_until("the campaign to finish", async || {
            get(&hub, &campaign).await["estado"] == "finalizado"
        })
        .await;
        assert_eq!(peer.sends().len(), 2);
        assert_eq!(send(&hub, "during").await.0, 201);
        assert_eq!(peer.sends().len(), 3);
        let invalid_body = json!({"detenido": "sí"});
        assert_eq!(
            ask(&hub, "PUT", "/api/sending", Some(&invalid_body))
                .await
                .0,
            400
        );
        hub.stop().await;
    }

    async fn messages_accepted_before_the_stop_wait(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_state("AUTHENTICATED");
        peer.accept_sends();
        let hub = Hub::start_on(&database.url(), &peer.url, &[("DRY_RUN", "false")]).await;
        hub.events().await.next_link_state("up").await;
        let bulk = json!({"mensajes": [{"destinatario": TO, "mensaje": "hola"}]});
        let (status, queued) = ask(&hub, "POST", "/api/sender/messages/bulk", Some(&bulk)).await;
        assert_eq!(status, 202, "{queued}");
        set_stopped(&hub, true).await;
        let mut events = hub.events().await;
        peer.set_state("READY");
        peer.send_event("state", crate::fake_session_manager::state("READY", 9));
        while events.next_named("state").await["status"] != "READY" {}
        // Neither pending nor new messages are sent.
        assert_eq!(send(&hub, "k").await.0, 409);
        assert!(peer.sends().is_empty());
        set_stopped(&hub, false).await;
        wait_until("the message to be sent", async || peer.sends().len() == 1).await;
        hub.stop().await;
    }

    async fn dry_runs_continue_while_sending_is_stopped(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_state("READY");
        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        hub.events().await.next_link_state("up").await;
        set_stopped(&hub, true).await;
        assert_eq!(send(&hub, "k").await.0, 201);
        hub.stop().await;
    }
}
