//! `GET /api/events`: Server-Sent Events for the page.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::relay::{Change, HubLink, Relay};
use crate::router::AppState;

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

pub(crate) async fn events(State(state): State<AppState>) -> Response {
    let dry_run = state.config.dry_run;
    let (now, changes) = state.relay.listen();
    let stream = stream::unfold((state.relay, now, Some(changes)), next)
        .flat_map(stream::iter)
        .filter_map(move |change| std::future::ready(as_sse(&change, dry_run)))
        .map(Ok::<_, Infallible>)
        .take_until(state.draining.cancelled_owned());
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let mut response = Sse::new(stream).keep_alive(keep_alive).into_response();
    // nginx would hold events back until its buffer is full.
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

type Position = (Relay, Vec<Change>, Option<Receiver<Change>>);

async fn next((relay, now, changes): Position) -> Option<(Vec<Change>, Position)> {
    let mut changes = changes?;
    if !now.is_empty() {
        return Some((now, (relay, Vec::new(), Some(changes))));
    }
    match changes.recv().await {
        Ok(change) => Some((vec![change], (relay, Vec::new(), Some(changes)))),
        // Too slow to hear everything: what holds now is what counts.
        Err(RecvError::Lagged(_)) => {
            let (now, changes) = relay.listen();
            Some((now, (relay, Vec::new(), Some(changes))))
        }
        Err(RecvError::Closed) => None,
    }
}

fn as_sse(change: &Change, dry_run: bool) -> Option<Event> {
    match change {
        Change::Hub(link) => {
            let data = serde_json::to_string(&HubEvent { link, dry_run }).ok()?;
            Some(Event::default().event("hub").retry(RETRY).data(data))
        }
        Change::Event(relayed) => Some(Event::default().event(relayed.name).data(&*relayed.data)),
    }
}
