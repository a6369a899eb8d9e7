//! The command-line options of `doctor`.

use clap::Args;

use super::{Report, Whose};

/// How `doctor` looks, and at whom.
#[derive(Debug, Args)]
pub struct Options {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Mend what can be mended safely: who may read folders and files.
    #[arg(long)]
    pub fix: bool,
    /// Judge the variables of this process, where several run.
    #[arg(long, value_name = "PID", conflicts_with = "here")]
    pid: Option<i32>,
    /// Judge this shell's variables, whatever runs.
    #[arg(long)]
    here: bool,
}

impl Options {
    /// The report, mended where that is asked for.
    #[must_use]
    pub fn finish(&self, report: Report) -> Report {
        if self.fix { report.mend() } else { report }
    }

    /// Whose environment is asked for.
    pub const fn whose(&self) -> Whose {
        match self.pid {
            Some(pid) => Whose::Pid(pid),
            None if self.here => Whose::Here,
            None => Whose::Running,
        }
    }
}
