//! Computes the figures of a run, and shows them as a table.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::plan::Manner;
use super::record::{Fate, Memory, Message, Record};

/// A recovery later than this after the end of a fault does not belong to the fault.
const NOTICED_WITHIN_MS: u64 = 30_000;

/// The figures of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// Number of requested messages.
    pub asked: usize,
    /// Messages with a 200 response.
    pub accepted: usize,
    /// Messages given up because they were certainly not sent.
    pub given_up: usize,
    /// Messages to numbers without WhatsApp.
    pub nobody: usize,
    /// Messages at WhatsApp's server.
    pub at_phone: usize,
    /// Number of requests, and of those beyond the first for a message.
    pub requests: usize,
    /// Responses other than 200, by code.
    pub refusals: BTreeMap<String, usize>,
    /// Messages whose outcome was unknown at some point, and that were accepted in the end.
    pub settled: usize,
    /// Number of ids that the server received again and dropped.
    pub dropped_by_server: u64,
    /// Number of `kill -9` signals that hit a process.
    pub kills: usize,
    /// The faults by name: how many were planned, and how many hit.
    pub faults: BTreeMap<&'static str, (usize, usize)>,
    /// Starts of each service.
    pub starts: BTreeMap<String, u32>,
    /// Latency of requests with a 200 response.
    pub request_ms: Spread,
    /// Time from the first request for a message to its 200.
    pub accepted_ms: Spread,
    /// Time from a kill, or the end of a lasting fault, to READY.
    pub recovery_ms: Spread,
    /// Percentage of the time in which the session was READY.
    pub ready_percent: u64,
    /// Messages written to the account.
    pub written: usize,
    /// The published events by service: number of `message` events, of `ack` events, and of
    /// reconnects of the listener.
    pub told: BTreeMap<String, (usize, usize, u32)>,
    /// Memory by process.
    pub memory: Vec<Memory>,
}

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The median.
    pub p50: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The maximum.
    pub most: u64,
}

impl Spread {
    fn of(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let at = |hundredths: usize| {
            let place = (times.len() * hundredths).div_ceil(100).max(1) - 1;
            times.get(place).copied().unwrap_or_default()
        };
        Self {
            p50: at(50),
            p99: at(99),
            most: at(100),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p99, most } = self;
        write!(f, "p50 {p50} ms, p99 {p99} ms, longest {most} ms")
    }
}

impl Figures {
    /// Computes the figures of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let messages = &record.messages;
        let with = |is: fn(&Message) -> bool| messages.iter().filter(|m| is(m)).count();
        let answers = || messages.iter().flat_map(|message| &message.answers);
        let mut refusals = BTreeMap::new();
        for answer in answers().filter(|answer| answer.status != Some(200)) {
            *refusals.entry(answer.code.clone()).or_insert(0) += 1;
        }
        let mut faults = BTreeMap::new();
        for struck in &record.struck {
            let (planned, hit) = faults.entry(struck.action.name()).or_insert((0, 0));
            *planned += 1;
            *hit += usize::from(struck.hit);
        }
        let took = answers().filter(|answer| answer.status == Some(200));
        let accepted = messages.iter().filter_map(|message| match message.fate {
            Fate::Accepted { at_ms } => Some(at_ms.saturating_sub(message.asked_ms)),
            _ => None,
        });
        Self {
            asked: messages.len(),
            accepted: with(|m| matches!(m.fate, Fate::Accepted { .. })),
            given_up: with(|m| m.fate == Fate::GivenUp),
            nobody: with(|m| m.manner == Manner::Nobody),
            at_phone: record.phone.len(),
            requests: answers().count(),
            refusals,
            settled: with(was_open),
            dropped_by_server: record.dropped_by_server,
            kills: record
                .struck
                .iter()
                .filter(|struck| struck.hit && struck.action.is_kill())
                .count(),
            faults,
            starts: record.starts.clone(),
            request_ms: Spread::of(took.map(|answer| answer.took_ms).collect()),
            accepted_ms: Spread::of(accepted.collect()),
            recovery_ms: Spread::of(recoveries(record)),
            ready_percent: ready_percent(record),
            written: record.written.len(),
            told: record
                .ears
                .iter()
                .map(|(name, ear)| {
                    let counts = (ear.told.len(), ear.acks.len(), ear.reconnects);
                    (name.clone(), counts)
                })
                .collect(),
            memory: record.memory.clone(),
        }
    }
}

/// Returns whether the message was accepted after a response, or the lack of one, that left the
/// outcome open.
fn was_open(message: &Message) -> bool {
    matches!(message.fate, Fate::Accepted { .. })
        && message.answers.iter().any(|answer| {
            answer.status == Some(504)
                || (answer.status.is_none() && answer.code != "no connection")
        })
}

