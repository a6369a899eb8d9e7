//! Implements `session-manager link`, which links a phone in a visible Chrome, on a computer with a
//! screen, where a passkey can be answered. A backup then moves the session to the server.
//!
//! ```text
//!  link: Chrome with a window ─> the person links ─> synced ─> complete ─> closed ─> backup
//!  server: restore ─> start ─> READY without a code
//! ```

use std::sync::Arc;
use std::time::Duration;

use service_runtime::{Env, Shutdown};
use session_api::{SessionState, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::backup::Taken;
use crate::browser::PageLimits;
use crate::config::Config;
use crate::event_log::EventLog;
use crate::session::{CatchUp, Inbox, Limits, SessionDriver, Snapshot};

/// How many rounds of codes are shown. More than in the service, since a person may take their
/// time.
const CODE_ROUNDS: u32 = 60;
/// How long after its sync a page may take to show the "What's new" dialog. A page that takes
/// longer has none.
const DIALOG_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the phone may send nothing before the page gives up the history sync, unless the sync
/// is paused.
const HISTORY_SILENCE_LIMIT: Duration = Duration::from_secs(120);
/// The longest pause that the page allows the phone, plus a margin.
const HISTORY_PAUSE_LIMIT: Duration = Duration::from_secs(1_500);
/// How long Chrome may take to flush its data.
const CLOSE_DEADLINE: Duration = Duration::from_secs(60);

/// Links a phone, and takes a backup if there is a key for it. `report_progress` receives messages
/// for the user. Returns a description of the next steps.
pub async fn link(
    mut config: Config,
    env: &Env,
    report_progress: impl Fn(&str),
) -> Result<String, String> {
    if ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .all(|name| env.raw(name).is_none_or(std::ffi::OsStr::is_empty))
    {
        return Err(
            "there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set): run this command on a desktop, then move the session here with backup and restore (docs/tutorials/passkey.md)"
                .to_owned(),
        );
    }
    let profile = config.browser.profile.clone();
    if profile.root().exists() {
        profile.lock().map_err(|error| error.to_string())?;
    }
    if profile.is_linked() {
        return Err(format!(
            "{} already holds a linked session: unlink it first (POST /logout), or set TOKENS_DIR to another folder",
            profile.root().display()
        ));
    }
    config.browser.visible = true;
    let limits = Limits {
        code_rounds: CODE_ROUNDS,
        ..config.limits
    };
    // Messages that arrive meanwhile are left to the server, which searches the page's store for
    // them.
    let (inbox, _updates) = Inbox::new(CatchUp::default());
    let limits_changes = inbox.subscribe_limits();
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
        () = stop.cancelled() => Err("stopped: no device was linked".to_owned()),
        linked = async {
            wait_until_linked(session.changes(), &report_progress).await?;
            wait_until_complete(session.changes(), limits_changes, &report_progress).await
        } => linked,
    };
    if linked.is_ok() {
        report_progress("linked and synced: closing Chrome, so that it stores everything");
    }
    shutdown.stop("linking has finished");
    let closed = tokio::time::timeout(CLOSE_DEADLINE, driver).await;
    signals.abort();
    linked?;
    if closed.is_err() {
        return Err(
            "Chrome did not close within a minute: look at its window, then run this command again"
                .to_owned(),
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
        "{}: copy it to the server, and there, with the same BACKUP_KEY: session-manager restore FILE. Do not start the session here as well: WhatsApp allows only one at a time",
        file.display()
    ))
}

/// Reports progress until the device is linked and synced.
async fn wait_until_linked(
    mut changes: watch::Receiver<Arc<Snapshot>>,
    report_progress: &impl Fn(&str),
) -> Result<(), String> {
    let mut last_line = String::new();
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
                "WhatsApp asks for the account's passkey: continue in Chrome's window, with a fingerprint, a security key, or a nearby phone"
            }
            "CODE_SCANNED" => "linked: WhatsApp is loading the chats; leave the window open",
            _ => &message,
        };
        if line != last_line {
            last_line = line.to_owned();
            report_progress(line);
        }
        if changes.changed().await.is_err() {
            return Err("the session's driver ended".to_owned());
        }
    }
}

/// Waits for what follows the sync: the dialog and the history. WhatsApp requires the dialog to be
/// dismissed within minutes, or the phone unlinks the device; the server may take longer than that.
/// The history contains what the account needs to write to people who never wrote.
async fn wait_until_complete(
    mut changes: watch::Receiver<Arc<Snapshot>>,
    mut limits_changes: watch::Receiver<Option<PageLimits>>,
    report_progress: &impl Fn(&str),
) -> Result<(), String> {
    report_progress(
        "linked: WhatsApp is loading the history; leave the window open, and WhatsApp open on the phone",
    );
    let start = Instant::now();
    let mut last_progress = (None, start);
    let (mut acknowledged, mut reported_late) = (false, false);
    loop {
        let state = {
            let snapshot = changes.borrow_and_update();
            acknowledged |= snapshot.whats_new_seen;
            snapshot.session.state
        };
        if matches!(state, SessionState::Error | SessionState::Disconnected) {
            let snapshot = changes.borrow();
            return Err(snapshot.session.cause_message.clone());
        }
        let history = limits_changes
            .borrow_and_update()
            .as_ref()
            .and_then(|limits| limits.history);
        if last_progress.0 != history {
            last_progress = (history, Instant::now());
        }
        // A sync that makes progress may pause as well.
        let limit = match history.flatten() {
            Some(percent) if percent > 0 => HISTORY_PAUSE_LIMIT,
            _ => HISTORY_SILENCE_LIMIT,
        };
        let is_complete = history.flatten().is_some_and(|percent| percent >= 100);
        let history_deadline = (!is_complete).then(|| last_progress.1 + limit);
        let dialog_deadline = (!acknowledged).then(|| start + DIALOG_TIMEOUT);
        let now = Instant::now();
        let is_late = history_deadline.is_some_and(|deadline| deadline <= now);
        if is_late && !std::mem::replace(&mut reported_late, true) {
            report_progress("the history is incomplete: WhatsApp will send the rest to the server");
        }
        let deadlines = [history_deadline, dialog_deadline];
        let Some(next) = deadlines
            .into_iter()
            .flatten()
            .filter(|deadline| *deadline > now)
            .max()
        else {
            return Ok(());
        };
        tokio::select! {
            changed = changes.changed() => {
                changed.map_err(|_| "the session's driver ended".to_owned())?;
            }
            changed = limits_changes.changed() => {
                changed.map_err(|_| "the session's driver ended".to_owned())?;
            }
            () = tokio::time::sleep_until(next) => {}
        }
    }
}
