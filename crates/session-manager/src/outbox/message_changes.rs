//! Handles `PUT` and `DELETE /messages/{id}` and `/messages/{id}/reaction`: edits, deletions and
//! reactions, each made once.
//!
//! ```text
//!  known? ─> lock of the person ─> earlier change settled? ─> row ─> page ─> outcome
//!                                                              │
//!  READY, outcome unknown ─> the same once more <──────────────┘
//! ```
//!
//! An edit is sent under its own id, and WhatsApp's server drops an id that it already has. A
//! message that is deleted twice is simply deleted. Of several reactions of the account only the
//! last counts, and the page sends none that the server has. So all of them can be repeated.

use session_api::{
    ChangedBody, ErrorCode, Event, MessageDeletedEvent, MessageEditedEvent, ReactionEvent,
    Timestamp,
};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::Outbox;
use super::outcome::failure;
use super::send::new_wa_message_id;
use super::unknown_outcomes::{MAX_POLL_INTERVAL, POLL_INTERVAL, RESEND_DEADLINE, is_due_after};
use crate::browser::{GivenReaction, OwnMessage, PageEdit, PageError, PageReaction, WhatsAppPage};
use crate::error::ApiError;
use crate::ledger::send_state_machine::SendState;
use crate::ledger::{
    LedgerError, MessageChange, MessageChangeKind, MessageChangeState, NewMessageChange, Store,
};

/// The change that a caller wants of a message.
#[derive(Clone)]
pub enum WantedChange {
    /// Its text is replaced by this one.
    Edit(String),
    /// The message is deleted for everyone.
    Delete,
    /// The account reacts with this emoji; empty: it takes its reaction away. The message may be
    /// anybody's.
    React(String),
}

impl WantedChange {
    fn kind(&self) -> MessageChangeKind {
        match self {
            Self::Edit(_) => MessageChangeKind::Edit,
            Self::Delete => MessageChangeKind::Delete,
            Self::React(_) => MessageChangeKind::Reaction,
        }
    }

    const fn text(&self) -> Option<&String> {
        match self {
            Self::Edit(text) | Self::React(text) => Some(text),
            Self::Delete => None,
        }
    }

    fn hash(&self, message_key: &str) -> Vec<u8> {
        let kind: &str = self.kind().into();
        let text = self.text().map_or("", String::as_str);
        let mut hash = Sha256::new();
        for part in ["1", kind, message_key, text] {
            // No part can contain the NUL that ends it.
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().to_vec()
    }
}

/// The message to change.
#[derive(Clone)]
struct Target {
    id: String,
    chat: String,
    key: String,
    sent_at: i64,
}

type ChangeResult = Result<ChangedBody, ApiError>;

impl Outbox {
    /// Edits or deletes a sent message, or reacts to one, and returns the outcome.
    ///
    /// # Errors
    /// As `PUT` and `DELETE` of `/messages/{id}` and of `/messages/{id}/reaction` of the API.
    pub async fn change(
        &self,
        idempotency_key: Option<&str>,
        id: &str,
        change: WantedChange,
    ) -> ChangeResult {
        let deadline = Instant::now() + self.0.limits.deadline;
        let store = self.0.file.store().await?;
        store.flush().await?;
        let target = match &change {
            WantedChange::React(_) => reaction_target(&store, id).await?,
            _ => target(&store, id).await?,
        };
        let hash = change.hash(&target.key);
        if let Some(key) = idempotency_key
            && let Some(row) = store.change_by_idempotency_key(key).await?
        {
            if row.body_hash != hash {
                return Err(ApiError::new(
                    ErrorCode::IdempotencyKeyReused,
                    "this Idempotency-Key was used for another change",
                ));
            }
            if row.state == MessageChangeState::Done {
                return Ok(ChangedBody::new(row.message_id));
            }
        }
        if let Some(outcome) = earlier_outcome(&store, &target, &change, &hash).await? {
            return outcome;
        }
        self.can_send()?;
        let slot = self.queue_slot()?;
        let new = NewMessageChange {
            kind: change.kind(),
            message_key: target.key.clone(),
            message_id: target.id.clone(),
            sent_at: target.sent_at,
            wa_key: new_wa_message_id(),
            idempotency_key: idempotency_key.map(str::to_owned),
            body_hash: hash,
            text: change.text().cloned(),
        };
        let outbox = self.clone();
        let work = async move {
            let outcome = outbox
                .make_change(&store, target, change, new, deadline)
                .await;
            drop(slot);
            outcome
        };
        // A caller that disconnects cancels nothing.
        let task = tokio::spawn(work.in_current_span());
        task.await.unwrap_or_else(|_| Err(unconfirmed()))
    }

