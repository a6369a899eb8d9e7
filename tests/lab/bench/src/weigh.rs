//! Measures memory and CPU usage of processes, as Linux reports it.

use std::time::Duration;

use service_runtime::process::ProcessTable;
use service_runtime::process::usage::{self, field};

/// Memory of a service and its process tree.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight {
    /// Resident memory of the service, in MiB.
    pub service_rss: f64,
    /// Anonymous memory of all descendants, with shared memory divided (PSS),
    /// in MiB.
    pub tree_anonymous: f64,
    /// Number of descendants.
    pub processes: usize,
}

/// Measures the service and its process tree now.
#[must_use]
pub fn weight(service: i32) -> Weight {
    let tree = below(service);
    let kib: u64 = tree
        .iter()
        .filter_map(|pid| field(&format!("/proc/{pid}/smaps_rollup"), "Pss_Anon:"))
        .sum();
    let rss = field(&format!("/proc/{service}/status"), "VmRSS:");
    Weight {
        service_rss: mib(rss.unwrap_or_default()),
        tree_anonymous: mib(kib),
        processes: tree.len(),
    }
}

/// Returns the minimum of several measurements, which is retained memory without temporary use.
pub async fn weight_at_rest(service: i32) -> Weight {
    let mut least = weight(service);
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = weight(service);
        least.service_rss = least.service_rss.min(now.service_rss);
        least.tree_anonymous = least.tree_anonymous.min(now.tree_anonymous);
        least.processes = least.processes.min(now.processes);
    }
    least
}

/// Returns the CPU time that the service and all its descendants have used.
///
/// A process that ended in between is missing from the later value, so use this only at rest.
#[must_use]
pub fn processor_time(service: i32) -> Duration {
    processor_time_of(service) + tree_processor_time(service)
}

/// Works like [`processor_time`], without the service itself.
#[must_use]
pub fn tree_processor_time(service: i32) -> Duration {
    below(service).into_iter().map(processor_time_of).sum()
}

/// Returns the CPU time that this process alone has used.
#[must_use]
pub fn processor_time_of(pid: i32) -> Duration {
    usage::processor_time(pid).unwrap_or_default()
}

fn below(service: i32) -> Vec<i32> {
    let table = ProcessTable::scan().expect("/proc");
    let found = table.descendants(service);
    found.iter().map(|process| process.pid).collect()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_weighs_something() {
        let this = std::process::id().cast_signed();
        assert!(weight(this).service_rss > 1.0);
        assert!(usage::processor_time(this).is_some());
    }
}
