//! `Passkey`: the state of a passkey ceremony, and its steps.

use std::time::Duration;

use session_api::{PasskeyBody, PasskeyInfo, PasskeyRequest, Timestamp};

use crate::browser::{PagePasskey, PasskeyStage};

/// How long WhatsApp gives all of it.
const PATIENCE: Duration = Duration::from_secs(600);

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub(super) since: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    pub(super) stage: PasskeyStage,
    /// Which request of the page an answer is for.
    pub request: u64,
    public_key: Option<PasskeyRequest>,
    verification_code: Option<String>,
    confirms_itself: bool,
    /// It was given up, and the page is on its way back.
    pub(super) over: bool,
}

impl Passkey {
    /// What `GET /passkey` answers.
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
    pub fn info(&self) -> PasskeyInfo {
        PasskeyInfo {
            stage: self.stage.as_str().to_owned(),
            since: self.since,
            expires_at: self.expires_at,
            needs_confirmation: self.needs_confirmation(),
        }
    }

    /// Whether a person has to confirm the code.
    pub fn needs_confirmation(&self) -> bool {
        self.stage == PasskeyStage::Confirm && !self.confirms_itself && !self.over
    }
}

/// What happened to one, for the log and the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
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
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

pub(super) fn passkey_now(known: Option<&Passkey>, page: PagePasskey, now: Timestamp) -> Passkey {
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
