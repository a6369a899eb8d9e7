//! Writes the inbound messages of a run, and listens for their events.

use std::collections::BTreeMap;
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
use super::plan::{Arrival, Change, ContactChange, Lead};
use super::record::{AckEvent, ChangeEvent, MessageEvent, ReceivedEvents, Written, WrittenChange};
use super::relink::{Relinking, Writings};
use harness::http_builder;

/// Read timeout of a stream, longer than the interval of its heartbeats.
const READ_TIMEOUT: Duration = Duration::from_secs(40);
const RECONNECT_DELAY: Duration = Duration::from_millis(100);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Writes to the account, as contacts do and as its owner does on the phone.
#[derive(Debug, Clone)]
pub struct Contacts {
    /// The phone.
    pub phone: Phone,
    /// The clock of the run.
    pub clock: Clock,
    /// What was written so far.
    pub writings: Arc<Writings>,
    /// Prevents writing while the device is being linked.
    pub relinking: Arc<Relinking>,
}

impl Contacts {
    /// Writes each message to the account at its time.
    pub async fn write(self, leads: Vec<Lead>) {
        for lead in leads {
            self.clock.sleep_until(lead.at_ms).await;
            let _guard = self.relinking.writing_guard().await;
            self.write_one(lead);
        }
    }

    fn write_one(&self, lead: Lead) {
        let (phone, is_call) = (&self.phone, lead.arrival == Arrival::Call);
        let message = LeadMessage::text(&lead.number, &lead.text);
        // The message must be on the list before any listener receives it.
        let mut written = lock(&self.writings.messages);
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
            Arrival::Call => phone.lead_message(&LeadMessage {
                kind: Some("call_log".to_owned()),
                ..LeadMessage::text(&lead.number, "")
            }),
        };
        written.push(Written {
            at_ms: self.clock.ms(),
            message_id: message_id.expect("a number"),
            number: lead.number,
            text: if is_call { String::new() } else { lead.text },
            arrival: lead.arrival,
        });
    }

    /// Makes each change at its time, after its message.
    pub async fn change(self, changes: Vec<ContactChange>, session_manager: Arc<Listeners>) {
        for change in changes {
            self.clock.sleep_until(change.at_ms).await;
            let message = loop {
                let written = lock(&self.writings.messages).get(change.lead).cloned();
                match written {
                    Some(message) => break message,
                    None => tokio::time::sleep(POLL_INTERVAL).await,
                }
            };
            let _guard = self.relinking.writing_guard().await;
            let is_forgotten = lock(&self.writings.forgotten).contains(&message.message_id);
            if is_forgotten || !self.relinking.has_messages_from(message.at_ms) {
                continue;
            }
            let was_published = session_manager["session-manager"].has(&message.message_id);
            self.change_one(WrittenChange {
                at_ms: self.clock.ms(),
                message_id: message.message_id,
                number: message.number,
                change: change.change,
                was_published,
            });
        }
    }

    /// Makes this change.
    pub fn change_one(&self, change: WrittenChange) {
        let (phone, id) = (&self.phone, &change.message_id);
        // The change must be on the list before any listener receives it.
        let mut changes = lock(&self.writings.contact_changes);
        let made = match &change.change {
            Change::Edit(text) => phone.lead_edits(id, text),
            Change::Delete => phone.lead_deletes(id),
            Change::React(emoji) => phone.lead_reacts(id, emoji),
            Change::TakeReactionAway => phone.lead_reacts(id, ""),
        };
        made.expect("a message");
        changes.push(change);
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

/// The event listeners, by service.
pub type Listeners = BTreeMap<&'static str, Listener>;

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
    calls: Mutex<Vec<MessageEvent>>,
    changes: Mutex<Vec<ChangeEvent>>,
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

    /// Returns whether the listener received this message with its text.
    #[must_use]
    pub fn has(&self, message_id: &str) -> bool {
        let events = lock(&self.received.messages);
        let mut readable = events.iter().filter(|event| !event.unreadable);
        readable.any(|event| event.message_id == message_id)
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

    /// Returns the events that the listener received so far.
    #[must_use]
    pub fn received(&self) -> ReceivedEvents {
        let received = &self.received;
        ReceivedEvents {
            messages: lock(&received.messages).clone(),
            acks: lock(&received.acks).clone(),
            calls: lock(&received.calls).clone(),
            changes: lock(&received.changes).clone(),
            reconnects: received.reconnects.load(Ordering::Relaxed),
        }
    }

    /// Stops the listener. Returns the events that it received.
    #[must_use]
    pub fn stop(&self) -> ReceivedEvents {
        self.task.abort();
        self.received()
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
        let message_id = || text("message_id").unwrap_or_default();
        let message = |event_id, message_id| MessageEvent {
            at_ms: clock.ms(),
            event_id,
            message_id,
            text: text("body").unwrap_or_default(),
            unreadable: data["type"] == "ciphertext",
            phone: text("phone"),
            from_me: data["from_me"] == true,
        };
        let change = |event_id, change| {
            lock(&self.changes).push(ChangeEvent {
                at_ms: clock.ms(),
                event_id,
                message_id: message_id(),
                phone: text("phone"),
                from_me: data["from_me"] == true,
                change,
            });
        };
        match (name, event_id) {
            ("message", Some(event_id)) => {
                lock(&self.messages).push(message(event_id, message_id()));
                self.count.fetch_add(1, Ordering::Relaxed);
            }
            ("call", Some(event_id)) => {
                let call_id = text("call_id").unwrap_or_default();
                lock(&self.calls).push(message(event_id, call_id));
                self.count.fetch_add(1, Ordering::Relaxed);
            }
            ("ack", Some(event_id)) => lock(&self.acks).push(AckEvent {
                event_id,
                message_id: message_id(),
                ack: data["ack"].as_i64().unwrap_or_default(),
            }),
            ("message_edited", Some(event_id)) => {
                change(event_id, Change::Edit(text("body").unwrap_or_default()));
            }
            ("message_deleted", Some(event_id)) => change(event_id, Change::Delete),
            ("reaction", Some(event_id)) => change(
                event_id,
                text("emoji").map_or(Change::TakeReactionAway, Change::React),
            ),
            (
                "message" | "call" | "ack" | "message_edited" | "message_deleted" | "reaction",
                None,
            ) => {
                clock.record_unexpected(format!("a {name} event without an id"));
            }
            ("gap", _) => clock.record_unexpected(format!("events are missing: {data}")),
            _ => {}
        }
        event_id
    }
}
