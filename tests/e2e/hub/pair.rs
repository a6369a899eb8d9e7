//! Tests the hub in front of a real session-manager, and the page in front of both.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use harness::processes::{self, kill_hard};
use harness::standin::Settings;
use harness::{
    Hub, Manager, ManagerOptions, poll, run_browser_flow, send_request, start_linked, start_standin,
};
use serde_json::{Value, json};

fn real_send_options() -> ManagerOptions {
    ManagerOptions::default().with("DRY_RUN", "false")
}

/// Sends a request. Returns its status, content type and body, byte for byte.
async fn send_raw(request: reqwest::RequestBuilder) -> (u16, String, Vec<u8>) {
    let response = request.send().await.expect("an answer");
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let status = response.status().as_u16();
    (status, kind, response.bytes().await.unwrap().to_vec())
}

/// Checks that all routes of the hub report the same state at one moment.
async fn assert_routes_agree(manager: &Manager, hub: &Hub, state: &str) {
    let code = state == "QR_REQUIRED";
    let lower = state.to_lowercase();
    for path in ["/status", "/qr"] {
        let direct = send_raw(manager.client().get(manager.url(path))).await;
        for prefix in ["", "/api"] {
            let proxied = send_raw(hub.client().get(hub.url(&format!("{prefix}{path}")))).await;
            assert_eq!(proxied, direct, "{prefix}{path}");
        }
    }
    assert_eq!(hub.get("/status").await.1, json!({"status": state}));
    for prefix in ["", "/api"] {
        let get = async |path: &str| hub.get(&format!("{prefix}{path}")).await;
        assert_eq!(
            get("/admin/whatsapp/status").await.1,
            json!({"status": state})
        );
        let (_, body) = get("/whatsapp/51/status").await;
        assert_eq!(
            (&body["ok"], &body["cliente_id"], &body["status"]),
            (&json!(true), &json!(51), &json!(state))
        );
        assert_eq!(body["needs_qr"], json!(code));
        assert_eq!(body["can_send_messages"], json!(state == "READY"));
        assert_eq!(get("/whatsapp-v2/status").await.1, json!({"status": lower}));

        let (status, body) = get("/whatsapp-v2/qr").await;
        let noun = if code {
            "qr_available"
        } else {
            "qr_not_available"
        };
        assert_eq!((status, &body["status"]), (200, &json!(noun)));
        let expected = match state {
            "QR_REQUIRED" => (200, Value::Null),
            "READY" | "AUTHENTICATED" => (409, json!("QR_NOT_REQUIRED")),
            _ => (404, json!("QR_NOT_AVAILABLE")),
        };
        let (status, body) = get("/whatsapp/51/qr").await;
        assert_eq!(
            (status, &body["error"]),
            (expected.0, &expected.1),
            "{body}"
        );
        let (status, body) = get("/qr-code").await;
        assert_eq!(status, expected.0, "{body}");
        assert_eq!(body["qr"].is_string(), code);
    }
}

#[tokio::test]
async fn every_session_route_in_every_state() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    let hub = Hub::start(&manager, real_send_options()).await;
    assert_routes_agree(&manager, &hub, "INIT").await;
    let (status, body) = hub.post("/api/whatsapp-v2/connect", &json!(null)).await;
    assert_eq!((status, body), (200, json!({"status": "init"})));
    manager.wait_for_state("QR_REQUIRED").await;
    assert_routes_agree(&manager, &hub, "QR_REQUIRED").await;
    let (status, body) = hub.post("/api/whatsapp/51/connect", &json!(null)).await;
    assert_eq!(
        (status, &body["ok"], &body["state"]),
        (200, &json!(true), &json!("QR_REQUIRED"))
    );
    standin.phone().scan_current().expect("a code");
    manager.wait_for_state("READY").await;
    assert_routes_agree(&manager, &hub, "READY").await;
    let (_, body) = hub.post("/connect", &json!(null)).await;
    assert_eq!(body["alreadyConnected"], true);

    let message = json!({"cliente_id": 51, "to": "5491158254201", "message": "hola"});
    let (status, body) = hub.post("/send", &message).await;
    assert_eq!((status, &body["ok"]), (200, &json!(true)), "{body}");
    assert!(body.get("dry_run").is_none());
    assert_eq!(standin.phone().messages().len(), 1);
    hub.post("/api/admin/whatsapp/disconnect", &json!(null))
        .await;
    assert_routes_agree(&manager, &hub, "DISCONNECTED").await;
    let (status, body) = hub.post("/send", &message).await;
    assert_eq!((status, &body["code"]), (503, &json!("SESSION_NOT_READY")));
    manager.stop().await;
}

/// Presses the only button of the Node pair's page of January, which requests the code.
#[tokio::test]
async fn old_page_button_starts_a_session_and_links_the_phone() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    let hub = Hub::start(&manager, real_send_options()).await;
    let button = async || {
        let request = hub.client().get(hub.url("/qr-code"));
        let request = request.header("x-cliente-id", "51");
        send_request(request.header("sec-fetch-site", "same-origin")).await
    };
    // If Chrome takes longer than the page waits, the next click gets the code.
    let code = poll::until("a click to show the code", async || {
        let (status, body) = button().await;
        assert!(matches!(status, 200 | 404), "{body}");
        (status == 200).then(|| body["qr"].clone())
    })
    .await;
    assert!(code.as_str().unwrap().starts_with("data:image/png;base64,"));
    standin.phone().scan_current().expect("a code");
    manager.wait_for_state("READY").await;
    let (status, body) = button().await;
    assert_eq!(
        (status, &body["state"]),
        (409, &json!("CONNECTED")),
        "{body}"
    );
    let starts = manager.session().await["restarts"]["total"].clone();
    assert_eq!(starts, 0);
    manager.stop().await;
}

