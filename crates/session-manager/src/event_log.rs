//! Keeps the event log behind `GET /events`: assigns event ids, and holds the latest events in a
//! ring buffer.
//!
//! ```text
//!  publisher ─── push ─────────────────────────┐
//!  ledger ────── Ticket ─> disk ─> publish ────┴─> ring of the latest ─> readers,
//!                                                  + watch of the last id   each at
//!                                                                           its pace
//! ```
//!
//! States and codes are published in memory only; messages and acks are on disk before they are
//! published. All share one sequence of ids. While a ticket's events are being written to disk,
//! other events queue behind them, so that no client receives a later id first and resumes past an
//! earlier one.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::counter;
use session_api::{Event, EventKind, Timestamp};
use tokio::sync::{OwnedMutexGuard, watch};

/// Maximum number of events in the ring buffer, and of their bytes. Events that were evicted are on
/// disk, or outdated.
const MAX_EVENTS: usize = 2048;
const MAX_BYTES: usize = 4 << 20;
/// The factor between milliseconds and event ids. The id of a stored event is the time in
/// milliseconds times this factor, or the previous id plus one. So ids increase across restarts,
/// tell an event's age, and stay exact integers in JavaScript.
pub const IDS_PER_MILLISECOND: u64 = 1000;

/// One published event.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The id of the event, which increases with each event.
    pub id: u64,
    /// The kind of the event.
    pub kind: EventKind,
    /// The data of the event, as JSON.
    pub data: Arc<str>,
}

/// The events after an id, as far as they are in memory.
#[derive(Debug)]
pub enum Recent {
    /// All of them, or the first ones if there are more than the limit. Empty if there are none
    /// yet.
    Events(Vec<Logged>),
    /// The memory holds only the events from this id on; earlier ones are on disk.
    OnDisk(u64),
}

/// The event log; cheap to clone.
#[derive(Clone, Debug)]
pub struct EventLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    memory: Mutex<Memory>,
    last: watch::Sender<u64>,
    /// A lock that admits one ticket at a time.
    ticket_lock: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Memory {
    ring: VecDeque<Logged>,
    bytes: usize,
    /// The ring holds all events from this id on.
    first: u64,
    last: u64,
    /// The events that queue behind a ticket; `None` without a ticket.
    queued: Option<Vec<(EventKind, Arc<str>)>>,
}

impl Memory {
    fn append(&mut self, event: Logged) {
        self.last = event.id;
        self.bytes += event.data.len();
        self.ring.push_back(event);
        while self.ring.len() > MAX_EVENTS || self.bytes > MAX_BYTES {
            let Some(oldest) = self.ring.pop_front() else {
                break;
            };
            self.bytes -= oldest.data.len();
            self.first = oldest.id + 1;
        }
    }

    fn clear_until(&mut self, id: u64) {
        self.ring.clear();
        self.bytes = 0;
        self.last = id;
        self.first = id + 1;
    }
}

