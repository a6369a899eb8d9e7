//! Computes the figures of a run, and shows them as a table.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::plan::{ClientBehavior, Target};
use super::record::{Memory, Message, Outcome, Record};

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
    /// Changes that contacts made to messages.
    pub contact_changes: usize,
    /// Edits and deletions of sent messages, those of them that were requested from the hub, and
    /// requests for all of them.
    pub own_changes: (usize, usize, usize),
    /// The published events by service: number of `message` and `call` events, of events of changes,
    /// of `ack` events, and of reconnects of the listener.
    pub messages: BTreeMap<String, (usize, usize, usize, u32)>,
    /// Messages in the hub's history.
    pub hub_history: usize,
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
    pub max: u64,
}

impl Spread {
    fn from(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let at = |hundredths: usize| {
            let place = (times.len() * hundredths).div_ceil(100).max(1) - 1;
            times.get(place).copied().unwrap_or_default()
        };
        Self {
            p50: at(50),
            p99: at(99),
            max: at(100),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p99, max } = self;
        write!(f, "p50 {p50} ms, p99 {p99} ms, longest {max} ms")
    }
}

impl Figures {
    /// Computes the figures of a record.
    #[must_use]
    pub fn from(record: &Record) -> Self {
        let messages = &record.messages;
        let count_where =
            |matches: fn(&Message) -> bool| messages.iter().filter(|m| matches(m)).count();
        let responses = || messages.iter().flat_map(|message| &message.responses);
        let mut refusals = BTreeMap::new();
        for answer in responses().filter(|answer| answer.status != Some(200)) {
            *refusals.entry(answer.code.clone()).or_insert(0) += 1;
        }
        let mut faults = BTreeMap::new();
        for fault in &record.injected {
            let (planned, hit) = faults.entry(fault.action.name()).or_insert((0, 0));
            *planned += 1;
            *hit += usize::from(fault.hit);
        }
        let response_times = responses().filter(|answer| answer.status == Some(200));
        let accepted = messages.iter().filter_map(|message| match message.outcome {
            Outcome::Accepted { at_ms } => Some(at_ms.saturating_sub(message.requested_ms)),
            _ => None,
        });
        let through_hub = record.own_changes.iter();
        let through_hub = through_hub.filter(|change| change.target == Target::Hub);
        Self {
            asked: messages.len(),
            accepted: count_where(|m| matches!(m.outcome, Outcome::Accepted { .. })),
            given_up: count_where(|m| m.outcome == Outcome::GivenUp),
            nobody: count_where(|m| m.behavior == ClientBehavior::NotOnWhatsapp),
            at_phone: record.phone.len(),
            requests: responses().count(),
            refusals,
            settled: count_where(was_open),
            dropped_by_server: record.dropped_by_server,
            kills: record
                .injected
                .iter()
                .filter(|fault| fault.hit && fault.action.is_kill())
                .count(),
            faults,
            starts: record.starts.clone(),
            request_ms: Spread::from(response_times.map(|answer| answer.took_ms).collect()),
            accepted_ms: Spread::from(accepted.collect()),
            recovery_ms: Spread::from(recoveries(record)),
            ready_percent: ready_percent(record),
            written: record.written.len(),
            contact_changes: record.contact_changes.len(),
            own_changes: (
                record.own_changes.len(),
                through_hub.count(),
                record.own_changes.iter().map(|it| it.responses.len()).sum(),
            ),
            hub_history: record.hub_history.len(),
            messages: record
                .events_by_service
                .iter()
                .map(|(name, ear)| {
                    let messages = ear.messages.len() + ear.calls.len();
                    let counts = (messages, ear.changes.len(), ear.acks.len(), ear.reconnects);
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
    matches!(message.outcome, Outcome::Accepted { .. })
        && message.responses.iter().any(|answer| {
            answer.status == Some(504)
                || (answer.status.is_none() && answer.code != "no connection")
        })
}

/// Returns the time to READY after each fault that ended the READY state. A loss after the next
/// fault began counts for that fault. Delays by faults before the recovery are included.
fn recoveries(record: &Record) -> Vec<u64> {
    let states = &record.states;
    let mut injected: Vec<_> = record
        .injected
        .iter()
        .filter(|fault| fault.hit && fault.action.can_end_ready())
        .collect();
    injected.sort_by_key(|fault| fault.at_ms);
    let next = injected.iter().skip(1).map(|fault| fault.at_ms);
    let until = next.chain([u64::MAX]);
    injected
        .iter()
        .zip(until)
        .filter_map(|(fault, next)| {
            let until = next.min(fault.end_ms + NOTICED_WITHIN_MS);
            let lost = states
                .iter()
                .position(|(at, state)| state != "READY" && (fault.at_ms..until).contains(at))?;
            let recovery = states[lost..]
                .iter()
                .find(|(at, state)| state == "READY" && *at >= fault.end_ms)?;
            Some(recovery.0 - fault.end_ms)
        })
        .collect()
}

fn ready_percent(record: &Record) -> u64 {
    let intervals = record.states.windows(2);
    let (mut ready, mut total) = (0, 0);
    for pair in intervals {
        let time = pair[1].0 - pair[0].0;
        total += time;
        if pair[0].1 == "READY" {
            ready += time;
        }
    }
    (ready * 100).checked_div(total).unwrap_or(100)
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, text: String| writeln!(f, "  {name:<26} {text}");
        row("requested messages", self.asked.to_string())?;
        row("  accepted (200)", self.accepted.to_string())?;
        row("  given up, not sent", self.given_up.to_string())?;
        row("  to no WhatsApp number", self.nobody.to_string())?;
        row("at WhatsApp's server", self.at_phone.to_string())?;
        row(
            "  duplicate ids dropped",
            self.dropped_by_server.to_string(),
        )?;
        row("unknown, then accepted", self.settled.to_string())?;
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
                format!("{hit}, and {missed} found no target")
            };
            row(&format!("  {name}"), text)?;
        }
        for (name, starts) in &self.starts {
            row(&format!("starts of {name}"), starts.to_string())?;
        }
        row("requests with a 200", self.request_ms.to_string())?;
        row("first request to 200", self.accepted_ms.to_string())?;
        row("back to READY", self.recovery_ms.to_string())?;
        row("READY", format!("{} % of the time", self.ready_percent))?;
        row("inbound messages", self.written.to_string())?;
        row("changes by contacts", self.contact_changes.to_string())?;
        let (changes, through_hub, requests) = self.own_changes;
        row(
            "own edits and deletions",
            format!("{changes}, {through_hub} of them through the hub, in {requests} requests"),
        )?;
        for (name, (messages, changes, acks, reconnects)) in &self.messages {
            let text = format!(
                "{messages}, {changes} changes and {acks} acks; its listener reconnected {reconnects} times"
            );
            row(&format!("  published by {name}"), text)?;
        }
        row("in the hub's history", self.hub_history.to_string())?;
        for memory in &self.memory {
            let mib = |kib: u64| format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024);
            let text = format!(
                "{} before, {} after (over the run {} to {})",
                mib(memory.before_kib),
                mib(memory.after_kib),
                mib(memory.range_kib.0),
                mib(memory.range_kib.1)
            );
            row(&format!("memory of {}", memory.process), text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Action;
    use crate::record::InjectedFault;

    #[test]
    fn spread_has_the_percentiles() {
        let spread = Spread::from((1..=200).rev().collect());
        assert_eq!((spread.p50, spread.p99, spread.max), (100, 198, 200));
        assert_eq!(Spread::from(vec![7]).p99, 7);
        assert_eq!(Spread::from(Vec::new()), Spread::default());
    }

    #[test]
    fn recovery_is_from_the_end_of_a_fault_to_ready() {
        let state = |at, state: &str| (at, state.to_owned());
        let fault = |at_ms, end_ms, action| InjectedFault {
            at_ms,
            end_ms,
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
            injected: vec![
                fault(1_000, 1_000, Action::KillChrome),
                fault(10_000, 15_000, Action::CutNetwork(5_000)),
                fault(9_000, 9_000, Action::KillHub),
                fault(59_000, 59_000, Action::KillChromedriver),
            ],
            ..Record::default()
        };
        assert_eq!(recoveries(&record), [2_000, 200]);
        assert_eq!(ready_percent(&record), 88);
    }
}
