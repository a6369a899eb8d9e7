//! `cargo xtask chaos`: builds the pair and what breaks it, and runs both.

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::{self, Profile};
use crate::cli::ChaosOptions;
use crate::leftovers::Run;
use crate::setup::{self, Needs};
use crate::{assets, repo, say, suite};

/// Runs it; a failure if a promise was broken, or anything is left.
pub(crate) fn run(options: &ChaosOptions) -> Result<ExitCode> {
    let tools = setup::setup(Needs::TO_RUN)?;
    assets::build_all(&tools)?;
    let profile = if options.release {
        Profile::Release
    } else {
        Profile::Dev
    };
    build(profile)?;
    let run = Run::new(&repo::target())?;
    let mut chaos = std::process::Command::new(profile.binary("chaos"));
    chaos.args(arguments(options));
    suite::environment(&mut chaos, &tools, &run);
    let status = chaos.status()?;
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

/// All of the workspace's binaries at once, for the features that they share;
/// but not this very program.
fn build(profile: Profile) -> Result<()> {
    let mut command = cargo::cargo(&["build", "--workspace", "--exclude", "xtask", "--bins"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    cargo::run(&mut command)
}

fn arguments(options: &ChaosOptions) -> Vec<String> {
    let mut words = vec![
        "--out".to_owned(),
        repo::target().join("chaos").display().to_string(),
    ];
    if options.short {
        words.push("--short".to_owned());
    } else {
        words.extend(["--minutes".to_owned(), options.minutes.to_string()]);
    }
    if let Some(seed) = options.seed {
        words.extend(["--seed".to_owned(), seed.to_string()]);
    }
    if let Some(clients) = options.clients {
        words.extend(["--clients".to_owned(), clients.to_string()]);
    }
    if options.keep {
        words.push("--keep".to_owned());
    }
    words
}
