//! Tests the client against misbehaving peers, over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use http::HeaderMap;
use secrecy::SecretString;
use session_api::{QrBody, SendRequest, SessionState, StatusBody};
use session_client::{ClientError, Endpoint, SessionClient, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const LONG: Duration = Duration::from_secs(20);

fn timeouts() -> Timeouts {
    Timeouts {
        connect: LONG,
        read: LONG,
        command: LONG,
        send: LONG,
        transfer: LONG,
        silence: LONG,
    }
}

/// Returns short timeouts, for peers that never respond.
fn short_timeouts() -> Timeouts {
    let timeout = Duration::from_millis(100);
    Timeouts {
        connect: Duration::from_millis(50),
        read: timeout,
        command: timeout,
        send: timeout,
        transfer: timeout,
        silence: timeout,
    }
}

fn client(address: SocketAddr, timeouts: Timeouts) -> SessionClient {
    let base = format!("http://{address}").parse().unwrap();
    SessionClient::new(base, None, timeouts).unwrap()
}

/// Reads the head and the body of one request.
async fn request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        text.extend_from_slice(&buffer[..count]);
        let so_far = String::from_utf8_lossy(&text).to_ascii_lowercase();
        let Some((head, body)) = so_far.split_once("\r\n\r\n") else {
            assert_ne!(count, 0, "the client closed before the end of its request");
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            return String::from_utf8(text).unwrap();
        }
    }
}

/// Starts a peer that responds to the request of each connection with these bytes, closes, and
/// reports the request.
async fn peer(answer: impl Into<Vec<u8>>) -> (SocketAddr, UnboundedReceiver<String>) {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = sender.send(request(&mut stream).await);
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, received)
}

fn http(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn message() -> SendRequest {
    SendRequest::text(Some(51), "5491158254201", "hola")
}

#[tokio::test]
async fn nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = client(address, timeouts());
    let error = client.status().await.unwrap_err();
    assert!(matches!(error, ClientError::Unavailable(_)), "{error:?}");
    let error = client.send(&message()).await.unwrap_err();
    assert!(error.was_certainly_not_received(), "{error:?}");
    let Err(error) = client.events(None).await else {
        panic!("events without a listener");
    };
    assert!(matches!(error, ClientError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn unresolvable_name_is_unavailable() {
    let base = "http://nowhere.invalid:3001".parse().unwrap();
    let client = SessionClient::new(base, None, timeouts()).unwrap();
    let error = client.status().await.unwrap_err();
    assert!(matches!(error, ClientError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn peer_that_never_answers_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(listener.local_addr().unwrap(), short_timeouts());
    let error = client.status().await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout), "{error:?}");
    let error = client.send(&message()).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout), "{error:?}");
    assert!(!error.was_certainly_not_received());
    let Err(error) = client.events(None).await else {
        panic!("events from a silent peer");
    };
    assert!(matches!(error, ClientError::Timeout), "{error:?}");
}

#[tokio::test]
async fn connection_lost_after_the_request_is_not_unavailable() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\"",
        "rubbish\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "\u{15}\u{3}\u{1}\0\u{2}\u{2}F",
    ] {
        let (address, mut received) = peer(answer).await;
        let client = client(address, timeouts());
        let error = client.send(&message()).await.unwrap_err();
        assert!(
            matches!(error, ClientError::BadResponse(_)),
            "{answer:?}: {error:?}"
        );
        // Exactly one request arrived.
        received.recv().await.unwrap();
        assert!(received.try_recv().is_err(), "{answer:?} was retried");
    }
}

