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
mod passkey;
mod phone;
mod server;
mod settings;
mod shared;
mod socket;
mod store;
mod view;
mod wire;
mod world;

pub use crate::error::PhoneError;
pub use crate::phone::Phone;
pub use crate::server::Standin;
pub use crate::settings::Settings;
pub use crate::view::{DeviceInfo, LeadMessage, LinkCode, ShownCode, Snapshot};
pub use crate::wire::{Ban, ChatActivity, LinkCodeEvent, LongTask, Stored};
pub use crate::world::{
    Block, CappingStatus, Details, Failure, LeadAd, LeadChoice, LeadContent, LeadMedia, LeadOrder,
    LeadPoll, Limits, NewChats, OwnChange, PageHttp, Place, ReachOutLock, ReadReceipt, Received,
    RefusedMessage, Rule, SendBehavior, SentFile, ShownActivity,
};
