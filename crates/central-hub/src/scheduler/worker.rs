//! The scheduler's task, which runs a tick when one is due or requested.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use service_runtime::liveness::Heartbeat;
use session_api::{SessionState, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Scheduler, SchedulerContext, Ticked};
use crate::config::Config;
use crate::outbox::Outbox;
use crate::relay::{HubEvent, Link, Relay};
use crate::store::{Store, StoreError};
use crate::whatsapp_limit::WhatsappLimit;

/// Maximum interval between ticks, since another hub may have made a change.
const IDLE_INTERVAL: Duration = Duration::from_secs(5);
/// Maximum interval while the outbox is working on messages.
const BUSY_INTERVAL: Duration = Duration::from_millis(250);
/// The pause after a failure of the store.
const STORE_FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// Minimum interval between updates to the pages: a dry run changes faster than a person can read.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(200);
/// How far another hub's clock may be behind, in milliseconds.
const CLOCK_SKEW_MS: i64 = 2000;
/// Minimum interval between ticks.
const MIN_INTERVAL: Duration = Duration::from_millis(5);

/// Wakes the worker after a person's change; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SchedulerWaker(Arc<Notify>);

impl SchedulerWaker {
    /// Requests a tick as soon as possible.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }
}

/// What was last published to the pages.
struct Published {
    /// The time since which changed campaigns may have to be published, in milliseconds since 1970.
    since: i64,
    /// The data last published for each campaign that changed since then.
    last: HashMap<i64, Arc<str>>,
    at: Instant,
}

/// Returns the current conditions for a tick.
pub(crate) fn context(config: &Config, relay: &Relay, store: &Store) -> SchedulerContext {
    let (link, state, _) = relay.health();
    SchedulerContext {
        now: Timestamp::now(),
        auto: config.auto_campaigns,
        stopped: store.was_sending_stopped(),
        ready: link == Link::Up && state == Some(SessionState::Ready),
        whatsapp_limit: relay.limits().as_ref().and_then(WhatsappLimit::from_limits),
        dry_run: config.dry_run,
    }
}

/// The scheduler task.
pub(crate) struct Worker {
    pub(crate) scheduler: Scheduler,
    pub(crate) config: Arc<Config>,
    pub(crate) relay: Relay,
    pub(crate) outbox: Outbox,
    pub(crate) waker: SchedulerWaker,
    pub(crate) heartbeat: Heartbeat,
}

impl Worker {
    /// Creates the heartbeat of [`Worker::run`].
    pub(crate) fn heartbeat() -> Heartbeat {
        Heartbeat::new("the scheduler", IDLE_INTERVAL)
    }

    /// Runs ticks until `draining` is cancelled.
    pub(crate) async fn run(self, draining: CancellationToken) {
        let mut chance = StdRng::from_os_rng();
        let mut published = Published {
            since: Timestamp::now().as_millis(),
            last: HashMap::new(),
            at: Instant::now(),
        };
        let mut store_failed = false;
        loop {
            self.heartbeat.beat();
            let pause = match self.tick(&mut published, &mut chance).await {
                Ok((ticked, is_published)) => {
                    if std::mem::take(&mut store_failed) {
                        tracing::info!("campaigns continue: the store answers again");
                    }
                    let longest_wait = if is_published {
                        IDLE_INTERVAL
                    } else {
                        PUBLISH_INTERVAL
                    };
                    Self::pause(ticked).min(longest_wait)
                }
                Err(error) => {
                    if !std::mem::replace(&mut store_failed, true) {
                        tracing::warn!(%error, "campaigns are waiting for the store");
                    }
                    STORE_FAILURE_PAUSE
                }
            };
            tokio::select! {
                biased;
                () = draining.cancelled() => return,
                () = self.waker.0.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Runs one tick. Also returns whether changes were published.
    async fn tick(
        &self,
        published: &mut Published,
        chance: &mut StdRng,
    ) -> Result<(Ticked, bool), StoreError> {
        let store = &self.scheduler.store;
        // The switch may have been changed through another hub.
        store.is_sending_stopped().await?;
        let context = context(&self.config, &self.relay, store);
        let ticked = self.scheduler.tick(context, chance).await?;
        if ticked.enqueued > 0 {
            self.outbox.wake();
        }
        let is_time = published.at.elapsed() >= PUBLISH_INTERVAL;
        if is_time {
            self.publish(published, context).await?;
        }
        Ok((ticked, is_time))
    }

    fn pause(ticked: Ticked) -> Duration {
        let longest_wait = if ticked.in_flight {
            BUSY_INTERVAL
        } else {
            IDLE_INTERVAL
        };
        let now = Timestamp::now().as_millis();
        let until = ticked.next_tick_at.map_or(longest_wait, |at| {
            Duration::from_millis(u64::try_from(at.saturating_sub(now)).unwrap_or(0))
        });
        until.clamp(MIN_INTERVAL, longest_wait)
    }

    /// Publishes changes of campaigns to the pages, whichever hub made them.
    async fn publish(
        &self,
        published: &mut Published,
        context: SchedulerContext,
    ) -> Result<(), StoreError> {
        published.at = Instant::now();
        let changed = self
            .scheduler
            .store
            .campaigns_changed(published.since)
            .await?;
        let mut last = HashMap::with_capacity(changed.len());
        for campaign in changed {
            published.since = published
                .since
                .max(campaign.updated_at.as_millis() - CLOCK_SKEW_MS);
            // The event omits names; a page that may show them requests them.
            let body = super::CampaignBody::new(&campaign, context, false);
            let Ok(data) = serde_json::to_string(&body) else {
                continue;
            };
            let data: Arc<str> = data.into();
            if published.last.get(&campaign.id) != Some(&data) {
                self.relay.publish(HubEvent {
                    name: "campaign",
                    cliente_id: campaign.cliente_id,
                    data: data.clone(),
                });
            }
            last.insert(campaign.id, data);
        }
        published.last = last;
        Ok(())
    }
}
