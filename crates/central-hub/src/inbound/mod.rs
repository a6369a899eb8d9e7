//! Follows session-manager's event stream and records its messages and acks in
//! the store.
//!
//! ```text
//!  session-manager ══ GET /events, Last-Event-ID from the store ══> run()
//!                                                                     │ in batches,
//!        several hubs: the holder of the lease follows                v in one transaction
//!                                               Store::record ─> messages, acks, cursor
//! ```
//!
//! The [`Relay`](crate::relay::Relay) has a separate connection: it runs in
//! every hub, sends the page the current state and may miss past events. The
//! follower runs in only one hub, misses nothing and reads at the store's pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use metrics::histogram;
use service_runtime::liveness::Heartbeat;
use session_api::{Event, Timestamp};
use session_client::{ClientError, SessionClient, SseEvent};
use tokio_util::sync::CancellationToken;

use crate::store::{FOLLOWER, SourceEvent, Store, StoreError};

/// Lease on following the events: how long it takes until another hub takes
/// over after this one died. It is renewed after a third of that time.
const LEASE_DURATION: Duration = Duration::from_secs(9);
const LEASE_RENEWAL_INTERVAL: Duration = Duration::from_secs(3);
/// Pauses between two attempts to connect, which double from the first value to the last.
const BACKOFF: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(2);
/// Number of events per transaction.
const BATCH: usize = 64;
/// The id from which a new hub starts, so that it receives all stored events.
const FIRST_EVENT_ID: &str = "0";

/// Whether this hub follows the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Following {
    /// Another hub follows the events, or none does yet.
    No = 0,
    /// This hub follows, but session-manager is unreachable.
    Unconnected = 1,
    /// This hub follows and is connected.
    Connected = 2,
}

/// Follows the events and reports whether it does; clones share the state.
#[derive(Clone)]
pub(crate) struct Follower {
    store: Store,
    session: SessionClient,
    /// The id of this process, which holds the lease.
    who: Arc<str>,
    state: Arc<AtomicU8>,
    heartbeat: Heartbeat,
}

/// Why a connection to the event stream ended.
enum End {
    /// The connection broke off or could not be established.
    Broken,
    /// The store cannot be used.
    Store(StoreError),
    /// Another hub has taken the lease.
    Lost,
}

impl Follower {
    pub(crate) fn new(store: Store, session: SessionClient) -> Self {
        Self {
            store,
            session,
            who: format!("{:016x}", rand::random::<u64>()).into(),
            state: Arc::default(),
            heartbeat: Heartbeat::new("what comes in", 2 * LEASE_RENEWAL_INTERVAL),
        }
    }

    /// Returns the heartbeat of [`Follower::run`].
    pub(crate) fn heartbeat(&self) -> Heartbeat {
        self.heartbeat.clone()
    }

    pub(crate) fn state(&self) -> Following {
        match self.state.load(Ordering::Relaxed) {
            0 => Following::No,
            1 => Following::Unconnected,
            _ => Following::Connected,
        }
    }

    fn set_following(&self, state: Following) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    /// Follows the events until `draining` is cancelled, then releases the lease.
    pub(crate) async fn run(self, draining: CancellationToken) {
        tokio::select! {
            () = self.follow() => {}
            () = draining.cancelled() => {}
        }
        self.set_following(Following::No);
        if let Err(error) = self.store.drop_lease(FOLLOWER, &self.who).await {
            tracing::debug!("the lease was not released: {error}");
        }
    }

