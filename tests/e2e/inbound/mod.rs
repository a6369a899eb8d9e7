//! Tests incoming messages: each is published exactly once, to clients and webhooks.

mod catch_up;
mod changes;
mod content;
mod exactly_once;
mod media;
mod webhooks;
mod webhooks_tls;
