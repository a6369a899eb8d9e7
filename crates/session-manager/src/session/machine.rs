//! The session's state machine, pure and synchronous. It takes inputs and the time, and returns
//! effects, which the driver carries out.
//!
//! ```text
//!   session state                               browser phase
//!
//!   INIT ─> QR_REQUIRED ─> AUTHENTICATED        Gone ──Start──> Starting ──> Up
//!     │         │            │    ^               ^                 │        │
//!     │         │            v    │               └──── Closing <───┴─Close──┘
//!     │         │           READY─┘
//!     └─────────┴─────────────┴──> ERROR | DISCONNECTED
//! ```
//!
//! A session is either *wanted* or not. Whenever the browser is gone, the session is wanted and no
//! retry is pending, the browser is started. So fifty calls of `/connect` start only one browser.

use std::collections::VecDeque;
use std::time::Duration;

use service_runtime::Backoff;
use session_api::{SessionState, Timestamp};

use super::cause::Cause;
use crate::browser::{Notice, PageReport};
use crate::failure::{Failure, Remedy};

mod passkey;
mod passkey_ceremony;
mod readiness;
mod types;

use readiness::{Readiness, Waits};

pub use passkey::{Passkey, PasskeyStep};
pub use types::{BrowserPhase, Code, Effect, Input, Intent, Limits, Transition};

/// How long WhatsApp displays the first code of a round.
const FIRST_CODE: Duration = Duration::from_secs(60);
/// How long WhatsApp displays each further code.
const NEXT_CODE: Duration = Duration::from_secs(20);
/// Number of codes in a round.
const CODES_PER_ROUND: u32 = 6;
/// How long after its expiry a code is dropped even if the page does not report the expiry: a hung
/// page must not leave an expired code displayed.
const EXPIRY_GRACE: Duration = Duration::from_secs(2);
const HISTORY: usize = 50;
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// The state machine. See the diagram in the module documentation.
#[derive(Debug)]
pub struct Machine {
    limits: Limits,
    state: SessionState,
    since: Timestamp,
    generation: u64,
    cause: Cause,
    history: VecDeque<Transition>,
    intent: Option<Intent>,
    browser: BrowserPhase,
    retry_pending: bool,
    disposal: Option<Disposal>,
    logging_out: bool,
    /// Whether the browser must stay closed while no data may be deleted.
    resting: bool,
    linked: bool,
    code: Option<Code>,
    codes_shown: u32,
    refreshing: bool,
    passkey: Option<Passkey>,
    rounds_left: u32,
    restarts: VecDeque<Timestamp>,
    total_restarts: u64,
    last_error: Option<(Failure, Timestamp)>,
    report: PageReport,
    waits: Waits,
    /// How many times the sync stalled since the session was last READY.
    stalls: u32,
    /// The document that displayed a code although a device is linked.
    doubted: Option<String>,
    /// Why the ledger is unusable; `None` while it works.
    ledger: Option<String>,
}

/// What happens to the profile once the browser is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disposal {
    /// The device was certainly unlinked.
    Wipe,
    /// Only the page reports that the device was unlinked; the profile may still be usable.
    SetAside,
}

impl Machine {
    /// Creates a machine in `INIT`. `linked` says whether a linked profile is stored.
    #[must_use]
    pub fn new(limits: Limits, linked: bool, now: Timestamp) -> Self {
        Self {
            limits,
            state: SessionState::Init,
            since: now,
            generation: 1,
            cause: Cause::Started,
            history: VecDeque::new(),
            intent: None,
            browser: BrowserPhase::Gone,
            retry_pending: false,
            disposal: None,
            logging_out: false,
            resting: false,
            linked,
            code: None,
            codes_shown: 0,
            refreshing: false,
            passkey: None,
            rounds_left: limits.code_rounds,
            restarts: VecDeque::new(),
            total_restarts: 0,
            last_error: None,
            report: PageReport::default(),
            waits: Waits::default(),
            stalls: 0,
            doubted: None,
            ledger: None,
        }
    }