impl EventLog {
    /// Creates an empty log whose ids start at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let start = id_of(now);
        Self {
            shared: Arc::new(Shared {
                memory: Mutex::new(Memory {
                    ring: VecDeque::new(),
                    bytes: 0,
                    first: start + 1,
                    last: start,
                    queued: None,
                }),
                last: watch::channel(start).0,
                ticket_lock: Arc::default(),
            }),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.shared
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes an event that is kept only in memory. Never waits.
    pub fn push(&self, event: &Event) {
        let Some(data) = json(event) else { return };
        let mut memory = self.memory();
        if let Some(queued) = &mut memory.queued {
            queued.push((event.kind(), data));
            return;
        }
        let id = memory.last + 1;
        memory.append(Logged {
            id,
            kind: event.kind(),
            data,
        });
        self.shared.last.send_replace(id);
    }

    /// Reserves the next position in the sequence for events that are written to disk first. The
    /// holder must not wait for another ticket.
    pub async fn ticket(&self) -> Ticket {
        let ticket_lock = self.shared.ticket_lock.clone().lock_owned().await;
        Ticket {
            log: self.clone(),
            _ticket_lock: ticket_lock,
            next: None,
            written: Vec::new(),
            in_doubt: false,
        }
    }

    /// Removes events that are no longer on disk.
    pub fn forget(&self, ids: &HashSet<u64>) {
        let mut memory = self.memory();
        memory.ring.retain(|event| !ids.contains(&event.id));
        memory.bytes = memory.ring.iter().map(|event| event.data.len()).sum();
    }

    /// Raises the last id to at least `id`.
    pub fn raise(&self, id: u64) {
        let mut memory = self.memory();
        if id > memory.last {
            memory.clear_until(id);
            self.shared.last.send_replace(id);
        }
    }

    /// Returns the id of the latest event.
    pub fn last_id(&self) -> u64 {
        *self.shared.last.borrow()
    }

    /// Returns the events after `id`, oldest first, at most `limit` of them.
    pub fn after(&self, id: u64, limit: usize) -> Recent {
        let memory = self.memory();
        if id.saturating_add(1) < memory.first {
            return Recent::OnDisk(memory.first);
        }
        let start = memory.ring.partition_point(|event| event.id <= id);
        Recent::Events(memory.ring.range(start..).take(limit).cloned().collect())
    }

    /// Waits until there is an event after `id`. Returns `false` when the log is closed.
    pub async fn wait_after(&self, id: u64) -> bool {
        let mut last = self.shared.last.subscribe();
        last.wait_for(|last| *last > id).await.is_ok()
    }
}

/// A ticket for events that are being written to disk. If it is dropped without [`Self::publish`],
/// none of them is published.
#[derive(Debug)]
pub struct Ticket {
    log: EventLog,
    _ticket_lock: OwnedMutexGuard<()>,
    next: Option<u64>,
    written: Vec<Logged>,
    in_doubt: bool,
}

impl Ticket {
    /// Returns the id of the next event. From then on, other events queue behind this ticket.
    pub fn next_id(&mut self) -> u64 {
        let next = self.next.unwrap_or_else(|| {
            let mut memory = self.log.memory();
            memory.queued.get_or_insert_default();
            (memory.last + 1).max(id_of(Timestamp::now()))
        });
        self.next = Some(next);
        next
    }

    /// Adds an event that was written with the id from [`Self::next_id`].
    pub fn record_written(&mut self, kind: EventKind, data: Arc<str>) {
        let id = self.next_id();
        self.written.push(Logged { id, kind, data });
        self.next = Some(id + 1);
    }

    /// Returns the number of events that were written.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.written.len()
    }

    /// Marks the events as possibly on disk, whatever the commit returns.
    pub fn mark_committing(&mut self) {
        self.in_doubt = !self.written.is_empty();
    }

    /// Publishes the events, which are on disk.
    pub fn publish(mut self) {
        self.in_doubt = false;
        let written = std::mem::take(&mut self.written);
        let mut memory = self.log.memory();
        for event in written {
            counter!("leadmaster_events_total", "kind" => event.kind.as_str()).increment(1);
            memory.append(event);
        }
        // `Drop` releases the queue.
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(next) = self.next else { return };
        let mut memory = self.log.memory();
        if self.in_doubt {
            // It is unknown whether the events are on disk, so readers must query the disk.
            memory.clear_until(next - 1);
        }
        for (kind, data) in memory.queued.take().unwrap_or_default() {
            let id = memory.last + 1;
            memory.append(Logged { id, kind, data });
        }
        let last = memory.last;
        self.log.shared.last.send_if_modified(|id| {
            let changed = *id != last;
            *id = last;
            changed
        });
    }
}

/// Serializes an event. A failure is a bug; it returns `None`, and the event is not published.
pub fn json(event: &Event) -> Option<Arc<str>> {
    match serde_json::to_string(event) {
        Ok(data) => Some(data.into()),
        Err(error) => {
            tracing::error!(%error, "an event cannot be serialized as JSON");
            None
        }
    }
}

