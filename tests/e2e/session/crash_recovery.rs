//! Tests crash recovery: no process is left after a crash, and the next start works.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use harness::processes::{self, kill_hard};
use harness::standin::{Settings, Standin};
use harness::{Manager, ManagerOptions, poll, standin};
use serde_json::json;
use service_runtime::process::{Process, Signal, kill};

/// The states in which a process is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Starting,
    Code,
    Syncing,
    Ready,
}

const EVERYWHERE: [At; 4] = [At::Starting, At::Code, At::Syncing, At::Ready];

/// Brings a session-manager into this state. It is linked from `Syncing` on.
async fn brought_to(at: At) -> (Standin, Manager) {
    // The sync is long enough to be killed midway.
    let sync = if at == At::Syncing { 3_000 } else { 300 };
    let standin = standin(Settings {
        sync: Duration::from_millis(sync),
        ..Settings::default()
    })
    .await;
    let manager = Manager::start(&standin).await;
    match at {
        At::Starting => {
            manager.connect().await;
            poll::until("chrome", async || processes::chrome(&manager.tokens())).await;
        }
        At::Code => {
            manager.connect().await;
            manager.until("QR_REQUIRED").await;
        }
        At::Syncing => {
            manager.connect().await;
            manager.until("QR_REQUIRED").await;
            standin.phone().scan_current().expect("a code");
            manager.until("AUTHENTICATED").await;
            // Until then the page has not stored its device, and a page that is killed has none.
            poll::until("the device to be logged in", async || {
                let device = standin.phone().state().devices.into_iter().next()?;
                device.connected.then_some(())
            })
            .await;
        }
        At::Ready => manager.link(&standin).await,
    }
    (standin, manager)
}

/// Waits until the service has noticed the loss. Until then it may still display the code of a page
/// that is gone.
async fn noticed(manager: &Manager, before: u64) {
    poll::until("the loss to be noticed", async || {
        (restarts(manager).await > before).then_some(())
    })
    .await;
}

/// Returns how many times the browser has been restarted.
async fn restarts(manager: &Manager) -> u64 {
    let session = manager.session().await;
    session["restarts"]["total"].as_u64().expect("a number")
}

/// Waits until the session is READY: by itself if it is linked, otherwise after a scan.
async fn ready_again(at: At, standin: &Standin, manager: &Manager) {
    if matches!(at, At::Starting | At::Code) {
        if manager.state().await == "INIT" {
            manager.connect().await;
        }
        manager.until("QR_REQUIRED").await;
        // The code may be replaced meanwhile, so scan the current one.
        poll::until("a scan", async || standin.phone().scan_current().ok()).await;
    }
    manager.until("READY").await;
    let (status, body) = manager
        .post("/send", &json!({"to": "5491158254201", "message": "hola"}))
        .await;
    assert_eq!(status, 200, "{at:?}: {body}");
}

#[tokio::test]
async fn killed_service_leaves_no_process_and_restarts_linked() {
    for at in EVERYWHERE {
        let (standin, mut manager) = brought_to(at).await;
        manager.service.kill().await;
        processes::none_left(&manager.tokens()).await;
        manager.restart().await;
        ready_again(at, &standin, &manager).await;
        manager.stop().await;
    }
}

