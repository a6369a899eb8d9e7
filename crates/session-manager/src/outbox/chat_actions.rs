//! Acts in a chat other than by sending messages, and asks what WhatsApp says about a number.

use std::time::Duration;

use session_api::{ContactBody, ErrorCode, ReadBody, Recipient, TypingBody};

use super::Outbox;
use super::outcome::failure;
use crate::browser::PageError;
use crate::error::ApiError;

/// Converts an error of a call that sends no message.
pub(super) fn nothing_sent(error: &PageError) -> ApiError {
    let code = match failure(error) {
        ErrorCode::SendUnconfirmed => ErrorCode::BrowserTimeout,
        ErrorCode::SendFailed => ErrorCode::BrowserFailed,
        code => code,
    };
    ApiError::new(code, error.to_string())
}

impl Outbox {
    /// Marks the chat with a number as read.
    ///
    /// # Errors
    /// `SESSION_NOT_READY`, `NOT_ON_WHATSAPP`; `BROWSER_FAILED` and `BROWSER_TIMEOUT` if the page
    /// fails.
    pub async fn mark_read(&self, to: &Recipient) -> Result<ReadBody, ApiError> {
        let page = self.0.ready_page()?;
        let read = page.mark_read(to.as_str()).await;
        let read = read.map_err(|error| nothing_sent(&error))?;
        Ok(ReadBody {
            ok: true,
            chat: read.chat,
            unread: read.unread,
            dry_run: false,
        })
    }

    /// Shows the account as typing in the chat with a number.
    ///
    /// # Errors
    /// As [`Self::mark_read`].
    pub async fn typing(&self, to: &Recipient, seconds: u32) -> Result<TypingBody, ApiError> {
        let page = self.0.ready_page()?;
        let time = Duration::from_secs(seconds.into());
        let chat = page.typing(to.as_str(), time).await;
        Ok(TypingBody {
            ok: true,
            chat: Some(chat.map_err(|error| nothing_sent(&error))?),
            seconds,
            dry_run: false,
        })
    }

    /// Returns what WhatsApp says about a number.
    ///
    /// # Errors
    /// As [`Self::look_up`].
    pub async fn contact(&self, to: &Recipient) -> Result<ContactBody, ApiError> {
        let page = self.0.ready_page()?;
        let turn = self.lookup_turn().await?;
        let found = page.contact(to.as_str()).await;
        drop(turn);
        let Some(found) = found.map_err(|error| nothing_sent(&error))? else {
            return Ok(ContactBody {
                ok: true,
                ..ContactBody::default()
            });
        };
        Ok(ContactBody {
            ok: true,
            exists: true,
            chat: Some(found.chat),
            phone: found.phone,
            lid: found.lid,
            name: found.name,
            pushname: found.pushname,
            about: found.about,
            business: found.business,
            picture_url: found.picture_url,
        })
    }
}
