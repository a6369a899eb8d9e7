//! Implements `cargo xtask image`, which builds the container images with podman or docker.
//!
//! ```text
//!  deploy/container/Containerfile ─┬─> localhost/leadmaster/session-manager
//!                                  ├─> localhost/leadmaster/central-hub
//!                                  └─> (--check) localhost/leadmaster/standin ─> check
//! ```

mod check;

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;

pub(crate) use self::check::around_the_pair;

use crate::cli::ImageOptions;
use crate::{cargo, repo, say};

const SERVICES: [&str; 2] = ["session-manager", "central-hub"];
const STANDIN: &str = "standin";

/// The program that builds and runs images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    Podman,
    Docker,
}

impl Engine {
    const ALL: [Self; 2] = [Self::Podman, Self::Docker];

    const fn name(self) -> &'static str {
        match self {
            Self::Podman => "podman",
            Self::Docker => "docker",
        }
    }

    fn command(self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.name());
        command.args(arguments).current_dir(repo::root());
        command
    }

    /// Returns whether the engine works: docker may be installed without a running daemon.
    fn works(self) -> bool {
        self.command(&["info"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn find(wanted: Option<Self>) -> Result<Self> {
        if let Some(wanted) = wanted {
            ensure!(
                wanted.works(),
                "`{} info` does not work here: install it, or start its daemon and see \
                 that you may use it",
                wanted.name()
            );
            return Ok(wanted);
        }
        let found = Self::ALL.into_iter().find(|engine| engine.works());
        found.context(
            "neither `podman info` nor `docker info` works here: install one \
             (sudo apt-get install podman), or start Docker's daemon and see that you \
             may use it",
        )
    }
}

/// Returns the name of an image, as in compose.yaml.
fn tag(target: &str) -> String {
    format!("localhost/leadmaster/{target}")
}

/// Builds the images. With `--check`, also tests them.
pub(crate) fn run(options: &ImageOptions) -> Result<()> {
    let engine = Engine::find(options.engine)?;
    // Look for compose before the build, which takes minutes.
    let compose = options
        .check
        .then(|| check::Compose::find(engine))
        .transpose()?;
    let standin = options.check.then_some(STANDIN);
    let targets = SERVICES.into_iter().chain(standin);
    for target in targets.filter(|_| !options.as_built) {
        say::step(format!("{} ({})", tag(target), engine.name()));
        cargo::run(&mut build(engine, target, options))?;
    }
    match compose {
        Some(compose) => check::run(&compose),
        None => Ok(()),
    }
}

fn build(engine: Engine, target: &str, options: &ImageOptions) -> Command {
    let mut command = engine.command(&["build", "--file", "deploy/container/Containerfile"]);
    command.args(["--target", target, "--tag", &tag(target)]);
    if options.dev {
        command.args(["--build-arg", "PROFILE=dev"]);
    }
    if let Some(base) = &options.base {
        command.arg("--build-arg").arg(format!("BASE={base}"));
    }
    command.arg(".");
    command
}

#[cfg(test)]
mod tests;
