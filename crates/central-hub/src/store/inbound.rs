//! Records session-manager's events (messages, acks, changes, calls), each
//! exactly once.
//!
//! ```text
//!  a batch of events ──┐ one transaction
//!    messages, calls ──┤   known already? ─> nothing, or the text of one
//!                      │                     that was unreadable before
//!    changes ──────────┤   the message has another text, none, or a reaction
//!    acks ─────────────┤   the outgoing row changes its state
//!    deliveries ───────┤   to webhooks
//!  cursor ─────────────┘
//! ```
//!
//! The cursor is stored in the same transaction as the events, so a crash loses
//! neither. Events that arrive again are recognized as duplicates.

use serde::{Deserialize, Serialize};
use session_api::{AckEvent, CallEvent, Event, MessageEvent, Recipient, StateEvent, Timestamp};
use sqlx::Row;

use super::addresses::lids_in;
use super::error::StoreError;
use super::message_changes::ChangedMessage;
use super::message_contents::{CALL, json, read_contents, stored_content};
use super::message_history::note;
use super::messages::{Message, Origin};
use super::recording::is_recording_in;
use super::rows::{clean, wa_key};
use super::settings::setting_in;
use super::transitions::take_early_ack;
use super::webhook_events::{self, Topic};
use super::{Change, MessageState, Store, Tx, now};
use crate::message_content::{Call, Content, Texts};

/// The name of the follower's lease.
pub const FOLLOWER: &str = "listener";
const POSITION_SETTING: &str = "listener.place";
const SESSION: &str = "listener.session";
/// WhatsApp's type for a message that session-manager could not decrypt.
const UNREADABLE: &str = "ciphertext";

/// How far the hub has read the event stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The id of the last event.
    pub id: Option<String>,
    /// When the event was stored, in milliseconds since 1970.
    pub at: Option<i64>,
    /// Milliseconds from when session-manager received the event until the hub stored it.
    pub lag_ms: Option<i64>,
    /// When the last message was stored, in milliseconds since 1970.
    pub message_at: Option<i64>,
}

/// An event with its id.
#[derive(Clone, Debug)]
pub struct SourceEvent {
    /// The id from which to resume.
    pub id: Option<String>,
    /// The event; `None` if this version does not know it or cannot parse it.
    pub event: Option<Event>,
}

/// A message to record, from any source.
#[derive(Clone)]
pub struct InboundMessage {
    /// WhatsApp's id, or a substitute for it.
    pub wa_id: String,
    /// The WhatsApp id of the contact, as reported.
    pub chat: String,
    /// The digits of the contact's number, if known.
    pub phone: Option<String>,
    /// The contact's LID, `…@lid`, if known.
    pub lid: Option<String>,
    /// Whether this account sent the message.
    pub from_me: bool,
    /// The message's type, as WhatsApp names it.
    pub kind: String,
    /// The text, or the caption.
    pub body: String,
    /// The name that the contact chose.
    pub pushname: Option<String>,
    /// When the message was written.
    pub at: Timestamp,
    /// The business, if the source names one.
    pub cliente_id: Option<u64>,
    /// The content besides the text.
    pub content: Box<Content>,
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
            content: Box::new((&*event.content).into()),
        }
    }
}

impl From<&CallEvent> for InboundMessage {
    fn from(event: &CallEvent) -> Self {
        let call = Call {
            video: event.video,
            outcome: event.outcome.clone(),
        };
        Self {
            wa_id: format!("call_{}_{}", event.from, event.call_id),
            chat: event.from.clone(),
            phone: event.phone.clone(),
            lid: event.lid.clone(),
            from_me: false,
            kind: CALL.to_owned(),
            body: String::new(),
            pushname: event.pushname.clone(),
            at: event.at,
            cliente_id: None,
            content: Box::new(Content {
                call: Some(call),
                ..Content::default()
            }),
        }
    }
}

/// The result of recording a message.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// The message is new and was stored.
    New(Box<Message>),
    /// The message was stored as unreadable, and now has its content.
    Readable(Box<Message>),
    /// The message was stored before.
    Known,
    /// Nothing was stored, because recording is off or the chat is not a person.
    Skipped,
}

