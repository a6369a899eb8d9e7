//! Delivers events to the subscribed programs, with retries.
//!
//! ```text
//!  the event ─────┐ one transaction
//!  its deliveries ┴─> store ─> run() ─┬─> webhook 1: a few at once ─> attempt
//!                       ^             └─> webhook 2: a few at once ─> attempt
//!                       └─── delivered, again later, given up, gone <────┘
//! ```
//!
//! A delivery is stored before any receiver is called, so that none is lost if
//! a receiver or a hub is down. Each subscription has its own concurrency
//! limit, so a receiver that hangs does not delay the others. A dispatcher
//! claims a delivery with a lease that is longer than an attempt can last, so
//! several hubs share the work; when one is killed during an attempt, another
//! repeats it with the same `webhook-id`. Order is not guaranteed.
//! `signature` signs each with the subscription's secret.

mod client;
mod retry_backoff;
pub mod signature;
mod ssrf_guard;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use service_runtime::liveness::Heartbeat;
use session_api::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) use client::{Post, WebhookClient, causes};

use crate::store::{Attempt, Delivery, Engine, Next, Store, StoreError, Webhook};

/// Maximum number of concurrent attempts per subscription.
const CONCURRENT_ATTEMPTS: usize = 4;
/// How long the dispatcher polls often after an announcement. A new delivery is
/// announced before other transactions can read it.
const FAST_POLL_FOR: Duration = Duration::from_secs(1);
const FAST_POLL_PAUSE: Duration = Duration::from_millis(25);
/// Poll interval without announcements, which finds deliveries that another hub left behind.
const IDLE_PAUSE: Duration = Duration::from_secs(5);
/// How long a shutdown waits for attempts in progress; requests are drained meanwhile.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);
/// Interval between two removals of old settled deliveries.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(3600);

/// The limits of deliveries.
#[derive(Clone, Copy, Debug)]
pub struct WebhookLimits {
    /// Timeout of one attempt.
    pub attempt: Duration,
    /// How long a delivery stays claimed after its hub died. It is longer than an attempt.
    pub lease: Duration,
    /// The pause after the first attempt; later ones are longer.
    pub first_pause: Duration,
    /// Maximum number of attempts.
    pub attempts: u32,
}

impl Default for WebhookLimits {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(15),
            lease: Duration::from_secs(40),
            first_pause: Duration::from_secs(5),
            attempts: 11,
        }
    }
}

/// Delivers the stored webhook deliveries.
pub(crate) struct Dispatcher {
    store: Store,
    caller: WebhookClient,
    limits: WebhookLimits,
    /// The id of this process in the rows that it claims.
    claimer: String,
}

impl Dispatcher {
    pub(crate) fn new(store: Store, caller: WebhookClient, limits: WebhookLimits) -> Arc<Self> {
        Arc::new(Self {
            store,
            caller,
            limits,
            claimer: format!("{:016x}", rand::random::<u64>()),
        })
    }

    /// Creates the heartbeat of [`Dispatcher::run`].
    pub(crate) fn heartbeat() -> Heartbeat {
        Heartbeat::new("the webhooks' dispatcher", IDLE_PAUSE)
    }

