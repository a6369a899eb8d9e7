//! Makes what becomes of messages after they were sent: the business edits and deletes them, and
//! their recipient reacts to them.
//!
//! ```text
//!  accepted ─> change ─> PUT, DELETE /messages/{id} ┬─ 200 ─> the next change
//!                              ^                    └─ 403 429 502 503 504, connection lost
//!                              └──── pause ─────────────┘     (the same key)
//! ```
//!
//! Through the hub it is `/api/listener/messages/{id}`, by the hub's own number of the message.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::clock::{Clock, lock, millis};
use super::hub_history;
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
    hub: String,
    manager: String,
    contacts: Contacts,
}

/// A change that is requested until it is accepted.
struct Requested<'a> {
    url: String,
    later: &'a LaterChange,
    key: &'a str,
}

impl OwnChanges {
    /// Creates it for messages of the services at these URLs.
    #[must_use]
    pub fn new(hub: &str, manager: &str, contacts: Contacts) -> Self {
        Self {
            clock: contacts.clock.clone(),
            client: harness::http(),
            hub: hub.to_owned(),
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
                target: later.target,
                responses: Vec::new(),
                accepted: false,
            });
            changes.len() - 1
        };
        let requested = Requested {
            url: self.url(to, message_id, later.target).await,
            later,
            key,
        };
        let mut pause = FIRST_PAUSE;
        for attempt in 0.. {
            let request = || self.request(&requested);
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

    /// Returns the URL of the message at this service, once the service has the message.
    async fn url(&self, to: &str, message_id: &str, target: Target) -> String {
        if target == Target::Manager {
            let id = message_id.replace('@', "%40");
            return format!("{}/messages/{id}", self.manager);
        }
        // What session-manager accepted first is in the hub's history once the hub has asked.
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(id) = hub_history::id_of(&self.client, &self.hub, to, message_id).await {
                return format!("{}/api/listener/messages/{id}", self.hub);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn request(&self, requested: &Requested<'_>) -> RecordedResponse {
        let LaterChange { change, target, .. } = requested.later;
        let request = match change {
            Change::Edit(text) => {
                let field = match target {
                    Target::Hub => "mensaje",
                    Target::Manager => "message",
                };
                self.client.put(&requested.url).json(&json!({field: text}))
            }
            _ => self.client.delete(&requested.url),
        };
        let request = request.header("idempotency-key", requested.key);
        record_response(&self.clock, *target, request).await
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
