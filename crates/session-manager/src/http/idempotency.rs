//! `Idempotency-Key` on `POST /send`: one key, one message.
//!
//! ```text
//!  key unknown ──> sends; the outcome is kept under the key
//!  key known ──┬─ same message ──> waits for that outcome, or has it at once
//!              └─ another ───────> 409
//!  certainly not sent ──> the key is free again: a retry is safe
//! ```
//!
//! Kept while this process lives, and no longer.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use session_api::{ErrorCode, SendBody, SendRequest};
use tokio::sync::watch;

use crate::error::ApiError;

/// Keys kept; the oldest go first.
const KEPT: usize = 10_000;

/// What became of a send.
pub type Outcome = Result<SendBody, ApiError>;

#[derive(Clone)]
struct Known {
    message: u64,
    outcome: watch::Receiver<Option<Outcome>>,
}

#[derive(Default)]
struct Keys {
    known: HashMap<String, Known>,
    by_age: VecDeque<String>,
}

/// The keys and what became of their messages; cheap to clone.
#[derive(Clone, Default)]
pub struct IdempotencyKeys {
    keys: Arc<Mutex<Keys>>,
    hasher: Arc<RandomState>,
}

impl IdempotencyKeys {
    /// Runs `send` unless `key` is known; gives what became of the message.
    ///
    /// `send` runs to its end even if the caller goes away.
    ///
    /// # Errors
    /// As `send`; `IDEMPOTENCY_KEY_REUSED` for another message.
    pub async fn once(
        &self,
        key: &str,
        request: &SendRequest,
        send: impl Future<Output = Outcome> + Send + 'static,
    ) -> Outcome {
        let message = self.hasher.hash_one((&request.to, &request.message));
        let mut outcome = match self.claim(key, message)? {
            Claim::Known(outcome) => outcome,
            Claim::New(tell, outcome) => {
                let (keys, key) = (self.clone(), key.to_owned());
                tokio::spawn(async move {
                    let result = send.await;
                    if result.as_ref().is_err_and(ApiError::nothing_was_sent) {
                        keys.forget(&key);
                    }
                    tell.send_replace(Some(result));
                });
                outcome
            }
        };
        let told = outcome.wait_for(Option::is_some).await;
        told.ok().and_then(|told| told.clone()).unwrap_or_else(|| {
            Err(ApiError::new(
                ErrorCode::SendUnconfirmed,
                "the attempt under this key broke off: whether the message was sent is not known",
            ))
        })
    }

    fn claim(&self, key: &str, message: u64) -> Result<Claim, ApiError> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = keys.known.get(key) {
            if known.message != message {
                return Err(ApiError::new(
                    ErrorCode::IdempotencyKeyReused,
                    "this Idempotency-Key was used for another message",
                ));
            }
            return Ok(Claim::Known(known.outcome.clone()));
        }
        let (tell, outcome) = watch::channel(None);
        let known = Known {
            message,
            outcome: outcome.clone(),
        };
        keys.known.insert(key.to_owned(), known);
        keys.by_age.push_back(key.to_owned());
        if keys.by_age.len() > KEPT
            && let Some(oldest) = keys.by_age.pop_front()
        {
            keys.known.remove(&oldest);
        }
        Ok(Claim::New(tell, outcome))
    }

    fn forget(&self, key: &str) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.known.remove(key);
        keys.by_age.retain(|known| known != key);
    }
}

enum Claim {
    New(
        watch::Sender<Option<Outcome>>,
        watch::Receiver<Option<Outcome>>,
    ),
    Known(watch::Receiver<Option<Outcome>>),
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn request(message: &str) -> SendRequest {
        SendRequest {
            cliente_id: None,
            to: "5491158254201".to_owned(),
            message: message.to_owned(),
        }
    }

    fn sent(id: u32) -> SendBody {
        SendBody {
            ok: true,
            message_id: id.to_string(),
            dry_run: false,
        }
    }

    #[tokio::test]
    async fn one_key_is_one_message_also_at_once() {
        let keys = IdempotencyKeys::default();
        let sends = Arc::new(AtomicU32::new(0));
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let (keys, sends) = (keys.clone(), sends.clone());
                tokio::spawn(async move {
                    let attempt = async move {
                        tokio::task::yield_now().await;
                        Ok(sent(sends.fetch_add(1, Ordering::SeqCst)))
                    };
                    keys.once("k", &request("hola"), attempt).await
                })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap().message_id, "0");
        }
        let other = keys
            .once("k", &request("chau"), async { Ok(sent(9)) })
            .await;
        let error = other.unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdempotencyKeyReused);
        assert_eq!(sends.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn only_what_was_certainly_not_sent_may_be_tried_again() {
        for (code, again) in [
            (ErrorCode::SessionNotReady, true),
            (ErrorCode::SendFailed, true),
            (ErrorCode::NotOnWhatsapp, true),
            (ErrorCode::SendUnconfirmed, false),
        ] {
            let keys = IdempotencyKeys::default();
            let first = keys
                .once(
                    "k",
                    &request("a"),
                    async move { Err(ApiError::new(code, "no")) },
                )
                .await;
            assert_eq!(first.unwrap_err().code(), code);
            let second = keys.once("k", &request("a"), async { Ok(sent(1)) }).await;
            assert_eq!(second.is_ok(), again, "{code}");
        }
    }
}
