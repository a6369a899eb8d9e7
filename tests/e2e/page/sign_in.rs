//! Tests signing in to the hub: on the page in a browser, and the traces that it leaves in the log
//! and the database.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use harness::{Hub, Manager, ManagerOptions, run_browser_flow};
use scratch_database::Database;
use serde_json::{Value, json};

const PASSWORD: &str = "una clave de prueba, larga";

fn locked() -> ManagerOptions {
    ManagerOptions::default().with("HUB_ADMIN_PASSWORD", PASSWORD)
}

#[tokio::test]
async fn user_signs_in_on_the_page() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, locked()).await;
    let variables = [("ADMIN_PASSWORD", PASSWORD)];
    let patience = Duration::from_secs(270);
    run_browser_flow(&hub, "sign-in-flow.mjs", &variables, patience).await;
    manager.stop().await;
}

/// Checks that a user and a token from before the hub had a password are marked on the page.
#[tokio::test]
async fn accounts_made_without_a_password_are_marked_on_the_page() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let database = Database::postgres();
    let open = ManagerOptions::default().with("DATABASE_URL", database.url());
    let mut hub = Hub::start(&manager, open).await;
    let token = json!({"name": "vieja", "scopes": ["read"]});
    assert_eq!(hub.post("/api/tokens", &token).await.0, 201);
    let user = json!({"username": "eva", "password": "una clave larga", "role": "admin"});
    assert_eq!(hub.post("/api/users", &user).await.0, 201);
    assert!(hub.service.stop().await.success());

    let options = locked().with("DATABASE_URL", database.url());
    let hub = Hub::start(&manager, options).await;
    let variables = [("ADMIN_PASSWORD", PASSWORD)];
    let patience = Duration::from_secs(270);
    run_browser_flow(&hub, "unguarded-flow.mjs", &variables, patience).await;
    manager.stop().await;
}

/// Returns the content of every file in the hub's folder, concatenated.
fn everything_in(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(everything_in(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

#[tokio::test]
async fn password_and_session_tokens_stay_out_of_log_and_database() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, locked().with("RUST_LOG", "trace")).await;
    let typed_into_the_wrong_field = "Mi-Clave-Secreta-1";
    let login = async |user: &str, password: &str| {
        let request = hub.client().post(hub.url("/api/auth/login"));
        let body = json!({"username": user, "password": password});
        request.json(&body).send().await.expect("an answer")
    };
    assert_eq!(
        login(typed_into_the_wrong_field, "otra-equivocada")
            .await
            .status(),
        401
    );
    let response = login("admin", PASSWORD).await;
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    let session: Value = response.json().await.expect("a body");
    let request = hub
        .client()
        .post(hub.url("/api/tokens"))
        .basic_auth("admin", Some(PASSWORD));
    let body = json!({"name": "prueba", "scopes": ["read"]});
    let created: Value = request
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (jwt, csrf, token) = (
        text(&session["token"]),
        text(&session["csrf"]),
        text(&created["token"]),
    );
    for authorization in [format!("Bearer {jwt}"), format!("Bearer {token}")] {
        let request = hub.client().get(hub.url("/api/auth/me"));
        let request = request.header("authorization", authorization);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let mut secrets: Vec<String> = vec![
        PASSWORD.to_owned(),
        "otra-equivocada".to_owned(),
        typed_into_the_wrong_field.to_owned(),
        cookie,
        csrf,
        token,
    ];
    // Anyone can decode a JWT, so each of its parts counts as a secret.
    secrets.extend(jwt.split('.').skip(1).map(str::to_owned));
    let stored = everything_in(hub.folder.path());
    let log = hub.service.output();
    assert!(log.contains("signed in") && log.contains("a wrong password"));
    assert!(log.contains("a token was created"), "{log}");
    let holds = |bytes: &[u8], secret: &str| {
        bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes())
    };
    assert!(
        holds(&stored, "$argon2id$"),
        "the database must contain the hashes"
    );
    for secret in &secrets {
        assert!(!log.contains(secret), "the log contains {secret}");
        assert!(!holds(&stored, secret), "the database contains {secret}");
    }
    manager.stop().await;
}
