//! Finds the processes of a test, independently of the services under test.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use service_runtime::process::{Process, ProcessTable, Signal, kill};

use crate::poll;

/// Returns all running processes that have `folder` in their command line or environment, except
/// this test.
#[must_use]
pub fn of(folder: &Path) -> Vec<Process> {
    let needle = folder.as_os_str().as_bytes();
    let this = std::process::id().cast_signed();
    let table = ProcessTable::scan().expect("/proc");
    table
        .alive()
        .filter(|process| process.pid != this)
        .filter(|process| {
            let environment =
                std::fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
            process.cmdline_contains(folder)
                || environment.windows(needle.len()).any(|part| part == needle)
        })
        .cloned()
        .collect()
}

/// Waits until no process of `folder` is running. Otherwise fails with a list of those that are
/// left.
pub async fn none_left(folder: &Path) {
    let patience = Duration::from_secs(15);
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let left = of(folder);
        if left.is_empty() {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "still alive after {patience:?}: {left:#?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns the ChromeDriver of `folder`, if it is running.
#[must_use]
pub fn chromedriver(folder: &Path) -> Option<Process> {
    of(folder).into_iter().find(|p| p.comm == "chromedriver")
}

/// Returns the shim of `folder`, the program that ChromeDriver starts as Chrome.
#[must_use]
pub fn stand_in(folder: &Path) -> Option<Process> {
    of(folder).into_iter().find(|p| p.comm == "chrome-shim")
}

/// Returns Chrome's main process of `folder`, which is the one without `--type=`.
#[must_use]
pub fn chrome(folder: &Path) -> Option<Process> {
    of(folder)
        .into_iter()
        .filter(|p| !["chromedriver", "chrome-shim"].contains(&p.comm.as_str()))
        .find(|p| p.cmdline_contains("--user-data-dir") && !p.cmdline_contains("--type="))
}

/// Returns the renderers of `folder`.
#[must_use]
pub fn renderers(folder: &Path) -> Vec<Process> {
    of(folder)
        .into_iter()
        .filter(|p| p.cmdline_contains("--type=renderer"))
        .collect()
}

/// Sends `kill -9` to the process.
pub fn kill_hard(process: &Process) {
    kill(process.id(), Signal::KILL).expect("a signal");
}

/// Waits until `process` is gone.
pub async fn gone(process: &Process) {
    poll::until(format!("the end of {}", process.comm), async || {
        (!process.id().is_alive()).then_some(())
    })
    .await;
}
