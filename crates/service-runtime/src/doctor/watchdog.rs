//! Checks that a service that hangs is restarted. Under PM2 a separate app does that,
//! `deploy/watchdog`.

use std::fs;

use super::{Check, ServiceManager, Subject};
use crate::process::Process;

const NAME: &str = "watchdog";
/// The name of the watchdog's app in PM2.
const APP: &str = "leadmaster-watchdog";

/// Checks that the watchdog runs if PM2 runs the service. Returns `None` under any other manager.
#[must_use]
pub fn watchdog(subject: &Subject) -> Option<Check> {
    if subject.manager != ServiceManager::Pm2 || subject.process.is_none() {
        return None;
    }
    let pids = subject.env.optional_path("PM2_HOME")?.join("pids");
    let files = fs::read_dir(pids).into_iter().flatten().flatten();
    let is_running = files
        .filter(|file| file.file_name().to_string_lossy().starts_with(APP))
        .filter_map(|file| fs::read_to_string(file.path()).ok()?.trim().parse().ok())
        .any(|pid| Process::read(pid).is_some_and(|process| process.is_alive()));
    Some(if is_running {
        Check::ok(NAME, format!("{APP} runs"))
    } else {
        Check::warning(
            NAME,
            format!("{APP} does not run: a service that hangs is not restarted"),
            "pm2 start deploy/watchdog/ecosystem.config.cjs, then pm2 save",
        )
    })
}
