//! History of a message: the transitions of its state, as they are written and
//! read.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::rows::timestamp;
use super::state::State;
use super::{Store, Tx};

/// What is to change.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The new state.
    pub to: State,
    /// Why, as a code such as `SESSION_NOT_READY`.
    pub cause: &'a str,
    /// Why, for a person.
    pub detail: Option<&'a str>,
    /// WhatsApp's id, once it is known.
    pub wa_id: Option<&'a str>,
    /// From when the outbox may take it (again); left out, at once.
    pub due: Option<Timestamp>,
}

impl<'a> Change<'a> {
    /// To this state for this reason.
    #[must_use]
    pub const fn to(to: State, cause: &'a str) -> Self {
        Self {
            to,
            cause,
            detail: None,
            wa_id: None,
            due: None,
        }
    }

    /// With a sentence for a person.
    #[must_use]
    pub const fn because(mut self, detail: &'a str) -> Self {
        self.detail = Some(detail);
        self
    }
}

/// A change that happened.
#[derive(Clone, Debug)]
pub struct Transition {
    /// From which state; `None` for the first.
    pub from: Option<State>,
    /// To which.
    pub to: State,
    /// Why, as a code.
    pub cause: String,
    /// Why, for a person.
    pub detail: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// What a message went through, the oldest first.
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

/// Writes a transition down.
pub(super) async fn note(
    tx: &mut Tx,
    id: i64,
    from: Option<State>,
    change: Change<'_>,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO message_transitions (message_id, from_state, to_state, cause, detail, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(from.map(State::as_str))
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
            .map(|text| State::read(&text))
            .transpose()?,
        to: State::read(row.try_get("to_state")?)?,
        cause: row.try_get("cause")?,
        detail: row.try_get("detail")?,
        at: timestamp(row.try_get("at")?),
    })
}
