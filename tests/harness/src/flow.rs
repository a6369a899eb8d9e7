//! Runs browser tests: scripts of `tests/node` that use the page of a hub.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::{Hub, node_scripts, processes};

/// Runs `script` of `tests/node` with these variables, and with the hub's address in `HUB_URL`.
/// Fails the test if the script fails, takes longer than `patience`, or leaves a browser behind.
pub async fn run_browser_flow(
    hub: &Hub,
    script: &str,
    variables: &[(&str, &str)],
    patience: Duration,
) {
    let scripts = node_scripts();
    assert!(
        scripts.join("node_modules/playwright-core").is_dir(),
        "playwright-core is not installed in tests/node: `cargo xtask test` does that"
    );
    let temporary = hub.folder.join("browser-tmp");
    // The folder exists already if a flow has run on this hub before.
    std::fs::create_dir_all(&temporary).expect("a folder");
    let command = Command::new("node")
        .arg(script)
        .current_dir(&scripts)
        .env("HUB_URL", &hub.service.url)
        .envs(variables.iter().copied())
        .env("TMPDIR", &temporary)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(patience, command)
        .await
        .expect("the flow to end")
        .expect("node");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    processes::assert_none_left(&temporary).await;
}
