//! Tests the hub behind a real nginx with `deploy/nginx/leadmaster.conf`.

use std::convert::Infallible;
use std::path::Path;
use std::process::Stdio;

use futures_util::future::join_all;
use harness::{Events, Hub, Manager, ManagerOptions, Nginx, SseEvent, poll, send_request};
use reqwest::{Body, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;

const PASSWORD: &str = "una clave de prueba, larga";
/// The address of another host, which no client of this test can have.
const CLAIMED: &str = "203.0.113.9";
const MIB: usize = 1024 * 1024;

async fn start_nginx(hub: &Hub) -> Nginx {
    Nginx::start(&[&hub.service.url]).await
}

fn password_options() -> ManagerOptions {
    ManagerOptions::default().with("HUB_ADMIN_PASSWORD", PASSWORD)
}

#[tokio::test]
async fn page_is_served_over_tls_only() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, password_options()).await;
    let nginx = start_nginx(&hub).await;
    let client = nginx.client(1);

    let page = client.get(nginx.url("/whatsapp")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let hsts = "max-age=31536000";
    assert_eq!(page.headers()["strict-transport-security"], hsts);
    let response = client.get(nginx.url("/api/status")).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["strict-transport-security"], hsts);

    let request_plain = |path: &str| {
        let request = client.get(format!("http://{}{path}", nginx.http));
        request.header("host", Nginx::NAME).send()
    };
    let redirect = request_plain("/whatsapp?x=1").await.unwrap();
    assert_eq!(redirect.status(), 301);
    let location = format!("https://{}/whatsapp?x=1", Nginx::NAME);
    assert_eq!(redirect.headers()["location"], location.as_str());
    // certbot's path, which is requested without TLS.
    let challenge = request_plain("/.well-known/acme-challenge/none")
        .await
        .unwrap();
    assert_eq!(challenge.status(), 404);

    let login = json!({"username": "admin", "password": PASSWORD});
    let request = client.post(nginx.url("/api/auth/login")).json(&login);
    let signed_in = request.send().await.unwrap();
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("Secure"), "{cookie}");
    manager.stop().await;
}

#[tokio::test]
async fn hub_without_a_password_is_closed_behind_nginx() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let nginx = start_nginx(&hub).await;
    let (status, body) = send_request(nginx.client(1).get(nginx.url("/api/status"))).await;
    assert_eq!((status, &body["code"]), (403, &json!("FOREIGN_HOST")));
    manager.stop().await;
}

#[tokio::test]
async fn password_guesses_are_rate_limited_by_real_address() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, password_options()).await;
    let nginx = start_nginx(&hub).await;

    let wrong_credentials = json!({"username": "admin", "password": "otra clave"});
    let request = nginx.client(7).post(nginx.url("/api/auth/login"));
    let request_with_claim = request
        .header("x-forwarded-for", CLAIMED)
        .json(&wrong_credentials);
    assert_eq!(send_request(request_with_claim).await.0, 401);
    let log = hub.service.output();
    assert!(log.contains("a wrong password") && log.contains("127.0.0.7"));
    assert!(!log.contains(CLAIMED), "{log}");

    // Both paths reach the API.
    for (host, path) in [(8, "/api/auth/login"), (9, "/auth/login")] {
        let client = nginx.client(host);
        let mut passed_count = 0;
        let refusal = poll::until("nginx to refuse", async || {
            // The body is invalid, so that the hub itself would reject the request.
            let request = client.post(nginx.url(path)).body("{");
            let request_with_claim =
                request.header("x-forwarded-for", format!("203.0.113.{passed_count}"));
            let response = request_with_claim.send().await.unwrap();
            if response.status() == 429 {
                return Some(response);
            }
            assert_eq!(response.status(), 400);
            passed_count += 1;
            None
        })
        .await;
        assert!(passed_count >= 11, "only {passed_count} requests passed");
        assert_eq!(refusal.headers()["content-type"], "text/html");
        // Other requests are not throttled.
        let me = client.get(nginx.url("/api/auth/me"));
        let (status, _) = send_request(me.basic_auth("admin", Some(PASSWORD))).await;
        assert_eq!(status, 200);
    }
    // Other clients are not throttled either.
    let request = nginx.client(10).post(nginx.url("/auth/login")).body("{");
    assert_eq!(send_request(request).await.0, 400);
    manager.stop().await;
}

/// Adds the headers of another client, which claims yet another address.
fn claim_address(address: &str, claim: usize, request: RequestBuilder) -> RequestBuilder {
    request
        .header(Nginx::ADDRESS_HEADER, address)
        .header("x-forwarded-for", format!("192.0.2.{}", claim % 250))
}

const ADDRESS: &str = "203.0.113.7";
const OTHER_ADDRESS: &str = "203.0.113.8";

