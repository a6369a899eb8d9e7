//! Synchronous sends: `POST /send`, whose caller waits for the outcome.

use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use service_runtime::http::ErrorReply;
use session_api::{ErrorBody, ErrorCode, SendBody};
use session_client::{RawAnswer, SessionClient};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::verdict::Verdict;
use super::{Active, Inner, Outbox};
use crate::error::HubError;
use crate::store::campaigns::is_opted_out_in;
use crate::store::{
    Change, Composed, Inserted, Message, NewMessage, Origin, State, StoreError, Tx,
};

/// What another hub does is seen within this.
const LOOK: Duration = Duration::from_millis(250);

/// A synchronous send.
pub(crate) struct Ask {
    /// By which way it came.
    pub(crate) origin: Origin,
    /// The caller's `Idempotency-Key`.
    pub(crate) key: Option<String>,
    /// The message.
    pub(crate) message: Composed,
}

/// Outcome of a synchronous send.
pub(crate) struct Answer {
    /// As `POST /send` answers it: session-manager's own words where it was
    /// asked.
    pub(crate) reply: Result<RawAnswer, HubError>,
    /// The message as it is now.
    pub(crate) message: Message,
}

impl Outbox {
    /// Writes a message down, sends it, and gives the outcome.
    ///
    /// # Errors
    /// It could not be written down, or its key is another message's.
    pub(crate) async fn send(&self, client: SessionClient, ask: Ask) -> Result<Answer, HubError> {
        // In a task of its own: a caller that hangs up must not break off what
        // may be half sent.
        let this = self.clone();
        let sending = async move {
            let key = ask.key.unwrap_or_else(new_key);
            if this.0.dry_run {
                this.simulate(ask.origin, &key, &ask.message).await
            } else {
                this.send_for_real(client, ask.origin, &key, &ask.message)
                    .await
            }
        };
        match self.0.tasks.spawn(sending.in_current_span()).await {
            Ok(answer) => answer,
            Err(_) => Err(ErrorReply::internal().into()),
        }
    }

    /// Writes messages down, all or none, for the outbox to send in their turn.
    ///
    /// # Errors
    /// They could not be written down, or a key is another message's.
    pub(crate) async fn queue(
        &self,
        campaign_id: Option<i64>,
        messages: &[(String, Composed)],
    ) -> Result<Vec<Message>, HubError> {
        let mut tx = self.0.store.begin().await?;
        let mut written = Vec::with_capacity(messages.len());
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
            let inserted = self.0.store.insert_in(&mut tx, new).await?;
            let message = inserted.message().ok_or_else(key_reused)?;
            written.push(self.heed(&mut tx, message).await?);
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.wake();
        Ok(written)
    }

    /// Ends a message at once whose recipient asked not to be written to.
    async fn heed(&self, tx: &mut Tx, message: Message) -> Result<Message, StoreError> {
        let is_new = matches!(message.state, State::Queued | State::Failed);
        if !is_new || !is_opted_out_in(tx, &message.chat).await? {
            return Ok(message);
        }
        let change = Change::to(State::Failed, OPTED_OUT).because(WHY_OPTED_OUT);
        let moved = self.0.store.change_in(tx, message.id, change).await?;
        Ok(moved.unwrap_or(message))
    }

    async fn simulate(
        &self,
        origin: Origin,
        key: &str,
        message: &Composed,
    ) -> Result<Answer, HubError> {
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
        let message = self.heed(&mut tx, message).await?;
        // One that failed for real may be rehearsed; one under way is none.
        let can_end = (message.dry_run || message.state == State::Failed)
            && message.error_code.as_deref() != Some(OPTED_OUT);
        let message = if can_end && message.state.leads_to(State::Simulated) {
            let change = Change::to(State::Simulated, "DRY_RUN");
            let moved = store.change_in(&mut tx, message.id, change).await?;
            moved.unwrap_or(message)
        } else {
            message
        };
        tx.commit().await.map_err(StoreError::from)?;
        self.0.tell(&message);
        tracing::info!(
            id = message.id,
            cliente_id = message.cliente_id,
            "dry run: nothing was sent"
        );
        Ok(Answer::of(message))
    }

    async fn send_for_real(
        &self,
        client: SessionClient,
        origin: Origin,
        key: &str,
        message: &Composed,
    ) -> Result<Answer, HubError> {
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
        let known = match inner.store.insert(&[new]).await?.pop() {
            Some(Inserted::New(message)) => {
                let active = self.begin(message.id);
                inner.tell(&message);
                return self.work(&client, message, active).await;
            }
            Some(Inserted::Known(message)) => message,
            Some(Inserted::KeyReused) | None => return Err(key_reused()),
        };
        let is_settled = !known.state.is_pending() && known.state != State::Failed;
        if is_settled || known.dry_run {
            return Ok(Answer::of(known));
        }
        // The key again, after it was not sent: the same message goes on.
        let claimed = inner
            .store
            .claim_one(known.id, &inner.who, inner.lease(), "ASKED_AGAIN")
            .await?;
        match claimed {
            Some(message) => {
                let active = self.begin(message.id);
                inner.tell(&message);
                self.work(&client, message, active).await
            }
            None => self.wait(known.id).await,
        }
    }

