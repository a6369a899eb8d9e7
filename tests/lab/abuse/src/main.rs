//! `cargo xtask abuse` runs this: the pair, with hostile clients.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a person at a terminal is what this program is for"
)]

use std::process::ExitCode;

use abuse::{self, Options};
use clap::Parser;

/// Attacks the pair on this machine, and holds answers, memory, descriptors and
/// the time of `/health` against their table.
#[derive(Debug, Parser)]
struct Arguments {
    /// The amount of the run in the tests.
    #[arg(long)]
    short: bool,
    /// Only attacks whose name has this in it.
    #[arg(long)]
    only: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = Options {
        short: arguments.short,
        only: arguments.only,
    };
    let outcome = tokio::select! {
        outcome = abuse::run(&options, |line| println!("{line}")) => outcome,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("stopped by Ctrl-C: no verdict");
            return ExitCode::FAILURE;
        }
    };
    let broken = outcome.broken();
    for line in &broken {
        eprintln!("{line}");
    }
    if broken.is_empty() {
        println!("everything stayed in its table");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}