    /// Applies an input. Returns the effects to carry out, in order.
    pub fn apply(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Connect(intent) => self.connect(intent, now),
            Input::Disconnect => {
                self.give_up(SessionState::Disconnected, Cause::DisconnectRequested, now);
            }
            Input::LoggedOut => {
                self.unlink(Disposal::Wipe, &mut effects);
                self.give_up(SessionState::Disconnected, Cause::LogoutRequested, now);
            }
            Input::Stop => {
                self.intent = None;
                self.set_code(None);
            }
            Input::BrowserUp => {
                if self.browser == BrowserPhase::Starting {
                    self.browser = BrowserPhase::Up;
                }
            }
            Input::BrowserFailed(failure) => {
                self.browser_failed(BrowserPhase::Gone, failure, now, &mut effects);
            }
            Input::BrowserLost(failure) => {
                self.browser_failed(BrowserPhase::Closing, failure, now, &mut effects);
            }
            Input::BrowserClosed => self.browser = BrowserPhase::Gone,
            Input::PageFailed(failure) => {
                if self.browser == BrowserPhase::Up && self.intent.is_some() {
                    self.reload(failure, now, &mut effects);
                }
            }
            Input::LogoutStarted => self.logging_out = true,
            Input::PageReport(report) => self.on_page_report(*report, now, &mut effects),
            Input::Rest => self.rest(now),
            Input::RestOver => self.resting = false,
            Input::RetryDue => self.retry_pending = false,
            Input::Ledger(broken) => self.on_ledger_health(broken, now),
            Input::Tick => {
                let over = |code: &Code| now > code.expires_at.after(EXPIRY_GRACE);
                if self.code.as_ref().is_some_and(over) {
                    self.set_code(None);
                }
                self.expire_passkey(now, &mut effects);
            }
        }
        self.reconcile(&mut effects);
        effects
    }

    /// Brings the browser's phase towards what is wanted.
    fn reconcile(&mut self, effects: &mut Vec<Effect>) {
        match self.browser {
            BrowserPhase::Up | BrowserPhase::Starting
                if self.intent.is_none() || self.disposal.is_some() || self.resting =>
            {
                self.browser = BrowserPhase::Closing;
                effects.push(Effect::Close);
            }
            BrowserPhase::Gone if self.resting => self.report = PageReport::default(),
            BrowserPhase::Gone => {
                self.report = PageReport::default();
                match self.disposal.take() {
                    Some(Disposal::Wipe) => effects.push(Effect::WipeProfile),
                    Some(Disposal::SetAside) => effects.push(Effect::SetProfileAside),
                    None => {}
                }
                if self.intent.is_some() && !self.retry_pending {
                    self.browser = BrowserPhase::Starting;
                    self.codes_shown = 0;
                    self.refreshing = false;
                    self.waits = Waits::default();
                    self.doubted = None;
                    effects.push(Effect::Start);
                }
            }
            _ => {}
        }
    }

    fn connect(&mut self, intent: Intent, now: Timestamp) {
        let cause = match intent {
            Intent::Resume => Cause::LinkedProfileFound,
            Intent::Requested => Cause::ConnectRequested,
        };
        self.rounds_left = self.limits.code_rounds;
        let waiting = self.intent.is_some() && !self.retry_pending;
        // Starting the browser again would not fix these failures.
        let in_vain = matches!(
            self.cause,
            Cause::Failed(Failure::LedgerUnavailable(_) | Failure::TemporarilyBanned(..))
        );
        if waiting && (self.state != SessionState::Error || in_vain) {
            return;
        }
        self.intent = Some(intent);
        self.retry_pending = false;
        self.restarts.clear();
        self.stalls = 0;
        self.transition(SessionState::Init, cause, now);
    }

    fn rest(&mut self, now: Timestamp) {
        self.resting = true;
        if matches!(self.browser, BrowserPhase::Up | BrowserPhase::Starting) {
            self.set_code(None);
            self.transition(SessionState::Init, Cause::BackingUp, now);
        }
    }

    fn give_up(&mut self, state: SessionState, cause: Cause, now: Timestamp) {
        self.intent = None;
        self.retry_pending = false;
        self.logging_out = false;
        self.set_code(None);
        self.transition(state, cause, now);
    }

    fn unlink(&mut self, disposal: Disposal, effects: &mut Vec<Effect>) {
        self.disposal = Some(disposal);
        self.linked = false;
        effects.push(Effect::ForgetLinked);
    }

    fn browser_failed(
        &mut self,
        phase: BrowserPhase,
        failure: Failure,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let was = self.browser;
        self.browser = phase;
        if was == BrowserPhase::Closing || self.intent.is_none() {
            return;
        }
        self.set_code(None);
        self.last_error = Some((failure.clone(), now));
        match failure.remedy() {
            Remedy::GiveUp => {
                self.give_up(SessionState::Error, Cause::Failed(failure), now);
            }
            Remedy::RetrySlowly => {
                self.retry_pending = true;
                effects.push(Effect::RetryAfter(self.limits.retry_interval));
                self.transition(SessionState::Error, Cause::Failed(failure), now);
            }
            Remedy::Restart => self.restart(failure, now, effects),
        }
    }

    /// Takes one restart from the budget. Fails the session if none is left.
    fn within_budget(&mut self, failure: &Failure, now: Timestamp) -> bool {
        let window = i64::try_from(self.limits.restart_window.as_millis()).unwrap_or(i64::MAX);
        while self
            .restarts
            .front()
            .is_some_and(|at| now.as_millis().saturating_sub(at.as_millis()) >= window)
        {
            self.restarts.pop_front();
        }
        if self.recent_restarts() >= self.limits.restart_budget {
            self.fail(Failure::TooManyRestarts(Box::new(failure.clone())), now);
            return false;
        }
        self.restarts.push_back(now);
        true
    }

    fn restart(&mut self, failure: Failure, now: Timestamp, effects: &mut Vec<Effect>) {
        if !self.within_budget(&failure, now) {
            return;
        }
        let earlier = self.recent_restarts().saturating_sub(1);
        self.total_restarts += 1;
        self.retry_pending = true;
        let backoff = Backoff::new(self.limits.restart_backoff, MAX_BACKOFF);
        effects.push(Effect::RetryAfter(backoff.after(earlier)));
        self.transition(SessionState::Init, Cause::Restarting(failure), now);
    }

    /// Reloads the page. That is gentler than a restart: the page's data is flushed and the browser
    /// keeps running.
    fn reload(&mut self, failure: Failure, now: Timestamp, effects: &mut Vec<Effect>) {
        self.last_error = Some((failure.clone(), now));
        if !self.within_budget(&failure, now) {
            return;
        }
        self.set_code(None);
        self.waits = Waits::default();
        let state = if self.linked {
            SessionState::Authenticated
        } else {
            SessionState::Init
        };
        self.transition(state, Cause::Reloading(failure), now);
        effects.push(Effect::Reload);
    }

    fn on_page_report(&mut self, report: PageReport, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.browser != BrowserPhase::Up && self.browser != BrowserPhase::Starting {
            return;
        }
        self.report = report;
        if let Some(why) = self.report.logged_out.clone().filter(|_| self.linked) {
            self.unlink(Disposal::Wipe, effects);
            let cause = if self.logging_out {
                Cause::LogoutRequested
            } else {
                Cause::Unlinked(why)
            };
            return self.give_up(SessionState::Disconnected, cause, now);
        }
        match self.report.socket.as_deref() {
            Some("CONFLICT") => {
                return self.give_up(SessionState::Disconnected, Cause::Conflict, now);
            }
            Some(
                blocked @ ("TOS_BLOCK" | "SMB_TOS_BLOCK" | "PROXYBLOCK" | "DEPRECATED_VERSION"),
            ) => return self.fail(Failure::Blocked(blocked.to_owned()), now),
            _ => {}
        }
        if self.report.unsupported {
            return self.fail(Failure::UnsupportedBrowser, now);
        }
        if self.state == SessionState::Ready && self.report.registered != Some(true) {
            // The page is reloading; as far as is known, it is linked.
            let cause = Cause::ConnectionLost("the page is loading".to_owned());
            self.transition(SessionState::Authenticated, cause, now);
        }
        if self.on_passkey(now, effects) {
            return;
        }
        match self.report.registered {
            Some(true) => self.on_linked(now, effects),
            Some(false) => self.on_unlinked(now, effects),
            None => {}
        }
    }

    fn fail(&mut self, failure: Failure, now: Timestamp) {
        self.last_error = Some((failure.clone(), now));
        self.give_up(SessionState::Error, Cause::Failed(failure), now);
    }

    fn on_linked(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.set_code(None);
        if !self.linked {
            self.linked = true;
            effects.push(Effect::RememberLinked);
        }
        self.doubted = None;
        if let Some((state, cause)) = refusal(&self.report) {
            self.waits = Waits::default();
            if let Cause::Failed(failure) = &cause
                && self.cause != cause
            {
                self.last_error = Some((failure.clone(), now));
            }
            return self.transition(state, cause, now);
        }
        let (why, worth_telling) = match self.waits.judge(&self.report, &self.limits, now) {
            Readiness::Ready => return self.connected(now),
            Readiness::Stalled => return self.sync_stalled(now, effects),
            Readiness::NotConnected => (None, false),
            Readiness::NotYet { why, worth_telling } => (Some(why), worth_telling),
        };
        let cause = match (self.state, why) {
            (SessionState::Authenticated, Some(why)) if worth_telling => why,
            (SessionState::Authenticated, _) => return,
            (SessionState::Ready, Some(why)) => why,
            (SessionState::Ready, None) => {
                let word = match self.report.socket.as_deref() {
                    Some("CONNECTED") => self.report.stream.clone(),
                    other => other.map(str::to_owned),
                };
                Cause::ConnectionLost(word.unwrap_or_else(|| "the page".to_owned()))
            }
            (SessionState::QrRequired, _) => Cause::CodeScanned,
            _ => Cause::ProfileLinked,
        };
        self.transition(SessionState::Authenticated, cause, now);
    }

    /// Counts a stalled sync. The wait for one stall is as long as the restart window, so the
    /// stalls of a sync are counted until it completes.
    fn sync_stalled(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.stalls += 1;
        if self.stalls > self.limits.restart_budget {
            self.stalls = 0;
            let stalled = Box::new(Failure::SyncStalled);
            return self.fail(Failure::TooManyRestarts(stalled), now);
        }
        self.reload(Failure::SyncStalled, now, effects);
    }

    /// Handles a complete connection. Sends need the ledger as well.
    fn connected(&mut self, now: Timestamp) {
        self.stalls = 0;
        match &self.ledger {
            None => self.transition(SessionState::Ready, Cause::Synced, now),
            Some(why) => {
                let cause = Cause::Failed(Failure::LedgerUnavailable(why.clone()));
                self.transition(SessionState::Error, cause, now);
            }
        }
    }

    fn on_ledger_health(&mut self, broken: Option<String>, now: Timestamp) {
        if let Some(why) = &broken {
            self.last_error = Some((Failure::LedgerUnavailable(why.clone()), now));
        }
        self.ledger = broken;
        // The first report of the page may come before the browser is up.
        let is_open = matches!(self.browser, BrowserPhase::Up | BrowserPhase::Starting);
        let linked = self.report.registered == Some(true);
        if is_open
            && self.intent.is_some()
            && linked
            && self.waits.judge(&self.report, &self.limits, now) == Readiness::Ready
        {
            self.connected(now);
        }
    }

    fn on_unlinked(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let PageReport {
            code,
            idle,
            document,
            ..
        } = &self.report;
        let (code, idle, document) = (code.clone(), *idle, document.clone());
        // Early in its start the page does not know its device yet. Only a page that requests a
        // scan has no device.
        if self.linked && (code.is_some() || idle) {
            return self.doubt_link(document, now, effects);
        }
        match code {
            Some(text) => {
                self.refreshing = false;
                if self.code.as_ref().is_none_or(|shown| shown.text != text) {
                    self.show_code(text, now);
                }
                self.transition(SessionState::QrRequired, Cause::CodeShown, now);
            }
            None if idle => {
                self.set_code(None);
                self.codes_shown = 0;
                // A new round would invalidate the code that a user is typing.
                if self.refreshing || self.report.link_code.is_some() {
                    return;
                }
                if self.rounds_left == 0 {
                    return self.give_up(SessionState::Disconnected, Cause::CodeNotScanned, now);
                }
                self.rounds_left -= 1;
                self.refreshing = true;
                effects.push(Effect::RefreshCode);
            }
            None => self.set_code(None),
        }
    }

    /// Reloads a page that displays a code although a device is linked. A page also does so if its
    /// database failed to open, and a reload restores the device.
    fn doubt_link(&mut self, document: String, now: Timestamp, effects: &mut Vec<Effect>) {
        self.set_code(None);
        match &self.doubted {
            // The old document keeps reporting until the next one is loaded.
            Some(doubted) if *doubted == document => return,
            Some(_) => self.doubted = None,
            None => {
                self.doubted = Some(document);
                self.transition(SessionState::Init, Cause::LinkInDoubt, now);
                effects.push(Effect::Reload);
                return;
            }
        }
        self.unlink(Disposal::SetAside, effects);
        let cause = Cause::Unlinked("while this service was away".to_owned());
        match self.intent {
            // A caller requested a code, so display that of a new profile.
            Some(Intent::Requested) => self.transition(SessionState::Init, cause, now),
            _ => self.give_up(SessionState::Disconnected, cause, now),
        }
    }

    fn show_code(&mut self, text: String, now: Timestamp) {
        let lives = if self.codes_shown == 0 {
            FIRST_CODE
        } else {
            NEXT_CODE
        };
        self.codes_shown += 1;
        self.set_code(Some(Code {
            text,
            expires_at: now.after(lives),
            codes_left: CODES_PER_ROUND.saturating_sub(self.codes_shown),
        }));
    }

    fn set_code(&mut self, code: Option<Code>) {
        if self.code != code {
            self.code = code;
            self.generation += 1;
        }
    }

    fn transition(&mut self, to: SessionState, cause: Cause, now: Timestamp) {
        if self.state == to && self.cause == cause {
            return;
        }
        if to != SessionState::QrRequired {
            self.code = None;
            self.passkey = None;
        }
        if self.history.len() == HISTORY {
            self.history.pop_back();
        }
        self.history.push_front(Transition {
            from: self.state,
            to,
            cause: cause.clone(),
            at: now,
        });
        if self.state != to {
            self.since = now;
        }
        self.state = to;
        self.cause = cause;
        self.generation += 1;
    }

    fn recent_restarts(&self) -> u32 {
        u32::try_from(self.restarts.len()).unwrap_or(u32::MAX)
    }

    /// Returns a number that grows with every observable change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the state.
    pub fn state(&self) -> SessionState {
        self.state
    }

    /// Returns the time of the last change of [`Self::state`].
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns the cause of [`Self::state`].
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Returns the latest transitions, newest first.
    pub fn history(&self) -> impl Iterator<Item = &Transition> {
        self.history.iter()
    }

    /// Returns the code that is displayed, if any.
    pub fn code(&self) -> Option<&Code> {
        self.code.as_ref()
    }

    /// Returns how many more times an idle page will be refreshed.
    pub fn rounds_left(&self) -> u32 {
        self.rounds_left
    }

    /// Returns whether the profile on disk is linked.
    pub fn linked(&self) -> bool {
        self.linked
    }

    /// Returns the browser's phase, as far as the machine knows it.
    pub fn browser(&self) -> BrowserPhase {
        self.browser
    }

    /// Returns whether the page waits for new codes after it was idle.
    pub fn refreshing(&self) -> bool {
        self.refreshing
    }

    /// Returns the latest report of the page.
    pub fn report(&self) -> &PageReport {
        &self.report
    }

    /// Returns whether the page holds sends because queued messages have not been delivered yet.
    /// The page holds each send for minutes, even if the session has become READY because the
    /// delivery takes too long.
    pub fn holds_sends(&self) -> bool {
        self.report.delivered == Some(false)
    }

    /// Returns the last failure, even if it has been resolved since.
    pub fn last_error(&self) -> Option<(&Failure, Timestamp)> {
        self.last_error.as_ref().map(|(f, at)| (f, *at))
    }

    /// Returns the restarts since the start and within the window, and the
    /// limits.
    pub fn restarts(&self) -> (u64, u32, Limits) {
        (self.total_restarts, self.recent_restarts(), self.limits)
    }
}

/// Returns the state and cause for a linked device that WhatsApp refuses; `None` if it is not
/// refused.
fn refusal(report: &PageReport) -> Option<(SessionState, Cause)> {
    if report.stream.as_deref() == Some("CONNECTED") {
        return None;
    }
    match report.notice.as_ref()? {
        Notice::TemporaryBan { code, until } => {
            let until = until.and_then(Timestamp::from_millis);
            let banned = Failure::TemporarilyBanned(*code, until);
            Some((SessionState::Error, Cause::Failed(banned)))
        }
        Notice::ServiceUnavailable => {
            Some((SessionState::Authenticated, Cause::ServiceUnavailable))
        }
        Notice::UnexpectedLogout { .. } | Notice::Unknown => None,
    }
}

#[cfg(test)]
mod tests;
