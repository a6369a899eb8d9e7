//! Unpacks Debian packages without installing them, since an installed one would start a server
//! with every boot: promtool, which checks the alert rules, and nginx.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{cargo, repo, say};

/// A Debian package from which one program is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unpacked {
    pub(crate) program: &'static str,
    /// The name of the package, and of its folder in `.leadmaster`.
    package: &'static str,
    bin: &'static str,
    /// The option that prints the version.
    version: &'static str,
}

/// The packages to unpack. Their shared libraries are present: Chromium and PostgreSQL, which apt
/// installs earlier, need all of them.
pub(crate) const ALL: [Unpacked; 2] = [
    Unpacked {
        program: "promtool",
        package: "prometheus",
        bin: "usr/bin",
        version: "--version",
    },
    Unpacked {
        program: "nginx",
        package: "nginx",
        bin: "usr/sbin",
        version: "-v",
    },
];

impl Unpacked {
    /// Returns the folder with the program. Unpacks the package if needed.
    pub(crate) fn folder(self) -> Result<PathBuf> {
        let home = repo::state().join(self.package);
        let bin = home.join(self.bin);
        let program = bin.join(self.program);
        if !program.is_file() {
            say::step(format!(
                "putting {} into {} (for this checkout alone)",
                self.program,
                home.display()
            ));
            self.unpack(&home)?;
            let runs = Command::new(&program)
                .arg(self.version)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if !runs.is_ok_and(|status| status.success()) {
                // The next run must not use an incomplete folder.
                std::fs::remove_dir_all(&home)?;
                bail!(
                    "{} of Debian's package does not run here: put one on PATH yourself",
                    self.program
                );
            }
        }
        Ok(bin)
    }

    fn unpack(self, home: &Path) -> Result<()> {
        std::fs::create_dir_all(home).with_context(|| format!("creating {}", home.display()))?;
        if self.download(home).is_err() {
            // The package lists may be missing or old.
            let mut update = Command::new("apt-get");
            cargo::run(update.args(["-q", "update"]))?;
            self.download(home).with_context(|| {
                format!(
                    "apt-get does not give the package {}: put {} on PATH yourself",
                    self.package, self.program
                )
            })?;
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

    fn download(self, home: &Path) -> Result<()> {
        let mut get = Command::new("apt-get");
        cargo::run(get.args(["-q", "download", self.package]).current_dir(home))
    }
}
