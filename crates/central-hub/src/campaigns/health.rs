//! Pauses a campaign that reaches one of WhatsApp's limits or has too many
//! failures.
//!
//! ```text
//!  outcome ─> the last WINDOW of them ─┬─ error 463, error 475 ────> pause all
//!                                      ├─ REFUSALS refusals in a row > pause
//!                                      ├─ IN_A_ROW failures in a row > pause
//!                                      └─ half of a full window ───> pause
//! ```
//!
//! WhatsApp closes accounts that keep sending after a refusal. Only a user can
//! resume the campaign, after looking at the cause; the count then restarts at
//! zero.

use std::fmt;

/// Number of outcomes in the window.
pub const WINDOW: usize = 20;
/// Refusals by WhatsApp in a row that pause a campaign.
pub const REFUSALS: usize = 3;
/// Failures of any kind in a row that pause a campaign.
pub const IN_A_ROW: usize = 5;

/// Outcome of the message to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// WhatsApp accepted it.
    Sent,
    /// WhatsApp refused it.
    Refused,
    /// The number is not on WhatsApp.
    NotOnWhatsapp,
    /// Any other failure.
    Failed,
    /// WhatsApp's limit on writing to people who never wrote first.
    ReachOutLimit,
    /// WhatsApp's monthly limit on new chats.
    NewChatLimit,
    /// The account has blocked the recipient.
    Blocked,
}

impl DeliveryOutcome {
    /// Classifies a failure by its code and message. session-manager's message
    /// contains WhatsApp's own error number if the page reported one.
    #[must_use]
    pub fn of_failure(code: &str, message: &str) -> Self {
        let names_463 = message
            .split(|c: char| !c.is_ascii_digit())
            .any(|number| number == "463");
        match code {
            "REACH_OUT_LIMIT" => Self::ReachOutLimit,
            "NEW_CHAT_LIMIT" => Self::NewChatLimit,
            "RECIPIENT_BLOCKED" => Self::Blocked,
            "SEND_FAILED" if names_463 => Self::ReachOutLimit,
            "SEND_FAILED" if message.contains("refused") => Self::Refused,
            "NOT_ON_WHATSAPP" => Self::NotOnWhatsapp,
            _ => Self::Failed,
        }
    }

    const fn to_char(self) -> char {
        match self {
            Self::Sent => 's',
            Self::Refused => 'r',
            Self::NotOnWhatsapp | Self::Blocked => 'n',
            Self::Failed | Self::ReachOutLimit | Self::NewChatLimit => 'f',
        }
    }
}

/// Why a campaign was paused automatically.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// WhatsApp's limit on writing to strangers.
    ReachOutLimit,
    /// WhatsApp's monthly limit on new chats.
    NewChatLimit,
    /// Several refusals by WhatsApp in a row.
    Refusals,
    /// Several failures in a row.
    FailuresInARow,
    /// Too many failures in the window.
    ManyFailures,
}

impl Alarm {
    /// Returns the error code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ReachOutLimit => "REACH_OUT_LIMIT",
            Self::NewChatLimit => "NEW_CHAT_LIMIT",
            Self::Refusals => "REFUSED_BY_WHATSAPP",
            Self::FailuresInARow => "FAILURES_IN_A_ROW",
            Self::ManyFailures => "MANY_FAILURES",
        }
    }

    /// Returns whether the alarm concerns the account, and therefore pauses every campaign.
    #[must_use]
    pub const fn is_of_the_account(self) -> bool {
        matches!(self, Self::ReachOutLimit | Self::NewChatLimit)
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReachOutLimit => f.write_str(
                "WhatsApp limits messages to people who never wrote first (error 463): wait a day, then resume with fewer messages a day and longer pauses",
            ),
            Self::NewChatLimit => f.write_str(
                "WhatsApp's monthly limit on new chats is reached (error 475): wait until its cycle ends, then resume with fewer messages a day",
            ),
            Self::Refusals => write!(
                f,
                "WhatsApp refused {REFUSALS} messages in a row, as it does at its limit on messages to strangers: wait a day before you resume"
            ),
            Self::FailuresInARow => write!(
                f,
                "{IN_A_ROW} messages failed in a row: find the cause, correct the list or the session, then resume"
            ),
            Self::ManyFailures => write!(
                f,
                "half of the last {WINDOW} messages failed: find the cause, correct the list, then resume"
            ),
        }
    }
}

/// The last outcomes of a campaign, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    recent: String,
}

impl Health {
    /// Restores a window from its stored form.
    #[must_use]
    pub fn restore(recent: &str) -> Self {
        let known_codes = recent.chars().filter(|c| "srnf".contains(*c));
        let mut recent: String = known_codes.collect();
        trim(&mut recent);
        Self { recent }
    }

