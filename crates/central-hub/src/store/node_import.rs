//! Writes the rows of `central-hub import-node`: inserts converted rows of the
//! Node services' database, and records which of them were imported.
//!
//! Many rows are passed to one statement as JSON, so that a hundred thousand
//! rows take only seconds. The mapping of ids is stored in the same
//! transaction.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::Row;

use super::search_index::Indexed;
use super::{Engine, Store, StoreError, Tx, now};

/// The kind of a row in the Node services' database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A row of `ll_usuarios`.
    User,
    /// A row of `ll_campanias_whatsapp`.
    Campaign,
    /// A row of `ll_programaciones`.
    Schedule,
    /// A row of `ll_envios_whatsapp`, as the recipient of a campaign.
    Recipient,
    /// A row of `ll_envios_whatsapp`, as the message that was sent.
    Sent,
    /// A row of `ll_whatsapp_messages`.
    Message,
}

impl NodeKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Campaign => "campaign",
            Self::Schedule => "schedule",
            Self::Recipient => "recipient",
            Self::Sent => "sent",
            Self::Message => "message",
        }
    }
}

/// A message that the Node services sent or received.
#[derive(Clone, Serialize)]
pub struct NodeMessage {
    /// A key that is unique per source row, by which a repeated import recognizes the message.
    pub key: String,
    /// The direction, `out` or `in`.
    pub direction: &'static str,
    /// The origin, as in [`super::Origin`].
    pub origin: &'static str,
    /// The id of the business.
    pub cliente_id: Option<i64>,
    /// The hub's id of the campaign.
    pub campaign_id: Option<i64>,
    /// The chat, `…@c.us` or `…@lid`.
    pub chat: String,
    /// The message's type, as WhatsApp names it.
    pub kind: String,
    /// The text.
    pub body: String,
    /// The state, `sent` or `received`.
    pub state: &'static str,
    /// WhatsApp's id of the message, if known.
    pub wa_id: Option<String>,
    /// The last part of WhatsApp's id.
    pub wa_key: Option<String>,
    /// When the message was sent or received, in milliseconds since 1970.
    pub at: i64,
}

/// A recipient in the Node services' database.
#[derive(Clone, Serialize)]
pub struct NodeRecipient {
    /// The id of the source row, used as the line number in the hub.
    pub line: i64,
    /// The hub's id of the campaign.
    pub campaign_id: i64,
    /// The recipient's address, `…@c.us` or `…@lid`.
    pub chat: String,
    /// The values of the columns, as a JSON object.
    pub fields: String,
    /// The state, as in [`crate::store::campaigns::RecipientState`].
    pub state: &'static str,
    /// The hub's id of the message, if it was sent.
    pub message_id: Option<i64>,
    /// Number of messages sent to the recipient.
    pub attempt: i64,
    /// When the message was sent, in milliseconds since 1970.
    pub planned_at: Option<i64>,
    /// Why the recipient is in its state, as a code.
    pub cause: Option<&'static str>,
    /// When the recipient was created, in milliseconds since 1970.
    pub at: i64,
}

/// A change of a recipient's state in the Node services' database.
#[derive(Clone, Serialize)]
pub struct NodeStep {
    /// The hub's id of the recipient.
    pub recipient_id: i64,
    /// The previous state, as in [`crate::store::campaigns::RecipientState`].
    pub from_state: &'static str,
    /// The new state, as in [`crate::store::campaigns::RecipientState`].
    pub to_state: &'static str,
    /// Who or what caused the change, as a code.
    pub cause: String,
    /// Details of the change, in words for a person.
    pub detail: Option<String>,
    /// When the state changed, in milliseconds since 1970.
    pub at: i64,
}

/// SQL that reads the JSON array in `$1` as rows, for SQLite and for
/// PostgreSQL, in the order of the array.
macro_rules! rows {
    ($insert:literal, [$($int:literal),*], [$($text:literal),*], $after:literal) => {
        [
            concat!(
                $insert, " (", columns!([$($int),*], [$($text),*]), ") SELECT ",
                values!("value ->> '", "'", [$($int),*], [$($text),*]),
                " FROM json_each($1) WHERE true ORDER BY key ", $after
            ),
            concat!(
                $insert, " (", columns!([$($int),*], [$($text),*]), ") SELECT ",
                values!("CAST(value ->> '", "' AS BIGINT)", [$($int),*], [$($text),*]),
                " FROM json_array_elements(CAST($1 AS JSON)) WITH ORDINALITY AS rows (value, n)
                  WHERE true ORDER BY n ", $after
            ),
        ]
    };
}

macro_rules! columns {
    ([$first:literal $(, $int:literal)*], [$($text:literal),*]) => {
        concat!($first $(, ", ", $int)* $(, ", ", $text)*)
    };
}

