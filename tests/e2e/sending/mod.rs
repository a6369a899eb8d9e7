//! Tests outgoing messages: every kind, and each exactly once.

mod exactly_once;
pub(crate) mod file_kinds;
pub(crate) mod media;
mod message_changes;
mod message_kinds;
mod reactions;
