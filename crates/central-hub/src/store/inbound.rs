//! What session-manager tells, written down once.
//!
//! ```text
//!  a batch of events ──┐ one transaction
//!    messages ─────────┤   known already? ─> nothing, or the text of one
//!                      │                     that could not be read before
//!    acks ─────────────┤   the outgoing row moves on
//!    deliveries ───────┤   to webhooks
//!  how far it read ────┘
//! ```
//!
//! How far the hub has read is written together with what it read: a crash
//! loses neither, and what is told once more is known.

use serde::{Deserialize, Serialize};
use session_api::{AckEvent, Event, MessageEvent, Recipient, StateEvent, Timestamp};
use sqlx::Row;

use super::error::StoreError;
use super::history::note;
use super::messages::{Message, Origin};
use super::rows::wa_key;
use super::transitions::take_early_ack;
use super::webhook_events::{self, Topic};
use super::{Change, State, Store, Tx, now};

/// The lease of the hub that follows.
pub const FOLLOWER: &str = "listener";
const PLACE: &str = "listener.place";
const RECORDING: &str = "listener.recording";
const SESSION: &str = "listener.session";
/// WhatsApp's type of a message that session-manager could not read.
const UNREADABLE: &str = "ciphertext";

/// How far the hub has read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The id of the last event.
    pub id: Option<String>,
    /// When it was written down, in milliseconds since 1970.
    pub at: Option<i64>,
    /// How long after session-manager had it.
    pub lag_ms: Option<i64>,
    /// When the last message was written down.
    pub message_at: Option<i64>,
}

/// An event and its id.
#[derive(Clone, Debug)]
pub struct SourceEvent {
    /// Where to resume.
    pub id: Option<String>,
    /// `None`: one that this version does not know, or cannot read.
    pub event: Option<Event>,
}

/// A message, whoever told of it.
#[derive(Clone)]
pub struct InboundMessage {
    /// WhatsApp's id, or one that stands for it.
    pub wa_id: String,
    /// The other side, as it was told.
    pub chat: String,
    /// Its number, where that is known: digits.
    pub phone: Option<String>,
    /// Its `…@lid`, where that is known.
    pub lid: Option<String>,
    /// Whether the account itself wrote it.
    pub from_me: bool,
    /// WhatsApp's type.
    pub kind: String,
    /// The text, or the caption.
    pub body: String,
    /// What the other side calls itself.
    pub pushname: Option<String>,
    /// When it was written.
    pub at: Timestamp,
    /// For which business, where somebody says so.
    pub cliente_id: Option<u64>,
}

impl From<&MessageEvent> for InboundMessage {
    fn from(event: &MessageEvent) -> Self {
        let chat = if event.from_me {
            &event.to
        } else {
            &event.from
        };
        Self {
            wa_id: event.message_id.clone(),
            chat: chat.clone(),
            phone: event.phone.clone(),
            lid: event.lid.clone(),
            from_me: event.from_me,
            kind: event.kind.clone(),
            body: event.body.clone(),
            pushname: event.pushname.clone().filter(|_| !event.from_me),
            at: event.at,
            cliente_id: None,
        }
    }
}

/// What became of a message that was heard.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// It is written down.
    New(Box<Message>),
    /// It was written down as unreadable, and now is what it is.
    Readable(Box<Message>),
    /// It was written down before.
    Known,
    /// Recording is off, or it is of no person: it is not written down.
    Skipped,
}

