//! Writes the inbound messages of a run, and listens for their events.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use session_client::SseEvent;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use whatsapp_standin::{LeadContent, LeadMedia, LeadMessage, Phone};

use super::clock::{Clock, lock};
use super::plan::{Arrival, Lead};
use super::record::{AckEvent, MessageEvent, ReceivedEvents, Written};
use harness::http_builder;

/// Read timeout of a stream, longer than the interval of its heartbeats.
const READ_TIMEOUT: Duration = Duration::from_secs(40);
const RECONNECT_DELAY: Duration = Duration::from_millis(100);

/// Writes each message to the account at its time, except while `quiet` is held.
pub async fn write(
    leads: Vec<Lead>,
    phone: Phone,
    clock: Clock,
    written: Arc<Mutex<Vec<Written>>>,
    writing_lock: Arc<tokio::sync::Mutex<()>>,
) {
    for lead in leads {
        clock.sleep_until(lead.at_ms).await;
        let _guard = writing_lock.lock().await;
        let message = LeadMessage::text(&lead.number, &lead.text);
        // The message must be on the list before any listener receives it.
        let mut written_messages = lock(&written);
        let message_id = match lead.arrival {
            Arrival::Text => phone.lead_message(&message),
            Arrival::Ciphertext(ciphertext_ms) => phone.lead_message(&LeadMessage {
                ciphertext_ms,
                ..message
            }),
            Arrival::Lid => phone.lead_message(&LeadMessage {
                lid: true,
                ..message
            }),
            Arrival::Own => phone.own_message(&lead.number, &lead.text),
            Arrival::File => {
                let media = LeadMedia {
                    path: phone.upload(file_of(&lead.text)),
                    kind: "document".to_owned(),
                    mime: "application/octet-stream".to_owned(),
                    ..LeadMedia::default()
                };
                phone.lead_message(&message.with(LeadContent {
                    media: Some(media),
                    ..LeadContent::default()
                }))
            }
        };
        written_messages.push(Written {
            at_ms: clock.ms(),
            message_id: message_id.expect("a number"),
            number: lead.number,
            text: lead.text,
            arrival: lead.arrival,
        });
    }
}

/// Returns the bytes of the file with this caption. It is several times as large as the
/// chunks in which the service moves files, and no two chunks are equal.
#[must_use]
pub fn file_of(caption: &str) -> Vec<u8> {
    const SIZE: usize = 700_000;
    let mut state = caption
        .bytes()
        .fold(0x9e37_79b9_7f4a_7c15_u64, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let mut bytes = Vec::with_capacity(SIZE);
    while bytes.len() < SIZE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// A client of a service's events, which reconnects with `Last-Event-ID` after
/// every disconnect.
#[derive(Debug)]
pub struct Listener {
    received: Arc<Received>,
    task: JoinHandle<()>,
}

/// The received events.
#[derive(Debug, Default)]
struct Received {
    messages: Mutex<Vec<MessageEvent>>,
    acks: Mutex<Vec<AckEvent>>,
    count: AtomicUsize,
    reconnects: AtomicU32,
    reconnect: Notify,
}

impl Listener {
    /// Starts a listener at `url`, from the first event on.
    #[must_use]
    pub fn start(url: String, clock: &Clock) -> Self {
        let received = Arc::<Received>::default();
        let task = tokio::spawn(received.clone().listen(url, clock.clone()));
        Self { received, task }
    }

    /// Makes the listener disconnect and reconnect.
    pub fn reconnect(&self) {
        self.received.reconnect.notify_one();
    }

    /// Returns the number of received messages.
    #[must_use]
    pub fn count(&self) -> usize {
        self.received.count.load(Ordering::Relaxed)
    }

    /// Returns whether the listener received all of these messages, with their text.
    #[must_use]
    pub fn has_all(&self, written: &[Written]) -> bool {
        let events = lock(&self.received.messages);
        let readable_ids: HashSet<_> = events
            .iter()
            .filter(|events| !events.unreadable)
            .map(|events| &events.message_id)
            .collect();
        written
            .iter()
            .all(|message| readable_ids.contains(&message.message_id))
    }

    /// Returns the ids of the latest `count` messages that were received with
    /// their text.
    #[must_use]
    pub fn latest(&self, count: usize) -> Vec<String> {
        let events = lock(&self.received.messages);
        let readable = events.iter().rev().filter(|events| !events.unreadable);
        readable
            .take(count)
            .map(|events| events.message_id.clone())
            .collect()
    }

    /// Stops the listener. Returns the events that it received.
    #[must_use]
    pub fn stop(&self) -> ReceivedEvents {
        self.task.abort();
        ReceivedEvents {
            messages: lock(&self.received.messages).clone(),
            acks: lock(&self.received.acks).clone(),
            reconnects: self.received.reconnects.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Received {
    async fn listen(self: Arc<Self>, url: String, clock: Clock) {
        // There is no timeout for the whole response, since the stream lasts as long as the run.
        let client = http_builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(READ_TIMEOUT)
            .build()
            .expect("a client");
        let mut last = None;
        loop {
            let reading = self.read_stream(&client, &url, &mut last, &clock);
            tokio::select! {
                was_connected = reading => {
                    if was_connected {
                        self.reconnects.fetch_add(1, Ordering::Relaxed);
                    }
                }
                () = self.reconnect.notified() => {
                    self.reconnects.fetch_add(1, Ordering::Relaxed);
                }
            }
            tokio::time::sleep(RECONNECT_DELAY).await;
        }
    }

    /// Reads until the stream ends. Returns whether there was a stream.
    async fn read_stream(
        &self,
        client: &reqwest::Client,
        url: &str,
        last: &mut Option<u64>,
        clock: &Clock,
    ) -> bool {
        let request = match *last {
            Some(last) => client.get(url).header("last-event-id", last),
            None => client.get(format!("{url}?after=0")),
        };
        let Ok(response) = request.send().await else {
            return false;
        };
        if !response.status().is_success() {
            clock.record_unexpected(format!("{url} answered {}", response.status()));
            return false;
        }
        let mut events = pin!(session_client::decode(response, READ_TIMEOUT));
        while let Some(Ok(event)) = events.next().await {
            if let Some(id) = self.record_event(&event, clock) {
                *last = Some(id.max(last.unwrap_or(0)));
            }
        }
        true
    }

    fn record_event(&self, event: &SseEvent, clock: &Clock) -> Option<u64> {
        let data: Value = serde_json::from_str(&event.data).ok()?;
        let name = event.name.as_str();
        let event_id = event.id.as_deref().and_then(|id| id.parse().ok());
        let text = |name: &str| data[name].as_str().map(ToOwned::to_owned);
        match (name, event_id) {
            ("message", Some(event_id)) => {
                lock(&self.messages).push(MessageEvent {
                    at_ms: clock.ms(),
                    event_id,
                    message_id: text("message_id").unwrap_or_default(),
                    text: text("body").unwrap_or_default(),
                    unreadable: data["type"] == "ciphertext",
                    phone: text("phone"),
                    from_me: data["from_me"] == true,
                });
                self.count.fetch_add(1, Ordering::Relaxed);
            }
            ("ack", Some(event_id)) => lock(&self.acks).push(AckEvent {
                event_id,
                message_id: text("message_id").unwrap_or_default(),
                ack: data["ack"].as_i64().unwrap_or_default(),
            }),
            ("message" | "ack", None) => {
                clock.record_unexpected(format!("a {name} event without an id"));
            }
            ("gap", _) => clock.record_unexpected(format!("events are missing: {data}")),
            _ => {}
        }
        event_id
    }
}
