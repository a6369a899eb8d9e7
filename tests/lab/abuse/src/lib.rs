//! Runs the abuse test: slow, silent, greedy or hostile clients against the real binaries, one
//! attack after another.
//!
//! ```text
//!  session-manager, central-hub <── attack ──> statuses ───────────┐
//!        ^    ^                                                    │
//!        │    └── GET /health, repeatedly: latency ────────────────┼─> Row ─> exceeded limits
//!        └─────── /proc: memory, descriptors ──────────────────────┘
//! ```
//!
//! The test uses only loopback, with a bounded number of requests and a time limit. Each attack has
//! a list of allowed responses, and limits on the resources that a service may use.

mod attacks;
mod client;
mod flood;
mod stage;
mod verdict;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub use stage::run;

/// Returns the names of all attacks.
#[must_use]
pub fn names() -> Vec<&'static str> {
    attacks::ALL.iter().map(|attack| attack.name).collect()
}

/// Options of a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether this is a short run for tests, with fewer requests and with limits for a busy
    /// machine.
    pub short: bool,
    /// Run only the attacks whose names contain this text.
    pub only: Option<String>,
    /// The database of the hub.
    pub engine: Engine,
    /// Number of hubs that share the database. More than one share a PostgreSQL.
    pub hubs: usize,
    /// Whether the hubs are attacked through nginx, configured as in
    /// `deploy/nginx`.
    pub nginx: bool,
    /// A running pair to attack; `None` to start new services.
    pub running: Option<RunningPair>,
}

/// A database engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, in a file.
    #[default]
    Sqlite,
    /// PostgreSQL, on a server.
    Postgres,
}

/// A running pair: for each service its address, as `HOST:PORT`, and its pid.
#[derive(Clone)]
pub struct RunningPair {
    /// The hub.
    pub hub: (String, i32),
    /// The password of the hub's administrator.
    pub password: String,
    /// The session-manager.
    pub manager: (String, i32),
    /// The token, `SESSION_MANAGER_TOKEN`.
    pub token: String,
}

impl fmt::Debug for RunningPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningPair")
            .field("hub", &self.hub)
            .field("manager", &self.manager)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Returns the amount of an attack: `short` in a short run, `long` otherwise.
    pub(crate) const fn amount(&self, long: usize, short: usize) -> usize {
        if self.short { short } else { long }
    }

    /// Returns the limit on the median latency of the health checks during an attack.
    pub(crate) const fn health_limit(&self) -> Duration {
        // On a busy machine any response is fast enough.
        Duration::from_millis(if self.short { 9_000 } else { 100 })
    }
}

/// Result of one attack on one service.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the attack.
    pub attack: &'static str,
    /// The attacked service.
    pub service: &'static str,
    /// Number of responses by status; 0 stands for a connection closed without a response.
    pub responses: BTreeMap<u16, usize>,
    /// Median and maximum latency of the health checks during the attack.
    pub health: (Duration, Duration),
    /// Peak memory growth, in MiB.
    pub memory: u64,
    /// Peak number of open descriptors.
    pub descriptors: u64,
    /// Limits that were exceeded.
    pub violations: Vec<String>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let responses: Vec<_> = self
            .responses
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
            responses.join(", "),
            self.health.0.as_millis(),
            self.health.1.as_millis(),
            self.memory,
            self.descriptors
        )
    }
}

/// Result of a run.
#[derive(Clone, Debug)]
pub struct AbuseResult {
    /// Median latency of the health checks without an attack, by service.
    pub baseline_health: Vec<(&'static str, Duration)>,
    /// One row for each attack and service.
    pub rows: Vec<Row>,
}

impl AbuseResult {
    /// Returns all exceeded limits, with attack and service.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let violations_of = |row: &Row| {
            let (attack, service) = (row.attack, row.service);
            let violations = row.violations.iter();
            violations
                .map(|violation| format!("{attack}, {service}: {violation}"))
                .collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(violations_of).collect()
    }
}