impl Store {
    /// Returns how far the hub has read the event stream.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn cursor(&self) -> Result<Cursor, StoreError> {
        let place = self.setting(POSITION_SETTING).await?;
        Ok(place
            .and_then(|json| serde_json::from_str(&json).ok())
            .unwrap_or_default())
    }

    /// Stores either all of these events or none, and extends the lease of
    /// `who` until `until`. Returns `false` if `who` no longer holds the lease.
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
        // Addresses are learnt first, each in a separate transaction, because a
        // merge must not wait for a transaction that waits for the merge.
        for told in told {
            match &told.event {
                Some(Event::Message(event)) => self.learn_from(&event.into()).await?,
                Some(Event::Call(event)) => self.learn_from(&event.into()).await?,
                Some(event) => {
                    if let Some(changed) = ChangedMessage::from_event(event) {
                        self.learn_from_change(&changed).await?;
                    }
                }
                None => {}
            }
        }
        let mut tx = self.begin().await?;
        if !self.renew_lease_in(&mut tx, FOLLOWER, who, until).await? {
            return Ok(false);
        }
        for told in told {
            match &told.event {
                Some(Event::Message(event)) => {
                    let recorded = self.record_inbound_in(&mut tx, &event.into()).await?;
                    if matches!(recorded, Recorded::New(_) | Recorded::Readable(_)) {
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
                Some(Event::Call(event)) => {
                    self.record_inbound_in(&mut tx, &event.into()).await?;
                    place.lag_ms = lag(told).or(place.lag_ms);
                }
                Some(
                    event @ (Event::MessageEdited(_)
                    | Event::MessageDeleted(_)
                    | Event::Reaction(_)),
                ) => {
                    if let Some(changed) = ChangedMessage::from_event(event) {
                        self.record_change_in(&mut tx, changed).await?;
                    }
                    place.lag_ms = lag(told).or(place.lag_ms);
                }
                // These events are passed on to the page but not stored.
                Some(Event::Qr(_) | Event::Limits(_)) | None => {}
            }
            if told.id.is_some() {
                place.id.clone_from(&told.id);
                place.at = Some(now());
            }
        }
        let json = serde_json::to_string(&place).unwrap_or_default();
        self.set_in(&mut tx, POSITION_SETTING, &json).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Stores a message.
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
        // A chat that is not a person is not stored.
        let Ok(told) = Recipient::parse(&heard.chat) else {
            return Ok(Recorded::Skipped);
        };
        let chat = self.chat_in(tx, told.as_str()).await?;
        let key = key_of(heard);
        let existing = self.known_in(tx, heard, key, &chat).await?;
        let unreadable = match existing {
            Some((id, kind)) if kind == UNREADABLE && heard.kind != UNREADABLE => Some(id),
            Some(_) => return Ok(Recorded::Known),
            None => None,
        };
        let body = clean(&heard.body);
        let opt_out = if heard.from_me {
            None
        } else {
            self.apply_opt_out_in(tx, &chat, &body).await?
        };
        let recorded = match unreadable {
            Some(id) => self.make_readable_in(tx, id, heard, &body).await?,
            None => {
                self.insert_recorded_in(tx, heard, key, &chat, &body)
                    .await?
            }
        };
        if let Some(opt_out) = opt_out {
            // This follows the message, so that the reply is listed after it.
            self.follow_opt_out_in(tx, &chat, &opt_out).await?;
        }
        Ok(recorded)
    }

    /// Stores a message that is not stored yet, if recording is on.
    async fn insert_recorded_in(
        &self,
        tx: &mut Tx,
        heard: &InboundMessage,
        key: &str,
        chat: &str,
        body: &str,
    ) -> Result<Recorded, StoreError> {
        if !is_recording_in(tx).await? {
            return Ok(Recorded::Skipped);
        }
        let pushname = heard.pushname.as_deref().map(clean);
        self.contact_in(tx, chat, None, pushname.as_deref()).await?;
        let Some(message) = self.insert_received_in(tx, heard, key, chat, body).await? else {
            return Ok(Recorded::Known);
        };
        self.note_received_in(tx, &message).await?;
        let (topic, data) = match message.kind.as_str() {
            CALL => (Topic::Call, webhook_events::call(&message)),
            _ => (Topic::Message, self.message_data(&message)),
        };
        self.enqueue_delivery_in(tx, topic, message.cliente_id, &data)
            .await?;
        self.apply_early_changes_in(tx, &message).await?;
        Ok(Recorded::New(Box::new(message)))
    }

    /// Returns the row and the kind of a message that is already stored,
    /// whatever id its chat had at the time.
    async fn known_in(
        &self,
        tx: &mut Tx,
        heard: &InboundMessage,
        key: &str,
        chat: &str,
    ) -> Result<Option<(i64, String)>, StoreError> {
        let known = if heard.from_me {
            // Keys of the account's own messages are unique, and a message that
            // the hub sent may be stored under another form of the address.
            sqlx::query("SELECT id, kind FROM messages WHERE wa_key = $1 AND direction = 'out'")
                .bind(key)
                .fetch_optional(&mut **tx)
                .await?
        } else {
            // The sender chooses the key, so it identifies a message only within its chat.
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

    /// Stores the content of a message that was unreadable when it arrived.
    /// Changes received meanwhile are kept.
    async fn make_readable_in(
        &self,
        tx: &mut Tx,
        id: i64,
        heard: &InboundMessage,
        body: &str,
    ) -> Result<Recorded, StoreError> {
        let row = sqlx::query("SELECT * FROM messages WHERE id = $1 AND kind = $2")
            .bind(id)
            .bind(UNREADABLE)
            .fetch_optional(&mut **tx)
            .await?;
        let Some(row) = row else {
            return Ok(Recorded::Known);
        };
        let before = read_contents(&row)?.unwrap_or_default();
        let is_deleted = before.deleted_at.is_some();
        if is_deleted && heard.content.message.media.is_some() {
            self.delete_media_in(tx, Some(&heard.wa_id)).await?;
        }
        let texts = before.texts.map(|texts| Texts {
            first: body.to_owned(),
            ..texts
        });
        let newest = texts.as_ref().map_or(body, Texts::newest);
        let row = sqlx::query(
            "UPDATE messages SET kind = $2, body = $3, content = $4, edits = $5, updated_at = $6
             WHERE id = $1 RETURNING *",
        )
        .bind(id)
        .bind(clean(kind_of(heard)))
        .bind(if is_deleted { "" } else { newest })
        .bind(stored_content(&heard.content).filter(|_| !is_deleted))
        .bind(texts.as_ref().map(json))
        .bind(now())
        .fetch_one(&mut **tx)
        .await?;
        let message = Message::read(&row)?;
        self.index_in(tx, &[(&message).into()]).await?;
        self.note_changed_in(tx, &message.chat).await?;
        let data = self.message_data(&message);
        self.enqueue_delivery_in(tx, Topic::Message, message.cliente_id, &data)
            .await?;
        Ok(Recorded::Readable(Box::new(message)))
    }

    async fn insert_received_in(
        &self,
        tx: &mut Tx,
        heard: &InboundMessage,
        key: &str,
        chat: &str,
        body: &str,
    ) -> Result<Option<Message>, StoreError> {
        let (campaign_id, cliente_id) = answered(self, tx, chat).await?;
        let named = heard.cliente_id.and_then(|id| i64::try_from(id).ok());
        let state = match heard.from_me {
            true => take_early_ack(tx, key).await?.unwrap_or(MessageState::Sent),
            false => MessageState::Received,
        };
        let (direction, origin) = match heard.from_me {
            true => ("out", Origin::Phone),
            false => ("in", Origin::Chat),
        };
        let at = now();
        // A call does not count as an answer to a campaign.
        let is_answer = !heard.from_me && heard.kind != CALL;
        let row = sqlx::query(
            "INSERT INTO messages (direction, origin, cliente_id, campaign_id, chat, kind, body,
                 state, wa_id, wa_key, due_at, created_at, updated_at, written_at, content)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $11, $12, $13)
             ON CONFLICT DO NOTHING RETURNING *",
        )
        .bind(direction)
        .bind(origin.as_str())
        .bind(named.or(cliente_id))
        .bind(campaign_id.filter(|_| is_answer))
        .bind(chat)
        .bind(clean(kind_of(heard)))
        .bind(body)
        .bind(state.as_str())
        .bind(clean(&heard.wa_id))
        .bind(clean(key))
        .bind(at)
        .bind(Some(heard.at.as_millis()).filter(|at| *at > 0))
        .bind(stored_content(&heard.content))
        .fetch_optional(&mut **tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let message = Message::read(&row)?;
        self.index_in(tx, &[(&message).into()]).await?;
        note(tx, message.id, None, Change::to(state, "HEARD"), at).await?;
        Ok(Some(message))
    }

    /// Returns the data of the `message` event for webhooks.
    fn message_data(&self, message: &Message) -> serde_json::Value {
        let links = self.media_links();
        webhook_events::message(message, || {
            links.map(|links| links.sign(message.id, Timestamp::now()))
        })
    }

    async fn note_ack_in(&self, tx: &mut Tx, event: &AckEvent) -> Result<(), StoreError> {
        if let Some(state) = MessageState::of_ack(event.ack) {
            self.acknowledge_in(tx, &clean(&event.message_id), state)
                .await?;
        }
        if let Some(media) = &event.media {
            self.record_sent_file_in(tx, &event.message_id, media)
                .await?;
        }
        Ok(())
    }

    /// Enqueues webhook deliveries of a session state, unless the same state
    /// was delivered before: each connection to session-manager starts with the
    /// current state.
    async fn note_session_in(&self, tx: &mut Tx, event: &StateEvent) -> Result<(), StoreError> {
        let observed_state = format!("{} {}", event.since, event.status);
        let before = setting_in(tx, SESSION).await?;
        if before.as_deref() == Some(&observed_state) {
            return Ok(());
        }
        self.set_in(tx, SESSION, &observed_state).await?;
        self.enqueue_delivery_in(tx, Topic::State, None, &webhook_events::state(event))
            .await?;
        Ok(())
    }
}

/// The business and the campaign of a message to a person.
#[derive(Default)]
pub(super) struct Answered {
    message: i64,
    campaign_id: Option<i64>,
    pub(super) cliente_id: Option<i64>,
}

/// Returns the business that sent this person the last message that may have
/// arrived, and the last campaign of that business that wrote to the person.
///
/// The business is determined first, so that a campaign of one business does
/// not get the answer to a later message of another. A message without a
/// business or campaign, such as an administrator's own, does not take a
/// conversation away from a business.
async fn answered(
    store: &Store,
    tx: &mut Tx,
    chat: &str,
) -> Result<(Option<i64>, Option<i64>), StoreError> {
    let mut last = last_to(tx, chat).await?.unwrap_or_default();
    let mut under = None;
    // These messages were sent to one of the person's LIDs while the number was unknown.
    for lid in lids_in(tx, chat).await? {
        if let Some(later) = last_to(tx, &lid)
            .await?
            .filter(|it| it.message > last.message)
        {
            last = later;
            under = Some(lid);
        }
    }
    if let (Some(lid), Some(cliente_id)) = (under, last.cliente_id) {
        // The person has answered, so both chats become one conversation.
        sqlx::query("UPDATE messages SET chat = $1 WHERE chat = $2 AND cliente_id = $3")
            .bind(chat)
            .bind(&lid)
            .bind(cliente_id)
            .execute(&mut **tx)
            .await?;
        store.move_inbox_in(tx, &lid, chat).await?;
        store
            .move_conversations_in(tx, &lid, chat, Some(cliente_id))
            .await?;
    }
    if last.campaign_id.is_some() || last.cliente_id.is_none() {
        return Ok((last.campaign_id, last.cliente_id));
    }
    let campaign_id = sqlx::query_scalar(
        "SELECT campaign_id FROM messages
         WHERE chat = $1 AND direction = 'out' AND cliente_id = $2 AND campaign_id IS NOT NULL
             AND state IN ('sending', 'unconfirmed', 'sent', 'delivered', 'read', 'played')
         ORDER BY id DESC LIMIT 1",
    )
    .bind(chat)
    .bind(last.cliente_id)
    .fetch_optional(&mut **tx)
    .await?;
    Ok((campaign_id, last.cliente_id))
}

/// Returns the last message of a business to this person that may have arrived.
pub(super) async fn last_to(tx: &mut Tx, chat: &str) -> Result<Option<Answered>, StoreError> {
    let last = sqlx::query(
        "SELECT id, campaign_id, cliente_id FROM messages
         WHERE chat = $1 AND direction = 'out'
             AND (cliente_id IS NOT NULL OR campaign_id IS NOT NULL)
             AND state IN ('sending', 'unconfirmed', 'sent', 'delivered', 'read', 'played')
         ORDER BY id DESC LIMIT 1",
    )
    .bind(chat)
    .fetch_optional(&mut **tx)
    .await?;
    let read = |row: sqlx::any::AnyRow| {
        Ok(Answered {
            message: row.try_get("id")?,
            campaign_id: row.try_get("campaign_id")?,
            cliente_id: row.try_get("cliente_id")?,
        })
    };
    last.map(read).transpose()
}

/// Returns the milliseconds from session-manager's event until now. The event's
/// id is its time in microseconds.
fn lag(told: &SourceEvent) -> Option<i64> {
    let id: i64 = told.id.as_deref()?.parse().ok()?;
    Some((now() - id / 1000).max(0))
}

/// Returns the part of the id that identifies the message within its chat,
/// whatever form the chat's address has.
fn key_of(heard: &InboundMessage) -> &str {
    match heard.kind.as_str() {
        CALL => heard.wa_id.rsplit('_').next().unwrap_or(&heard.wa_id),
        _ => wa_key(&heard.wa_id),
    }
}

/// Returns the hub's name for the message's type.
fn kind_of(heard: &InboundMessage) -> &str {
    match heard.kind.as_str() {
        "chat" => "text",
        other => other,
    }
}
