//! Decodes Server-Sent Events with bounded memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use reqwest::Response;
use session_api::{Event, EventKind};
use sse_stream::SseByteStream;

use crate::error::ClientError;

/// Maximum size of an event, in bytes.
const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// An unparsed event.
#[derive(Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The position from which to resume: the next `last_event_id` of `events`.
    pub id: Option<String>,
    /// The `event:` field; `message` by default, as in the standard.
    pub name: String,
    /// The `data:` field.
    pub data: String,
}

// The data may contain a customer's message, or a code that links a phone, so keep it out of logs.
impl std::fmt::Debug for SseEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SseEvent")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("data_bytes", &self.data.len())
            .finish()
    }
}

impl SseEvent {
    /// Parses the event by its name. Returns `None` for a name that this version does not know.
    ///
    /// # Errors
    /// [`ClientError::BadResponse`] if the data does not match the name.
    pub fn parse(&self) -> Result<Option<Event>, ClientError> {
        fn read<T: serde::de::DeserializeOwned>(event: &SseEvent) -> Result<T, ClientError> {
            serde_json::from_str(&event.data).map_err(|_| {
                ClientError::BadResponse(format!("a {} event of another shape", event.name))
            })
        }
        let Some(kind) = EventKind::from_name(&self.name) else {
            return Ok(None);
        };
        let event = match kind {
            EventKind::State => Event::State(read(self)?),
            EventKind::Qr => Event::Qr(read(self)?),
            EventKind::Message => Event::Message(read(self)?),
            EventKind::Ack => Event::Ack(read(self)?),
            EventKind::MessageEdited => Event::MessageEdited(read(self)?),
            EventKind::MessageDeleted => Event::MessageDeleted(read(self)?),
            EventKind::Reaction => Event::Reaction(read(self)?),
            EventKind::Call => Event::Call(read(self)?),
            EventKind::Limits => Event::Limits(read(self)?),
            EventKind::Gap => Event::Gap(read(self)?),
        };
        Ok(Some(event))
    }
}

/// Decodes the body of `response` into its events, or the error that ends it.
///
/// Comments count as heartbeats. `silence` is the maximum time without any data.
pub fn decode(
    response: Response,
    silence: Duration,
) -> impl Stream<Item = Result<SseEvent, ClientError>> + Send {
    let since_event = Arc::new(AtomicUsize::new(0));
    let bytes = bounded(response, silence, Arc::clone(&since_event));
    SseByteStream::new(bytes.boxed()).filter_map(move |item| {
        let item = match item {
            Ok(sse) => {
                since_event.store(0, Ordering::Relaxed);
                // A block without data is not an event.
                sse.data.map(|data| {
                    Ok(SseEvent {
                        id: sse.id,
                        name: sse.event.unwrap_or_else(|| "message".to_owned()),
                        data,
                    })
                })
            }
            Err(sse_stream::Error::Body(cause)) => {
                Some(Err(cause.downcast::<ClientError>().map_or_else(
                    |other| ClientError::BadResponse(other.to_string()),
                    |error| *error,
                )))
            }
            Err(_) => Some(Err(ClientError::BadResponse(
                "an event stream that is not UTF-8".to_owned(),
            ))),
        };
        std::future::ready(item)
    })
}

fn bounded(
    response: Response,
    silence: Duration,
    since_event: Arc<AtomicUsize>,
) -> impl Stream<Item = Result<bytes::Bytes, ClientError>> + Send {
    stream::try_unfold(
        (response, since_event),
        move |(mut response, since_event)| async move {
            let chunk = tokio::time::timeout(silence, response.chunk())
                .await
                .map_err(|_| ClientError::Timeout)?
                .map_err(ClientError::of_transport)?;
            let Some(chunk) = chunk else {
                return Ok(None);
            };
            let total = since_event.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
            if total > MAX_EVENT_BYTES {
                return Err(ClientError::BadResponse(format!(
                    "an event of more than {MAX_EVENT_BYTES} bytes"
                )));
            }
            Ok(Some((chunk, (response, since_event))))
        },
    )
}
