//! Runs every command of the documents, or finds it in a list with the other test that covers it.

mod exemptions;

use doc_commands::{Checkout, Command, Reader, commands, documents};
use exemptions::{EXEMPTIONS, find_exemption};
use harness::standin::{LeadMessage, Settings, Standin};
use harness::{Hub, ManagerOptions, Service, poll, repository_root, start_linked, start_standin};
use serde_json::Value;

/// The documents that are followed from the first command to the last. Each row names a test, and
/// the documents that one reader follows in it.
const FOLLOWED_DOCUMENTS: [(&str, &[&str]); 6] = [
    ("commands_of_the_readme", &["README.md"]),
    (
        "commands_of_the_rehearsal_tutorial",
        &["docs/tutorials/rehearsal.md"],
    ),
    (
        "commands_of_the_server_tutorials",
        &[
            "docs/tutorials/server.md",
            "docs/tutorials/first-message.md",
            "docs/tutorials/campaign.md",
            "docs/tutorials/move.md",
        ],
    ),
    ("commands_of_the_api_reference", &["docs/api.md"]),
    ("commands_of_the_english_runbook", &["docs/operations.md"]),
    ("commands_of_the_spanish_runbook", &["docs/operaciones.md"]),
];

const MANAGER: &str = "session-manager";
const HUB: &str = "leadmaster-central-hub";
const PASSWORD: &str = "a password of this test";

/// The environment of a document: the phone, and other running services.
struct Scene {
    reader: Reader,
    standin: Standin,
    /// A hub that requires a password, in addition to the open hub.
    protected_hub: Option<Service>,
    postgres: Option<scratch_database::Database>,
}

impl Scene {
    /// Creates the scene on a server, whose phone is the stand-in's.
    async fn on_a_server() -> Self {
        let standin = start_standin(Settings::default()).await;
        Self {
            reader: Reader::new(Checkout::new(&standin.web_url())),
            standin,
            protected_hub: None,
            postgres: None,
        }
    }

    /// Types all commands of a document that are not covered elsewhere.
    async fn follow(&mut self, document: &str) {
        for command in commands(document) {
            if find_exemption(&command.text).is_none() {
                self.prepare(&command.text).await;
                let output = self.reader.type_command(&command).await.text;
                self.finish(&command.text, &output).await;
            }
        }
    }

    /// Prepares for a command as the reader would, or replaces the placeholders in it.
    async fn prepare(&mut self, text: &str) {
        let checkout = &mut self.reader.checkout;
        if text.starts_with("pm2 start") {
            // Only the README runs a rehearsal and PM2's services on one host.
            if let Some(rehearsal) = self.reader.terminal.take() {
                rehearsal.interrupt().await;
            }
        } else if let Some(service) = text.strip_suffix(" doctor") {
            // Other tests run services with the same names.
            let name = if service.ends_with("hub") {
                HUB
            } else {
                MANAGER
            };
            checkout.replace(" doctor", format!(" doctor --pid $(pm2 pid {name})"));
        } else if text.contains("-u admin") || text.contains("lm_…") {
            self.start_protected_hub().await;
        } else if text.contains("DATABASE_URL=") {
            let postgres = scratch_database::Database::postgres();
            for secret in ["secret", "secreto"] {
                let documented_url = format!("postgres://leads:{secret}@127.0.0.1/leads");
                checkout.replace(&documented_url, postgres.url());
            }
            self.postgres = Some(postgres);
        } else if text.contains("/backup ") || text.ends_with("/backup") {
            self.set_backup_key().await;
        } else if text.contains("TOKENS_DIR=/srv") {
            let tokens = checkout.folder.join("tokens").display().to_string();
            checkout.replace("/srv/leadmaster/tokens", tokens);
        } else if text.contains("--data-binary @lista.csv") {
            if !checkout.folder.join("lista.csv").exists() {
                checkout.write("lista.csv", "telefono,nombre\n5491158254201,Ana\n");
            }
        } else if text.contains("/pairing-code") {
            self.unlink().await;
        } else if text.ends_with("/status/<id>") {
            self.send_message().await;
        } else if text.contains("/bajas") {
            for number in ["549…", "<number>", "<número>"] {
                checkout.replace(number, "5491158254209");
            }
        } else if text == "tar -xzf data.tar.gz" {
            // The document moves to another host, where the old data does not exist.
            let move_data = "pm2 delete all && mkdir .desk/old && mv tokens data .desk/old/";
            assert_eq!(checkout.run(move_data).await.code, 0);
        }
    }

