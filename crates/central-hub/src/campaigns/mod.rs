//! Campaigns: one text to many people, each with what is theirs in it, at a
//! pace that a person could keep up.
//!
//! ```text
//!  template ──┐
//!  import ────┼─> recipients ──schedule: may one go now?──> outbox ──> outcome
//!  opt_out ───┘        ^                                               │
//!                      └── health: too many failures? pause ───────────┘
//! ```
//!
//! What is decided here is decided by pure functions: the clock, the zone,
//! chance and what was sent before come in as arguments.

pub mod columns;
pub mod health;
pub mod import;
mod meaning;
pub mod template;
