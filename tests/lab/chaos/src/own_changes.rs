//! Makes what becomes of messages after they were sent: the business edits and deletes them, and
//! their recipient reacts to them.
//!
//! ```text
//!  accepted ─> change ─> PUT, DELETE /messages/{id} ┬─ 200 ─> the next change
//!                              ^                    └─ 403 429 502 503 504, connection lost
//!                              └──── pause ─────────────┘     (the same key)
//! ```

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::clock::{Clock, lock, millis};
use super::inbound::Contacts;
use super::load::{FIRST_PAUSE, MAX_PAUSE};
use super::plan::{Change, LaterChange, Send, Target};
use super::record::{OwnChange, RecordedResponse, WrittenChange};

/// The statuses that end no change.
const RETRIED: [u16; 5] = [403, 429, 502, 503, 504];

/// Makes changes of sent messages.
#[derive(Debug)]
pub struct OwnChanges {
    clock: Clock,
    client: reqwest::Client,
    manager: String,
    contacts: Contacts,
}

impl OwnChanges {
    /// Creates it for messages of the session-manager at this URL.
    #[must_use]
    pub fn new(manager: &str, contacts: Contacts) -> Self {
        Self {
            clock: contacts.clock.clone(),
            client: harness::http(),
            manager: manager.to_owned(),
            contacts,
        }
    }

    /// Makes the changes of a message that was requested at `requested_ms`, each once the previous
    /// one is finished.
    pub async fn make(&self, to: &str, send: &Send, message_id: &str, requested_ms: u64) {
        for (count, later) in send.later.iter().enumerate() {
            tokio::time::sleep(Duration::from_millis(later.after_ms)).await;
            let _guard = self.contacts.relinking.writing_guard().await;
            if !self.contacts.relinking.has_messages_from(requested_ms) {
                return;
            }
            match later.change {
                Change::React(_) | Change::TakeReactionAway => {
                    self.contacts.change_one(WrittenChange {
                        at_ms: self.clock.ms(),
                        message_id: message_id.to_owned(),
                        number: to.to_owned(),
                        change: later.change.clone(),
                        was_published: true,
                    });
                }
                Change::Edit(_) | Change::Delete => {
                    let key = format!("{}-change-{count}", send.key);
                    self.request_until_accepted(to, send, message_id, later, &key)
                        .await;
                }
            }
        }
    }

    async fn request_until_accepted(
        &self,
        to: &str,
        send: &Send,
        message_id: &str,
        later: &LaterChange,
        key: &str,
    ) {
        let index = {
            let mut changes = lock(&self.contacts.writings.own_changes);
            changes.push(OwnChange {
                message_id: message_id.to_owned(),
                original: send.text.clone(),
                to: to.to_owned(),
                change: later.change.clone(),
                responses: Vec::new(),
                accepted: false,
            });
            changes.len() - 1
        };
        let mut pause = FIRST_PAUSE;
        for attempt in 0.. {
            let request = || self.request(message_id, &later.change, key);
            let responses = if later.twice && attempt == 0 {
                let (first, second) = tokio::join!(request(), request());
                vec![first, second]
            } else {
                vec![request().await]
            };
            for response in &responses {
                let is_expected = response
                    .status
                    .is_none_or(|status| status == 200 || RETRIED.contains(&status));
                if !is_expected {
                    let (change, status) = (&later.change, response.status.unwrap_or_default());
                    let code = &response.code;
                    self.clock.record_unexpected(format!(
                        "{change:?} of {message_id} got an unexpected {status} {code}"
                    ));
                }
            }
            let accepted = responses.iter().any(|it| it.status == Some(200));
            {
                let mut changes = lock(&self.contacts.writings.own_changes);
                changes[index].responses.extend(responses);
                changes[index].accepted |= accepted;
            }
            if accepted {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn request(&self, message_id: &str, change: &Change, key: &str) -> RecordedResponse {
        let id = message_id.replace('@', "%40");
        let url = format!("{}/messages/{id}", self.manager);
        let request = match change {
            Change::Edit(text) => self.client.put(url).json(&json!({"message": text})),
            _ => self.client.delete(url),
        };
        let request = request.header("idempotency-key", key);
        record_response(&self.clock, Target::Manager, request).await
    }
}

/// Sends a request, and records its response.
pub(super) async fn record_response(
    clock: &Clock,
    target: Target,
    request: RequestBuilder,
) -> RecordedResponse {
    let start = tokio::time::Instant::now();
    let response = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.json::<Value>().await?))
    };
    let (status, code, message_id) = match &response.await {
        Ok((status, body)) => (
            Some(*status),
            body["code"].as_str().unwrap_or_default().to_owned(),
            body["message_id"].as_str().map(ToOwned::to_owned),
        ),
        Err(error) if error.is_connect() => (None, "no connection".to_owned(), None),
        Err(error) if error.is_timeout() => (None, "no answer in time".to_owned(), None),
        Err(_) => (None, "the connection was lost".to_owned(), None),
    };
    RecordedResponse {
        at_ms: clock.ms(),
        took_ms: millis(start.elapsed()),
        target,
        status,
        code,
        message_id,
    }
}
