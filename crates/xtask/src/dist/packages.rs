//! Builds a Debian package for each service, with cargo-deb.
//!
//! The services' `Cargo.toml` and `deploy/debian` define the contents.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use super::BINARIES;
use crate::cargo;

/// What to do if [`tools_missing`].
pub(super) const CURE: &str = "they need dpkg-dev: sudo apt-get install dpkg-dev";

/// Returns whether dpkg-shlibdeps, which finds the libraries that a binary needs, is missing.
pub(super) fn tools_missing() -> bool {
    Command::new("dpkg-shlibdeps")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_err()
}

/// Builds packages from binaries that are already built.
pub(super) struct Builder<'a> {
    /// The target folder in which the binaries were built.
    pub(super) target: &'a Path,
    pub(super) triple: &'a str,
    /// The time of all files, in seconds since 1970.
    pub(super) epoch: &'a str,
    pub(super) profile: cargo::Profile,
}

impl Builder<'_> {
    /// Builds both packages with this version. Returns their paths.
    pub(super) fn build(&self, version: &str) -> Result<Vec<PathBuf>> {
        ensure!(!tools_missing(), "no Debian packages: {CURE}");
        BINARIES
            .iter()
            .map(|package| self.package(package, version))
            .collect()
    }

    fn package(&self, package: &str, version: &str) -> Result<PathBuf> {
        let words = ["--no-build", "--locked", "--package", package];
        let mut command = cargo::plugin("deb", &words)?;
        command
            .args(["--target", self.triple, "--profile", self.profile.name()])
            .args(["--deb-version", version])
            .arg("--output")
            .arg(self.target)
            .env("CARGO_TARGET_DIR", self.target)
            .env("SOURCE_DATE_EPOCH", self.epoch);
        let said = cargo::printed(&mut command)?;
        Ok(PathBuf::from(
            said.lines().last().unwrap_or_default().trim(),
        ))
    }
}
