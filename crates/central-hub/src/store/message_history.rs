//! Stores the history of a message: the changes of its state.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::message_state::MessageState;
use super::rows::timestamp;
use super::{Store, Tx};

/// A change of a message's state that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The new state.
    pub to: MessageState,
    /// Why the state changes, as a code such as `SESSION_NOT_READY`.
    pub cause: &'a str,
    /// Why the state changes, in words for a person.
    pub detail: Option<&'a str>,
    /// WhatsApp's id of the message, once it is known.
    pub wa_id: Option<&'a str>,
    /// When the outbox may next claim the message; `None` means at once.
    pub due: Option<Timestamp>,
}

impl<'a> Change<'a> {
    /// Creates a change to this state with this cause.
    #[must_use]
    pub const fn to(to: MessageState, cause: &'a str) -> Self {
        Self {
            to,
            cause,
            detail: None,
            wa_id: None,
            due: None,
        }
    }

    /// Adds a detail in words for a person.
    #[must_use]
    pub const fn with_detail(mut self, detail: &'a str) -> Self {
        self.detail = Some(detail);
        self
    }
}

/// A stored change of a message's state.
#[derive(Clone, Debug)]
pub struct Transition {
    /// The previous state; `None` for the first entry.
    pub from: Option<MessageState>,
    /// The new state.
    pub to: MessageState,
    /// Why the state changed, as a code.
    pub cause: String,
    /// Why the state changed, in words for a person.
    pub detail: Option<String>,
    /// When the state changed.
    pub at: Timestamp,
}

impl Store {
    /// Returns the changes of a message's state, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn transitions(&self, id: i64) -> Result<Vec<Transition>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM message_transitions WHERE message_id = $1 ORDER BY id")
                .bind(id)
                .fetch_all(self.reader())
                .await?;
        rows.iter().map(read).collect()
    }
}

/// Stores a change of state.
pub(super) async fn note(
    tx: &mut Tx,
    id: i64,
    from: Option<MessageState>,
    change: Change<'_>,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO message_transitions (message_id, from_state, to_state, cause, detail, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(from.map(MessageState::as_str))
    .bind(change.to.as_str())
    .bind(change.cause)
    .bind(change.detail)
    .bind(at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Transition, StoreError> {
    Ok(Transition {
        from: row
            .try_get::<Option<String>, _>("from_state")?
            .map(|text| MessageState::read(&text))
            .transpose()?,
        to: MessageState::read(row.try_get("to_state")?)?,
        cause: row.try_get("cause")?,
        detail: row.try_get("detail")?,
        at: timestamp(row.try_get("at")?),
    })
}
