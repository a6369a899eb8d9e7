//! `session-manager link`: links a phone in a visible Chrome, on a computer with a
//! screen, where a passkey can be answered. The session goes to the server in a backup.
//!
//! ```text
//!  link: Chrome with a window ─> the person links ─> synced ─> closed ─> backup
//!  server: restore ─> start ─> READY without a code
//! ```

use std::time::Duration;

use service_runtime::{Env, Shutdown};
use session_api::{SessionState, Timestamp};
use tokio::sync::watch;

use crate::backup::Taken;
use crate::config::Config;
use crate::event_log::EventLog;
use crate::session::{CatchUp, Inbox, Limits, SessionDriver};

/// A person may take their time with codes.
const CODE_ROUNDS: u32 = 60;
/// How long Chrome may take to write down what it holds.
const CLOSING: Duration = Duration::from_secs(60);

/// Links, and takes a backup where there is a key for it; `say` is given what
/// the person at the screen should know. Gives what to do next.
pub async fn link(mut config: Config, env: &Env, say: impl Fn(&str)) -> Result<String, String> {
    if ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .all(|name| env.raw(name).is_none_or(std::ffi::OsStr::is_empty))
    {
        return Err(
            "there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set): run this on a desktop, then take the session here with backup and restore (docs/tutorials/passkey.md)"
                .to_owned(),
        );
    }
    let profile = config.browser.profile.clone();
    if profile.root().exists() {
        profile.hold().map_err(|error| error.to_string())?;
    }
    if profile.is_linked() {
        return Err(format!(
            "{} holds a linked session already: unlink it first (POST /logout), or name another folder in TOKENS_DIR",
            profile.root().display()
        ));
    }
    config.browser.visible = true;
    let limits = Limits {
        code_rounds: CODE_ROUNDS,
        ..config.limits
    };
    // What comes in meanwhile is the server's to tell: it searches the page's
    // store for it.
    let (inbox, _seen) = Inbox::new(CatchUp::default());
    let (_ledger, healthy) = watch::channel(None);
    let (driver, session) = SessionDriver::new(
        config.browser,
        limits,
        config.heartbeat,
        healthy,
        EventLog::new(Timestamp::now()),
        inbox,
    );
    let shutdown = Shutdown::new();
    let signals = shutdown.on_signals().map_err(|error| error.to_string())?;
    let stop = shutdown.draining().clone();
    let driver = tokio::spawn(driver.run(stop.clone()));
    session.connect().await.map_err(|error| error.to_string())?;
    let linked = tokio::select! {
        () = stop.cancelled() => Err("stopped: nothing was linked".to_owned()),
        linked = until_linked(session.changes(), &say) => linked,
    };
    if linked.is_ok() {
        say("linked and synced: closing Chrome, so that all of it is written down");
    }
    shutdown.stop("the linking ended");
    let closed = tokio::time::timeout(CLOSING, driver).await;
    signals.abort();
    linked?;
    if closed.is_err() {
        return Err(
            "Chrome did not close in a minute: look at its window, then run this again".to_owned(),
        );
    }
    if config.backups.key.is_none() {
        return Ok(format!(
            "the session is in {}; for a server set BACKUP_KEY (session-manager backup --new-key), then: session-manager backup",
            profile.root().display()
        ));
    }
    let Taken { file, .. } = config
        .backups
        .take(&profile, Timestamp::now())
        .map_err(|error| error.to_string())?;
    Ok(format!(
        "{}: copy it to the server, and there, with the same BACKUP_KEY: session-manager restore FILE. Do not start the session here as well: WhatsApp takes one at a time",
        file.display()
    ))
}

/// Says how it goes, until all is there.
async fn until_linked(
    mut changes: watch::Receiver<std::sync::Arc<crate::session::Snapshot>>,
    say: &impl Fn(&str),
) -> Result<(), String> {
    let mut said = String::new();
    loop {
        let (state, cause, message) = {
            let snapshot = changes.borrow_and_update();
            let body = &snapshot.session;
            (body.state, body.cause.clone(), body.cause_message.clone())
        };
        match state {
            SessionState::Ready => return Ok(()),
            SessionState::Error | SessionState::Disconnected => return Err(message),
            _ => {}
        }
        let line = match cause.as_str() {
            "CODE_SHOWN" => "scan the code in Chrome's window with the phone",
            "PASSKEY_REQUIRED" => {
                "WhatsApp asks for the account's passkey: go on in Chrome's window, with a fingerprint, a security key, or the phone nearby"
            }
            "CODE_SCANNED" => "linked: WhatsApp loads the chats; leave the window open",
            _ => &message,
        };
        if line != said {
            said = line.to_owned();
            say(line);
        }
        if changes.changed().await.is_err() {
            return Err("the session's driver ended".to_owned());
        }
    }
}
