//! Runs the chaos test: everything breaks at random, and every message still arrives exactly once.
//!
//! ```text
//!  seed ─> Plan ─┬─ kills, troubles ─> Chrome, ChromeDriver, the services,
//!                │                     the page, the network, WhatsApp
//!                ├─ lanes ──> careful callers ─> hub ─> session-manager ─┐
//!                └─ leads ──> phone ─> … ─> /events ─> listener          │
//!                                │                        │              │
//!                             Record <────────────────────┴── responses ─┘
//!                                │
//!                             judge ─> violations
//! ```
//!
//! The seed determines only the plan. Its timing relative to the services differs from run to run.

mod change_verdict;
mod clock;
mod faults;
mod final_state;
mod hub_history;
mod inbound;
mod load;
mod operator;
mod own_changes;
mod plan;
mod random_plan;
mod record;
mod relink;
mod report;
mod stage;
mod supervisor;
mod verdict;
#[cfg(test)]
mod verdict_tests;

use std::io;
use std::path::{Path, PathBuf};

pub use plan::{Action, Amount, Arrival, Plan, SendFailure};
pub use record::Record;
pub use report::Figures;
pub use stage::run;
pub use verdict::{Violation, ViolationKind};

/// Options of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed of the plan.
    pub seed: u64,
    /// The amount of load and faults.
    pub amount: Amount,
    /// Additional variables of session-manager.
    pub variables: Vec<(String, String)>,
    /// The output folder, which must be empty.
    pub folder: PathBuf,
}

impl Options {
    /// Returns options for this number of minutes, with the services' default timeouts, except
    /// those that would outlast their fault.
    #[must_use]
    pub fn minutes(minutes: u64, seed: u64, folder: PathBuf) -> Self {
        let variables = [
            ("SYNC_PATIENCE_SECONDS", "5"),
            ("DELIVERY_PATIENCE_SECONDS", "3"),
        ];
        Self {
            seed,
            amount: Amount::minutes(minutes),
            variables: to_owned_pairs(&variables),
            folder,
        }
    }

    /// Returns options for half a minute of faults, with shorter timeouts, so that each of them
    /// expires within that time.
    #[must_use]
    pub fn short(seed: u64, folder: PathBuf) -> Self {
        let variables = [
            ("SEND_DEADLINE_MS", "4000"),
            ("RESTART_BACKOFF_MS", "50"),
            ("RETRY_SECONDS", "2"),
            ("HEARTBEAT_MS", "1000"),
            ("HEARTBEAT_DEADLINE_MS", "4000"),
            ("SYNC_PATIENCE_SECONDS", "1"),
            ("DELIVERY_PATIENCE_SECONDS", "1"),
        ];
        Self {
            seed,
            amount: Amount::short(),
            variables: to_owned_pairs(&variables),
            folder,
        }
    }
}

fn to_owned_pairs(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let to_owned_pairs = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    variables.iter().map(to_owned_pairs).collect()
}

/// Result of a run.
#[derive(Debug)]
pub struct ChaosResult {
    /// The plan.
    pub plan: Plan,
    /// The record of what happened.
    pub record: Record,
    /// The guarantees that were violated; empty on success.
    pub violations: Vec<Violation>,
    /// The figures.
    pub figures: Figures,
}

impl ChaosResult {
    /// Writes all data for debugging into `to`: the record, and the logs and the ledger of the run
    /// in `folder`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn keep(&self, folder: &Path, destination: &Path) -> io::Result<()> {
        std::fs::create_dir_all(destination)?;
        let record = serde_json::json!({
            "violations": self.violations,
            "figures": self.figures,
            "plan": self.plan,
            "record": self.record,
        });
        std::fs::write(
            destination.join("record.json"),
            serde_json::to_vec_pretty(&record)?,
        )?;
        let manager = folder.join(final_state::MANAGER);
        for source in [manager.join("data"), manager, folder.join(final_state::HUB)] {
            for file in std::fs::read_dir(source)?.flatten() {
                let name = file.file_name();
                let extensions = [".log", ".db", ".db-wal", ".db-shm"];
                if extensions
                    .iter()
                    .any(|extension| name.to_string_lossy().ends_with(extension))
                {
                    std::fs::copy(file.path(), destination.join(name))?;
                }
            }
        }
        Ok(())
    }
}
