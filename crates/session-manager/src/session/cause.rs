//! Why a transition happened, and what can fail.

use std::fmt;

/// Why the session is in its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The service started and holds no linked profile.
    Started,
    /// The service started with a linked profile and connects by itself.
    LinkedProfileFound,
    /// Somebody asked to connect.
    ConnectRequested,
    /// Somebody asked to disconnect.
    DisconnectRequested,
    /// Somebody asked to unlink the device.
    LogoutRequested,
    /// The page shows a code.
    CodeShown,
    /// The code was scanned, or the number was confirmed on the phone.
    CodeScanned,
    /// The page came up with the stored device.
    ProfileLinked,
    /// Linked, synced, connected.
    Synced,
    /// The page lost its connection to WhatsApp; holds the page's word for it.
    ConnectionLost(String),
    /// The phone (or WhatsApp) unlinked the device; holds the page's reason.
    Unlinked(String),
    /// WhatsApp Web was opened elsewhere with this device.
    Conflict,
    /// The code went unscanned for all its rounds.
    CodeNotScanned,
    /// The browser is closed for a backup.
    BackingUp,
    /// Something broke.
    Failed(Failure),
    /// The browser is started again after a failure.
    Restarting(Failure),
}

impl Cause {
    /// The code in `GET /session`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Started => "STARTED",
            Self::LinkedProfileFound => "LINKED_PROFILE_FOUND",
            Self::ConnectRequested => "CONNECT_REQUESTED",
            Self::DisconnectRequested => "DISCONNECT_REQUESTED",
            Self::LogoutRequested => "LOGOUT_REQUESTED",
            Self::CodeShown => "CODE_SHOWN",
            Self::CodeScanned => "CODE_SCANNED",
            Self::ProfileLinked => "PROFILE_LINKED",
            Self::Synced => "SYNCED",
            Self::ConnectionLost(_) => "CONNECTION_LOST",
            Self::Unlinked(_) => "UNLINKED",
            Self::Conflict => "CONFLICT",
            Self::CodeNotScanned => "CODE_NOT_SCANNED",
            Self::BackingUp => "BACKING_UP",
            Self::Failed(failure) | Self::Restarting(failure) => failure.code(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("no linked profile is stored: waiting for POST /connect"),
            Self::LinkedProfileFound => {
                f.write_str("a linked profile is stored: connecting by itself")
            }
            Self::ConnectRequested => f.write_str("POST /connect asked for it"),
            Self::DisconnectRequested => {
                f.write_str("POST /disconnect asked for it; the device stays linked")
            }
            Self::LogoutRequested => {
                f.write_str("POST /logout asked for it; POST /connect shows a new code")
            }
            Self::CodeShown => f.write_str("the page shows a code: scan it with the phone"),
            Self::CodeScanned => f.write_str("the phone linked the device; syncing"),
            Self::ProfileLinked => {
                f.write_str("the stored device is linked; connecting to WhatsApp")
            }
            Self::Synced => f.write_str("linked, synced and connected"),
            Self::ConnectionLost(word) => write!(
                f,
                "the page lost its connection to WhatsApp ({word}); it reconnects by itself"
            ),
            Self::Unlinked(word) => write!(
                f,
                "the device was unlinked ({word}): POST /connect, then scan a new code"
            ),
            Self::Conflict => f.write_str(
                "WhatsApp Web was opened elsewhere with this device: close it there, then POST /connect",
            ),
            Self::CodeNotScanned => {
                f.write_str("nobody scanned the code in time: POST /connect shows a new one")
            }
            Self::BackingUp => f.write_str(
                "a backup of the session is being taken: it comes back by itself in some seconds",
            ),
            Self::Failed(failure) => failure.fmt(f),
            Self::Restarting(failure) => write!(f, "{failure}; starting the browser again"),
        }
    }
}

