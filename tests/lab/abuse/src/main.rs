//! Runs the program of `cargo xtask abuse`: both services, with hostile clients.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a person at a terminal is what this program is for"
)]

use std::process::ExitCode;

use abuse::{self, Engine, Options, RunningPair};
use clap::{Parser, ValueEnum};

/// Attacks both services on this machine, and checks responses, memory,
/// descriptors and the latency of `/health` against their limits.
#[derive(Debug, Parser)]
struct Arguments {
    /// Run the short version of the tests.
    #[arg(long)]
    short: bool,
    /// Run only attacks whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// The hub's database.
    #[arg(long, value_enum, default_value_t)]
    database: Database,
    /// Number of hubs on one PostgreSQL, attacked in turns.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    hubs: u8,
    /// Attack through nginx with `deploy/nginx/leadmaster.conf`, over TLS.
    #[arg(long)]
    nginx: bool,
    /// Attack a running pair, instead of starting one: `HOST:PORT` of its hub,
    /// whose administrator's password is in `ABUSE_PASSWORD`.
    #[arg(long, requires_all = ["hub_pid", "manager", "manager_pid"],
          conflicts_with_all = ["database", "hubs"])]
    hub: Option<String>,
    /// The pid of that hub.
    #[arg(long, requires = "hub")]
    hub_pid: Option<i32>,
    /// `HOST:PORT` of its session-manager, whose token is in `ABUSE_TOKEN`.
    #[arg(long, requires = "hub")]
    manager: Option<String>,
    /// The pid of that session-manager.
    #[arg(long, requires = "hub")]
    manager_pid: Option<i32>,
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
    let secret = |name| std::env::var(name).unwrap_or_default();
    let hub = arguments.hub.zip(arguments.hub_pid);
    let manager = arguments.manager.zip(arguments.manager_pid);
    let running = hub.zip(manager).map(|(hub, manager)| RunningPair {
        hub,
        password: secret("ABUSE_PASSWORD"),
        manager,
        token: secret("ABUSE_TOKEN"),
    });
    let options = Options {
        short: arguments.short,
        only: arguments.only,
        engine: match arguments.database {
            Database::Sqlite => Engine::Sqlite,
            Database::Postgres => Engine::Postgres,
        },
        hubs: usize::from(arguments.hubs),
        nginx: arguments.nginx,
        running,
    };
    let outcome = tokio::select! {
        outcome = abuse::run(&options, |line| println!("{line}")) => outcome,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("stopped by Ctrl-C: no verdict");
            return ExitCode::FAILURE;
        }
    };
    let violations = outcome.violations();
    for line in &violations {
        eprintln!("{line}");
    }
    if outcome.rows.is_empty() {
        eprintln!(
            "no attack has this text in its name: {}",
            abuse::names().join(", ")
        );
        return ExitCode::FAILURE;
    }
    if violations.is_empty() {
        println!("no limit was exceeded");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}
