//! The session's machine: pure and synchronous. It takes inputs and the time,
//! and answers with effects; the driver carries them out.
//!
//! ```text
//!   what the session is                         what the browser is
//!
//!   INIT ─> QR_REQUIRED ─> AUTHENTICATED        Gone ──Start──> Starting ──> Up
//!     │         │            │    ^               ^                 │        │
//!     │         │            v    │               └──── Closing <───┴─Close──┘
//!     │         │           READY─┘
//!     └─────────┴─────────────┴──> ERROR | DISCONNECTED
//! ```
//!
//! Somebody *wants* a session or nobody does; whenever the browser is gone and
//! it is wanted, and no retry is pending, it is started. That is why fifty
//! calls of `/connect` start one browser.

use std::collections::VecDeque;
use std::time::Duration;

use session_api::{SessionState, Timestamp};

use super::cause::{Cause, Failure, Remedy};
use crate::browser::Facts;

mod terms;

pub use terms::{BrowserPhase, Code, Effect, Input, Limits, Transition, Wish};

/// How long WhatsApp shows the first code of a round.
const FIRST_CODE: Duration = Duration::from_secs(60);
/// How long it shows the others.
const NEXT_CODE: Duration = Duration::from_secs(20);
/// How many codes make a round.
const CODES_PER_ROUND: u32 = 6;
/// A code is dropped this long after its time even if the page does not say
/// so: a page that hangs must not leave an expired code on show.
const EXPIRY_GRACE: Duration = Duration::from_secs(2);
const HISTORY: usize = 50;
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// The machine. See the module's drawing.
#[derive(Debug)]
pub struct Machine {
    limits: Limits,
    state: SessionState,
    since: Timestamp,
    generation: u64,
    cause: Cause,
    history: VecDeque<Transition>,
    wish: Option<Wish>,
    browser: BrowserPhase,
    retry_pending: bool,
    wipe_pending: bool,
    logging_out: bool,
    /// Nothing of the browser may run, and nothing be deleted.
    resting: bool,
    linked: bool,
    code: Option<Code>,
    codes_shown: u32,
    refreshing: bool,
    rounds_left: u32,
    restarts: VecDeque<Timestamp>,
    total_restarts: u64,
    last_error: Option<(Failure, Timestamp)>,
    facts: Facts,
    /// Why the ledger cannot be used.
    ledger: Option<String>,
}

impl Machine {
    /// A machine in `INIT`. `linked` says whether a linked profile is stored.
    #[must_use]
    pub fn new(limits: Limits, linked: bool, now: Timestamp) -> Self {
        Self {
            limits,
            state: SessionState::Init,
            since: now,
            generation: 1,
            cause: Cause::Started,
            history: VecDeque::new(),
            wish: None,
            browser: BrowserPhase::Gone,
            retry_pending: false,
            wipe_pending: false,
            logging_out: false,
            resting: false,
            linked,
            code: None,
            codes_shown: 0,
            refreshing: false,
            rounds_left: limits.code_rounds,
            restarts: VecDeque::new(),
            total_restarts: 0,
            last_error: None,
            facts: Facts::default(),
            ledger: None,
        }
    }

    /// Takes what happened; gives what has to be done, in order.
    pub fn apply(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Connect(wish) => self.connect(wish, now),
            Input::Disconnect => {
                self.give_up_wish(SessionState::Disconnected, Cause::DisconnectRequested, now);
            }
            Input::LoggedOut => {
                self.unlink(&mut effects);
                self.give_up_wish(SessionState::Disconnected, Cause::LogoutRequested, now);
            }
            Input::Stop => {
                self.wish = None;
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
            Input::LogoutStarted => self.logging_out = true,
            Input::Facts(facts) => self.take_facts(*facts, now, &mut effects),
            Input::Rest => self.rest(now),
            Input::RestOver => self.resting = false,
            Input::RetryDue => self.retry_pending = false,
            Input::Ledger(broken) => self.take_ledger(broken, now),
            Input::Tick => {
                let over = |code: &Code| now > code.expires_at.after(EXPIRY_GRACE);
                if self.code.as_ref().is_some_and(over) {
                    self.set_code(None);
                }
            }
        }
        self.reconcile(&mut effects);
        effects
    }

