//! Messages, outgoing and incoming.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::json;
use session_api::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::composed_message::{Composed, SentFile};
use super::error::StoreError;
use super::message_contents::read_contents;
use super::message_history::{Change, note};
use super::message_state::MessageState;
use super::rows::{now, optional_timestamp, timestamp, unknown_value, wa_key};
use super::search_index::Indexed;
use super::{Store, Tx};
use crate::message_content::Contents;

/// Rows that several hubs write concurrently may have ids in another order than
/// their times.
const MAX_ID_DISORDER: i64 = 1000;
/// Messages received more than a minute after they were written are late. The
/// index of late messages uses the same wording.
const IS_LATE: &str = "written_at < created_at - 60000";
/// When a message was written, as far as known.
const WRITTEN_AT: &str = "COALESCE(written_at, created_at)";

/// How a message came to the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// `POST /send`: the caller waits for the outcome.
    Send,
    /// `POST /api/sender/messages/send`.
    Single,
    /// `POST /api/sender/messages/bulk`.
    Bulk,
    /// A campaign.
    Campaign,
    /// Written on the phone itself.
    Phone,
    /// Received from a chat.
    Chat,
    /// The hub's answer to an opt-out.
    OptOut,
}

impl Origin {
    const ALL: [Self; 7] = [
        Self::Send,
        Self::Single,
        Self::Bulk,
        Self::Campaign,
        Self::Phone,
        Self::Chat,
        Self::OptOut,
    ];

    /// Returns the name as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Single => "single",
            Self::Bulk => "bulk",
            Self::Campaign => "campaign",
            Self::Phone => "phone",
            Self::Chat => "chat",
            Self::OptOut => "opt_out",
        }
    }
}

/// A message to enqueue.
#[derive(Clone, Copy)]
pub struct NewMessage<'a> {
    /// How it came to the hub.
    pub origin: Origin,
    /// The id of its campaign.
    pub campaign_id: Option<i64>,
    /// The validated request.
    pub message: &'a Composed,
    /// The idempotency key: one key is one message.
    pub idempotency_key: &'a str,
    /// Whether it is a dry run, which is never sent.
    pub dry_run: bool,
    /// From when it may be sent; `None` means at once.
    pub due: Option<Timestamp>,
    /// The owner that sends it at once and the end of its claim; `None` leaves
    /// it to the outbox in its turn.
    pub claim: Option<(&'a str, Timestamp)>,
}

/// The outcome of inserting a message.
#[derive(Clone, Debug)]
pub enum Inserted {
    /// The message is new.
    New(Message),
    /// The key exists, for the same message, which is returned.
    Known(Message),
    /// The key exists, for another message.
    KeyReused,
}

impl Inserted {
    fn indexed(&self) -> Option<Indexed<'_>> {
        match self {
            Self::New(message) => Some(message.into()),
            Self::Known(_) | Self::KeyReused => None,
        }
    }

    /// Returns the message, unless the key belongs to another.
    #[must_use]
    pub fn message(self) -> Option<Message> {
        match self {
            Self::New(message) | Self::Known(message) => Some(message),
            Self::KeyReused => None,
        }
    }
}

/// A stored message.
#[derive(Clone)]
pub struct Message {
    /// The row's id; grows with time.
    pub id: i64,
    /// Whether it is incoming.
    pub is_inbound: bool,
    /// How it came to the hub.
    pub origin: Origin,
    /// The id of its business.
    pub cliente_id: Option<u64>,
    /// The id of its campaign.
    pub campaign_id: Option<i64>,
    /// The other side: `…@c.us` or `…@lid`.
    pub chat: String,
    /// `text`, or WhatsApp's type.
    pub kind: String,
    /// The text, or the caption.
    pub body: String,
    /// The request to session-manager, as JSON.
    pub request: Option<String>,
    /// The hash that distinguishes it from another message with the same key.
    pub fingerprint: Option<String>,
    /// The idempotency key: one key is one message.
    pub idempotency_key: Option<String>,
    /// The id of the HTTP request that created it.
    pub request_id: Option<String>,
    /// Whether it is a dry run.
    pub dry_run: bool,
    /// The current state.
    pub state: MessageState,
    /// WhatsApp's id.
    pub wa_id: Option<String>,
    /// Why it failed, as a code.
    pub error_code: Option<String>,
    /// Why it failed, in words for a person.
    pub error_message: Option<String>,
    /// Since when it needs a person's decision: its outcome could not be found
    /// out.
    pub undecided_at: Option<Timestamp>,
    /// The number of attempts through session-manager.
    pub attempts: i64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was written, according to WhatsApp, if received from there.
    pub written_at: Option<Timestamp>,
    /// Its content besides the text, and its changes; `None` for a plain text.
    pub contents: Option<Box<Contents>>,
}

