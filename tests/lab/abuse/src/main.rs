//! `cargo xtask abuse` runs this: the pair, with hostile clients.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a person at a terminal is what this program is for"
)]

use std::process::ExitCode;

use abuse::{self, Engine, Options, Running};
use clap::{Parser, ValueEnum};

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
    /// Where the hub keeps what it remembers.
    #[arg(long, value_enum, default_value_t)]
    database: Database,
    /// How many hubs share one PostgreSQL, and are attacked in turns.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    hubs: u8,
    /// Through nginx with `deploy/nginx/leadmaster.conf`, over TLS.
    #[arg(long)]
    nginx: bool,
    /// A hub that runs already: `127.0.0.1:PORT`.
    #[arg(long, requires = "pid", conflicts_with_all = ["database", "hubs"])]
    at: Option<String>,
    /// Its process; its administrator's password is in `ABUSE_PASSWORD`.
    #[arg(long, requires = "at")]
    pid: Option<i32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Database {
    #[default]
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let password = std::env::var("ABUSE_PASSWORD").unwrap_or_default();
    let running = arguments.at.zip(arguments.pid);
    let options = Options {
        short: arguments.short,
        only: arguments.only,
        engine: match arguments.database {
            Database::Sqlite => Engine::Sqlite,
            Database::Postgres => Engine::Postgres,
        },
        hubs: usize::from(arguments.hubs),
        nginx: arguments.nginx,
        running: running.map(|(address, pid)| Running {
            address,
            pid,
            password,
        }),
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
    if outcome.rows.is_empty() {
        eprintln!(
            "no attack has that in its name: {}",
            abuse::names().join(", ")
        );
        return ExitCode::FAILURE;
    }
    if broken.is_empty() {
        println!("everything stayed in its table");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}