/// Checks that Chrome's main process, which survives ChromeDriver and keeps writing, gets its grace
/// period before it is killed.
#[tokio::test]
async fn process_still_writing_is_not_killed_with_chromedriver() {
    let standin = standin(Settings::default()).await;
    let folder = harness::Scratch::default();
    let (chrome, wrote) = (folder.join("chrome"), folder.join("wrote"));
    // A process of Chrome that takes five seconds after SIGTERM.
    let script = format!(
        "#!/bin/sh\n(trap 'sleep 5; : > {}; exit' TERM; while :; do sleep 0.1; done) &\nexec chromium \"$@\"\n",
        wrote.display()
    );
    std::fs::write(&chrome, script).expect("a script");
    std::fs::set_permissions(&chrome, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    let options = ManagerOptions::default().with("CHROME_BIN", chrome.display());
    let mut manager = Manager::start_with(&standin, options).await;
    manager.link(&standin).await;
    let before = restarts(&manager).await;
    let driver = poll::until("a chromedriver", async || {
        processes::chromedriver(&manager.tokens())
    })
    .await;
    kill_hard(&driver);
    noticed(&manager, before).await;
    poll::until("it to have written", async || wrote.exists().then_some(())).await;
    manager.until("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn killed_chromedriver_is_restarted() {
    for at in EVERYWHERE {
        let (standin, mut manager) = brought_to(at).await;
        // A process that is just starting may briefly have no command line, even after it was seen
        // once.
        let driver = poll::until("a chromedriver", async || {
            processes::chromedriver(&manager.tokens())
        })
        .await;
        let before = restarts(&manager).await;
        kill_hard(&driver);
        noticed(&manager, before).await;
        ready_again(at, &standin, &manager).await;
        manager.stop().await;
    }
}

#[tokio::test]
async fn killed_chrome_shim_is_restarted() {
    let at = At::Ready;
    let (standin, mut manager) = brought_to(at).await;
    let stand_in = processes::stand_in(&manager.tokens()).expect("a stand-in");
    let before = restarts(&manager).await;
    kill_hard(&stand_in);
    noticed(&manager, before).await;
    ready_again(at, &standin, &manager).await;
    manager.stop().await;
}

#[tokio::test]
async fn killed_chrome_is_restarted() {
    for at in EVERYWHERE {
        let (standin, mut manager) = brought_to(at).await;
        let chrome = poll::until("chrome", async || processes::chrome(&manager.tokens())).await;
        let before = restarts(&manager).await;
        kill_hard(&chrome);
        noticed(&manager, before).await;
        ready_again(at, &standin, &manager).await;
        manager.stop().await;
    }
}

#[tokio::test]
async fn stop_in_any_state_leaves_no_process() {
    for at in EVERYWHERE {
        for signal in [Signal::TERM, Signal::INT] {
            let (_standin, mut manager) = brought_to(at).await;
            manager.service.signal(signal);
            let status = manager.service.ended().await;
            assert!(status.success(), "{at:?} {signal:?}: {status}");
            assert!(
                processes::of(&manager.tokens()).is_empty(),
                "{at:?}: it ended before its browser"
            );
            manager.assert_no_lock();
            let temporary = manager.folder.join("service-tmp");
            let left = std::fs::read_dir(temporary).unwrap().count();
            assert_eq!(left, 0, "{at:?}: temporary files are left");
        }
    }
}

#[tokio::test]
async fn repeated_kills_of_all_processes_are_recovered_from() {
    let (standin, mut manager) = brought_to(At::Ready).await;
    for _ in 0..3 {
        for process in processes::of(&manager.tokens()) {
            kill_hard(&process);
        }
        manager.service.ended().await;
        processes::none_left(&manager.tokens()).await;
        manager.restart().await;
        manager.until("READY").await;
    }
    drop(standin);
    manager.stop().await;
}

/// Returns options with short timeouts for a page that does not respond.
fn watchful() -> ManagerOptions {
    ManagerOptions::default()
        .with("HEARTBEAT_MS", 300)
        .with("HEARTBEAT_DEADLINE_MS", 2_000)
}

#[tokio::test]
async fn hung_page_is_replaced() {
    let standin = standin(Settings::default()).await;
    let mut manager = Manager::start_with(&standin, watchful()).await;
    manager.link(&standin).await;
    standin.phone().hang(60_000);
    manager.until_cause("INIT", "PAGE_HUNG").await;
    standin.phone().hang(0);
    manager.until("READY").await;
    assert_eq!(manager.session().await["restarts"]["total"], 1);
    manager.stop().await;
}

#[tokio::test]
async fn crashed_renderer_is_replaced() {
    let standin = standin(Settings::default()).await;
    let mut manager = Manager::start_with(&standin, watchful()).await;
    manager.link(&standin).await;
    for renderer in processes::renderers(&manager.tokens()) {
        kill_hard(&renderer);
    }
    poll::until("a restart", async || {
        (manager.session().await["restarts"]["total"] == 1).then_some(())
    })
    .await;
    manager.until("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn health_and_status_answer_while_chrome_is_frozen() {
    let standin = standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    let stopped: Vec<Process> = processes::of(&manager.tokens())
        .into_iter()
        .filter(|process| process.comm != "session-manager")
        .collect();
    for process in &stopped {
        kill(process.id(), Signal::STOP).expect("a signal");
    }
    for path in ["/health", "/status", "/qr", "/session"] {
        // One second allows for a loaded host. A wedged service never responds.
        let answered = tokio::time::timeout(Duration::from_secs(1), manager.get(path)).await;
        assert_eq!(answered.expect(path).0, 200);
    }
    for process in &stopped {
        kill(process.id(), Signal::CONT).expect("a signal");
    }
    manager.until("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn stop_while_chrome_is_frozen_leaves_no_process() {
    let (_standin, mut manager) = brought_to(At::Ready).await;
    for process in processes::of(&manager.tokens()) {
        if process.comm != "session-manager" {
            kill(process.id(), Signal::STOP).expect("a signal");
        }
    }
    manager.service.signal(Signal::TERM);
    // PM2 waits 30 s before it kills.
    let ended = tokio::time::timeout(Duration::from_secs(28), manager.service.ended()).await;
    assert!(ended.expect("an end before PM2's patience").success());
    processes::none_left(&manager.tokens()).await;
}

#[tokio::test]
async fn chrome_that_always_dies_exhausts_the_restart_budget_until_connect() {
    let standin = standin(Settings::default()).await;
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
        manager.until("READY").await;
    }
    kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
    let session = manager.until_cause("ERROR", "TOO_MANY_RESTARTS").await;
    let message = session["last_error"]["message"].as_str().unwrap();
    assert!(message.contains("Chrome ended unexpectedly"), "{message}");
    processes::none_left(&manager.tokens().join("profile")).await;
    manager.connect().await;
    manager.until("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn stale_locks_and_orphans_are_removed_and_nothing_else() {
    let (_standin, mut manager) = brought_to(At::Ready).await;
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
    let mut stranger = sleep(
        "LEADMASTER_BROWSER_PROFILE",
        std::path::Path::new("/elsewhere"),
    );
    manager.restart().await;
    manager.until("READY").await;
    assert!(!orphan.wait().expect("its end").success());
    assert!(stranger.try_wait().expect("its state").is_none());
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    manager.stop().await;
}