impl Store {
    /// Whether messages are written down.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_recording(&self) -> Result<bool, StoreError> {
        Ok(self.setting(RECORDING).await?.as_deref() != Some("off"))
    }

    /// Switches the writing down of messages on or off.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_recording(&self, on: bool) -> Result<(), StoreError> {
        self.set(RECORDING, if on { "on" } else { "off" }).await
    }

    /// How far the hub has read.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn cursor(&self) -> Result<Cursor, StoreError> {
        let place = self.setting(PLACE).await?;
        Ok(place
            .and_then(|json| serde_json::from_str(&json).ok())
            .unwrap_or_default())
    }

    /// Writes events down, all or none; `false` if `who` does not hold the
    /// lease any more, which it keeps until `until` otherwise.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn record(
        &self,
        who: &str,
        until: Timestamp,
        told: &[SourceEvent],
    ) -> Result<bool, StoreError> {
        let mut place = self.cursor().await?;
        let mut tx = self.begin().await?;
        if !self.renew_lease_in(&mut tx, FOLLOWER, who, until).await? {
            return Ok(false);
        }
        for told in told {
            match &told.event {
                Some(Event::Message(event)) => {
                    let heard = self.record_inbound_in(&mut tx, &event.into()).await?;
                    if matches!(heard, Recorded::New(_) | Recorded::Readable(_)) {
                        place.message_at = Some(now());
                    }
                    place.lag_ms = lag(told).or(place.lag_ms);
                }
                Some(Event::Ack(event)) => {
                    self.note_ack_in(&mut tx, event).await?;
                    place.lag_ms = lag(told).or(place.lag_ms);
                }
                Some(Event::State(event)) => self.note_session_in(&mut tx, event).await?,
                Some(Event::Gap(gap)) => tracing::warn!(
                    after = gap.after,
                    told_after = gap.told_after,
                    "messages may be missing: {}",
                    gap.message
                ),
                Some(Event::Qr(_) | Event::Limits(_)) | None => {}
            }
            if told.id.is_some() {
                place.id.clone_from(&told.id);
                place.at = Some(now());
            }
        }
        let json = serde_json::to_string(&place).unwrap_or_default();
        self.set_in(&mut tx, PLACE, &json).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Writes a message down.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn record_inbound(&self, heard: &InboundMessage) -> Result<Recorded, StoreError> {
        let mut tx = self.begin().await?;
        let recorded = self.record_inbound_in(&mut tx, heard).await?;
        tx.commit().await?;
        Ok(recorded)
    }

    async fn record_inbound_in(
        &self,
        tx: &mut Tx,
        heard: &InboundMessage,
    ) -> Result<Recorded, StoreError> {
        let Some(chat) = self.chat_in(tx, heard).await? else {
            return Ok(Recorded::Skipped);
        };
        let key = wa_key(&heard.wa_id);
        let known = self.known_in(tx, heard, key, &chat).await?;
        let unreadable = match known {
            Some((id, kind)) if kind == UNREADABLE && heard.kind != UNREADABLE => Some(id),
            Some(_) => return Ok(Recorded::Known),
            None => None,
        };
        let body = clean(&heard.body);
        if !heard.from_me {
            // By the LID as well: a list may name either.
            let lid = heard
                .lid
                .as_deref()
                .and_then(|id| Recipient::parse(id).ok());
            let told = Recipient::parse(&heard.chat).ok();
            let mut ids = vec![chat.as_str()];
            ids.extend(lid.iter().chain(&told).map(Recipient::as_str));
            if self.apply_opt_out_in(tx, &ids, &body).await?.is_some() {
                tracing::info!("somebody asked not to be written to");
            }
        }
        if let Some(id) = unreadable {
            return self.make_readable_in(tx, id, heard, &body).await;
        }
        let recording: Option<String> =
            sqlx::query_scalar("SELECT value FROM settings WHERE name = $1")
                .bind(RECORDING)
                .fetch_optional(&mut **tx)
                .await?;
        if recording.as_deref() == Some("off") {
            return Ok(Recorded::Skipped);
        }
        let pushname = heard.pushname.as_deref().map(clean);
        self.contact_in(tx, &chat, None, pushname.as_deref())
            .await?;
        let Some(message) = self.insert_heard_in(tx, heard, key, &chat, &body).await? else {
            return Ok(Recorded::Known);
        };
        let data = webhook_events::message(&message);
        self.enqueue_delivery_in(tx, Topic::Message, message.cliente_id, &data)
            .await?;
        Ok(Recorded::New(Box::new(message)))
    }

    /// The row of a message that is written down already, by whatever id its
    /// chat had then, and what kind it is.
    async fn known_in(
        &self,
        tx: &mut Tx,
        heard: &InboundMessage,
        key: &str,
        chat: &str,
    ) -> Result<Option<(i64, String)>, StoreError> {
        let known = if heard.from_me {
            // This account's own keys are its own: what the hub sent itself
            // may be addressed in another way.
            sqlx::query("SELECT id, kind FROM messages WHERE wa_key = $1 AND direction = 'out'")
                .bind(key)
                .fetch_optional(&mut **tx)
                .await?
        } else {
            // A sender chooses the key: it tells nothing about other chats.
            sqlx::query(
                "SELECT id, kind FROM messages
                 WHERE wa_key = $1 AND direction = 'in' AND chat = $2",
            )
            .bind(key)
            .bind(chat)
            .fetch_optional(&mut **tx)
            .await?
        };
        let read = |row: sqlx::any::AnyRow| Ok((row.try_get("id")?, row.try_get("kind")?));
        known.map(read).transpose()
    }

    /// Writes down what a message holds that could not be read when it came in.
    async fn make_readable_in(
        &self,
        tx: &mut Tx,
        id: i64,
        heard: &InboundMessage,
        body: &str,
    ) -> Result<Recorded, StoreError> {
        let row = sqlx::query(
            "UPDATE messages SET kind = $2, body = $3, updated_at = $4
             WHERE id = $1 AND kind = $5 RETURNING *",
        )
        .bind(id)
        .bind(clean(kind_of(heard)))
        .bind(body)
        .bind(now())
        .bind(UNREADABLE)
        .fetch_optional(&mut **tx)
        .await?;
        let Some(row) = row else {
            return Ok(Recorded::Known);
        };
        let message = Message::read(&row)?;
        self.index_in(tx, &[(&message).into()]).await?;
        let data = webhook_events::message(&message);
        self.enqueue_delivery_in(tx, Topic::Message, message.cliente_id, &data)
            .await?;
        Ok(Recorded::Readable(Box::new(message)))
    }

    async fn insert_heard_in(
        &self,
        tx: &mut Tx,
        heard: &InboundMessage,
        key: &str,
        chat: &str,
        body: &str,
    ) -> Result<Option<Message>, StoreError> {
        let (campaign_id, cliente_id) = answered(tx, chat).await?;
        let named = heard.cliente_id.and_then(|id| i64::try_from(id).ok());
        let state = match heard.from_me {
            true => take_early_ack(tx, key).await?.unwrap_or(State::Sent),
            false => State::Received,
        };
        let (direction, origin) = match heard.from_me {
            true => ("out", Origin::Phone),
            false => ("in", Origin::Chat),
        };
        let at = now();
        let row = sqlx::query(
            "INSERT INTO messages (direction, origin, cliente_id, campaign_id, chat, kind, body,
                 state, wa_id, wa_key, due_at, created_at, updated_at, written_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $11, $12)
             ON CONFLICT DO NOTHING RETURNING *",
        )
        .bind(direction)
        .bind(origin.as_str())
        .bind(named.or(cliente_id))
        .bind(campaign_id.filter(|_| !heard.from_me))
        .bind(chat)
        .bind(clean(kind_of(heard)))
        .bind(body)
        .bind(state.as_str())
        .bind(clean(&heard.wa_id))
        .bind(clean(key))
        .bind(at)
        .bind(Some(heard.at.as_millis()).filter(|at| *at > 0))
        .fetch_optional(&mut **tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let message = Message::read(&row)?;
        self.index_in(tx, &[(&message).into()]).await?;
        note(tx, message.id, None, Change::to(state, "HEARD"), at).await?;
        Ok(Some(message))
    }

    /// The chat that this message belongs to, by the number wherever it is
    /// known; `None` for what is of no person.
    async fn chat_in(
        &self,
        tx: &mut Tx,
        heard: &InboundMessage,
    ) -> Result<Option<String>, StoreError> {
        let Ok(told) = Recipient::parse(&heard.chat) else {
            return Ok(None);
        };
        let told = told.as_str();
        let is_lid = |id: &&str| id.ends_with("@lid");
        let by_phone = heard
            .phone
            .as_deref()
            .and_then(|it| Recipient::parse(it).ok());
        let by_lid = heard
            .lid
            .as_deref()
            .and_then(|it| Recipient::parse(it).ok());
        let number = Some(told).filter(|id| !is_lid(id)).or(by_phone
            .as_ref()
            .map(Recipient::as_str)
            .filter(|id| !is_lid(id)));
        let lid = Some(told)
            .filter(is_lid)
            .or(by_lid.as_ref().map(Recipient::as_str).filter(is_lid));
        let Some(lid) = lid else {
            return Ok(Some(told.to_owned()));
        };
        let known: Option<String> = sqlx::query_scalar("SELECT chat FROM lids WHERE lid = $1")
            .bind(lid)
            .fetch_optional(&mut **tx)
            .await?;
        match (number, known) {
            (None, known) => Ok(Some(known.unwrap_or_else(|| lid.to_owned()))),
            (Some(number), Some(known)) if known == number => Ok(Some(known)),
            (Some(number), _) => {
                self.join_in(tx, lid, number).await?;
                Ok(Some(number.to_owned()))
            }
        }
    }

    /// Who wrote as `lid` is now known by number: it is one conversation.
    async fn join_in(&self, tx: &mut Tx, lid: &str, number: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO lids (lid, chat, updated_at) VALUES ($1, $2, $3)
             ON CONFLICT (lid) DO UPDATE SET chat = excluded.chat, updated_at = excluded.updated_at",
        )
        .bind(lid)
        .bind(number)
        .bind(now())
        .execute(&mut **tx)
        .await?;
        // What is under way keeps its place in the line of its chat.
        sqlx::query(
            "UPDATE messages SET chat = $1 WHERE chat = $2
                 AND state NOT IN ('queued', 'sending', 'unconfirmed')",
        )
        .bind(number)
        .bind(lid)
        .execute(&mut **tx)
        .await?;
        let before = sqlx::query("DELETE FROM contacts WHERE wa_id = $1 RETURNING name, pushname")
            .bind(lid)
            .fetch_optional(&mut **tx)
            .await?;
        if let Some(before) = before {
            let name: Option<String> = before.try_get("name")?;
            let pushname: Option<String> = before.try_get("pushname")?;
            self.contact_in(tx, number, name.as_deref(), pushname.as_deref())
                .await?;
        }
        Ok(())
    }

    /// The chat under which a number or LID is written down.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn chat_of(&self, recipient: &Recipient) -> Result<String, StoreError> {
        let known: Option<String> = sqlx::query_scalar("SELECT chat FROM lids WHERE lid = $1")
            .bind(recipient.as_str())
            .fetch_optional(self.reader())
            .await?;
        Ok(known.unwrap_or_else(|| recipient.as_str().to_owned()))
    }

    async fn note_ack_in(&self, tx: &mut Tx, event: &AckEvent) -> Result<(), StoreError> {
        if let Some(state) = State::of_ack(event.ack) {
            self.acknowledge_in(tx, &clean(&event.message_id), state)
                .await?;
        }
        Ok(())
    }

    /// Tells the webhooks of a state that they were not told of yet: each
    /// connection begins with the one that holds.
    async fn note_session_in(&self, tx: &mut Tx, event: &StateEvent) -> Result<(), StoreError> {
        let seen = format!("{} {}", event.since, event.status);
        let before: Option<String> =
            sqlx::query_scalar("SELECT value FROM settings WHERE name = $1")
                .bind(SESSION)
                .fetch_optional(&mut **tx)
                .await?;
        if before.as_deref() == Some(&seen) {
            return Ok(());
        }
        self.set_in(tx, SESSION, &seen).await?;
        self.enqueue_delivery_in(tx, Topic::State, None, &webhook_events::state(event))
            .await?;
        Ok(())
    }
}

