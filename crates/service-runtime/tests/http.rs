//! Tests the standard layers over real sockets: requests that never reach a router, and the
//! router's responses to the others.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use service_runtime::Shutdown;
use service_runtime::http::{
    ApiJson, ApiPath, ApiQuery, ClienteId, ErrorReply, Limits, broken_part, parts_of, standard,
};
use service_runtime::serve::{ServeLimits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(serde::Deserialize)]
struct Echo {
    text: String,
}

struct Server {
    address: SocketAddr,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

async fn start(limits: ServeLimits) -> Server {
    let router = Router::new()
        .route("/", get(async || "here"))
        .route(
            "/echo",
            post(
                async |cliente: Option<ClienteId>, ApiJson(echo): ApiJson<Echo>| {
                    Json(json!({"text": echo.text, "cliente": cliente.map(|ClienteId(id)| id)}))
                },
            ),
        )
        .route(
            "/number/{number}",
            get(async |ApiPath(number): ApiPath<u32>| number.to_string()),
        )
        .route(
            "/query",
            get(
                async |ApiQuery(query): ApiQuery<std::collections::BTreeMap<String, u8>>| {
                    query.len().to_string()
                },
            ),
        )
        .route(
            "/bytes",
            post(async |bytes: bytes::Bytes| bytes.len().to_string()),
        )
        .route(
            "/panic",
            get(async || -> &'static str { panic!("on purpose") }),
        )
        .route(
            "/never",
            get(async || {
                std::future::pending::<()>().await;
                "never"
            }),
        );
    let limits_of_requests = Limits {
        body: 1000,
        body_read: Duration::from_millis(300),
        ..Limits::default()
    };
    let router = standard(router, limits_of_requests);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let task = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { serve(listener, router, limits, &shutdown).await }
    });
    Server {
        address,
        shutdown,
        task,
    }
}

struct RawResponse {
    status: u16,
    head: String,
    body: String,
}

impl RawResponse {
    fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.head, self.body));
        let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["code", "error", "message"]);
        assert_eq!(body["error"], true);
        assert!(
            self.head.contains("content-type: application/json"),
            "{}",
            self.head
        );
        body["code"].as_str().unwrap().to_owned()
    }
}

impl Server {
    /// Writes the bytes and reads until the server closes.
    async fn send_raw(&self, request: impl AsRef<[u8]>) -> RawResponse {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may close before it has read all bytes.
        let _ = stream.write_all(request.as_ref()).await;
        let mut text = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut text))
            .await
            .expect("the server closes")
            .unwrap();
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("a complete head");
        RawResponse {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    async fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> RawResponse {
        let length = body.len();
        self.send_raw(format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ))
        .await
    }

    async fn stop(self) {
        self.shutdown.stop("test");
        self.task.await.unwrap();
    }
}

