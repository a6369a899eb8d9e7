//! Asks WhatsApp about the numbers that somebody wants to know of, one at a
//! time.
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

/// The lease of the hub that asks.
const ASKING: &str = "lookups";
/// The pause between two numbers: WhatsApp takes an account that asks for
/// thousands in a minute for a program.
const GAP: Duration = Duration::from_secs(1);
/// The pause while there is nothing to ask, or nobody who answers.
const REST: Duration = Duration::from_secs(10);
const LEASE: Duration = Duration::from_secs(60);

/// Asks in the background.
pub(crate) struct Asker {
    pub(crate) store: Store,
    pub(crate) session: SessionClient,
    pub(crate) relay: Relay,
    /// Notified when somebody wants to know of a number.
    pub(crate) wanted: Arc<Notify>,
}

impl Asker {
    /// Runs until `draining` is cancelled.
    pub(crate) async fn run(self, draining: CancellationToken) {
        let who = format!("{:016x}", rand::random::<u64>());
        loop {
            let has_asked = match self.ask_next(&who).await {
                Ok(has_asked) => has_asked,
                Err(error) => {
                    tracing::warn!("lookups of numbers wait for the store: {error}");
                    false
                }
            };
            let pause = if has_asked { GAP } else { REST };
            tokio::select! {
                () = draining.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
                () = self.wanted.notified(), if !has_asked => {}
            }
        }
        if let Err(error) = self.store.drop_lease(ASKING, &who).await {
            tracing::debug!("the lease stays: {error}");
        }
    }

    /// Asks about one number; returns whether there was one that could be asked
    /// about.
    async fn ask_next(&self, who: &str) -> Result<bool, StoreError> {
        let is_ready = matches!(
            self.relay.health(),
            (Link::Up, Some(SessionState::Ready), _)
        );
        if !is_ready {
            return Ok(false);
        }
        let Some(address) = self.store.next_lookup().await? else {
            return Ok(false);
        };
        let until = Timestamp::now().after(LEASE);
        if !self.store.take_lease(ASKING, who, until).await? {
            return Ok(false);
        }
        match self.session.look_up(&address).await {
            Ok(said) => {
                self.store.note_lookup(&address, &said).await?;
                Ok(true)
            }
            Err(error) => {
                tracing::debug!("a number could not be looked up: {error}");
                self.store.postpone_lookup(&address).await?;
                Ok(false)
            }
        }
    }
}
