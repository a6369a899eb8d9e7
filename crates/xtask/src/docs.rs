//! Implements `cargo xtask docs`, which builds the documentation site with mdBook.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{cargo, repo, say};

/// The build options without mdBook's server and watcher, which need most of its dependencies.
const LEAN: [&str; 3] = ["--no-default-features", "--features", "search"];

/// Builds the site.
pub(crate) fn run() -> Result<()> {
    let site = repo::target().join("book");
    let mut mdbook = Command::new(cargo::program("mdbook", &LEAN)?);
    mdbook.args(["build", "--dest-dir"]).arg(&site);
    cargo::run(mdbook.current_dir(repo::root()))
        .context("the site could not be built: what mdbook says is above")?;
    say::step(format!("open {}", site.join("index.html").display()));
    Ok(())
}
