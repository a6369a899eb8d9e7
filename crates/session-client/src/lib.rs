//! Provides the typed HTTP client of session-manager.
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
//! Nothing is retried: the caller decides whether a send may be repeated, by
//! [`ClientError::was_certainly_not_received`]. Every request opens its own connection, so that
//! "cannot connect" and "broke off after the request was written" are always distinct. With a
//! pooled connection that the server has just closed, they would not be.

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
