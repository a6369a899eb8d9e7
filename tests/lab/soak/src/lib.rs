//! Runs the soak test: both services under steady load for hours, with samples of their resource
//! usage.
//!
//! ```text
//!  clients ──> central-hub ──> session-manager ──> Chrome ──> stand-in
//!  leads ────────────────────────────────────────────^  every 15 s: a sample
//! ```

mod load;
mod media;
mod plot;
mod sample;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use whatsapp_standin::Settings;

use bench::SERVER_ACK;
use harness::{Hub, ManagerOptions, start_linked};
use load::Load;
pub use media::{MediaFigures, find_excessive_growth, pass_files};
pub use sample::{Sample, summary};

/// Number of sends per second.
const SENDS_PER_SECOND: f64 = 4.0;
/// Number of inbound messages per second.
const INBOUND_PER_SECOND: f64 = 2.0;

/// The duration and sampling interval of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Duration from READY to the end.
    pub duration: Duration,
    /// Interval between two samples.
    pub interval: Duration,
}

/// Runs the soak test, and reports each sample to `report`. Writes `samples.jsonl` to `folder`, line
/// by line, and `soak.svg` at the end.
///
/// # Errors
/// If a file in the folder cannot be written.
///
/// # Panics
/// If a message is rejected, or an inbound message is not published: a soak test must lose nothing.
pub async fn run(
    plan: Plan,
    folder: &Path,
    report: impl Fn(&Sample),
) -> std::io::Result<Vec<Sample>> {
    std::fs::create_dir_all(folder)?;
    let mut file = std::fs::File::create(folder.join("samples.jsonl"))?;
    let settings = Settings {
        server_ack: SERVER_ACK,
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let options = ManagerOptions::default().with("DRY_RUN", false);
    let hub = Hub::start(&manager, options).await;
    let load = Load::start(&hub, &standin, SENDS_PER_SECOND, INBOUND_PER_SECOND).await;
    let start = Instant::now();
    let pids = (manager.service.pid(), hub.service.pid());
    let mut sampler = sample::Sampler::new(pids.0, pids.1);
    let mut samples = Vec::new();
    while start.elapsed() < plan.duration {
        tokio::time::sleep(plan.interval).await;
        let sample = sampler.take_sample(start.elapsed(), load.take_latencies());
        let line = serde_json::to_string(&sample).expect("figures are JSON");
        writeln!(file, "{line}")?;
        report(&sample);
        samples.push(sample);
    }
    load.stop().await;
    drop(hub);
    manager.stop().await;
    standin.stop().await;
    plot::draw(&samples, &folder.join("soak.svg"))?;
    Ok(samples)
}
