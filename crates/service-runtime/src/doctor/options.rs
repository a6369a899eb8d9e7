//! The command-line options of `doctor`.

use clap::Args;

use super::Whose;

/// Output format of `doctor`, and the process that it checks.
#[derive(Debug, Args)]
pub struct Options {
    /// Output as JSON.
    #[arg(long)]
    pub json: bool,
    /// Check the variables of this process, if several run.
    #[arg(long, value_name = "PID", conflicts_with = "here")]
    pid: Option<i32>,
    /// Check this shell's variables, whether or not the service runs.
    #[arg(long)]
    here: bool,
}

impl Options {
    /// Returns the environment to check.
    pub const fn whose(&self) -> Whose {
        match self.pid {
            Some(pid) => Whose::Pid(pid),
            None if self.here => Whose::Here,
            None => Whose::Running,
        }
    }
}
