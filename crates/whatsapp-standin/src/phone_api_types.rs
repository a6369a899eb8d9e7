//! Defines the request and response types of the phone's API.

use serde::{Deserialize, Serialize};

use crate::settings::Settings;
use crate::world::{Block, Failure, LeadContent, Limits, PageHttp, ReadReceipt, Rule};

/// A message from a lead.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadMessage {
    /// The lead's phone number, digits only.
    pub from: String,
    /// The text.
    pub body: String,
    /// The name that the lead chose for themselves.
    #[serde(default)]
    pub name: Option<String>,
    /// Delay in milliseconds until an unreadable message becomes readable. With 0 the message is
    /// readable at once.
    #[serde(default)]
    pub ciphertext_ms: u64,
    /// Whether the sender is the lead's LID instead of the phone number.
    #[serde(default)]
    pub lid: bool,
    /// Whether the page knows the number behind the LID.
    #[serde(default = "yes")]
    pub phone_known: bool,
    /// Age of the message, in seconds.
    #[serde(default)]
    pub age_s: u32,
    /// The page's type of the message if it is not text: `call_log`, `album`, …
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Whether the message is a view-once picture, which no linked device can ever read.
    #[serde(default)]
    pub view_once: bool,
    /// The page's type of an unreadable message after decryption, if it is not text: `pin_message`,
    /// `protocol`, …
    #[serde(default)]
    pub opens_as: Option<String>,
    /// Whether the unreadable message changes another one. After decryption the page applies the
    /// change and deletes the placeholder.
    #[serde(default)]
    pub opens_as_change: bool,
    /// Content in addition to the text.
    #[serde(default)]
    pub content: LeadContent,
}

fn yes() -> bool {
    true
}

impl LeadMessage {
    /// Creates a plain text message.
    #[must_use]
    pub fn text(from: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            from: from.into(),
            body: body.into(),
            name: None,
            ciphertext_ms: 0,
            lid: false,
            phone_known: true,
            age_s: 0,
            kind: None,
            view_once: false,
            opens_as: None,
            opens_as_change: false,
            content: LeadContent::default(),
        }
    }

    /// Adds content to the message.
    #[must_use]
    pub fn with(mut self, content: LeadContent) -> Self {
        self.content = content;
        self
    }
}

/// A linked device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// The device's id.
    pub id: String,
    /// The account's phone number.
    pub phone: String,
    /// When the device was linked, as RFC 3339.
    pub linked_at: String,
    /// Whether a page is logged in as this device.
    pub connected: bool,
    /// Whether the page has synced.
    pub synced: bool,
    /// Number of messages that the device has not confirmed.
    pub waiting: usize,
    /// Whether the device shows the account as online.
    pub available: bool,
    /// Whether the user acknowledged the "What's new" dialog.
    pub whats_new_seen: bool,
    /// Whether the device received the complete history.
    pub has_history: bool,
}

/// A code that a page currently shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownCode {
    /// The page's id.
    pub page: u64,
    /// The position of the code in its round, counted from 1.
    pub number: u32,
    /// The full text of the code.
    pub code: String,
    /// Time until the code expires, in milliseconds.
    pub expires_in_ms: u64,
}

/// A valid code for linking by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkCode {
    /// The page's id.
    pub page: u64,
    /// The code: `ABCD-EFGH`.
    pub code: String,
    /// The number that the code was requested for.
    pub phone: String,
}

/// A snapshot of the whole state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// Linked devices.
    pub devices: Vec<DeviceInfo>,
    /// The current codes, the newest page last.
    pub codes: Vec<ShownCode>,
    /// The valid codes for linking by number.
    pub link_codes: Vec<LinkCode>,
    /// Number of pages whose round of codes is over.
    pub idle: usize,
    /// Number of pages that currently request the account's passkey.
    pub passkeys_wanted: usize,
    /// Number of passkeys of the account.
    pub passkeys: usize,
    /// Whether the network is up.
    pub network_up: bool,
    /// The page's blocked state, if any.
    pub block: Option<Block>,
    /// The reason for rejected logins.
    pub failure: Option<Failure>,
    /// The HTTP response of the page's address.
    pub page_http: PageHttp,
    /// Number of connected pages.
    pub pages: usize,
    /// Number of messages accepted from devices.
    pub received: usize,
    /// Number of messages dropped by dedup of their ids.
    pub duplicates: u64,
    /// Number of rejected messages.
    pub refused: usize,
    /// Number of messages that leads sent.
    pub inbound: u64,
    /// Number of messages that are encrypted and not readable yet.
    pub ciphertexts: usize,
    /// Numbers whose chats show the account as typing or recording now.
    pub typing_to: Vec<String>,
    /// Read receipts that leads got, in order.
    pub reads: Vec<ReadReceipt>,
    /// How often pages stored or deleted messages on the phone's request.
    pub stored: u64,
    /// How often pages fetched files of leads.
    pub downloads: u64,
    /// Number of lookups of phone numbers.
    pub lookups: u64,
    /// Fingerprint of the newest page's browser: the screen, and the user agents and client hints
    /// of the page, a worker and the service worker.
    pub browser: Option<serde_json::Value>,
    /// Active rules.
    pub rules: Vec<Rule>,
    /// The account's limits.
    pub limits: Limits,
    /// Numbers blocked on the phone.
    pub blocked: Vec<String>,
    /// All settings.
    pub settings: Settings,
}
