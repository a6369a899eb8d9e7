//! Shares Chrome's one debugging pipe between ChromeDriver, which opens, takes screenshots and
//! closes, and this service, which calls into the page.
//!
//! ```text
//!  ChromeDriver ──────> ┐                     ┌──> Chrome
//!               <── ┐   ├── whole messages ───┘      │
//!       Cdp ────────┼─> ┘                            │
//!           <───────┴── by session ── Chrome's <─────┘
//! ```
//!
//! Chrome separates the two by sessions. Messages of this service's sessions are routed here. All
//! others go to ChromeDriver, except those that ChromeDriver would only accumulate. If either side
//! ends, both pipes are closed, so that the other side ends as well; Chrome does so immediately.
//!
//! WebDriver BiDi would do the same, but with an additional page of Chrome between the two. A
//! debugging port would be open to every program on the host.
//!
//! Source of the framing, messages terminated by a NUL:
//! `content/browser/devtools/devtools_pipe_handler.cc`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::mpsc;

use super::cdp::{Cdp, CdpErrorBody, CdpEvent, FIRST_ID, PendingCalls};

/// Maximum size of an accepted message, in bytes.
const MAX_MESSAGE_BYTES: u64 = 64 << 20;
/// Maximum number of messages that wait for a pipe.
const QUEUE_CAPACITY: usize = 256;
/// How many messages ChromeDriver may leave unread before it counts as broken. It reads them in a
/// separate thread.
const MAX_UNREAD: usize = 4096;

/// The service's ends of the pipes.
pub(super) struct Pipes {
    pub(super) from_driver: OwnedFd,
    pub(super) to_driver: OwnedFd,
    pub(super) to_chrome: OwnedFd,
    pub(super) from_chrome: OwnedFd,
    /// Closes when the process that ChromeDriver takes for Chrome ends.
    pub(super) alive: OwnedFd,
}

/// The fields of a message from Chrome that routing needs.
#[derive(Deserialize)]
struct Incoming<'a> {
    id: Option<i64>,
    #[serde(rename = "sessionId", borrow)]
    session: Option<Cow<'a, str>>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<CdpErrorBody>,
}

impl Incoming<'_> {
    /// Returns whether the message reports console output of the page, which this service does not
    /// use. ChromeDriver subscribes to it for its logs, but reads it only with its next command,
    /// perhaps weeks later. Until then it would keep all of it.
    fn is_chatter(&self) -> bool {
        let method = self.method.as_deref().unwrap_or_default();
        let console = ["consoleAPICalled", "exceptionThrown", "exceptionRevoked"];
        let runtime = method.strip_prefix("Runtime.");
        method.starts_with("Log.") || runtime.is_some_and(|event| console.contains(&event))
    }
}

#[derive(Deserialize)]
struct Attached<'a> {
    #[serde(rename = "sessionId")]
    session: String,
    #[serde(rename = "targetInfo", borrow)]
    target: Target<'a>,
}

#[derive(Deserialize)]
struct Target<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// Relays messages until one of the sides ends. Returns this service's session, and its events,
/// which end with the relay.
///
/// # Errors
/// If the descriptors are not pipes.
pub(super) fn multiplex(pipes: Pipes) -> io::Result<(Cdp, mpsc::Receiver<CdpEvent>)> {
    let from_driver = Receiver::from_owned_fd(pipes.from_driver)?;
    let to_driver = Sender::from_owned_fd(pipes.to_driver)?;
    let from_chrome = Receiver::from_owned_fd(pipes.from_chrome)?;
    let to_chrome = Sender::from_owned_fd(pipes.to_chrome)?;
    let mut alive = Receiver::from_owned_fd(pipes.alive)?;
    let (for_chrome, chrome_queue) = mpsc::channel(QUEUE_CAPACITY);
    let (for_driver, driver_queue) = mpsc::channel(MAX_UNREAD);
    let (events, event_queue) = mpsc::channel(QUEUE_CAPACITY);
    let pending_calls = Arc::new(PendingCalls::default());
    let cdp = Cdp::new(for_chrome.clone(), pending_calls.clone());
    let chrome_reader = ChromeReader {
        pending_calls: pending_calls.clone(),
        own_sessions: HashSet::new(),
        events,
        for_driver,
    };
    tokio::spawn(async move {
        tokio::select! {
            () = write_queued(to_chrome, chrome_queue) => {}
            () = write_queued(to_driver, driver_queue) => {}
            () = forward(from_driver, for_chrome) => {}
            () = chrome_reader.run(from_chrome) => {}
            // No data is ever written to it.
            _ = alive.read_u8() => {}
        }
        pending_calls.close();
    });
    Ok((cdp, event_queue))
}

