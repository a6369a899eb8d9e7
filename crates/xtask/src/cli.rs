//! Defines the command line of `cargo xtask`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::setup::{self, Needs};
use crate::{abuse, assets, audit, bench, chaos, check, dist, docs, fuzz, image, soak, suite, up};

/// Sets up, builds, runs, rehearses and tests the pair.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
pub(crate) struct Xtask {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the pair and run it, until Ctrl-C.
    ///
    /// Installs what is missing, builds the pages and the binaries, starts
    /// session-manager and central-hub, waits until both answer, and says
    /// where to look. Ctrl-C ends all of it cleanly, Chrome included.
    Up(UpOptions),
    /// End what `up` runs (with `--detach` or in another terminal).
    Down,
    /// Show whether `up` runs, and whether its services respond.
    Status,
    /// Check everything: format, lints, the page's tests, all Rust tests.
    ///
    /// Ends with one line, `N passed, N failed`. Fails too when a test left a
    /// process or a temporary file behind.
    Test {
        /// Only the Rust tests whose name contains one of these words, or any
        /// arguments of `cargo nextest run`, such as `-E 'test(pm2)'`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        filter: Vec<String>,
    },
    /// Run the quick checks for changed packages, within two minutes.
    ///
    /// Format, clippy, rustdoc, the document checks, and the unit tests of the
    /// packages that differ from the branch `main` (or from the last commit, on
    /// `main` itself). `test` runs everything.
    Check,
    /// Break everything at random, and check that no message is lost.
    ///
    /// Several clients send through both services to a stand-in of WhatsApp
    /// while Chrome, ChromeDriver and the services are killed, the network is
    /// cut and messages are refused or lost. At the end every accepted message
    /// must have arrived once and in order, every inbound one must be published
    /// once, and nothing left behind. The printed seed reproduces the plan.
    Chaos(ChaosOptions),
    /// Attack both services with hostile clients, and check that they hold.
    ///
    /// Slow and silent clients in every position of a request, responses that
    /// are not read, bodies without an end, floods of every route for every
    /// role, guesses and many streams, on this machine only and bounded in
    /// count and time. Fails if memory, descriptors, responses or the latency
    /// of `/health` exceed their limits. Without options one hub on SQLite,
    /// without a proxy.
    Abuse(AbuseOptions),
    /// Benchmark the product against whatsapp-web.js in turns, and print a
    /// table.
    ///
    /// Both run on the same stand-in of WhatsApp, optimized, each from an empty
    /// folder; whatsapp-web.js has a minimal HTTP wrapper. Leave the machine
    /// idle meanwhile: other work affects the figures.
    Bench(BenchOptions),
    /// Run both services under steady load for hours, and plot their resource
    /// usage.
    Soak(SoakOptions),
    /// Fuzz the parsers of untrusted input until one fails.
    ///
    /// Numbers, lists, bodies, the page's reports and the environment: targets
    /// of `cargo fuzz` in `tests/fuzz`. Installs cargo-fuzz for this checkout;
    /// a failing input is kept in `target/fuzz`.
    Fuzz(FuzzOptions),
    /// Check licences, sources, advisories and unused dependencies.
    ///
    /// With cargo-deny (`.config/deny.toml`), cargo-machete and npm, installed
    /// for this checkout only. The advisories need the internet.
    Audit,
    /// Make a release archive and Debian packages in `target/dist`.
    ///
    /// The archive has binaries, deploy, docs and SBOM. The packages, one for each
    /// service, are made by cargo-deb, which is installed for this checkout only;
    /// they need dpkg-dev.
    Dist(DistOptions),
    /// Build the documents as a site, in `target/book`.
    /// With mdBook (`book.toml`, `docs/SUMMARY.md`), installed for this
    /// checkout only; the first time takes minutes, and needs crates.io.
    Docs,
    /// Build the container images with podman or docker.
    ///
    /// The images are `localhost/leadmaster/session-manager` and
    /// `…/central-hub`, as in `deploy/container/compose.yaml`. Only podman or
    /// docker is needed: everything is compiled in a container.
    Image(ImageOptions),
    /// Build the pages that the binaries embed, if they are not up to date.
    Assets,
    /// Install what is missing (Chromium, ChromeDriver, Node.js), or print how
    /// to.
    Setup,
    /// Format the Rust code.
    Fmt {
        /// Only report unformatted files.
        #[arg(long)]
        check: bool,
    },
    /// Check format, clippy, rustdoc and the page's linter; warnings are
    /// errors.
    Lint,
}

