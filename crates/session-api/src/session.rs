//! The body of `GET /session`: the session's state in detail. Fields may be added to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FirstSync, Limits, SessionState, Timestamp};

/// The response of `GET /session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionBody {
    /// Always [`crate::SESSION_NAME`].
    pub session: String,
    /// The session state.
    pub state: SessionState,
    /// When the session entered the state.
    pub since: Timestamp,
    /// A number that starts at 1 and increases by one with every change that
    /// `GET /events` publishes.
    pub generation: u64,
    /// The cause of the last transition, as a code such as `CODE_SCANNED`.
    pub cause: String,
    /// The cause of the last transition, as a human-readable text.
    pub cause_message: String,
    /// Whether the profile on disk is linked to a phone, with or without a
    /// running browser.
    pub linked: bool,
    /// The linked account, once the page has reported it.
    pub account: Option<Account>,
    /// The QR code to scan now; `null` if there is none.
    pub qr: Option<QrInfo>,
    /// The current pairing code.
    #[serde(default)]
    pub pairing_code: Option<PairingCodeInfo>,
    /// The passkey that WhatsApp requests.
    #[serde(default)]
    pub passkey: Option<PasskeyInfo>,
    /// WhatsApp's limits for the account.
    #[serde(default)]
    pub limits: Limits,
    /// The history sync after a new link.
    #[serde(default)]
    pub first_sync: FirstSync,
    /// The state of the browser.
    pub browser: BrowserInfo,
    /// The state of WhatsApp's page.
    pub page: PageInfo,
    /// The restarts of the browser that nobody requested.
    pub restarts: RestartInfo,
    /// The last error, even if it has been resolved since.
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
    /// The digits of the phone number.
    pub phone: String,
    /// The LID (`…@lid`), if the page knows it.
    #[serde(default)]
    pub lid: Option<String>,
    /// The name that other users see.
    #[serde(default)]
    pub pushname: Option<String>,
    /// The phone's platform, such as `android`.
    #[serde(default)]
    pub platform: Option<String>,
}

/// The QR code to scan now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QrInfo {
    /// When the page will replace the code.
    pub expires_at: Timestamp,
    /// Number of codes that follow before the page becomes idle.
    pub codes_left: u32,
    /// Number of times that an idle page will still be refreshed automatically.
    pub refreshes_left: u32,
}

/// The current pairing code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PairingCodeInfo {
    /// When the code expires.
    pub expires_at: Timestamp,
}

/// The passkey that WhatsApp requests before it links the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyInfo {
    /// The stage: `asked`, `required` (waiting for a response), `answered`
    /// (WhatsApp and the phone are processing the response) or `confirm`.
    pub stage: String,
    /// When the passkey was requested.
    pub since: Timestamp,
    /// When the request expires.
    pub expires_at: Timestamp,
    /// Whether a person has to confirm the verification code with
    /// `POST /passkey/confirm`. Otherwise WhatsApp's page continues by itself.
    pub needs_confirmation: bool,
}

/// The state of the browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrowserInfo {
    /// Whether a browser is running.
    pub running: bool,
    /// Chrome's version.
    pub chrome_version: Option<String>,
    /// ChromeDriver's version.
    pub chromedriver_version: Option<String>,
    /// ChromeDriver's process id.
    pub chromedriver_pid: Option<u32>,
    /// When the browser started.
    pub started_at: Option<Timestamp>,
}

/// The state of WhatsApp's page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PageInfo {
    /// The URL from which the page was loaded.
    pub url: String,
    /// The page's own version, such as `2.3000.1023`.
    pub whatsapp_version: Option<String>,
    /// The wa-js bundle's version.
    pub wa_js_version: Option<String>,
    /// The result of the page script's self-test.
    pub self_test: Option<SelfTest>,
}

/// The self-test of the page script, which checks everything that the script needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SelfTest {
    /// Whether all checks passed.
    pub ok: bool,
    /// Each check, and whether it passed.
    pub checks: BTreeMap<String, bool>,
}

/// The restarts of the browser that nobody requested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RestartInfo {
    /// Number of restarts since the service started.
    pub total: u64,
    /// Number of restarts within the current window.
    pub recent: u32,
    /// Maximum number of restarts within the window; beyond it, the state is `ERROR`.
    pub budget: u32,
    /// The length of the window, in seconds.
    pub window_seconds: u64,
}

/// The last error of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastError {
    /// The code, such as `CHROME_NOT_FOUND`.
    pub code: String,
    /// The cause and the remedy, as a human-readable text.
    pub message: String,
    /// When the error occurred.
    pub at: Timestamp,
}

/// A state transition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    /// The state before.
    pub from: SessionState,
    /// The state after.
    pub to: SessionState,
    /// The cause of the transition, as a code.
    pub cause: String,
    /// The cause of the transition, as a human-readable text.
    pub message: String,
    /// When the transition happened.
    pub at: Timestamp,
}

/// Data of the service itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceInfo {
    /// The version of the service.
    pub version: String,
    /// When the service started.
    pub started_at: Timestamp,
}
