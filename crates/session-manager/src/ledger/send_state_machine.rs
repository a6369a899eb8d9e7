//! Defines the state machine of a send. It is pure, and the only module with these transitions.
//!
//! ```text
//!            Attempt            Taken, Ack 1        Ack 2        Ack 3     Ack 4
//!  accepted ────────> sending ────────────> sent ──────> delivered ──> read ──> played
//!   ^   │                │  └─ Unknown ─> unconfirmed ─ Taken, Ack ─> sent …
//!   │   └── NotSent ──┐  │ NotSent          │ NotSent
//!   └──── Retry ──── failed <───────────────┘
//! ```
//!
//! An ack is WhatsApp's own report. It advances a row from any state, and a row that the server
//! accepted never moves back.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The state of a send.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(
    serialize_all = "snake_case",
    parse_err_ty = UnknownState,
    parse_err_fn = UnknownState::new
)]
pub enum SendState {
    /// The send is stored; the page has not received a request yet.
    Accepted,
    /// The page has received the request, or is about to receive it: the message may have been
    /// sent.
    Sending,
    /// Whether the message was sent is unknown.
    Unconfirmed,
    /// The message was certainly not sent.
    Failed,
    /// WhatsApp's server accepted the message.
    Sent,
    /// The message was delivered to the recipient's phone.
    Delivered,
    /// The message was read.
    Read,
    /// The message was played.
    Played,
}

impl SendState {
    /// Returns the state's name in the file and in the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns whether WhatsApp's server accepted the message.
    #[must_use]
    pub fn is_taken(self) -> bool {
        self >= Self::Sent
    }

    /// Returns WhatsApp's numeric ack, -1 to 4.
    #[must_use]
    pub const fn ack(self) -> i8 {
        match self {
            Self::Failed => -1,
            Self::Accepted | Self::Sending | Self::Unconfirmed => 0,
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
            Self::Played => 4,
        }
    }

    /// Returns the state that corresponds to WhatsApp's numeric ack.
    pub const fn from_ack(ack: i8) -> Self {
        match ack {
            ..0 => Self::Failed,
            0 => Self::Accepted,
            1 => Self::Sent,
            2 => Self::Delivered,
            3 => Self::Read,
            4.. => Self::Played,
        }
    }

    /// Returns whether the message may have been sent, with an unknown outcome.
    #[must_use]
    pub fn is_unsettled(self) -> bool {
        matches!(self, Self::Sending | Self::Unconfirmed)
    }
}

/// The error that a string is not the name of a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a state of a send")]
pub struct UnknownState(String);

impl UnknownState {
    fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// An event of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendEvent {
    /// The page is about to receive the request.
    Attempt,
    /// The page reports that the server accepted the message.
    Taken,
    /// The message was certainly not sent.
    NotSent,
    /// Whether the message was sent is unknown.
    Unknown,
    /// WhatsApp's ack, -1 to 4.
    Ack(i8),
    /// The send was requested again after a failure.
    Retry,
    /// The service starts, so the worker of an earlier process no longer exists.
    Restart,
}

/// Returns the state of a send in `state` after `event`; `None` if nothing
/// changes.
#[must_use]
pub fn next(state: SendState, event: SendEvent) -> Option<SendState> {
    use SendState::{Accepted, Failed, Sending, Sent, Unconfirmed};
    let next = match (event, state) {
        (SendEvent::Attempt, Accepted) => Sending,
        (SendEvent::Taken, _) => Sent.max(state),
        (SendEvent::NotSent, Accepted | Sending | Unconfirmed) | (SendEvent::Restart, Accepted) => {
            Failed
        }
        (SendEvent::Unknown | SendEvent::Restart, Sending) => Unconfirmed,
        (SendEvent::Ack(ack), _) => acknowledged(ack)?.max(state),
        (SendEvent::Retry, Failed) => Accepted,
        _ => return None,
    };
    (next != state).then_some(next)
}

