//! Claims rows of the outbox. A claim is a lease that keeps two hubs from
//! sending the same message.
//!
//! ```text
//!  due_at <= now, first of its chat ──claim──> due_at = end of the lease
//!        ^                                       │
//!        └── the lease ends: its hub died ───────┤ renewed while in use
//!                                                v
//!                                             change()
//! ```
//!
//! One column stores both when a message is due and until when it is claimed. A
//! small index on it finds the due messages, and claimed rows are not read.
//!
//! A message that needs a person's decision blocks no other and is not claimed.
//!
//! A message whose hub died while sending it may have been sent, so another hub
//! takes it over as `unconfirmed`.

use session_api::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::error::StoreError;
use super::message_history::note;
use super::messages::Message;
use super::{Change, MessageState, Store, Tx, now};

/// Condition for a bulk message `m` to a person who never wrote.
macro_rules! is_to_new_contact {
    () => {
        "m.state = 'queued' AND m.origin = 'bulk' AND NOT EXISTS (
             SELECT 1 FROM messages i WHERE i.chat = m.chat AND i.direction = 'in')"
    };
}

/// Query that claims due messages, except those that `$excluded` applies to.
/// `$1` is the current time, `$2` the end of the lease, `$3` the owner, `$4`
/// the limit.
macro_rules! claim {
    ($lock:literal) => {
        claim!($lock, "1 = 0")
    };
    ($lock:literal, $excluded:expr) => {
        concat!(
            "UPDATE messages SET due_at = $2, claimed_by = $3, attempts = attempts + 1, updated_at = $1,
                 state = CASE state WHEN 'queued' THEN 'sending' ELSE 'unconfirmed' END
             WHERE id IN (
                 SELECT m.id FROM messages m
                 WHERE m.state IN ('queued', 'sending', 'unconfirmed')
                   AND m.undecided_at IS NULL AND m.dry_run = 0 AND m.due_at <= $1
                   AND NOT EXISTS (
                       SELECT 1 FROM messages e
                       WHERE e.chat = m.chat AND e.id < m.id
                         AND e.state IN ('queued', 'sending', 'unconfirmed')
                         AND e.undecided_at IS NULL)
                   AND NOT (",
            $excluded,
            ")
                 ORDER BY m.due_at, m.id LIMIT $4",
            $lock,
            ") RETURNING *"
        )
    };
}

/// Query that ends due dry-run messages. `$1` is the current time, `$2` the limit.
macro_rules! simulate {
    ($lock:literal) => {
        concat!(
            "UPDATE messages SET state = 'simulated', claimed_by = NULL, updated_at = $1
             WHERE id IN (
                 SELECT m.id FROM messages m
                 WHERE m.state IN ('queued', 'sending', 'unconfirmed')
                   AND m.dry_run = 1 AND m.due_at <= $1
                 ORDER BY m.due_at, m.id LIMIT $2",
            $lock,
            ") RETURNING *"
        )
    };
}

/// Query that postpones due bulk messages to people who never wrote. `$1` is
/// the current time, `$2` the new due time, `$3` is [`POSTPONED_OWNER`], `$4` the limit.
macro_rules! hold {
    ($lock:literal) => {
        concat!(
            "UPDATE messages SET due_at = $2, claimed_by = $3
             WHERE id IN (
                 SELECT m.id FROM messages m
                 WHERE m.state IN ('queued', 'sending', 'unconfirmed')
                   AND m.dry_run = 0 AND m.due_at <= $1 AND ",
            is_to_new_contact!(),
            "
                 ORDER BY m.due_at, m.id LIMIT $4",
            $lock,
            ")"
        )
    };
}

/// The owner of messages that are postponed because of a WhatsApp limit.
const POSTPONED_OWNER: &str = "held by a limit of WhatsApp";
/// Number of messages postponed in one transaction.
const POSTPONED_PER_TX: u64 = 500;

const NEXT_DUE: &str = "SELECT MIN(due_at) AS due_at FROM messages
    WHERE state IN ('queued', 'sending', 'unconfirmed') AND undecided_at IS NULL
        AND dry_run = $1";

const IS_FIRST: &str = "SELECT COUNT(*) FROM (
        SELECT 1 FROM messages WHERE chat = $1 AND id < $2
            AND state IN ('queued', 'sending', 'unconfirmed') AND state <> 'unconfirmed'
        LIMIT 1) AS earlier";

/// The outbox's queries at every tick, on SQLite, for the tests of the query plans.
pub const CLAIM_PLANS: [&str; 4] = [claim!(""), simulate!(""), NEXT_DUE, IS_FIRST];

impl Store {
    /// Claims up to `limit` due messages for `who` until `until`. Only the
    /// first unsettled message of each chat is claimed.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim(
        &self,
        who: &str,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let statement = self
            .engine()
            .pick(claim!(""), claim!(" FOR UPDATE OF m SKIP LOCKED"));
        self.claim_by(statement, who, until, limit).await
    }

    /// Like [`Store::claim`], but claims no bulk messages to people who never
    /// wrote, which [`Store::postpone_new_contacts`] postpones.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim_except_new_contacts(
        &self,
        who: &str,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let statement = self.engine().pick(
            claim!("", is_to_new_contact!()),
            claim!(" FOR UPDATE OF m SKIP LOCKED", is_to_new_contact!()),
        );
        self.claim_by(statement, who, until, limit).await
    }

    async fn claim_by(
        &self,
        statement: &'static str,
        who: &str,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let at = now();
        let mut tx = self.begin().await?;
        let rows = sqlx::query(statement)
            .bind(at)
            .bind(until.as_millis())
            .bind(who)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
        let mut claimed = read(&rows)?;
        for message in &claimed {
            let (from, cause) = match (message.state, message.attempts) {
                (MessageState::Sending, 1) => (MessageState::Queued, "TAKEN"),
                (MessageState::Sending, _) => (MessageState::Queued, "TAKEN_AGAIN"),
                _ => (last_state(&mut tx, message.id).await?, "TAKEN_OVER"),
            };
            // A repeated check of an outcome is not a change of state.
            if from != message.state {
                let change = Change::to(message.state, cause);
                note(&mut tx, message.id, Some(from), change, at).await?;
            }
        }
        tx.commit().await?;
        // `RETURNING` does not preserve the order.
        claimed.sort_unstable_by_key(|message| message.id);
        Ok(claimed)
    }

    /// Ends up to `limit` dry-run messages that are due.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn simulate(&self, limit: u32) -> Result<Vec<Message>, StoreError> {
        let at = now();
        let statement = self
            .engine()
            .pick(simulate!(""), simulate!(" FOR UPDATE OF m SKIP LOCKED"));
        let mut tx = self.begin().await?;
        let rows = sqlx::query(statement)
            .bind(at)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
        let simulated = read(&rows)?;
        for message in &simulated {
            let change = Change::to(MessageState::Simulated, "DRY_RUN");
            note(&mut tx, message.id, Some(MessageState::Queued), change, at).await?;
        }
        tx.commit().await?;
        Ok(simulated)
    }

    /// Postpones due bulk messages to people who never wrote until `until`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn postpone_new_contacts(&self, until: Timestamp) -> Result<(), StoreError> {
        let statement = self
            .engine()
            .pick(hold!(""), hold!(" FOR UPDATE OF m SKIP LOCKED"));
        loop {
            let held = sqlx::query(statement)
                .bind(now())
                .bind(until.as_millis())
                .bind(POSTPONED_OWNER)
                .bind(i64::try_from(POSTPONED_PER_TX).unwrap_or(i64::MAX))
                .execute(self.writer())
                .await?;
            if held.rows_affected() < POSTPONED_PER_TX {
                return Ok(());
            }
        }
    }

    /// Makes the postponed messages due.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn release_postponed(&self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE messages SET due_at = $1, claimed_by = NULL
             WHERE state IN ('queued', 'sending', 'unconfirmed') AND claimed_by = $2",
        )
        .bind(now())
        .bind(POSTPONED_OWNER)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Extends the leases of those messages that `who` still holds, until
    /// `until`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn renew(&self, who: &str, ids: &[i64], until: Timestamp) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        let statement = format!(
            "UPDATE messages SET due_at = $1 WHERE claimed_by = $2
                 AND state IN ('queued', 'sending', 'unconfirmed') AND id IN ({})",
            ids.join(", ")
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(until.as_millis())
            .bind(who)
            .persistent(false)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Releases a message, which is to be retried at `due`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn release(&self, id: i64, who: &str, due: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE messages SET due_at = $1, claimed_by = NULL WHERE id = $2 AND claimed_by = $3
                 AND state IN ('queued', 'sending', 'unconfirmed')",
        )
        .bind(due.as_millis())
        .bind(id)
        .bind(who)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Claims one message for a synchronous send by `who`, until `until`, even
    /// if it is not its turn. Returns `None` if the message is settled or
    /// claimed by another process.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim_one(
        &self,
        id: i64,
        who: &str,
        until: Timestamp,
        cause: &str,
    ) -> Result<Option<Message>, StoreError> {
        let at = now();
        let mut tx = self.begin().await?;
        let before = sqlx::query(self.engine().pick(
            "SELECT * FROM messages WHERE id = $1",
            "SELECT * FROM messages WHERE id = $1 FOR UPDATE",
        ))
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(before) = before else {
            return Ok(None);
        };
        let is_taken: i64 = before.try_get("due_at")?;
        let holder: Option<String> = before.try_get("claimed_by")?;
        let before = Message::read(&before)?;
        let is_free = holder.is_none() || is_taken <= at;
        if before.dry_run
            || !is_free
            || !(before.state.is_pending() || before.state == MessageState::Failed)
        {
            return Ok(None);
        }
        let next_state = match before.state {
            MessageState::Sending | MessageState::Unconfirmed => MessageState::Unconfirmed,
            _ => MessageState::Sending,
        };
        let row = sqlx::query(
            "UPDATE messages SET state = $1, due_at = $2, claimed_by = $3, attempts = attempts + 1,
                 error_code = NULL, error_message = NULL, updated_at = $4
             WHERE id = $5 RETURNING *",
        )
        .bind(next_state.as_str())
        .bind(until.as_millis())
        .bind(who)
        .bind(at)
        .bind(id)
        .fetch_one(&mut *tx)
        .await?;
        if next_state != before.state {
            note(
                &mut tx,
                id,
                Some(before.state),
                Change::to(next_state, cause),
                at,
            )
            .await?;
            self.note_moved_in(&mut tx, &before, next_state).await?;
        }
        tx.commit().await?;
        Ok(Some(Message::read(&row)?))
    }

    /// Returns whether no earlier message to the same chat is left to be sent.
    /// A message that may have been sent does not count.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_first(&self, message: &Message) -> Result<bool, StoreError> {
        let earlier: i64 = sqlx::query_scalar(IS_FIRST)
            .bind(&message.chat)
            .bind(message.id)
            .fetch_one(self.reader())
            .await?;
        Ok(earlier == 0)
    }

    /// Returns when the next message is due; `None` if none is waiting.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn next_due(&self, dry_runs: bool) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(NEXT_DUE)
            .bind(i64::from(dry_runs))
            .fetch_one(self.reader())
            .await?;
        Ok(due.and_then(Timestamp::from_millis))
    }
}

/// Returns the state that a message had before this claim.
async fn last_state(tx: &mut Tx, id: i64) -> Result<MessageState, StoreError> {
    let last: String = sqlx::query_scalar(
        "SELECT to_state FROM message_transitions WHERE message_id = $1 ORDER BY id DESC LIMIT 1",
    )
    .bind(id)
    .fetch_one(&mut **tx)
    .await?;
    MessageState::read(&last)
}

fn read(rows: &[AnyRow]) -> Result<Vec<Message>, StoreError> {
    rows.iter().map(Message::read).collect()
}
