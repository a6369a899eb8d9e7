//! The command line of `cargo xtask`.

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
    /// Whether `up` runs, and whether its services answer.
    Status,
    /// Check everything: format, lints, the page's tests, all Rust tests.
    ///
    /// Ends with one line, `N passed, N failed`. Fails too when a test left a
    /// process or a temporary file behind.
    Test {
        /// Only the Rust tests whose name contains one of these words, or
        /// whatever else `cargo nextest run` takes, such as `-E 'test(pm2)'`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        filter: Vec<String>,
    },
    /// What is quick to check, of what changed: within two minutes.
    ///
    /// Format, clippy, rustdoc, the documents' checks, and the unit tests of the
    /// packages that differ from the branch `main` (or from the last commit,
    /// on `main` itself). `test` is the whole.
    Check,
    /// Break everything at random, and see whether every message is kept.
    ///
    /// The pair sends for several callers to a stand-in of WhatsApp while
    /// Chrome, ChromeDriver and the services are killed, the network is cut
    /// and messages are refused or lost. At the end every accepted message has
    /// to be there once and in order, every inbound one told once, and nothing
    /// left. The seed it prints gives the same plan again.
    Chaos(ChaosOptions),
    /// Attack the pair with hostile clients, and see whether it holds.
    ///
    /// Slow and silent clients in every position of a request, answers that
    /// nobody reads, bodies without an end, floods of every route for every
    /// role, guesses and many streams, on this machine alone and bounded in
    /// count and time. Fails where memory, descriptors, answers or the time of
    /// `/health` leave their table. Without options one hub on SQLite, with
    /// nothing before it.
    Abuse(AbuseOptions),
    /// Measure the product and whatsapp-web.js in turns, and print a table.
    ///
    /// Both run on the same stand-in of WhatsApp, optimised, each from an
    /// empty folder; whatsapp-web.js stands behind the thinnest HTTP wrapper.
    /// Leave the machine alone meanwhile: other work is in the figures.
    Bench(BenchOptions),
    /// Run the pair under steady load for hours, and plot what it holds and takes.
    Soak(SoakOptions),
    /// Give anything to whatever reads what others write, until it fails.
    ///
    /// Numbers, lists, bodies, the page's reports and the environment: targets
    /// of `cargo fuzz` in `tests/fuzz`. Installs cargo-fuzz for this checkout;
    /// an input that breaks one is kept in `target/fuzz`.
    Fuzz(FuzzOptions),
    /// Licences, sources, advisories and unused dependencies.
    ///
    /// By cargo-deny (`.config/deny.toml`), cargo-machete and npm, installed
    /// for this checkout alone. The advisories come from the internet.
    Audit,
    /// Make a release archive in `target/dist`: binaries, deploy, docs, SBOM.
    Dist,
    /// Build the documents as a site, in `target/book`.
    ///
    /// By mdBook (`book.toml`, `docs/SUMMARY.md`), installed for this checkout
    /// alone; that takes minutes the first time, and crates.io.
    Docs,
    /// Build the container images, by podman or docker.
    ///
    /// `localhost/leadmaster/session-manager` and `…/central-hub`, as
    /// `deploy/container/compose.yaml` names them. Nothing but podman or docker
    /// is needed: all is compiled in a container.
    Image(ImageOptions),
    /// Build the pages that the binaries embed, if they are not up to date.
    Assets,
    /// Install what is missing (Chromium, ChromeDriver, Node.js), or say how.
    Setup,
    /// Format the Rust code.
    Fmt {
        /// Only say what is not formatted.
        #[arg(long)]
        check: bool,
    },
    /// Format check, clippy, rustdoc and the page's linter, no warning let through.
    Lint,
}

/// How `chaos` goes.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChaosOptions {
    /// For how many minutes things are broken.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) minutes: u64,
    /// Half a minute of it, as in the tests.
    #[arg(long, conflicts_with = "minutes")]
    pub(crate) short: bool,
    /// The seed that an earlier run printed; without it, another one.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// How many callers.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) clients: Option<u8>,
    /// Keep logs, ledger and record in `target/chaos` also when all went well.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Optimised binaries; they take minutes to build the first time.
    #[arg(long)]
    pub(crate) release: bool,
}

