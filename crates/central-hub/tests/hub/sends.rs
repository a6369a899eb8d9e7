//! Tests of `POST /send`, simulated and real.

use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, code, text};

#[tokio::test]
async fn dry_run_validates_and_sends_nothing() {
    let peer = FakeSessionManager::start().await;
    peer.set_state("READY");
    let hub = Hub::start(&peer.url).await;
    for path in ["/send", "/api/send"] {
        let (status, body) = hub
            .post(
                path,
                r#"{"cliente_id":51,"to":"+54 9 (11) 5825-4201","message":"hola"}"#,
            )
            .await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 200);
        let id = body["message_id"].as_str().unwrap();
        assert!(id.starts_with("dry-run-"), "{id}");
        let expected = json!({"ok": true, "success": true, "message_id": id, "dry_run": true});
        assert_eq!(body, expected);
    }
    assert!(peer.sends().is_empty(), "nothing must be sent");
    hub.stop().await;
}

#[tokio::test]
async fn dry_run_refuses_what_a_real_send_refuses() {
    let peer = FakeSessionManager::start().await;
    for dry_run in ["true", "false"] {
        let hub = Hub::start_with(&peer.url, &[("DRY_RUN", dry_run)]).await;
        let long_request = format!(
            r#"{{"to":"5491160001234","message":"{}"}}"#,
            "a".repeat(65_537)
        );
        for (body, expected) in [
            ("", "INVALID_JSON"),
            ("{", "INVALID_JSON"),
            ("[]", "INVALID_REQUEST"),
            ("{}", "INVALID_REQUEST"),
            (r#"["5491160001234","hola"]"#, "INVALID_REQUEST"),
            (
                r#"{"to":5491160001234,"message":"hola"}"#,
                "INVALID_REQUEST",
            ),
            (r#"{"to":"12345","message":"hola"}"#, "INVALID_REQUEST"),
            (r#"{"to":"hola","message":"hola"}"#, "INVALID_REQUEST"),
            (
                r#"{"to":"123456789-1@g.us","message":"hola"}"#,
                "INVALID_REQUEST",
            ),
            (
                r#"{"to":"5491160001234","message":" \n"}"#,
                "INVALID_REQUEST",
            ),
            (
                r#"{"to":"5491160001234","message":null}"#,
                "INVALID_REQUEST",
            ),
            (r#"{"to":"5491160001234"}"#, "INVALID_REQUEST"),
            (
                r#"{"to":"5491160001234","message":"a","cliente_id":-1}"#,
                "INVALID_REQUEST",
            ),
            (
                r#"{"to":"5491160001234","message":"a","cliente_id":0}"#,
                "INVALID_REQUEST",
            ),
            (&long_request, "INVALID_REQUEST"),
        ] {
            let (status, answer) = hub.post("/send", body).await;
            assert_eq!(
                (status, code(&answer).as_str()),
                (400, expected),
                "{answer}"
            );
            assert!(
                !answer.contains("6000"),
                "the response contains a number: {answer}"
            );
        }
        let request = |name, value| {
            hub.http
                .post(hub.url("/send"))
                .header(name, value)
                .body(r#"{"to":"5491160001234","message":"a"}"#)
        };
        for (name, value) in [
            ("idempotency-key", "a b"),
            ("idempotency-key", ""),
            ("x-cliente-id", "0"),
            ("x-cliente-id", "51, 52"),
        ] {
            let (status, answer) = text(request(name, value)).await;
            assert_eq!(
                (status, code(&answer).as_str()),
                (400, "INVALID_HEADER"),
                "{value}"
            );
        }
        hub.stop().await;
    }
    assert!(peer.requests().is_empty(), "nothing must be sent");
}

#[tokio::test]
async fn real_send_is_sent_once_per_key() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start_with(&peer.url, &[("DRY_RUN", "false")]).await;
    let answer = r#"{"ok":true, "message_id":"true_5491158254201@c.us_3EB0"}"#;
    peer.set_response("/send", 200, answer);
    let request = r#"{"cliente_id":51,"to":"5491158254201","message":"hola ñ"}"#;
    let response = text(
        hub.http
            .post(hub.url("/send"))
            .header("idempotency-key", "key-1")
            .header("x-cliente-id", "51")
            .body(request),
    )
    .await;
    let expected_body = answer.replace("\"}", "\",\"success\":true}");
    assert_eq!(response, (200, expected_body));
    let requests = peer.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].body, request);
    assert_eq!(requests[0].headers["idempotency-key"], "key-1");
    assert_eq!(requests[0].headers["x-cliente-id"], "51");
    for (status, code) in [
        (503, "SESSION_NOT_READY"),
        (404, "NOT_ON_WHATSAPP"),
        (502, "SEND_FAILED"),
        (504, "SEND_UNCONFIRMED"),
        (409, "IDEMPOTENCY_KEY_REUSED"),
    ] {
        let failure = format!(r#"{{"error":true,"code":"{code}","message":"m"}}"#);
        peer.set_response("/send", status, &failure);
        let expected_body = failure.replace('}', r#","success":false}"#);
        assert_eq!(hub.post("/send", request).await, (status, expected_body));
    }
    assert_eq!(peer.requests().len(), 6, "a send was repeated");
    hub.stop().await;
}
