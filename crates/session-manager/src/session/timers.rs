//! Holds the driver's timers: retry, code expiry, heartbeat, boot, refresh and logout.

use std::time::Duration;

use session_api::Timestamp;
use tokio::time::Instant;

/// Slightly more than the machine's own grace period for a code.
const CODE_GRACE: Duration = Duration::from_millis(2_050);
/// How long a refreshed page may take to display a code.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(10);

/// A timer that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Retry,
    Code,
    Passkey,
    Heartbeat,
    Boot,
    Refresh,
    SelfTest,
    Logout,
}

/// The driver's timers; each fires once.
#[derive(Debug, Default)]
pub(super) struct Timers {
    retry: Option<Instant>,
    code: Option<(Timestamp, Instant)>,
    passkey: Option<(Timestamp, Instant)>,
    heartbeat: Option<Instant>,
    boot: Option<Instant>,
    refresh: Option<Instant>,
    self_test: Option<Instant>,
    logout: Option<Instant>,
}

impl Timers {
    /// Waits for the first timer that is due; pends while none is set.
    pub(super) async fn next(&mut self) -> Due {
        let times = [
            (self.retry, Due::Retry),
            (self.code.map(|(_, at)| at), Due::Code),
            (self.passkey.map(|(_, at)| at), Due::Passkey),
            (self.heartbeat, Due::Heartbeat),
            (self.boot, Due::Boot),
            (self.refresh, Due::Refresh),
            (self.self_test, Due::SelfTest),
            (self.logout, Due::Logout),
        ];
        let first = times
            .into_iter()
            .filter_map(|(at, due)| Some((at?, due)))
            .min_by_key(|(at, _)| *at);
        let Some((at, due)) = first else {
            return std::future::pending().await;
        };
        tokio::time::sleep_until(at).await;
        match due {
            Due::Retry => self.retry = None,
            Due::Code => self.code = None,
            Due::Passkey => self.passkey = None,
            Due::Heartbeat => self.heartbeat = None,
            Due::Boot => self.boot = None,
            Due::Refresh => self.refresh = None,
            Due::SelfTest => self.self_test = None,
            Due::Logout => self.logout = None,
        }
        due
    }

    pub(super) fn retry_after(&mut self, pause: Duration) {
        self.retry = Some(Instant::now() + pause);
    }

    pub(super) fn code_until(&mut self, expires_at: Option<Timestamp>) {
        until(&mut self.code, expires_at, CODE_GRACE);
    }

    pub(super) fn passkey_until(&mut self, expires_at: Option<Timestamp>) {
        // One millisecond later, so that the passkey has expired by the clock as well.
        until(&mut self.passkey, expires_at, Duration::from_millis(1));
    }

    /// Starts the boot timer, because a page begins to load.
    pub(super) fn page_loading(&mut self, patience: Duration) {
        self.boot = Some(Instant::now() + patience);
        self.heartbeat = None;
    }

    /// Handles a report. `settled` says that the page displays a code or a session.
    pub(super) fn page_reported(&mut self, settled: bool, beat: Duration, patience: Duration) {
        self.heartbeat_after(beat);
        if settled {
            self.boot = None;
        } else if self.boot.is_none() {
            self.boot = Some(Instant::now() + patience);
        }
    }

    pub(super) fn heartbeat_after(&mut self, pause: Duration) {
        self.heartbeat = Some(Instant::now() + pause);
    }

    pub(super) fn refresh_started(&mut self) {
        self.refresh = Some(Instant::now() + REFRESH_TIMEOUT);
    }

    pub(super) fn refresh_over(&mut self) {
        self.refresh = None;
    }

    pub(super) fn self_test_after(&mut self, pause: Duration) {
        self.self_test = Some(Instant::now() + pause);
    }

    pub(super) fn self_test_over(&mut self) {
        self.self_test = None;
    }

    pub(super) fn logout_within(&mut self, patience: Duration) {
        self.logout = Some(Instant::now() + patience);
    }

    pub(super) fn logout_over(&mut self) {
        self.logout = None;
    }

    /// Clears the timers that concern the browser.
    pub(super) fn browser_gone(&mut self) {
        self.heartbeat = None;
        self.boot = None;
        self.refresh = None;
        self.self_test = None;
    }
}

/// Sets `timer` to `grace` after `expires_at`, unless it is already set to that time.
fn until(timer: &mut Option<(Timestamp, Instant)>, expires_at: Option<Timestamp>, grace: Duration) {
    let Some(expires_at) = expires_at else {
        *timer = None;
        return;
    };
    if timer.is_some_and(|(known, _)| known == expires_at) {
        return;
    }
    let left = expires_at.as_millis() - Timestamp::now().as_millis();
    let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
    *timer = Some((expires_at, Instant::now() + left + grace));
}
