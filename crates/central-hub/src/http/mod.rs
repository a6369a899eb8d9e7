//! The handlers: extract, call, convert.

pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod campaigns;
pub(crate) mod cliente;
pub(crate) mod config;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod listener;
pub(crate) mod messages;
pub(crate) mod metrics;
pub(crate) mod node;
pub(crate) mod numbers;
pub(crate) mod openapi;
pub(crate) mod overview;
pub(crate) mod passkey;
pub(crate) mod qr_code;
pub(crate) mod reports;
pub(crate) mod send;
pub(crate) mod sender;
pub(crate) mod tokens;
pub(crate) mod upstream;
pub(crate) mod users;
pub(crate) mod v2;
pub(crate) mod web;
pub(crate) mod webhooks;