#[tokio::test]
async fn answers_outside_the_contract() {
    for answer in [
        http("200 OK", "not json"),
        http("200 OK", ""),
        http("200 OK", r#"{"status":"LATER"}"#),
        http("200 OK", r#"["READY"]"#),
        http("204 No Content", ""),
        http("201 Created", r#"{"status":"READY"}"#),
        http("500 Internal Server Error", "<html>"),
        http(
            "503 Service Unavailable",
            r#"{"error":false,"code":"A","message":"b"}"#,
        ),
        http("503 Service Unavailable", r#"{"error":true}"#),
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
            .to_owned(),
    ] {
        let (address, _asked) = peer(answer.as_str()).await;
        let client = client(address, timeouts());
        let error = client.status().await.unwrap_err();
        assert!(
            matches!(error, ClientError::BadResponse(_)),
            "{answer}: {error:?}"
        );
        let error = client
            .proxied::<StatusBody>(Endpoint::Status, None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, ClientError::BadResponse(_)),
            "{answer}: {error:?}"
        );
    }
}

#[tokio::test]
async fn endless_response_is_bounded() {
    let mut answer = b"HTTP/1.1 200 OK\r\n\r\n\"".to_vec();
    answer.resize(17 * 1024 * 1024, b'a');
    let (address, _asked) = peer(answer).await;
    let error = client(address, timeouts()).status().await.unwrap_err();
    assert!(error.to_string().contains("more than"), "{error}");
}

#[tokio::test]
async fn failures_of_the_contract_keep_status_and_code() {
    let body = r#"{"error":true,"code":"SESSION_NOT_READY","message":"the state is INIT"}"#;
    let (address, _asked) = peer(http("503 Service Unavailable", body)).await;
    let client = client(address, timeouts());
    let error = client.send(&message()).await.unwrap_err();
    assert_eq!(error.remote_code(), Some("SESSION_NOT_READY"));
    assert!(matches!(error, ClientError::Remote { status: 503, .. }));
    let answer = client
        .proxied::<StatusBody>(Endpoint::Status, None)
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (503, body.as_bytes())
    );
}

#[tokio::test]
async fn refused_token_is_an_operator_error() {
    let body = r#"{"error":true,"code":"UNAUTHORIZED","message":"no"}"#;
    let (address, _asked) = peer(http("401 Unauthorized", body)).await;
    let client = client(address, timeouts());
    for error in [
        client.status().await.unwrap_err(),
        client
            .proxied::<StatusBody>(Endpoint::Status, None)
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(error, ClientError::TokenRefused), "{error:?}");
    }
}

#[tokio::test]
async fn successes_are_typed_or_bytes() {
    let body = "{ \"status\" : \"READY\", \"later\": 1 }";
    let (address, _asked) = peer(http("200 OK", body)).await;
    let client = client(address, timeouts());
    assert_eq!(client.status().await.unwrap().status, SessionState::Ready);
    let answer = client
        .proxied::<StatusBody>(Endpoint::Status, None)
        .await
        .unwrap();
    assert_eq!(answer.body, body);
    assert_eq!(answer.content_type.unwrap(), "application/json");
    let (address, _asked) = peer(http("200 OK", r#"{"status":"NO_QR"}"#)).await;
    let client = self::client(address, timeouts());
    assert_eq!(client.qr().await.unwrap(), QrBody::NoQr);
}

#[tokio::test]
async fn requests_carry_what_they_were_given() {
    let (address, mut received) = peer(http(
        "200 OK",
        r#"{"ok":true,"message_id":"true_1@c.us_3EB0"}"#,
    ))
    .await;
    let base = format!("http://{address}/below?")
        .replace('?', "")
        .parse()
        .unwrap();
    let token = SecretString::from("hunter2");
    let client = SessionClient::new(base, Some(&token), timeouts()).unwrap();
    assert!(!format!("{client:?}").contains("hunter2"));
    let sent = client
        .for_cliente(Some(51))
        .with_idempotency_key("key-1".parse().unwrap())
        .with_request_id("id-1".parse().unwrap())
        .send(&message())
        .await
        .unwrap();
    assert_eq!(sent.message_id, "true_1@c.us_3EB0");
    let text = received.recv().await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /below/send HTTP/1.1\r\n"), "{head}");
    for line in [
        "authorization: Bearer hunter2",
        "x-cliente-id: 51",
        "idempotency-key: key-1",
        "x-request-id: id-1",
        "content-type: application/json",
    ] {
        assert!(head.lines().any(|item| item == line), "{line}: {head}");
    }
    assert_eq!(
        body,
        r#"{"cliente_id":51,"to":"5491158254201","message":"hola"}"#
    );

    // The requests of the plain client carry the token, and none of the headers above.
    let _ = client.connect().await;
    let head = received.recv().await.unwrap();
    assert!(head.starts_with("POST /below/connect "), "{head}");
    assert!(
        !head.contains("x-cliente-id") && !head.contains("idempotency-key"),
        "{head}"
    );
}

#[tokio::test]
async fn events_are_decoded_with_their_ids() {
    let stream = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
        : hello\n\nid: 7\nevent: qr\ndata: {\"status\":\"NO_QR\"}\n\n\
        retry: 5\n\ndata: a\ndata: b\n\nevent: qr\ndata: {}\n\nevent: cut";
    let (address, mut received) = peer(stream).await;
    let client = client(address, timeouts());
    let events: Vec<_> = client.events(Some("6")).await.unwrap().collect().await;
    assert!(received.recv().await.unwrap().contains("last-event-id: 6"));
    let events: Vec<_> = events.into_iter().map(Result::unwrap).collect();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].id.as_deref(), Some("7"));
    assert!(matches!(
        events[0].parse(),
        Ok(Some(session_api::Event::Qr(_)))
    ));
    assert_eq!(
        (events[1].name.as_str(), events[1].data.as_str()),
        ("message", "a\nb")
    );
    assert!(events[2].parse().is_err());
}

#[tokio::test]
async fn event_streams_that_misbehave() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
    let endless = format!("{head}\r\ndata: {}", "a".repeat(9 * 1024 * 1024));
    for (answer, problem) in [
        (
            format!("{head}content-length: 99\r\n\r\ndata: a\n\n"),
            "violates",
        ),
        (endless, "more than"),
    ] {
        let (address, _asked) = peer(answer).await;
        let client = client(address, timeouts());
        let events: Vec<_> = client.events(None).await.unwrap().collect().await;
        let error = events.last().unwrap().as_ref().unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
    }
    for answer in [
        http("200 OK", "{}"),
        http(
            "404 Not Found",
            r#"{"error":true,"code":"NOT_FOUND","message":"x"}"#,
        ),
        http("502 Bad Gateway", "<html>"),
    ] {
        let (address, _asked) = peer(answer).await;
        assert!(client(address, timeouts()).events(None).await.is_err());
    }
}

#[tokio::test]
async fn silent_event_stream_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(listener.local_addr().unwrap(), short_timeouts());
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: a\n\n")
            .await
            .unwrap();
        // Keep the connection open until the client gives up.
        let _ = stream.read(&mut [0; 1]).await;
    });
    let events: Vec<_> = client.events(None).await.unwrap().collect().await;
    assert!(events[0].is_ok());
    assert!(matches!(events[1], Err(ClientError::Timeout)), "{events:?}");
    assert_eq!(events.len(), 2);
    peer.await.unwrap();
}

