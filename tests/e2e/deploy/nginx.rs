//! The hub behind a real nginx with `deploy/nginx/leadmaster.conf`, of which
//! only addresses and the certificate's place are changed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use harness::{
    Events, Hub, Manager, ManagerOptions, Scratch, SseEvent, answer, http_builder, poll,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use reqwest::{Body, Certificate, Client, redirect};
use serde_json::{Value, json};
use service_runtime::process::spawn_bound;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;

/// As in the file.
const NAME: &str = "leadmaster.example.com";
const PASSWORD: &str = "una clave de prueba, larga";
/// Somebody else's, which nobody here can have.
const CLAIMED: &str = "203.0.113.9";
const MIB: usize = 1024 * 1024;

/// nginx in front of a hub.
struct Nginx {
    child: Child,
    folder: Scratch,
    http: SocketAddr,
    https: SocketAddr,
}

/// Which page is served.
#[derive(Clone, Copy, PartialEq)]
enum Page {
    Hub,
    /// A build of the Node pair's.
    Node,
}

impl Nginx {
    async fn before(hub: &Hub) -> Self {
        Self::serving(Page::Hub, hub).await
    }

    async fn serving(page: Page, hub: &Hub) -> Self {
        // A port that is free now may be another test's a moment later.
        for _ in 0..5 {
            let folder = Scratch::default();
            certify(folder.path());
            let (http, https) = (free(), free());
            let mut text = configuration(folder.path(), &hub.service.url, http, https);
            if page == Page::Node {
                text = with_node_page(folder.path(), &hub.service.url, &text);
            }
            std::fs::write(folder.join("leadmaster.conf"), text).unwrap();
            let mut nginx = Self {
                child: start(folder.path()),
                folder,
                http,
                https,
            };
            if nginx.listens().await {
                return nginx;
            }
            let said = std::fs::read_to_string(nginx.folder.join("said")).unwrap();
            assert!(said.contains("Address already in use"), "{said}");
        }
        panic!("no port stays free");
    }

    /// Whether it came up; it binds all before it answers at any.
    async fn listens(&mut self) -> bool {
        let address = self.https;
        let child = &mut self.child;
        poll::until("nginx to listen, or to end", async || {
            if child.try_wait().unwrap().is_some() {
                return Some(false);
            }
            TcpStream::connect(address).is_ok().then_some(true)
        })
        .await
    }

    /// A client at `from`, an address of this machine, that knows the name and
    /// trusts the certificate.
    fn client(&self, from: u8) -> Client {
        let pem = std::fs::read(self.folder.join("authority.pem")).unwrap();
        http_builder()
            .tls_certs_only([Certificate::from_pem(&pem).unwrap()])
            .resolve(NAME, self.https)
            .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, from)))
            .redirect(redirect::Policy::none())
            // For streams as well: none lasts as long here.
            .timeout(Duration::from_secs(90))
            .build()
            .unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.https.port())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A certificate for [`NAME`], and the authority that clients are to trust.
fn certify(folder: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // With the name that all have without one, each would be its own authority.
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "authority of a test");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    for (name, text) in [
        ("authority.pem", authority.pem()),
        ("fullchain.pem", certificate.pem()),
        ("privkey.pem", key.serialize_pem()),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// The file of `deploy/`, on loopback and these ports.
fn configuration(folder: &Path, hub: &str, http: SocketAddr, https: SocketAddr) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nginx/leadmaster.conf");
    let mut text = std::fs::read_to_string(file).unwrap();
    let letsencrypt = format!("/etc/letsencrypt/live/{NAME}");
    for (theirs, ours) in [
        ("listen 80;", format!("listen {http};")),
        ("listen 443 ssl", format!("listen {https} ssl")),
        // Not every machine has IPv6.
        ("  listen [::]:80;\n", String::new()),
        ("  listen [::]:443 ssl http2;\n", String::new()),
        (letsencrypt.as_str(), folder.display().to_string()),
        ("http://127.0.0.1:3012", hub.to_owned()),
    ] {
        assert!(text.contains(theirs), "{theirs} is not in the file");
        text = text.replace(theirs, &ours);
    }
    text
}

