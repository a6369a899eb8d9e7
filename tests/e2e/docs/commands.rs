//! Runs every command of the documents, or finds it in a list with the other test that covers it.

mod exemptions;

use doc_commands::{Command, Desk, Reader, commands, documents};
use exemptions::{ELSEWHERE, held_elsewhere};
use harness::standin::{LeadMessage, Settings, Standin};
use harness::{Hub, ManagerOptions, Service, linked, poll, root, standin};
use serde_json::Value;

/// The documents that are followed from the first command to the last. Each row names a test, and
/// the documents that one reader follows in it.
const FOLLOWED: [(&str, &[&str]); 6] = [
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
    guarded: Option<Service>,
    postgres: Option<scratch_database::Database>,
}

impl Scene {
    /// Creates the scene on a server, whose phone is the stand-in's.
    async fn on_a_server() -> Self {
        let standin = standin(Settings::default()).await;
        Self {
            reader: Reader::at(Desk::new(&standin.web_url())),
            standin,
            guarded: None,
            postgres: None,
        }
    }

    /// Types all commands of a document that are not covered elsewhere.
    async fn follow(&mut self, document: &str) {
        for command in commands(document) {
            if held_elsewhere(&command.text).is_none() {
                self.before(&command.text).await;
                let said = self.reader.types(&command).await.text;
                self.after(&command.text, &said).await;
            }
        }
    }

    /// Prepares for a command as a person would, or replaces the placeholders in it.
    async fn before(&mut self, text: &str) {
        let desk = &mut self.reader.desk;
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
            desk.rewrite(" doctor", format!(" doctor --pid $(pm2 pid {name})"));
        } else if text.contains("-u admin") || text.contains("lm_…") {
            self.guard().await;
        } else if text.contains("DATABASE_URL=") {
            let postgres = scratch_database::Database::postgres();
            for secret in ["secret", "secreto"] {
                let shown = format!("postgres://leads:{secret}@127.0.0.1/leads");
                desk.rewrite(&shown, postgres.url());
            }
            self.postgres = Some(postgres);
        } else if text.contains("/backup ") || text.ends_with("/backup") {
            self.with_a_backup_key().await;
        } else if text.contains("TOKENS_DIR=/srv") {
            let tokens = desk.folder.join("tokens").display().to_string();
            desk.rewrite("/srv/leadmaster/tokens", tokens);
        } else if text.contains("--data-binary @lista.csv") {
            if !desk.folder.join("lista.csv").exists() {
                desk.write("lista.csv", "telefono,nombre\n5491158254201,Ana\n");
            }
        } else if text.contains("/pairing-code") {
            self.unlink().await;
        } else if text.ends_with("/status/<id>") {
            self.with_a_message().await;
        } else if text.contains("/bajas") {
            for number in ["549…", "<number>", "<número>"] {
                desk.rewrite(number, "5491158254209");
            }
        } else if text == "tar -xzf data.tar.gz" {
            // The document moves to another host, where the old data does not exist.
            let moved = "pm2 delete all && mkdir .desk/old && mv tokens data .desk/old/";
            assert_eq!(desk.run(moved).await.code, 0);
        }
    }

    /// Establishes what the document assumes after this command.
    async fn after(&mut self, text: &str, said: &str) {
        self.at_the_open_hub();
        // A rehearsal has its own phone, which scans only when the document says so.
        if text.contains("/qr.txt") && self.reader.terminal.is_none() {
            self.standin.phone().scan_current().expect("a code");
        } else if text.contains("/pairing-code") {
            let said: Value = serde_json::from_str(said).expect("JSON");
            let code = said["code"].as_str().expect("a code");
            let linked = self.standin.phone().link_code(code);
            linked.expect("that it is shown");
        } else if text.contains("central-hub import") {
            let again = format!("pm2 start {HUB}");
            assert_eq!(self.reader.desk.run(&again).await.code, 0);
        } else if text == "cargo xtask down" {
            let rehearsal = self.reader.terminal.take();
            rehearsal.expect("a rehearsal").ended().await;
        }
    }

    /// Starts a hub that requires a password, which is used from here on.
    async fn guard(&mut self) {
        let desk = &mut self.reader.desk;
        if self.guarded.is_none() {
            let folder = desk.folder.join(".desk/guarded");
            std::fs::create_dir(&folder).expect("a folder");
            let manager = format!("http://127.0.0.1:{}", desk.ports[0]);
            let variables = [
                ("HUB_ADMIN_PASSWORD", PASSWORD.to_owned()),
                ("SESSION_MANAGER_BASE_URL", manager),
            ]
            .map(|(name, value)| (name.to_owned(), value));
            self.guarded = Some(Service::start("central-hub", &folder, &variables).await);
        }
        let url = &self.guarded.as_ref().expect("a hub").url;
        let address = url.strip_prefix("http://").expect("an address");
        desk.rewrite("localhost:3012", address);
        desk.rewrite("-u admin", format!("-u 'admin:{PASSWORD}'"));
    }

    fn at_the_open_hub(&mut self) {
        let ports = self.reader.desk.ports;
        self.reader.desk.at_ports(ports);
    }

    /// Configures the generated key as the document describes.
    async fn with_a_backup_key(&mut self) {
        let desk = &mut self.reader.desk;
        let key = desk.here("AGE-SECRET-KEY-1…");
        let local = format!(
            "module.exports = {{ '{MANAGER}': {{ BACKUP_KEY: '{key}', BACKUP_EVERY_HOURS: '0' }} }};"
        );
        desk.write("deploy/local.cjs", local);
        let file = "deploy/session-manager/ecosystem.config.cjs";
        let restart = format!("pm2 delete {MANAGER} && pm2 start {file}");
        assert_eq!(desk.run(&restart).await.code, 0);
        self.until("READY").await;
    }

    /// Sends a message whose state can be queried.
    async fn with_a_message(&mut self) {
        let desk = &mut self.reader.desk;
        let send = "curl -sS http://127.0.0.1:3012/send -H 'content-type: application/json' \
            -d '{\"to\":\"5491158254201\",\"message\":\"Hola\"}'";
        let said = desk.run(send).await.text;
        let said: Value = serde_json::from_str(&said).expect("JSON");
        desk.rewrite("<id>", said["message_id"].as_str().expect("an id"));
    }

    /// Unlinks, so that a code can be requested.
    async fn unlink(&mut self) {
        self.until("READY").await;
        for path in ["logout", "connect"] {
            let ask = format!("curl -fsS -X POST http://127.0.0.1:3001/{path}");
            assert_eq!(self.reader.desk.run(&ask).await.code, 0);
        }
        self.until("QR_REQUIRED").await;
    }

    async fn until(&mut self, state: &str) {
        let desk = &mut self.reader.desk;
        poll::until(state, async || {
            let said = desk.run("curl -sS http://127.0.0.1:3001/status").await;
            said.text.contains(state).then_some(())
        })
        .await;
    }

    /// Ends all services that were started. Fails the test if a process is left.
    async fn end(mut self) {
        if let Some(mut hub) = self.guarded.take() {
            hub.stop().await;
        }
        assert!(self.reader.terminal.is_none(), "a terminal is open");
        self.reader.desk.clear().await;
    }
}

