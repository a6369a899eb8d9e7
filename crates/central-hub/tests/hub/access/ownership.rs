//! Tests that a business sees only its own data, and sends as itself.

use serde_json::{Value, json};

use super::{admin_auth, bearer, send_request, start_with_password};

const TO: &str = "5491158254201";

#[tokio::test]
async fn messages_are_visible_only_to_their_business() {
    let (_peer, hub) = start_with_password().await;
    let (ana, luis) = (
        hub.add_cliente("ana", 51).await,
        hub.add_cliente("luis", 52).await,
    );
    let of_ana = bearer(
        &hub.add_token(&admin_auth(), &["read", "send"], Some(51))
            .await,
    );
    let send = async |caller: &str, cliente_id: Option<u64>| {
        let body = json!({"destinatario": TO, "mensaje": "hola", "cliente_id": cliente_id});
        hub.call_as(caller, "POST", "/api/sender/messages/send", body)
            .await
    };
    // The business's own id applies, whether the request names it or not.
    let mut ids = Vec::new();
    for (caller, named) in [(&ana, None), (&ana, Some(51)), (&of_ana, None)] {
        let (status, body) = send(caller, named).await;
        assert_eq!((status, &body["cliente_id"]), (201, &json!(51)), "{body}");
        ids.push(body["id"].clone());
    }
    let (_, foreign) = send(&luis, None).await;
    let (_, nobodys) = send(&admin_auth(), None).await;
    for (caller, named) in [(&ana, 52), (&of_ana, 52), (&luis, 51)] {
        let (status, body) = send(caller, Some(named)).await;
        assert_eq!((status, &body["code"]), (403, &json!("FORBIDDEN")));
        let send_body = json!({"to": TO, "message": "hola", "cliente_id": named});
        assert_eq!(
            hub.call_as(caller, "POST", "/api/send", send_body).await.0,
            403
        );
        let bulk_body = json!({"mensajes": [{"destinatario": TO, "mensaje": "a"},
            {"destinatario": TO, "mensaje": "b", "cliente_id": named}]});
        assert_eq!(
            hub.call_as(caller, "POST", "/api/sender/messages/bulk", bulk_body)
                .await
                .0,
            403
        );
        let request = hub
            .http
            .get(hub.url("/api/config"))
            .header("authorization", caller);
        let request = request.header("x-cliente-id", named.to_string());
        assert_eq!(
            send_request(request).await.0,
            403,
            "another business in the header must be refused as well"
        );
    }
    let list = async |caller: &str, query: &str| {
        let path = format!("/api/sender/messages{query}");
        hub.call_as(caller, "GET", &path, json!(null)).await
    };
    let (_, visible) = list(&ana, "").await;
    let visible: Vec<&Value> = visible["mensajes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["id"])
        .collect();
    assert_eq!(visible, ids.iter().rev().collect::<Vec<_>>());
    assert_eq!(list(&ana, "?cliente_id=52").await.0, 403);
    let (_, all_messages) = list(&admin_auth(), "").await;
    assert_eq!(all_messages["mensajes"].as_array().unwrap().len(), 5);
    for (id, expected) in [(&ids[0], 200), (&foreign["id"], 404), (&nobodys["id"], 404)] {
        let path = format!("/api/sender/messages/status/{id}");
        assert_eq!(
            hub.call_as(&ana, "GET", &path, json!(null)).await.0,
            expected,
            "{id}"
        );
        assert_eq!(
            hub.call_as(&admin_auth(), "GET", &path, json!(null))
                .await
                .0,
            200
        );
        let path = format!("/api/sender/messages/{id}/retry");
        let expected = if expected == 200 { 409 } else { 404 };
        let answer = hub
            .call_as(&ana, "POST", &path, json!({"motivo": "x"}))
            .await;
        assert_eq!(answer.0, expected, "{id}");
        let path = format!("/api/sender/messages/{id}/decide");
        let decision = json!({"resultado": "llego", "motivo": "x"});
        let answer = hub.call_as(&ana, "POST", &path, decision).await;
        assert_eq!(answer.0, expected, "{id}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn businesses_may_use_the_same_key() {
    let (_peer, hub) = start_with_password().await;
    let (ana, luis) = (
        hub.add_cliente("ana", 51).await,
        hub.add_cliente("luis", 52).await,
    );
    let send = async |caller: &str, message: &str| {
        let request = hub.http.post(hub.url("/api/sender/messages/send"));
        let request = request
            .header("authorization", caller)
            .header("idempotency-key", "1");
        send_request(request.json(&json!({"destinatario": TO, "mensaje": message}))).await
    };
    let (_, first) = send(&ana, "hola").await;
    assert_eq!(send(&ana, "hola").await.1["id"], first["id"]);
    assert_eq!(send(&ana, "otra").await.0, 409);
    let (status, other) = send(&luis, "hola").await;
    assert_eq!((status, &other["cliente_id"]), (201, &json!(52)));
    assert_ne!(other["id"], first["id"]);
    hub.stop().await;
}

#[tokio::test]
async fn overview_and_settings_are_limited_to_the_business() {
    let (_peer, hub) = start_with_password().await;
    let (ana, luis) = (
        hub.add_cliente("ana", 51).await,
        hub.add_cliente("luis", 52).await,
    );
    let body = json!({"destinatario": TO, "mensaje": "hola", "cliente_id": 51});
    let admin = admin_auth();
    let sent = hub.call_as(&admin, "POST", "/api/sender/messages/send", body);
    assert_eq!(sent.await.0, 201);
    for (caller, count) in [(&ana, 1), (&luis, 0), (&admin, 1)] {
        let (status, body) = hub
            .call_as(caller, "GET", "/api/overview", json!(null))
            .await;
        assert_eq!((status, &body["hoy"]["simulados"]), (200, &json!(count)));
        // Webhooks and server settings are for administrators only.
        let is_admin = *caller == admin;
        assert_eq!(body["atencion"]["webhooks"].is_array(), is_admin, "{body}");
        let (_, config) = hub.call_as(caller, "GET", "/api/config", json!(null)).await;
        assert_eq!(config["zone"], "America/Argentina/Buenos_Aires");
        assert_eq!(config["database_engine"].is_string(), is_admin, "{config}");
        assert_eq!(config["session_manager_base_url"].is_string(), is_admin);
    }
    hub.stop().await;
}

#[tokio::test]
async fn business_does_not_see_which_administrator_paused_its_campaign() {
    let (_peer, hub) = start_with_password().await;
    let (ana, admin) = (hub.add_cliente("ana", 51).await, admin_auth());
    let body = json!({
        "nombre": "Marzo", "mensaje": "Hola", "cliente_id": 51,
        "destinatarios": [{"destinatario": TO}],
    });
    let (status, created) = hub
        .call_as(&admin, "POST", "/api/sender/campaigns", body)
        .await;
    assert_eq!(status, 201, "{created}");
    let path = format!("/api/sender/campaigns/{}", created["id"]);
    for (step, por) in [("approve", json!(null)), ("pause", json!("admin"))] {
        let (status, body) = hub
            .call_as(&admin, "POST", &format!("{path}/{step}"), json!({}))
            .await;
        assert_eq!(
            (status, &body["motivo_pausa"]["por"]),
            (200, &por),
            "{body}"
        );
    }
    for (caller, por) in [(&admin, json!("admin")), (&ana, json!(null))] {
        for path in [&path, &format!("{path}/stats")] {
            let (_, body) = hub.call_as(caller, "GET", path, json!(null)).await;
            let pause = &body["motivo_pausa"];
            assert_eq!((&pause["por"], pause["fecha"].is_string()), (&por, true));
        }
        let (_, body) = hub
            .call_as(caller, "GET", "/api/overview", json!(null))
            .await;
        let paused = &body["atencion"]["campanias_pausadas"]["items"][0];
        assert_eq!(paused["motivo_pausa"]["por"], por, "{body}");
    }
    hub.stop().await;
}
