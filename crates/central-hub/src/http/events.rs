//! `GET /api/events`: Server-Sent Events for the page.
//!
//! ```text
//!  what holds now ─> names no id, or has it all ──────────────┬─> the relay's changes
//!        └─> names an id ─> what it misses, from session-manager ─┘        │
//!                                   ^──────────── too slow ────────────────┘
//! ```
//!
//! Ids are session-manager's own, so that a listener resumes through a restart
//! of either service.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use api_docs::{Events, Failures};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use service_runtime::http::ApiQuery;
use session_api::EventKind;
use session_client::{ClientError, SessionClient, SseEvent};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use crate::auth::{Caller, Scope, Scopes};
use crate::error::HubError;
use crate::relay::{Change, HubLink, Link, Relay, Relayed};
use crate::state::AppState;

/// Often enough for proxies that drop idle connections after 30 s.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a browser waits before it comes back after a restart of the hub.
const RETRY: Duration = Duration::from_secs(1);

/// The data of a `hub` event.
#[derive(Serialize)]
struct HubEvent<'a> {
    #[serde(flatten)]
    link: &'a HubLink,
    dry_run: bool,
}

/// The query.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// As `Last-Event-ID`, where a header cannot be set; 0 is all that is kept.
    #[param(format = "uint64")]
    after: Option<u64>,
}

type Missed = Pin<Box<dyn Stream<Item = Result<SseEvent, ClientError>> + Send>>;

/// A listener of the event stream: its position, and the events still to be
/// sent.
struct Listener {
    relay: Relay,
    session: SessionClient,
    /// Events to send before the live ones.
    now: Vec<Change>,
    changes: Receiver<Change>,
    /// The last id that it has.
    at: Option<u64>,
    /// What it misses reaches up to this id; `None` while that is not known.
    until: Option<u64>,
    /// It may miss something before the changes.
    behind: bool,
    missed: Option<Missed>,
}

