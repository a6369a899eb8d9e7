//! Tests of session-manager's failures and of hostile requests.

use futures_util::future::join_all;
use tokio::join;

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, code, text};

const READS: [&str; 8] = [
    "/status",
    "/qr",
    "/api/status",
    "/api/admin/whatsapp/session",
    "/api/admin/whatsapp/qr",
    "/api/whatsapp/51/status",
    "/api/whatsapp/51/qr",
    "/qr-code",
];

const COMMANDS: [&str; 5] = [
    "/connect",
    "/api/admin/whatsapp/connect",
    "/api/admin/whatsapp/logout",
    "/api/whatsapp/51/connect",
    "/api/whatsapp/51/disconnect",
];

async fn assert_all_answer(hub: &Hub, status: u16, expected: &str) {
    let expect = |path: &str, (actual_status, body): (u16, String)| {
        assert_eq!(
            (actual_status, code(&body).as_str()),
            (status, expected),
            "{path}: {body}"
        );
    };
    let reads = READS.map(async |path| expect(path, hub.get(path).await));
    let commands = COMMANDS.map(async |path| expect(path, hub.post(path, "").await));
    let message = r#"{"to":"5491158254201","message":"hola"}"#;
    let send = async { expect("/send", hub.post("/send", message).await) };
    join!(join_all(reads), join_all(commands), send);
}

fn script_all_routes(peer: &FakeSessionManager, case: impl Fn(&FakeSessionManager, &str)) {
    for path in [
        "/status",
        "/qr",
        "/session",
        "/connect",
        "/disconnect",
        "/logout",
        "/send",
    ] {
        case(peer, path);
    }
}

#[tokio::test]
async fn unreachable_session_manager_is_503() {
    let hub = Hub::start_with(
        &FakeSessionManager::unused_url().await,
        &[("DRY_RUN", "false")],
    )
    .await;
    assert_all_answer(&hub, 503, "WHATSAPP_UNAVAILABLE").await;
    hub.stop().await;
}

#[tokio::test]
async fn unresponsive_session_manager_times_out() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start_with(&peer.url, &[("DRY_RUN", "false")]).await;
    script_all_routes(&peer, FakeSessionManager::never_respond);
    assert_all_answer(&hub, 504, "SESSION_MANAGER_TIMEOUT").await;
    // The timeout does not affect other routes.
    assert_eq!(hub.get("/health").await.0, 200);
    hub.stop().await;
}

#[tokio::test]
async fn invalid_answers_of_session_manager_are_502() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start_with(&peer.url, &[("DRY_RUN", "false")]).await;
    // The fake responds 404 in plain text on other paths.
    peer.set_response("/status", 404, "there is none");
    assert_all_answer(&hub, 502, "SESSION_MANAGER_BAD_RESPONSE").await;
    for (status, body) in [
        (200, "<html>"),
        (200, "{}"),
        (200, ""),
        (200, r#"{"status":"LATER","state":"LATER"}"#),
        (302, ""),
        (500, r#"{"error":"no"}"#),
        (
            401,
            r#"{"error":true,"code":"UNAUTHORIZED","message":"token"}"#,
        ),
    ] {
        script_all_routes(&peer, |peer, path| peer.set_response(path, status, body));
        assert_all_answer(&hub, 502, "SESSION_MANAGER_BAD_RESPONSE").await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn session_manager_errors_are_passed_through() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start_with(&peer.url, &[("DRY_RUN", "false")]).await;
    for (status, code) in [
        (503, "BROWSER_NOT_RUNNING"),
        (502, "BROWSER_FAILED"),
        (429, "SOMETHING_NEW"),
        (500, "INTERNAL"),
    ] {
        let body = format!(r#"{{"error":true,"code":"{code}","message":"why"}}"#);
        script_all_routes(&peer, |peer, path| peer.set_response(path, status, &body));
        assert_all_answer(&hub, status, code).await;
        assert_eq!(hub.get("/status").await, (status, body.clone()));
        assert_eq!(hub.post("/connect", "").await, (status, body));
    }
    hub.stop().await;
}

#[tokio::test]
async fn token_is_sent_only_to_session_manager() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start_with(&peer.url, &[("SESSION_MANAGER_TOKEN", "hunter2")]).await;
    peer.set_response("/status", 200, r#"{"status":"INIT"}"#);
    let response = hub
        .http
        .get(hub.url("/status"))
        .header("authorization", "Bearer mine")
        .header("cookie", "a=b")
        .send()
        .await
        .unwrap();
    assert!(!format!("{:?}", response.headers()).contains("hunter2"));
    let request = peer.last_request();
    assert_eq!(request.headers["authorization"], "Bearer hunter2");
    assert!(!request.headers.contains_key("cookie"));
    hub.stop().await;
}

#[tokio::test]
async fn hostile_requests_are_rejected_with_a_code() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let post = |path: &str| hub.http.post(hub.url(path));
    let get = |path: &str| hub.http.get(hub.url(path));
    let request = r#"{"to":"5491158254201","message":"a"}"#;
    for (case, request, status, expected) in [
        ("unknown", get("/nothing"), 404, "NOT_FOUND"),
        (
            "an unknown API path",
            get("/api/nothing").header("accept", "text/html"),
            404,
            "NOT_FOUND",
        ),
        (
            "only the API prefix",
            get("/api").header("accept", "text/html"),
            404,
            "NOT_FOUND",
        ),
        ("twice", get("/api/api/status"), 404, "NOT_FOUND"),
        ("up", get("/assets/../../Cargo.toml"), 404, "NOT_FOUND"),
        (
            "an encoded parent path",
            get("/assets/%2e%2e%2fCargo.toml"),
            404,
            "NOT_FOUND",
        ),
        ("rubbish", get("/%ff%fe%00"), 404, "NOT_FOUND"),
        ("posting a page", post("/whatsapp"), 404, "NOT_FOUND"),
        ("method", get("/connect"), 405, "METHOD_NOT_ALLOWED"),
        ("method", get("/api/send"), 405, "METHOD_NOT_ALLOWED"),
        ("method", post("/status"), 405, "METHOD_NOT_ALLOWED"),
        (
            "method",
            hub.http.put(hub.url("/health")),
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            "kind",
            post("/send")
                .header("content-type", "image/png")
                .body(request),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "large",
            post("/send").body("a".repeat(600_000)),
            413,
            "PAYLOAD_TOO_LARGE",
        ),
        (
            "deep",
            post("/send").body("[".repeat(50_000)),
            400,
            "INVALID_JSON",
        ),
        (
            "headers",
            get("/status").header("x-a", "a".repeat(40_000)),
            431,
            "HEADERS_TOO_LARGE",
        ),
        (
            "path",
            get(&format!("/{}", "a".repeat(20_000))),
            414,
            "URI_TOO_LONG",
        ),
        (
            "no number",
            post("/api/admin/whatsapp/pairing-code").body("{}"),
            400,
            "INVALID_REQUEST",
        ),
    ] {
        let response = request.send().await.unwrap();
        let allow = response.headers().contains_key("allow");
        let actual_status = response.status().as_u16();
        let body = response.text().await.unwrap();
        assert_eq!(
            (actual_status, code(&body).as_str()),
            (status, expected),
            "{case}"
        );
        assert_eq!(allow, status == 405, "{case}");
    }
    assert!(peer.requests().is_empty());
    // `HEAD` is `GET` without a body.
    let (status, body) = text(hub.http.head(hub.url("/health"))).await;
    assert_eq!((status, body.as_str()), (200, ""));
    hub.stop().await;
}
