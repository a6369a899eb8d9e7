//! Distributes session-manager's events from one upstream connection to many
//! listeners.
//!
//! ```text
//!  session-manager ══ GET /events ══> run() ─┬─> current: hub, state, qr
//!                                            └─> broadcast ─> each listener
//!       connect fails ──> hub: down ──(backoff)──> connect works ──> hub: up
//! ```
//!
//! A new listener receives the current values, then the changes; one lock
//! covers both, so nothing is missed or sent twice. A connection that drops and
//! is restored at once is not reported: `down` is published only when a
//! reconnect fails. A new connection resumes after the last event of the
//! previous one. The ids are those of session-manager.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde::Serialize;
use service_runtime::liveness::Heartbeat;
use session_api::{Event, EventKind, LimitsEvent, NewChatStatus, QrEvent, SessionState};
use session_client::{ClientError, SessionClient, SseEvent};
use tokio::sync::broadcast;
use tracing::{error, info, warn};

use crate::error::HubError;
use crate::outage::Outage;

/// Pauses between two attempts to connect, which double from the first value to the last.
const BACKOFF: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(2);

/// Interval of the heartbeat while session-manager sends no events.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);

/// Number of events that a slow listener may lag behind before it has to start over.
const BUFFERED_EVENTS: usize = 256;

/// Whether session-manager is reachable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Link {
    Up,
    Down,
}

/// An event as it is sent to the listeners.
#[derive(Clone, Debug)]
pub(crate) struct RelayedEvent {
    /// session-manager's event id; `None` for a current value.
    pub(crate) id: Option<u64>,
    pub(crate) kind: EventKind,
    pub(crate) data: Arc<str>,
}

/// The starting point of a new listener: the current values and a receiver of changes.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Current values, in the order in which to send them.
    pub(crate) now: Vec<Change>,
    /// The id of the last event before the changes to come; `None` before the
    /// first event.
    pub(crate) at: Option<u64>,
    pub(crate) changes: broadcast::Receiver<Change>,
}

/// The data of a `hub` event, except for the part that comes from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = events::HubLink)]
pub(crate) struct HubLink {
    pub(crate) session_manager: Link,
    /// Why session-manager cannot be reached; only with `down`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// The same for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

/// A change, as published to the listeners.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// The link to session-manager changed.
    Hub(HubLink),
    /// An event of session-manager.
    Event(RelayedEvent),
    /// An event of the hub itself, such as the progress of a campaign.
    HubEvent(HubEvent),
}

/// An event of the hub itself.
#[derive(Clone, Debug)]
pub(crate) struct HubEvent {
    /// The event's name.
    pub(crate) name: &'static str,
    /// The business to which the event belongs. An event with `None` is visible
    /// only to callers who see all businesses.
    pub(crate) cliente_id: Option<u64>,
    pub(crate) data: Arc<str>,
}

/// A handle on the relay; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Relay {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    current: Mutex<Current>,
    changes: broadcast::Sender<Change>,
}

#[derive(Debug)]
struct Current {
    hub: HubLink,
    state: Option<(RelayedEvent, SessionState)>,
    qr: Option<ReceivedQr>,
    limits: Option<(RelayedEvent, LimitsEvent)>,
    /// The id of the last event received.
    last: Option<u64>,
    outage: Outage,
}

/// The last `qr` event and when it was received.
#[derive(Debug)]
struct ReceivedQr {
    event: QrEvent,
    at: Instant,
}

impl ReceivedQr {
    /// Returns the code with its remaining time, or `NO_QR` once the code has expired.
    fn now(&self) -> QrEvent {
        let none = || QrEvent {
            status: "NO_QR".to_owned(),
            qr: None,
            expires_at: None,
            expires_in_ms: None,
        };
        let passed = u64::try_from(self.at.elapsed().as_millis()).unwrap_or(u64::MAX);
        match self.event.expires_in_ms {
            Some(left) if left <= passed => none(),
            Some(left) => QrEvent {
                expires_in_ms: Some(left - passed),
                ..self.event.clone()
            },
            None => self.event.clone(),
        }
    }
}

