//! Runs the pair under the real PM2, with the real ecosystem files, from a shell full of leaked
//! variables. Such variables caused the Node pair's incident.

mod daemon;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::doctor::{doctor, find_check};
use daemon::{Pm2, documented_variables, ecosystem};
use harness::standin::{Settings, Standin};
use harness::{http, poll, processes, start_standin};
use serde_json::{Value, json};
use service_runtime::process::{Process, Signal, kill};

const MANAGER: &str = "session-manager";
const HUB: &str = "leadmaster-central-hub";
const MANAGER_FILE: &str = "session-manager/ecosystem.config.cjs";
const HUB_FILE: &str = "central-hub/ecosystem.config.js";
const WATCHDOG: &str = "leadmaster-watchdog";
const WATCHDOG_FILE: &str = "watchdog/ecosystem.config.cjs";

/// Requests `GET url` and returns the JSON; `None` if there is no response.
async fn get(url: String) -> Option<Value> {
    let response = http().get(url).send().await.ok()?;
    response.json().await.ok()
}

async fn wait_for_state(pm2: &Pm2, state: &str) {
    poll::until(format!("state {state}"), async || {
        let answer = get(pm2.session("/status")).await?;
        (answer["status"] == state).then_some(())
    })
    .await;
}

/// Links a session from an empty profile, and waits until it is ready.
async fn link_session(pm2: &Pm2, standin: &Standin) {
    let answer = http().post(pm2.session("/connect")).send().await;
    assert!(answer.expect("an answer").status().is_success());
    wait_for_state(pm2, "QR_REQUIRED").await;
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    wait_for_state(pm2, "READY").await;
}

/// Returns the sockets that a process holds.
fn sockets(process: &Process) -> BTreeSet<PathBuf> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{}/fd", process.pid)) else {
        return BTreeSet::new();
    };
    entries
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .collect()
}

/// Returns the processes of the browser, without the service.
fn browser_processes(tokens: &Path, service: &Process) -> Vec<Process> {
    let mut processes_found = processes::in_folder(tokens);
    processes_found.retain(|process| process.pid != service.pid);
    processes_found
}

/// Starts a file. Returns how long PM2 kept waiting after `/health` responded.
async fn measure_ready_delay(pm2: &Pm2, file: &str, name: &str, health: String) -> Duration {
    let file = ecosystem(file);
    let arguments = ["start", &file];
    let online = format!("App [{name}:");
    let watch = async {
        poll::until(format!("{name} to answer"), async || {
            get(health.clone()).await
        })
        .await;
        let healthy_at = Instant::now();
        poll::until(format!("PM2 to call {name} online"), async || {
            let log = pm2.log();
            log.lines()
                .any(|line| line.contains(&online) && line.ends_with("] online"))
                .then_some(())
        })
        .await;
        healthy_at.elapsed()
    };
    let (_, delay) = tokio::join!(pm2.run(&arguments), watch);
    delay
}

/// Checks the environment of a process: it has all variables that it reads, and none that leaked.
async fn assert_environment(process: &Process, binary: &str, expected: &[(&str, String)]) {
    let variable = |name: &str| {
        process
            .environment_variable(name)
            .map(|value| value.to_string_lossy().into_owned())
    };
    for name in documented_variables(binary) {
        assert!(variable(&name).is_some(), "{binary} does not get {name}");
    }
    for (name, value) in expected {
        assert_eq!(variable(name).as_ref(), Some(value), "{binary}: {name}");
    }
    for name in ["SOMEBODYS_SECRET", "LEADMASTER_HOME"] {
        assert_eq!(variable(name), None, "{binary}: {name} leaked");
    }
}

