//! session-manager alone: its WhatsApp session, its HTTP interface, its environment.

mod backups;
mod crash_recovery;
mod environment;
mod file_quota;
mod http_access;
mod http_contract;
mod http_requests;
mod lifecycle;
mod linking;
mod live_page;
mod malformed_requests;
mod missing_dependencies;
mod passkey;
mod passkey_authenticator;
mod secrets;
mod standin_real_clients;
mod watchdog;
