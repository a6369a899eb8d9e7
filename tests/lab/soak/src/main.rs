//! Runs the program of `cargo xtask soak`: both services under steady load for hours.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a person at a terminal is what this program is for"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use soak::{self, Plan};

/// Runs both services under steady load and records their resource usage.
#[derive(Debug, Parser)]
struct Arguments {
    /// Duration in hours.
    #[arg(long, default_value_t = 1.0)]
    hours: f64,
    /// Interval between two samples, in seconds.
    #[arg(long, default_value_t = 15.0)]
    every: f64,
    /// Folder of `samples.jsonl` and `soak.svg`.
    #[arg(long)]
    out: PathBuf,
    /// Instead: this many MiB of files, half of them each way.
    #[arg(long, value_name = "MIB")]
    media: Option<usize>,
}

async fn measure_files(mib: usize) -> ExitCode {
    let report = |files: usize, figures: &soak::MediaFigures| {
        eprintln!(
            "{files:>4} files each way in {:>5.0} s  session-manager at most {:.1} MiB, \
             central-hub {:.1} MiB",
            figures.took.as_secs_f64(),
            figures.manager.max,
            figures.hub.max,
        );
    };
    let figures = soak::pass_files(mib, report).await;
    println!("{}", figures.table());
    match soak::find_excessive_growth(&figures) {
        None => ExitCode::SUCCESS,
        Some(what) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(mib) = arguments.media {
        return measure_files(mib).await;
    }
    let plan = Plan {
        duration: Duration::from_secs_f64(arguments.hours * 3600.0),
        interval: Duration::from_secs_f64(arguments.every),
    };
    let report = |sample: &soak::Sample| {
        eprintln!(
            "{:>6.0} s  session-manager {:.1} MiB, central-hub {:.1} MiB, Chrome {:.0} MiB  \
             send p50 {:.1} ms, inbound p50 {:.1} ms",
            sample.seconds,
            sample.manager_rss,
            sample.hub_rss,
            sample.tree_memory,
            sample.send_p50,
            sample.inbound_p50,
        );
    };
    match soak::run(plan, &arguments.out, report).await {
        Ok(samples) => {
            println!("{}", soak::summary(&samples));
            println!("{}", arguments.out.join("soak.svg").display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", arguments.out.display());
            ExitCode::FAILURE
        }
    }
}