#[tokio::test]
async fn pair_is_online_with_its_own_variables() {
    let standin = start_standin(Settings::default()).await;
    let pm2 = Pm2::start(&standin).await;
    for (file, name, health) in [
        (MANAGER_FILE, MANAGER, pm2.session("/health")),
        (HUB_FILE, HUB, pm2.hub("/health")),
    ] {
        let waited = measure_ready_delay(&pm2, file, name, health).await;
        // Without the ready message, PM2 would wait for `listen_timeout`, ten seconds.
        assert!(waited < Duration::from_secs(5), "{name}: {waited:?}");
    }
    let expect = |pairs: &[(&'static str, String)]| pairs.to_vec();
    assert_environment(
        &pm2.process(MANAGER).await,
        "session-manager",
        &expect(&[
            ("PORT", pm2.session_port.to_string()),
            ("HOST", "127.0.0.1,::1".into()),
            ("NODE_ENV", "production".into()),
            ("TOKENS_DIR", pm2.tokens().display().to_string()),
            ("RESTART_BUDGET", String::new()),
        ]),
    )
    .await;
    let hub = expect(&[
        ("PORT", pm2.hub_port.to_string()),
        ("HOST", "127.0.0.1,::1".into()),
        ("NODE_ENV", "production".into()),
        ("SESSION_MANAGER_BASE_URL", pm2.session("")),
        ("DRY_RUN", "true".into()),
        ("AUTO_CAMPAIGNS_ENABLED", "false".into()),
    ]);
    assert_environment(&pm2.process(HUB).await, "central-hub", &hub).await;
    let answer = get(pm2.hub("/status")).await.expect("an answer");
    assert_eq!(
        answer,
        json!({"status": "INIT"}),
        "the hub uses this session-manager"
    );

    // Try each way to restart, from the same leaky shell.
    let hub_file = ecosystem(HUB_FILE);
    for command in [
        ["restart", HUB],
        ["reload", HUB],
        ["restart", &hub_file],
        ["start", &hub_file],
    ] {
        let before = pm2.process(HUB).await;
        pm2.run(&command).await;
        let after = pm2.process(HUB).await;
        assert_ne!(
            before.id(),
            after.id(),
            "{command:?} started no new process"
        );
        assert_environment(&after, "central-hub", &hub[..5]).await;
        assert!(
            !before.id().is_alive(),
            "{command:?} left the old process running"
        );
        assert_eq!(
            get(pm2.hub("/health")).await.expect("an answer")["status"],
            "healthy"
        );
    }
}

#[tokio::test]
async fn pm2_settings_match_the_node_pair() {
    let standin = start_standin(Settings::default()).await;
    let pm2 = Pm2::start(&standin).await;
    pm2.run(&["start", &ecosystem(MANAGER_FILE)]).await;
    pm2.run(&["start", &ecosystem(HUB_FILE)]).await;
    let minute = 1000 * 60;
    for (name, expected) in [
        (
            MANAGER,
            json!({
                "max_restarts": 5, "min_uptime": minute / 2, "max_memory_restart": 1024 << 20,
                "exp_backoff_restart_delay": 500, "restart_delay": 10_000, "kill_timeout": 30_000,
            }),
        ),
        (
            HUB,
            json!({
                "max_restarts": 10, "min_uptime": minute / 6, "max_memory_restart": 1 << 30,
                "exp_backoff_restart_delay": 100, "restart_delay": 4000, "kill_timeout": 10_000,
                // The Node pair's value of 0 would keep a killed hub down: see
                // `killed_hub_is_restarted`.
                "stop_exit_codes": null,
            }),
        ),
    ] {
        let settings = pm2.describe(name).await["pm2_env"].clone();
        for (key, value) in expected.as_object().expect("an object") {
            assert_eq!(&settings[key], value, "{name}: {key}");
        }
        for (key, value) in json!({
            "exec_mode": "fork_mode", "instances": 1, "autorestart": true, "watch": false,
            "merge_logs": true, "log_date_format": "YYYY-MM-DD HH:mm:ss Z", "wait_ready": true,
            "treekill": false, "exec_interpreter": "none", "listen_timeout": 10_000,
        })
        .as_object()
        .expect("an object")
        {
            assert_eq!(&settings[key], value, "{name}: {key}");
        }
        // The file names are those of the Node pair.
        for (key, kind) in [("pm_out_log_path", "out"), ("pm_err_log_path", "error")] {
            let path = settings[key].as_str().expect("a path");
            assert!(
                path.ends_with(&format!("/logs/{name}-{kind}.log")),
                "{path}"
            );
        }
        let log = pm2.service_log(&format!("{name}-out.log"));
        assert!(log.contains("listening on"), "{log}");
    }
}

#[tokio::test]
async fn restart_reload_stop_and_delete_leave_no_process() {
    let standin = start_standin(Settings::default()).await;
    let pm2 = Pm2::start(&standin).await;
    let tokens = pm2.tokens();
    pm2.run(&["start", &ecosystem(MANAGER_FILE)]).await;
    link_session(&pm2, &standin).await;

    // Only the service has the socket to PM2.
    let service = pm2.process(MANAGER).await;
    let channel = std::fs::read_link(format!("/proc/{}/fd/3", service.pid)).expect("descriptor 3");
    assert!(sockets(&service).contains(&channel));
    let inherited: Vec<_> = browser_processes(&tokens, &service)
        .into_iter()
        .filter(|process| sockets(process).contains(&channel))
        .collect();
    assert!(inherited.is_empty(), "{inherited:#?}");

    for command in ["restart", "reload"] {
        let before = processes::in_folder(&tokens);
        assert!(before.len() > 3, "a service and a browser: {before:#?}");
        pm2.run(&[command, MANAGER]).await;
        for process in &before {
            assert!(!process.id().is_alive(), "pm2 {command} left {process:#?}");
        }
        // The device is still linked: the browser was closed, not killed.
        wait_for_state(&pm2, "READY").await;
    }
    pm2.run(&["stop", MANAGER]).await;
    processes::assert_none_left(&tokens).await;
    pm2.run(&["start", MANAGER]).await;
    wait_for_state(&pm2, "READY").await;
    pm2.run(&["delete", MANAGER]).await;
    processes::assert_none_left(&tokens).await;
    assert_eq!(pm2.describe(MANAGER).await, Value::Null);
    assert!(
        !pm2.log().contains("still alive"),
        "PM2 had to kill a process: {}",
        pm2.log()
    );
    // The service warns if the tests run as root.
    let complaints = pm2.service_log("session-manager-error.log");
    let other_lines = |line: &&str| !line.contains("running as root");
    assert_eq!(complaints.lines().find(other_lines), None);
}

#[tokio::test]
async fn killed_service_is_restarted_linked() {
    let standin = start_standin(Settings::default()).await;
    let pm2 = Pm2::start(&standin).await;
    pm2.run(&["start", &ecosystem(MANAGER_FILE)]).await;
    link_session(&pm2, &standin).await;
    let service = pm2.process(MANAGER).await;
    let before = browser_processes(&pm2.tokens(), &service);
    processes::kill_hard(&service);
    for process in before {
        processes::wait_for_end(&process).await;
    }
    wait_for_state(&pm2, "READY").await;
    let description = pm2.describe(MANAGER).await;
    assert_eq!(description["pm2_env"]["restart_time"], 1);
}

/// Checks that a killed hub is restarted, although PM2 takes a death by a signal for an exit with
/// code 0.
#[tokio::test]
async fn killed_hub_is_restarted() {
    let standin = start_standin(Settings::default()).await;
    let pm2 = Pm2::start(&standin).await;
    pm2.run(&["start", &ecosystem(HUB_FILE)]).await;
    let hub = pm2.process(HUB).await;
    processes::kill_hard(&hub);
    processes::wait_for_end(&hub).await;
    let restarted = pm2.process(HUB).await;
    assert_ne!(restarted.id(), hub.id());
    poll::until("the hub to answer", async || get(pm2.hub("/health")).await).await;
}

#[tokio::test]
async fn hung_services_are_restarted_by_the_watchdog() {
    let standin = start_standin(Settings::default()).await;
    let mut pm2 = Pm2::start(&standin).await;
    pm2.set_variable("LEADMASTER_WATCHDOG_EVERY_SECONDS", "0.5");
    pm2.set_variable("LEADMASTER_WATCHDOG_FAILURES", "1");
    for file in [MANAGER_FILE, HUB_FILE] {
        pm2.run(&["start", &ecosystem(file)]).await;
    }
    let watchdog_verdict = async |name: &str, service: &str| {
        let pid = pm2.process(service).await.pid.to_string();
        let report = doctor(name, &["--pid", &pid], &[]).await.1;
        find_check(&report, "watchdog")["verdict"].clone()
    };
    assert_eq!(
        watchdog_verdict("session-manager", MANAGER).await,
        "warning"
    );
    pm2.run(&["start", &ecosystem(WATCHDOG_FILE)]).await;
    assert_eq!(watchdog_verdict("session-manager", MANAGER).await, "ok");
    assert_eq!(watchdog_verdict("central-hub", HUB).await, "ok");
    link_session(&pm2, &standin).await;
    let watchdog = pm2.process(WATCHDOG).await;
    let before = [pm2.process(MANAGER).await, pm2.process(HUB).await];
    for service in &before {
        kill(service.id(), Signal::STOP).expect("a signal");
    }
    for (service, name) in before.iter().zip([MANAGER, HUB]) {
        processes::wait_for_end(service).await;
        let restarted = pm2.process(name).await;
        assert_ne!(restarted.id(), service.id());
        let described = pm2.describe(name).await;
        assert_eq!(described["pm2_env"]["restart_time"], 1, "{name}");
        let watchdog_log = pm2.service_log(&format!("{WATCHDOG}-error.log"));
        let reason = format!("{name} (pid {}) hangs, restarting it: ", service.pid);
        assert!(watchdog_log.contains(&reason), "{watchdog_log}");
    }
    // Each service has its own variables, and is linked as before.
    for (binary, name, port) in [
        ("session-manager", MANAGER, pm2.session_port),
        ("central-hub", HUB, pm2.hub_port),
    ] {
        let port = [("PORT", port.to_string())];
        assert_environment(&pm2.process(name).await, binary, &port).await;
    }
    wait_for_state(&pm2, "READY").await;
    poll::until("the hub to answer", async || get(pm2.hub("/health")).await).await;
    assert!(
        watchdog.id().is_alive(),
        "the watchdog must not have been restarted"
    );
    // The watchdog ends with PM2, and does not start another daemon.
    processes::kill_hard(&pm2.daemon().expect("a daemon"));
    processes::wait_for_end(&watchdog).await;
    processes::assert_none_left(&pm2.tokens()).await;
}

#[tokio::test]
async fn services_end_with_the_pm2_daemon() {
    let standin = start_standin(Settings::default()).await;
    let pm2 = Pm2::start(&standin).await;
    pm2.run(&["start", &ecosystem(MANAGER_FILE)]).await;
    pm2.run(&["start", &ecosystem(HUB_FILE)]).await;
    link_session(&pm2, &standin).await;
    let hub = pm2.process(HUB).await;
    processes::kill_hard(&pm2.daemon().expect("a daemon"));
    processes::wait_for_end(&hub).await;
    // Chrome was closed, not killed: the device is still linked.
    processes::assert_none_left(&pm2.tokens()).await;
    assert_eq!(standin.phone().state().devices.len(), 1);
    // The next daemon starts the services in the same state.
    pm2.run(&["start", &ecosystem(MANAGER_FILE)]).await;
    wait_for_state(&pm2, "READY").await;
}

#[tokio::test]
async fn incident_greps_match_their_errors() {
    let standin = start_standin(Settings::default()).await;
    let mut pm2 = Pm2::start(&standin).await;
    let address = pm2.session("");
    let wait_for_match = async |pm2: &Pm2, arguments: &str, files: &str| {
        poll::until(format!("grep {arguments} {files}"), async || {
            pm2.grep(arguments, files).then_some(())
        })
        .await;
    };
    // With an invalid URL, the hub reports it and does not start.
    pm2.set_variable("LEADMASTER_HUB_SESSION_MANAGER_BASE_URL", "nonsense");
    pm2.run(&["start", &ecosystem(HUB_FILE)]).await;
    wait_for_match(&pm2, "FATAL", "leadmaster-central-hub-*.log").await;
    let undefined_pattern = r"-i 'SESSION_MANAGER_BASE_URL\|undefined\|not defined'";
    wait_for_match(&pm2, undefined_pattern, "leadmaster-central-hub-error.log").await;
    pm2.run(&["delete", HUB]).await;
    // The URL is valid, but no server listens there.
    pm2.set_variable("LEADMASTER_HUB_SESSION_MANAGER_BASE_URL", &address);
    pm2.run(&["start", &ecosystem(HUB_FILE)]).await;
    for pattern in ["ECONNREFUSED", r"-i 'fetch failed\|Connection refused'"] {
        wait_for_match(&pm2, pattern, "leadmaster-central-hub-error.log").await;
        assert!(
            !pm2.grep(pattern, "leadmaster-central-hub-out.log"),
            "{pattern}"
        );
    }
    pm2.run(&["delete", HUB]).await;
    // A browser that does not exist.
    pm2.set_variable("LEADMASTER_SESSION_CHROME_BIN", "/nowhere/chrome");
    pm2.run(&["start", &ecosystem(MANAGER_FILE)]).await;
    let connect = http().post(pm2.session("/connect")).send().await;
    assert!(connect.expect("an answer").status().is_success());
    wait_for_state(&pm2, "ERROR").await;
    wait_for_match(&pm2, "-i chrome", "session-manager-error.log").await;
}

#[tokio::test]
async fn incident_greps_match_nothing_after_a_healthy_start() {
    let standin = start_standin(Settings::default()).await;
    let pm2 = Pm2::start(&standin).await;
    pm2.run(&["start", &ecosystem(MANAGER_FILE)]).await;
    pm2.run(&["start", &ecosystem(HUB_FILE)]).await;
    let connected_line = "session-manager answers";
    poll::until("the hub to connect to session-manager", async || {
        let log = pm2.service_log("leadmaster-central-hub-out.log");
        log.contains(connected_line).then_some(())
    })
    .await;
    for pattern in [
        r"-i 'ECONNREFUSED\|fetch failed\|Connection refused'",
        r"-i 'SESSION_MANAGER_BASE_URL\|undefined\|not defined'",
        "-i error",
        "FATAL",
    ] {
        assert!(!pm2.grep(pattern, "*.log"), "{pattern}");
    }
    let pattern = r"-i 'puppeteer\|chrome\|whatsapp\|qr'";
    assert!(!pm2.grep(pattern, "session-manager-*.log"), "{pattern}");
}
