//! The abuse run: clients that are slow, silent, greedy or hostile, against the
//! real binaries, one attack after the other.
//!
//! ```text
//!  session-manager, central-hub <── attack ──> answers, by status ─┐
//!        ^    ^                                                    │
//!        │    └── GET /health, again and again: how long ──────────┼─> Row ─> held, or what broke
//!        └─────── /proc: memory, descriptors ──────────────────────┘
//! ```
//!
//! Loopback alone, bounded in count and in time. What each attack may be
//! answered, and what a service may take meanwhile, is its table.

mod attacks;
mod client;
mod flood;
mod stage;
mod verdict;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub use stage::run;

/// What the attacks are called.
#[must_use]
pub fn names() -> Vec<&'static str> {
    attacks::ALL.iter().map(|attack| attack.name).collect()
}

/// How a run goes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The amount of the run in the tests, and times of a busy machine.
    pub short: bool,
    /// Only attacks whose name has this in it.
    pub only: Option<String>,
    /// Where the hub keeps what it remembers.
    pub engine: Engine,
    /// How many hubs share the database; more than one share a PostgreSQL.
    pub hubs: usize,
    /// Whether the hubs are attacked through nginx, as `deploy/nginx` has it.
    pub nginx: bool,
    /// A hub that runs already, in the place of all that would be started.
    pub running: Option<Running>,
}

/// A database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    #[default]
    Sqlite,
    /// A server.
    Postgres,
}

/// A hub that runs already.
#[derive(Clone)]
pub struct Running {
    /// `127.0.0.1:PORT`
    pub address: String,
    /// Its process.
    pub pid: i32,
    /// Its administrator's password.
    pub password: String,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("address", &self.address)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// So many of something: the second number in a short run.
    pub(crate) const fn amount(&self, long: usize, short: usize) -> usize {
        if self.short { short } else { long }
    }

    /// The longest that half of the health checks may take in an attack.
    pub(crate) const fn health_limit(&self) -> Duration {
        // On a busy machine only that it is answered at all.
        Duration::from_millis(if self.short { 9_000 } else { 100 })
    }
}

/// What came of one attack on one service.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was done.
    pub attack: &'static str,
    /// To whom.
    pub service: &'static str,
    /// How often each status was answered; 0 is a close without a word.
    pub answers: BTreeMap<u16, usize>,
    /// The median and the longest of the health checks meanwhile.
    pub health: (Duration, Duration),
    /// How much more memory it took at the most, in MiB.
    pub memory: u64,
    /// How many descriptors it had open at the most.
    pub descriptors: u64,
    /// What left its table.
    pub broken: Vec<String>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers: Vec<_> = self
            .answers
            .iter()
            .map(|(status, count)| match status {
                0 => format!("{count} closed"),
                status => format!("{count} × {status}"),
            })
            .collect();
        write!(
            f,
            "| {} | {} | {} | {} ms, {} ms | {} MiB | {} |",
            self.attack,
            self.service,
            answers.join(", "),
            self.health.0.as_millis(),
            self.health.1.as_millis(),
            self.memory,
            self.descriptors
        )
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The median health check of each service without an attack.
    pub calm: Vec<(&'static str, Duration)>,
    /// Each attack.
    pub rows: Vec<Row>,
}

impl Outcome {
    /// All that left its table.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let of = |row: &Row| {
            let (attack, service) = (row.attack, row.service);
            let broken = row.broken.iter();
            broken
                .map(|what| format!("{attack}, {service}: {what}"))
                .collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(of).collect()
    }
}
