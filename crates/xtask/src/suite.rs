//! Implements `cargo xtask test`: the whole test suite, stage by stage.
//!
//! ```text
//!  tools ─> npm ─> format ─> clippy ─> rustdoc ─> page's tests ─> build ─> Rust tests ─> leftovers
//! ```
//!
//! A failed stage does not keep later ones from running, unless they need its output. With a
//! filter, only the matching Rust tests run. All stages use one profile and one target folder, so
//! that only clippy compiles anything twice.

use std::num::NonZero;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use scratch_database::Server;

use crate::cargo;
use crate::leftovers::{MARK, Run};
use crate::repo::{self, Package};
use crate::say::{self, Tone, paint};
use crate::setup::{self, Needs, Tools};
use crate::tally::{self, Tally};
use crate::{assets, leftovers};

/// Test slots per processor; `.config/nextest.toml` says how many a test takes.
const SLOTS_PER_CPU: usize = 3;

/// A finished stage.
struct Done {
    name: &'static str,
    time: Duration,
    tally: Tally,
    failure: Option<String>,
}

/// The stages that have finished so far.
#[derive(Default)]
struct SuiteReport {
    stages: Vec<Done>,
}

impl SuiteReport {
    /// Runs a stage. Returns whether it succeeded.
    fn stage(&mut self, name: &'static str, work: impl FnOnce(&mut Tally) -> Result<()>) -> bool {
        say::line("");
        say::step(paint(Tone::Bold, name));
        let start = Instant::now();
        let mut tally = Tally::default();
        let failure = work(&mut tally).err().map(|error| format!("{error:#}"));
        if let Some(failure) = &failure {
            say::error(failure);
            // A failure outside a test counts as one failed test.
            tally.failed = tally.failed.max(1);
        }
        let went_well = failure.is_none();
        let done = Done {
            name,
            time: start.elapsed(),
            tally,
            failure,
        };
        say::line(done.line());
        self.stages.push(done);
        went_well
    }

