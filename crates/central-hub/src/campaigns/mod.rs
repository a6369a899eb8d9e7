//! Campaigns: one text to many recipients, each with their own values filled
//! in, at a human pace.
//!
//! ```text
//!  template ──┐
//!  import ────┼─> recipients ──schedule: may one go now?──> outbox ──> outcome
//!  opt_out ───┘        ^                                               │
//!                      └── health: too many failures? pause ───────────┘
//! ```
//!
//! All decisions here are pure functions: clock, zone, randomness and the
//! number of messages already sent are arguments.

pub mod columns;
pub mod health;
pub mod import;
mod meaning;
pub mod template;
