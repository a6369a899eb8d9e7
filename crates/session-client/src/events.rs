//! Server-Sent Events decoder with bounded memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use reqwest::Response;
use session_api::{Event, EventKind};
use sse_stream::SseByteStream;

use crate::error::ClientError;

/// The largest event, in bytes.
const LARGEST_EVENT: usize = 8 * 1024 * 1024;

/// One event as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// Where to resume: what to give to `events` next time.
    pub id: Option<String>,
    /// The `event:` field; `message` where there is none, as the standard says.
    pub name: String,
    /// The data.
    pub data: String,
}

// The data may hold a customer's message, or a code that links a phone.
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
    /// The event of the contract, by its name; `None` for a name that this
    /// version does not know.
    ///
    /// # Errors
    /// [`ClientError::BadResponse`]: the data is not what the name promises.
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

/// Decodes the body of `response`: each event, or why there are no more.
///
/// Comments count as signs of life; `silence` is how long none may come.
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
                // A block without data is no event.
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
            if total > LARGEST_EVENT {
                return Err(ClientError::BadResponse(format!(
                    "an event of more than {LARGEST_EVENT} bytes"
                )));
            }
            Ok(Some((chunk, (response, since_event))))
        },
    )
}
