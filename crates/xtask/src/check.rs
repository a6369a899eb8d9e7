//! Implements `cargo xtask check`, the quick checks of changed packages.
//!
//! ```text
//!  git: changes since main     ─> packages ─┬─> clippy, rustdoc
//!                                           └─> unit tests
//!  always: format, and checks of the documents against the code (xtask's own tests)
//! ```

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::setup::{self, Needs};
use crate::{assets, cargo, repo, say, suite};

/// The package that checks the documents against the code.
const DOCS: &str = "xtask";
/// Files that, when changed, may break any package.
const OF_ALL: [&str; 3] = ["Cargo.toml", "Cargo.lock", ".clippy.toml"];

/// Runs the checks, and prints how long they took.
pub(crate) fn run() -> Result<ExitCode> {
    let start = Instant::now();
    suite::format(true).context("`cargo xtask fmt` mends it")?;
    let changed = changed()?;
    let packages = packages(&changed);
    let tools = setup::setup(Needs::NODE)?;
    assets::build_all(&tools)?;
    if packages.is_empty() {
        say::step("no package changed: only the documents are checked");
    } else {
        let names: Vec<_> = packages.iter().map(String::as_str).collect();
        say::step(format!("changed: {}", names.join(", ")));
        clippy(&packages)?;
        rustdoc(&packages)?;
    }
    if changed
        .iter()
        .any(|path| path.starts_with("crates/central-hub/web/"))
    {
        suite::page(&tools, &mut crate::tally::Tally::default())?;
    }
    unit_tests(&packages)?;
    say::line(format!("all well, in {}", say::took(start.elapsed())));
    Ok(ExitCode::SUCCESS)
}

/// Returns the files that differ from the point where this branch left `main`, relative to the
/// root, including untracked files.
fn changed() -> Result<BTreeSet<String>> {
    let base = git(&["merge-base", "HEAD", "main"])
        .or_else(|_| git(&["merge-base", "HEAD", "origin/main"]))
        .unwrap_or_else(|_| "HEAD".to_owned());
    let differing = git(&["diff", "--name-only", base.trim()])?;
    let unknown = git(&["ls-files", "--others", "--exclude-standard"])?;
    Ok([differing, unknown]
        .iter()
        .flat_map(|list| list.lines())
        .map(str::to_owned)
        .collect())
}

fn git(words: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .args(words)
        .current_dir(repo::root())
        .output()
        .context("starting git")?;
    if !output.status.success() {
        bail!(
            "`git {}` failed: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns the packages of the `changed` files, or all packages if a shared file changed.
fn packages(changed: &BTreeSet<String>) -> BTreeSet<String> {
    if changed.iter().any(|path| OF_ALL.contains(&path.as_str())) {
        return BTreeSet::from(["--workspace".to_owned()]);
    }
    changed.iter().filter_map(|path| package_of(path)).collect()
}

/// Returns the name of the package in the nearest `Cargo.toml` above; `None` if there is none.
fn package_of(path: &str) -> Option<String> {
    let root = repo::root();
    // The fuzz targets are not members of the workspace.
    if path.starts_with("tests/fuzz/") {
        return None;
    }
    Path::new(path).ancestors().skip(1).find_map(|folder| {
        let manifest = std::fs::read_to_string(root.join(folder).join("Cargo.toml")).ok()?;
        let (_, package) = manifest.split_once("[package]")?;
        let name = package
            .lines()
            .find_map(|line| line.strip_prefix("name = "))?;
        Some(name.trim_matches('"').to_owned())
    })
}

/// Returns `--package` for each package, or only `--workspace`.
fn selected(packages: &BTreeSet<String>) -> Vec<String> {
    if packages.contains("--workspace") {
        return vec!["--workspace".to_owned()];
    }
    let with_word = |name: &String| ["--package".to_owned(), name.clone()];
    packages.iter().flat_map(with_word).collect()
}

fn clippy(packages: &BTreeSet<String>) -> Result<()> {
    let mut command = cargo::cargo(&["clippy", "--all-targets"]);
    command.args(selected(packages));
    cargo::run(command.args(["--", "--deny", "warnings"]))
}

fn rustdoc(packages: &BTreeSet<String>) -> Result<()> {
    let mut command = cargo::cargo(&["doc", "--no-deps", "--document-private-items"]);
    command.args(selected(packages));
    cargo::run(command.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Runs the unit tests of the libraries and programs of these packages, and of xtask. Tests that
/// start services belong to `cargo xtask test`.
fn unit_tests(packages: &BTreeSet<String>) -> Result<()> {
    let mut packages = packages.clone();
    // The package e2e has only tests that start everything.
    packages.remove("e2e");
    if !packages.contains("--workspace") {
        packages.insert(DOCS.to_owned());
    }
    let mut command = cargo::cargo(&["test", "--quiet", "--bins"]);
    // xtask alone has no library, which cargo treats as an error.
    if packages.iter().any(|name| name != DOCS) {
        command.arg("--lib");
    }
    cargo::run(command.args(selected(&packages)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(paths: &[&str]) -> Vec<String> {
        let paths = paths.iter().map(|&path| path.to_owned()).collect();
        packages(&paths).into_iter().collect()
    }

    #[test]
    fn a_file_is_of_the_package_around_it() {
        assert_eq!(
            of(&[
                "crates/xtask/src/check.rs",
                "crates/central-hub/web/src/app/App.tsx",
                "tests/e2e/hub/pair.rs",
                "tests/lab/chaos/src/gone.rs",
            ]),
            ["central-hub", "chaos", "e2e", "xtask"]
        );
    }

    #[test]
    fn documents_and_fuzz_targets_are_of_no_package() {
        let none: [&str; 0] = [];
        assert_eq!(
            of(&["docs/api.md", "README.md", "tests/fuzz/Cargo.toml"]),
            none
        );
    }

    #[test]
    fn a_dependency_is_of_all() {
        assert_eq!(of(&["docs/api.md", "Cargo.lock"]), ["--workspace"]);
    }
}
