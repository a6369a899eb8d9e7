//! The types of the session machine: inputs, effects, limits.

use std::time::Duration;

use session_api::{SessionState, Timestamp};

use super::passkey::PasskeyStep;
use crate::browser::PageReport;
use crate::failure::Failure;
use crate::session::cause::Cause;

/// The bounds of what the machine does by itself.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Restarts after a crash within [`Self::restart_window`].
    pub restart_budget: u32,
    /// See [`Self::restart_budget`].
    pub restart_window: Duration,
    /// The pause before the first restart; doubles with each.
    pub restart_backoff: Duration,
    /// The pause between tries while the machine or the network is at fault.
    pub retry_interval: Duration,
    /// How many times an idle page is refreshed before the session closes.
    pub code_rounds: u32,
    /// How long a sync may show no progress before the page is loaded anew.
    pub sync_patience: Duration,
    /// How long the delivery of what waited may keep a connected session from
    /// `READY`.
    pub delivery_patience: Duration,
    /// How long a connected page may lack what sending and hearing need before
    /// that is reported.
    pub tools_patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            restart_budget: 5,
            restart_window: Duration::from_secs(600),
            restart_backoff: Duration::from_millis(500),
            retry_interval: Duration::from_secs(30),
            code_rounds: 6,
            sync_patience: Duration::from_secs(600),
            // As long as the page itself holds a send for it.
            delivery_patience: Duration::from_secs(300),
            tools_patience: Duration::from_secs(30),
        }
    }
}

/// Why the session is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// The service itself, since a linked profile is stored.
    Resume,
    /// A caller requested it (`POST /connect`).
    Requested,
}

/// The browser, as far as the machine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowserPhase {
    /// No process.
    Gone,
    /// Being started.
    Starting,
    /// Running.
    Up,
    /// Being closed.
    Closing,
}

/// The code on show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// What the phone reads.
    pub text: String,
    /// When WhatsApp will replace it.
    pub expires_at: Timestamp,
    /// How many codes follow in this round.
    pub codes_left: u32,
}

/// One change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: SessionState,
    /// After.
    pub to: SessionState,
    /// Why.
    pub cause: Cause,
    /// When.
    pub at: Timestamp,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The session is wanted.
    Connect(Intent),
    /// The session is not wanted; the device stays linked.
    Disconnect,
    /// The device was unlinked on request.
    LoggedOut,
    /// The service stops.
    Stop,
    /// The browser runs and the page is loading.
    BrowserUp,
    /// The browser did not start; nothing of it is left.
    BrowserFailed(Failure),
    /// The running browser is lost, and what is left of it is being ended:
    /// `BrowserClosed` follows.
    BrowserLost(Failure),
    /// The browser was closed or ended; nothing of it is left.
    BrowserClosed,
    /// The page is of no use as it is, but the browser may be: it is to be
    /// loaded anew.
    PageFailed(Failure),
    /// The page is about to be asked to unlink the device.
    LogoutStarted,
    /// The page reports.
    PageReport(Box<PageReport>),
    /// A pending retry is due.
    RetryDue,
    /// Why the ledger cannot be used; `None` once it can.
    Ledger(Option<String>),
    /// The browser has to be closed for a moment, even if it is wanted.
    Rest,
    /// That moment is over.
    RestOver,
    /// Time passed; drops a code, or gives up a passkey, that outlived itself.
    Tick,
}

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start the browser; answer with `BrowserUp` or `BrowserFailed`.
    Start,
    /// Close the browser; answer with `BrowserClosed`.
    Close,
    /// Delete the profile. Only ever asked for while the browser is gone.
    WipeProfile,
    /// Keep the profile beside the one to come. Only ever asked for while the
    /// browser is gone.
    SetProfileAside,
    /// Load the page anew.
    Reload,
    /// Ask the idle page for new codes.
    RefreshCode,
    /// Take the page back from a passkey to a code to scan.
    CancelPasskey,
    /// Log and count what happened to a passkey.
    PasskeyStep(PasskeyStep),
    /// Come back with `RetryDue` after this long; replaces an earlier one.
    RetryAfter(Duration),
    /// Note on disk, before it is published, that the profile is linked.
    RememberLinked,
    /// Take that note back.
    ForgetLinked,
}
