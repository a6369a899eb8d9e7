//! Tests authentication, and the first events of `GET /events`.

use std::time::Duration;

use super::http_requests::{
    CONTACT, FILE, MESSAGE, READ, TYPING, get, post, request_to, routes, send, start_plain,
    without_browser,
};
use futures_util::future::join_all;
use harness::{Manager, ManagerOptions};
use reqwest::Method;

const TOKEN: &str = "Un-Token-de-Prueba-42";

/// Checks that both tokens are accepted during a token rotation, and no other.
#[tokio::test]
async fn previous_token_is_accepted_until_it_is_removed() {
    const BEFORE: &str = "El-Token-de-Antes-41";
    let options = ManagerOptions::default()
        .with("SESSION_MANAGER_TOKEN", TOKEN)
        .with("SESSION_MANAGER_TOKEN_PREVIOUS", BEFORE);
    let manager = without_browser(options).await;
    for (token, status) in [
        (TOKEN, 200),
        (BEFORE, 200),
        ("El-Token-de-Antes-42", 401),
        ("", 401),
    ] {
        let request = request_to(&manager, Method::GET, "/status").bearer_auth(token);
        assert_eq!(send(request).await.status, status, "{token}");
    }
}

/// Checks that there is at most one line per minute, with the address and never with the token.
#[tokio::test]
async fn wrong_tokens_are_one_log_line() {
    let options = ManagerOptions::default().with("SESSION_MANAGER_TOKEN", TOKEN);
    let mut manager = without_browser(options).await;
    for guess in ["Adivino-Uno", "Adivino-Dos", "Adivino-Tres"] {
        let request = request_to(&manager, Method::GET, "/status").bearer_auth(guess);
        assert_eq!(send(request).await.status, 401);
    }
    manager.stop().await;
    let log = manager.service.output();
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("a wrong SESSION_MANAGER_TOKEN was presented"))
        .collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains("address=127.0.0.1"), "{}", lines[0]);
    assert!(!log.contains("Adivino") && !log.contains(TOKEN), "{log}");
}

#[tokio::test]
async fn token_is_required_everywhere_but_health() {
    let options = ManagerOptions::default().with("SESSION_MANAGER_TOKEN", TOKEN);
    let mut manager = without_browser(options).await;
    let wrong_headers = [
        "Bearer wrong".to_owned(),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
        TOKEN.to_owned(),
        format!("Basic {TOKEN}"),
        format!("Bearer {TOKEN}x"),
        format!("Bearer  {TOKEN}"),
        format!("Bearer {}", &TOKEN[..TOKEN.len() - 1]),
        format!("Bearer {}", TOKEN.to_lowercase()),
        format!("Bearer {TOKEN}, Bearer {TOKEN}"),
    ];
    for (method, path) in routes().filter(|(_, path)| *path != "/health") {
        let bare = send(request_to(&manager, method.clone(), path)).await;
        assert_eq!(
            bare.refusal(),
            (401, "UNAUTHORIZED".to_owned()),
            "{method} {path}"
        );
        assert_eq!(bare.headers["www-authenticate"], "Bearer");
        for header in &wrong_headers {
            let request =
                request_to(&manager, method.clone(), path).header("authorization", header);
            let response = send(request).await;
            assert_eq!(
                response.refusal(),
                (401, "UNAUTHORIZED".to_owned()),
                "{path} {header}"
            );
            assert!(!response.body.contains(TOKEN), "{}", response.body);
        }
    }
    assert_eq!(get(&manager, "/health").await.status, 200);
    assert_eq!(get(&manager, "/nada").await.refusal().0, 404);
    for (method, path) in routes() {
        let request = request_to(&manager, method.clone(), path).bearer_auth(TOKEN);
        // The stream's body would not end.
        let response = request.send().await.expect("an answer");
        let expected = match path {
            MESSAGE if method == Method::PUT => 400,
            "/qr.png" | "/qr.svg" | "/qr.txt" | MESSAGE | FILE => 404,
            "/pairing-code" | "/send" | "/send/check" | "/lookup" | "/files" | TYPING => 400,
            "/passkey" if method == Method::POST => 400,
            "/passkey/confirm" | "/passkey/cancel" | "/backup" => 409,
            "/screenshot.png" | CONTACT | READ => 503,
            _ => 200,
        };
        assert_eq!(response.status(), expected, "{method} {path}");
    }
    let request = request_to(&manager, Method::GET, "/screenshot.png").bearer_auth(TOKEN);
    assert_eq!(
        send(request).await.refusal(),
        (503, "BROWSER_NOT_RUNNING".to_owned())
    );
    // A client with the token may use any host name, since it may be behind a proxy.
    let request = request_to(&manager, Method::POST, "/disconnect").bearer_auth(TOKEN);
    let request = request
        .header("host", "wapp.example")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(send(request).await.status, 200);
    manager.stop().await;
    assert!(!manager.service.output().contains(TOKEN));
}