/// Returns the time to READY after each fault that ended the READY state. A loss after the next
/// fault began counts for that fault. Delays by faults before the recovery are included.
fn recoveries(record: &Record) -> Vec<u64> {
    let states = &record.states;
    let mut hits: Vec<_> = record
        .struck
        .iter()
        .filter(|struck| struck.hit && struck.action.hurts_the_session())
        .collect();
    hits.sort_by_key(|struck| struck.at_ms);
    let next = hits.iter().skip(1).map(|struck| struck.at_ms);
    let until = next.chain([u64::MAX]);
    hits.iter()
        .zip(until)
        .filter_map(|(struck, next)| {
            let until = next.min(struck.over_ms + NOTICED_WITHIN_MS);
            let lost = states
                .iter()
                .position(|(at, state)| state != "READY" && (struck.at_ms..until).contains(at))?;
            let back = states[lost..]
                .iter()
                .find(|(at, state)| state == "READY" && *at >= struck.over_ms)?;
            Some(back.0 - struck.over_ms)
        })
        .collect()
}

fn ready_percent(record: &Record) -> u64 {
    let pairs = record.states.windows(2);
    let (mut ready, mut all) = (0, 0);
    for pair in pairs {
        let time = pair[1].0 - pair[0].0;
        all += time;
        if pair[0].1 == "READY" {
            ready += time;
        }
    }
    (ready * 100).checked_div(all).unwrap_or(100)
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, text: String| writeln!(f, "  {name:<26} {text}");
        row("messages asked for", self.asked.to_string())?;
        row("  accepted (200)", self.accepted.to_string())?;
        row("  given up, never sent", self.given_up.to_string())?;
        row("  to numbers without one", self.nobody.to_string())?;
        row("at WhatsApp's server", self.at_phone.to_string())?;
        row("  ids dropped as known", self.dropped_by_server.to_string())?;
        row("unknown, then settled", self.settled.to_string())?;
        row("requests", self.requests.to_string())?;
        for (code, count) in &self.refusals {
            row(&format!("  {code}"), count.to_string())?;
        }
        row("kill -9", self.kills.to_string())?;
        for (name, (planned, hit)) in &self.faults {
            let missed = planned - hit;
            let text = if missed == 0 {
                hit.to_string()
            } else {
                format!("{hit}, and {missed} found nothing to hit")
            };
            row(&format!("  {name}"), text)?;
        }
        for (name, starts) in &self.starts {
            row(&format!("starts of {name}"), starts.to_string())?;
        }
        row("a request that got 200", self.request_ms.to_string())?;
        row("from asking to 200", self.accepted_ms.to_string())?;
        row("back to READY", self.recovery_ms.to_string())?;
        row("READY", format!("{} % of the time", self.ready_percent))?;
        row("messages written to us", self.written.to_string())?;
        for (name, (told, acks, reconnects)) in &self.told {
            let text =
                format!("{told}, and {acks} acks; its listener came back {reconnects} times");
            row(&format!("  told by {name}"), text)?;
        }
        for memory in &self.memory {
            let mib = |kib: u64| format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024);
            let text = format!(
                "{} before, {} after (over the run {} to {})",
                mib(memory.before_kib),
                mib(memory.after_kib),
                mib(memory.seen_kib.0),
                mib(memory.seen_kib.1)
            );
            row(&format!("memory of {}", memory.of), text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Action;
    use crate::record::Struck;

    #[test]
    fn spreads() {
        let spread = Spread::of((1..=200).rev().collect());
        assert_eq!((spread.p50, spread.p99, spread.most), (100, 198, 200));
        assert_eq!(Spread::of(vec![7]).p99, 7);
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }

    #[test]
    fn recovery_is_from_the_end_of_a_fault_to_ready() {
        let state = |at, state: &str| (at, state.to_owned());
        let struck = |at_ms, over_ms, action| Struck {
            at_ms,
            over_ms,
            action,
            hit: true,
        };
        let record = Record {
            states: vec![
                state(0, "READY"),
                state(1_050, "INIT"),
                state(3_000, "READY"),
                state(10_500, "AUTHENTICATED"),
                state(15_200, "READY"),
                state(60_000, "READY"),
            ],
            struck: vec![
                struck(1_000, 1_000, Action::KillChrome),
                struck(10_000, 15_000, Action::CutNetwork(5_000)),
                struck(9_000, 9_000, Action::KillHub),
                struck(59_000, 59_000, Action::KillChromedriver),
            ],
            ..Record::default()
        };
        assert_eq!(recoveries(&record), [2_000, 200]);
        assert_eq!(ready_percent(&record), 88);
    }
}