/// How `abuse` goes.
#[derive(Debug, Clone, Args)]
pub(crate) struct AbuseOptions {
    /// The amount of the run in the tests.
    #[arg(long)]
    pub(crate) short: bool,
    /// Only attacks whose name has this in it.
    #[arg(long, value_name = "WORDS")]
    pub(crate) only: Option<String>,
    /// Where the hub keeps what it remembers; SQLite without it.
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub(crate) database: Option<abuse::Engine>,
    /// So many hubs on one PostgreSQL, attacked in turns.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) hubs: u8,
    /// Through nginx with `deploy/nginx/leadmaster.conf`, over TLS.
    #[arg(long)]
    pub(crate) nginx: bool,
    /// The hub of the pair in containers, as `deploy/container/compose.yaml` has
    /// it; the images are those of `cargo xtask image`.
    #[arg(long, conflicts_with_all = ["database", "hubs", "release"])]
    pub(crate) containers: bool,
    /// What runs the containers, where both are; podman without it.
    #[arg(long, value_enum, value_name = "PROGRAM", requires = "containers")]
    pub(crate) engine: Option<image::Engine>,
    /// Optimised binaries; they take minutes to build the first time.
    #[arg(long)]
    pub(crate) release: bool,
}

/// What `bench` measures.
#[derive(Debug, Clone, Args)]
pub(crate) struct BenchOptions {
    /// Only these, by commas: launch, send, rate, inbound, idle,
    /// growth, hub; absence and build only when named.
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// How often each of the two has its turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=50))]
    pub(crate) rounds: u8,
    /// Write the figures there, too, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Draw the ratios there, as an SVG.
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,
}

/// How long the pair is under load.
#[derive(Debug, Clone, Args)]
pub(crate) struct SoakOptions {
    /// For how many hours; a part of one is fine.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) hours: f64,
    /// Where the samples and the picture go; `target/soak` without it.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

/// How the images are built.
#[derive(Debug, Clone, Args)]
pub(crate) struct ImageOptions {
    /// Then run both against the stand-in of WhatsApp: link, send, restart.
    ///
    /// By podman-compose or docker compose; takes all away again.
    #[arg(long)]
    pub(crate) check: bool,
    /// Unoptimised binaries, in a fraction of the time.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Where both are; podman without it.
    #[arg(long, value_enum)]
    pub(crate) engine: Option<image::Engine>,
    /// Another image of Debian 13 than Docker Hub's.
    // The variable is compose.yaml's.
    #[arg(long, value_name = "IMAGE", env = "LEADMASTER_BASE")]
    pub(crate) base: Option<String>,
}

/// What is fuzzed.
#[derive(Debug, Clone, Args)]
pub(crate) struct FuzzOptions {
    /// Only these: numbers, requests, lists, page, environment, multipart,
    /// content-disposition.
    pub(crate) targets: Vec<String>,
    /// For how many minutes, each.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) minutes: u64,
}

/// How `up` runs the pair.
#[derive(Debug, Clone, Args)]
pub(crate) struct UpOptions {
    /// Against a stand-in of WhatsApp Web, with a phone to click on: offline,
    /// with data of its own, so a real linked session is never touched.
    #[arg(long)]
    pub(crate) rehearse: bool,
    /// Optimised binaries; they take minutes to build the first time.
    #[arg(long)]
    pub(crate) release: bool,
    /// The port of session-manager.
    #[arg(long, value_name = "PORT", default_value_t = 3001, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) session_port: u16,
    /// The port of central-hub, where the page is.
    #[arg(long, value_name = "PORT", default_value_t = 3012, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) hub_port: u16,
    /// The port of the stand-in and its phone, in a rehearsal.
    #[arg(long, value_name = "PORT", default_value_t = 3090, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) phone_port: u16,
    /// Codes that change every few seconds, to see expiry and idle soon.
    #[arg(long, requires = "rehearse")]
    pub(crate) fast_codes: bool,
    /// Messages really leave (DRY_RUN=false). Without it they are simulated.
    #[arg(long)]
    pub(crate) send_for_real: bool,
    /// Come back once all answer, and leave it running; `down` ends it.
    #[arg(long)]
    pub(crate) detach: bool,
    /// What `--detach` starts.
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
            Task::Dist => dist::run()?,
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