    async fn follow(&self) {
        let mut pause = *BACKOFF.start();
        loop {
            self.heartbeat.beat();
            let leased = self.store.take_lease(FOLLOWER, &self.who, lease()).await;
            let wait = match leased {
                Ok(true) => {
                    self.set_following(Following::Unconnected);
                    match self.read(&mut pause).await {
                        End::Broken => pause,
                        End::Lost => LEASE_RENEWAL_INTERVAL,
                        End::Store(error) => {
                            tracing::warn!("inbound events are waiting for the store: {error}");
                            *BACKOFF.end()
                        }
                    }
                }
                Ok(false) => {
                    self.set_following(Following::No);
                    LEASE_RENEWAL_INTERVAL
                }
                Err(error) => {
                    tracing::warn!("inbound events are waiting for the store: {error}");
                    *BACKOFF.end()
                }
            };
            tokio::time::sleep(wait.mul_f64(rand::random_range(0.75..1.25))).await;
            pause = (pause * 2).min(*BACKOFF.end());
        }
    }

    /// Connects to the event stream and reads it until the connection ends.
    async fn read(&self, pause: &mut Duration) -> End {
        let cursor = match self.store.cursor().await {
            Ok(cursor) => cursor,
            Err(error) => return End::Store(error),
        };
        let after = cursor.id.as_deref().unwrap_or(FIRST_EVENT_ID);
        let events = match self.session.events(Some(after)).await {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!(%error, "inbound events are waiting for session-manager");
                return End::Broken;
            }
        };
        *pause = *BACKOFF.start();
        self.set_following(Following::Connected);
        let end = self.record_stream(events).await;
        self.set_following(Following::Unconnected);
        end.err().unwrap_or(End::Broken)
    }

    async fn record_stream(
        &self,
        events: impl Stream<Item = Result<SseEvent, ClientError>> + Send,
    ) -> Result<(), End> {
        let mut batches = std::pin::pin!(events.ready_chunks(BATCH));
        let mut renew = tokio::time::interval(LEASE_RENEWAL_INTERVAL);
        loop {
            self.heartbeat.beat();
            tokio::select! {
                batch = batches.next() => {
                    let Some(batch) = batch else { return Ok(()) };
                    let count = batch.len();
                    let events: Vec<_> = batch.into_iter().map_while(Result::ok).map(source_event).collect();
                    self.record(&events).await?;
                    if events.len() < count {
                        return Ok(());
                    }
                }
                // On SQLite, where there is no other hub, renewing costs little
                // and avoids a second code path.
                _ = renew.tick() => {
                    let has_lease = self.store.take_lease(FOLLOWER, &self.who, lease()).await;
                    if !has_lease.map_err(End::Store)? {
                        return Err(End::Lost);
                    }
                }
            }
        }
    }

    /// Stores a batch of events. An event that the store rejects would be
    /// rejected forever and block all later events, so it is skipped.
    async fn record(&self, told: &[SourceEvent]) -> Result<(), End> {
        if told.is_empty() {
            return Ok(());
        }
        let refused = match self.store.record(&self.who, lease(), told).await {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(End::Lost),
            Err(error) if error.is_unavailable() => return Err(End::Store(error)),
            Err(error) => error,
        };
        if let [one] = told {
            tracing::error!(
                id = one.id,
                "an event cannot be stored and is skipped: {refused}"
            );
            let id = one.id.clone();
            let nothing = [SourceEvent { id, event: None }];
            return match self.store.record(&self.who, lease(), &nothing).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(End::Lost),
                Err(error) => Err(End::Store(error)),
            };
        }
        for one in told {
            Box::pin(self.record(std::slice::from_ref(one))).await?;
        }
        Ok(())
    }
}

fn lease() -> Timestamp {
    Timestamp::now().after(LEASE_DURATION)
}

fn source_event(sse: SseEvent) -> SourceEvent {
    let event = match sse.parse() {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(%error, "an event that does not match the contract is skipped");
            None
        }
    };
    let at = match &event {
        Some(Event::Message(message)) => Some(message.at),
        Some(Event::Ack(ack)) => Some(ack.at),
        _ => None,
    };
    if let Some(at) = at {
        let lag = Timestamp::now().as_millis() - at.as_millis();
        let lag = Duration::from_millis(u64::try_from(lag).unwrap_or(0));
        histogram!("leadmaster_event_lag_seconds").record(lag.as_secs_f64());
    }
    SourceEvent { id: sse.id, event }
}
