//! What may become of a send: pure, and the only place where it stands.
//!
//! ```text
//!            Attempt            Taken, Ack 1        Ack 2        Ack 3     Ack 4
//!  accepted ────────> sending ────────────> sent ──────> delivered ──> read ──> played
//!   ^   │                │  └─ Unknown ─> unconfirmed ─ Taken, Ack ─> sent …
//!   │   └── NotSent ──┐  │ NotSent          │ NotSent
//!   └──── Retry ──── failed <───────────────┘
//! ```
//!
//! An ack is WhatsApp's own word: it moves a row on from anywhere, and nothing
//! moves a row back that the server took.

use std::fmt;
use std::str::FromStr;

/// Where a send stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Written down; nothing was asked of the page yet.
    Accepted,
    /// The page was, or is about to be, asked: it may have left.
    Sending,
    /// Whether it left is not known.
    Unconfirmed,
    /// Certainly not sent.
    Failed,
    /// WhatsApp's server took it.
    Sent,
    /// It is on the recipient's phone.
    Delivered,
    /// It was read.
    Read,
    /// It was played.
    Played,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Sending,
        Self::Unconfirmed,
        Self::Failed,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Played,
    ];

    /// As it stands in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sending => "sending",
            Self::Unconfirmed => "unconfirmed",
            Self::Failed => "failed",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
        }
    }

    /// Whether WhatsApp's server took it.
    #[must_use]
    pub fn is_taken(self) -> bool {
        self >= Self::Sent
    }

    /// WhatsApp's number for it.
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

    /// Whether it may have left and nobody knows.
    #[must_use]
    pub fn is_unsettled(self) -> bool {
        matches!(self, Self::Sending | Self::Unconfirmed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no state of a send")]
pub struct UnknownState(String);

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// What happened to a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The page is about to be asked.
    Attempt,
    /// The page says that the server took it.
    Taken,
    /// It is certain that nothing left.
    NotSent,
    /// Nobody can say whether it left.
    Unknown,
    /// WhatsApp's ack: -1 to 4.
    Ack(i8),
    /// It is asked for once more, after it failed.
    Retry,
    /// The service starts: whoever was at work on it is gone.
    Restart,
}

/// Where a send in `state` stands after `happening`; `None` when that changes
/// nothing.
#[must_use]
pub fn next(state: State, happening: Happening) -> Option<State> {
    use State::{Accepted, Failed, Sending, Sent, Unconfirmed};
    let next = match (happening, state) {
        (Happening::Attempt, Accepted) => Sending,
        (Happening::Taken, _) => Sent.max(state),
        (Happening::NotSent, Accepted | Sending | Unconfirmed) | (Happening::Restart, Accepted) => {
            Failed
        }
        (Happening::Unknown | Happening::Restart, Sending) => Unconfirmed,
        (Happening::Ack(ack), _) => acknowledged(ack)?.max(state),
        (Happening::Retry, Failed) => Accepted,
        _ => return None,
    };
    (next != state).then_some(next)
}

/// The clock and a failure say nothing of what the server has.
fn acknowledged(ack: i8) -> Option<State> {
    match ack {
        ..1 => None,
        1 => Some(State::Sent),
        2 => Some(State::Delivered),
        3 => Some(State::Read),
        4.. => Some(State::Played),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn happenings() -> impl Strategy<Value = Happening> {
        prop_oneof![
            Just(Happening::Attempt),
            Just(Happening::Taken),
            Just(Happening::NotSent),
            Just(Happening::Unknown),
            (-1i8..=4).prop_map(Happening::Ack),
            Just(Happening::Retry),
            Just(Happening::Restart),
        ]
    }

    /// WhatsApp's server, as far as one message goes.
    #[derive(Default)]
    struct Server {
        has: bool,
    }

    /// What one attempt comes to, at the server and at the caller.
    #[derive(Clone, Copy, Debug)]
    struct Luck {
        /// The server gets it and does not refuse it.
        arrives: bool,
        /// The answer gets back.
        answered: bool,
    }

    fn attempt(server: &mut Server, luck: Luck) -> Happening {
        server.has |= luck.arrives;
        match (luck.answered, server.has) {
            (false, _) => Happening::Unknown,
            (true, true) => Happening::Taken,
            (true, false) => Happening::NotSent,
        }
    }

    fn luck() -> impl Strategy<Value = Luck> {
        (any::<bool>(), any::<bool>()).prop_map(|(arrives, answered)| Luck { arrives, answered })
    }

    proptest! {
        #[test]
        fn what_was_taken_never_goes_back(all in prop::collection::vec(happenings(), 0..40)) {
            let mut state = State::Accepted;
            for happening in all {
                let Some(next) = next(state, happening) else { continue };
                prop_assert_ne!(next, state);
                if state.is_taken() {
                    prop_assert!(next > state, "{} -> {} by {:?}", state, next, happening);
                }
                if state == State::Failed {
                    prop_assert!(next == State::Accepted || next.is_taken());
                }
                state = next;
            }
        }

        #[test]
        fn only_what_was_certainly_not_sent_can_be_asked_for_again(
            all in prop::collection::vec(happenings(), 0..40),
        ) {
            let mut state = State::Accepted;
            for happening in all {
                if let Some(next) = next(state, happening) {
                    if next == State::Accepted {
                        prop_assert_eq!((state, happening), (State::Failed, Happening::Retry));
                    }
                    if next == State::Sending {
                        prop_assert_eq!(state, State::Accepted);
                    }
                    state = next;
                }
            }
        }

        /// The life of a send with the service killed before, between or after
        /// any two of its writes; then it starts again, settles, and the
        /// caller asks once more with the same key.
        #[test]
        fn a_crash_between_any_two_writes_loses_and_doubles_nothing(
            first in luck(),
            crash_after in 0usize..5,
            resends in prop::collection::vec(luck(), 0..5),
        ) {
            let mut server = Server::default();
            // What is on disk.
            let mut state = State::Accepted;
            // Steps: 0 nothing more, 1 marked, 2 asked, 3 outcome, 4 no crash.
            if crash_after >= 1 {
                state = next(state, Happening::Attempt).expect("an attempt");
            }
            let outcome = (crash_after >= 2).then(|| attempt(&mut server, first));
            if let Some(outcome) = outcome.filter(|_| crash_after >= 3) {
                state = next(state, outcome).expect("an outcome");
            }
            if crash_after < 4 {
                state = next(state, Happening::Restart).unwrap_or(state);
            }
            prop_assert!(!matches!(state, State::Accepted | State::Sending));
            // Nobody is told a wrong thing at any time.
            prop_assert!(state != State::Failed || !server.has);
            prop_assert!(!state.is_taken() || server.has);
            let lucky = Luck { arrives: true, answered: true };
            for luck in resends.into_iter().chain([lucky]) {
                if !state.is_unsettled() {
                    break;
                }
                let outcome = attempt(&mut server, luck);
                state = next(state, outcome).unwrap_or(state);
                prop_assert!(state != State::Failed || !server.has);
            }
            if state == State::Failed {
                state = next(state, Happening::Retry).expect("a retry");
                state = next(state, Happening::Attempt).expect("an attempt");
                let outcome = attempt(&mut server, lucky);
                state = next(state, outcome).expect("an outcome");
            }
            prop_assert_eq!(state, State::Sent);
            prop_assert!(server.has);
        }
    }

    #[test]
    fn acks_move_on_from_anywhere_and_never_back() {
        for state in State::ALL {
            for (ack, told) in [
                (1, State::Sent),
                (2, State::Delivered),
                (3, State::Read),
                (4, State::Played),
            ] {
                let after = next(state, Happening::Ack(ack)).unwrap_or(state);
                assert_eq!(after, state.max(told), "{state} {ack}");
            }
            assert_eq!(next(state, Happening::Ack(0)), None);
            assert_eq!(next(state, Happening::Ack(-1)), None);
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }
}