    /// Brings a message that this process holds to its outcome.
    async fn work(
        &self,
        client: &SessionClient,
        message: Message,
        active: Active,
    ) -> Result<Answer, HubError> {
        let inner = &self.0;
        let reply = match inner.turn(&message).await {
            Ok(()) => inner.ask(client, &message).await,
            Err(late) => Ok(late),
        };
        let verdict = Verdict::of(&reply);
        // What this attempt did not do an earlier one may have done.
        let reply = match verdict {
            Verdict::NotNow { .. } if message.state == State::Unconfirmed => Ok(unconfirmed()),
            _ => reply,
        };
        let moved = inner.record(&message, &verdict).await;
        drop(active);
        let reply = reply.map_err(HubError::from);
        match moved {
            Ok(moved) => Ok(Answer {
                reply,
                message: moved.unwrap_or(message),
            }),
            // Report the known outcome; the row is settled later by its key. A
            // failure that could not be recorded must not be reported as final:
            // the message may be sent later.
            Err(error) => {
                tracing::error!(id = message.id, "an outcome was not written down: {error}");
                let is_certain = matches!(verdict, Verdict::Taken { .. } | Verdict::Unknown(_));
                let reply = if is_certain { reply } else { Ok(unconfirmed()) };
                Ok(Answer { reply, message })
            }
        }
    }

    /// Waits for the outcome of a message that another task is sending.
    async fn wait(&self, id: i64) -> Result<Answer, HubError> {
        let inner = &self.0;
        let deadline = Instant::now() + inner.limits.outcome;
        let mut news = inner.news.subscribe();
        loop {
            let message = inner.store.message(id).await?;
            let message = message.ok_or_else(ErrorReply::internal)?;
            if !message.state.is_pending() || Instant::now() >= deadline {
                return Ok(Answer::of(message));
            }
            let _ = timeout_at(deadline.min(Instant::now() + LOOK), news.recv()).await;
        }
    }
}

impl Inner {
    /// Waits until no earlier message to the same number is still to be sent.
    ///
    /// Only while they can be sent: else session-manager says itself why not.
    /// One whose outcome is unknown is its matter, too: it keeps the order.
    async fn turn(&self, message: &Message) -> Result<(), RawAnswer> {
        let deadline = Instant::now() + self.limits.turn;
        let mut news = self.news.subscribe();
        // Without the store nobody's turn is known; the key makes it one.
        while self.is_ready() && !self.store.is_first(message).await.unwrap_or(true) {
            if Instant::now() >= deadline {
                return Err(failure(
                    ErrorCode::Overloaded,
                    "earlier messages to this number wait: nothing was sent, try again later",
                ));
            }
            let _ = timeout_at(deadline.min(Instant::now() + LOOK), news.recv()).await;
        }
        Ok(())
    }
}

impl Answer {
    /// Reason it failed, as an answer.
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

    /// Of a message that nobody was asked about now.
    fn of(message: Message) -> Self {
        let sent = |message_id: String, dry_run| {
            let body = SendBody {
                ok: true,
                message_id,
                dry_run,
            };
            RawAnswer {
                status: StatusCode::OK,
                content_type: None,
                body: to_json(&body),
                retry_after: None,
            }
        };
        let reply = match message.state {
            State::Simulated => sent(dry_run_id(&message), true),
            state if state.is_taken() => sent(message.wa_id.clone().unwrap_or_default(), false),
            State::Failed if message.error_code.as_deref() == Some(OPTED_OUT) => opted_out(),
            State::Failed => {
                let code = message.error_code.as_deref().unwrap_or_default();
                let code = ErrorCode::from_code(code).unwrap_or(ErrorCode::SendFailed);
                let why = message.error_message.as_deref();
                failure(code, why.unwrap_or("it was not sent"))
            }
            State::Cancelled => {
                failure(ErrorCode::SendFailed, "it was withdrawn before it was sent")
            }
            _ => unconfirmed(),
        };
        Self {
            reply: Ok(reply),
            message,
        }
    }
}

/// What a rehearsed message is called instead of WhatsApp's id.
pub(crate) fn dry_run_id(message: &Message) -> String {
    format!("dry-run-{}", message.id)
}

/// A key for a message whose caller has none.
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
        "whether it was sent is not known yet: the hub finds out by itself, do not send it anew",
    )
}

/// The code of a message to somebody who asked not to be written to.
const OPTED_OUT: &str = "OPTED_OUT";
const WHY_OPTED_OUT: &str =
    "this person asked not to be written to: nothing was sent; the list is at /api/sender/bajas";

/// The answer to a message to somebody who asked not to be written to.
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
    // Plain structs of strings: this cannot fail.
    serde_json::to_vec(body).unwrap_or_default().into()
}
