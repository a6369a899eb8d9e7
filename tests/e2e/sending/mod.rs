//! Outgoing messages: each exactly once, of every kind.

mod exactly_once;
mod file_kinds;
mod media;
mod message_changes;
mod message_kinds;