    /// Returns the window in its stored form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.recent
    }

    /// Records an outcome. Returns an alarm if the campaign has to be paused.
    pub fn note(&mut self, outcome: DeliveryOutcome) -> Option<Alarm> {
        self.recent.push(outcome.to_char());
        trim(&mut self.recent);
        if outcome == DeliveryOutcome::ReachOutLimit {
            return Some(Alarm::ReachOutLimit);
        }
        if outcome == DeliveryOutcome::NewChatLimit {
            return Some(Alarm::NewChatLimit);
        }
        let newest = || self.recent.bytes().rev();
        if newest().take_while(|it| *it == b'r').count() >= REFUSALS {
            return Some(Alarm::Refusals);
        }
        if newest().take_while(|it| *it != b's').count() >= IN_A_ROW {
            return Some(Alarm::FailuresInARow);
        }
        let failed = newest().filter(|it| *it != b's').count();
        (self.recent.len() == WINDOW && failed * 2 >= WINDOW).then_some(Alarm::ManyFailures)
    }
}

fn trim(recent: &mut String) {
    // Each outcome is a letter of one byte.
    recent.drain(..recent.len().saturating_sub(WINDOW));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(outcomes: &[DeliveryOutcome]) -> Vec<Option<Alarm>> {
        let mut health = Health::default();
        outcomes.iter().map(|it| health.note(*it)).collect()
    }

    #[test]
    fn the_limit_stops_at_once() {
        assert_eq!(
            run(&[DeliveryOutcome::Sent, DeliveryOutcome::ReachOutLimit]),
            [None, Some(Alarm::ReachOutLimit)]
        );
        assert_eq!(
            run(&[DeliveryOutcome::NewChatLimit]),
            [Some(Alarm::NewChatLimit)]
        );
        assert!(Alarm::NewChatLimit.is_of_the_account() && !Alarm::Refusals.is_of_the_account());
        for (code, message, expected) in [
            (
                "SEND_FAILED",
                "refused (ERROR_UNKNOWN, 463)",
                DeliveryOutcome::ReachOutLimit,
            ),
            ("REACH_OUT_LIMIT", "", DeliveryOutcome::ReachOutLimit),
            ("NEW_CHAT_LIMIT", "", DeliveryOutcome::NewChatLimit),
            ("RECIPIENT_BLOCKED", "", DeliveryOutcome::Blocked),
            (
                "SEND_FAILED",
                "WhatsApp refused the message (ERROR_UNKNOWN)",
                DeliveryOutcome::Refused,
            ),
            ("SEND_FAILED", "in 1463 ms", DeliveryOutcome::Failed),
            ("NOT_ON_WHATSAPP", "463", DeliveryOutcome::NotOnWhatsapp),
            ("INVALID_REQUEST", "", DeliveryOutcome::Failed),
        ] {
            assert_eq!(
                DeliveryOutcome::of_failure(code, message),
                expected,
                "{message}"
            );
        }
    }

    #[test]
    fn a_burst_stops() {
        use DeliveryOutcome::{Failed, NotOnWhatsapp, Refused, Sent};
        assert_eq!(run(&[Refused; 3])[1..], [None, Some(Alarm::Refusals)]);
        assert_eq!(run(&[Refused, Refused, Sent, Refused]), [None; 4]);
        let mixed = [Failed, NotOnWhatsapp, Refused, Failed, NotOnWhatsapp];
        assert_eq!(run(&mixed)[3..], [None, Some(Alarm::FailuresInARow)]);
        assert_eq!(
            run(&[Failed, Failed, Failed, Failed, Sent, Failed]),
            [None; 6]
        );
        let half: Vec<_> = [Sent, NotOnWhatsapp].repeat(WINDOW / 2);
        let told = run(&half);
        assert_eq!(told[..WINDOW - 1], [None; WINDOW - 1]);
        assert_eq!(told[WINDOW - 1], Some(Alarm::ManyFailures));
    }

    #[test]
    fn health_survives_serialization() {
        let mut health = Health::restore("ssrrx?");
        assert_eq!(health.as_str(), "ssrr");
        assert_eq!(health.note(DeliveryOutcome::Refused), Some(Alarm::Refusals));
        assert_eq!(Health::restore(&"s".repeat(99)).as_str().len(), WINDOW);
    }

    proptest! {
        #[test]
        fn spread_failures_do_not_pause(gap in 3..10_usize, count in 1..200_usize) {
            let mut health = Health::default();
            for number in 0..count {
                let fails = number % gap == 0;
                let outcome = if fails { DeliveryOutcome::Failed } else { DeliveryOutcome::Sent };
                prop_assert_eq!(health.note(outcome), None);
                prop_assert!(health.as_str().len() <= WINDOW);
            }
        }
    }
}
