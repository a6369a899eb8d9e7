//! Looks up queued numbers at WhatsApp, one at a time.
//!
//! ```text
//!  POST /contacts/check ──┐
//!  "check the list" ──────┴─> lookups ─> one at a time, READY ─> session-manager
//!                                ^                                    │
//!                                └────── known for days <─────────────┘
//! ```

use std::sync::Arc;
use std::time::Duration;

use session_api::{SessionState, Timestamp};
use session_client::SessionClient;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::relay::{Link, Relay};
use crate::store::{Store, StoreError};
use crate::whatsapp_limit::WhatsappLimit;

/// The lease of the hub that runs the lookups.
const LEASE: &str = "lookups";
/// The pause between two lookups. WhatsApp takes an account with thousands of
/// lookups per minute for a program.
const LOOKUP_PAUSE: Duration = Duration::from_secs(1);
/// The pause while the queue is empty or the session is not ready.
const IDLE_PAUSE: Duration = Duration::from_secs(10);
const LEASE_DURATION: Duration = Duration::from_secs(60);

/// Runs the lookups in the background.
pub(crate) struct LookupWorker {
    pub(crate) store: Store,
    pub(crate) session: SessionClient,
    pub(crate) relay: Relay,
    /// Notified when a lookup was queued.
    pub(crate) wanted: Arc<Notify>,
}

impl LookupWorker {
    /// Runs until `draining` is cancelled.
    pub(crate) async fn run(self, draining: CancellationToken) {
        let claimer = format!("{:016x}", rand::random::<u64>());
        loop {
            let has_looked_up = match self.look_up_next(&claimer).await {
                Ok(has_looked_up) => has_looked_up,
                Err(error) => {
                    tracing::warn!("lookups of numbers are waiting for the store: {error}");
                    false
                }
            };
            // The pause applies however many lookups are requested, and also after a failure.
            tokio::select! {
                () = draining.cancelled() => break,
                () = tokio::time::sleep(LOOKUP_PAUSE) => {}
            }
            if has_looked_up {
                continue;
            }
            tokio::select! {
                () = draining.cancelled() => break,
                () = tokio::time::sleep(IDLE_PAUSE) => {}
                () = self.wanted.notified() => {}
            }
        }
        if let Err(error) = self.store.drop_lease(LEASE, &claimer).await {
            tracing::debug!("the lease was not released: {error}");
        }
    }

    /// Looks up one number. Returns whether there was one and it could be looked up.
    async fn look_up_next(&self, who: &str) -> Result<bool, StoreError> {
        let is_ready = matches!(
            self.relay.health(),
            (Link::Up, Some(SessionState::Ready), _)
        );
        // An account that WhatsApp restricts, or whose operator stopped
        // sending, looks up no numbers.
        let limits = self.relay.limits();
        let is_held = limits
            .as_ref()
            .and_then(WhatsappLimit::from_limits)
            .is_some();
        if !is_ready || is_held || self.store.was_sending_stopped() {
            return Ok(false);
        }
        let Some(address) = self.store.next_lookup().await? else {
            return Ok(false);
        };
        let until = Timestamp::now().after(LEASE_DURATION);
        if !self.store.take_lease(LEASE, who, until).await? {
            return Ok(false);
        }
        match self.session.look_up(&address).await {
            Ok(found) => {
                if let Err(error) = self.store.note_lookup(&address, &found).await {
                    self.store.postpone_lookup(&address).await?;
                    return Err(error);
                }
                Ok(true)
            }
            Err(error) => {
                tracing::debug!("looking up a number failed: {error}");
                self.store.postpone_lookup(&address).await?;
                Ok(false)
            }
        }
    }
}
