//! Runs the clients of the chaos test, with the retries that a client must make.
//!
//! ```text
//!  one recipient:  message ─> send ┬─ 200 ─────────> the next message
//!                              ^   ├─ 404 ─────────> not on WhatsApp
//!                              │   └─ 403 429 502 503 504, connection lost
//!                              └──── pause ────┘     (the same key)
//! ```

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clock::{Clock, lock};
use super::own_changes::{OwnChanges, record_response};
use super::plan::{ClientBehavior, Kind, Lane, Send, Target};
use super::record::{Message, Outcome, RecordedResponse};

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(3);

/// The error codes of session-manager which mean that nothing was sent.
const NOT_SENT_CODES: [&str; 8] = [
    "SEND_FAILED",
    "RECIPIENT_BLOCKED",
    "REACH_OUT_LIMIT",
    "NEW_CHAT_LIMIT",
    "SESSION_NOT_READY",
    "OVERLOADED",
    "LEDGER_UNAVAILABLE",
    "WHATSAPP_UNAVAILABLE",
];

/// Progress of the load.
#[derive(Debug, Default)]
pub struct Progress {
    /// Number of messages that a client began to send.
    pub requested: AtomicU64,
    /// Number of messages that are finished.
    pub finished: AtomicU64,
    /// Number of requests beyond the first of each message.
    pub retries: AtomicU64,
}

/// All clients.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    lanes: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    client: reqwest::Client,
    hub: String,
    manager: String,
    /// The id of the uploaded file, which session-manager keeps.
    file: String,
    progress: Arc<Progress>,
    messages: Mutex<Vec<Message>>,
    own_changes: OwnChanges,
    /// The messages whose changes are being made.
    changing: Mutex<JoinSet<()>>,
    stop: CancellationToken,
}

impl Load {
    /// Creates the load without clients.
    #[must_use]
    pub fn new(
        clock: &Clock,
        hub: &str,
        manager: &str,
        file: &str,
        progress: &Arc<Progress>,
        own_changes: OwnChanges,
    ) -> Self {
        let shared = Shared {
            clock: clock.clone(),
            client: harness::http(),
            hub: format!("{hub}/send"),
            manager: format!("{manager}/send"),
            file: file.to_owned(),
            progress: progress.clone(),
            messages: Mutex::default(),
            own_changes,
            changing: Mutex::default(),
            stop: CancellationToken::new(),
        };
        Self {
            shared: Arc::new(shared),
            lanes: JoinSet::new(),
        }
    }

    /// Begins to send the planned messages.
    pub fn start(&mut self, lanes: &[Lane]) {
        for lane in lanes {
            let (shared, lane) = (self.shared.clone(), lane.clone());
            self.lanes
                .spawn(async move { shared.send_lane(&lane).await });
        }
    }

    /// Waits until everything is sent and changed, for at most `timeout`. Returns whether it is.
    pub async fn finish(&mut self, timeout: Duration) -> bool {
        let is_finished = tokio::time::timeout(timeout, self.join()).await.is_ok();
        if !is_finished {
            self.shared.stop.cancel();
            self.join().await;
        }
        is_finished
    }

    async fn join(&mut self) {
        while self.lanes.join_next().await.is_some() {}
        // The lanes have started all of them.
        let mut changing = std::mem::take(&mut *lock(&self.shared.changing));
        let joined = async { while changing.join_next().await.is_some() {} };
        tokio::select! {
            biased;
            () = joined => {}
            () = self.shared.stop.cancelled() => {}
        }
    }

    /// Returns the requested messages, in the order of their requests.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.shared.messages).clone()
    }
}

fn body(to: &str, send: &Send, file: &str) -> Value {
    let text = &send.text;
    match send.kind {
        Kind::Text => json!({"to": to, "message": text}),
        Kind::Location => {
            json!({"to": to, "type": "location", "latitude": -34.6, "longitude": -58.4, "name": text})
        }
        Kind::Contact => {
            let contact = json!({"name": text, "phone": "5491158254202"});
            json!({"to": to, "type": "contact", "contact": contact})
        }
        Kind::File => json!({"to": to, "type": "document", "file_id": file, "caption": text}),
    }
}

impl Shared {
    async fn send_lane(self: &Arc<Self>, lane: &Lane) {
        for send in &lane.sends {
            tokio::select! {
                () = self.clock.sleep_until(send.at_ms) => {}
                () = self.stop.cancelled() => return,
            }
            let index = self.record_request(lane, send);
            let sending = self.send_until_finished(lane, send, index);
            let stopped = tokio::select! {
                biased;
                () = sending => false,
                () = self.stop.cancelled() => true,
            };
            if stopped {
                return;
            }
            self.progress.finished.fetch_add(1, Ordering::Relaxed);
            self.start_changes(lane, send, index);
        }
    }