/// With `node-page.conf` of `deploy/` as it says, and a build for it to serve.
fn with_node_page(folder: &Path, hub: &str, text: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nginx/node-page.conf");
    let snippet = std::fs::read_to_string(file).unwrap();
    let build = folder.join("dist");
    std::fs::create_dir_all(build.join("assets")).unwrap();
    std::fs::write(build.join("index.html"), INDEX).unwrap();
    std::fs::write(build.join("assets/page.js"), SCRIPT).unwrap();
    let root = "/var/www/leadmaster-page";
    assert!(snippet.contains(root) && snippet.contains("http://127.0.0.1:3012"));
    let snippet = snippet
        .replace(root, build.to_str().unwrap())
        .replace("http://127.0.0.1:3012", hub);
    std::fs::write(folder.join("node-page.conf"), snippet).unwrap();
    let last = format!("  location / {{\n    proxy_pass {hub};\n  }}\n");
    assert!(text.contains(&last), "the last location is another: {text}");
    text.replace(&last, "  include node-page.conf;\n")
}

const INDEX: &str = "<!doctype html><title>the page that people have</title>";
const SCRIPT: &str = "// of the page that people have";

/// One process, bound to this one; all that it writes is in `folder`.
fn start(folder: &Path) -> Child {
    let mut main = String::from(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\n\
         events {}\nhttp {\naccess_log off;\ngzip on;\n",
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        main += &format!("{kind}_temp_path {kind};\n");
    }
    main += "include leadmaster.conf;\n}\n";
    std::fs::write(folder.join("nginx.conf"), main).unwrap();
    let said = File::create(folder.join("said")).unwrap();
    let mut command = Command::new("nginx");
    command
        .arg("-p")
        .arg(folder)
        .args(["-c", "nginx.conf", "-e", "stderr"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said);
    spawn_bound(command).expect("nginx: `cargo xtask test` brings it, or put it on PATH")
}

fn locked() -> ManagerOptions {
    ManagerOptions::default().with("HUB_ADMIN_PASSWORD", PASSWORD)
}

#[tokio::test]
async fn page_is_served_over_tls_only() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, locked()).await;
    let nginx = Nginx::before(&hub).await;
    let client = nginx.client(1);

    let page = client.get(nginx.url("/whatsapp")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let hsts = "max-age=31536000";
    assert_eq!(page.headers()["strict-transport-security"], hsts);
    let refused = client.get(nginx.url("/api/status")).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["strict-transport-security"], hsts);

    let plain = |path: &str| {
        let request = client.get(format!("http://{}{path}", nginx.http));
        request.header("host", NAME).send()
    };
    let moved = plain("/whatsapp?x=1").await.unwrap();
    assert_eq!(moved.status(), 301);
    let to = format!("https://{NAME}/whatsapp?x=1");
    assert_eq!(moved.headers()["location"], to.as_str());
    // certbot's, which comes without TLS.
    let challenge = plain("/.well-known/acme-challenge/none").await.unwrap();
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
    let nginx = Nginx::before(&hub).await;
    let (status, body) = answer(nginx.client(1).get(nginx.url("/api/status"))).await;
    assert_eq!((status, &body["code"]), (403, &json!("FOREIGN_HOST")));
    manager.stop().await;
}

#[tokio::test]
async fn password_guesses_are_rate_limited_by_real_address() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, locked()).await;
    let nginx = Nginx::before(&hub).await;

    let wrong = json!({"username": "admin", "password": "otra clave"});
    let request = nginx.client(7).post(nginx.url("/api/auth/login"));
    let claims = request.header("x-forwarded-for", CLAIMED).json(&wrong);
    assert_eq!(answer(claims).await.0, 401);
    let log = hub.service.output();
    assert!(log.contains("a wrong password") && log.contains("127.0.0.7"));
    assert!(!log.contains(CLAIMED), "{log}");

    // The API answers at both.
    for (from, path) in [(8, "/api/auth/login"), (9, "/auth/login")] {
        let client = nginx.client(from);
        let mut passed = 0;
        let refused = poll::until("nginx to refuse", async || {
            // No guess at all, so that what refuses it in the end is not the hub.
            let request = client.post(nginx.url(path)).body("{");
            let claims = request.header("x-forwarded-for", format!("203.0.113.{passed}"));
            let response = claims.send().await.unwrap();
            if response.status() == 429 {
                return Some(response);
            }
            assert_eq!(response.status(), 400);
            passed += 1;
            None
        })
        .await;
        assert!(passed >= 11, "only {passed} passed");
        assert_eq!(refused.headers()["content-type"], "text/html");
        // Nothing else is slowed down.
        let me = client.get(nginx.url("/api/auth/me"));
        let (status, _) = answer(me.basic_auth("admin", Some(PASSWORD))).await;
        assert_eq!(status, 200);
    }
    // And nobody else.
    let request = nginx.client(10).post(nginx.url("/auth/login")).body("{");
    assert_eq!(answer(request).await.0, 400);
    manager.stop().await;
}

fn tells(event: &SseEvent, link: &str) -> bool {
    event.name == "hub" && event.data["session_manager"] == link
}

