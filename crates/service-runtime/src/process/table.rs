//! Reads the process table of this machine from `/proc`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The identity of a process, distinct from that of a later process with the same pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId {
    /// The pid.
    pub pid: i32,
    /// Start time, in clock ticks since boot.
    pub start_time: u64,
}

/// A process as a scan found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The pid.
    pub pid: i32,
    /// The parent's pid. Once the parent has died, 1 or the pid of a subreaper.
    pub ppid: i32,
    /// The process group.
    pub pgid: i32,
    /// Start time, in clock ticks since boot.
    pub start_time: u64,
    /// The kernel's state letter: `R`, `S`, `D`, `T`, `Z`, …
    pub state: char,
    /// The name of the process, at most 15 bytes.
    pub comm: String,
    /// The command line. Empty for kernel threads, zombies and hidden processes of other users.
    /// Chrome rewrites its own into a single string with spaces.
    pub cmdline: Vec<OsString>,
}

impl Process {
    /// Reads the process with this pid; `None` if there is none.
    #[must_use]
    pub fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let mut process = parse_stat(&stat)?;
        process.cmdline = std::fs::read(format!("/proc/{pid}/cmdline"))
            .map(|text| split_nul(&text))
            .unwrap_or_default();
        Some(process)
    }

    /// Returns the pid with the start time.
    pub const fn id(&self) -> ProcessId {
        ProcessId {
            pid: self.pid,
            start_time: self.start_time,
        }
    }

    /// Returns whether the process is running. A zombie (`Z`) or dead process (`X`) is not.
    pub const fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }

    /// Returns whether an argument of the command line contains `needle`.
    pub fn cmdline_contains(&self, needle: impl AsRef<OsStr>) -> bool {
        let needle = needle.as_ref().as_bytes();
        self.cmdline.iter().any(|argument| {
            needle.is_empty()
                || argument
                    .as_bytes()
                    .windows(needle.len())
                    .any(|window| window == needle)
        })
    }

    /// Returns the environment that the process was started with. `None` if it cannot be read or
    /// the pid was reused.
    pub fn environment(&self) -> Option<Vec<(OsString, OsString)>> {
        let text = std::fs::read(format!("/proc/{}/environ", self.pid)).ok()?;
        let now = std::fs::read(format!("/proc/{}/stat", self.pid)).ok()?;
        if parse_stat(&now)?.start_time != self.start_time {
            return None;
        }
        let owned = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let pairs = text.split(|byte| *byte == 0).filter_map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            Some((owned(&pair[..equals]), owned(&pair[equals + 1..])))
        });
        Some(pairs.collect())
    }

    /// Returns a variable of [`Self::environment`]. `None` if the environment cannot be read or
    /// lacks the variable.
    pub fn environment_variable(&self, name: &str) -> Option<OsString> {
        let variables = self.environment()?.into_iter();
        let mut named = variables.filter(|(one, _)| one == name);
        named.next().map(|(_, value)| value)
    }
}

/// All processes at roughly one moment: `/proc` offers no snapshot.
#[derive(Clone, Debug, Default)]
pub struct ProcessTable {
    processes: BTreeMap<i32, Process>,
}

impl ProcessTable {
    /// Reads `/proc`. Skips processes that end meanwhile.
    ///
    /// # Errors
    /// If `/proc` cannot be read.
    pub fn scan() -> io::Result<Self> {
        Ok(std::fs::read_dir("/proc")?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(Process::read)
            .collect())
    }

    /// Returns the process with this pid; `None` if there is none.
    pub fn get(&self, pid: i32) -> Option<&Process> {
        self.processes.get(&pid)
    }

    /// Iterates over all processes by pid, including zombies.
    pub fn iter(&self) -> impl Iterator<Item = &Process> {
        self.processes.values()
    }

    /// Iterates over the running processes.
    pub fn alive(&self) -> impl Iterator<Item = &Process> {
        self.iter().filter(|process| process.is_alive())
    }

    /// Iterates over the running processes of a group.
    pub fn group(&self, pgid: i32) -> impl Iterator<Item = &Process> {
        self.alive().filter(move |process| process.pgid == pgid)
    }

    /// Returns all descendants of `pid`, parents first, without `pid` itself. Skips zombies, but
    /// not their descendants.
    pub fn descendants(&self, pid: i32) -> Vec<&Process> {
        let mut children: BTreeMap<i32, Vec<&Process>> = BTreeMap::new();
        for process in self.iter() {
            children.entry(process.ppid).or_default().push(process);
        }
        let mut found = Vec::new();
        // A pid that is reused in the middle of a scan can close a cycle.
        let mut seen = BTreeSet::from([pid]);
        let mut parents = vec![pid];
        while let Some(parent) = parents.pop() {
            for child in children.get(&parent).into_iter().flatten() {
                if seen.insert(child.pid) {
                    found.push(*child);
                    parents.push(child.pid);
                }
            }
        }
        found.retain(|process| process.is_alive());
        found
    }
}

