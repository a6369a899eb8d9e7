//! Records changes of stored messages: edits, deletions and reactions.
//!
//! ```text
//!  change ─> is its message known? ─┬─ yes ─> the message, the index of words, the inbox, webhooks
//!                                   └─ no ──> early_changes ──(the message is recorded)──^
//! ```
//!
//! Each change is applied once, in whatever order the changes arrive: edits and
//! reactions are ordered by their own time, and a deleted message no longer has
//! any content.

use serde::{Deserialize, Serialize};
use session_api::{Event, InboundMedia, Recipient, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::addresses::lids_in;
use super::error::StoreError;
use super::message_contents::{json, stored_content};
use super::messages::Message;
use super::recording::is_recording_in;
use super::rows::{clean, wa_key};
use super::webhook_events::{self, Topic, delivered_field};
use super::{Store, Tx, now};
use crate::message_content::{Contents, OWN_REACTION, StoredReaction, Texts, react};

/// How long a change waits for its message, in milliseconds. session-manager
/// may report a message only after a search of the chat.
const EARLY_KEPT_MS: i64 = 7 * 24 * 3600 * 1000;

/// A change of a message.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MessageChange {
    /// The message was edited; `body` is its new text.
    Edited { body: String, at: i64 },
    /// The message was deleted for everyone.
    Deleted { at: i64 },
    /// The contact reacted, or removed the reaction; `own`: this account did.
    Reaction {
        emoji: Option<String>,
        at: i64,
        #[serde(default)]
        own: bool,
    },
    /// WhatsApp has the file of the message, which was sent from here.
    FileSent { file: InboundMedia },
}

/// A change and the message to which it applies.
pub(super) struct ChangedMessage<'a> {
    message_id: &'a str,
    chat: &'a str,
    phone: Option<&'a str>,
    lid: Option<&'a str>,
    change: MessageChange,
}

impl<'a> ChangedMessage<'a> {
    /// Returns the change that an event reports; `None` for other events.
    pub(super) fn from_event(event: &'a Event) -> Option<Self> {
        Some(match event {
            Event::MessageEdited(event) => Self {
                message_id: &event.message_id,
                chat: &event.chat,
                phone: event.phone.as_deref(),
                lid: event.lid.as_deref(),
                change: MessageChange::Edited {
                    body: clean(&event.body),
                    at: event.at.as_millis(),
                },
            },
            Event::MessageDeleted(event) => Self {
                message_id: &event.message_id,
                chat: &event.chat,
                phone: event.phone.as_deref(),
                lid: event.lid.as_deref(),
                change: MessageChange::Deleted {
                    at: event.at.as_millis(),
                },
            },
            Event::Reaction(event) => Self {
                message_id: &event.message_id,
                chat: &event.chat,
                phone: event.phone.as_deref(),
                lid: event.lid.as_deref(),
                change: MessageChange::Reaction {
                    emoji: event.emoji.as_deref().map(clean),
                    at: event.at.as_millis(),
                    own: event.from_me,
                },
            },
            _ => return None,
        })
    }

    /// Returns whether this account sent the message.
    fn is_own(&self) -> bool {
        self.message_id.starts_with("true_")
    }
}

impl Store {
    /// Learns from a change which number and LID belong together.
    pub(super) async fn learn_from_change(
        &self,
        changed: &ChangedMessage<'_>,
    ) -> Result<(), StoreError> {
        self.learn_from_event(changed.chat, changed.phone, changed.lid)
            .await
    }

    /// Records a change of a message.
    pub(super) async fn record_change_in(
        &self,
        tx: &mut Tx,
        changed: ChangedMessage<'_>,
    ) -> Result<(), StoreError> {
        // A chat that is not a person is not stored.
        let Ok(told) = Recipient::parse(changed.chat) else {
            return Ok(());
        };
        let chat = self.chat_in(tx, told.as_str()).await?;
        let is_own = changed.is_own();
        let key = wa_key(changed.message_id);
        let message = self.changed_message_in(tx, key, is_own, &chat).await?;
        if let MessageChange::Edited { body, at } = &changed.change
            && !is_own
        {
            let contents = message.as_ref().and_then(|it| it.contents.as_ref());
            let texts = contents.and_then(|it| it.texts.as_ref());
            // Reported again, perhaps after a person has lifted the opt-out.
            if texts.is_some_and(|it| it.has(body, *at)) {
                return Ok(());
            }
            if let Some(opt_out) = self.apply_opt_out_in(tx, &chat, body).await? {
                self.follow_opt_out_in(tx, &chat, &opt_out).await?;
            }
        }
        match message {
            Some(message) => self.apply_change_in(tx, message, changed.change).await,
            None if is_recording_in(tx).await? => {
                keep_early_change(tx, key, &chat, &changed.change).await
            }
            None => Ok(()),
        }
    }

