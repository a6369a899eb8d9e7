//! Messages in: each told exactly once, to listeners and webhooks.

mod catch_up;
mod changes;
mod content;
mod exactly_once;
mod media;
mod webhooks;
mod webhooks_tls;
