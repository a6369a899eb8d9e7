//! Implements `cargo xtask abuse`, which runs both services under attack.

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::Profile;
use crate::cli::AbuseOptions;
use crate::setup::Needs;
use crate::{assets, image, program, setup};

/// Runs the abuse test. Fails if a limit was exceeded.
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
    image::around_the_pair(options.engine, |pair| {
        let (hub, manager) = (&pair.hub, &pair.manager);
        let running = [
            ("--hub", &hub.address),
            ("--hub-pid", &hub.pid.to_string()),
            ("--manager", &manager.address),
            ("--manager-pid", &manager.pid.to_string()),
        ];
        let running = running.map(|(name, value)| format!("{name}={value}"));
        let words = [&words[..], &running].concat();
        let secrets = [
            ("ABUSE_PASSWORD", pair.password),
            ("ABUSE_TOKEN", pair.token),
        ];
        program::run("abuse", &words, profile, &tools, &secrets)
    })
}

/// The database of the hubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Returns the arguments for the abuse program itself.
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