    /// Records the file of a message that was sent from here.
    pub(super) async fn record_sent_file_in(
        &self,
        tx: &mut Tx,
        message_id: &str,
        file: &InboundMedia,
    ) -> Result<(), StoreError> {
        let change = MessageChange::FileSent { file: file.clone() };
        let key = wa_key(message_id);
        // session-manager made up the key of what is sent from here, so it is in one chat only.
        if let Some(row) = self.rows_with_key_in(tx, key, true).await?.first() {
            return self.apply_change_in(tx, Message::read(row)?, change).await;
        }
        let chat = message_id.split('_').nth(1).map(Recipient::parse);
        if let Some(Ok(chat)) = chat {
            let chat = self.chat_in(tx, chat.as_str()).await?;
            keep_early_change(tx, key, &chat, &change).await?;
        }
        Ok(())
    }

    /// Returns the rows of the messages with this key, locked.
    async fn rows_with_key_in(
        &self,
        tx: &mut Tx,
        key: &str,
        is_own: bool,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let statement = self.engine().pick(
            "SELECT * FROM messages WHERE wa_key = $1 AND direction = $2 ORDER BY id",
            "SELECT * FROM messages WHERE wa_key = $1 AND direction = $2 ORDER BY id FOR UPDATE",
        );
        let rows = sqlx::query(statement)
            .bind(key)
            .bind(if is_own { "out" } else { "in" })
            .fetch_all(&mut **tx)
            .await?;
        Ok(rows)
    }

    /// Returns the message to which a change applies, with its row locked.
    async fn changed_message_in(
        &self,
        tx: &mut Tx,
        key: &str,
        is_own: bool,
        chat: &str,
    ) -> Result<Option<Message>, StoreError> {
        let rows = self.rows_with_key_in(tx, key, is_own).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        // A contact may name any key, so the change must not affect another
        // chat. A message that a business wrote to a LID alone is stored under
        // that LID.
        let lids = lids_in(tx, chat).await?;
        for row in &rows {
            let stored: &str = row.try_get("chat")?;
            if stored == chat || is_own && lids.iter().any(|lid| lid == stored) {
                return Ok(Some(Message::read(row)?));
            }
        }
        Ok(None)
    }

