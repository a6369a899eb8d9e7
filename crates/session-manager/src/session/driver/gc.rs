//! When the page is asked to give back what it does not need any more.
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
pub(super) struct Tidiness {
    /// Events since it was tidied.
    told: u64,
    /// As many were there at the last heartbeat.
    at_last_beat: Option<u64>,
}

impl Default for Tidiness {
    /// A page that came up: its start alone leaves enough.
    fn default() -> Self {
        Self {
            told: ENOUGH,
            at_last_beat: None,
        }
    }
}

impl Tidiness {
    /// The page told something.
    pub(super) fn told(&mut self) {
        self.told += 1;
    }

    /// A heartbeat: gives whether to tidy now, which is when enough happened,
    /// and nothing since the heartbeat before, or when plenty did.
    pub(super) fn beat(&mut self) -> bool {
        let quiet = self.at_last_beat.replace(self.told) == Some(self.told);
        let due = (quiet && self.told >= ENOUGH) || self.told >= PLENTY;
        if due {
            self.told = 0;
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
        let mut page = Tidiness::default();
        assert_eq!(
            [page.beat(), page.beat(), page.beat()],
            [false, true, false]
        );
        for _ in 0..ENOUGH {
            page.told();
        }
        assert!(!page.beat(), "it may go on");
        page.told();
        assert!(!page.beat());
        assert!(page.beat());
        for _ in 1..ENOUGH {
            page.told();
        }
        assert_eq!([page.beat(), page.beat()], [false, false], "too little");
        for _ in ENOUGH..=PLENTY {
            page.told();
        }
        assert!(page.beat(), "however busy it is");
    }
}
