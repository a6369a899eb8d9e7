//! The application state (`AppState`): the configuration and the services that
//! every HTTP handler receives through axum's `State` extractor.

use std::sync::Arc;
use std::time::Instant;

use service_runtime::liveness::Liveness;
use service_runtime::metrics::Metrics;
use session_client::SessionClient;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::alerts::Alerts;
use crate::auth::Auth;
use crate::caller_limits::CallerLimits;
use crate::config::Config;
use crate::inbound::Follower;
use crate::outbox::Outbox;
use crate::relay::Relay;
use crate::scheduler::SchedulerWaker;
use crate::store::Store;
use crate::webhooks::WebhookClient;

/// The state shared by the handlers.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) config: Arc<Config>,
    pub(crate) session: SessionClient,
    pub(crate) store: Store,
    pub(crate) outbox: Outbox,
    pub(crate) auth: Auth,
    /// Wakes the scheduler.
    pub(crate) waker: SchedulerWaker,
    pub(crate) relay: Relay,
    pub(crate) follower: Follower,
    /// Sends requests to the receivers of webhooks.
    pub(crate) webhook_client: WebhookClient,
    /// Concurrency limits per caller.
    pub(crate) limits: CallerLimits,
    /// Raises alerts and sends their notices.
    pub(crate) alerts: Alerts,
    /// Notified when a lookup was queued.
    pub(crate) lookups_wanted: Arc<Notify>,
    /// Result of the liveness checks.
    pub(crate) liveness: Liveness,
    /// The service's metrics.
    pub(crate) metrics: Metrics,
    pub(crate) started: Instant,
    /// Cancelled when the service drains, which ends the event streams.
    pub(crate) draining: CancellationToken,
}
