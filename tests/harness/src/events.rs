//! Receives the events of either service from `/events`.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use serde_json::Value;
use session_client::ClientError;

use crate::http;

const NO_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// A received event.
#[derive(Clone, Debug)]
pub struct SseEvent {
    /// The id of the event; 0 if it has none.
    pub id: u64,
    /// The name of the event.
    pub name: String,
    /// The data of the event.
    pub data: Value,
}

type Decoded = dyn Stream<Item = Result<session_client::SseEvent, ClientError>> + Send;

/// An open stream, decoded by session-client.
pub struct Events {
    decoded: Pin<Box<Decoded>>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Events {
    /// Opens the stream at `url`, after the event `after` if one is given.
    pub async fn open(url: &str, after: Option<u64>) -> Self {
        Self::try_open(url, after)
            .await
            .expect("a stream of events")
    }

    /// Works like [`Self::open`], for a service that may be down: returns `None` then.
    pub async fn try_open(url: &str, after: Option<u64>) -> Option<Self> {
        // A stream does not end, so a client cannot wait for its end.
        let mut request = http().get(url).timeout(NO_TIMEOUT);
        if let Some(id) = after {
            request = request.header("last-event-id", id.to_string());
        }
        Some(Self::from_response(request.send().await.ok()?))
    }

    /// Reads the events of an existing response.
    #[must_use]
    pub fn from_response(response: reqwest::Response) -> Self {
        let content_type = response.headers().get("content-type");
        let content_type = content_type
            .expect("a content type")
            .to_str()
            .expect("ASCII");
        assert_eq!(
            (response.status().as_u16(), content_type),
            (200, "text/event-stream")
        );
        Self {
            decoded: Box::pin(session_client::decode(response, NO_TIMEOUT)),
        }
    }

    /// Returns the next event; `None` once the stream has ended or broken off.
    pub async fn next(&mut self) -> Option<SseEvent> {
        let event = match self.decoded.next().await? {
            Ok(event) => event,
            Err(ClientError::BadResponse(error)) => panic!("{error}"),
            Err(_) => return None,
        };
        Some(SseEvent {
            id: event.id.map_or(0, |id| id.parse().expect("a number")),
            name: event.name,
            data: serde_json::from_str(&event.data).expect("JSON"),
        })
    }

    /// Returns all events up to and including the first for which `after` is true.
    pub async fn read_until(&mut self, is_last: impl Fn(&SseEvent) -> bool) -> Vec<SseEvent> {
        let mut events = Vec::new();
        let reading = async {
            loop {
                let event = self.next().await.expect("an open stream");
                let done = is_last(&event);
                events.push(event);
                if done {
                    return;
                }
            }
        };
        let result = tokio::time::timeout(crate::PATIENCE, reading).await;
        assert!(result.is_ok(), "the event did not come after {events:#?}");
        events
    }
}
