//! Speaks the Chrome DevTools Protocol (CDP): frames messages, makes concurrent calls, receives
//! events. The commands are in `whatsapp_page.rs` and `tab.rs`, the pipes in `cdp_mux.rs`.
//!
//! Source: <https://chromedevtools.github.io/devtools-protocol/>.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

/// The first id of this service's calls. ChromeDriver counts from 1, and both share the connection
/// until a session exists.
pub(super) const FIRST_ID: i64 = 1 << 30;

/// The error of a call.
#[derive(Debug, thiserror::Error)]
pub enum CdpError {
    /// The connection is closed: the browser or ChromeDriver ended.
    #[error("the connection to the browser is closed")]
    Closed,
    /// No response within the deadline.
    #[error("the browser did not answer within {0:?}")]
    Timeout(Duration),
    /// The browser returned an error.
    #[error("the browser answered {code}: {message}")]
    Remote {
        /// The JSON-RPC error code.
        code: i64,
        /// The error message.
        message: String,
    },
    /// The browser's response does not follow the protocol.
    #[error("the browser's answer cannot be read")]
    Malformed(#[source] serde_json::Error),
}

/// An event of one of this service's sessions: its method and params.
#[derive(Debug)]
pub struct CdpEvent {
    /// The method, such as `Runtime.bindingCalled`.
    pub method: String,
    /// The params as the browser sent them.
    pub params: Box<RawValue>,
}

/// Error object of a CDP response.
#[derive(Deserialize)]
pub(super) struct CdpErrorBody {
    code: i64,
    message: String,
}

type CdpResult = Result<Box<RawValue>, CdpError>;

/// The pending calls; `None` once the connection is closed.
#[derive(Debug)]
pub(super) struct PendingCalls(Mutex<Option<HashMap<i64, oneshot::Sender<CdpResult>>>>);

impl Default for PendingCalls {
    fn default() -> Self {
        Self(Mutex::new(Some(HashMap::new())))
    }
}

impl PendingCalls {
    fn with_calls<T>(
        &self,
        use_calls: impl FnOnce(&mut Option<HashMap<i64, oneshot::Sender<CdpResult>>>) -> T,
    ) -> T {
        use_calls(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Passes a response to the call that waits for it.
    pub(super) fn answer(&self, id: i64, result: Result<Box<RawValue>, CdpErrorBody>) {
        if let Some(caller) =
            self.with_calls(|calls| calls.as_mut().and_then(|calls| calls.remove(&id)))
        {
            let answer =
                result.map_err(|CdpErrorBody { code, message }| CdpError::Remote { code, message });
            // The caller may have been cancelled.
            let _ = caller.send(answer);
        }
    }

    /// Fails all pending and future calls, because the browser is gone.
    pub(super) fn close(&self) {
        self.with_calls(Option::take);
    }
}

#[derive(Serialize)]
struct Outgoing<'a, P> {
    id: i64,
    method: &'a str,
    params: P,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

#[derive(Deserialize)]
struct Attached {
    #[serde(rename = "sessionId")]
    session: String,
}

/// A handle to one session of the connection; cheap to clone.
#[derive(Clone)]
pub struct Cdp {
    to_chrome: mpsc::Sender<Vec<u8>>,
    pending_calls: Arc<PendingCalls>,
    next_id: Arc<AtomicI64>,
    session: Option<Arc<str>>,
}

impl Cdp {
    /// Returns a session that sends to `to_chrome` and registers calls in `pending_calls`.
    pub(super) fn new(to_chrome: mpsc::Sender<Vec<u8>>, pending_calls: Arc<PendingCalls>) -> Self {
        Self {
            to_chrome,
            pending_calls,
            next_id: Arc::new(AtomicI64::new(FIRST_ID)),
            session: None,
        }
    }

    /// Attaches to a target with `method`, and returns the new session.
    ///
    /// # Errors
    /// Any [`CdpError`].
    pub(super) async fn attach(
        &self,
        method: &str,
        params: Value,
        deadline: Duration,
    ) -> Result<Self, CdpError> {
        let Attached { session } = self.call(method, params, deadline).await?;
        Ok(self.in_session(&session))
    }

    /// Returns the session with this id, which the browser attached by itself.
    pub(super) fn in_session(&self, session: &str) -> Self {
        Self {
            session: Some(session.into()),
            ..self.clone()
        }
    }

    /// Makes a call and waits for its response, for at most `deadline`.
    ///
    /// A call that times out is not cancelled in the browser; only its response is dropped.
    ///
    /// # Errors
    /// Any [`CdpError`].
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
        deadline: Duration,
    ) -> Result<T, CdpError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let outgoing = Outgoing {
            id,
            method,
            params,
            session: self.session.as_deref(),
        };
        let mut text = serde_json::to_vec(&outgoing).map_err(CdpError::Malformed)?;
        text.push(0);
        let (answer, response) = oneshot::channel();
        let is_open = self.pending_calls.with_calls(|calls| {
            calls
                .as_mut()
                .map(|calls| calls.insert(id, answer))
                .is_some()
        });
        if !is_open {
            return Err(CdpError::Closed);
        }
        let exchange = async {
            let sent = self.to_chrome.send(text).await;
            sent.map_err(|_| CdpError::Closed)?;
            response.await.map_err(|_| CdpError::Closed)?
        };
        match tokio::time::timeout(deadline, exchange).await {
            Ok(answer) => serde_json::from_str(answer?.get()).map_err(CdpError::Malformed),
            Err(_) => {
                self.pending_calls
                    .with_calls(|calls| calls.as_mut().and_then(|calls| calls.remove(&id)));
                Err(CdpError::Timeout(deadline))
            }
        }
    }
}
