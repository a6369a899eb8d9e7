//! The product beside what a user would pick instead, in one run and in turns
//! on the same stand-in.
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
mod instant;
mod measure;
mod report;
mod stats;
mod turn;
mod weigh;

pub use chart::draw;
pub use contestant::Contestant;
pub use measure::{Measure, Samples, Target};
pub use report::{Own, Report, Row};
pub use stats::{median, ms, percentile};
pub use turn::SERVER_ACK;
pub use weigh::{Weight, processor_time_of, tree_processor_time, weight};

use turn::Turn;

/// What can be measured on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// From the start of the process to listening, to the code, to READY.
    Launch,
    /// Sends one after the other.
    Send,
    /// Sends of many callers.
    Rate,
    /// From the phone to a listener of the events.
    Inbound,
    /// Memory, processes and processor time when nothing happens.
    Idle,
    /// Memory after 10,000 messages out and 10,000 in.
    Growth,
    /// The hub on its own, its page, and the binaries' sizes.
    Hub,
    /// 2,000 chats with 100 messages each that nobody was told of; minutes, so
    /// only when it is named.
    Absence,
    /// A build from nothing; minutes, so only when it is named.
    Build,
}

impl Part {
    /// What is measured of two, in turns.
    fn is_of_both(self) -> bool {
        !matches!(self, Self::Hub | Self::Absence | Self::Build)
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// How often each of the two has its turn.
    pub rounds: usize,
    /// Messages of a turn, one after the other.
    pub sends: usize,
    /// Messages out, and as many in, for growth.
    pub growth: usize,
}

/// Runs all of `parts` with each of `who`; `say` is told how far it is.
pub async fn run(parts: &[Part], who: &[Contestant], amount: Amount, say: impl Fn(&str)) -> Report {
    let mut samples = Samples::default();
    let mut own = Vec::new();
    if parts.contains(&Part::Hub) {
        own.extend(hub::run(|what| say(&format!("the hub: {what}"))).await);
        own.extend(build::sizes());
    }
    if parts.contains(&Part::Absence) {
        own.extend(absence::run(|what| say(&format!("an absence: {what}"))).await);
    }
    if parts.contains(&Part::Build) {
        say("a build from nothing");
        own.push(build::cold().await);
    }
    let parts: Vec<Part> = parts
        .iter()
        .copied()
        .filter(|part| part.is_of_both())
        .collect();
    let rounds = if parts.is_empty() { 0 } else { amount.rounds };
    for round in 1..=rounds {
        // Whoever comes second finds the machine's caches warm: by turns.
        let mut order = who.to_vec();
        if round % 2 == 0 {
            order.reverse();
        }
        // Growth takes minutes, and moves little from one round to the next.
        let parts: Vec<Part> = parts
            .iter()
            .copied()
            .filter(|part| *part != Part::Growth || round == 1)
            .collect();
        for who in order {
            let turn = Turn {
                who,
                parts: &parts,
                amount: &amount,
            };
            let name = who.name();
            turn.run(&mut samples, |what| {
                say(&format!(
                    "round {round} of {}, {name}: {what}",
                    amount.rounds
                ));
            })
            .await;
        }
    }
    Report::of(&samples, own, amount)
}
