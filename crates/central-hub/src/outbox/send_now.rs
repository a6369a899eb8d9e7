//! Sends messages synchronously, for `POST /send` and other requests whose
//! caller waits for the outcome.

use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use service_runtime::http::ErrorReply;
use session_api::{ErrorBody, ErrorCode, SendBody};
use session_client::{RawAnswer, SessionClient};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::verdict::{STOPPED, Verdict};
use super::{ActiveRow, Inner, Outbox};
use crate::error::HubError;
use crate::store::campaigns::is_opted_out_in;
use crate::store::{
    Change, Composed, Inserted, Message, MessageState, NewMessage, Origin, StoreError, Tx,
};

/// Poll interval, which finds changes made by another hub.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// A request to send a message synchronously.
pub(crate) struct SendNowRequest {
    /// The route or source of the request.
    pub(crate) origin: Origin,
    /// The caller's `Idempotency-Key`.
    pub(crate) key: Option<String>,
    /// The message.
    pub(crate) message: Composed,
}

/// The outcome of a synchronous send.
pub(crate) struct SendNowOutcome {
    /// The response for `POST /send`: session-manager's own response if it was asked.
    pub(crate) reply: Result<RawAnswer, HubError>,
    /// The message in its current state.
    pub(crate) message: Message,
}

impl Outbox {
    /// Stores a message, sends it, and returns the outcome.
    ///
    /// # Errors
    /// If the message could not be stored, or its key belongs to another
    /// message.
    pub(crate) async fn send(
        &self,
        client: SessionClient,
        request: SendNowRequest,
    ) -> Result<SendNowOutcome, HubError> {
        // The send runs in a separate task, so that a disconnecting caller
        // cannot cancel it halfway.
        let this = self.clone();
        let sending = async move {
            let key = request.key.unwrap_or_else(new_key);
            this.refuse_while_stopped(&key).await?;
            if this.0.dry_run {
                this.simulate(request.origin, &key, &request.message).await
            } else {
                this.send_for_real(client, request.origin, &key, &request.message)
                    .await
            }
        };
        match self.0.tasks.spawn(sending.in_current_span()).await {
            Ok(answer) => answer,
            Err(_) => Err(ErrorReply::internal().into()),
        }
    }

