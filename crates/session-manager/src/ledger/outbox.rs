//! A send from the request to its outcome.
//!
//! ```text
//!  key known ──┬─ another body ─> 409
//!              ├─ taken ────────> the same answer
//!              ├─ under way ────> waits for it
//!              └─ failed ───────┐
//!  new ─> READY? room? ─> row ──┴─> lane ─> place ─> `sending` ─> page ─> outcome
//!                          └── lane and place free: `sending` at once ──^
//! ```
//!
//! Runs in a task of its own: a caller that hangs up cancels nothing.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::{counter, histogram};
use rand::Rng;
use session_api::{Content, ErrorCode, Recipient, SendBody, SessionState};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::acks::AckWatch;
use super::file::LedgerFile;
use super::lanes::{Lanes, Turn};
use super::row::Row;
use super::store::{Details, LedgerError, NewSend, Store};
use super::transition::{Happening, State};
use crate::browser::{CdpError, Page, PageError, PageSend};
use crate::error::ApiError;
use crate::files::{Files, Gate, PageFile};
use crate::session::SessionHandle;

/// What became of a send.
pub type Outcome = Result<SendBody, ApiError>;

/// What is asked to be sent.
#[derive(Debug)]
pub struct Payload {
    /// Whom it goes to.
    pub to: Recipient,
    /// What it is; a file by its id.
    pub content: Content,
    /// See [`super::body_hash`].
    pub hash: Vec<u8>,
    /// The size of its file.
    pub size: u64,
    /// Keeps its file there until its row is written.
    pub gate: Option<Gate>,
}

/// A file of this size takes so much longer.
pub(super) fn allowance(size: u64) -> Duration {
    Duration::from_secs(size / SLOWEST_UPLOAD)
}

/// In bytes per second.
const SLOWEST_UPLOAD: u64 = 128 * 1024;

/// The bounds of sending.
#[derive(Clone, Copy, Debug)]
pub struct SendLimits {
    /// So many at once in the page.
    pub in_flight: usize,
    /// So many more may wait.
    pub waiting: usize,
    /// How long a caller waits for an outcome.
    pub deadline: Duration,
    /// How long WhatsApp's server may say nothing to what is sent, and nothing
    /// else, before the session counts as broken.
    pub ack_patience: Duration,
    /// How long keys and messages are remembered.
    pub keep: Duration,
    /// How long events are.
    pub keep_events: Duration,
}