// Texts and numbers are the customers' data and stay out of logs.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("origin", &self.origin)
            .field("cliente_id", &self.cliente_id)
            .field("error_code", &self.error_code)
            .finish_non_exhaustive()
    }
}

/// The filter of a list of messages.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this business.
    pub cliente_id: Option<u64>,
    /// Only of this campaign.
    pub campaign_id: Option<i64>,
    /// Only of this chat.
    pub chat: Option<String>,
    /// Only incoming or only outgoing.
    pub is_inbound: Option<bool>,
    /// Only in this state.
    pub state: Option<MessageState>,
    /// Written at or after this time.
    pub since: Option<Timestamp>,
    /// Written before this time.
    pub until: Option<Timestamp>,
    /// Before this id: the last of the previous page.
    pub before: Option<i64>,
}

impl Message {
    /// Returns when it was written, as far as known.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.written_at.unwrap_or(self.created_at)
    }

    /// Returns whether it was deleted for everyone.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        let contents = self.contents.as_deref();
        contents.is_some_and(|contents| contents.deleted_at.is_some())
    }

    /// Returns what is known of the file that it was sent with.
    #[must_use]
    pub fn sent_file(&self) -> Option<SentFile> {
        SentFile::from_request(&self.kind, self.request.as_deref())
    }

    pub(super) fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let origin: String = row.try_get("origin")?;
        let origin = Origin::ALL.into_iter().find(|it| it.as_str() == origin);
        let direction: String = row.try_get("direction")?;
        let cliente_id: Option<i64> = row.try_get("cliente_id")?;
        Ok(Self {
            contents: read_contents(row)?.map(Box::new),
            id: row.try_get("id")?,
            is_inbound: direction == "in",
            origin: origin.ok_or_else(|| unknown_value("an origin"))?,
            cliente_id: cliente_id.and_then(|id| id.try_into().ok()),
            campaign_id: row.try_get("campaign_id")?,
            chat: row.try_get("chat")?,
            kind: row.try_get("kind")?,
            body: row.try_get("body")?,
            request: row.try_get("request")?,
            fingerprint: row.try_get("fingerprint")?,
            idempotency_key: row.try_get("idempotency_key")?,
            request_id: row.try_get("request_id")?,
            dry_run: row.try_get::<i64, _>("dry_run")? != 0,
            state: MessageState::read(row.try_get("state")?)?,
            wa_id: row.try_get("wa_id")?,
            error_code: row.try_get("error_code")?,
            error_message: row.try_get("error_message")?,
            undecided_at: optional_timestamp(row.try_get("undecided_at")?),
            attempts: row.try_get("attempts")?,
            created_at: timestamp(row.try_get("created_at")?),
            updated_at: timestamp(row.try_get("updated_at")?),
            written_at: row.try_get::<Option<i64>, _>("written_at")?.map(timestamp),
        })
    }
}

impl<'a> From<&'a Message> for Indexed<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: message.id,
            is_inbound: message.is_inbound,
            cliente_id: message.cliente_id.and_then(|id| id.try_into().ok()),
            chat: &message.chat,
            body: &message.body,
        }
    }
}

