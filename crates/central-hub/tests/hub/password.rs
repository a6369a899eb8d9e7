//! Tests of access with the password and, without one, from this machine only.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::access::start_with_password;
use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, code, text};

fn basic_auth(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[tokio::test]
async fn password_grants_access_and_health_and_page_need_none() {
    let (_peer, hub) = start_with_password().await;
    for path in ["/health", "/api/health", "/", "/whatsapp", "/early.js"] {
        assert_eq!(hub.get(path).await.0, 200, "{path}");
    }
    for path in ["/status", "/api/config", "/api/events", "/api/users"] {
        let (status, body) = hub.get(path).await;
        assert_eq!(
            (status, code(&body).as_str()),
            (401, "UNAUTHORIZED"),
            "{path}"
        );
    }
    assert_eq!(hub.get("/api/nothing").await.0, 404);
    for valid_header in [
        basic_auth("admin:correct horse"),
        basic_auth("Admin:correct horse"),
        "Bearer correct horse".to_owned(),
    ] {
        let request = |path| {
            hub.http
                .get(hub.url(path))
                .header("authorization", &valid_header)
        };
        assert_eq!(text(request("/status")).await.0, 200);
        let (_, body) = text(request("/api/config")).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["auth_required"], true);
    }
    for invalid_header in [
        basic_auth("root:correct horse"),
        basic_auth("admin"),
        "Bearer".to_owned(),
        "Digest correct horse".to_owned(),
    ] {
        let request = hub.http.get(hub.url("/status"));
        let (status, body) = text(request.header("authorization", &invalid_header)).await;
        assert_eq!(
            (status, code(&body).as_str()),
            (401, "UNAUTHORIZED"),
            "{invalid_header}"
        );
    }
    hub.stop().await;
}

/// Checks that no response makes a browser ask for a password: a browser that
/// has asked once sends the password with every request, even with those that
/// other sites make.
#[tokio::test]
async fn responses_cause_no_browser_password_prompt() {
    let (_peer, hub) = start_with_password().await;
    for headers in [
        &[("accept", "text/html,*/*")][..],
        &[("sec-fetch-mode", "navigate")],
        &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
    ] {
        let mut request = hub.http.get(hub.url("/status"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer"), "{challenge}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn wrong_passwords_are_rate_limited() {
    let (_peer, hub) = start_with_password().await;
    let attempt = async |value: &str, from: &str| {
        let request = hub
            .http
            .get(hub.url("/status"))
            .header("authorization", value)
            .header("x-forwarded-for", from);
        text(request).await
    };
    for number in 0..10 {
        let wrong_header = if number % 2 == 0 {
            "Bearer wrong".to_owned()
        } else {
            basic_auth("admin:wrong")
        };
        let (status, body) = attempt(&wrong_header, "1.2.3.4, 10.0.0.1").await;
        assert_eq!((status, code(&body).as_str()), (401, "UNAUTHORIZED"));
    }
    let (status, body) = attempt("Bearer correct horse", "5.6.7.8, 10.0.0.1").await;
    assert_eq!((status, code(&body).as_str()), (429, "TOO_MANY_ATTEMPTS"));
    // Other addresses are not affected, and neither are requests without a password.
    assert_eq!(attempt("Bearer correct horse", "10.0.0.2").await.0, 200);
    assert_eq!(hub.get("/status").await.0, 401);
    hub.stop().await;
}

#[tokio::test]
async fn without_a_password_only_local_host_names_are_accepted() {
    let peer = FakeSessionManager::start().await;
    peer.set_response("/status", 200, r#"{"status":"INIT"}"#);
    let hub = Hub::start(&peer.url).await;
    let as_host =
        async |path: &str, host: &str| text(hub.http.get(hub.url(path)).header("host", host)).await;
    for host in ["localhost:3012", "127.0.0.1", "[::1]:3012", "x.localhost"] {
        assert_eq!(as_host("/status", host).await.0, 200, "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example:3012", "10.0.0.1"] {
        for path in ["/status", "/whatsapp", "/api/events", "/nothing"] {
            let (status, body) = as_host(path, host).await;
            assert_eq!(
                (status, code(&body).as_str()),
                (403, "FOREIGN_HOST"),
                "{host}"
            );
        }
        // Health checks are allowed from anywhere.
        assert_eq!(as_host("/health", host).await.0, 200);
    }
    hub.stop().await;
}

#[tokio::test]
async fn cross_site_requests_are_refused() {
    let peer = FakeSessionManager::start().await;
    let connected = r#"{"success":true,"message":"x","session":"admin","state":"INIT","alreadyConnected":false}"#;
    peer.set_response("/connect", 200, connected);
    let password = [("HUB_ADMIN_PASSWORD", "correct horse")];
    for variables in [&[][..], &password[..]] {
        let hub = Hub::start_with(&peer.url, variables).await;
        let connect = async |headers: &[(&str, &str)]| {
            let mut request = hub
                .http
                .post(hub.url("/connect"))
                .header("authorization", "Bearer correct horse");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            text(request).await
        };
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
        ] {
            let (status, body) = connect(foreign).await;
            assert_eq!(
                (status, code(&body).as_str()),
                (403, "CROSS_SITE_REQUEST"),
                "{foreign:?}"
            );
        }
        let own_origin = hub.url.clone();
        for mine in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("origin", own_origin.as_str())],
        ] {
            assert_eq!(connect(mine).await.0, 200, "{mine:?}");
        }
        hub.stop().await;
    }
}
