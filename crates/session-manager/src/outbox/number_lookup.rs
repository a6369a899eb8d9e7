//! Handles `POST /lookup`: asks whether a number is on WhatsApp, one number after another.

use std::time::Duration;

use session_api::{ErrorCode, LookupBody, Recipient};
use tokio::sync::MutexGuard;
use tokio::time::{Instant, sleep_until, timeout};

use super::Outbox;
use super::outcome::failure;
use crate::error::ApiError;

/// The pause between two queries to WhatsApp's server, so that many queries look like a person who
/// goes through a list of numbers.
const LOOKUP_PAUSE: Duration = Duration::from_millis(500);
/// How long a request waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// The turn to query WhatsApp's server. The pause begins when the turn is dropped.
pub(super) struct LookupTurn<'a>(MutexGuard<'a, Instant>);

impl Drop for LookupTurn<'_> {
    // The pause also begins if the caller is cancelled, since the page's query continues.
    fn drop(&mut self) {
        *self.0 = Instant::now() + LOOKUP_PAUSE;
    }
}

impl Outbox {
    /// Waits for the turn to query WhatsApp's server.
    pub(super) async fn lookup_turn(&self) -> Result<LookupTurn<'_>, ApiError> {
        let turn = timeout(TURN_TIMEOUT, self.0.lookup_turn.lock()).await;
        let turn_starts_at = turn.map_err(|_| {
            ApiError::new(
                ErrorCode::Overloaded,
                "too many numbers are being looked up: try again in a second",
            )
        })?;
        sleep_until(*turn_starts_at).await;
        Ok(LookupTurn(turn_starts_at))
    }

    /// Asks WhatsApp's server about a number.
    ///
    /// # Errors
    /// `SESSION_NOT_READY`; `OVERLOADED` if too many requests wait; `SEND_FAILED` if the page
    /// cannot look the number up.
    pub async fn look_up(&self, to: &Recipient) -> Result<LookupBody, ApiError> {
        let page = self.0.ready_page()?;
        let turn = self.lookup_turn().await?;
        let found = page.look_up(to.as_str()).await;
        drop(turn);
        let found = found.map_err(|error| match failure(&error) {
            // A lookup never sends a message.
            ErrorCode::SendUnconfirmed => {
                ApiError::new(ErrorCode::BrowserTimeout, error.to_string())
            }
            code => ApiError::new(code, error.to_string()),
        })?;
        Ok(LookupBody {
            ok: true,
            exists: found.chat.is_some(),
            chat: found.chat,
            lid: found.lid,
        })
    }
}