impl Relay {
    /// Creates the relay, whose link is down until [`Relay::run`] receives an event.
    pub(crate) fn new() -> Self {
        let current = Current {
            hub: HubLink {
                session_manager: Link::Down,
                code: Some("WHATSAPP_UNAVAILABLE".to_owned()),
                message: Some("session-manager has not answered yet".to_owned()),
            },
            state: None,
            qr: None,
            limits: None,
            last: None,
            outage: Outage::default(),
        };
        Self {
            shared: Arc::new(Shared {
                current: Mutex::new(current),
                changes: broadcast::channel(BUFFERED_EVENTS).0,
            }),
        }
    }

    /// Returns the current values and a receiver of the changes that follow them.
    pub(crate) fn listen(&self) -> Subscription {
        let current = self.lock();
        let mut now = vec![Change::Hub(current.hub.clone())];
        now.extend(
            current
                .state
                .iter()
                .map(|(state, _)| Change::Event(state.clone())),
        );
        now.extend(
            current
                .limits
                .iter()
                .map(|(limits, _)| Change::Event(limits.clone())),
        );
        let code = current.qr.as_ref().map(ReceivedQr::now);
        now.extend(code.and_then(|code| {
            let data = serde_json::to_string(&code).ok()?.into();
            let (id, kind) = (None, EventKind::Qr);
            Some(Change::Event(RelayedEvent { id, kind, data }))
        }));
        Subscription {
            now,
            at: current.last,
            changes: self.shared.changes.subscribe(),
        }
    }

    /// Publishes an event of the hub itself to the listeners.
    pub(crate) fn publish(&self, own: HubEvent) {
        self.publish_hub(Change::HubEvent(own));
    }

    /// Returns the link, the last known state of the session, and why the link is down.
    pub(crate) fn health(&self) -> (Link, Option<SessionState>, Option<String>) {
        let current = self.lock();
        let state = current.state.as_ref().map(|(_, state)| *state);
        (current.hub.session_manager, state, current.hub.code.clone())
    }

    /// Returns WhatsApp's limits for the account as session-manager last
    /// reported them; `None` while they are unknown.
    pub(crate) fn limits(&self) -> Option<LimitsEvent> {
        let current = self.lock();
        current.limits.as_ref().map(|(_, limits)| limits.clone())
    }

    /// Creates the heartbeat of [`Relay::run`].
    pub(crate) fn heartbeat() -> Heartbeat {
        Heartbeat::new("the relay of session-manager's events", HEARTBEAT_INTERVAL)
    }

