//! Manages the table `message_changes`: edits and deletions of sent messages, and the account's
//! reactions to messages of either direction.
//!
//! ```text
//!  begun ─> sending ──┬─> done ─> event
//!             │       ├─> failed ─> begun again
//!             v       │
//!        unconfirmed ─┴─> undecided, after the last try
//! ```

use session_api::{Event, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use strum::{EnumString, IntoStaticStr};

use super::append::append_event;
use super::error::LedgerError;
use super::message_id::{change_key, sent_key};
use super::send_row::ChangesOfMessage;
use super::store::Store;
use crate::event_log::json;

/// How a message is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum MessageChangeKind {
    /// The text is replaced.
    Edit,
    /// The message is deleted for everyone.
    Delete,
    /// The account reacts to the message, or takes its reaction away.
    Reaction,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum MessageChangeState {
    /// The page has received the request, or is about to receive it.
    Sending,
    /// Whether the change was made is unknown.
    Unconfirmed,
    /// WhatsApp's server accepted the change.
    Done,
    /// The change was certainly not made.
    Failed,
}

/// A change to be inserted.
#[derive(Clone)]
pub struct NewMessageChange {
    /// How the message is changed.
    pub kind: MessageChangeKind,
    /// The last part of the message's id.
    pub message_key: String,
    /// WhatsApp's full id of the message.
    pub message_id: String,
    /// When the message was sent, in seconds since 1970; 0 if unknown.
    pub sent_at: i64,
    /// The last part of the edit's own id, as opposed to the message's.
    pub wa_key: String,
    /// The `Idempotency-Key` of the request.
    pub idempotency_key: Option<String>,
    /// The SHA-256 digest of the request.
    pub body_hash: Vec<u8>,
    /// The new text, or the emoji, which is empty where the reaction is taken away; `None` for a
    /// deletion.
    pub text: Option<String>,
}

/// An edit or deletion of a sent message, or a reaction.
#[derive(Clone)]
pub struct MessageChange {
    /// The id of the row.
    pub id: i64,
    /// How the message is changed.
    pub kind: MessageChangeKind,
    /// WhatsApp's full id of the message.
    pub message_id: String,
    /// When the message was sent, in seconds since 1970; 0 if unknown.
    pub sent_at: i64,
    /// The last part of the edit's own id, as opposed to the message's.
    pub wa_key: String,
    /// The SHA-256 digest of the request.
    pub body_hash: Vec<u8>,
    /// The new text or the emoji, while it may have to be sent again.
    pub text: Option<String>,
    /// Its state.
    pub state: MessageChangeState,
    /// The error code of the failure.
    pub error: Option<String>,
    /// How many times the service has tried to settle the outcome.
    pub tries: u32,
    /// When the last try was made, in milliseconds since 1970.
    pub tried_at: Option<i64>,
    /// When the service gave up settling the outcome.
    pub undecided_at: Option<i64>,
}

// The text is the customer's data, so keep it out of logs.
impl std::fmt::Debug for MessageChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageChange")
            .field("kind", &self.kind)
            .field("wa_key", &self.wa_key)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl MessageChange {
    /// Returns whether the outcome is unknown.
    pub fn is_unsettled(&self) -> bool {
        matches!(
            self.state,
            MessageChangeState::Sending | MessageChangeState::Unconfirmed
        )
    }

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: parse_column(row, "kind")?,
            message_id: row.try_get("message_id")?,
            sent_at: row.try_get("sent_at")?,
            wa_key: row.try_get("wa_key")?,
            body_hash: row.try_get("body_hash")?,
            text: row.try_get("text")?,
            state: parse_column(row, "state")?,
            error: row.try_get("error")?,
            tries: row.try_get("tries")?,
            tried_at: row.try_get("tried_at")?,
            undecided_at: row.try_get("undecided_at")?,
        })
    }
}

fn parse_column<T: std::str::FromStr<Err = strum::ParseError>>(
    row: &SqliteRow,
    column: &str,
) -> Result<T, sqlx::Error> {
    row.try_get::<&str, _>(column)?
        .parse()
        .map_err(|error: strum::ParseError| sqlx::Error::Decode(Box::new(error)))
}