#[tokio::test]
async fn failures_have_one_shape() {
    let server = start(ServeLimits::default()).await;
    for (method, path, headers, body, status, code) in [
        ("GET", "/nothing", "", "", 404, "NOT_FOUND"),
        ("BREW", "/nothing", "", "", 404, "NOT_FOUND"),
        ("OPTIONS", "*", "", "", 404, "NOT_FOUND"),
        ("POST", "/", "", "", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/echo", "", "", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/panic", "", "", 500, "INTERNAL"),
        ("GET", "/number/x", "", "", 400, "INVALID_REQUEST"),
        ("GET", "/number/%FF", "", "", 400, "INVALID_REQUEST"),
        ("GET", "/number/%zz", "", "", 400, "INVALID_REQUEST"),
        ("GET", "/number/-1", "", "", 400, "INVALID_REQUEST"),
        ("GET", "/query?a=999", "", "", 400, "INVALID_REQUEST"),
        ("POST", "/echo", "", "", 400, "INVALID_JSON"),
        ("POST", "/echo", "", "text=a", 400, "INVALID_JSON"),
        ("POST", "/echo", "", "{}", 400, "INVALID_REQUEST"),
        (
            "POST",
            "/echo",
            "content-type: text/html\r\n",
            "{}",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "POST",
            "/echo",
            "x-cliente-id: 0\r\n",
            r#"{"text":"a"}"#,
            400,
            "INVALID_HEADER",
        ),
        (
            "POST",
            "/echo",
            "x-cliente-id: 1\r\nx-cliente-id: 2\r\n",
            r#"{"text":"a"}"#,
            400,
            "INVALID_HEADER",
        ),
        (
            "POST",
            "/echo",
            "x-cliente-id: \u{fc}\r\n",
            r#"{"text":"a"}"#,
            400,
            "INVALID_HEADER",
        ),
    ] {
        let answer = server.request(method, path, headers, body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{method} {path} {headers}"
        );
        assert!(answer.head.contains("x-request-id: "), "{}", answer.head);
        if status == 405 {
            assert!(answer.head.contains("allow: "), "{}", answer.head);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn oversized_request_gets_an_error_body() {
    let server = start(ServeLimits::default()).await;
    let long_body = "a".repeat(3_000_000);
    let body = format!(r#"{{"text":"{long_body}"}}"#);
    for (method, path, headers, body, status, code) in [
        ("POST", "/echo", "", body.as_str(), 413, "PAYLOAD_TOO_LARGE"),
        (
            "POST",
            "/bytes",
            "",
            &long_body[..2000],
            413,
            "PAYLOAD_TOO_LARGE",
        ),
        (
            "GET",
            &format!("/{}", &long_body[..9000]),
            "",
            "",
            414,
            "URI_TOO_LONG",
        ),
        (
            "GET",
            &format!("/{}", &long_body[..70_000]),
            "",
            "",
            414,
            "URI_TOO_LONG",
        ),
        (
            "GET",
            "/",
            &format!("a: {}\r\n", &long_body[..40_000]),
            "",
            431,
            "HEADERS_TOO_LARGE",
        ),
        (
            "GET",
            "/",
            &format!("a: {}\r\n", &long_body[..500_000]),
            "",
            431,
            "HEADERS_TOO_LARGE",
        ),
        (
            "GET",
            "/",
            &"a: b\r\n".repeat(5000),
            "",
            431,
            "HEADERS_TOO_LARGE",
        ),
    ] {
        let answer = server.request(method, path, headers, body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{method} {}",
            path.len()
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn invalid_requests_get_an_error_body() {
    let server = start(ServeLimits::default()).await;
    for request in [
        "rubbish\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /\u{1} HTTP/1.1\r\n\r\n",
        "POST /echo HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0 a TLS hello\r\n\r\n",
    ] {
        let answer = server.send_raw(request).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "BAD_REQUEST"),
            "{request:?}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn valid_requests_pass() {
    let server = start(ServeLimits::default()).await;
    let answer = server
        .request("GET", "/", "x-request-id: mine-1\r\n", "")
        .await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "here"));
    assert!(answer.head.contains("x-request-id: mine-1"));
    let answer = server
        .request("GET", "/", "x-request-id: a b\r\n", "")
        .await;
    assert!(!answer.head.contains("a b"), "{}", answer.head);
    let answer = server.request("HEAD", "/", "", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let answer = server.request("HEAD", "/nothing", "", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (404, ""));
    for label in [
        "",
        "content-type: application/json\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
    ] {
        let answer = server
            .request(
                "POST",
                "/echo",
                &format!("x-cliente-id: 51\r\n{label}"),
                r#"{"text":"ñ","more":1}"#,
            )
            .await;
        assert_eq!(answer.body, r#"{"cliente":51,"text":"ñ"}"#);
    }
    server.stop().await;
}

#[tokio::test]
async fn slow_clients_are_not_waited_for() {
    let server = start(ServeLimits {
        header_read: Duration::from_millis(200),
        ..ServeLimits::default()
    })
    .await;
    // A head that never ends, and no head at all: both are closed without a response.
    for request in ["GET / HTTP/1.1\r\nhost: x\r\n", ""] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut text))
            .await
            .expect("the server closes")
            .unwrap();
        assert!(text.is_empty());
    }
    // A body that never ends.
    let answer = server
        .send_raw(
            "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\r\n{",
        )
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (408, "REQUEST_TIMEOUT")
    );
    server.stop().await;
}

async fn open_request(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn draining_is_bounded_and_aborting_is_immediate() {
    for abort in [false, true] {
        let server = start(ServeLimits {
            drain: if abort {
                Duration::from_secs(3600)
            } else {
                Duration::from_millis(100)
            },
            ..ServeLimits::default()
        })
        .await;
        let mut stuck_stream = open_request(server.address, "/never").await;
        // An idle connection that has served a request ends at once.
        let mut idle = open_request(server.address, "/").await;
        let mut first_stream = [0; 15];
        idle.read_exact(&mut first_stream).await.unwrap();
        assert_eq!(&first_stream, b"HTTP/1.1 200 OK");
        let (address, shutdown, task) = (server.address, server.shutdown, server.task);
        shutdown.stop("test");
        if abort {
            shutdown.abort("test");
        }
        tokio::time::timeout(Duration::from_secs(10), task)
            .await
            .unwrap()
            .unwrap();
        let mut remaining = Vec::new();
        let _ = stuck_stream.read_to_end(&mut remaining).await;
        assert!(remaining.is_empty());
        assert!(
            TcpStream::connect(address).await.is_err(),
            "the port must be closed"
        );
    }
}

#[tokio::test]
async fn connections_over_the_limit_wait() {
    let server = start(ServeLimits {
        connections: 1,
        ..ServeLimits::default()
    })
    .await;
    let mut first_stream = open_request(server.address, "/").await;
    let mut status_line = [0; 15];
    first_stream.read_exact(&mut status_line).await.unwrap();
    let mut second_stream = open_request(server.address, "/").await;
    drop(first_stream);
    tokio::time::timeout(
        Duration::from_secs(10),
        second_stream.read_exact(&mut status_line),
    )
    .await
    .expect("a response once the first connection has ended")
    .unwrap();
    server.stop().await;
}

/// Starts a server with a response larger than a socket buffer, and a route that reads the body
/// itself.
async fn start_large(limits: ServeLimits) -> Server {
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/large", get(async || "x".repeat(16 * 1024 * 1024)))
        .route(
            "/parts",
            post(async |request: axum::extract::Request| {
                let mut parts = parts_of(request).await?;
                let mut read = 0;
                while let Some(mut part) = parts.next().await? {
                    while let Some(chunk) = part.chunk().await.map_err(broken_part)? {
                        read += chunk.len();
                    }
                }
                Ok::<_, ErrorReply>(read.to_string())
            })
            .layer(axum::extract::DefaultBodyLimit::disable()),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let router = standard(router, Limits::default());
    let task = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { serve(listener, router, limits, &shutdown).await }
    });
    Server {
        address,
        shutdown,
        task,
    }
}

#[tokio::test]
async fn peer_that_does_not_read_is_disconnected() {
    let server = start_large(ServeLimits {
        write_stall: Duration::from_millis(300),
        ..ServeLimits::default()
    })
    .await;
    let mut stream = open_request(server.address, "/large").await;
    // While the client reads from time to time, the connection stays open.
    let mut buffer = vec![0; 1024 * 1024];
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.read_exact(&mut buffer).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(900)).await;
    let mut remaining = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut remaining))
        .await
        .expect("the server closes");
    assert!(remaining.len() < 12 * 1024 * 1024, "{}", remaining.len());
    server.stop().await;
}

