//! The ADMIN session: its machine, and the one task that owns it.
//!
//! ```text
//!  http ──> SessionHandle ──> SessionDriver (one task) ──> browser
//!             ^                     │ Machine (pure)
//!             └──── snapshots ──────┘ Publisher
//! ```

pub mod cause;
mod driver;
mod handle;
mod log;
mod publisher;
mod qr;
pub mod state;
mod timers;

pub use driver::{SessionDriver, Watchfulness};
pub use handle::{AskError, LogoutOutcome, SessionHandle};
pub use log::{EventLog, Logged, Recent, Ticket, id_of, json};
pub use publisher::{Snapshot, qr_event, state_event};
pub use qr::QrImage;
pub use state::{Limits, Passkey};
