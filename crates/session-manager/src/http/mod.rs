//! The handlers: extract, call, convert.

pub mod events;
mod idempotency;
pub mod qr;
pub mod send;
pub mod session;
pub mod status;

pub use idempotency::IdempotencyKeys;
