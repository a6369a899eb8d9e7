//! Spawns children from a thread that never ends, as the parent death signal requires.

use std::io;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use crate::pm2::{CHANNEL_VARIABLE, SERIALIZATION_VARIABLE};
use crate::sys;

struct Job {
    command: Command,
    answer: Sender<io::Result<Child>>,
}

/// The variables by which PM2 and systemd reach a service. Its children have no use for them.
const SUPERVISOR_VARIABLES: [&str; 5] = [
    CHANNEL_VARIABLE,
    SERIALIZATION_VARIABLE,
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
];

/// Removes the supervisor's variables from a child's environment.
pub fn hide_supervisor(command: &mut Command) {
    for name in SUPERVISOR_VARIABLES {
        command.env_remove(name);
    }
}

/// Spawns `command` in its own process group. The kernel kills the child when this process ends,
/// for any reason.
///
/// The kernel sends the death signal when the *thread* that spawned the child ends, and tokio's
/// threads come and go. So one thread, which lives as long as the process, does all the spawning.
/// The call blocks for some milliseconds. The supervisor's variables are removed from the child's
/// environment.
///
/// # Errors
/// As [`Command::spawn`]; also if the spawning thread cannot be started.
pub fn spawn_bound(mut command: Command) -> io::Result<Child> {
    hide_supervisor(&mut command);
    let (answer, result) = channel();
    let gone = || io::Error::other("the thread that spawns children is gone");
    spawner()?
        .send(Job { command, answer })
        .map_err(|_| gone())?;
    result.recv().map_err(|_| gone())?
}

fn spawner() -> io::Result<&'static Sender<Job>> {
    // The only static of this crate, since the thread belongs to the process.
    static SPAWNER: OnceLock<Sender<Job>> = OnceLock::new();
    if let Some(spawner) = SPAWNER.get() {
        return Ok(spawner);
    }
    let (sender, jobs) = channel::<Job>();
    std::thread::Builder::new()
        .name("spawner".to_owned())
        .spawn(move || {
            for mut job in jobs {
                let result = sys::spawn_with_death_signal(&mut job.command);
                if let Err(unclaimed) = job.answer.send(result)
                    && let Ok(mut child) = unclaimed.0
                {
                    let _ = child.kill();
                    let _ = child.wait();
                }
            }
        })?;
    // If two first callers race, one thread wins and the other ends unused.
    Ok(SPAWNER.get_or_init(|| sender))
}
