//! The typed HTTP client of session-manager.
//!
//! ```text
//!  caller ─> SessionClient ── one connection for each call ──> session-manager
//!                │                                                   │
//!                │   2xx that matches the API    ──> typed, or bytes │
//!                │   {"error":true,…}            ──> Remote          │
//!                │   anything else               ──> BadResponse     │
//!                └── no connection ──> Unavailable, no response ──> Timeout
//! ```
//!
//! Nothing is retried: whether a send may be repeated is for the caller to
//! decide, by [`ClientError::was_certainly_not_received`]. Every request opens
//! its own connection, so that "cannot connect" and "broke off after the
//! request was written" are always distinct; a pooled connection that the
//! server has just closed would blur them.

mod actions;
mod client;
mod endpoint;
mod error;
mod events;
mod tls;
mod transfer;

pub use client::{RawAnswer, SessionClient};
pub use endpoint::{Endpoint, Timeouts};
pub use error::{BuildError, ClientError};
pub use events::{SseEvent, decode};
pub use transfer::{Media, Passed};
