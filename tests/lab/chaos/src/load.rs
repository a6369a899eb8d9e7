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

use super::clock::{Clock, locked, millis};
use super::plan::{Door, Kind, Lane, Manner, Send};
use super::record::{Fate, Message, RecordedResponse};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// The error codes of session-manager which mean that nothing was sent.
const CERTAINLY_NOT: [&str; 8] = [
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
    pub asked: AtomicU64,
    /// Number of messages that are finished.
    pub over: AtomicU64,
    /// Number of requests beyond the first of each message.
    pub retries: AtomicU64,
}

/// All clients.
#[derive(Debug)]
pub struct Load {
    inner: Arc<Inner>,
    lanes: JoinSet<()>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    client: reqwest::Client,
    hub: String,
    manager: String,
    /// The id of the uploaded file, which session-manager keeps.
    file: String,
    progress: Arc<Progress>,
    messages: Mutex<Vec<Message>>,
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
    ) -> Self {
        let inner = Inner {
            clock: clock.clone(),
            client: harness::http(),
            hub: format!("{hub}/send"),
            manager: format!("{manager}/send"),
            file: file.to_owned(),
            progress: progress.clone(),
            messages: Mutex::default(),
            stop: CancellationToken::new(),
        };
        Self {
            inner: Arc::new(inner),
            lanes: JoinSet::new(),
        }
    }

    /// Begins to send the planned messages.
    pub fn begin(&mut self, lanes: &[Lane]) {
        for lane in lanes {
            let (inner, lane) = (self.inner.clone(), lane.clone());
            self.lanes.spawn(async move { inner.lane(&lane).await });
        }
    }

    /// Waits until everything is sent, for at most `within`. Returns whether it is.
    pub async fn finish(&mut self, within: Duration) -> bool {
        let all = async { while self.lanes.join_next().await.is_some() {} };
        if tokio::time::timeout(within, all).await.is_ok() {
            return true;
        }
        self.inner.stop.cancel();
        while self.lanes.join_next().await.is_some() {}
        false
    }

    /// Returns the requested messages, in the order of their requests.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        locked(&self.inner.messages).clone()
    }
}

fn body(to: &str, send: &Send, file: &str) -> Value {
    let text = &send.text;
    match send.kind {
        Kind::Text => json!({"to": to, "message": text}),
        Kind::Place => {
            json!({"to": to, "type": "location", "latitude": -34.6, "longitude": -58.4, "name": text})
        }
        Kind::Card => {
            let contact = json!({"name": text, "phone": "5491158254202"});
            json!({"to": to, "type": "contact", "contact": contact})
        }
        Kind::File => json!({"to": to, "type": "document", "file_id": file, "caption": text}),
    }
}

impl Inner {
    async fn lane(&self, lane: &Lane) {
        for send in &lane.sends {
            tokio::select! {
                () = self.clock.until(send.at_ms) => {}
                () = self.stop.cancelled() => return,
            }
            let at = self.note_asked(lane, send);
            let all = self.until_it_is_over(lane, send, at);
            let stopped = tokio::select! {
                biased;
                () = all => false,
                () = self.stop.cancelled() => true,
            };
            if stopped {
                return;
            }
            self.progress.over.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn note_asked(&self, lane: &Lane, send: &Send) -> usize {
        self.progress.asked.fetch_add(1, Ordering::Relaxed);
        let mut messages = locked(&self.messages);
        messages.push(Message {
            to: lane.to.clone(),
            text: send.text.clone(),
            key: send.key.clone(),
            manner: send.manner,
            asked_ms: self.clock.ms(),
            answers: Vec::new(),
            fate: Fate::Open,
        });
        messages.len() - 1
    }

    async fn until_it_is_over(&self, lane: &Lane, send: &Send, at: usize) {
        let mut pause = FIRST_PAUSE;
        for turn in 0.. {
            let answers = self.ask(lane, send, turn).await;
            let fate = self.fate(send, turn, &answers);
            {
                let mut messages = locked(&self.messages);
                messages[at].answers.extend(answers);
                if let Some(fate) = fate {
                    messages[at].fate = fate;
                    return;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            self.progress.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends the requests of a turn in the message's manner. Only the first turn differs between
    /// manners.
    async fn ask(&self, lane: &Lane, send: &Send, turn: u32) -> Vec<RecordedResponse> {
        let once = |door| self.attempt(door, &lane.to, send);
        match send.manner {
            Manner::Twice if turn == 0 => {
                let (one, other) = tokio::join!(once(lane.door), once(Door::Manager));
                vec![one, other]
            }
            Manner::HangUp(after) if turn == 0 => {
                let after = Duration::from_millis(after);
                let began = self.clock.ms();
                let answer = tokio::time::timeout(after, once(lane.door)).await;
                vec![answer.unwrap_or_else(|_| RecordedResponse {
                    at_ms: self.clock.ms(),
                    took_ms: self.clock.ms() - began,
                    door: lane.door,
                    status: None,
                    code: "the caller hung up".to_owned(),
                    message_id: None,
                })]
            }
            _ => vec![once(lane.door).await],
        }
    }

    async fn attempt(&self, door: Door, to: &str, send: &Send) -> RecordedResponse {
        let url = match door {
            Door::Hub => &self.hub,
            Door::Manager => &self.manager,
        };
        let began = tokio::time::Instant::now();
        let request = self.client.post(url).header("idempotency-key", &send.key);
        let request = request.json(&body(to, send, &self.file));
        let answer = async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            Ok::<_, reqwest::Error>((status, response.json::<Value>().await?))
        };
        let answer = answer.await;
        let (status, code, message_id) = match &answer {
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
            at_ms: self.clock.ms(),
            took_ms: millis(began.elapsed()),
            door,
            status,
            code,
            message_id,
        }
    }

    /// Returns the result for the client after these responses; `None` if the client retries.
    fn fate(&self, send: &Send, turn: u32, answers: &[RecordedResponse]) -> Option<Fate> {
        let mut fate = None;
        for answer in answers {
            match (answer.status, &*answer.code) {
                (Some(200), _) if answer.message_id.is_some() => {
                    let at_ms = answer.at_ms;
                    fate = Some(Fate::Accepted { at_ms });
                }
                (Some(404), "NOT_ON_WHATSAPP") if send.manner == Manner::Nobody => {
                    fate = Some(Fate::Nobody);
                }
                (Some(403 | 429), code) if !CERTAINLY_NOT.contains(&code) => {
                    let what = format!("{:?} was answered {code}", send.text);
                    self.clock.odd(what);
                }
                (Some(403 | 429 | 502..=504), code) => {
                    let certain = CERTAINLY_NOT.contains(&code);
                    if certain && turn == 0 && send.manner == Manner::OneTry {
                        fate = Some(Fate::GivenUp);
                    }
                }
                (None, _) => {}
                (Some(status), code) => {
                    let what = format!("{:?} was answered {status} {code}", send.text);
                    self.clock.odd(what);
                }
            }
        }
        fate
    }
}