/// What can break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No Chrome or Chromium.
    ChromeNotFound(String),
    /// No ChromeDriver.
    ChromedriverNotFound(String),
    /// The profile folder cannot be used.
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
    /// The page does not answer.
    PageHung,
    /// The page loaded but never said what it is doing.
    PageStuck,
    /// The page says that it is connected, and WhatsApp acknowledges nothing.
    AcksStopped,
    /// What is sent cannot be written down.
    LedgerUnavailable(String),
    /// WhatsApp refuses this browser.
    UnsupportedBrowser,
    /// WhatsApp refuses the account, the address or the page's version.
    Blocked(String),
    /// The restart budget is spent; holds the last failure.
    TooManyRestarts(Box<Failure>),
}

/// How a failure is got over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Somebody has to mend the machine or the network: `ERROR`, and another
    /// try every now and then, since that costs next to nothing.
    RetrySlowly,
    /// A crash: start again at once, within a budget.
    Restart,
    /// Another try would meet the same answer: `ERROR` until `POST /connect`.
    GiveUp,
}

impl Failure {
    /// The code in `GET /session`.
    #[must_use]
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
            Self::LedgerUnavailable(_) => "LEDGER_UNAVAILABLE",
            Self::UnsupportedBrowser => "UNSUPPORTED_BROWSER",
            Self::Blocked(_) => "BLOCKED_BY_WHATSAPP",
            Self::TooManyRestarts(_) => "TOO_MANY_RESTARTS",
        }
    }

    /// How it is got over.
    #[must_use]
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
            | Self::AcksStopped => Remedy::Restart,
            Self::UnsupportedBrowser | Self::Blocked(_) | Self::TooManyRestarts(_) => {
                Remedy::GiveUp
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChromeNotFound(what) => write!(
                f,
                "no Chrome: {what}. Install it with `apt-get install chromium chromium-driver`, or point CHROME_BIN at it"
            ),
            Self::ChromedriverNotFound(what) => write!(
                f,
                "no chromedriver: {what}. Install it with `apt-get install chromium-driver`, or point CHROMEDRIVER_BIN at it"
            ),
            Self::ProfileUnusable(what) => write!(
                f,
                "the browser profile cannot be used: {what}. Give the service's user that folder, or point TOKENS_DIR elsewhere"
            ),
            Self::WaJsUnreadable(what) => {
                write!(
                    f,
                    "WA_JS_PATH cannot be read: {what}. Correct it or unset it"
                )
            }
            Self::PageUnreachable(what) => write!(
                f,
                "WhatsApp's page cannot be reached: {what}. Check the network and WHATSAPP_WEB_URL"
            ),
            Self::LaunchFailed(what) => write!(f, "the browser did not start: {what}"),
            Self::BrowserDied => f.write_str("Chrome ended unexpectedly"),
            Self::ChromedriverDied => f.write_str("chromedriver ended unexpectedly"),
            Self::PageCrashed => f.write_str("the page crashed in Chrome"),
            Self::PageHung => f.write_str("the page stopped answering"),
            Self::PageStuck => {
                f.write_str("the page loaded but shows neither a code nor a session")
            }
            Self::AcksStopped => f.write_str(
                "the page says that it is connected, but WhatsApp acknowledges nothing that is sent",
            ),
            Self::LedgerUnavailable(what) => write!(
                f,
                "the ledger of sends cannot be used, and nothing is sent without it: {what}. Make room on the disk, or put ledger.db in DATA_DIR right; it is tried again by itself"
            ),
            Self::UnsupportedBrowser => {
                f.write_str("WhatsApp refuses this browser: update Chromium and chromium-driver")
            }
            Self::Blocked(state) => write!(
                f,
                "WhatsApp refuses the session ({state}): look at the phone's WhatsApp for the reason, then POST /connect"
            ),
            Self::TooManyRestarts(last) => write!(
                f,
                "the browser failed too often, the last time because {last}. See the log for each, then POST /connect"
            ),
        }
    }
}
