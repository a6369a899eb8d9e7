//! Tests crash recovery: no process is left after a crash, and the next start works.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use harness::processes::{self, kill_hard};
use harness::standin::{Settings, Standin};
use harness::{Manager, ManagerOptions, poll, start_standin};
use serde_json::json;
use service_runtime::process::{Process, Signal, kill};

/// The states in which a process is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Starting,
    Code,
    Syncing,
    Ready,
}

const STAGES: [Stage; 4] = [Stage::Starting, Stage::Code, Stage::Syncing, Stage::Ready];

/// Brings a session-manager into this state. It is linked from `Syncing` on.
async fn start_at(stage: Stage) -> (Standin, Manager) {
    // The sync is long enough to be killed midway.
    let sync = if stage == Stage::Syncing { 3_000 } else { 300 };
    let standin = start_standin(Settings {
        sync: Duration::from_millis(sync),
        ..Settings::default()
    })
    .await;
    let manager = Manager::start(&standin).await;
    match stage {
        Stage::Starting => {
            manager.connect().await;
            poll::until("chrome", async || processes::chrome(&manager.tokens())).await;
        }
        Stage::Code => {
            manager.connect().await;
            manager.wait_for_state("QR_REQUIRED").await;
        }
        Stage::Syncing => {
            manager.connect().await;
            manager.wait_for_state("QR_REQUIRED").await;
            standin.phone().scan_current().expect("a code");
            manager.wait_for_state("AUTHENTICATED").await;
            // Until then the page has not stored its device, and a page that is killed has none.
            poll::until("the device to be logged in", async || {
                let device = standin.phone().state().devices.into_iter().next()?;
                device.connected.then_some(())
            })
            .await;
        }
        Stage::Ready => manager.link(&standin).await,
    }
    (standin, manager)
}

/// Waits until the service has noticed the loss. Until then it may still display the code of a page
/// that is gone.
async fn wait_until_noticed(manager: &Manager, before: u64) {
    poll::until("the loss to be noticed", async || {
        (restart_count(manager).await > before).then_some(())
    })
    .await;
}

/// Returns how many times the browser has been restarted.
async fn restart_count(manager: &Manager) -> u64 {
    let session = manager.session().await;
    session["restarts"]["total"].as_u64().expect("a number")
}

/// Waits until the session is READY: by itself if it is linked, otherwise after a scan.
async fn wait_until_ready(stage: Stage, standin: &Standin, manager: &Manager) {
    if matches!(stage, Stage::Starting | Stage::Code) {
        if manager.state().await == "INIT" {
            manager.connect().await;
        }
        manager.wait_for_state("QR_REQUIRED").await;
        // The code may be replaced meanwhile, so scan the current one.
        poll::until("a code to scan", async || {
            standin.phone().scan_current().ok()
        })
        .await;
    }
    manager.wait_for_state("READY").await;
    let (status, body) = manager
        .post("/send", &json!({"to": "5491158254201", "message": "hola"}))
        .await;
    assert_eq!(status, 200, "{stage:?}: {body}");
}

#[tokio::test]
async fn killed_service_leaves_no_process_and_restarts_linked() {
    for stage in STAGES {
        let (standin, mut manager) = start_at(stage).await;
        manager.service.kill().await;
        processes::assert_none_left(&manager.tokens()).await;
        manager.restart().await;
        wait_until_ready(stage, &standin, &manager).await;
        manager.stop().await;
    }
}

