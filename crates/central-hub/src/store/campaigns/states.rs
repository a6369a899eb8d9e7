//! Where campaigns, recipients and schedules stand: in the store and in the
//! API's words.

use crate::store::states;

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