/// Options of `chaos`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChaosOptions {
    /// Duration of the faults, in minutes.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) minutes: u64,
    /// Run the short plan of the tests: half a minute.
    #[arg(long, conflicts_with = "minutes")]
    pub(crate) short: bool,
    /// The seed of an earlier run; random by default.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Number of clients.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) clients: Option<u8>,
    /// Keep logs, ledger and record in `target/chaos` even on success.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Use optimized binaries; they take minutes to build the first time.
    #[arg(long)]
    pub(crate) release: bool,
}

/// Options of `dist`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DistOptions {
    /// Build only the packages, from unoptimized binaries: for trying them.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Then install, upgrade, downgrade, remove and purge the packages in a bare
    /// Debian root.
    ///
    /// As root, with debootstrap; the root is made in `target/dist`, and removed
    /// again.
    #[arg(long)]
    pub(crate) check: bool,
    /// Then boot that root with systemd, by podman: both run, are restarted when
    /// they hang, and tell that they failed.
    #[arg(long, requires = "check")]
    pub(crate) boot: bool,
}

/// Options of `abuse`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AbuseOptions {
    /// Run the short version of the tests.
    #[arg(long)]
    pub(crate) short: bool,
    /// Run only attacks whose name contains this.
    #[arg(long, value_name = "WORDS")]
    pub(crate) only: Option<String>,
    /// The hub's database; SQLite by default.
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub(crate) database: Option<abuse::Engine>,
    /// Number of hubs on one PostgreSQL, attacked in turns.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) hubs: u8,
    /// Attack through nginx with `deploy/nginx/leadmaster.conf`, over TLS.
    #[arg(long)]
    pub(crate) nginx: bool,
    /// Attack the hub in containers of `deploy/container/compose.yaml`, with
    /// the images of `cargo xtask image`.
    #[arg(long, conflicts_with_all = ["database", "hubs", "release"])]
    pub(crate) containers: bool,
    /// The container engine, if both are installed; podman by default.
    #[arg(long, value_enum, value_name = "PROGRAM", requires = "containers")]
    pub(crate) engine: Option<image::Engine>,
    /// Use optimized binaries; they take minutes to build the first time.
    #[arg(long)]
    pub(crate) release: bool,
}

/// Options of `bench`.
#[derive(Debug, Clone, Args)]
pub(crate) struct BenchOptions {
    /// Only these, comma-separated: launch, send, rate, inbound, idle, growth,
    /// hub; absence and build only if named.
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Number of turns of each of the two.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=50))]
    pub(crate) rounds: u8,
    /// Write the figures to this file, too, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Draw the ratios to this file, as an SVG.
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,
}

/// Options of `soak`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SoakOptions {
    /// Duration in hours, may be a fraction.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) hours: f64,
    /// Folder of the samples and the plot; `target/soak` by default.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Instead: pass this many MiB of files through the pair, half of them each
    /// way, and print the memory before and after.
    #[arg(long, value_name = "MIB")]
    pub(crate) media: Option<usize>,
}

