//! promtool, which judges the alert rules: out of Debian's package, without
//! installing it, since that would start a Prometheus on this machine.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{cargo, repo, say};

/// The folder with promtool, unpacked if it is not there yet.
pub(crate) fn folder() -> Result<std::path::PathBuf> {
    let home = repo::state().join("prometheus");
    let bin = home.join("usr/bin");
    if !bin.join("promtool").is_file() {
        say::step(format!(
            "putting promtool into {} (for this checkout alone)",
            home.display()
        ));
        unpack(&home)?;
    }
    Ok(bin)
}

fn unpack(home: &Path) -> Result<()> {
    std::fs::create_dir_all(home).with_context(|| format!("creating {}", home.display()))?;
    if download(home).is_err() {
        // The lists of packages may be missing, or old.
        let mut update = Command::new("apt-get");
        cargo::run(update.args(["-q", "update"]))?;
        download(home).context(
            "apt-get does not give the package prometheus: put promtool on PATH yourself",
        )?;
    }
    let packages = std::fs::read_dir(home)?.flatten();
    let package = packages
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "deb"));
    let Some(package) = package else {
        bail!(
            "apt-get ended well, yet there is no package in {}",
            home.display()
        );
    };
    cargo::run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(home))?;
    std::fs::remove_file(package)?;
    Ok(())
}

fn download(home: &Path) -> Result<()> {
    let mut get = Command::new("apt-get");
    cargo::run(get.args(["-q", "download", "prometheus"]).current_dir(home))
}
