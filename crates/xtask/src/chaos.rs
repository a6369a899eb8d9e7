//! Implements `cargo xtask chaos`, which runs the pair while components fail.

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::Profile;
use crate::cli::ChaosOptions;
use crate::{assets, program, repo, setup};

/// Runs the chaos test. Fails if a guarantee was broken or anything is left behind.
pub(crate) fn run(options: &ChaosOptions) -> Result<ExitCode> {
    let tools = setup::setup(setup::Needs::TO_RUN)?;
    assets::build_all(&tools)?;
    let profile = if options.release {
        Profile::Release
    } else {
        Profile::Dev
    };
    program::run("chaos", &arguments(options), profile, &tools, &[])
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
