//! Performs the driver's part of a passkey ceremony: log, metrics, cancel.

use metrics::counter;

use super::SessionDriver;
use crate::session::machine::PasskeyStep;

impl SessionDriver {
    /// Leads the page back to a code to scan.
    pub(super) fn cancel_passkey(&self) {
        let Some(page) = self.page.borrow().clone() else {
            return;
        };
        tokio::spawn(async move {
            if matches!(page.cancel_passkey().await, Ok(true)) {
                return;
            }
            if let Err(error) = page.reload().await {
                tracing::warn!(%error, "the page that asks for a passkey could not be reloaded");
            }
        });
    }

    /// Logs and counts a step of the ceremony.
    pub(super) fn note_passkey_step(step: PasskeyStep) {
        counter!("leadmaster_passkeys_total", "step" => step.as_str()).increment(1);
        match step {
            // The log line of the transition already reports it.
            PasskeyStep::Asked => {}
            PasskeyStep::Answered => tracing::info!("the passkey's answer was given to WhatsApp"),
            PasskeyStep::Refused => tracing::warn!(
                "WhatsApp did not accept the passkey's answer, or the phone did not follow: WhatsApp asks again"
            ),
            PasskeyStep::Verified => {
                tracing::info!("WhatsApp took the passkey's answer; the phone shows a code");
            }
            PasskeyStep::Expired => {
                tracing::warn!("the passkey was not answered in time: back to a code to scan");
            }
            PasskeyStep::Stuck => {
                tracing::warn!("whatsapp's page did not go back to a code: reloading it");
            }
            PasskeyStep::Unreadable => tracing::error!(
                "WhatsApp asks for the passkey in a way that this version cannot parse: it cannot be answered from here"
            ),
            PasskeyStep::Linked => tracing::info!("linked with the account's passkey"),
            PasskeyStep::Dropped => {
                tracing::info!("WhatsApp's page no longer asks for the passkey");
            }
        }
    }
}