#[tokio::test]
async fn cross_site_requests_and_foreign_hosts_are_refused_without_a_token() {
    let mut manager = start_plain().await;
    let own_url = manager.service.url.clone();
    for (method, path) in routes().filter(|(_, path)| *path != "/health") {
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "192.168.1.1:3001",
            "0.0.0.0",
        ] {
            let answer =
                send(request_to(&manager, method.clone(), path).header("host", host)).await;
            assert_eq!(
                answer.refusal(),
                (403, "FOREIGN_HOST".to_owned()),
                "{path} {host}"
            );
        }
        if method != Method::POST {
            continue;
        }
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:1"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let answer = send(request_to(&manager, method.clone(), path).header(name, value)).await;
            assert_eq!(
                answer.refusal(),
                (403, "CROSS_SITE_REQUEST".to_owned()),
                "{path} {value}"
            );
        }
    }
    assert_eq!(
        manager.state().await,
        "INIT",
        "the refused requests must have no effect"
    );
    // A browser must not show the response to a page of another site.
    for (method, path) in [(Method::GET, "/status"), (Method::OPTIONS, "/send")] {
        let request = request_to(&manager, method, path).header("origin", "https://evil.example");
        let answer = send(request.header("access-control-request-method", "POST")).await;
        assert!(
            answer.headers.get("access-control-allow-origin").is_none(),
            "{path}"
        );
    }
    for host in ["localhost", "localhost:9", "127.0.0.1", "[::1]:3001"] {
        assert_eq!(
            send(request_to(&manager, Method::GET, "/status").header("host", host))
                .await
                .status,
            200
        );
    }
    let request = request_to(&manager, Method::POST, "/disconnect").header("origin", own_url);
    assert_eq!(
        send(request).await.status,
        200,
        "the service's own page is allowed"
    );
    let answer = get(&manager, "/screenshot.png").await;
    assert_eq!(answer.refusal(), (401, "UNAUTHORIZED".to_owned()));
    manager.stop().await;
}

/// Opens `/events` and reads the names of its first `count` events.
async fn open_events(
    manager: &Manager,
    last_id: Option<&str>,
    count: usize,
) -> (reqwest::Response, Vec<String>) {
    let request = request_to(manager, Method::GET, "/events");
    let request = last_id
        .iter()
        .fold(request, |request, id| request.header("last-event-id", *id));
    let mut response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let mut text = String::new();
    while text.matches("\n\n").count() < count {
        let chunk = tokio::time::timeout(harness::PATIENCE, response.chunk()).await;
        let chunk = chunk
            .expect("an event")
            .expect("a chunk")
            .expect("an open stream");
        text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
    }
    let names = text.lines().filter_map(|line| line.strip_prefix("event: "));
    (response, names.map(str::to_owned).collect())
}

#[tokio::test]
async fn events_begin_with_the_current_state() {
    let mut manager = start_plain().await;
    for id in ["abc", "-1", "1.5", "", "18446744073709551616", "%00", "1 2"] {
        let (_, names) = open_events(&manager, Some(id), 2).await;
        assert_eq!(names, ["state", "qr"], "after {id:?}");
    }
    let (response, names) = open_events(&manager, None, 2).await;
    assert_eq!(names, ["state", "qr"]);
    let headers = response.headers();
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-cache");
    drop(response);
    manager.stop().await;
}

#[tokio::test]
async fn hundred_open_event_streams_block_no_request() {
    let mut manager = start_plain().await;
    let streams = join_all((0..100).map(|_| open_events(&manager, None, 2))).await;
    let quick_response =
        tokio::time::timeout(Duration::from_secs(1), get(&manager, "/health")).await;
    assert_eq!(
        quick_response.expect("an answer within a second").status,
        200
    );
    // A change reaches every stream.
    post(&manager, "/connect", "").await;
    manager.wait_for_state("ERROR").await;
    let start = std::time::Instant::now();
    assert!(manager.stop().await.success());
    let duration = start.elapsed();
    // Connections are cut after five seconds, which must not be necessary.
    assert!(
        duration < Duration::from_secs(4),
        "the stop took {duration:?}"
    );
    for (mut response, _) in streams {
        let mut remaining = String::new();
        while let Some(chunk) = response.chunk().await.expect("an orderly end") {
            remaining.push_str(&String::from_utf8_lossy(&chunk));
        }
        assert!(remaining.contains("CHROME_NOT_FOUND"), "{remaining}");
    }
}
