//! Makes one attempt to send: from the stored row, through the recipient's lock and a slot, to the
//! page and the outcome.
//!
//! ```text
//!  lock ─> unsettled sends to the same person ─> slot ─> `sending` ─> page
//! ```

use session_api::{Content, ErrorCode, SendBody, Timestamp};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::limits::allowance;
use super::outcome::{connection_lost, failure, outcome_of, unwritten};
use super::recipient_locks::{Lane, RecipientGuard};
use super::unknown_outcomes::is_due;
use super::{Inner, Outbox, SendResult};
use crate::browser::{PageError, PageFile, PageSend, Sent, WhatsAppPage};
use crate::error::ApiError;
use crate::ledger::send_state_machine::{SendEvent, SendState};
use crate::ledger::{CONNECTION_LOST, Row, Store, TransitionData};

/// How work on a row begins.
pub(super) enum Begin {
    /// The row was just inserted, with this lane.
    New(Lane),
    /// The row was inserted as `sending`, with its lock and its slot held.
    FastPath(FastPath),
    /// The row existed before; contains the recipient of the new request.
    Again(String),
}

/// The page, the lock and the slot of a message that need not wait.
pub(super) struct FastPath {
    page: WhatsAppPage,
    _turn: RecipientGuard,
    _permit: OwnedSemaphorePermit,
}

impl Inner {
    /// Records whether WhatsApp's server responded to a send.
    pub(super) fn record_answer(&self, row: i64, sent: &Result<Sent, PageError>) {
        match sent {
            Ok(_)
            | Err(
                PageError::Refused(_)
                | PageError::ReachOutLimit(_)
                | PageError::NewChatLimit(_)
                | PageError::NotOnWhatsapp(_),
            ) => {
                self.acks.settled(row);
                self.acks.server_answered(self.limits.ack_patience);
            }
            // Nothing was sent, so no ack is pending.
            Err(
                PageError::NotReady(_)
                | PageError::ConnectionLost(_)
                | PageError::MessageNotFound(_)
                | PageError::RecipientBlocked(_)
                | PageError::TooLarge(_)
                | PageError::MediaGone(_)
                | PageError::NotChangeable(_)
                | PageError::TooOld(_)
                | PageError::Failed(_),
            ) => {
                self.acks.settled(row);
            }
            Err(PageError::Unconfirmed(_) | PageError::Malformed(_) | PageError::Browser(_)) => {}
        }
    }
}

impl Outbox {
    /// Returns the page, the lock and a slot if all are available. Returns `None` for a file, which
    /// never takes the fast path.
    pub(super) fn fast_path(&self, lane: &Lane, content: &Content) -> Option<FastPath> {
        if content.media().is_some() {
            return None;
        }
        Some(FastPath {
            page: self.0.ready_page().ok()?,
            _turn: self.0.lanes.try_enter(lane)?,
            _permit: self.0.in_flight.clone().try_acquire_owned().ok()?,
        })
    }

