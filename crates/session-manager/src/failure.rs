//! Defines the failures of the browser, the page and the ledger: codes, messages, and the remedy
//! for each (retry, restart, give up).

use std::fmt;

use session_api::Timestamp;

/// A failure of the browser, the page or the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No Chrome or Chromium was found.
    ChromeNotFound(String),
    /// No ChromeDriver was found.
    ChromedriverNotFound(String),
    /// The profile folder is unusable.
    ProfileUnusable(String),
    /// `WA_JS_PATH` cannot be read.
    WaJsUnreadable(String),
    /// The page does not load.
    PageUnreachable(String),
    /// ChromeDriver or Chrome did not start.
    LaunchFailed(String),
    /// Chrome ended.
    BrowserDied,
    /// ChromeDriver ended.
    ChromedriverDied,
    /// The page's renderer crashed.
    PageCrashed,
    /// The page does not respond.
    PageHung,
    /// The page loaded, but displays neither a code nor a session.
    PageStuck,
    /// The page claims to be connected, but WhatsApp sends no acks.
    AcksStopped,
    /// The first sync, or the sync after a start, makes no progress.
    SyncStalled,
    /// Sends cannot be stored.
    LedgerUnavailable(String),
    /// WhatsApp refuses this browser.
    UnsupportedBrowser,
    /// WhatsApp refuses the account, the address or the page's version.
    Blocked(String),
    /// WhatsApp banned the account temporarily. Contains the reason code and the end of the ban.
    TemporarilyBanned(Option<i64>, Option<Timestamp>),
    /// The page requires its user to log out. Contains the page's reason code.
    UnexpectedLogout(String),
    /// The restart budget is spent. Contains the last failure.
    TooManyRestarts(Box<Failure>),
}

/// How the session recovers from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The host or the network needs repair. The session goes to `ERROR`, with occasional retries,
    /// which cost almost nothing.
    RetrySlowly,
    /// The browser crashed. Restart it immediately, within a budget.
    Restart,
    /// A retry would fail in the same way. The session stays in `ERROR` until `POST /connect`.
    GiveUp,
}

impl Failure {
    /// Returns the code used in `GET /session`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ChromeNotFound(_) => "CHROME_NOT_FOUND",
            Self::ChromedriverNotFound(_) => "CHROMEDRIVER_NOT_FOUND",
            Self::ProfileUnusable(_) => "PROFILE_UNUSABLE",
            Self::WaJsUnreadable(_) => "WA_JS_UNREADABLE",
            Self::PageUnreachable(_) => "PAGE_UNREACHABLE",
            Self::LaunchFailed(_) => "BROWSER_LAUNCH_FAILED",
            Self::BrowserDied => "BROWSER_DIED",
            Self::ChromedriverDied => "CHROMEDRIVER_DIED",
            Self::PageCrashed => "PAGE_CRASHED",
            Self::PageHung => "PAGE_HUNG",
            Self::PageStuck => "PAGE_STUCK",
            Self::AcksStopped => "ACKS_STOPPED",
            Self::SyncStalled => "SYNC_STALLED",
            Self::LedgerUnavailable(_) => "LEDGER_UNAVAILABLE",
            Self::UnsupportedBrowser => "UNSUPPORTED_BROWSER",
            Self::Blocked(_) => "BLOCKED_BY_WHATSAPP",
            Self::TemporarilyBanned(..) => "TEMPORARILY_BANNED",
            Self::UnexpectedLogout(_) => "UNEXPECTED_LOGOUT",
            Self::TooManyRestarts(_) => "TOO_MANY_RESTARTS",
        }
    }

    /// Returns the remedy for the failure.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::ChromeNotFound(_)
            | Self::ChromedriverNotFound(_)
            | Self::ProfileUnusable(_)
            | Self::WaJsUnreadable(_)
            | Self::LedgerUnavailable(_)
            | Self::PageUnreachable(_) => Remedy::RetrySlowly,
            Self::LaunchFailed(_)
            | Self::BrowserDied
            | Self::ChromedriverDied
            | Self::PageCrashed
            | Self::PageHung
            | Self::PageStuck
            | Self::AcksStopped
            | Self::UnexpectedLogout(_)
            | Self::SyncStalled => Remedy::Restart,
            // After a ban, the page logs in again by itself when the ban ends.
            Self::UnsupportedBrowser
            | Self::Blocked(_)
            | Self::TemporarilyBanned(..)
            | Self::TooManyRestarts(_) => Remedy::GiveUp,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChromeNotFound(reason) => write!(
                f,
                "no Chrome: {reason}. Install it with `apt-get install chromium chromium-driver`, or point CHROME_BIN at it"
            ),
            Self::ChromedriverNotFound(reason) => write!(
                f,
                "no chromedriver: {reason}. Install it with `apt-get install chromium-driver`, or point CHROMEDRIVER_BIN at it"
            ),
            Self::ProfileUnusable(reason) => write!(
                f,
                "the browser profile cannot be used: {reason}. Give the service's user that folder, or point TOKENS_DIR elsewhere"
            ),
            Self::WaJsUnreadable(reason) => {
                write!(
                    f,
                    "WA_JS_PATH cannot be read: {reason}. Correct it or unset it"
                )
            }
            Self::PageUnreachable(reason) => write!(
                f,
                "WhatsApp's page cannot be reached: {reason}. Check the network and WHATSAPP_WEB_URL"
            ),
            Self::LaunchFailed(reason) => write!(f, "the browser did not start: {reason}"),
            Self::BrowserDied => f.write_str("Chrome ended unexpectedly"),
            Self::ChromedriverDied => f.write_str("chromedriver ended unexpectedly"),
            Self::PageCrashed => f.write_str("the page crashed in Chrome"),
            Self::PageHung => f.write_str("the page stopped answering"),
            Self::PageStuck => {
                f.write_str("the page loaded but shows neither a code nor a session")
            }
            Self::AcksStopped => f.write_str(
                "the page says that it is connected, but WhatsApp acknowledges no messages",
            ),
            Self::SyncStalled => {
                f.write_str("the page is connected, but its sync makes no more progress")
            }
            Self::LedgerUnavailable(reason) => write!(
                f,
                "the ledger of sends cannot be used, and nothing is sent without it: {reason}. Free disk space, or repair ledger.db in DATA_DIR; the service retries by itself"
            ),
            Self::UnsupportedBrowser => {
                f.write_str("WhatsApp refuses this browser: update Chromium and chromium-driver")
            }
            Self::Blocked(state) => write!(
                f,
                "WhatsApp refuses the session ({state}): look at the phone's WhatsApp for the reason, then POST /connect"
            ),
            Self::TemporarilyBanned(code, until) => {
                f.write_str("WhatsApp banned the account for a while")?;
                if let Some(until) = until {
                    write!(f, ", until {until}")?;
                }
                if let Some(code) = code {
                    write!(f, " (reason {code})")?;
                }
                f.write_str(
                    ": look at the phone's WhatsApp, stop all campaigns, and wait; the session resumes by itself when the ban ends",
                )
            }
            Self::UnexpectedLogout(code_word) => write!(
                f,
                "WhatsApp's page hit an unexpected condition and asks to log out ({code_word})"
            ),
            Self::TooManyRestarts(last) => write!(
                f,
                "the browser failed too often, the last time because {last}. See the log for each, then POST /connect"
            ),
        }
    }
}
