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

use super::clock::{Clock, locked};
use super::plan::{Lead, Way};
use super::record::{AckTold, Ear, Told, Written};
use harness::http_builder;

/// Read timeout of a stream, longer than the interval of its heartbeats.
const SILENCE: Duration = Duration::from_secs(40);
const COME_BACK_AFTER: Duration = Duration::from_millis(100);

/// Writes each message to the account at its time, except while `quiet` is held.
pub async fn write(
    leads: Vec<Lead>,
    phone: Phone,
    clock: Clock,
    written: Arc<Mutex<Vec<Written>>>,
    quiet: Arc<tokio::sync::Mutex<()>>,
) {
    for lead in leads {
        clock.until(lead.at_ms).await;
        let _writing = quiet.lock().await;
        let from = LeadMessage::text(&lead.number, &lead.text);
        // The message must be on the list before any listener receives it.
        let mut list = locked(&written);
        let message_id = match lead.way {
            Way::Text => phone.lead_message(&from),
            Way::Ciphertext(ciphertext_ms) => phone.lead_message(&LeadMessage {
                ciphertext_ms,
                ..from
            }),
            Way::Lid => phone.lead_message(&LeadMessage { lid: true, ..from }),
            Way::Own => phone.own_message(&lead.number, &lead.text),
            Way::File => {
                let media = LeadMedia {
                    path: phone.upload(file_of(&lead.text)),
                    kind: "document".to_owned(),
                    mime: "application/octet-stream".to_owned(),
                    ..LeadMedia::default()
                };
                phone.lead_message(&from.with(LeadContent {
                    media: Some(media),
                    ..LeadContent::default()
                }))
            }
        };
        list.push(Written {
            at_ms: clock.ms(),
            message_id: message_id.expect("a number"),
            number: lead.number,
            text: lead.text,
            way: lead.way,
        });
    }
}

/// Returns the bytes of the file with this caption. It has a few of the pieces that the service
/// moves at once, each piece different.
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
    heard: Arc<Heard>,
    listening: JoinHandle<()>,
}

/// The received events.
#[derive(Debug, Default)]
struct Heard {
    told: Mutex<Vec<Told>>,
    acks: Mutex<Vec<AckTold>>,
    count: AtomicUsize,
    reconnects: AtomicU32,
    drop: Notify,
}

impl Listener {
    /// Starts a listener at `url`, from the first event on.
    #[must_use]
    pub fn start(url: String, clock: &Clock) -> Self {
        let heard = Arc::<Heard>::default();
        let listening = tokio::spawn(heard.clone().listen(url, clock.clone()));
        Self { heard, listening }
    }

    /// Makes the listener disconnect and reconnect.
    pub fn hang_up(&self) {
        self.heard.drop.notify_one();
    }

    /// Returns the number of received messages.
    #[must_use]
    pub fn count(&self) -> usize {
        self.heard.count.load(Ordering::Relaxed)
    }

    /// Returns whether the listener received all of these messages, with their text.
    #[must_use]
    pub fn has_all(&self, written: &[Written]) -> bool {
        let told = locked(&self.heard.told);
        let read: HashSet<_> = told
            .iter()
            .filter(|told| !told.unreadable)
            .map(|told| &told.message_id)
            .collect();
        written.iter().all(|one| read.contains(&one.message_id))
    }

    /// Returns the ids of the latest `count` messages that were received with
    /// their text.
    #[must_use]
    pub fn latest(&self, count: usize) -> Vec<String> {
        let told = locked(&self.heard.told);
        let read = told.iter().rev().filter(|told| !told.unreadable);
        read.take(count)
            .map(|told| told.message_id.clone())
            .collect()
    }

    /// Stops the listener. Returns the events that it received.
    #[must_use]
    pub fn end(&self) -> Ear {
        self.listening.abort();
        Ear {
            told: locked(&self.heard.told).clone(),
            acks: locked(&self.heard.acks).clone(),
            reconnects: self.heard.reconnects.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Heard {
    async fn listen(self: Arc<Self>, url: String, clock: Clock) {
        // There is no timeout for the whole response, since the stream lasts as long as the run.
        let client = http_builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(SILENCE)
            .build()
            .expect("a client");
        let mut last = None;
        loop {
            let hearing = self.hear(&client, &url, &mut last, &clock);
            tokio::select! {
                was_there = hearing => {
                    if was_there {
                        self.reconnects.fetch_add(1, Ordering::Relaxed);
                    }
                }
                () = self.drop.notified() => {
                    self.reconnects.fetch_add(1, Ordering::Relaxed);
                }
            }
            tokio::time::sleep(COME_BACK_AFTER).await;
        }
    }

    /// Reads until the stream ends. Returns whether there was a stream.
    async fn hear(
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
            clock.odd(format!("{url} answered {}", response.status()));
            return false;
        }
        let mut events = pin!(session_client::decode(response, SILENCE));
        while let Some(Ok(event)) = events.next().await {
            if let Some(id) = self.take(&event, clock) {
                *last = Some(id.max(last.unwrap_or(0)));
            }
        }
        true
    }

    fn take(&self, event: &SseEvent, clock: &Clock) -> Option<u64> {
        let data: Value = serde_json::from_str(&event.data).ok()?;
        let name = event.name.as_str();
        let event_id = event.id.as_deref().and_then(|id| id.parse().ok());
        let text = |name: &str| data[name].as_str().map(ToOwned::to_owned);
        match (name, event_id) {
            ("message", Some(event_id)) => {
                locked(&self.told).push(Told {
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
            ("ack", Some(event_id)) => locked(&self.acks).push(AckTold {
                event_id,
                message_id: text("message_id").unwrap_or_default(),
                ack: data["ack"].as_i64().unwrap_or_default(),
            }),
            ("message" | "ack", None) => clock.odd(format!("a {name} event without an id")),
            ("gap", _) => clock.odd(format!("not all can be told: {data}")),
            _ => {}
        }
        event_id
    }
}