impl Store {
    /// Inserts a change as `sending`, or restarts a failed change with the same idempotency key.
    /// Returns `None` if another change has the key.
    pub async fn begin_change(
        &self,
        new_change: NewMessageChange,
    ) -> Result<Option<MessageChange>, LedgerError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let row = sqlx::query(
                        "INSERT INTO message_changes (kind, message_key, message_id, sent_at,
                           wa_key, idempotency_key, body_hash, text, state, attempted_at)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'sending', ?9)
                         ON CONFLICT (idempotency_key) DO UPDATE SET
                           state = 'sending', error = NULL, text = ?8, tries = 0,
                           settled_at = NULL, attempted_at = ?9
                         WHERE message_changes.state = 'failed' RETURNING *",
                    )
                    .bind(<&str>::from(new_change.kind))
                    .bind(&new_change.message_key)
                    .bind(&new_change.message_id)
                    .bind(new_change.sent_at)
                    .bind(&new_change.wa_key)
                    .bind(&new_change.idempotency_key)
                    .bind(&new_change.body_hash)
                    .bind(&new_change.text)
                    .bind(Timestamp::now().as_millis())
                    .fetch_optional(tx.connection)
                    .await?;
                    row.as_ref().map(MessageChange::read).transpose()
                })
            })
            .await
    }

    /// Returns the change with this idempotency key.
    pub async fn change_by_idempotency_key(
        &self,
        key: &str,
    ) -> Result<Option<MessageChange>, LedgerError> {
        let row = sqlx::query("SELECT * FROM message_changes WHERE idempotency_key = ?")
            .bind(key)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(MessageChange::read).transpose()?)
    }

    /// Returns the latest change of a message that did not fail: the latest reaction to it for a
    /// reaction, the latest edit or deletion for the others, which have nothing to do with it.
    pub async fn last_change(
        &self,
        message_key: &str,
        kind: MessageChangeKind,
    ) -> Result<Option<MessageChange>, LedgerError> {
        let row = sqlx::query(
            "SELECT * FROM message_changes
             WHERE message_key = ?1 AND state != 'failed' AND (kind = 'reaction') = ?2
             ORDER BY attempted_at DESC, id DESC LIMIT 1",
        )
        .bind(message_key)
        .bind(kind == MessageChangeKind::Reaction)
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.as_ref().map(MessageChange::read).transpose()?)
    }

    /// Returns the state of a change; `None` if the change does not exist.
    pub async fn change_state(&self, id: i64) -> Result<Option<MessageChangeState>, LedgerError> {
        let row = sqlx::query("SELECT state FROM message_changes WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(|row| parse_column(&row, "state")).transpose()?)
    }

    /// Returns what is known of the changes of a message.
    pub async fn changes_of(&self, message_key: &str) -> Result<ChangesOfMessage, LedgerError> {
        let (edited_at, deleted_at): (Option<i64>, Option<i64>) = sqlx::query_as(
            "SELECT MAX(CASE WHEN kind = 'edit' THEN settled_at END),
                    MAX(CASE WHEN kind = 'delete' THEN settled_at END)
             FROM message_changes WHERE message_key = ? AND state = 'done'",
        )
        .bind(message_key)
        .fetch_one(&self.readers)
        .await?;
        let mut unsettled = None;
        for kind in [MessageChangeKind::Edit, MessageChangeKind::Reaction] {
            let last = self.last_change(message_key, kind).await?;
            let last = last.filter(MessageChange::is_unsettled);
            unsettled = unsettled.or(last.map(|last| last.kind.into()));
        }
        Ok(ChangesOfMessage {
            edited_at,
            deleted_at,
            unsettled,
        })
    }

    /// Returns changes with an unknown outcome that the service has to settle,
    /// oldest first.
    pub async fn unsettled_changes(&self) -> Result<Vec<MessageChange>, LedgerError> {
        let rows = sqlx::query(
            "SELECT * FROM message_changes
             WHERE state IN ('sending', 'unconfirmed') AND undecided_at IS NULL
             ORDER BY id LIMIT 200",
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(rows
            .iter()
            .map(MessageChange::read)
            .collect::<Result<_, _>>()?)
    }

    /// Records an attempt to settle a change. Returns the number of attempts so far.
    pub async fn record_change_try(&self, id: i64) -> Result<u32, LedgerError> {
        Ok(sqlx::query_scalar(
            "UPDATE message_changes SET tries = tries + 1, tried_at = ?2
             WHERE id = ?1 RETURNING tries",
        )
        .bind(id)
        .bind(Timestamp::now().as_millis())
        .fetch_one(&self.pool)
        .await?)
    }

    /// Records that WhatsApp's server accepted a change, and publishes it. `own_key` identifies the
    /// change among all others.
    pub async fn mark_change_done(
        &self,
        id: i64,
        own_key: String,
        event: Event,
    ) -> Result<(), LedgerError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let result = sqlx::query(
                        "UPDATE message_changes SET state = 'done', text = NULL, error = NULL,
                           undecided_at = NULL, settled_at = ?2
                         WHERE id = ?1 AND state IN ('sending', 'unconfirmed')",
                    )
                    .bind(id)
                    .bind(Timestamp::now().as_millis())
                    .execute(&mut *tx.connection)
                    .await?;
                    if result.rows_affected() > 0
                        && let Some(data) = json(&event)
                    {
                        let kind = event.kind();
                        let key = change_key(kind, &own_key);
                        append_event(tx.connection, tx.ticket, kind, Some(&key), data).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Records that a change was certainly not made.
    pub async fn mark_change_failed(&self, id: i64, code: &str) -> Result<(), LedgerError> {
        sqlx::query(
            "UPDATE message_changes SET state = 'failed', text = NULL, error = ?2,
               undecided_at = NULL, settled_at = ?3
             WHERE id = ?1 AND state IN ('sending', 'unconfirmed')",
        )
        .bind(id)
        .bind(code)
        .bind(Timestamp::now().as_millis())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Records that the outcome of a change is unknown. With `give_up` the service stops trying to
    /// find it out.
    pub async fn mark_change_unknown(&self, id: i64, give_up: bool) -> Result<(), LedgerError> {
        sqlx::query(
            "UPDATE message_changes SET state = 'unconfirmed',
               undecided_at = CASE WHEN ?2 THEN COALESCE(undecided_at, ?3) ELSE undecided_at END
             WHERE id = ?1 AND state IN ('sending', 'unconfirmed')",
        )
        .bind(id)
        .bind(give_up)
        .bind(Timestamp::now().as_millis())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Deletes changes from before `before`.
    pub async fn prune_changes(&self, before: i64) -> Result<u64, LedgerError> {
        let result = sqlx::query("DELETE FROM message_changes WHERE attempted_at < ?")
            .bind(before)
            .execute(&self.pool)
            .await?;
        Ok(result.rows_affected())
    }

    /// Records that the workers of an earlier process are gone.
    pub(super) async fn recover_changes(&self) -> Result<(), LedgerError> {
        sqlx::query("UPDATE message_changes SET state = 'unconfirmed' WHERE state = 'sending'")
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Returns whether this service made the edit with this id. The page reports an edit before
/// WhatsApp's server has it; the ledger publishes it afterwards.
pub(super) async fn is_own_edit(
    transaction: &mut SqliteConnection,
    edit_id: &str,
) -> Result<bool, sqlx::Error> {
    let Some(key) = sent_key(edit_id) else {
        return Ok(false);
    };
    let row = sqlx::query("SELECT 1 FROM message_changes WHERE wa_key = ?")
        .bind(key)
        .fetch_optional(transaction)
        .await?;
    Ok(row.is_some())
}

#[cfg(test)]
mod tests {
    use session_api::{EventKind, MessageEditedEvent, ReactionEvent};
    use tempfile::TempDir;

    use super::*;
    use crate::event_log::EventLog;
    use crate::ledger::NewEvent;

    const MESSAGE: &str = "true_5491158254201@c.us_3EB0A";

    fn new_change(key: Option<&str>, wa_key: &str, text: &str) -> NewMessageChange {
        NewMessageChange {
            kind: MessageChangeKind::Edit,
            message_key: "3EB0A".into(),
            message_id: MESSAGE.into(),
            sent_at: 1,
            wa_key: wa_key.into(),
            idempotency_key: key.map(str::to_owned),
            body_hash: text.as_bytes().to_vec(),
            text: Some(text.into()),
        }
    }

    fn edited_event(text: &str) -> Event {
        Event::MessageEdited(MessageEditedEvent {
            message_id: MESSAGE.into(),
            chat: "5491158254201@c.us".into(),
            phone: None,
            lid: None,
            from_me: true,
            body: text.into(),
            at: Timestamp::now(),
        })
    }

    async fn store(folder: &TempDir) -> Store {
        Store::open(folder.path(), EventLog::new(Timestamp::now()))
            .await
            .unwrap()
    }

    async fn published_kinds(store: &Store) -> Vec<EventKind> {
        let events = store.events(0, u64::MAX >> 1, 100).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }

    #[tokio::test]
    async fn change_is_published_once_and_only_when_it_is_made() {
        let folder = TempDir::new().unwrap();
        let store = store(&folder).await;
        let row = store
            .begin_change(new_change(Some("k"), "3EB0E1", "b"))
            .await;
        let row = row.unwrap().expect("a row");
        let id = "true_5491158254201@c.us_3EB0E1".to_owned();
        // The page reports the edit before the server has it.
        let from_page = || NewEvent::Change {
            key: id.clone(),
            event: Box::new(edited_event("b")),
        };
        store.record(vec![from_page()]).await.unwrap();
        assert_eq!(published_kinds(&store).await, []);
        assert_eq!(
            store.changes_of("3EB0A").await.unwrap().unsettled,
            Some("edit")
        );
        for _ in 0..2 {
            store
                .mark_change_done(row.id, id.clone(), edited_event("b"))
                .await
                .unwrap();
            store.record(vec![from_page()]).await.unwrap();
        }
        assert_eq!(published_kinds(&store).await, [EventKind::MessageEdited]);
        let changes = store.changes_of("3EB0A").await.unwrap();
        assert!(changes.edited_at.is_some() && changes.unsettled.is_none());
        let last = store
            .last_change("3EB0A", MessageChangeKind::Delete)
            .await
            .unwrap()
            .expect("a row");
        assert_eq!((last.state, last.text), (MessageChangeState::Done, None));
        // An edit that somebody else made is not the service's own.
        let other = NewEvent::Change {
            key: "true_5491158254201@c.us_3EB0FF".into(),
            event: Box::new(edited_event("c")),
        };
        store.record(vec![other]).await.unwrap();
        assert_eq!(published_kinds(&store).await.len(), 2);
    }

    #[tokio::test]
    async fn reaction_is_published_once_and_apart_from_edits() {
        let folder = TempDir::new().unwrap();
        let store = store(&folder).await;
        let event = |emoji: Option<&str>| {
            Event::Reaction(ReactionEvent {
                message_id: MESSAGE.into(),
                chat: "5491158254201@c.us".into(),
                phone: None,
                lid: None,
                from_me: true,
                emoji: emoji.map(str::to_owned),
                at: Timestamp::now(),
            })
        };
        let edit = store.begin_change(new_change(None, "3EB0E1", "b")).await;
        let edit = edit.unwrap().expect("a row");
        let reaction = NewMessageChange {
            kind: MessageChangeKind::Reaction,
            ..new_change(None, "3EB0E2", "👍")
        };
        let row = store.begin_change(reaction).await.unwrap().expect("a row");
        assert_eq!(row.text.as_deref(), Some("👍"));
        // Neither is the earlier change of the other.
        for (kind, id) in [
            (MessageChangeKind::Delete, edit.id),
            (MessageChangeKind::Reaction, row.id),
        ] {
            let last = store.last_change("3EB0A", kind).await.unwrap();
            assert_eq!(last.expect("a row").id, id);
        }
        // The page reports it under its own key, before or after the service has recorded it.
        let id = "true_5491158254201@c.us_3EB0FF".to_owned();
        let from_page = || NewEvent::Change {
            key: id.clone(),
            event: Box::new(event(Some("👍"))),
        };
        store.record(vec![from_page()]).await.unwrap();
        store
            .mark_change_done(row.id, id.clone(), event(Some("👍")))
            .await
            .unwrap();
        store.record(vec![from_page()]).await.unwrap();
        assert_eq!(published_kinds(&store).await, [EventKind::Reaction]);
        let changes = store.changes_of("3EB0A").await.unwrap();
        assert_eq!(changes.unsettled, Some("edit"));
        assert!(changes.edited_at.is_none());
        let removed = NewEvent::Change {
            key: "true_5491158254201@c.us_3EB0FE".into(),
            event: Box::new(event(None)),
        };
        store.record(vec![removed]).await.unwrap();
        assert_eq!(published_kinds(&store).await.len(), 2);
    }

    #[tokio::test]
    async fn failed_change_begins_again_under_its_key() {
        let folder = TempDir::new().unwrap();
        let store = store(&folder).await;
        let first = store
            .begin_change(new_change(Some("k"), "3EB0E1", "b"))
            .await
            .unwrap()
            .expect("a row");
        let again = store
            .begin_change(new_change(Some("k"), "3EB0E2", "b"))
            .await;
        assert!(again.unwrap().is_none(), "the change is in progress");
        store
            .mark_change_failed(first.id, "SESSION_NOT_READY")
            .await
            .unwrap();
        assert!(
            store
                .last_change("3EB0A", MessageChangeKind::Delete)
                .await
                .unwrap()
                .is_none()
        );
        let again = store
            .begin_change(new_change(Some("k"), "3EB0E2", "b"))
            .await
            .unwrap()
            .expect("the row");
        assert_eq!((again.id, again.wa_key.as_str()), (first.id, "3EB0E1"));
    }

    #[tokio::test]
    async fn restart_leaves_a_running_change_unconfirmed() {
        let folder = TempDir::new().unwrap();
        let store_before = store(&folder).await;
        store_before
            .begin_change(new_change(None, "3EB0E1", "b"))
            .await
            .unwrap();
        store_before.close().await;
        let store = store(&folder).await;
        let unsettled = store.unsettled_changes().await.unwrap();
        assert_eq!(unsettled.len(), 1);
        assert_eq!(unsettled[0].state, MessageChangeState::Unconfirmed);
        assert_eq!(unsettled[0].text.as_deref(), Some("b"));
        store
            .mark_change_unknown(unsettled[0].id, true)
            .await
            .unwrap();
        assert!(store.unsettled_changes().await.unwrap().is_empty());
        assert_eq!(
            store.changes_of("3EB0A").await.unwrap().unsettled,
            Some("edit")
        );
        let later = Timestamp::now().as_millis() + 1;
        assert_eq!(store.prune_changes(later).await.unwrap(), 1);
    }
}
