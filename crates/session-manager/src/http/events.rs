//! `GET /events`: Server-Sent Events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use futures_util::stream::{self, Stream, StreamExt};
use session_api::{Event, EventKind};
use tokio_util::sync::CancellationToken;

use crate::router::AppState;
use crate::session::{EventLog, Logged, qr_event, state_event};

/// Where a listener is: the log, the last id it was told, and the stop.
type Place = (EventLog, u64, CancellationToken);

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Streams the events, from after `Last-Event-ID` where the client names one
/// that this service gave; else from what holds now.
pub async fn events(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<SseEvent, Infallible>>> {
    let log = state.session.events().clone();
    let asked = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .filter(|id| *id <= log.last_id());
    let (start, first) = match asked {
        Some(id) => (id, Vec::new()),
        None => {
            // The id first: what happens in between is told twice, not never.
            let id = log.last_id();
            let snapshot = state.session.snapshot();
            let now = [state_event(&snapshot.session), qr_event(&snapshot)];
            (
                id,
                now.iter().filter_map(|event| current(id, event)).collect(),
            )
        }
    };
    let stream = stream::iter(first)
        .chain(stream::unfold((log, start, state.draining), next_batch).flat_map(stream::iter))
        .map(|logged| Ok(as_sse(&logged)));
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn current(id: u64, event: &Event) -> Option<Logged> {
    let data = serde_json::to_string(event).ok()?.into();
    let kind = event.kind();
    Some(Logged { id, kind, data })
}

/// The events after `after`, as soon as there are any; none any more once the
/// service drains and all is told.
async fn next_batch((log, after, draining): Place) -> Option<(Vec<Logged>, Place)> {
    tokio::select! {
        // What was told before the stop reaches the listener before its end.
        biased;
        more = log.wait_after(after) => more.then_some(())?,
        () = draining.cancelled() => return None,
    }
    let batch = log.after(after);
    let last = batch.last().map_or(after, |event| event.id);
    // A code on show may be over by now: a late reader gets the next.
    Some((drop_old_codes(batch), (log, last, draining)))
}

/// Of several codes in one batch only the last can still be scanned.
fn drop_old_codes(batch: Vec<Logged>) -> Vec<Logged> {
    let last_code = batch
        .iter()
        .rposition(|event| event.kind == EventKind::Qr)
        .unwrap_or_default();
    batch
        .into_iter()
        .enumerate()
        .filter(|(place, event)| event.kind != EventKind::Qr || *place >= last_code)
        .map(|(_, event)| event)
        .collect()
}

fn as_sse(logged: &Logged) -> SseEvent {
    SseEvent::default()
        .id(logged.id.to_string())
        .event(logged.kind.as_str())
        .data(&*logged.data)
}
