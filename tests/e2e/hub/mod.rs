//! Tests central-hub in front of session-manager.

mod alerts;
mod campaigns;
mod files;
mod full_disk;
mod outbox;
mod pair;
mod people;
mod reactions;
mod secrets;
mod sent_files;
mod traces;