    /// Brings what the browser is in line with what is wanted.
    fn reconcile(&mut self, effects: &mut Vec<Effect>) {
        match self.browser {
            BrowserPhase::Up | BrowserPhase::Starting
                if self.wish.is_none() || self.wipe_pending || self.resting =>
            {
                self.browser = BrowserPhase::Closing;
                effects.push(Effect::Close);
            }
            BrowserPhase::Gone if self.resting => self.facts = Facts::default(),
            BrowserPhase::Gone => {
                self.facts = Facts::default();
                if std::mem::take(&mut self.wipe_pending) {
                    effects.push(Effect::WipeProfile);
                }
                if self.wish.is_some() && !self.retry_pending {
                    self.browser = BrowserPhase::Starting;
                    self.codes_shown = 0;
                    self.refreshing = false;
                    effects.push(Effect::Start);
                }
            }
            _ => {}
        }
    }

    fn connect(&mut self, wish: Wish, now: Timestamp) {
        let cause = match wish {
            Wish::Resume => Cause::LinkedProfileFound,
            Wish::Asked => Cause::ConnectRequested,
        };
        self.rounds_left = self.limits.code_rounds;
        let waiting = self.wish.is_some() && !self.retry_pending;
        // Nothing of the browser would be better for starting anew.
        let for_the_ledger = matches!(self.cause, Cause::Failed(Failure::LedgerUnavailable(_)));
        if waiting && (self.state != SessionState::Error || for_the_ledger) {
            return;
        }
        self.wish = Some(wish);
        self.retry_pending = false;
        self.restarts.clear();
        self.transition(SessionState::Init, cause, now);
    }

    fn rest(&mut self, now: Timestamp) {
        self.resting = true;
        if matches!(self.browser, BrowserPhase::Up | BrowserPhase::Starting) {
            self.set_code(None);
            self.transition(SessionState::Init, Cause::BackingUp, now);
        }
    }

    fn give_up_wish(&mut self, state: SessionState, cause: Cause, now: Timestamp) {
        self.wish = None;
        self.retry_pending = false;
        self.logging_out = false;
        self.set_code(None);
        self.transition(state, cause, now);
    }

    fn unlink(&mut self, effects: &mut Vec<Effect>) {
        self.wipe_pending = true;
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
        if was == BrowserPhase::Closing || self.wish.is_none() {
            return;
        }
        self.set_code(None);
        self.last_error = Some((failure.clone(), now));
        match failure.remedy() {
            Remedy::GiveUp => {
                self.give_up_wish(SessionState::Error, Cause::Failed(failure), now);
            }
            Remedy::RetrySlowly => {
                self.retry_pending = true;
                effects.push(Effect::RetryAfter(self.limits.retry_interval));
                self.transition(SessionState::Error, Cause::Failed(failure), now);
            }
            Remedy::Restart => self.restart(failure, now, effects),
        }
    }

    fn restart(&mut self, failure: Failure, now: Timestamp, effects: &mut Vec<Effect>) {
        let window = i64::try_from(self.limits.restart_window.as_millis()).unwrap_or(i64::MAX);
        while self
            .restarts
            .front()
            .is_some_and(|at| now.as_millis().saturating_sub(at.as_millis()) >= window)
        {
            self.restarts.pop_front();
        }
        if self.recent_restarts() >= self.limits.restart_budget {
            let failure = Failure::TooManyRestarts(Box::new(failure));
            self.last_error = Some((failure.clone(), now));
            self.give_up_wish(SessionState::Error, Cause::Failed(failure), now);
            return;
        }
        let doublings = self.recent_restarts().min(16);
        self.restarts.push_back(now);
        self.total_restarts += 1;
        self.retry_pending = true;
        let pause = self.limits.restart_backoff * 2_u32.pow(doublings);
        effects.push(Effect::RetryAfter(pause.min(LONGEST_BACKOFF)));
        self.transition(SessionState::Init, Cause::Restarting(failure), now);
    }

    fn take_facts(&mut self, facts: Facts, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.browser != BrowserPhase::Up && self.browser != BrowserPhase::Starting {
            return;
        }
        self.facts = facts;
        let facts = self.facts.clone();
        if let Some(why) = facts.logged_out.filter(|_| self.linked) {
            self.unlink(effects);
            let cause = if self.logging_out {
                Cause::LogoutRequested
            } else {
                Cause::Unlinked(why)
            };
            return self.give_up_wish(SessionState::Disconnected, cause, now);
        }
        match facts.socket.as_deref() {
            Some("CONFLICT") => {
                return self.give_up_wish(SessionState::Disconnected, Cause::Conflict, now);
            }
            Some(
                blocked @ ("TOS_BLOCK" | "SMB_TOS_BLOCK" | "PROXYBLOCK" | "DEPRECATED_VERSION"),
            ) => return self.fail(Failure::Blocked(blocked.to_owned()), now),
            _ => {}
        }
        if facts.unsupported {
            return self.fail(Failure::UnsupportedBrowser, now);
        }
        if self.state == SessionState::Ready && facts.registered != Some(true) {
            // The page is loading anew: linked as far as anybody knows.
            let cause = Cause::ConnectionLost("the page is loading".to_owned());
            self.transition(SessionState::Authenticated, cause, now);
        }
        match facts.registered {
            Some(true) => self.take_linked(now, effects),
            Some(false) => self.take_unlinked(facts.code, facts.idle, now, effects),
            None => {}
        }
    }

