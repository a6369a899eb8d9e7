//! session-manager: one WhatsApp Web session in headless Chrome, over HTTP.
//!
//! ```text
//!  main ──> Config ──> run(listener, config, shutdown)
//!                        ├─ router (axum) ──> SessionHandle, Outbox ──> ledger
//!                        └─ SessionDriver ──> chromedriver ─> Chrome ─> page
//! ```

pub mod browser;
pub mod config;
mod error;
mod http;
pub mod ledger;
pub mod router;
pub mod session;

use std::sync::Arc;

use service_runtime::Shutdown;
use service_runtime::serve::{ServeLimits, serve};
use tokio::net::TcpListener;

use crate::config::Config;
use crate::ledger::{LedgerFile, Outbox};
use crate::router::{AppState, router};
use crate::session::SessionDriver;

/// Serves until `shutdown` drains; ends once the browser is closed and nothing
/// of it is left. `ready` is called once requests are answered.
pub async fn run(listener: TcpListener, config: Config, shutdown: Shutdown, ready: impl FnOnce()) {
    let ledger = LedgerFile::new(config.data);
    let (driver, session, acks) = SessionDriver::new(
        config.browser,
        config.limits,
        config.watchfulness,
        ledger.health(),
    );
    // Before anything is asked: what an earlier process left is put in order. A
    // failure is in the log, and is told to whoever wants to send.
    let _ = ledger.store().await;
    let outbox = Outbox::new(session.clone(), ledger.clone(), config.sends);
    let settling = tokio::spawn(outbox.clone().run(acks, shutdown.draining().clone()));
    let draining = shutdown.draining().clone();
    let driver = tokio::spawn(driver.run(draining.clone()));
    let state = AppState {
        session,
        token: config.token.map(Arc::new),
        outbox,
        draining,
    };
    ready();
    serve(listener, router(state), ServeLimits::default(), &shutdown).await;
    // Whatever ended the serving, the browser has to be closed.
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
    settling.abort();
    ledger.close().await;
}
