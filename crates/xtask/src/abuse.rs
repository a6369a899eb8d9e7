//! `cargo xtask abuse`: runs the pair with attackers beside it (abuse test).

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::Profile;
use crate::cli::AbuseOptions;
use crate::{assets, program, setup};

/// Runs it; a failure if something left its table.
pub(crate) fn run(options: &AbuseOptions) -> Result<ExitCode> {
    let tools = setup::setup(setup::Needs::TO_RUN)?;
    assets::build_all(&tools)?;
    let profile = match options.release {
        true => Profile::Release,
        false => Profile::Dev,
    };
    let mut words = Vec::new();
    if options.short {
        words.push("--short".to_owned());
    }
    if let Some(only) = &options.only {
        words.extend(["--only".to_owned(), only.clone()]);
    }
    program::run("abuse", &words, profile, &tools)
}
