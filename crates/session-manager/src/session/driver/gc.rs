//! Garbage collection of the page: when V8 is asked to collect.
//!
//! V8 collects little in a page where nothing happens: after thousands of
//! messages in a row it keeps their garbage, over a hundred MiB, for good; and
//! where a few come every second, the whole day, it lets it pile up. Asked for
//! it, it gives it back within a moment, in which nobody waits as a rule.

/// So many events of the page leave something worth collecting.
const ENOUGH: u64 = 200;
/// So many are not kept waiting for a quiet moment, which may never come.
const PLENTY: u64 = 5_000;

/// What the page of this browser told, as heartbeats see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct GcSchedule {
    /// Events since it was tidied.
    events: u64,
    /// As many were there at the last heartbeat.
    at_last_beat: Option<u64>,
}

impl Default for GcSchedule {
    /// A page that came up: its start alone leaves enough.
    fn default() -> Self {
        Self {
            events: ENOUGH,
            at_last_beat: None,
        }
    }
}

impl GcSchedule {
    /// The page told something.
    pub(super) fn note_event(&mut self) {
        self.events += 1;
    }

    /// A heartbeat: gives whether to tidy now, which is when enough happened,
    /// and nothing since the heartbeat before, or when plenty did.
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
    fn once_after_the_start_and_after_every_burst_that_is_over() {
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
