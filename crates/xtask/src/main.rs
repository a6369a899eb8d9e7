//! Runs `cargo xtask`: all development tasks of this repository.
//!
//! ```text
//!   up ────┬─> setup (Chromium, ChromeDriver, Node.js) ─> assets (npm) ─> cargo build ─> run
//!   chaos ─┤                                                                   ├──────> chaos
//!   test ──┘                                                                   └──────> test
//! ```
//!
//! Each step is skipped if there is nothing to do, so a second run starts at once. Each step can
//! also run separately.

mod abuse;
mod assets;
mod audit;
mod bench;
#[cfg(test)]
mod both_languages;
mod cargo;
mod chaos;
mod check;
mod cli;
mod dist;
mod docs;
#[cfg(test)]
mod docs_checks;
mod fuzz;
mod image;
#[cfg(test)]
mod layers;
mod leftovers;
mod program;
mod repo;
mod say;
mod schemathesis;
mod setup;
mod soak;
mod stamp;
mod suite;
mod tally;
mod unpacked;
mod up;
#[cfg(test)]
mod variables;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let outcome = cli::Xtask::parse().run();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            say::error(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