#[tokio::test]
async fn each_client_behind_nginx_has_its_own_limits() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let token = "un-token-de-prueba-42";
    let hub = Hub::start(&manager, password_options().with("INTERNAL_TOKEN", token)).await;
    let nginx = start_nginx(&hub).await;
    let client = nginx.client(1);

    // Use Basic auth, for which nginx itself has no limit.
    let sign_in = async |address: &str, claim: usize, password: &str| {
        let request = client.get(nginx.url("/api/auth/me"));
        let request = request.basic_auth("admin", Some(password));
        send_request(claim_address(address, claim, request)).await
    };
    for claim in 0..10 {
        assert_eq!(sign_in(ADDRESS, claim, "otra clave").await.0, 401);
    }
    let (status, body) = sign_in(ADDRESS, 11, "otra clave").await;
    assert_eq!((status, &body["code"]), (429, &json!("TOO_MANY_ATTEMPTS")));
    assert_eq!(sign_in(OTHER_ADDRESS, 1, "otra clave").await.0, 401);
    assert_eq!(sign_in(OTHER_ADDRESS, 1, PASSWORD).await.0, 200);

    let report = async |address: &str, claim: usize, token: &str| {
        let from_ana = "5491158254201";
        let body =
            json!({"cliente_id": 51, "from": from_ana, "message": "hola", "message_id": "A1"});
        let request = client.post(nginx.url("/api/listener/incoming-message"));
        let request = request.header("x-internal-token", token).json(&body);
        send_request(claim_address(address, claim, request)).await
    };
    let mut statuses = Vec::new();
    for claims in (0..610).collect::<Vec<_>>().chunks(50) {
        let guess = |claim: &usize| report(ADDRESS, *claim, "guess");
        let responses = join_all(claims.iter().map(guess)).await;
        statuses.extend(responses.into_iter().map(|response| response.0));
    }
    let count_of = |expected| {
        statuses
            .iter()
            .filter(|response| **response == expected)
            .count()
    };
    assert!(
        count_of(401) >= 600 && count_of(429) > 0,
        "{} of {}",
        count_of(401),
        count_of(429)
    );
    assert_eq!(count_of(401) + count_of(429), 610);
    let (status, body) = report(ADDRESS, 1, token).await;
    assert_eq!((status, &body["code"]), (429, &json!("TOO_MANY_ATTEMPTS")));
    let (status, body) = report(OTHER_ADDRESS, 1, token).await;
    assert_eq!(status, 200, "{body}");
    manager.stop().await;
}

#[tokio::test]
async fn requests_of_one_address_are_bounded() {
    /// The value of `limit_conn` in `deploy/nginx/leadmaster.conf`.
    const LIMIT: usize = 128;
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, password_options()).await;
    let nginx = start_nginx(&hub).await;
    let client = nginx.client(11);
    let status = async |client: &reqwest::Client| {
        let request = client.get(nginx.url("/api/auth/me"));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(&client).await, 401);

    // nginx itself waits for these bodies, and the hub does not know of them.
    let mut bodies = Vec::new();
    let mut requests = tokio::task::JoinSet::new();
    let mut open_requests = || {
        // One that arrived while the request below was the last one admitted was refused.
        while requests.try_join_next().is_some() {}
        while requests.len() < LIMIT {
            let (parts, body) = open_body();
            bodies.push(parts);
            let request = client.post(nginx.url("/api/users"));
            let request = request.header("content-length", 9).body(body);
            requests.spawn(request.send());
        }
    };
    poll::until("nginx to refuse one more request", async || {
        open_requests();
        (status(&client).await == 429).then_some(())
    })
    .await;
    assert_eq!(
        status(&nginx.client(12)).await,
        401,
        "a client at another address is not limited"
    );
    // The client ends the connection.
    requests.shutdown().await;
    drop(bodies);
    poll::until("nginx to admit requests again", async || {
        (status(&client).await == 401).then_some(())
    })
    .await;
    manager.stop().await;
}

fn has_link(event: &SseEvent, link: &str) -> bool {
    event.name == "hub" && event.data["session_manager"] == link
}