    /// Establishes what the document assumes after this command.
    async fn finish(&mut self, text: &str, output: &str) {
        self.use_open_hub();
        // A rehearsal has its own phone, which scans only when the document says so.
        if text.contains("/qr.txt") && self.reader.terminal.is_none() {
            self.standin.phone().scan_current().expect("a code");
        } else if text.contains("/pairing-code") {
            let output: Value = serde_json::from_str(output).expect("JSON");
            let code = output["code"].as_str().expect("a code");
            let result = self.standin.phone().link_code(code);
            result.expect("the code to be the shown one");
        } else if text.contains("central-hub import") {
            let start_hub = format!("pm2 start {HUB}");
            assert_eq!(self.reader.checkout.run(&start_hub).await.code, 0);
        } else if text == "cargo xtask down" {
            let rehearsal = self.reader.terminal.take();
            rehearsal.expect("a rehearsal").wait_for_end().await;
        }
    }

    /// Starts a hub that requires a password, which is used from here on.
    async fn start_protected_hub(&mut self) {
        let checkout = &mut self.reader.checkout;
        if self.protected_hub.is_none() {
            let folder = checkout.folder.join(".desk/guarded");
            std::fs::create_dir(&folder).expect("a folder");
            let manager = format!("http://127.0.0.1:{}", checkout.ports[0]);
            let variables = [
                ("HUB_ADMIN_PASSWORD", PASSWORD.to_owned()),
                ("SESSION_MANAGER_BASE_URL", manager),
            ]
            .map(|(name, value)| (name.to_owned(), value));
            self.protected_hub = Some(Service::start("central-hub", &folder, &variables).await);
        }
        let url = &self.protected_hub.as_ref().expect("a hub").url;
        let address = url.strip_prefix("http://").expect("an address");
        checkout.replace("localhost:3012", address);
        checkout.replace("-u admin", format!("-u 'admin:{PASSWORD}'"));
    }

    fn use_open_hub(&mut self) {
        let ports = self.reader.checkout.ports;
        self.reader.checkout.use_ports(ports);
    }

    /// Configures the generated key as the document describes.
    async fn set_backup_key(&mut self) {
        let checkout = &mut self.reader.checkout;
        let key = checkout.adapt("AGE-SECRET-KEY-1…");
        let settings = format!(
            "module.exports = {{ '{MANAGER}': {{ BACKUP_KEY: '{key}', BACKUP_EVERY_HOURS: '0' }} }};"
        );
        checkout.write("deploy/local.cjs", settings);
        let file = "deploy/session-manager/ecosystem.config.cjs";
        let restart = format!("pm2 delete {MANAGER} && pm2 start {file}");
        assert_eq!(checkout.run(&restart).await.code, 0);
        self.wait_for_state("READY").await;
    }

    /// Sends a message whose state can be queried.
    async fn send_message(&mut self) {
        let checkout = &mut self.reader.checkout;
        let send = "curl -sS http://127.0.0.1:3012/send -H 'content-type: application/json' \
            -d '{\"to\":\"5491158254201\",\"message\":\"Hola\"}'";
        let output = checkout.run(send).await.text;
        let output: Value = serde_json::from_str(&output).expect("JSON");
        checkout.replace("<id>", output["message_id"].as_str().expect("an id"));
    }

    /// Unlinks, so that a code can be requested.
    async fn unlink(&mut self) {
        self.wait_for_state("READY").await;
        for path in ["logout", "connect"] {
            let command = format!("curl -fsS -X POST http://127.0.0.1:3001/{path}");
            assert_eq!(self.reader.checkout.run(&command).await.code, 0);
        }
        self.wait_for_state("QR_REQUIRED").await;
    }

    async fn wait_for_state(&mut self, state: &str) {
        let checkout = &mut self.reader.checkout;
        poll::until(state, async || {
            let output = checkout.run("curl -sS http://127.0.0.1:3001/status").await;
            output.text.contains(state).then_some(())
        })
        .await;
    }

    /// Ends all services that were started. Fails the test if a process is left.
    async fn stop(mut self) {
        if let Some(mut hub) = self.protected_hub.take() {
            hub.stop().await;
        }
        assert!(self.reader.terminal.is_none(), "the terminal is still open");
        self.reader.checkout.clean_up().await;
    }
}

async fn follow_on_server(documents: &[&str]) {
    let mut scene = Scene::on_a_server().await;
    for document in documents {
        scene.follow(document).await;
    }
    scene.stop().await;
}

