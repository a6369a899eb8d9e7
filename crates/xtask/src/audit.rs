//! Implements `cargo xtask audit`, a security audit of the dependencies.

use anyhow::{Result, bail};

use crate::repo::Package;
use crate::setup::{Needs, Tools};
use crate::{assets, cargo, say, setup};

/// Runs all audits. Fails if any of them fails.
pub(crate) fn run() -> Result<()> {
    let tools = setup::setup(Needs::NODE)?;
    let mut complaints = Vec::new();
    let mut ask = |what: &str, done: Result<()>| {
        if let Err(error) = done {
            say::error(format!("{what}: {error:#}"));
            complaints.push(what.to_owned());
        }
    };
    ask(
        "licences, bans and sources",
        deny(&["bans", "licenses", "sources"]),
    );
    ask("dependencies that nothing uses", machete());
    // These audits need the internet.
    for package in Package::EMBEDDED {
        let what = format!("advisories of npm, {}", package.name());
        ask(&what, npm(&tools, package));
    }
    ask("advisories of RustSec", deny(&["advisories"]));
    if !complaints.is_empty() {
        bail!("not clean: {}", complaints.join("; "));
    }
    say::step("clean");
    Ok(())
}

fn deny(checks: &[&str]) -> Result<()> {
    let config = ["--all-features", "--config", ".config/deny.toml"];
    let mut command = cargo::plugin("deny", &config)?;
    cargo::run(
        command
            .args(["check", "--hide-inclusion-graph"])
            .args(checks),
    )
}

fn machete() -> Result<()> {
    cargo::run(&mut cargo::plugin("machete", &[])?)
}

/// Audits the dependencies that are shipped, not build and test tools.
fn npm(tools: &Tools, package: Package) -> Result<()> {
    let mut npm = assets::npm(tools, package);
    cargo::run(npm.args(["audit", "--omit", "dev", "--package-lock-only"]))
}