    /// Stores either all of these messages or none, for the outbox to send when
    /// they are due.
    ///
    /// # Errors
    /// If the messages could not be stored, or a key belongs to another
    /// message.
    pub(crate) async fn queue(
        &self,
        campaign_id: Option<i64>,
        messages: &[(String, Composed)],
    ) -> Result<Vec<Message>, HubError> {
        if let Some((key, _)) = messages.first() {
            self.refuse_while_stopped(key).await?;
        }
        let mut tx = self.0.store.begin().await?;
        let mut inserted = Vec::with_capacity(messages.len());
        for (key, message) in messages {
            let new = NewMessage {
                origin: Origin::Bulk,
                campaign_id,
                message,
                idempotency_key: key,
                dry_run: self.0.dry_run,
                due: None,
                claim: None,
            };
            let insertion = self.0.store.insert_in(&mut tx, new).await?;
            let message = insertion.message().ok_or_else(key_reused)?;
            inserted.push(self.fail_if_opted_out(&mut tx, message).await?);
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.wake();
        Ok(inserted)
    }

    /// Rejects new messages while all sending is stopped, because they would be
    /// sent as soon as it resumes, wanted or not. A message with a known key is
    /// returned as it is. A dry run does not count as a send.
    async fn refuse_while_stopped(&self, key: &str) -> Result<(), HubError> {
        let store = &self.0.store;
        if !self.0.dry_run && store.is_sending_stopped().await? && !store.is_known_key(key).await? {
            return Err(stopped_reply().into());
        }
        Ok(())
    }

    /// Fails a message at once if its recipient has opted out.
    async fn fail_if_opted_out(
        &self,
        tx: &mut Tx,
        message: Message,
    ) -> Result<Message, StoreError> {
        let is_new = matches!(message.state, MessageState::Queued | MessageState::Failed);
        if !is_new || !is_opted_out_in(tx, &message.chat).await? {
            return Ok(message);
        }
        let change = Change::to(MessageState::Failed, OPTED_OUT).with_detail(WHY_OPTED_OUT);
        let changed = self.0.store.change_in(tx, message.id, change).await?;
        Ok(changed.unwrap_or(message))
    }

    async fn simulate(
        &self,
        origin: Origin,
        key: &str,
        message: &Composed,
    ) -> Result<SendNowOutcome, HubError> {
        let store = &self.0.store;
        let mut tx = store.begin().await?;
        let new = NewMessage {
            origin,
            campaign_id: None,
            message,
            idempotency_key: key,
            dry_run: true,
            due: None,
            claim: None,
        };
        let message = store.insert_in(&mut tx, new).await?.message();
        let message = message.ok_or_else(key_reused)?;
        let message = self.fail_if_opted_out(&mut tx, message).await?;
        // A message that failed in earnest may be simulated; one in progress may not.
        let can_end = (message.dry_run || message.state == MessageState::Failed)
            && message.error_code.as_deref() != Some(OPTED_OUT);
        let message = if can_end && message.state.leads_to(MessageState::Simulated) {
            let change = Change::to(MessageState::Simulated, "DRY_RUN");
            let changed = store.change_in(&mut tx, message.id, change).await?;
            changed.unwrap_or(message)
        } else {
            message
        };
        tx.commit().await.map_err(StoreError::from)?;
        self.0.announce(&message);
        tracing::info!(
            id = message.id,
            cliente_id = message.cliente_id,
            "dry run: nothing was sent"
        );
        Ok(SendNowOutcome::from_message(message))
    }

    async fn send_for_real(
        &self,
        client: SessionClient,
        origin: Origin,
        key: &str,
        message: &Composed,
    ) -> Result<SendNowOutcome, HubError> {
        let inner = &self.0;
        let new = NewMessage {
            origin,
            campaign_id: None,
            message,
            idempotency_key: key,
            dry_run: false,
            due: None,
            claim: Some((&inner.who, inner.lease())),
        };
        let existing = match inner.store.insert(&[new]).await?.pop() {
            Some(Inserted::New(message)) => {
                let active = self.begin(message.id);
                inner.announce(&message);
                return self.send_claimed(&client, message, active).await;
            }
            Some(Inserted::Known(message)) => message,
            Some(Inserted::KeyReused) | None => return Err(key_reused()),
        };
        let is_settled = !existing.state.is_pending() && existing.state != MessageState::Failed;
        if is_settled || existing.dry_run {
            return Ok(SendNowOutcome::from_message(existing));
        }
        // The key of a failed message was repeated, so the same message is sent again.
        let claimed = inner
            .store
            .claim_one(existing.id, &inner.who, inner.lease(), "ASKED_AGAIN")
            .await?;
        match claimed {
            Some(message) => {
                let active = self.begin(message.id);
                inner.announce(&message);
                self.send_claimed(&client, message, active).await
            }
            None => self.wait_for_outcome(existing.id).await,
        }
    }

    /// Sends a message that this process has claimed, until its outcome is known.
    async fn send_claimed(
        &self,
        client: &SessionClient,
        message: Message,
        active: ActiveRow,
    ) -> Result<SendNowOutcome, HubError> {
        let inner = &self.0;
        let reply = match inner.wait_for_turn(&message).await {
            Ok(()) => inner.request_send(client, &message).await,
            Err(late) => Ok(late),
        };
        let verdict = Verdict::from_answer(&reply);
        // The message may have been sent in an earlier attempt.
        let reply = match verdict {
            Verdict::NotNow { .. } | Verdict::ChatWaits(_)
                if message.state == MessageState::Unconfirmed =>
            {
                Ok(unconfirmed())
            }
            _ => reply,
        };
        let updated = inner.record(&message, &verdict).await;
        drop(active);
        let reply = reply.map_err(HubError::from);
        match updated {
            Ok(updated) => Ok(SendNowOutcome {
                reply,
                message: updated.unwrap_or(message),
            }),
            // Report the outcome; the row is settled later by its key. A
            // failure that could not be recorded must not be reported as final,
            // because the message may be sent later.
            Err(error) => {
                tracing::error!(id = message.id, "an outcome was not recorded: {error}");
                let is_certain = matches!(
                    verdict,
                    Verdict::Accepted { .. } | Verdict::Unknown(_) | Verdict::Undecided(_)
                );
                let reply = if is_certain { reply } else { Ok(unconfirmed()) };
                Ok(SendNowOutcome { reply, message })
            }
        }
    }

    /// Waits for the outcome of a message that another task is sending.
    async fn wait_for_outcome(&self, id: i64) -> Result<SendNowOutcome, HubError> {
        let inner = &self.0;
        let deadline = Instant::now() + inner.limits.outcome;
        let mut news = inner.news.subscribe();
        loop {
            let message = inner.store.message(id).await?;
            let message = message.ok_or_else(ErrorReply::internal)?;
            if !message.state.is_pending() || Instant::now() >= deadline {
                return Ok(SendNowOutcome::from_message(message));
            }
            let _ = timeout_at(deadline.min(Instant::now() + POLL_INTERVAL), news.recv()).await;
        }
    }
}

impl Inner {
    /// Waits until no earlier message to the same number is left to be sent.
    ///
    /// It waits only while such messages can be sent; otherwise session-manager
    /// reports why they cannot. Messages with an unknown outcome are left to
    /// session-manager, which keeps the order.
    async fn wait_for_turn(&self, message: &Message) -> Result<(), RawAnswer> {
        let deadline = Instant::now() + self.limits.turn;
        let mut news = self.news.subscribe();
        // Without the store the order is unknown; the key prevents a second send.
        while self.is_ready() && !self.store.is_first(message).await.unwrap_or(true) {
            if Instant::now() >= deadline {
                return Err(failure(
                    ErrorCode::Overloaded,
                    "earlier messages to this number are waiting: nothing was sent, try again later",
                ));
            }
            let _ = timeout_at(deadline.min(Instant::now() + POLL_INTERVAL), news.recv()).await;
        }
        Ok(())
    }
}

impl SendNowOutcome {
    /// Converts the outcome of a failed send to an error.
    pub(crate) fn into_failure(self) -> HubError {
        let answer = match self.reply {
            Ok(answer) => answer,
            Err(error) => return error,
        };
        match serde_json::from_slice::<ErrorBody>(&answer.body) {
            Ok(body) => ErrorReply::new(answer.status, body.code, body.message).into(),
            Err(_) => ErrorReply::internal().into(),
        }
    }

