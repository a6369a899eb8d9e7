//! Sends messages: idempotent, ordered per recipient, with retries of unknown outcomes.
//!
//! ```text
//!  POST /send ─> send ─> attempt ─> page        ack_watch: do acks arrive?
//!                  │        │
//!                  v        v
//!                ledger <─ unknown_outcomes: settled whenever READY
//!                  ^
//!  PUT, DELETE /messages/{id} ─> message_changes ─> page
//! ```

mod ack_watch;
mod attempt;
mod body_hash;
mod chat_actions;
mod limits;
mod message_changes;
mod number_lookup;
mod outcome;
mod recipient_locks;
mod send;
mod unknown_outcomes;

pub use self::body_hash::body_hash;
pub use self::limits::SendLimits;
pub use self::message_changes::WantedChange;
pub use self::outcome::SendResult;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use session_api::{Content, ErrorCode, MessageBody, Recipient, SessionState};
use tokio::sync::{Notify, Semaphore};

use self::ack_watch::AckWatch;
use self::recipient_locks::{Lane, RecipientLocks};
use crate::browser::WhatsAppPage;
use crate::error::ApiError;
use crate::files::{Files, Gate};
use crate::ledger::{LedgerFile, Row};
use crate::session::SessionHandle;

/// A requested send.
#[derive(Debug)]
pub struct Payload {
    /// The recipient.
    pub to: Recipient,
    /// The content, which names a file by its id.
    pub content: Content,
    /// See [`body_hash()`].
    pub hash: Vec<u8>,
    /// The size of the file, in bytes.
    pub size: u64,
    /// Prevents the deletion of the file until the row is stored.
    pub gate: Option<Gate>,
}

/// The outbox; cheap to clone.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    session: SessionHandle,
    file: LedgerFile,
    files: Files,
    limits: SendLimits,
    lanes: RecipientLocks,
    acks: AckWatch,
    in_flight: Arc<Semaphore>,
    /// When the next number may be looked up.
    lookup_turn: tokio::sync::Mutex<tokio::time::Instant>,
    queue_slots: Arc<Semaphore>,
    /// The rows that tasks of this process are processing.
    active: Mutex<HashSet<i64>>,
    /// Notified when a task finishes a row.
    worked: Notify,
    /// Notified when the outcome of a message's change is unknown.
    changing: Notify,
}

/// A claim on a row: no other task processes it.
struct Claim {
    inner: Arc<Inner>,
    id: i64,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.inner.active().remove(&self.id);
        self.inner.worked.notify_one();
    }
}

impl Inner {
    fn active(&self) -> std::sync::MutexGuard<'_, HashSet<i64>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the page if it can send.
    fn ready_page(&self) -> Result<WhatsAppPage, ApiError> {
        let now = self.session.snapshot().session.state;
        self.session
            .page()
            .filter(|_| now == SessionState::Ready)
            .ok_or_else(|| {
                ApiError::new(
                    ErrorCode::SessionNotReady,
                    format!("the session is {now}, not READY: nothing was sent"),
                )
            })
    }
}

impl Outbox {
    /// Creates an outbox that sends over `session` and writes to `file`.
    #[must_use]
    pub fn new(session: SessionHandle, file: LedgerFile, files: Files, limits: SendLimits) -> Self {
        Self(Arc::new(Inner {
            session,
            file,
            files,
            limits,
            lanes: RecipientLocks::default(),
            acks: AckWatch::default(),
            in_flight: Arc::new(Semaphore::new(limits.in_flight)),
            lookup_turn: tokio::sync::Mutex::new(tokio::time::Instant::now()),
            queue_slots: Arc::new(Semaphore::new(limits.in_flight + limits.waiting)),
            active: Mutex::default(),
            worked: Notify::new(),
            changing: Notify::new(),
        }))
    }

    /// Returns the number of rows that tasks of this process are processing.
    pub fn in_progress_count(&self) -> usize {
        self.0.active().len()
    }

    /// Returns the message with this id.
    ///
    /// # Errors
    /// `MESSAGE_NOT_FOUND`, `LEDGER_UNAVAILABLE`.
    pub async fn message(&self, id: &str) -> Result<Row, ApiError> {
        let store = self.0.file.store().await?;
        // A caller may have been answered before the write was on disk.
        store.flush().await?;
        store.find(id).await?.ok_or_else(|| {
            ApiError::new(
                ErrorCode::MessageNotFound,
                "no message with this id is known",
            )
        })
    }

    /// Returns the body of `GET /messages/{id}`.
    ///
    /// # Errors
    /// As [`Self::message`].
    pub async fn message_body(&self, id: &str) -> Result<MessageBody, ApiError> {
        let row = self.message(id).await?;
        let changes = self.0.file.store().await?.changes_of(&row.wa_key).await?;
        Ok(row.body(&changes))
    }

    /// Returns the lane of the contact with this address, as the page knows it. Sends no query to
    /// WhatsApp's server.
    async fn lane(&self, address: &str) -> Lane {
        if let Some(lane) = self.0.lanes.cached(address) {
            return lane;
        }
        let Ok(page) = self.0.ready_page() else {
            return Lane::of(address);
        };
        // A page that does not respond now does not send now either.
        let known = page.addresses_of(address).await.unwrap_or_default();
        let lane = Lane::of_all(&known).unwrap_or_else(|| Lane::of(address));
        if lane.is_complete() {
            self.0.lanes.cache(address, &lane);
        }
        lane
    }

    fn is_active(&self, id: i64) -> bool {
        self.0.active().contains(&id)
    }

    fn claim(&self, id: i64) -> Option<Claim> {
        let new = self.0.active().insert(id);
        new.then(|| Claim {
            inner: self.0.clone(),
            id,
        })
    }
}
