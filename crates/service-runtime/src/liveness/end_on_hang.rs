//! Ends a process that hangs. This is for a supervisor that restarts a process only when it has
//! ended, such as a container engine.
//!
//! The watchdog runs in its own thread, since the runtime may be what hangs. Its last log line is
//! written with a timeout, since whoever reads the log may hang as well.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Look;
use crate::fatal::fatal;
use crate::sys;

/// The interval of the thread's loop. Time is counted in turns, so that none passes while the whole
/// process is stopped, for example in a paused container.
const TURN: Duration = Duration::from_secs(1);
/// Timeout for writing the last log line.
const LOG_TIMEOUT: Duration = Duration::from_secs(1);

/// The pending end of the process, which is put off while the service works.
pub(super) struct Ending(SyncSender<()>);

impl Ending {
    /// Starts the thread that ends the process once the end has not been put off for `after`. A
    /// process that drains is left alone: whoever stops it decides how long draining may take.
    pub(super) fn start(
        after: Duration,
        last: watch::Receiver<Look>,
        draining: CancellationToken,
    ) -> Option<Self> {
        let (works, worked) = sync_channel(1);
        let wait = move || {
            if is_over(&worked, after, TURN, &draining) {
                end(after, last.borrow().hung.as_deref());
            }
        };
        let started = thread::Builder::new().name("watchdog".to_owned());
        match started.spawn(wait) {
            Ok(_) => Some(Self(works)),
            Err(error) => {
                tracing::error!(
                    "the watchdog's thread could not be started, so a hang would not be noticed: {error}"
                );
                None
            }
        }
    }

    pub(super) fn put_off(&self) {
        // If the channel is full, the thread has yet to see that the end was put off.
        let _ = self.0.try_send(());
    }
}

/// Waits until nothing is received for `after`, and then returns `true`. Returns `false` when
/// draining begins.
fn is_over(
    worked: &Receiver<()>,
    after: Duration,
    turn: Duration,
    draining: &CancellationToken,
) -> bool {
    let mut silent = Duration::ZERO;
    while silent < after {
        match worked.recv_timeout(turn) {
            Ok(()) => silent = Duration::ZERO,
            Err(RecvTimeoutError::Timeout) => silent += turn,
            // The task that runs the checks has ended.
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(turn);
                silent += turn;
            }
        }
        if draining.is_cancelled() {
            return false;
        }
    }
    true
}

fn end(after: Duration, hung: Option<&str>) -> ! {
    let why = hung.unwrap_or("no look at what does its work has come to an end since");
    let line = format!(
        "the service hangs, and ends itself after {} s: {why}",
        after.as_secs()
    );
    let (done, written) = sync_channel(1);
    let say = move || {
        let _ = fatal(&line);
        let _ = done.send(());
    };
    if thread::Builder::new().spawn(say).is_ok() {
        let _ = written.recv_timeout(LOG_TIMEOUT);
    }
    sys::exit_now(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(5);

    #[test]
    fn what_works_is_left_alone() {
        let draining = CancellationToken::new();
        let (works, worked) = sync_channel(0);
        let drains = draining.clone();
        let feeding = thread::spawn(move || {
            for _ in 0..40 {
                works.send(()).unwrap();
            }
            drains.cancel();
            // Draining is noticed at the next turn.
            let _ = works.send(());
        });
        let hour = Duration::from_secs(3600);
        assert!(!is_over(&worked, hour, hour, &draining));
        feeding.join().unwrap();
    }

    #[test]
    fn what_is_silent_is_over() {
        let (_works, worked) = sync_channel(1);
        let draining = CancellationToken::new();
        assert!(is_over(&worked, SHORT * 3, SHORT, &draining));
    }

    #[test]
    fn end_of_the_task_that_checks_is_silence() {
        let (works, worked) = sync_channel(1);
        drop(works);
        assert!(is_over(
            &worked,
            SHORT * 3,
            SHORT,
            &CancellationToken::new()
        ));
    }

    #[test]
    fn draining_is_no_hang() {
        let draining = CancellationToken::new();
        let (_works, worked) = sync_channel(1);
        draining.cancel();
        assert!(!is_over(&worked, SHORT * 3, SHORT, &draining));
    }
}
