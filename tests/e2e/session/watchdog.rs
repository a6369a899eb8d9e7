//! Notifications to systemd (and `health` for a container): the service is
//! ready, its work continues, and none once its driver's task hangs.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use harness::{Manager, ManagerOptions, Scratch, Service, binary, poll};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tokio::process::Command;
use whatsapp_standin::Settings;

/// As short as a slow host allows.
const WATCHDOG: Duration = Duration::from_secs(3);

/// systemd's end of the socket.
struct Systemd(UnixDatagram);

impl Systemd {
    fn listen(folder: &Path) -> (Self, String) {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        (Self(socket), path.display().to_string())
    }

    /// Returns the next message, if one arrives within the timeout.
    fn hear(&self, patience: Duration) -> Option<String> {
        let mut held = [0; 256];
        self.0.set_read_timeout(Some(patience)).expect("a timeout");
        let length = self.0.recv(&mut held).ok()?;
        Some(String::from_utf8_lossy(&held[..length]).trim().to_owned())
    }

    /// Waits for this message.
    fn until(&self, word: &str) {
        while self.hear(harness::PATIENCE).expect(word) != word {}
    }
}

/// Runs `health` of the service; returns whether it succeeded, and its output.
async fn health(program: &str, url: &str, words: &[&str]) -> (bool, String) {
    let port = url.rsplit(':').next().expect("a port");
    let output = Command::new(binary(program))
        .arg("health")
        .args(words)
        .env_clear()
        .env("PORT", port)
        .kill_on_drop(true)
        .output()
        .await
        .expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("UTF-8");
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn watchdog_goes_silent_when_the_drivers_task_hangs() {
    let folder = Scratch::default();
    let (systemd, socket) = Systemd::listen(folder.path());
    let standin = harness::standin(Settings::default()).await;
    let options = ManagerOptions::default()
        .with("NOTIFY_SOCKET", socket)
        .with("WATCHDOG_USEC", WATCHDOG.as_micros());
    let mut manager = Manager::start_with(&standin, options).await;
    systemd.until("READY=1");
    systemd.until("WATCHDOG=1");
    systemd.until("WATCHDOG=1");
    let url = manager.service.url.clone();
    let (well, said) = health("session-manager", &url, &["--deep"]).await;
    assert!(well && said.contains("not ready"), "{said}");
    let (ready, said) = health("session-manager", &url, &["--ready"]).await;
    assert!(
        !ready && said.contains("not ready: the session is"),
        "{said}"
    );

    // The driver records a link in a file; a pipe without a reader blocks it
    // midway, as a hung disk would.
    manager.connect().await;
    manager.until("QR_REQUIRED").await;
    let pipe = manager.tokens().join("linked.json.new");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    let hung = poll::until("the hang to be told", async || {
        let (well, said) = health("session-manager", &url, &["--deep"]).await;
        (!well).then_some(said)
    })
    .await;
    assert!(
        hung.contains("the session's driver has not answered"),
        "{hung}"
    );
    let (status, body) = manager.get("/health/deep").await;
    assert_eq!((status, &body["alive"]), (503, &false.into()), "{body}");
    // The port alone does not reveal it.
    assert!(health("session-manager", &url, &[]).await.0);
    // Earlier messages are read; then no more arrive, for longer than systemd
    // would wait.
    while systemd.hear(Duration::from_millis(1)).is_some() {}
    assert_eq!(systemd.hear(WATCHDOG * 2), None);

    // It continues once it can.
    drop(std::fs::File::open(&pipe).expect("the pipe"));
    systemd.until("WATCHDOG=1");
    std::fs::remove_file(&pipe).expect("it is there");
    let _ = manager.stop().await;
    systemd.until("STOPPING=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn hub_is_ready_only_with_its_session_manager() {
    let folder = Scratch::default();
    let (systemd, socket) = Systemd::listen(folder.path());
    let manager = Manager::without_browser(ManagerOptions::default()).await;
    let variables = [
        ("SESSION_MANAGER_BASE_URL", manager.service.url.clone()),
        ("NOTIFY_SOCKET", socket),
        ("WATCHDOG_USEC", WATCHDOG.as_micros().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let mut hub = Service::start("central-hub", folder.path(), &variables).await;
    systemd.until("READY=1");
    systemd.until("WATCHDOG=1");
    poll::until("the hub to be ready", async || {
        let (ready, _) = health("central-hub", &hub.url, &["--ready"]).await;
        ready.then_some(())
    })
    .await;
    drop(manager);
    let said = poll::until("the hub to miss it", async || {
        let (ready, said) = health("central-hub", &hub.url, &["--ready"]).await;
        (!ready).then_some(said)
    })
    .await;
    assert!(said.contains("session-manager does not answer"), "{said}");
    // The hub itself does not hang.
    assert!(health("central-hub", &hub.url, &["--deep"]).await.0);
    while systemd.hear(Duration::from_millis(1)).is_some() {}
    systemd.until("WATCHDOG=1");
    assert!(hub.stop().await.success());
    let (well, said) = health("central-hub", &hub.url, &["--deep"]).await;
    assert!(
        !well && said.contains("does not answer on 127.0.0.1:"),
        "{said}"
    );
}
