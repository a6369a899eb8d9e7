//! Defines `Row`, one row of the table `sends`.

use session_api::{Content, ErrorCode, MessageBody, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::send_state_machine::{SendState, UnknownState};

/// The stored failure of a send whose lookup lost the connection. The API reports it as
/// `SEND_FAILED`, but a repeated request has to distinguish it from other failures.
pub const CONNECTION_LOST: &str = "CONNECTION_LOST";

/// What is known about the changes of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangesOfMessage {
    /// When the message was last edited, in milliseconds since 1970.
    pub edited_at: Option<i64>,
    /// When the message was deleted, in milliseconds since 1970.
    pub deleted_at: Option<i64>,
    /// The kind of the latest change, if its outcome is unknown.
    pub unsettled: Option<&'static str>,
}

/// A send, as the ledger stores it.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// The id of the row.
    pub id: i64,
    /// The last part of WhatsApp's id, which is also the ledger's public id.
    pub wa_key: String,
    /// The SHA-256 digest of the request.
    pub body_hash: Vec<u8>,
    /// The recipient, as `…@c.us` or `…@lid`.
    pub recipient: String,
    /// The kind of the message, as in the request.
    pub kind: String,
    /// The content, while the message may have to be resent.
    pub content: Option<Content>,
    /// WhatsApp's full id, once it is known.
    pub message_id: Option<String>,
    /// The state of the send.
    pub state: SendState,
    /// The error code of the failure, or [`CONNECTION_LOST`].
    pub error: Option<String>,
    /// How many times the service has tried to settle the outcome.
    pub settle_tries: u32,
    /// When the last such try was made, in milliseconds since 1970.
    pub settle_tried_at: Option<i64>,
    /// When the service gave up and left the decision to a person.
    pub undecided_at: Option<i64>,
    /// When the send was requested. This and all times below are in milliseconds since 1970.
    pub created_at: i64,
    /// When the send failed.
    pub failed_at: Option<i64>,
    /// When the server accepted the message.
    pub sent_at: Option<i64>,
    /// When the message reached the phone.
    pub delivered_at: Option<i64>,
    /// When the message was read.
    pub read_at: Option<i64>,
    /// When the message was played.
    pub played_at: Option<i64>,
}

// Neither the text nor a full phone number may reach a log.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("wa_key", &self.wa_key)
            .field("state", &self.state)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl Row {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let state: String = row.try_get("state")?;
        Ok(Self {
            id: row.try_get("id")?,
            wa_key: row.try_get("wa_key")?,
            body_hash: row.try_get("body_hash")?,
            recipient: row.try_get("recipient")?,
            kind: row.try_get("kind")?,
            content: content(row)?,
            message_id: row.try_get("message_id")?,
            state: state
                .parse()
                .map_err(|unknown: UnknownState| sqlx::Error::Decode(Box::new(unknown)))?,
            error: row.try_get("error")?,
            settle_tries: row.try_get("settle_tries")?,
            settle_tried_at: row.try_get("settle_tried_at")?,
            undecided_at: row.try_get("undecided_at")?,
            created_at: row.try_get("created_at")?,
            failed_at: row.try_get("failed_at")?,
            sent_at: row.try_get("sent_at")?,
            delivered_at: row.try_get("delivered_at")?,
            read_at: row.try_get("read_at")?,
            played_at: row.try_get("played_at")?,
        })
    }

    /// Returns WhatsApp's id if it is known, otherwise the ledger's.
    pub fn public_id(&self) -> &str {
        self.message_id.as_deref().unwrap_or(&self.wa_key)
    }

    /// Returns whether the outcome is unknown and a person has to decide.
    pub fn is_undecided(&self) -> bool {
        self.state.is_unsettled() && self.undecided_at.is_some()
    }

    /// Returns the body of `GET /messages/{id}`.
    pub fn body(&self, changes: &ChangesOfMessage) -> MessageBody {
        let at = |millis: Option<i64>| millis.and_then(Timestamp::from_millis);
        let status = match self.state {
            // The API does not distinguish these states: there is no outcome yet.
            SendState::Sending => SendState::Accepted,
            state => state,
        };
        MessageBody {
            message_id: self.public_id().to_owned(),
            ledger_id: self.wa_key.clone(),
            status: status.as_str().to_owned(),
            to: self.recipient.clone(),
            created_at: at(Some(self.created_at)).unwrap_or_else(Timestamp::now),
            sent_at: at(self.sent_at),
            delivered_at: at(self.delivered_at),
            read_at: at(self.read_at),
            played_at: at(self.played_at),
            failed_at: at(self.failed_at),
            error: self.error.as_deref().map(public_error),
            undecided_at: at(self.undecided_at),
            kind: self.kind.clone(),
            edited_at: at(changes.edited_at),
            deleted_at: at(changes.deleted_at),
            unsettled_change: changes.unsettled.map(str::to_owned),
        }
    }
}

/// Returns the error code that the API uses for a stored failure.
fn public_error(stored: &str) -> String {
    match stored {
        CONNECTION_LOST => ErrorCode::SendFailed.as_str(),
        code => code,
    }
    .to_owned()
}

fn content(row: &SqliteRow) -> Result<Option<Content>, sqlx::Error> {
    if let Some(json) = row.try_get::<Option<&str>, _>("content")? {
        let content =
            serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        return Ok(Some(content));
    }
    // The row was written by a version that only supported text messages.
    let text: Option<String> = row.try_get("text")?;
    Ok(text.map(Content::text))
}
