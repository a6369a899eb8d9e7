//! The states of campaigns, recipients and schedules, with their names in the store and in the API.

use crate::store::states;

states! {
    /// The state of a campaign.
    CampaignState {
        /// Being prepared; nothing is sent yet.
        Draft = "draft", "pendiente";
        /// Approved; the campaign sends according to its schedules.
        Running = "running", "en_progreso";
        /// Stopped by a person or automatically.
        Paused = "paused", "pausada";
        /// No recipient is left.
        Finished = "finished", "finalizado";
    }
    /// The state of a recipient.
    RecipientState {
        /// Waiting for a turn.
        Pending = "pending", "pendiente";
        /// The message is in the outbox.
        Queued = "queued", "en_cola";
        /// WhatsApp accepted the message.
        Sent = "sent", "enviado";
        /// The message was certainly not sent.
        Failed = "failed", "fallido";
        /// The message was simulated in a dry run.
        Simulated = "simulated", "simulado";
        /// The contact opted out.
        Skipped = "skipped", "omitido";
    }
    /// The state of a schedule.
    ScheduleState {
        /// Waiting for approval.
        Pending = "pending", "pendiente";
        /// In effect.
        Approved = "approved", "aprobada";
        /// Not in effect.
        Rejected = "rejected", "rechazada";
        /// Not in effect for now.
        Paused = "paused", "pausada";
    }
}
