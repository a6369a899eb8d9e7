//! Installs Schemathesis, which makes property-based API tests from the OpenAPI documents. It comes
//! from PyPI, into a virtual environment of this checkout.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{cargo, repo, say};

/// The version that is used. A newer one may report more than can be fixed at once.
const VERSION: &str = "4.32.5";

/// Returns the folder with the program `schemathesis`. Installs it if needed.
pub(crate) fn folder() -> Result<PathBuf> {
    let home = repo::state().join(format!("schemathesis-{VERSION}"));
    let bin = home.join("bin");
    if bin.join("schemathesis").is_file() {
        return Ok(bin);
    }
    say::step(format!(
        "putting Schemathesis into {} (for this checkout alone)",
        home.display()
    ));
    // An incomplete environment is created again.
    cargo::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&home),
    )
    .context("Python makes no virtual environment: it wants the package python3-venv")?;
    let mut pip = Command::new(bin.join("pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    cargo::run(pip.arg(format!("schemathesis=={VERSION}")))
        .context("PyPI does not give Schemathesis: put `schemathesis` on PATH yourself")?;
    Ok(bin)
}
