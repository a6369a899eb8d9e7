//! Finds the processes of the browser, and makes sure that none is left.
//!
//! ```text
//!  session-manager
//!    ├─ chromedriver             own group; dies with the service (death signal)
//!    │    └─ chrome-shim     ends with Chrome
//!    └─ Chrome                   own group; ends when its debugging pipe closes
//!         └─ zygotes, renderers, …
//!    (crashpad handlers: leave the group and the tree, have the mark)
//! ```
//!
//! Every process started for a profile has the mark in its environment, and Chrome names the
//! profile on its command line. Either identifies the process, even to the next service after a
//! kill -9 of this one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use service_runtime::process::{Process, ProcessTable, Signal, kill};
use tokio::time::Instant;

/// The name of the environment variable that marks a process. Its value is the profile's folder.
pub const PROFILE_MARK_VARIABLE: &str = "LEADMASTER_BROWSER_PROFILE";

const CHECK_INTERVAL: Duration = Duration::from_millis(15);

/// Finds and ends the processes of one profile.
#[derive(Clone, Debug)]
pub struct ProfileProcesses {
    profile: PathBuf,
    flag: OsString,
}

impl ProfileProcesses {
    /// Returns the tree of the profile in this (absolute) folder.
    #[must_use]
    pub fn of(profile: &Path) -> Self {
        let mut flag = OsString::from("--user-data-dir=");
        flag.push(profile);
        Self {
            profile: profile.to_owned(),
            flag,
        }
    }

    fn names_profile(&self, process: &Process) -> bool {
        let flag = self.flag.as_encoded_bytes();
        process.cmdline.iter().any(|word| {
            let word = word.as_encoded_bytes();
            // Chrome rewrites a child's command line into one string.
            word.windows(flag.len())
                .position(|window| window == flag)
                .is_some_and(|at| matches!(word.get(at + flag.len()), None | Some(b' ')))
        })
    }

    fn has_mark(&self, process: &Process) -> bool {
        process
            .environment_variable(PROFILE_MARK_VARIABLE)
            .is_some_and(|marked| Path::new(&marked) == self.profile)
    }

    /// Returns whether a process in the group of a marked process belongs to the tree.
    ///
    /// In the tree only ChromeDriver and Chrome lead groups. A user's `sleep` with the mark in its
    /// environment would share the group of the shell that it was typed into.
    fn is_in_own_group(&self, table: &ProcessTable, relative: &Process) -> bool {
        match table.get(relative.pgid).filter(|leader| leader.is_alive()) {
            Some(leader) => self.has_mark(leader) && leader.comm.starts_with("chrom"),
            None => relative.comm.starts_with("chrom"),
        }
    }

    /// Returns all live processes of the profile: those that have the mark or name the profile, the
    /// groups of those that this service started, and all their descendants.
    pub fn alive(&self) -> io::Result<Vec<Process>> {
        let table = ProcessTable::scan()?;
        let own_pid = std::process::id().cast_signed();
        let mut found = BTreeMap::new();
        for process in table.alive().filter(|process| process.pid != own_pid) {
            let marked = self.has_mark(process);
            if !marked && !self.names_profile(process) {
                continue;
            }
            found.insert(process.pid, process);
            let group = table
                .group(process.pgid)
                .filter(|relative| marked && self.is_in_own_group(&table, relative));
            for relative in group.chain(table.descendants(process.pid)) {
                found.insert(relative.pid, relative);
            }
        }
        found.remove(&own_pid);
        Ok(found
            .into_values()
            .filter(|process| process.is_alive())
            .cloned()
            .collect())
    }

    /// Waits until no process other than `except` is left, for at most `limit`. Returns whether
    /// none is left.
    pub async fn wait_empty(&self, except: Option<i32>, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            match self.alive() {
                Ok(remaining) if remaining.iter().all(|p| Some(p.pid) == except) => return true,
                _ if Instant::now() >= deadline => return false,
                _ => tokio::time::sleep(CHECK_INTERVAL).await,
            }
        }
    }

    /// Ends all leftover processes: sends SIGTERM, then SIGKILL, until none is alive. Returns how
    /// many had to be ended.
    ///
    /// # Errors
    /// If `/proc` cannot be read, or a process survives SIGKILL for 5 s, because it hangs in the
    /// kernel.
    pub async fn kill_leftovers(&self, grace: Duration) -> io::Result<usize> {
        let found = self.alive()?.len();
        if found == 0 {
            return Ok(0);
        }
        if !grace.is_zero() {
            for process in self.alive()? {
                let _ = kill(process.id(), Signal::TERM);
            }
            if self.wait_empty(None, grace).await {
                return Ok(found);
            }
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            // Repeat, since a process may have been forked in between.
            let remaining = self.alive()?;
            if remaining.is_empty() {
                return Ok(found);
            }
            if Instant::now() >= deadline {
                let message = format!("{} browser processes survive SIGKILL", remaining.len());
                return Err(io::Error::other(message));
            }
            for process in remaining {
                let _ = kill(process.id(), Signal::KILL);
            }
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }
}