    /// Processes a claimed row until it has an outcome.
    pub(super) async fn work(
        &self,
        store: &Store,
        mut row: Row,
        begin: Begin,
        content: &Content,
        deadline: Instant,
        _slot: OwnedSemaphorePermit,
    ) -> SendResult {
        let id = row.id;
        let lane = match begin {
            Begin::FastPath(fast_path) => {
                return self
                    .attempt(store, row, &fast_path.page, None, content, deadline)
                    .await;
            }
            Begin::New(lane) => Some(lane),
            Begin::Again(recipient) => {
                let retry = TransitionData {
                    content: Some(content),
                    recipient: Some(&recipient),
                    ..TransitionData::default()
                };
                row = store.apply(id, SendEvent::Retry, retry).await?.0;
                None
            }
        };
        if row.state != SendState::Accepted {
            return self.wait(store, id, deadline).await;
        }
        // A request that waits longer than this could not be answered in time.
        let turn_deadline = Instant::now() + self.0.limits.deadline / 2;
        let overloaded = || {
            ApiError::new(
                ErrorCode::Overloaded,
                "other messages took too long: nothing was sent, try again in a second",
            )
        };
        let lane = match lane {
            Some(lane) => lane,
            None => self.lane(&row.recipient).await,
        };
        let Ok(_turn) = timeout_at(turn_deadline, self.0.lanes.enter(&lane)).await else {
            return self.not_sent(store, &row, overloaded()).await;
        };
        // The previous send may have been answered before its write was on disk.
        store.flush().await?;
        // An earlier message with an unknown outcome may have to be resent, and has to stay before
        // this one.
        for earlier in store.unsettled(Some(lane.addresses())).await? {
            // The earlier message may be in progress under another address of this person.
            let settled = !self.is_active(earlier.id)
                && is_due(&earlier, Timestamp::now())
                && matches!(
                    timeout_at(turn_deadline, self.settle(store, &earlier)).await,
                    Ok(true)
                );
            if !settled {
                let error = ApiError::new(
                    ErrorCode::EarlierUnconfirmed,
                    "what became of an earlier message to this number is not known yet: nothing was sent, try again later; other numbers can be written to",
                );
                return self.not_sent(store, &row, error).await;
            }
        }
        let permit = timeout_at(turn_deadline, self.0.in_flight.clone().acquire_owned()).await;
        let Ok(Ok(_permit)) = permit else {
            return self.not_sent(store, &row, overloaded()).await;
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
            .apply(id, SendEvent::Attempt, TransitionData::default())
            .await?;
        if row.state != SendState::Sending {
            return outcome_of(&row);
        }
        self.attempt(store, row, &page, file.as_ref(), content, deadline)
            .await
    }

    /// Requests the page to send a row in state `sending`.
    async fn attempt(
        &self,
        store: &Store,
        row: Row,
        page: &WhatsAppPage,
        file: Option<&PageFile>,
        content: &Content,
        deadline: Instant,
    ) -> SendResult {
        let id = row.id;
        let remaining = deadline.saturating_duration_since(Instant::now());
        let size = file.map_or(0, |file| file.size);
        let ack_limit = self.0.limits.ack_patience + allowance(size);
        self.0.acks.passed_to_page(id, ack_limit);
        let send = PageSend {
            to: &row.recipient,
            key: &row.wa_key,
            content,
            again: false,
        };
        let send_call = page.send(send, file, remaining);
        let sent = send_call.instrument(tracing::info_span!("page")).await;
        self.0.record_answer(id, &sent);
        match sent {
            Ok(Sent {
                id: message_id,
                media,
            }) => {
                let data = TransitionData {
                    message_id: message_id.as_deref(),
                    media: media.as_deref(),
                    ..TransitionData::default()
                };
                // The server has the message, whatever happens to the write: a row that stays
                // `sending` is settled later, under the same id. So the caller does not wait for
                // the disk.
                let written = store.queue_transition(id, SendEvent::Taken, data).await;
                tokio::spawn(async move {
                    if let Err(error) = written.await {
                        tracing::error!("a sent message was not recorded: {}", error.chain());
                    }
                });
                Ok(SendBody::sent(message_id.unwrap_or(row.wa_key)))
            }
            Err(PageError::ConnectionLost(error)) => {
                let error = connection_lost(error);
                self.not_sent_as(store, &row, CONNECTION_LOST, error).await
            }
            Err(error) => match failure(&error) {
                ErrorCode::SendUnconfirmed => {
                    let unknown = SendEvent::Unknown;
                    match store.apply(id, unknown, TransitionData::default()).await {
                        Ok((row, _)) => outcome_of(&row),
                        Err(error) => Err(unwritten(&row, error)),
                    }
                }
                code => {
                    let error = ApiError::new(code, error.to_string());
                    self.not_sent(store, &row, error).await
                }
            },
        }
    }

    async fn not_sent(&self, store: &Store, row: &Row, error: ApiError) -> SendResult {
        let stored = error.code().as_str();
        self.not_sent_as(store, row, stored, error).await
    }

    /// Works like [`Self::not_sent`], but stores a separate code in the ledger.
    async fn not_sent_as(
        &self,
        store: &Store,
        row: &Row,
        stored: &str,
        error: ApiError,
    ) -> SendResult {
        let data = TransitionData {
            error: Some(stored),
            ..TransitionData::default()
        };
        match store.apply(row.id, SendEvent::NotSent, data).await {
            Ok((row, _)) if row.state.is_taken() => outcome_of(&row),
            Ok(_) => Err(error),
            Err(error) => Err(unwritten(row, error)),
        }
    }
}
