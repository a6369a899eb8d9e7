//! The command-line options of `doctor`.

use clap::Args;

use super::Whose;

/// How `doctor` looks, and at whom.
#[derive(Debug, Args)]
pub struct Options {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Judge the variables of this process, where several run.
    #[arg(long, value_name = "PID", conflicts_with = "here")]
    pid: Option<i32>,
    /// Judge this shell's variables, whatever runs.
    #[arg(long)]
    here: bool,
}

impl Options {
    /// Whose environment is asked for.
    pub const fn whose(&self) -> Whose {
        match self.pid {
            Some(pid) => Whose::Pid(pid),
            None if self.here => Whose::Here,
            None => Whose::Running,
        }
    }
}