/// Returns the documents that the test with this name follows.
fn documents_of(test: &str) -> &'static [&'static str] {
    let row = FOLLOWED_DOCUMENTS.iter().find(|(name, _)| *name == test);
    row.expect("a test of the table").1
}

#[tokio::test]
async fn commands_of_the_readme() {
    follow_on_server(documents_of("commands_of_the_readme")).await;
}

#[tokio::test]
async fn commands_of_the_rehearsal_tutorial() {
    follow_on_server(documents_of("commands_of_the_rehearsal_tutorial")).await;
}

#[tokio::test]
async fn commands_of_the_server_tutorials() {
    follow_on_server(documents_of("commands_of_the_server_tutorials")).await;
}

#[tokio::test]
async fn commands_of_the_english_runbook() {
    follow_on_server(documents_of("commands_of_the_english_runbook")).await;
}

#[tokio::test]
async fn commands_of_the_spanish_runbook() {
    follow_on_server(documents_of("commands_of_the_spanish_runbook")).await;
}

/// Starts a web server with an image, in place of `cdn.example.com`.
async fn serve_picture(png: Vec<u8>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer = move || async move { png };
    let router = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address.to_string()
}

fn port(url: &str) -> u16 {
    let port = url.trim_end_matches('/').rsplit(':').next();
    port.and_then(|port| port.parse().ok()).expect("a port")
}

#[tokio::test]
async fn commands_of_the_api_reference() {
    let mut png = Vec::new();
    image::RgbImage::new(40, 30)
        .write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png)
        .expect("a picture");
    let cdn = serve_picture(png.clone()).await;
    let options = ManagerOptions::default().with("FILE_URL_HOSTS", &cdn);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let mut checkout = Checkout::new(&standin.web_url());
    let [session, page] = [&manager.service.url, &hub.service.url].map(|url| port(url));
    checkout.use_ports([session, page, port(&standin.web_url())]);
    checkout.write("casa.jpg", &png);
    checkout.write("plano.pdf", "%PDF-1.7\n");
    checkout.replace("https://cdn.example.com", format!("http://{cdn}"));
    // A lead writes first, so that there is a message to reply to.
    let lead_message = LeadMessage::text("5491158254201", "¿Sigue en venta?");
    let message_id = standin
        .phone()
        .lead_message(&lead_message)
        .expect("a message");
    checkout.replace("false_5491158254201@c.us_3A21C0FFEE", &message_id);
    poll::until("the hub to store the message", async || {
        let (_, messages) = hub.get("/api/listener/messages").await;
        messages.to_string().contains(&message_id).then_some(())
    })
    .await;
    let mut reader = Reader::new(checkout);
    for command in commands(documents_of("commands_of_the_api_reference")[0]) {
        if !command.text.starts_with("curl -N") {
            reader.type_command(&command).await;
            continue;
        }
        // Messages are sent while a client listens.
        let message = serde_json::json!({"to": "5491158254201", "message": "hola"});
        let send_repeatedly = async {
            loop {
                manager.post("/send", &message).await;
            }
        };
        tokio::select! {
            _ = reader.type_command(&command) => {}
            () = send_repeatedly => {}
        }
    }
    reader.checkout.clean_up().await;
    manager.stop().await;
}

#[test]
fn every_documented_command_is_run_or_exempted() {
    let source = std::fs::read_to_string(repository_root().join("tests/e2e/docs/commands.rs"))
        .expect("this file");
    let mut followed = Vec::new();
    for (test, documents) in FOLLOWED_DOCUMENTS {
        assert!(
            source.contains(&format!("async fn {test}()")),
            "no test {test}"
        );
        for document in documents {
            let commands = commands(document);
            assert!(!commands.is_empty(), "{document} has no command");
            followed.extend(commands.into_iter().map(|command| command.text));
        }
    }
    let documented_commands: Vec<Command> =
        documents().iter().flat_map(|name| commands(name)).collect();
    for command in &documented_commands {
        let text = &command.text;
        assert!(
            followed.contains(text) || find_exemption(text).is_some(),
            "{}, {}: no test runs `{text}`, and tests/e2e/docs/commands/exemptions.rs does not name it",
            command.document,
            command.heading
        );
    }
    for exemption in EXEMPTIONS {
        let (exempted_command, file, quotation) = exemption;
        assert!(
            documented_commands
                .iter()
                .any(|command| find_exemption(&command.text) == Some(exemption)),
            "no document has `{exempted_command}`"
        );
        let text = std::fs::read_to_string(repository_root().join(file)).expect(file);
        assert!(
            text.contains(quotation),
            "`{exempted_command}`: {file} has no {quotation}"
        );
    }
}
