//! Serves `GET /events`, the stream of Server-Sent Events, with resume by `Last-Event-ID`.
//!
//! ```text
//!                               ┌─ older than memory ─> [gap] ─> disk, in pages ─┐
//!  current state ─> from the id ┤                           ^                      v
//!                               └─ in memory ─> live stream ┴─ too slow ─<─ in memory
//! ```
//!
//! The server buffers at most one page of events for each client, however slow the client is.

use std::convert::Infallible;
use std::time::Duration;

use api_docs::Failures;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use service_runtime::http::ApiQuery;
use session_api::{ErrorCode, Event, EventKind, GapEvent, paths};
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

use crate::account_limits::CurrentLimits;
use crate::error::ApiError;
use crate::event_log::{EventLog, Logged, Recent, json};
use crate::ledger::{LedgerError, LedgerFile};
use crate::session::{SessionHandle, qr_event, state_event};
use crate::state::AppState;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Page size: how many events are read at once, from memory or from the disk.
const PAGE_SIZE: u32 = 64;
/// How long to wait before another try while the disk cannot be read.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The query.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Like `Last-Event-ID`, for a first connection of `EventSource`, which
    /// cannot set a header; 0 requests all stored events.
    #[param(format = "uint64")]
    after: Option<u64>,
    /// The stream ends once all events up to this id were sent, and omits the
    /// current state: for clients that only miss a part.
    #[param(format = "uint64")]
    until: Option<u64>,
}

/// A client of the stream, and its position.
struct Listener {
    log: EventLog,
    session: SessionHandle,
    ledger: LedgerFile,
    limits: CurrentLimits,
    draining: CancellationToken,
    /// The id of the last event that was sent.
    position: u64,
    until: Option<u64>,
    /// Whether the current state has yet to be sent.
    sends_current: bool,
    /// States and codes up to this id are outdated, since the current ones were sent.
    outdated_until: u64,
}

/// Streams the current state, and then the events: all after `Last-Event-ID` or
/// `after` if the client sends one, else those from now on.
#[utoipa::path(get, path = paths::EVENTS, tag = "messages",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, description = "What follows this id; more than `after`. What is none is ignored")),
    // The router adds the response, with the schemas of the events.
    responses(Failures))]
pub async fn events(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<EventsQuery>,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, ApiError> {
    let stream_slot = state.streams.take(()).map_err(|_| {
        ApiError::new(
            ErrorCode::TooManyAtOnce,
            "the maximum number of event streams is open: close one, or try again",
        )
    })?;
    let log = state.session.events().clone();
    // The header is newer than the query, since a browser repeats it by itself. An invalid header
    // is ignored: after a rejection `EventSource` would give up.
    let last_event_id = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .or(query.after);
    let listener = Listener {
        position: last_event_id.unwrap_or_else(|| log.last_id()),
        until: query.until,
        sends_current: true,
        outdated_until: 0,
        session: state.session,
        ledger: state.ledger,
        limits: state.limits,
        draining: state.draining,
        log,
    };
    let stream = stream::unfold(listener, next_events)
        .flat_map(stream::iter)
        .map(move |logged| {
            let _slot = &stream_slot;
            Ok(as_sse(&logged))
        });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Returns the next events as soon as there are any. `None` once the service drains and all events
/// have been sent.
async fn next_events(mut listener: Listener) -> Option<(Vec<Logged>, Listener)> {
    if listener.position > listener.log.last_id() {
        if listener.until.is_some() {
            return None;
        }
        listener.sends_current = false;
        let position = listener.log.last_id();
        let events = listener.gap(
            position,
            "this service never assigned that id: the following events are new",
        );
        return Some((events, listener));
    }
    if std::mem::take(&mut listener.sends_current) {
        return Some((listener.current_state(), listener));
    }
    loop {
        // Continue while more events of the requested part may follow.
        if let Some(until) = listener.until
            && listener.position >= until.min(listener.log.last_id())
        {
            return None;
        }
        let events = match listener.log.after(listener.position, PAGE_SIZE as usize) {
            Recent::Events(events) if events.is_empty() => {
                let draining = listener.draining.clone();
                tokio::select! {
                    // Events that were published before the stop reach the client before its stream
                    // ends.
                    biased;
                    has_more = listener.log.wait_after(listener.position) => has_more.then_some(())?,
                    () = draining.cancelled() => return None,
                }
                continue;
            }
            Recent::Events(events) => {
                listener.position = events.last().map_or(listener.position, |event| event.id);
                listener.still_current(events)
            }
            Recent::OnDisk(before) => match listener.read(before).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::debug!("events cannot be read at present: {}", error.chain());
                    tokio::select! {
                        () = tokio::time::sleep(RETRY_DELAY) => continue,
                        () = listener.draining.cancelled() => return None,
                    }
                }
            },
        };
        let until = listener.until.unwrap_or(u64::MAX);
        let events: Vec<_> = events
            .into_iter()
            .filter(|event| event.id <= until)
            .collect();
        if !events.is_empty() {
            return Some((events, listener));
        }
    }
}