    /// Runs until `draining` is cancelled, then waits briefly for attempts in
    /// progress and leaves the rest to other hubs.
    pub(crate) async fn run(self: Arc<Self>, draining: CancellationToken, heartbeat: Heartbeat) {
        if self.store.engine() == Engine::Sqlite {
            // No other hub uses this database file, so every claim belongs to
            // an earlier run of this one.
            if let Err(error) = self.store.release_deliveries(None).await {
                tracing::warn!("webhooks: {error}");
            }
        }
        let mut tasks = JoinSet::new();
        let mut busy: HashMap<i64, usize> = HashMap::new();
        let mut fast_until = Instant::now();
        let mut cleanup_at = Instant::now();
        loop {
            heartbeat.beat();
            if cleanup_at <= Instant::now() {
                cleanup_at = Instant::now() + CLEANUP_INTERVAL;
                self.delete_old().await;
            }
            let wait = match self.start_due(&mut tasks, &mut busy).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!("webhooks are waiting for the store: {error}");
                    IDLE_PAUSE
                }
            };
            let pause = if Instant::now() < fast_until {
                FAST_POLL_PAUSE
            } else {
                IDLE_PAUSE
            };
            tokio::select! {
                biased;
                // The loop ends so that attempts in progress can finish and need not be repeated.
                () = draining.cancelled() => break,
                Some(done) = tasks.join_next() => {
                    if let Ok(webhook) = done {
                        busy.entry(webhook).and_modify(|count| *count -= 1);
                    }
                }
                () = self.store.delivery_enqueued().notified() => fast_until = Instant::now() + FAST_POLL_FOR,
                () = tokio::time::sleep(pause.min(wait)) => {}
            }
        }
        let ending = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, ending)
            .await
            .is_err()
        {
            tasks.shutdown().await;
        }
        if let Err(error) = self.store.release_deliveries(Some(&self.claimer)).await {
            tracing::debug!("the leases were not released: {error}");
        }
    }

    /// Starts due deliveries for which there is a free slot. Returns how long
    /// it takes until another delivery is due.
    async fn start_due(
        self: &Arc<Self>,
        tasks: &mut JoinSet<i64>,
        busy: &mut HashMap<i64, usize>,
    ) -> Result<Duration, StoreError> {
        let mut wait = IDLE_PAUSE;
        for (webhook, due) in self.store.waiting_webhooks().await? {
            let busy = busy.entry(webhook.id).or_default();
            let free_slots = CONCURRENT_ATTEMPTS.saturating_sub(*busy);
            if free_slots == 0 {
                continue;
            }
            let ahead = due.as_millis() - Timestamp::now().as_millis();
            if ahead > 0 {
                wait = wait.min(Duration::from_millis(ahead.unsigned_abs()));
                continue;
            }
            let until = Timestamp::now().after(self.limits.lease);
            let claimed = self
                .store
                .claim_deliveries(webhook.id, &self.claimer, until, free_slots)
                .await?;
            if claimed.len() == free_slots {
                // There may be more deliveries, but a slot that becomes free wakes the loop.
                wait = wait.min(IDLE_PAUSE);
            }
            let webhook = Arc::new(webhook);
            for delivery in claimed {
                *busy += 1;
                let (this, webhook) = (Arc::clone(self), Arc::clone(&webhook));
                tasks.spawn(async move {
                    this.deliver(&webhook, &delivery).await;
                    webhook.id
                });
            }
        }
        Ok(wait)
    }

    async fn deliver(&self, webhook: &Webhook, delivery: &Delivery) {
        let (id, body) = (&delivery.event_id, &delivery.payload);
        let (attempt, requested_pause) = self.caller.call(webhook, id, body).await;
        let next = self.next_step(delivery, &attempt, requested_pause);
        match next {
            Next::Delivered => {
                tracing::debug!(webhook = webhook.id, delivery = delivery.id, "told");
            }
            Next::Again(_) => tracing::info!(
                webhook = webhook.id,
                delivery = delivery.id,
                code = attempt.error,
                status = attempt.status,
                "webhook delivery failed and will be retried"
            ),
            Next::Dead | Next::Gone => tracing::warn!(
                webhook = webhook.id,
                delivery = delivery.id,
                code = attempt.error,
                status = attempt.status,
                "webhook delivery failed and is given up"
            ),
        }
        if let Err(error) = self
            .store
            .settle_delivery(delivery, &self.claimer, &attempt, next)
            .await
        {
            // When the lease expires, the delivery is retried.
            tracing::warn!(
                delivery = delivery.id,
                "an attempt was not recorded: {error}"
            );
        }
    }

    fn next_step(
        &self,
        delivery: &Delivery,
        attempt: &Attempt,
        requested_pause: Option<Duration>,
    ) -> Next {
        match attempt.error {
            None => Next::Delivered,
            Some("GONE") => Next::Gone,
            Some(_) => {
                let chance = rand::random_range(0.0..1.0);
                match retry_backoff::delay(&self.limits, delivery.attempts, requested_pause, chance)
                {
                    Some(pause) => Next::Again(Timestamp::now().after(pause)),
                    None => Next::Dead,
                }
            }
        }
    }

    async fn delete_old(&self) {
        match self.store.forget_deliveries().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old webhook deliveries were deleted"),
            Err(error) => tracing::warn!("old webhook deliveries were not deleted: {error}"),
        }
    }
}
