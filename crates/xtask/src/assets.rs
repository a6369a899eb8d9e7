//! Builds the npm packages: installs locked dependencies, and builds the assets that the binaries
//! embed.
//!
//! The stamps of a package are in its `node_modules`: one for the dependencies (lockfile and
//! Node.js), one for the build (sources, dependencies and output). `npm ci` empties that folder, so
//! after an interrupted run neither stamp exists.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::repo::Package;
use crate::setup::Tools;
use crate::stamp::{self, Digest};
use crate::{cargo, say};

/// Builds the assets that central-hub and session-manager embed.
pub(crate) fn build_all(tools: &Tools) -> Result<()> {
    for package in Package::EMBEDDED {
        build(tools, package)?;
    }
    Ok(())
}

/// Installs the locked dependencies of a package.
pub(crate) fn install(tools: &Tools, package: Package) -> Result<String> {
    let folder = package.folder();
    let stamp_file = folder.join("node_modules/.leadmaster-installed");
    let wanted = Digest::default()
        .file(&folder.join("package.json"))
        .file(&folder.join("package-lock.json"))
        .word(node_major(tools))
        .finish();
    if stamp::matches(&stamp_file, &wanted) {
        return Ok(wanted);
    }
    say::step(format!("{}: npm ci", package.name()));
    stamp::clear(&stamp_file)?;
    let mut npm = npm(tools, package);
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"]);
    cargo::run(&mut npm)
        .with_context(|| format!("the dependencies of the {} are not there", package.name()))?;
    stamp::write(&stamp_file, &wanted)?;
    Ok(wanted)
}

fn build(tools: &Tools, package: Package) -> Result<()> {
    let installed = install(tools, package)?;
    let folder = package.folder();
    let dist = folder.join("dist");
    let stamp_file = folder.join("node_modules/.leadmaster-built");
    let digest = || -> Result<String> {
        Ok(Digest::default()
            .word(&installed)
            .sources(&folder)?
            .all(&dist)?
            .finish())
    };
    if dist.is_dir() && stamp::matches(&stamp_file, &digest()?) {
        return Ok(());
    }
    let start = Instant::now();
    stamp::clear(&stamp_file)?;
    let mut npm = npm(tools, package);
    npm.args(["run", "--silent", "build"]);
    // Show the output only on failure.
    let output = npm.output().context("starting npm")?;
    if !output.status.success() {
        say::err_line(String::from_utf8_lossy(&output.stdout));
        say::err_line(String::from_utf8_lossy(&output.stderr));
        anyhow::bail!("the {} does not build", package.name());
    }
    stamp::write(&stamp_file, &digest()?)?;
    say::step(format!(
        "{}: built in {}",
        package.name(),
        say::took(start.elapsed())
    ));
    Ok(())
}

/// Returns an npm command in the folder of a package.
pub(crate) fn npm(tools: &Tools, package: Package) -> Command {
    let mut npm = tools.command("npm");
    npm.current_dir(package.folder())
        .stdin(Stdio::null())
        .env("npm_config_update_notifier", "false")
        // The tests use Debian's browser; puppeteer would download its own.
        .env("PUPPETEER_SKIP_DOWNLOAD", "true");
    npm
}

/// Returns Node.js's major version, which native packages depend on.
fn node_major(tools: &Tools) -> String {
    let version = tools
        .command("node")
        .arg("--version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    version.split('.').next().unwrap_or_default().to_owned()
}