async fn followed_on_a_server(documents: &[&str]) {
    let mut scene = Scene::on_a_server().await;
    for document in documents {
        scene.follow(document).await;
    }
    scene.end().await;
}

/// Returns the documents that the test with this name follows.
fn documents_of(test: &str) -> &'static [&'static str] {
    let found = FOLLOWED.iter().find(|(name, _)| *name == test);
    found.expect("a test of the table").1
}

#[tokio::test]
async fn commands_of_the_readme() {
    followed_on_a_server(documents_of("commands_of_the_readme")).await;
}

#[tokio::test]
async fn commands_of_the_rehearsal_tutorial() {
    followed_on_a_server(documents_of("commands_of_the_rehearsal_tutorial")).await;
}

#[tokio::test]
async fn commands_of_the_server_tutorials() {
    followed_on_a_server(documents_of("commands_of_the_server_tutorials")).await;
}

#[tokio::test]
async fn commands_of_the_english_runbook() {
    followed_on_a_server(documents_of("commands_of_the_english_runbook")).await;
}

#[tokio::test]
async fn commands_of_the_spanish_runbook() {
    followed_on_a_server(documents_of("commands_of_the_spanish_runbook")).await;
}

/// Starts a web server with an image, in place of `cdn.example.com`.
async fn pictures(png: Vec<u8>) -> String {
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
    let cdn = pictures(png.clone()).await;
    let options = ManagerOptions::default().with("FILE_URL_HOSTS", &cdn);
    let (standin, mut manager) = linked(Settings::default(), options).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let mut desk = Desk::new(&standin.web_url());
    let [session, page] = [&manager.service.url, &hub.service.url].map(|url| port(url));
    desk.at_ports([session, page, port(&standin.web_url())]);
    desk.write("casa.jpg", &png);
    desk.write("plano.pdf", "%PDF-1.7\n");
    desk.rewrite("https://cdn.example.com", format!("http://{cdn}"));
    // A lead writes first, so that there is a message to reply to.
    let asks = LeadMessage::text("5491158254201", "¿Sigue en venta?");
    let asked = standin.phone().lead_message(&asks).expect("a message");
    desk.rewrite("false_5491158254201@c.us_3A21C0FFEE", &asked);
    poll::until("the hub to have it", async || {
        let (_, said) = hub.get("/api/listener/messages").await;
        said.to_string().contains(&asked).then_some(())
    })
    .await;
    let mut reader = Reader::at(desk);
    for command in commands(documents_of("commands_of_the_api_reference")[0]) {
        if !command.text.starts_with("curl -N") {
            reader.types(&command).await;
            continue;
        }
        // Messages are sent while a client listens.
        let message = serde_json::json!({"to": "5491158254201", "message": "hola"});
        let sends = async {
            loop {
                manager.post("/send", &message).await;
            }
        };
        tokio::select! {
            _ = reader.types(&command) => {}
            () = sends => {}
        }
    }
    reader.desk.clear().await;
    manager.stop().await;
}

#[test]
fn every_documented_command_is_run_or_exempted() {
    let source =
        std::fs::read_to_string(root().join("tests/e2e/docs/commands.rs")).expect("this file");
    let mut followed = Vec::new();
    for (test, documents) in FOLLOWED {
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
    let all: Vec<Command> = documents().iter().flat_map(|name| commands(name)).collect();
    for command in &all {
        let text = &command.text;
        assert!(
            followed.contains(text) || held_elsewhere(text).is_some(),
            "{}, {}: no test runs `{text}`, and tests/e2e/docs/commands/exemptions.rs does not name it",
            command.document,
            command.heading
        );
    }
    for held in ELSEWHERE {
        let (told, file, words) = held;
        assert!(
            all.iter().any(|it| held_elsewhere(&it.text) == Some(held)),
            "no document has `{told}`"
        );
        let text = std::fs::read_to_string(root().join(file)).expect(file);
        assert!(text.contains(words), "`{told}`: {file} has no {words}");
    }
}