    /// Follows session-manager's event stream; never returns.
    pub(crate) async fn run(self, client: SessionClient, heartbeat: Heartbeat) {
        let mut pause = *BACKOFF.start();
        loop {
            heartbeat.beat();
            let last = self.lock().last.map(|id| id.to_string());
            match client.events(last.as_deref()).await {
                Ok(events) => {
                    pause = *BACKOFF.start();
                    self.follow(events, &heartbeat).await;
                    // Reconnect at once, before anyone notices an outage.
                    continue;
                }
                Err(error) => self.note_down(error),
            }
            // Jitter, so that many hubs do not reconnect in step.
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.75..1.25))).await;
            pause = (pause * 2).min(*BACKOFF.end());
        }
    }

    async fn follow(
        &self,
        events: impl futures_util::Stream<Item = Result<SseEvent, ClientError>>,
        heartbeat: &Heartbeat,
    ) {
        let mut events = std::pin::pin!(events);
        let mut is_first = true;
        loop {
            heartbeat.beat();
            // The client itself ends a stream that is silent for too long.
            let Ok(event) = tokio::time::timeout(HEARTBEAT_INTERVAL, events.next()).await else {
                continue;
            };
            let Some(event) = event else { break };
            match event {
                Ok(event) => {
                    // A stream that ends before its first event does not count as a link.
                    if std::mem::take(&mut is_first) {
                        self.note_up();
                    }
                    self.on_event(event);
                }
                Err(error) => {
                    tracing::debug!(%error, "the stream of events was interrupted");
                    break;
                }
            }
        }
        if is_first {
            self.note_down(ClientError::BadResponse(
                "the stream of events ended before its first one".to_owned(),
            ));
            tokio::time::sleep(*BACKOFF.start()).await;
        }
    }

    fn note_up(&self) {
        let hub = HubLink {
            session_manager: Link::Up,
            code: None,
            message: None,
        };
        let mut current = self.lock();
        if current.hub != hub {
            match current.outage.end(Instant::now()) {
                Some(away) => info!(seconds = away.as_secs(), "session-manager answers again"),
                None => info!("session-manager answers"),
            }
            current.hub = hub.clone();
            self.publish_hub(Change::Hub(hub));
        }
    }

    fn note_down(&self, failure: ClientError) {
        let error = HubError::from(failure);
        let hub = HubLink {
            session_manager: Link::Down,
            code: Some(error.code().to_owned()),
            message: Some(error.message().to_owned()),
        };
        let mut current = self.lock();
        current.state = None;
        current.qr = None;
        current.limits = None;
        if let Some(line) = current.outage.failed(error.message(), Instant::now()) {
            error!(code = error.code(), "{line}");
        }
        if current.hub != hub {
            current.hub = hub.clone();
            self.publish_hub(Change::Hub(hub));
        }
    }

    fn on_event(&self, sse: SseEvent) {
        let event = match sse.parse() {
            Ok(Some(event)) => event,
            // An event kind of a later version, which no listener here handles.
            Ok(None) => return,
            Err(error) => return warn!(%error, "an event does not match the contract"),
        };
        let relayed = RelayedEvent {
            id: sse.id.and_then(|id| id.parse().ok()),
            kind: event.kind(),
            data: sse.data.into(),
        };
        let mut current = self.lock();
        // A `gap` event may lower the id if session-manager lost its events.
        current.last = relayed.id.or(current.last);
        match event {
            Event::State(state) => {
                let held = RelayedEvent {
                    id: None,
                    ..relayed.clone()
                };
                current.state = Some((held, state.status));
            }
            Event::Qr(event) => {
                let at = Instant::now();
                current.qr = Some(ReceivedQr { event, at });
            }
            Event::Limits(limits) => {
                let before = current.limits.as_ref().map(|(_, limits)| limits);
                warn_of_limits(before, &limits);
                let held = RelayedEvent {
                    id: None,
                    ..relayed.clone()
                };
                current.limits = Some((held, limits));
            }
            Event::Message(_)
            | Event::Ack(_)
            | Event::MessageEdited(_)
            | Event::MessageDeleted(_)
            | Event::Reaction(_)
            | Event::Call(_)
            | Event::Gap(_) => {}
        }
        self.publish_hub(Change::Event(relayed));
    }

    fn publish_hub(&self, change: Change) {
        // Having no listener is not an error.
        let _ = self.shared.changes.send(change);
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.shared
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs a warning for each of WhatsApp's limits that has come into effect.
fn warn_of_limits(before: Option<&LimitsEvent>, now: &LimitsEvent) {
    let before = before.cloned().unwrap_or_default().limits;
    let (lock, chats) = (&now.limits.reach_out, &now.limits.new_chats);
    if lock.locked && !before.reach_out.locked {
        let until = lock.until.map(|until| until.to_string());
        warn!(
            kind = lock.kind,
            until, "WhatsApp does not let this account start new chats: campaigns wait"
        );
    }
    let (used, total) = (chats.used, chats.total);
    match chats.status {
        status if status == before.new_chats.status => {}
        NewChatStatus::None => {}
        NewChatStatus::FirstWarning | NewChatStatus::SecondWarning => warn!(
            status = chats.status.as_str(),
            used, total, "WhatsApp's monthly limit on new chats is near"
        ),
        NewChatStatus::Capped => warn!(
            used,
            total, "WhatsApp's monthly limit on new chats is reached: campaigns wait"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_on_show_gets_older() {
        let event = QrEvent {
            status: "QR_AVAILABLE".to_owned(),
            qr: Some("data:image/png;base64,AA==".to_owned()),
            expires_at: None,
            expires_in_ms: Some(20_000),
        };
        let at = |seconds| ReceivedQr {
            event: event.clone(),
            at: Instant::now()
                .checked_sub(Duration::from_secs(seconds))
                .unwrap(),
        };
        let remaining_ms = at(5).now().expires_in_ms.unwrap();
        assert!((14_000..=15_000).contains(&remaining_ms), "{remaining_ms}");
        assert_eq!(at(21).now().status, "NO_QR");
        assert_eq!(at(21).now().qr, None);
    }
}
