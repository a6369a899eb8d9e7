//! The command-line options of `doctor`.

use clap::Args;

use super::{DoctorReport, EnvironmentOf};

/// Output format of `doctor`, and the process that it checks.
#[derive(Debug, Args)]
pub struct Options {
    /// Output as JSON.
    #[arg(long)]
    pub json: bool,
    /// Mend what can be mended safely: who may read folders and files.
    #[arg(long)]
    pub fix: bool,
    /// Judge the variables of this process, where several run.
    #[arg(long, value_name = "PID", conflicts_with = "here")]
    pid: Option<i32>,
    /// Check this shell's variables, whether or not the service runs.
    #[arg(long)]
    here: bool,
}

impl Options {
    /// Returns the report, after mending what `--fix` asks for.
    #[must_use]
    pub fn finish(&self, report: DoctorReport) -> DoctorReport {
        if self.fix { report.fix() } else { report }
    }

    /// Returns which process's environment the options select.
    pub const fn environment_of(&self) -> EnvironmentOf {
        match self.pid {
            Some(pid) => EnvironmentOf::Pid(pid),
            None if self.here => EnvironmentOf::Here,
            None => EnvironmentOf::Running,
        }
    }
}
