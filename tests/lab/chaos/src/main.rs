//! The program behind `cargo xtask chaos`: runs both services while everything around them fails.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a person at a terminal is what this program is for"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use chaos::{self, ChaosResult, Options};
use clap::Parser;
use harness::Scratch;

/// Breaks everything at random for some minutes, and checks sends and events
/// against the guarantees.
#[derive(Debug, Parser)]
struct Arguments {
    /// Duration of the faults, in minutes.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    minutes: u64,
    /// Use the plan of the tests: half a minute, services with short timeouts.
    #[arg(long, conflicts_with = "minutes")]
    short: bool,
    /// The seed of an earlier run; random by default.
    #[arg(long)]
    seed: Option<u64>,
    /// Number of clients.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
    clients: Option<u8>,
    /// The folder that keeps logs, ledger and record after a violation.
    #[arg(long, default_value = "target/chaos")]
    out: PathBuf,
    /// Keep these files in any case.
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(random_seed);
    let scratch = Scratch::default();
    let folder = scratch.path().to_owned();
    let mut options = if arguments.short {
        Options::short(seed, folder)
    } else {
        Options::minutes(arguments.minutes, seed, folder)
    };
    if let Some(clients) = arguments.clients {
        options.amount.clients = clients.into();
    }
    let outcome = tokio::select! {
        outcome = chaos::run(options, |line| println!("{line}")) => outcome,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("stopped by Ctrl-C: no verdict");
            return ExitCode::FAILURE;
        }
    };
    println!("\n{}", outcome.figures);
    let succeeded = outcome.violations.is_empty();
    if !succeeded || arguments.keep {
        let folder = arguments.out.join(seed.to_string());
        match outcome.keep(scratch.path(), &folder) {
            Ok(()) => println!("logs, ledger and record.json: {}", folder.display()),
            Err(error) => eprintln!("{} could not be written: {error}", folder.display()),
        }
    }
    verdict(&arguments, seed, &outcome)
}

fn verdict(arguments: &Arguments, seed: u64, outcome: &ChaosResult) -> ExitCode {
    if outcome.violations.is_empty() {
        println!("no guarantee was violated (seed {seed})");
        return ExitCode::SUCCESS;
    }
    for violation in outcome.violations.iter().take(50) {
        eprintln!("{violation}");
    }
    let length = if arguments.short {
        "--short".to_owned()
    } else {
        format!("--minutes {}", arguments.minutes)
    };
    eprintln!(
        "{} violations of the guarantees; run the same plan again: cargo xtask chaos {length} --seed {seed}",
        outcome.violations.len()
    );
    ExitCode::FAILURE
}

/// Returns a seed short enough to type.
fn random_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::from(now.subsec_nanos()) % 1_000_000)
}
