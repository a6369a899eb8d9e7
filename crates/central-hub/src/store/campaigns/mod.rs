//! Campaigns in the store.
//!
//! ```text
//!  campaign:   draft ──approve──> running <──resume── paused
//!                                   │ └──── pause ──────^
//!                                   └─ nobody is left ─> finished
//!
//!  recipient:  pending ──in its turn──> queued ─┬─> sent
//!                ^  │                     │     ├─> simulated
//!                │  └─ opted out ─> skipped     └─> failed
//!                ├── withdrawn before it left ──┘      │
//!                └────────────── by a person only ─────┘
//! ```
//!
//! The numbers of recipients in each state stand in the campaign's own row and
//! change in the same transaction as the recipients do.

mod campaign;
mod days;
mod imports;
mod lifecycle;
mod numbers;
mod opt_outs;
mod overview;
mod pacing;
mod recipients;
mod schedules;
mod states;

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::store::{StoreError, now, strange};

pub use campaign::{Campaign, CampaignEdit, CampaignFilter, CampaignPlan, NewCampaign};
pub use days::Days;
pub use imports::{Import, ImportEnd, ImportState, NewRefusedLine, RefusedLine};
pub(crate) use lifecycle::pause_in;
pub use lifecycle::{Refused, withdraw};
pub use numbers::Numbers;
pub use opt_outs::{OptOut, is_opted_out_in};
pub use overview::{Glimpse, HalfList, Unapproved};
pub use pacing::TICK_PLANS;
pub(crate) use pacing::{
    finish_in, in_flight_in, not_before_in, other_running_in, pace_in, set_clock_in, set_health_in,
    set_pause_in, wait_in,
};
#[cfg(test)]
pub(crate) use recipients::NEXT_PENDING;
pub use recipients::{
    Deltas, Fields, Move, NewRecipient, Planned, Recipient, RecipientFilter, RecipientStep, move_in,
};
pub(crate) use recipients::{next_pending_in, queued_in};
pub use schedules::{NewSchedule, Schedule, ScheduleFilter};
pub use states::{CampaignState, RecipientState, ScheduleState};

fn time(row: &AnyRow, column: &str) -> Result<Timestamp, StoreError> {
    let millis: i64 = row.try_get(column)?;
    Timestamp::from_millis(millis).ok_or_else(|| strange("a time"))
}

fn optional_time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>, StoreError> {
    let millis: Option<i64> = row.try_get(column)?;
    Ok(millis.and_then(Timestamp::from_millis))
}

/// Numbers are stored as `BIGINT`; what does not fit never was one of ours.
fn small<T: TryFrom<i64> + Default>(row: &AnyRow, column: &str) -> Result<T, StoreError> {
    let number: i64 = row.try_get(column)?;
    Ok(T::try_from(number).unwrap_or_default())
}

fn optional_id(row: &AnyRow, column: &str) -> Result<Option<u64>, StoreError> {
    let id: Option<i64> = row.try_get(column)?;
    Ok(id.and_then(|id| id.try_into().ok()))
}

fn as_id(cliente_id: Option<u64>) -> Option<i64> {
    cliente_id.and_then(|id| id.try_into().ok())
}
