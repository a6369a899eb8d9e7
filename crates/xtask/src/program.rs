//! Builds and runs programs of the end-to-end harness that are not tests.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::cargo::{self, Profile};
use crate::leftovers::Run;
use crate::setup::Tools;
use crate::{repo, say, suite};

/// Builds and runs `name` with additional variables. Fails if the program fails or leaves anything
/// behind.
pub(crate) fn run(
    name: &str,
    arguments: &[String],
    profile: Profile,
    tools: &Tools,
    variables: &[(&str, &str)],
) -> Result<ExitCode> {
    build(profile)?;
    let run = Run::new(&repo::target())?;
    let mut program = Command::new(profile.binary(name));
    program.args(arguments);
    suite::environment(&mut program, tools, &run);
    program.envs(variables.iter().copied());
    let status = program.status()?;
    let left = suite::nothing_left(&run);
    run.close();
    if let Err(left) = &left {
        say::error(format!("{left:#}"));
    }
    Ok(if status.success() && left.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds all binaries of the workspace at once, for their shared features, except the running
/// xtask itself.
fn build(profile: Profile) -> Result<()> {
    let mut command = cargo::cargo(&["build", "--workspace", "--exclude", "xtask", "--bins"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    cargo::run(&mut command)
}
