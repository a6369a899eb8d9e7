//! What processes hold and use, as Linux tells it.

use std::time::Duration;

use service_runtime::process::ProcessTable;

/// A service and the tree below it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight {
    /// Resident memory of the service, in MiB.
    pub service_rss: f64,
    /// Anonymous memory of all below it, what they share shared out (PSS), in
    /// MiB.
    pub tree_anonymous: f64,
    /// How many processes are below it.
    pub processes: usize,
}

/// What the service and its tree hold now.
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

/// The least of some looks: what is held, not what is in use for a moment.
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

/// Processor time that the service and all that is below it used so far.
///
/// A process that ended in between is missing from the later figure: of use
/// at rest only.
#[must_use]
pub fn processor_time(service: i32) -> Duration {
    processor_time_of(service) + tree_processor_time(service)
}

/// As [`processor_time`], of what is below the service alone.
#[must_use]
pub fn tree_processor_time(service: i32) -> Duration {
    below(service).into_iter().map(processor_time_of).sum()
}

/// Processor time that this process alone used so far.
#[must_use]
pub fn processor_time_of(pid: i32) -> Duration {
    let ticks = ticks(pid).unwrap_or_default();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

/// How many descriptors a process holds.
#[must_use]
pub fn descriptors(pid: i32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

fn below(service: i32) -> Vec<i32> {
    let table = ProcessTable::scan().expect("/proc");
    let found = table.descendants(service);
    found.iter().map(|process| process.pid).collect()
}

/// `utime` and `stime` of `/proc/PID/stat`; the name before them may hold
/// anything but ends with the last `)`.
fn ticks(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system) = (fields.next()?, fields.next()?);
    Some(user.parse::<u64>().ok()? + system.parse::<u64>().ok()?)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// A number in a file of `/proc`.
pub(crate) fn field(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_weighs_something() {
        let this = std::process::id().cast_signed();
        assert!(weight(this).service_rss > 1.0);
        assert!(ticks(this).is_some());
    }
}
