//! Sends the reply to an opt-out: once per person, and only while the reply is enabled.

use super::campaigns::AppliedOptOut;
use super::error::StoreError;
use super::inbound::last_to;
use super::messages::{NewMessage, Origin};
use super::settings::setting_in;
use super::{Composed, Store, Tx, now};

/// The setting that holds the text; absent while the reply is disabled.
const ANSWER_SETTING: &str = "campaigns.opt_out_answer";

impl Store {
    /// Returns the text of the reply; `None` while it is disabled.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opt_out_answer(&self) -> Result<Option<String>, StoreError> {
        let text = self.setting(ANSWER_SETTING).await?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Sets the text of the reply; `None` disables it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_opt_out_answer(&self, text: Option<&str>) -> Result<(), StoreError> {
        self.set(ANSWER_SETTING, text.unwrap_or_default()).await
    }

    /// Acts on an opt-out that a message requested: the contact no longer waits
    /// for a reply from a person, and a new opt-out gets the automatic reply.
    pub(in crate::store) async fn follow_opt_out_in(
        &self,
        tx: &mut Tx,
        chat: &str,
        opt_out: &AppliedOptOut,
    ) -> Result<(), StoreError> {
        tracing::info!("a contact opted out");
        self.settle_in(tx, chat, None).await?;
        if opt_out.is_new {
            self.answer_opt_out_in(tx, chat).await?;
        }
        Ok(())
    }

    /// Enqueues the reply to a contact who has just opted out, unless it is
    /// disabled or the contact got one before.
    pub(in crate::store) async fn answer_opt_out_in(
        &self,
        tx: &mut Tx,
        chat: &str,
    ) -> Result<(), StoreError> {
        let text = setting_in(tx, ANSWER_SETTING).await?;
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(());
        };
        let first = sqlx::query(
            "INSERT INTO opt_out_answers (chat, at) VALUES ($1, $2) ON CONFLICT (chat) DO NOTHING",
        )
        .bind(chat)
        .bind(now())
        .execute(&mut **tx)
        .await?;
        if first.rows_affected() == 0 {
            return Ok(());
        }
        // The business that last wrote to the contact.
        let business = last_to(tx, chat).await?.and_then(|last| last.cliente_id);
        let business = business.and_then(|id| u64::try_from(id).ok());
        let message = match Composed::text(business, chat, &text) {
            Ok(message) => message,
            // The text was validated when it was stored, so this does not normally happen.
            Err(error) => {
                tracing::warn!("the confirmation of an opt-out was not queued: {error}");
                return Ok(());
            }
        };
        let new = NewMessage {
            origin: Origin::OptOut,
            campaign_id: None,
            message: &message,
            idempotency_key: &format!("opt-out-{:032x}", rand::random::<u128>()),
            dry_run: self.is_dry_run(),
            due: None,
            claim: None,
        };
        self.insert_in(tx, new).await?;
        Ok(())
    }
}

/// Moves the mark that a contact got the reply to another chat.
pub(super) async fn move_opt_out_answer_in(
    tx: &mut Tx,
    from: &str,
    to: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO opt_out_answers (chat, at) SELECT $2, at FROM opt_out_answers WHERE chat = $1
         ON CONFLICT (chat) DO NOTHING",
    )
    .bind(from)
    .bind(to)
    .execute(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM opt_out_answers WHERE chat = $1")
        .bind(from)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
