//! Finds the processes of a test, independently of the services under test.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use service_runtime::process::{Process, ProcessTable, Signal, kill};

use crate::poll;

/// Returns all running processes that have `folder` in their command line or environment, except
/// this test.
#[must_use]
pub fn in_folder(folder: &Path) -> Vec<Process> {
    let folder_bytes = folder.as_os_str().as_bytes();
    let own_pid = std::process::id().cast_signed();
    let table = ProcessTable::scan().expect("/proc");
    table
        .alive()
        .filter(|process| process.pid != own_pid)
        .filter(|process| {
            let environment =
                std::fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
            process.cmdline_contains(folder)
                || environment
                    .windows(folder_bytes.len())
                    .any(|part| part == folder_bytes)
        })
        .cloned()
        .collect()
}

/// Waits until no process of `folder` is running. Fails with a list of the remaining ones after a
/// timeout.
pub async fn assert_none_left(folder: &Path) {
    let patience = Duration::from_secs(15);
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let remaining = in_folder(folder);
        if remaining.is_empty() {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "still alive after {patience:?}: {remaining:#?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns the ChromeDriver of `folder`, if it is running.
#[must_use]
pub fn chromedriver(folder: &Path) -> Option<Process> {
    in_folder(folder)
        .into_iter()
        .find(|p| p.comm == "chromedriver")
}

/// Returns the shim of `folder`, the program that ChromeDriver starts as Chrome.
#[must_use]
pub fn shim(folder: &Path) -> Option<Process> {
    in_folder(folder)
        .into_iter()
        .find(|p| p.comm == "chrome-shim")
}

/// Returns Chrome's main process of `folder`, which is the one without `--type=`.
#[must_use]
pub fn chrome(folder: &Path) -> Option<Process> {
    in_folder(folder)
        .into_iter()
        .filter(|p| !["chromedriver", "chrome-shim"].contains(&p.comm.as_str()))
        .find(|p| p.cmdline_contains("--user-data-dir") && !p.cmdline_contains("--type="))
}

/// Returns the renderers of `folder`.
#[must_use]
pub fn renderers(folder: &Path) -> Vec<Process> {
    in_folder(folder)
        .into_iter()
        .filter(|p| p.cmdline_contains("--type=renderer"))
        .collect()
}

/// Sends `kill -9` to the process.
pub fn kill_hard(process: &Process) {
    kill(process.id(), Signal::KILL).expect("a signal");
}

/// Waits until `process` has ended.
pub async fn wait_for_end(process: &Process) {
    poll::until(format!("the end of {}", process.comm), async || {
        (!process.id().is_alive()).then_some(())
    })
    .await;
}