/// Returns the first id that an event at `time` can have.
#[must_use]
pub fn id_of(time: Timestamp) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(0) * IDS_PER_MILLISECOND
}

#[cfg(test)]
mod tests {
    use session_api::QrEvent;

    use super::*;

    fn event(text: &str) -> Event {
        Event::Qr(QrEvent {
            status: text.to_owned(),
            qr: None,
            expires_at: None,
            expires_in_ms: None,
        })
    }

    fn events_after(log: &EventLog, after: u64) -> Vec<(u64, String)> {
        match log.after(after, usize::MAX) {
            Recent::Events(events) => events
                .into_iter()
                .map(|event| {
                    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
                    (event.id, data["status"].as_str().unwrap().to_owned())
                })
                .collect(),
            Recent::OnDisk(first) => panic!("on disk before {first}"),
        }
    }

    fn write(ticket: &mut Ticket, text: &str) -> u64 {
        let id = ticket.next_id();
        ticket.record_written(EventKind::Qr, json(&event(text)).unwrap());
        id
    }

    #[tokio::test]
    async fn event_during_a_write_is_published_after_it() {
        let log = EventLog::new(Timestamp::now());
        let start = log.last_id();
        log.push(&event("before"));
        let mut ticket = log.ticket().await;
        let first = write(&mut ticket, "written");
        log.push(&event("meanwhile"));
        assert_eq!(events_after(&log, start).len(), 1);
        let second = write(&mut ticket, "written next");
        ticket.mark_committing();
        ticket.publish();
        let events = events_after(&log, start);
        let texts: Vec<_> = events.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["before", "written", "written next", "meanwhile"]);
        assert_eq!((events[1].0, events[2].0), (first, second));
        assert!(events.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(log.last_id(), events[3].0);
    }

    #[tokio::test]
    async fn unwritten_event_is_not_published() {
        let log = EventLog::new(Timestamp::now());
        let start = log.last_id();
        let mut ticket = log.ticket().await;
        write(&mut ticket, "rolled back");
        log.push(&event("meanwhile"));
        drop(ticket);
        let events = events_after(&log, start);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].1, "meanwhile");
    }

    #[tokio::test]
    async fn doubtful_commit_is_read_from_the_disk() {
        let log = EventLog::new(Timestamp::now());
        log.push(&event("before"));
        let before = log.last_id();
        let mut ticket = log.ticket().await;
        let id = write(&mut ticket, "doubtful");
        ticket.mark_committing();
        drop(ticket);
        assert_eq!(log.last_id(), id);
        assert!(log.wait_after(before).await);
        let Recent::OnDisk(first) = log.after(before, 9) else {
            panic!("the memory does not know");
        };
        assert_eq!(first, id + 1);
    }

    #[test]
    fn ring_buffer_is_bounded_in_number_and_size() {
        let log = EventLog::new(Timestamp::now());
        let start = log.last_id();
        for _ in 0..MAX_EVENTS {
            log.push(&event("a"));
        }
        assert_eq!(events_after(&log, start).len(), MAX_EVENTS);
        log.push(&event("b"));
        assert!(matches!(log.after(start, 9), Recent::OnDisk(first) if first == start + 2));
        let large = "a".repeat(MAX_BYTES / 2);
        for _ in 0..3 {
            log.push(&event(&large));
        }
        let last = log.last_id();
        assert_eq!(events_after(&log, last - 1).len(), 1);
        assert!(matches!(log.after(last - 2, 9), Recent::OnDisk(first) if first == last));
    }

    #[test]
    fn ids_rise_and_never_fall() {
        let log = EventLog::new(Timestamp::from_millis(1_000).unwrap());
        log.push(&event("a"));
        log.raise(5_000_000);
        log.raise(7);
        log.push(&event("b"));
        assert_eq!(log.last_id(), 5_000_001);
        assert_eq!(events_after(&log, 5_000_000).len(), 1);
    }
}
