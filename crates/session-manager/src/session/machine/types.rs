//! Defines the types of the session machine: inputs, effects and limits.

use std::time::Duration;

use session_api::{SessionState, Timestamp};

use super::passkey::PasskeyStep;
use crate::browser::PageReport;
use crate::failure::Failure;
use crate::session::cause::Cause;

/// The limits of the machine's automatic actions.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum number of restarts after crashes within [`Self::restart_window`].
    pub restart_budget: u32,
    /// The window of [`Self::restart_budget`].
    pub restart_window: Duration,
    /// Delay before the first restart. It doubles with each restart.
    pub restart_backoff: Duration,
    /// Interval between retries while the host or the network is at fault.
    pub retry_interval: Duration,
    /// How many times an idle page is refreshed before the session closes.
    pub code_rounds: u32,
    /// How long a sync may make no progress before the page is reloaded.
    pub sync_patience: Duration,
    /// How long the delivery of queued messages may keep a connected session
    /// from `READY`.
    pub delivery_patience: Duration,
    /// How long a connected page may lack functions that sending and receiving
    /// need before that is reported.
    pub tools_patience: Duration,
}

/// Why the session is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// The service itself wants it, since a linked profile is stored.
    Resume,
    /// A caller requested it (`POST /connect`).
    Requested,
}

/// The phase of the browser, as far as the machine knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowserPhase {
    /// No process exists.
    Gone,
    /// The browser is being started.
    Starting,
    /// The browser is running.
    Up,
    /// The browser is being closed.
    Closing,
}

/// The code that is displayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The text that the phone scans.
    pub text: String,
    /// When WhatsApp will replace the code.
    pub expires_at: Timestamp,
    /// How many codes follow in this round.
    pub codes_left: u32,
}

/// One state transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state before.
    pub from: SessionState,
    /// The state after.
    pub to: SessionState,
    /// The cause.
    pub cause: Cause,
    /// The time.
    pub at: Timestamp,
}

/// An input of the machine.
#[derive(Clone, Debug)]
pub enum Input {
    /// The session is wanted.
    Connect(Intent),
    /// The session is not wanted; the device stays linked.
    Disconnect,
    /// The device was unlinked on request.
    LoggedOut,
    /// The service is stopping.
    Stop,
    /// The browser runs and the page is loading.
    BrowserUp,
    /// The browser did not start; no process is left.
    BrowserFailed(Failure),
    /// The running browser is lost, and its processes are being ended. `BrowserClosed` follows.
    BrowserLost(Failure),
    /// The browser was closed or ended; no process is left.
    BrowserClosed,
    /// The page is unusable, but the browser may not be, so the page is to be reloaded.
    PageFailed(Failure),
    /// The page is about to be requested to unlink the device.
    LogoutStarted,
    /// The page sent a report.
    PageReport(Box<PageReport>),
    /// A pending retry is due.
    RetryDue,
    /// Why the ledger is unusable; `None` once it works.
    Ledger(Option<String>),
    /// The browser has to be closed temporarily, even if it is wanted.
    Rest,
    /// The temporary close is over.
    RestOver,
    /// Time passed. Drops an expired code, or cancels an expired passkey.
    Tick,
}

/// An effect that the driver carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start the browser. The driver answers with `BrowserUp` or `BrowserFailed`.
    Start,
    /// Close the browser. The driver answers with `BrowserClosed`.
    Close,
    /// Delete the profile. Only requested while the browser is gone.
    WipeProfile,
    /// Keep the profile next to its replacement. Only requested while the browser is gone.
    SetProfileAside,
    /// Reload the page.
    Reload,
    /// Request new codes from the idle page.
    RefreshCode,
    /// Lead the page back from a passkey to a code to scan.
    CancelPasskey,
    /// Log and count a passkey step.
    PasskeyStep(PasskeyStep),
    /// Send `RetryDue` after this delay, which replaces an earlier one.
    RetryAfter(Duration),
    /// Record on disk, before it is published, that the profile is linked.
    RememberLinked,
    /// Remove the record that the profile is linked.
    ForgetLinked,
}
