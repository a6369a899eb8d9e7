//! Tests session-manager alone: its WhatsApp session, its HTTP interface, its environment.

mod backups;
mod crash_recovery;
mod environment;
mod file_quota;
mod http_access;
mod http_contract;
mod http_requests;
mod lifecycle;
mod linking;
mod live_page;
mod malformed_requests;
mod missing_dependencies;
mod passkey;
mod passkey_authenticator;
mod secrets;
mod standin_real_clients;
mod watchdog;

/// Writes a program that starts Chromium with a DevTools port besides its pipe, which `CHROME_ARGS`
/// cannot do. The owner's authenticator needs that port. Returns the path of the program.
fn chromium_with_devtools(folder: &std::path::Path) -> String {
    use std::os::unix::fs::PermissionsExt as _;

    let chromium = std::env::var("CHROME_BIN").unwrap_or_else(|_| "chromium".to_owned());
    let file = folder.join("chromium-with-devtools");
    let script = format!("#!/bin/sh\nexec '{chromium}' --remote-debugging-port=0 \"$@\"\n");
    std::fs::write(&file, script).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    file.display().to_string()
}