    async fn make_change(
        &self,
        store: &Store,
        target: Target,
        change: WantedChange,
        new: NewMessageChange,
        deadline: Instant,
    ) -> ChangeResult {
        let turn_deadline = Instant::now() + self.0.limits.deadline / 2;
        let lane = self.lane(&target.chat).await;
        let Ok(_turn) = timeout_at(turn_deadline, self.0.lanes.enter(&lane)).await else {
            return Err(ApiError::new(
                ErrorCode::Overloaded,
                "other messages to this number took too long: nothing was changed, try again in a second",
            ));
        };
        // Another request may have changed the message meanwhile.
        store.flush().await?;
        if let Some(key) = &new.idempotency_key
            && let Some(row) = store.change_by_idempotency_key(key).await?
            && row.state == MessageChangeState::Done
            && row.body_hash == new.body_hash
        {
            return Ok(ChangedBody::new(row.message_id));
        }
        if let Some(outcome) = earlier_outcome(store, &target, &change, &new.body_hash).await? {
            return outcome;
        }
        if let Some(earlier) = store.last_change(&target.key, new.kind).await?
            && earlier.is_unsettled()
        {
            let is_same = earlier.body_hash == new.body_hash;
            let is_reaction = new.kind == MessageChangeKind::Reaction;
            // A later change must not overtake the repetition of this one.
            let is_settled = self.settle_change(store, &earlier).await;
            if !is_settled && earlier.undecided_at.is_none() {
                return Err(if is_same {
                    unconfirmed()
                } else {
                    ApiError::new(
                        ErrorCode::EarlierUnconfirmed,
                        "what became of an earlier change of this message is not known yet: nothing was changed, try again later",
                    )
                });
            }
            if let Some(outcome) = earlier_outcome(store, &target, &change, &new.body_hash).await? {
                return outcome;
            }
            // A reaction may be given again, unless it is asked for under its key.
            if is_same && earlier.undecided_at.is_some() && !is_reaction {
                return Err(undecided());
            }
            if is_same && is_reaction && is_settled {
                return Ok(ChangedBody::new(earlier.message_id));
            }
        }
        let permit = timeout_at(turn_deadline, self.0.in_flight.clone().acquire_owned()).await;
        let Ok(Ok(_permit)) = permit else {
            return Err(ApiError::new(
                ErrorCode::Overloaded,
                "other messages took too long: nothing was changed, try again in a second",
            ));
        };
        let page = self.0.ready_page()?;
        // The key is that of this same change, which is undecided.
        let row = store.begin_change(new).await?.ok_or_else(undecided)?;
        let remaining = deadline.saturating_duration_since(Instant::now());
        match request_change(&page, &row, row.tries > 0, remaining).await {
            Ok(given) => {
                self.record_done(store, &page, &row, given)
                    .await
                    .map_err(|error| {
                        // The server has the change; settling finds that out again.
                        tracing::error!("a change was not recorded: {}", error.chain());
                        unconfirmed()
                    })?;
                tracing::info!(id = %row.wa_key, kind = ?row.kind, "a message was changed");
                Ok(ChangedBody::new(row.message_id))
            }
            Err(error) => match failure(&error) {
                ErrorCode::SendUnconfirmed => {
                    store.mark_change_unknown(row.id, false).await?;
                    self.0.changing.notify_one();
                    Err(unconfirmed())
                }
                code => {
                    store.mark_change_failed(row.id, code.as_str()).await?;
                    Err(ApiError::new(code, error.to_string()))
                }
            },
        }
    }

