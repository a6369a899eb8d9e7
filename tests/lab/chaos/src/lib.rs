//! The chaos run: everything breaks at random, and every message is still
//! there exactly once.
//!
//! ```text
//!  seed ─> Plan ─┬─ kills, troubles ─> Chrome, ChromeDriver, the services,
//!                │                     the page, the network, WhatsApp
//!                ├─ lanes ──> careful callers ─> hub ─> session-manager ─┐
//!                └─ leads ──> phone ─> … ─> /events ─> listener          │
//!                                │                        │              │
//!                             Record <────────────────────┴── answers ───┘
//!                                │
//!                             judge ─> nothing, or what was broken
//! ```
//!
//! The plan is all that the seed decides; how it meets the services' own times
//! differs from run to run.

mod aftermath;
mod clock;
mod draw;
mod faults;
mod inbound;
mod load;
mod plan;
mod record;
mod report;
mod stage;
mod supervise;
mod verdict;
#[cfg(test)]
mod verdict_tests;
mod watch;

use std::io;
use std::path::{Path, PathBuf};

pub use plan::{Action, Amount, Plan, Trouble};
pub use record::Record;
pub use report::Figures;
pub use stage::run;
pub use verdict::{Broken, Violation};

/// How a run goes.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the plan is drawn from.
    pub seed: u64,
    /// How much of everything.
    pub amount: Amount,
    /// Further variables of session-manager.
    pub variables: Vec<(String, String)>,
    /// Where everything is written to; has to be empty.
    pub folder: PathBuf,
}

impl Options {
    /// So many minutes of faults, and the services' own patience.
    #[must_use]
    pub fn minutes(minutes: u64, seed: u64, folder: PathBuf) -> Self {
        Self {
            seed,
            amount: Amount::minutes(minutes),
            variables: Vec::new(),
            folder,
        }
    }

    /// Half a minute of faults, and services with less patience, so that each
    /// of them is over in it.
    #[must_use]
    pub fn short(seed: u64, folder: PathBuf) -> Self {
        let variables = [
            ("SEND_DEADLINE_MS", "4000"),
            ("RESTART_BACKOFF_MS", "50"),
            ("RETRY_SECONDS", "2"),
            ("HEARTBEAT_MS", "1000"),
            ("HEARTBEAT_DEADLINE_MS", "4000"),
        ];
        Self {
            seed,
            amount: Amount::short(),
            variables: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            folder,
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What was to happen.
    pub plan: Plan,
    /// What happened.
    pub record: Record,
    /// What was broken; nothing, if all went well.
    pub violations: Vec<Violation>,
    /// In numbers.
    pub figures: Figures,
}

impl Outcome {
    /// Writes all there is to find out why into `to`: the record, and the logs
    /// and the ledger of the run in `folder`.
    ///
    /// # Errors
    /// Something cannot be written.
    pub fn keep(&self, folder: &Path, to: &Path) -> io::Result<()> {
        std::fs::create_dir_all(to)?;
        let all = serde_json::json!({
            "violations": self.violations,
            "figures": self.figures,
            "plan": self.plan,
            "record": self.record,
        });
        std::fs::write(to.join("record.json"), serde_json::to_vec_pretty(&all)?)?;
        let manager = folder.join(aftermath::MANAGER);
        for from in [manager.join("data"), manager, folder.join(aftermath::HUB)] {
            for file in std::fs::read_dir(from)?.flatten() {
                let name = file.file_name();
                let wanted = [".log", ".db", ".db-wal", ".db-shm"];
                if wanted
                    .iter()
                    .any(|end| name.to_string_lossy().ends_with(end))
                {
                    std::fs::copy(file.path(), to.join(name))?;
                }
            }
        }
        Ok(())
    }
}
