//! Keeps the ledger, the durable record of sends, events and files, in SQLite.
//!
//! ```text
//!  POST /send ──> Outbox ──> Store (SQLite, one writer) <── messages and acks
//!                   │  ^         │                            from the page
//!                   v  └─────────┼── settle: unknown outcomes, whenever READY
//!                 page           └─> events, published once they are on disk
//! ```
//!
//! The page receives no request until its row is on disk, with the id that the message will have.

mod append;
mod error;
mod events;
mod file;
mod files;
mod forget;
mod forgotten;
mod insert_media;
mod media;
mod message_changes;
mod message_id;
mod open;
mod send_row;
pub mod send_state_machine;
mod store;
mod watermark;
mod writer;

pub use error::LedgerError;
pub use events::{NewEvent, Recorded};
pub use file::LedgerFile;
pub use files::FileRow;
pub use forget::ForgottenChat;
pub use media::{MediaRow, StoredMedia};
pub use message_changes::{MessageChange, MessageChangeKind, MessageChangeState, NewMessageChange};
pub use send_row::{CONNECTION_LOST, ChangesOfMessage, Row};
pub use store::{NewSend, Store, TransitionData};
pub use watermark::{LinkAge, OVERLAP_SECONDS, Watermark};
