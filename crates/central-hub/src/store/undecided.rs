//! Handles messages whose outcome session-manager could not settle: a person
//! decides.
//!
//! ```text
//!  unconfirmed ──given up──> undecided ──┬─ a person: it arrived ──> sent
//!      ^                        │        ├─ a person: given up ────> failed
//!      └── a person: try again ─┘        └─ an ack after all ──────> sent
//! ```

use super::campaigns::recipient_arrived_in;
use super::error::StoreError;
use super::message_history::{Change, note};
use super::message_state::MessageState;
use super::messages::Message;
use super::rows::now;
use super::{Store, Tx};

/// A person's decision on an undecided message, after looking at the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The message is in the chat.
    Arrived,
    /// The message is not in the chat and must not be retried.
    GivenUp,
    /// The message is not in the chat: retry once, under the same id.
    TryAgain,
}

impl Store {
    /// Marks a message as undecided and returns it. Returns `None` if the
    /// message is already settled.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn leave_undecided(
        &self,
        id: i64,
        change: Change<'_>,
    ) -> Result<Option<Message>, StoreError> {
        let mut tx = self.begin().await?;
        let Some(before) = locked_in(self, &mut tx, id).await? else {
            return Ok(None);
        };
        if !matches!(
            before.state,
            MessageState::Sending | MessageState::Unconfirmed
        ) {
            return Ok(None);
        }
        let at = now();
        let row = sqlx::query(
            "UPDATE messages SET state = 'unconfirmed', undecided_at = $1, claimed_by = NULL,
                 error_code = $2, error_message = $3, updated_at = $1
             WHERE id = $4 RETURNING *",
        )
        .bind(at)
        .bind(change.cause)
        .bind(change.detail)
        .bind(id)
        .fetch_one(&mut *tx)
        .await?;
        note(&mut tx, id, Some(before.state), change, at).await?;
        tx.commit().await?;
        Ok(Some(Message::read(&row)?))
    }

    /// Applies a person's decision and stores the reason. Returns `None` if
    /// there is nothing to decide.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn decide(
        &self,
        id: i64,
        decision: Decision,
        reason: &str,
    ) -> Result<Option<Message>, StoreError> {
        let mut tx = self.begin().await?;
        let before = locked_in(self, &mut tx, id).await?;
        let Some(before) = before.filter(|message| message.undecided_at.is_some()) else {
            return Ok(None);
        };
        let changed = match decision {
            Decision::Arrived => {
                let change = Change::to(MessageState::Sent, "SEEN_BY_A_PERSON").with_detail(reason);
                let changed = self.change_in(&mut tx, id, change).await?;
                if let Some(campaign) = before.campaign_id {
                    recipient_arrived_in(&mut tx, campaign, id, reason).await?;
                }
                changed
            }
            Decision::GivenUp => {
                let change = Change::to(MessageState::Failed, "GIVEN_UP").with_detail(reason);
                self.change_in(&mut tx, id, change).await?
            }
            Decision::TryAgain => Some(try_again_in(&mut tx, id, reason).await?),
        };
        tx.commit().await?;
        Ok(changed)
    }
}

async fn locked_in(store: &Store, tx: &mut Tx, id: i64) -> Result<Option<Message>, StoreError> {
    let look = store.engine().pick(
        "SELECT * FROM messages WHERE id = $1",
        "SELECT * FROM messages WHERE id = $1 FOR UPDATE",
    );
    let row = sqlx::query(look).bind(id).fetch_optional(&mut **tx).await?;
    row.as_ref().map(Message::read).transpose()
}

/// Queues one more attempt under the same id and key, which session-manager knows.
async fn try_again_in(tx: &mut Tx, id: i64, reason: &str) -> Result<Message, StoreError> {
    let at = now();
    let row = sqlx::query(
        "UPDATE messages SET undecided_at = NULL, due_at = $1, claimed_by = NULL,
             error_code = NULL, error_message = NULL, updated_at = $1
         WHERE id = $2 RETURNING *",
    )
    .bind(at)
    .bind(id)
    .fetch_one(&mut **tx)
    .await?;
    let change = Change::to(MessageState::Unconfirmed, "RETRY_ASKED").with_detail(reason);
    note(tx, id, Some(MessageState::Unconfirmed), change, at).await?;
    Message::read(&row)
}
