//! Sends signals by pidfd, so that they reach the intended process.

use std::io;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, getpgrp, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal,
};

use super::{Process, ProcessId};

/// Sends `signal` to exactly this process. Returns `false` if the process is gone or its pid was
/// reused.
///
/// # Errors
/// If the system does not allow it.
pub fn kill(id: ProcessId, signal: Signal) -> io::Result<bool> {
    let Some(pid) = positive(id.pid) else {
        return Ok(false);
    };
    let sent = match pidfd_open(pid, PidfdFlags::empty()) {
        // The descriptor pins the process, so the result of the check stays valid.
        Ok(descriptor) if id.is_current() => pidfd_send_signal(descriptor, signal),
        // Kernels before 5.3 have no pidfd. The gap between check and kill is microseconds.
        Err(Errno::NOSYS) if id.is_current() => kill_process(pid, signal),
        Ok(_) | Err(Errno::NOSYS) => return Ok(false),
        Err(error) => Err(error),
    };
    outcome(sent)
}

/// Sends `signal` to every process of the group. Returns `false` if the group is empty or has only
/// zombies.
///
/// A group id is not reused while a member lives; the caller must know that a member did. This
/// process's own group and the groups 0 and 1 are rejected.
///
/// # Errors
/// If the system does not allow it, or the group is a rejected one.
pub fn kill_group(pgid: i32, signal: Signal) -> io::Result<bool> {
    let group = positive(pgid)
        .filter(|group| pgid > 1 && *group != getpgrp())
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("process group {pgid} is not one to kill"),
            )
        })?;
    outcome(kill_process_group(group, signal))
}

/// Returns the pid if it is positive: `Pid::from_raw` panics on negative numbers in a debug build.
fn positive(pid: i32) -> Option<Pid> {
    if pid > 0 { Pid::from_raw(pid) } else { None }
}

fn outcome(sent: Result<(), Errno>) -> io::Result<bool> {
    match sent {
        Ok(()) => Ok(true),
        Err(Errno::SRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl ProcessId {
    /// Returns whether the pid still belongs to this process, zombie or not.
    fn is_current(self) -> bool {
        Process::read(self.pid).is_some_and(|process| process.id() == self)
    }

    /// Returns whether this process is running; a zombie is not.
    #[must_use]
    pub fn is_alive(self) -> bool {
        Process::read(self.pid).is_some_and(|process| process.id() == self && process.is_alive())
    }
}
