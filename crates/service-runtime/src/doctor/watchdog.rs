//! Whether somebody restarts a service that hangs: under PM2 that is an app of its
//! own, `deploy/watchdog`.

use std::fs;

use super::{Check, ServiceManager, Subject};
use crate::process::Process;

const NAME: &str = "watchdog";
/// Its name in PM2.
const APP: &str = "leadmaster-watchdog";

/// Checks that it runs beside a service that PM2 runs; `None` for any other.
#[must_use]
pub fn watchdog(subject: &Subject) -> Option<Check> {
    if subject.manager != ServiceManager::Pm2 || subject.process.is_none() {
        return None;
    }
    let pids = subject.env.optional_path("PM2_HOME")?.join("pids");
    let files = fs::read_dir(pids).into_iter().flatten().flatten();
    let runs = files
        .filter(|file| file.file_name().to_string_lossy().starts_with(APP))
        .filter_map(|file| fs::read_to_string(file.path()).ok()?.trim().parse().ok())
        .any(|pid| Process::read(pid).is_some_and(|process| process.is_alive()));
    Some(if runs {
        Check::ok(NAME, format!("{APP} runs"))
    } else {
        Check::warning(
            NAME,
            format!("{APP} does not run: nobody restarts a service that hangs"),
            "pm2 start deploy/watchdog/ecosystem.config.cjs, then pm2 save",
        )
    })
}
