//! The HTTP handlers. Each extracts the request, calls the service and converts the result.

pub mod chats;
pub mod events;
pub mod files;
pub mod media;
pub mod metrics;
mod multipart;
pub(crate) mod openapi;
pub mod passkey;
pub mod qr;
pub mod send;
pub mod session;
pub mod status;
