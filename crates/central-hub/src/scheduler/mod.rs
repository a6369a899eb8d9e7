//! The campaign scheduler: hands messages to the outbox within sending windows
//! and pauses.
//!
//! ```text
//!  tick:  settle ── what came of the messages: count it, pause if it is bad
//!           │
//!         take back ── what may not go any more and has not left
//!           │
//!         turns ── each campaign that is due: decide, and give one to the
//!           │      outbox (a rehearsal: many, in the time that it imagines)
//!           v
//!         when to look again
//! ```
//!
//! Several hubs on one PostgreSQL may all tick: a campaign's row is locked for
//! its turn, so each message is given once. Nothing is kept in memory from one
//! tick to the next.

mod campaign_view;
mod settle;
mod turn;
mod worker;

use jiff::tz::TimeZone;
use rand::Rng;
use session_api::{Limits, LimitsEvent, NewChatStatus, Timestamp};

use crate::sending_windows::Rules;
use crate::store::campaigns::{Campaign, ScheduleState};
use crate::store::{Store, StoreError, Tx};

pub(crate) use campaign_view::CampaignBody;
pub(crate) use worker::{SchedulerWaker, Worker, context};

/// What the moment allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulerContext {
    /// Now, by whatever clock.
    pub now: Timestamp,
    /// `AUTO_CAMPAIGNS_ENABLED`.
    pub auto: bool,
    /// The session is READY.
    pub ready: bool,
    /// What WhatsApp does not let the account do now.
    pub hold: Option<Hold>,
    /// `DRY_RUN`.
    pub dry_run: bool,
}

/// Why WhatsApp takes no messages to people who never wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// `REACH_OUT_LOCKED`, `NEW_CHATS_CAPPED` or `FIRST_SYNC`.
    pub code: &'static str,
    /// Until when, as far as WhatsApp says.
    pub until: Option<Timestamp>,
}

impl Hold {
    /// What keeps campaigns from going on, by WhatsApp's own word.
    #[must_use]
    pub fn of(known: &LimitsEvent) -> Option<Self> {
        let Limits {
            reach_out,
            new_chats,
        } = &known.limits;
        if reach_out.locked {
            let (code, until) = ("REACH_OUT_LOCKED", reach_out.until);
            return Some(Self { code, until });
        }
        if new_chats.status == NewChatStatus::Capped {
            let (code, until) = ("NEW_CHATS_CAPPED", new_chats.cycle_end);
            return Some(Self { code, until });
        }
        let (code, until) = ("FIRST_SYNC", None);
        (!known.first_sync.complete).then_some(Self { code, until })
    }
}

impl SchedulerContext {
    /// What keeps a campaign from going, whatever its schedules say.
    #[must_use]
    pub fn obstacle(&self, campaign: &Campaign) -> Option<&'static str> {
        if !self.auto {
            return Some("AUTO_CAMPAIGNS_DISABLED");
        }
        // Approved for real, it must not be used up by a rehearsal.
        if self.dry_run && !campaign.is_rehearsal() {
            return Some("DRY_RUN");
        }
        // A rehearsal writes to nobody, and needs no phone.
        if campaign.is_rehearsal() {
            return None;
        }
        if !self.ready {
            return Some("SESSION_NOT_READY");
        }
        self.hold.map(|hold| hold.code)
    }

    /// Until when an obstacle stands, as far as that is known.
    #[must_use]
    pub fn obstacle_until(&self, obstacle: &str) -> Option<Timestamp> {
        self.hold.filter(|hold| hold.code == obstacle)?.until
    }
}

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Messages handed to the outbox.
    pub given: usize,
    /// When there is something to do again, in milliseconds; the outbox's
    /// doings apart.
    pub look_at: Option<i64>,
    /// Whether the outbox has something whose outcome is waited for.
    pub in_flight: bool,
}

impl Ticked {
    fn look(&mut self, at: i64) {
        self.look_at = Some(self.look_at.map_or(at, |known| known.min(at)));
    }
}

/// Maximum number of campaigns per tick.
const TURNS: i64 = 50;

/// The scheduler; cheap to clone.
#[derive(Clone, Debug)]
pub struct Scheduler {
    store: Store,
    zone: TimeZone,
}

impl Scheduler {
    /// On this store, for a business in this zone.
    #[must_use]
    pub const fn new(store: Store, zone: TimeZone) -> Self {
        Self { store, zone }
    }

    /// Does what there is to do now.
    ///
    /// # Errors
    /// [`StoreError::Query`]; what was done until then is done.
    pub async fn tick(
        &self,
        context: SchedulerContext,
        chance: &mut (impl Rng + Send),
    ) -> Result<Ticked, StoreError> {
        let mut ticked = Ticked::default();
        self.settle(context.now).await?;
        for id in self.store.campaigns_in_flight().await? {
            ticked.in_flight |= self.take_back(id, context).await?;
        }
        if !context.auto {
            // Whoever changes that wakes the worker, or it looks soon enough.
            return Ok(ticked);
        }
        let now = context.now.as_millis();
        let only_rehearsals = context.dry_run || !context.ready;
        let due = self
            .store
            .due_campaigns(now, TURNS, only_rehearsals)
            .await?;
        for id in due {
            self.turn(id, context, chance, &mut ticked).await?;
        }
        if let Some(next) = self.store.next_due_campaign(now).await? {
            ticked.look(next);
        }
        Ok(ticked)
    }
}

/// The rules that count: those of the approved schedules, or the campaign's
/// own pause around the clock where it never had a schedule.
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

/// As the schedules know it.
fn jiff_timestamp(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
