//! Benchmarks the product against the usual alternative. Both take turns in one run, on the same
//! stand-in.
//!
//! ```text
//!  round 1: session-manager ─> whatsapp-web.js
//!  round 2: whatsapp-web.js ─> session-manager      figures: of all samples
//!  …                                                of all rounds
//! ```

mod absence;
mod build;
mod chart;
mod contestant;
mod hub;
mod instant_session_manager;
mod measure;
mod memory;
mod report;
mod stats;
mod turn;

pub use chart::draw;
pub use contestant::Contestant;
pub use measure::{Measure, Samples, Target};
pub use memory::{
    MemoryUsage, measure_memory, measure_memory_at_rest, process_cpu_time, tree_cpu_time,
};
pub use report::{BenchReport, ProductFigure, Row};
pub use stats::{median, ms, percentile};
pub use turn::SERVER_ACK;

use turn::Turn;

/// A part of the benchmark that can be run separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Time from the process start to listening, to the QR code, and to READY.
    Launch,
    /// Latency of sends, one after the other.
    Send,
    /// Throughput of many concurrent callers.
    Rate,
    /// Latency from the phone to an event client.
    Inbound,
    /// Memory, processes and CPU time at rest.
    Idle,
    /// Memory growth after 10,000 messages out and 10,000 in.
    Growth,
    /// The hub alone, its page, and the sizes of the binaries.
    Hub,
    /// 2,000 chats with 100 unpublished messages each. It takes minutes, so it runs only if named.
    Absence,
    /// A clean build. It takes minutes, so it runs only if named.
    Build,
}

impl Part {
    /// Returns whether both contestants are measured, in turns.
    fn compares_both(self) -> bool {
        !matches!(self, Self::Hub | Self::Absence | Self::Build)
    }
}

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// Number of turns of each of the two.
    pub rounds: usize,
    /// Messages per turn, one after the other.
    pub sends: usize,
    /// Messages out, and as many in, for the measurement of memory growth.
    pub growth: usize,
}

/// Runs all of `parts` with each of `contestants`, and reports progress to `report`.
pub async fn run(
    parts: &[Part],
    contestants: &[Contestant],
    amount: Amount,
    report: impl Fn(&str),
) -> BenchReport {
    let mut samples = Samples::default();
    let mut own = Vec::new();
    if parts.contains(&Part::Hub) {
        own.extend(hub::run(|what| report(&format!("the hub: {what}"))).await);
        own.extend(build::measure_binary_sizes());
    }
    if parts.contains(&Part::Absence) {
        own.extend(absence::run(|what| report(&format!("an absence: {what}"))).await);
    }
    if parts.contains(&Part::Build) {
        report("a build from nothing");
        own.push(build::measure_clean_build().await);
    }
    let parts: Vec<Part> = parts
        .iter()
        .copied()
        .filter(|part| part.compares_both())
        .collect();
    let rounds = if parts.is_empty() { 0 } else { amount.rounds };
    for round in 1..=rounds {
        // The second contestant finds the machine's caches warm, so the order alternates.
        let mut order = contestants.to_vec();
        if round % 2 == 0 {
            order.reverse();
        }
        // Growth takes minutes, and varies little between rounds.
        let parts: Vec<Part> = parts
            .iter()
            .copied()
            .filter(|part| *part != Part::Growth || round == 1)
            .collect();
        for contestant in order {
            let turn = Turn {
                contestant,
                parts: &parts,
                amount: &amount,
            };
            let name = contestant.name();
            turn.run(&mut samples, |what| {
                report(&format!(
                    "round {round} of {}, {name}: {what}",
                    amount.rounds
                ));
            })
            .await;
        }
    }
    BenchReport::from(&samples, own, amount)
}
