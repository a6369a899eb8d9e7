//! Defines the attacks, each bounded in count and time.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Options;
use super::client::{Connection, Entrance, PATIENCE, Target, status, status_within};

/// Number of concurrent clients in attacks that do not test that number.
pub(super) const CONCURRENCY: usize = 32;
/// More connections than a service admits.
const OVER_CONNECTION_LIMIT: usize = 1_200;

/// An attack, and its allowed responses.
pub(super) struct Attack {
    pub(super) name: &'static str,
    /// Whether only the hub has the target.
    pub(super) only_hub: bool,
    /// The allowed statuses; 0 stands for a connection closed without a response.
    pub(super) allowed: &'static [u16],
    /// The statuses of which at least one must occur.
    pub(super) required: &'static [u16],
    pub(super) kind: Kind,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Responses that the client does not read.
    Unread,
    /// Connections that send these bytes (none, or half a head) and nothing more.
    Silent(&'static [u8]),
    /// Requests that stop, at every position.
    Stopped,
    /// Requests that are sent, and responses that are read, one byte at a time.
    Dripping,
    /// The head of a part, or a multipart preamble, that does not end.
    PartHeads,
    /// Bodies that do not end.
    Bodies,
    /// Sign-ins with names as long as the maximum body.
    LongNames,
    /// Event streams of one client.
    Streams,
    /// Wrong tokens.
    Guesses,
    /// Every route, as every role, with unusual values.
    Flood,
    /// Recipient lists whose upload stalls.
    SlowLists,
    /// Concurrent searches.
    Searches,
}

const fn on_both(
    name: &'static str,
    kind: Kind,
    allowed: &'static [u16],
    required: &'static [u16],
) -> Attack {
    Attack {
        name,
        only_hub: false,
        allowed,
        required,
        kind,
    }
}

const fn on_hub(
    name: &'static str,
    kind: Kind,
    allowed: &'static [u16],
    required: &'static [u16],
) -> Attack {
    Attack {
        only_hub: true,
        ..on_both(name, kind, allowed, required)
    }
}

/// All statuses except 500, which is a defect.
const ANY_BUT_500: &[u16] = &[
    200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 416, 422, 429,
    431, 502, 503, 504, 507,
];

pub(super) const ALL: &[Attack] = &[
    on_both("answers that nobody reads", Kind::Unread, &[], &[]),
    on_both("connections without a request", Kind::Silent(b""), &[], &[]),
    on_both(
        "half a head",
        Kind::Silent(b"GET /status HTTP/1.1\r\nHost: loc"),
        &[],
        &[],
    ),
    on_both(
        "connections after an answer",
        Kind::Silent(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        &[],
        &[],
    ),
    // 429: the hub limits concurrent uploads per client.
    on_both("requests that stop", Kind::Stopped, &[408, 429], &[408]),
    // 0: a head that takes too long gets no response. An upload may take its time, and so may a
    // body that ends, behind nginx.
    on_both(
        "requests byte by byte",
        Kind::Dripping,
        &[0, 201, 400, 408, 429],
        &[0, 408],
    ),
    on_both(
        "heads of parts without an end",
        Kind::PartHeads,
        &[413, 0],
        &[413],
    ),
    on_both("bodies without an end", Kind::Bodies, &[413, 0], &[413]),
    on_hub(
        "long names at the sign-in",
        Kind::LongNames,
        &[401, 429, 503],
        &[401],
    ),
    on_both(
        "event streams of one caller",
        Kind::Streams,
        &[200, 429],
        &[429],
    ),
    on_hub(
        "lists that come slowly",
        Kind::SlowLists,
        &[429, 503],
        &[429],
    ),
    on_hub("searches", Kind::Searches, &[200, 429, 503], &[200]),
    // After all other attacks, since every route includes the one that signs out.
    on_both(
        "every route, role and name",
        Kind::Flood,
        ANY_BUT_500,
        &[400],
    ),
    // Last, since wrong tokens may lock out the right ones from the same address.
    on_both("wrong tokens", Kind::Guesses, &[401, 429], &[401]),
];

impl Attack {
    /// Runs the attack. Returns the statuses of the responses.
    pub(super) async fn run(&self, target: &Target, options: &Options) -> Vec<u16> {
        match self.kind {
            Kind::Unread => leave_responses_unread(target, options).await,
            Kind::Silent(bytes) => stay_silent(target, bytes, options).await,
            Kind::Stopped => stop_mid_request(target, options).await,
            Kind::Dripping => drip_requests(target, options).await,
            Kind::PartHeads => send_endless_part_heads(target, options).await,
            Kind::Bodies => send_endless_bodies(target, options).await,
            Kind::LongNames => sign_in_with_long_names(target, options).await,
            Kind::Streams => open_event_streams(target, options).await,
            Kind::Guesses => guess_tokens(target, options).await,
            Kind::Flood => super::flood::run(target, options).await,
            Kind::SlowLists => upload_slow_lists(target, options).await,
            Kind::Searches => search_concurrently(target, options).await,
        }
    }
}

/// Returns how long opened connections are left idle.
const fn idle_time(options: &Options) -> Duration {
    Duration::from_secs(if options.short { 3 } else { 20 })
}

async fn leave_responses_unread(target: &Target, options: &Options) -> Vec<u16> {
    // Request the largest response without authentication, repeatedly on one connection, until its
    // socket is full.
    let line = "GET /docs/swagger-ui-bundle.js HTTP/1.1";
    let request = format!("{line}\r\n{}\r\n", target.host()).repeat(8);
    let connections = open_connections(
        target,
        request.as_bytes(),
        options.amount(3 * OVER_CONNECTION_LIMIT, OVER_CONNECTION_LIMIT),
    )
    .await;
    tokio::time::sleep(idle_time(options)).await;
    drop(connections);
    Vec::new()
}

async fn stay_silent(target: &Target, bytes: &[u8], options: &Options) -> Vec<u16> {
    let connections = open_connections(
        target,
        bytes,
        options.amount(3 * OVER_CONNECTION_LIMIT, OVER_CONNECTION_LIMIT),
    )
    .await;
    tokio::time::sleep(idle_time(options)).await;
    drop(connections);
    Vec::new()
}

/// Opens `count` connections that stay open.
async fn open_connections(target: &Target, bytes: &[u8], count: usize) -> Vec<Connection> {
    let connect = |_| target.write_only(bytes);
    let connections = stream::iter(0..count)
        .map(connect)
        .buffer_unordered(CONCURRENCY);
    connections.filter_map(std::future::ready).collect().await
}

async fn stop_mid_request(target: &Target, options: &Options) -> Vec<u16> {
    const PARTS: &str = "before\r\n--x\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{\"to\":\"5491158254201\",\"type\":\"document\"}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello";
    let stops = [
        "",
        "bef",
        "before\r\n--x",
        "before\r\n--x\r\nContent-Disp",
        "name=\"json\"\r\n\r\n{\"to\"",
        "document\"}\r\n--x\r\nContent-Disp",
        "\r\n\r\nhello",
    ];
    let content_type = "Content-Type: multipart/form-data; boundary=x\r\n";
    let mut requests = Vec::new();
    for stop in stops {
        let length = PARTS.find(stop).unwrap_or_default() + stop.len();
        for route in ["/send", "/files"] {
            // The first part of `/files` must be the file.
            if route == "/files" && length > PARTS.find("\r\n\r\n").unwrap_or_default() {
                continue;
            }
            let headers = format!("{content_type}Content-Length: 9999\r\n");
            let head = target.head(&format!("POST {route}"), &headers);
            requests.push(format!("{head}{}", &PARTS[..length]));
        }
    }
    // Stop within a raw file, and within an ordinary body.
    let raw_upload = target.head("POST /files?filename=a.txt", "Content-Length: 9999\r\n");
    requests.push(format!("{raw_upload}hello"));
    requests.push(target.head("POST /send", "Content-Length: 9999\r\n") + "{\"to\":");
    // Stop within a chunk's length, within a chunk, and between two chunks.
    let chunked = target.head("POST /send", "Transfer-Encoding: chunked\r\n");
    for partial_chunk in ["1", "5\r\n{\"t", "5\r\n{\"to\"\r\n"] {
        requests.push(format!("{chunked}{partial_chunk}"));
    }
    if target.is_hub() {
        let bulk = target.head("POST /api/sender/messages/bulk", "Content-Length: 9999\r\n");
        requests.push(format!("{bulk}{{\"mensajes\":["));
    }
    let copies = options.amount(4, 1);
    let repeated = requests
        .iter()
        .flat_map(|request| std::iter::repeat_n(request, copies));
    let statuses = stream::iter(repeated).map(|request| target.status(request.as_bytes()));
    // Run all requests concurrently, so that their timeouts overlap.
    statuses.buffer_unordered(usize::MAX).collect().await
}

/// The interval between two bytes, well below the timeout for the next chunk.
const DRIP_INTERVAL: Duration = Duration::from_secs(1);
/// The number of bytes in a dripping request, which takes more than half a minute.
const DRIP_COUNT: usize = 34;

/// Sends a few requests byte by byte and returns their statuses. Meanwhile a crowd of clients
/// writes and reads as slowly.
async fn drip_requests(target: &Target, options: &Options) -> Vec<u16> {
    let body = target.head("POST /send", "Content-Length: 9999\r\n") + "{\"to\":\"";
    let mut writing = open_connections(target, body.as_bytes(), options.amount(700, 200)).await;
    let line = "GET /docs/swagger-ui-bundle.js HTTP/1.1";
    let request = format!("{line}\r\n{}\r\n", target.host()).repeat(8);
    let mut reading = open_connections(target, request.as_bytes(), options.amount(100, 40)).await;
    let crowd = tokio::spawn(async move {
        let short_wait = Duration::from_millis(1);
        loop {
            for stream in &mut writing {
                let _ = tokio::time::timeout(short_wait, stream.write_all(b"a")).await;
            }
            for stream in &mut reading {
                let mut byte = [0];
                let _ = tokio::time::timeout(short_wait, stream.read(&mut byte)).await;
            }
            tokio::time::sleep(DRIP_INTERVAL / 2).await;
        }
    });
    let host = target.host();
    let length = format!("Content-Length: {DRIP_COUNT}\r\n");
    let chunked = target.head("POST /send", "Transfer-Encoding: chunked\r\n");
    let requests = [
        (
            format!("GET /status HTTP/1.1\r\n{host}X-Slow: "),
            "\r\n\r\n",
        ),
        (target.head("POST /send", &length), ""),
        (format!("{chunked}{DRIP_COUNT:x}\r\n"), "\r\n0\r\n\r\n"),
        (target.head("POST /files?filename=a.txt", &length), ""),
    ];
    let dripping_requests = requests
        .iter()
        .map(|(beginning, end)| drip_request(target, beginning, end));
    let statuses = futures_util::future::join_all(dripping_requests).await;
    crowd.abort();
    statuses
}

/// Sends `beginning`, then [`DRIP_COUNT`] bytes one by one, then `end`. Returns the status, which may come
/// before the end.
async fn drip_request(target: &Target, beginning: &str, end: &str) -> u16 {
    let Some(mut stream) = target.write_only(beginning.as_bytes()).await else {
        return 0;
    };
    for _ in 0..DRIP_COUNT {
        let _ = stream.write_all(b"a").await;
        let _ = stream.flush().await;
        // 1 means that there is no response yet.
        match status_within(DRIP_INTERVAL, &mut stream).await {
            1 => {}
            status => return status,
        }
    }
    let _ = stream.write_all(end.as_bytes()).await;
    let _ = stream.flush().await;
    status(&mut stream).await
}

/// Returns the size in bytes of a body that does not end. nginx rejects a body whose declared size
/// exceeds the maximum of a file before it calls the hub.
fn endless_size(target: &Target, options: &Options) -> usize {
    let max_mib = match target.entrance {
        Entrance::Direct(_) => 128,
        Entrance::Nginx(..) => 64,
    };
    options.amount(max_mib, 48) * 1024 * 1024
}

async fn send_endless_part_heads(target: &Target, options: &Options) -> Vec<u16> {
    let size = endless_size(target, options);
    let beginnings = [
        "",
        "--x\r\nContent-Disposition: form-data; name=\"",
        "--x\r\nX-Long: ",
    ];
    let content_type = "Content-Type: multipart/form-data; boundary=x\r\n";
    let filler = vec![b'a'; 64 * 1024];
    let mut statuses = Vec::new();
    for route in ["/send", "/files"] {
        for beginning in beginnings {
            let headers = format!(
                "{content_type}Content-Length: {}\r\n",
                size + beginning.len()
            );
            let head = target.head(&format!("POST {route}"), &headers);
            statuses.push(
                write_until_refused(target, &format!("{head}{beginning}"), &filler, size).await,
            );
        }
    }
    statuses
}

async fn send_endless_bodies(target: &Target, options: &Options) -> Vec<u16> {
    let size = endless_size(target, options);
    let filler = vec![b' '; 64 * 1024];
    let headers = format!("Content-Length: {size}\r\n");
    let mut statuses = Vec::new();
    for route in ["/send", "/pairing-code", "/api/auth/login"] {
        let route = match (target.is_hub(), route) {
            (true, "/pairing-code") => "/api/admin/whatsapp/pairing-code",
            (false, "/api/auth/login") => continue,
            (_, route) => route,
        };
        let head = target.head(&format!("POST {route}"), &headers);
        statuses.push(write_until_refused(target, &head, &filler, size).await);
    }
    statuses
}

/// Writes as long as the peer reads, then reads the status.
async fn write_until_refused(target: &Target, beginning: &str, filler: &[u8], size: usize) -> u16 {
    let Some(mut stream) = target.write_only(beginning.as_bytes()).await else {
        return 0;
    };
    let writing = async {
        let mut remaining = size;
        while remaining > 0 {
            let length = remaining.min(filler.len());
            if stream.write_all(&filler[..length]).await.is_err() {
                break;
            }
            remaining -= length;
        }
    };
    let _ = tokio::time::timeout(PATIENCE, writing).await;
    status(&mut stream).await
}

async fn sign_in_with_long_names(target: &Target, options: &Options) -> Vec<u16> {
    let long = "x".repeat(500_000);
    let client = target.client();
    let attempt = |number: usize| {
        let body = json!({"username": format!("{number}{long}"), "password": "guess"});
        // Each client has its own address.
        let address = format!("203.0.{}.{}", number / 250, number % 250);
        let request = client.post(target.url("/api/auth/login")).json(&body);
        status_of(request.header(target.address_header(), address))
    };
    let attempts = stream::iter(0..options.amount(900, 200)).map(attempt);
    attempts.buffer_unordered(16).collect().await
}

/// Returns the status of a response, without waiting for its body; 0 if there is no response.
pub(super) async fn status_of(request: reqwest::RequestBuilder) -> u16 {
    match request.timeout(PATIENCE).send().await {
        Ok(response) => response.status().as_u16(),
        Err(_) => 0,
    }
}

async fn open_event_streams(target: &Target, options: &Options) -> Vec<u16> {
    let path = match target.is_hub() {
        true => "GET /api/events",
        false => "GET /events",
    };
    let request = target.head(path, "");
    let subscribe = |_| async {
        let mut stream = target.write_only(request.as_bytes()).await?;
        let status = status(&mut stream).await;
        Some((status, stream))
    };
    let count = options.amount(OVER_CONNECTION_LIMIT, 400);
    let streams: Vec<_> = stream::iter(0..count)
        .map(subscribe)
        .buffer_unordered(CONCURRENCY)
        .filter_map(std::future::ready)
        .collect()
        .await;
    tokio::time::sleep(idle_time(options)).await;
    streams.into_iter().map(|(status, _)| status).collect()
}

async fn guess_tokens(target: &Target, options: &Options) -> Vec<u16> {
    let (method, path, header) = match target.is_hub() {
        true => (
            reqwest::Method::POST,
            "/api/listener/incoming-message",
            "x-internal-token",
        ),
        false => (reqwest::Method::GET, "/status", "authorization"),
    };
    let client = target.client();
    let guess = |number: usize| {
        let request = client.request(method.clone(), target.url(path));
        status_of(request.header(header, format!("Bearer guess-{number}")))
    };
    let guesses = stream::iter(0..options.amount(3_000, 700)).map(guess);
    guesses.buffer_unordered(CONCURRENCY).collect().await
}

async fn upload_slow_lists(target: &Target, options: &Options) -> Vec<u16> {
    let client = target.client();
    let mut uploads = Vec::new();
    for _ in 0..options.amount(64, 12) {
        let body = json!({"nombre": "lenta", "mensaje": "hola"});
        let request = client.post(target.url("/api/sender/campaigns")).json(&body);
        let request = request.header("authorization", &target.authorization);
        let Ok(response) = request.send().await else {
            continue;
        };
        let campaign: serde_json::Value = response.json().await.unwrap_or_default();
        let line = format!("POST /api/sender/campaigns/{}/recipients", campaign["id"]);
        let head = target.head(&line, "Content-Type: text/csv\r\nContent-Length: 99999\r\n");
        uploads.extend(
            target
                .write_only(format!("{head}telefono\n").as_bytes())
                .await,
        );
    }
    let mut statuses = Vec::new();
    let mut admitted = Vec::new();
    for mut stream in uploads {
        // Uploads that were admitted have no response yet.
        match status_within(Duration::from_millis(200), &mut stream).await {
            1 => admitted.push(stream),
            status => statuses.push(status),
        }
    }
    // Sign-ins must still be possible meanwhile.
    let login = client.post(target.url("/api/auth/login"));
    let login = login.json(&json!({"username": "nobody", "password": "wrong"}));
    if status_of(login.timeout(Duration::from_secs(10))).await == 0 {
        statuses.push(0);
    }
    drop(admitted);
    statuses
}

async fn search_concurrently(target: &Target, options: &Options) -> Vec<u16> {
    let client = target.client();
    let search = |_| {
        let path = "/api/listener/conversations?buscar=nada&limite=200";
        status_of(
            client
                .get(target.url(path))
                .header("authorization", &target.authorization),
        )
    };
    let searches = stream::iter(0..options.amount(400, 60)).map(search);
    searches.buffer_unordered(CONCURRENCY).collect().await
}