/// Options of `image`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ImageOptions {
    /// Then test both services against the stand-in of WhatsApp: link, send,
    /// restart.
    ///
    /// With podman-compose or docker compose; removes everything again.
    #[arg(long)]
    pub(crate) check: bool,
    /// Test the images that are there: build none.
    #[arg(long, requires = "check")]
    pub(crate) as_built: bool,
    /// Build unoptimized binaries, in a fraction of the time.
    #[arg(long)]
    pub(crate) dev: bool,
    /// The container engine, if both are installed; podman by default.
    #[arg(long, value_enum)]
    pub(crate) engine: Option<image::Engine>,
    /// A Debian 13 image other than Docker Hub's.
    // The variable is compose.yaml's.
    #[arg(long, value_name = "IMAGE", env = "LEADMASTER_BASE")]
    pub(crate) base: Option<String>,
}

/// Options of `fuzz`.
#[derive(Debug, Clone, Args)]
pub(crate) struct FuzzOptions {
    /// Only these: numbers, requests, lists, page, environment, multipart,
    /// content-disposition.
    pub(crate) targets: Vec<String>,
    /// Minutes for each target.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) minutes: u64,
}

/// Options of `up`.
#[derive(Debug, Clone, Args)]
pub(crate) struct UpOptions {
    /// Run against a stand-in of WhatsApp Web, with a phone to click on:
    /// offline, with its own data, so a real linked session is never touched.
    #[arg(long)]
    pub(crate) rehearse: bool,
    /// Use optimized binaries; they take minutes to build the first time.
    #[arg(long)]
    pub(crate) release: bool,
    /// The port of session-manager.
    #[arg(long, value_name = "PORT", default_value_t = 3001, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) session_port: u16,
    /// The port of central-hub, which serves the page.
    #[arg(long, value_name = "PORT", default_value_t = 3012, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) hub_port: u16,
    /// The port of the stand-in and its phone, in a rehearsal.
    #[arg(long, value_name = "PORT", default_value_t = 3090, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) phone_port: u16,
    /// Change codes every few seconds, to see expiry and idle soon.
    #[arg(long, requires = "rehearse")]
    pub(crate) fast_codes: bool,
    /// Really send messages (DRY_RUN=false). Without it they are simulated.
    #[arg(long)]
    pub(crate) send_for_real: bool,
    /// Return once all services respond, and leave them running; `down` stops
    /// them.
    #[arg(long)]
    pub(crate) detach: bool,
    /// The process that `--detach` starts.
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
}

impl Xtask {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let done = ExitCode::SUCCESS;
        match self.task {
            Task::Up(options) => return up::up(&options),
            Task::Down => return up::down(),
            Task::Status => return up::status(),
            Task::Test { filter } => return suite::run(&filter),
            Task::Check => return check::run(),
            Task::Bench(options) => return bench::run(&options),
            Task::Abuse(options) => return abuse::run(&options),
            Task::Chaos(options) => return chaos::run(&options),
            Task::Soak(options) => return soak::run(&options),
            Task::Fuzz(options) => fuzz::run(&options)?,
            Task::Audit => audit::run()?,
            Task::Dist(options) => dist::run(&options)?,
            Task::Docs => docs::run()?,
            Task::Image(options) => image::run(&options)?,
            Task::Assets => assets::build_all(&setup::setup(Needs::NODE)?)?,
            Task::Setup => setup::report()?,
            Task::Fmt { check } => suite::format(check)?,
            Task::Lint => suite::lint()?,
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Xtask::command().debug_assert();
        for bad in [
            &["xtask", "up", "--fast-codes"][..],
            &["xtask", "up", "--hub-port", "0"],
            &["xtask", "up", "--session-port", "70000"],
            &["xtask", "chaos", "--minutes", "0"],
            &["xtask", "chaos", "--minutes", "2", "--short"],
            &["xtask", "abuse", "--hubs", "0"],
            &["xtask", "abuse", "--containers", "--hubs", "2"],
            &["xtask", "abuse", "--engine", "podman"],
            &["xtask"],
        ] {
            assert!(Xtask::try_parse_from(bad).is_err(), "{bad:?}");
        }
    }
}
