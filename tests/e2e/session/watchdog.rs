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
    fn receive(&self, patience: Duration) -> Option<String> {
        let mut buffer = [0; 256];
        self.0.set_read_timeout(Some(patience)).expect("a timeout");
        let length = self.0.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).trim().to_owned())
    }

    /// Waits for this message.
    fn wait_for(&self, word: &str) {
        while self.receive(harness::PATIENCE).expect(word) != word {}
    }
}

/// Runs `health` of the service. Returns whether it succeeded, and its output.
async fn health(program: &str, url: &str, arguments: &[&str]) -> (bool, String) {
    let port = url.rsplit(':').next().expect("a port");
    let output = Command::new(binary(program))
        .arg("health")
        .args(arguments)
        .env_clear()
        .env("PORT", port)
        .kill_on_drop(true)
        .output()
        .await
        .expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("UTF-8");
    (output.status.success(), text)
}

/// Makes the driver hang. It records a link in a file, and a pipe without a reader blocks it
/// midway, as a hung disk would. Returns the pipe.
async fn hang_driver(manager: &Manager, standin: &Standin) -> PathBuf {
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
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
    let standin = harness::start_standin(Settings::default()).await;
    let options = ManagerOptions::default()
        .with("NOTIFY_SOCKET", socket)
        .with("WATCHDOG_USEC", WATCHDOG.as_micros());
    let mut manager = Manager::start_with(&standin, options).await;
    systemd.wait_for("READY=1");
    systemd.wait_for("WATCHDOG=1");
    systemd.wait_for("WATCHDOG=1");
    let url = manager.service.url.clone();
    let (succeeded, report) = health("session-manager", &url, &["--deep"]).await;
    assert!(succeeded && report.contains("not ready"), "{report}");
    let (ready, report) = health("session-manager", &url, &["--ready"]).await;
    assert!(
        !ready && report.contains("not ready: the session is"),
        "{report}"
    );

    let pipe = hang_driver(&manager, &standin).await;
    let hang_output = poll::until("the hang to be reported", async || {
        let (succeeded, report) = health("session-manager", &url, &["--deep"]).await;
        (!succeeded).then_some(report)
    })
    .await;
    assert!(
        hang_output.contains("the session's driver has not answered"),
        "{hang_output}"
    );
    let (status, body) = manager.get("/health/deep").await;
    assert_eq!((status, &body["alive"]), (503, &false.into()), "{body}");
    // The port alone does not reveal the hang.
    assert!(health("session-manager", &url, &[]).await.0);
    // Read the earlier messages. Then no more arrive, for longer than systemd would wait.
    while systemd.receive(Duration::from_millis(1)).is_some() {}
    assert_eq!(systemd.receive(WATCHDOG * 2), None);

    // The driver continues once it can.
    drop(std::fs::File::open(&pipe).expect("the pipe"));
    systemd.wait_for("WATCHDOG=1");
    std::fs::remove_file(&pipe).expect("an existing pipe");
    let _ = manager.stop().await;
    systemd.wait_for("STOPPING=1");
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
    systemd.wait_for("READY=1");
    systemd.wait_for("WATCHDOG=1");
    poll::until("the hub to be ready", async || {
        let (ready, _) = health("central-hub", &hub.url, &["--ready"]).await;
        ready.then_some(())
    })
    .await;
    drop(manager);
    let report = poll::until(
        "the hub to notice the missing session-manager",
        async || {
            let (ready, report) = health("central-hub", &hub.url, &["--ready"]).await;
            (!ready).then_some(report)
        },
    )
    .await;
    assert!(
        report.contains("session-manager does not answer"),
        "{report}"
    );
    // The hub itself does not hang.
    assert!(health("central-hub", &hub.url, &["--deep"]).await.0);
    while systemd.receive(Duration::from_millis(1)).is_some() {}
    systemd.wait_for("WATCHDOG=1");
    assert!(hub.stop().await.success());
    let (succeeded, report) = health("central-hub", &hub.url, &["--deep"]).await;
    assert!(
        !succeeded && report.contains("does not answer on 127.0.0.1:"),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hung_service_without_a_supervisor_ends_itself() {
    let standin = harness::start_standin(Settings::default()).await;
    // Longer than a check takes to fail.
    let options = ManagerOptions::default().with("WATCHDOG_SECONDS", 12);
    let mut manager = Manager::start_with(&standin, options).await;
    let pipe = hang_driver(&manager, &standin).await;
    let exit_status = manager.service.wait_for_end().await;
    assert_eq!(exit_status.code(), Some(1), "{exit_status}");
    let output = manager.service.output();
    let last_line = output.lines().last().unwrap_or_default();
    let reason = "[FATAL] the service hangs, and ends itself after 12 s: the session's driver has not answered for 5 s";
    assert_eq!(last_line, reason, "{output}");
    // Everything that it started ended with it, so that the next service can begin.
    processes::assert_none_left(&manager.tokens()).await;
    std::fs::remove_file(&pipe).expect("an existing pipe");
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
async fn hub_with_an_unread_log_pipe_ends_itself() {
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
        assert_ne!(
            log.read_line(&mut line).expect("its log"),
            0,
            "the hub ended"
        );
    }
    // From here on nobody reads, and the pipe is full.
    let filler_thread = std::thread::spawn(move || {
        let mut writer = writer;
        while writer.write_all(&[b' '; 4096]).is_ok() {}
    });
    let status = poll::until("the hub to end", async || {
        hub.try_wait().expect("its state")
    })
    .await;
    assert_eq!(status.code(), Some(1), "{status}");
    drop(log);
    filler_thread.join().expect("no panic");
}
