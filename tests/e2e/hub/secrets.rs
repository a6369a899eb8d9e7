//! Tests central-hub's secrets from files, and from a program that stands in for a vault's client.
//! Each secret takes effect, and none is in the environment or the log.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};

use axum::http::HeaderMap;
use harness::{Hub, Manager, ManagerOptions, Scratch, binary, poll};
use scratch_database::MailServer;
use serde_json::{Value, json};
use tokio::process::Command;

const MANAGER_TOKEN: &str = "Token-del-Par-0123";
const PASSWORD: &str = "Clave-de-admin-0123";
const TOKEN: &str = "Token-interno-0123";
const PREVIOUS: &str = "Token-interno-anterior";
const SIGNING: &str = "Secreto-que-firma-0123";

/// A script that takes the arguments and the credentials of a vault's client: `vault kv get
/// -field=NAME secret/leadmaster`.
const VAULT: &str = r#"#!/bin/sh
[ "$VAULT_TOKEN" = s.0123 ] || { echo "permission denied" >&2; exit 2; }
[ "$1 $2 $4" = "kv get secret/leadmaster" ] || exit 3
cat "$VAULT_ADDR/${3#-field=}"
"#;

/// The headers that the alerts' webhook received.
#[derive(Default)]
struct Told(Mutex<Vec<HeaderMap>>);

async fn webhook() -> (String, Arc<Told>, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/T0", listener.local_addr().expect("an address"));
    let told = Arc::new(Told::default());
    let kept = told.clone();
    let router = axum::Router::new().fallback(move |headers: HeaderMap| async move {
        kept.0.lock().expect("whole").push(headers);
    });
    let server = tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    (url, told, server)
}

fn vault(folder: &Path) -> String {
    let program = folder.join("vault");
    fs::write(&program, VAULT).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("a mode");
    program.display().to_string()
}