/// The business whose message to this chat was the last that may have arrived,
/// and its campaign that wrote there last.
///
/// The business first: a campaign of one does not draw to itself what answers a
/// later message of another. What has neither, as an administrator's own
/// message, takes no conversation from a business.
async fn answered(tx: &mut Tx, chat: &str) -> Result<(Option<i64>, Option<i64>), StoreError> {
    let last = sqlx::query(
        "SELECT campaign_id, cliente_id FROM messages
         WHERE chat = $1 AND direction = 'out'
             AND (cliente_id IS NOT NULL OR campaign_id IS NOT NULL)
             AND state IN ('sending', 'unconfirmed', 'sent', 'delivered', 'read', 'played')
         ORDER BY id DESC LIMIT 1",
    )
    .bind(chat)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(last) = last else {
        return Ok((None, None));
    };
    let cliente_id: Option<i64> = last.try_get("cliente_id")?;
    let campaign_id: Option<i64> = last.try_get("campaign_id")?;
    if campaign_id.is_some() {
        return Ok((campaign_id, cliente_id));
    }
    let campaign_id = sqlx::query_scalar(
        "SELECT campaign_id FROM messages
         WHERE chat = $1 AND direction = 'out' AND cliente_id = $2 AND campaign_id IS NOT NULL
             AND state IN ('sending', 'unconfirmed', 'sent', 'delivered', 'read', 'played')
         ORDER BY id DESC LIMIT 1",
    )
    .bind(chat)
    .bind(cliente_id)
    .fetch_optional(&mut **tx)
    .await?;
    Ok((campaign_id, cliente_id))
}

/// How long after session-manager had an event it is written down: its ids
/// are microseconds.
fn lag(told: &SourceEvent) -> Option<i64> {
    let id: i64 = told.id.as_deref()?.parse().ok()?;
    Some((now() - id / 1000).max(0))
}

/// What the hub calls its type.
fn kind_of(heard: &InboundMessage) -> &str {
    match heard.kind.as_str() {
        "chat" => "text",
        other => other,
    }
}

/// PostgreSQL's texts hold no NUL.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