    fn end(&self, time: Duration) -> ExitCode {
        let mut total = Tally::default();
        say::line("");
        for done in &self.stages {
            say::line(done.line());
            total.add(done.tally);
        }
        say::line(format!("{:<28} {:>12}", "all", say::took(time)));
        say::line("");
        // Print it plainly, as the last line: CI parses it.
        say::line(format!("{} passed, {} failed", total.passed, total.failed));
        if total.failed == 0 && total.passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

impl Done {
    fn line(&self) -> String {
        let mut text = format!("{:<28} {:>12}  ", self.name, say::took(self.time));
        match &self.failure {
            None => text.push_str(&paint(Tone::Green, "ok")),
            Some(_) => text.push_str(&paint(Tone::Red, "FAILED")),
        }
        if !self.tally.is_empty() {
            text.push_str(&paint(
                Tone::Dim,
                format!(
                    "  {} passed, {} failed, {} skipped",
                    self.tally.passed, self.tally.failed, self.tally.skipped
                ),
            ));
        }
        text
    }
}

/// Runs the whole suite, or the Rust tests that match a filter.
pub(crate) fn run(filters: &[String]) -> Result<ExitCode> {
    let start = Instant::now();
    let mut report = SuiteReport::default();
    let tools = setup::setup(Needs::ALL)?;
    stages(&mut report, &tools, filters)?;
    Ok(report.end(start.elapsed()))
}

fn stages(report: &mut SuiteReport, tools: &Tools, filters: &[String]) -> Result<()> {
    let assets = report.stage("npm packages and pages", |_| {
        assets::build_all(tools)?;
        assets::install(tools, Package::Tests).map(drop)
    });
    if filters.is_empty() {
        report.stage("format", |_| format(true));
        if assets {
            report.stage("clippy", |_| clippy());
            report.stage("rustdoc", |_| rustdoc());
            report.stage("React page", |tally| page(tools, tally));
        }
    }
    if !assets || !report.stage("build", |_| build()) {
        return Ok(());
    }
    let run = Run::new(&repo::target())?;
    report.stage("Rust tests", |tally| {
        rust_tests(tools, &run, filters, tally)
    });
    report.stage("nothing left behind", |_| nothing_left(&run));
    run.close();
    Ok(())
}

/// Builds all targets as the test runner would, so that the runner has nothing left to build. The
/// features of dependencies depend on the selected packages.
fn build() -> Result<()> {
    cargo::run(&mut cargo::cargo(&[
        "build",
        "--workspace",
        "--all-targets",
    ]))
}

/// Runs `cargo fmt` on the workspace.
pub(crate) fn format(check: bool) -> Result<()> {
    let mut command = cargo::cargo(&["fmt", "--all"]);
    if check {
        command.arg("--check");
    }
    cargo::run(&mut command)
}

/// Runs Clippy on all targets; warnings are errors.
pub(crate) fn clippy() -> Result<()> {
    cargo::run(&mut cargo::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

/// Builds the documentation of all crates, including private items; warnings are errors.
pub(crate) fn rustdoc() -> Result<()> {
    let mut command = cargo::cargo(&[
        "doc",
        "--no-deps",
        "--workspace",
        "--document-private-items",
    ]);
    cargo::run(command.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Lints the React page.
pub(crate) fn lint_page(tools: &Tools) -> Result<()> {
    assets::install(tools, Package::Page)?;
    let mut npm = assets::npm(tools, Package::Page);
    npm.args(["run", "--silent", "lint"]);
    cargo::run(&mut npm)
}

pub(crate) fn page(tools: &Tools, tally: &mut Tally) -> Result<()> {
    lint_page(tools)?;
    let mut npm = assets::npm(tools, Package::Page);
    npm.args(["test", "--silent"]);
    let counted = tally::run(&mut npm)?;
    tally.add(counted.tally);
    if !counted.status.success() {
        bail!("`npm test` failed ({})", counted.status);
    }
    Ok(())
}

fn rust_tests(tools: &Tools, run: &Run, filters: &[String], tally: &mut Tally) -> Result<()> {
    let nextest = cargo::cargo(&["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let mut command = if nextest {
        cargo::cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo::cargo(&["test", "--workspace", "--no-fail-fast"])
    };
    if nextest {
        let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
        let slots = cpus.saturating_mul(SLOTS_PER_CPU).to_string();
        command.args(["--profile", "suite", "--test-threads", &slots]);
        command.args(filters);
    } else if let [filter] = filters {
        command.arg(filter);
    } else if !filters.is_empty() {
        bail!("without cargo-nextest only one filter can be given");
    }
    environment(&mut command, tools, run);
    // Start one server for all tests, since each test would otherwise start its own.
    let postgres = Server::start().context("starting PostgreSQL")?;
    command.env(scratch_database::VARIABLE, postgres.socket());
    let counted = tally::run(&mut command)?;
    tally.add(counted.tally);
    if !counted.slowest.is_empty() {
        say::line("");
        say::line("the slowest tests:");
        for test in &counted.slowest {
            say::line(format!("{:>12}  {}", say::took(test.took), test.name));
        }
    }
    if !counted.status.success() {
        bail!("`{}` failed ({})", cargo::shown(&command), counted.status);
    }
    if counted.tally.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

/// Sets the environment of the tests; `docs/testing.md` documents the
/// variables.
pub(crate) fn environment(command: &mut Command, tools: &Tools, run: &Run) {
    command
        .env("PATH", tools.path())
        .env("TMPDIR", run.folder())
        .env(MARK, run.id());
    // Tests set their own variables; the caller's shell must not affect them.
    for name in [
        "PORT",
        "HOST",
        "NODE_ENV",
        "DRY_RUN",
        "DATABASE_URL",
        "TOKENS_DIR",
        "DATA_DIR",
        "SESSION_MANAGER_BASE_URL",
        "SESSION_MANAGER_TOKEN",
        "HUB_ADMIN_PASSWORD",
        "INTERNAL_TOKEN",
        "INTERNAL_TOKEN_PREVIOUS",
        "TRUSTED_PROXIES",
        "WEBHOOK_ALLOWED_HOSTS",
        "SMTP_URL",
        "ALERT_WEBHOOK_URL",
        "WHATSAPP_WEB_URL",
        "AUTO_CAMPAIGNS_ENABLED",
        "TZ",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "RUST_LOG",
    ] {
        command.env_remove(name);
    }
}

/// Returns an error if the run left anything behind.
pub(crate) fn nothing_left(run: &Run) -> Result<()> {
    let left = run.leftovers();
    if left.is_empty() {
        return Ok(());
    }
    bail!(
        "left behind by the tests (marked {}={}):\n  {}",
        leftovers::MARK,
        run.id(),
        left.join("\n  ")
    )
}

/// Implements `cargo xtask lint`: the checks that `test` runs before its tests.
pub(crate) fn lint() -> Result<()> {
    let tools = setup::setup(Needs::NODE)?;
    assets::build_all(&tools)?;
    format(true).context("`cargo xtask fmt` mends it")?;
    clippy()?;
    rustdoc()?;
    lint_page(&tools)
}
