//! Writes of `central-hub import-node`: inserts converted rows of the Node
//! services' database, and records which ones were imported.
//!
//! Many rows go into one statement as JSON, so that a hundred thousand take
//! seconds; the mapping of ids is stored in the same transaction.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::Row;

use super::search_index::Indexed;
use super::{Engine, Store, StoreError, Tx, now};

/// The kind of a row in the Node services' database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// `ll_usuarios`.
    User,
    /// `ll_campanias_whatsapp`.
    Campaign,
    /// `ll_programaciones`.
    Schedule,
    /// `ll_envios_whatsapp`, as the recipient of a campaign.
    Recipient,
    /// `ll_envios_whatsapp`, as the message that was sent.
    Sent,
    /// `ll_whatsapp_messages`.
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

/// A message sent or received there.
#[derive(Clone, Serialize)]
pub struct NodeMessage {
    /// A unique key per source row, for the dedup of repeated imports.
    pub key: String,
    /// `out` or `in`.
    pub direction: &'static str,
    /// As in [`super::Origin`].
    pub origin: &'static str,
    /// The id of its business.
    pub cliente_id: Option<i64>,
    /// The id of its campaign here.
    pub campaign_id: Option<i64>,
    /// `…@c.us` or `…@lid`.
    pub chat: String,
    /// WhatsApp's type.
    pub kind: String,
    /// The text.
    pub body: String,
    /// `sent` or `received`.
    pub state: &'static str,
    /// WhatsApp's id, if known.
    pub wa_id: Option<String>,
    /// The last part of WhatsApp's id.
    pub wa_key: Option<String>,
    /// When it was sent or received, in milliseconds since 1970.
    pub at: i64,
}

/// A recipient in the Node services' database.
#[derive(Clone, Serialize)]
pub struct NodeRecipient {
    /// The id of its row there, used as its line here.
    pub line: i64,
    /// The id of its campaign here.
    pub campaign_id: i64,
    /// `…@c.us` or `…@lid`.
    pub chat: String,
    /// The columns, as a JSON object.
    pub fields: String,
    /// As in [`crate::store::campaigns::RecipientState`].
    pub state: &'static str,
    /// The id of the message here, if it was sent.
    pub message_id: Option<i64>,
    /// The number of messages sent.
    pub attempt: i64,
    /// When it was sent.
    pub planned_at: Option<i64>,
    /// Why it is in its state.
    pub cause: Option<&'static str>,
    /// When it was created.
    pub at: i64,
}

/// A transition of a recipient's state there.
#[derive(Clone, Serialize)]
pub struct NodeStep {
    /// The id of the recipient here.
    pub recipient_id: i64,
    /// As in [`crate::store::campaigns::RecipientState`].
    pub from_state: &'static str,
    /// As in [`crate::store::campaigns::RecipientState`].
    pub to_state: &'static str,
    /// Who or what caused it, as a code.
    pub cause: String,
    /// Details, in words for a person.
    pub detail: Option<String>,
    /// When it happened.
    pub at: i64,
}

/// The columns of `$1` in SQLite and in PostgreSQL, in the order of the array.
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

/// A row of `messages`, from a [`NodeMessage`].
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
    /// The number there, if the person is stored under another.
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

    /// Returns which of these rows are imported already, with their ids here.
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

    /// Stores the mapping of imported rows: their ids there and here.
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

    /// Stores messages in this order, skipping those already known; returns the
    /// ids of the others by key. No event is published, since the messages are
    /// old.
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
        let written: Vec<_> = messages
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
            .bind(json(&written))
            .fetch_all(&mut **tx)
            .await?;
        let ids: HashMap<String, i64> = rows
            .iter()
            .map(|row| Ok((row.try_get("idempotency_key")?, row.try_get("id")?)))
            .collect::<Result<_, sqlx::Error>>()?;
        let indexed: Vec<_> = written
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

    /// Stores recipients, skipping those whose number the campaign already has;
    /// returns the ids of the others by line. The caller updates the counts of
    /// the campaigns.
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

    /// Marks a recipient that still waits here as sent there; `false` if it no
    /// longer waits.
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
        let moved = sqlx::query(
            "UPDATE recipients SET state = 'sent', cause = 'NODE_PAIR', message_id = $1,
                 planned_at = $2, updated_at = $2, attempt = 1
             WHERE id = $3 AND state = 'pending' AND attempt = 0",
        )
        .bind(message)
        .bind(at)
        .bind(id)
        .execute(&mut **tx)
        .await?;
        Ok(moved.rows_affected() > 0)
    }

    /// Stores transitions of recipients.
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

    /// Sets a campaign to the state that it had there.
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
        // Approved for real sending: under DRY_RUN it waits.
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

    /// Sets a schedule to the state that it had there.
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

    /// Stores how many messages a schedule sent on a day, unless it is known.
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
    // Numbers, texts and lists of them: serialization cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