/// What holds now, and then what happens: `hub`, `state`, `qr`, `message`, `ack`, `campaign`.
#[utoipa::path(
    get, path = "/events", tag = "service", operation_id = "events_events",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, description = "What follows this id; more than `after`. What is none is ignored")),
    responses(Events, Failures)
)]
pub(crate) async fn events(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<EventsQuery>,
) -> Result<Response, HubError> {
    let place_of_stream = state.limits.stream(&caller)?;
    let (cliente_id, scopes) = (caller.cliente_id, caller.scopes);
    let dry_run = state.config.dry_run;
    // What a browser repeats by itself is the newer; nonsense is no reason to
    // refuse, since it would give up for good.
    let named = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .or(query.after);
    let heard = state.relay.listen();
    let mut now = heard.now;
    if named.is_none()
        && let Some(Change::Event(last)) = now.last_mut()
    {
        // From here on it can resume.
        last.id = heard.at;
    }
    let listener = Listener {
        relay: state.relay,
        session: state.session,
        now,
        changes: heard.changes,
        at: named.or(heard.at),
        until: heard.at,
        behind: named.is_some(),
        missed: None,
    };
    let stream = stream::unfold(listener, next)
        .flat_map(stream::iter)
        .filter(move |change| {
            let _held = &place_of_stream;
            std::future::ready(is_for(cliente_id, scopes, change))
        })
        .filter_map(move |change| std::future::ready(as_sse(&change, dry_run)))
        .map(Ok::<_, Infallible>)
        .take_until(state.draining.cancelled_owned())
        .take_until(state.auth.let_in_no_more(caller));
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let mut response = Sse::new(stream).keep_alive(keep_alive).into_response();
    // nginx would hold events back until its buffer is full.
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

/// Whether this listener may see an event: the same rules as for the routes
/// with the same data. The linking code needs the scope that links. A business
/// sees its own events only; message events are excluded, since their business
/// is not known here.
fn is_for(cliente_id: Option<u64>, scopes: Scopes, change: &Change) -> bool {
    if let Change::Event(relayed) = change
        && relayed.kind == EventKind::Qr
        && !scopes.has(Scope::Link)
    {
        return false;
    }
    if cliente_id.is_none() {
        return true;
    }
    match change {
        Change::Hub(_) => true,
        Change::HubEvent(own) => own.cliente_id == cliente_id,
        Change::Event(relayed) => matches!(
            relayed.kind,
            EventKind::State | EventKind::Qr | EventKind::Limits
        ),
    }
}

/// What to tell next. The stream ends where what was missed cannot be had from
/// a session-manager that is there: the listener comes back with the last id
/// that it has.
async fn next(mut listener: Listener) -> Option<(Vec<Change>, Listener)> {
    loop {
        if let Some(missed) = &mut listener.missed {
            match missed.next().await {
                Some(Ok(event)) => match listener.missed(event) {
                    Some(change) => return Some((vec![change], listener)),
                    None => continue,
                },
                Some(Err(error)) => {
                    listener.missed = None;
                    if !listener.waits(&error) {
                        return None;
                    }
                }
                None => listener.missed = None,
            }
        }
        if !listener.now.is_empty() {
            let now = std::mem::take(&mut listener.now);
            return Some((now, listener));
        }
        if listener.behind
            && let (Some(at), Some(until)) = (listener.at, listener.until)
        {
            listener.behind = false;
            if at < until {
                match listener.session.events_between(at, until).await {
                    Ok(missed) => listener.missed = Some(Box::pin(missed)),
                    Err(error) if listener.waits(&error) => {}
                    Err(_) => return None,
                }
                continue;
            }
        }
        match listener.changes.recv().await {
            Ok(Change::Event(event)) => {
                if let Some(event) = listener.take(event) {
                    return Some((vec![Change::Event(event)], listener));
                }
            }
            Ok(change) => return Some((vec![change], listener)),
            // Too slow to hear everything: what holds now, and what it missed.
            Err(RecvError::Lagged(_)) => {
                let heard = listener.relay.listen();
                listener.now = heard.now;
                listener.changes = heard.changes;
                listener.until = heard.at;
                listener.behind = listener.at.is_some();
            }
            Err(RecvError::Closed) => return None,
        }
    }
}

impl Listener {
    /// What it missed cannot be had now; gives whether it will be, as soon as
    /// the relay hears something again.
    fn waits(&mut self, error: &ClientError) -> bool {
        tracing::debug!(%error, "what a listener missed cannot be told");
        self.behind = true;
        self.until = None;
        self.relay.health().0 == Link::Down
    }

    /// An event that it missed, if it is one.
    fn missed(&mut self, event: SseEvent) -> Option<Change> {
        let kind = event.parse().ok()??.kind();
        let id = event.id.and_then(|id| id.parse().ok());
        if kind != EventKind::Gap && !kind.is_durable() {
            return None;
        }
        self.at = id.or(self.at);
        Some(Change::Event(Relayed {
            id,
            kind,
            data: event.data.into(),
        }))
    }

    /// An event of the relay, if it does not have it.
    fn take(&mut self, event: Relayed) -> Option<Relayed> {
        let Some(id) = event.id else {
            return Some(event);
        };
        if self.behind {
            // The relay heard nothing before this one: all up to it is missed,
            // and it, too, if it was told to somebody else.
            self.until = Some(id);
            if !event.kind.is_durable() {
                self.now.push(Change::Event(Relayed { id: None, ..event }));
            }
            return None;
        }
        if event.kind.is_durable() && self.at.is_some_and(|at| id <= at) {
            return None;
        }
        // Only a `gap` leads back.
        self.at = match event.kind {
            EventKind::Gap => Some(id),
            _ => self.at.max(Some(id)),
        };
        Some(event)
    }
}

fn as_sse(change: &Change, dry_run: bool) -> Option<Event> {
    match change {
        Change::Hub(link) => {
            let data = serde_json::to_string(&HubEvent { link, dry_run }).ok()?;
            Some(Event::default().event("hub").retry(RETRY).data(data))
        }
        Change::HubEvent(own) => Some(Event::default().event(own.name).data(&*own.data)),
        Change::Event(Relayed { id, kind, data }) => {
            let event = Event::default().event(kind.as_str()).data(&**data);
            Some(match id {
                Some(id) => event.id(id.to_string()),
                None => event,
            })
        }
    }
}