/// Checks that Chrome's main process, which survives ChromeDriver and keeps writing, gets its grace
/// period before it is killed.
#[tokio::test]
async fn process_still_writing_is_not_killed_with_chromedriver() {
    let standin = start_standin(Settings::default()).await;
    let folder = harness::Scratch::default();
    let (chrome, marker) = (folder.join("chrome"), folder.join("wrote"));
    // A process of Chrome that takes five seconds after SIGTERM.
    let script = format!(
        "#!/bin/sh\n(trap 'sleep 5; : > {}; exit' TERM; while :; do sleep 0.1; done) &\nexec chromium \"$@\"\n",
        marker.display()
    );
    std::fs::write(&chrome, script).expect("a script");
    std::fs::set_permissions(&chrome, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let options = ManagerOptions::default().with("CHROME_BIN", chrome.display());
    let mut manager = Manager::start_with(&standin, options).await;
    manager.link(&standin).await;
    let before = restart_count(&manager).await;
    let driver = poll::until("a chromedriver", async || {
        processes::chromedriver(&manager.tokens())
    })
    .await;
    kill_hard(&driver);
    wait_until_noticed(&manager, before).await;
    poll::until("the process to write its marker", async || {
        marker.exists().then_some(())
    })
    .await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn killed_chromedriver_is_restarted() {
    for stage in STAGES {
        let (standin, mut manager) = start_at(stage).await;
        // A process that is just starting may briefly have no command line, even after it was seen
        // once.
        let driver = poll::until("a chromedriver", async || {
            processes::chromedriver(&manager.tokens())
        })
        .await;
        let before = restart_count(&manager).await;
        kill_hard(&driver);
        wait_until_noticed(&manager, before).await;
        wait_until_ready(stage, &standin, &manager).await;
        manager.stop().await;
    }
}

#[tokio::test]
async fn killed_chrome_shim_is_restarted() {
    let stage = Stage::Ready;
    let (standin, mut manager) = start_at(stage).await;
    let shim_process = processes::shim(&manager.tokens()).expect("a shim");
    let before = restart_count(&manager).await;
    kill_hard(&shim_process);
    wait_until_noticed(&manager, before).await;
    wait_until_ready(stage, &standin, &manager).await;
    manager.stop().await;
}

#[tokio::test]
async fn killed_chrome_is_restarted() {
    for stage in STAGES {
        let (standin, mut manager) = start_at(stage).await;
        let chrome = poll::until("chrome", async || processes::chrome(&manager.tokens())).await;
        let before = restart_count(&manager).await;
        kill_hard(&chrome);
        wait_until_noticed(&manager, before).await;
        wait_until_ready(stage, &standin, &manager).await;
        manager.stop().await;
    }
}

#[tokio::test]
async fn stop_in_any_state_leaves_no_process() {
    for stage in STAGES {
        for signal in [Signal::TERM, Signal::INT] {
            let (_standin, mut manager) = start_at(stage).await;
            manager.service.signal(signal);
            let status = manager.service.wait_for_end().await;
            assert!(status.success(), "{stage:?} {signal:?}: {status}");
            assert!(
                processes::in_folder(&manager.tokens()).is_empty(),
                "{stage:?}: the service ended before its browser"
            );
            manager.assert_no_lock();
            let temporary = manager.folder.join("service-tmp");
            let leftover_count = std::fs::read_dir(temporary).unwrap().count();
            assert_eq!(leftover_count, 0, "{stage:?}: temporary files are left");
        }
    }
}

#[tokio::test]
async fn repeated_kills_of_all_processes_are_recovered_from() {
    let (standin, mut manager) = start_at(Stage::Ready).await;
    for _ in 0..3 {
        for process in processes::in_folder(&manager.tokens()) {
            kill_hard(&process);
        }
        manager.service.wait_for_end().await;
        processes::assert_none_left(&manager.tokens()).await;
        manager.restart().await;
        manager.wait_for_state("READY").await;
    }
    drop(standin);
    manager.stop().await;
}

/// Returns options with short timeouts for a page that does not respond.
fn short_timeouts() -> ManagerOptions {
    ManagerOptions::default()
        .with("HEARTBEAT_MS", 300)
        .with("HEARTBEAT_DEADLINE_MS", 2_000)
}

#[tokio::test]
async fn hung_page_is_replaced() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start_with(&standin, short_timeouts()).await;
    manager.link(&standin).await;
    standin.phone().hang(60_000);
    manager.wait_for_cause("INIT", "PAGE_HUNG").await;
    standin.phone().hang(0);
    manager.wait_for_state("READY").await;
    assert_eq!(manager.session().await["restarts"]["total"], 1);
    manager.stop().await;
}

#[tokio::test]
async fn crashed_renderer_is_replaced() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start_with(&standin, short_timeouts()).await;
    manager.link(&standin).await;
    for renderer in processes::renderers(&manager.tokens()) {
        kill_hard(&renderer);
    }
    poll::until("a restart", async || {
        (manager.session().await["restarts"]["total"] == 1).then_some(())
    })
    .await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn health_and_status_answer_while_chrome_is_frozen() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    let frozen: Vec<Process> = processes::in_folder(&manager.tokens())
        .into_iter()
        .filter(|process| process.comm != "session-manager")
        .collect();
    for process in &frozen {
        kill(process.id(), Signal::STOP).expect("a signal");
    }
    for path in ["/health", "/status", "/qr", "/session"] {
        // One second allows for a loaded host. A wedged service never responds.
        let response = tokio::time::timeout(Duration::from_secs(1), manager.get(path)).await;
        assert_eq!(response.expect(path).0, 200);
    }
    for process in &frozen {
        kill(process.id(), Signal::CONT).expect("a signal");
    }
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn stop_while_chrome_is_frozen_leaves_no_process() {
    let (_standin, mut manager) = start_at(Stage::Ready).await;
    for process in processes::in_folder(&manager.tokens()) {
        if process.comm != "session-manager" {
            kill(process.id(), Signal::STOP).expect("a signal");
        }
    }
    manager.service.signal(Signal::TERM);
    // PM2 waits 30 s before it kills.
    let exit = tokio::time::timeout(Duration::from_secs(28), manager.service.wait_for_end()).await;
    assert!(exit.expect("an end before PM2's timeout").success());
    processes::assert_none_left(&manager.tokens()).await;
}

#[tokio::test]
async fn chrome_that_always_dies_exhausts_the_restart_budget_until_connect() {
    let standin = start_standin(Settings::default()).await;
    let options = ManagerOptions::default()
        .with("RESTART_BUDGET", 2)
        .with("RESTART_BACKOFF_MS", 10);
    let mut manager = Manager::start_with(&standin, options).await;
    manager.link(&standin).await;
    for restarts in 1..=2 {
        let chrome = processes::chrome(&manager.tokens()).expect("a chrome");
        kill_hard(&chrome);
        poll::until("the restart", async || {
            (manager.session().await["restarts"]["total"] == restarts).then_some(())
        })
        .await;
        manager.wait_for_state("READY").await;
    }
    kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
    let session = manager.wait_for_cause("ERROR", "TOO_MANY_RESTARTS").await;
    let message = session["last_error"]["message"].as_str().unwrap();
    assert!(message.contains("Chrome ended unexpectedly"), "{message}");
    processes::assert_none_left(&manager.tokens().join("profile")).await;
    manager.connect().await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn stale_locks_and_orphans_are_removed_and_nothing_else() {
    let (_standin, mut manager) = start_at(Stage::Ready).await;
    manager.stop().await;
    let profile = manager.tokens().join("profile");
    symlink("another-host-4242", profile.join("SingletonLock")).unwrap();
    // Start an orphan that holds the profile, and an unrelated process that must survive.
    let sleep = |name: &str, value: &std::path::Path| {
        std::process::Command::new("sleep")
            .arg("300")
            .env(name, value)
            .spawn()
            .expect("sleep")
    };
    let mut orphan = sleep("LEADMASTER_BROWSER_PROFILE", &profile);
    let mut unrelated = sleep(
        "LEADMASTER_BROWSER_PROFILE",
        std::path::Path::new("/elsewhere"),
    );
    manager.restart().await;
    manager.wait_for_state("READY").await;
    assert!(!orphan.wait().expect("an exit status").success());
    assert!(unrelated.try_wait().expect("its status").is_none());
    unrelated.kill().unwrap();
    unrelated.wait().unwrap();
    manager.stop().await;
}