    /// Returns the outcome of a message without asking session-manager.
    fn from_message(message: Message) -> Self {
        let sent = |message_id: String, dry_run| {
            let body = match dry_run {
                true => SendBody::dry_run(message_id),
                false => SendBody::sent(message_id),
            };
            RawAnswer {
                status: StatusCode::OK,
                content_type: None,
                body: to_json(&body),
                retry_after: None,
            }
        };
        let reply = match message.state {
            MessageState::Simulated => sent(dry_run_id(&message), true),
            state if state.is_accepted() => sent(message.wa_id.clone().unwrap_or_default(), false),
            MessageState::Failed if message.error_code.as_deref() == Some(OPTED_OUT) => opted_out(),
            MessageState::Failed => {
                let code = message.error_code.as_deref().unwrap_or_default();
                let code = ErrorCode::from_code(code).unwrap_or(ErrorCode::SendFailed);
                let error_message = message.error_message.as_deref();
                failure(code, error_message.unwrap_or("it was not sent"))
            }
            MessageState::Cancelled => {
                failure(ErrorCode::SendFailed, "it was withdrawn before it was sent")
            }
            _ if message.undecided_at.is_some() => failure(
                ErrorCode::SendUndecided,
                message.error_message.as_deref().unwrap_or_default(),
            ),
            _ => unconfirmed(),
        };
        Self {
            reply: Ok(reply),
            message,
        }
    }
}

/// Returns the id of a simulated message, which stands in for WhatsApp's id.
pub(crate) fn dry_run_id(message: &Message) -> String {
    format!("dry-run-{}", message.id)
}

/// Generates a key for a message whose caller gave none.
pub(crate) fn new_key() -> String {
    format!("hub-{:032x}", rand::random::<u128>())
}

fn key_reused() -> HubError {
    HubError::of_contract(
        ErrorCode::IdempotencyKeyReused,
        "this Idempotency-Key was used for another message",
    )
}

fn unconfirmed() -> RawAnswer {
    failure(
        ErrorCode::SendUnconfirmed,
        "it is not known yet whether the message was sent: the hub will find out, do not send it again",
    )
}

const WHY_STOPPED: &str =
    "an administrator stopped all sending: nothing was sent; see /api/sending";

fn stopped_reply() -> ErrorReply {
    ErrorReply::new(StatusCode::CONFLICT, STOPPED, WHY_STOPPED)
}

/// Returns the response to a send while all sending is stopped.
pub(super) fn stopped() -> RawAnswer {
    let body = ErrorBody {
        error: true,
        code: STOPPED.to_owned(),
        message: WHY_STOPPED.to_owned(),
    };
    RawAnswer {
        status: StatusCode::CONFLICT,
        content_type: None,
        body: to_json(&body),
        retry_after: None,
    }
}

/// The error code for a recipient who opted out.
const OPTED_OUT: &str = "OPTED_OUT";
const WHY_OPTED_OUT: &str =
    "this person opted out: nothing was sent; the list is at /api/sender/bajas";

/// Returns the response for a recipient who opted out.
pub(super) fn opted_out() -> RawAnswer {
    let body = ErrorBody {
        error: true,
        code: OPTED_OUT.to_owned(),
        message: WHY_OPTED_OUT.to_owned(),
    };
    RawAnswer {
        status: StatusCode::FORBIDDEN,
        content_type: None,
        body: to_json(&body),
        retry_after: None,
    }
}

pub(super) fn failure(code: ErrorCode, message: &str) -> RawAnswer {
    RawAnswer {
        status: StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_GATEWAY),
        content_type: None,
        body: to_json(&ErrorBody::new(code, message)),
        retry_after: None,
    }
}

fn to_json(body: &impl serde::Serialize) -> Bytes {
    // These are plain structs of strings, so serialization cannot fail.
    serde_json::to_vec(body).unwrap_or_default().into()
}
