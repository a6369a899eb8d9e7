//! Samples the resource usage of both services at one moment.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde::Serialize;
use service_runtime::process::usage::descriptors;

use super::load::Latencies;
use bench::{measure_memory, median, ms, percentile, process_cpu_time, tree_cpu_time};

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
    ("session-manager, RSS, MiB", |sample| sample.manager_rss),
    ("central-hub, RSS, MiB", |sample| sample.hub_rss),
    ("Chrome and ChromeDriver, anonymous, MiB", |sample| {
        sample.tree_memory
    }),
    ("their processes", |sample| sample.processes),
    ("session-manager, descriptors", |sample| {
        sample.manager_descriptors
    }),
    ("central-hub, descriptors", |sample| sample.hub_descriptors),
    ("session-manager, CPU, ms/s", |sample| sample.manager_cpu),
    ("central-hub, CPU, ms/s", |sample| sample.hub_cpu),
    ("Chrome and ChromeDriver, CPU, ms/s", |sample| {
        sample.tree_cpu
    }),
    ("send by the hub, p50, ms (20 of it the ack)", |sample| {
        sample.send_p50
    }),
    ("send by the hub, p99, ms", |sample| sample.send_p99),
    ("inbound to the hub's listener, p50, ms", |sample| {
        sample.inbound_p50
    }),
    ("inbound to the hub's listener, p99, ms", |sample| {
        sample.inbound_p99
    }),
];

/// A sampler of two services, and of the descendants of the first.
#[derive(Debug)]
pub struct Sampler {
    manager: i32,
    hub: i32,
    before: (Instant, [Duration; 3]),
}

impl Sampler {
    /// Creates a sampler of these processes.
    #[must_use]
    pub fn new(manager: i32, hub: i32) -> Self {
        let before = (Instant::now(), cpu_times(manager, hub));
        Self {
            manager,
            hub,
            before,
        }
    }

    /// Takes a sample: the current memory, and the CPU time since the last sample.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    pub fn take_sample(&mut self, elapsed_total: Duration, latencies: Latencies) -> Sample {
        let now = (Instant::now(), cpu_times(self.manager, self.hub));
        let elapsed = (now.0 - self.before.0).as_secs_f64();
        let cpu_per_second = |n: usize| {
            let used = now.1[n].saturating_sub(self.before.1[n]);
            ms(used) / elapsed
        };
        let (weight, hub_weight) = (measure_memory(self.manager), measure_memory(self.hub));
        let to_ms = |latencies: Vec<Duration>| latencies.into_iter().map(ms).collect::<Vec<_>>();
        let (sends, inbound) = (to_ms(latencies.sends), to_ms(latencies.inbound));
        let quantile = |values: &[f64], fraction| percentile(values, fraction).unwrap_or_default();
        let sample = Sample {
            seconds: elapsed_total.as_secs_f64(),
            manager_rss: weight.service_rss,
            hub_rss: hub_weight.service_rss,
            tree_memory: weight.tree_anonymous,
            processes: weight.processes as f64,
            manager_descriptors: descriptors(self.manager) as f64,
            hub_descriptors: descriptors(self.hub) as f64,
            manager_cpu: cpu_per_second(0),
            hub_cpu: cpu_per_second(1),
            tree_cpu: cpu_per_second(2),
            sends: sends.len(),
            send_p50: quantile(&sends, 0.5),
            send_p99: quantile(&sends, 0.99),
            inbound: inbound.len(),
            inbound_p50: quantile(&inbound, 0.5),
            inbound_p99: quantile(&inbound, 0.99),
        };
        self.before = now;
        sample
    }
}

fn cpu_times(manager: i32, hub: i32) -> [Duration; 3] {
    [
        process_cpu_time(manager),
        process_cpu_time(hub),
        tree_cpu_time(manager),
    ]
}

/// Returns a table of the first and the last tenth of the samples, one line for each column.
#[must_use]
pub fn summary(samples: &[Sample]) -> String {
    let tenth = (samples.len() / 10).max(1);
    let median_of = |samples: &[Sample], value: fn(&Sample) -> f64| {
        let values: Vec<_> = samples.iter().map(value).collect();
        median(&values).unwrap_or_default()
    };
    let (first_tenth, last_tenth) = (
        &samples[..tenth.min(samples.len())],
        &samples[samples.len().saturating_sub(tenth)..],
    );
    let mut text = "| | first tenth | last tenth |\n| --- | --: | --: |\n".to_owned();
    for (name, value) in COLUMNS {
        let _ = writeln!(
            text,
            "| {name} | {:.1} | {:.1} |",
            median_of(first_tenth, *value),
            median_of(last_tenth, *value)
        );
    }
    let sum = |value: fn(&Sample) -> usize| samples.iter().map(value).sum::<usize>();
    let _ = writeln!(
        text,
        "\n{} sent and {} told, in {:.2} hours",
        sum(|sample| sample.sends),
        sum(|sample| sample.inbound),
        samples.last().map_or(0.0, |sample| sample.seconds / 3600.0)
    );
    text
}
