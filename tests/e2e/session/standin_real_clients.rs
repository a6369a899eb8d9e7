//! Runs real clients of WhatsApp Web, unmodified from npm, on the stand-in. They measure how
//! faithful it is. A further one is the browser of a person who uses the page of its phone.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use harness::{ManagerOptions, start_linked};
use tokio::process::Command;
use whatsapp_standin::{Settings, Standin};

/// Longer than the timeout of any script.
const LIMIT: Duration = Duration::from_secs(180);

#[tokio::test]
async fn whatsapp_web_js_runs_on_the_standin() {
    run_peer("peer-wwebjs.mjs").await;
}

#[tokio::test]
async fn wa_js_runs_on_the_standin() {
    run_peer("peer-wa-js.mjs").await;
}

#[tokio::test]
async fn standin_settings_show_in_its_page() {
    run_peer("standin-edges.mjs").await;
}

/// Checks a user's cancellation of a passkey, and searches that overlap.
#[tokio::test]
async fn page_script_runs_on_the_standin() {
    run_peer("page-script.mjs").await;
}

#[tokio::test]
async fn phone_page_sends_and_shows_every_kind_of_message() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let variables = [("MANAGER_URL", manager.service.url.as_str())];
    run_script("phone-page-flow.mjs", &standin.web_url(), &variables).await;
    manager.stop().await;
}

fn node_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    for package in ["whatsapp-web.js", "@wppconnect/wa-js", "playwright-core"] {
        assert!(
            folder.join("node_modules").join(package).is_dir(),
            "{package} is not installed in tests/node: `cargo xtask test` does that \
             (or `PUPPETEER_SKIP_DOWNLOAD=1 npm ci` in tests/node)"
        );
    }
    folder
}

async fn run_peer(script: &str) {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let standin = Standin::start(any_port, Settings::default())
        .await
        .expect("a free port");
    run_script(script, &standin.web_url(), &[]).await;
    standin.stop().await;
}

/// Runs the script against the stand-in at this address.
async fn run_script(script: &str, web_url: &str, variables: &[(&str, &str)]) {
    let folder = node_folder();
    // The browser's temporary files go into the same folder, and are deleted with it.
    let work = tempfile::tempdir().expect("a temporary folder");
    let profile = work.path().join("profile");
    let temporary = work.path().join("tmp");
    std::fs::create_dir(&temporary).expect("a folder in a new folder");

    let child = Command::new("node")
        .arg(folder.join(script))
        .arg(web_url)
        .arg(&profile)
        .current_dir(&folder)
        .envs(variables.iter().copied())
        .env("TMPDIR", &temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node must be installed");
    let output = tokio::time::timeout(LIMIT, child.wait_with_output())
        .await
        .expect("an end in time")
        .expect("the output");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{script} failed:\n{stdout}{complained}"
    );

    let leftovers = processes_with(&profile);
    assert!(
        leftovers.is_empty(),
        "{script} left processes behind: {leftovers:?}"
    );
}

/// Returns the processes that have the profile on their command line.
fn processes_with(profile: &Path) -> Vec<String> {
    let needle = profile.to_string_lossy().into_owned();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&needle))
        .collect()
}