/// Writes queued messages, and batches those that have piled up.
async fn write_queued(mut pipe: Sender, mut queue: mpsc::Receiver<Vec<u8>>) {
    let mut messages = Vec::new();
    while queue.recv_many(&mut messages, QUEUE_CAPACITY).await > 0 {
        let text = match &mut *messages {
            [message] => std::mem::take(message),
            messages => messages.concat(),
        };
        messages.clear();
        if pipe.write_all(&text).await.is_err() {
            return;
        }
    }
}

/// Reads one message with its NUL into `text`. Returns whether there was a message.
async fn read_message(pipe: &mut BufReader<Receiver>, text: &mut Vec<u8>) -> bool {
    text.clear();
    let read = pipe.take(MAX_MESSAGE_BYTES).read_until(0, text).await;
    read.is_ok() && text.last() == Some(&0)
}

async fn forward(pipe: Receiver, to: mpsc::Sender<Vec<u8>>) {
    let mut pipe = BufReader::new(pipe);
    let mut text = Vec::new();
    while read_message(&mut pipe, &mut text).await {
        if to.send(std::mem::take(&mut text)).await.is_err() {
            return;
        }
    }
}

struct ChromeReader {
    pending_calls: Arc<PendingCalls>,
    /// This service's session ids.
    own_sessions: HashSet<String>,
    events: mpsc::Sender<CdpEvent>,
    for_driver: mpsc::Sender<Vec<u8>>,
}

impl ChromeReader {
    async fn run(mut self, pipe: Receiver) {
        let mut pipe = BufReader::with_capacity(1 << 16, pipe);
        let mut text = Vec::new();
        while read_message(&mut pipe, &mut text).await {
            let Ok(incoming) = serde_json::from_slice::<Incoming<'_>>(&text[..text.len() - 1])
            else {
                tracing::warn!(
                    bytes = text.len(),
                    "the browser sent a message that cannot be parsed"
                );
                continue;
            };
            if incoming.is_chatter() {
                continue;
            }
            if !self.is_own(&incoming) {
                if self.for_driver.try_send(std::mem::take(&mut text)).is_err() {
                    tracing::error!("chromedriver has stopped reading");
                    return;
                }
            } else if let Some(event) = self.resolve(incoming)
                && self.events.send(event).await.is_err()
            {
                return;
            }
        }
    }

    /// Returns whether the message is for this service, and records new sessions.
    ///
    /// The first session is with the browser itself, with which ChromeDriver has none. This
    /// service's sessions with pages are attached from there.
    fn is_own(&mut self, incoming: &Incoming<'_>) -> bool {
        let own_sessions = match (&incoming.session, incoming.id) {
            (Some(session), _) => self.own_sessions.contains(&**session),
            (None, Some(id)) => return id >= FIRST_ID,
            (None, None) => false,
        };
        if incoming.method.as_deref() != Some("Target.attachedToTarget") {
            return own_sessions;
        }
        let params = incoming.params.map_or("null", RawValue::get);
        match serde_json::from_str::<Attached<'_>>(params) {
            Ok(attached) if own_sessions || attached.target.kind == "browser" => {
                self.own_sessions.insert(attached.session);
                true
            }
            _ => own_sessions,
        }
    }

    /// Resolves the call that waits for the message, or returns the message as an event.
    fn resolve(&self, incoming: Incoming<'_>) -> Option<CdpEvent> {
        if let Some(id) = incoming.id {
            let result = match (incoming.error, incoming.result) {
                (Some(refusal), _) => Err(refusal),
                (None, result) => Ok(result.unwrap_or(RawValue::NULL).to_owned()),
            };
            self.pending_calls.answer(id, result);
            return None;
        }
        Some(CdpEvent {
            method: incoming.method?.into_owned(),
            params: incoming.params.unwrap_or(RawValue::NULL).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
