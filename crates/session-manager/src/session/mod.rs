//! Runs the session ADMIN: its state machine, and the one task that owns it.
//!
//! ```text
//!  http ──> SessionHandle ──> SessionDriver (one task) ──> browser
//!             ^                     │ Machine (pure)
//!             └──── snapshots ──────┘ Publisher
//! ```

mod catch_up_progress;
pub mod cause;
mod driver;
mod handle;
mod inbox;
pub mod machine;
mod publisher;
mod qr_image;
mod timers;

pub use catch_up_progress::CatchUp;
pub use driver::{HeartbeatConfig, SessionDriver};
pub use handle::{AskError, LogoutOutcome, OfflineError, SessionHandle};
pub use inbox::Inbox;
pub use machine::{Limits, Passkey};
pub use publisher::{Snapshot, qr_event, state_event};
pub use qr_image::QrImage;
