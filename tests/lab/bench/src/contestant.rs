//! Runs the contestants: the product, and the usual alternative.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use service_runtime::process::{Signal, kill, spawn_bound};
use whatsapp_standin::Standin;

use harness::{Events, Scratch, binary, http, node_scripts, poll, processes};

/// One of the two contestants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Contestant {
    /// session-manager.
    Product,
    /// whatsapp-web.js behind a bare HTTP wrapper.
    Peer,
}

impl Contestant {
    /// Returns the name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Product => "session-manager",
            Self::Peer => "whatsapp-web.js",
        }
    }

    fn command(self, folder: &Path, page: &str, port: u16, linked: bool) -> Command {
        let temporary = folder.join("tmp");
        std::fs::create_dir_all(&temporary).expect("a folder");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("output.log"))
            .expect("a log");
        let mut command = match self {
            Self::Product => {
                let mut command = Command::new(binary("session-manager"));
                command
                    .env("PORT", port.to_string())
                    .env("TOKENS_DIR", folder.join("profile"))
                    .env("DATA_DIR", folder.join("data"))
                    .env("NODE_ENV", "production")
                    .env("WHATSAPP_WEB_URL", page);
                command
            }
            Self::Peer => {
                let scripts = node_scripts();
                let mut command = Command::new("node");
                command
                    .arg(scripts.join("bench-wwebjs.mjs"))
                    .arg(page)
                    .arg(folder.join("profile"))
                    .arg(port.to_string())
                    .env("NODE_ENV", "production");
                if linked {
                    command.arg("connect");
                }
                command
            }
        };
        command
            .env("TMPDIR", &temporary)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor"))
            .stderr(log);
        command
    }
}

/// A folder for a linked device, which may not be linked yet.
#[derive(Debug)]
pub struct DeviceFolder {
    contestant: Contestant,
    folder: Scratch,
    page: String,
    linked: bool,
}

impl DeviceFolder {
    /// Creates an empty folder, without a linked device.
    #[must_use]
    pub fn new(contestant: Contestant, standin: &Standin) -> Self {
        Self {
            contestant,
            folder: Scratch::default(),
            page: standin.web_url(),
            linked: false,
        }
    }

    /// Starts the contestant, and returns it once it responds. A linked contestant connects by
    /// itself.
    ///
    /// # Panics
    /// If the process ends, or does not respond in time.
    pub async fn launch(&self) -> Running {
        let port = free_port();
        let command = self
            .contestant
            .command(self.folder.path(), &self.page, port, self.linked);
        let launched = Instant::now();
        let child = spawn_bound(command).expect("it starts");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // The interval is shorter than in the tests, since this is measured.
        while tokio::net::TcpStream::connect(address).await.is_err() {
            assert!(
                launched.elapsed() < harness::PATIENCE,
                "{} does not listen: see {}",
                self.contestant.name(),
                self.folder.join("output.log").display()
            );
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        let running = Running {
            contestant: self.contestant,
            child,
            url: format!("http://{address}"),
            launched,
            client: http(),
        };
        let health = running.client.get(running.url("/health")).send().await;
        assert!(health.expect("an answer").status().is_success());
        running
    }

    /// Scans the current code. Returns once the session is ready.
    pub async fn scan(&mut self, standin: &Standin, events: &mut Events) {
        poll::until("a code to scan", async || {
            standin.phone().scan_current().ok()
        })
        .await;
        events.read_until(is_ready).await;
        self.linked = true;
    }
}

impl Drop for DeviceFolder {
    fn drop(&mut self) {
        // The peer's browser survives if the peer dies.
        for process in processes::in_folder(self.folder.path()) {
            let _ = kill(process.id(), Signal::KILL);
        }
    }
}

/// Returns whether the event has a code to scan.
#[must_use]
pub fn is_code(event: &harness::SseEvent) -> bool {
    event.name == "qr" && event.data["status"] == "QR_AVAILABLE"
}

/// Returns whether the event is the state READY.
#[must_use]
pub fn is_ready(event: &harness::SseEvent) -> bool {
    event.name == "state" && event.data["status"] == "READY"
}

/// A running contestant.
#[derive(Debug)]
pub struct Running {
    contestant: Contestant,
    child: Child,
    url: String,
    /// When the contestant's process was started.
    pub launched: Instant,
    client: reqwest::Client,
}

impl Running {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Returns the pid of the contestant's process.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Opens the contestant's event stream.
    pub async fn events(&self) -> Events {
        Events::open(&self.url("/events"), None).await
    }

    /// Requests `POST /connect`.
    pub async fn connect(&self) {
        let request = self.client.post(self.url("/connect")).send();
        assert!(request.await.expect("an answer").status().is_success());
    }

    /// Sends a message. Returns once WhatsApp's server has accepted it.
    ///
    /// # Panics
    /// If the message is rejected.
    pub async fn send(&self, to: &str, message: &str) {
        let body = json!({"cliente_id": 51, "to": to, "message": message});
        let request = self.client.post(self.url("/send")).json(&body);
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let body: Value = response.json().await.expect("JSON");
        assert!(
            status.is_success() && body["ok"] == true,
            "{}: {status} {body}",
            self.contestant.name()
        );
    }

    /// Stops the contestant with SIGTERM.
    pub async fn stop(mut self) {
        if let Some(process) = service_runtime::process::Process::read(self.pid()) {
            let _ = kill(process.id(), Signal::TERM);
        }
        poll::until("its end", async || {
            self.child.try_wait().expect("its state")
        })
        .await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a port that is free at the moment.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}
