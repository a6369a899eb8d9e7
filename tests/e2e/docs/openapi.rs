//! Tests that both services conform to their OpenAPI documents. Schemathesis sends valid and
//! invalid requests to the real binaries, which are linked to a phone. What the services send by
//! themselves is compared with its schemas.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::routing::post;
use axum::{Json, Router};
use harness::standin::{LeadContent, LeadMedia, LeadMessage, Phone, Settings};
use harness::{
    Events, Hub, ManagerOptions, PATIENCE, Scratch, http, poll, run_browser_flow, send_request,
    start_linked,
};
use openapi_check::Document;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

const TOKEN: &str = "schemathesis-token-0123456789";

/// Tests the service at `url` against its document. Fails the test with the findings.
async fn schemathesis(url: &str, token: &str, folder: &Path, further: &[&str]) {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis.toml");
    let run = Command::new("schemathesis")
        .args(["--no-color", "--config-file", config, "run"])
        .arg(format!("{url}/openapi.json"))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(further)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(600), run)
        .await
        .expect("an end")
        .expect("schemathesis: `cargo xtask test` installs it");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
}

#[tokio::test]
async fn api_page_works_in_a_browser() {
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let variables = [("MANAGER_URL", manager.service.url.as_str())];
    run_browser_flow(&hub, "api-flow.mjs", &variables, PATIENCE).await;
    assert!(manager.stop().await.success());
}

#[tokio::test]
async fn session_manager_conforms_to_its_openapi_document() {
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    assert!(manager.stop().await.success());
    // From here on a token is required, and Schemathesis checks that as well.
    manager.set("SESSION_MANAGER_TOKEN", TOKEN);
    manager.restart().await;
    poll::until("READY", async || {
        let request = http().get(manager.url("/status")).bearer_auth(TOKEN);
        (send_request(request).await.1["status"] == "READY").then_some(())
    })
    .await;
    let folder = Scratch::default();
    schemathesis(&manager.service.url, TOKEN, folder.path(), &[]).await;
    assert!(manager.stop().await.success());
}

#[tokio::test]
async fn central_hub_conforms_to_its_openapi_document() {
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", "una clave bien larga")
        .with("INTERNAL_TOKEN", TOKEN);
    let hub = Hub::start(&manager, options).await;
    let login = json!({"username": "admin", "password": "una clave bien larga"});
    let (status, signed_in) = hub.post("/api/auth/login", &login).await;
    assert_eq!(status, 200, "{signed_in}");
    let scopes = ["read", "send", "campaigns", "link", "admin"];
    let request = http()
        .post(hub.url("/api/tokens"))
        .bearer_auth(signed_in["token"].as_str().expect("a token"))
        .json(&json!({"name": "schemathesis", "scopes": scopes}));
    let (status, created) = send_request(request).await;
    assert_eq!(status, 201, "{created}");
    let token = created["token"].as_str().expect("a token");
    let folder = Scratch::default();
    // Repeated wrong passwords get 429. The hub's own tests verify that each route requires a
    // token.
    let further = ["--exclude-checks", "ignored_auth"];
    schemathesis(&hub.service.url, token, folder.path(), &further).await;
    assert!(manager.stop().await.success());
}

type Bodies = Arc<Mutex<Vec<Value>>>;

/// Starts a receiver of webhooks. Returns its URL and the bodies that it got.
async fn start_receiver() -> (String, Bodies) {
    let bodies = Bodies::default();
    let kept = bodies.clone();
    let receive = async move |Json(body): Json<Value>| kept.lock().expect("a lock").push(body);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(post(receive));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, bodies)
}

async fn document(url: String) -> Document {
    let (status, document) = send_request(http().get(url)).await;
    assert_eq!(status, 200, "{document}");
    Document::parse(&document.to_string())
}

/// Checks the events of a stream until each of `expected` came.
async fn check_events(document: &Document, path: &str, events: &mut Events, expected: &[&str]) {
    let missing = Mutex::new(expected.iter().copied().collect::<BTreeSet<_>>());
    let is_last = |event: &harness::SseEvent| {
        let mut missing = missing.lock().expect("a lock");
        missing.remove(event.name.as_str());
        missing.is_empty()
    };
    for event in events.read_until(is_last).await {
        document.event(path, &event.name).assert_fits(&event.data);
    }
}

/// Lets a lead write, send a picture, edit, react and delete.
fn let_a_lead_write(phone: &Phone, from: &str) {
    let write = |content| {
        let message = LeadMessage::text(from, "me interesa").with(content);
        phone.lead_message(&message).expect("a message")
    };
    let text = write(LeadContent::default());
    let media = LeadMedia {
        path: phone.upload("a picture"),
        kind: "image".to_owned(),
        mime: "image/jpeg".to_owned(),
        ..LeadMedia::default()
    };
    let picture = write(LeadContent {
        media: Some(media),
        quoted: Some(text.clone()),
        forwarded: true,
        ..LeadContent::default()
    });
    phone
        .lead_edits(&text, "me interesa mucho")
        .expect("an edit");
    phone.lead_reacts(&picture, "👍").expect("a reaction");
    phone.lead_deletes(&picture).expect("a deletion");
}

#[tokio::test]
async fn events_and_webhooks_conform_to_the_openapi_documents() {
    const LEAD: &str = "5491158254201";
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let (url, bodies) = start_receiver().await;
    let options = ManagerOptions::default()
        .with("DRY_RUN", "false")
        .with("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1");
    let hub = Hub::start(&manager, options).await;
    let of_manager = document(manager.url("/openapi.json")).await;
    let of_hub = document(hub.url("/openapi.json")).await;
    let topics = [
        "message",
        "ack",
        "message_edited",
        "message_deleted",
        "reaction",
    ];
    let hook = json!({"url": url, "eventos": topics});
    let (status, created) = hub.post("/api/webhooks", &hook).await;
    assert_eq!(status, 201, "{created}");
    let path = format!("/api/webhooks/{}/test", created["id"]);
    assert_eq!(hub.post(&path, &json!({})).await.0, 200);
    let mut from_hub = Events::open(&hub.url("/api/events"), None).await;
    let mut from_manager = Events::open(&manager.url("/events"), None).await;

    let_a_lead_write(&standin.phone(), LEAD);
    let body = json!({"destinatario": LEAD, "mensaje": "hola", "cliente_id": 51});
    let (status, sent) = hub.post("/api/sender/messages/send", &body).await;
    assert_eq!(status, 201, "{sent}");
    let of_both = [&topics[..], &["state", "limits"]].concat();
    let expected = [&of_both[..], &["qr"]].concat();
    check_events(&of_manager, "/events", &mut from_manager, &expected).await;
    let expected = [&of_both[..], &["hub", "conversation"]].concat();
    check_events(&of_hub, "/api/events", &mut from_hub, &expected).await;
    let expected: BTreeSet<_> = topics
        .into_iter()
        .chain(["test"])
        .map(str::to_owned)
        .collect();
    let bodies = poll::until("a body of each type", async || {
        let bodies = bodies.lock().expect("a lock").clone();
        let types = bodies.iter().filter_map(|body| body["type"].as_str());
        let types: BTreeSet<_> = types.map(str::to_owned).collect();
        (types == expected).then_some(bodies)
    })
    .await;
    for body in bodies {
        let kind = body["type"].as_str().expect("a type");
        of_hub.webhook(kind).assert_fits(&body);
    }
    assert!(manager.stop().await.success());
}