/// Runs `central-hub` with the variables of a hub.
async fn command(words: &[&str], options: &ManagerOptions, folder: &Path) -> Output {
    Command::new(binary("central-hub"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .envs(options.variables().iter().cloned())
        .kill_on_drop(true)
        .output()
        .await
        .expect("it starts")
}

async fn report(hub: &Hub, token: &str) -> u16 {
    let body =
        json!({"cliente_id": 51, "from": "5491158254201", "message": "x", "message_id": token});
    let request = hub.client().post(hub.url("/api/listener/incoming-message"));
    let answer = request.header("x-internal-token", token).json(&body).send();
    answer.await.expect("an answer").status().as_u16()
}

async fn as_admin(hub: &Hub, path: &str) -> (u16, Value) {
    let request = hub.client().get(hub.url(path));
    harness::answer(request.basic_auth("admin", Some(PASSWORD))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_secret_of_the_hub_can_be_a_file_or_a_vaults() {
    let options = ManagerOptions::default().with("SESSION_MANAGER_TOKEN", MANAGER_TOKEN);
    let manager = Manager::without_browser(options).await;
    let mail = MailServer::start(&["--auth", "ana:Clave-del-correo"]).expect("a mail server");
    let (webhook, told, server) = webhook().await;
    let none = ManagerOptions::default();
    let made = command(&["backup", "--new-key"], &none, Path::new("/")).await;
    let made = String::from_utf8(made.stdout).expect("UTF-8");
    let key = made
        .split_whitespace()
        .find_map(|it| it.strip_prefix("BACKUP_KEY="))
        .expect("a key")
        .to_owned();
    let home = Scratch::default();
    let program = vault(home.path());
    let smtp = format!(
        "smtp://ana:Clave-del-correo@127.0.0.1:{}?tls=none",
        mail.port()
    );
    let secrets = |database: &Path| {
        [
            ("SESSION_MANAGER_TOKEN", MANAGER_TOKEN.to_owned()),
            ("HUB_ADMIN_PASSWORD", PASSWORD.to_owned()),
            ("INTERNAL_TOKEN", TOKEN.to_owned()),
            ("INTERNAL_TOKEN_PREVIOUS", PREVIOUS.to_owned()),
            ("DATABASE_URL", format!("sqlite:{}", database.display())),
            ("SMTP_URL", smtp.clone()),
            ("ALERT_WEBHOOK_URL", webhook.clone()),
            ("ALERT_WEBHOOK_SECRET", SIGNING.to_owned()),
            ("BACKUP_KEY", key.clone()),
        ]
    };
    for (round, source) in ["FILE", "COMMAND"].into_iter().enumerate() {
        let folder = home.join(source);
        fs::create_dir(&folder).expect("a folder");
        let database = folder.join("held/leads.db");
        let mut options = ManagerOptions::default()
            .with("ALERT_EMAIL_FROM", "hub@example.com")
            .with("ALERT_EMAIL_TO", "ana@example.com")
            .with("BACKUP_DIR", folder.join("backups").display())
            .with("PATH", std::env::var("PATH").expect("a PATH"))
            .with("VAULT_ADDR", folder.display())
            .with("VAULT_TOKEN", "s.0123");
        let secrets = secrets(&database);
        for (name, value) in &secrets {
            let file = folder.join(name);
            fs::write(&file, format!("{value}\n")).expect("a file");
            let from = match source {
                "FILE" => file.display().to_string(),
                _ => format!("'{program}' kv get -field={name} secret/leadmaster"),
            };
            options = options.with(&format!("{name}_{source}"), from);
        }
        let mut hub = Hub::start(&manager, options.clone()).await;

        // Checks HUB_ADMIN_PASSWORD, and SESSION_MANAGER_TOKEN, without which session-manager would
        // reject the hub.
        assert_eq!(hub.get("/api/status").await.0, 401);
        poll::until("the hub to be let in by session-manager", async || {
            let (status, body) = as_admin(&hub, "/api/status").await;
            (status == 200 && body["status"] == "INIT").then_some(())
        })
        .await;
        // Checks INTERNAL_TOKEN and the previous one.
        for (token, status) in [(TOKEN, 200), (PREVIOUS, 200), ("Token-interno-0124", 401)] {
            assert_eq!(report(&hub, token).await, status, "{source}: {token}");
        }
        assert!(database.exists(), "DATABASE_URL");
        let with = options.with("SESSION_MANAGER_BASE_URL", &manager.service.url);
        // Checks SMTP_URL, whose server requires its password, and ALERT_WEBHOOK_URL with its
        // secret.
        let output = command(&["alert", "--test"], &with, hub.folder.path()).await;
        assert!(output.status.success(), "{source}: {output:?}");
        assert_eq!(mail.mails().len(), round + 1, "{source}");
        let headers = told.0.lock().expect("whole").pop().expect("a webhook");
        assert!(headers.contains_key("webhook-signature"), "{headers:?}");
        // Checks BACKUP_KEY.
        let output = command(&["backup"], &with, hub.folder.path()).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("opened and whole"), "{source}: {output:?}");
        let output = command(&["drill"], &with, hub.folder.path()).await;
        assert!(output.status.success(), "{source}: {output:?}");

        let process = hub.service.process().expect("it runs");
        let environ = fs::read(format!("/proc/{}/environ", process.pid)).expect("its own");
        let environ = String::from_utf8_lossy(&environ).into_owned();
        assert!(hub.service.stop().await.success());
        let log = hub.service.output();
        assert!(log.contains("SESSION_MANAGER_TOKEN=***"), "{log}");
        for (name, value) in &secrets {
            assert!(
                !environ.contains(value),
                "{source}: {name} in the environment"
            );
            assert!(
                *name == "DATABASE_URL" || !log.contains(value),
                "{source}: {name} in the log"
            );
        }
    }
    server.abort();
}

#[tokio::test]
async fn secret_of_the_hub_that_cannot_be_had_is_fatal_and_not_printed() {
    let home = Scratch::default();
    let program = vault(home.path());
    let asked = |token: &str| {
        ManagerOptions::default()
            .with("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1")
            .with("PATH", std::env::var("PATH").expect("a PATH"))
            .with("VAULT_ADDR", home.path().display())
            .with("VAULT_TOKEN", token)
            .with(
                "HUB_ADMIN_PASSWORD_COMMAND",
                format!("'{program}' kv get -field=none secret/leadmaster"),
            )
    };
    let empty = home.join("empty");
    fs::write(&empty, "\n").expect("a file");
    for (options, told) in [
        (asked("s.wrong"), "HUB_ADMIN_PASSWORD_COMMAND failed: "),
        (asked("s.0123"), "HUB_ADMIN_PASSWORD_COMMAND failed: "),
        (
            ManagerOptions::default()
                .with("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1")
                .with("SMTP_URL_FILE", empty.display()),
            "SMTP_URL_FILE ",
        ),
        (
            ManagerOptions::default()
                .with("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1")
                .with("INTERNAL_TOKEN", TOKEN)
                .with("INTERNAL_TOKEN_FILE", empty.display()),
            "INTERNAL_TOKEN and INTERNAL_TOKEN_FILE are both set",
        ),
    ] {
        let output = command(&[], &options, home.path()).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        let fatal: Vec<_> = said
            .lines()
            .filter(|it| it.starts_with("[FATAL]"))
            .collect();
        assert_eq!(fatal.len(), 1, "{said}");
        assert!(fatal[0].contains(told), "{told}: {said}");
        assert!(!said.contains(TOKEN) && !said.contains("s.0123"), "{said}");
        assert!(!home.join("data").exists(), "nothing is opened before");
    }
}