impl Listener {
    /// Returns events with the current state, under the id that the client already has.
    fn current_state(&mut self) -> Vec<Logged> {
        if self.until.is_some() {
            return Vec::new();
        }
        // Read the id first: changes in between are sent twice rather than never.
        self.outdated_until = self.log.last_id();
        let snapshot = self.session.snapshot();
        let limits = Event::Limits(self.limits.borrow().as_ref().clone());
        [state_event(&snapshot.session), qr_event(&snapshot), limits]
            .iter()
            .filter_map(|event| self.at_position(event))
            .collect()
    }

    fn at_position(&self, event: &Event) -> Option<Logged> {
        Some(Logged {
            id: self.position,
            kind: event.kind(),
            data: json(event)?,
        })
    }

    /// Moves the position to `position`, and returns an event that reports the gap.
    fn gap(&mut self, position: u64, reason: &str) -> Vec<Logged> {
        let gap = Event::Gap(GapEvent {
            after: std::mem::replace(&mut self.position, position),
            told_after: position,
            message: reason.to_owned(),
        });
        self.at_position(&gap)
            .into_iter()
            .chain(self.current_state())
            .collect()
    }

    /// Filters `events`: drops states that are known to be outdated. Of several codes keeps only
    /// the last, the only one that can still be scanned.
    fn still_current(&self, mut events: Vec<Logged>) -> Vec<Logged> {
        let code = events.iter().rfind(|event| event.kind == EventKind::Qr);
        let code = code.map_or(0, |event| event.id);
        events.retain(|event| match event.kind {
            EventKind::Qr => event.id >= code && event.id > self.outdated_until,
            EventKind::State | EventKind::Limits => event.id > self.outdated_until,
            EventKind::Message
            | EventKind::Ack
            | EventKind::MessageEdited
            | EventKind::MessageDeleted
            | EventKind::Reaction
            | EventKind::Call
            | EventKind::Gap => true,
        });
        events
    }

    /// Returns the next page from the disk, up to the event `before`, which is in memory. Appends
    /// the current state after the last page.
    async fn read(&mut self, before: u64) -> Result<Vec<Logged>, LedgerError> {
        let store = self.ledger.store().await?;
        let kept_after = store.kept_after().await?;
        if self.position < kept_after {
            if self.position > 0 {
                let reason = "the events after that id are no longer stored: the following events are all there are";
                return Ok(self.gap(kept_after, reason));
            }
            self.position = kept_after;
        }
        let mut events = store.events(self.position, before, PAGE_SIZE).await?;
        if events.len() < PAGE_SIZE as usize {
            self.position = before - 1;
            // Changes may have been pruned meanwhile.
            events.extend(self.current_state());
        } else {
            self.position = events.last().map_or(self.position, |event| event.id);
        }
        Ok(events)
    }
}

fn as_sse(logged: &Logged) -> SseEvent {
    SseEvent::default()
        .id(logged.id.to_string())
        .event(logged.kind.as_str())
        .data(&*logged.data)
}
