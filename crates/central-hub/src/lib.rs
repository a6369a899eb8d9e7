//! central-hub: HTTP API, campaigns, message history and web page in front of
//! session-manager.
//!
//! ```text
//!  page, curl, cron ─> router ─> http/<noun> ─> SessionClient ─> session-manager
//!       ^                 │           └─> Outbox ──────^               │
//!       │                 │                └─> Store                   │
//!       │                 └─> web: the React page, embedded            │
//!       └──── GET /api/events <── Relay <── one stream of events ──────┤
//!  receivers <── Dispatcher <── Store <── Follower <── another ────────┘
//!  the operator's mail, chat <── Alerts <── facts from all of them
//! ```

mod alerts;
pub mod auth;
pub mod backup;
mod caller_limits;
pub mod campaigns;
pub mod commands;
pub mod config;
mod error;
mod http;
mod inbound;
mod inbox;
mod lookups;
mod media_links;
pub mod message_content;
pub mod opt_out;
mod outage;
mod outbox;
mod recipient_import;
mod relay;
mod router;
pub mod routes;
pub mod scheduler;
pub mod sending_windows;
mod session_deleter;
mod state;
pub mod store;
mod text;
pub mod webhooks;
pub mod whatsapp_limit;

use std::sync::Arc;
use std::time::{Duration, Instant};

use service_runtime::Shutdown;
use service_runtime::listen::Listeners;
use service_runtime::liveness::{self, Heartbeat, Liveness, Watching};
use service_runtime::serve::{ServeLimits, serve};
use session_client::{BuildError, SessionClient, Timeouts};
use tokio::sync::Notify;

pub use crate::alerts::{AlertClock, AlertLimits};
use crate::alerts::{Alerts, Observed};
use crate::auth::Auth;
use crate::backup::{Backups, Schedule as BackupSchedule};
use crate::caller_limits::CallerLimits;
use crate::config::{Config, DatabaseLocation};
use crate::inbound::Follower;
use crate::inbox::InboxWatcher;
use crate::lookups::LookupWorker;
use crate::outbox::Outbox;
pub use crate::outbox::OutboxLimits;
use crate::relay::Relay;
use crate::router::router;
use crate::scheduler::{Scheduler, SchedulerWaker, Worker};
use crate::session_deleter::SessionDeleter;
use crate::state::AppState;
use crate::store::{Engine, Reachability, Store, StoreError};
use crate::webhooks::{Dispatcher, WebhookClient, WebhookLimits};

