//! Makes a single attempt to send a message, and records its outcome.

use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use metrics::{counter, histogram};
use service_runtime::traces;
use session_api::{ErrorCode, SendBody, Timestamp};
use session_client::{ClientError, Endpoint, RawAnswer, SessionClient};

use super::send_now::{failure, opted_out, stopped};
use super::verdict::{Reason, Verdict};
use super::{Inner, retry_backoff};
use crate::store::{Change, Message, MessageState, Origin, StoreError, is_file};

/// The first pause before a message's unknown outcome is checked again.
const FIRST_CHECK_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause before such a check.
const MAX_CHECK_PAUSE: Duration = Duration::from_secs(900);

/// Returns the request id for session-manager's log: the id of the request that
/// created the message, whenever the message is sent. A campaign's message has
/// no such request, so its own id is used.
fn request_id(message: &Message) -> HeaderValue {
    let known_id = message.request_id.as_deref();
    let known_id = known_id.and_then(|id| HeaderValue::from_str(id).ok());
    let number = || HeaderValue::from_str(&format!("message-{}", message.id)).ok();
    known_id
        .or_else(number)
        .unwrap_or(HeaderValue::from_static("message"))
}

/// Adds the current trace to the client's calls.
pub(crate) fn traced(client: SessionClient) -> SessionClient {
    match traces::parent() {
        Some(parent) => client.with_trace_parent(parent),
        None => client,
    }
}

impl Inner {
    /// Asks session-manager to send the message under the message's key.
    pub(super) async fn request_send(
        &self,
        client: &SessionClient,
        message: &Message,
    ) -> Result<RawAnswer, ClientError> {
        // The following checks are made at the last moment, for every message.
        // A message that may already have been sent is not checked, because the
        // request only asks for its outcome.
        if message.state != MessageState::Unconfirmed {
            // If the store fails, the query below reports the error.
            if matches!(self.store.is_sending_stopped().await, Ok(true)) {
                return Ok(stopped());
            }
            match self.store.is_opted_out(&message.chat).await {
                Ok(false) => {}
                // This is the reply to the opt-out itself.
                Ok(true) if message.origin == Origin::OptOut => {}
                Ok(true) => return Ok(opted_out()),
                Err(error) => {
                    tracing::warn!(id = message.id, "the opt-out could not be checked: {error}");
                    return Ok(failure(
                        ErrorCode::Overloaded,
                        "the hub's database is unavailable: nothing was sent, try again later",
                    ));
                }
            }
        }
        let key = message.idempotency_key.as_deref().unwrap_or_default();
        let (Ok(key), Some(request)) = (HeaderValue::from_str(key), message.request.clone()) else {
            return Err(ClientError::BadResponse(
                "a message lacks its key or its request".to_owned(),
            ));
        };
        let endpoint = match is_file(&message.kind) {
            true => Endpoint::SendFile,
            false => Endpoint::Send,
        };
        let began = Instant::now();
        let client = client
            .with_request_id(request_id(message))
            .with_idempotency_key(key);
        let answer = traced(client)
            .proxied::<SendBody>(endpoint, Some(request.into()))
            .await;
        histogram!("leadmaster_outbox_attempt_duration_seconds")
            .record(began.elapsed().as_secs_f64());
        answer
    }

    /// Records the outcome of an attempt. Returns `None` if the message was changed concurrently.
    pub(super) async fn record(
        &self,
        message: &Message,
        verdict: &Verdict,
    ) -> Result<Option<Message>, StoreError> {
        let changed = match verdict {
            Verdict::Accepted { wa_id, chat } => {
                let change = Change {
                    wa_id: Some(wa_id),
                    ..Change::to(MessageState::Sent, "SENT")
                };
                let changed = self.store.change(message.id, change).await?;
                // The message counts as sent even if the chat cannot be learnt from it.
                if let Some(chat) = chat
                    && let Err(error) = self.store.learn_from_send(&message.chat, chat).await
                {
                    tracing::warn!(
                        id = message.id,
                        "the chat of the message was not recorded: {error}"
                    );
                }
                changed
            }
            Verdict::Refused(why) => self.fail(message, why).await?,
            Verdict::Undecided(why) => {
                let change =
                    Change::to(MessageState::Unconfirmed, &why.code).with_detail(&why.message);
                self.store.leave_undecided(message.id, change).await?
            }
            // The message may have been sent in an earlier attempt.
            Verdict::NotNow { .. } | Verdict::ChatWaits(_) | Verdict::Unknown(_)
                if message.state == MessageState::Unconfirmed =>
            {
                let due = next_check_at(message);
                self.store.release(message.id, &self.who, due).await?;
                None
            }
            // The caller of `POST /send` received the response "not sent", so
            // the message must not be sent later.
            Verdict::NotNow { why, .. } | Verdict::ChatWaits(why)
                if message.origin == Origin::Send =>
            {
                self.fail(message, why).await?
            }
            Verdict::NotNow { why, .. } => {
                let change = Change::to(MessageState::Queued, &why.code).with_detail(&why.message);
                self.store.change(message.id, change).await?
            }
            // The message waits for its turn with its own backoff, because the
            // session is not at fault.
            Verdict::ChatWaits(why) => {
                let change = Change {
                    due: Some(next_check_at(message)),
                    ..Change::to(MessageState::Queued, &why.code).with_detail(&why.message)
                };
                self.store.change(message.id, change).await?
            }
            Verdict::Unknown(why) => {
                let change = Change {
                    due: Some(next_check_at(message)),
                    ..Change::to(MessageState::Unconfirmed, &why.code).with_detail(&why.message)
                };
                self.store.change(message.id, change).await?
            }
        };
        if let Some(changed) = &changed {
            let state = changed.state.as_str();
            let code = changed.error_code.clone().unwrap_or_default();
            counter!("leadmaster_outbox_outcomes_total", "state" => state, "code" => code)
                .increment(1);
            self.announce(changed);
            tracing::info!(
                id = changed.id,
                cliente_id = changed.cliente_id,
                state = changed.state.as_str(),
                code = changed.error_code,
                "message state changed"
            );
        }
        Ok(changed)
    }

    async fn fail(&self, message: &Message, why: &Reason) -> Result<Option<Message>, StoreError> {
        let change = Change::to(MessageState::Failed, &why.code).with_detail(&why.message);
        self.store.change(message.id, change).await
    }
}

/// Returns when to check the outcome of a message again. Meanwhile,
/// session-manager settles the message by itself and reports the outcome, or
/// that it has given up.
fn next_check_at(message: &Message) -> Timestamp {
    let tries = u32::try_from(message.attempts).unwrap_or(u32::MAX);
    Timestamp::now().after(retry_backoff::capped_delay(
        tries,
        FIRST_CHECK_PAUSE,
        MAX_CHECK_PAUSE,
    ))
}
