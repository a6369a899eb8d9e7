//! WebDriver BiDi over one WebSocket: commands side by side, events as they
//! come. Just the transport; what is said stands in `page.rs`.
//!
//! ```text
//!  callers ──Command──> task ──text──> chromedriver
//!     ^                  │  <──text──
//!     └── oneshot by id ─┴── events ──> one receiver
//! ```
//!
//! Source of the framing: <https://www.w3.org/TR/webdriver-bidi/#protocol>.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// The largest message taken; tungstenite's own frame limit of 16 MiB would
/// close the socket over one large answer.
const LARGEST_MESSAGE: usize = 64 << 20;
const COMMANDS_IN_FLIGHT: usize = 256;

/// What became of a command.
#[derive(Debug, thiserror::Error)]
pub enum BidiError {
    /// The socket is gone: the browser or chromedriver ended.
    #[error("the connection to the browser is closed")]
    Closed,
    /// No answer in time.
    #[error("the browser did not answer within {0:?}")]
    Timeout(Duration),
    /// The browser answered with an error.
    #[error("the browser answered {code}: {message}")]
    Remote {
        /// BiDi's error code, such as `no such frame`.
        code: String,
        /// Its message.
        message: String,
    },
    /// The socket could not be opened.
    #[error("the browser's BiDi socket could not be opened")]
    Connect(#[source] Box<tungstenite::Error>),
}

/// An event: its method and params.
#[derive(Debug)]
pub struct BidiEvent {
    /// Such as `script.message`.
    pub method: String,
    /// As the browser sent them.
    pub params: Value,
}

#[derive(Deserialize)]
struct Incoming {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

enum Command {
    Call {
        id: u64,
        text: String,
        answer: oneshot::Sender<Result<Value, BidiError>>,
    },
    Forget(u64),
}

/// A handle to the connection; cheap to clone.
#[derive(Clone)]
pub struct Bidi {
    commands: mpsc::Sender<Command>,
    next_id: Arc<AtomicU64>,
}

impl Bidi {
    /// Connects to `url` (`ws://…`), and gives the receiver of the events. It
    /// ends when the socket does.
    ///
    /// # Errors
    /// [`BidiError::Connect`].
    pub async fn connect(url: &str) -> Result<(Self, mpsc::Receiver<BidiEvent>), BidiError> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        let (socket, _) = connect_async_with_config(url, Some(config), true)
            .await
            .map_err(|error| BidiError::Connect(Box::new(error)))?;
        let (commands, command_queue) = mpsc::channel(COMMANDS_IN_FLIGHT);
        let (events, event_queue) = mpsc::channel(COMMANDS_IN_FLIGHT);
        tokio::spawn(run(socket, command_queue, events));
        let bidi = Self {
            commands,
            next_id: Arc::new(AtomicU64::new(1)),
        };
        Ok((bidi, event_queue))
    }

    /// Sends a command and waits for its answer, at most `deadline`.
    ///
    /// A command that is given up on stays with the browser; only its answer
    /// is dropped.
    ///
    /// # Errors
    /// Any [`BidiError`] but `Connect`.
    pub async fn call(
        &self,
        method: &str,
        params: Value,
        deadline: Duration,
    ) -> Result<Value, BidiError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let text = json!({"id": id, "method": method, "params": params}).to_string();
        let (answer, answered) = oneshot::channel();
        let command = Command::Call { id, text, answer };
        let exchange = async {
            self.commands
                .send(command)
                .await
                .map_err(|_| BidiError::Closed)?;
            answered.await.map_err(|_| BidiError::Closed)?
        };
        match tokio::time::timeout(deadline, exchange).await {
            Ok(result) => result,
            Err(_) => {
                // Best effort: a full queue means that the task has worse to do.
                let _ = self.commands.try_send(Command::Forget(id));
                Err(BidiError::Timeout(deadline))
            }
        }
    }
}

async fn run(
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    mut commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<BidiEvent>,
) {
    let (mut sink, mut stream) = socket.split();
    let mut waiting: HashMap<u64, oneshot::Sender<Result<Value, BidiError>>> = HashMap::new();
    loop {
        // Answers first: they free what commands would pile up behind.
        tokio::select! {
            biased;
            message = stream.next() => {
                let text = match message {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => continue,
                };
                let Ok(incoming) = serde_json::from_str::<Incoming>(&text) else {
                    tracing::warn!(bytes = text.len(), "the browser sent what is not BiDi");
                    continue;
                };
                if !dispatch(incoming, &mut waiting, &events).await {
                    break;
                }
            }
            command = commands.recv() => match command {
                Some(Command::Call { id, text, answer }) => {
                    waiting.insert(id, answer);
                    if sink.send(Message::text(text)).await.is_err() {
                        break;
                    }
                }
                Some(Command::Forget(id)) => {
                    waiting.remove(&id);
                }
                None => break,
            },
        }
    }
    // Dropping the senders tells every caller that the socket is closed.
}

/// Hands a message on; `false` when nobody listens to events any more.
async fn dispatch(
    incoming: Incoming,
    waiting: &mut HashMap<u64, oneshot::Sender<Result<Value, BidiError>>>,
    events: &mpsc::Sender<BidiEvent>,
) -> bool {
    if let Some(id) = incoming.id {
        if let Some(answer) = waiting.remove(&id) {
            let result = match incoming.error {
                Some(code) => Err(BidiError::Remote {
                    code,
                    message: incoming.message.unwrap_or_default(),
                }),
                None => Ok(incoming.result.unwrap_or(Value::Null)),
            };
            // The caller may have gone: nothing to do about it.
            let _ = answer.send(result);
        }
        return true;
    }
    match incoming.method {
        Some(method) => events
            .send(BidiEvent {
                method,
                params: incoming.params,
            })
            .await
            .is_ok(),
        None => true,
    }
}
