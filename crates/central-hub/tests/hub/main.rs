//! central-hub over real sockets, in front of a peer that answers what the
//! test wants: every route's body, every failure, the page, the binary.
//!
//! The real pair is tested by the package `e2e`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod access;
mod attacks;
mod campaigns;
mod door;
mod events;
mod failures;
mod import_node;
mod journal;
mod listener;
mod messages;
mod node_clients;
mod numbers;
mod outbox;
mod overview;
mod page;
mod peer;
mod program;
mod receiver;
mod routes;
mod sends;
mod support;
mod webhooks;
