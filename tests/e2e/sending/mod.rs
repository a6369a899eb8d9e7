//! Outgoing messages: each exactly once, of every kind.

mod exactly_once;
mod media;
mod message_changes;
mod message_kinds;
