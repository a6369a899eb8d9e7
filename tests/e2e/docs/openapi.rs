//! Tests that both services conform to their OpenAPI documents. Schemathesis sends valid and
//! invalid requests to the real binaries, which are linked to a phone.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use harness::standin::Settings;
use harness::{
    Hub, ManagerOptions, PATIENCE, Scratch, http, poll, run_browser_flow, send_request,
    start_linked,
};
use serde_json::json;
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