macro_rules! values {
    ($before:literal, $after:literal, [$first:literal $(, $int:literal)*], [$($text:literal),*]) => {
        concat!(
            $before, $first, $after
            $(, ", ", $before, $int, $after)*
            $(, ", value ->> '", $text, "'")*
        )
    };
}

const MESSAGES: [&str; 2] = rows!(
    "INSERT INTO messages",
    [
        "cliente_id",
        "campaign_id",
        "due_at",
        "created_at",
        "updated_at",
        "written_at"
    ],
    [
        "idempotency_key",
        "direction",
        "origin",
        "chat",
        "kind",
        "body",
        "state",
        "wa_id",
        "wa_key"
    ],
    "ON CONFLICT DO NOTHING RETURNING id, idempotency_key"
);

const RECIPIENTS: [&str; 2] = rows!(
    "INSERT INTO recipients",
    [
        "line",
        "campaign_id",
        "message_id",
        "attempt",
        "planned_at",
        "created_at",
        "updated_at"
    ],
    ["chat", "address", "fields", "state", "cause"],
    "ON CONFLICT (campaign_id, chat) DO NOTHING RETURNING id, line"
);

const STEPS: [&str; 2] = rows!(
    "INSERT INTO recipient_transitions",
    ["recipient_id", "at"],
    ["from_state", "to_state", "cause", "detail"],
    ""
);

const KNOWN: [&str; 2] = [
    "SELECT node_id, id FROM node_rows WHERE kind = $1
         AND node_id IN (SELECT value FROM json_each($2))",
    "SELECT node_id, id FROM node_rows WHERE kind = $1
         AND node_id IN (SELECT CAST(value AS BIGINT)
             FROM json_array_elements_text(CAST($2 AS JSON)))",
];

const NOTES: [&str; 2] = [
    "INSERT INTO node_rows (kind, node_id, id)
     SELECT $2, value ->> 0, value ->> 1 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
    "INSERT INTO node_rows (kind, node_id, id)
     SELECT $2, CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT)
     FROM json_array_elements(CAST($1 AS JSON)) WHERE true ON CONFLICT DO NOTHING",
];

/// The row of `messages` for a [`NodeMessage`].
#[derive(Serialize)]
struct MessageRow<'a> {
    idempotency_key: &'a str,
    #[serde(flatten)]
    message: NodeMessage,
    due_at: i64,
    created_at: i64,
    updated_at: i64,
    written_at: i64,
}

/// A row of `recipients`.
#[derive(Serialize)]
struct RecipientRow<'a> {
    #[serde(flatten)]
    recipient: NodeRecipient,
    /// The number in the Node services' database, if the person is stored under another.
    address: Option<&'a str>,
    created_at: i64,
    updated_at: i64,
}

