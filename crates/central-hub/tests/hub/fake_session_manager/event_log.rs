//! A durable event log. Each event has an id, and a listener resumes after the id that it names.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use session_api::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::FakeSessionManager;

#[derive(Clone)]
pub(super) struct EventLog {
    events: Arc<Mutex<Vec<(u64, String, String)>>>,
    count: watch::Sender<usize>,
    /// The `Last-Event-ID` of each listener.
    last_event_ids: Arc<Mutex<Vec<Option<String>>>>,
    stream_stop: Arc<Mutex<CancellationToken>>,
}

impl Default for EventLog {
    fn default() -> Self {
        Self {
            events: Arc::default(),
            count: watch::channel(0).0,
            last_event_ids: Arc::default(),
            stream_stop: Arc::default(),
        }
    }
}

/// The methods of a fake that has an event log.
impl FakeSessionManager {
    fn log(&self) -> &EventLog {
        let log = self.script.log.as_ref();
        log.expect("a fake session-manager with an event log")
    }

    /// Publishes an event to current and later listeners. Returns the event's id.
    pub fn publish(&self, name: &str, data: &Value) -> u64 {
        let mut events = self.log().events.lock().unwrap();
        let now = u64::try_from(Timestamp::now().as_millis()).unwrap() * 1000;
        let id = events.last().map_or(now, |(last, ..)| now.max(last + 1));
        events.push((id, name.to_owned(), data.to_string()));
        self.log().count.send_replace(events.len());
        id
    }

    pub fn publish_message(&self, message_id: &str, from: &str, body: &str) -> u64 {
        self.publish("message", &message(message_id, from, body))
    }

    pub fn publish_ack(&self, message_id: &str, ack: i8) -> u64 {
        let at = Timestamp::now();
        let ack = json!({"message_id": message_id, "ack": ack, "status": "sent", "at": at});
        self.publish("ack", &ack)
    }

    /// Closes all event streams.
    pub fn close_streams(&self) {
        let mut stream_stop = self.log().stream_stop.lock().unwrap();
        std::mem::take(&mut *stream_stop).cancel();
    }

    /// Returns the ids after which listeners resumed, one per connection.
    pub fn resumed_after(&self) -> Vec<String> {
        let last_event_ids = self.log().last_event_ids.lock().unwrap();
        last_event_ids.iter().flatten().cloned().collect()
    }
}

/// Builds a text message from this chat.
pub fn message(message_id: &str, from: &str, body: &str) -> Value {
    json!({
        "message_id": message_id, "from": from, "to": "5491100000000@c.us", "phone": null,
        "lid": null, "pushname": "Ana", "from_me": false, "type": "chat", "body": body,
        "at": Timestamp::now(),
    })
}

impl EventLog {
    /// Builds the event stream for a listener's headers.
    pub(super) fn stream(&self, headers: &HeaderMap) -> Response {
        let log = self.clone();
        let after = headers
            .get("last-event-id")
            .map(|id| id.to_str().unwrap().to_owned());
        log.last_event_ids.lock().unwrap().push(after.clone());
        let stream_stop = log.stream_stop.lock().unwrap().clone();
        let count = log.count.subscribe();
        let start = match after {
            None => *count.borrow(),
            Some(after) => {
                let after: u64 = after.parse().unwrap();
                let events = log.events.lock().unwrap();
                events.iter().take_while(|(id, ..)| *id <= after).count()
            }
        };
        let events_stream = stream::unfold(
            (log, count, start),
            |(log, mut count, position)| async move {
                count.wait_for(|count| *count > position).await.ok()?;
                let (id, name, data) = log.events.lock().unwrap()[position].clone();
                let event = Event::default().id(id.to_string()).event(name).data(data);
                Some((Ok::<_, Infallible>(event), (log, count, position + 1)))
            },
        );
        Sse::new(events_stream.take_until(stream_stop.cancelled_owned())).into_response()
    }
}