#[tokio::test]
async fn tls_is_spoken_to_https() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let base = format!("https://{address}").parse().unwrap();
    let client = SessionClient::new(base, None, timeouts()).unwrap();
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first_bytes = [0; 3];
        stream.read_exact(&mut first_bytes).await.unwrap();
        first_bytes
    });
    let error = client.send(&message()).await.unwrap_err();
    // There was no handshake and no request, so the message cannot have been received.
    assert!(error.was_certainly_not_received(), "{error:?}");
    // These are the first bytes of a TLS handshake record.
    assert_eq!(peer.await.unwrap()[..2], [22, 3]);
}

#[tokio::test]
async fn file_of_a_message_is_streamed_and_its_id_stays_one_path_segment() {
    let (address, mut received) = peer(
        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-2/9\r\ncontent-length: 3\r\n\r\nabc",
    )
    .await;
    let client = client(address, timeouts());
    let asked = [
        ("range", "bytes=0-2"),
        ("if-range", "\"tag\""),
        ("cookie", "a=b"),
    ];
    let asked = asked.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    let media = client
        .media("false_1@c.us_3A/../x", &HeaderMap::from_iter(asked))
        .await
        .unwrap();
    assert_eq!(media.status, 206);
    assert_eq!(media.headers["content-range"], "bytes 0-2/9");
    let body: Vec<_> = media.body.collect().await;
    let body: Result<Vec<_>, _> = body.into_iter().collect();
    assert_eq!(body.unwrap().concat(), b"abc");
    let received = received.recv().await.unwrap();
    assert!(
        received.starts_with("GET /messages/false_1@c.us_3A%2F..%2Fx/media HTTP/1.1\r\n"),
        "{received}"
    );
    let received = received.to_ascii_lowercase();
    for line in ["\r\nrange: bytes=0-2\r\n", "\r\nif-range: \"tag\"\r\n"] {
        assert!(received.contains(line), "{received}");
    }
    assert!(!received.contains("cookie"), "{received}");
}

#[tokio::test]
async fn truncated_file_ends_with_an_error() {
    let (address, _asked) = peer("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await;
    let client = client(address, timeouts());
    let media = client.media("x", &HeaderMap::new()).await.unwrap();
    let body: Vec<_> = media.body.collect().await;
    let last_chunk = body.last().unwrap();
    assert!(
        matches!(last_chunk, Err(ClientError::BadResponse(_))),
        "{last_chunk:?}"
    );
}

#[tokio::test]
async fn deletion_of_a_missing_file_succeeds() {
    let missing = r#"{"error":true,"code":"MEDIA_NOT_FOUND","message":"x"}"#;
    let busy = r#"{"error":true,"code":"LEDGER_UNAVAILABLE","message":"x"}"#;
    for (answer, is_done) in [
        ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), true),
        (http("404 Not Found", missing), true),
        (http("503 Service Unavailable", busy), false),
        (http("404 Not Found", "{}"), false),
    ] {
        let (address, mut received) = peer(answer.clone()).await;
        let result = client(address, timeouts()).delete_media("x").await;
        assert_eq!(result.is_ok(), is_done, "{answer}");
        let received = received.recv().await.unwrap();
        assert!(
            received.starts_with("DELETE /messages/x/media "),
            "{received}"
        );
    }
}
