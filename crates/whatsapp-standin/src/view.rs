//! The phone API's request and response types.

use serde::{Deserialize, Serialize};

use crate::settings::Settings;
use crate::world::{Block, Failure, LeadContent, Limits, PageHttp, Rule};

/// A message a lead writes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadMessage {
    /// The lead's phone number, digits only.
    pub from: String,
    /// The text.
    pub body: String,
    /// The name the lead gave themselves.
    #[serde(default)]
    pub name: Option<String>,
    /// Arrives unreadable and turns into text after this long; 0 is at once.
    #[serde(default)]
    pub ciphertext_ms: u64,
    /// Comes from the lead's LID instead of the phone number.
    #[serde(default)]
    pub lid: bool,
    /// Whether the page is told which number is behind the LID.
    #[serde(default = "yes")]
    pub phone_known: bool,
    /// Was written so many seconds ago.
    #[serde(default)]
    pub age_s: u32,
    /// The page's type, where it is no text: `call_log`, `album`, …
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// A picture to be seen once: no linked device can ever read it.
    #[serde(default)]
    pub view_once: bool,
    /// What it is beside its text.
    #[serde(default)]
    pub content: LeadContent,
}

fn yes() -> bool {
    true
}

impl LeadMessage {
    /// A plain text.
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
            content: LeadContent::default(),
        }
    }

    /// The same with this beside the text.
    #[must_use]
    pub fn with(mut self, content: LeadContent) -> Self {
        self.content = content;
        self
    }
}

/// A linked device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// Its id.
    pub id: String,
    /// The account's phone number.
    pub phone: String,
    /// When it was linked, RFC 3339.
    pub linked_at: String,
    /// A page is logged in as it.
    pub connected: bool,
    /// That page has synced.
    pub synced: bool,
    /// Messages it has not confirmed yet.
    pub waiting: usize,
    /// It shows the account as online.
    pub available: bool,
    /// It acknowledged the "What's new" dialog.
    pub whats_new_seen: bool,
}

/// A code that a page shows now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownCode {
    /// The page.
    pub page: u64,
    /// Which of the round it is, from 1.
    pub number: u32,
    /// The full text.
    pub code: String,
    /// How long it will still be shown.
    pub expires_in_ms: u64,
}

/// A code for linking by number that is good now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkCode {
    /// The page.
    pub page: u64,
    /// `ABCD-EFGH`.
    pub code: String,
    /// The number it was asked for.
    pub phone: String,
}

/// Everything at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct State {
    /// Linked devices.
    pub devices: Vec<DeviceInfo>,
    /// The codes now shown, the newest page last.
    pub codes: Vec<ShownCode>,
    /// Codes for linking by number.
    pub link_codes: Vec<LinkCode>,
    /// Pages whose round of codes is over.
    pub idle: usize,
    /// Pages that ask for the account's passkey now.
    pub passkeys_wanted: usize,
    /// Passkeys that the account has.
    pub passkeys: usize,
    /// The network is up.
    pub network_up: bool,
    /// The page is shut out.
    pub block: Option<Block>,
    /// Why logins are refused.
    pub failure: Option<Failure>,
    /// How the page's address answers.
    pub page_http: PageHttp,
    /// Pages connected now.
    pub pages: usize,
    /// Messages taken from the device.
    pub received: usize,
    /// Messages dropped for an id seen before.
    pub duplicates: u64,
    /// Messages not taken.
    pub refused: usize,
    /// Messages leads wrote.
    pub inbound: u64,
    /// Of these, encrypted ones that cannot be read yet.
    pub ciphertexts: usize,
    /// How often pages stored or forgot what they were told to.
    pub stored: u64,
    /// How often pages fetched files of leads.
    pub downloads: u64,
    /// Numbers that pages asked about.
    pub lookups: u64,
    /// How the newest page's browser presents itself: user agents and client
    /// hints of the page, a worker and the service worker, and the screen.
    pub browser: Option<serde_json::Value>,
    /// Rules in force.
    pub rules: Vec<Rule>,
    /// What the account may do.
    pub limits: Limits,
    /// Numbers that the phone has blocked.
    pub blocked: Vec<String>,
    /// All settings.
    pub settings: Settings,
}
