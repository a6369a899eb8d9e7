//! Implements `cargo xtask soak`, which runs the pair under steady load for hours.

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::Profile;
use crate::cli::SoakOptions;
use crate::{assets, program, repo, setup};

/// Runs the soak test. Fails if a message was lost or anything is left behind.
pub(crate) fn run(options: &SoakOptions) -> Result<ExitCode> {
    let tools = setup::setup(setup::Needs::TO_RUN)?;
    assets::build_all(&tools)?;
    let out = options.out.clone();
    let out = out.unwrap_or_else(|| repo::target().join("soak"));
    let words = ["--hours", &options.hours.to_string(), "--out"].map(str::to_owned);
    let mut words = [&words[..], &[out.display().to_string()]].concat();
    if let Some(mib) = options.media {
        words.extend(["--media".to_owned(), mib.to_string()]);
    }
    program::run("soak", &words, Profile::Release, &tools, &[])
}