    fn fail(&mut self, failure: Failure, now: Timestamp) {
        self.last_error = Some((failure.clone(), now));
        self.give_up_wish(SessionState::Error, Cause::Failed(failure), now);
    }

    fn take_linked(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.set_code(None);
        if !self.linked {
            self.linked = true;
            effects.push(Effect::RememberLinked);
        }
        if self.facts.can_send() {
            return self.connected(now);
        }
        match self.state {
            SessionState::Authenticated => {}
            SessionState::Ready => {
                let word = match self.facts.socket.as_deref() {
                    Some("CONNECTED") => self.facts.stream.clone(),
                    other => other.map(str::to_owned),
                };
                let cause = Cause::ConnectionLost(word.unwrap_or_else(|| "the page".to_owned()));
                self.transition(SessionState::Authenticated, cause, now);
            }
            SessionState::QrRequired => {
                self.transition(SessionState::Authenticated, Cause::CodeScanned, now);
            }
            _ => self.transition(SessionState::Authenticated, Cause::ProfileLinked, now),
        }
    }

    /// All is there; with the ledger a send can work.
    fn connected(&mut self, now: Timestamp) {
        match &self.ledger {
            None => self.transition(SessionState::Ready, Cause::Synced, now),
            Some(why) => {
                let cause = Cause::Failed(Failure::LedgerUnavailable(why.clone()));
                self.transition(SessionState::Error, cause, now);
            }
        }
    }

    fn take_ledger(&mut self, broken: Option<String>, now: Timestamp) {
        if let Some(why) = &broken {
            self.last_error = Some((Failure::LedgerUnavailable(why.clone()), now));
        }
        self.ledger = broken;
        let up = self.browser == BrowserPhase::Up && self.wish.is_some();
        if up && self.facts.can_send() {
            self.connected(now);
        }
    }

    fn take_unlinked(
        &mut self,
        code: Option<String>,
        idle: bool,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        // Early in its start the page does not know its device yet: only a
        // page that asks for a scan has none.
        if self.linked && (code.is_some() || idle) {
            if self.wish == Some(Wish::Resume) {
                self.unlink(effects);
                let cause = Cause::Unlinked("while this service was away".to_owned());
                return self.give_up_wish(SessionState::Disconnected, cause, now);
            }
            self.linked = false;
            effects.push(Effect::ForgetLinked);
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
                if self.refreshing {
                    return;
                }
                if self.rounds_left == 0 {
                    return self.give_up_wish(
                        SessionState::Disconnected,
                        Cause::CodeNotScanned,
                        now,
                    );
                }
                self.rounds_left -= 1;
                self.refreshing = true;
                effects.push(Effect::RefreshCode);
            }
            None => self.set_code(None),
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

    /// Grows with every change that an observer can see.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> SessionState {
        self.state
    }

    /// Since when [`Self::state`] holds.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Why.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The latest transitions, newest first.
    pub fn history(&self) -> impl Iterator<Item = &Transition> {
        self.history.iter()
    }

    /// The code on show.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        self.code.as_ref()
    }

    /// How many times an idle page will still be refreshed.
    #[must_use]
    pub fn rounds_left(&self) -> u32 {
        self.rounds_left
    }

    /// Whether the profile on disk is linked.
    #[must_use]
    pub fn linked(&self) -> bool {
        self.linked
    }

    /// The browser, as far as the machine knows.
    #[must_use]
    pub fn browser(&self) -> BrowserPhase {
        self.browser
    }

    /// Whether the page waits for new codes after it was idle.
    #[must_use]
    pub fn refreshing(&self) -> bool {
        self.refreshing
    }

    /// The latest report of the page.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The last failure, also when it was mended since.
    #[must_use]
    pub fn last_error(&self) -> Option<(&Failure, Timestamp)> {
        self.last_error.as_ref().map(|(f, at)| (f, *at))
    }

    /// Restarts since the start and within the window, and the limits.
    #[must_use]
    pub fn restarts(&self) -> (u64, u32, Limits) {
        (self.total_restarts, self.recent_restarts(), self.limits)
    }
}

#[cfg(test)]
mod tests;
