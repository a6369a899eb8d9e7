//! Schedules campaigns: hands their messages to the outbox within the sending
//! windows, with pauses between them.
//!
//! ```text
//!  tick:  settle ── store the outcomes of messages; pause unhealthy campaigns
//!           │
//!         take back ── withdraw messages that may no longer be sent
//!           │
//!         turns ── for each campaign that is due: decide, enqueue one message
//!           │      (a dry run: many, in simulated time)
//!           v
//!         the time of the next tick
//! ```
//!
//! Several hubs on one PostgreSQL database may all run ticks: a campaign's row
//! is locked for its turn, so each message is enqueued once. No state is kept
//! in memory between two ticks.

mod campaign_view;
mod obstacles;
mod settle;
mod turn;
mod worker;

use jiff::tz::TimeZone;
use rand::Rng;
use session_api::Timestamp;

use crate::sending_windows::Rules;
use crate::store::campaigns::{Campaign, ScheduleState};
use crate::store::{Store, StoreError, Tx};
use crate::whatsapp_limit::WhatsappLimit;

pub(crate) use campaign_view::CampaignBody;
pub(crate) use worker::{SchedulerWaker, Worker, context};

/// The conditions under which a tick runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulerContext {
    /// The current time, which need not be that of the system's clock.
    pub now: Timestamp,
    /// The value of `AUTO_CAMPAIGNS_ENABLED`.
    pub auto: bool,
    /// Whether an administrator stopped all sending.
    pub stopped: bool,
    /// Whether the session is READY.
    pub ready: bool,
    /// What WhatsApp currently blocks for the account, if anything.
    pub whatsapp_limit: Option<WhatsappLimit>,
    /// The value of `DRY_RUN`.
    pub dry_run: bool,
}

/// The result of a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Number of messages enqueued in the outbox.
    pub enqueued: usize,
    /// When the next tick is due, in milliseconds since 1970, unless the outbox
    /// changes something before.
    pub next_tick_at: Option<i64>,
    /// Whether the outcome of a message in the outbox is awaited.
    pub in_flight: bool,
}

impl Ticked {
    fn note_next_tick(&mut self, at: i64) {
        self.next_tick_at = Some(self.next_tick_at.map_or(at, |known| known.min(at)));
    }
}

/// Maximum number of campaigns per tick.
const CAMPAIGNS_PER_TICK: i64 = 50;

/// The scheduler; cheap to clone.
#[derive(Clone, Debug)]
pub struct Scheduler {
    store: Store,
    zone: TimeZone,
}

impl Scheduler {
    /// Creates a scheduler on this store, for a business in this time zone.
    #[must_use]
    pub const fn new(store: Store, zone: TimeZone) -> Self {
        Self { store, zone }
    }

    /// Runs one tick.
    ///
    /// # Errors
    /// [`StoreError::Query`]; the steps before the failed one are kept.
    pub async fn tick(
        &self,
        context: SchedulerContext,
        chance: &mut (impl Rng + Send),
    ) -> Result<Ticked, StoreError> {
        let mut ticked = Ticked::default();
        self.settle(context.now).await?;
        for id in self.store.campaigns_in_flight().await? {
            ticked.in_flight |= self.withdraw_unsendable(id, context).await?;
        }
        if !context.auto {
            // A change wakes the worker, or its poll soon finds the change.
            return Ok(ticked);
        }
        let now = context.now.as_millis();
        let only_dry_runs = context.dry_run || context.stopped || !context.ready;
        let due = self
            .store
            .due_campaigns(now, CAMPAIGNS_PER_TICK, only_dry_runs)
            .await?;
        for id in due {
            self.turn(id, context, chance, &mut ticked).await?;
        }
        if let Some(next) = self.store.next_due_campaign(now).await? {
            ticked.note_next_tick(next);
        }
        Ok(ticked)
    }
}

/// Returns the rules in effect: those of the approved schedules or, if the
/// campaign never had a schedule, its own pause around the clock.
async fn rules_in(
    store: &Store,
    tx: &mut Tx,
    campaign: &Campaign,
) -> Result<Vec<Rules>, StoreError> {
    let schedules = store.schedules_in(tx, campaign.id).await?;
    if !campaign.scheduled {
        return Ok(vec![Rules::always(campaign.pause)]);
    }
    Ok(schedules
        .into_iter()
        .filter(|schedule| schedule.state == ScheduleState::Approved)
        .map(|schedule| schedule.rules)
        .collect())
}

/// Converts a time to the type that the schedules use.
fn jiff_timestamp(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