/// Returns the state that an ack of the server leads to; `None` for an ack below 1, which proves
/// nothing.
fn acknowledged(ack: i8) -> Option<SendState> {
    (ack >= 1).then(|| SendState::from_ack(ack))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn send_events() -> impl Strategy<Value = SendEvent> {
        prop_oneof![
            Just(SendEvent::Attempt),
            Just(SendEvent::Taken),
            Just(SendEvent::NotSent),
            Just(SendEvent::Unknown),
            (-1i8..=4).prop_map(SendEvent::Ack),
            Just(SendEvent::Retry),
            Just(SendEvent::Restart),
        ]
    }

    /// WhatsApp's server, as far as one message is concerned.
    #[derive(Default)]
    struct Server {
        has: bool,
    }

    /// What happens to one attempt, at the server and at the caller.
    #[derive(Clone, Copy, Debug)]
    struct Luck {
        /// Whether the server receives the message and does not reject it.
        arrives: bool,
        /// Whether the response arrives.
        answered: bool,
    }

    fn attempt(server: &mut Server, luck: Luck) -> SendEvent {
        server.has |= luck.arrives;
        match (luck.answered, server.has) {
            (false, _) => SendEvent::Unknown,
            (true, true) => SendEvent::Taken,
            (true, false) => SendEvent::NotSent,
        }
    }

    fn luck() -> impl Strategy<Value = Luck> {
        (any::<bool>(), any::<bool>()).prop_map(|(arrives, answered)| Luck { arrives, answered })
    }

    proptest! {
        #[test]
        fn taken_send_never_goes_back(all in prop::collection::vec(send_events(), 0..40)) {
            let mut state = SendState::Accepted;
            for event in all {
                let Some(next) = next(state, event) else { continue };
                prop_assert_ne!(next, state);
                if state.is_taken() {
                    prop_assert!(next > state, "{} -> {} by {:?}", state, next, event);
                }
                if state == SendState::Failed {
                    prop_assert!(next == SendState::Accepted || next.is_taken());
                }
                state = next;
            }
        }

        #[test]
        fn only_a_failed_send_can_be_retried(
            all in prop::collection::vec(send_events(), 0..40),
        ) {
            let mut state = SendState::Accepted;
            for event in all {
                if let Some(next) = next(state, event) {
                    if next == SendState::Accepted {
                        prop_assert_eq!((state, event), (SendState::Failed, SendEvent::Retry));
                    }
                    if next == SendState::Sending {
                        prop_assert_eq!(state, SendState::Accepted);
                    }
                    state = next;
                }
            }
        }

        /// Simulates a send whose service is killed before, between or after any two of its writes.
        /// The service then restarts and settles, and the caller repeats the request with the same
        /// key.
        #[test]
        fn a_crash_between_any_two_writes_loses_and_doubles_nothing(
            first in luck(),
            crash_after in 0usize..5,
            resends in prop::collection::vec(luck(), 0..5),
        ) {
            let mut server = Server::default();
            // The state that is on disk.
            let mut state = SendState::Accepted;
            // The steps: 0 no further write, 1 marked, 2 attempted, 3 outcome, 4 no crash.
            if crash_after >= 1 {
                state = next(state, SendEvent::Attempt).expect("an attempt");
            }
            let outcome = (crash_after >= 2).then(|| attempt(&mut server, first));
            if let Some(outcome) = outcome.filter(|_| crash_after >= 3) {
                state = next(state, outcome).expect("an outcome");
            }
            if crash_after < 4 {
                state = next(state, SendEvent::Restart).unwrap_or(state);
            }
            prop_assert!(!matches!(state, SendState::Accepted | SendState::Sending));
            // No caller ever gets a wrong outcome.
            prop_assert!(state != SendState::Failed || !server.has);
            prop_assert!(!state.is_taken() || server.has);
            let lucky = Luck { arrives: true, answered: true };
            for luck in resends.into_iter().chain([lucky]) {
                if !state.is_unsettled() {
                    break;
                }
                let outcome = attempt(&mut server, luck);
                state = next(state, outcome).unwrap_or(state);
                prop_assert!(state != SendState::Failed || !server.has);
            }
            if state == SendState::Failed {
                state = next(state, SendEvent::Retry).expect("a retry");
                state = next(state, SendEvent::Attempt).expect("an attempt");
                let outcome = attempt(&mut server, lucky);
                state = next(state, outcome).expect("an outcome");
            }
            prop_assert_eq!(state, SendState::Sent);
            prop_assert!(server.has);
        }
    }

    #[test]
    fn acks_move_on_from_anywhere_and_never_back() {
        for &state in SendState::VARIANTS {
            for (ack, told) in [
                (1, SendState::Sent),
                (2, SendState::Delivered),
                (3, SendState::Read),
                (4, SendState::Played),
            ] {
                let after = next(state, SendEvent::Ack(ack)).unwrap_or(state);
                assert_eq!(after, state.max(told), "{state} {ack}");
            }
            assert_eq!(next(state, SendEvent::Ack(0)), None);
            assert_eq!(next(state, SendEvent::Ack(-1)), None);
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }
}