    /// Records that a change was made, and publishes it.
    async fn record_done(
        &self,
        store: &Store,
        page: &WhatsAppPage,
        row: &MessageChange,
        given: Option<GivenReaction>,
    ) -> Result<(), LedgerError> {
        let chat = chat_of(&row.message_id).to_owned();
        let addresses = page.addresses_of(&chat).await.unwrap_or_default();
        let address_on = |server: &str| {
            let addresses = std::iter::once(&chat).chain(&addresses);
            addresses
                .filter_map(|id| id.strip_suffix(server))
                .next()
                .map(str::to_owned)
        };
        let phone = address_on("@c.us");
        let lid = address_on("@lid").map(|lid| format!("{lid}@lid"));
        let (message_id, at) = (row.message_id.clone(), Timestamp::now());
        let (key, event) = match row.kind {
            MessageChangeKind::Edit => (
                format!("true_{chat}_{}", row.wa_key),
                Event::MessageEdited(MessageEditedEvent {
                    message_id,
                    chat,
                    phone,
                    lid,
                    from_me: true,
                    body: row.text.clone().unwrap_or_default(),
                    at,
                }),
            ),
            MessageChangeKind::Delete => (
                row.message_id.clone(),
                Event::MessageDeleted(MessageDeletedEvent {
                    message_id,
                    chat,
                    phone,
                    lid,
                    from_me: true,
                    at,
                }),
            ),
            MessageChangeKind::Reaction => {
                let emoji = row.text.clone().filter(|emoji| !emoji.is_empty());
                // The page reports the reaction under the same key. It has none where nothing was
                // to be taken away.
                let key = given.as_ref().and_then(|given| given.key.clone());
                let key = key.unwrap_or_else(|| match emoji {
                    Some(_) => format!("true_{chat}_{}", row.wa_key),
                    None => row.message_id.clone(),
                });
                let at = given.and_then(|given| Timestamp::from_millis(given.at));
                let event = Event::Reaction(ReactionEvent {
                    message_id,
                    chat,
                    phone,
                    lid,
                    from_me: true,
                    emoji,
                    at: at.unwrap_or_else(Timestamp::now),
                });
                (key, event)
            }
        };
        store.mark_change_done(row.id, key, event).await
    }

