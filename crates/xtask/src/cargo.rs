//! Runs cargo, and tools that cargo installs.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{repo, say};

/// The binaries of the services and the rehearsal.
const BINARIES: [&str; 3] = ["session-manager", "central-hub", "whatsapp-standin"];

/// Returns a cargo command in the root folder.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(repo::root());
    clean(&mut command);
    command
}

/// Removes variables that `cargo run` sets for xtask itself. Build scripts that depend on them,
/// such as ring's, would rerun on every switch between `cargo xtask` and plain cargo.
fn clean(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_MANIFEST_")
            || text.starts_with("CARGO_BIN_")
            || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&text)
        {
            command.env_remove(&name);
        }
    }
}

/// Runs the command with this process's stdin, stdout and stderr. Fails if the command fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command
        .status()
        .with_context(|| format!("starting `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Formats the command as it would be typed in a shell.
pub(crate) fn shown(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let mut text = program
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// A cargo profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    pub(crate) fn binary(self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn folder(self) -> PathBuf {
        repo::target().join(self.folder_name())
    }

    /// Returns the folder's name in the target folder.
    pub(crate) fn folder_name(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }

    /// Returns the name for `--profile`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }
}

/// Returns the installation folder of [`program`], private to this checkout.
fn private() -> PathBuf {
    repo::state().join("cargo")
}

/// Returns the program of the crate with the same name. Installs it with these options if it is
/// missing.
pub(crate) fn program(name: &str, options: &[&str]) -> Result<PathBuf> {
    let path = private().join("bin").join(name);
    if !path.exists() {
        say::step(format!("installing {name}, for this checkout alone"));
        let mut install = cargo(&["install", name, "--locked", "--root"]);
        run(install.arg(private()).args(options))
            .with_context(|| format!("{name} is not to be had: it comes from crates.io"))?;
    }
    Ok(path)
}

/// Returns `cargo NAME` in the root folder. Installs the crate `cargo-NAME` if it is missing.
pub(crate) fn plugin(name: &str, arguments: &[&str]) -> Result<Command> {
    program(&format!("cargo-{name}"), &[])?;
    let folder = private().join("bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(folder).chain(env::split_paths(&path)))?;
    let mut command = cargo(&[name]);
    command.args(arguments).env("PATH", path);
    Ok(command)
}

/// Returns the output of a command. Fails if the command fails.
pub(crate) fn printed(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .output()
        .with_context(|| format!("starting `{shown}`"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed ({}): {}", output.status, why.trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Builds all three binaries, as plain `cargo build` does. Without one of them, the features of
/// shared dependencies would differ and much would be rebuilt.
pub(crate) fn build(profile: Profile) -> Result<()> {
    let mut command = cargo(&["build"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    for name in BINARIES {
        command.args(["--package", name]);
    }
    run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_it_is_typed() {
        let mut command = Command::new("/usr/bin/npm");
        command.args(["ci", "--no-audit"]);
        assert_eq!(shown(&command), "npm ci --no-audit");
    }
}
