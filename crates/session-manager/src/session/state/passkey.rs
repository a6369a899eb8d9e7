//! The passkey that WhatsApp asks some accounts for before it links a device.
//!
//! ```text
//!  QR_REQUIRED, code ──scan──> QR_REQUIRED, PASSKEY_REQUIRED ──> AUTHENTICATED
//!       ^                          │ ten minutes, cancelled
//!       └──────────────────────────┘
//! ```
//!
//! While it runs nothing else of the page counts: the codes behind it run out,
//! and to refresh them would cut it off.

use std::time::Duration;

use session_api::{PasskeyBody, PasskeyInfo, PasskeyRequest, SessionState, Timestamp};

use super::{Effect, Machine};
use crate::browser::{PagePasskey, PasskeyStage};
use crate::session::cause::Cause;

/// How long WhatsApp gives all of it.
const PATIENCE: Duration = Duration::from_secs(600);

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    since: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    stage: PasskeyStage,
    /// Which request of the page an answer is for.
    pub request: u64,
    public_key: Option<PasskeyRequest>,
    verification_code: Option<String>,
    confirms_itself: bool,
    /// It was given up, and the page is on its way back.
    over: bool,
}

impl Passkey {
    /// What `GET /passkey` answers.
    #[must_use]
    pub fn body(&self) -> PasskeyBody {
        match (self.stage, &self.public_key, &self.verification_code) {
            _ if self.over => PasskeyBody::NoPasskey,
            (PasskeyStage::Required, Some(public_key), _) => PasskeyBody::Required {
                public_key: public_key.clone(),
                expires_at: self.expires_at,
            },
            (PasskeyStage::Confirm, _, Some(code)) => PasskeyBody::Confirm {
                verification_code: code.clone(),
            },
            _ => PasskeyBody::NoPasskey,
        }
    }

    /// What `GET /session` says of it.
    #[must_use]
    pub fn info(&self) -> PasskeyInfo {
        PasskeyInfo {
            stage: self.stage.as_str().to_owned(),
            since: self.since,
            expires_at: self.expires_at,
            needs_confirmation: self.needs_confirmation(),
        }
    }

    /// Whether a person has to confirm the code.
    #[must_use]
    pub fn needs_confirmation(&self) -> bool {
        self.stage == PasskeyStage::Confirm && !self.confirms_itself && !self.over
    }
}

/// What happened to one, for the log and the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyStep {
    /// WhatsApp asks for it.
    Asked,
    /// Somebody's answer was given to the page.
    Answered,
    /// WhatsApp did not take the answer, or the phone did not follow.
    Refused,
    /// WhatsApp took the answer; the phone shows a code.
    Verified,
    /// Nobody answered in time.
    Expired,
    /// The device is linked.
    Linked,
    /// The page does not ask any more.
    Dropped,
}

impl PasskeyStep {
    /// The label of the metric.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Verified => "verified",
            Self::Expired => "expired",
            Self::Linked => "linked",
            Self::Dropped => "dropped",
        }
    }
}

impl Machine {
    /// Takes what the page says of a passkey; whether nothing else counts.
    pub(super) fn take_passkey(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        let linked = self.facts.registered == Some(true);
        let reported = self.facts.passkey.clone().filter(|_| !linked);
        let Some(page) = reported else {
            if self.passkey.take().is_some() {
                self.generation += 1;
                effects.push(Effect::PasskeyStep(if linked {
                    PasskeyStep::Linked
                } else {
                    PasskeyStep::Dropped
                }));
            }
            return false;
        };
        if let Some(step) = self.passkey_step(&page) {
            effects.push(Effect::PasskeyStep(step));
        }
        let known = self.passkey.take();
        let next = passkey_now(known.as_ref(), page, now);
        if known.as_ref() != Some(&next) {
            self.generation += 1;
        }
        self.passkey = Some(next);
        self.refreshing = false;
        self.codes_shown = 0;
        self.set_code(None);
        self.transition(SessionState::QrRequired, Cause::PasskeyRequired, now);
        true
    }

    /// What is news in this.
    fn passkey_step(&self, page: &PagePasskey) -> Option<PasskeyStep> {
        use PasskeyStage::{Answered, Asked, Confirm, Required};
        let Some(known) = &self.passkey else {
            return Some(PasskeyStep::Asked);
        };
        match (known.stage, page.stage) {
            (Answered | Confirm, Asked | Required) => Some(PasskeyStep::Refused),
            (Required, Answered) => Some(PasskeyStep::Answered),
            (Asked | Required | Answered, Confirm) => Some(PasskeyStep::Verified),
            _ => None,
        }
    }

    /// Its time is over: nobody answered.
    pub(super) fn expire_passkey(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(passkey) = &mut self.passkey else {
            return;
        };
        if passkey.over || now < passkey.expires_at {
            return;
        }
        passkey.over = true;
        self.generation += 1;
        effects.push(Effect::PasskeyStep(PasskeyStep::Expired));
        effects.push(Effect::CancelPasskey);
    }

    /// The passkey that WhatsApp asks for.
    #[must_use]
    pub fn passkey(&self) -> Option<&Passkey> {
        self.passkey.as_ref()
    }
}

fn passkey_now(known: Option<&Passkey>, page: PagePasskey, now: Timestamp) -> Passkey {
    let since = known.map_or(now, |known| known.since);
    let same_request = known.is_some_and(|known| {
        known.request == page.request && known.public_key.is_some() == page.public_key.is_some()
    });
    let mut expires_at = known.map_or(now.after(PATIENCE), |known| known.expires_at);
    if !same_request {
        // A further request has no more time than is left of all of it.
        expires_at = since.after(PATIENCE);
        let wanted = page.public_key.as_ref().and_then(|key| key.timeout);
        if let Some(timeout) = wanted {
            expires_at = expires_at.min(now.after(Duration::from_millis(timeout)));
        }
    }
    Passkey {
        since,
        expires_at,
        stage: page.stage,
        request: page.request,
        public_key: page.public_key,
        verification_code: page.verification_code,
        confirms_itself: page.confirms_itself,
        // A page that asks anew after it was given up is asked for again.
        over: known.is_some_and(|known| known.over && known.request == page.request),
    }
}