    /// Settles changes with an unknown outcome whenever the session is READY.
    pub(super) async fn changes_loop(&self) {
        let mut idle = false;
        loop {
            if idle {
                let changing = self.0.changing.notified();
                let _ = tokio::time::timeout(MAX_POLL_INTERVAL, changing).await;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
            idle = false;
            if self.0.ready_page().is_err() {
                continue;
            }
            let Ok(store) = self.0.file.store().await else {
                continue;
            };
            let Ok(rows) = store.unsettled_changes().await else {
                continue;
            };
            idle = rows.is_empty();
            for row in rows {
                if !is_due_after(row.tries, row.tried_at, Timestamp::now()) {
                    continue;
                }
                let lane = self.lane(chat_of(&row.message_id)).await;
                // Another change for this person is being made.
                let Some(_turn) = self.0.lanes.try_enter(&lane) else {
                    continue;
                };
                self.settle_change(&store, &row).await;
            }
        }
    }

    /// Repeats a change whose outcome is unknown. The caller holds the person's lock. Returns
    /// whether the outcome is known now.
    async fn settle_change(&self, store: &Store, row: &MessageChange) -> bool {
        // The change may have been settled before the lock was free.
        match store.change_state(row.id).await {
            Ok(Some(MessageChangeState::Sending | MessageChangeState::Unconfirmed)) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
        let Ok(page) = self.0.ready_page() else {
            return false;
        };
        let Ok(tries) = store.record_change_try(row.id).await else {
            return false;
        };
        let settled = match request_change(&page, row, true, RESEND_DEADLINE).await {
            Ok(given) => self
                .record_done(store, &page, row, given)
                .await
                .map(|()| true),
            Err(error) => {
                // WhatsApp accepts no further tries, so whether it accepted an earlier one cannot
                // be found out.
                let is_last = matches!(
                    failure(&error),
                    ErrorCode::MessageTooOld
                        | ErrorCode::MessageNotChangeable
                        | ErrorCode::MessageNotFound
                        | ErrorCode::RecipientBlocked
                ) || tries >= self.0.limits.settle_tries;
                if is_last && row.undecided_at.is_none() {
                    tracing::warn!(id = %row.wa_key, tries, %error, "the outcome of a change of a message could not be determined");
                }
                store
                    .mark_change_unknown(row.id, is_last)
                    .await
                    .map(|()| false)
            }
        };
        match settled {
            Ok(true) => {
                tracing::info!(id = %row.wa_key, kind = ?row.kind, "a change was settled");
                true
            }
            Ok(false) => false,
            Err(error) => {
                tracing::error!("a settled change was not recorded: {}", error.chain());
                self.0.file.check().await;
                false
            }
        }
    }
}

/// Requests a change from the page. Returns the reaction, if the change is one.
async fn request_change(
    page: &WhatsAppPage,
    row: &MessageChange,
    again: bool,
    deadline: std::time::Duration,
) -> Result<Option<GivenReaction>, PageError> {
    let message = OwnMessage {
        id: &row.message_id,
        sent_at: row.sent_at,
    };
    let span = tracing::info_span!("page");
    match (row.kind, &row.text) {
        (MessageChangeKind::Edit, Some(text)) => {
            let edit = PageEdit {
                message,
                key: &row.wa_key,
                text,
                again,
            };
            page.edit(edit, deadline).instrument(span).await?;
            Ok(None)
        }
        (MessageChangeKind::Reaction, Some(emoji)) => {
            let reaction = PageReaction { message, emoji };
            let given = page.react(reaction, deadline).instrument(span).await?;
            Ok(Some(given))
        }
        (MessageChangeKind::Edit | MessageChangeKind::Reaction, None) => Err(PageError::Failed(
            "the text of the change is no longer stored".to_owned(),
        )),
        (MessageChangeKind::Delete, _) => {
            page.delete_for_everyone(message, deadline)
                .instrument(span)
                .await?;
            Ok(None)
        }
    }
}

/// Returns the outcome of a change that the message already had; `None` if the change has yet to be
/// made. A reaction is always asked for: the phone may have given another one meanwhile.
async fn earlier_outcome(
    store: &Store,
    target: &Target,
    change: &WantedChange,
    hash: &[u8],
) -> Result<Option<ChangeResult>, ApiError> {
    if matches!(change, WantedChange::React(_)) {
        return Ok(None);
    }
    let Some(is_last) = store.last_change(&target.key, change.kind()).await? else {
        return Ok(None);
    };
    if is_last.state != MessageChangeState::Done {
        return Ok(None);
    }
    if is_last.body_hash == hash {
        return Ok(Some(Ok(ChangedBody::new(is_last.message_id))));
    }
    let deleted = is_last.kind == MessageChangeKind::Delete;
    Ok(match change {
        WantedChange::Edit(_) if deleted => Some(Err(ApiError::new(
            ErrorCode::MessageNotChangeable,
            "the message is deleted: nothing was changed",
        ))),
        _ => None,
    })
}

/// Returns the message with this id: WhatsApp's full id, or its last part for a message that this
/// service sent.
async fn target(store: &Store, id: &str) -> Result<Target, ApiError> {
    let not_found = || {
        ApiError::new(
            ErrorCode::MessageNotFound,
            "no message with this id is known",
        )
    };
    let Some(row) = store.find(id).await? else {
        let parts: Vec<_> = id.split('_').collect();
        return match parts[..] {
            ["false", chat, _, ..] if chat.contains('@') => Err(ApiError::new(
                ErrorCode::MessageNotOwn,
                "only messages of this account can be changed",
            )),
            // The message was written on the phone itself.
            ["true", chat, key] if chat.ends_with("@c.us") || chat.ends_with("@lid") => {
                Ok(Target {
                    id: id.to_owned(),
                    chat: chat.to_owned(),
                    key: key.to_owned(),
                    sent_at: 0,
                })
            }
            _ => Err(not_found()),
        };
    };
    match row.state {
        SendState::Accepted | SendState::Sending | SendState::Unconfirmed => {
            return Err(ApiError::new(
                ErrorCode::EarlierUnconfirmed,
                "whether the message was sent is not known yet: nothing was changed, try again later",
            ));
        }
        SendState::Failed => return Err(not_found()),
        _ => {}
    }
    let Some(message_id) = row.message_id.filter(|id| !chat_of(id).is_empty()) else {
        // A reaction has no id of WhatsApp's.
        return Err(ApiError::new(
            ErrorCode::MessageNotChangeable,
            "this message cannot be changed",
        ));
    };
    Ok(Target {
        chat: chat_of(&message_id).to_owned(),
        id: message_id,
        key: row.wa_key,
        sent_at: row.created_at / 1_000,
    })
}

/// Returns the message to react to, which may be the contact's, by the id of either.
async fn reaction_target(store: &Store, id: &str) -> Result<Target, ApiError> {
    let parts: Vec<_> = id.split('_').collect();
    match parts[..] {
        ["false", chat, key] if chat.ends_with("@c.us") || chat.ends_with("@lid") => Ok(Target {
            id: id.to_owned(),
            chat: chat.to_owned(),
            key: key.to_owned(),
            sent_at: 0,
        }),
        ["false", ..] => Err(ApiError::new(
            ErrorCode::MessageNotFound,
            "no message with this id is known",
        )),
        _ => target(store, id).await,
    }
}

/// Returns the chat of a message of either direction.
fn chat_of(message_id: &str) -> &str {
    let parts = message_id
        .split_once('_')
        .and_then(|(_, rest)| rest.split_once('_'));
    parts.map_or("", |(chat, _)| chat)
}

fn unconfirmed() -> ApiError {
    ApiError::new(
        ErrorCode::SendUnconfirmed,
        "WhatsApp did not confirm the change in time: the service finds out by itself; GET /messages/{id} tells, and the same request may be repeated",
    )
}

fn undecided() -> ApiError {
    ApiError::new(
        ErrorCode::SendUndecided,
        "what became of the change could not be found out, and WhatsApp takes no more tries: look at the chat on the phone",
    )
}