/// The dependencies of the service.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The configuration.
    pub config: Config,
    /// The client of session-manager.
    pub session: SessionClient,
    /// The database.
    pub store: Store,
    /// The limits of sending.
    pub limits: OutboxLimits,
    /// Authentication and authorization.
    pub auth: Auth,
    /// The limits of webhook deliveries.
    pub webhook_limits: WebhookLimits,
    /// How often the alert conditions are checked.
    pub alert_limits: AlertLimits,
    /// The clock that alerts are evaluated by.
    pub alert_clock: AlertClock,
    /// When the hub counts as hung.
    pub hang_limits: HangLimits,
    /// The limits of connections.
    pub serve_limits: ServeLimits,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DepsError {
    /// The client of session-manager cannot be set up.
    #[error(transparent)]
    Client(#[from] BuildError),
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Deps {
    /// Opens the dependencies as configured, with the timeouts of the contract.
    ///
    /// # Errors
    /// If the client of session-manager cannot be set up, or the database
    /// cannot be opened.
    pub async fn open(config: Config) -> Result<Self, DepsError> {
        Self::with_timeouts(config, Timeouts::default()).await
    }

    /// Opens the dependencies as configured, with the given timeouts.
    ///
    /// # Errors
    /// As for [`Deps::open`].
    pub async fn with_timeouts(config: Config, timeouts: Timeouts) -> Result<Self, DepsError> {
        let base = config.session_manager.clone();
        let session = SessionClient::new(base, config.session_manager_token.as_ref(), timeouts)?;
        let store = Store::open(&config.database).await?;
        let auth = Auth::open(&config, &store).await?;
        let serve_limits = ServeLimits {
            drain: DRAIN_TIMEOUT,
            proxies: config.trusted_proxies.clone(),
            ..ServeLimits::default()
        };
        Ok(Self {
            config,
            session,
            store,
            limits: OutboxLimits::default(),
            auth,
            webhook_limits: WebhookLimits::default(),
            alert_limits: AlertLimits::default(),
            alert_clock: AlertClock::default(),
            hang_limits: HangLimits::default(),
            serve_limits,
        })
    }
}

/// Time that open requests get after shutdown begins. A send may be among them,
/// and PM2 kills the process after 10 s.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(8);

/// Time that each task gets for its final writes after the drain.
const FINAL_WRITES_TIMEOUT: Duration = Duration::from_secs(1);

/// When the hub counts as hung.
#[derive(Clone, Copy, Debug)]
pub struct HangLimits {
    /// Interval between two checks.
    pub every: Duration,
    /// Maximum time that a task's work may take and that the database may refuse writes.
    pub silent: Duration,
}

impl Default for HangLimits {
    fn default() -> Self {
        Self {
            every: liveness::EVERY,
            silent: Duration::from_secs(120),
        }
    }
}

/// The heartbeats of the hub's tasks, for the liveness check.
#[derive(Clone)]
struct Vitals {
    store: Store,
    limits: HangLimits,
    /// Tasks that need only the runtime and the network.
    alone: Vec<Heartbeat>,
    /// Tasks that also wait for the store.
    on_store: Vec<Heartbeat>,
    writer: Heartbeat,
}

impl Vitals {
    /// Checks all tasks and the database. An unreachable PostgreSQL, and the
    /// tasks that wait for it, do not count as a hang of the hub; the readiness
    /// check reports them.
    async fn check(self) -> Result<(), String> {
        let silent = self.limits.silent;
        let check = |beats: &[Heartbeat]| beats.iter().try_for_each(|beat| beat.check(silent));
        check(&self.alone)?;
        match self.store.answers().await {
            Ok(Reachability::Works) => {}
            Ok(Reachability::Away) => return Ok(()),
            Err(error) => return Err(format!("the database does not answer: {error}")),
        }
        // SQLite has a single connection for writing; the connections to PostgreSQL form one pool.
        if self.store.engine() == Engine::Sqlite {
            if self.store.writer_answers().await {
                self.writer.beat();
            }
            self.writer.check(silent)?;
        }
        check(&self.on_store)
    }
}

/// Returns the schedule of backups; `None` without a key or if the database is not a file.
fn backup_schedule(config: &Config) -> Option<BackupSchedule> {
    config.backups.key.as_ref()?;
    if !matches!(config.database, DatabaseLocation::Sqlite(_)) {
        return None;
    }
    let backups = Backups::new(config.backups.clone(), config.database.clone());
    Some(BackupSchedule::new(backups, config.backups.every))
}

/// Serves until `shutdown` has drained. `ready` is called as soon as requests are answered.
pub async fn run(
    listeners: impl Into<Listeners>,
    deps: Deps,
    shutdown: Shutdown,
    ready: impl FnOnce(),
) {
    deps.auth.report().await;
    deps.store.set_dry_run(deps.config.dry_run);
    let relay = Relay::new();
    let relay_beat = Relay::heartbeat();
    let relaying = tokio::spawn(relay.clone().run(deps.session.clone(), relay_beat.clone()));
    let outbox = Outbox::new(
        deps.store.clone(),
        deps.session.clone(),
        relay.clone(),
        deps.config.dry_run,
        deps.limits,
    );
    let outbox_beat = Outbox::heartbeat();
    let sending = outbox
        .clone()
        .run(shutdown.draining().clone(), outbox_beat.clone());
    let sending = tokio::spawn(sending);
    let config = Arc::new(deps.config);
    let waker = SchedulerWaker::default();
    let scheduling = Worker {
        scheduler: Scheduler::new(deps.store.clone(), config.zone.clone()),
        config: config.clone(),
        relay: relay.clone(),
        outbox: outbox.clone(),
        waker: waker.clone(),
        heartbeat: Worker::heartbeat(),
    };
    let scheduler_beat = scheduling.heartbeat.clone();
    let scheduling = tokio::spawn(scheduling.run(shutdown.draining().clone()));
    let webhook_client =
        WebhookClient::new(config.webhook_hosts.clone(), deps.webhook_limits.attempt);
    let dispatcher = Dispatcher::new(
        deps.store.clone(),
        webhook_client.clone(),
        deps.webhook_limits,
    );
    let webhooks_beat = Dispatcher::heartbeat();
    let delivering = dispatcher.run(shutdown.draining().clone(), webhooks_beat.clone());
    let delivering = tokio::spawn(delivering);
    let follower = Follower::new(deps.store.clone(), deps.session.clone());
    let following = tokio::spawn(follower.clone().run(shutdown.draining().clone()));
    let watcher = InboxWatcher {
        store: deps.store.clone(),
        relay: relay.clone(),
    };
    let watching = tokio::spawn(watcher.run(shutdown.draining().clone()));
    let deleter = SessionDeleter {
        store: deps.store.clone(),
        session: deps.session.clone(),
    };
    let deleting = tokio::spawn(deleter.run(shutdown.draining().clone()));
    let lookups_wanted = Arc::new(Notify::new());
    let lookup_worker = LookupWorker {
        store: deps.store.clone(),
        session: deps.session.clone(),
        relay: relay.clone(),
        wanted: lookups_wanted.clone(),
    };
    let looking_up = tokio::spawn(lookup_worker.run(shutdown.draining().clone()));
    let backups = backup_schedule(&config);
    let backing_up = backups
        .clone()
        .map(|backups| tokio::spawn(backups.run(shutdown.draining().clone())));
    let alerts = Alerts::new(
        config.clone(),
        Observed {
            store: deps.store.clone(),
            session: deps.session.clone(),
            relay: relay.clone(),
            backups,
            clock: deps.alert_clock,
        },
        deps.webhook_limits,
        deps.alert_limits,
    );
    let alerting = tokio::spawn(alerts.clone().run(shutdown.draining().clone()));
    let metrics = service_runtime::metrics::install(http::metrics::HELP);
    let upkeep = tokio::spawn(metrics.clone().upkeep());
    let vitals = Vitals {
        store: deps.store.clone(),
        limits: deps.hang_limits,
        alone: vec![relay_beat],
        on_store: vec![
            outbox_beat,
            scheduler_beat,
            webhooks_beat,
            follower.heartbeat(),
            alerts.heartbeat(),
        ],
        writer: Heartbeat::new("writing to the database", deps.hang_limits.every),
    };
    let check = move || vitals.clone().check();
    let watching_limits = Watching {
        every: deps.hang_limits.every,
        ends_after: config.ends_after,
    };
    let (liveness, watchdog) = Liveness::watch(check, watching_limits, shutdown.draining().clone());
    let state = AppState {
        alerts,
        lookups_wanted,
        liveness,
        metrics,
        limits: CallerLimits::default(),
        webhook_client,
        follower,
        outbox: outbox.clone(),
        waker,
        config,
        session: deps.session,
        store: deps.store.clone(),
        auth: deps.auth,
        relay,
        started: Instant::now(),
        draining: shutdown.draining().clone(),
    };
    ready();
    serve(listeners, router(state), deps.serve_limits, &shutdown).await;
    upkeep.abort();
    if let Some(backing_up) = backing_up {
        backing_up.abort();
    }
    // If a send that is still in progress is requested again, it is the same message.
    let _ = tokio::time::timeout(FINAL_WRITES_TIMEOUT, outbox.drained()).await;
    sending.abort();
    watchdog.abort();
    watching.abort();
    deleting.abort();
    scheduling.abort();
    relaying.abort();
    let _ = tokio::time::timeout(FINAL_WRITES_TIMEOUT, following).await;
    let _ = tokio::time::timeout(FINAL_WRITES_TIMEOUT, delivering).await;
    let _ = tokio::time::timeout(FINAL_WRITES_TIMEOUT, looking_up).await;
    let _ = tokio::time::timeout(FINAL_WRITES_TIMEOUT, alerting).await;
    deps.store.close().await;
}
