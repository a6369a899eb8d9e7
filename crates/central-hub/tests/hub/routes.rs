//! Tests of every route's body.

use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, code};

const QR: &str = "data:image/png;base64,iVBORw0KGgo=";

/// Builds a complete `GET /session` body.
fn session(state: &str, account: &str) -> String {
    format!(
        r#"{{"session":"admin","state":"{state}","since":"2026-01-14T13:02:09.336Z","generation":4,"cause":"TEST","cause_message":"because","linked":true,"account":{account},"qr":null,"browser":{{"running":true,"chrome_version":null,"chromedriver_version":null,"chromedriver_pid":null,"started_at":null}},"page":{{"url":"","whatsapp_version":null,"wa_js_version":null,"self_test":null}},"restarts":{{"total":0,"recent":0,"budget":5,"window_seconds":600}},"last_error":null,"history":[],"service":{{"version":"0.1.0","started_at":"2026-01-14T13:02:09.336Z"}},"grown":1}}"#
    )
}

async fn pair() -> (FakeSessionManager, Hub) {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    (peer, hub)
}

#[tokio::test]
async fn health_body_is_exact_in_every_state() {
    let hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    let (status, body) = hub.get("/health").await;
    assert_eq!(status, 200);
    let parsed: Value = serde_json::from_str(&body).unwrap();
    let at = parsed["timestamp"].as_str().unwrap();
    assert_eq!(at.len(), "2026-01-14T13:02:09.336Z".len());
    assert_eq!(
        body,
        format!(r#"{{"status":"healthy","service":"central-hub","timestamp":"{at}"}}"#)
    );
    let (status, body) = hub.get("/api/health").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!(body["status"], "healthy");
    assert_eq!(body["environment"], "development");
    assert_eq!(body["dry_run"], true);
    assert!(body["uptime"].is_u64());
    assert_eq!(body["dependencies"]["session_manager"]["status"], "down");
    assert_eq!(
        body["dependencies"]["database"],
        json!({"status": "up", "engine": "sqlite"})
    );
    hub.stop().await;
}

#[tokio::test]
async fn plain_and_admin_routes_are_passed_through_unchanged() {
    let (peer, hub) = pair().await;
    // The spaces and unknown fields show whether the text is passed through unchanged.
    let connect = r#"{"success":true,  "message":"x","session":"admin","state":"INIT","alreadyConnected":false,"more":[1]}"#;
    let disconnect_body =
        r#"{"success":true,"message":"x","session":"admin",  "state":"DISCONNECTED"}"#;
    let qr = format!(r#"{{ "status":"QR_AVAILABLE","qr":"{QR}" }}"#);
    let session = session("READY", "null");
    for (method, path, body) in [
        ("GET", "/status", r#"{ "status" : "QR_REQUIRED" }"#),
        ("GET", "/qr", &qr),
        ("POST", "/connect", connect),
        ("GET", "/session", &session),
        ("POST", "/disconnect", disconnect_body),
        ("POST", "/logout", disconnect_body),
        ("POST", "/pairing-code", r#"{ "code":"ABCD-EFGH" }"#),
        ("GET", "/passkey", r#"{ "status" : "NO_PASSKEY" }"#),
        ("POST", "/passkey/confirm", disconnect_body),
        ("POST", "/passkey/cancel", disconnect_body),
    ] {
        peer.set_response(path, 200, body);
        let mut prefixes = vec!["/api/admin/whatsapp", "/admin/whatsapp"];
        if matches!(path, "/status" | "/qr" | "/connect") {
            prefixes.extend(["", "/api"]);
        }
        for prefix in prefixes {
            let path_of_hub = format!("{prefix}{path}");
            let request = match method {
                "GET" => hub.http.get(hub.url(&path_of_hub)),
                _ => hub
                    .http
                    .post(hub.url(&path_of_hub))
                    .body(r#"{"phone":"5491158254201"}"#),
            };
            let request = request
                .header("x-cliente-id", "51")
                .header("x-request-id", "r-1");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200, "{path_of_hub}");
            let headers = response.headers();
            assert_eq!(headers["content-type"], "application/json; charset=utf-8");
            assert_eq!(headers["cache-control"], "no-store");
            assert_eq!(headers["x-request-id"], "r-1");
            assert_eq!(response.text().await.unwrap(), body, "{path_of_hub}");
            let recorded = peer.last_request();
            assert_eq!(
                (recorded.method.as_str(), recorded.path.as_str()),
                (method, path)
            );
            assert_eq!(recorded.headers["x-cliente-id"], "51");
            assert_eq!(recorded.headers["x-request-id"], "r-1");
            if path == "/pairing-code" {
                assert_eq!(recorded.body, r#"{"phone":"5491158254201"}"#);
            }
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn passkey_response_is_passed_on() {
    let (peer, hub) = pair().await;
    let accepted = r#"{"success":true,"message":"x",  "session":"admin","state":"QR_REQUIRED"}"#;
    peer.set_response("/passkey", 200, accepted);
    let credential = r#"{"id":"QQ","rawId":"QQ","type":"public-key","response":{"clientDataJSON":"QQ","authenticatorData":"QQ","signature":"QQ","userHandle":"QQ"},"clientExtensionResults":{"uvm":[[2,4,2]]}}"#;
    let path = "/api/admin/whatsapp/passkey";
    assert_eq!(hub.post(path, credential).await, (200, accepted.to_owned()));
    assert_eq!(peer.last_request().body, credential);
    // A malformed body does not reach session-manager.
    let (status, body) = hub.post(path, r#"{"id":"QQ"}"#).await;
    assert_eq!(status, 400);
    assert!(
        body.contains("INVALID_REQUEST") && body.contains("rawId"),
        "{body}"
    );
    // session-manager's errors keep their message.
    let refusal = r#"{"error":true,"code":"PASSKEY_NOT_PENDING","message":"x"}"#;
    peer.set_response("/passkey", 409, refusal);
    let (status, body) = hub.post(path, credential).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    let code = "PASSKEY_NOT_PENDING";
    // The error is in the format of the Node hub's routes.
    let expected =
        json!({"ok": false, "success": false, "error": code, "code": code, "message": "x"});
    assert_eq!((status, body), (409, expected));
    hub.stop().await;
}

#[tokio::test]
async fn cliente_status_reports_the_session() {
    let (peer, hub) = pair().await;
    peer.set_response("/session", 200, &session("QR_REQUIRED", "null"));
    for prefix in ["/api", ""] {
        let (status, body) = hub.get(&format!("{prefix}/whatsapp/51/status")).await;
        assert_eq!(status, 200);
        let expected_body = r#"{"ok":true,"cliente_id":51,"status":"QR_REQUIRED","connected":false,"needs_qr":true,"can_send_messages":false,"account":null,"#;
        assert!(body.starts_with(expected_body), "{body}");
    }
    assert_eq!(peer.last_request().headers["x-cliente-id"], "51");
    let account = r#"{"id":"5491158254201@c.us","phone":"5491158254201"}"#;
    peer.set_response("/session", 200, &session("READY", account));
    let (_, body) = hub.get("/api/whatsapp/7/status").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["connected"], true);
    assert_eq!(body["needs_qr"], false);
    assert_eq!(body["can_send_messages"], true);
    assert_eq!(body["account"]["phone"], "5491158254201");
    hub.stop().await;
}

#[tokio::test]
async fn cliente_and_qr_code_routes_return_the_code() {
    let (peer, hub) = pair().await;
    peer.set_response(
        "/qr",
        200,
        &format!(r#"{{"status":"QR_AVAILABLE","qr":"{QR}"}}"#),
    );
    let response = hub.get("/api/whatsapp/51/qr").await;
    assert_eq!(
        response,
        (
            200,
            format!(r#"{{"ok":true,"qr_code_base64":"{QR}","qr":"{QR}"}}"#)
        )
    );
    for path in ["/qr-code", "/api/qr-code"] {
        let response = hub.get(path).await;
        assert_eq!(
            response,
            (
                200,
                format!(r#"{{"ok":true,"qr":"{QR}","qr_code_base64":"{QR}"}}"#)
            )
        );
    }
    peer.set_response("/qr", 200, r#"{"status":"NO_QR"}"#);
    for (state, status, code) in [
        ("INIT", 404, "QR_NOT_AVAILABLE"),
        ("ERROR", 404, "QR_NOT_AVAILABLE"),
        ("AUTHENTICATED", 409, "QR_NOT_REQUIRED"),
        ("READY", 409, "QR_NOT_REQUIRED"),
    ] {
        peer.set_response("/status", 200, &format!(r#"{{"status":"{state}"}}"#));
        for path in ["/whatsapp/51/qr", "/qr-code"] {
            let (response, body) = hub.get(path).await;
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(response, status);
            let mut expected = json!({
                "ok": false, "success": false, "error": code, "code": code,
                "message": body["message"].as_str().unwrap(),
            });
            if status == 409 {
                let state_word = if state == "READY" {
                    "CONNECTED"
                } else {
                    "CONNECTING"
                };
                expected["state"] = json!(state_word);
                expected["can_send_messages"] = json!(state == "READY");
            }
            assert_eq!(body, expected);
        }
    }
    // Reading a code starts no session.
    assert!(
        peer.requests()
            .iter()
            .all(|request| request.method == "GET")
    );
    hub.stop().await;
}

#[tokio::test]
async fn cliente_commands_return_ok() {
    let (peer, hub) = pair().await;
    let connect = r#"{"success":true,"message":"x","session":"admin","state":"INIT","alreadyConnected":false}"#;
    let disconnect_body =
        r#"{"success":true,"message":"x","session":"admin","state":"DISCONNECTED"}"#;
    for (path, body) in [
        ("/connect", connect),
        ("/disconnect", disconnect_body),
        ("/logout", disconnect_body),
        ("/pairing-code", r#"{"code":"ABCD-EFGH"}"#),
    ] {
        peer.set_response(path, 200, body);
        let expected = format!(r#"{{"ok":true,{}"#, &body[1..]);
        for prefix in ["/api", ""] {
            let response = hub
                .post(
                    &format!("{prefix}/whatsapp/51{path}"),
                    r#"{"phone":"5491158254201"}"#,
                )
                .await;
            assert_eq!(response, (200, expected.clone()));
        }
    }
    peer.set_response("/session", 200, &session("READY", "null"));
    let (status, body) = hub.get("/api/whatsapp/51/session").await;
    assert_eq!(status, 200);
    assert!(
        body.starts_with(r#"{"ok":true,"session":"admin","#),
        "{body}"
    );
    hub.stop().await;
}

#[tokio::test]
async fn cliente_id_must_be_a_positive_integer() {
    let (peer, hub) = pair().await;
    for id in [
        "0",
        "-1",
        "x",
        "1.5",
        "%31x",
        "99999999999999999999",
        "%FF",
        "1%002",
    ] {
        let (status, body) = hub.get(&format!("/api/whatsapp/{id}/status")).await;
        assert_eq!(
            (status, code(&body).as_str()),
            (400, "INVALID_REQUEST"),
            "{id}"
        );
    }
    assert!(peer.requests().is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn v2_is_lower_case_and_always_200() {
    let (peer, hub) = pair().await;
    for state in [
        "INIT",
        "QR_REQUIRED",
        "AUTHENTICATED",
        "READY",
        "DISCONNECTED",
        "ERROR",
    ] {
        peer.set_response("/status", 200, &format!(r#"{{"status":"{state}"}}"#));
        let expected = format!(r#"{{"status":"{}"}}"#, state.to_lowercase());
        assert_eq!(
            hub.get("/api/whatsapp-v2/status").await,
            (200, expected.clone())
        );
        assert_eq!(hub.get("/whatsapp-v2/status").await, (200, expected));
    }
    peer.set_response("/qr", 200, r#"{"status":"NO_QR"}"#);
    let response = hub.get("/api/whatsapp-v2/qr").await;
    assert_eq!(
        response,
        (200, r#"{"status":"qr_not_available"}"#.to_owned())
    );
    peer.set_response(
        "/qr",
        200,
        &format!(r#"{{"status":"QR_AVAILABLE","qr":"{QR}"}}"#),
    );
    let response = hub.get("/api/whatsapp-v2/qr").await;
    assert_eq!(
        response,
        (200, format!(r#"{{"status":"qr_available","qr":"{QR}"}}"#))
    );
    peer.set_response(
        "/connect",
        200,
        r#"{"success":true,"message":"x","session":"admin","state":"INIT","alreadyConnected":false}"#,
    );
    let response = hub.post("/api/whatsapp-v2/connect", "").await;
    assert_eq!(response, (200, r#"{"status":"init"}"#.to_owned()));

    let unconnected_hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    let error = (200, r#"{"status":"error"}"#.to_owned());
    assert_eq!(unconnected_hub.get("/api/whatsapp-v2/status").await, error);
    assert_eq!(unconnected_hub.get("/api/whatsapp-v2/qr").await, error);
    assert_eq!(
        unconnected_hub.post("/api/whatsapp-v2/connect", "").await,
        error
    );
    unconnected_hub.stop().await;
    hub.stop().await;
}

#[tokio::test]
async fn config_has_the_pages_settings() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start_with(
        &peer.url,
        &[
            ("DRY_RUN", "false"),
            ("AUTO_CAMPAIGNS_ENABLED", "true"),
            ("NODE_ENV", "test"),
            ("SESSION_MANAGER_TOKEN", "hunter2"),
        ],
    )
    .await;
    for path in ["/api/config", "/config"] {
        let (status, body) = hub.get(path).await;
        assert_eq!(status, 200);
        assert!(!body.contains("hunter2"), "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            body,
            json!({
                "version": env!("CARGO_PKG_VERSION"),
                "dry_run": false,
                "environment": "test",
                "auto_campaigns_enabled": true,
                "auth_required": false,
                "zone": "America/Argentina/Buenos_Aires",
                "session_manager_base_url": format!("{}/", peer.url),
                "session_manager_token_set": true,
                "internal_token_set": false,
                "database_engine": "sqlite",
                "database_url": body["database_url"],
                "webhook_allowed_hosts": "(none)",
            })
        );
    }
    hub.stop().await;
}