#[tokio::test]
async fn events_stream_unbuffered_through_nginx() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, password_options()).await;
    let nginx = start_nginx(&hub).await;
    let client = nginx.client(1);
    let mut streams = Vec::new();
    for path in ["/api/events", "/events"] {
        let request = client.get(nginx.url(path));
        let request = request.basic_auth("admin", Some(PASSWORD));
        streams.push(Events::from_response(request.send().await.unwrap()));
    }
    let mut browser = start_http2_client(&nginx);
    for stream in &mut streams {
        stream.read_until(|event| has_link(event, "up")).await;
    }
    let lines = browser.stdout.take().unwrap();
    let mut lines = BufReader::new(lines).lines();
    let mut next_line = async || {
        let line = tokio::time::timeout(harness::PATIENCE, lines.next_line()).await;
        line.expect("a line in time").unwrap().expect("a line")
    };
    assert_eq!(next_line().await, "status 200");
    let mut received_lines = vec![next_line().await];
    // The current state was sent, and the next event is this one.
    manager.stop().await;
    for stream in &mut streams {
        stream.read_until(|event| has_link(event, "down")).await;
    }
    while received_lines
        .iter()
        .filter(|line| *line == "event: hub")
        .count()
        < 2
    {
        received_lines.push(next_line().await);
    }
    drop(browser.stdin.take());
    assert!(browser.wait().await.unwrap().success());
}

/// Starts a client that uses HTTP/2, as browsers do.
fn start_http2_client(nginx: &Nginx) -> tokio::process::Child {
    tokio::process::Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("node/http2-events.mjs"))
        .env("ORIGIN", format!("https://{}", nginx.https))
        .env("AUTHORITY", Nginx::NAME)
        .env("CA", nginx.authority())
        .env("PASSWORD", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node")
}

type Part = Result<Vec<u8>, Infallible>;

/// Returns a body that is sent in parts.
fn open_body() -> (mpsc::Sender<Part>, Body) {
    let (parts, receiver) = mpsc::channel(1);
    let stream = futures_util::stream::unfold(receiver, async |mut receiver| {
        let part: Part = receiver.recv().await?;
        Some((part, receiver))
    });
    (parts, Body::wrap_stream(stream))
}

#[tokio::test]
async fn uploads_stream_through_nginx() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, password_options()).await;
    let nginx = start_nginx(&hub).await;
    let (parts, body) = open_body();
    let request = nginx.client(1).post(nginx.url("/api/files"));
    let request = request
        .basic_auth("admin", Some(PASSWORD))
        .header("content-type", "application/octet-stream")
        .body(body);
    let upload = tokio::spawn(send_request(request));
    parts.send(Ok(vec![7; MIB])).await.unwrap();
    let folder = manager.folder.join("data/files");
    poll::until("the first part to be written to disk", async || {
        let files = std::fs::read_dir(&folder).ok()?;
        let mut sizes = files.map(|file| file.ok()?.metadata().ok().map(|metadata| metadata.len()));
        sizes.any(|size| size > Some(0)).then_some(())
    })
    .await;
    for _ in 1..16 {
        parts.send(Ok(vec![7; MIB])).await.unwrap();
    }
    drop(parts);
    let (status, body): (u16, Value) = upload.await.unwrap();
    assert_eq!((status, &body["size"]), (201, &json!(16 * MIB)), "{body}");

    // A body above the configured limit is rejected before it is sent.
    let request = nginx.client(1).post(nginx.url("/api/files"));
    let request = request.basic_auth("admin", Some(PASSWORD));
    let (_open, endless_body) = open_body();
    let request = request
        .header("content-length", 81 * MIB)
        .body(endless_body);
    assert_eq!(send_request(request).await.0, 413);
    // Other bodies are not buffered on disk.
    let request = nginx.client(1).post(nginx.url("/api/users"));
    let (_open, endless_body) = open_body();
    let request = request.header("content-length", 2 * MIB).body(endless_body);
    assert_eq!(send_request(request).await.0, 413);
    manager.stop().await;
}

/// Checks a deployment that keeps the existing page.
#[tokio::test]
async fn old_page_is_served_next_to_the_hub() {
    const INDEX: &str = "<!doctype html><title>the existing page</title>";
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, password_options()).await;
    let nginx = Nginx::with_node_page(INDEX, &[&hub.service.url]).await;
    let client = nginx.client(1);
    let get_page = async |path: &str| {
        let response = client.get(nginx.url(path)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    for screen in [
        "/",
        "/login",
        "/whatsapp",
        "/campaigns",
        "/admin/sessions",
        "/listener",
        "/leads",
    ] {
        assert_eq!(get_page(screen).await, (200, INDEX.to_owned()), "{screen}");
    }
    // The page's requests go to the hub, which requires a sign-in.
    for path in [
        "/api/auth/me",
        "/api/whatsapp/51/status",
        "/api/whatsapp-v2/status",
        "/sender/campaigns",
        "/session-manager/sessions",
        "/listener/status",
        "/stats/dashboard",
        "/qr-code",
    ] {
        let (status, body) = get_page(path).await;
        assert_eq!(status, 401, "{path} {body}");
    }
    let (status, body) = get_page("/leads/7").await;
    assert_eq!(status, 501, "{body}");
    let login = json!({"usuario": "admin", "password": PASSWORD});
    let request = client.post(nginx.url("/auth/login")).json(&login);
    let (status, body) = send_request(request).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    manager.stop().await;
}
