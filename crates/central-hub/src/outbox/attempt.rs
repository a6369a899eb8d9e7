//! One attempt at one message.

use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use metrics::{counter, histogram};
use service_runtime::traces;
use session_api::{ErrorCode, SendBody, Timestamp};
use session_client::{ClientError, Endpoint, RawAnswer, SessionClient};

use super::send_now::{failure, opted_out};
use super::verdict::{Reason, Verdict};
use super::{Inner, retry_backoff};
use crate::store::{Change, Message, Origin, State, StoreError, is_file};

/// The pause before it is asked again what became of a message.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// The longest of these pauses.
const LONGEST_LOOK: Duration = Duration::from_secs(900);

/// What session-manager logs of it: the id of the request that asked for the
/// message, whenever it goes; of a campaign's, which nobody asked for, the
/// message's own number.
fn request_id(message: &Message) -> HeaderValue {
    let known = message.request_id.as_deref();
    let known = known.and_then(|id| HeaderValue::from_str(id).ok());
    let number = || HeaderValue::from_str(&format!("message-{}", message.id)).ok();
    known
        .or_else(number)
        .unwrap_or(HeaderValue::from_static("message"))
}

/// Its calls are a part of the trace of what is done now.
pub(crate) fn traced(client: SessionClient) -> SessionClient {
    match traces::parent() {
        Some(parent) => client.with_trace_parent(parent),
        None => client,
    }
}

impl Inner {
    /// Asks session-manager, with the key of the message.
    pub(super) async fn ask(
        &self,
        client: &SessionClient,
        message: &Message,
    ) -> Result<RawAnswer, ClientError> {
        // At the last moment, whoever asked for it and whenever. One that may
        // have left already is not judged any more: its outcome is asked for.
        if message.state != State::Unconfirmed {
            match self.store.is_opted_out(&message.chat).await {
                Ok(false) => {}
                Ok(true) => return Ok(opted_out()),
                Err(error) => {
                    tracing::warn!(
                        id = message.id,
                        "whether it may be sent is not known: {error}"
                    );
                    return Ok(failure(
                        ErrorCode::Overloaded,
                        "the hub's database cannot be used now: nothing was sent, try again later",
                    ));
                }
            }
        }
        let key = message.idempotency_key.as_deref().unwrap_or_default();
        let (Ok(key), Some(request)) = (HeaderValue::from_str(key), message.request.clone()) else {
            return Err(ClientError::BadResponse(
                "a message without its key or its request".to_owned(),
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

    /// Records the outcome of an attempt; `None` if the message was changed
    /// concurrently.
    pub(super) async fn record(
        &self,
        message: &Message,
        verdict: &Verdict,
    ) -> Result<Option<Message>, StoreError> {
        let moved = match verdict {
            Verdict::Taken { wa_id } => {
                let change = Change {
                    wa_id: Some(wa_id),
                    ..Change::to(State::Sent, "SENT")
                };
                let moved = self.store.change(message.id, change).await?;
                // It is sent, whether that is learnt or not.
                if let Err(error) = self.store.learn_from_send(&message.chat, wa_id).await {
                    tracing::warn!(id = message.id, "whose chat it is was not learnt: {error}");
                }
                moved
            }
            Verdict::Refused(why) => self.fail(message, why).await?,
            // What this attempt did not do an earlier one may have done.
            Verdict::NotNow { .. } | Verdict::Unknown(_) if message.state == State::Unconfirmed => {
                let due = look_again(message);
                self.store.release(message.id, &self.who, due).await?;
                None
            }
            // The caller of `POST /send` got the answer "not sent".
            Verdict::NotNow { why, .. } if message.origin == Origin::Send => {
                self.fail(message, why).await?
            }
            Verdict::NotNow { why, .. } => {
                let change = Change::to(State::Queued, &why.code).because(&why.message);
                self.store.change(message.id, change).await?
            }
            Verdict::Unknown(why) => {
                let change = Change {
                    due: Some(look_again(message)),
                    ..Change::to(State::Unconfirmed, &why.code).because(&why.message)
                };
                self.store.change(message.id, change).await?
            }
        };
        if let Some(moved) = &moved {
            let state = moved.state.as_str();
            let code = moved.error_code.clone().unwrap_or_default();
            counter!("leadmaster_outbox_outcomes_total", "state" => state, "code" => code)
                .increment(1);
            self.tell(moved);
            tracing::info!(
                id = moved.id,
                cliente_id = moved.cliente_id,
                state = moved.state.as_str(),
                code = moved.error_code,
                "a message moved on"
            );
        }
        Ok(moved)
    }

    async fn fail(&self, message: &Message, why: &Reason) -> Result<Option<Message>, StoreError> {
        let change = Change::to(State::Failed, &why.code).because(&why.message);
        self.store.change(message.id, change).await
    }
}

/// When to ask again for the outcome of a message. session-manager settles it
/// by itself and reports it; after it has stopped trying, each request is
/// another attempt.
fn look_again(message: &Message) -> Timestamp {
    let tries = u32::try_from(message.attempts).unwrap_or(u32::MAX);
    Timestamp::now().after(retry_backoff::capped_delay(tries, FIRST_LOOK, LONGEST_LOOK))
}
