//! Serves `GET /api/events`: Server-Sent Events for the page.
//!
//! ```text
//!  current state ─> no last id, or up to date ───────────────┬─> live changes
//!        └─> last id ─> missed events (session-manager) ─────┘        │
//!                                  ^──────────── lagged ──────────────┘
//! ```
//!
//! The event ids are those of session-manager, so that a listener can resume
//! after a restart of either service.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use api_docs::{EventType, Failures};
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
use utoipa::{IntoParams, ToSchema};

use super::sending::{SENDING, SendingEvent};
use crate::auth::{Caller, Scope, Scopes};
use crate::error::HubError;
use crate::inbox::{CONVERSATION, ConversationEvent};
use crate::relay::{Change, HubLink, Link, Relay, RelayedEvent};
use crate::scheduler::CampaignBody;
use crate::state::AppState;

/// Interval of keep-alive comments, short enough for proxies that drop idle connections after 30 s.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Delay before a browser reconnects after a restart of the hub.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// Name of the event about the link to session-manager.
const HUB: &str = "hub";

/// The data of a `hub` event.
#[derive(Serialize, ToSchema)]
#[schema(as = events::Hub)]
struct HubEvent<'a> {
    #[serde(flatten)]
    link: &'a HubLink,
    /// Whether messages are only rehearsed.
    dry_run: bool,
}

/// Returns the events of the stream: session-manager's and the hub's own.
pub(crate) fn event_types() -> Vec<EventType> {
    let own = [
        EventType::new::<HubEvent<'_>>(HUB),
        EventType::new::<CampaignBody>("campaign"),
        EventType::new::<ConversationEvent<'_>>(CONVERSATION),
        EventType::new::<SendingEvent>(SENDING),
    ];
    own.into_iter().chain(api_docs::session_events()).collect()
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Alternative to `Last-Event-ID` for clients that cannot set headers; 0
    /// replays all stored events.
    #[param(format = "uint64")]
    after: Option<u64>,
}

type Missed = Pin<Box<dyn Stream<Item = Result<SseEvent, ClientError>> + Send>>;

/// A client of the event stream, with its position and its pending events.
struct Listener {
    relay: Relay,
    session: SessionClient,
    /// Events to send before the live events.
    now: Vec<Change>,
    changes: Receiver<Change>,
    /// The id of the last event sent; `None` before the first.
    at: Option<u64>,
    /// Upper bound of the missed ids; `None` while unknown.
    until: Option<u64>,
    /// Whether events before the live ones may be missing.
    behind: bool,
    missed: Option<Missed>,
}

/// Streams the current state, then the changes.
#[utoipa::path(
    get, path = "/events", tag = "service", operation_id = "events_events",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, description = "Sends the events after this id; takes precedence over `after`. An invalid id is ignored")),
    // `routes` adds the response, with the schemas of the events.
    responses(Failures)
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
    // The header, which a browser repeats by itself, is newer than the query
    // parameter. An invalid id is ignored, because after an error the browser
    // would never reconnect.
    let named = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .or(query.after);
    let subscription = state.relay.listen();
    let mut now = subscription.now;
    if named.is_none()
        && let Some(Change::Event(last)) = now.last_mut()
    {
        // The listener can resume from this event.
        last.id = subscription.at;
    }
    let listener = Listener {
        relay: state.relay,
        session: state.session,
        now,
        changes: subscription.changes,
        at: named.or(subscription.at),
        until: subscription.at,
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
        .take_until(state.auth.until_access_lost(caller));
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let mut response = Sse::new(stream).keep_alive(keep_alive).into_response();
    // Without this header, nginx would buffer the events.
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

/// Returns whether this listener may receive an event, by the same rules as on
/// the routes with the same data. The linking code requires the scope `link`. A
/// business receives only its own events; it gets no message events, because
/// their business is not known here.
fn is_for(cliente_id: Option<u64>, scopes: Scopes, change: &Change) -> bool {
    if let Change::Event(relayed) = change
        && relayed.kind == EventKind::Qr
        && !scopes.has(Scope::Link)
    {
        return false;
    }
    // Conversation events are published separately for each business and for
    // callers who see all of them.
    if let Change::HubEvent(own) = change
        && own.name == CONVERSATION
    {
        return own.cliente_id == cliente_id && scopes.has(Scope::Read);
    }
    if cliente_id.is_none() {
        return true;
    }
    match change {
        Change::Hub(_) => true,
        // The switch that stops all sending applies to every business.
        Change::HubEvent(own) => own.cliente_id == cliente_id || own.name == SENDING,
        Change::Event(relayed) => matches!(
            relayed.kind,
            EventKind::State | EventKind::Qr | EventKind::Limits
        ),
    }
}

/// Returns the next events. Ends the stream if missed events cannot be fetched
/// although session-manager is running: the listener then reconnects with its
/// last id.
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
            // The listener lagged behind, so the current state and the missed
            // events are sent again.
            Err(RecvError::Lagged(_)) => {
                let subscription = listener.relay.listen();
                listener.now = subscription.now;
                listener.changes = subscription.changes;
                listener.until = subscription.at;
                listener.behind = listener.at.is_some();
            }
            Err(RecvError::Closed) => return None,
        }
    }
}

impl Listener {
    /// Marks the missed events as unavailable. Returns whether to wait until the relay reconnects.
    fn waits(&mut self, error: &ClientError) -> bool {
        tracing::debug!(%error, "events that a listener missed cannot be replayed");
        self.behind = true;
        self.until = None;
        self.relay.health().0 == Link::Down
    }

    /// Converts a missed event. Returns `None` if it need not be replayed.
    fn missed(&mut self, event: SseEvent) -> Option<Change> {
        let kind = event.parse().ok()??.kind();
        let id = event.id.and_then(|id| id.parse().ok());
        if kind != EventKind::Gap && !kind.is_durable() {
            return None;
        }
        self.at = id.or(self.at);
        Some(Change::Event(RelayedEvent {
            id,
            kind,
            data: event.data.into(),
        }))
    }

    /// Returns an event of the relay, unless the listener already has it.
    fn take(&mut self, event: RelayedEvent) -> Option<RelayedEvent> {
        let Some(id) = event.id else {
            return Some(event);
        };
        if self.behind {
            // This is the first event after an outage of the relay. All events
            // up to its id may be missing, including this one, whose id may
            // have been sent to another listener.
            self.until = Some(id);
            if !event.kind.is_durable() {
                self.now
                    .push(Change::Event(RelayedEvent { id: None, ..event }));
            }
            return None;
        }
        if event.kind.is_durable() && self.at.is_some_and(|at| id <= at) {
            return None;
        }
        // Only a `gap` event moves the position back.
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
            Some(
                Event::default()
                    .event(HUB)
                    .retry(RECONNECT_DELAY)
                    .data(data),
            )
        }
        Change::HubEvent(own) => Some(Event::default().event(own.name).data(&*own.data)),
        Change::Event(RelayedEvent { id, kind, data }) => {
            let event = Event::default().event(kind.as_str()).data(&**data);
            Some(match id {
                Some(id) => event.id(id.to_string()),
                None => event,
            })
        }
    }
}
