//! The outbox takes every outgoing message from its row to its outcome.
//!
//! ```text
//!  POST /send ───────────────┐  row, claimed at once   ┌─ accepted ─> sent
//!                            v                         │
//!  single, bulk, campaign ─> row ─> run() ─> attempt ──┼─ refused ──> failed
//!                             ^      ^                 │
//!                             │      └ READY event,    ├─ not now ──> queued again
//!                             │        a row, a slot   │              (POST /send: failed)
//!                             └── later, same key ─────┴─ unknown ──> unconfirmed
//! ```
//!
//! A row with an idempotency key is stored before session-manager receives a
//! request, and every attempt carries that key. A message that is requested
//! again, by this hub after a crash or by another hub that took the row over,
//! is therefore still one message. The worker of a row holds a lease, which is
//! renewed as long as the work lasts.
//!
//! A caller of `POST /send` that receives "not sent" can rely on it: the row
//! ends as `failed`, and continues only when the caller repeats the request
//! with the same key. If the outcome is unknown, the response says so, and the
//! outbox settles it, which may send the message. Messages from other sources
//! wait and are retried automatically.
//!
//! A dry-run message (`DRY_RUN`) ends as `simulated` where an attempt would
//! begin. This is permanent, since the row stores that it was a dry run. Rows
//! that are to be sent wait while the hub runs with `DRY_RUN`.

mod attempt;
mod retry_backoff;
mod run;
mod send_now;
mod verdict;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use session_api::{SessionState, Timestamp};
use session_client::SessionClient;
use tokio::sync::{Notify, broadcast};
use tokio_util::task::TaskTracker;

use crate::relay::{Link, Relay};
use crate::store::{Message, Store};
use crate::whatsapp_limit::WhatsappLimit;

pub(crate) use attempt::traced;
pub(crate) use send_now::{SendNowRequest, dry_run_id, new_key};

/// Number of buffered changes. A slow listener that misses some of them reads the store.
const BUFFERED_CHANGES: usize = 1024;

/// The limits of the outbox.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLimits {
    /// Maximum number of queued messages in flight; synchronous sends are not counted.
    pub in_flight: usize,
    /// How long a row stays claimed after its hub has died.
    pub lease: Duration,
    /// How long a synchronous send waits for earlier messages to the same number.
    pub turn: Duration,
    /// How long a repeated request waits for a send that is in progress.
    pub outcome: Duration,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self {
            // Half of the number that session-manager sends concurrently.
            in_flight: 16,
            lease: Duration::from_secs(15),
            turn: Duration::from_secs(20),
            // Less than the usual timeout of the hub's callers.
            outcome: Duration::from_secs(55),
        }
    }
}

/// The outbox; clones share it.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Inner>);

struct Inner {
    store: Store,
    session: SessionClient,
    relay: Relay,
    dry_run: bool,
    limits: OutboxLimits,
    /// The id of this process in the rows that it claims.
    who: String,
    /// Notified when there may be work.
    wake: Notify,
    /// The ids of rows that changed.
    news: broadcast::Sender<i64>,
    /// The rows that this process is working on.
    active: Mutex<HashSet<i64>>,
    tasks: TaskTracker,
}

/// A row that this process is working on.
struct ActiveRow {
    inner: Arc<Inner>,
    id: i64,
}

impl Drop for ActiveRow {
    fn drop(&mut self) {
        self.inner.active().remove(&self.id);
        self.inner.wake.notify_one();
    }
}

impl Inner {
    fn active(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the end of a lease that starts now.
    fn lease(&self) -> Timestamp {
        Timestamp::now().after(self.limits.lease)
    }

    fn announce(&self, message: &Message) {
        // Having no listener is not an error.
        let _ = self.news.send(message.id);
    }

    /// Returns whether WhatsApp currently lets the account write to no new
    /// contacts, according to the latest event.
    fn is_limited_by_whatsapp(&self) -> bool {
        let limits = self.relay.limits();
        limits
            .as_ref()
            .and_then(WhatsappLimit::from_limits)
            .is_some()
    }

    /// Returns whether session-manager can send, according to the latest event.
    fn is_ready(&self) -> bool {
        matches!(
            self.relay.health(),
            (Link::Up, Some(SessionState::Ready), _)
        )
    }
}

impl Outbox {
    pub(crate) fn new(
        store: Store,
        session: SessionClient,
        relay: Relay,
        dry_run: bool,
        limits: OutboxLimits,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            session,
            relay,
            dry_run,
            limits,
            who: format!("{:016x}", rand::random::<u64>()),
            wake: Notify::new(),
            news: broadcast::channel(BUFFERED_CHANGES).0,
            active: Mutex::default(),
            tasks: TaskTracker::new(),
        }))
    }

    /// Wakes the outbox, because the store has new rows.
    pub(crate) fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Waits for the sends that are in progress.
    pub(crate) async fn drained(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    fn begin(&self, id: i64) -> ActiveRow {
        self.0.active().insert(id);
        ActiveRow {
            inner: self.0.clone(),
            id,
        }
    }
}
