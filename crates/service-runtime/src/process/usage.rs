//! Reads the memory and CPU usage of processes from `/proc`.

use std::time::Duration;

use super::ProcessTable;

/// The resource usage of one or several processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The number of processes.
    pub processes: u64,
    /// Resident memory, in bytes. For several processes, shared memory is divided among them (PSS)
    /// if the kernel reports that.
    pub resident: u64,
    /// Processor time used so far.
    pub processor: Duration,
    /// Number of open descriptors.
    pub descriptors: u64,
}

impl Usage {
    /// Reads the usage of one process; `None` if it does not exist.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        Some(Self {
            processes: 1,
            resident: 1024 * field(&format!("/proc/{pid}/status"), "VmRSS:")?,
            processor: processor_time(pid)?,
            descriptors: descriptors(pid),
        })
    }

    /// Reads the usage of all descendants of a process, without the process itself.
    #[must_use]
    pub fn below(pid: i32) -> Self {
        let Ok(table) = ProcessTable::scan() else {
            return Self::default();
        };
        let mut all = Self::default();
        for process in table.descendants(pid) {
            let Some(one) = Self::of(process.pid) else {
                continue;
            };
            let shared_out = field(&format!("/proc/{}/smaps_rollup", process.pid), "Pss:");
            all.processes += 1;
            all.resident += shared_out.map_or(one.resident, |kib| 1024 * kib);
            all.processor += one.processor;
            all.descriptors += one.descriptors;
        }
        all
    }
}

/// Reads the CPU time that a process has used; `None` if it does not exist.
///
/// Parses `utime` and `stime` of `/proc/PID/stat`. The name before them may contain any character,
/// but ends with the last `)`.
#[must_use]
pub fn processor_time(pid: i32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let ticks = (user + system) * 1000 / rustix::param::clock_ticks_per_second();
    Some(Duration::from_millis(ticks))
}

/// Counts the open descriptors of a process; 0 if they cannot be read.
#[must_use]
pub fn descriptors(pid: i32) -> u64 {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |entries| entries.count() as u64)
}

/// Reads the number of the field `name`, usually in KiB, from a file in `/proc`; `None` if the
/// field is missing.
#[must_use]
pub fn field(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_something() {
        let this = Usage::of(std::process::id().cast_signed()).unwrap();
        assert!(this.resident > 1024 * 1024 && this.descriptors >= 3);
        assert_eq!(Usage::of(-1), None);
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let below = Usage::below(std::process::id().cast_signed());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(below.processes >= 1 && below.resident > 0, "{below:?}");
    }
}
