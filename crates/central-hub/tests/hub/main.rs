//! central-hub over real sockets, in front of a fake session-manager that
//! answers what the test wants: every route's body, every failure, the page, the binary.
//!
//! The real pair is tested by the package `e2e`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod access;
mod alerts;
mod attacks;
mod backups;
mod campaigns;
mod contacts;
mod events;
mod failures;
mod fake_session_manager;
mod import_node;
mod inbox;
mod listener;
mod messages;
mod node_clients;
mod numbers;
mod outbox;
mod overview;
mod page;
mod password;
mod people;
mod program;
mod receiver;
mod routes;
mod search;
mod sending;
mod sends;
mod spreadsheets;
mod support;
mod webhooks;
