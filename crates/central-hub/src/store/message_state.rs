//! Defines the state machine of a message ([`MessageState`]).
//!
//! ```text
//!                ┌────────────── not now ─────────────┐
//!                v                                    │
//!  new ──> queued ──claimed──> sending ──┬─ accepted ─> sent ─> delivered ─> read ─> played
//!            │ ^                 │       │                ^
//!            │ └── a person, ────┼─ refused ─> failed     │
//!            │     or the key    v                        │
//!            │                unconfirmed ── found out ───┘
//!            ├─ DRY_RUN ──> simulated                      in ──> received
//!            └─ withdrawn ─> cancelled
//! ```
//!
//! No transition leads back once WhatsApp has accepted a message, or out of
//! `simulated`.

use std::fmt;

/// Defines an enum of states, with their names in the store and in the API.
macro_rules! states {
    ($($(#[$meta:meta])* $kind:ident { $($(#[$doc:meta])* $name:ident = $text:literal, $estado:literal;)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $kind { $($(#[$doc])* $name,)* }

        impl $kind {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the name as it is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns the name in the API.
            #[must_use]
            pub const fn estado(self) -> &'static str {
                match self { $(Self::$name => $estado,)* }
            }

            /// Returns the state with this name in the API.
            #[must_use]
            pub fn from_estado(estado: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.estado() == estado)
            }

            /// Returns the state with this stored name.
            pub(crate) fn read(text: &str) -> Result<Self, $crate::store::StoreError> {
                let state = Self::ALL.iter().copied().find(|state| state.as_str() == text);
                state.ok_or_else(|| $crate::store::rows::unknown_value("a state"))
            }
        }
    )*};
}
pub(crate) use states;

states! {
    /// The state of a message.
    #[derive(PartialOrd, Ord)]
    MessageState {
        /// The message waits for the outbox.
        Queued = "queued", "pendiente";
        /// The outbox has claimed the message, and a request to session-manager is in progress.
        Sending = "sending", "enviando";
        /// The message may or may not have been sent; the outbox settles it.
        Unconfirmed = "unconfirmed", "sin_confirmar";
        /// The message was certainly not sent, and is not retried automatically.
        Failed = "failed", "fallido";
        /// The message was withdrawn before it was sent.
        Cancelled = "cancelled", "cancelado";
        /// The message was a dry run: everything except the sending was done.
        Simulated = "simulated", "simulado";
        /// WhatsApp's server accepted the message.
        Sent = "sent", "enviado";
        /// The message is on the recipient's phone.
        Delivered = "delivered", "entregado";
        /// The recipient read the message.
        Read = "read", "leido";
        /// The recipient played the message.
        Played = "played", "reproducido";
        /// The message is an incoming one.
        Received = "received", "recibido";
    }
}

impl MessageState {
    /// Returns whether WhatsApp's server accepted the message.
    #[must_use]
    pub fn is_accepted(self) -> bool {
        matches!(
            self,
            Self::Sent | Self::Delivered | Self::Read | Self::Played
        )
    }

    /// Returns whether the outbox has not finished the message.
    #[must_use]
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Queued | Self::Sending | Self::Unconfirmed)
    }

    /// Returns whether a message may move from this state to `to`.
    #[must_use]
    pub fn leads_to(self, to: Self) -> bool {
        use MessageState::{Cancelled, Failed, Queued, Received, Sending, Simulated, Unconfirmed};
        match self {
            Queued => !matches!(to, Queued | Received),
            Sending | Unconfirmed => {
                to != self && !matches!(to, Sending | Simulated | Cancelled | Received)
            }
            // An ack is WhatsApp's own report, so it applies whatever was known
            // before. A dry run may repeat a real send that failed.
            Failed => matches!(to, Queued | Sending | Simulated) || to.is_accepted(),
            _ if self.is_accepted() => to.is_accepted() && to > self,
            _ => false,
        }
    }

    /// Returns the state that an ack (`AckEvent::ack`) reports; `None` if it reports none.
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

impl fmt::Display for MessageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sent_and_simulated_states_never_revert() {
        for from in MessageState::ALL.iter().copied() {
            assert!(!from.leads_to(from), "{from}");
            assert_eq!(MessageState::read(from.as_str()).unwrap(), from);
            assert_eq!(MessageState::from_estado(from.estado()), Some(from));
            for to in MessageState::ALL
                .iter()
                .copied()
                .filter(|to| from.leads_to(*to))
            {
                assert!(!from.is_accepted() || (to.is_accepted() && to > from));
                assert!(!matches!(
                    from,
                    MessageState::Simulated | MessageState::Cancelled | MessageState::Received
                ));
            }
        }
        // Any message that the outbox has not finished can end.
        for from in [
            MessageState::Queued,
            MessageState::Sending,
            MessageState::Unconfirmed,
        ] {
            assert!(
                from.is_pending()
                    && from.leads_to(MessageState::Sent)
                    && from.leads_to(MessageState::Failed)
            );
        }
        assert!(!MessageState::Unconfirmed.leads_to(MessageState::Sending));
    }
}
