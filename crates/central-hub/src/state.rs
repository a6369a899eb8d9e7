//! The application state (`AppState`): the configuration and the services that
//! every HTTP handler receives through axum's `State` extractor.

use std::sync::Arc;
use std::time::Instant;

use service_runtime::liveness::Liveness;
use service_runtime::metrics::Metrics;
use session_client::SessionClient;
use tokio_util::sync::CancellationToken;

use crate::alerts::Alerts;
use crate::auth::Auth;
use crate::config::Config;
use crate::inbound::Follower;
use crate::limits::CallerLimits;
use crate::outbox::Outbox;
use crate::relay::Relay;
use crate::scheduler::SchedulerWaker;
use crate::store::Store;
use crate::webhooks::WebhookClient;

/// What the handlers share.
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
    /// Calls the receivers of webhooks.
    pub(crate) webhook_client: WebhookClient,
    /// What each of those who ask may have at once.
    pub(crate) limits: CallerLimits,
    /// Tells people what they have to know.
    pub(crate) alerts: Alerts,
    /// Whether what does the work answers.
    pub(crate) liveness: Liveness,
    /// What was counted.
    pub(crate) metrics: Metrics,
    pub(crate) started: Instant,
    /// Cancelled when the service drains: event streams end then.
    pub(crate) draining: CancellationToken,
}
