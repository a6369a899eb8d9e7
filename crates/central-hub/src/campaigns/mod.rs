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
mod heading_recognition;
pub mod health;
pub mod import;
pub mod template;
