//! Runs the program of `cargo xtask bench`: the product against the usual alternative.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a person at a terminal is what this program is for"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use bench::{self, Amount, Contestant, Part};
use clap::{Parser, ValueEnum as _};

/// Measures session-manager and whatsapp-web.js in turns on one stand-in.
#[derive(Debug, Parser)]
struct Arguments {
    /// Measure only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Measure only this contestant.
    #[arg(long, value_enum)]
    who: Option<Contestant>,
    /// Number of turns of each.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Messages per turn, one after the other.
    #[arg(long, default_value_t = 200)]
    sends: usize,
    /// Messages out, and as many in, for memory growth.
    #[arg(long, default_value_t = 10_000)]
    growth: usize,
    /// Write the figures to this file, as JSON.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw the ratios to this file, as an SVG.
    #[arg(long)]
    chart: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let parts = if arguments.only.is_empty() {
        let all = Part::value_variants().iter().copied();
        all.filter(|part| !matches!(part, Part::Absence | Part::Build))
            .collect()
    } else {
        arguments.only
    };
    let amount = Amount {
        rounds: arguments.rounds,
        sends: arguments.sends,
        growth: arguments.growth,
    };
    let who = arguments
        .who
        .map_or_else(|| Contestant::value_variants().to_vec(), |who| vec![who]);
    let report = bench::run(&parts, &who, amount, |line| eprintln!("{line}")).await;
    println!("{report}");
    let written = [
        arguments.out.map(|out| {
            let json = serde_json::to_string_pretty(&report).expect("figures are JSON");
            let written = std::fs::write(&out, json);
            (out, written)
        }),
        arguments.chart.map(|chart| {
            let drawn = bench::draw(&report, &chart);
            (chart, drawn)
        }),
    ];
    for (file, outcome) in written.into_iter().flatten() {
        if let Err(error) = outcome {
            eprintln!("{} could not be written: {error}", file.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
