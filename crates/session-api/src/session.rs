//! The body of `GET /session`: the session's state in detail. May grow fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FirstSync, Limits, SessionState, Timestamp};

/// The answer of `GET /session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionBody {
    /// Always [`crate::SESSION_NAME`].
    pub session: String,
    /// The state.
    pub state: SessionState,
    /// Since when it holds.
    pub since: Timestamp,
    /// Grows by one with every change that `GET /events` tells; starts at 1.
    pub generation: u64,
    /// Why the last transition happened, as a code such as `CODE_SCANNED`.
    pub cause: String,
    /// Why, for a person.
    pub cause_message: String,
    /// Whether the profile on disk is linked to a phone, browser or not.
    pub linked: bool,
    /// The linked account, once the page told it.
    pub account: Option<Account>,
    /// The code that can be scanned now.
    pub qr: Option<QrInfo>,
    /// The code to type into the phone that is out.
    #[serde(default)]
    pub pairing_code: Option<PairingCodeInfo>,
    /// The passkey that WhatsApp asks for.
    #[serde(default)]
    pub passkey: Option<PasskeyInfo>,
    /// What WhatsApp lets the account do.
    #[serde(default)]
    pub limits: Limits,
    /// The sync of the history after a fresh link.
    #[serde(default)]
    pub first_sync: FirstSync,
    /// The browser.
    pub browser: BrowserInfo,
    /// WhatsApp's page.
    pub page: PageInfo,
    /// Restarts of the browser that nobody asked for.
    pub restarts: RestartInfo,
    /// The last thing that failed, also when it was mended since.
    pub last_error: Option<LastError>,
    /// The latest transitions, newest first.
    pub history: Vec<HistoryEntry>,
    /// The service itself.
    pub service: ServiceInfo,
}

/// The linked account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// WhatsApp's id, such as `5491158254201@c.us`.
    pub id: String,
    /// The number alone: digits.
    pub phone: String,
    /// The privacy id (`…@lid`), where the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// The name that the account shows to others.
    #[serde(default)]
    pub pushname: Option<String>,
    /// The phone's platform, such as `android`.
    #[serde(default)]
    pub platform: Option<String>,
}

/// The code that can be scanned now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QrInfo {
    /// When the page will replace it.
    pub expires_at: Timestamp,
    /// How many more codes come before the page goes idle.
    pub codes_left: u32,
    /// How many times an idle page will still be refreshed by itself.
    pub refreshes_left: u32,
}

/// The code to type into the phone that is out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PairingCodeInfo {
    /// When WhatsApp takes it no more.
    pub expires_at: Timestamp,
}

/// The passkey that WhatsApp asks for before it links the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyInfo {
    /// `asked`, `required` (an answer is waited for), `answered` (WhatsApp and
    /// the phone work on it) or `confirm`.
    pub stage: String,
    /// Since when it is asked for.
    pub since: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// Whether a person has to confirm the verification code, with
    /// `POST /passkey/confirm`. Otherwise WhatsApp's page goes on by itself.
    pub needs_confirmation: bool,
}

/// The browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrowserInfo {
    /// Whether one runs.
    pub running: bool,
    /// Chrome's version.
    pub chrome_version: Option<String>,
    /// ChromeDriver's version.
    pub chromedriver_version: Option<String>,
    /// ChromeDriver's process id.
    pub chromedriver_pid: Option<u32>,
    /// When it was started.
    pub started_at: Option<Timestamp>,
}

/// WhatsApp's page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PageInfo {
    /// Where it was loaded from.
    pub url: String,
    /// The page's own version, such as `2.3000.1023`.
    pub whatsapp_version: Option<String>,
    /// The wa-js bundle's version.
    pub wa_js_version: Option<String>,
    /// What the page script found.
    pub self_test: Option<SelfTest>,
}

/// What the page script found when it looked for what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SelfTest {
    /// Whether everything was found.
    pub ok: bool,
    /// Each thing looked for, and whether it is there.
    pub checks: BTreeMap<String, bool>,
}

/// Restarts of the browser that nobody asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestartInfo {
    /// Since the service started.
    pub total: u64,
    /// Within the current window.
    pub recent: u32,
    /// How many the window allows before the state turns `ERROR`.
    pub budget: u32,
    /// The window, in seconds.
    pub window_seconds: u64,
}

/// The last thing that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastError {
    /// A code such as `CHROME_NOT_FOUND`.
    pub code: String,
    /// Cause and cure, for a person.
    pub message: String,
    /// When it happened.
    pub at: Timestamp,
}

/// One transition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    /// The state before.
    pub from: SessionState,
    /// The state after.
    pub to: SessionState,
    /// Why, as a code.
    pub cause: String,
    /// Why, for a person.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// The service itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceInfo {
    /// Its version.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
}