impl FromIterator<Process> for ProcessTable {
    fn from_iter<I: IntoIterator<Item = Process>>(processes: I) -> Self {
        Self {
            processes: processes
                .into_iter()
                .map(|process| (process.pid, process))
                .collect(),
        }
    }
}

/// Parses `pid (name) state ppid pgrp …`, with the start time as field 22. The name may contain
/// spaces and parentheses, so the last parenthesis ends it.
fn parse_stat(stat: &[u8]) -> Option<Process> {
    let open = stat.iter().position(|byte| *byte == b'(')?;
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    let comm = String::from_utf8_lossy(stat.get(open + 1..close)?).into_owned();
    let pid = std::str::from_utf8(&stat[..open])
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let fields: Vec<&str> = std::str::from_utf8(&stat[close + 1..])
        .ok()?
        .split_whitespace()
        .collect();
    Some(Process {
        pid,
        state: fields.first()?.chars().next()?,
        ppid: fields.get(1)?.parse().ok()?,
        pgid: fields.get(2)?.parse().ok()?,
        start_time: fields.get(19)?.parse().ok()?,
        comm,
        cmdline: Vec::new(),
    })
}

fn split_nul(text: &[u8]) -> Vec<OsString> {
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    if text.is_empty() {
        return Vec::new();
    }
    text.split(|byte| *byte == 0)
        .map(|part| OsString::from_vec(part.to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn process(pid: i32, ppid: i32, state: char) -> Process {
        Process {
            pid,
            ppid,
            pgid: pid,
            start_time: 1,
            state,
            comm: String::new(),
            cmdline: Vec::new(),
        }
    }

    fn pids(processes: &[&Process]) -> Vec<i32> {
        let mut pids: Vec<i32> = processes.iter().map(|process| process.pid).collect();
        pids.sort_unstable();
        pids
    }

    #[test]
    fn descendants_look_below_zombies_and_survive_circles() {
        let table: ProcessTable = [
            process(1, 0, 'S'),
            process(2, 1, 'S'),
            process(3, 2, 'Z'),
            process(4, 3, 'S'),
            process(5, 1, 'S'),
            process(6, 7, 'S'),
            process(7, 6, 'S'),
        ]
        .into_iter()
        .collect();
        assert_eq!(pids(&table.descendants(2)), [4]);
        assert_eq!(pids(&table.descendants(1)), [2, 4, 5]);
        assert_eq!(pids(&table.descendants(6)), [7]);
        assert!(table.descendants(99).is_empty());
    }

    #[test]
    fn this_process_s_variables_can_be_read() {
        let this = Process::read(std::process::id().cast_signed()).unwrap();
        let variables = this.environment().unwrap();
        assert!(variables.iter().any(|(name, _)| name == "PATH"));
    }

    #[test]
    fn finds_itself() {
        let own = i32::try_from(std::process::id()).unwrap();
        let table = ProcessTable::scan().unwrap();
        let process = table.get(own).unwrap();
        assert!(process.is_alive() && process.id().is_alive());
        assert_eq!(process.cmdline.len(), std::env::args_os().count());
        assert!(process.cmdline_contains(std::env::args_os().next().unwrap()));
        assert_eq!(
            process.environment_variable("PATH"),
            std::env::var_os("PATH")
        );
        assert_eq!(process.environment_variable("PAT"), None);
        let stranger = ProcessId {
            start_time: process.start_time + 1,
            ..process.id()
        };
        assert!(!stranger.is_alive());
    }

    #[test]
    fn command_lines() {
        assert!(split_nul(b"").is_empty());
        assert!(split_nul(b"\0").is_empty());
        assert_eq!(split_nul(b"a\0\0b\0"), ["a", "", "b"]);
        assert_eq!(split_nul(b"a b"), ["a b"]);
    }

    proptest! {
        #[test]
        fn any_name_is_read(name in "[ -~]{0,15}", pid in 1..i32::MAX, start: u64) {
            let stat = format!(
                "{pid} ({name}) S 7 8 9 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start} 0 0"
            );
            let process = parse_stat(stat.as_bytes()).unwrap();
            prop_assert_eq!(process.comm, name);
            prop_assert_eq!((process.pid, process.ppid, process.pgid), (pid, 7, 8));
            prop_assert_eq!(process.start_time, start);
        }

        #[test]
        fn rubbish_is_nothing(bytes: Vec<u8>) {
            let _ = parse_stat(&bytes);
            let _ = split_nul(&bytes);
        }
    }
}
