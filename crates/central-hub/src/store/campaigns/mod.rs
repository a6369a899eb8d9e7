//! Stores campaigns, their recipients, schedules and imports.
//!
//! ```text
//!  campaign:   draft ──approve──> running <──resume── paused
//!                                   │ └──── pause ──────^
//!                                   └─ no recipient left ─> finished
//!
//!  recipient:  pending ──in its turn──> queued ─┬─> sent
//!                ^  │                     │     ├─> simulated
//!                │  └─ opted out ─> skipped     └─> failed
//!                ├── withdrawn before it left ──┘      │
//!                └────────────── by a person only ─────┘
//! ```
//!
//! The numbers of recipients in each state are columns of the campaign's row.
//! They change in the same transaction as the recipients.

mod campaign;
mod checks;
mod countries;
mod days;
mod imports;
mod lifecycle;
mod numbers;
mod of_contact;
mod opt_outs;
mod overview;
mod pacing;
mod recipients;
mod refused;
mod replies;
mod rows;
mod schedules;
mod states;

pub use campaign::{
    Campaign, CampaignEdit, CampaignFilter, CampaignPlan, Fields, NewCampaign, PausedFor,
};
pub use checks::CheckProgress;
pub use countries::Countries;
pub use days::Days;
pub use imports::{Import, ImportEnd, ImportState, NewRefusedLine, RefusedLine};
pub(crate) use lifecycle::pause_in;
pub(in crate::store) use lifecycle::reopen_in;
pub use lifecycle::withdraw;
pub use numbers::Numbers;
pub use of_contact::ContactCampaign;
pub use opt_outs::{AppliedOptOut, OptOut, is_opted_out_in};
pub use overview::{FirstRows, Unapproved, UnfinishedImport};
pub use pacing::TICK_PLANS;
pub(crate) use pacing::{
    finish_in, in_flight_in, not_before_in, other_running_in, pace_in, set_clock_in, set_health_in,
    set_pause_in, wait_in,
};
#[cfg(test)]
pub(crate) use recipients::NEXT_PENDING;
pub(in crate::store) use recipients::recipient_arrived_in;
pub use recipients::{
    Deltas, Move, NewRecipient, Planned, Recipient, RecipientFilter, RecipientStep, move_in,
};
pub(crate) use recipients::{next_pending_in, queued_in};
pub use refused::Refused;
pub use replies::{ANSWERS_PLANS, Replies, Reply};
pub use schedules::{NewSchedule, Schedule, ScheduleFilter};
pub use states::{CampaignState, RecipientState, ScheduleState};
