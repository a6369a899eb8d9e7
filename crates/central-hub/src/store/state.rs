//! State machine of a message (`State`).
//!
//! ```text
//!                ┌────────────── not now ─────────────┐
//!                v                                    │
//!  new ──> queued ──claimed──> sending ──┬─ taken ──> sent ─> delivered ─> read ─> played
//!            │ ^                 │       │              ^
//!            │ └── a person, ────┼─ refused ─> failed   │
//!            │     or the key    v                      │
//!            │                unconfirmed ── found out ─┘
//!            ├─ DRY_RUN ──> simulated                      in ──> received
//!            └─ withdrawn ─> cancelled
//! ```
//!
//! Nothing leads back from what WhatsApp took, and nothing out of `simulated`.

use std::fmt;

/// States of something: their names in the store and the API's words for them.
macro_rules! states {
    ($($(#[$meta:meta])* $kind:ident { $($(#[$doc:meta])* $name:ident = $text:literal, $estado:literal;)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $kind { $($(#[$doc])* $name,)* }

        impl $kind {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// As the API says it.
            #[must_use]
            pub const fn estado(self) -> &'static str {
                match self { $(Self::$name => $estado,)* }
            }

            /// The state that the API calls so.
            #[must_use]
            pub fn from_estado(estado: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.estado() == estado)
            }

            /// The state that is stored so.
            pub(crate) fn read(text: &str) -> Result<Self, $crate::store::StoreError> {
                let state = Self::ALL.iter().copied().find(|state| state.as_str() == text);
                state.ok_or_else(|| $crate::store::rows::unknown_value("a state"))
            }
        }
    )*};
}
pub(crate) use states;

states! {
    /// Where a message stands.
    #[derive(PartialOrd, Ord)]
    State {
        /// Waits for the outbox.
        Queued = "queued", "pendiente";
        /// The outbox has it: session-manager is, or is about to be, asked.
        Sending = "sending", "enviando";
        /// Whether it left is not known; the outbox finds out.
        Unconfirmed = "unconfirmed", "sin_confirmar";
        /// Certainly not sent, and not tried again by itself.
        Failed = "failed", "fallido";
        /// Withdrawn before it was sent.
        Cancelled = "cancelled", "cancelado";
        /// Rehearsed: everything but the sending was done.
        Simulated = "simulated", "simulado";
        /// WhatsApp's server took it.
        Sent = "sent", "enviado";
        /// It is on the recipient's phone.
        Delivered = "delivered", "entregado";
        /// It was read.
        Read = "read", "leido";
        /// It was played.
        Played = "played", "reproducido";
        /// It came in.
        Received = "received", "recibido";
    }
}

impl State {
    /// Whether WhatsApp's server took it.
    #[must_use]
    pub fn is_taken(self) -> bool {
        matches!(
            self,
            Self::Sent | Self::Delivered | Self::Read | Self::Played
        )
    }

    /// Whether the outbox still has to do with it.
    #[must_use]
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Queued | Self::Sending | Self::Unconfirmed)
    }

    /// Whether a message may go from here to `to`.
    #[must_use]
    pub fn leads_to(self, to: Self) -> bool {
        use State::{Cancelled, Failed, Queued, Received, Sending, Simulated, Unconfirmed};
        match self {
            Queued => !matches!(to, Queued | Received),
            Sending | Unconfirmed => {
                to != self && !matches!(to, Sending | Simulated | Cancelled | Received)
            }
            // An ack is WhatsApp's own word, whatever was known before. A
            // rehearsal may repeat what a real send did not manage.
            Failed => matches!(to, Queued | Sending | Simulated) || to.is_taken(),
            _ if self.is_taken() => to.is_taken() && to > self,
            _ => false,
        }
    }

    /// The state that an ack (`AckEvent::ack`) tells, if it tells one.
    #[must_use]
    pub const fn of_ack(ack: i8) -> Option<Self> {
        match ack {
            ..1 => None,
            1 => Some(Self::Sent),
            2 => Some(Self::Delivered),
            3 => Some(Self::Read),
            4.. => Some(Self::Played),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_back_from_what_was_taken_or_rehearsed() {
        for from in State::ALL.iter().copied() {
            assert!(!from.leads_to(from), "{from}");
            assert_eq!(State::read(from.as_str()).unwrap(), from);
            assert_eq!(State::from_estado(from.estado()), Some(from));
            for to in State::ALL.iter().copied().filter(|to| from.leads_to(*to)) {
                assert!(!from.is_taken() || (to.is_taken() && to > from));
                assert!(!matches!(
                    from,
                    State::Simulated | State::Cancelled | State::Received
                ));
            }
        }
        // Whatever the outbox did not finish can end.
        for from in [State::Queued, State::Sending, State::Unconfirmed] {
            assert!(
                from.is_pending() && from.leads_to(State::Sent) && from.leads_to(State::Failed)
            );
        }
        assert!(!State::Unconfirmed.leads_to(State::Sending));
    }
}
