//! Samples the resource usage of both services at one moment.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde::Serialize;
use service_runtime::process::usage::descriptors;

use super::load::Times;
use bench::{median, ms, percentile, processor_time_of, tree_processor_time, weight};

/// One sample. Memory is in MiB, CPU time in milliseconds per second, latency in milliseconds.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it, with the units above")]
pub struct Sample {
    pub seconds: f64,
    pub manager_rss: f64,
    pub hub_rss: f64,
    pub tree_memory: f64,
    pub processes: f64,
    pub manager_descriptors: f64,
    pub hub_descriptors: f64,
    pub manager_cpu: f64,
    pub hub_cpu: f64,
    pub tree_cpu: f64,
    pub sends: usize,
    pub send_p50: f64,
    pub send_p99: f64,
    pub inbound: usize,
    pub inbound_p50: f64,
    pub inbound_p99: f64,
}

/// A column: its name, and the function that gets its value from a sample.
type Column = (&'static str, fn(&Sample) -> f64);

/// All columns of the table.
pub const COLUMNS: &[Column] = &[
    ("session-manager, RSS, MiB", |it| it.manager_rss),
    ("central-hub, RSS, MiB", |it| it.hub_rss),
    ("Chrome and ChromeDriver, anonymous, MiB", |it| {
        it.tree_memory
    }),
    ("their processes", |it| it.processes),
    ("session-manager, descriptors", |it| it.manager_descriptors),
    ("central-hub, descriptors", |it| it.hub_descriptors),
    ("session-manager, CPU, ms/s", |it| it.manager_cpu),
    ("central-hub, CPU, ms/s", |it| it.hub_cpu),
    ("Chrome and ChromeDriver, CPU, ms/s", |it| it.tree_cpu),
    ("send by the hub, p50, ms (20 of it the ack)", |it| {
        it.send_p50
    }),
    ("send by the hub, p99, ms", |it| it.send_p99),
    ("inbound to the hub's listener, p50, ms", |it| {
        it.inbound_p50
    }),
    ("inbound to the hub's listener, p99, ms", |it| {
        it.inbound_p99
    }),
];

/// A sampler of two services, and of the descendants of the first.
#[derive(Debug)]
pub struct Eye {
    manager: i32,
    hub: i32,
    before: (Instant, [Duration; 3]),
}

impl Eye {
    /// Creates a sampler of these processes.
    #[must_use]
    pub fn new(manager: i32, hub: i32) -> Self {
        let before = (Instant::now(), used(manager, hub));
        Self {
            manager,
            hub,
            before,
        }
    }

    /// Takes a sample: the current memory, and the CPU time since the last sample.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    pub fn look(&mut self, at: Duration, times: Times) -> Sample {
        let now = (Instant::now(), used(self.manager, self.hub));
        let wall = (now.0 - self.before.0).as_secs_f64();
        let busy = |n: usize| {
            let used = now.1[n].saturating_sub(self.before.1[n]);
            ms(used) / wall
        };
        let (weight, of_hub) = (weight(self.manager), weight(self.hub));
        let all = |times: Vec<Duration>| times.into_iter().map(ms).collect::<Vec<_>>();
        let (sends, inbound) = (all(times.sends), all(times.inbound));
        let part = |of: &[f64], part| percentile(of, part).unwrap_or_default();
        let sample = Sample {
            seconds: at.as_secs_f64(),
            manager_rss: weight.service_rss,
            hub_rss: of_hub.service_rss,
            tree_memory: weight.tree_anonymous,
            processes: weight.processes as f64,
            manager_descriptors: descriptors(self.manager) as f64,
            hub_descriptors: descriptors(self.hub) as f64,
            manager_cpu: busy(0),
            hub_cpu: busy(1),
            tree_cpu: busy(2),
            sends: sends.len(),
            send_p50: part(&sends, 0.5),
            send_p99: part(&sends, 0.99),
            inbound: inbound.len(),
            inbound_p50: part(&inbound, 0.5),
            inbound_p99: part(&inbound, 0.99),
        };
        self.before = now;
        sample
    }
}

fn used(manager: i32, hub: i32) -> [Duration; 3] {
    [
        processor_time_of(manager),
        processor_time_of(hub),
        tree_processor_time(manager),
    ]
}

/// Returns a table of the first and the last tenth of the samples, one line for each column.
#[must_use]
pub fn summary(samples: &[Sample]) -> String {
    let tenth = (samples.len() / 10).max(1);
    let middle = |part: &[Sample], of: fn(&Sample) -> f64| {
        let values: Vec<_> = part.iter().map(of).collect();
        median(&values).unwrap_or_default()
    };
    let (first, last) = (
        &samples[..tenth.min(samples.len())],
        &samples[samples.len().saturating_sub(tenth)..],
    );
    let mut text = "| | first tenth | last tenth |\n| --- | --: | --: |\n".to_owned();
    for (name, of) in COLUMNS {
        let _ = writeln!(
            text,
            "| {name} | {:.1} | {:.1} |",
            middle(first, *of),
            middle(last, *of)
        );
    }
    let total = |of: fn(&Sample) -> usize| samples.iter().map(of).sum::<usize>();
    let _ = writeln!(
        text,
        "\n{} sent and {} told, in {:.2} hours",
        total(|it| it.sends),
        total(|it| it.inbound),
        samples.last().map_or(0.0, |it| it.seconds / 3600.0)
    );
    text
}
