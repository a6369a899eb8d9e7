//! Tests the notifications to systemd (and `health`, for a container): that the service is ready,
//! that its work continues, and that none are sent once its driver's task hangs. Also tests that a
//! service which hangs ends itself where nobody else would restart it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use harness::{Manager, ManagerOptions, Scratch, Service, binary, poll, processes};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use service_runtime::process::spawn_bound;
use tokio::process::Command;
use whatsapp_standin::{Settings, Standin};

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

    /// Returns the next message; `None` if none arrives within the timeout.
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

/// Runs `health` of the service. Returns whether it succeeded, and its output.
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

/// Makes the driver hang. It records a link in a file, and a pipe without a reader blocks it
/// midway, as a hung disk would. Returns the pipe.
async fn hang(manager: &Manager, standin: &Standin) -> PathBuf {
    manager.connect().await;
    manager.until("QR_REQUIRED").await;
    let pipe = manager.tokens().join("linked.json.new");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    pipe
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

    let pipe = hang(&manager, &standin).await;
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
    // The port alone does not reveal the hang.
    assert!(health("session-manager", &url, &[]).await.0);
    // Read the earlier messages. Then no more arrive, for longer than systemd would wait.
    while systemd.hear(Duration::from_millis(1)).is_some() {}
    assert_eq!(systemd.hear(WATCHDOG * 2), None);

    // The driver continues once it can.
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

#[tokio::test(flavor = "multi_thread")]
async fn hang_ends_the_service_that_nobody_watches() {
    let standin = harness::standin(Settings::default()).await;
    // Longer than a check takes to fail.
    let options = ManagerOptions::default().with("WATCHDOG_SECONDS", 12);
    let mut manager = Manager::start_with(&standin, options).await;
    let pipe = hang(&manager, &standin).await;
    let ended = manager.service.ended().await;
    assert_eq!(ended.code(), Some(1), "{ended}");
    let output = manager.service.output();
    let last = output.lines().last().unwrap_or_default();
    let why = "[FATAL] the service hangs, and ends itself after 12 s: the session's driver has not answered for 5 s";
    assert_eq!(last, why, "{output}");
    // Everything that it started ended with it, so that the next service can begin.
    processes::none_left(&manager.tokens()).await;
    std::fs::remove_file(&pipe).expect("it is there");
    manager.restart().await;
    manager.connect().await;
    // The page may have kept the link although the driver could not record it.
    poll::until("the session to be READY", async || {
        let _ = standin.phone().scan_current();
        (manager.state().await == "READY").then_some(())
    })
    .await;
    let url = manager.service.url.clone();
    assert!(
        health("session-manager", &url, &["--ready"]).await.0,
        "{}",
        manager.service.output()
    );
    assert!(manager.stop().await.success());
}

/// Checks that the hub ends itself although all its threads, and the last log line as well, wait
/// for a log that nobody reads.
#[tokio::test(flavor = "multi_thread")]
async fn hub_whose_log_nobody_reads_any_more_ends_itself() {
    let folder = Scratch::default();
    let (log, writer) = std::io::pipe().expect("a pipe");
    let mut command = std::process::Command::new(binary("central-hub"));
    command
        .env_clear()
        .envs([
            ("PORT", "0"),
            ("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1"),
            ("RUST_LOG", "trace"),
            ("WATCHDOG_SECONDS", "3"),
        ])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(writer.try_clone().expect("a descriptor"))
        .stderr(writer.try_clone().expect("a descriptor"));
    let mut hub = spawn_bound(command).expect("it starts");
    let mut log = BufReader::new(log);
    let mut line = String::new();
    while !line.contains("listening on http://") {
        line.clear();
        assert_ne!(log.read_line(&mut line).expect("its log"), 0, "it ended");
    }
    // From here on nobody reads, and the pipe is full.
    let filling = std::thread::spawn(move || {
        let mut writer = writer;
        while writer.write_all(&[b' '; 4096]).is_ok() {}
    });
    let status = poll::until("the hub to end", async || {
        hub.try_wait().expect("its state")
    })
    .await;
    assert_eq!(status.code(), Some(1), "{status}");
    drop(log);
    filling.join().expect("no panic");
}
