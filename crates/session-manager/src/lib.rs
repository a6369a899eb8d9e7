//! session-manager: one WhatsApp Web session in headless Chrome, over HTTP.

pub mod browser;
pub mod session;
