//! Where campaigns, recipients and schedules stand: in the store and in the
//! API's words.

macro_rules! states {
    ($($(#[$doc:meta])* $kind:ident { $($(#[$state_doc:meta])* $name:ident = $text:literal, $estado:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $kind { $($(#[$state_doc])* $name,)* }

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

            pub(super) fn read(text: &str) -> Result<Self, crate::store::StoreError> {
                let state = Self::ALL.iter().copied().find(|state| state.as_str() == text);
                state.ok_or_else(|| super::strange("a state"))
            }
        }
    )*};
}

states! {
    /// Where a campaign stands.
    CampaignState {
        /// Being prepared; nothing goes.
        Draft = "draft", "pendiente";
        /// Approved: it goes as its schedules say.
        Running = "running", "en_progreso";
        /// Stopped, by a person or by itself.
        Paused = "paused", "pausada";
        /// Nobody is left.
        Finished = "finished", "finalizado";
    }
    /// Where a recipient stands.
    RecipientState {
        /// It is not their turn yet.
        Pending = "pending", "pendiente";
        /// The outbox has their message.
        Queued = "queued", "en_cola";
        /// WhatsApp took it.
        Sent = "sent", "enviado";
        /// Certainly not sent.
        Failed = "failed", "fallido";
        /// Rehearsed.
        Simulated = "simulated", "simulado";
        /// They asked not to be written to.
        Skipped = "skipped", "omitido";
    }
    /// Where a schedule stands.
    ScheduleState {
        /// Nobody has looked at it yet.
        Pending = "pending", "pendiente";
        /// It counts.
        Approved = "approved", "aprobada";
        /// It does not.
        Rejected = "rejected", "rechazada";
        /// It does not for now.
        Paused = "paused", "pausada";
    }
}
