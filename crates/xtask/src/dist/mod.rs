//! Implements `cargo xtask dist`, which builds a reproducible release archive and Debian packages.
//!
//! ```text
//!  assets ─> cargo build, without local paths ───────────┐
//!  cargo-cyclonedx, npm sbom ─> SBOM                     ├─> tar, reproducible
//!  deploy/, docs/, README, LICENSE ──────────────────────┘      └─> SHA256SUMS
//!  the same binaries, deploy/debian ─> cargo-deb ─> a package for each service
//! ```

mod boot_check;
mod packages;
mod packages_check;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cli::DistOptions;
use crate::repo::Package;
use crate::setup::{Needs, Tools};
use crate::{assets, cargo, repo, say, setup};

const BINARIES: [&str; 2] = ["session-manager", "central-hub"];
/// Further files in the archive, in their committed form: an operator's own files in these folders,
/// such as `deploy/local.cjs`, contain secrets.
const FILES: [&str; 5] = ["deploy", "docs", "README.md", "README.es.md", "LICENSE"];

/// Creates the archive and the packages in `target/dist`.
pub(crate) fn run(options: &DistOptions) -> Result<()> {
    let tools = setup::setup(Needs::NODE)?;
    assets::build_all(&tools)?;
    let target = repo::target().join("dist");
    let triple = triple()?;
    let epoch = epoch()?;
    let profile = if options.dev {
        cargo::Profile::Dev
    } else {
        cargo::Profile::Release
    };
    let built = build(&target, &triple, &epoch, profile)?;
    if !options.dev {
        archive(&tools, &target, &triple, &epoch, &built)?;
    }
    let packages = packages::Builder {
        target: &target,
        triple: &triple,
        epoch: &epoch,
        profile,
    };
    if options.check {
        return packages_check::run(&packages, options.boot);
    }
    if packages::tools_missing() {
        say::step(format!("no Debian packages: {}", packages::CURE));
        return Ok(());
    }
    for package in packages.build(env!("CARGO_PKG_VERSION"))? {
        say::step(format!("{} is there", package.display()));
    }
    Ok(())
}

fn archive(tools: &Tools, target: &Path, triple: &str, epoch: &str, built: &Path) -> Result<()> {
    let name = format!("leadmaster-{}-{triple}", env!("CARGO_PKG_VERSION"));
    let folder = target.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("bin"))?;
    for binary in BINARIES {
        fs::copy(built.join(binary), folder.join("bin").join(binary))?;
    }
    committed(&folder)?;
    bill(tools, &folder.join("sbom"), epoch)?;
    let archive = pack(target, &name, epoch)?;
    say::step(format!(
        "{} is there, and its sum beside it",
        archive.display()
    ));
    Ok(())
}

/// Returns the target triple of this machine, as rustc reports it.
fn triple() -> Result<String> {
    let text = cargo::printed(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc names no host")
}

/// Returns a git command in the root folder.
fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(repo::root());
    command
}

/// Returns the time of the commit, which is the only time in the archive.
fn epoch() -> Result<String> {
    let text = cargo::printed(&mut git(&["log", "-1", "--format=%ct"]))
        .context("an archive carries the time of its commit")?;
    Ok(text.trim().to_owned())
}

/// Copies [`FILES`] into `folder`.
fn committed(folder: &Path) -> Result<()> {
    let archive = folder.join("committed.tar");
    let mut pack = git(&["archive", "--format=tar", "--output"]);
    cargo::run(pack.arg(&archive).arg("HEAD").args(FILES))?;
    let mut unpack = Command::new("tar");
    cargo::run(unpack.arg("-xf").arg(&archive).arg("-C").arg(folder))?;
    Ok(fs::remove_file(archive)?)
}

/// Builds the binaries without local paths in them. Returns their folder.
fn build(target: &Path, triple: &str, epoch: &str, profile: cargo::Profile) -> Result<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    let sysroot = cargo::printed(Command::new("rustc").args(["--print", "sysroot"]))?;
    // If several prefixes match, the last one wins.
    let flags = [
        format!("--remap-path-prefix={}=/rust", sysroot.trim()),
        format!("--remap-path-prefix={}=/cargo", home.display()),
        format!("--remap-path-prefix={}=/leadmaster", repo::root().display()),
    ];
    let mut command = cargo::cargo(&["build", "--locked", "--target", triple]);
    command.args(["--profile", profile.name()]);
    command.arg("--target-dir").arg(target);
    for binary in BINARIES {
        command.args(["--package", binary]);
    }
    // This variable has a special separator, since a path may contain spaces.
    command
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("SOURCE_DATE_EPOCH", epoch);
    cargo::run(&mut command)?;
    Ok(target.join(triple).join(profile.folder_name()))
}

/// Writes a bill of materials (CycloneDX) for each binary and each page.
fn bill(tools: &Tools, folder: &Path, epoch: &str) -> Result<()> {
    fs::create_dir_all(folder)?;
    let words = ["--format", "json", "--describe", "binaries"];
    let mut command = cargo::plugin("cyclonedx", &words)?;
    cargo::run(command.env("SOURCE_DATE_EPOCH", epoch))?;
    // cargo-cyclonedx writes next to the manifest of each package.
    let mut packages = vec![
        repo::root().join("tests"),
        repo::root().join("tests/harness"),
    ];
    for folder in ["crates", "tests/lab"] {
        for entry in fs::read_dir(repo::root().join(folder))? {
            packages.push(entry?.path());
        }
    }
    for package in packages {
        for file in fs::read_dir(&package)? {
            let file = file?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let Some(binary) = name.strip_suffix("_bin.cdx.json") else {
                continue;
            };
            if BINARIES.contains(&binary) {
                // Remove local paths, as from the binary.
                let here = repo::root().display().to_string();
                let text = fs::read_to_string(&file)?.replace(&here, "/leadmaster");
                fs::write(folder.join(format!("{binary}.cdx.json")), text)?;
            }
            fs::remove_file(&file)?;
        }
    }
    for package in Package::EMBEDDED {
        let mut npm = assets::npm(tools, package);
        npm.args(["sbom", "--sbom-format", "cyclonedx", "--omit", "dev"]);
        let text = cargo::printed(&mut npm)?;
        // Drop the fields that differ in every run.
        let kept: Vec<&str> = text
            .lines()
            .filter(|line| {
                let line = line.trim_start();
                !line.starts_with("\"serialNumber\"") && !line.starts_with("\"timestamp\"")
            })
            .collect();
        let name = package.name().replace(' ', "-");
        fs::write(folder.join(format!("{name}.cdx.json")), kept.join("\n"))?;
    }
    Ok(())
}

/// Packs `name` in `folder` reproducibly: sorted, without owners, with the time of the commit.
fn pack(folder: &Path, name: &str, epoch: &str) -> Result<PathBuf> {
    let archive = folder.join(format!("{name}.tar.gz"));
    let script = "tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner \
                  --mode=u+rwX,go+rX,go-w --mtime=\"@$EPOCH\" -cf - \"$NAME\" | gzip -9n > \"$NAME.tar.gz\" \
                  && sha256sum \"$NAME.tar.gz\" > SHA256SUMS";
    let mut command = Command::new("sh");
    command
        .args(["-euc", script])
        .env("NAME", name)
        .env("EPOCH", epoch)
        .current_dir(folder);
    cargo::run(&mut command)?;
    Ok(archive)
}
