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

async fn start_webhook() -> (String, Arc<Told>, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/T0", listener.local_addr().expect("an address"));
    let received_headers = Arc::new(Told::default());
    let received = received_headers.clone();
    let router = axum::Router::new().fallback(move |headers: HeaderMap| async move {
        received.0.lock().expect("the headers").push(headers);
    });
    let server = tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    (url, received_headers, server)
}

fn create_vault_script(folder: &Path) -> String {
    let program = folder.join("vault");
    fs::write(&program, VAULT).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("a mode");
    program.display().to_string()
}

/// Runs `central-hub` with the variables of a hub.
async fn run_hub(arguments: &[&str], options: &ManagerOptions, folder: &Path) -> Output {
    Command::new(binary("central-hub"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(options.variables().iter().cloned())
        .kill_on_drop(true)
        .output()
        .await
        .expect("it starts")
}

async fn report_message(hub: &Hub, token: &str) -> u16 {
    let body =
        json!({"cliente_id": 51, "from": "5491158254201", "message": "x", "message_id": token});
    let request = hub.client().post(hub.url("/api/listener/incoming-message"));
    let answer = request.header("x-internal-token", token).json(&body).send();
    answer.await.expect("an answer").status().as_u16()
}

async fn get_as_admin(hub: &Hub, path: &str) -> (u16, Value) {
    let request = hub.client().get(hub.url(path));
    harness::send_request(request.basic_auth("admin", Some(PASSWORD))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hub_secret_can_come_from_a_file_or_a_vault() {
    let options = ManagerOptions::default().with("SESSION_MANAGER_TOKEN", MANAGER_TOKEN);
    let manager = Manager::without_browser(options).await;
    let mail = MailServer::start(&["--auth", "ana:Clave-del-correo"]).expect("a mail server");
    let (webhook, received_headers, server) = start_webhook().await;
    let no_options = ManagerOptions::default();
    let key_output = run_hub(&["backup", "--new-key"], &no_options, Path::new("/")).await;
    let key_output = String::from_utf8(key_output.stdout).expect("UTF-8");
    let key = key_output
        .split_whitespace()
        .find_map(|word| word.strip_prefix("BACKUP_KEY="))
        .expect("a key")
        .to_owned();
    let folder_root = Scratch::default();
    let program = create_vault_script(folder_root.path());
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
        let folder = folder_root.join(source);
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
            let setting = match source {
                "FILE" => file.display().to_string(),
                _ => format!("'{program}' kv get -field={name} secret/leadmaster"),
            };
            options = options.with(&format!("{name}_{source}"), setting);
        }
        let mut hub = Hub::start(&manager, options.clone()).await;

        // Checks HUB_ADMIN_PASSWORD, and SESSION_MANAGER_TOKEN, without which session-manager would
        // reject the hub.
        assert_eq!(hub.get("/api/status").await.0, 401);
        poll::until("session-manager to accept the hub's token", async || {
            let (status, body) = get_as_admin(&hub, "/api/status").await;
            (status == 200 && body["status"] == "INIT").then_some(())
        })
        .await;
        // Checks INTERNAL_TOKEN and the previous one.
        for (token, status) in [(TOKEN, 200), (PREVIOUS, 200), ("Token-interno-0124", 401)] {
            assert_eq!(
                report_message(&hub, token).await,
                status,
                "{source}: {token}"
            );
        }
        assert!(database.exists(), "DATABASE_URL");
        let hub_options = options.with("SESSION_MANAGER_BASE_URL", &manager.service.url);
        // Checks SMTP_URL, whose server requires its password, and ALERT_WEBHOOK_URL with its
        // secret.
        let output = run_hub(&["alert", "--test"], &hub_options, hub.folder.path()).await;
        assert!(output.status.success(), "{source}: {output:?}");
        assert_eq!(mail.mails().len(), round + 1, "{source}");
        let headers = received_headers
            .0
            .lock()
            .expect("the headers")
            .pop()
            .expect("a webhook");
        assert!(headers.contains_key("webhook-signature"), "{headers:?}");
        // Checks BACKUP_KEY.
        let output = run_hub(&["backup"], &hub_options, hub.folder.path()).await;
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.contains("opened and whole"), "{source}: {output:?}");
        let output = run_hub(&["drill"], &hub_options, hub.folder.path()).await;
        assert!(output.status.success(), "{source}: {output:?}");

        let process = hub.service.process().expect("a running process");
        let environ = fs::read(format!("/proc/{}/environ", process.pid)).expect("its environment");
        let environ = String::from_utf8_lossy(&environ).into_owned();
        assert!(hub.service.stop().await.success());
        let log = hub.service.output();
        assert!(log.contains("SESSION_MANAGER_TOKEN=***"), "{log}");
        for (name, value) in &secrets {
            assert!(
                !environ.contains(value),
                "{source}: {name} is in the environment"
            );
            assert!(
                *name == "DATABASE_URL" || !log.contains(value),
                "{source}: {name} is in the log"
            );
        }
    }
    server.abort();
}

#[tokio::test]
async fn unavailable_hub_secret_is_fatal_and_not_printed() {
    let folder = Scratch::default();
    let program = create_vault_script(folder.path());
    let vault_command = |token: &str| {
        ManagerOptions::default()
            .with("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1")
            .with("PATH", std::env::var("PATH").expect("a PATH"))
            .with("VAULT_ADDR", folder.path().display())
            .with("VAULT_TOKEN", token)
            .with(
                "HUB_ADMIN_PASSWORD_COMMAND",
                format!("'{program}' kv get -field=none secret/leadmaster"),
            )
    };
    let empty = folder.join("empty");
    fs::write(&empty, "\n").expect("a file");
    for (options, message) in [
        (
            vault_command("s.wrong"),
            "HUB_ADMIN_PASSWORD_COMMAND failed: ",
        ),
        (
            vault_command("s.0123"),
            "HUB_ADMIN_PASSWORD_COMMAND failed: ",
        ),
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
        let output = run_hub(&[], &options, folder.path()).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error_output = String::from_utf8_lossy(&output.stderr);
        let fatal: Vec<_> = error_output
            .lines()
            .filter(|line| line.starts_with("[FATAL]"))
            .collect();
        assert_eq!(fatal.len(), 1, "{error_output}");
        assert!(fatal[0].contains(message), "{message}: {error_output}");
        assert!(
            !error_output.contains(TOKEN) && !error_output.contains("s.0123"),
            "{error_output}"
        );
        assert!(
            !folder.join("data").exists(),
            "the data folder must not be created"
        );
    }
}
