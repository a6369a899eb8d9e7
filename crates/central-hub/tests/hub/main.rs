//! Tests central-hub over real sockets, with a scripted fake of
//! session-manager: the body of every route, every failure, the page and the
//! binary.
//!
//! The package `e2e` tests the real services together.

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
mod hangs;
mod import_node;
mod inbox;
mod listener;
mod lookups;
mod media;
mod message_actions;
mod message_contents;
mod messages;
mod node_clients;
mod numbers;
mod openapi;
mod outbox;
mod overview;
mod page;
mod password;
mod people;
mod program;
mod quick_answers;
mod receiver;
mod routes;
mod search;
mod sending;
mod sends;
mod spreadsheets;
mod support;
mod webhooks;
