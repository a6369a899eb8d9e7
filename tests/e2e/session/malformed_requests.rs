//! Sends requests that no HTTP client would send: garbage, fragments, floods. Each gets an error
//! response or a closed connection, and the service keeps responding.

use std::time::Duration;

use futures_util::future::join_all;
use harness::{Manager, ManagerOptions};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any response takes, shorter than the service waits for a slow client.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(20);
const HOST: &str = "Host: 127.0.0.1\r\nConnection: close\r\n";

async fn manager() -> Manager {
    Manager::without_browser(ManagerOptions::default()).await
}

async fn connect(manager: &Manager) -> TcpStream {
    let address = manager
        .service
        .url
        .strip_prefix("http://")
        .expect("an address");
    TcpStream::connect(address).await.expect("a connection")
}

/// Writes only `bytes`, and reads until the service closes.
async fn send_raw(manager: &Manager, bytes: impl AsRef<[u8]>, end: bool) -> String {
    let mut stream = connect(manager).await;
    // The service may close before it has read everything.
    let _ = stream.write_all(bytes.as_ref()).await;
    if end {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let reading = tokio::time::timeout(CLOSE_TIMEOUT, stream.read_to_end(&mut answer)).await;
    // A reset after the response also counts as a close.
    let _ = reading.unwrap_or_else(|_| {
        let sent_text = String::from_utf8_lossy(bytes.as_ref());
        panic!("still open: {:.60}", sent_text.escape_debug().to_string())
    });
    String::from_utf8(answer).expect("UTF-8")
}

/// Returns the status and code; `None` if the connection was closed without a response.
fn status_and_code(response: &str) -> Option<(u16, String)> {
    if response.is_empty() {
        return None;
    }
    let (head, body) = response.split_once("\r\n\r\n").expect("a complete head");
    let status: u16 = head
        .split(' ')
        .nth(1)
        .expect("a status")
        .parse()
        .expect("a number");
    let body: Value =
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {response}"));
    if status >= 400 {
        let mut keys: Vec<&str> = body
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        // The Node pair's clients read these keys in addition.
        keys.retain(|key| !["ok", "success", "detail_code"].contains(key));
        assert_eq!(keys, ["code", "error", "message"], "{response}");
        assert!(
            body["error"] == true || body["error"] == body["code"],
            "{response}"
        );
        assert!(
            head.to_lowercase()
                .contains("content-type: application/json"),
            "{head}"
        );
    }
    let code = body["code"].as_str().unwrap_or_default();
    Some((status, code.to_owned()))
}

async fn assert_healthy(manager: &Manager) {
    let answer = tokio::time::timeout(Duration::from_secs(2), manager.get("/health")).await;
    assert_eq!(answer.expect("an answer in time").0, 200);
}

async fn stop_unconnected(mut manager: Manager) {
    assert_healthy(&manager).await;
    assert_eq!(
        manager.state().await,
        "INIT",
        "no request may connect the session"
    );
    assert!(manager.stop().await.success());
    let log = manager.service.output();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
}

#[tokio::test]
async fn malformed_bytes_are_refused_with_a_message() {
    let manager = manager().await;
    let bad_request = Some((400, "BAD_REQUEST".to_owned()));
    let random: Vec<u8> = (0..4_000_u32)
        .map(|n| (n * 73 + 11).to_le_bytes()[0])
        .collect();
    for request in [
        b"rubbish\r\n\r\n".as_slice(),
        b"GET\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"GET /health HTTP/9.9\r\n\r\n",
        b"GET  /health  HTTP/1.1\r\n\r\n",
        b"G@T /health HTTP/1.1\r\n\r\n",
        b"GET /hea\0lth HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /health HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"GET /health HTTP/1.1\r\nA: \0\r\n\r\n",
        b"GET /health HTTP/1.1\r\nA b: c\r\n\r\n",
        b"POST /send HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /send HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /send HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /send HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST /send HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /send HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &random,
    ] {
        let answer = send_raw(&manager, request, false).await;
        assert_eq!(
            status_and_code(&answer),
            bad_request,
            "{:?}",
            String::from_utf8_lossy(request)
        );
    }
    // HTTP/2 without negotiation: the connection is closed.
    let answer = send_raw(&manager, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false).await;
    assert_eq!(status_and_code(&answer), None);
    stop_unconnected(manager).await;
}

#[tokio::test]
async fn unusual_requests_get_their_status() {
    let manager = manager().await;
    let long_value = "a".repeat(300_000);
    let many_headers: String = (0..2_000).map(|n| format!("X-{n}: 1\r\n")).collect();
    let wide: String = (0..50)
        .map(|n| format!("X-{n}: {}\r\n", &long_value[..1_000]))
        .collect();
    let refusal = |status, code: &str| Some((status, code.to_owned()));
    for (request, expected) in [
        ("GET /health HTTP/1.0\r\n\r\n".to_owned(), refusal(200, "")),
        (
            "\r\n\r\nGET /health HTTP/1.0\r\n\r\n".to_owned(),
            refusal(200, ""),
        ),
        (
            format!("GET http://127.0.0.1/status HTTP/1.1\r\n{HOST}\r\n"),
            refusal(200, ""),
        ),
        (
            format!("GET http://evil.example/status HTTP/1.1\r\n{HOST}\r\n"),
            refusal(403, "FOREIGN_HOST"),
        ),
        (
            format!("GET /status HTTP/1.1\r\n{HOST}Host: evil.example\r\n\r\n"),
            refusal(403, "FOREIGN_HOST"),
        ),
        (
            "GET /status HTTP/1.1\r\nHost: évil\r\nConnection: close\r\n\r\n".to_owned(),
            refusal(403, "FOREIGN_HOST"),
        ),
        (
            "GET /status HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n".to_owned(),
            refusal(403, "FOREIGN_HOST"),
        ),
        (
            format!("CONNECT 127.0.0.1:22 HTTP/1.1\r\n{HOST}\r\n"),
            refusal(404, "NOT_FOUND"),
        ),
        (
            format!("OPTIONS * HTTP/1.1\r\n{HOST}\r\n"),
            refusal(404, "NOT_FOUND"),
        ),
        (
            format!("GET /../../etc/passwd HTTP/1.1\r\n{HOST}\r\n"),
            refusal(404, "NOT_FOUND"),
        ),
        (
            format!("GET /%zz%00%ff%u1234 HTTP/1.1\r\n{HOST}\r\n"),
            refusal(404, "NOT_FOUND"),
        ),
        (
            format!("GET /ñandú HTTP/1.1\r\n{HOST}\r\n"),
            refusal(404, "NOT_FOUND"),
        ),
        (
            format!("GET /{} HTTP/1.1\r\n{HOST}\r\n", &long_value[..9_000]),
            refusal(414, "URI_TOO_LONG"),
        ),
        (
            format!("GET /{} HTTP/1.1\r\n{HOST}\r\n", &long_value[..70_000]),
            refusal(414, "URI_TOO_LONG"),
        ),
        (
            format!("GET /{long_value} HTTP/1.1\r\n{HOST}\r\n"),
            refusal(414, "URI_TOO_LONG"),
        ),
        (
            format!(
                "GET /status?{} HTTP/1.1\r\n{HOST}\r\n",
                &long_value[..9_000]
            ),
            refusal(414, "URI_TOO_LONG"),
        ),
        (
            format!("GET /status HTTP/1.1\r\n{HOST}{many_headers}\r\n"),
            refusal(431, "HEADERS_TOO_LARGE"),
        ),
        (
            format!("GET /status HTTP/1.1\r\n{HOST}{wide}\r\n"),
            refusal(431, "HEADERS_TOO_LARGE"),
        ),
        (
            format!("GET /status HTTP/1.1\r\n{HOST}X: {long_value}\r\n\r\n"),
            refusal(431, "HEADERS_TOO_LARGE"),
        ),
        (
            format!(
                "POST /send HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"
            ),
            refusal(400, "INVALID_REQUEST"),
        ),
        (
            format!(
                "POST /send HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"
            ),
            refusal(400, "INVALID_REQUEST"),
        ),
        // The chunked encoding overrides the length, and no bytes are left over.
        (
            format!(
                "POST /send HTTP/1.1\r\n{HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            refusal(400, "INVALID_JSON"),
        ),
    ] {
        let answer = send_raw(&manager, &request, false).await;
        assert_eq!(status_and_code(&answer), expected, "{request:.120}");
    }
    stop_unconnected(manager).await;
}

#[tokio::test]
async fn partial_requests_end_with_their_connection() {
    let manager = manager().await;
    for (request, expected) in [
        ("", None),
        ("G", None),
        ("GET /health HTT", None),
        ("GET /health HTTP/1.1\r\nHost: 127.0", None),
        (
            "POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\n{\"to\":",
            Some((400, "INVALID_REQUEST".to_owned())),
        ),
        (
            "POST /send HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{",
            Some((400, "INVALID_REQUEST".to_owned())),
        ),
    ] {
        let answer = send_raw(&manager, request, true).await;
        assert_eq!(status_and_code(&answer), expected, "{request}");
    }
    // The client disconnects before the response, or in the middle of a body.
    for request in [
        "GET /session HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400000\r\n\r\n{",
    ] {
        let connections = join_all((0..50).map(|_| async {
            let mut stream = connect(&manager).await;
            stream
                .write_all(request.as_bytes())
                .await
                .expect("a request");
        }));
        connections.await;
        assert_healthy(&manager).await;
    }
    stop_unconnected(manager).await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let manager = manager().await;
    let request = |line: &str| format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let pipeline = [
        request("GET /health"),
        request("POST /status"),
        "POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        request("GET /nada"),
        // The bytes after an invalid request are not parsed.
        "rubbish\r\n\r\n".to_owned(),
        request("POST /connect"),
    ]
    .concat();
    let answers = send_raw(&manager, pipeline, false).await;
    let statuses: Vec<&str> = answers
        .match_indices("HTTP/1.1 ")
        .map(|(at, found)| &answers[at + found.len()..][..3])
        .collect();
    assert_eq!(statuses, ["200", "405", "400", "404", "400"], "{answers}");
    stop_unconnected(manager).await;
}

#[tokio::test]
async fn slow_senders_are_disconnected_and_do_not_block_others() {
    let manager = manager().await;
    let heads = join_all((0..200).map(|_| async {
        let mut stream = connect(&manager).await;
        stream
            .write_all(b"GET /health HTTP/1.1\r\nHost: loc")
            .await
            .expect("half a head");
        stream
    }))
    .await;
    let bodies = join_all((0..200).map(|_| async {
        let mut stream = connect(&manager).await;
        let partial_request = b"POST /send HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 90\r\n\r\n{";
        stream.write_all(partial_request).await.expect("half a body");
        stream
    }))
    .await;
    for path in ["/health", "/status"] {
        let answer = tokio::time::timeout(Duration::from_secs(2), manager.get(path)).await;
        assert_eq!(answer.expect("an answer in time").0, 200);
    }
    // The service gives each of them thirty seconds.
    let patience = Duration::from_secs(60);
    for (streams, expected) in [
        (heads, None),
        (bodies, Some((408, "REQUEST_TIMEOUT".to_owned()))),
    ] {
        for mut stream in streams {
            let mut answer = String::new();
            tokio::time::timeout(patience, stream.read_to_string(&mut answer))
                .await
                .expect("an end")
                .expect("a clean close");
            assert_eq!(status_and_code(&answer), expected);
        }
    }
    stop_unconnected(manager).await;
}
