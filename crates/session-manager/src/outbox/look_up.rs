//! `POST /lookup`: whether a number has WhatsApp, one at a time.

use std::time::Duration;

use session_api::{ErrorCode, LookupBody, Recipient};
use tokio::time::{Instant, sleep_until, timeout};

use super::Outbox;
use super::outcome::failure;
use crate::error::ApiError;

/// The pause between two queries to WhatsApp's server, so that many numbers
/// look like a person who goes through them.
const GAP: Duration = Duration::from_millis(500);
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

impl Outbox {
    /// Asks WhatsApp's server about a number.
    ///
    /// # Errors
    /// `SESSION_NOT_READY`, `OVERLOADED` for many at once, `SEND_FAILED` where
    /// the page cannot look it up.
    pub async fn look_up(&self, to: &Recipient) -> Result<LookupBody, ApiError> {
        let page = self.0.ready_page()?;
        let turn = timeout(PATIENCE, self.0.lookup_turn.lock()).await;
        let mut next = turn.map_err(|_| {
            ApiError::new(
                ErrorCode::Overloaded,
                "too many numbers are being looked up: try again in a second",
            )
        })?;
        sleep_until(*next).await;
        // Also where the caller leaves meanwhile: the page goes on asking.
        *next = Instant::now() + GAP;
        let found = page.look_up(to.as_str()).await;
        *next = Instant::now() + GAP;
        drop(next);
        let found = found.map_err(|error| match failure(&error) {
            // Nothing is ever sent here.
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
