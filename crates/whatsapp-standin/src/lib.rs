//! A test double of WhatsApp Web, for tests, benchmarks and rehearsals.
//!
//! ```text
//!   real client ──▶ page (assets/app) ◀─ WebSocket ─▶ World ◀─ Phone ◀─ /phone, tests
//!   (wa-js, wwebjs)  module registry                  codes, devices,
//!                    IndexedDB identity               messages, rules
//! ```
//!
//! [`Standin::start`] serves the page into which clients inject their scripts, and the phone:
//! [`Phone`] for tests in Rust, `/phone/api/…` for other programs, `/phone` for people.

mod codes;
mod error;
mod http;
mod page_protocol;
mod passkey;
mod phone;
mod phone_api_types;
mod server;
mod settings;
mod shared;
mod socket;
mod state_file;
mod world;

pub use crate::error::PhoneError;
pub use crate::page_protocol::{Ban, ChatActivity, LinkCodeEvent, LongTask, Stored};
pub use crate::phone::Phone;
pub use crate::phone_api_types::{DeviceInfo, LeadMessage, LinkCode, ShownCode, Snapshot};
pub use crate::server::Standin;
pub use crate::settings::Settings;
pub use crate::world::{
    Block, CappingStatus, Details, Failure, LeadAd, LeadChoice, LeadContent, LeadMedia, LeadOrder,
    LeadPoll, Limits, NewChats, OwnChange, PageHttp, Place, ReachOutLock, ReadReceipt, Received,
    RefusedMessage, Rule, SendBehavior, SentFile, ShownActivity,
};
