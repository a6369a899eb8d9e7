//! `cargo xtask abuse`: runs the pair with attackers beside it (abuse test).

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::Profile;
use crate::cli::AbuseOptions;
use crate::setup::Needs;
use crate::{assets, image, program, setup};

/// Runs it; a failure if something left its table.
pub(crate) fn run(options: &AbuseOptions) -> Result<ExitCode> {
    let tools = setup::setup(Needs {
        database: options.database == Some(Engine::Postgres) || options.hubs > 1,
        rules: options.nginx,
        ..Needs::TO_RUN
    })?;
    assets::build_all(&tools)?;
    let profile = match options.release {
        true => Profile::Release,
        false => Profile::Dev,
    };
    let words = words(options);
    if !options.containers {
        return program::run("abuse", &words, profile, &tools, &[]);
    }
    image::around_the_pair(options.engine, |hub| {
        let at = ["--at".to_owned(), hub.address.clone()];
        let pid = ["--pid".to_owned(), hub.pid.to_string()];
        let words = [&words[..], &at, &pid].concat();
        let password = [("ABUSE_PASSWORD", hub.password)];
        program::run("abuse", &words, profile, &tools, &password)
    })
}

/// Where the hubs keep what they remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The arguments of the program itself.
fn words(options: &AbuseOptions) -> Vec<String> {
    let mut words = Vec::new();
    if options.short {
        words.push("--short".to_owned());
    }
    if let Some(only) = &options.only {
        words.extend(["--only".to_owned(), only.clone()]);
    }
    if options.nginx {
        words.push("--nginx".to_owned());
    }
    if options.containers {
        return words;
    }
    if options.database == Some(Engine::Postgres) {
        words.extend(["--database", "postgres"].map(str::to_owned));
    }
    words.extend(["--hubs".to_owned(), options.hubs.to_string()]);
    words
}