    /// Applies the changes that arrived before their message.
    pub(super) async fn apply_early_changes_in(
        &self,
        tx: &mut Tx,
        message: &Message,
    ) -> Result<(), StoreError> {
        let Some(key) = message.wa_id.as_deref().map(wa_key) else {
            return Ok(());
        };
        // There is almost never one, so the index is checked first.
        let rows = sqlx::query("SELECT id, chat, data FROM early_changes WHERE wa_key = $1")
            .bind(key)
            .fetch_all(&mut **tx)
            .await?;
        let mut changes = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: i64 = row.try_get("id")?;
            let is_in_chat = row.try_get::<&str, _>("chat")? == message.chat;
            let change = serde_json::from_str::<MessageChange>(row.try_get("data")?).ok();
            // The LID under which a file was sent may have become known as this person's only now.
            let is_sent_file = matches!(change, Some(MessageChange::FileSent { .. }));
            if !(is_in_chat || is_sent_file && !message.is_inbound) {
                continue;
            }
            changes.extend(change.map(|change| (id, change)));
            sqlx::query("DELETE FROM early_changes WHERE id = $1")
                .bind(id)
                .execute(&mut **tx)
                .await?;
        }
        changes.sort_by_key(|(id, _)| *id);
        for (_, change) in changes {
            let now = self.message_in(tx, message.id).await?;
            if let Some(now) = now {
                self.apply_change_in(tx, now, change).await?;
            }
        }
        Ok(())
    }

    async fn apply_change_in(
        &self,
        tx: &mut Tx,
        mut message: Message,
        change: MessageChange,
    ) -> Result<(), StoreError> {
        let mut contents = message.contents.take().map(|it| *it).unwrap_or_default();
        if contents.deleted_at.is_some() {
            return Ok(());
        }
        match change {
            MessageChange::Edited { body, at } => {
                let mut texts = contents
                    .texts
                    .take()
                    .unwrap_or_else(|| Texts::new(message.body.clone()));
                if !texts.add(body, at) {
                    return Ok(());
                }
                let is_newest = texts.newest() != message.body;
                message.body = texts.newest().to_owned();
                contents.texts = Some(texts);
                self.write_change_in(tx, &message, &contents).await?;
                if is_newest {
                    let data = webhook_events::edited(&message, at);
                    let topic = Topic::MessageEdited;
                    self.enqueue_delivery_in(tx, topic, message.cliente_id, &data)
                        .await?;
                }
            }
            MessageChange::Deleted { at } => {
                // This includes a file that can be viewed only once, which the hub does not show.
                if contents.content.message.media.is_some() {
                    self.delete_media_in(tx, message.wa_id.as_deref()).await?;
                }
                self.forget_text_deliveries_in(tx, message.id).await?;
                contents = Contents {
                    deleted_at: Timestamp::from_millis(at)
                        .or_else(|| Timestamp::from_millis(now())),
                    ..Contents::default()
                };
                message.body = String::new();
                self.write_change_in(tx, &message, &contents).await?;
                let data = webhook_events::deleted(&message, at);
                let topic = Topic::MessageDeleted;
                self.enqueue_delivery_in(tx, topic, message.cliente_id, &data)
                    .await?;
            }
            MessageChange::FileSent { file } => {
                if contents.content.message.media.is_none() {
                    contents.content.message.media = Some(file);
                    self.write_content_in(tx, &message, &contents).await?;
                }
            }
            MessageChange::Reaction { emoji, at, own } => {
                let data = webhook_events::reaction(&message, emoji.as_deref(), own, at);
                let before = contents.reactions.clone();
                let from = own.then(|| OWN_REACTION.to_owned());
                let is_other = react(&mut contents.reactions, StoredReaction { from, emoji, at });
                if contents.reactions != before {
                    self.write_change_in(tx, &message, &contents).await?;
                }
                if is_other {
                    self.enqueue_delivery_in(tx, Topic::Reaction, message.cliente_id, &data)
                        .await?;
                }
            }
        }
        Ok(())
    }

    /// Deletes the deliveries that contain the text of this message, so that no
    /// retry or replay sends it again.
    async fn forget_text_deliveries_in(&self, tx: &mut Tx, id: i64) -> Result<(), StoreError> {
        let id_of_message = delivered_field(self.engine(), "id");
        let delete = format!(
            "DELETE FROM webhook_deliveries
             WHERE topic IN ('message', 'message_edited')
                 AND CAST({id_of_message} AS BIGINT) = $1"
        );
        sqlx::query(AssertSqlSafe(delete))
            .bind(id)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    async fn write_content_in(
        &self,
        tx: &mut Tx,
        message: &Message,
        contents: &Contents,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE messages SET content = $2, updated_at = $3 WHERE id = $1")
            .bind(message.id)
            .bind(stored_content(&contents.content))
            .bind(now())
            .execute(&mut **tx)
            .await?;
        self.note_changed_in(tx, &message.chat).await
    }

    async fn write_change_in(
        &self,
        tx: &mut Tx,
        message: &Message,
        contents: &Contents,
    ) -> Result<(), StoreError> {
        let deleted_at = contents.deleted_at.map(Timestamp::as_millis);
        let row = sqlx::query(
            "UPDATE messages SET body = $2, edits = $3, reactions = $4, deleted_at = $5,
                 content = CASE WHEN $6 = 1 THEN NULL ELSE content END,
                 request = CASE WHEN $6 = 1 THEN NULL ELSE request END, updated_at = $7
             WHERE id = $1 RETURNING *",
        )
        .bind(message.id)
        .bind(&message.body)
        .bind(contents.texts.as_ref().map(json))
        .bind((!contents.reactions.is_empty()).then(|| json(&contents.reactions)))
        .bind(deleted_at)
        .bind(i64::from(deleted_at.is_some()))
        .bind(now())
        .fetch_one(&mut **tx)
        .await?;
        let after = Message::read(&row)?;
        self.index_in(tx, &[(&after).into()]).await?;
        self.note_changed_in(tx, &after.chat).await
    }
}

async fn keep_early_change(
    tx: &mut Tx,
    key: &str,
    chat: &str,
    change: &MessageChange,
) -> Result<(), StoreError> {
    let at = now();
    sqlx::query("INSERT INTO early_changes (chat, wa_key, data, at) VALUES ($1, $2, $3, $4)")
        .bind(chat)
        .bind(clean(key))
        .bind(json(change))
        .bind(at)
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM early_changes WHERE at < $1")
        .bind(at - EARLY_KEPT_MS)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
