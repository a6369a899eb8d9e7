//! Runs one WhatsApp Web session in headless Chrome, and offers it over HTTP.
//!
//! ```text
//!  main ──> Config ──> run(listener, config, shutdown)
//!                        ├─ router (axum) ──> SessionHandle, Outbox ──> ledger
//!                        ├─ SessionDriver ──> chromedriver ─> Chrome ─> page
//!                        ├─ inbound: the page's messages ──> ledger ──> /events
//!                        └─ limits: the account's limits ──> /session
//! ```

pub mod account_limits;
pub mod backup;
pub mod browser;
mod clock_skew;
pub mod commands;
pub mod config;
mod error;
pub mod event_log;
pub mod failure;
pub mod files;
mod http;
pub mod inbound;
pub mod ledger;
pub mod media;
pub mod outbox;
pub mod router;
pub mod session;
pub mod state;

use std::sync::Arc;
use std::time::Duration;

use service_runtime::Shutdown;
use service_runtime::http::Guesses;
use service_runtime::limits::Shares;
use service_runtime::listen::Listeners;
use service_runtime::liveness::{self, Liveness, Watching, with_timeout};
use service_runtime::serve::{ServeLimits, serve};
use session_api::Timestamp;

use crate::account_limits::LimitsWatch;
use crate::backup::Schedule;
use crate::config::Config;
use crate::event_log::EventLog;
use crate::files::Files;
use crate::inbound::{Recorder, Scanner};
use crate::ledger::LedgerFile;
use crate::media::MediaStore;
use crate::outbox::Outbox;
use crate::router::router;
use crate::session::{CatchUp, Inbox, SessionDriver, SessionHandle};
use crate::state::AppState;

/// How long the last page updates may take to be written. Updates that take longer are found at the
/// next start.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Maximum number of event streams. The other three quarters of the connections are for requests.
const STREAMS: usize = 256;

/// Checks that the workers respond: the session's driver to a ping, the ledger to a query. A ledger
/// that returns an error does respond; its error is reported elsewhere, and the operation is
/// retried.
async fn alive(session: SessionHandle, ledger: LedgerFile) -> Result<(), String> {
    let driver = with_timeout("the session's driver", session.ping()).await?;
    driver.map_err(|_| "the session's driver is gone".to_owned())?;
    with_timeout("the ledger", async {
        if let Ok(store) = ledger.store().await {
            let _ = store.ping().await;
        }
    })
    .await
}

/// Serves until `shutdown` drains. Returns once the browser is closed and its processes have ended.
/// `ready` is called once requests are accepted.
pub async fn run(
    listeners: impl Into<Listeners>,
    config: Config,
    shutdown: Shutdown,
    ready: impl FnOnce(),
) {
    let log = EventLog::new(Timestamp::now());
    let ledger = LedgerFile::new(config.data.clone(), log.clone());
    let data = config.data.clone();
    let files = Files::new(&config.data, ledger.clone(), config.files);
    // Settle what an earlier process left before anything else. A failure is logged, and reported
    // to each send.
    let _ = ledger.store().await;
    let catch_up = CatchUp::default();
    let (inbox, seen) = Inbox::new(catch_up.clone());
    let page_limits = inbox.subscribe_limits();
    let heartbeat = config.heartbeat.heartbeat_every;
    let profile = config.browser.profile.clone();
    let page = config.browser.page_url.clone();
    let (driver, session) = SessionDriver::new(
        config.browser,
        config.limits,
        config.heartbeat,
        ledger.health(),
        log,
        inbox,
    );
    let outbox = Outbox::new(session.clone(), ledger.clone(), files.clone(), config.sends);
    let media = MediaStore::new(
        &data,
        ledger.clone(),
        session.clone(),
        files.clone(),
        config.media,
    );
    let fetching = tokio::spawn(media.clone().run(shutdown.draining().clone()));
    let recorder = Recorder::new(ledger.clone(), outbox.clone(), catch_up.clone());
    let recorder = tokio::spawn(recorder.run(seen));
    let scanner = Scanner::new(
        session.clone(),
        ledger.clone(),
        catch_up,
        heartbeat,
        profile.linked_at(),
    );
    let scanner = tokio::spawn(scanner.run(shutdown.draining().clone()));
    let (watch, limits) = LimitsWatch::new(session.clone(), ledger.clone(), page_limits);
    let limits_watch = tokio::spawn(watch.run(shutdown.draining().clone()));
    let settling = tokio::spawn(outbox.clone().run(shutdown.draining().clone()));
    let pruning = tokio::spawn(files.clone().run(shutdown.draining().clone()));
    let draining = shutdown.draining().clone();
    let driver = tokio::spawn(driver.run(draining.clone()));
    let backups = config.backup_every.filter(|_| config.backups.key.is_some());
    let backups = backups.map(|every| {
        let schedule = Schedule::new(config.backups.clone(), every, session.clone());
        tokio::spawn(schedule.run(draining.clone()))
    });
    let clock = tokio::spawn(clock_skew::watch(page, draining.clone()));
    let metrics = service_runtime::metrics::install(http::metrics::HELP);
    let upkeep = tokio::spawn(metrics.clone().upkeep());
    let (asked, book) = (session.clone(), ledger.clone());
    let vitals = move || alive(asked.clone(), book.clone());
    let watching = Watching {
        every: liveness::EVERY,
        ends_after: config.ends_after,
    };
    let (liveness, watchdog) = Liveness::watch(vitals, watching, draining.clone());
    let state = AppState {
        liveness,
        metrics,
        backups: config.backups,
        profile,
        session,
        ledger: ledger.clone(),
        guesses: Arc::new(Guesses::at("SESSION_MANAGER_TOKEN")),
        streams: Shares::new(STREAMS, STREAMS),
        token: config.token.map(Arc::new),
        previous_token: config.previous_token.map(Arc::new),
        limits,
        outbox,
        files,
        media,
        draining,
    };
    ready();
    serve(listeners, router(state), ServeLimits::default(), &shutdown).await;
    // The browser has to be closed, for whatever reason serving ended.
    shutdown.stop("the server ended");
    tokio::select! {
        ended = driver => {
            if let Err(error) = ended {
                tracing::error!(%error, "the session's driver failed");
            }
        }
        () = shutdown.aborting().cancelled() => {
            tracing::warn!("aborted: chrome is killed, not closed");
        }
    }
    // The inbox closes with the driver. Updates that were received are written, and the rest is
    // found at the next start.
    let _ = tokio::time::timeout(LAST_WORDS, recorder).await;
    settling.abort();
    watchdog.abort();
    scanner.abort();
    limits_watch.abort();
    pruning.abort();
    fetching.abort();
    upkeep.abort();
    clock.abort();
    if let Some(backups) = backups {
        backups.abort();
    }
    ledger.close().await;
}
