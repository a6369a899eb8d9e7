//! Measures memory and CPU usage of processes, as Linux reports it.

use std::time::Duration;

use service_runtime::process::ProcessTable;
use service_runtime::process::usage::{self, field};

/// Memory of a service and its process tree.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryUsage {
    /// Resident memory of the service, in MiB.
    pub service_rss: f64,
    /// Anonymous memory of the service, in MiB. The kernel takes the pages of a program's code away,
    /// and gives them back, as it needs memory for others.
    pub service_anonymous: f64,
    /// Anonymous memory of all descendants, with shared memory divided (PSS),
    /// in MiB.
    pub tree_anonymous: f64,
    /// Number of descendants.
    pub processes: usize,
}

/// Measures the service and its process tree now.
#[must_use]
pub fn measure_memory(service: i32) -> MemoryUsage {
    let tree = descendants(service);
    let kib: u64 = tree
        .iter()
        .filter_map(|pid| field(&format!("/proc/{pid}/smaps_rollup"), "Pss_Anon:"))
        .sum();
    let of_service = |name| field(&format!("/proc/{service}/status"), name).unwrap_or_default();
    MemoryUsage {
        service_rss: mib(of_service("VmRSS:")),
        service_anonymous: mib(of_service("RssAnon:")),
        tree_anonymous: mib(kib),
        processes: tree.len(),
    }
}

/// Returns the minimum of several measurements, which is retained memory without temporary use.
pub async fn measure_memory_at_rest(service: i32) -> MemoryUsage {
    let mut minimum = measure_memory(service);
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = measure_memory(service);
        minimum.service_rss = minimum.service_rss.min(now.service_rss);
        minimum.service_anonymous = minimum.service_anonymous.min(now.service_anonymous);
        minimum.tree_anonymous = minimum.tree_anonymous.min(now.tree_anonymous);
        minimum.processes = minimum.processes.min(now.processes);
    }
    minimum
}

/// Returns the CPU time that the service and all its descendants have used.
///
/// A process that ended in between is missing from the later value, so use this only at rest.
#[must_use]
pub fn total_cpu_time(service: i32) -> Duration {
    process_cpu_time(service) + tree_cpu_time(service)
}

/// Works like [`total_cpu_time`], without the service itself.
#[must_use]
pub fn tree_cpu_time(service: i32) -> Duration {
    descendants(service).into_iter().map(process_cpu_time).sum()
}

/// Returns the CPU time that this process alone has used.
#[must_use]
pub fn process_cpu_time(pid: i32) -> Duration {
    usage::processor_time(pid).unwrap_or_default()
}

fn descendants(service: i32) -> Vec<i32> {
    let table = ProcessTable::scan().expect("/proc");
    let descendants = table.descendants(service);
    descendants.iter().map(|process| process.pid).collect()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_cpu_time_of_this_process_are_measured() {
        let this = std::process::id().cast_signed();
        assert!(measure_memory(this).service_rss > 1.0);
        assert!(usage::processor_time(this).is_some());
    }
}