impl Store {
    fn of_engine(&self, [sqlite, postgres]: [&'static str; 2]) -> &'static str {
        match self.engine() {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        }
    }

    /// Returns which of these source rows are already imported, with their ids
    /// in the hub.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn node_rows_in(
        &self,
        tx: &mut Tx,
        kind: NodeKind,
        ids: &[i64],
    ) -> Result<HashMap<i64, i64>, StoreError> {
        let rows = sqlx::query(self.of_engine(KNOWN))
            .bind(kind.as_str())
            .bind(json(&ids))
            .fetch_all(&mut **tx)
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("node_id")?, row.try_get("id")?)))
            .collect()
    }

    /// Stores the mapping of imported rows from their source ids to their ids
    /// in the hub.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn note_node_rows_in(
        &self,
        tx: &mut Tx,
        kind: NodeKind,
        rows: &[(i64, i64)],
    ) -> Result<(), StoreError> {
        sqlx::query(self.of_engine(NOTES))
            .bind(json(&rows))
            .bind(kind.as_str())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Stores messages in this order, except those that are already stored.
    /// Returns the ids of the new ones by key. No event is published, because
    /// the messages are old.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_node_messages_in(
        &self,
        tx: &mut Tx,
        messages: &[NodeMessage],
    ) -> Result<HashMap<String, i64>, StoreError> {
        let chats = messages.iter().map(|it| it.chat.as_str());
        let chats = self.chats_in(tx, chats).await?;
        let inserted: Vec<_> = messages
            .iter()
            .map(|message| MessageRow {
                idempotency_key: &message.key,
                due_at: message.at,
                created_at: message.at,
                updated_at: message.at,
                written_at: message.at,
                message: NodeMessage {
                    chat: known(&chats, &message.chat),
                    ..message.clone()
                },
            })
            .collect();
        let rows = sqlx::query(self.of_engine(MESSAGES))
            .bind(json(&inserted))
            .fetch_all(&mut **tx)
            .await?;
        let ids: HashMap<String, i64> = rows
            .iter()
            .map(|row| Ok((row.try_get("idempotency_key")?, row.try_get("id")?)))
            .collect::<Result<_, sqlx::Error>>()?;
        let indexed: Vec<_> = inserted
            .iter()
            .filter_map(|message| {
                Some(Indexed {
                    id: *ids.get(message.idempotency_key)?,
                    is_inbound: message.message.direction == "in",
                    cliente_id: message.message.cliente_id,
                    chat: &message.message.chat,
                    body: &message.message.body,
                })
            })
            .collect();
        self.index_in(tx, &indexed).await?;
        Ok(ids)
    }

    /// Stores recipients, except those whose number the campaign already has.
    /// Returns the ids of the new ones by line. The caller updates the counts
    /// of the campaigns.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_node_recipients_in(
        &self,
        tx: &mut Tx,
        recipients: &[NodeRecipient],
    ) -> Result<HashMap<i64, i64>, StoreError> {
        let chats = recipients.iter().map(|it| it.chat.as_str());
        let chats = self.chats_in(tx, chats).await?;
        let rows: Vec<_> = recipients
            .iter()
            .map(|recipient| {
                let chat = known(&chats, &recipient.chat);
                RecipientRow {
                    address: Some(recipient.chat.as_str()).filter(|it| *it != chat),
                    created_at: recipient.at,
                    updated_at: recipient.planned_at.unwrap_or(recipient.at),
                    recipient: NodeRecipient {
                        chat,
                        ..recipient.clone()
                    },
                }
            })
            .collect();
        let rows = sqlx::query(self.of_engine(RECIPIENTS))
            .bind(json(&rows))
            .fetch_all(&mut **tx)
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("line")?, row.try_get("id")?)))
            .collect()
    }

    /// Marks a recipient that is still pending in the hub as sent by the Node
    /// services. Returns `false` if it is no longer pending.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn node_recipient_was_sent_in(
        &self,
        tx: &mut Tx,
        id: i64,
        message: Option<i64>,
        at: i64,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query(
            "UPDATE recipients SET state = 'sent', cause = 'NODE_PAIR', message_id = $1,
                 planned_at = $2, updated_at = $2, attempt = 1
             WHERE id = $3 AND state = 'pending' AND attempt = 0",
        )
        .bind(message)
        .bind(at)
        .bind(id)
        .execute(&mut **tx)
        .await?;
        Ok(updated.rows_affected() > 0)
    }

    /// Stores changes of recipients' states.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_node_steps_in(
        &self,
        tx: &mut Tx,
        steps: &[NodeStep],
    ) -> Result<(), StoreError> {
        sqlx::query(self.of_engine(STEPS))
            .bind(json(&steps))
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Sets a campaign to the state that it had in the Node services' database.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn place_node_campaign_in(
        &self,
        tx: &mut Tx,
        id: i64,
        state: &'static str,
        pause: Option<(&'static str, &'static str)>,
        made_at: i64,
    ) -> Result<(), StoreError> {
        // The campaign is approved for real sending, so it waits under `DRY_RUN`.
        let approved = (state != "draft").then_some(made_at);
        sqlx::query(
            "UPDATE campaigns SET state = $1, pause_code = $2, pause_detail = $3, created_at = $4,
                 updated_at = $5, approved_at = $6, finished_at = $7, dry_run = $8 WHERE id = $9",
        )
        .bind(state)
        .bind(pause.map(|(code, _)| code))
        .bind(pause.map(|(_, detail)| detail))
        .bind(made_at)
        .bind(now())
        .bind(approved)
        .bind((state == "finished").then_some(made_at))
        .bind(approved.map(|_| 0_i64))
        .bind(id)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Sets a schedule to the state that it had in the Node services' database.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn place_node_schedule_in(
        &self,
        tx: &mut Tx,
        id: i64,
        state: &'static str,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE schedules SET state = $1, reason = $2 WHERE id = $3")
            .bind(state)
            .bind(reason)
            .bind(id)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Stores how many messages a schedule sent on a day, unless that is
    /// already stored.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn note_node_day_in(
        &self,
        tx: &mut Tx,
        campaign: i64,
        schedule: i64,
        day: &str,
        used: i64,
    ) -> Result<bool, StoreError> {
        let noted = sqlx::query(
            "INSERT INTO campaign_days (campaign_id, schedule_id, day, used)
             VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(campaign)
        .bind(schedule)
        .bind(day)
        .bind(used)
        .execute(&mut **tx)
        .await?;
        Ok(noted.rows_affected() > 0)
    }
}

fn known(chats: &HashMap<&str, String>, id: &str) -> String {
    chats.get(id).cloned().unwrap_or_else(|| id.to_owned())
}

fn json<T: Serialize>(value: &T) -> String {
    // The values are numbers, texts and lists of them, so serialization cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