    /// Begins to make what becomes of a message that was accepted, beside the next messages.
    fn start_changes(self: &Arc<Self>, lane: &Lane, send: &Send, index: usize) {
        let message = lock(&self.messages)[index].clone();
        let Some(message_id) = message.ids().next().map(ToOwned::to_owned) else {
            return;
        };
        if send.later.is_empty() {
            return;
        }
        let (shared, to, send) = (self.clone(), lane.to.clone(), send.clone());
        lock(&self.changing).spawn(async move {
            let changes = &shared.own_changes;
            changes
                .make(&to, &send, &message_id, message.requested_ms)
                .await;
        });
    }

    fn record_request(&self, lane: &Lane, send: &Send) -> usize {
        self.progress.requested.fetch_add(1, Ordering::Relaxed);
        let mut messages = lock(&self.messages);
        messages.push(Message {
            to: lane.to.clone(),
            text: send.text.clone(),
            key: send.key.clone(),
            behavior: send.behavior,
            requested_ms: self.clock.ms(),
            responses: Vec::new(),
            outcome: Outcome::Open,
        });
        messages.len() - 1
    }

    async fn send_until_finished(&self, lane: &Lane, send: &Send, index: usize) {
        let mut pause = FIRST_PAUSE;
        for attempt in 0.. {
            let responses = self.request_in_attempt(lane, send, attempt).await;
            let outcome = self.outcome_of(send, attempt, &responses);
            {
                let mut messages = lock(&self.messages);
                messages[index].responses.extend(responses);
                if let Some(outcome) = outcome {
                    messages[index].outcome = outcome;
                    return;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
            self.progress.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends the requests of one attempt. Only the first attempt depends on the client's behavior.
    async fn request_in_attempt(
        &self,
        lane: &Lane,
        send: &Send,
        attempt: u32,
    ) -> Vec<RecordedResponse> {
        let send_to = |target| self.attempt(target, &lane.to, send);
        match send.behavior {
            ClientBehavior::Twice if attempt == 0 => {
                let (first, second) = tokio::join!(send_to(lane.target), send_to(Target::Manager));
                vec![first, second]
            }
            ClientBehavior::Disconnect(after) if attempt == 0 => {
                let after = Duration::from_millis(after);
                let start_ms = self.clock.ms();
                let response = tokio::time::timeout(after, send_to(lane.target)).await;
                vec![response.unwrap_or_else(|_| RecordedResponse {
                    at_ms: self.clock.ms(),
                    took_ms: self.clock.ms() - start_ms,
                    target: lane.target,
                    status: None,
                    code: "the caller hung up".to_owned(),
                    message_id: None,
                })]
            }
            _ => vec![send_to(lane.target).await],
        }
    }

    async fn attempt(&self, target: Target, to: &str, send: &Send) -> RecordedResponse {
        let url = match target {
            Target::Hub => &self.hub,
            Target::Manager => &self.manager,
        };
        let request = self.client.post(url).header("idempotency-key", &send.key);
        let request = request.json(&body(to, send, &self.file));
        record_response(&self.clock, target, request).await
    }

    /// Returns the result for the client after these responses; `None` if the client retries.
    fn outcome_of(
        &self,
        send: &Send,
        attempt: u32,
        responses: &[RecordedResponse],
    ) -> Option<Outcome> {
        let mut outcome = None;
        for response in responses {
            match (response.status, &*response.code) {
                (Some(200), _) if response.message_id.is_some() => {
                    let at_ms = response.at_ms;
                    outcome = Some(Outcome::Accepted { at_ms });
                }
                (Some(404), "NOT_ON_WHATSAPP")
                    if send.behavior == ClientBehavior::NotOnWhatsapp =>
                {
                    outcome = Some(Outcome::NotOnWhatsapp);
                }
                (Some(403 | 429), code) if !NOT_SENT_CODES.contains(&code) => {
                    let text = format!("{:?} was refused with {code}", send.text);
                    self.clock.record_unexpected(text);
                }
                (Some(403 | 429 | 502..=504), code) => {
                    let certain = NOT_SENT_CODES.contains(&code);
                    if certain && attempt == 0 && send.behavior == ClientBehavior::OneTry {
                        outcome = Some(Outcome::GivenUp);
                    }
                }
                (None, _) => {}
                (Some(status), code) => {
                    let text = format!("{:?} got an unexpected {status} {code}", send.text);
                    self.clock.record_unexpected(text);
                }
            }
        }
        outcome
    }
}