impl Store {
    /// Stores messages in this order, all or none.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn insert(&self, all: &[NewMessage<'_>]) -> Result<Vec<Inserted>, StoreError> {
        let mut tx = self.begin().await?;
        let mut inserted = Vec::with_capacity(all.len());
        for new in all {
            inserted.push(self.write_in(&mut tx, *new).await?);
        }
        let indexed: Vec<_> = inserted.iter().filter_map(Inserted::indexed).collect();
        self.index_in(&mut tx, &indexed).await?;
        tx.commit().await?;
        Ok(inserted)
    }

    /// As [`Store::insert`], for one message within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn insert_in(
        &self,
        tx: &mut Tx,
        new: NewMessage<'_>,
    ) -> Result<Inserted, StoreError> {
        let inserted = self.write_in(tx, new).await?;
        let indexed: Vec<_> = inserted.indexed().into_iter().collect();
        self.index_in(tx, &indexed).await?;
        Ok(inserted)
    }

    async fn write_in(&self, tx: &mut Tx, new: NewMessage<'_>) -> Result<Inserted, StoreError> {
        let at = now();
        let message = new.message;
        let state = if new.claim.is_some() {
            MessageState::Sending
        } else {
            MessageState::Queued
        };
        let (claimed_by, until) = new.claim.unzip();
        let chat = self
            .chat_for_in(tx, message.recipient.as_str(), message.cliente_id)
            .await?;
        let row = sqlx::query(
            "INSERT INTO messages (direction, origin, cliente_id, campaign_id, chat, kind, body,
                 request, fingerprint, idempotency_key, dry_run, state, attempts, due_at,
                 claimed_by, created_at, updated_at, request_id)
             VALUES ('out', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16)
             ON CONFLICT (idempotency_key) DO NOTHING RETURNING *",
        )
        .bind(new.origin.as_str())
        .bind(message.cliente_id.and_then(|id| i64::try_from(id).ok()))
        .bind(new.campaign_id)
        .bind(chat)
        .bind(&message.kind)
        .bind(&message.body)
        .bind(&message.json)
        .bind(&message.fingerprint)
        .bind(new.idempotency_key)
        .bind(i64::from(new.dry_run))
        .bind(state.as_str())
        .bind(i64::from(new.claim.is_some()))
        .bind(until.or(new.due).map_or(at, Timestamp::as_millis))
        .bind(claimed_by)
        .bind(at)
        .bind(&message.request_id)
        .fetch_optional(&mut **tx)
        .await?;
        if let Some(row) = row {
            let message = Message::read(&row)?;
            note(tx, message.id, None, Change::to(state, "ASKED"), at).await?;
            self.note_written_in(tx, &message).await?;
            return Ok(Inserted::New(message));
        }
        let row = sqlx::query("SELECT * FROM messages WHERE idempotency_key = $1")
            .bind(new.idempotency_key)
            .fetch_one(&mut **tx)
            .await?;
        let existing = Message::read(&row)?;
        Ok(
            if existing.fingerprint.as_ref() == Some(&message.fingerprint) {
                Inserted::Known(existing)
            } else {
                Inserted::KeyReused
            },
        )
    }

    /// Returns the message with this id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn message(&self, id: i64) -> Result<Option<Message>, StoreError> {
        let row = sqlx::query("SELECT * FROM messages WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(Message::read).transpose()
    }

    /// As [`Store::message`], within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn message_in(&self, tx: &mut Tx, id: i64) -> Result<Option<Message>, StoreError> {
        let row = sqlx::query("SELECT * FROM messages WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut **tx)
            .await?;
        row.as_ref().map(Message::read).transpose()
    }

    /// Returns the message with this WhatsApp id or last part of one.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn message_by_wa_id(&self, wa_id: &str) -> Result<Option<Message>, StoreError> {
        let row = sqlx::query("SELECT * FROM messages WHERE wa_key = $1 ORDER BY id DESC LIMIT 1")
            .bind(wa_key(wa_id))
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(Message::read).transpose()
    }

    /// Returns the messages with these WhatsApp ids, or last parts of ones, that
    /// the business sees (`None`: all businesses), by the ids as given.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn messages_by_wa_ids(
        &self,
        cliente_id: Option<u64>,
        wa_ids: &[&str],
    ) -> Result<HashMap<String, Message>, StoreError> {
        if wa_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let statement = self.engine().pick(
            "SELECT * FROM messages WHERE wa_key IN (SELECT value FROM json_each($1))",
            "SELECT * FROM messages
             WHERE wa_key IN (SELECT value FROM json_array_elements_text(CAST($1 AS JSON)))",
        );
        let keys: Vec<_> = wa_ids.iter().map(|wa_id| wa_key(wa_id)).collect();
        let rows = sqlx::query(statement)
            .bind(json!(keys).to_string())
            .fetch_all(self.reader())
            .await?;
        let messages: Vec<_> = rows.iter().map(Message::read).collect::<Result<_, _>>()?;
        let by_key: HashMap<_, _> = messages
            .iter()
            .filter(|it| cliente_id.is_none() || it.cliente_id == cliente_id)
            .filter_map(|it| Some((wa_key(it.wa_id.as_deref()?), it)))
            .collect();
        let found =
            |wa_id: &&str| Some(((*wa_id).to_owned(), (*by_key.get(wa_key(wa_id))?).clone()));
        Ok(wa_ids.iter().filter_map(found).collect())
    }

    /// Lists the newest messages that match `filter`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn messages(&self, filter: &Filter, limit: u32) -> Result<Vec<Message>, StoreError> {
        let rows = self.select_messages("*", filter, None, limit).await?;
        rows.iter().map(Message::read).collect()
    }

    /// Returns the ids of the newest messages that match `filter` and the sizes
    /// of their contents in bytes; the contents are not read.
    pub(super) async fn message_sizes(
        &self,
        filter: &Filter,
        limit: u32,
    ) -> Result<Vec<(i64, usize)>, StoreError> {
        self.sizes_among(filter, None, limit).await
    }

    /// As [`Store::message_sizes`], of the messages with these numbers.
    pub(super) async fn sizes_among(
        &self,
        filter: &Filter,
        among: Option<&[i64]>,
        limit: u32,
    ) -> Result<Vec<(i64, usize)>, StoreError> {
        let columns = "id, CAST(OCTET_LENGTH(body)
                 + COALESCE(OCTET_LENGTH(content), 0) + COALESCE(OCTET_LENGTH(edits), 0) AS BIGINT)
             AS size";
        let rows = self.select_messages(columns, filter, among, limit).await?;
        rows.iter()
            .map(|row| {
                let size: i64 = row.try_get("size")?;
                Ok((row.try_get("id")?, usize::try_from(size).unwrap_or(0)))
            })
            .collect()
    }

    /// Between which numbers the messages of a time are; `None` for none.
    pub(super) async fn bounds(&self, filter: &Filter) -> Result<Option<(i64, i64)>, StoreError> {
        let (mut after, mut before) = (0, filter.before.unwrap_or(i64::MAX));
        if let Some(since) = filter.since {
            let first = sqlx::query_scalar(
                "SELECT id FROM messages WHERE created_at >= $1 ORDER BY created_at, id LIMIT 1",
            );
            let first: Option<i64> = first
                .bind(since.as_millis())
                .fetch_optional(self.reader())
                .await?;
            let Some(first) = first else { return Ok(None) };
            after = first.saturating_sub(MAX_ID_DISORDER);
        }
        if let Some(until) = filter.until {
            // As in `select_messages`: messages that arrived in time, and late
            // ones, which may have any id.
            let in_time = sqlx::query_scalar(
                "SELECT id FROM messages WHERE created_at < $1 + 60000
                 ORDER BY created_at DESC, id DESC LIMIT 1",
            );
            let in_time: Option<i64> = in_time
                .bind(until.as_millis())
                .fetch_optional(self.reader())
                .await?;
            let late = format!(
                "SELECT id FROM messages WHERE {IS_LATE} AND written_at < $1
                 ORDER BY id DESC LIMIT 1"
            );
            let late: Option<i64> = sqlx::query_scalar(AssertSqlSafe(late))
                .bind(until.as_millis())
                .fetch_optional(self.reader())
                .await?;
            let in_time = in_time.map(|id| id.saturating_add(MAX_ID_DISORDER));
            let late = late.map(|id| id.saturating_add(1));
            let Some(last) = in_time.max(late) else {
                return Ok(None);
            };
            before = before.min(last);
        }
        Ok(Some((after, before)))
    }

    async fn select_messages(
        &self,
        columns: &str,
        filter: &Filter,
        among: Option<&[i64]>,
        limit: u32,
    ) -> Result<Vec<AnyRow>, StoreError> {
        // Only the conditions in use, so that an index can serve them.
        let mut conditions = String::new();
        if let Some(ids) = among {
            let _ = write!(conditions, " AND id IN ({})", joined(ids));
        }
        let mut next = 2;
        let mut and = |is_wanted: bool, column: &str| {
            if is_wanted {
                let _ = write!(conditions, " AND {column} = ${next}");
                next += 1;
            }
        };
        and(filter.cliente_id.is_some(), "cliente_id");
        and(filter.campaign_id.is_some(), "campaign_id");
        and(filter.chat.is_some(), "chat");
        and(filter.state.is_some(), "state");
        if filter.since.is_some() {
            // Ids grow with time, except among concurrent writes.
            let _ = write!(
                conditions,
                " AND {WRITTEN_AT} >= ${next} AND created_at >= ${next}
                  AND id > (SELECT id - {MAX_ID_DISORDER} FROM messages
                     WHERE created_at >= ${next} ORDER BY created_at, id LIMIT 1)"
            );
            next += 1;
        }
        // The wording has to match the indexes of incoming messages.
        conditions.push_str(match filter.is_inbound {
            None => "",
            Some(true) => " AND direction = 'in'",
            Some(false) => " AND direction = 'out'",
        });
        let select = format!("SELECT {columns} FROM messages WHERE id <");
        let sql = if filter.until.is_some() {
            let (until, limit) = (next, next + 1);
            let min_function = self.engine().pick("MIN", "LEAST");
            // Messages written before then and received in time are found by
            // id; late ones are few and have an index of their own. One bound
            // above, not two: SQLite seeks by one, and may choose the farther.
            format!(
                "SELECT * FROM (
                     {select} {min_function}($1, COALESCE((SELECT id + {MAX_ID_DISORDER}
                         FROM messages WHERE created_at < ${until} + 60000
                         ORDER BY created_at DESC, id DESC LIMIT 1), 0))
                     {conditions} AND {WRITTEN_AT} < ${until} AND created_at < ${until} + 60000
                     ORDER BY id DESC LIMIT ${limit}) AS in_time
                 UNION ALL SELECT * FROM (
                     {select} $1 {conditions} AND {IS_LATE} AND {WRITTEN_AT} < ${until}
                     AND created_at >= ${until} + 60000
                     ORDER BY id DESC LIMIT ${limit}) AS late
                 ORDER BY id DESC LIMIT ${limit}"
            )
        } else {
            format!("{select} $1 {conditions} ORDER BY id DESC LIMIT ${next}")
        };
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .persistent(among.is_none())
            .bind(filter.before.unwrap_or(i64::MAX));
        if let Some(id) = filter.cliente_id {
            query = query.bind(i64::try_from(id).unwrap_or(i64::MAX));
        }
        if let Some(id) = filter.campaign_id {
            query = query.bind(id);
        }
        if let Some(chat) = &filter.chat {
            query = query.bind(chat);
        }
        if let Some(state) = filter.state {
            query = query.bind(state.as_str());
        }
        if let Some(since) = filter.since {
            query = query.bind(since.as_millis());
        }
        if let Some(until) = filter.until {
            query = query.bind(until.as_millis());
        }
        let query = query.bind(i64::from(limit));
        Ok(query.fetch_all(self.reader()).await?)
    }
}

/// Numbers for `IN (…)`, where there is one at least.
pub(super) fn joined(ids: &[i64]) -> String {
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}
