//! Campaigns, which send one text to many recipients at a human pace, with each
//! recipient's values filled in.
//!
//! ```text
//!  template ──┐
//!  import ────┼─> recipients ──schedule: may one go now?──> outbox ──> outcome
//!  opt_out ───┘        ^                                               │
//!                      └── health: too many failures? pause ───────────┘
//! ```
//!
//! All decisions here are pure functions: the clock, the time zone, the
//! randomness and the number of messages already sent are arguments.

pub mod columns;
pub mod heading_recognition;
pub mod health;
pub mod import;
pub mod template;
