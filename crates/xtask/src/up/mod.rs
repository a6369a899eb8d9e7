//! Implements `cargo xtask up`, which runs the pair on this machine, in the foreground.
//!
//! ```text
//!  build ─> ports free? ─> stand-in ─> session-manager ─> central-hub ─> all ready ──> wait
//!                          (rehearsal)                                                  │
//!        central-hub <─ session-manager <─ stand-in      stopped in this order          │
//!              └── Ctrl-C, SIGTERM, or one of them ended by itself <────────────────────┘
//! ```

mod child;
mod plan;
mod probe;
mod record;

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::cargo::{self, Profile};
use crate::cli::UpOptions;
use crate::say::{self, Tone, paint};
use crate::setup::{self, Needs};
use crate::{assets, repo};

use child::Child;
use plan::Plan;
use record::Record;

/// How long a service may take to respond. This does not include Chrome.
const TIMEOUT: Duration = Duration::from_secs(30);

/// An event that the main thread waits for.
#[derive(Debug)]
enum Event {
    /// A signal to stop.
    Signal,
    /// A child ended: its index, and its exit status.
    Ended(usize, String),
}

/// Implements `cargo xtask up`.
pub(crate) fn up(options: &UpOptions) -> Result<ExitCode> {
    let record = Record::of(options.rehearse);
    if let Some(pid) = record.running() {
        bail!(
            "it runs already (process {pid}): end it with Ctrl-C in its terminal, \
             or with `cargo xtask down`"
        );
    }
    // Make the plan before a first build, which takes minutes.
    let plan = Plan::new(options)?;
    plan.check_ports()?;
    if !options.detached {
        prepare(options, &plan)?;
    }
    if options.detach {
        return record.start_detached(options);
    }
    run(options, &plan, &record)
}

fn prepare(options: &UpOptions, plan: &Plan) -> Result<()> {
    let tools = setup::setup(Needs::TO_RUN)?;
    assets::build_all(&tools)?;
    say::step(if options.release {
        "building (release)"
    } else {
        "building"
    });
    cargo::build(plan.profile())?;
    plan.check_ports()
}

fn run(options: &UpOptions, plan: &Plan, record: &Record) -> Result<ExitCode> {
    let (sender, events) = mpsc::channel();
    // Listen before the first child starts: from now on a signal stops all running children.
    listen_for_signals(sender.clone())?;
    record.write()?;
    let mut children = Vec::new();
    let outcome = start(plan, &sender, &events, &mut children).and_then(|started| {
        if started {
            record.ready()?;
            say::line(plan.where_to_look());
            wait(&events, &children)
        } else {
            Ok(ExitCode::SUCCESS)
        }
    });
    stop(&mut children, &events);
    record.remove();
    if let Err(error) = &outcome
        && options.detached
    {
        // The process that detaches reads the log, and looks for the last line.
        say::error(format!("{error:#}"));
    }
    outcome
}

/// Starts all services, each once the previous one responds. Returns `false` after a signal.
fn start(
    plan: &Plan,
    sender: &Sender<Event>,
    events: &Receiver<Event>,
    children: &mut Vec<Child>,
) -> Result<bool> {
    plan.create_folders()?;
    for (place, service) in plan.services().into_iter().enumerate() {
        let probe = service.probe.clone();
        let child = Child::spawn(service, place, sender.clone())?;
        let name = child.name();
        children.push(child);
        let answered = probe.wait(TIMEOUT, || match events.try_recv() {
            Ok(Event::Signal) => Some(Ok(())),
            Ok(Event::Ended(who, how)) => Some(Err(ended(children[who].name(), &how))),
            Err(_) => None,
        });
        match answered {
            probe::ProbeResult::Answers => {}
            probe::ProbeResult::Interrupted(Ok(())) => return Ok(false),
            probe::ProbeResult::Interrupted(Err(error)) => return Err(error),
            probe::ProbeResult::Silent => bail!(
                "{name} does not answer on {} after {}",
                probe.url(),
                say::took(TIMEOUT)
            ),
        }
    }
    Ok(true)
}

fn wait(events: &Receiver<Event>, children: &[Child]) -> Result<ExitCode> {
    match events.recv().context("nobody is left to wait for")? {
        Event::Signal => {
            say::line("");
            say::step("stopping");
            Ok(ExitCode::SUCCESS)
        }
        Event::Ended(who, how) => Err(ended(children[who].name(), &how)),
    }
}

fn ended(name: &str, how: &str) -> anyhow::Error {
    anyhow::anyhow!("{name} ended by itself ({how}); its last lines are above")
}

/// Stops the services in reverse order, so that no service calls one that is gone.
fn stop(children: &mut [Child], events: &Receiver<Event>) {
    for child in children.iter_mut().rev() {
        child.stop(events);
    }
}

fn listen_for_signals(sender: Sender<Event>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listening for signals")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            if sender.send(Event::Signal).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Implements `cargo xtask down`.
pub(crate) fn down() -> Result<ExitCode> {
    let mut any = false;
    for record in Record::both() {
        if let Some(pid) = record.running() {
            any = true;
            say::step(format!("ending {} (process {pid})", record.what()));
            record.end(pid)?;
        }
    }
    if !any {
        say::line("nothing runs here");
    }
    Ok(ExitCode::SUCCESS)
}

/// Implements `cargo xtask status`. Fails if nothing runs or a service does not respond.
pub(crate) fn status() -> Result<ExitCode> {
    let mut all_well = false;
    for record in Record::both() {
        let Some(pid) = record.running() else {
            continue;
        };
        all_well = true;
        say::line(format!("{} runs (process {pid})", record.what()));
        for (name, url) in record.services() {
            let answer = probe::Probe::parse(&url).and_then(|probe| probe.ask());
            let shown = match &answer {
                Ok(body) => paint(Tone::Green, body),
                Err(error) => paint(Tone::Red, format!("{error:#}")),
            };
            all_well &= answer.is_ok();
            say::line(format!("  {name:<17} {url}  {shown}"));
        }
    }
    if !all_well {
        say::line(format!("nothing runs from {}", repo::root().display()));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

impl Plan {
    /// Returns the profile of the binaries.
    pub(crate) const fn profile(&self) -> Profile {
        self.profile
    }
}
