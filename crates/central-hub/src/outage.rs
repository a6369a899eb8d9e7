//! Logs that session-manager is unreachable: immediately, then once a minute
//! with the number of attempts.
//!
//! The wording is that of the Node hub: `[whatsapp-proxy] Error: fetch failed`,
//! followed by the system's name of the error, such as `ECONNREFUSED`.

use std::time::{Duration, Instant};

/// The interval between two log lines of one outage.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// The current outage, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Outage(Option<Ongoing>);

#[derive(Debug)]
struct Ongoing {
    since: Instant,
    at: Instant,
    tries: u64,
}

impl Outage {
    /// Counts another failed attempt. Returns the line to log if one is due.
    pub(crate) fn failed(&mut self, why: &str, now: Instant) -> Option<String> {
        let line = |rest: &str| format!("[whatsapp-proxy] Error: fetch failed: {why}{rest}");
        let Some(told) = &mut self.0 else {
            self.0 = Some(Ongoing {
                since: now,
                at: now,
                tries: 1,
            });
            return Some(line(""));
        };
        told.tries += 1;
        if now.duration_since(told.at) < LOG_INTERVAL {
            return None;
        }
        told.at = now;
        let (tries, seconds) = (told.tries, now.duration_since(told.since).as_secs());
        Some(line(&format!(" ({tries} tries in {seconds} s)")))
    }

    /// Ends the outage and returns how long it lasted, if there was one.
    pub(crate) fn end(&mut self, now: Instant) -> Option<Duration> {
        let told = self.0.take()?;
        Some(now.duration_since(told.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_at_once_and_then_once_a_minute() {
        let mut outage = Outage::default();
        let begin = Instant::now();
        let why = "ECONNREFUSED: Connection refused (os error 111)";
        let first = outage.failed(why, begin).unwrap();
        assert_eq!(
            first,
            format!("[whatsapp-proxy] Error: fetch failed: {why}")
        );
        for second in 1..60 {
            assert_eq!(
                outage.failed(why, begin + Duration::from_secs(second)),
                None
            );
        }
        let later = outage.failed(why, begin + LOG_INTERVAL).unwrap();
        assert!(later.ends_with(" (61 tries in 60 s)"), "{later}");
        assert_eq!(outage.failed(why, begin + LOG_INTERVAL), None);
        assert_eq!(outage.end(begin + LOG_INTERVAL), Some(LOG_INTERVAL));
        assert_eq!(outage.end(begin + LOG_INTERVAL), None);
        assert!(outage.failed(why, begin + LOG_INTERVAL).is_some());
    }
}