#[tokio::test]
async fn dry_run_sends_nothing() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    manager.link(&standin).await;
    let message = json!({"to": "+54 9 11 5825-4201", "message": "hola"});
    let (status, body) = hub.post("/send", &message).await;
    assert_eq!((status, &body["dry_run"]), (200, &json!(true)), "{body}");
    assert!(body["message_id"].as_str().unwrap().starts_with("dry-run-"));
    let (status, body) = hub
        .post("/send", &json!({"to": "12", "message": "hola"}))
        .await;
    assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
    assert!(standin.phone().messages().is_empty());
    let (_, health) = hub.get("/api/health").await;
    assert_eq!(health["dry_run"], true);
    manager.stop().await;
}

#[tokio::test]
async fn hub_survives_a_killed_session_manager() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    let hub = Hub::start(&manager, real_send_options()).await;
    kill_hard(&manager.service.process().expect("a process"));
    manager.service.wait_for_end().await;
    assert_eq!(hub.get("/health").await.1["status"], "healthy");
    for path in ["/status", "/qr", "/api/admin/whatsapp/status", "/qr-code"] {
        let (status, body) = hub.get(path).await;
        assert_eq!(
            (status, &body["code"]),
            (503, &json!("WHATSAPP_UNAVAILABLE")),
            "{path}"
        );
    }
    for path in ["/api/whatsapp-v2/status", "/api/whatsapp-v2/qr"] {
        assert_eq!(hub.get(path).await, (200, json!({"status": "error"})));
    }
    processes::assert_none_left(&manager.tokens()).await;

    // session-manager restarts on the port that the hub knows.
    let port = manager.service.url.rsplit(':').next().unwrap().to_owned();
    manager.set("PORT", port);
    manager.restart().await;
    manager.wait_for_state("READY").await;
    assert_eq!(hub.get("/status").await, (200, json!({"status": "READY"})));
    manager.stop().await;
}

#[tokio::test]
async fn pair_works_with_an_internal_token() {
    let standin = start_standin(Settings::default()).await;
    let token = ManagerOptions::default().with("SESSION_MANAGER_TOKEN", "entre-nosotros");
    let mut manager = Manager::start_with(&standin, token.clone()).await;
    assert_eq!(manager.get("/status").await.0, 401);
    let unauthorized_hub = Hub::start(&manager, ManagerOptions::default()).await;
    let (status, body) = unauthorized_hub.get("/status").await;
    assert_eq!(
        (status, &body["code"]),
        (502, &json!("SESSION_MANAGER_BAD_RESPONSE"))
    );
    let hub = Hub::start(&manager, token).await;
    assert_eq!(hub.get("/status").await, (200, json!({"status": "INIT"})));
    manager.stop().await;
}

#[tokio::test]
async fn state_changes_reach_hub_listeners() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let mut stream = hub
        .client()
        .get(hub.url("/api/events"))
        .send()
        .await
        .unwrap();
    let mut text = String::new();
    let mut wait_for_text = async |expected: &str| {
        let reading = async {
            while !text.contains(expected) {
                let chunk = stream.chunk().await.unwrap().expect("an open stream");
                text.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        let wait_for_text = tokio::time::timeout(harness::PATIENCE, reading).await;
        wait_for_text.unwrap_or_else(|_| panic!("no {expected} on the stream"));
    };
    manager.connect().await;
    // A code that expired before it was read is left out.
    wait_for_text("QR_AVAILABLE").await;
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    wait_for_text(r#""status":"READY""#).await;
    for state in ["INIT", "QR_REQUIRED", "AUTHENTICATED", "READY"] {
        assert!(
            text.contains(&format!(r#""status":"{state}""#)),
            "{state}: {text}"
        );
    }
    assert!(text.contains("event: hub") && text.contains(r#""session_manager":"up""#));
    manager.stop().await;
}

#[tokio::test]
async fn user_links_the_phone_on_the_page() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let phone = standin.web_url();
    let variables = [("PHONE_URL", phone.as_str())];
    let patience = Duration::from_secs(240);
    run_browser_flow(&hub, "page-flow.mjs", &variables, patience).await;
    poll::until("session-manager to respond", async || {
        (manager.get("/health").await.0 == 200).then_some(())
    })
    .await;
    manager.stop().await;
}

/// Checks that one id connects the page's request, the message, and its outcome.
#[tokio::test]
async fn request_id_is_in_both_logs() {
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, real_send_options()).await;
    poll::until("the hub to receive the state", async || {
        let (_, health) = hub.get("/api/health").await;
        (health["dependencies"]["session_manager"]["state"] == "READY").then_some(())
    })
    .await;
    let body = json!({"destinatario": "5491158254201", "mensaje": "hola"});
    let request = hub.client().post(hub.url("/api/sender/messages/send"));
    let request = request.header("x-request-id", "pedido-1042").json(&body);
    let (status, message) = harness::send_request(request).await;
    assert_eq!(
        (status, &message["request_id"]),
        (201, &json!("pedido-1042")),
        "{message}"
    );
    let log = manager.folder.join("session-manager.log");
    poll::until("the log line of the message", async || {
        let text = std::fs::read_to_string(&log).unwrap();
        let mut lines = text.lines().filter(|line| line.contains(": sent id="));
        lines
            .find(|line| line.contains(r#"request{request_id="pedido-1042"}"#))
            .map(drop)
    })
    .await;
    manager.stop().await;
}
