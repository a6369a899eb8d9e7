//! Defines `Passkey`, the state of a passkey ceremony, and its steps.

use std::time::Duration;

use session_api::{PasskeyBody, PasskeyInfo, PasskeyRequest, Timestamp};

use crate::browser::{PagePasskey, PasskeyStage};

/// WhatsApp's time limit for the whole ceremony.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);
/// How long the page may take to return to a code after a cancellation.
const WAY_BACK: Duration = Duration::from_secs(30);

/// The state of a passkey ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub(super) since: Timestamp,
    /// When the ceremony times out.
    pub expires_at: Timestamp,
    pub(super) stage: PasskeyStage,
    /// The number of the page's request. An answer belongs to exactly one request.
    pub request: u64,
    public_key: Option<PasskeyRequest>,
    verification_code: Option<String>,
    confirms_itself: bool,
    /// When the ceremony was cancelled; since then the page is returning to a code.
    pub(super) over: Option<Timestamp>,
}

impl Passkey {
    /// Returns the next deadline of the ceremony.
    pub fn due_at(&self) -> Timestamp {
        self.over
            .map_or(self.expires_at, |over| over.after(WAY_BACK))
    }

    /// Returns whether the page waits for an answer to a request that this
    /// version cannot parse.
    pub(super) fn is_unreadable(&self) -> bool {
        self.stage == PasskeyStage::Required && self.public_key.is_none()
    }

    /// Returns the response body of `GET /passkey`.
    pub fn body(&self) -> PasskeyBody {
        match (self.stage, &self.public_key, &self.verification_code) {
            _ if self.over.is_some() => PasskeyBody::NoPasskey,
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

    /// Returns the passkey part of `GET /session`.
    pub fn info(&self) -> PasskeyInfo {
        PasskeyInfo {
            stage: self.stage.as_str().to_owned(),
            since: self.since,
            expires_at: self.expires_at,
            needs_confirmation: self.needs_confirmation(),
        }
    }

    /// Returns whether a person has to confirm the verification code.
    pub fn needs_confirmation(&self) -> bool {
        self.stage == PasskeyStage::Confirm && !self.confirms_itself && self.over.is_none()
    }
}

/// A step of a passkey ceremony, for the log and the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum PasskeyStep {
    /// WhatsApp requests a passkey.
    Asked,
    /// A caller's answer was passed to the page.
    Answered,
    /// WhatsApp rejected the answer, or the phone did not follow.
    Refused,
    /// WhatsApp accepted the answer; the phone displays a code.
    Verified,
    /// No answer arrived in time.
    Expired,
    /// The device is linked.
    Linked,
    /// The page no longer requests the passkey.
    Dropped,
    /// The page waits for an answer to a request that this version cannot
    /// parse.
    Unreadable,
    /// The ceremony was cancelled, but the page did not return to a code.
    Stuck,
}

impl PasskeyStep {
    /// Returns the label of the metric.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

pub(super) fn passkey_now(known: Option<&Passkey>, page: PagePasskey, now: Timestamp) -> Passkey {
    let since = known.map_or(now, |known| known.since);
    let same_request = known.is_some_and(|known| {
        known.request == page.request && known.public_key.is_some() == page.public_key.is_some()
    });
    let mut expires_at = known.map_or(now.after(ANSWER_TIMEOUT), |known| known.expires_at);
    if !same_request {
        // A further request has only the time that is left of the ceremony.
        expires_at = since.after(ANSWER_TIMEOUT);
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
        // A new request after a cancellation is presented again.
        over: known
            .filter(|known| known.request == page.request)
            .and_then(|known| known.over),
    }
}