#[tokio::test]
async fn idle_connections_make_room_for_others() {
    let server = start_large(ServeLimits {
        connections: 20,
        ..ServeLimits::default()
    })
    .await;
    // No request, half a request, half a body, a response that is not read.
    let mut idle_streams = Vec::new();
    for number in 0..60 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = [
            "",
            "GET / HTTP/1.1\r\nhost",
            "POST /parts HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 99\r\n\r\n--x",
            "GET /large HTTP/1.1\r\nhost: x\r\n\r\n",
        ][number % 4];
        let _ = stream.write_all(request.as_bytes()).await;
        idle_streams.push(stream);
    }
    for _ in 0..5 {
        let answer = server.request("GET", "/", "", "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "here"));
    }
    drop(idle_streams);
    server.stop().await;
}

#[tokio::test]
async fn full_server_refuses_a_further_connection() {
    let server = start(ServeLimits {
        connections: 2,
        ..ServeLimits::default()
    })
    .await;
    let busy_streams = [
        open_request(server.address, "/never").await,
        open_request(server.address, "/never").await,
    ];
    // Connections can be cut until both requests are at work.
    let answer = loop {
        let answer = server.request("GET", "/", "", "").await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!((answer.status, answer.code().as_str()), (503, "OVERLOADED"));
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    drop(busy_streams);
    server.stop().await;
}

#[tokio::test]
async fn stalled_body_times_out_at_any_position() {
    let server = start_large(ServeLimits {
        body_idle: Duration::from_millis(300),
        ..ServeLimits::default()
    })
    .await;
    let body =
        "preamble\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--x--\r\n";
    for stop in [
        "",
        "pre",
        "preamble\r\n--x\r\nContent-Dis",
        "\r\n\r\nval",
        "\r\n--x",
    ] {
        let until = body.find(stop).unwrap() + stop.len();
        let sent_part = &body[..until];
        let length = body.len() + 100;
        let answer = server
            .send_raw(format!(
                "POST /parts HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: {length}\r\n\r\n{sent_part}"
            ))
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (408, "REQUEST_TIMEOUT"),
            "{sent_part:?}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn head_of_a_part_is_bounded() {
    let server = start_large(ServeLimits::default()).await;
    let beginning = "--x\r\nContent-Disposition: form-data; name=\"";
    let long_body = "a".repeat(3 * 1024 * 1024);
    let answer = server
        .request(
            "POST",
            "/parts",
            "content-type: multipart/form-data; boundary=x\r\n",
            &format!("{beginning}{long_body}"),
        )
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (413, "PAYLOAD_TOO_LARGE")
    );
    let multipart_body = format!("{beginning}a\"\r\n\r\n{long_body}\r\n--x--\r\n");
    let answer = server
        .request(
            "POST",
            "/parts",
            "content-type: multipart/form-data; boundary=x\r\n",
            &multipart_body,
        )
        .await;
    assert_eq!(
        (answer.status, answer.body),
        (200, long_body.len().to_string())
    );
    server.stop().await;
}

/// Checks that a client that reads nothing until it has sent everything still gets its response,
/// and so does a proxy.
#[tokio::test]
async fn response_before_the_end_of_the_body_arrives() {
    let server = start(ServeLimits::default()).await;
    for (path, status) in [("/nothing", "404"), ("/bytes", "413")] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece = vec![b'a'; 64 * 1024];
        for _ in 0..400 {
            stream.write_all(&piece).await.unwrap();
        }
        let mut status_line = [0; 12];
        stream.read_exact(&mut status_line).await.unwrap();
        assert_eq!(
            std::str::from_utf8(&status_line[9..]).unwrap(),
            status,
            "{path}"
        );
        // A client that keeps connections open must not reuse this one.
        let mut remaining = String::new();
        stream.read_to_string(&mut remaining).await.unwrap();
        assert!(
            remaining.contains("\r\nconnection: close\r\n"),
            "{remaining}"
        );
    }
    server.stop().await;
}