#[tokio::test]
async fn events_stream_unbuffered_through_nginx() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, locked()).await;
    let nginx = Nginx::before(&hub).await;
    let client = nginx.client(1);
    let mut streams = Vec::new();
    for path in ["/api/events", "/events"] {
        let request = client.get(nginx.url(path));
        let request = request.basic_auth("admin", Some(PASSWORD));
        streams.push(Events::of(request.send().await.unwrap()));
    }
    let mut browser = over_http2(&nginx);
    for stream in &mut streams {
        stream.until(|event| tells(event, "up")).await;
    }
    let lines = browser.stdout.take().unwrap();
    let mut lines = BufReader::new(lines).lines();
    let mut next = async || {
        let line = tokio::time::timeout(harness::PATIENCE, lines.next_line()).await;
        line.expect("a line in time").unwrap().expect("a line")
    };
    assert_eq!(next().await, "status 200");
    let mut told = vec![next().await];
    // What holds now is there; nothing more comes until this happens.
    manager.stop().await;
    for stream in &mut streams {
        stream.until(|event| tells(event, "down")).await;
    }
    while told.iter().filter(|line| *line == "event: hub").count() < 2 {
        told.push(next().await);
    }
    drop(browser.stdin.take());
    assert!(browser.wait().await.unwrap().success());
}

/// A listener that speaks what browsers do.
fn over_http2(nginx: &Nginx) -> tokio::process::Child {
    tokio::process::Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("node/http2-events.mjs"))
        .env("ORIGIN", format!("https://{}", nginx.https))
        .env("AUTHORITY", NAME)
        .env("CA", nginx.folder.join("authority.pem"))
        .env("PASSWORD", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node")
}

type Part = Result<Vec<u8>, Infallible>;

/// A body that is sent as its parts are told.
fn body_in_parts() -> (mpsc::Sender<Part>, Body) {
    let (parts, told) = mpsc::channel(1);
    let stream = futures_util::stream::unfold(told, async |mut told| {
        let part: Part = told.recv().await?;
        Some((part, told))
    });
    (parts, Body::wrap_stream(stream))
}

#[tokio::test]
async fn uploads_stream_through_nginx() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, locked()).await;
    let nginx = Nginx::before(&hub).await;
    let (parts, body) = body_in_parts();
    let request = nginx.client(1).post(nginx.url("/api/files"));
    let request = request
        .basic_auth("admin", Some(PASSWORD))
        .header("content-type", "application/octet-stream")
        .body(body);
    let asked = tokio::spawn(answer(request));
    parts.send(Ok(vec![7; MIB])).await.unwrap();
    let folder = manager.folder.join("data/files");
    poll::until("the first part to be on the disk", async || {
        let files = std::fs::read_dir(&folder).ok()?;
        let mut sizes = files.map(|file| file.ok()?.metadata().ok().map(|facts| facts.len()));
        sizes.any(|size| size > Some(0)).then_some(())
    })
    .await;
    for _ in 1..16 {
        parts.send(Ok(vec![7; MIB])).await.unwrap();
    }
    drop(parts);
    let (status, body): (u16, Value) = asked.await.unwrap();
    assert_eq!((status, &body["size"]), (201, &json!(16 * MIB)), "{body}");

    // More than the file lets through is refused before it is sent.
    let request = nginx.client(1).post(nginx.url("/api/files"));
    let request = request.basic_auth("admin", Some(PASSWORD));
    let (_open, nothing) = body_in_parts();
    let request = request.header("content-length", 81 * MIB).body(nothing);
    assert_eq!(answer(request).await.0, 413);
    manager.stop().await;
}

/// An owner who keeps the page that people have.
#[tokio::test]
async fn the_node_pairs_page_is_served_beside_the_hub() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, locked()).await;
    let nginx = Nginx::serving(Page::Node, &hub).await;
    let client = nginx.client(1);
    let shown = async |path: &str| {
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
        assert_eq!(shown(screen).await, (200, INDEX.to_owned()), "{screen}");
    }
    assert_eq!(shown("/assets/page.js").await, (200, SCRIPT.to_owned()));
    // What it asks for is the hub's, which wants a sign-in.
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
        let (status, body) = shown(path).await;
        assert_eq!(status, 401, "{path} {body}");
    }
    let (status, body) = shown("/leads/7").await;
    assert_eq!(status, 501, "{body}");
    let login = json!({"usuario": "admin", "password": PASSWORD});
    let request = client.post(nginx.url("/auth/login")).json(&login);
    let (status, body) = answer(request).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    manager.stop().await;
}
