//! What was asked to be sent and what became of it, durable.
//!
//! ```text
//!  POST /send ──> Outbox ──> Store (SQLite, one writer) <── acks from the page
//!                   │  ^
//!                   v  └── settle: unknown outcomes, whenever READY
//!                 page (one lane per recipient, so many at once)
//! ```
//!
//! Nothing is asked of the page before its row, with the id that the message
//! will have, is on the disk.

mod acks;
mod file;
mod hash;
mod lanes;
mod outbox;
mod row;
mod settle;
mod store;
pub mod transition;

pub use file::LedgerFile;
pub use outbox::{Outbox, SendLimits};
pub use row::Row;
pub use store::{LedgerError, NewSend, Store};