impl Default for SendLimits {
    fn default() -> Self {
        Self {
            in_flight: 32,
            waiting: 256,
            // Less than the hub waits (60 s), so that it hears the outcome.
            deadline: Duration::from_secs(50),
            ack_patience: Duration::from_secs(20),
            keep: Duration::from_secs(30 * 24 * 3600),
            keep_events: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// Sends; cheap to clone.
#[derive(Clone)]
pub struct Outbox(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) session: SessionHandle,
    pub(super) file: LedgerFile,
    pub(super) files: Files,
    pub(super) limits: SendLimits,
    pub(super) lanes: Lanes,
    pub(super) acks: AckWatch,
    places: Arc<Semaphore>,
    room: Arc<Semaphore>,
    /// The rows that a task of this process is at work on.
    active: Mutex<HashSet<i64>>,
    /// One of them ended its work.
    pub(super) worked: Notify,
}

/// How a row is begun.
enum Begin {
    /// Written down for the first time.
    New,
    /// Written down as being sent: its turn, and its place, are taken.
    Ahead(Ahead),
    /// It was there before.
    Again,
}

/// What a message that needs to wait for nothing is sent with.
struct Ahead {
    page: Page,
    _turn: Turn,
    _place: OwnedSemaphorePermit,
}

/// This task alone is at work on the row.
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

    /// Takes note of whether WhatsApp's server said something to a send.
    pub(super) fn note_answer(&self, row: i64, sent: &Result<Option<String>, PageError>) {
        match sent {
            Ok(_) | Err(PageError::Refused(_) | PageError::NotOnWhatsapp(_)) => {
                self.acks.settled(row);
                self.acks.heard(self.limits.ack_patience);
            }
            // Nothing was sent: nothing is waited for.
            Err(
                PageError::NotReady(_)
                | PageError::MessageNotFound(_)
                | PageError::TooLarge(_)
                | PageError::Failed(_),
            ) => {
                self.acks.settled(row);
            }
            Err(PageError::Unconfirmed(_) | PageError::Malformed(_) | PageError::Browser(_)) => {}
        }
    }

    /// The page, while it can send.
    pub(super) fn ready_page(&self) -> Result<Page, ApiError> {
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
    /// An outbox that sends over `session` and writes into `file`.
    #[must_use]
    pub fn new(session: SessionHandle, file: LedgerFile, files: Files, limits: SendLimits) -> Self {
        Self(Arc::new(Inner {
            session,
            file,
            files,
            limits,
            lanes: Lanes::default(),
            acks: AckWatch::default(),
            places: Arc::new(Semaphore::new(limits.in_flight)),
            room: Arc::new(Semaphore::new(limits.in_flight + limits.waiting)),
            active: Mutex::default(),
            worked: Notify::new(),
        }))
    }

    /// How many rows a task of this process is at work on.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.0.active().len()
    }

    /// What is known of a message.
    ///
    /// # Errors
    /// `MESSAGE_NOT_FOUND`, `LEDGER_UNAVAILABLE`.
    pub async fn message(&self, id: &str) -> Result<Row, ApiError> {
        let store = self.0.file.store().await?;
        // Its caller may have been answered before the disk was.
        store.caught_up().await?;
        store.find(id).await?.ok_or_else(|| {
            ApiError::new(
                ErrorCode::MessageNotFound,
                "no message with this id is known",
            )
        })
    }

    /// Sends; gives what became of it.
    ///
    /// # Errors
    /// As `POST /send` of the contract.
    pub async fn send(
        &self,
        key: Option<&str>,
        cliente_id: Option<u64>,
        payload: Payload,
    ) -> Outcome {
        let asked = Instant::now();
        let outcome = self.begin(key, cliente_id, payload).await;
        let word = outcome
            .as_ref()
            .map_or_else(|error| error.code().as_str(), |_| "sent");
        counter!("leadmaster_sends_total", "outcome" => word).increment(1);
        histogram!("leadmaster_send_duration_seconds", "outcome" => word)
            .record(asked.elapsed().as_secs_f64());
        tracing::debug!("send: answered after {:.1} ms", millis(asked));
        if let Err(error) = &outcome
            && error.code() == ErrorCode::LedgerUnavailable
        {
            self.0.file.check().await;
        }
        outcome
    }

    async fn begin(&self, key: Option<&str>, cliente_id: Option<u64>, payload: Payload) -> Outcome {
        let Payload {
            to: recipient,
            content,
            hash,
            size,
            gate,
        } = payload;
        let asked = Instant::now();
        let deadline = asked + self.0.limits.deadline + allowance(size);
        let store = self.0.file.store().await?;
        let same = |row: Row| same(row, &hash);
        let known = self.known(&store, key, &hash).await?;
        if let Some(row) = &known
            && self.is_under_way(row)
        {
            return self.wait(&store, row.id, deadline).await;
        }
        self.can_send()?;
        let room = self.0.room.clone().try_acquire_owned().map_err(|_| {
            ApiError::new(
                ErrorCode::Overloaded,
                "too many messages wait already: nothing was sent, try again in a second",
            )
        })?;
        let new = NewSend {
            idempotency_key: key,
            body_hash: &hash,
            recipient: recipient.as_str(),
            content: &content,
            wa_key: &message_key(),
        };
        let ahead = match known {
            Some(_) => None,
            None => self.ahead(recipient.as_str(), &content),
        };
        let inserted = match known {
            Some(_) => None,
            None => store.insert(new, ahead.is_some()).await?,
        };
        // What was taken to go ahead is given back unless it is used: whoever
        // works on the row may need it.
        let begin = match (&inserted, ahead) {
            (Some(row), Some(ahead)) if row.state == State::Sending => Begin::Ahead(ahead),
            (Some(_), _) => Begin::New,
            (None, _) => Begin::Again,
        };
        let row = match (inserted.or(known), key) {
            (Some(row), _) => row,
            // Another request with this key was faster, and works on the row.
            (None, Some(key)) => {
                let row = store.by_idempotency_key(key).await?;
                let row = same(row.ok_or_else(|| LedgerError::from(sqlx::Error::RowNotFound))?)?;
                drop(room);
                return self.wait(&store, row.id, deadline).await;
            }
            (None, None) => return Err(LedgerError::from(sqlx::Error::RowNotFound).into()),
        };
        tracing::debug!("send: written down after {:.1} ms", millis(asked));
        // From here the row keeps the file.
        drop(gate);
        let Some(claim) = self.claim(row.id) else {
            drop((room, begin));
            return self.wait(&store, row.id, deadline).await;
        };
        let this = self.clone();
        let id = row.wa_key.clone();
        let working = async move {
            let outcome = this
                .work(&store, row.clone(), begin, &content, deadline, room)
                .await;
            drop(claim);
            match &outcome {
                Ok(_) => tracing::info!(id = %row.wa_key, cliente_id, "sent"),
                Err(error) => {
                    let code = error.code().as_str();
                    tracing::warn!(id = %row.wa_key, cliente_id, code, "not sent");
                }
            }
            outcome
        };
        let task = tokio::spawn(working.in_current_span());
        task.await.unwrap_or_else(|_| Err(unconfirmed(&id)))
    }

    async fn known(
        &self,
        store: &Store,
        key: Option<&str>,
        hash: &[u8],
    ) -> Result<Option<Row>, ApiError> {
        let Some(key) = key else { return Ok(None) };
        let row = store.by_idempotency_key(key).await?;
        row.map(|row| same(row, hash)).transpose()
    }

    fn is_under_way(&self, row: &Row) -> bool {
        row.state.is_taken() || row.state.is_unsettled() || self.is_active(row.id)
    }

    /// What became of a message that was asked for before; `None` if it is now
    /// to be sent, for the first time or again.
    ///
    /// # Errors
    /// It cannot be sent now, or the key was used for another message.
    pub async fn repeated(
        &self,
        key: Option<&str>,
        hash: &[u8],
    ) -> Result<Option<SendBody>, ApiError> {
        let deadline = Instant::now() + self.0.limits.deadline;
        let store = self.0.file.store().await?;
        match self.known(&store, key, hash).await? {
            Some(row) if self.is_under_way(&row) => {
                self.wait(&store, row.id, deadline).await.map(Some)
            }
            _ => self.can_send().map(|()| None),
        }
    }

    fn can_send(&self) -> Result<(), ApiError> {
        if let Some(broken) = self.0.file.broken() {
            return Err(broken.into());
        }
        self.0.ready_page().map(drop)
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

    /// The outcome of a row that somebody else is at work on, or nobody.
    async fn wait(&self, store: &Store, id: i64, deadline: Instant) -> Outcome {
        let mut news = store.news();
        loop {
            let row = store.get(id).await?;
            let row = row.ok_or_else(|| LedgerError::from(sqlx::Error::RowNotFound))?;
            if row.state.is_taken() || row.state == State::Failed {
                return outcome_of(&row);
            }
            loop {
                match timeout_at(deadline, news.recv()).await {
                    Ok(Ok(changed)) if changed != id => {}
                    Err(_) => return Err(unconfirmed(&row.wa_key)),
                    // The row changed, or so much that some news were lost.
                    Ok(_) => break,
                }
            }
        }
    }

    /// All that a message needs to be sent at once, if it is there; a file is
    /// not.
    fn ahead(&self, recipient: &str, content: &Content) -> Option<Ahead> {
        if content.media().is_some() {
            return None;
        }
        Some(Ahead {
            page: self.0.ready_page().ok()?,
            _turn: self.0.lanes.try_enter(recipient)?,
            _place: self.0.places.clone().try_acquire_owned().ok()?,
        })
    }

    /// Brings a claimed row to its outcome.
    async fn work(
        &self,
        store: &Store,
        mut row: Row,
        begin: Begin,
        content: &Content,
        deadline: Instant,
        _room: OwnedSemaphorePermit,
    ) -> Outcome {
        let id = row.id;
        match begin {
            Begin::Ahead(ahead) => {
                return self
                    .attempt(store, row, &ahead.page, None, content, deadline)
                    .await;
            }
            Begin::New => {}
            Begin::Again => {
                let retry = Details {
                    content: Some(content),
                    ..Details::default()
                };
                row = store.apply(id, Happening::Retry, retry).await?.0;
            }
        }
        if row.state != State::Accepted {
            return self.wait(store, id, deadline).await;
        }
        // Whoever waits longer than this could not be answered in time.
        let patience = Instant::now() + self.0.limits.deadline / 2;
        let late = || {
            ApiError::new(
                ErrorCode::Overloaded,
                "other messages took too long: nothing was sent, try again in a second",
            )
        };
        let Ok(_turn) = timeout_at(patience, self.0.lanes.enter(&row.recipient)).await else {
            return self.not_sent(store, &row, late()).await;
        };
        // The one before may have been answered before the disk was.
        store.caught_up().await?;
        // An earlier message with an unknown outcome may have to be sent again,
        // and has to stay before this one.
        for earlier in store.unsettled(Some(&row.recipient)).await? {
            let settled = timeout_at(patience, self.settle(store, &earlier)).await;
            if !matches!(settled, Ok(true)) {
                let why = ApiError::new(
                    ErrorCode::SendFailed,
                    "what became of an earlier message to this number is not known yet: nothing was sent, try again later",
                );
                return self.not_sent(store, &row, why).await;
            }
        }
        let place = timeout_at(patience, self.0.places.clone().acquire_owned()).await;
        let Ok(Ok(_place)) = place else {
            return self.not_sent(store, &row, late()).await;
        };
        let page = match self.0.ready_page() {
            Ok(page) => page,
            Err(error) => return self.not_sent(store, &row, error).await,
        };
        let file = match self.0.files.for_page(content).await {
            Ok(file) => file,
            Err(error) => return self.not_sent(store, &row, error).await,
        };
        let (row, _) = store
            .apply(id, Happening::Attempt, Details::default())
            .await?;
        if row.state != State::Sending {
            return outcome_of(&row);
        }
        self.attempt(store, row, &page, file.as_ref(), content, deadline)
            .await
    }

    /// Asks the page to send a row that stands as `sending`.
    async fn attempt(
        &self,
        store: &Store,
        row: Row,
        page: &Page,
        file: Option<&PageFile>,
        content: &Content,
        deadline: Instant,
    ) -> Outcome {
        let id = row.id;
        let left = deadline.saturating_duration_since(Instant::now());
        let size = file.map_or(0, |file| file.size);
        let patience = self.0.limits.ack_patience + allowance(size);
        self.0.acks.asked(id, patience);
        let send = PageSend {
            to: &row.recipient,
            key: &row.wa_key,
            content,
            again: false,
        };
        let asking = page.send(send, file, left);
        let sent = asking.instrument(tracing::info_span!("page")).await;
        self.0.note_answer(id, &sent);
        match sent {
            Ok(message_id) => {
                let details = Details {
                    message_id: message_id.as_deref(),
                    ..Details::default()
                };
                // The server has it, whatever the disk says: a row that stays
                // `sending` is settled later, by the same id. So the caller
                // does not wait for the disk.
                let written = store.apply_in_turn(id, Happening::Taken, details).await;
                tokio::spawn(async move {
                    if let Err(error) = written.await {
                        tracing::error!("a sent message was not written down: {}", error.chain());
                    }
                });
                Ok(body(message_id.unwrap_or(row.wa_key)))
            }
            Err(error) => match failure(&error) {
                ErrorCode::SendUnconfirmed => {
                    let unknown = Happening::Unknown;
                    match store.apply(id, unknown, Details::default()).await {
                        Ok((row, _)) => outcome_of(&row),
                        Err(error) => Err(unwritten(&row, error)),
                    }
                }
                code => {
                    let why = ApiError::new(code, error.to_string());
                    self.not_sent(store, &row, why).await
                }
            },
        }
    }

    async fn not_sent(&self, store: &Store, row: &Row, why: ApiError) -> Outcome {
        let details = Details {
            error: Some(why.code().as_str()),
            ..Details::default()
        };
        match store.apply(row.id, Happening::NotSent, details).await {
            Ok((row, _)) if row.state.is_taken() => outcome_of(&row),
            Ok(_) => Err(why),
            Err(error) => Err(unwritten(row, error)),
        }
    }
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn same(row: Row, hash: &[u8]) -> Result<Row, ApiError> {
    (row.body_hash == hash).then_some(row).ok_or_else(|| {
        ApiError::new(
            ErrorCode::IdempotencyKeyReused,
            "this Idempotency-Key was used for another message",
        )
    })
}

/// An outcome that could not be written down. A row that stands as `sending`
/// will be sent again, whatever is known of it now.
fn unwritten(row: &Row, error: LedgerError) -> ApiError {
    let told = ApiError::from(error);
    if row.state.is_unsettled() {
        return unconfirmed(&row.wa_key);
    }
    told
}

fn body(message_id: String) -> SendBody {
    SendBody {
        ok: true,
        message_id,
        dry_run: false,
    }
}

fn outcome_of(row: &Row) -> Outcome {
    if row.state.is_taken() {
        return Ok(body(row.public_id().to_owned()));
    }
    if row.state.is_unsettled() {
        return Err(unconfirmed(&row.wa_key));
    }
    let code = row.error.as_deref().and_then(ErrorCode::from_code);
    Err(ApiError::new(
        code.unwrap_or(ErrorCode::SendFailed),
        "certainly not sent: safe to try again",
    ))
}

fn unconfirmed(id: &str) -> ApiError {
    ApiError::new(
        ErrorCode::SendUnconfirmed,
        format!(
            "WhatsApp did not confirm the message in time: the service finds out by itself, do not send it anew; GET /messages/{id} tells"
        ),
    )
}

/// WhatsApp Web's own form of a key: `3EB0` and 18 hexadecimal digits.
fn message_key() -> String {
    let random: [u8; 9] = rand::rng().random();
    let hex = random.map(|byte| format!("{byte:02X}")).concat();
    format!("3EB0{hex}")
}

pub(super) fn failure(error: &PageError) -> ErrorCode {
    match error {
        PageError::NotReady(_) => ErrorCode::SessionNotReady,
        PageError::NotOnWhatsapp(_) => ErrorCode::NotOnWhatsapp,
        PageError::MessageNotFound(_) => ErrorCode::MessageNotFound,
        PageError::TooLarge(_) => ErrorCode::PayloadTooLarge,
        PageError::Refused(_) | PageError::Failed(_) => ErrorCode::SendFailed,
        // The call was on its way: whether WhatsApp took it nobody can say.
        PageError::Unconfirmed(_)
        | PageError::Malformed(_)
        | PageError::Browser(
            CdpError::Closed
            | CdpError::Timeout(_)
            | CdpError::Remote { .. }
            | CdpError::Malformed(_),
        ) => ErrorCode::SendUnconfirmed,
    }
}
