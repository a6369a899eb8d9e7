//! Decides when to ask V8 to collect the page's garbage.
//!
//! V8 collects little in an idle page. After thousands of messages in a row it keeps their garbage,
//! over 100 MiB, permanently. With a few messages every second all day long, garbage piles up as
//! well. On request V8 frees it within a moment, and the moments are chosen so that usually no
//! caller is waiting.

/// Number of page events after which a collection is worthwhile.
const ENOUGH: u64 = 200;
/// Number of page events that forces a collection, since a busy page may never be quiet.
const PLENTY: u64 = 5_000;

/// A schedule that counts page events between heartbeats to decide when to collect next.
#[derive(Clone, Copy, Debug)]
pub(super) struct GcSchedule {
    /// Events since the last collection.
    events: u64,
    /// The event count at the last heartbeat.
    at_last_beat: Option<u64>,
}

impl Default for GcSchedule {
    /// Creates the schedule of a freshly loaded page, whose start alone leaves enough garbage.
    fn default() -> Self {
        Self {
            events: ENOUGH,
            at_last_beat: None,
        }
    }
}

impl GcSchedule {
    /// Counts one event of the page.
    pub(super) fn note_event(&mut self) {
        self.events += 1;
    }

    /// Returns whether to collect now: `ENOUGH` events occurred and none of them since the previous
    /// heartbeat, or `PLENTY` occurred.
    pub(super) fn on_heartbeat(&mut self) -> bool {
        let quiet = self.at_last_beat.replace(self.events) == Some(self.events);
        let due = (quiet && self.events >= ENOUGH) || self.events >= PLENTY;
        if due {
            self.events = 0;
            self.at_last_beat = Some(0);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gc_runs_after_the_start_and_after_each_burst() {
        let mut page = GcSchedule::default();
        assert_eq!(
            [
                page.on_heartbeat(),
                page.on_heartbeat(),
                page.on_heartbeat()
            ],
            [false, true, false]
        );
        for _ in 0..ENOUGH {
            page.note_event();
        }
        assert!(!page.on_heartbeat(), "it may go on");
        page.note_event();
        assert!(!page.on_heartbeat());
        assert!(page.on_heartbeat());
        for _ in 1..ENOUGH {
            page.note_event();
        }
        assert_eq!(
            [page.on_heartbeat(), page.on_heartbeat()],
            [false, false],
            "too little"
        );
        for _ in ENOUGH..=PLENTY {
            page.note_event();
        }
        assert!(page.on_heartbeat(), "however busy it is");
    }
}
