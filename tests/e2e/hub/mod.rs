//! central-hub in front of session-manager.

mod campaigns;
mod files;
mod outbox;
mod pair;
mod people;
mod secrets;
mod traces;
