//! What was asked to be sent and what became of it, durable.
//!
//! ```text
//!  POST /send ──> Outbox ──> Store (SQLite, one writer) <── messages and acks
//!                   │  ^         │                            from the page
//!                   v  └─────────┼── settle: unknown outcomes, whenever READY
//!                 page           └─> events, told once they are on the disk
//!                 (one lane per recipient, so many at once)
//! ```
//!
//! Nothing is asked of the page before its row, with the id that the message
//! will have, is on the disk.

mod acks;
mod events;
mod file;
mod hash;
mod inbound;
mod lanes;
mod message_id;
mod outbox;
mod row;
mod settle;
mod store;
pub mod transition;
mod writer;

pub use events::{Recorded, Seen};
pub use file::LedgerFile;
pub use hash::body_hash;
pub use inbound::{LinkAge, OVERLAP_SECONDS, Watermark};
pub use outbox::{Outbox, Payload, SendLimits};
pub use row::Row;
pub use store::{FileRow, LedgerError, NewSend, Store};
