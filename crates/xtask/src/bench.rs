//! Implements `cargo xtask bench`, which benchmarks the product against the alternatives.

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::Profile;
use crate::cli::BenchOptions;
use crate::repo::Package;
use crate::{assets, program, setup};

/// Runs the benchmarks, which print a table.
pub(crate) fn run(options: &BenchOptions) -> Result<ExitCode> {
    let tools = setup::setup(setup::Needs::TO_BENCH)?;
    assets::build_all(&tools)?;
    assets::install(&tools, Package::Tests)?;
    program::run("bench", &arguments(options), Profile::Release, &tools, &[])
}

fn arguments(options: &BenchOptions) -> Vec<String> {
    let mut words = vec!["--rounds".to_owned(), options.rounds.to_string()];
    if !options.only.is_empty() {
        words.extend(["--only".to_owned(), options.only.join(",")]);
    }
    if let Some(out) = &options.out {
        words.extend(["--out".to_owned(), out.display().to_string()]);
    }
    if let Some(chart) = &options.chart {
        words.extend(["--chart".to_owned(), chart.display().to_string()]);
    }
    words
}
