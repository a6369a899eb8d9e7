//! `GET /events`: the Server-Sent Events stream, with resume by `Last-Event-ID`.
//!
//! ```text
//!                               ┌─ older than memory ─> [gap] ─> disk, by pages ─┐
//!  what holds now ─> after the id ┤                         ^                      v
//!                               └─ in memory ─> as it comes ┴─ too slow ─<─ in memory
//! ```
//!
//! A listener holds one page of events at most, however slow it is.

use std::convert::Infallible;
use std::time::Duration;

use api_docs::{Events, Failures};
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
/// Page size: events read from memory, or from the disk, at once.
const PAGE: u32 = 64;
/// While the disk cannot be read.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The query.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Place {
    /// As `Last-Event-ID`, for a first connection of `EventSource`, which
    /// cannot name a header; 0 is all that is kept.
    #[param(format = "uint64")]
    after: Option<u64>,
    /// The stream ends once all up to this id was sent, and says nothing of
    /// the current state: for clients that miss just a part.
    #[param(format = "uint64")]
    until: Option<u64>,
}

/// A client of the stream, and what was sent to it.
struct Listener {
    log: EventLog,
    session: SessionHandle,
    ledger: LedgerFile,
    limits: CurrentLimits,
    draining: CancellationToken,
    /// The last id that it has.
    at: u64,
    until: Option<u64>,
    /// It is to hear what holds now first.
    begins: bool,
    /// States and codes up to this id are outdated: the current ones were sent.
    heard_until: u64,
}

/// Streams what holds now, and then the events: all after `Last-Event-ID` or
/// `after` where the client names one, else those from now on.
#[utoipa::path(get, path = paths::EVENTS, tag = "messages",
    params(Place, ("Last-Event-ID" = Option<String>, Header, description = "What follows this id; more than `after`. What is none is ignored")),
    responses(Events, Failures))]
pub async fn events(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiQuery(place): ApiQuery<Place>,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, ApiError> {
    let place_of_stream = state.streams.take(()).map_err(|_| {
        ApiError::new(
            ErrorCode::TooManyAtOnce,
            "as many event streams are open as there may be: end one, or try again",
        )
    })?;
    let log = state.session.events().clone();
    // What a browser repeats by itself is the newer. A header that is none of
    // this service's is no reason to refuse: `EventSource` would give up.
    let asked = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .or(place.after);
    let listener = Listener {
        at: asked.unwrap_or_else(|| log.last_id()),
        until: place.until,
        begins: true,
        heard_until: 0,
        session: state.session,
        ledger: state.ledger,
        limits: state.limits,
        draining: state.draining,
        log,
    };
    let stream = stream::unfold(listener, next)
        .flat_map(stream::iter)
        .map(move |logged| {
            let _held = &place_of_stream;
            Ok(as_sse(&logged))
        });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// The next events, as soon as there are any; none any more once the service
/// drains and all is sent.
async fn next(mut listener: Listener) -> Option<(Vec<Logged>, Listener)> {
    if listener.at > listener.log.last_id() {
        if listener.until.is_some() {
            return None;
        }
        listener.begins = false;
        let at = listener.log.last_id();
        let told = listener.gap(at, "this service never gave that id: what follows is new");
        return Some((told, listener));
    }
    if std::mem::take(&mut listener.begins) {
        return Some((listener.now(), listener));
    }
    loop {
        // As long as there may be more to tell of that part.
        if let Some(until) = listener.until
            && listener.at >= until.min(listener.log.last_id())
        {
            return None;
        }
        let events = match listener.log.after(listener.at, PAGE as usize) {
            Recent::Events(events) if events.is_empty() => {
                let draining = listener.draining.clone();
                tokio::select! {
                    // What was published before the stop reaches the listener before
                    // its end.
                    biased;
                    more = listener.log.wait_after(listener.at) => more.then_some(())?,
                    () = draining.cancelled() => return None,
                }
                continue;
            }
            Recent::Events(events) => {
                listener.at = events.last().map_or(listener.at, |event| event.id);
                listener.news(events)
            }
            Recent::OnDisk(before) => match listener.read(before).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::debug!("events cannot be read now: {}", error.chain());
                    tokio::select! {
                        () = tokio::time::sleep(TRY_AGAIN) => continue,
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
    /// What holds now, under the id that the listener has already.
    fn now(&mut self) -> Vec<Logged> {
        if self.until.is_some() {
            return Vec::new();
        }
        // The id first: what happens in between is sent twice, not never.
        self.heard_until = self.log.last_id();
        let snapshot = self.session.snapshot();
        let limits = Event::Limits(self.limits.borrow().as_ref().clone());
        [state_event(&snapshot.session), qr_event(&snapshot), limits]
            .iter()
            .filter_map(|event| self.under_this_id(event))
            .collect()
    }

    fn under_this_id(&self, event: &Event) -> Option<Logged> {
        Some(Logged {
            id: self.at,
            kind: event.kind(),
            data: json(event)?,
        })
    }

    /// Goes on after `at` instead, and says so.
    fn gap(&mut self, at: u64, why: &str) -> Vec<Logged> {
        let gap = Event::Gap(GapEvent {
            after: std::mem::replace(&mut self.at, at),
            told_after: at,
            message: why.to_owned(),
        });
        self.under_this_id(&gap)
            .into_iter()
            .chain(self.now())
            .collect()
    }

    /// Those of `events` to send: no state that is known to be outdated, and
    /// of several codes only the last, which can still be scanned.
    fn news(&self, mut events: Vec<Logged>) -> Vec<Logged> {
        let code = events.iter().rfind(|event| event.kind == EventKind::Qr);
        let code = code.map_or(0, |event| event.id);
        events.retain(|event| match event.kind {
            EventKind::Qr => event.id >= code && event.id > self.heard_until,
            EventKind::State | EventKind::Limits => event.id > self.heard_until,
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

    /// The next page from the disk, before the event `before`, which is in
    /// memory; what holds now after the last one.
    async fn read(&mut self, before: u64) -> Result<Vec<Logged>, LedgerError> {
        let store = self.ledger.store().await?;
        let kept_after = store.kept_after().await?;
        if self.at < kept_after {
            if self.at > 0 {
                let why =
                    "what came after that id is not kept any more: what follows is all there is";
                return Ok(self.gap(kept_after, why));
            }
            self.at = kept_after;
        }
        let mut events = store.events(self.at, before, PAGE).await?;
        if events.len() < PAGE as usize {
            self.at = before - 1;
            // Changes may have been forgotten meanwhile.
            events.extend(self.now());
        } else {
            self.at = events.last().map_or(self.at, |event| event.id);
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
